// BLAS's product of matrices, sgemm_, computed by oneDNN. See onednn.py, which compiles this.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <omp.h>
#include <pthread.h>

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
    void compute() const { dnnl_sgemm(transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc); }

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

void compute_together(const Product& product, Shared shared, int n_threads)
{
    const int64_t m = product.m, n = product.n, whole = length(product, shared);
    const int64_t block = n_weights(product) < MANY_WEIGHTS ? whole : ROWS_OF_MANY_WEIGHTS;
    const auto begin = [=](int64_t thread) {
        return thread == n_threads ? whole : whole * thread / n_threads / CACHE_LINE * CACHE_LINE;
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
                part.compute();
                continue;
            }
            for (int64_t next, from = first; from < last; from = next) {
                next = std::min(from + block, last);
                (shared == ROWS ? product.rows(from, next) : product.columns(from, next)).compute();
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
}

// A forked child has none of its parent's other threads, and would wait for them for ever: it goes on with one.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { omp_set_num_threads(1); });

}  // namespace

// BLAS stores columns one after the other: what it takes for C = A B is, with rows, C' = B' A'.
extern "C" void sgemm_(
    const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* alpha,
    const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc)
{
    const Product product{*transb, *transa, *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc};
    const int n_threads = omp_get_max_threads();
    const Shared shared = how_to_share(product, n_threads);
    if (shared == AS_ONEDNN_LIKES)
        product.compute();
    else
        compute_together(product, shared, n_threads);
}
