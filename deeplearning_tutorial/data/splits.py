"""Training, validation and test set: the ones that are there, and those that have to be made.

>>> parts = find_parts({"train": labels}, ["cat", "dog"], "pets.csv")
>>> parts.rows["valid"]                  # of which set, and which of its rows
('train', array([17, 4, …]))

A test set is a seventh of the rows, a validation set a sixth of what is left, as MNIST has them: 50,000, 10,000 and 10,000.
The rows are drawn at random, so many of each class that it has its share in each set, and the same ones in each run. MNIST
itself stays in the order of its files, as everybody has it.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from deeplearning_tutorial.data.labels import TITLES, listed

SEED = 20161128
TEST_SHARE, VALID_SHARE = 1 / 7, 1 / 6
FEWEST_ROWS = 6

# SHA-256 of MNIST's labels, a byte each: those of the training images, and of these followed by the test images.
MNIST_LABELS = {
    60_000: "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    70_000: "671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27",
}
# The sets that are missing where the training set is all of them.
MNIST_LACKS = {60_000: ["valid"], 70_000: ["valid", "test"]}


@dataclass
class Parts:
    """Which rows each set consists of.

    rows : dict from "train", "valid" and "test" to a pair
        The stored set that they are from, and a slice or an array of row numbers.
    notes : list of str, sentences about what was done
    is_mnist : bool
    """

    rows: dict
    notes: list
    is_mnist: bool = False


def find_parts(labels, names, name):
    """Find or make three sets.

    Parameters
    ----------
    labels : dict
        From "train", and perhaps "valid" and "test", to int arrays (rows,) of classes, 0 to ``len(names) - 1``.
    names : list of str
        Of the classes.
    name : str or path
        What errors call the data.

    Returns
    -------
    Parts

    Raises
    ------
    ValueError
        If there are too few rows for it.
    """
    there = {key: (key, slice(None)) for key in labels}
    made = [key for key in ("valid", "test") if key not in labels]
    train = labels["train"]
    if made == MNIST_LACKS.get(len(train)) and is_mnist(train):
        return _mnist_parts(there, len(train))
    if made:
        drawn, notes = _draw(train, made, names, name)
        return Parts({key: drawn[key] if key in drawn else there[key] for key in TITLES}, notes)
    if in_runs(train):
        there["train"] = ("train", np.random.RandomState(SEED).permutation(len(train)))
        return Parts(
            there, ["The training rows were sorted by class: they are shuffled now, in the same way in each run."]
        )
    return Parts(there, [])


def is_mnist(y):
    """Whether labels are those of MNIST's 60,000 training images, or of all 70,000, in its order."""
    if len(y) not in MNIST_LABELS or y.min() < 0 or y.max() > 9:
        return False
    return hashlib.sha256(y.astype(np.uint8).tobytes()).hexdigest() == MNIST_LABELS[len(y)]


def file_order(n_rows):
    """The last sixth of the training rows for validation, as the Theano tutorials have it."""
    kept = n_rows - n_rows // 6
    return {"train": ("train", slice(0, kept)), "valid": ("train", slice(kept, n_rows))}


def in_runs(y):
    """Whether rows of a class follow one another more often than in random order: sorted, or in blocks."""
    shares = np.bincount(y) / max(len(y), 1)
    by_chance = 1 - (shares**2).sum()
    return len(y) > 1 and by_chance > 0 and (y[1:] != y[:-1]).mean() < by_chance / 2


def first_rows(y, most, in_file_order):
    """At most so many rows: the first, or where a class would be missing then, the first ones of each class by its share.

    Parameters
    ----------
    y : int array (rows,)
    most : int or None
        None for all.
    in_file_order : bool
        Always the first.

    Returns
    -------
    slice or int array
    """
    if most is None or len(y) <= most or in_file_order or len(np.unique(y[:most])) == len(np.unique(y)):
        return slice(0, most)
    # Sorted by how far through its own class each row is: any beginning of that order has of each class its share.
    order = np.argsort(y, kind="stable")
    counts = np.bincount(y)
    position = np.empty(len(y))
    position[order] = np.concatenate([(np.arange(count) + 0.5) / count for count in counts if count])
    one_each = np.array([order[start] for start in (np.cumsum(counts) - counts)[counts > 0]])
    position[one_each] -= 1  # the first of each class before all others
    return np.sort(np.argsort(position, kind="stable")[:most])


def _mnist_parts(there, n_rows):
    test = there.get("test", ("train", slice(60_000, n_rows)))
    notes = ["These are MNIST's digits in MNIST's order: they are split as MNIST is."]
    return Parts({**file_order(60_000), "test": test}, notes, is_mnist=True)


def _draw(y, made, names, name):
    """Rows for the sets that are missing, and what is left for training; in random order."""
    if len(y) < FEWEST_ROWS:
        raise ValueError(
            f"{name}: {len(y)} training rows; at least {FEWEST_ROWS} are needed to set a sixth aside for validation."
        )
    rng = np.random.RandomState(SEED)
    order = rng.permutation(len(y))
    drawn, rare = {key: [] for key in ("train", *made)}, []
    for number in np.unique(y):
        rows = order[y[order] == number]
        if len(rows) <= len(made):
            rare.append(names[number])
        for key in sorted(made):  # test first
            share = TEST_SHARE if key == "test" else VALID_SHARE
            taken = 0 if names[number] in rare else max(1, round(len(rows) * share))
            drawn[key].append(rows[:taken])
            rows = rows[taken:]
        drawn["train"].append(rows)
    n_classes = len(np.unique(y))
    if 2 * len(rare) > n_classes:
        raise ValueError(
            f"{name}: {len(rare):,} of {n_classes:,} classes have no more than {len(made)} of {len(y):,} training rows: too few to set "
            "some aside of each. Are these the labels, or measurements, or numbers of the rows?"
        )
    parts = {key: ("train", rng.permutation(np.concatenate(rows))) for key, rows in drawn.items()}
    return parts, _what_was_drawn(y, made, rare)


def _what_was_drawn(y, made, rare):
    sets = "Validation and test set are" if len(made) == 2 else f"The {TITLES[made[0]]} set is"
    sorted_rows = ", which were sorted by class" if in_runs(y) else ""
    where = "rows" if len(made) == 2 else "training rows"
    notes = [f"{sets} drawn from the {where}{sorted_rows}: of each class its share, at random, the same in each run."]
    if rare:
        notes.append(
            f"Class {listed(rare)} has too few rows for {'both' if len(made) == 2 else 'that'}: all of them are for training."
        )
    return notes
