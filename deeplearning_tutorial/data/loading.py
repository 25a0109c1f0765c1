"""MNIST, and data of your own, as Theano shared variables.

>>> from deeplearning_tutorial.data import load_data
>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_data("mnist")
MNIST: 50,000 training, 10,000 validation, 10,000 test digits from data/mnist

``train_x`` is a shared matrix of shape (50000, 784): a digit a row, a pixel a column, values in [0, 1).
``train_y`` is a symbolic vector of 50,000 labels, 0 to 9.

The first call downloads the files if they are not in ``data/`` yet (:mod:`deeplearning_tutorial.data.download` says from
where), and nothing is used whose SHA-256 is not the one in ``data/SHA256SUMS``.

On the command line::

    python -m deeplearning_tutorial.data            # fetch, then say what is there
    python -m deeplearning_tutorial.data --which    # print mnist, mnist-5k or none; fetch nothing
"""

import argparse
import contextlib
import difflib
import math
import os
import re
import sys
import textwrap
from pathlib import Path

import numpy as np

from deeplearning_tutorial.data.arrays import NAME, find_arrays
from deeplearning_tutorial.data.download import DATA_FOLDER, fetch, read_checksums, shown, stored_files
from deeplearning_tutorial.data.formats import IDX_FILES, parse_idx, read
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.idle import give_back_after_each_cell
from deeplearning_tutorial.data.labels import TITLES, listed, number_classes
from deeplearning_tutorial.data.mapped import mapped_features
from deeplearning_tutorial.data.scale import FEWEST_PIXELS, as_features, find_scales
from deeplearning_tutorial.data.splits import file_order, find_parts, first_rows

# Theano is imported by the functions that need it: `--which` then answers at once.

MAPPED_FILE = Path("mapped") / "mnist.float32"  # beside the folder of the files that it is made of
SUBSET_FILE = "mnist_5k.csv"
SUBSET_SEED = 5000
ROWS_VARIABLE = "DEEPLEARNING_TUTORIAL_ROWS"

SUBSET_NOTE = (
    "  The notebooks' numbers were made with the full set. On the subset logistic regression errs on about 9 % of the\n"
    "  test digits instead of 7.5 %, a network with a hidden layer on about 8 % instead of 2 %. For the full set run\n"
    "  `scripts/setup --data`, or put its four files into data/mnist by hand (data/README.md says how)."
)


# Loading ------------------------------------------------------------------------------------------------------------


class DataSets(list):
    """Training, validation and test set: a list of three pairs (x, y), and what is known about them.

    Attributes
    ----------
    name : str
        "MNIST", or the name of the file or folder.
    layout : str
        What the data was stored as.
    class_names : list of str
        Label 0 means the first.
    image_shape : tuple of int, or None
        (height, width) or (height, width, 3) of what is in a row of x; None where rows are no images.
    """

    def __init__(self, pairs, name, layout, class_names, image_shape):
        super().__init__(pairs)
        self.name, self.layout, self.class_names, self.image_shape = name, layout, class_names, image_shape

    def like(self, pairs):
        """Other pairs of which the same is known."""
        return DataSets(pairs, self.name, self.layout, self.class_names, self.image_shape)


def load_data(dataset="mnist", folder=None, label=None, colour=None, scale=None):
    """Load a data set as Theano shared variables, downloading MNIST if it is not there yet.

    For a short run, the environment variable ``DEEPLEARNING_TUTORIAL_ROWS`` limits the rows of each set.

    Parameters
    ----------
    dataset : str, path, or arrays
        * ``"mnist"``: the full set, or the 5,000-digit subset where only that could be had (it says so).
          ``"mnist.pkl.gz"``, or a path that ends so, means the same where MNIST is in `folder`; no pickle is ever run.
        * ``"mnist-5k"``: the subset.
        * a file or folder of your own, in any layout that :mod:`deeplearning_tutorial.data.formats` knows by its content.
        * arrays: a pair ``(x, y)``; two or three such pairs, for training, (validation) and test; or what scikit-learn's
          ``load_digits()`` and others return.
    folder : path, optional
        Where MNIST is kept; the repository's ``data/`` by default.
    label : str or int, optional
        The column of a table that holds the labels: its name, or its number, counted from 0, or from the end if negative.
    colour : "grey" or "rgb", optional
        What to make of colour pictures.
    scale : float, optional
        What to divide features by. By default their range is looked at: :mod:`deeplearning_tutorial.data.scale`.

    Returns
    -------
    DataSets, a list of (x, y)
        Training, validation and test set. Each ``x`` is a shared matrix of shape (rows, features) and type
        ``floatX``. Each ``y`` is an int32 vector of shape (rows,): a cast of a shared ``floatX`` vector, because a
        GPU may hold floating-point data only. Labels count from 0; ``class_names`` of the list says what they mean.

    Raises
    ------
    ValueError
        If `dataset` is none of these, or its contents are not what they should be.
    DataError
        If MNIST is not there and no source answered, or a file in `folder` does not match its checksum.

    Notes
    -----
    Sets that are missing are made of the training set: :mod:`deeplearning_tutorial.data.splits`.
    """
    import theano
    import theano.tensor as T

    def shared(values, name):
        return theano.shared(np.asarray(values, dtype=theano.config.floatX), name=name, borrow=True)

    sets = load_arrays(dataset, folder, label, colour, scale)
    give_back_after_each_cell()
    return sets.like(
        (shared(x, f"{name}_x"), T.cast(shared(y, f"{name}_y"), "int32"))
        for name, (x, y) in zip(("train", "valid", "test"), sets)
    )


def load_arrays(dataset="mnist", folder=None, label=None, colour=None, scale=None):
    """Load a data set as NumPy arrays.

    Parameters
    ----------
    dataset, folder, label, colour, scale
        As for :func:`load_data`.

    Returns
    -------
    DataSets, a list of (x, y)
        Training, validation and test set: ``x`` of shape (rows, features) and type ``floatX``, ``y`` of shape
        (rows,) and type int32.

    Raises
    ------
    ValueError, DataError
        As for :func:`load_data`.
    """
    if not isinstance(dataset, (str, os.PathLike)):
        _refuse_options("arrays", label=label)
        return _prepared(_in_memory(dataset, colour), NAME, NAME, scale)
    path = Path(dataset)
    if str(dataset) in ("mnist", "mnist-5k") or (path.name == "mnist.pkl.gz" and not _is_needed(path, folder)):
        _refuse_options("MNIST", label=label, colour=colour, scale=scale)
        sets = _load_mnist("mnist-5k" if str(dataset) == "mnist-5k" else "mnist", Path(folder or DATA_FOLDER))
        if path.name == "mnist.pkl.gz" and path.is_file():
            print(f"  {path} was not read, as these are its digits. If it holds others, give it another name.")
        return sets
    with contextlib.suppress(RuntimeError):  # there is no such user
        path = path.expanduser()
    if not str(dataset) or not os.path.exists(path):  # pathlib's raises an error for what can be no name
        raise ValueError(_unknown(dataset, path))
    return _prepared(read(path, label=label, colour=colour), path.name or shown(path), path, scale)


def _in_memory(dataset, colour):
    found = find_arrays(dataset, colour)
    if found is None:
        raise ValueError(
            f"No data set in {textwrap.shorten(repr(dataset), 60)}, of type {type(dataset).__name__}: arrays are a pair (x, y) of "
            "features and labels, or two or three such pairs, for training, validation and test. Of one table that is "
            "(table.drop(columns='label'), table['label']). Or name 'mnist', or a file or folder."
        )
    return found


def _refuse_options(what, **options):
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name}={value!r} is for files of your own, not for {what}: leave it out.")


def _is_needed(path, folder):
    """Whether the Theano tutorials' file has to be read, because there is no other MNIST."""
    return path.is_file() and _stored_mnist(Path(folder or DATA_FOLDER), ("mnist",))[0] == "none"


def _unknown(dataset, path):
    near = []
    with contextlib.suppress(OSError, ValueError):
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=3)
    meant = f" Do you mean {' or '.join(repr(str(path.with_name(name))) for name in near)}?" if near else ""
    if re.match(r"\w+://", str(dataset)):
        meant = " Download it, and name the file that comes."
    where = "" if path.is_absolute() else f" in {os.getcwd()}"
    return (
        f"No data set {textwrap.shorten(str(dataset), 200)!r}, and no file or folder of that name{where}.{meant} Choose 'mnist', "
        f"'mnist-5k', or an existing file or folder, such as one with {', '.join(IDX_FILES)}: docs/own-data.md lists the layouts "
        "that are read."
    )


# Data of one's own --------------------------------------------------------------------------------------------------


def _prepared(found, title, path, scale):
    """What the reader gets of what was found in a file, after saying so, and what was done."""
    limit = _most_rows()
    labels = number_classes({key: y for key, (_, y) in found.sets.items()}, found.classes, path)
    parts = find_parts(labels.numbers, labels.names, path)
    scales = find_scales(found.sets, path, scale)
    _check_memory(found.sets, limit, path)
    pairs, by_class = [], False
    for made, (key, rows) in parts.rows.items():
        x, y = found.sets[key][0][rows], labels.numbers[key][rows]
        few = first_rows(y, limit, parts.is_mnist)
        by_class |= isinstance(few, np.ndarray)
        pairs.append((as_features(x[few], scales.divisors[key], f"{path}: {TITLES[made]} features"), y[few]))
    shape = image_shape(found.sets["train"][0])
    classes = "1 class" if len(labels.names) == 1 else f"{len(labels.names):,} classes"
    _announce(title, pairs, "rows", path, limit, by_class)
    print(f"  {found.layout[:1].upper()}{found.layout[1:]}: {classes}, {_shape_text(shape, pairs)}, {scales.text}.")
    for note in [*found.notes, *labels.notes, *parts.notes, *_lacking(parts, pairs, labels.names), *scales.notes]:
        print(f"  {note}")
    return DataSets(pairs, title, found.layout, labels.names, shape)


def _check_memory(sets, limit, path):
    """Whether there is room for all rows as floatX."""
    import theano

    n_numbers = sum(x.size // len(x) * min(len(x), limit or len(x)) for x, _ in sets.values())
    check_memory(
        np.dtype(theano.config.floatX).itemsize * n_numbers, f"{path}: what it holds, as {theano.config.floatX},"
    )


def image_shape(x):
    """Height and width, and 3 where there is colour, of images in rows; None where rows are none.

    Parameters
    ----------
    x : ndarray, (rows, features), (rows, height, width) or (rows, height, width, 3)
        Features that make a square of 8 x 8 or more are taken for images.
    """
    shape = x.shape[1:]
    if len(shape) == 1 and shape[0] >= FEWEST_PIXELS and math.isqrt(shape[0]) ** 2 == shape[0]:
        return (math.isqrt(shape[0]),) * 2
    return shape if len(shape) == 2 or (len(shape) == 3 and shape[2] == 3) else None


def _shape_text(shape, pairs):
    if shape is None:
        n_features = pairs[0][0].shape[1]
        return "1 feature" if n_features == 1 else f"{n_features:,} features"
    return f"images of {shape[0]} × {shape[1]} pixels{' in colour' if len(shape) == 3 else ''}"


def _lacking(parts, pairs, names):
    """Which classes there is no way to validate or to test; of a set that was drawn it is said already."""
    learned = np.unique(pairs[0][1])
    for (made, (key, _)), (_, y) in zip(parts.rows.items(), pairs):
        missing = np.setdiff1d(learned, y)
        if len(missing) and made == key:
            yield f"No {TITLES[made]} row is of class {listed([names[number] for number in missing])}."


def _announce(title, pairs, noun, path, limit, by_class=False):
    train, valid, test = (f"{len(y):,}" for _, y in pairs)
    place = "" if path == NAME else f" from {shown(path)}"
    print(f"{title}: {train} training, {valid} validation, {test} test {noun}{place}")
    if limit:
        which = f"{limit:,}, of each class its share," if by_class else f"the first {limit:,}"
        print(f"  Of each set only {which} are used, because {ROWS_VARIABLE} says so.")


def _most_rows():
    """How many rows of each set to use: all (None), unless the environment sets a limit for a short run."""
    value = os.environ.get(ROWS_VARIABLE, "")
    if value and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(
            f"{ROWS_VARIABLE} must be a whole number of at least 1, not {value!r}; unset it to use all rows."
        )
    return int(value) if value else None


# MNIST --------------------------------------------------------------------------------------------------------------


def _load_mnist(wanted, folder):
    # A subset that is there is used as it is: on a bad network, asking again at every start is no fun.
    usable = (wanted, "mnist-5k")
    name, files = _stored_mnist(folder, usable)
    if name == "none":
        fetch(wanted, folder)
        name, files = _stored_mnist(folder, usable)
    if name == "mnist":
        return _digits("MNIST", _splits_of_mnist(files, shown(folder / name)), folder / name, folder / MAPPED_FILE)
    sets = _digits("MNIST, 5,000-digit subset", _splits_of_subset(files[SUBSET_FILE]), folder / name)
    print(SUBSET_NOTE)
    return sets


def _digits(title, splits, path, mapped_file=None):
    """What the reader gets of bytes that were verified, after saying so."""
    limit = _most_rows()
    features = _mapped([x for x, _ in splits], mapped_file) if mapped_file else None
    if features is None:
        features = (as_features(x[:limit], 256, path) for x, _ in splits)
    pairs = [(x[:limit], y[:limit].astype(np.int32)) for x, (_, y) in zip(features, splits)]
    _announce(title, pairs, "digits", path, limit)
    return DataSets(pairs, title, "MNIST", [str(digit) for digit in range(10)], image_shape(splits[0][0]))


def _mapped(sets, path):
    """All rows, also for a short run, as the file is for everybody. What is no float32 is rare, and twice as large."""
    import theano

    return mapped_features(sets, 256, path) if theano.config.floatX == "float32" else None


def _splits_of_mnist(files, folder):
    """The last sixth of the training digits is the validation set."""
    arrays = (parse_idx(files[name], f"{folder}/{name}", ndim) for name, ndim in IDX_FILES.items())
    train_x, train_y, test_x, test_y = arrays
    rows = file_order(len(train_y))
    return [*((train_x[part], train_y[part]) for _, part in rows.values()), (test_x, test_y)]


def _stored_mnist(folder, names=("mnist", "mnist-5k")):
    """The first of some data sets that is whole in a folder: its name (or "none") and the contents of its files."""
    sums = read_checksums()
    for name in names:
        files = stored_files(folder / name, sums[name])
        if len(files) == len(sums[name]):
            return name, files
    return "none", {}


def _splits_of_subset(text):
    """5,000 rows of 784 pixels and a label, sorted by label: shuffled, then 3,600/700/700 (whole batches of 600)."""
    rows = np.loadtxt(text.decode("ascii").splitlines(), delimiter=",", dtype=np.uint8)
    rows = rows[np.random.RandomState(SUBSET_SEED).permutation(len(rows))]
    return [(part[:, :-1], part[:, -1]) for part in np.split(rows, [3600, 4300])]


# Command line -------------------------------------------------------------------------------------------------------


def main(arguments=None, folder=None):
    """Fetch MNIST, or say which is there. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deeplearning_tutorial.data", description="Fetch MNIST into data/.")
    parser.add_argument("--which", action="store_true", help="print mnist, mnist-5k or none, and fetch nothing")
    options = parser.parse_args(arguments)
    folder = Path(folder or DATA_FOLDER)
    try:
        if options.which:
            print(_stored_mnist(folder)[0])
        elif (name := fetch(folder=folder)) == "mnist":
            print(f"MNIST: the full set of 70,000 digits is in {shown(folder / name)}")
        else:
            print(f"MNIST: only the subset of 5,000 digits is in {shown(folder / name)}\n{SUBSET_NOTE}")
    except OSError as error:
        if options.which:
            print("none")
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Whole files were kept; run it again to go on.", file=sys.stderr)
        return 130
    return 0
