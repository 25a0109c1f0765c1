"""Products of any views that NumPy can make, compared with NumPy's products of contiguous copies in float64."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import theano
import theano.tensor as T
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from theano.tensor import blas
from theano.tensor.blas_c import BaseBLAS

from deeplearning_tutorial import ROOT, LogisticRegression
from deeplearning_tutorial.engine import onednn

HAS_BLAS = bool(theano.config.blas.ldflags and theano.config.cxx)
needs_blas = pytest.mark.skipif(not HAS_BLAS, reason="Theano has no BLAS here, or no compiler")

DTYPES = ["float32", "float64"]
SHAPES = [(3, 4, 2), (1, 5, 3), (4, 1, 3), (3, 4, 1), (1, 4, 1), (1, 1, 1), (17, 20, 33)]
EMPTY = [(0, 3, 2), (2, 0, 3), (2, 3, 0), (0, 0, 2), (2, 0, 0), (0, 3, 0), (0, 0, 0), (1, 0, 1)]


def numbers(*shape, dtype):
    rng = np.random.RandomState(sum(shape))
    if np.dtype(dtype).kind in "bi":
        return rng.randint(0, 2 if dtype == "bool" else 5, size=shape).astype(dtype)
    return rng.uniform(-1, 1, size=shape).astype(dtype)


def strided(shape, steps, dtype):
    """An array whose next row and next column are so many numbers on."""
    last = sum(max(length - 1, 0) * step for length, step in zip(shape, steps))
    size = np.dtype(dtype).itemsize
    return as_strided(numbers(last + 1, dtype=dtype), shape, [step * size for step in steps])


def with_odd_strides(array):
    """Of an axis of length 1, any stride will do: NumPy does not use it."""
    return as_strided(array, strides=[7 if length == 1 else step for length, step in zip(array.shape, array.strides)])


# Matrices of r rows and c columns, each in memory in its own way.
VIEWS = {
    "rows": lambda r, c, dtype: numbers(r, c, dtype=dtype),
    "columns": lambda r, c, dtype: numbers(c, r, dtype=dtype).T,
    "overlapping rows": lambda r, c, dtype: strided((r, c), (1, 1), dtype),
    "overlapping by half": lambda r, c, dtype: strided((r, c), (max(c // 2, 1), 1), dtype),
    "overlapping columns": lambda r, c, dtype: strided((r, c), (1, max(r // 2, 1)), dtype),
    "one row": lambda r, c, dtype: np.broadcast_to(numbers(1, c, dtype=dtype), (r, c)),
    "one column": lambda r, c, dtype: np.broadcast_to(numbers(r, 1, dtype=dtype), (r, c)),
    "one number": lambda r, c, dtype: np.broadcast_to(numbers(1, 1, dtype=dtype), (r, c)),
    "rows upwards": lambda r, c, dtype: numbers(r, c, dtype=dtype)[::-1],
    "columns backwards": lambda r, c, dtype: numbers(r, c, dtype=dtype)[:, ::-1],
    "all backwards": lambda r, c, dtype: numbers(c, r, dtype=dtype)[::-1, ::-1].T,
    "every second row": lambda r, c, dtype: numbers(2 * r, c, dtype=dtype)[::2],
    "every second column": lambda r, c, dtype: numbers(r, 2 * c, dtype=dtype)[:, 1::2],
    "every third of both": lambda r, c, dtype: numbers(3 * r, 3 * c, dtype=dtype)[::-3, ::3],
    "block": lambda r, c, dtype: numbers(r + 2, c + 3, dtype=dtype)[1 : r + 1, 2 : c + 2],
    "block of columns": lambda r, c, dtype: np.asfortranarray(numbers(r + 2, c + 3, dtype=dtype))[1 : r + 1, 2 : c + 2],
    "reordered axes": lambda r, c, dtype: numbers(c, 2, r, dtype=dtype)[:, 1].T,
    "parts of records": lambda r, c, dtype: (
        numbers(r * c, 2, dtype=dtype).ravel().view([("a", dtype), ("b", dtype)])["b"].reshape(r, c)
    ),
    "read-only": lambda r, c, dtype: np.frombuffer(numbers(r * c + 1, dtype=dtype).tobytes(), dtype, r * c).reshape(
        r, c
    ),
    "odd strides of single rows": lambda r, c, dtype: with_odd_strides(numbers(r, c, dtype=dtype)),
}


def exact(array):
    return np.array(array, dtype="float64", order="C")


def agree(result, wanted, dtype):
    assert result.dtype == dtype and result.shape == wanted.shape
    error = np.abs(result - wanted).max(initial=0)  # nan, if there is one, and then not below anything
    assert error <= (1e-4 if dtype == "float32" else 1e-12), (result, wanted)


def pairs(shape, dtype, other=None):
    """Views whose product has this shape: rows, terms of each sum, columns. All pairs, or each view a few times."""
    r, k, c = shape
    views = list(VIEWS.values())
    for i, first in enumerate(views):
        for second in views if shape == SHAPES[0] else [views[0], views[(i + 3) % len(views)], first]:
            yield first(r, k, dtype), second(k, c, other or dtype)


def is_computed_by(function, operation):
    """Whether the operation is in the graph, where Theano has a compiler and BLAS. Without them it takes others."""
    return not HAS_BLAS or operation in [type(node.op).__name__ for node in function.maker.fgraph.toposort()]


def variables(names, dtype):
    """Matrices in upper case, numbers named a and b, and vectors."""
    kinds = {"a": T.scalar, "b": T.scalar}
    return [kinds.get(name, T.matrix if name.isupper() else T.vector)(name, dtype) for name in names]


@pytest.fixture(params=DTYPES)
def dtype(request):
    return request.param


def test_matrices(dtype):
    X, Y, a = variables("XYa", dtype)
    dot, scaled = theano.function([X, Y], T.dot(X, Y)), theano.function([X, Y, a], a * T.dot(X, Y))
    assert is_computed_by(dot, "Dot22") and is_computed_by(scaled, "Dot22Scalar")
    for shape in SHAPES + EMPTY:
        for x, y in pairs(shape, dtype):
            wanted = exact(x) @ exact(y)
            agree(dot(x, y), wanted, dtype)
            agree(scaled(x, y, 3), 3 * wanted, dtype)


def test_matrices_that_are_transposed_in_the_graph(dtype):
    X, Y = variables("XY", dtype)
    dot = theano.function([X, Y], [T.dot(X.T, Y), T.dot(Y.T, X), T.dot(X, X.T)])
    for k, r, c in [(4, 3, 2), (4, 1, 1), (0, 3, 2), (2, 0, 2), (20, 30, 10)]:
        for first in VIEWS.values():
            for second in (first, VIEWS["every second row"], VIEWS["overlapping rows"]):
                x, y = first(k, r, dtype), second(k, c, dtype)
                a, b = exact(x), exact(y)
                for result, wanted in zip(dot(x, y), [a.T @ b, b.T @ a, a @ a.T]):
                    agree(result, wanted, dtype)


def test_a_matrix_added_to_a_product(dtype):
    Z, X, Y, a, b = variables("ZXYab", dtype)
    added = theano.function([Z, X, Y, a, b], b * Z + a * T.dot(X, Y))
    inplace = theano.function([theano.In(Z, mutable=True), X, Y, a, b], b * Z + a * T.dot(X, Y))
    for function, is_inplace in [(added, False), (inplace, True)]:
        assert [node.op for node in function.maker.fgraph.toposort()] == [theano.tensor.blas.Gemm(is_inplace)]
    for r, k, c in SHAPES + EMPTY:
        x, y = VIEWS["block"](r, k, dtype), VIEWS["overlapping rows"](k, c, dtype)
        for view in VIEWS.values():
            for factor, kept in [(1, 1), (-0.5, 2), (0, 2), (1, 0)]:
                z = view(r, c, dtype)
                wanted = kept * exact(z) + factor * (exact(x) @ exact(y))
                before = z.copy()
                agree(added(z, x, y, factor, kept), wanted, dtype)
                assert (z == before).all()
                agree(inplace(z, x, y, factor, kept), wanted, dtype)


def test_what_is_multiplied_by_0_is_not_read_of_the_sum_and_is_nan_of_a_product(dtype):
    Z, X, Y, a, b = variables("ZXYab", dtype)
    z, y = variables("zy", dtype)
    matrix = theano.function([Z, X, Y, a, b], b * Z + a * T.dot(X, Y))
    vector = theano.function([z, X, y, a, b], b * z + a * T.dot(X, y))
    ones, nans = np.ones((5, 5), dtype), np.full((5, 5), np.nan, dtype)
    for nothing in (np.nan, np.inf):
        filled = np.full((5, 5), nothing, dtype)
        np.testing.assert_array_equal(matrix(filled, ones, ones, 1, 0), 5 * ones)
        np.testing.assert_array_equal(matrix(filled, ones, ones, 0, 0), 0 * ones)
        np.testing.assert_array_equal(matrix(filled, ones[:, :0], ones[:0], 1, 0), 0 * ones)
        np.testing.assert_array_equal(vector(filled[0], ones, ones[0], 1, 0), 5 * ones[0])
        np.testing.assert_array_equal(vector(filled[0], ones, ones[0], 0, 0), 0 * ones[0])
        np.testing.assert_array_equal(vector(filled[0], ones[:, :0], ones[0, :0], 1, 0), 0 * ones[0])
        assert np.isnan(matrix(ones, filled, ones, 0, 1)).all()
        assert np.isnan(vector(ones[0], filled, ones[0], 0, 1)).all()
    np.testing.assert_array_equal(matrix(ones, nans[:, :0], nans[:0], 1, 2), 2 * ones)
    np.testing.assert_array_equal(vector(ones[0], nans[:, :0], nans[0, :0], 1, 2), 2 * ones[0])


# Vectors of a length, each in memory in its own way.
VECTORS = {
    "contiguous": lambda n, dtype: numbers(n, dtype=dtype),
    "backwards": lambda n, dtype: numbers(n, dtype=dtype)[::-1],
    "every second": lambda n, dtype: numbers(2 * n, dtype=dtype)[::2],
    "every third backwards": lambda n, dtype: numbers(3 * n, dtype=dtype)[::-3],
    "one number": lambda n, dtype: np.broadcast_to(numbers(1, dtype=dtype), (n,)),
    "column": lambda n, dtype: numbers(n, 3, dtype=dtype)[:, 1],
    "read-only": lambda n, dtype: np.frombuffer(numbers(n + 1, dtype=dtype).tobytes(), dtype, n),
}


def test_a_matrix_and_a_vector(dtype):
    X, x, y, a, b = variables("Xxyab", dtype)
    right, left = theano.function([X, x], T.dot(X, x)), theano.function([X, x], T.dot(x, X))
    added = theano.function([y, X, x, a, b], b * y + a * T.dot(X, x))
    inplace = theano.function([theano.In(y, mutable=True), X, x, a, b], b * y + a * T.dot(X, x))
    assert all(is_computed_by(function, "CGemv") for function in (right, left, added, inplace))
    for r, c in [(3, 4), (1, 5), (5, 1), (1, 1), (17, 33), (0, 3), (3, 0), (0, 0), (1, 0), (0, 1)]:
        for view in VIEWS.values():
            m = view(r, c, dtype)
            for i, first in enumerate(VECTORS.values()):
                v, w = first(c, dtype), first(r, dtype)
                agree(right(m, v), exact(m) @ exact(v), dtype)
                agree(left(m, w), exact(w) @ exact(m), dtype)
                factor, kept = [(-0.5, 2), (0, 2), (1, 0)][i % 3]
                for second in (first, *list(VECTORS.values())[i::3]):
                    z = second(r, dtype)
                    wanted = kept * exact(z) + factor * (exact(m) @ exact(v))
                    before = z.copy()
                    agree(added(z, m, v, factor, kept), wanted, dtype)
                    assert (z == before).all()
                    agree(inplace(z, m, v, factor, kept), wanted, dtype)


def test_two_vectors(dtype):
    X, x, y, a = variables("Xxya", dtype)
    inner, outer = theano.function([x, y], T.dot(x, y)), theano.function([x, y], T.outer(x, y))
    added = theano.function([X, x, y, a], X + a * T.outer(x, y))
    inplace = theano.function([theano.In(X, mutable=True), x, y, a], X + a * T.outer(x, y))
    assert all(is_computed_by(function, "CGer") for function in (outer, added, inplace))
    for n in (4, 1, 0, 50):
        for first in VECTORS.values():
            for second in VECTORS.values():
                u, v, w = first(n, dtype), second(n, dtype), second(3, dtype)
                agree(inner(u, v), exact(u) @ exact(v), dtype)
                agree(outer(u, w), np.outer(exact(u), exact(w)), dtype)
            for view in VIEWS.values():
                for factor in (-0.5, 0):
                    m, u, v = view(n, 3, dtype), first(n, dtype), first(3, dtype)
                    wanted = exact(m) + factor * np.outer(exact(u), exact(v))
                    before = m.copy()
                    agree(added(m, u, v, factor), wanted, dtype)
                    assert (m == before).all()
                    agree(inplace(m, u, v, factor), wanted, dtype)


def test_large_outer_products(dtype):
    """Those that BLAS adds: of 100,000 numbers on."""
    X, x, y, a = variables("Xxya", dtype)
    inplace = theano.function([theano.In(X, mutable=True), x, y, a], X + a * T.outer(x, y))
    for name in ("rows", "columns", "block", "rows upwards", "overlapping rows", "one row"):
        for vector in VECTORS.values():
            m, u, v = VIEWS[name](250, 400, dtype), vector(250, dtype), vector(400, dtype)
            wanted = exact(m) - 0.5 * np.outer(exact(u), exact(v))
            agree(inplace(m, u, v, -0.5), wanted, dtype)


def repeated(n, view):
    return np.array([view] * n, view.dtype).reshape(n, *view.shape)


# Stacks of n matrices, from a view of each.
STACKS = {
    "contiguous": lambda n, view: repeated(n, view) * np.arange(n).reshape(n, 1, 1).astype(view.dtype),
    "one matrix": lambda n, view: np.broadcast_to(view, (n, *view.shape)),
    "overlapping": lambda n, view: as_strided(
        numbers(n + view.size, dtype=view.dtype.name), (n, *view.shape), np.array([1, view.shape[1], 1]) * view.itemsize
    ),
    "backwards": lambda n, view: repeated(n, view)[::-1],
    "last axis": lambda n, view: repeated(n, view).reshape(*view.shape, n).transpose(2, 0, 1),
}


def test_batches(dtype):
    tensors = (
        {3: T.tensor3(dtype=dtype), 2: T.matrix(dtype=dtype)},
        {3: T.tensor3(dtype=dtype), 2: T.matrix(dtype=dtype)},
    )
    functions = {}
    for i in (3, 2):
        for j in (3, 2):
            x, y = tensors[0][i], tensors[1][j]
            functions[i, j] = theano.function([x, y], T.batched_dot(x, y))
            assert is_computed_by(functions[i, j], "BatchedDot")
    for n, r, k, c in [
        (3, 4, 5, 2),
        (1, 2, 3, 4),
        (2, 1, 1, 1),
        (2, 3, 1, 4),
        (0, 2, 3, 4),
        (2, 0, 3, 4),
        (2, 3, 0, 4),
        (2, 3, 4, 0),
    ]:
        for i, view in enumerate(VIEWS.values()):
            for stack in list(STACKS.values())[i % 2 :: 2]:
                x, y = stack(n, view(r, k, dtype)), stack(n, VIEWS["rows"](k, c, dtype))
                matrix, other = view(n, k, dtype), VIEWS["every second row"](n, k, dtype)
                agree(functions[3, 3](x, y), exact(x) @ exact(y), dtype)
                agree(functions[3, 2](x, matrix), (exact(x) @ exact(matrix)[:, :, None])[:, :, 0], dtype)
                agree(functions[2, 3](matrix, y), (exact(matrix)[:, None] @ exact(y))[:, 0], dtype)
                agree(functions[2, 2](matrix, other), (exact(matrix) * exact(other)).sum(axis=1), dtype)


def test_tensors(dtype):
    x, y, z = T.tensor4(dtype=dtype), T.tensor3(dtype=dtype), T.tensor3(dtype=dtype)
    M = T.matrix(dtype=dtype)
    function = theano.function(
        [x, y, z, M],
        [T.tensordot(x, y, [[3, 1], [0, 1]]), T.dot(y, M), T.batched_tensordot(x, z, [[3], [1]])],
    )
    for n, a, k, m in [(2, 3, 4, 5), (1, 1, 1, 1), (0, 2, 3, 4), (2, 0, 3, 4), (2, 3, 0, 4), (2, 3, 4, 0)]:
        size = np.dtype(dtype).itemsize
        given = [
            as_strided(numbers(40, dtype=dtype), (n, a, 3, k), [size, 2 * size, 3 * size, size]),
            np.broadcast_to(numbers(k, 1, m, dtype=dtype)[:, ::-1], (k, a, m)),
            numbers(m, k, n, dtype=dtype)[::-1].T,
            numbers(2 * m, 6, dtype=dtype)[::2, ::-2],
        ]
        first, second, third, matrix = map(exact, given)
        wanted = [
            np.tensordot(first, second, [[3, 1], [0, 1]]),
            second @ matrix,
            np.einsum("nabk,nkm->nabm", first, third),
        ]
        for result, right in zip(function(*given), wanted):
            agree(result, right, dtype)


OTHER_TYPES = ["bool bool", "int8 int8", "int64 int32", "float32 int8", "float32 float64", "complex64 complex64"]


@pytest.mark.parametrize("types", OTHER_TYPES)
def test_other_types(types):
    """They go another way: Theano asks NumPy."""
    first, second = types.split()
    X, Y = T.matrix(dtype=first), T.matrix(dtype=second)
    function = theano.function([X, Y], T.dot(X, Y))
    for shape in SHAPES[:5] + EMPTY:
        for x, y in pairs(shape, first, second):
            wanted = np.dot(np.array(x, order="C"), np.array(y, order="C"))
            result = function(x, y)
            assert result.dtype == wanted.dtype
            np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-5)


def test_complex_operations_that_theano_leaves_to_python():
    kind = "complex64"
    Z, X, Y = (T.matrix(dtype=kind) for _ in range(3))
    x, y = T.vector(dtype=kind), T.vector(dtype=kind)
    c = np.complex64(2 - 1j)
    function = theano.function(
        [Z, X, Y, x, y], [Z + c * T.dot(X, Y), T.dot(X, x), y + T.dot(X, x), Z + c * T.outer(x, x), T.batched_dot(X, Y)]
    )
    for view in VIEWS.values():
        m, v = view(3, 3, kind), VECTORS["every second"](3, kind)
        copy, other = np.array(m, order="C"), np.array(v)
        wanted = [copy + c * copy @ copy, copy @ other, other + copy @ other, copy + c * np.outer(other, other)]
        wanted.append((copy * copy).sum(axis=1))
        for result, right in zip(function(m, m, m, v, v), wanted):
            np.testing.assert_allclose(result, right, rtol=1e-5, atol=1e-5)


def test_the_result_of_the_last_call_is_overwritten_where_it_fits(dtype):
    """allow_gc = False keeps the arrays of a graph, whatever shape the next call needs."""
    X, Y, x = variables("XYx", dtype)
    assert not theano.config.allow_gc
    products_of_products = [T.dot(T.dot(X, Y), Y.T), T.dot(Y.T, T.dot(X.T, x)), T.dot(X.T, 2 * T.outer(x, x))]
    function = theano.function([X, Y, x], [*products_of_products, T.tanh(T.batched_dot(X, X))])
    for r, k, c in SHAPES + EMPTY:
        for view in VIEWS.values():
            given = view(r, k, dtype), view(k, c, dtype), VECTORS["every second"](r, dtype)
            x, y, v = map(exact, given)
            wanted = [x @ y @ y.T, y.T @ (x.T @ v), x.T @ (2 * np.outer(v, v)), np.tanh((x * x).sum(axis=1))]
            for result, right in zip(function(*given), wanted):
                agree(result, right, dtype)


@pytest.mark.parametrize("view", VIEWS)
def test_a_shared_matrix_that_is_a_view_is_trained(view, dtype):
    W = theano.shared(VIEWS[view](4, 3, dtype), borrow=True)
    X, Y = variables("XY", dtype)
    wanted = exact(W.get_value())
    step = theano.function([X, Y], updates=[(W, W - T.dot(X, Y))])
    assert is_computed_by(step, "Gemm")
    for _ in range(3):
        x, y = numbers(4, 5, dtype=dtype), VIEWS[view](5, 3, dtype)
        step(x, y)
        wanted = wanted - exact(x) @ exact(y)
        agree(W.get_value(), wanted, dtype)


@pytest.mark.parametrize("view", VIEWS)
def test_a_shared_array_that_is_a_view_is_updated(view, dtype):
    """By operations that are no products, too."""
    W = theano.shared(VIEWS[view](4, 3, dtype), borrow=True)
    wanted = exact(W.get_value())
    step = theano.function([], updates=[(W, W * 2 - 1)])
    step()
    agree(W.get_value(), 2 * wanted - 1, dtype)
    other = VIEWS[view](3, 4, dtype)
    wanted = exact(other)
    W.set_value(other, borrow=True)
    step()
    agree(W.get_value(), 2 * wanted - 1, dtype)


def test_a_view_that_is_only_read_is_not_copied():
    """It may be all windows of a long signal, and some gigabytes in a copy."""
    windows = sliding_window_view(np.arange(100, dtype="float32"), 10)
    data, sums = theano.shared(windows, borrow=True), theano.shared(np.zeros(91, "float32"))
    theano.function([], updates=[(sums, sums + data.sum(axis=1))])()
    assert np.shares_memory(data.get_value(borrow=True), windows)
    np.testing.assert_allclose(sums.get_value(), windows.sum(axis=1))


def test_a_result_never_lies_where_an_input_lies(dtype):
    """Two shared matrices, given away with borrow=True, may be parts of one array."""
    base = numbers(5, 4, dtype=dtype)
    W, V = theano.shared(base[:4], borrow=True), theano.shared(base[1:], borrow=True)
    w, v = exact(base[:4]), exact(base[1:])
    step = theano.function([], updates=[(W, W - T.dot(V, V))])
    assert is_computed_by(step, "Gemm")
    step()
    agree(W.get_value(), w - v @ v, dtype)
    agree(V.get_value(), v, dtype)


@needs_blas
def test_products_of_lengths_that_blas_cannot_count_are_refused(dtype):
    X, Y, x, y = variables("XYxy", dtype)
    long = np.broadcast_to(np.ones(1, dtype), (2**31, 1))
    one = np.ones((1, 1), dtype)
    dot, vector = theano.function([X, Y], T.dot(X, Y)), theano.function([X, x], T.dot(X, x))
    batched, outer = theano.function([X, Y], T.batched_dot(X, Y)), theano.function([x, y], T.outer(x, y))
    calls = [(dot, long, one), (dot, one, long.T), (dot, long.T, long), (vector, long, one[0])]
    calls += [(vector, long.T, long[:, 0]), (batched, long.T, long.T)]
    for function, *arguments in calls:
        with pytest.raises(ValueError, match="An axis of length 2147483648 is too long for a product"):
            function(*arguments)
    agree(outer(np.broadcast_to(one[0], (3,)), one[0]), np.ones((3, 1)), dtype)


@needs_blas
def test_shapes_that_do_not_match_are_refused(dtype):
    X, Y, Z, x, y, a = variables("XYZxya", dtype)
    three, four = np.ones((2, 3), dtype), np.ones((4, 4), dtype)
    calls = [
        (theano.function([X, Y], T.dot(X, Y)), three, four),
        (theano.function([X, Y, a], a * T.dot(X, Y)), three, four, 2),
        (theano.function([Z, X, Y], Z + T.dot(X, Y)), three, four, four),
        (theano.function([Z, X, Y], Z + T.dot(X, Y)), four, three, four),
        (theano.function([X, x], T.dot(X, x)), three, four[0]),
        (theano.function([y, X, x], y + T.dot(X, x)), three[0], three, three[0]),
        (theano.function([X, x, y], X + T.outer(x, y)), three, three[0], three[0]),
        (theano.function([X, x, y], X + T.outer(x, y)), three, four[0, :2], four[0]),
        (theano.function([X, Y], T.batched_dot(X, Y)), three, four),
        (theano.function([X, Y], T.batched_dot(X, Y)), three, three[:, :2]),
    ]
    for function, *arguments in calls:
        with pytest.raises(ValueError, match="mismatch"):
            function(*arguments)


def test_overlapping_windows():
    x, W = variables("XY", "float32")
    windows = sliding_window_view(np.arange(6, dtype="float32"), 3)
    product = theano.function([x, W], T.dot(x, W))(windows, np.arange(6, dtype="float32").reshape(3, 2))
    np.testing.assert_array_equal(product, [[10, 13], [16, 22], [22, 31], [28, 40]])


def test_a_classifier_of_overlapping_windows():
    signal = np.random.RandomState(0).normal(size=103).astype("float32")
    windows = sliding_window_view(signal, 4)
    x = T.matrix("x")
    model = LogisticRegression(x, 4, 3)
    model.W.set_value(numbers(4, 3, dtype="float32"))
    y_pred = theano.function([x], model.y_pred)
    np.testing.assert_array_equal(y_pred(windows), y_pred(windows.copy()))
    assert len(set(y_pred(windows))) == 3
    assert y_pred(windows[np.zeros(100, bool)]).shape == (0,)


def test_one_image_many_times():
    (x,) = variables("X", "float32")
    images = np.broadcast_to(np.ones((1, 784), "float32") / 28, (20, 784))
    np.testing.assert_allclose(theano.function([x], T.dot(x, x.T))(images), np.ones((20, 20)), rtol=1e-4)


def test_a_transposed_view_is_the_view_transposed():
    """Of a broadcast array, Theano's own was not."""
    (X,) = variables("X", "float32")
    three = T.ftensor3()
    transposed = theano.function([X], T.tanh(X.T))
    reordered = theano.function([three], T.tanh(three.dimshuffle(2, "x", 0, 1)))
    for r, c in [(3, 4), (1, 4), (3, 1), (0, 3), (3, 0)]:
        for view in VIEWS.values():
            x = view(r, c, "float32")
            np.testing.assert_allclose(transposed(x), np.tanh(x).T, rtol=1e-5)
            y = np.broadcast_to(x[:, None], (r, 5, c))
            np.testing.assert_allclose(reordered(y), np.tanh(y).transpose(2, 0, 1)[:, None], rtol=1e-5)


def answer(program, without_correction=False, **flags):
    """What a program says in a process of its own."""
    head = "import sys\n"
    if without_correction:
        head += "sys.modules['deeplearning_tutorial.engine.corrections'] = None\n"
    head += "import deeplearning_tutorial, numpy as np, theano, theano.tensor as T\n"
    environment = os.environ | {"THEANO_FLAGS": ",".join(["device=cpu", *(f"{k}={v}" for k, v in flags.items())])}
    command = [sys.executable, "-c", head + program]
    finished = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@needs_blas
def test_without_the_corrections_the_same_products_are_wrong_or_refused():
    program = """
x, W = T.fmatrices("xW")
windows = np.lib.stride_tricks.sliding_window_view(np.arange(6, dtype="float32"), 3)
def say(product, *matrices):
    try:
        print(product(*matrices)[0].tolist())
    except SystemError:  # sgemm.cpp says so, and Theano does not ask
        print("refused")


say(theano.function([x, W], T.dot(x, W)), windows, np.arange(6, dtype="float32").reshape(3, 2))
images = np.broadcast_to(np.ones((1, 784), "float32") / 28, (20, 784))
say(theano.function([x], T.isclose(T.dot(x, x.T), 1).all(axis=1, keepdims=True).all(axis=0)), images)
"""
    assert answer(program) == "[10.0, 13.0]\nTrue\n"
    before = answer(program, without_correction=True).splitlines()
    assert before[0] != "[10.0, 13.0]" and before[1] != "True"


@pytest.mark.slow(60)
@pytest.mark.parametrize("flags", ["blas.ldflags=-lopenblas", "blas.ldflags=", "cxx=,blas.ldflags="])
def test_with_another_blas_or_none(flags):
    """All other tests of this file, through whatever Theano uses then: OpenBLAS, NumPy from C, or NumPy from Python."""
    environment = os.environ | {"THEANO_FLAGS": flags}
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not slow"]
    command = [sys.executable, "-m", "pytest", *options, __file__]
    finished = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-1000:]


class Illegal(BaseBLAS, theano.gof.Op):
    """It asks BLAS for a product of rows that overlap. The corrected operations cannot be brought to do so."""

    __props__ = ()

    def make_node(self, x):
        return theano.gof.Apply(self, [x], [x.type()])

    def perform(self, *arguments):
        raise NotImplementedError

    def c_code_cache_version(self):
        return (1, blas.blas_header_version())

    def c_code(self, node, name, inputs, outputs, sub):
        return f"""
            Py_XDECREF({outputs[0]});
            {outputs[0]} = (PyArrayObject*) PyArray_NewCopy({inputs[0]}, NPY_CORDER);
            char no[] = "N";
            int n = 2, too_few = 1;
            double factor = 1, *x = (double*) PyArray_DATA({outputs[0]});
            dgemm_(no, no, &n, &n, &n, &factor, x, &too_few, x, &n, &factor, x, &n);
            {"if (PyErr_Occurred())" + sub["fail"] if self.looks else ""}
        """

    looks = True


class Blind(Illegal):
    looks = False


@needs_blas
def test_an_error_of_blas_is_raised():
    """In a process of its own: where BLAS looks for what to call then, is decided when a process first needs it."""
    program = f"""
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from test_products import Blind, Illegal
x = T.dmatrix()
for op in (Illegal(), Blind()):
    try:
        theano.function([x], op(x))(np.ones((2, 2)))
    except (ValueError, SystemError) as error:
        print(type(error).__name__, str(error).splitlines()[0])
"""
    seen = answer(program).splitlines()
    assert seen[0] == "ValueError BLAS cannot compute DGEMM : its parameter number 8 has an illegal value."
    assert seen[1].startswith("SystemError") and seen[1].endswith("returned a result with an exception set")
    # Without it nobody hears of it, but where oneDNN's library reports for OpenBLAS, too.
    assert ("Error" in answer(program, without_correction=True)) == (onednn.loaded() is not None)


@needs_blas
@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (2, 0, 4, 4), (2, 2, 4, 4)])
def test_convolutions_look_at_errors_too(shape, dtype):
    images, filters = T.tensor4(dtype=dtype), T.tensor4(dtype=dtype)
    mode = theano.compile.get_default_mode().excluding("blocks")  # without a product of BLAS: engine/convolution
    function = theano.function([images, filters], T.nnet.conv2d(images, filters), mode=mode)
    (node,) = [node for node in function.maker.fgraph.toposort() if type(node.op).__name__ == "CorrMM"]
    names = {"fail": "{fail}", "params": "p"}
    assert node.op.c_code(node, "n", ["x", "y"], ["z"], names).endswith("if (PyErr_Occurred()) { {fail} }")
    x, w = numbers(*shape, dtype=dtype)[:, :, ::-1], numbers(3, shape[1], 2, 2, dtype=dtype)
    windows = sliding_window_view(exact(x), (2, 2), axis=(2, 3))
    agree(function(x, w), np.einsum("ncijkl,fckl->nfij", windows, exact(w)[:, :, ::-1, ::-1]), dtype)


def test_theanos_code_for_transposing_is_the_one_that_was_corrected():
    from deeplearning_tutorial.engine.corrections import products

    op = T.DimShuffle((False, False), (1, 0))
    with pytest.raises(ImportError, match="dimshuffle.c is another one"):
        products._transposed(op, None, "n", lambda *_: "nothing of the kind")


@pytest.mark.parametrize("factor", [0.0, 0.5])
def test_a_constant_0_beside_a_product_is_multiplied(factor):
    x, z = T.fmatrices("x", "z")
    function = theano.function([x, z], factor * z + 0.5 * T.dot(x, x))
    ones = np.ones((2, 2), "float32")
    np.testing.assert_array_equal(function(ones, 4 * ones), (4 * factor + 1) * ones)
    assert np.isnan(function(ones, np.nan * ones)).all()
