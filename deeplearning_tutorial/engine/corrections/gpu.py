r"""What Theano 1.0.5 computes wrongly on a GPU, through libgpuarray 0.7.6, with CUDA or with OpenCL.

Importing this module mends it; the package imports it where Theano has started a GPU.

A kernel cannot say that something is wrong with its numbers, and OpenCL's compiler refuses what CUDA's takes. Where
an operation on a GPU cannot give what the CPU gives, it is left on the host (`_leave_on_host`), and Theano copies its
arrays. What is on the device is corrected there:

* products see nothing of what lay in memory, and lengths may be zero (`_mend_product`);
* the indices of each axis are checked (`_check_each_axis`);
* the first of several largest numbers of a window has max-pooling's gradient (`_first_of_several`);
* sums are added up in the type that was asked for (`reduce_as_asked_for`);
* a kernel that OpenCL refuses is an error, and not the end of the process (`_say_what_is_refused`).
"""

import contextlib
import copy
import functools
import os

import numpy as np
import pygpu
import theano
import theano.tensor as T
from pygpu.gpuarray import GpuArray, GpuKernel, dtype_to_ctype
from theano import scalar
from theano.gpuarray import blas, elemwise, extra_ops, nnet, opt, pool, sort, subtensor
from theano.gpuarray.type import GpuArrayType, get_context
from theano.tensor import NotScalarConstantError, get_scalar_constant_value

OPENCL = get_context(None).kind == b"opencl"


# --- What moves to the GPU, and what stays on the host ----------------------------------------------


def _lift_with(name, lift):
    """Let `lift` do what Theano's rewrite of this name did, moving operations to the GPU. Theano's is returned.

    There are two of each name: the first moves a whole graph, the second one operation.
    """
    (first,), (second,) = (rewrites.__db__[name] for rewrites in (opt.gpu_optimizer2, opt.gpu_optimizer))
    theanos, lift.__name__ = first.transform, name
    first.transform = lift
    second.transform = opt.op_lifter(second.tracks())(lift).transform
    return theanos


def _leave_on_host(name, is_meant=lambda node: True):
    """Keep what a rewrite would move to the GPU on the host, where `is_meant` says so of the node."""

    def lift(op, context_name, inputs, outputs):
        return None if is_meant(outputs[0].owner) else theanos(op, context_name, inputs, outputs)

    theanos = _lift_with(name, lift)


def _scalar_operations(op):
    """An element-wise operation's own for single numbers, or the many that it is composed of."""
    if isinstance(op, scalar.Composite):
        return [inner for node in op.fgraph.apply_nodes for inner in _scalar_operations(node.op)]
    return [op]


def _divides_integers(node):
    """Whether integers are divided by what may be zero: an error on the CPU, and any number from a kernel.

    Theano 1.0.5 takes what the device makes of it (`IntDiv.c_code`, `Mod.c_code` in scalar/basic.py, under ``KERNEL``).
    """
    if not any(isinstance(op, scalar.IntDiv | scalar.Mod) for op in _scalar_operations(node.op.scalar_op)):
        return False
    if any(variable.dtype not in T.discrete_dtypes for variable in node.inputs):
        return False
    try:
        return isinstance(node.op.scalar_op, scalar.Composite) or get_scalar_constant_value(node.inputs[1]) == 0
    except NotScalarConstantError:
        return True


# --- Element-wise operations on OpenCL --------------------------------------------------------------

# OpenCL's compiler takes these for numbers of all types, and they give what they give on the CPU. All others are tried.
TAKEN = (
    scalar.Add, scalar.Sub, scalar.Mul, scalar.TrueDiv, scalar.Neg, scalar.Inv, scalar.Sqr, scalar.Sqrt, scalar.Abs,
    scalar.Exp, scalar.Log, scalar.Log1p, scalar.Expm1, scalar.Tanh, scalar.Second, scalar.Identity,
    scalar.LT, scalar.GT, scalar.LE, scalar.GE, scalar.EQ, scalar.NEQ, scalar.IsNan, scalar.IsInf,
    T.nnet.sigm.ScalarSigmoid, T.nnet.sigm.ScalarSoftplus,
)  # fmt: skip


def _differs_on_opencl(node):
    """Whether OpenCL's compiler refuses the operation for numbers of these types, or makes another one of it.

    Theano 1.0.5 asks only whether there is C code (`local_gpua_elemwise` in gpuarray/opt.py).
    """
    op, types = node.op.scalar_op, tuple(variable.dtype for variable in node.inputs)
    if isinstance(op, scalar.Mod) and len({*types}) > 1:  # there are several fmod, and C++ takes another one
        return True
    return type(op) not in TAKEN and not _is_taken(op, types)


@functools.cache
def _is_taken(op, types):
    """Whether this device's compiler takes an operation on single numbers: it is asked."""
    context = get_context(None)
    try:
        node = elemwise.GpuElemwise(op)(*(GpuArrayType(dtype, (False,))() for dtype in types)).owner
        support, code = node.op._generate_op_string(node)
        dtypes = [elemwise.get_scal(variable.dtype).dtype for variable in node.inputs + node.outputs]
        names = [f"i{i}" for i in range(len(types))] + ["o0"]
        arrays = ", ".join(f"GLOBAL_MEM {dtype_to_ctype(dtype)} *array_{n}" for dtype, n in zip(dtypes, names))
        numbers = "".join(f"{dtype_to_ctype(dtype)} {n} = array_{n}[0];" for dtype, n in zip(dtypes, names))
        source = (
            f'#include "cluda.h"\n{support}\nKERNEL void trial({arrays}) {{ {numbers}\n{code}\narray_o0[0] = o0; }}'
        )
        sizes = [np.dtype(dtype).itemsize for dtype in dtypes]
        flags = {"have_small": min(sizes) < 4, "have_double": "float64" in dtypes}
        with _silence():
            GpuKernel(source, "trial", [GpuArray] * len(names), context=context, cluda=True, **flags)
    except Exception:  # of Theano, where there is no C code; of libgpuarray, with what the compiler says
        return False
    return True


@contextlib.contextmanager
def _silence():
    """Let nobody write to this process's stderr: PoCL counts the errors there that it has told of already."""
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


@theano.gof.local_optimizer([T.maximum, T.minimum])
def maximum_as_switches(node):
    """Rewrite ``maximum(x, y)`` as switches: its C code has a ``nan("")`` that OpenCL's compiler refuses."""
    if node.op not in (T.maximum, T.minimum):
        return False
    x, y = node.inputs
    x_is_it, y_is_it = (x >= y, y > x) if node.op == T.maximum else (x <= y, y < x)
    # Neither comparison holds where one of the two is NaN, and then their sum is NaN too.
    return [T.cast(T.switch(y_is_it, y, T.switch(x_is_it, x, x + y)), node.outputs[0].dtype)]


# --- Products of matrices ---------------------------------------------------------------------------

_ZEROS = """
static PyGpuArrayObject* zeros_for(PyGpuArrayObject* array, int axis_of_one) {
    size_t lengths[3];
    for (unsigned int i = 0; i < PyGpuArray_NDIM(array); ++i) lengths[i] = PyGpuArray_DIM(array, i);
    if (axis_of_one >= 0) lengths[axis_of_one] = 1;
    return pygpu_zeros(PyGpuArray_NDIM(array), lengths, array->ga.typecode, GA_C_ORDER, array->context, Py_None);
}
"""

_PRODUCT = """
{
    PyGpuArrayObject *left_%(name)s = %(left)s, *right_%(name)s = %(right)s, *target_%(name)s = %(target)s;
    Py_INCREF(left_%(name)s);
    Py_INCREF(right_%(name)s);
    Py_XINCREF(target_%(name)s);
    %(prepare)s
    if (%(is_empty)s) {
        Py_XDECREF(%(out)s);
        %(out)s = target_%(name)s;
        target_%(name)s = NULL;
    } else {
        %(theanos)s
    }
    %(release)s
}
"""

# A sum of nothing is the sum of one zero.
_SUM_OF_NOTHING = """
    if (PyGpuArray_DIM(%(left)s, %(last)d) != PyGpuArray_DIM(%(right)s, %(first)d)) {
        PyErr_Format(PyExc_ValueError,
                     "Shape mismatch: the lengths %%zu and %%zu of a product's arrays have to be the same.",
                     PyGpuArray_DIM(%(left)s, %(last)d), PyGpuArray_DIM(%(right)s, %(first)d));
        %(fail)s
    }
    if (PyGpuArray_DIM(%(left)s, %(last)d) == 0) {
        Py_DECREF(left_%(name)s);
        left_%(name)s = zeros_for(%(left)s, %(last)d);
        Py_DECREF(right_%(name)s);
        right_%(name)s = zeros_for(%(right)s, %(first)d);
        if (!left_%(name)s || !right_%(name)s) { %(fail)s }
    }
"""

_FORGET_TARGET = """
    if (((dtype_%(beta)s*) PyArray_DATA(%(beta)s))[0] == 0) {
        Py_DECREF(target_%(name)s);
        target_%(name)s = zeros_for(%(target)s, -1);
        if (!target_%(name)s) { %(fail)s }
    }
"""

_NEW_TARGET = """
    if (PyGpuArray_DIM(%(left)s, 0) == 0 || PyGpuArray_DIM(%(right)s, 1) == 0) {
        size_t lengths[] = {PyGpuArray_DIM(%(left)s, 0), PyGpuArray_DIM(%(right)s, 1)};
        target_%(name)s = pygpu_zeros(2, lengths, %(left)s->ga.typecode, GA_C_ORDER, %(left)s->context, Py_None);
        if (!target_%(name)s) { %(fail)s }
    }
"""


def _mend_product(kind, left, right, target=None, beta=None, sums=True):
    """Let a product of Theano's on the GPU take arrays of any shape, and see nothing of what lay in memory.

    Theano 1.0.5 (gpuarray/blas.py) multiplies what is in a fresh array by ``beta`` = 0, and CLBlast's gemv does the
    same: NaN stays NaN. cuBLAS does not look at it. CLBlast raises where a length is 0, and gemv forgot ``beta``
    there.

    Parameters
    ----------
    kind : class
        Of the operation.
    left, right, target, beta : int
        Where they stand among its inputs; `target` is what the product is added to, and `beta` its factor where that
        is to be looked at.
    sums : bool
        Whether the last axis of `left` is multiplied with the last but one, or the only one, of `right`.
    """
    c_code, version = kind.c_code, kind.c_code_cache_version

    def mended(self, node, name, inputs, outputs, sub):
        ndim = [node.inputs[side].ndim for side in (left, right)]
        release = "".join(f"Py_XDECREF({array}_{name});" for array in ("left", "right", "target"))
        names = {
            "name": name, "left": inputs[left], "right": inputs[right], "out": outputs[0], "release": release,
            "target": "NULL" if target is None else inputs[target], "last": ndim[0] - 1, "first": max(ndim[1] - 2, 0),
            "fail": f"{{ {release} {sub['fail']} }}",
        }  # fmt: skip
        prepare = _SUM_OF_NOTHING if sums else ""
        if target is None:
            prepare, names["is_empty"] = prepare + _NEW_TARGET, f"target_{name} != NULL"
        else:  # of another shape it is left to Theano, which raises
            axes = [f"left_{name}, {axis}" for axis in range(max(ndim[0] - 1, 1))]
            axes += [f"right_{name}, {ndim[1] - 1}"] * (not sums or ndim[1] > 1)
            fits = [f"PyGpuArray_DIM(target_{name}, {i}) == PyGpuArray_DIM({axis})" for i, axis in enumerate(axes)]
            names["is_empty"] = " && ".join([f"PyGpuArray_SIZE(target_{name}) == 0", *fits])
        if beta is not None and node.outputs[0].type.context.kind == b"opencl":
            prepare, names["beta"] = prepare + _FORGET_TARGET, inputs[beta]
        ours = {left: f"left_{name}", right: f"right_{name}", target: f"target_{name}"}
        theirs = [ours.get(i, variable) for i, variable in enumerate(inputs)]
        names["theanos"] = c_code(self, node, name, theirs, outputs, sub | {"fail": names["fail"]})
        return _PRODUCT % (names | {"prepare": prepare % names})

    kind.c_code = mended
    kind.c_support_code = lambda self: _ZEROS
    kind.c_code_cache_version_apply = lambda self, node: (*version(self), node.outputs[0].type.context.kind, 2)


def _is_half(node):
    """Whether a product is of float16, which libgpuarray 0.7.6 has no OpenCL version for."""
    return node.outputs[0].dtype == "float16"


# --- Indices ----------------------------------------------------------------------------------------


def _in_range(indices, length, axis):
    """Indices of one axis, counted from its begin; NumPy's error where there is no such element."""
    wrong = (indices < -length) | (indices >= length)
    if wrong.any():
        index = np.asarray(indices)[wrong].flat[0]
        raise IndexError(f"index {index} is out of bounds for axis {axis} with size {length}")
    return np.where(indices < 0, indices + length, indices)


def _checked(array, indices):
    """What is between the brackets of ``array[...]``, with masks as indices, and all indices of arrays in range."""
    checked, axis = [], 0
    for index in subtensor.check_and_convert_boolean_masks(array, indices):
        if isinstance(index, np.ndarray) and index.ndim:
            index = _in_range(index.astype("int64"), array.shape[axis], axis)
        checked.append(index)
        axis += index is not None
    arrays = [index for index in checked if isinstance(index, np.ndarray)]
    try:
        np.broadcast_shapes(*(index.shape for index in arrays))
    except ValueError:
        shapes = " ".join(str(index.shape) for index in arrays)
        raise IndexError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}"
        ) from None
    return checked


def _check_each_axis(kind, first):
    """Let ``x[i, j]`` of index arrays on the GPU check `i` and `j`, each with its axis.

    Theano 1.0.5 (`BaseGpuAdvancedSubtensor.perform` in gpuarray/subtensor.py) makes one index of them, for all axes
    together, in the type of the indices: -1 is the last element of the row before, 3 of 3 the first of the next row.

    Parameters
    ----------
    kind : class
        Of the operation.
    first : int
        Where the indices begin among its inputs.
    """
    perform = kind.perform

    def checking(self, node, inputs, outputs):
        indices = [np.asarray(index) if isinstance(index, GpuArray) else index for index in inputs[first:]]
        return perform(self, node, [*inputs[:first], *_checked(inputs[0], indices)], outputs)

    kind.perform = checking


_ONE_ROW_FOR_EACH = """
for (unsigned int i = 0; i < PyGpuArray_NDIM(%(y)s); ++i) {
    const size_t length = i == 0 ? %(n)s : PyGpuArray_DIM(%(x)s, i);
    if (PyGpuArray_DIM(%(y)s, i) != 1 && PyGpuArray_DIM(%(y)s, i) != length) {
        PyErr_Format(PyExc_ValueError, "Shape mismatch: %%zu values along axis %%u, and there have to be %%zu, or one.",
                     PyGpuArray_DIM(%(y)s, i), i, length);
        %(fail)s
    }
}
"""


def _check_rows(kind, n):
    """Let ``inc_subtensor(x[i], y)`` on the GPU refuse a `y` of another shape. `n` is C code for the number of indices.

    Theano 1.0.5 (gpuarray/subtensor.py) takes as many rows as there are indices: where there are more, the rest is
    forgotten, and where there are fewer, `GpuAdvancedIncSubtensor1_dev20` reads what lies in memory behind `y`.
    """
    c_code, version = kind.c_code, kind.c_code_cache_version

    def checking(self, node, name, inputs, outputs, sub):
        theanos = c_code(self, node, name, inputs, outputs, sub)
        names = {"x": inputs[0], "y": inputs[1], "n": n % {"i": inputs[2]}, "fail": sub["fail"]}
        return f"{_ONE_ROW_FOR_EACH % names}{{ {theanos} }}"

    kind.c_code = checking
    kind.c_code_cache_version = lambda self: (*version(self), 2)


def _has_no_atomic_addition(node):
    """Whether ``inc_subtensor(x[i], y)`` is of a type that Theano 1.0.5 fails for: ``KeyError: 'uint8'``.

    `GpuAdvancedIncSubtensor1_dev20.gpu_kernels` in gpuarray/subtensor.py.
    """
    return node.outputs[0].dtype in ("bool", "uint8", "uint16")


def _mend_diagonals(kind=subtensor.GpuExtractDiag):
    """Let a diagonal on the GPU that lies beside the matrix be empty.

    Theano 1.0.5 (`GpuExtractDiag.perform` in gpuarray/subtensor.py) raises an IndexError.
    """
    perform = kind.perform

    def mended(self, node, inputs, outputs):
        (x,) = inputs
        axes = self.axis1, self.axis2
        if abs(self.offset) < x.shape[axes[self.offset >= 0]]:
            perform(self, node, inputs, outputs)
        else:
            shape = [length for axis, length in enumerate(x.shape) if axis not in axes]
            outputs[0][0] = node.outputs[0].type.value_zeros((*shape, 0))

    kind.perform = mended


# --- Sums -------------------------------------------------------------------------------------------


@functools.cache
def _has_float64():
    """Whether the device computes with float64: with OpenCL some do not."""
    source = '#include "cluda.h"\nKERNEL void trial(GLOBAL_MEM ga_double *x) { x[0] += 1; }'
    try:
        GpuKernel(source, "trial", [GpuArray], context=get_context(None), cluda=True, have_double=True)
    except pygpu.gpuarray.GpuArrayException:
        return False
    return True


def reduce_as_asked_for(op, context_name, inputs, outputs):
    """Move a sum or a product to the GPU, and add up in the type that it was to be added up in.

    Theano 1.0.5 (`local_gpua_careduce` in gpuarray/opt.py) adds up float32 in float32 on a GPU, whatever
    ``acc_dtype`` is; the mean of five million 0.1 is 0.09999894.
    """
    if OPENCL and "float16" in (inputs[0].dtype, outputs[0].dtype):  # which has no version for these
        return None
    moved = _theanos_reduction(op, context_name, inputs, outputs)
    asked_for = getattr(op, "acc_dtype", None)
    if (
        not moved
        or (inputs[0].dtype, outputs[0].dtype, asked_for) != ("float32", "float32", "float64")
        or not _has_float64()
    ):
        return moved
    if isinstance(moved, theano.Op):
        return _adding_up_in(moved, asked_for)
    (result,) = moved  # of an array of another shape, and so perhaps brought into the right one
    if isinstance(result.owner.op, opt.GpuReshape):
        reduced, shape = result.owner.inputs
        return [result.owner.op(_adding_up_in(reduced.owner.op, asked_for)(*reduced.owner.inputs), shape)]
    return [_adding_up_in(result.owner.op, asked_for)(*result.owner.inputs)]


def _adding_up_in(op, dtype):
    """The same reduction with another type for what is added up."""
    op = copy.copy(op)
    op.acc_dtype = dtype
    return op


def _mend_sums_on_opencl(kind=elemwise.GpuCAReduceCPY):
    """Let a sum with OpenCL take any view, write nothing where its result is empty, and release what it replaces.

    Theano 1.0.5 (`GpuCAReduceCPY.c_code` in gpuarray/elemwise.py) writes a number behind an empty array. The kernel,
    which is pygpu's (reduction.py), multiplies positions without a sign with strides, which may have one, and then reads
    where nothing of the array lies.
    """
    c_code, gpu_kernels, version = kind.c_code, kind.gpu_kernels, kind.c_code_cache_version_apply
    mended = {
        "if (gs == 0) gs = 1;": "if (gs == 0) { n = 0; } else",
        "err = GpuKernel_call(": "err = gs == 0 ? GA_NO_ERROR : GpuKernel_call(",
        "if (need_out) {": "if (need_out) { Py_CLEAR(%s);",
    }

    def with_mended_code(self, node, name, inputs, outputs, sub):
        code = c_code(self, node, name, inputs, outputs, sub)
        for old, new in mended.items():
            code = code.replace(old, new.replace("%s", outputs[0]))
        return code

    def with_signs(self, node, name):
        kernels = gpu_kernels(self, node, name)
        for kernel in kernels:
            kernel.code = kernel.code.replace("const unsigned int pos", "const int pos")
        return kernels

    kind.c_code, kind.gpu_kernels = with_mended_code, with_signs
    kind.c_code_cache_version_apply = lambda self, node: (*version(self, node), 2)


# --- What a device refuses --------------------------------------------------------------------------


def _say_what_is_refused(kind=elemwise.GpuElemwise):
    """Let an element-wise operation whose kernel the device's compiler refuses be an error in words.

    Theano 1.0.5 (`c_cleanup_code_struct` of `GpuElemwise` in gpuarray/elemwise.py) releases a kernel that there is
    not, and the process ends.
    """
    declare, make, release = kind.c_support_code_struct, kind.c_init_code_struct, kind.c_cleanup_code_struct
    version = kind.c_code_cache_version

    def making(self, node, name, sub):
        # Within a string of C, and of PyErr_SetString, which formats nothing.
        what = str(self.scalar_op).replace("\\", "").replace('"', "'").replace("\n", " ")[:200]
        types = ", ".join(variable.dtype for variable in node.inputs)
        words = f"The compiler of this device refuses the kernel of {what} ({types}). Compute it on the CPU: " + _CURE
        return make(self, node, name, sub).replace("Could not initialize elemwise support", words)

    kind.c_support_code_struct = lambda self, node, name: declare(self, node, name).replace("*ge;", "*ge = NULL;")
    kind.c_init_code_struct = making
    kind.c_cleanup_code_struct = lambda self, node, name: f"if (ge != NULL) {{ {release(self, node, name)} }}"
    kind.c_code_cache_version = lambda self: (*version(self), 1) if version(self) else version(self)


_CURE = "mode=theano.compile.get_default_mode().excluding('gpuarray')."


# --- Max-pooling --------------------------------------------------------------------------------------


def _first_of_several(kind, *changes):
    """Let only the first of several largest numbers of a window have the gradient, as in `pooling`, by changes of kernels' code.

    (Of images. Of volumes, in three dimensions, each of them has it in a first gradient.)
    """
    load_c_code = kind.load_c_code

    def load_changed(self, files):
        load_c_code(self, files)
        for before, after in changes:
            assert before in self.code_sections["kernels"], "this is not the code of Theano 1.0.5"
            self.code_sections["kernels"] = self.code_sections["kernels"].replace(before, after)
            self.func_codes = [code.replace(before, after) for code in self.func_codes]  # which name compiled modules

    kind.load_c_code = load_changed


_LARGEST = "if (x[index] == z_slice[ph * pooled_width + pw]) {"
_LARGEST_AND_FIRST = """
        const ga_size top = ph * stride_h > pad_h ? ph * stride_h - pad_h : 0;
        const ga_size left = pw * stride_w > pad_w ? pw * stride_w - pad_w : 0;
        const ga_size right = min(pw * stride_w + kernel_w - pad_w, width);
        ga_int is_first = 1;
        for (ga_size i = top; i <= h; ++i)
          for (ga_size j = left; j < (i < h ? right : w); ++j)
            if (x[index - (h - i) * width - w + j] == z_slice[ph * pooled_width + pw]) is_first = 0;
        if (is_first && x[index] == z_slice[ph * pooled_width + pw]) {"""
_BEGIN, _BEGIN_ALSO = "DTYPE_OUTPUT_0 gradient = 0;", "DTYPE_OUTPUT_0 gradient = 0; ga_int is_taken = 0;"
_IN_IMAGES = "if (z[index] == x_slice[h * width + w]) {"
_IN_VOLUMES = "if (z[index] == x_slice[(d * height + h) * width + w]) {"


def _refuse_on_opencl(kind):
    """Refuse an operation for CUDA in words when a function is compiled for OpenCL.

    Whoever puts it into a graph by hand gets from Theano 1.0.5 an error that does not say so, as the function is
    called.
    """
    make_thunk = kind.make_thunk

    def refusing(self, node, *arguments, **options):
        if any(getattr(variable.type, "context_name", "") != "" and OPENCL for variable in node.inputs):
            raise NotImplementedError(
                f"{self} is for CUDA, and libgpuarray has no OpenCL version of it. Use the operation of theano.tensor "
                "that it stands for, which is computed on the CPU."
            )
        return make_thunk(self, node, *arguments, **options)

    kind.make_thunk = refusing


_mend_product(blas.GpuGemv, left=2, right=3, target=0, beta=4)
_mend_product(blas.GpuGemm, left=2, right=3, target=0)
_mend_product(blas.GpuGemmBatch, left=2, right=3, target=0)
_mend_product(blas.GpuDot22, left=0, right=1)
_mend_product(blas.GpuGer, left=2, right=3, target=0, sums=False)
_check_each_axis(subtensor.GpuAdvancedSubtensor, first=1)
_check_each_axis(subtensor.GpuAdvancedBooleanSubtensor, first=1)
_check_each_axis(subtensor.GpuAdvancedIncSubtensor, first=2)
_check_each_axis(subtensor.GpuAdvancedBooleanIncSubtensor, first=2)
_check_rows(subtensor.GpuAdvancedIncSubtensor1, n="(size_t) PyArray_SIZE(%(i)s)")
_check_rows(subtensor.GpuAdvancedIncSubtensor1_dev20, n="PyGpuArray_DIM(%(i)s, 0)")
_mend_diagonals()
_leave_on_host("local_gpua_advanced_incsubtensor1", _has_no_atomic_addition)
_leave_on_host("local_gpua_elemwise", lambda node: _divides_integers(node) or OPENCL and _differs_on_opencl(node))
_leave_on_host("local_gpu_maxandargmax")  # libgpuarray's does not see NaN
_leave_on_host("local_gpua_error_convop")  # it only says that a GPU has none
_first_of_several(pool.GpuMaxPoolGrad, (_LARGEST, _LARGEST_AND_FIRST))
_first_of_several(
    pool.GpuDownsampleFactorMaxGradGrad,
    (_BEGIN, _BEGIN_ALSO),
    (_IN_IMAGES, _IN_IMAGES.replace("(z", "(!is_taken && z") + " is_taken = 1;"),
    (_IN_VOLUMES, _IN_VOLUMES.replace("(z", "(!is_taken && z") + " is_taken = 1;"),
)
_theanos_reduction = _lift_with("local_gpua_careduce", reduce_as_asked_for)
_mend_sums_on_opencl()
_say_what_is_refused()

if OPENCL:
    T.opt.register_canonicalize(maximum_as_switches, "fast_compile")
    for _name in (
        "local_gpua_crossentropysoftmaxargmax1hotwithbias",
        "local_gpua_crossentropysoftmax1hotwithbiasdx",
        "local_gpua_cumop",
        "local_gpua_topkop",
        "local_gpua_scan_to_gpua",  # which asks for the address of an array, and gets one with CUDA only
    ):
        _leave_on_host(_name)
    for _name in ("dot22", "dot22scalar", "gemm", "gemv", "gemmbatch"):
        _leave_on_host(f"local_gpua_{_name}", _is_half)
    for _kind in (
        nnet.GpuCrossentropySoftmaxArgmax1HotWithBias,
        nnet.GpuCrossentropySoftmax1HotWithBiasDx,
        elemwise.GpuCAReduceCuda,
        extra_ops.GpuCumOp,
        sort.GpuTopKOp,
    ):
        _refuse_on_opencl(_kind)
