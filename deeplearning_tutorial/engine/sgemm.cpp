// BLAS's product of matrices, sgemm_, computed by oneDNN. See onednn.py, which compiles this.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <new>

#include "blas.h"
#include "threads.h"

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
const int64_t MANY_SUMS = 1 << 16;

enum Shared { ROWS, COLUMNS, TERMS };

int64_t n_weights(const Product& product) { return product.m * product.n * product.k / product.batch(); }

int64_t length(const Product& product, Shared shared)
{
    return shared == ROWS ? product.m : shared == COLUMNS ? product.n : product.k;
}

// A larger batch is a matter of arithmetic, and of what each thread has to read. More threads that keep their rows, or have sums of
// their own, were not measured.
Shared how_to_share(const Product& product, int n_parts)
{
    const int64_t batch = product.batch();
    const bool is_about_weights = n_weights(product) >= 16 * batch * batch && n_parts <= 4;
    if (is_about_weights && product.k != batch && product.m <= batch) return product.transb == 'N' ? TERMS : COLUMNS;
    if (!is_about_weights && product.transa == 'T' && product.k >= batch && n_parts <= 4) return TERMS;
    return product.m >= product.n ? ROWS : COLUMNS;
}

int compute_in_blocks(const Product& product, Shared shared, int64_t first, int64_t last)
{
    const int64_t block = n_weights(product) < MANY_WEIGHTS ? last - first : ROWS_OF_MANY_WEIGHTS;
    for (int64_t next, from = first; from < last; from = next) {
        next = std::min(from + block, last);
        if (const int error = (shared == ROWS ? product.rows(from, next) : product.columns(from, next)).compute()) return error;
    }
    return 0;
}

// For the sums of the other threads: kept, as the system takes its time to give so much memory anew.
float* room_for(int64_t numbers)
{
    static thread_local std::unique_ptr<float[]> kept;
    static thread_local int64_t room = 0;
    if (numbers > room) {
        kept.reset(new (std::nothrow) float[numbers]);
        room = kept ? numbers : 0;
    }
    return kept.get();
}

int compute_together(const Product& product, Shared shared, const threads::Number& threads)
{
    const int64_t m = product.m, n = product.n, whole = length(product, shared);
    const int64_t grain = shared == ROWS ? 4 : CACHE_LINE;
    const int n_parts = std::min<int64_t>(threads.n_parts, std::max<int64_t>(1, whole / grain));
    const auto begin = [=](int64_t part) { return part == n_parts ? whole : whole * part / n_parts / grain * grain; };
    std::atomic<int> status(0);
    float* const sums = shared == TERMS ? room_for((n_parts - 1) * m * n) : nullptr;
    if (shared == TERMS && !sums) return product.compute();

    threads::share(n_parts, threads, [&](int number) {
        const int64_t first = begin(number), last = begin(number + 1);
        int error;
        if (shared == TERMS) {
            Product part = product.terms(first, last);
            if (number > 0) {
                part.beta = 0;
                part.c = sums + (number - 1) * m * n;
                part.ldc = n;
            }
            error = part.compute();
        } else
            error = compute_in_blocks(product, shared, first, last);
        if (error) status = error;
    });
    if (shared == TERMS) {
        const auto add = [&](int64_t first, int64_t last) {
            for (int64_t row = first; row < last; ++row)
                for (int64_t others = 0; others < n_parts - 1; ++others)
                    for (int64_t column = 0; column < n; ++column)
                        product.c[row * product.ldc + column] += sums[(others * m + row) * n + column];
        };
        if (m * n < MANY_SUMS)
            add(0, m);
        else
            threads::share(n_parts, threads, [&](int number) { add(m * number / n_parts, m * (number + 1) / n_parts); });
    }
    return status;
}

// So many multiplications take about as long as it does to begin with others, 10 microseconds; or a millisecond.
const int64_t FEW = 200000, MANY = 30000000;

int compute(const Product& product)
{
    const threads::OneOfOpenMP one;  // oneDNN computes each part in the thread that it is in
    const int64_t multiplications = product.m * product.n * product.k;
    const threads::Number threads = threads::number(multiplications < FEW ? 1 : one.before, multiplications >= MANY);
    const Shared shared = how_to_share(product, threads.n_parts);
    if (threads.n_parts > 1) return compute_together(product, shared, threads);
    return shared == TERMS ? product.compute() : compute_in_blocks(product, shared, 0, length(product, shared));
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
    const int status = compute(product);
    if (status == 0) return;
    std::snprintf(message, sizeof message, "oneDNN cannot multiply %d x %d and %d x %d numbers: dnnl_sgemm reports status %d.", *m, *k,
                  *k, *n, status);
    report(&PyExc_RuntimeError, message);
}

// -------------------------------------------------------------------------------------------------------------------------------
// The rest of what Theano asks BLAS for. OpenBLAS computes it, with as many threads as `threads::number` says.

namespace {

void tell_openblas()
{
    static const auto set = [] {
        void* function = dlsym(RTLD_NEXT, "openblas_set_num_threads");
        if (!function) function = dlsym(RTLD_NEXT, "scipy_openblas_set_num_threads");
        return reinterpret_cast<void (*)(int)>(function);
    }();
    static std::atomic<int> before(0);
    const int now = threads::number(omp_get_max_threads(), false).n_threads;
    if (set && before.exchange(now) != now) set(now);
}

}  // namespace

// Where OpenBLAS reports an error. It looks for this function first in the library that has loaded it, which is this one.
extern "C" void xerbla_(const char* routine, const int* parameter)
{
    char message[200];
    std::snprintf(message, sizeof message, "BLAS cannot compute %.6s: its parameter number %d has an illegal value.", routine,
                  *parameter);
    report(&PyExc_ValueError, message);
}

#define FORWARD(type, name, parameters, arguments)                                                                             \
    extern "C" type name parameters                                                                                            \
    {                                                                                                                          \
        static const auto openblas = reinterpret_cast<type(*) parameters>(dlsym(RTLD_NEXT, #name));                            \
        tell_openblas();                                                                                                       \
        return openblas arguments;                                                                                             \
    }

FOR_BLAS(FORWARD)
