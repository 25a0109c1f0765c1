"""Features in a file that all kernels of a machine share, so that a class holds the digits in memory once.

>>> train_x, test_x = mapped_features([train_images, test_images], 256, "data/mapped/mnist.float32")

The file holds the numbers as they are computed with, one set after the other, and is mapped into memory: whoever reads it
reads the same pages, which belong to the system's cache of files. Who writes into an array gets pages of their own, for the
changed ones only; the file stays as it is, and so do the arrays of others.

Nothing is taken from the file that was not compared, bit by bit, with what the features are made of. A file that is cut short
or changed is made anew, under another name that is then given its own in one step: who has mapped the old one keeps it.
"""

import contextlib
import math
import mmap
import os
import tempfile
from pathlib import Path

import numpy as np

from deeplearning_tutorial.data import idle
from deeplearning_tutorial.data.scale import as_features

ROWS_AT_ONCE = 500  # what is made of so many digits, and compared, stays in the processor's cache


def mapped_features(sets, divisor, path):
    """What `as_features` makes of some sets, in a file that is mapped; the file is made where there is none.

    Parameters
    ----------
    sets : list of ndarray, (rows, ...), of bytes
    divisor : number
    path : path
        Of the file. Its name should say the type of its numbers.

    Returns
    -------
    list of ndarray, (rows, features), of type floatX; or None
        None where a file can neither be read nor made: its folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    features = _read(sets, divisor, path)
    if features is None:
        with contextlib.suppress(OSError):
            _write(sets, divisor, path)
            features = _read(sets, divisor, path)
    return features


def _blocks(sets, divisor, path):
    """The features, some rows at a time."""
    for x in sets:
        for start in range(0, len(x), ROWS_AT_ONCE):
            yield as_features(x[start : start + ROWS_AT_ONCE], divisor, path)


def _read(sets, divisor, path):
    """The features in the file, or None if they are not there, or others are."""
    first = as_features(sets[0][:1], divisor, path)
    n_rows = [len(x) for x in sets]
    shape = sum(n_rows), first.shape[1]
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size != math.prod(shape) * first.itemsize:
                return None
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):  # ValueError: it is empty
        return None
    features = np.frombuffer(memory, first.dtype).reshape(shape)
    done = 0
    for block in _blocks(sets, divisor, path):
        if not np.array_equal(_bits(block), _bits(features[done : done + len(block)])):
            return None
        done += len(block)
    idle.give_back_when_idle(memory)
    return np.split(features, np.cumsum(n_rows)[:-1])


def _bits(numbers):
    """0 and -0 are equal as numbers, and NaN is not equal to itself."""
    return numbers.view(f"u{numbers.itemsize}")


def _write(sets, divisor, path):
    """Make the file: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(number, "wb") as file:
            for block in _blocks(sets, divisor, path):
                file.write(block)
            os.fchmod(file.fileno(), path.parent.stat().st_mode & 0o444 | 0o200)  # for whom the folder is
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
