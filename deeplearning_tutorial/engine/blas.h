// What Theano asks BLAS for, but for products of matrices in single precision, which sgemm.cpp computes.
//
// FOR_BLAS(DO) is DO(type, name, (parameters), (arguments)) for each function; s stands for float and d for double.

#pragma once

#define FOR_GEMM(DO, letter, real)                                                                                             \
    DO(void, letter##gemm_,                                                                                                    \
        (const char* transa, const char* transb, const int* m, const int* n, const int* k, const real* alpha, const real* a,   \
         const int* lda, const real* b, const int* ldb, const real* beta, real* c, const int* ldc),                            \
        (transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))

#define FOR_VECTORS(DO, letter, real)                                                                                          \
    DO(void, letter##gemv_,                                                                                                    \
        (const char* trans, const int* m, const int* n, const real* alpha, const real* a, const int* lda, const real* x,       \
         const int* incx, const real* beta, real* y, const int* incy),                                                         \
        (trans, m, n, alpha, a, lda, x, incx, beta, y, incy))                                                                  \
    DO(void, letter##ger_,                                                                                                     \
        (const int* m, const int* n, const real* alpha, const real* x, const int* incx, const real* y, const int* incy,        \
         real* a, const int* lda),                                                                                             \
        (m, n, alpha, x, incx, y, incy, a, lda))                                                                               \
    DO(real, letter##dot_,                                                                                                     \
        (const int* n, const real* x, const int* incx, const real* y, const int* incy), (n, x, incx, y, incy))

#define FOR_BLAS(DO) FOR_VECTORS(DO, s, float) FOR_VECTORS(DO, d, double) FOR_GEMM(DO, d, double)
