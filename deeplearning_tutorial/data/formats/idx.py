"""IDX, the layout of MNIST's four files.

>>> found = read([Path("train-images-idx3-ubyte"), Path("train-labels-idx1-ubyte.gz")], "my folder")
>>> found.sets["train"][0].shape
(60000, 28, 28)

A file is two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit integer, and then
the values, big-endian too. The description is part of the page on which MNIST was published
(http://yann.lecun.com/exdb/mnist/, Y. LeCun, C. Cortes, C. J. C. Burges).
"""

import math
import re
import sys

import numpy as np

from deeplearning_tutorial.data.formats import known
from deeplearning_tutorial.data.formats.found import PARTS, checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.names import called, listed, one_set, parse_name, partner
from deeplearning_tutorial.data.formats.streams import first_bytes, read_exactly, unpacked

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
TYPE_NAMES = dict(zip(TYPES, ["unsigned bytes", "bytes", "shorts", "ints", "floats", "doubles"]))

# MNIST's four files, with how many dimensions each has.
IDX_FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
QMNIST_COLUMNS = 8  # class, series of HSF, writer, … (https://github.com/facebookresearch/qmnist)


# One file -----------------------------------------------------------------------------------------------------------


def parse_idx(content, name, ndim=None):
    """Read an IDX file.

    Parameters
    ----------
    content : bytes
    name : str or path
        What errors call the file.
    ndim : int, optional
        How many dimensions to expect, 3 for MNIST's images and 1 for its labels; any number by default.

    Returns
    -------
    ndarray
        With the file's dimensions; of its type, in this machine's byte order. Read-only where it could share its memory
        with `content`, as unsigned bytes do.

    Raises
    ------
    ValueError
        If `content` is anything else, too long or too short.
    """
    shape, dtype, header = _parse_header(content, name, ndim)
    size, found = dtype.itemsize * math.prod(shape), len(content) - header
    if size != found:
        follow = "more" if found > size else f"only {found:,}"
        raise ValueError(f"{name}: its header says shape {shape}, {size:,} bytes, but {follow} follow.")
    return np.frombuffer(content, dtype, offset=header).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def is_idx(begin):
    """Whether so a file begins."""
    return len(begin) >= 4 and begin[:2] == b"\0\0" and begin[2] in TYPES and 1 <= begin[3] <= 32


def _parse_header(content, name, ndim=None):
    """The shape, the type, and how many bytes come before the values."""
    expected = ndim or (content[3] if is_idx(content) else 3)
    header = 4 + 4 * expected
    if len(content) >= 4 and (not is_idx(content) or content[3] != expected):
        code = content[2] if is_idx(content) else 0x08
        raise ValueError(
            f"{name}: starts with bytes {content[:4].hex(' ')}, expected 00 00 {code:02x} {expected:02x} "
            f"(IDX, {TYPE_NAMES[code]}, {expected} dimension{'s' * (expected > 1)})."
        )
    if len(content) < header:
        raise ValueError(f"{name}: {len(content)} bytes are too few for an IDX file with {expected} dimensions.")
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4))
    dtype = np.dtype(TYPES[content[2]])
    if (
        dtype.itemsize * math.prod(length or 1 for length in shape) > sys.maxsize
    ):  # NumPy's limit, also where it is empty
        raise ValueError(f"{name}: its header says shape {shape}, and no array is so large.")
    return shape, dtype, header


def read_file(path):
    """The array in an IDX file, compressed or not. Of a file that unpacks to anything, no more than it announces is read."""
    with unpacked(path) as file:
        content = file.read(4)
        content += file.read(4 * content[3] if is_idx(content) else 12)
        shape, dtype, header = _parse_header(content, path)
        size = dtype.itemsize * math.prod(shape)
        check_memory(size, f"{path}: its header says shape {shape}, which")
        values = read_exactly(file, size)
        if len(values) == size and not file.read(1):
            array = np.frombuffer(values, dtype).reshape(shape)
            return array.astype(dtype.newbyteorder("="), copy=False)
    return parse_idx(content + values + b"\0" * (len(values) == size), path)


def refuse(path):
    """Say what is wrong with a file that is named as an IDX file and is none."""
    expected = re.search(r"idx([1-9])", path.name.lower())
    _parse_header(first_bytes(path, 132), path, int(expected[1]) if expected else None)


# A set of files -----------------------------------------------------------------------------------------------------


def read(files, path):
    """What is in IDX files that belong together.

    Parameters
    ----------
    files : list of path
        Pictures and labels of training, test and perhaps validation set: by their names, or by their shapes where the
        names say nothing. One file of several sets chooses its set.
    path : path
        The folder or file that was asked for.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        If a file is missing, or anything else than it should be.
    """
    chosen = _by_name(files, path) or _by_shape(files, path)
    arrays = {key: read_file(file) for key, file in chosen.items()}
    return _found(arrays, list(chosen.values()), path)


def _found(arrays, files, path):
    sets, layout, notes = {}, called("IDX file", len(arrays)), []
    for part in PARTS:
        if (part, "x") in arrays:
            x, y = arrays[part, "x"], arrays[part, "y"]
            if y.ndim == 2 and y.shape[1] == QMNIST_COLUMNS:
                y, layout = y[:, 0], f"QMNIST, {called('IDX file', len(arrays))}"
                notes = ["Of the eight columns of QMNIST's labels the first one, the class, is used."]
            sets[part] = x, y
    found = checked(path, layout, sets, notes=notes)
    return known.recognized(found, files, by_labels=True)


def _by_name(files, path):
    """`{("train", "x"): file, …}`, or `None` where the names do not say it."""
    if any(not parse_name(file.name).role for file in files):
        return None
    if not any(parse_name(file.name).part for file in files) and len(files) > 2:
        return None
    for file in files:  # is in it what its name says?
        shape = shape_of(file)
        is_labels = len(shape) == 1 or (len(shape) == 2 and shape[1] in (1, QMNIST_COLUMNS))
        role = parse_name(file.name).role
        if role == "x" and len(shape) == 1 or role == "y" and not is_labels:
            _parse_header(first_bytes(file, 132), file, 3 if role == "x" else 1)
    chosen = one_set(files, path, "IDX")
    for part, role in list(chosen):
        other = "y" if role == "x" else "x"
        if (part, other) not in chosen:
            raise ValueError(
                f"{path}: expected four files named as MNIST's ({', '.join(IDX_FILES)}, compressed or not), missing "
                f"{partner(chosen[part, role].name)}; found {listed(files)}."
            )
    return chosen


def shape_of(file):
    return _parse_header(first_bytes(file, 132), file)[0]


def _by_shape(files, path):
    """As `_by_name` of two or four files: labels have one dimension, the larger set is the training set."""
    shapes = {file: shape_of(file) for file in files}
    pictures = sorted((f for f in files if len(shapes[f]) > 1), key=lambda file: -shapes[file][0])
    labels = sorted((f for f in files if len(shapes[f]) == 1), key=lambda file: -shapes[file][0])
    rows = [[shapes[file][0] for file in group] for group in (pictures, labels)]
    if len(pictures) not in (1, 2) or rows[0] != rows[1] or len(set(rows[0])) < len(pictures):
        shown = ", ".join(f"{file.name} {shape}" for file, shape in shapes.items())
        raise ValueError(
            f"{path}: cannot tell which of these IDX files are pictures and labels of which set: {shown}. "
            f"Name them as MNIST's: {', '.join(IDX_FILES)}."
        )
    parts = ("train", "test")
    return {(part, role): f for role, group in (("x", pictures), ("y", labels)) for part, f in zip(parts, group)}
