"""Sums, products, quotients and powers of elements."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check, check_compiled_too, outcomes, variable_of

NAN, INF = np.nan, np.inf
on_the_cpu = pytest.mark.skipif(theano.config.device != "cpu", reason="a GPU has code of its own")


@pytest.mark.parametrize(
    "expression, right",
    [
        (lambda x: x - x, [NAN, NAN, 0, 0]),
        (lambda x: x + 1 - x, [NAN, NAN, 1, 1]),
        (lambda x: x / x, [NAN, NAN, NAN, 1]),
        (lambda x: x * 2 / x, [NAN, NAN, NAN, 2]),
        (lambda x: (1 / x + 2) * x, [INF, NAN, NAN, 5]),
        (lambda x: 0 * x, [NAN, NAN, 0, 0]),
        (lambda x: 0 / x, [0, NAN, NAN, 0]),
        (lambda x: x / abs(x), [NAN, NAN, NAN, 1]),
        (lambda x: x * np.float32(0) * 3, [NAN, NAN, 0, 0]),
    ],
)
def test_infinity_nan_and_0_are_not_cancelled(expression, right):
    check(right, expression, [INF, NAN, 0, 2])


def test_what_is_lost_in_a_large_sum_stays_lost():
    check([0, 0], lambda x, y: x + y - x, [1e20, -1e20], [1, 1])


def test_a_product_with_a_matrix_of_zeros_sees_infinity():
    check([[NAN, NAN]], lambda x: T.dot(np.zeros((1, 2), "float32"), x), [[INF, NAN], [0, 1]])


@pytest.mark.parametrize("k", [-1, 0, 1, 5])
def test_triangles_without_what_is_outside(k):
    m = array([[1, INF, 3], [NAN, 5, NAN]])
    check([np.tril(m, k), np.triu(m, k)], lambda m: [T.tril(m, k), T.triu(m, k)], m)
    check(np.tril(np.ones((2, 3)), k), lambda m: T.grad(T.sum(T.tril(m, k)), m), array(np.ones((2, 3))))


def test_integers_cancel():
    x = T.ivector("x")
    function = theano.function([x], [x - x, 0 * x], mode=theano.Mode("py", "fast_run"))
    assert not any(node.op in (T.sub, T.mul) for node in function.maker.fgraph.apply_nodes)
    assert [result.tolist() for result in function(array([3, 5], "int32"))] == [[0, 0], [0, 0]]


@pytest.mark.parametrize("expression", [lambda x: T.log(T.nnet.sigmoid(x)), lambda x: T.log(1 - T.nnet.sigmoid(-x))])
def test_positive_factors_cancel_so_that_the_gradient_of_a_cross_entropy_is_finite(expression):
    found = outcomes(lambda x: T.grad(T.sum(expression(x)), x), [-1000, -100, 0, 100])["FAST_RUN"][0]
    np.testing.assert_allclose(found, [1, 1, 0.5, 0], atol=1e-6)


def compiled(inputs, outputs):
    return theano.function(inputs, outputs, mode=theano.Mode("py", "fast_run"), on_unused_input="ignore")


def operations(function):
    return [str(node.op) for node in function.maker.fgraph.toposort()]


def test_what_is_multiplied_by_zeros_like_is_dropped():
    x, W = T.matrices("x", "W")
    gradient = T.grad(T.sum(theano.gradient.zero_grad(T.exp(T.dot(x, W))) * T.sum(x)), W)
    function = compiled([x, W], gradient)
    assert not any("exp" in operation for operation in operations(function))
    assert function(array([[1000, 2]]), array([[1], [1]])).tolist() == [[0], [0]]


def test_a_forward_derivative_of_a_square():
    check([1.5, 1.5, 12], lambda x: T.Rop(x**2, x, x + 1), [0.5, -1.5, 2.0], modes={"": theano.Mode("py", "fast_run")})


@pytest.mark.parametrize("penalty", [lambda W: 0.0 * abs(W).sum(), lambda W: np.float32(0) * (W**2).sum()])
def test_a_penalty_that_is_switched_off_costs_nothing(penalty):
    x, W = T.matrix("x"), theano.shared(np.eye(2, dtype="float32"))
    cost = T.sum(T.tanh(T.dot(x, W)))
    with_penalty, without = (operations(compiled([x], [c, T.grad(c, W)])) for c in (cost + penalty(W), cost))
    assert sorted(with_penalty) == sorted(without)


def test_0_times_what_is_no_shared_variable_is_computed():
    W = theano.shared(array([INF]))
    check([NAN], lambda x: 0 * (W * x), [1.0])


# Constants ---------------------------------------------------------------------------------------------------------------


def test_constants_whose_product_is_no_float_are_not_multiplied():
    large, small = np.float32(1e30), np.float32(1e-30)
    check([1e30], lambda x: x * large * large, [1e-30])
    check([3e-22], lambda x: x * small * small, [3e38], rtol=1e-5)


@pytest.mark.parametrize("epsilon", [1e-6, 1e-8, 1e-10])
def test_an_epsilon_after_1_minus_p_is_not_lost(epsilon):
    check([np.log(epsilon)], lambda p: T.log(1 - p + epsilon), [1.0])


def test_constants_that_add_up_exactly_are_added():
    x = T.vector("x")
    function = theano.function([x], x + 1 + 2 - 0.5, mode=theano.Mode("py", "fast_run"))
    (node,) = (node for node in function.maker.fgraph.apply_nodes if isinstance(node.op, T.Elemwise))
    assert len(node.inputs) == 2
    np.testing.assert_array_equal(function(array([1])), [3.5])


def test_products_of_large_integers_are_exact():
    check([(2**40 + 1) * (2**20 + 1)], lambda x: x * (2**40 + 1) * (2**20 + 1), array([1], "int64"), rtol=0)


# Types --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, values, right",
    [
        (lambda x: -x * T.constant(np.float32(2)), array([3], "uint8"), 506),
        (lambda x: (x + x) + T.constant(np.int64(1)), array([200], "uint8"), 145),
        (lambda x: (x * x) * T.constant(np.float32(0.5)), array([100], "uint8"), 8),
        (lambda x: x * 200, array([3], "uint8"), 600),
        (lambda x: x**2, array([100], "uint8"), 10_000),
        (lambda x: x**3, array([20], "uint8"), 8_000),
        (lambda x: x ** T.constant(np.int64(2)), array([100], "int8"), 10_000),
        (lambda x: x ** T.constant(np.float64(2)), array([1.1]), float(np.float32(1.1)) ** 2),
        (lambda x: abs(x * T.constant(np.int8(2))), array([100], "int8"), 56),
        (lambda x: abs(x) * abs(T.constant(np.int8(2)) * x), array([-9], "int8"), -94),
        (lambda x: -(T.constant(np.uint8(3)) / x), array([2]), -1.5),
        (lambda x: T.add(x, x, T.constant(np.float32(0))), array([100], "int8"), 200),
    ],
)
def test_integers_are_computed_in_their_own_type(expression, values, right):
    check([right], expression, values)


def test_a_power_of_minus_128():
    check([1.1**-128], lambda x: x**-128, [1.1], rtol=1e-4)


def test_the_gradient_of_a_power_0():
    check([0, 0], lambda x: T.grad(T.sum(x**0), x), [0, 1])
    check([0, 1, 12, 0], lambda x, y: T.grad(T.sum(x**y), x), [0, 0, 2, 0], [0, 1, 3, 2])


def test_the_gradient_of_a_square_is_a_product():
    x = T.vector("x")
    function = compiled([x], T.grad(T.sum(x**2), x))
    assert not any("pow" in operation.lower() or "switch" in operation.lower() for operation in operations(function))
    np.testing.assert_array_equal(function(array([3])), [6])


@pytest.mark.parametrize("operator", [T.mul, T.true_div])
def test_a_switch_with_a_wider_zero(operator):
    zero = T.constant(np.float64(0))
    right = [0, 9 if operator is T.mul else 1]
    check(right, lambda x, c: operator(T.switch(c, zero, x), x), [2, 3], array([True, False], bool), dtype="float64")


@pytest.mark.parametrize("condition", [True, False])
def test_a_switch_on_a_constant(condition):
    x = T.vector("x")
    function = compiled([x], [T.switch(np.bool_(condition), x, 2 * x), T.switch(np.array([condition]), x, x)])
    assert not any("witch" in operation for operation in operations(function))
    assert function(array([3]))[0] == (3 if condition else 6)


def test_a_quotient_of_switches_between_two_types():
    def build(c, n, x):
        either = T.switch(c, n, x)
        return either / either

    check([1, NAN], build, array([True, False], bool), array([2, 2], "int64"), [1, 0])


def test_integers_to_negative_powers_are_refused():
    with pytest.raises(ValueError, match="negative integer powers"):
        outcomes(lambda x: x**-1, array([2], "int64"))


# Quotients -------------------------------------------------------------------------------------------------------------------


@on_the_cpu
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quotients_of_floats_are_numpys(dtype):
    x, y = (
        a.ravel()
        for a in np.meshgrid(
            array([-7, -1, -0.0, 0.3, 1, 7, INF, NAN], dtype), array([-2, -0.1, 0, 0.1, 2, INF], dtype)
        )
    )
    with np.errstate(all="ignore"):
        right = [x // y, x % y]
    right[1] = np.where(np.isinf(y) & np.isfinite(x), np.where((x < 0) == (y < 0), x, np.where(x == 0, 0, y)), right[1])
    found = outcomes(
        lambda x, y: [x // y, T.mod(x, y)], x, y, modes={"": theano.Mode("cvm", "fast_run").excluding("gpuarray")}
    )[""]
    np.testing.assert_array_equal(found[0], right[0])


@on_the_cpu
@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_quotients_of_integers_are_rounded_down(dtype):
    x, y = array([-7, 7, -7, 7, 0], dtype), array([2, -2, -2, 2, -1], dtype)
    check_compiled_too([x // y, x % y], lambda x, y: [x // y, x % y], x, y, dtype=dtype)


@on_the_cpu
@pytest.mark.parametrize("dtype", ["int16", "int64", "uint8", "uint64"])
def test_quotients_of_the_smallest_and_the_largest_integers(dtype):
    x, y = (a.ravel() for a in np.meshgrid([np.iinfo(dtype).min, np.iinfo(dtype).max], array([3, 7, 2], dtype)))
    x = x.astype(dtype)
    check_compiled_too([x // y, x % y], lambda x, y: [x // y, x % y], x, y, dtype=dtype, rtol=0)


def test_a_float_divided_by_1_is_rounded_down():
    check([2, -3], lambda x: x // 1, [2.5, -2.5])


@pytest.mark.parametrize("expression", [lambda x, y: x // y, lambda x, y: x % y, lambda x, y: x // T.constant(0)])
def test_integers_divided_by_0_are_an_error_in_each_mode(expression):
    values = array([-7], "int64"), array([0], "int64")
    variables = [variable_of(value) for value in values]
    for optimizer in ("fast_run", "fast_compile", None):
        with pytest.raises(ZeroDivisionError):
            mode = theano.Mode("py", optimizer)
            theano.function(variables, expression(*variables), mode=mode, on_unused_input="ignore")(*values)


def test_a_branch_that_is_not_taken_does_not_divide_by_0():
    check(
        [3, 1],
        lambda c, x, y: T.switch(c, x, 1) // T.switch(c, y, 1),
        array([True, False]),
        array([6, 6], "int64"),
        array([2, 0], "int64"),
    )


# Types in C++ --------------------------------------------------------------------------------------------------------------


@on_the_cpu
def test_a_float32_and_a_large_integer_are_computed_in_float64():
    x, n = array([1, 16777216, 3]), array([3, 16777217, 2], "int64")
    wide = x.astype("float64")
    right = [wide + n, wide - n, wide * n, wide / n, np.maximum(wide, n), np.minimum(wide, n)]

    def build(x, n):
        return [x + n, x - n, x * n, x / n, T.maximum(x, n), T.minimum(x, n)]

    check_compiled_too(right, build, x, n, rtol=1e-15, dtype="float64")
    check_compiled_too(
        [wide == n, wide < n, wide >= n, np.where([0, 1, 0], wide, n)],
        lambda x, n: [T.eq(x, n), T.lt(x, n), T.ge(x, n), T.switch(np.array([False, True, False]), x, n)],
        *(x, n),
        rtol=0,
    )


# Clip ----------------------------------------------------------------------------------------------------------------------


@on_the_cpu
def test_clip_is_numpys():
    x, low, high = (
        array([0, 1.5, 3, NAN, 0, 0, 5, 2]),
        array([2, 2, 2, 0, NAN, 0, 0, 0]),
        array([1, 1, 1, 1, 1, NAN, 3, 3]),
    )
    check_compiled_too(np.clip(x, low, high), T.clip, x, low, high)
    integers = array([0, 5, 9], "int32"), array([6, 6, 6], "int32"), array([4, 4, 4], "int32")
    check_compiled_too([4, 4, 4], T.clip, *integers, dtype="int32")


def test_the_gradient_of_clip_goes_to_what_the_result_is():
    values = array([0, 1, 2, 5]), array([0, 2, 0, 0]), array([1, 3, 1, -1])

    def gradients(x, low, high):
        return T.grad(T.sum(T.clip(x, low, high)), [x, low, high])

    check([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]], gradients, *values)
