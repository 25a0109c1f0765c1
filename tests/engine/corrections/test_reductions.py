"""Sums, products, minima, and their gradients."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check, check_compiled_too, outcomes

from deeplearning_tutorial.engine.corrections.reductions import LinearRecurrence

INF = np.inf
X = np.arange(1, 13).reshape(3, 4)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("factor", [2, -1, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_of_scaled_arrays(axis, factor, dtype):
    values = X.astype(dtype) / 6
    check(
        np.prod(factor * values, axis=axis),
        lambda x: T.prod(np.asarray(factor, dtype) * x, axis=axis),
        values,
        rtol=1e-5,
    )


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_sums_of_scaled_arrays(axis):
    check(np.sum(-3.0 * X, axis=axis), lambda x, s: T.sum(-(x * s), axis=axis), array(X), array(3))


def test_a_sum_that_fits_is_not_scaled_after_it():
    check(np.float32(3e35), lambda x, s: T.sum(x * s), [3e38] * 10, array(1e-4))


@pytest.mark.parametrize("factor", [INF, np.nan, 2])
def test_the_sum_of_no_elements_is_0_and_their_product_1(factor):
    check([0, 1], lambda x, s: [T.sum(x * s), T.prod(x * s)], array(np.zeros(0)), array(factor))
    check([0.0, 0.0], lambda x, s: T.sum(x / s.dimshuffle("x", 0), axis=0), array(np.zeros((0, 2))), array([0, factor]))


@pytest.mark.parametrize(
    "expression, right",
    [
        (lambda x: T.sum(x * T.constant(np.uint8(2))), 150),
        (lambda x: T.sum(-x), 309),
        (lambda x: T.sum(T.sum(x.reshape((2, 1)), axis=1, dtype="uint8") * 3), 609),
        (lambda x: T.sum(T.sum(T.stack([x, x]), axis=0, dtype="uint8")), 150),
    ],
)
def test_integers_wrap_around_where_they_are_added(expression, right):
    check(right, expression, array([200, 3], "uint8"))


def test_the_type_of_a_sum_over_an_axis_of_length_1_is_kept():
    def build(x):
        column = T.addbroadcast(x, 1)
        return [
            T.sum(column, axis=(0, 1), dtype="float64"),
            T.sum(column, axis=1, dtype="float64"),
            T.prod(column, axis=1),
        ]

    check([3, [1, 2], [1, 2]], build, [[1], [2]])


def test_the_type_in_which_is_added_is_kept():
    x = T.vector("x")
    function = theano.function([x], T.sum(x, axis=(0,), acc_dtype="float32"), mode=theano.Mode("py", "fast_run"))
    (node,) = function.maker.fgraph.apply_nodes
    assert node.op.acc_dtype == "float32"


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("value", [3, INF, np.nan])
@pytest.mark.parametrize("rows", [0, 2])
def test_sums_and_products_of_copies(axis, value, rows):
    copies = np.full((rows, 3), value, "float32")

    def build(n):
        filled = T.alloc(np.float32(value), n, 3)
        return [T.sum(filled, axis=axis), T.prod(filled, axis=axis)]

    check([copies.sum(axis=axis), copies.prod(axis=axis)], build, array(rows, "int64"))


def test_sums_of_copies_of_a_row():
    check([9, 9, 9, 9], lambda n: T.sum(T.alloc(array([3]), n, 4), axis=0), array(3, "int64"))


@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_float64_take_roots_of_float64(keepdims):
    x = array([[1, 1, 1, 1, 1]], "float64")
    right = np.full((1, 1), 5 ** (1 / 3)) if keepdims else [5 ** (1 / 3)]
    check(right, lambda x: x.norm(3, axis=1, keepdims=keepdims), x, rtol=1e-14)


# Minima --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16"])
def test_minima_and_maxima_of_integers(dtype):
    smallest = 0 if dtype == "bool" else np.iinfo(dtype).min
    values = array([[1, smallest, 1], [smallest, 1, smallest]], dtype)

    def build(x):
        return [T.min(x), T.max(x), T.argmin(x), T.argmax(x), T.min(x, axis=1), T.argmin(x, axis=0)]

    right = [values.min(), values.max(), values.argmin(), values.argmax(), values.min(axis=1), values.argmin(axis=0)]
    check(right, build, values)


def test_minima_and_maxima_see_nan():
    check([np.nan, np.nan, 1, 1], lambda x: [T.min(x), T.max(x), T.argmin(x), T.argmax(x)], [1, np.nan, 3])


# Cumulative products --------------------------------------------------------------------------------------------------------


def gradient_of_cumprod(x, weights, axis):
    """By differences of the products themselves, in float64: they are linear in each element."""
    gradient = np.zeros_like(x, dtype="float64")
    for index in np.ndindex(*x.shape):
        ones, zeros = x.astype("float64"), x.astype("float64")
        ones[index], zeros[index] = 1, 0
        gradient[index] = ((np.cumprod(ones, axis) - np.cumprod(zeros, axis)) * weights).sum()
    return gradient


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_the_gradient_of_a_cumulative_product_at_zeros(axis):
    x = array([[2, 0, 3, 4], [0, 5, 0, -1], [1, 2, 3, 0.5]])
    weights = array(np.cumprod(x, axis=axis) * 0 + np.arange(12).reshape((12,) if axis is None else (3, 4)))

    def build(x):
        return T.grad(T.sum(T.cumprod(x, axis=axis) * weights), x)

    check(gradient_of_cumprod(x, weights, axis), build, x)


def test_its_second_derivative():
    x = array([2, 0, 3])

    def build(x):
        return T.grad(T.grad(T.sum(T.cumprod(x)), x).sum(), x)

    check(second_derivative(x), build, x, rtol=1e-3)


def second_derivative(x):
    step = 1e-4
    ones = np.ones(len(x))
    return [
        (gradient_of_cumprod(x + step * e, ones, 0) - gradient_of_cumprod(x - step * e, ones, 0)).sum() / (2 * step)
        for e in np.eye(len(x))
    ]


def test_a_recurrence_needs_arrays_of_one_type():
    with pytest.raises(TypeError, match="one shape and type"):
        LinearRecurrence(0)(T.fvector(), T.dvector())


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_recurrence(length):
    a, b = np.arange(1, length + 1), np.ones(length)
    y = np.zeros(length)
    for i in range(length):
        y[i] = (a[i] * y[i - 1] if i else 0) + b[i]
    check(y, lambda a, b: LinearRecurrence(0)(a, b), array(a), array(b))


def test_products_without_zeros_are_as_before():
    x = array([2, 3, 4])
    found = outcomes(lambda x: T.grad(T.prod(x), x), x)
    assert all(gradients[0].tolist() == [12, 8, 6] for gradients in found.values())


@pytest.mark.parametrize("x", [[[0, 2, 0]], [[0, 2], [3, 0]], [[0, 1], [0, 2]]])
def test_the_gradient_of_products_with_zeros(x):
    x = array(x)
    right = [[np.delete(x[:, j], i).prod() for j in range(x.shape[1])] for i in range(x.shape[0])]
    check_compiled_too(right, lambda x: T.grad(T.sum(T.prod(x, axis=0)), x), x)


def test_the_gradient_of_products_along_an_axis_of_one_element():
    check([[1, 1]], lambda x: T.grad(T.sum(T.prod(T.addbroadcast(x, 0), axis=0)), x), [[0, 2]])


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8"])
def test_cumulative_sums_of_integers_keep_their_type(dtype):
    x = array([[1, 2], [100, 100]], dtype)
    right = [x.cumsum(dtype=dtype), x.cumprod(axis=0, dtype=dtype)]
    check_compiled_too(right, lambda x: [T.cumsum(x), T.cumprod(x, axis=0)], x, dtype=dtype)


def test_scaled_products_when_compiled():
    check_compiled_too(
        np.prod(2.0 * X / 6, axis=1), lambda x: T.prod(np.float32(2) * x, axis=1), array(X / 6), rtol=1e-5
    )
