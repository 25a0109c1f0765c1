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
import os
import sys
from pathlib import Path

import numpy as np

from deeplearning_tutorial.data.download import DATA_FOLDER, fetch, read_checksums, shown, stored_files
from deeplearning_tutorial.data.formats import IDX_FILES, read_idx_folder, read_npz, splits_of_idx

# Theano is imported by the functions that need it: `--which` then answers at once.

SUBSET_FILE = "mnist_5k.csv"
SUBSET_SEED = 5000
ROWS_VARIABLE = "DEEPLEARNING_TUTORIAL_ROWS"

SUBSET_NOTE = (
    "  The notebooks' numbers were made with the full set. On the subset logistic regression errs on about 9 % of the\n"
    "  test digits instead of 7.5 %, a network with a hidden layer on about 8 % instead of 2 %. For the full set run\n"
    "  `scripts/setup --data`, or put its four files into data/mnist by hand (data/README.md says how)."
)


# Loading ------------------------------------------------------------------------------------------------------------


def load_data(dataset="mnist", folder=None):
    """Load a data set as Theano shared variables, downloading MNIST if it is not there yet.

    For a short run, the environment variable ``DEEPLEARNING_TUTORIAL_ROWS`` limits each set to its first rows.

    Parameters
    ----------
    dataset : str or path
        * ``"mnist"``: the full set, or the 5,000-digit subset where only that could be had (it says so).
          ``"mnist.pkl.gz"``, or a path that ends so, means the same; no pickle is ever opened.
        * ``"mnist-5k"``: the subset.
        * a folder of your own with four IDX files named like MNIST's, ``.gz`` or not. The last sixth of the
          training rows becomes the validation set, as for MNIST.
        * an ``.npz`` file with ``x_train``, ``y_train``, ``x_test``, ``y_test`` and perhaps ``x_valid``,
          ``y_valid``. Images of type uint8 are divided by 256, floating-point images are kept as they are.
    folder : path, optional
        Where MNIST is kept; the repository's ``data/`` by default.

    Returns
    -------
    list of (x, y)
        Training, validation and test set. Each ``x`` is a shared matrix of shape (rows, features) and type
        ``floatX``. Each ``y`` is an int32 vector of shape (rows,): a cast of a shared ``floatX`` vector, because a
        GPU may hold floating-point data only.

    Raises
    ------
    ValueError
        If `dataset` is none of these, or its files are not what they should be.
    DataError
        If MNIST is not there and no source answered, or a file in `folder` does not match its checksum.
    """
    import theano
    import theano.tensor as T

    def shared(values, name):
        return theano.shared(np.asarray(values, dtype=theano.config.floatX), name=name, borrow=True)

    return [
        (shared(x, f"{name}_x"), T.cast(shared(y, f"{name}_y"), "int32"))
        for name, (x, y) in zip(("train", "valid", "test"), load_arrays(dataset, folder))
    ]


def load_arrays(dataset="mnist", folder=None):
    """Load a data set as NumPy arrays.

    Parameters
    ----------
    dataset, folder
        As for :func:`load_data`.

    Returns
    -------
    list of (x, y)
        Training, validation and test set: ``x`` of shape (rows, features) and type ``floatX``, ``y`` of shape
        (rows,) and type int32.

    Raises
    ------
    ValueError, DataError
        As for :func:`load_data`.
    """
    path = Path(str(dataset))
    name = "mnist" if path.name == "mnist.pkl.gz" else str(dataset)
    if name in ("mnist", "mnist-5k"):
        return _load_mnist(name, Path(folder or DATA_FOLDER))
    if path.is_dir():
        splits = read_idx_folder(path)
    elif path.suffix == ".npz" and path.is_file():
        splits = read_npz(path)
    elif path.name.removesuffix(".gz") in IDX_FILES and path.is_file():
        raise ValueError(f"{path} is one of four IDX files: name the folder that holds them, {str(path.parent)!r}.")
    else:
        raise ValueError(
            f"No data set {str(dataset)!r}. Choose 'mnist', 'mnist-5k', an existing folder with the files "
            f"{', '.join(IDX_FILES)} (each may end in .gz), or an existing .npz file with x_train, y_train, x_test, "
            "y_test."
        )
    return _announced(path.name, splits, "rows", path)


def _announced(title, splits, noun, path):
    """What the reader gets of some splits, after saying so."""
    limit = _most_rows()
    splits = [_as_types(x[:limit], y[:limit]) for x, y in splits]
    train, valid, test = (f"{len(y):,}" for _, y in splits)
    print(f"{title}: {train} training, {valid} validation, {test} test {noun} from {shown(path)}")
    if limit:
        print(f"  Of each set only the first {limit:,} are used, because {ROWS_VARIABLE} says so.")
    return splits


def _most_rows():
    """How many rows of each set to use: all (None), unless the environment sets a limit for a short run."""
    value = os.environ.get(ROWS_VARIABLE, "")
    if value and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(
            f"{ROWS_VARIABLE} must be a whole number of at least 1, not {value!r}; unset it to use all rows."
        )
    return int(value) if value else None


def _load_mnist(wanted, folder):
    # A subset that is there is used as it is: on a bad network, asking again at every start is no fun.
    usable = (wanted, "mnist-5k")
    name, files = _stored_mnist(folder, usable)
    if name == "none":
        fetch(wanted, folder)
        name, files = _stored_mnist(folder, usable)
    if name == "mnist":
        return _announced("MNIST", splits_of_idx(files, shown(folder / name)), "digits", folder / name)
    splits = _splits_of_subset(files[SUBSET_FILE])
    splits = _announced("MNIST, 5,000-digit subset", splits, "digits", folder / name)
    print(SUBSET_NOTE)
    return splits


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


def _as_types(x, y):
    """Features as floatX, labels as int32. Bytes 0 to 255 become numbers in [0, 1).

    Dividing by 256 is exact, and what the Theano tutorial's file holds.
    """
    import theano

    features = x.astype(theano.config.floatX)
    if x.dtype == np.uint8:
        features /= 256
    return features, y.astype(np.int32)


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
