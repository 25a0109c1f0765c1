"""Sums, products, minima of arrays, and their gradients."""

import numpy as np
import theano
import theano.tensor as T
from theano.gof import Apply, Op
from theano.tensor import basic, extra_ops, opt
from theano.tensor.elemwise import CAReduce, MulWithoutZeros, Prod, ProdWithoutZeros, Sum
from theano.tensor.var import _tensor_py_operators

from deeplearning_tutorial.engine.corrections.rewriting import instead_of, is_float, leave_out, of_floats

# What is taken out of a sum ----------------------------------------------------------------------------------------------


@instead_of(opt.local_sum_prod_mul_by_scalar)
def sum_of_negative(node):
    """Rewrite ``sum(-x)`` as ``-sum(x)``, of floats.

    Theano 1.0.5 also takes factors out of sums and products (`theano.tensor.opt.local_sum_prod_mul_by_scalar`). A product along an
    axis takes as many factors as there are elements along that axis, and it took one for each element of the array: 2 to the 12th,
    and not to the 4th, for ``prod(2 * x, axis=1)`` of 3 rows and 4 columns. In float32 it printed an error of the optimizer instead.
    A sum of integers wraps around elsewhere then; one of floats may overflow before it is scaled; and the sum of no elements is 0,
    whatever the factor. It came in with Theano PR #3151.
    """
    inner = node.inputs[0].owner
    if not isinstance(node.op, Sum) or inner is None or inner.op != T.neg or not of_floats(inner):
        return False
    return [T.neg(node.op(inner.inputs[0]))]


# sum(a / b) is not sum(a) / b where there are no elements and b is 0, nor where the sum overflows; nor has it the same type for
# integers. Of a product, b ** n is computed in the type of a, and n may not fit (`theano.tensor.opt.local_sum_prod_div_dimshuffle`).
leave_out(opt.local_sum_prod_div_dimshuffle)


def _like(op, axis):
    """The same reduction over other axes: with its types, which Theano 1.0.5 forgets in the three rewrites below."""
    if isinstance(op, Prod):
        return type(op)(axis=axis, dtype=op.dtype, acc_dtype=op.acc_dtype, no_zeros_in_input=op.no_zeros_in_input)
    if hasattr(op, "acc_dtype"):
        return type(op)(axis=axis, dtype=op.dtype, acc_dtype=op.acc_dtype)
    return CAReduce(op.scalar_op, axis=axis) if type(op) is CAReduce else type(op)(axis=axis)


@instead_of(opt.local_sum_prod_all_to_none)
def all_axes(node):
    """Rewrite a sum over all axes as one without axes. (`theano.tensor.opt.local_sum_prod_all_to_none` forgets `acc_dtype`.)"""
    if node.op.axis is None or set(node.op.axis) != set(range(node.inputs[0].ndim)):
        return False
    return [_like(node.op, None)(node.inputs[0])]


@instead_of(opt.local_op_of_op)
def sum_of_sum(node, _theanos=opt.local_op_of_op.transform):
    """Rewrite a sum of sums as one, where both have the same types.

    Theano 1.0.5 does it with others, too (`theano.tensor.opt.local_op_of_op`): a first sum that is to wrap around at 256 did not.
    """
    inner = node.inputs[0].owner
    if inner is None or type(inner.op) is not type(node.op) or inner.inputs[0].dtype != node.inputs[0].dtype:
        return False
    types = [(op.dtype, op.acc_dtype) for op in (inner.op, node.op)]
    if types[0] != types[1] or node.inputs[0].dtype != node.outputs[0].dtype:
        return False
    result = _theanos(node)
    return [_like(node.op, result[0].owner.op.axis)(result[0].owner.inputs[0])] if result else False


@instead_of(opt.local_reduce_broadcastable)
def reduce_broadcastable(node):
    """Drop the axes of length 1 from a reduction.

    Theano 1.0.5 forgets the types of a sum or product there (`theano.tensor.opt.local_reduce_broadcastable`), and prints an error
    of its optimizer where the result has another one.
    """
    if not isinstance(node.op, CAReduce) or isinstance(node.op, ProdWithoutZeros):  # of one element 0, that is 1
        return False
    (x,), dtype = node.inputs, node.outputs[0].dtype
    axes = range(x.ndim) if node.op.axis is None else node.op.axis
    dropped = [axis for axis in axes if x.broadcastable[axis]]
    if not dropped:
        return False
    kept = [axis for axis in range(x.ndim) if axis not in dropped]
    remaining = [kept.index(axis) for axis in axes if axis not in dropped]
    without = x.dimshuffle(*kept)
    result = _like(node.op, remaining)(without) if remaining else without.astype(dtype)
    return [result] if result.type == node.outputs[0].type else False


@instead_of(opt.local_opt_alloc)
def sum_of_alloc(node):
    """Rewrite the sum or product of copies of one finite constant as a multiple or a power.

    Theano 1.0.5 compares the axes with those of the constant (`theano.tensor.opt.local_opt_alloc`), and prints an error of its
    optimizer for a sum over one axis of two; and infinity times no elements was NaN, where the sum is 0.
    """
    inner = node.inputs[0].owner
    if not isinstance(node.op, (Sum, Prod)) or inner is None or not isinstance(inner.op, T.Alloc):
        return False
    try:
        value = opt.get_scalar_constant_value(inner.inputs[0], only_process_constants=True)
    except T.NotScalarConstantError:
        return False
    if not np.all(np.isfinite(value)):
        return False
    lengths, output = inner.inputs[1:], node.outputs[0]
    axes = range(len(lengths)) if node.op.axis is None else node.op.axis
    acc_dtype = node.op.acc_dtype or output.dtype
    value = T.constant(np.asarray(value).reshape(()).astype(acc_dtype))
    size = T.cast(T.mul(*[lengths[axis] for axis in axes]), "int64") if axes else T.constant(1, dtype="int64")
    size = size if not is_float(value) else T.cast(size, acc_dtype)
    result = T.cast(value * size if isinstance(node.op, Sum) else value**size, output.dtype)
    others = [length for axis, length in enumerate(lengths) if axis not in axes]
    result = T.patternbroadcast(T.alloc(result, *others), output.broadcastable) if others else result
    return [result] if result.type == output.type else False


# Products without zeros ---------------------------------------------------------------------------------------------------


def multiply_without_zeros(self, node, inputs, outputs):
    """The product of those elements that are not 0: 1 if there is none.

    Theano 1.0.5 gives 0 then (`theano.tensor.elemwise.ProdWithoutZeros`). The gradient of a product asks for the product of all
    others, and of none where an element is alone: the gradient of ``prod(x)`` of [0] was 0. Right is 1.
    """
    (x,) = inputs
    acc_dtype = self.acc_dtype or node.outputs[0].dtype
    product = np.where(x == 0, np.asarray(1, x.dtype), x).prod(axis=self.axis, dtype=acc_dtype)
    outputs[0][0] = np.asarray(product, node.outputs[0].dtype)


ProdWithoutZeros.perform = multiply_without_zeros
MulWithoutZeros.identity = 1.0
MulWithoutZeros.c_code_cache_version = lambda self: (1, "the product of nothing is 1")


# Norms -------------------------------------------------------------------------------------------------------------------


def norm(self, L, axis=None, keepdims=False, _theanos=_tensor_py_operators.norm):
    """``sum(abs(x) ** L) ** (1 / L)``, with the root in the type of x.

    Theano 1.0.5 takes float32's 1/3 for the third root of a float64 (`theano.tensor.var`), as it takes Python's floats for floatX.
    """
    if isinstance(L, int | float) and self.dtype == "float64" and L != 0 and np.isfinite(L):
        root = T.pow(T.sum(T.pow(abs(self), np.float64(L)), axis=axis), np.float64(1 / L))
        return T.makeKeepDims(self, root, axis) if keepdims else root
    return _theanos(self, L, axis=axis, keepdims=keepdims)


_tensor_py_operators.norm = norm


# Minima ----------------------------------------------------------------------------------------------------------------


def _minimum_as_maximum(function, theanos):
    def minimum(x, axis=None, keepdims=False):
        x = T.as_tensor_variable(x)
        if x.dtype not in basic.int_dtypes:
            return theanos(x, axis=axis, keepdims=keepdims)
        return function(x, axis, keepdims)

    minimum.__doc__ = theanos.__doc__
    minimum.__name__ = theanos.__name__
    return minimum


def argmin_of_integers(x, axis, keepdims):
    """Where the smallest integer is.

    Theano 1.0.5 asks where the largest of ``-x`` is (`theano.tensor.basic.argmin`), and the smallest integer of a type has no
    negative: of [1, -128, 3] in int8 it said 0. Right is 1. ``~x``, which is ``-x - 1``, has no such number.
    """
    return basic.argmax(~x, axis=axis, keepdims=keepdims)


def min_of_integers(x, axis, keepdims):
    """The smallest integer, likewise (`theano.tensor.basic.min`), and its gradient."""
    return ~basic.max(~x, axis=axis, keepdims=keepdims)


def _put_in_place_of(theanos, ours):
    """Under the name of Theano's function, in all modules that have it."""
    for module in (basic, T):
        setattr(module, theanos.__name__, ours)


_put_in_place_of(basic.argmin, _minimum_as_maximum(argmin_of_integers, basic.argmin))
_put_in_place_of(basic.min, _minimum_as_maximum(min_of_integers, basic.min))


# Cumulative sums and products -----------------------------------------------------------------------------------------------


def cumulate(self, node, inputs, outputs, params):
    """Of small integers, too, in their own type, as it was declared; Theano 1.0.5's Python gave int64 (`extra_ops.CumOp`)."""
    (x,) = inputs
    function = {"add": np.cumsum, "mul": np.cumprod}[self.mode]
    outputs[0][0] = function(x, axis=self.axis, dtype=node.outputs[0].dtype)


extra_ops.CumOp.perform = cumulate


# The gradient of a cumulative product ---------------------------------------------------------------------------------------


class LinearRecurrence(Op):
    """``y[i] = a[i] * y[i - 1] + b[i]`` along an axis, with ``y[-1] = 0``.

    Parameters
    ----------
    axis : int
        Of `a` and `b`, two arrays of one shape and type.
    """

    __props__ = ("axis",)

    def __init__(self, axis):
        self.axis = axis

    def make_node(self, a, b):
        a, b = T.as_tensor_variable(a), T.as_tensor_variable(b)
        if a.ndim != b.ndim or a.dtype != b.dtype:
            raise TypeError(f"a recurrence needs two arrays of one shape and type, and got {a.type} and {b.type}.")
        return Apply(self, [a, b], [b.type()])

    def infer_shape(self, node, shapes):
        return [shapes[1]]

    def perform(self, node, inputs, outputs):
        a, b = (np.moveaxis(array, self.axis, 0) for array in inputs)
        y = np.array(b)
        for i in range(1, len(y)):
            y[i] += a[i] * y[i - 1]
        outputs[0][0] = np.ascontiguousarray(np.moveaxis(y, 0, self.axis))

    def L_op(self, inputs, outputs, gradients):
        a, b = inputs
        (y,), (gradient,) = outputs, gradients
        # Backwards the same: what y[i] is worth, directly and by what follows from it.
        worth = reversed_recurrence(a, gradient, self.axis)
        return [worth * shifted(y, self.axis, first=0), worth]


def along(ndim, axis, index):
    return (slice(None),) * axis + (index,) + (slice(None),) * (ndim - axis - 1)


def shifted(x, axis, first):
    """``[first, x[0], x[1], ...]``: each element is the one before it."""
    before = x[along(x.ndim, axis, slice(None, -1))]
    start = T.fill(x[along(x.ndim, axis, slice(None, 1))], np.asarray(first, x.dtype))
    return T.patternbroadcast(T.join(axis, start, before), x.broadcastable)


def reversed_recurrence(a, b, axis):
    """``y[i] = b[i] + a[i + 1] * y[i + 1]``."""
    backwards = along(a.ndim, axis, slice(None, None, -1))
    following = shifted(a[backwards], axis, first=0)
    return LinearRecurrence(axis)(following, b[backwards])[backwards]


def cumprod_gradient(x, gradient, axis):
    """The gradient of a cumulative product with respect to x, without a division.

    The product of all elements up to one, without one of them, was computed by dividing by that (`theano.tensor.extra_ops.CumOp`):
    NaN where it is 0. In general, ``dc/dx[i] = p[i - 1] * s[i]`` with the products ``p`` before it, and
    ``s[i] = g[i] + x[i + 1] * s[i + 1]``. Source: Theano #5197, pytensor PR #1911.
    """
    before = shifted(T.cumprod(x, axis=axis), axis, first=1)
    return before * reversed_recurrence(x, gradient, axis)


def cumulative_gradient(self, inputs, gradients, _theanos=extra_ops.CumOp.grad):
    if self.mode == "add":
        return _theanos(self, inputs, gradients)
    (x,), (gradient,) = inputs, gradients
    if not is_float(x):
        return [x.zeros_like(dtype=theano.config.floatX)]
    if self.axis is None:
        return [cumprod_gradient(x.flatten(), gradient, 0).reshape(x.shape)]
    return [cumprod_gradient(x, gradient, self.axis % x.ndim)]


extra_ops.CumOp.grad = cumulative_gradient
