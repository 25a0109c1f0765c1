// BLAS's product of matrices, sgemm_, computed by oneDNN. See onednn.py, which compiles this.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <omp.h>
#include <pthread.h>

// Python's, of the process that loads this library. They are weak, so that the linker does without them: it tries libraries in
// programs that are not Python.
extern "C" {
    extern __attribute__((weak)) struct _object *PyExc_ValueError, *PyExc_RuntimeError;
    __attribute__((weak)) int PyGILState_Check();
    __attribute__((weak)) int Py_AddPendingCall(int (*function)(void*), void* argument);
    __attribute__((weak)) void PyErr_SetString(struct _object* type, const char* message);
}

// oneDNN's own: C = alpha op(A) op(B) + beta C, where op(A) is m x k, op(B) is k x n, and rows are stored one after the other.
extern "C" int dnnl_sgemm(
    char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda,
    const float* b, int64_t ldb, float beta, float* c, int64_t ldc);

namespace {

struct Product {
    char transa, transb;
    int64_t m, n, k;
    float alpha;
    const float* a;
    int64_t lda;
    const float* b;
    int64_t ldb;
    float beta;
    float* c;
    int64_t ldc;

    int64_t batch() const { return std::max<int64_t>(1, std::min({m, n, k})); }
    // 0, or the number of an error.
    int compute() const { return dnnl_sgemm(transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc); }

    // Where nothing is added, oneDNN leaves C as it is, and sometimes a NaN that is multiplied by 0.
    bool adds_nothing() const { return k == 0 || alpha == 0; }
    void scale() const
    {
        for (int64_t row = 0; row < m; ++row)
            for (float* number = c + row * ldc; number < c + row * ldc + n; ++number) *number = beta == 0 ? 0 : beta * *number;
    }

    // Rows `first` to `last` of C, its columns, or what these terms of the sum over k add to C.
    Product rows(int64_t first, int64_t last) const
    {
        Product part = *this;
        part.m = last - first;
        part.a += transa == 'N' ? first * lda : first;
        part.c += first * ldc;
        return part;
    }
    Product columns(int64_t first, int64_t last) const
    {
        Product part = *this;
        part.n = last - first;
        part.b += transb == 'N' ? first : first * ldb;
        part.c += first;
        return part;
    }
    Product terms(int64_t first, int64_t last) const
    {
        Product part = *this;
        part.k = last - first;
        part.a += transa == 'N' ? first : first * lda;
        part.b += transb == 'N' ? first * ldb : first;
        return part;
    }
};

// In a network with weights W, a step on a small mini-batch x multiplies with W about as fast as W comes out of memory:
//
//     forward    x W                the rows of W are the terms of the sum over k
//     backward   delta W'           the rows of W become columns
//     update     W - x' delta       the rows of W are the rows of C
//
// oneDNN shares out each product among the threads as suits that product alone, and half of W wanders from one processor core's
// cache to the other's and back in every step. Here each thread keeps the same rows of W in all three products. With one thread
// as well as with several, oneDNN is up to a fifth slower in the last two of them if W is large, unless it has them in blocks.
const int64_t MANY_WEIGHTS = 1 << 20, ROWS_OF_MANY_WEIGHTS = 512;
const int64_t CACHE_LINE = 16;  // numbers

enum Shared { ROWS, COLUMNS, TERMS, AS_ONEDNN_LIKES };

int64_t n_weights(const Product& product) { return product.m * product.n * product.k / product.batch(); }

int64_t length(const Product& product, Shared shared)
{
    return shared == ROWS ? product.m : shared == COLUMNS ? product.n : product.k;
}

Shared how_to_share(const Product& product, int n_threads)
{
    const int64_t batch = product.batch(), weights = n_weights(product);
    // A larger batch is a matter of arithmetic, and a smaller W one of starting the threads. More of them were not measured.
    if (weights < std::max<int64_t>(16 * batch * batch, 16384) || n_threads > 4 || omp_in_parallel()) return AS_ONEDNN_LIKES;
    if (n_threads == 1 && weights < MANY_WEIGHTS) return AS_ONEDNN_LIKES;
    const Shared shared = product.k == batch ? ROWS : product.m > batch ? AS_ONEDNN_LIKES : product.transb == 'N' ? TERMS : COLUMNS;
    return length(product, shared) < CACHE_LINE * n_threads ? AS_ONEDNN_LIKES : shared;
}

int compute_together(const Product& product, Shared shared, int n_threads)
{
    const int64_t m = product.m, n = product.n, whole = length(product, shared);
    const int64_t block = n_weights(product) < MANY_WEIGHTS ? whole : ROWS_OF_MANY_WEIGHTS;
    const auto begin = [=](int64_t thread) {
        return thread == n_threads ? whole : whole * thread / n_threads / CACHE_LINE * CACHE_LINE;
    };
    std::atomic<int> status(0);
    const auto compute = [&](const Product& part) {
        if (const int error = part.compute()) status = error;
    };
    std::unique_ptr<float[]> sums(shared == TERMS ? new (std::nothrow) float[(n_threads - 1) * m * n] : nullptr);
    if (shared == TERMS && !sums) return product.compute();

    #pragma omp parallel num_threads(n_threads)
    {
        #pragma omp for schedule(static, 1)
        for (int thread = 0; thread < n_threads; ++thread) {
            const int64_t first = begin(thread), last = begin(thread + 1);
            if (shared == TERMS) {
                Product part = product.terms(first, last);
                if (thread > 0) {
                    part.beta = 0;
                    part.c = sums.get() + (thread - 1) * m * n;
                    part.ldc = n;
                }
                compute(part);
                continue;
            }
            for (int64_t next, from = first; from < last; from = next) {
                next = std::min(from + block, last);
                compute(shared == ROWS ? product.rows(from, next) : product.columns(from, next));
            }
        }
        if (shared == TERMS) {
            #pragma omp for
            for (int64_t row = 0; row < m; ++row)
                for (int64_t others = 0; others < n_threads - 1; ++others)
                    for (int64_t column = 0; column < n; ++column)
                        product.c[row * product.ldc + column] += sums[(others * m + row) * n + column];
        }
    }
    return status;
}

// BLAS has no way to report an error. Python has: as soon as the caller comes back to it, or, where the caller is a thread that
// Python knows nothing of, as soon as the main thread does.
void report(struct _object** type, const char* message)
{
    if (!PyGILState_Check) {
        std::fprintf(stderr, "%s\n", message);
        std::abort();
    }
    if (PyGILState_Check()) return PyErr_SetString(*type, message);
    static char for_the_main_thread[200];
    std::snprintf(for_the_main_thread, sizeof for_the_main_thread, "%s", message);
    const auto in_the_main_thread = [](void* text) {
        PyErr_SetString(PyExc_RuntimeError, static_cast<const char*>(text));
        return -1;
    };
    Py_AddPendingCall(in_the_main_thread, for_the_main_thread);
}

// A forked child has none of its parent's other threads, and would wait for them for ever: it goes on with one.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { omp_set_num_threads(1); });

// For numbers that are not complex, C is T. 0: no such letter.
char as_one_of_two(char letter)
{
    return letter == 'N' || letter == 'n' ? 'N' : letter == 'T' || letter == 't' || letter == 'C' || letter == 'c' ? 'T' : 0;
}

// The first parameter of sgemm_ that makes no sense, by its number there; 0 if all do. Of an empty matrix no row is too short.
int illegal_parameter(const Product& product)
{
    if (product.transb == 0) return 1;
    if (product.transa == 0) return 2;
    if (product.n < 0) return 3;
    if (product.m < 0) return 4;
    if (product.k < 0) return 5;
    if (product.m == 0 || product.n == 0) return 0;
    if (product.k > 0 && product.ldb < (product.transb == 'N' ? product.n : product.k)) return 8;
    if (product.k > 0 && product.lda < (product.transa == 'N' ? product.k : product.m)) return 10;
    return product.ldc < product.n ? 13 : 0;
}

}  // namespace

// BLAS stores columns one after the other: what it takes for C = A B is, with rows, C' = B' A'.
extern "C" void sgemm_(
    const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* alpha,
    const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc)
{
    const Product product{as_one_of_two(*transb), as_one_of_two(*transa), *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc};
    char message[200];
    if (const int parameter = illegal_parameter(product)) {
        std::snprintf(message, sizeof message, "BLAS cannot compute SGEMM: its parameter number %d has an illegal value.", parameter);
        return report(&PyExc_ValueError, message);
    }
    if (product.m == 0 || product.n == 0) return;
    if (product.adds_nothing()) return product.scale();
    const int n_threads = omp_get_max_threads();
    const Shared shared = how_to_share(product, n_threads);
    const int status = shared == AS_ONEDNN_LIKES ? product.compute() : compute_together(product, shared, n_threads);
    if (status == 0) return;
    std::snprintf(message, sizeof message, "oneDNN cannot multiply %d x %d and %d x %d numbers: dnnl_sgemm reports status %d.", *m, *k,
                  *k, *n, status);
    report(&PyExc_RuntimeError, message);
}
