"""Products and what BLAS computes, and LAPACK's decompositions; Fourier transforms."""

import numpy as np
import theano.tensor as T
from theano.tensor import blas, blas_c, blas_scipy, fft, nlinalg, slinalg

from .catalogue import PYTHON, Group, attempt, case, gradients

Group("products", ulp=32, of_largest=True, seconds=60, core=True)
Group("linear algebra", ulp=2000, of_largest=True, modes=PYTHON)  # none of it has C++ code

FLOATS = ["float32", "float64"]


def numbers(*shape, kind="float32", seed=0):
    """Numbers of both signs."""
    return np.random.RandomState(seed + sum(shape)).uniform(-1, 1, shape).astype(kind)


def positive_definite(n, kind="float64"):
    """A symmetric matrix whose eigenvalues are far from each other."""
    x = numbers(n, n, kind="float64")
    return (x @ x.T / n + np.diag(np.arange(1.0, n + 1))).astype(kind)


def _products(kind):
    def build(given):
        a, b, v, w = (given(numbers(*s, kind=kind)) for s in ((3, 4), (4, 2), (4,), (3,)))
        c = given(numbers(3, 2, kind=kind))
        yield from (
            T.dot(a, b),
            T.dot(a, v),
            T.dot(w, a),
            T.dot(v, v),
            T.dot(a, 2),
            T.dot(a.T, a),
            T.dot(a[::-1, ::-1], b[::-1]),
        )
        yield from (
            c + T.dot(a, b),
            0.5 * c - 0.1 * T.dot(a, b),
            2 * T.dot(a, b),
            w + T.dot(a, v),
            w - 0.5 * T.dot(a, v),
        )
        yield from (a + T.outer(w, v), 0.3 * a - 0.1 * T.outer(w, v), T.dot(a, T.dot(b, c.T)), T.dot(a, b).T + c.T)

    build.__name__ = f"products_of_{kind}"
    return build


for _kind in [*FLOATS, "complex64", "complex128"]:
    case("products", compiled=_kind == "float32")(_products(_kind))


@case("products", compiled=False)
def products_of_integers(given):
    a, b = given([[100, 2], [3, 4]], "int8"), given([[100, 6], [7, 8]], "int8")
    i, f, h = (
        given([[1, 2], [3, 4]], "int64"),
        given([[1.5, 2], [3, 4]], "float32"),
        given([[1.5, 2], [3, 4]], "float16"),
    )
    m = given([[True, False], [True, True]], "bool")
    u = given([[200, 6], [7, 8]], "uint8")
    yield from (
        T.dot(a, b),
        T.dot(a, f),
        T.dot(i, f),
        T.dot(i, i),
        T.dot(a, u),
        T.dot(h, h),
        T.dot(m, f),
        T.dot(h, f),
        T.dot(m, a),
    )


@case("products", compiled=False)
def gradients_of_products(given):
    for kind in FLOATS:
        a, b, v, w = (given(numbers(*s, kind=kind)) for s in ((3, 4), (4, 2), (4,), (3,)))
        yield from gradients(T.dot(a, b), a, b)
        yield from gradients(T.dot(a, v), a, v)
        yield from gradients(T.dot(w, a), w, a)
        yield from gradients(T.outer(w, v), w, v)
        yield from gradients(T.tensordot(a, b, [[1], [0]]), a, b)


@case("products", compiled=False)
def products_of_stacks(given):
    for kind in FLOATS:
        a, b = given(numbers(2, 3, 4, kind=kind)), given(numbers(2, 4, 2, kind=kind))
        c = given(numbers(4, 3, 2, kind=kind))
        yield from (
            T.batched_dot(a, b),
            T.batched_dot(a[:, 0], b),
            T.batched_dot(a[:, 0], b[:, :, 0]),
            T.batched_tensordot(a, b, [2, 1]),
        )
        yield from (
            T.tensordot(a, c, [[1, 2], [1, 0]]),
            T.tensordot(a, b, 0)[0, 0, 0],
            T.tensordot(a, c[:, 0], 1),
            T.dot(a, c[:, 0]),
        )
        yield from gradients(T.batched_dot(a, b), a, b)
        yield blas.BatchedDot()(a, b)


@case("products")
def blas_itself(given):
    for kind in FLOATS[:1]:
        a, b, c, v, w = (given(numbers(*s, kind=kind)) for s in ((3, 4), (4, 2), (3, 2), (4,), (3,)))
        one, half = T.constant(np.asarray(1.0, kind)), T.constant(np.asarray(0.5, kind))
        yield from (blas.gemm_no_inplace(c, half, a, b, one), blas._dot22(a, b), blas._dot22scalar(a, b, half))
        yield from (
            blas.gemv_no_inplace(w, half, a, v, one),
            blas.ger(a, half, w, v),
            blas_scipy.ScipyGer(False)(a, half, w, v),
        )
        yield from (blas_c.CGemv(False)(w, half, a, v, one), blas_c.CGer(False)(a, half, w, v))
        yield blas.gemv_no_inplace(w, half, a, v, given(0, kind))
        x = given(numbers(2, 3, kind=kind))
        yield from (
            blas_c.CGemv(False)(x[:, 0], half, given(numbers(2, 4, kind=kind)), v, half),
            blas.gemv_no_inplace(w, one, a, v, one),
        )


def _signed(columns):
    """The same columns, each with a first number that is positive: LAPACK may choose either sign."""
    return columns * T.sgn(columns[0])


def _decompositions(kind):
    def build(given):
        x, s, b, v = given(numbers(3, 3, kind=kind) + 2 * np.eye(3, dtype=kind)), given(positive_definite(3, kind)), given(
            numbers(3, 2, kind=kind)), given(numbers(3, kind=kind))  # fmt: skip
        tall = given(numbers(4, 2, kind=kind))
        yield from (
            nlinalg.matrix_inverse(x),
            nlinalg.det(x),
            nlinalg.pinv(tall),
            nlinalg.matrix_power(x, 3),
            nlinalg.matrix_dot(x, s, x),
        )
        u, values, w = nlinalg.svd(tall, full_matrices=False)
        yield from (values, T.dot(u * values, w), abs(u), nlinalg.svd(x, compute_uv=False), nlinalg.svd(x)[1])
        q, r = nlinalg.qr(tall)
        yield from (abs(q), abs(r), T.dot(q, r), abs(nlinalg.qr(tall, "r")), abs(nlinalg.qr(tall, "complete")[1]))
        values, vectors = nlinalg.eigh(s)
        yield from (values, _signed(vectors), nlinalg.eigh(s, "U")[0], *(abs(y) for y in nlinalg.eig(s)))
        yield from (slinalg.cholesky(s), slinalg.Cholesky(lower=False)(s), slinalg.solve(x, b), slinalg.solve(x, v))
        yield from (
            slinalg.solve_lower_triangular(x, b),
            slinalg.solve_upper_triangular(x, v),
            slinalg.solve_symmetric(s, b),
        )
        yield from (slinalg.eigvalsh(s, T.eye(3, dtype=kind)), slinalg.kron(x, b), slinalg.expm(x))
        yield from nlinalg.lstsq()(tall, given(numbers(4, kind=kind)), 1e-6)
        yield from (nlinalg.tensorinv(given(numbers(2, 2, 4, kind=kind) + np.eye(4, dtype=kind).reshape(2, 2, 4))),)
        yield nlinalg.tensorsolve(
            given(numbers(2, 2, 4, kind=kind) + np.eye(4, dtype=kind).reshape(2, 2, 4)), given(numbers(2, 2, kind=kind))
        )
        yield from (nlinalg.trace(x), nlinalg.diag(v), nlinalg.AllocDiag()(v))

    build.__name__ = f"decompositions_{kind}"
    return build


def _gradients_of_decompositions(kind):
    def build(given):
        x, s, b, v = given(numbers(3, 3, kind=kind) + 2 * np.eye(3, dtype=kind)), given(positive_definite(3, kind)), given(
            numbers(3, 2, kind=kind)), given(numbers(3, kind=kind))  # fmt: skip
        yield from gradients(nlinalg.matrix_inverse(x), x)
        yield from gradients(nlinalg.det(x), x)
        yield from gradients(nlinalg.pinv(x), x)
        yield from gradients(slinalg.cholesky(s), s)
        yield slinalg.CholeskyGrad()(s, slinalg.cholesky(s), x)
        yield from gradients(slinalg.solve(x, b), x, b)
        yield from gradients(slinalg.solve(x, v), x, v)
        yield from gradients(slinalg.solve_lower_triangular(x, v), x, v)
        yield from gradients(slinalg.expm(x), x)
        yield from gradients(nlinalg.eigh(s)[0], s)
        yield from gradients(slinalg.eigvalsh(s, T.eye(3, dtype=kind)), s)
        yield from gradients(slinalg.kron(x, b), x, b)
        yield from gradients(nlinalg.AllocDiag()(v), v)
        yield from gradients(T.log(nlinalg.det(s)), s)

    build.__name__ = f"gradients_of_decompositions_{kind}"
    return build


for _kind in FLOATS:
    case("linear algebra")(_decompositions(_kind))
    case("linear algebra")(_gradients_of_decompositions(_kind))


@case("linear algebra")
def of_integers(given):
    x = given([[4, 1], [1, 3]], "int32")
    for function in (
        nlinalg.matrix_inverse, nlinalg.det, nlinalg.pinv, lambda x: nlinalg.svd(x)[1], lambda x: nlinalg.eigh(x)[0],
        lambda x: abs(nlinalg.qr(x)[1]), slinalg.cholesky, lambda x: slinalg.solve(x, x), slinalg.expm,
        lambda x: slinalg.kron(x, x), lambda x: nlinalg.eig(x)[0],
    ):  # fmt: skip
        yield attempt(function, x)


@case("linear algebra", alone=True)
def not_positive_definite(given):
    return slinalg.cholesky(given([[1.0, 2], [2, 1]]))


@case("linear algebra", alone=True)
def singular(given):
    return nlinalg.matrix_inverse(given([[1.0, 2], [2, 4]]))


@case("linear algebra")
def not_positive_definite_as_nan(given):
    return slinalg.Cholesky(on_error="nan")(given([[1.0, 2], [2, 1]]))


@case("linear algebra")
def fourier_transforms(given):
    for kind in ["float32"]:
        x = given(numbers(2, 6, kind=kind))
        y = fft.rfft(x)
        yield from (
            y,
            fft.rfft(x, norm="ortho"),
            fft.irfft(y),
            fft.irfft(fft.rfft(x[:, :5]), is_odd=True),
            fft.rfft(x, "no_norm"),
        )
        yield from gradients(y, x)
        z = given(numbers(2, 4, 2, kind=kind))
        yield from gradients(fft.irfft(z), z)


@case("linear algebra")
def fourier_transforms_that_are_deprecated(given):
    from theano.sandbox import fourier as sandbox
    from theano.tensor import fourier

    x, n = given(numbers(4, 3, kind="float64")), given(4, "int64")
    yield fourier.Fourier()(x, n, given(0, "int64"))
    yield T.constant(sandbox.dct_matrix(3, 4))


@case("linear algebra", alone=True)
def fourier_transform_of_frames(given):
    from theano.sandbox import fourier as sandbox

    return sandbox.FFT(half=True)(given(numbers(2, 8, kind="float64")), given(8, "int64"), given(1, "int64"))


@case("linear algebra")
def hints(given):
    from theano.sandbox.linalg import ops

    s = ops.psd(given(positive_definite(3)))
    return [
        s * 2,
        T.log(nlinalg.det(s)),
        slinalg.solve(s, given(numbers(3, kind="float64"))),
        ops.spectral_radius_bound(s, 5),
    ]
