// BLAS under its usual names, from the OpenBLAS inside SciPy's wheel, which has since SciPy 1.12 put scipy_ before each of them.
// Only what Theano calls. scripts/installation/configuration.sh compiles it where the system has no OpenBLAS.

// FORWARD(type, sgemm_, (parameters), (arguments))
#define FORWARD(type, name, parameters, arguments)     \
    extern "C" type scipy_##name parameters;           \
    extern "C" type name parameters { return scipy_##name arguments; }

// The same for the numbers of both precisions: s for float, d for double.
#define FORWARD_ALL(letter, real)                                                                                              \
    FORWARD(void, letter##gemm_,                                                                                               \
        (const char* transa, const char* transb, const int* m, const int* n, const int* k, const real* alpha, const real* a,   \
         const int* lda, const real* b, const int* ldb, const real* beta, real* c, const int* ldc),                            \
        (transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))                                                        \
    FORWARD(void, letter##gemv_,                                                                                               \
        (const char* trans, const int* m, const int* n, const real* alpha, const real* a, const int* lda, const real* x,       \
         const int* incx, const real* beta, real* y, const int* incy),                                                         \
        (trans, m, n, alpha, a, lda, x, incx, beta, y, incy))                                                                  \
    FORWARD(void, letter##ger_,                                                                                                \
        (const int* m, const int* n, const real* alpha, const real* x, const int* incx, const real* y, const int* incy,        \
         real* a, const int* lda),                                                                                             \
        (m, n, alpha, x, incx, y, incy, a, lda))                                                                               \
    FORWARD(real, letter##dot_,                                                                                                \
        (const int* n, const real* x, const int* incx, const real* y, const int* incy), (n, x, incx, y, incy))

FORWARD_ALL(s, float)
FORWARD_ALL(d, double)
