"""What Theano's operations mean, in NumPy. `D` is the type of the result; where it is a float, all is computed in it."""

import numpy as np
import scipy.special


def each(function, D, *arrays):
    """An element-wise function of arrays that are converted to the type of the result first."""
    return function(*(np.asarray(a).astype(D) for a in arrays))


def sigmoid(x):
    return scipy.special.expit(x)


def softplus(x):
    return np.logaddexp(x, np.zeros_like(x))


def relu(x, slope=0):
    return np.where(x > 0, x, x * np.asarray(slope, x.dtype)) if slope else np.maximum(x, 0)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def hard_sigmoid(x):
    return np.clip(x * x.dtype.type(0.2) + x.dtype.type(0.5), 0, 1)


def clip(x, low, high):
    return np.minimum(np.maximum(x, low), high)


def softmax(x):
    x = np.atleast_2d(x)
    if x.shape[1] == 0:
        return x
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logsoftmax(x):
    x = np.atleast_2d(x)
    moved = x - x.max(axis=1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(axis=1, keepdims=True))


def binary_crossentropy(p, t):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def categorical_crossentropy(p, y):
    if y.ndim == p.ndim:
        return -(y * np.log(p)).sum(axis=1)
    return -np.log(p[np.arange(len(y)), y])


def put(x, index, y, add=False):
    """`x` with what is at an index replaced, or added to; of repeated indices the last counts, or all are added."""
    x = x.copy()
    y = np.asarray(y).astype(x.dtype)
    if add:
        np.add.at(x, index, y)
    else:
        x[index] = y
    return x


def batched_dot(x, y):
    return np.stack([np.dot(a, b) for a, b in zip(x, y)]) if len(x) else np.zeros((0, *x.shape[1:-1], *y.shape[2:]))


def pool(x, size, stride=None, mode="max", ignore_border=True):
    """Pooling of the last two axes without a border that is not full."""
    stride = stride or size
    rows = (x.shape[-2] - size[0]) // stride[0] + 1
    columns = (x.shape[-1] - size[1]) // stride[1] + 1
    result = np.zeros((*x.shape[:-2], max(rows, 0), max(columns, 0)), x.dtype)
    for i in range(result.shape[-2]):
        for j in range(result.shape[-1]):
            window = x[..., i * stride[0] : i * stride[0] + size[0], j * stride[1] : j * stride[1] + size[1]]
            window = window.reshape(*x.shape[:-2], size[0] * size[1])
            result[..., i, j] = {"max": np.max, "sum": np.sum, "average_exc_pad": np.mean}[mode](window, axis=-1)
    return result


def conv2d(x, w):
    """Convolution of images (n, channels, rows, columns) with filters (n, channels, rows, columns) that are flipped."""
    w = w[:, :, ::-1, ::-1]
    rows, columns = x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1
    if min(rows, columns) < 1:
        raise ValueError("the filters are larger than the images")
    result = np.zeros((len(x), len(w), rows, columns), x.dtype)
    for i in range(rows):
        for j in range(columns):
            result[:, :, i, j] = np.tensordot(
                x[:, :, i : i + w.shape[2], j : j + w.shape[3]], w, ([1, 2, 3], [1, 2, 3])
            )
    return result


def roll(x, shift, axis):
    return np.roll(x, shift, axis)


def split(x, sizes, which, axis):
    return np.split(x, np.cumsum(sizes)[:-1], axis)[which]


def cumulated(x, start, function):
    result, value = [], start
    for row in x:
        value = function(row, value)
        result.append(value)
    return np.stack(result) if result else np.zeros((0, *np.shape(start)), x.dtype)


def fill_diagonal(x, value):
    x = x.copy()
    np.fill_diagonal(x, value)
    return x


def norm(x, order):
    return np.power((np.abs(x) ** x.dtype.type(order)).sum(), x.dtype.type(1 / order))


def shaped(x, shape, D):
    return np.broadcast_to(np.asarray(x).astype(D), shape).copy()


def one_hot(y, n, D):
    return np.eye(n, dtype=D)[y]
