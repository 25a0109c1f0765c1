"""Files of data in the layouts that people have: MNIST's IDX files, and NumPy's ``.npz``.

>>> splits = read_idx_folder(Path("data/mnist"))
>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = splits        # (50000, 784), uint8; (50000,), …

What is read is checked, each array by itself and all together, and refused with the file's name and the cure. Nothing is
ever unpickled, and of a file that announces more than there is memory for, nothing is read.
"""

import gzip
import math
import zipfile
import zlib

import numpy as np
import psutil

# The four files, with how many dimensions each has, and what an .npz file calls what is in them.
IDX_FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
IDX_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


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
    return tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4))


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


def splits_of_idx(files, folder):
    """Training, validation and test set from the contents of the four IDX files, as `read_idx_folder` returns them."""
    arrays = (parse_idx(files[name], f"{folder}/{name}", ndim) for name, ndim in IDX_FILES.items())
    return _splits(dict(zip(IDX_ARRAYS, arrays)), folder)


def read_idx_folder(folder):
    """Training, validation and test set from a folder with the four files, ``.gz`` or not.

    Returns
    -------
    list of (x, y)
        ``x`` of shape (rows, features), uint8 or floating point, as it was; ``y`` of shape (rows,), of integers.

    Raises
    ------
    ValueError
        If a file is missing, or anything else than it should be.
    """
    paths = {}
    for name in IDX_FILES:
        paths[name] = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise ValueError(f"{folder}: expected four files named as MNIST's (.gz or not), missing {', '.join(missing)}.")
    arrays = (_read_idx(paths[name], ndim) for name, ndim in IDX_FILES.items())
    return _splits(dict(zip(IDX_ARRAYS, arrays)), folder)


def read_npz(path):
    """Training, validation and test set from an ``.npz`` file, as `read_idx_folder` returns them."""
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
        for key in ("train", "valid", "test")
        if f"x_{key}" in arrays
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
    return [sets[key] for key in ("train", "valid", "test")]


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
