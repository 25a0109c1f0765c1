"""What was found in files: sets of pictures with their labels, and what is worth saying about them."""

import dataclasses
import math

import numpy as np

PARTS = ("train", "valid", "test")


@dataclasses.dataclass
class Found:
    """What `read` returns.

    Parameters
    ----------
    layout : str
        For a sentence: ``"EMNIST letters, four IDX files"``, ``"CSV, labels in column 'label'"``.
    sets : dict
        From ``"train"``, ``"valid"`` and ``"test"``, as far as they are there (``"train"`` always is), to ``(x, y)``.
        ``x`` of shape (rows, ...), upright, of the numbers and the type that the file has, not scaled; in each set
        of the same shape but for the rows. ``y`` of shape (rows,), whole numbers or words as the file has them. At
        least one row. Both may be read-only.
    classes : dict or None
        From a label as it is in ``y`` to its name, where the format or the data set says so.
    notes : list of str
        Further sentences that a person should read: ``"The pictures were turned upright."``
    """

    layout: str
    sets: dict
    classes: dict | None = None
    notes: list = dataclasses.field(default_factory=list)


def checked(path, layout, sets, classes=None, notes=()):
    """A `Found`, each array looked at by itself and all together.

    Parameters
    ----------
    path : str or path
        What errors call it.
    layout, classes, notes
        As of `Found`.
    sets : dict
        As of `Found`; labels may also be a column, or whole numbers that are stored as floating point.

    Raises
    ------
    ValueError
        If there is no training set, or an array is not what it should be.
    """
    if "train" not in sets:
        raise ValueError(f"{path}: holds {' and '.join(sets) or 'no'} data, and no training set.")
    sets = {
        part: (_numbers(x, f"{path}: x_{part}"), _labels(y, f"{path}: y_{part}"))
        for part in PARTS
        if part in sets
        for x, y in [sets[part]]
    }
    shape = sets["train"][0].shape[1:]
    for part, (x, y) in sets.items():
        if len(x) != len(y):
            raise ValueError(f"{path}: {len(x):,} {part} images but {len(y):,} {part} labels.")
        features = math.prod(shape)
        if len(x) == 0 or math.prod(x.shape[1:]) != features or features == 0:
            flat = (len(x), math.prod(x.shape[1:]))
            raise ValueError(
                f"{path}: {part} images have shape {flat}, expected (1 or more, {features or '1 or more'})."
            )
    sets = {part: (x.reshape(len(x), *shape), y) for part, (x, y) in sets.items()}
    return Found(layout, sets, classes, list(notes))


def _numbers(x, name):
    if x.ndim < 2:
        raise ValueError(f"{name} has shape {x.shape}; expected (rows, ...), an image a row.")
    if x.dtype == bool:
        return x.view(np.uint8)
    if x.dtype.kind not in "uif":
        raise ValueError(f"{name} has type {x.dtype}; expected numbers, such as uint8 (0 to 255) or float32 (0 to 1).")
    return x


def _labels(y, name):
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"{name} has shape {y.shape}; expected (rows,), a class a row (one-hot: y.argmax(axis=1)).")
    if y.dtype.kind == "f":
        return _whole(y, name)
    if y.dtype.kind == "b":
        return y.view(np.uint8)
    if y.dtype.kind not in "uiU":
        raise ValueError(f"{name} has type {y.dtype}; expected whole numbers or words: use y.astype('int32').")
    return y


def _whole(y, name):
    """Whole numbers that are stored as floating point, as integers."""
    if missing := int(np.isnan(y).sum()):
        raise ValueError(f"{name}: {missing:,} of {len(y):,} labels are missing (NaN): leave those rows out.")
    wrong = y[(y != np.floor(y)) | (np.abs(y) >= 2.0 ** (np.finfo(y.dtype).nmant + 1))]
    if len(wrong):
        raise ValueError(
            f"{name}: labels such as {wrong[0]:g} are measurements and no classes: name another column, or make classes "
            "of them, such as (y > 0.5).astype('int32')."
        )
    return y.astype(np.int64)
