"""What NumPy 1 did and NumPy 2 does otherwise, for the lines of Theano that `replacements` puts it into.

NEP 50, in force since NumPy 2.0, lets a Python number take the type of whatever NumPy number or array stands beside it,
where before ``np.float32(1) / 3.0`` was a float64; and it refuses Python integers that do not fit.
"""

import numpy as np


def typed(number):
    """A Python number as the NumPy number of its own type, so that it counts as that beside others; others as they are."""
    if isinstance(number, np.generic | np.ndarray):
        return number
    array = np.asarray(number)
    return array if array.dtype == object else array[()]  # an integer that is too large for NumPy is compared as it is


def asarray(a, dtype, order=None):
    """``np.asarray``, where integers that do not fit wrap around, as C's do, and as NumPy's did up to 1.x.

    Raises
    ------
    OverflowError
        As NumPy 1 did: for what fits neither int64 nor, where `dtype` is uint32 or uint64, uint64.
    """
    try:
        return np.asarray(a, dtype=dtype, order=order)
    except OverflowError:
        dtype = np.dtype(dtype)
        if dtype.kind not in "iu":
            raise
        end = 2**64 if dtype.char in "ILQ" else 2**63
        numbers = [int(number) for number in np.asarray(a, dtype=object).flat]  # of 300.0 too, as NumPy 1 did
        if not all(-(2**63) <= number < end for number in numbers):
            raise
        wrapped = np.array([number % 2 ** (8 * dtype.itemsize) for number in numbers], dtype=f"u{dtype.itemsize}")
        return np.asarray(wrapped.view(dtype).reshape(np.shape(a)), order=order)


def scalar(number, dtype):
    """``np.int8(number)`` and the like, wrapping around as `asarray` does."""
    if type(number) is float and np.dtype(dtype).kind in "iu":
        number = int(number)
    if type(number) is int:
        return asarray(number, dtype)[()]
    return np.dtype(dtype).type(number)
