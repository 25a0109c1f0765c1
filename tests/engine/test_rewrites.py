"""What the rewrites make faster is faster made, and computes the same."""

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.updates import apply_momentum, sgd


@pytest.fixture(autouse=True)
def a_rewrite_that_fails_is_an_error(monkeypatch):
    monkeypatch.setattr(theano.config, "on_opt_error", "raise")  # Theano prints a warning, and goes on


def network():
    rng = np.random.RandomState(0)
    x, t = T.matrix("x"), T.matrix("t")
    W = theano.shared(rng.normal(size=(6, 4)).astype("float32"), name="W")
    b = theano.shared(np.zeros(4, "float32"), name="b")
    return [x, t], T.mean((T.tanh(T.dot(x, W) + b) - t) ** 2), [W, b]


def operations(function):
    return [type(node.op).__name__ for node in function.maker.fgraph.toposort()]


@pytest.mark.skipif(theano.config.device != "cpu", reason="on a GPU the sums are fused into one loop instead")
def test_momentum_adds_the_gradient_to_the_velocity_in_place():
    inputs, cost, params = network()
    step = theano.function(inputs, cost, updates=apply_momentum(sgd(cost, params, 0.1), 0.9))
    assert operations(step).count("Gemm") == 1
    assert "Dot22Scalar" not in operations(step)


def compiled(outputs, inputs):
    return theano.function(inputs, outputs, mode=theano.Mode(linker="py", optimizer="fast_run").excluding("gpuarray"))


# Loops over arrays of one shape --------------------------------------------------------------------------------------

on_the_cpu = pytest.mark.skipif(theano.config.device != "cpu", reason="on a GPU Theano's own fusion is on")


def of_the_cpu(function):
    """Its element-wise operations on arrays, as Theano prints them."""
    nodes = [node for node in function.maker.fgraph.toposort() if type(node.op) is T.Elemwise]
    return [str(node.op) for node in nodes if node.outputs[0].ndim > 0]


@on_the_cpu
def test_a_chain_on_arrays_of_one_shape_is_one_loop():
    a, delta = T.matrices("a", "delta")
    function = theano.function([a, delta], delta * (1 - T.sqr(a)))
    (operation,) = of_the_cpu(function)
    assert "Composite" in operation
    values = np.random.RandomState(0).normal(size=(2, 5, 7)).astype("float32")
    np.testing.assert_allclose(function(*values), values[1] * (1 - values[0] ** 2), rtol=1e-5)
    columns_first = np.asfortranarray(values[0])
    np.testing.assert_allclose(function(columns_first, values[1]), values[1] * (1 - values[0] ** 2), rtol=1e-5)


@on_the_cpu
def test_an_input_that_is_used_twice_is_read_once():
    a, b = T.matrices("a", "b")
    function = theano.function([a, b], (a + b) * T.exp(a) - b)
    (operation,) = of_the_cpu(function)
    assert len(function.maker.fgraph.outputs[0].owner.inputs) == 2
    x, y = np.float32([[[1, 2]], [[3, 5]]])
    np.testing.assert_allclose(function(x, y), (x + y) * np.exp(x) - y, rtol=1e-5)


def of_three(expression):
    """How many element-wise operations remain of those in an expression of two matrices and a row."""
    a, b, row = T.matrix("a"), T.matrix("b"), T.vector("row")
    return len(of_the_cpu(theano.function([a, b, row], expression(a, b, row), on_unused_input="ignore")))


@on_the_cpu
def test_a_bias_that_is_repeated_for_each_row_stays_a_loop_of_its_own():
    assert of_three(lambda a, b, row: T.tanh(a + row)) == 2


@on_the_cpu
def test_vectors_stay_as_they_are():
    assert of_three(lambda a, b, row: row - 0.1 * T.exp(row)) == 3


@on_the_cpu
def test_arrays_of_different_types_stay_apart():
    assert of_three(lambda a, b, row: T.cast(a < b, "float32")) == 2


@on_the_cpu
def test_what_others_read_too_is_computed_once():
    def twice(a, b, row):
        sine = T.sin(a)
        return [T.cos(sine), sine]

    assert of_three(twice) == 2


@on_the_cpu
def test_a_single_number_is_read_by_the_loop():
    a, factor = T.matrix("a"), T.scalar("factor")
    function = theano.function([a, factor], factor * T.sqr(a))
    assert len(of_the_cpu(function)) == 1
    np.testing.assert_array_equal(function(np.float32([[1, 2]]), np.float32(3)), [[3, 12]])


@on_the_cpu
def test_operations_without_c_code_stay_as_they_are():
    x = T.matrix("x")
    function = theano.function([x], T.grad(T.sum(T.erfinv(x)), x))
    assert not any("erfinv" in operation and "Composite" in operation for operation in of_the_cpu(function))
    np.testing.assert_allclose(function(np.float32([[0, 0.5]])), [[0.8862269, 1.1125850]], rtol=1e-5)


@on_the_cpu
def test_fusion_can_be_excluded():
    a = T.matrix("a")
    function = theano.function([a], T.exp(T.sqr(a)), mode=theano.compile.get_default_mode().excluding("fusion"))
    assert len(of_the_cpu(function)) == 2


# Sums over the mini-batch --------------------------------------------------------------------------------------------


@on_the_cpu
@pytest.mark.parametrize("rows, columns", [(600, 500), (1, 3), (0, 4), (5, 0), (3, 1)])
@pytest.mark.parametrize("arrangement", ["rows", "columns", "every second", "backwards"])
def test_rows_are_added_up(rows, columns, arrangement):
    x = T.matrix("x")
    function = theano.function([x], T.sum(x, axis=0))
    assert operations(function) == ["SumRows"]
    values = np.random.RandomState(0).uniform(size=(2 * rows, 2 * columns)).astype("float32")
    views = {
        "rows": values[:rows, :columns].copy(),
        "columns": np.asfortranarray(values[:rows, :columns]),
        "every second": values[::2, ::2],
        "backwards": values[rows - 1 :: -1, ::-1] if rows else values,
    }
    view = views[arrangement]
    for _ in range(2):  # the second time into the array of the first
        np.testing.assert_array_equal(function(view), view.sum(axis=0, dtype="float64").astype("float32"))


@on_the_cpu
def test_sums_of_many_rows_are_as_exact_as_theanos():
    x = T.matrix("x")
    values = np.full((300_000, 2), 0.1, "float32")
    result = theano.function([x], T.sum(x, axis=0))(values)
    np.testing.assert_allclose(result, 300_000 * np.float64(np.float32(0.1)), rtol=1e-7)


def test_the_shape_of_a_sum_needs_no_sum():
    x = T.matrix("x")
    assert "SumRows" not in operations(theano.function([x], T.sum(x, axis=0).shape[0]))


@pytest.mark.parametrize(
    "expression",
    [
        lambda x: T.sum(x, axis=1),
        lambda x: T.sum(x),
        lambda x: T.sum(x, axis=0, acc_dtype="float32"),
        lambda x: T.sum(T.cast(x, "float64"), axis=0),
        lambda x: T.max(x, axis=0),
    ],
)
def test_other_sums_are_left_to_theano(expression):
    x = T.matrix("x")
    assert "SumRows" not in operations(theano.function([x], expression(x)))


@on_the_cpu
def test_a_graph_with_other_operations_keeps_them():
    x, W = T.matrix("x"), theano.shared(np.ones((2, 3), "float32"))
    function = theano.function([x], T.sum(T.dot(x, W), axis=0), updates=[(W, W + T.dot(x.T, T.dot(x, W)))])
    assert sorted(set(operations(function)) - {"InplaceDimShuffle", "DimShuffle"}) == ["Dot22", "Gemm", "SumRows"]
    np.testing.assert_array_equal(function(np.float32([[1, 2]])), [3, 3, 3])
    np.testing.assert_array_equal(W.get_value(), [[4, 4, 4], [7, 7, 7]])


def test_without_a_compiler_rows_are_added_up_too():
    x = T.matrix("x")
    function = compiled(T.sum(x, axis=0), [x])
    np.testing.assert_array_equal(function(np.float32([[1, 2], [3, 4]])), [4, 6])
