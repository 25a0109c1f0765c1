"""MNIST, and data of your own, as Theano shared variables.

>>> from deeplearning_tutorial.data import load_data
>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_data("mnist")
MNIST: 50,000 training, 10,000 validation, 10,000 test digits from data/mnist

``train_x`` is a shared matrix of shape (50000, 784): a digit a row, a pixel a column, values in [0, 1).
``train_y`` is a symbolic vector of 50,000 labels, 0 to 9.

The first call downloads the files if they are not in ``data/`` yet (:mod:`deeplearning_tutorial.download` says from
where), and nothing is used whose SHA-256 is not the one in ``data/SHA256SUMS``.

On the command line::

    python -m deeplearning_tutorial.data            # fetch, then say what is there
    python -m deeplearning_tutorial.data --which    # print mnist, mnist-5k or none; fetch nothing
"""
import argparse
import gzip
import math
import os
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import psutil

from deeplearning_tutorial.download import DATA_FOLDER, fetch, read_checksums, shown, stored_files

# Theano is imported by the functions that need it: `--which` then answers at once.

# The four files, with how many dimensions each has, and what an .npz file calls what is in them.
IDX_FILES = {
    "train-images-idx3-ubyte": 3, "train-labels-idx1-ubyte": 1, "t10k-images-idx3-ubyte": 3, "t10k-labels-idx1-ubyte": 1,
}
IDX_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
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
        splits = _load_idx_folder(path)
    elif path.suffix == ".npz" and path.is_file():
        splits = _load_npz(path)
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
    splits = [(x[:limit], y[:limit]) for x, y in splits]
    train, valid, test = (f"{len(y):,}" for _, y in splits)
    print(f"{title}: {train} training, {valid} validation, {test} test {noun} from {shown(path)}")
    if limit:
        print(f"  Of each set only the first {limit:,} are used, because {ROWS_VARIABLE} says so.")
    return splits


def _most_rows():
    """How many rows of each set to use: all (None), unless the environment sets a limit for a short run."""
    value = os.environ.get(ROWS_VARIABLE, "")
    if value and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ValueError(f"{ROWS_VARIABLE} must be a whole number of at least 1, not {value!r}; unset it to use all rows.")
    return int(value) if value else None


def _load_mnist(wanted, folder):
    # A subset that is there is used as it is: on a bad network, asking again at every start is no fun.
    usable = (wanted, "mnist-5k")
    name, files = _stored_mnist(folder, usable)
    if name == "none":
        fetch(wanted, folder)
        name, files = _stored_mnist(folder, usable)
    if name == "mnist":
        return _announced("MNIST", _splits_of_idx(files, folder / name), "digits", folder / name)
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
    return [_as_types(part[:, :-1], part[:, -1]) for part in np.split(rows, [3600, 4300])]


def _as_types(x, y):
    """Features as floatX, labels as int32. Bytes 0 to 255 become numbers in [0, 1).

    Dividing by 256 is exact, and what the Theano tutorial's file holds.
    """
    import theano

    features = x.astype(theano.config.floatX)
    if x.dtype == np.uint8:
        features /= 256
    return features, y.astype(np.int32)


# IDX and npz --------------------------------------------------------------------------------------------------------

def parse_idx(content, name, ndim):
    """Read an IDX file of unsigned bytes.

    The format is two zero bytes, a type code (8 for unsigned bytes), the number of dimensions, each dimension as a
    big-endian 32-bit integer, and then the values.

    Parameters
    ----------
    content : bytes
    name : str or path
        What errors call the file.
    ndim : int
        How many dimensions to expect: 3 for images, 1 for labels.

    Returns
    -------
    ndarray
        Of type uint8 with `ndim` dimensions; read-only, as it shares its memory with `content`.

    Raises
    ------
    ValueError
        If `content` is anything else, too long or too short.
    """
    shape = _idx_shape(content, name, ndim)
    header = _idx_header(ndim)
    size, found = math.prod(shape), len(content) - header
    if size != found:
        follow = "more" if found > size else f"only {found:,}"
        raise ValueError(f"{name}: its header says shape {shape}, {size:,} bytes, but {follow} follow.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _idx_header(ndim):
    return 4 + 4 * ndim


def _idx_shape(content, name, ndim):
    header = _idx_header(ndim)
    if len(content) < header:
        raise ValueError(f"{name}: {len(content)} bytes are too few for an IDX file with {ndim} dimensions.")
    if content[:4] != bytes([0, 0, 8, ndim]):
        raise ValueError(
            f"{name}: starts with bytes {content[:4].hex(' ')}, expected 00 00 08 {ndim:02x} "
            f"(IDX, unsigned bytes, {ndim} dimensions)."
        )
    return tuple(int.from_bytes(content[i:i + 4], "big") for i in range(4, header, 4))


def _read_idx(path, ndim):
    """The array in an IDX file, ``.gz`` or not. Of a file that unpacks to anything, no more than it announces is read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            content = file.read(_idx_header(ndim))
            shape = _idx_shape(content, path, ndim)
            _check_memory(math.prod(shape), f"{path}: its header says shape {shape}, which")
            content += file.read(math.prod(shape) + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file ({error}). Copy it again.") from None
    return parse_idx(content, path, ndim)


def _check_memory(n_bytes, name):
    """Refuse what this machine has no room for, before it is tried: a system without memory ends any program it likes."""
    free = psutil.virtual_memory().available
    if n_bytes > free:
        raise ValueError(f"{name} takes {n_bytes / 2**30:,.1f} GiB of memory, and only {free / 2**30:,.1f} are free.")


def _splits_of_idx(files, folder):
    """Training, validation and test set from the contents of the four IDX files."""
    arrays = (parse_idx(files[name], shown(folder / name), ndim) for name, ndim in IDX_FILES.items())
    return _splits(dict(zip(IDX_ARRAYS, arrays)), shown(folder))


def _load_idx_folder(folder):
    paths = {}
    for name in IDX_FILES:
        paths[name] = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise ValueError(f"{folder}: expected four files named as MNIST's (.gz or not), missing {', '.join(missing)}.")
    arrays = (_read_idx(paths[name], ndim) for name, ndim in IDX_FILES.items())
    return _splits(dict(zip(IDX_ARRAYS, arrays)), folder)


def _load_npz(path):
    with open(path, "rb") as file:  # which says so where it may not be read; is_zipfile does not
        is_archive = zipfile.is_zipfile(file)
    if not is_archive:
        raise ValueError(f"{path}: not an .npz file; write one with numpy.savez(path, x_train=..., y_train=..., ...).")
    try:
        with np.load(path, allow_pickle=False) as file:
            _check_memory(sum(member.file_size for member in file.zip.infolist()), "it")
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # whatever zipfile, zlib and NumPy make of a damaged file, or of Python objects in it
        raise ValueError(f"{path}: cannot be read: {error}") from None
    sets = ["train", "test"] + ["valid"] * ("x_valid" in arrays or "y_valid" in arrays)
    missing = [key for name in sets for key in (f"x_{name}", f"y_{name}") if key not in arrays]
    if missing:
        raise ValueError(f"{path}: has {', '.join(sorted(arrays)) or 'no arrays'}; missing {', '.join(missing)}.")
    return _splits(arrays, path)


def _splits(arrays, name):
    """Training, validation and test set from arrays named as in an .npz file, checked one by one and together.

    Without a validation set, the last sixth of the training rows becomes it.
    """
    sets = {
        key: (_features(arrays[f"x_{key}"], f"{name}: x_{key}"), _labels(arrays[f"y_{key}"], f"{name}: y_{key}"))
        for key in ("train", "valid", "test") if f"x_{key}" in arrays
    }
    train_x, train_y = sets["train"]
    features, classes = train_x.shape[1], int(train_y.max(initial=0)) + 1
    for key, (x, y) in sets.items():
        if len(x) != len(y):
            raise ValueError(f"{name}: {len(x):,} {key} images but {len(y):,} {key} labels.")
        if len(x) == 0 or x.shape[1] != features:
            raise ValueError(f"{name}: {key} images have shape {x.shape}, expected (1 or more, {features}).")
        # A label that the training set lacks would index past the end of the softmax. 2**24: floatX may be float32.
        if y.min() < 0 or y.max() >= min(classes, 2**24):
            raise ValueError(f"{name}: {key} labels run from {y.min()} to {y.max()}, expected 0 to {classes - 1}.")
    if "valid" not in sets:
        if len(train_x) < 6:
            raise ValueError(
                f"{name}: {len(train_x)} training rows; at least 6 are needed to set a sixth aside for validation."
            )
        kept = len(train_x) - len(train_x) // 6
        sets["train"], sets["valid"] = (train_x[:kept], train_y[:kept]), (train_x[kept:], train_y[kept:])
    return [_as_types(*sets[key]) for key in ("train", "valid", "test")]


def _features(x, name):
    if x.ndim < 2:
        raise ValueError(f"{name} has shape {x.shape}; expected (rows, ...), an image a row.")
    if x.dtype == np.uint8:
        _check_memory(np.dtype("float32").itemsize * x.size, name)
    else:
        if not np.issubdtype(x.dtype, np.floating):
            raise ValueError(
                f"{name} has type {x.dtype}; expected uint8 (0 to 255) or floating point: use x.astype(...)."
            )
        if not np.isfinite(x).all():
            raise ValueError(f"{name} holds NaN or infinity.")
    return x.reshape(len(x), math.prod(x.shape[1:]))


def _labels(y, name):
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"{name} has shape {y.shape}; expected (rows,), a class a row (one-hot: y.argmax(axis=1)).")
    if not np.issubdtype(y.dtype, np.integer):
        raise ValueError(f"{name} has type {y.dtype}; expected whole numbers: use y.astype('int32').")
    return y


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


if __name__ == "__main__":
    sys.exit(main())
