r"""Products of matrices and vectors are right for any view that NumPy can make.

Theano multiplies with BLAS, which knows only matrices whose rows, or columns, lie one after the other. Theano's C code
(``theano/tensor/blas.py`` and ``blas_c.py``) copies what it takes for other matrices, and takes too few for such:

* Rows that overlap, as those of `numpy.lib.stride_tricks.sliding_window_view`, are no matrix of BLAS. A BLAS that
  notices reports an error, which nobody looked at, and the result was whatever was in memory.
* Nor are rows that lie in one place, as those of `numpy.broadcast_to`, or in a place that is no whole number of items.
* An empty sum is 0, and Theano refused it: ``some matrix has no unit stride``.
* A result that is added to a matrix in place must not lie where an input lies, nor overlap itself, nor be read-only.
* Sizes above 2 ** 31 were cut to 32 bits.
* ``0 * nan`` is ``nan`` to NumPy; for BLAS a product that is multiplied by 0 is not computed.

products.cpp has all of this: each operation asks there for its product. A matrix that BLAS can take is still not
copied. Where Theano has no compiler or no BLAS, NumPy multiplies, and what is done in place had the same faults.

There is more to it than products:

* OpenBLAS prints an error, and goes on. Here it raises one, whatever operation it was that called it.
* The transpose of a broadcast array was none: where from a row to the next are 0 bytes, Theano put another number.
* A shared variable that is such a view, and is overwritten in its updates, gets memory of its own.
"""

import hashlib
from pathlib import Path

import numpy as np
from theano.compile.function_module import FunctionMaker
from theano.compile.sharedvalue import SharedVariable
from theano.gof import Container
from theano.gof.utils import MethodNotDefined
from theano.tensor import blas, blas_c, blas_headers
from theano.tensor.blas import BatchedDot, Dot22, Dot22Scalar, Gemm, GemmRelated, Gemv, Ger
from theano.tensor.blas_c import BaseBLAS, CGemv, CGer
from theano.tensor.blas_scipy import ScipyGer
from theano.tensor.elemwise import DimShuffle
from theano.tensor.nnet import conv, corr, corr3d

from deeplearning_tutorial.engine.corrections.rewriting import is_constantly

SOURCE = Path(__file__).with_name("products.cpp").read_text(encoding="utf-8")
NUMBERS = {"float32": "float", "float64": "double"}

# BLAS calls it when a parameter makes no sense. The library looks for it first in the module that it was loaded for.
# Python's main thread raises the error if this is a thread that Python knows nothing of.
XERBLA = r"""
#ifndef PRODUCTS_XERBLA
#define PRODUCTS_XERBLA
#include <stdio.h>
static char xerbla_message[200];
static int xerbla_in_the_main_thread(void*) {
    PyErr_SetString(PyExc_ValueError, xerbla_message);
    return -1;
}
extern "C" __attribute__((visibility("default"))) void xerbla_(char* routine, void* parameter) {
    snprintf(xerbla_message, sizeof xerbla_message,
             "BLAS cannot compute %.6s: its parameter number %d has an illegal value.", routine, *(int*) parameter);
    if (PyGILState_Check()) PyErr_SetString(PyExc_ValueError, xerbla_message);
    else Py_AddPendingCall(xerbla_in_the_main_thread, NULL);
}
#endif
"""


def _header(_theanos=blas_headers.blas_header_text):
    """What stands before the C code of any operation that calls BLAS."""
    return _theanos() + XERBLA


def _header_version(_theanos=blas_headers.blas_header_version):
    return (*_theanos(), "xerbla")


def _with_a_look_at_errors(theanos):
    """The C code of a convolution, which went on after an error of BLAS."""

    def c_code(self, node, name, inputs, outputs, sub):
        return f"{theanos(self, node, name, inputs, outputs, sub)}\nif (PyErr_Occurred()) {{ {sub['fail']} }}"

    return c_code


def _support_code(self):
    return _header() + SOURCE


def _version(self):
    """Another one than Theano's, so that no module is taken that was compiled without the correction."""
    return ("products", 1, hashlib.sha256(SOURCE.encode()).hexdigest(), _header_version())


def _call(op, node, sub, call, *arguments, needs_blas=True):
    """The C code of an operation: one call, which tells whether it succeeded."""
    number = NUMBERS.get(node.inputs[0].dtype)
    if number is None or (needs_blas and not op.c_libraries()):
        raise MethodNotDefined(f"{type(op).__name__}.c_code")  # Theano then uses perform
    return f"if (!products::{call}<{number}>({', '.join(arguments)})) {{ {sub['fail']} }}"


def _number(scalar):
    return f"products::number({scalar})"


def _dot22(self, node, name, inputs, outputs, sub):
    """``dot(x, y)``. Theano: `GemmRelated.check_strides`, `encode_strides_in_unit`, `compute_strides`."""
    x, y = inputs
    return _call(self, node, sub, "dot", "1", x, y, f"&{outputs[0]}")


def _dot22_scalar(self, node, name, inputs, outputs, sub):
    """``a * dot(x, y)``."""
    x, y, a = inputs
    return _call(self, node, sub, "dot", _number(a), x, y, f"&{outputs[0]}")


def _gemm(self, node, name, inputs, outputs, sub):
    """``b * z + a * dot(x, y)``; z is not read where b is 0. Theano: `Gemm.setup_z_Nz_Sz_inplace` and as `_dot22`."""
    z, a, x, y, b = inputs
    inplace = f"{sub['params']}->inplace"
    return _call(self, node, sub, "gemm", inplace, z, _number(a), x, y, _number(b), f"&{outputs[0]}", needs_blas=False)


def _gemv(self, node, name, inputs, outputs, sub):
    """``beta * y + alpha * dot(A, x)``; y is not read where beta is 0. Theano: `gemv_c_code`."""
    y, alpha, A, x, beta = inputs
    inplace = f"{sub['params']}->inplace"
    return _call(self, node, sub, "gemv", inplace, y, _number(alpha), A, x, _number(beta), f"&{outputs[0]}")


def _ger(self, node, name, inputs, outputs, sub):
    """``A + alpha * outer(x, y)``. Theano: `ger_c_code`."""
    A, alpha, x, y = inputs
    return _call(self, node, sub, "ger", f"{sub['params']}->destructive", A, _number(alpha), x, y, f"&{outputs[0]}")


def _batched_dot(self, node, name, inputs, outputs, sub):
    """``dot(x[i], y[i])`` for each i. Theano: `BatchedDot.c_support_code` and `c_code`."""
    ndims = [str(variable.ndim) for variable in node.inputs]
    return _call(self, node, sub, "batched_dot", *inputs, f"&{outputs[0]}", *ndims, needs_blas=False)


def _gemm_in_python(self, node, inputs, outputs, params):
    """Theano: `Gemm.perform` multiplied z in place first, though x, y or another part of z may lie in its memory."""
    z, a, x, y, b = inputs
    outputs[0][0] = _placed(_scaled_sum(z, np.dot(x, y), a, b), z, params.inplace, x, y)


def _gemv_in_python(self, node, inputs, outputs, params=None):
    """Theano: `Gemv.perform` compared no shapes where one is 0, and SciPy wrote into y whatever else lies there."""
    y, alpha, A, x, beta = inputs
    outputs[0][0] = _placed(_scaled_sum(y, np.dot(A, x), alpha, beta), y, self.inplace, A, x)


def _ger_in_python(self, node, inputs, outputs, params=None):
    """Theano: `Ger.perform` added to A in place, though x, y or another part of A may lie in its memory."""
    A, alpha, x, y = inputs
    outputs[0][0] = _placed(_scaled_sum(A, np.outer(x, y), alpha, 1), A, self.destructive, x, y)


def _scaled_sum(z, product, a, b):
    """``a * product + b * z`` in the memory of the product; z is not read where b is 0."""
    if product.shape != z.shape:
        raise ValueError(f"Shape mismatch: the product has shape {product.shape}, and what it is added to {z.shape}.")
    if a != 1:
        product *= a
    if b != 0:
        product += z if b == 1 else b * z
    return product


def _placed(result, array, inplace, *inputs):
    """The result in the memory of an array that the graph gives away, if nothing else lies there."""
    if not (inplace and _can_be_overwritten(array)) or any(np.may_share_memory(array, other) for other in inputs):
        return result
    array[...] = result
    return array


def _can_be_overwritten(array):
    """Whether no two of its numbers lie in one place, and none in memory that is read-only."""
    reach = array.itemsize
    for stride, length in sorted((abs(stride), length) for stride, length in zip(array.strides, array.shape)):
        if length > 1:
            if stride < reach:
                return False
            reach += stride * (length - 1)
    return array.flags.writeable


def _ger_of_scipy(self, node, inputs, outputs, _theanos=ScipyGer.perform):
    """Theano: `ScipyGer.perform`, as `Ger.perform`; SciPy writes into an A that is read-only, too."""
    A, alpha, x, y = inputs
    if alpha == 0 or not A.flags.writeable or np.may_share_memory(A, x) or np.may_share_memory(A, y):
        _ger_in_python(self, node, inputs, outputs)
    else:
        _theanos(self, node, inputs, outputs)


def _transposed(self, node, name, _theanos=DimShuffle.c_support_code_apply):
    """Zero strides stay zero. Theano: c_code/dimshuffle.c gave not only new axes another stride for 0, but any axis."""
    code = _theanos(self, node, name)
    if type(self) is not DimShuffle:  # a GPU's has a file of its own
        return code
    for condition, axis in [("if (strides[nd_out - 1] == 0)", "nd_out - 1"), ("if (strides[i] == 0)", "i")]:
        if code.count(condition) != 1:
            raise ImportError(f"Theano's dimshuffle.c is another one: it has not {condition!r} once.")
        code = code.replace(condition, f"{condition[:-1]} && dimensions[{axis}] == 1)")
    return code


def _transposed_version(self, _theanos=DimShuffle.c_code_cache_version):
    return ("zero strides", *_theanos(self))


def _create(self, input_storage=None, *arguments, _theanos=FunctionMaker.create, **options):
    """A shared array that a function overwrites, and that cannot be, is replaced by a copy of itself.

    Theano, `FunctionMaker.create`: a shared variable that was given a broadcast array, overlapping windows or read-only
    memory with ``borrow=True`` was updated in just that memory: one number for many, or numbers that nobody may change.
    """
    function = _theanos(self, input_storage, *arguments, **options)
    for container, given, input_ in zip(function.input_storage, input_storage or (), self.inputs):
        if input_.mutable:
            _make_overwritable(container)
            given = getattr(given, "container", given)
            if isinstance(given, Container):  # what the shared variable has; both have the array in one list
                given.is_overwritten = True
    return function


def _set_value(self, new_value, borrow=False, _theanos=SharedVariable.set_value):
    """As `_create`, for an array that comes later."""
    _theanos(self, new_value, borrow)
    if borrow and getattr(self.container, "is_overwritten", False):
        _make_overwritable(self.container)


def _make_overwritable(container):
    array = container.storage[0]
    if isinstance(array, np.ndarray) and not _can_be_overwritten(array):
        container.storage[0] = array.copy()


def _sum_with_product(beta, L, alpha, M, recurse_flip=True, _theanos=blas._beta_L_plus_alpha_M):
    """``beta * L + alpha * dot`` as one call of BLAS, unless beta is the constant 0, for which BLAS does not read L."""
    return (False, False) if is_constantly(beta, 0) else _theanos(beta, L, alpha, M, recurse_flip)


blas._beta_L_plus_alpha_M = _sum_with_product
FunctionMaker.create = _create
SharedVariable.set_value = _set_value
DimShuffle.c_support_code_apply = _transposed
DimShuffle.c_code_cache_version = _transposed_version
for module in (blas_headers, blas, blas_c, corr, corr3d):
    module.blas_header_version = _header_version
    if hasattr(module, "blas_header_text"):
        module.blas_header_text = _header
for op in (GemmRelated, BatchedDot, BaseBLAS):
    op.c_support_code = _support_code
for op, code in {
    Dot22: _dot22,
    Dot22Scalar: _dot22_scalar,
    Gemm: _gemm,
    CGemv: _gemv,
    CGer: _ger,
    BatchedDot: _batched_dot,
}.items():
    op.c_code = code
    op.c_code_cache_version = _version
for module in (corr, corr3d, conv):
    for op in vars(module).values():
        if isinstance(op, type) and op.__module__ == module.__name__ and "c_code" in vars(op):
            op.c_code = _with_a_look_at_errors(op.c_code)
BatchedDot.c_code_cleanup = lambda self, *names: ""  # there are no views to give back
Gemm.perform = _gemm_in_python
Gemv.perform = _gemv_in_python
Ger.perform = _ger_in_python
ScipyGer.perform = _ger_of_scipy
