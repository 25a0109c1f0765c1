// x[rows] += y, or x[rows] = y, one row after the other, so that a row that is named twice gets both.
//
// Theano's own code for it used PyArray_MapIter*, which NumPy 2.0 took away; and np.add.at, which can do the same, takes two to
// three times as long on matrices. This is for AdvancedIncSubtensor1, which calls inplace_increment as it called Theano's.

namespace {

template <typename T>
struct complex_parts {
    T real, imag;
    complex_parts operator+(const complex_parts &other) const {
        complex_parts sum = {real + other.real, imag + other.imag};
        return sum;
    }
};

// `row` goes over the elements of a row of x, and `y` over all of y's, which has x's type and as many rows as are named.
template <typename T>
void go_over_rows(PyArrayIterObject *row, npy_intp stride, const npy_intp *rows, npy_intp n, PyArrayIterObject *y, int add) {
    for (npy_intp i = 0; i < n; ++i) {
        npy_intp offset = rows[i] * stride;
        PyArray_ITER_RESET(row);
        while (PyArray_ITER_NOTDONE(row)) {
            T *to = (T *)((char *)PyArray_ITER_DATA(row) + offset);
            const T &from = *(const T *)PyArray_ITER_DATA(y);
            *to = add ? T(*to + from) : from;
            PyArray_ITER_NEXT(row);
            PyArray_ITER_NEXT(y);
        }
    }
}

typedef void (*over_rows)(PyArrayIterObject *, npy_intp, const npy_intp *, npy_intp, PyArrayIterObject *, int);

over_rows for_type(int type) {
    switch (type) {
        case NPY_INT8: return go_over_rows<npy_int8>;
        case NPY_INT16: return go_over_rows<npy_int16>;
        case NPY_INT32: return go_over_rows<npy_int32>;
        case NPY_INT64: return go_over_rows<npy_int64>;
        case NPY_UINT8: return go_over_rows<npy_uint8>;
        case NPY_UINT16: return go_over_rows<npy_uint16>;
        case NPY_UINT32: return go_over_rows<npy_uint32>;
        case NPY_UINT64: return go_over_rows<npy_uint64>;
        case NPY_FLOAT32: return go_over_rows<npy_float32>;
        case NPY_FLOAT64: return go_over_rows<npy_float64>;
        case NPY_COMPLEX64: return go_over_rows<complex_parts<npy_float32> >;
        case NPY_COMPLEX128: return go_over_rows<complex_parts<npy_float64> >;
    }
    return NULL;
}

// Counts negative rows from the end. Returns -1 with an IndexError for one that is not there.
int check_rows(npy_intp *rows, npy_intp n, npy_intp length) {
    for (npy_intp i = 0; i < n; ++i) {
        npy_intp row = rows[i];
        if (row < -length || row >= length) {
            PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for axis 0 with size %zd", (Py_ssize_t)row, (Py_ssize_t)length);
            return -1;
        }
        if (row < 0) rows[i] += length;
    }
    return 0;
}

// Returns 0, or -1 with an error set.
int inplace_increment(PyArrayObject *x, PyObject *index, PyArrayObject *y, int add) {
    if (PyArray_FailUnlessWriteable(x, "input/output array") < 0) return -1;
    if (PyArray_NDIM(x) == 0) {
        PyErr_SetString(PyExc_IndexError, "0-d arrays can't be indexed.");
        return -1;
    }
    over_rows work = for_type(PyArray_TYPE(x));
    if (work == NULL) {
        PyErr_SetString(PyExc_TypeError, "unsupported type for a");
        return -1;
    }

    int result = -1;
    npy_intp shape[NPY_MAXDIMS];
    PyArrayObject *values = NULL, *first = NULL;
    PyArrayIterObject *row = NULL, *all = NULL;
    PyArrayObject *rows = (PyArrayObject *)PyArray_FROMANY(
        index, NPY_INTP, 1, 1, NPY_ARRAY_CARRAY | NPY_ARRAY_ENSURECOPY | NPY_ARRAY_FORCECAST);
    if (rows == NULL) return -1;
    npy_intp n = PyArray_SIZE(rows);
    if (check_rows((npy_intp *)PyArray_DATA(rows), n, PyArray_DIMS(x)[0]) < 0) goto end;

    Py_INCREF(PyArray_DESCR(x));
    values = (PyArrayObject *)PyArray_FromAny(
        (PyObject *)y, PyArray_DESCR(x), 0, 0, NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST, NULL);
    if (values == NULL) goto end;
    shape[0] = n;
    for (int i = 1; i < PyArray_NDIM(x); ++i) shape[i] = PyArray_DIMS(x)[i];
    all = (PyArrayIterObject *)PyArray_BroadcastToShape((PyObject *)values, shape, PyArray_NDIM(x));
    if (all == NULL) goto end;

    Py_INCREF(PyArray_DESCR(x));
    first = (PyArrayObject *)PyArray_NewFromDescr(
        &PyArray_Type, PyArray_DESCR(x), PyArray_NDIM(x) - 1, PyArray_DIMS(x) + 1, PyArray_STRIDES(x) + 1, PyArray_DATA(x),
        NPY_ARRAY_WRITEABLE, NULL);
    if (first == NULL) goto end;
    row = (PyArrayIterObject *)PyArray_IterNew((PyObject *)first);
    if (row == NULL) goto end;
    work(row, PyArray_STRIDES(x)[0], (const npy_intp *)PyArray_DATA(rows), n, all, add);
    result = 0;

end:
    Py_XDECREF(row);
    Py_XDECREF(first);
    Py_XDECREF(all);
    Py_XDECREF(values);
    Py_DECREF(rows);
    return result;
}

}  // namespace
