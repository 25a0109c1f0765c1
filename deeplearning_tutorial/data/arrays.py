"""Arrays that are in memory already: pairs of features and labels, and what scikit-learn's `load_digits` and others return.

>>> found = find_arrays((images, labels))
>>> found.layout, list(found.sets)
('a pair (x, y)', ['train'])
"""

import numpy as np

from deeplearning_tutorial.data.formats import colours
from deeplearning_tutorial.data.formats.found import Found, checked

NAME = "your arrays"


def find_arrays(data, colour=None):
    """What is in arrays, as `formats.read` says it of a file.

    Parameters
    ----------
    data : tuple, list or object
        A pair ``(x, y)``; two such pairs, for training and test; three, for training, validation and test; or an object with
        attributes ``data`` and ``target``. `x` and `y` are what NumPy makes arrays of: arrays, tables of Pandas, lists.
    colour : {None, "grey", "rgb"}
        What to make of pictures in colour. By default red, green and blue are kept.

    Returns
    -------
    Found, or None where `data` is none of these

    Raises
    ------
    ValueError
        If an array is not what it should be.
    """
    if hasattr(data, "data") and hasattr(data, "target"):
        return _of_bunch(data, colour)
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        return None
    if all(isinstance(pair, (tuple, list)) and len(pair) == 2 and np.ndim(pair[0]) >= 2 for pair in data):
        names = ("train", "test") if len(data) == 2 else ("train", "valid", "test")
        return _found(f"{len(data)} pairs (x, y)", dict(zip(names, data)), colour)
    return _found("a pair (x, y)", {"train": data}, colour) if len(data) == 2 else None


def _of_bunch(bunch, colour):
    """Its images where it has them, as their shape is known then."""
    x = getattr(bunch, "images", None)
    found = _found("data and target", {"train": (bunch.data if x is None else x, bunch.target)}, colour)
    names = getattr(bunch, "target_names", None)
    # Of a data set of OpenML these are names of columns.
    classes = np.unique(found.sets["train"][1])
    if names is not None and np.array_equal(classes, np.arange(len(names))):
        found.classes = {number: str(name) for number, name in enumerate(names)}
    return found


def _found(layout, sets, colour) -> Found:
    sets = {key: (_features(x, f"{NAME}: x_{key}"), _labels(y, f"{NAME}: y_{key}")) for key, (x, y) in sets.items()}
    sets, notes = colours.chosen(sets, NAME, colour or "rgb")
    return checked(NAME, layout, sets, None, notes)


def _features(x, name):
    x = np.asarray(x)
    if x.dtype.kind != "O":
        return x
    try:
        return x.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds something else than numbers, or rows of different lengths.") from None


def _labels(y, name):
    """Pandas keeps words, and whole numbers of which one is missing, as Python's objects."""
    y = np.asarray(y)
    if y.dtype.kind != "O":
        return np.char.decode(y, "utf-8") if y.dtype.kind == "S" else y
    flat = y.ravel().tolist()
    if missing := sum(value is None or value != value for value in flat):
        raise ValueError(f"{name}: {missing:,} of {len(flat):,} labels are missing: leave those rows out.")
    kinds = {type(value) for value in flat}
    if str in kinds and len(kinds) > 1:
        raise ValueError(f"{name} are partly words, partly numbers: make all of them words, with y.astype(str).")
    return y.astype(np.float64 if kinds <= {int, float, bool} else str)
