"""Sparse matrices: each operation on both formats."""

import numpy as np
import scipy.sparse
import theano.sparse as S
import theano.tensor as T
from theano.sparse import basic, opt
from theano.sparse.sandbox import sp2

from .catalogue import C, Group, attempt, case

# No third mode: the rewrites put in operations that have C++ code only.
Group("sparse", ulp=32, of_largest=True, seconds=40, modes=[C, "FAST_COMPILE"])

FORMATS = {"csc": scipy.sparse.csc_matrix, "csr": scipy.sparse.csr_matrix}
DENSE = np.array([[0, 1.5, 0], [-2, 0, 0], [0, 4, 0.5], [0, 0, 0]])


def _each(build):
    """The case for each of the formats."""
    for name in FORMATS:
        for kind in ("float32", "float64", "int8") if build.__name__ in ("arithmetic", "parts") else ("float64",):

            def one(given, name=name, kind=kind):
                return build(given, lambda array=DENSE: given(FORMATS[name](array.astype(kind))), name, kind)

            one.__name__ = f"{build.__name__}_{name}_{kind}"
            case("sparse", compiled=build.__name__ == "products")(one)
    return build


@_each
def arithmetic(given, sparse, name, kind):
    x, y = sparse(), sparse(DENSE[::-1].copy())
    d, v = given(DENSE * 2 + 1, kind), given([1, 2, 3], kind)
    yield from (
        x + y,
        x - y,
        x * y,
        x + d,
        x * d,
        -x,
        x.T,
        S.add(d, x),
        S.sub(x, d),
        S.mul(x, given(2, kind)),
        basic.structured_add_s_v(x, v),
    )
    yield from (
        basic.mul_s_v(x, v),
        S.row_scale(x, given([1, 2, 3, 4], kind)),
        S.col_scale(x, v),
        S.sp_sum(x),
        S.sp_sum(x, 0),
        S.sp_sum(x, 1),
    )
    yield from (
        S.dense_from_sparse(x),
        S.csc_from_dense(d),
        S.csr_from_dense(d - 1),
        S.cast(x, "float32"),
        S.cast(x, "int8"),
        S.sp_ones_like(x),
    )
    yield from (S.sp_zeros_like(x), S.clean(x), S.remove0(x), S.ensure_sorted_indices(x))
    yield basic.add_s_s_data(x, x)


@_each
def comparisons(given, sparse, name, kind):
    x, y, d = sparse(), sparse(DENSE[::-1].copy()), given(DENSE * 2 + 1, kind)
    for compare in (S.eq, S.neq, S.lt, S.gt, S.le, S.ge):
        yield from (compare(x, y), compare(x, d), compare(d, x))


@_each
def functions(given, sparse, name, kind):
    x = sparse(abs(DENSE) / 8)
    for function in """sin tan arcsin arctan sinh arcsinh tanh arctanh rint sgn ceil floor log1p expm1 deg2rad rad2deg trunc sqr sqrt conj
    structured_sigmoid structured_exp structured_log""".split():
        yield getattr(basic, function)(x)
    for function in (basic.structured_pow, basic.structured_minimum, basic.structured_maximum, basic.structured_add):
        yield attempt(function, x, given(2.0, kind))
    yield from gradients_of_sparse(basic.tanh(x), x)


@_each
def parts(given, sparse, name, kind):
    x, i = sparse(), given(1, "int32")
    yield from (
        x[1:3, 0:2],
        basic.get_item_scalar(x, (2, 1)),
        x[i, i],
        x[:, 1:],
        basic.get_item_list(x, [0, 2]),
        basic.get_item_2lists(x, [0, 2], [1, 1]),
    )
    yield from basic.csm_properties(x)
    data, indices, indptr, shape = basic.csm_properties(x)
    yield from (
        basic.CSM(name)(data * 2, indices, indptr, shape),
        S.hstack([x, x], format=name, dtype=kind),
        S.vstack([x, x], format=name, dtype=kind),
    )


def gradients_of_sparse(y, *inputs):
    """Those of the sum of squares of a sparse matrix."""
    return T.grad(S.sp_sum(S.sqr(y)), list(inputs))


@_each
def gradients_of_operations(given, sparse, name, kind):
    x, y = sparse(), sparse(DENSE[::-1].copy())
    d, v = given(DENSE * 2 + 1, kind), given([1.0, 2, 3], kind)
    yield from gradients_of_sparse(x + y, x, y)
    yield from gradients_of_sparse(x * y, x, y)
    yield from gradients_of_sparse(x * d, x)
    yield from gradients_of_sparse(basic.mul_s_v(x, v), x, v)
    yield from gradients_of_sparse(basic.structured_add_s_v(x, v), x, v)
    yield from gradients_of_sparse(x.T, x)
    yield from T.grad((x + d).sum(), [d])
    yield from T.grad(T.sqr(S.dense_from_sparse(x)).sum(), [x])
    yield from gradients_of_sparse(S.csc_from_dense(d), d)
    yield from T.grad(S.sp_sum(x, 0).sum() * 2, [x])
    yield from gradients_of_sparse(basic.get_item_list(x, [0, 2]), x)
    yield T.grad(basic.get_item_2lists(x, [0, 2], [1, 1]).sum(), x)
    yield from gradients_of_sparse(S.col_scale(x, v), x, v)
    yield from gradients_of_sparse(S.cast(x, "float32"), x)


@_each
def products(given, sparse, name, kind):
    x, y = sparse(), sparse(DENSE.T.copy())
    d, e, v = given(DENSE[:3] + 1, kind), given(DENSE.T + 1, kind), given([1.0, 2, 3], kind)
    yield from (
        S.dot(x, d),
        S.dot(e, x),
        S.structured_dot(x, d),
        S.structured_dot(x, y),
        S.true_dot(x, y),
        S.true_dot(x, d),
        S.dot(x, v),
    )
    yield from (S.structured_dot(e, x), S.true_dot(e, x))
    yield from T.grad(S.dot(x, d).sum() * 2, [d])
    yield from T.grad(T.sqr(S.structured_dot(x, d)).sum(), [x, d])
    yield from gradients_of_sparse(S.true_dot(x, y), x, y)
    z, a = given(DENSE + 1, kind), given([[0.5]], kind, (True, True))
    yield from (S.usmm(a, x, d, z), S.usmm(a, e, x, given(np.ones((3, 3)), kind)))
    yield basic.sampling_dot(given(DENSE + 1, kind), given(DENSE[:3] + 2, kind), x)
    yield from T.grad(S.sp_sum(basic.sampling_dot(z, d, x)), [z, d])


@_each
def others(given, sparse, name, kind):
    x = sparse(DENSE[:3])
    yield from (basic.diag(x), basic.square_diagonal(given([1.0, 2, 3], kind)))
    yield from T.grad(basic.diag(x).sum(), [x])
    v = given([1.0, 2, 3], kind)
    yield from gradients_of_sparse(basic.square_diagonal(v), v)
    yield basic.construct_sparse_from_list(
        given(np.zeros((4, 3)), kind), given(DENSE[:2], kind), given([2, 0], "int64")
    )


@case("sparse")
def operations_in_c(given):
    """What rewrites put in, with C++ code."""
    c, r = given(FORMATS["csc"](DENSE)), given(FORMATS["csr"](DENSE))
    d, v = given(DENSE[:3] + 1), given([1.0, 2, 3])
    full = given(DENSE + 1)
    for x, in_format in (c, "csc"), (r, "csr"):
        data, indices, indptr, shape = basic.csm_properties(x)
        yield opt.AddSD_ccode(in_format)(x, full)
        dot = opt.sd_csc if in_format == "csc" else opt.sd_csr
        yield dot(data, indices, indptr, *([shape[0]] if in_format == "csc" else []), d)
        yield (opt.mul_s_d_csc if in_format == "csc" else opt.mul_s_d_csr)(data, indices, indptr, full)
    data, indices, indptr, shape = basic.csm_properties(r)
    yield opt.csm_grad_c(data, indices, indptr, shape, data * 2, indices, indptr, shape)
    yield from (opt.mul_s_v_csr(data, indices, indptr, v), opt.structured_add_s_v_csr(data, indices, indptr, v))
    yield from opt.sampling_dot_csr(full, d, data, indices, indptr, shape[1])


@case("sparse")
def products_in_c(given):
    c = given(FORMATS["csc"](DENSE))
    z = given(DENSE + 1)
    data, indices, indptr, shape = basic.csm_properties(c)
    yield opt.UsmmCscDense(False)(
        given([[0.5]], broadcastable=(True, True)), data, indices, indptr, shape[0], given(DENSE[:3] + 1), z
    )


@case("sparse", compiled=False)
def random_sparse_matrices(given):
    """Drawn from NumPy's own generator, which is set up first."""
    x = given(FORMATS["csr"](np.array([[0, 2.0], [3, 0]])))
    np.random.seed(3)
    yield sp2.poisson(x)
    np.random.seed(3)
    yield attempt(lambda: sp2.csr_fbinomial(given(3, "int64"), given(0.5), (3, 2)))
    yield sp2.multinomial(given(3, "int64"), given(FORMATS["csr"](np.array([[0, 0.5], [0.5, 0]]))))
