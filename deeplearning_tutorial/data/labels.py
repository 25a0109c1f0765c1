"""Labels as people store them, made into the classes 0 to n - 1 that a softmax knows.

>>> labels = number_classes({"train": np.array(["cat", "dog", "cat"]), "test": np.array(["dog"])}, None, "pets.csv")
>>> labels.numbers["train"], labels.names
(array([0, 1, 0], dtype=int32), ['cat', 'dog'])

Numbers that start at 0 stay what they are, so that a network's fifth output stays the fifth class.
"""

from dataclasses import dataclass

import numpy as np

from deeplearning_tutorial.data.formats.names import listed as listed_names

# So many classes may have no row and keep their number anyway: of the digits, only some may be there.
DIGITS = 10

TITLES = {"train": "training", "valid": "validation", "test": "test"}


@dataclass
class Labels:
    """Labels of some sets.

    numbers : dict from the name of a set to an int32 array (rows,), from 0 to ``len(names) - 1``
    names : list of str, one for each class
    notes : list of str, sentences about what was changed
    """

    numbers: dict
    names: list
    notes: list


def number_classes(sets, known, name):
    """Number the classes.

    Parameters
    ----------
    sets : dict
        From "train", and perhaps "valid" and "test", to labels (rows,) as they are stored: whole numbers of any type, or words.
    known : dict or None
        From a label as stored to the name of its class, where the data set says so.
    name : str or path
        What errors call the data.

    Returns
    -------
    Labels

    Raises
    ------
    ValueError
        If labels are missing, or numbers in one set and words in another, or a class has no training row.
    """
    sets = _of_one_kind(sets, name)
    there = np.unique(sets["train"])
    for key, y in sets.items():
        _check_learned(y, there, f"{name}: {TITLES[key]} labels")
    values = _values(there, known)
    names = [(known or {}).get(value, str(value)) for value in values.tolist()]
    numbers = {key: _positions(y, values) for key, y in sets.items()}
    return Labels(numbers, names, _what_changed(values, names) + _what_is_missing(values, names, there))


def _of_one_kind(sets, name):
    """All numbers or all words. Words that are numbers, in each set, become numbers: files of text have no other."""
    words = {key: np.char.strip(y) for key, y in sets.items() if y.dtype.kind == "U"}
    for key, y in words.items():
        if missing := int((y == "").sum()):
            raise ValueError(
                f"{name}: {missing:,} of {len(y):,} {TITLES[key]} labels are missing: leave those rows out."
            )
    if not words:
        return sets
    sets = {**sets, **words}
    different = np.unique(np.concatenate(list(words.values())))
    try:
        numbers = [int(word) for word in different]
    except ValueError:
        numbers = []
    if len(set(numbers)) == len(different) and max(map(abs, numbers), default=0) < 2**53:  # "1" and "01" stay two
        return {key: y.astype(np.int64) for key, y in sets.items()}
    if len(words) < len(sets):
        other = next(key for key in sets if key not in words)
        raise ValueError(
            f"{name}: {TITLES[next(iter(words))]} labels are words, such as {str(different[0])!r}, and {TITLES[other]} labels are "
            "numbers: store both in the same way."
        )
    return sets


def _check_learned(y, there, name):
    strange = np.setdiff1d(y, there)
    if len(strange):
        raise ValueError(
            f"{name}: {int(np.isin(y, strange).sum()):,} of {len(y):,} are {listed(strange.tolist())}, which no training row is "
            f"(these are {listed(there.tolist())}): a network cannot learn it. Move some into the training set, or leave them out."
        )


def _values(there, known):
    """The label, as it is stored, of each class."""
    if known and set(there.tolist()) <= set(known):
        return np.array(sorted(known))
    if there.dtype.kind != "U" and there[0] == 0:
        largest = int(there[-1])
        if largest < max(DIGITS, 2 * len(there)):
            return np.arange(largest + 1)
    return there


def _positions(y, values):
    return np.searchsorted(values, y).astype(np.int32)


def _what_changed(values, names):
    if values.dtype.kind == "U":
        return [f"Classes are numbered: {numbered(names)}."]
    if np.array_equal(values, np.arange(len(values))):
        return []
    shown = "" if names == [str(value) for value in values] else f" ({names[0]} to {names[-1]})"
    if values[-1] - values[0] == len(values) - 1:
        return [f"Labels {values[0]} to {values[-1]} became 0 to {len(values) - 1}{shown}."]
    return [f"Labels are renumbered: {numbered(names)}."]


def _what_is_missing(values, names, there):
    missing = [name for value, name in zip(values.tolist(), names) if value not in set(there.tolist())]
    if missing:
        return [f"No row is of class {listed(missing)}, {len(missing)} of {len(values)} classes."]
    return [f"All rows are of one class, {names[0]}: there is nothing to tell apart."] if len(values) == 1 else []


def numbered(names, most=5):
    """Classes with their numbers, for a sentence."""
    shown = [f"{position} is {name}" for position, name in enumerate(names[:most])]
    last = [] if len(names) <= most else ["…", f"{len(names) - 1} is {names[-1]}"]
    return ", ".join(shown + last)


def listed(values, most=5):
    """Some values for a sentence."""
    return listed_names(map(repr, values), most)
