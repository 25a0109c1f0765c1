"""What Theano gives on whatever device it has, as JSON: test_gpu_corrections.py compares it with NumPy.

``THEANO_FLAGS=device=opencl0:0 python tests/engine/corrections/gpu_cases.py`` prints all of it.
"""

import json
import sys

import deeplearning_tutorial

# isort: split
import numpy as np
import theano
import theano.tensor as T
from theano.gpuarray import elemwise, extra_ops
from theano.gpuarray.basic_ops import as_gpuarray_variable
from theano.tensor.signal.pool import pool_2d

NAN, INF = float("nan"), float("inf")
CASES = {}


def array(values, dtype="float32"):
    return np.array(values, dtype)


def some(*shape, dtype="float32"):
    """Numbers between -1 and 1, the same ones each time."""
    return np.random.RandomState(sum(shape)).uniform(-1, 1, shape).astype(dtype)


def case(*arguments, times=1, dirty=()):
    """Enter a graph with the arrays that it is called with; several tuples of them are several calls of one function.

    Parameters
    ----------
    times : int
        How many functions are compiled and called, one after the other.
    dirty : sequence of tuple
        Shapes: before each function is called, arrays of NaN of these shapes are made and let go.
    """

    def enter(build):
        CASES[build.__name__] = (
            build,
            [call if isinstance(call, tuple) else (call,) for call in arguments],
            times,
            dirty,
        )
        return build

    return enter


# --- Products ---------------------------------------------------------------------------------------

WITH_INF = array([[1, INF], [1, 1], [1, 1]])
LENGTHS = [(3, 4), (0, 4), (3, 0), (0, 0), (1, 4), (3, 1), (1, 0)]  # rows of a matrix, and columns


@case((array(np.ones((3, 2))), array([1, 1])), (WITH_INF, array([1, 1])), (array(np.ones((3, 2))), array([1, 1])))
def a_matrix_times_a_vector_after_infinity(A, w):
    return T.dot(A, w)


@case((some(3, 4), some(4)), times=10, dirty=[(3,), (4,)])
def a_matrix_times_a_vector(A, w):
    return T.dot(A, w)


@case((some(3), some(3, 4)), times=10, dirty=[(4,)])
def a_vector_times_a_matrix(w, A):
    return T.dot(w, A)


@case((some(4), some(4)), times=10, dirty=[(), (1,)])
def a_vector_times_a_vector(v, w):
    return T.dot(v, w)


@case((some(3, 4, dtype="float64"), some(4, dtype="float64")), times=10, dirty=[(3,), (6,)])
def a_product_of_float64(A, w):
    return T.dot(A, w)


@case((some(9, 8), some(8, 7)), times=3, dirty=[(9, 7)])
def products_of_matrices(A, B):
    return [T.dot(A, B), 3 * T.dot(A, B), T.dot(A[::2, ::-1], B[::-1]), T.dot(A[::-1], B[:, 1]), T.dot(B.T, A.T)]


@case((some(2, 3, 4), some(2, 4, 5)), times=3, dirty=[(2, 3, 5)])
def products_of_stacks(A, B):
    return T.batched_dot(A, B)


@case(*((some(m, k), some(k), some(m)) for m, k in LENGTHS))
def a_matrix_times_a_vector_of_no_length(A, w, v):
    return [T.dot(A, w), 2 * v + 3 * T.dot(A, w)]


@case(*((some(m, k), some(k, n), some(m, n)) for m, k in LENGTHS for n in (0, 1, 2)))
def products_of_matrices_of_no_length(A, B, C):
    return [T.dot(A, B), 3 * T.dot(A, B), 2 * C + 3 * T.dot(A, B)]


@case(*((some(m), some(n), some(m, n)) for m in (0, 1, 3) for n in (0, 2)))
def outer_products_of_no_length(v, w, A):
    return [T.outer(v, w), A + 2 * T.outer(v, w)]


@case(*((some(b, m, k), some(b, k, n)) for b in (0, 2) for m in (0, 3) for k in (0, 4) for n in (0, 5)))
def products_of_stacks_of_no_length(A, B):
    return T.batched_dot(A, B)


@case((some(3, 0), some(4)), (some(0, 4), some(3)))
def lengths_that_do_not_fit(A, w):
    return T.dot(A, w)


@case((some(3, 4), some(4, 2), some(0, 2)), (some(0, 4), some(4, 2), some(3, 2)))
def a_sum_that_does_not_fit(A, B, C):
    return 2 * C + 3 * T.dot(A, B)


# --- Max-pooling --------------------------------------------------------------------------------------

# Whole numbers, so that many windows have several maxima; the sum of the maxima, each times its number, has a gradient of its own.
TIED = np.random.RandomState(0).randint(-2, 3, (2, 3, 5, 7)).astype("float32")
WINDOWS = [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (0, 0)), ((3, 3), (2, 2), (1, 1))]  # size, stride, padding


@case(TIED)
def maxima_of_windows(x):
    results = []
    for size, stride, pad in WINDOWS:
        maxima = pool_2d(x, size, ignore_border=True, stride=stride, pad=pad)
        w = T.arange(1, maxima.size + 1).reshape(maxima.shape).astype("float32")
        gradient = T.grad(None, x, known_grads={maxima: w})
        results += [gradient, T.grad((gradient * x).sum(), w)]
    return results


# --- Indices ----------------------------------------------------------------------------------------

TABLE = array(np.arange(12).reshape(4, 3))


def whole(*values):
    return np.array(values, "int32")


@case(
    (TABLE, whole(1), whole(-1)), (TABLE, whole(1), whole(3)), (TABLE, whole(4), whole(0)),
    (TABLE, whole(-5), whole(0)), (TABLE, whole(-4, 3), whole(-3, 2)), (TABLE, whole(), whole()),
    (TABLE[:0], whole(0), whole(0)),
    (TABLE, whole(0, 1), whole(0, 1, 2)),
)  # fmt: skip
def elements(x, i, j):
    return x[i, j]


@case((some(300, 300), np.array([200, 255], "uint8"), np.array([255, 3], "uint8")))
def elements_by_small_integers(x, i, j):
    return x[i, j]


@case((some(2, 3, 4), whole(1, -1), whole(-1, 0)))
def elements_of_many_axes(x, i, j):
    return [x[:, i, j], x[i, :, j], x[i, 1, j], x[i, None, j], x[i[:, None], j], x[i[:, None], :, j[None, :]]]


@case((TABLE, TABLE > 4), (TABLE, TABLE > 100))
def masks(x, mask):
    return [x[mask], T.set_subtensor(x[mask], 9)]


@case((TABLE, TABLE[:, 0] > 4), (TABLE, TABLE[:3, 0] > 1))
def masks_of_rows(x, mask):
    return x[mask]


@case((TABLE, whole(1, -1, 1), whole(0, -1, 0)))
def the_gradient_of_elements(x, i, j):
    return T.grad((x[i, j] ** 2).sum(), x)


@case(
    (TABLE, whole(1, -1, 1), some(3, 3)), (TABLE, whole(1, -1, 1), some(1, 3)), (TABLE, whole(1, -1, 4), some(3, 3)),
    (TABLE, whole(1, -1, 1), some(2, 3)), (TABLE, whole(1, -1, 1), some(3, 2)), (TABLE, whole(), some(0, 3)),
)  # fmt: skip
def rows_added_to(x, i, y):
    return T.inc_subtensor(x[i], y)


@case(
    *((some(4, 3, 2), whole(1, 3), some(rows, 3, 2)) for rows in (2, 1, 3)), (some(4, 3, 2), whole(1, 4), some(2, 3, 2))
)
def layers_added_to(x, i, y):
    return T.inc_subtensor(x[i], y)


@case(some(3, 4), some(1, 1), some(0, 2), some(4, 2))
def diagonals(x):
    return [T.diagonal(x, offset) for offset in (-3, -1, 0, 1, 3)]


@case((np.arange(12, dtype="uint8").reshape(4, 3), whole(1, -1, 1)))
def small_integers_added_to(x, i):
    return T.inc_subtensor(x[i], 1)


# --- A negative log likelihood -------------------------------------------------------------------------

CHANCES = array([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])


@case((CHANCES, whole(0, 2)), (CHANCES, whole(0, 3)), (CHANCES, whole(-4, 0)))
def log_likelihood(p, y):
    return T.log(p + 1e-9)[T.arange(y.shape[0]), y]


@case((CHANCES, whole(0, 2)), (CHANCES, whole(0, 3)))
def cross_entropy(p, y):
    return T.nnet.categorical_crossentropy(p, y)


@case((array([[-200, 0, 1]]), whole(0)))
def gradient_of_a_likelihood_with_constant_rows(x, y):
    return T.grad(-T.log(T.nnet.softmax(x))[T.arange(1), y].mean(), x)


# --- Integers divided -------------------------------------------------------------------------------


@case(*((whole(7, -7, 5), whole(*divisors)) for divisors in ([2, 2, -3], [1, 0, 1])))
def integers_divided(x, y):
    return [x // y, x % y]


@case(*((whole(7, -7, 5), whole(*divisors)) for divisors in ([2, 2, -3], [1, 0, 1])))
def integers_divided_in_a_sum(x, y):
    return x // y * 2 + x % y


@case(whole(7, -7, 5))
def integers_divided_by_a_number(x):
    return [x // 2, x % 3]


# --- The largest ------------------------------------------------------------------------------------

SPECIAL = array([[1, 5, NAN, NAN], [3, 3, 1, 3], [-INF] * 4, [NAN] * 4])


@case(array([1, NAN, 3]), array([1, 3, 3]), array([NAN, NAN]), array([-INF, -INF]))
def largest(x):
    return [x.max(), x.argmax()]


@case(SPECIAL, SPECIAL[::-1, ::-1])
def largest_of_rows(x):
    return [x.max(axis=1), x.argmax(axis=1), *T.max_and_argmax(x, axis=0), x.min(axis=1), x.argmin(axis=1)]


# --- Sums -------------------------------------------------------------------------------------------

MANY = np.full(5_000_000, 0.1, "float32")


@case(MANY)
def sums(x):
    return [x.mean(), x.sum(), x.sum(acc_dtype="float64"), x.sum(dtype="float64"), T.var(x + 1)]


@case(np.full(1000, 1.01, "float32"))
def a_product_of_many(x):
    return [x.prod(), x.prod(acc_dtype="float64")]


@case(np.full((100_000, 3), 0.1, "float32"))
def sums_of_columns(x):
    return [x.sum(axis=0), x.mean(axis=0)]


@case(some(2, 3, 4), some(0, 3, 4), some(2, 0, 4), some(2, 3, 0), some(3, 2, 5))
def sums_of_nothing(x):
    return [x.sum(axis=axis) for axis in (0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2))] + [x[::-1, :, ::2].prod(axis=1)]


@case(some(3, 4, 5))
def sums_of_views(x):
    views = x[::-1], x[:, ::-2], x[:, :, ::-1], x.dimshuffle(2, 0, 1)[::-1], x[1:, 2:, ::3]
    return [view.sum(axis=axis) for view in views for axis in (0, 1, 2, None)]


@case(np.array([0.5, 1.5, 2], "float16"))
def a_sum_of_float16(x):
    return x.sum()


# --- Without an OpenCL version -----------------------------------------------------------------------

HALVES = array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0])


@case(HALVES)
def rounded(x):
    return [T.round(x, mode="half_to_even"), T.round(x), x // 2, T.trunc(x), T.cast(x, "bool"), T.switch(x, 1, x - 1)]


@case(np.array([-3, 0, 3], "int8"))
def integers_as_floats(x):
    return [T.trunc(x), T.sqrt(abs(x)), T.exp(x), x / 2, x % 2.5]


@case((HALVES, HALVES.astype("float64") + 4))
def floats_of_two_types(x, y):
    return [x % y, T.arctan2(x, y), x + y]


@case(HALVES)
def special_functions(x):
    return [T.erfinv(x / 3), T.gammainc(2, abs(x))]


@case(some(3, 4))
def cumulated_and_sorted(x):
    return [T.cumsum(x, axis=0), T.cumprod(x), T.sort(x), T.argsort(x)]


@case(array([0.5, -1, 2]))
def recurrent(x):
    steps, updates = theano.scan(lambda x_t, s: T.tanh(s + x_t), [x], [T.zeros((2,), "float32")])
    assert not updates
    return [steps, T.grad(steps[-1].sum(), x)]


@case((array([[1, NAN, 3], [NAN, 0, -INF]]), array([[2, 1, NAN], [NAN, 0, 5]])))
def maximum_and_minimum(x, y):
    return [T.maximum(x, y), T.minimum(x, y), T.maximum(x, 0)]


@case((np.array([[1, 2], [3, 4]], "float16"), np.array([[1], [2]], "float16")))
def a_product_of_float16(A, B):
    return T.dot(A, B)


# --- Operations that somebody puts onto the device by hand --------------------------------------------


def by_hand(operation):
    x = T.fvector()
    theano.function([x], operation(as_gpuarray_variable(x, None)))


def said(call):
    """Which error a call raises, and its first line."""
    try:
        call()
    except Exception as error:
        return {"error": type(error).__name__, "says": str(error).splitlines()[0]}
    return {}


def refused():
    from deeplearning_tutorial.engine.corrections import gpu

    x, y = T.fvectors("x", "y")
    return {
        "cumulated": said(lambda: by_hand(extra_ops.GpuCumOp(0, "add"))),
        "rounded": said(lambda: by_hand(elemwise.GpuElemwise(theano.scalar.round_half_to_even))),
        "exponential": said(lambda: by_hand(elemwise.GpuElemwise(theano.scalar.exp))),
        "a sum is rewritten as switches": bool(gpu.maximum_as_switches.transform((x + y).owner)),
        "takes round": gpu._is_taken(theano.scalar.round_half_to_even, ("float32",)),
        "takes floor": gpu._is_taken(theano.scalar.floor, ("float32",)),
    }


# --- What comes of them ------------------------------------------------------------------------------


def run(build, calls, times, dirty):
    found = []
    for _ in range(times):
        variables = [T.TensorType(value.dtype, (False,) * value.ndim)() for value in calls[0]]
        outputs = build(*variables)
        function = theano.function(variables, outputs if isinstance(outputs, list) else [outputs], mode=_another_mode())
        found += [called(function, values, dirty) for values in calls]
    names = sorted({type(node.op).__name__ for node in function.maker.fgraph.toposort()})
    return {"calls": found, "operations": names}


def _another_mode():
    """A mode of its own, so that each function has outputs of its own."""
    return theano.compile.get_default_mode().clone()


def called(function, values, dirty):
    make_dirty(dirty)
    try:
        results = [np.asarray(result) for result in function(*values)]
    except Exception as error:
        return {"error": type(error).__name__, "says": str(error).splitlines()[0]}
    return [[result.dtype.name, list(result.shape), result.ravel().tolist()] for result in results]


def make_dirty(shapes):
    """Leave NaN where arrays of these shapes will be."""
    from pygpu import gpuarray

    context = theano.gpuarray.type.get_context(None)
    arrays = [
        gpuarray.array(np.full(s, NAN, d), context=context) for s in shapes for d in ("f4", "f8") for _ in range(9)
    ]
    del arrays


def main(names):
    cases = {name: run(*entry) for name, entry in CASES.items() if not names or name in names}
    print(json.dumps({"cases": cases, "refused": refused(), "engine": deeplearning_tutorial.__name__}))


if __name__ == "__main__":
    main(sys.argv[1:])
