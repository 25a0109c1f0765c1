// Products of matrices and vectors, computed by BLAS, of any views that NumPy can make. See products.py, which hands it to Theano.

#ifndef PRODUCTS_OF_ANY_VIEWS
#define PRODUCTS_OF_ANY_VIEWS

// Each operation with products is compiled with this, so it is to be compiled fast: few headers, and little is written out inline.
#include <climits>
#include <initializer_list>

#define PRODUCTS_ONCE __attribute__((noinline))
#define PRODUCTS_SELDOM __attribute__((noinline, cold))

namespace products {

// BLAS's functions, of either precision under one name. Theano's own, for machines without BLAS, want pointers that are not const.
#define PRODUCTS_BLAS(letter, real)                                                                                            \
    inline void call_gemm(char* transa, char* transb, int m, int n, int k, real alpha, real* a, int lda, real* b, int ldb,     \
                          real beta, real* c, int ldc)                                                                         \
    {                                                                                                                          \
        letter##gemm_(transa, transb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);                                   \
    }                                                                                                                          \
    inline void call_gemv(char* trans, int m, int n, real alpha, real* a, int lda, real* x, int incx, real beta, real* y,      \
                          int incy)                                                                                            \
    {                                                                                                                          \
        letter##gemv_(trans, &m, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy);                                              \
    }                                                                                                                          \
    inline void call_ger(int m, int n, real alpha, real* x, int incx, real* y, int incy, real* a, int lda)                     \
    {                                                                                                                          \
        letter##ger_(&m, &n, &alpha, x, &incx, y, &incy, a, &lda);                                                             \
    }                                                                                                                          \
    inline real call_dot(int n, real* x, int incx, real* y, int incy) { return letter##dot_(&n, x, &incx, y, &incy); }

PRODUCTS_BLAS(s, float)
PRODUCTS_BLAS(d, double)
#undef PRODUCTS_BLAS

inline int type_of(float) { return NPY_FLOAT; }
inline int type_of(double) { return NPY_DOUBLE; }

// A reference to an array, or nothing.
class Array {
public:
    explicit Array(PyObject* array) : array(reinterpret_cast<PyArrayObject*>(array)) {}
    Array(Array&& other) : array(other.array) { other.array = NULL; }
    ~Array() { Py_XDECREF(array); }
    PyArrayObject* get() const { return array; }

private:
    PyArrayObject* array;
};

inline bool is_empty(PyArrayObject* array)
{
    for (int axis = 0; axis < PyArray_NDIM(array); ++axis)
        if (PyArray_DIM(array, axis) == 0) return true;
    return false;
}

template <typename T>
bool is_aligned(PyArrayObject* array)
{
    return reinterpret_cast<npy_uintp>(PyArray_DATA(array)) % sizeof(T) == 0;
}

// A matrix as NumPy has it: from a row to the next, and from a column to the next, are any number of bytes.
template <typename T>
struct Matrix {
    T* data;
    npy_intp rows, columns, down, right;

    T& at(npy_intp row, npy_intp column) const
    {
        return *reinterpret_cast<T*>(reinterpret_cast<char*>(data) + row * down + column * right);
    }

    // As BLAS has it: the numbers of a row side by side, and so many numbers from a row to the next; or the same with columns.
    // 0: not so. Rows that overlap are not so, nor are equal rows that lie in one place.
    int leading(bool by_rows) const
    {
        const npy_intp size = sizeof(T), lines = by_rows ? rows : columns, length = by_rows ? columns : rows;
        const npy_intp least = length > 1 ? length : 1;
        const npy_intp next_line = by_rows ? down : right, next_number = by_rows ? right : down;
        if (length > 1 && next_number != size) return 0;
        if (lines <= 1) return least;
        if (next_line % size != 0 || next_line / size < least || next_line / size > INT_MAX) return 0;
        return next_line / size;
    }
    bool suits_blas() const { return leading(true) || leading(false); }

    // As factor * itself; with factor 0 it is not read, as it may hold anything.
    PRODUCTS_SELDOM void scale(T factor) const
    {
        for (npy_intp i = 0; i < rows; ++i)
            for (npy_intp j = 0; j < columns; ++j) at(i, j) = factor == 0 ? 0 : factor * at(i, j);
    }
    PRODUCTS_SELDOM void add(T factor, const Matrix& other) const
    {
        for (npy_intp i = 0; i < rows; ++i)
            for (npy_intp j = 0; j < columns; ++j) at(i, j) += factor * other.at(i, j);
    }
};

// The matrix of two axes of an array. Axis -1 is one that the array has not: of length 1.
template <typename T>
Matrix<T> matrix(PyArrayObject* array, int rows = 0, int columns = 1)
{
    const auto length = [=](int axis) { return axis < 0 ? 1 : PyArray_DIM(array, axis); };
    const auto stride = [=](int axis) { return axis < 0 ? npy_intp(sizeof(T)) : PyArray_STRIDE(array, axis); };
    return {static_cast<T*>(PyArray_DATA(array)), length(rows), length(columns), stride(rows), stride(columns)};
}

// A vector as BLAS has it: the first number in memory, and so many numbers from one to the next. Step 0: not so.
template <typename T>
struct Vector {
    T* data;
    int step;

    Vector(void* first, npy_intp length, npy_intp stride) : data(static_cast<T*>(first)), step(1)
    {
        const npy_intp size = sizeof(T);
        if (length <= 1) return;
        const npy_intp steps = stride / size;
        step = stride % size != 0 || steps > INT_MAX || steps < -INT_MAX ? 0 : steps;
        if (steps < 0) data += (length - 1) * steps;
    }
    explicit Vector(PyArrayObject* array) : Vector(PyArray_DATA(array), PyArray_DIM(array, 0), PyArray_STRIDE(array, 0)) {}
};

template <typename T>
bool suits_blas(PyArrayObject* array)
{
    if (!is_aligned<T>(array)) return false;
    return PyArray_NDIM(array) == 1 ? Vector<T>(array).step != 0 : matrix<T>(array).suits_blas();
}

// The array itself where BLAS can read it, or a copy.
PRODUCTS_ONCE static Array readable(PyArrayObject* array, bool suits)
{
    if (!suits) return Array(PyArray_NewCopy(array, NPY_CORDER));
    Py_INCREF(array);
    return Array(reinterpret_cast<PyObject*>(array));
}

// Whether two arrays may have memory in common: their first and last bytes say so.
struct Extent {
    char *first, *last;

    explicit Extent(PyArrayObject* array) : first(PyArray_BYTES(array)), last(first)
    {
        if (is_empty(array)) return;
        last += PyArray_ITEMSIZE(array);
        for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
            const npy_intp way = (PyArray_DIM(array, axis) - 1) * PyArray_STRIDE(array, axis);
            (way < 0 ? first : last) += way;
        }
    }
    bool overlaps(const Extent& other) const { return first < other.last && other.first < last; }
};

PRODUCTS_ONCE static bool overlaps_any(PyArrayObject* array, std::initializer_list<PyArrayObject*> others)
{
    const Extent extent(array);
    for (PyArrayObject* other : others)
        if (extent.overlaps(Extent(other))) return true;
    return false;
}

// Sees to it that `result` can take the result: it holds the one of the last call, or nothing.
PRODUCTS_ONCE static bool prepare(
    PyArrayObject** result, int type, int ndim, const npy_intp* shape, std::initializer_list<PyArrayObject*> inputs)
{
    PyArrayObject* last = *result;
    bool fits = last && PyArray_TYPE(last) == type && PyArray_NDIM(last) == ndim && PyArray_ISCARRAY(last);
    for (int axis = 0; fits && axis < ndim; ++axis) fits = PyArray_DIM(last, axis) == shape[axis];
    if (fits && !overlaps_any(last, inputs)) return true;
    *result = NULL;
    Py_XDECREF(last);
    *result = reinterpret_cast<PyArrayObject*>(PyArray_SimpleNew(ndim, const_cast<npy_intp*>(shape), type));
    return *result != NULL;
}

// Whether `array`, which the graph gives away, can itself take the result.
template <typename T>
bool can_be_overwritten(PyArrayObject* array, std::initializer_list<PyArrayObject*> inputs)
{
    return PyArray_ISWRITEABLE(array) && (is_empty(array) || suits_blas<T>(array)) && !overlaps_any(array, inputs);
}

inline void replace(PyArrayObject** result, PyArrayObject* array)
{
    Py_INCREF(array);
    Py_XDECREF(*result);
    *result = array;
}

PRODUCTS_ONCE static bool check(int type, std::initializer_list<PyArrayObject*> arrays, std::initializer_list<int> ndims)
{
    auto ndim = ndims.begin();
    for (PyArrayObject* array : arrays) {
        if (PyArray_NDIM(array) != *ndim++ || PyArray_TYPE(array) != type) {
            PyErr_SetString(PyExc_TypeError, "A product of arrays of another type or number of axes than it was compiled for.");
            return false;
        }
        for (int axis = 0; axis < PyArray_NDIM(array); ++axis)
            if (PyArray_DIM(array, axis) > INT_MAX) {
                PyErr_Format(PyExc_ValueError,
                             "An axis of length %zd is too long for a product: BLAS counts up to %d. Multiply parts of it.",
                             static_cast<Py_ssize_t>(PyArray_DIM(array, axis)), INT_MAX);
                return false;
            }
    }
    return true;
}

// A BLAS that can report an error sets Python's, as sgemm.cpp does.
inline bool succeeded() { return PyErr_Occurred() == NULL; }

PRODUCTS_ONCE static double number(PyArrayObject* scalar)
{
    if (PyArray_TYPE(scalar) == NPY_FLOAT) return *static_cast<float*>(PyArray_DATA(scalar));
    if (PyArray_TYPE(scalar) == NPY_DOUBLE) return *static_cast<double*>(PyArray_DATA(scalar));
    PyObject* item = PyArray_GETITEM(scalar, PyArray_BYTES(scalar));
    const double value = item ? PyFloat_AsDouble(item) : 0; // where this fails, succeeded() says so
    Py_XDECREF(item);
    return value;
}

// z = alpha x y + beta z of matrices that suit BLAS, none of them empty. BLAS stores columns one after the other: with rows,
// z = x y is z' = y' x'.
template <typename T>
void gemm(T alpha, const Matrix<T>& x, const Matrix<T>& y, T beta, const Matrix<T>& z)
{
    char as_it_is = 'N', transposed = 'T';
    const bool x_by_rows = x.leading(true), y_by_rows = y.leading(true), z_by_rows = z.leading(true);
    const int ldx = x.leading(x_by_rows), ldy = y.leading(y_by_rows), ldz = z.leading(z_by_rows);
    char* trans_x = x_by_rows == z_by_rows ? &as_it_is : &transposed;
    char* trans_y = y_by_rows == z_by_rows ? &as_it_is : &transposed;
    if (z_by_rows)
        call_gemm(trans_y, trans_x, z.columns, z.rows, x.columns, alpha, y.data, ldy, x.data, ldx, beta, z.data, ldz);
    else
        call_gemm(trans_x, trans_y, z.rows, z.columns, x.columns, alpha, x.data, ldx, y.data, ldy, beta, z.data, ldz);
}

// z = alpha x y + beta z of any x and y; z suits BLAS.
template <typename T>
bool multiply(T alpha, PyArrayObject* x, PyArrayObject* y, T beta, PyArrayObject* z)
{
    if (is_empty(z)) return true;
    if (PyArray_DIM(x, 1) == 0) {
        matrix<T>(z).scale(beta);
        return true;
    }
    if (alpha == 0) { // BLAS would not look at x and y, and NumPy's 0 * nan is nan
        const Array product(PyArray_ZEROS(2, PyArray_DIMS(z), type_of(T()), 0));
        if (!product.get() || !multiply<T>(1, x, y, 0, product.get())) return false;
        matrix<T>(z).scale(beta);
        matrix<T>(z).add(alpha, matrix<T>(product.get()));
        return true;
    }
    const Array a = readable(x, suits_blas<T>(x)), b = readable(y, suits_blas<T>(y));
    if (!a.get() || !b.get()) return false;
    gemm<T>(alpha, matrix<T>(a.get()), matrix<T>(b.get()), beta, matrix<T>(z));
    return succeeded();
}

PRODUCTS_ONCE static bool shapes_match(PyArrayObject* x, PyArrayObject* y)
{
    if (PyArray_DIM(x, 1) == PyArray_DIM(y, 0)) return true;
    PyErr_Format(PyExc_ValueError, "Shape mismatch: x has %zd cols (and %zd rows) but y has %zd rows (and %zd cols)",
                 static_cast<Py_ssize_t>(PyArray_DIM(x, 1)), static_cast<Py_ssize_t>(PyArray_DIM(x, 0)),
                 static_cast<Py_ssize_t>(PyArray_DIM(y, 0)), static_cast<Py_ssize_t>(PyArray_DIM(y, 1)));
    return false;
}

// *z = alpha x y
template <typename T>
bool dot(T alpha, PyArrayObject* x, PyArrayObject* y, PyArrayObject** z)
{
    if (!check(type_of(T()), {x, y}, {2, 2}) || !shapes_match(x, y)) return false;
    const npy_intp shape[] = {PyArray_DIM(x, 0), PyArray_DIM(y, 1)};
    return prepare(z, type_of(T()), 2, shape, {x, y}) && multiply<T>(alpha, x, y, 0, *z);
}

// *z = alpha x y + beta c, in c itself where that is wanted and possible
template <typename T>
bool gemm(bool inplace, PyArrayObject* c, T alpha, PyArrayObject* x, PyArrayObject* y, T beta, PyArrayObject** z)
{
    if (!check(type_of(T()), {c, x, y}, {2, 2, 2}) || !succeeded() || !shapes_match(x, y)) return false;
    if (PyArray_DIM(x, 0) != PyArray_DIM(c, 0) || PyArray_DIM(y, 1) != PyArray_DIM(c, 1)) {
        PyErr_Format(PyExc_ValueError, "Shape mismatch: x has %zd rows and y has %zd cols, but z has %zd rows and %zd cols",
                     static_cast<Py_ssize_t>(PyArray_DIM(x, 0)), static_cast<Py_ssize_t>(PyArray_DIM(y, 1)),
                     static_cast<Py_ssize_t>(PyArray_DIM(c, 0)), static_cast<Py_ssize_t>(PyArray_DIM(c, 1)));
        return false;
    }
    if (inplace && can_be_overwritten<T>(c, {x, y}))
        replace(z, c);
    else if (!prepare(z, type_of(T()), 2, PyArray_DIMS(c), {c, x, y}) || (beta != 0 && PyArray_CopyInto(*z, c) != 0))
        return false;
    return multiply<T>(alpha, x, y, beta, *z);
}

// z = alpha a x + beta z of vectors x and z that suit BLAS
template <typename T>
bool multiply_vector(T alpha, PyArrayObject* a, PyArrayObject* x, T beta, PyArrayObject* z)
{
    const npy_intp rows = PyArray_DIM(a, 0), columns = PyArray_DIM(a, 1);
    const Matrix<T> column = matrix<T>(z, 0, -1);
    if (beta == 0 && PyArray_IS_C_CONTIGUOUS(z))
        PyArray_FILLWBYTE(z, 0); // not every BLAS leaves unread what it multiplies by 0
    else if (beta == 0 || columns == 0)
        column.scale(beta);
    if (rows == 0 || columns == 0) return true;
    if (alpha == 0 && rows > 1) { // as with matrices
        const Array product(PyArray_ZEROS(1, PyArray_DIMS(z), type_of(T()), 0));
        if (!product.get() || !multiply_vector<T>(1, a, x, 0, product.get())) return false;
        column.scale(beta);
        column.add(alpha, matrix<T>(product.get(), 0, -1));
        return true;
    }
    const Vector<T> given(x), result(z), row(PyArray_DATA(a), columns, PyArray_STRIDE(a, 1));
    if (rows == 1 && row.step != 0 && is_aligned<T>(a)) {
        T& sum = column.at(0, 0);
        sum = beta * sum + alpha * call_dot(columns, row.data, row.step, given.data, given.step);
        return succeeded();
    }
    const Array copy = readable(a, suits_blas<T>(a));
    if (!copy.get()) return false;
    const Matrix<T> m = matrix<T>(copy.get());
    char as_it_is = 'N', transposed = 'T';
    if (const int ld = m.leading(false))
        call_gemv(&as_it_is, rows, columns, alpha, m.data, ld, given.data, given.step, beta, result.data, result.step);
    else
        call_gemv(&transposed, columns, rows, alpha, m.data, m.leading(true), given.data, given.step, beta, result.data,
                  result.step);
    return succeeded();
}

// *z = alpha a x + beta y, in y itself where that is wanted and possible
template <typename T>
bool gemv(bool inplace, PyArrayObject* y, T alpha, PyArrayObject* a, PyArrayObject* x, T beta, PyArrayObject** z)
{
    if (!check(type_of(T()), {y, a, x}, {1, 2, 1}) || !succeeded()) return false;
    if (PyArray_DIM(a, 0) != PyArray_DIM(y, 0) || PyArray_DIM(a, 1) != PyArray_DIM(x, 0)) {
        PyErr_SetString(PyExc_ValueError, PyArray_DIM(a, 0) != PyArray_DIM(y, 0) ? "Shape mismatch: A.shape[0] != y.shape[0]"
                                                                                 : "Shape mismatch: A.shape[1] != x.shape[0]");
        return false;
    }
    if (inplace && can_be_overwritten<T>(y, {a, x}))
        replace(z, y);
    else if (!prepare(z, type_of(T()), 1, PyArray_DIMS(y), {y, a, x}) || (beta != 0 && PyArray_CopyInto(*z, y) != 0))
        return false;
    const Array vector = readable(x, suits_blas<T>(x));
    return vector.get() && multiply_vector<T>(alpha, a, vector.get(), beta, *z);
}

// *z = a + alpha x y', in a itself where that is wanted and possible
template <typename T>
bool ger(bool inplace, PyArrayObject* a, T alpha, PyArrayObject* x, PyArrayObject* y, PyArrayObject** z)
{
    if (!check(type_of(T()), {a, x, y}, {2, 1, 1}) || !succeeded()) return false;
    if (PyArray_DIM(a, 0) != PyArray_DIM(x, 0) || PyArray_DIM(a, 1) != PyArray_DIM(y, 0)) {
        PyErr_SetString(PyExc_ValueError, PyArray_DIM(a, 0) != PyArray_DIM(x, 0) ? "Shape mismatch: A.shape[0] != x.shape[0]"
                                                                                 : "Shape mismatch: A.shape[1] != y.shape[0]");
        return false;
    }
    inplace = inplace && can_be_overwritten<T>(a, {x, y});
    if (inplace)
        replace(z, a);
    else if (!prepare(z, type_of(T()), 2, PyArray_DIMS(a), {a, x, y}))
        return false;
    const Array first = readable(x, suits_blas<T>(x)), second = readable(y, suits_blas<T>(y));
    const Array from = readable(a, is_aligned<T>(a));
    if (!first.get() || !second.get() || !from.get()) return false;
    const Matrix<T> source = matrix<T>(from.get()), result = matrix<T>(*z);
    if (inplace && alpha != 0 && result.rows * result.columns >= 100000) {
        const Vector<T> u(first.get()), v(second.get());
        if (const int ld = result.leading(true))
            call_ger(result.columns, result.rows, alpha, v.data, v.step, u.data, u.step, result.data, ld);
        else
            call_ger(result.rows, result.columns, alpha, u.data, u.step, v.data, v.step, result.data, result.leading(false));
        return succeeded();
    }
    const Matrix<T> u = matrix<T>(first.get(), 0, -1), v = matrix<T>(second.get(), -1, 0);
    for (npy_intp i = 0; i < result.rows; ++i) {
        const T factor = alpha * u.at(i, 0);
        for (npy_intp j = 0; j < result.columns; ++j) result.at(i, j) = source.at(i, j) + factor * v.at(0, j);
    }
    return true;
}

// (*z)[i] = x[i] y[i]; each may be a matrix or a vector
template <typename T>
bool batched_dot(PyArrayObject* x, PyArrayObject* y, PyArrayObject** z, int x_ndim, int y_ndim)
{
    if (!check(type_of(T()), {x, y}, {x_ndim, y_ndim})) return false;
    const int x_rows = x_ndim == 3 ? 1 : -1, x_columns = x_ndim - 1, y_columns = y_ndim == 3 ? 2 : -1;
    if (PyArray_DIM(x, 0) != PyArray_DIM(y, 0) || PyArray_DIM(x, x_columns) != PyArray_DIM(y, 1)) {
        PyErr_Format(PyExc_ValueError, "Shape mismatch: %s. x has %zd of %zd columns, y has %zd of %zd rows.",
                     PyArray_DIM(x, 0) != PyArray_DIM(y, 0) ? "batch sizes unequal" : "summation axis sizes unequal",
                     static_cast<Py_ssize_t>(PyArray_DIM(x, 0)), static_cast<Py_ssize_t>(PyArray_DIM(x, x_columns)),
                     static_cast<Py_ssize_t>(PyArray_DIM(y, 0)), static_cast<Py_ssize_t>(PyArray_DIM(y, 1)));
        return false;
    }
    int z_ndim = 1;
    npy_intp shape[3] = {PyArray_DIM(x, 0)};
    const int z_rows = x_ndim == 3 ? z_ndim : -1;
    if (x_ndim == 3) shape[z_ndim++] = PyArray_DIM(x, 1);
    const int z_columns = y_ndim == 3 ? z_ndim : -1;
    if (y_ndim == 3) shape[z_ndim++] = PyArray_DIM(y, 2);
    if (!prepare(z, type_of(T()), z_ndim, shape, {x, y})) return false;
    if (is_empty(*z)) return true;
    if (PyArray_DIM(y, 1) == 0) return PyArray_FILLWBYTE(*z, 0), true;

    const auto suits = [](PyArrayObject* array, int rows, int columns) {
        const bool whole = PyArray_DIM(array, 0) <= 1 || PyArray_STRIDE(array, 0) % npy_intp(sizeof(T)) == 0;
        return whole && is_aligned<T>(array) && matrix<T>(array, rows, columns).suits_blas();
    };
    const Array a = readable(x, suits(x, x_rows, x_columns)), b = readable(y, suits(y, 1, y_columns));
    if (!a.get() || !b.get()) return false;
    Matrix<T> left = matrix<T>(a.get(), x_rows, x_columns), right = matrix<T>(b.get(), 1, y_columns);
    Matrix<T> result = matrix<T>(*z, z_rows, z_columns);
    const npy_intp size = sizeof(T);
    for (npy_intp i = 0; i < shape[0] && succeeded(); ++i) {
        gemm<T>(1, left, right, 0, result);
        left.data += PyArray_STRIDE(a.get(), 0) / size;
        right.data += PyArray_STRIDE(b.get(), 0) / size;
        result.data += PyArray_STRIDE(*z, 0) / size;
    }
    return succeeded();
}

}  // namespace products

#undef PRODUCTS_ONCE
#undef PRODUCTS_SELDOM

#endif
