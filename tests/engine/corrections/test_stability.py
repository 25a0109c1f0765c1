"""Logarithms of sums of exponentials, sigmoid and softplus."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import COMPILED, IN_PYTHON, array, check, check_compiled_too, outcomes
from scipy import special

NAN, INF = np.nan, np.inf
FAST_RUN = {"FAST_RUN": IN_PYTHON["FAST_RUN"]}
on_the_cpu = pytest.mark.skipif(theano.config.device != "cpu", reason="a GPU has code of its own")


@pytest.mark.parametrize(
    "x, y", [(-INF, -INF), (INF, INF), (-INF, INF), (0, -INF), (INF, 0), (NAN, 0), (1000, 1000), (-1000, -1001), (1, 2)]
)
def test_log_of_two_exponentials(x, y):
    check([np.logaddexp(x, y)], lambda x, y: T.log(T.exp(x) + T.exp(y)), [x], [y], modes=FAST_RUN)


ROWS = array([[-INF, -INF], [INF, 0], [-INF, 0], [NAN, 0], [1000, 1000], [1, 2]])


@pytest.mark.parametrize("axis, keepdims", [(1, False), (1, True), (0, False), (None, False)])
def test_log_of_the_sum_of_exponentials(axis, keepdims):
    right = np.logaddexp.reduce(ROWS.astype("float64"), axis=axis, keepdims=keepdims)
    if keepdims:
        right = np.log(np.array([[0], [INF], [1], [NAN], [1], [1]])) + [
            [0],
            [0],
            [0],
            [0],
            [1000 + np.log(2)],
            [np.log(np.e + np.e**2)],
        ]
    check(right, lambda x: T.log(T.sum(T.exp(x), axis=axis, keepdims=keepdims)), ROWS, modes=FAST_RUN)


@pytest.mark.parametrize("axis, right", [(1, [-INF, -INF]), (None, -INF)])
def test_log_of_the_sum_of_no_exponentials(axis, right):
    check(right, lambda x: T.log(T.sum(T.exp(x), axis=axis)), array(np.zeros((2, 0))))


@on_the_cpu
def test_log_of_the_sum_when_compiled():
    def build(x):
        return T.log(T.sum(T.exp(x), axis=1))

    check([-INF, INF, 0, NAN, 1000 + np.log(2), np.log(np.e + np.e**2)], build, ROWS, modes=COMPILED)
    check([-INF, -INF], build, array(np.zeros((2, 0))), modes=COMPILED)


def test_softmax_of_a_sum_that_is_an_output_too():
    def build(x, b):
        return [T.nnet.softmax(T.dot(x, x) + b), T.dot(x, x)]

    check([[[1, 0], [1, 0]], [[400, 0], [400, 0]]], build, [[20, 0], [20, 0]], [1, 1])


# Constants that are nearly 1 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, right",
    [
        (lambda x: T.log(1 - T.nnet.sigmoid(x) + 1e-6), np.log(1e-6)),
        (
            lambda x: T.log(T.constant(np.float32(1.000001)) - T.nnet.sigmoid(x)),
            np.log(np.float64(np.float32(1.000001)) - 1),
        ),
        (lambda x: T.log(T.constant(np.float32(1.00001)) + (x - 51)), np.log(np.float64(np.float32(1.00001)) - 1)),
        (lambda x: T.inv(T.constant(np.float32(1.00001)) + T.exp(-x)), 1 / np.float64(np.float32(1.00001))),
        (lambda x: 1 / (T.constant(np.float32(1.00001)) + T.exp(-x)), 1 / np.float64(np.float32(1.00001))),
    ],
)
def test_nearly_1_is_not_1(expression, right):
    check([right], expression, [50.0], rtol=2e-7)


@pytest.mark.parametrize(
    "expression, right",
    [
        (lambda x: T.log(1 - T.nnet.sigmoid(x)), -50),
        (lambda x: T.log(T.nnet.sigmoid(-x)), -50),
        (lambda x: T.log(1 + T.exp(x * 4)), 200),
        (lambda x: 1 / (1 + T.exp(x + 30)), np.exp(-80)),
    ],
)
def test_1_is_1(expression, right):
    check([right], expression, [50.0], modes=FAST_RUN, rtol=1e-6)


def test_log_of_1_plus_an_integer():
    check(np.log([1, 2, 128]), lambda x: T.log(1 + x), array([0, 1, 127], "int16"))


@pytest.mark.parametrize(
    "function", [T.nnet.softmax, T.nnet.logsoftmax, lambda x: T.nnet.softmax(x + T.sum(x, axis=0))]
)
def test_softmax_of_no_classes(function):
    check(np.zeros((4, 0)), function, array(np.zeros((4, 0))))


# Inverses ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, right",
    [
        (lambda x: T.arccosh(T.cosh(x)), [2, 0.5]),
        (lambda x: T.cosh(T.arccosh(x)), [NAN, NAN]),
        (lambda x: T.tanh(T.arctanh(x)), [NAN, 0.5]),
        (lambda x: T.sinh(T.arcsinh(x)), [-2, 0.5]),
        (lambda x: T.neg(T.neg(x)), [-2, 0.5]),
    ],
)
def test_inverse_functions(expression, right):
    check(right, expression, [-2, 0.5], rtol=1e-6)


def test_inverse_functions_of_integers():
    check(
        [[3], [100]], lambda x, y: [T.inv(T.inv(x)), T.rad2deg(T.deg2rad(y))], array([3], "int64"), array([100], "int8")
    )


# Rectified linear units ------------------------------------------------------------------------------------------------------

X = array([-INF, -3e38, -1, 0, 1, 3e38, INF, NAN])


@on_the_cpu
@pytest.mark.parametrize("alpha", [0, 0.5])
def test_relu_at_infinity(alpha):
    with np.errstate(invalid="ignore"):
        right = np.where(X > 0, X, alpha * X if alpha else 0 * np.nan_to_num(X))
    right[-1] = NAN
    check_compiled_too(right, lambda x: T.nnet.relu(x, alpha), X)


@pytest.mark.parametrize("alpha, right", [(0, [0, 0.5, 1]), (0.5, [0.5, 0.75, 1])])
def test_the_slope_of_relu_at_0_is_between_those_beside_it(alpha, right):
    check(right, lambda x: T.grad(T.sum(T.nnet.relu(x, alpha)), x), [-2, 0, 2])


@pytest.mark.parametrize("dtype, wanted", [("int8", "float32"), ("int64", "float64"), ("float64", "float64")])
def test_relu_of_other_types(dtype, wanted):
    check([0, 3], T.nnet.relu, array([-3, 3], dtype), dtype=wanted)


def test_relu_of_integers_whose_double_wraps_around():
    check([0, 90, 127], T.nnet.relu, array([-128, 90, 127], "int8"))


def test_relu_with_a_slope_for_each_column():
    check([[-1, 2], [3, -8]], T.nnet.relu, [[-1, 2], [3, -4]], [1, 2])


# Sigmoid and softplus --------------------------------------------------------------------------------------------------------


@on_the_cpu
@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-14)])
def test_sigmoid_and_softplus_are_as_exact_as_floats(dtype, rtol):
    x = array([-700, -100, -87, -40, -30.5, -1, 0, 1, 14.5, 15.5, 16.5, 19.5, 36, 80, 800, INF, -INF, NAN], dtype)
    e = np.exp(-np.abs(x.astype("longdouble")))
    right = [np.where(x < 0, e / (1 + e), 1 / (1 + e)), np.where(x > 0, x, 0) + np.log1p(e)]
    for name, arrays in outcomes(
        lambda x: [T.nnet.sigmoid(x), T.nnet.softplus(x)], x, modes=IN_PYTHON | COMPILED
    ).items():
        for found, wanted in zip(arrays, right):
            smallest = float(np.finfo(dtype).tiny)  # below it, floats have fewer digits
            np.testing.assert_allclose(found, wanted.astype("float64"), rtol=rtol, atol=smallest, err_msg=name)


def test_1_minus_a_sigmoid_of_the_compiled_function_is_not_0():
    for name, ((p,),) in outcomes(
        lambda x: [T.nnet.sigmoid(x)], array([19.5], "float64"), modes=IN_PYTHON | COMPILED
    ).items():
        assert 1 - p == pytest.approx(1 / (1 + np.exp(19.5)), rel=1e-6), name


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "bool"])
def test_sigmoid_and_softplus_of_integers(dtype):
    x = array([0, 1], dtype)
    right = [1 / (1 + np.exp(-array([0, 1], "float64"))), np.log1p(np.exp(array([0, 1], "float64")))]
    check(right, lambda x: [T.nnet.sigmoid(x), T.nnet.softplus(x)], x, rtol=1e-5)


# Special functions ---------------------------------------------------------------------------------------------------------


@on_the_cpu
@pytest.mark.parametrize("dtype, rtol", [("float32", 2e-5), ("float64", 1e-8)])
def test_digamma_and_trigamma_of_negative_numbers(dtype, rtol):
    x = array([-2.5, -1.54, -1, 0, 0.001, 0.5, 3, -0.3, NAN], dtype)
    right = [special.psi(x), special.polygamma(1, x)]
    check_compiled_too(right, lambda x: [T.psi(x), T.tri_gamma(x)], x, rtol=rtol)


def test_a_quotient_by_erfc_that_is_no_gradient_of_a_logarithm():
    def build(v, x):
        return T.grad(T.sum((v / T.erfc(x) * T.erfc(x)) ** 2), v)

    check([2, 4], build, [1, 2], [0.5, 0.5])
