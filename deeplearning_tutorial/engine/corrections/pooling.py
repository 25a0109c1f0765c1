"""The gradient of max-pooling where several numbers of a window are the largest: the first has it, as in PyTorch and JAX.

Theano 1.0.5 gives all of it to each (`theano.tensor.signal.pool.MaxPoolGrad`), up to four times as much as there is. That is no
subgradient: of max(a, b) at a = b it is (t, 1 - t), and not (1, 1). An image's flat background is full of such windows. (The CPU's;
`gpu` has the same for the device.)
"""

import re

import numpy as np
from theano.tensor.signal.pool import DownsampleFactorMaxGradGrad, MaxPoolGrad


def _first_largest(x, n_windows, size, stride, pad):
    """For each window its place, and where in each plane of `x`, by the number of the pixel, its first largest number is."""
    planes = x.reshape(-1, int(np.prod(x.shape[-len(size) :])))
    numbers = np.arange(planes.shape[1]).reshape(x.shape[-len(size) :])
    for window in np.ndindex(*n_windows):
        starts = [i * s - p for i, s, p in zip(window, stride, pad)]
        part = numbers[tuple(slice(max(start, 0), max(start + n, 0)) for start, n in zip(starts, size))].ravel()
        yield window, part[planes[:, part].argmax(axis=1)]


def _gradient(self, node, inputs, outputs):
    x, maxima, gradient, size, stride, pad = inputs
    n_windows = maxima.shape[-self.ndim :]
    result = np.zeros((int(np.prod(x.shape[: -self.ndim])), int(np.prod(x.shape[-self.ndim :]))), x.dtype)
    for window, places in _first_largest(x, n_windows, size, stride, pad):
        result[np.arange(len(result)), places] += gradient[(..., *window)].ravel()
    outputs[0][0] = result.reshape(x.shape)


def _gradient_of_gradient(self, node, inputs, outputs):
    x, maxima, gradient, size, stride, pad = inputs
    planes = gradient.reshape(int(np.prod(x.shape[: -self.ndim])), -1)
    result = np.zeros_like(maxima)
    for window, places in _first_largest(x, maxima.shape[-self.ndim :], size, stride, pad):
        result[(..., *window)] = planes[np.arange(len(planes)), places].reshape(maxima.shape[: -self.ndim])
    outputs[0][0] = result


def _mend(operation, perform, name):
    """Let the loop over a window stop at its first maximum; `name` is the variable that is declared before it."""
    c_code, c_code_cache_version = operation.c_code, operation.c_code_cache_version

    def first_only(self, *arguments):
        code = c_code(self, *arguments)
        code, declared = re.subn(rf"(dtype_\w+ \* {name};)", r"bool is_taken = false;\n\1", code)
        condition = "if (a == maximum){"
        assert declared == code.count(condition) == 1, "this is not the code of Theano 1.0.5"
        return code.replace(condition, "if (a == maximum && !is_taken){ is_taken = true;")

    operation.perform = perform
    operation.c_code = first_only
    operation.c_code_cache_version = lambda self: (*c_code_cache_version(self), "first")


_mend(MaxPoolGrad, _gradient, "gz")
_mend(DownsampleFactorMaxGradGrad, _gradient_of_gradient, "z")
