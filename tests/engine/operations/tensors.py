"""Sums and other reductions, shapes, sorting, searching, indices, and what takes parts of arrays or sets them."""

import numpy as np
import theano
import theano.tensor as T
from theano.compile import ops as compile_ops
from theano.gof.null_type import NullType  # noqa: F401  (what a gradient may be of)
from theano.tensor import basic, elemwise, extra_ops
from theano.tensor.opt import Assert

from .catalogue import Group, attempt, case, gradients

Group("reductions", ulp=32, of_largest=True, seconds=60)
Group("shapes", seconds=60)
Group("sorting", seconds=10)
Group("indices", seconds=60, core=True)

KINDS = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64", "complex64"]
FLOATS = ["float32", "float64"]


def matrix(kind="float32", rows=3, columns=4):
    """Numbers of both signs, where the type has such, with ties."""
    numbers = (np.arange(rows * columns) * 7 % 11 - 4).reshape(rows, columns)
    if kind == "bool":
        return numbers > 0
    if kind.startswith("uint"):
        return abs(numbers).astype(kind)
    return (numbers / 4 if kind[0] in "fc" else numbers * (1 + 29 * (kind == "int8"))).astype(kind)


# --- Reductions -----------------------------------------------------------------------------------


def _reductions(kind):
    def build(given):
        x = given(matrix(kind))
        yield from (x.sum(), x.sum(0), x.sum(axis=-1, keepdims=True), x.prod(), x.prod(axis=1))
        yield from (x.mean(), x.mean(0), T.var(x), T.std(x, axis=0)) if kind != "bool" else ()
        if kind != "complex64":
            yield from (
                x.max(),
                x.min(0),
                x.max(axis=1),
                x.argmax(),
                x.argmax(0),
                x.argmin(1),
                *T.max_and_argmax(x, axis=0),
            )
            yield from (T.ptp(x, axis=1),) if kind != "bool" else ()
            yield from (T.all(x > 0), T.any(x > 1, axis=0))
        yield from (T.cumsum(x), T.cumsum(x, 0), T.cumprod(x, 1))
        for acc in ("float64", "int64") if kind in ("int8", "float16", "float32") else ():
            yield attempt(x.sum, 0, acc_dtype=acc)
            yield attempt(x.sum, 0, dtype=acc)
            yield attempt(x.mean, 0, dtype=acc)
            yield attempt(x.prod, 0, acc_dtype=acc)

    build.__name__ = f"reductions_of_{kind}"
    return build


for _kind in KINDS:
    case("reductions", compiled=_kind == "float32")(_reductions(_kind))


def _gradients(kind):
    def build(given):
        x = given(matrix(kind) + 0.125)
        for reduced in (
            x.sum(0), x.prod(1), x.mean(), x.max(1), x.min(), T.var(x, axis=0), T.std(x), x.norm(2), T.cumsum(x, 1),
            T.cumprod(x[:, :2], 0), x.norm(1, axis=0), T.max_and_argmax(x, axis=1)[0],
        ):  # fmt: skip
            yield from gradients(reduced, x)

    build.__name__ = f"gradients_of_{kind}"
    return build


for _kind in FLOATS:
    case("reductions", compiled=False)(_gradients(_kind))


@case("reductions", compiled=False)
def nan_and_inf(given):
    x = given([[np.nan, 1, 2], [np.inf, -np.inf, 0], [1, np.nan, np.inf]], "float32")
    return [x.max(), x.min(0), x.max(1), x.argmax(0), x.argmin(1), x.sum(0), x.prod(1), T.any(x, 0), x.mean(1)]


@case("reductions", compiled=False)
def of_nothing(given):
    x = given(np.zeros((0, 3)), "float32")
    return [x.sum(), x.sum(0), x.prod(0), T.all(x), T.any(x, 0), x.sum(1), T.cumsum(x, 0)]


@case("reductions", alone=True)
def maximum_of_nothing(given):
    return given(np.zeros((0, 3)), "float32").max()


@case("reductions", compiled=False)
def logical_and_bits(given):
    x, b = given([[5, 3, 12], [6, 7, 8]], "uint8"), given([[True, False], [True, True]], "bool")
    yield from (
        elemwise.CAReduce(op, axis=(0,))(x) for op in (theano.scalar.and_, theano.scalar.or_, theano.scalar.xor)
    )
    yield from (T.all(b, 0), T.any(b, 1), T.all(b), b.sum(0), b.prod(1), b.mean())
    yield elemwise.CAReduce(theano.scalar.maximum, axis=(1,))(given(matrix()))


@case("reductions", compiled=False)
def products_without_zeros(given):
    x = given([[1.5, 0, 2], [3, 4, 0], [0, 0, 1]], "float32")
    z = given([[1.5, 0, 2], [3, 4, 5]], "float64")
    return [elemwise.ProdWithoutZeros(axis=1)(x), T.grad(x.prod(axis=1).sum(), x), T.grad(z.prod(), z),
            elemwise.Prod(no_zeros_in_input=True)(z + 1)]  # fmt: skip


@case("reductions", compiled=False)
def means_and_norms(given):
    x = given(matrix("float32"))
    yield from (x.norm(order, axis=axis) for order in (1, 2, 3.5) for axis in (None, 0))
    yield from (T.nlinalg.norm(x, order) for order in ("fro", "inf", "-inf", 1, -1, None))
    yield from (T.nlinalg.norm(x[0], order) for order in ("inf", "-inf", 0, 1, 2, 3))
    yield basic.Mean()(x)
    yield from (T.logsumexp(x, axis=1),) if hasattr(T, "logsumexp") else ()
    yield T.log(T.sum(T.exp(x), axis=1))


# --- Shapes ---------------------------------------------------------------------------------------


@case("shapes")
def reshaping(given):
    x, n = given(matrix()), given(2, "int64")
    flat = x.reshape((-1,))
    yield from (x.reshape((4, 3)), x.reshape((n, 6)), x.reshape((2, -1)), flat, x.flatten(2), x.ravel(), x.T, x.shape)
    yield from (x.shape[0], x.dimshuffle(1, "x", 0), T.shape_padleft(x), T.shape_padright(x, 2), x.size, x.ndim)
    yield from (T.reshape(x, [np.int8(2), np.uint8(6)], ndim=2), x.reshape(T.stack([n, n * 3])), T.swapaxes(x, 0, 1))
    yield from (basic.Flatten(1)(x), basic.Flatten(2)(x.dimshuffle(0, 1, "x")), x.dimshuffle(0, 1, "x").squeeze())
    yield from (
        T.squeeze(x[:1]),
        T.unbroadcast(x[:1], 0),
        T.addbroadcast(x[:1], 0),
        T.patternbroadcast(x[:1], (True, False)),
    )
    yield from gradients(x.reshape((2, 6)).T, x)
    yield compile_ops.SpecifyShape()(x, [3, 4])
    yield Assert("must be positive")(x, n > 0)
    yield from gradients(T.specify_shape(x, (3, 4)) * 2, x)


@case("shapes", alone=True)
def wrong_shape(given):
    return given(matrix()).reshape((5, -1))


@case("shapes", alone=True)
def assertion(given):
    return Assert("must be positive")(given(1.0), given(-1.0) > 0)


@case("shapes")
def joining(given):
    x, y, i = given(matrix()), given(matrix("float64", 2)), given(matrix("int8", 1))
    joined = T.concatenate([x, y, i], axis=0)
    yield from (joined, T.join(1, x, x), T.stack([x, x], axis=1), T.stacklists([[x[0, 0], 1], [2.5, x[1, 1]]]))
    yield from (T.horizontal_stack(x, x), T.vertical_stack(x, y), T.concatenate([x[:0], x]), T.join(-1, x, x[:, :1]))
    yield from T.split(x, [1, 3], 2, axis=1)
    yield from T.split(x.flatten(), given([5, 0, 7]), 3)
    yield from gradients(joined, x, y)
    yield from gradients(T.split(x, [1, 3], 2, axis=1)[1], x)
    yield T.opt.MakeVector("int64")(given(3, "int64"), given(4, "int64"))
    yield T.opt.MakeVector("float32")(x[0, 0], x[1, 1])
    yield T.roll(x, 2, axis=1)


@case("shapes", alone=True)
def parts_that_do_not_sum_up(given):
    return T.split(given(matrix()), [1, 1], 2, axis=1)[0]


@case("shapes")
def filling(given):
    x, n = given(2.5, "float32"), given(3, "int64")
    i = given(7, "int8")
    yield from (
        T.alloc(x, n, 2),
        T.alloc(i, 2, n),
        T.alloc(0, n),
        T.alloc(0.1, 2),
        T.zeros((n, 2)),
        T.ones((2,), "int32"),
    )
    yield from (
        T.eye(n),
        T.eye(n, 4, -1, dtype="int8"),
        T.tri(n, 4, 1),
        T.identity_like(T.ones((2, 3))),
        T.fill(T.zeros((2,)), x),
    )
    yield from (
        T.zeros_like(i),
        T.ones_like(x),
        T.full((2, n), x) if hasattr(T, "full") else x,
        T.tri(4, dtype="float64"),
    )
    yield from gradients(T.alloc(x, n, 2), x)
    yield T.AllocEmpty("float32")(n, 2).shape
    yield T.AllocEmpty("float32")(2) * 0 == 3
    yield from (T.tril(T.ones((n, n))), T.triu(T.ones((n, n)), 1), extra_ops.bartlett(given(5, "int64")))


@case("shapes", compiled=False)
def ranges(given):
    n, m, x = given(5, "int8"), given(-3, "int64"), given(0.5, "float32")
    u = given(9, "uint8")
    yield from (
        T.arange(n),
        T.arange(m, n),
        T.arange(n, m, -2),
        T.arange(0, n, x),
        T.arange(x),
        T.arange(2.5),
        T.arange(u),
    )
    yield from (T.arange(4), T.arange(1, 10, 3), T.arange(0, 1, 0.25), T.arange(n, dtype="float32"), T.arange(3, 0))
    yield from (T.arange(0.0, 1.0, 0.1), T.arange(np.float32(3)), T.arange(n, u), T.arange(2**33, 2**33 + 2))
    yield from T.mgrid[0:2, 0:3]
    yield from T.ogrid[0:2:0.5, 0:3]
    yield from gradients(T.arange(x, 3 * x, x), x)


@case("shapes", compiled=False)
def diagonals(given):
    x, v = given(matrix()), given([1, 2, 3], "int8")
    yield from (
        T.diag(x),
        T.diag(v),
        T.diagonal(x, 1),
        T.diagonal(x, -1),
        basic.AllocDiag(offset=1)(v),
        T.nlinalg.diag(v),
    )
    yield from (T.nlinalg.alloc_diag(v), T.nlinalg.extract_diag(x), T.nlinalg.trace(x), basic.ExtractDiag(view=True)(x))
    yield from (T.fill_diagonal(x, 9), T.fill_diagonal(x, 0.1), T.fill_diagonal_offset(x, x[0, 0], 1))
    yield from (T.fill_diagonal_offset(x, given(5.0, "float32"), -1), basic.AllocDiag(axis1=0, axis2=2)(x))
    yield from gradients(T.fill_diagonal(x, x[0, 0]), x)
    yield from gradients(T.fill_diagonal_offset(x, x[0, 1], 1), x)
    yield from gradients(T.diag(x), x)
    f = given([1.5, 2], "float64")
    yield from gradients(T.diag(f), f)


@case("shapes", compiled=False)
def repeating(given):
    x, n, times = given(matrix()), given(2, "int64"), given([1, 0, 2], "int32")
    yield from (
        T.repeat(x, n, axis=0),
        T.repeat(x, times, axis=0),
        T.repeat(x, 2),
        T.repeat(x[0], 3, 0),
        T.tile(x, (2, 1)),
    )
    yield from (T.tile(x[0], 3), T.tile(x, n), T.tile(x, (1, n, 2)), T.tile(given([1, 2], "int8"), (2, 2)))
    yield basic.Tile(2)(x, given([1, 2], "int64"))
    yield basic.Tile(2)(x, given([1, 1], "int64"))
    yield from gradients(T.repeat(x, 2, axis=1), x)
    yield from gradients(T.tile(x, (2, 3)), x)


@case("shapes", compiled=False)
def views_and_copies(given):
    x = given(matrix())
    yield from (x.copy(), T.tensor_copy(x), theano.gradient.disconnected_grad(x), compile_ops.view_op(x))
    yield from (theano.gradient.consider_constant(x), theano.gradient.zero_grad(x), theano.gradient.undefined_grad(x))
    yield from (compile_ops.DeepCopyOp()(x), extra_ops.cpu_contiguous(x.T), x.transpose(1, 0))
    yield from gradients(theano.gradient.grad_scale(x, 0.1), x)
    yield from gradients(theano.gradient.grad_clip(x, -1.5, 3), x)
    yield from gradients(theano.gradient.zero_grad(x) * x, x)
    yield from gradients(theano.gradient.consider_constant(x) * x, x)
    yield from gradients(theano.gradient.disconnected_grad(x) * x, x)
    yield from gradients(extra_ops.cpu_contiguous(x.T), x)
    yield compile_ops.Rebroadcast((0, True))(x[:1])
    yield compile_ops.Shape_i(1)(x)
    yield compile_ops.Shape()(x)
    yield basic.tensor_from_scalar(basic.scalar_from_tensor(x[0, 0]))
    yield from gradients(basic.tensor_from_scalar(basic.scalar_from_tensor(x[0, 0])), x)
    yield from (x.astype("int8"), T.cast(x, "float64"), x.astype("complex64"), x.clip(-1, 1), x.round())


@case("shapes", compiled=False)
def other_functions(given):
    x, y, i = given(matrix()), given(matrix("float64")), given([3, 0, 2], "int32")
    yield from (
        extra_ops.diff(x),
        extra_ops.diff(x, 2, 0),
        extra_ops.diff(given([5, 3, 9], "uint8")),
        T.choose(i % 2, [x[0, :3], x[1, :3]]),
    )
    yield from (T.choose(i, x.T, mode="wrap"), T.choose(i, x.T, mode="clip"), T.isclose(x, y), T.allclose(x, y))
    yield from (
        T.outer(x[0], y[1]),
        T.square(x),
        T.ceil_intdiv(i + 5, 2),
        T.switch(i > 1, x[0, :3], 0),
        T.where(i > 1, 1, 0.5),
    )
    yield from (
        extra_ops.to_one_hot(i, 4),
        extra_ops.to_one_hot(i, 4, dtype="int8"),
        extra_ops.compress(given([0, 1, 1]), x, axis=0),
    )
    yield from (
        T.permute_row_elements(x, given([2, 0, 3, 1], "int64")),
        T.inverse_permutation(given([2, 0, 1], "int64")),
    )
    yield from (
        T.extract_constant(T.constant(3)),
        T.power(x, 2),
        T.deg2rad(x),
        T.batched_dot(x[:, None, :], x[:, :, None]),
    )
    yield basic.default(given([1.0]), given([2.0]))
    yield from gradients(extra_ops.diff(x[0]), x)
    yield from gradients(T.permute_row_elements(x, given([2, 0, 3, 1], "int64")), x)


# --- Sorting and searching ------------------------------------------------------------------------


def _sorting(kind):
    def build(given):
        x = given(matrix(kind))
        yield from (
            T.sort(x),
            T.sort(x, 0),
            T.sort(x, None),
            T.argsort(x, kind="mergesort"),
            T.argsort(x, 0, kind="stable"),
        )
        yield from (
            T.sort(x, kind="heapsort"),
            T.argsort(x, None, kind="mergesort"),
            x.sort(),
            x.argsort(1, "mergesort"),
        )

    build.__name__ = f"sorting_{kind}"
    return build


for _kind in ["int8", "uint8", "int64", "float16", "float32", "float64", "complex64"]:
    case("sorting", compiled=_kind == "float32")(_sorting(_kind))


@case("sorting", compiled=False)
def gradients_of_sorting(given):
    x = given([[5.0, 3, 9, 1, 7], [2, 8, 4, 6, 0]], "float32")
    return gradients(T.sort(x, 1), x)


def _largest(kind):
    def build(given):
        x = given(np.array([5, 3, 9, 1, 7], dtype=kind))
        yield from (T.topk(x, 2, sorted=False).sort(), T.argtopk(x, 2, sorted=False, idx_dtype="int32").sort())
        yield from (T.topk(x, -2, sorted=False).sort(), *(y.sort() for y in T.topk_and_argtopk(x, 3, sorted=False)))
        if kind == "float32":
            yield T.grad(T.topk(x, 2, sorted=False).sum(), x)

    build.__name__ = f"largest_of_{kind}"
    return build


for _kind in ["int8", "float32", "float64"]:  # in Python Theano's code raises
    case("sorting", alone=True, compiled=_kind == "float32")(_largest(_kind))


@case("sorting", compiled=False)
def searching(given):
    x = given([1, 3, 3, 5], "float32")
    v = given([0, 3, 4.5, 9], "float64")
    order = given([2, 0, 1, 3], "int64")
    yield from (
        extra_ops.searchsorted(x, v),
        extra_ops.searchsorted(x, v, side="right"),
        extra_ops.searchsorted(x[order], v, sorter=given([1, 2, 0, 3])),
    )
    yield from (
        extra_ops.searchsorted(given([1, 3], "int8"), given([2, 3], "int16")),
        extra_ops.searchsorted(x, 3),
        extra_ops.searchsorted(x, v.reshape((2, 2))),
    )


@case("sorting", compiled=False)
def sets(given):
    x = given([3, 1, 3, 2, 1], "int8")
    m = given([[3.5, 1.0], [1.0, 2.0]], "float32")
    yield extra_ops.Unique()(x)
    yield from extra_ops.Unique(True, True, True)(x)
    yield from extra_ops.Unique(False, True, False)(m)
    yield from extra_ops.Unique(True, False, True)(m)
    yield from (
        T.nonzero(m - 1)[0],
        T.nonzero(x - 1, return_matrix=True),
        T.flatnonzero(m - 1),
        T.nonzero_values(m - 1),
    )
    yield T.nonzero(x * 0, return_matrix=True)


@case("sorting", compiled=False)
def counting(given):
    x, u, w = given([3, 1, 3, 0], "int32"), given([3, 1, 3], "uint8"), given([0.5, 1, 2, 3], "float32")
    yield from (
        extra_ops.bincount(x),
        extra_ops.bincount(x, w),
        extra_ops.bincount(x, minlength=7),
        extra_ops.bincount(u),
        extra_ops.bincount(x, x),
    )
    yield extra_ops.bincount(x, assert_nonneg=True)
    yield from extra_ops.unravel_index(given([7, 11], "int64"), (3, 4))
    yield from extra_ops.unravel_index(given([[7], [11]], "int8"), given([3, 4], "int64"), order="F", ndim=2)
    yield extra_ops.ravel_multi_index((given([1, 2]), given([3, 3])), (3, 4))
    yield extra_ops.ravel_multi_index((given([1, 2]), given([5, -1])), (3, 4), mode="wrap", order="F")
    yield extra_ops.ravel_multi_index((given([1, 2]), given([5, -1])), (3, 4), mode="clip")


# --- Indices --------------------------------------------------------------------------------------


def _indices(kind):
    def build(given):
        x, i = given(matrix(kind)), given(1, "int64")
        rows, columns = given([2, 0, 2], "int64"), given([1, 1, -1], "int32")
        small = given([0, 1], "uint8")
        yield from (
            x[1],
            x[-1],
            x[i],
            x[:, i],
            x[1:],
            x[::2, ::-1],
            x[i:, :-1],
            x[..., 1],
            x[None, :, :],
            x[i - 2 :: -1],
            x[1, 2],
        )
        yield from (
            x[rows],
            x[:, columns],
            x[rows, columns],
            x[rows[:, None], columns],
            x[small],
            x[[0, 0, 1]],
            x[rows, 1:3],
        )
        yield from (
            x[1:, columns],
            x[rows, i],
            x[x > 1],
            x[(x > 1).any(axis=1)],
            x[np.array([True, False, True])],
            x[rows > 0],
        )
        yield from (
            x[:, np.array([True, False, True, True])],
            x.take(rows, 0),
            x.take([[0, 1]]),
            x.take(columns, 1, mode="wrap"),
        )

    build.__name__ = f"parts_of_{kind}"
    return build


for _kind in ["bool", "int8", "float32", "complex128"]:
    case("indices", compiled=_kind == "float32")(_indices(_kind))


def _setting(kind):
    def build(given):
        x, v = given(matrix(kind)), given(matrix(kind, 1)[0])
        rows, columns = given([2, 0, 2], "int64"), given([1, 1, -1], "int64")
        mask = given(matrix() > 0)
        places = [(1,), (slice(1, None),), (slice(None), 1), (rows,), (rows, columns), (mask,), (slice(None, None, -2), slice(1, 3)),
                  ([0, 0, 1],), (rows, slice(1, 3)), (slice(None), columns), (rows[:, None], columns), (mask[:, 0],)]  # fmt: skip
        for place in places:
            for change in (T.set_subtensor, T.inc_subtensor):
                if kind == "bool" and change is T.inc_subtensor:
                    continue
                yield attempt(lambda change=change, place=place: change(x[place], 1))
        yield from (
            T.set_subtensor(x[rows], v),
            T.set_subtensor(x[1], v),
            T.set_subtensor(x[:2], v),
            T.set_subtensor(x[rows, 1:3], v[1:3]),
        )
        if kind != "bool":
            yield from (
                T.inc_subtensor(x[rows], v),
                T.inc_subtensor(x[rows], x),
                T.inc_subtensor(x[rows, columns], v[:3]),
            )
            yield from (
                T.inc_subtensor(x[:, columns], x[:, :3]),
                T.inc_subtensor(x[1:], v),
                T.inc_subtensor(x[mask], 2),
            )
            yield from (T.inc_subtensor(x[rows], given(3, kind)), T.inc_subtensor(v[[0, 0, 0]], given([1, 1, 1], kind)))
            yield from (
                T.set_subtensor(x[rows], given([[1], [2], [3]], kind, (False, True))),
                T.inc_subtensor(x[2:0:-1], 3),
            )

    build.__name__ = f"setting_{kind}"
    return build


for _kind in ["bool", "int8", "uint8", "int64", "float16", "float32", "float64", "complex64"]:
    case("indices", compiled=_kind == "float32")(_setting(_kind))


@case("indices", compiled=False)
def setting_other_types(given):
    x, i, y = given(matrix("float64")), given(matrix("int8")), given(matrix("float32"))
    yield from (
        T.set_subtensor(x[1], i[0]),
        T.inc_subtensor(x[[0, 0]], y[:2]),
        T.set_subtensor(x[0, 0], 300),
        T.inc_subtensor(x[x > 0], 0.1),
    )
    yield from (attempt(T.set_subtensor, i[1], y[0]), attempt(T.set_subtensor, i[1], 300))
    yield from (attempt(T.set_subtensor, y[1], x[1]), attempt(T.inc_subtensor, y[[1, 1]], 0.1))


@case("indices", compiled=False)
def gradients_of_indices(given):
    for kind in FLOATS:
        x, v = given(matrix(kind)), given(matrix(kind, 1)[0])
        rows, columns = given([2, 0, 2], "int64"), given([1, 1, -1], "int64")
        for part in (
            x[1],
            x[1:, ::-1],
            x[rows],
            x[rows, columns],
            x[x > 0],
            x[:, columns],
            x[rows, 1:3],
            x.take(rows, 0),
        ):
            yield from gradients(part, x)
        for whole in (
            T.set_subtensor(x[1], v), T.inc_subtensor(x[1], v), T.inc_subtensor(x[rows], v), T.set_subtensor(x[0, 1:], v[1:]),
            T.inc_subtensor(x[rows, columns], v[:3]), T.set_subtensor(x[[0, 1]], v),
        ):  # fmt: skip
            yield from gradients(whole, x, v)


@case("indices", alone=True)
def index_out_of_bounds(given):
    return given(matrix())[given(3, "int64")]


@case("indices", alone=True)
def rows_out_of_bounds(given):
    return given(matrix())[given([3], "int64")]


@case("indices", alone=True)
def columns_out_of_bounds(given):
    return given(matrix())[given([0], "int64"), given([4], "int64")]


@case("indices", alone=True)
def mask_of_another_length(given):
    return given(matrix())[given([True, False], "bool")]


@case("indices", compiled=False)
def slices_as_variables(given):
    from theano.tensor.type_other import make_slice

    yield from (make_slice(given(1, "int64"), given(2, "int64"), 1), make_slice(None, given(2, "int64"), None))
    x = given(matrix())
    yield from (x[slice(given(0, "int8"), given(2, "uint8"))], x[given(-2, "int32") :: given(2, "int16")])
    yield from (T.set_subtensor(x[given(1, "int64") :], 3), T.inc_subtensor(x[: given(-1, "int8")], x[0]))


@case("indices", compiled=False)
def typed_lists(given):
    from theano import typed_list
    from theano.typed_list import basic as lists

    values = [matrix("float32", 1), matrix("float32", 2), matrix("float32", 1)]
    kind = typed_list.TypedListType(T.fmatrix)
    a, x = given.as_it_is(kind(), values), given(matrix("float32", 1))
    n = given(1, "int64")
    yield from (a[1], a[0:2], lists.append(a, x), lists.extend(a, a), lists.insert(a, n, x), lists.remove(a, x))
    yield from (lists.reverse(a), lists.index_(a, x), lists.count(a, x), lists.length(a), lists.make_list([x, x]))
    yield lists.getitem(a, n)
