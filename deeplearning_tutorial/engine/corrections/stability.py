"""Logarithms of sums of exponentials, sigmoid and softplus: as exact as a float can be, and right at infinity."""

import functools

import numpy as np
import theano
import theano.tensor as T
from theano import scalar
from theano.scalar import basic_scipy
from theano.tensor import opt
from theano.tensor.elemwise import CAReduce, Elemwise
from theano.tensor.nnet import nnet, sigm

from deeplearning_tutorial.engine.corrections.rewriting import instead_of, is_constantly, is_float, only_where

# Logarithms of sums ----------------------------------------------------------------------------------------------------


@instead_of(opt.local_log_add)
def log_add(node):
    """Rewrite ``log(exp(x) + exp(y))`` so that no exponential overflows.

    Theano 1.0.5 subtracts the larger of the two from both (`theano.tensor.opt.local_log_add`), also where it is infinite: NaN for
    two times -infinity, and for infinity. Right are -infinity and infinity.
    """
    total = node.inputs[0].owner
    if node.op != T.log or total is None or total.op != T.add or len(total.inputs) != 2:
        return False
    if not all(term.owner is not None and term.owner.op == T.exp for term in total.inputs):
        return False
    x, y = (term.owner.inputs[0] for term in total.inputs)
    # Where x equals y, their difference may be infinity minus infinity.
    log_of_both = T.switch(T.eq(x, y), x + _log_2(x, y), T.maximum(x, y) + T.log1p(T.exp(-abs(x - y))))
    return [log_of_both] if log_of_both.type == node.outputs[0].type else False


def _log_2(x, y):
    return np.asarray(np.log(2), dtype=theano.scalar.upcast(x.dtype, y.dtype, "float32"))


@instead_of(opt.local_log_sum_exp)
def log_sum_exp(node):
    """Rewrite ``log(sum(exp(x)))`` so that no exponential overflows.

    Theano 1.0.5 subtracts the largest x (`theano.tensor.opt.local_log_sum_exp`), also where it is infinite: NaN for a row of
    -infinity, which is what a mask makes of a row, and for infinity. Right are -infinity and infinity. Of no elements the logarithm
    is -infinity, and there it raised an error. Source: aesara #461.
    """
    if node.op != T.log:
        return False
    total = node.inputs[0]
    keeps_dimensions = None
    if total.owner is not None and isinstance(total.owner.op, T.DimShuffle):
        keeps_dimensions, total = total.owner.op, total.owner.inputs[0]
    if total.owner is None or not isinstance(total.owner.op, T.Sum):
        return False
    exponential = total.owner.inputs[0]
    if exponential.owner is None or exponential.owner.op != T.exp:
        return False
    x, axis = exponential.owner.inputs[0], total.owner.op.axis
    if not is_float(x) or x.dtype != total.dtype:
        return False
    largest = _largest(x, axis)
    largest = T.switch(T.isinf(largest), np.asarray(0, x.dtype), largest)
    result = largest + T.log(T.sum(T.exp(x - T.makeKeepDims(x, largest, axis)), axis=axis))
    result = result if keeps_dimensions is None else keeps_dimensions(result)
    return [result] if result.type == node.outputs[0].type else False


class _MinusInfinity(float):
    """Minus infinity, as C++ writes it, too."""

    def __new__(cls):
        return super().__new__(cls, "-inf")

    def __str__(self):
        return "-__builtin_inf()"


class _MaximumOfAnyNumber(scalar.Maximum):
    """The larger of two numbers; of no numbers at all it is -infinity."""

    identity = _MinusInfinity()


def _largest(x, axis):
    if theano.config.device != "cpu":
        return T.max(x, axis=axis)  # what a GPU has kernels for
    return CAReduce(_MaximumOfAnyNumber(scalar.upcast_out, name="maximum"), axis)(x)


# Softmax of no classes -----------------------------------------------------------------------------------------------------


def of_some_classes(theanos):
    def perform(self, node, input_storage, output_storage):
        """Of rows without elements, no elements; Theano 1.0.5's Python asks for the largest of them (`theano.tensor.nnet.nnet`)."""
        x = input_storage[0]
        if x.shape[1] > 0:
            theanos(self, node, input_storage, output_storage)
        else:
            output_storage[0][0] = np.zeros(x.shape, node.outputs[0].dtype)

    return perform


for _op in (nnet.Softmax, nnet.LogSoftmax, nnet.SoftmaxWithBias):
    _op.perform = of_some_classes(_op.perform)


def read_by_operations_only(node):
    """Whether the function returns none of a node's inputs.

    Theano 1.0.5 looks for an operation among the readers of each (`theano.tensor.nnet.nnet.graph_merge_softmax_with_
    crossentropy_softmax`), and printed an error of its optimizer where the function itself was one.
    """
    return all(client != "output" for variable in node.inputs for client, _ in variable.clients)


only_where(nnet.graph_merge_softmax_with_crossentropy_softmax, read_by_operations_only)


# Constants that are nearly 1 ----------------------------------------------------------------------------------------------


def constants_are_exactly_one(terms, only_process_constants=True):
    """Whether the constants among the terms of a sum add up to 1, and not to 1.000001."""
    constants, _, _ = opt.scalarconsts_rest(terms, only_process_constants=only_process_constants)
    return len(constants) > 0 and bool(np.all(np.sum(constants) == 1))


def one_plus(node):
    """Whether the argument of a logarithm or of a reciprocal is 1 + x, and not nearly that.

    Theano 1.0.5 takes each constant within 0.00001 of 1 for 1, and -1 likewise (`numpy.allclose` in
    `theano.tensor.opt.local_log1p`, `theano.tensor.nnet.sigm.is_1pexp`, `is_neg`, `local_inv_1_plus_exp` and in the pattern of
    ``log(1 - sigmoid(x))``). So ``log(1 - p + 1e-6)``, written to keep a cross-entropy finite, was ``log(1 - p)``: -50 for p =
    sigmoid(50), and -infinity for p = 1. Right is -13.8.
    """
    argument = node.inputs[0].owner
    return argument is None or argument.op != T.add or constants_are_exactly_one(argument.inputs)


only_where(opt.local_log1p, one_plus)
only_where(sigm.local_inv_1_plus_exp, one_plus)


def floats_inside(node):
    """Whether the argument of a logarithm is a float: one plus an integer may wrap around before it becomes one."""
    return is_float(node.inputs[0])


only_where(opt.local_log1p, floats_inside)


def is_1pexp(t, only_process_constants=True, _theanos=sigm.is_1pexp):
    if t.owner is not None and t.owner.op == T.add:
        if not constants_are_exactly_one(t.owner.inputs, only_process_constants):
            return None
    return _theanos(t, only_process_constants)


def is_neg(var, _theanos=sigm.is_neg):
    if var.owner is not None and var.owner.op == T.mul and _constant_near(var.owner.inputs, -1):
        return None
    return _theanos(var)


def _constant_near(factors, number):
    """Whether a constant is nearly a number, and not equal to it."""
    for factor in factors:
        try:
            value = opt.get_scalar_constant_value(factor)
        except T.NotScalarConstantError:
            continue
        if np.allclose(value, number) and value != number:
            return True
    return False


def is_1(expr):
    return is_constantly(expr, 1)


sigm.is_1pexp, sigm.is_neg, sigm._is_1 = is_1pexp, is_neg, is_1
sigm.log1msigm_to_softplus.in_pattern[1][1]["constraint"] = is_1


# Functions and their inverses ------------------------------------------------------------------------------------------


@instead_of(opt.local_func_inv)
def func_inv(node, _theanos=opt.local_func_inv.transform):
    """Cancel a function and its inverse where that holds for every number, and keeps its type.

    Theano 1.0.5 takes ``arccosh(cosh(x))`` for x, which is wrong for x < 0, and ``tanh(arctanh(x))`` and ``cosh(arccosh(x))``,
    which are NaN outside of [-1, 1] and below 1 (`theano.tensor.opt.local_func_inv`). Of integers the result is a float.
    """
    inner = node.inputs[0].owner
    if inner is None or inner.inputs[0].dtype != node.outputs[0].dtype:
        return False
    outer_operation, operation = (getattr(n.op, "scalar_op", None) for n in (node, inner))
    if isinstance(outer_operation, (scalar.Cosh, scalar.ArcCosh)):
        return False
    if isinstance(outer_operation, scalar.Tanh) and isinstance(operation, scalar.ArcTanh):
        return False
    return _theanos(node)


# Rectified linear units -----------------------------------------------------------------------------------------------------


class ScalarReLU(scalar.UnaryScalarOp):
    """The larger of x and 0; NaN for NaN. Its slope at 0 is 0.5, as Theano's."""

    def impl(self, x):
        return type(x)(0) if x < 0 else x

    def c_code(self, node, name, inputs, outputs, sub):
        return f"{outputs[0]} = {inputs[0]} < 0 ? 0 : {inputs[0]};"

    def c_code_cache_version(self):
        return (1,)

    def L_op(self, inputs, outputs, gradients):
        (x,), (gradient,) = inputs, gradients
        half = np.asarray(0.5, gradient.dtype) * gradient
        return [half + half * scalar.sgn(x)]  # two terms, so that factors of the gradient go into this loop


rectified = Elemwise(ScalarReLU(scalar.upgrade_to_float, name="relu"), name="relu")


def relu(x, alpha=0):
    """``max(x, 0)``, or ``max(x, 0) + alpha * min(x, 0)``: rectified linear units, with a slope for negative x.

    Theano 1.0.5 computes ``0.5 * (x + abs(x))`` (`theano.tensor.nnet.nnet.relu`): NaN for -infinity, and infinity for numbers whose
    double is none. Right are 0 and x.

    Parameters
    ----------
    x : symbolic tensor
    alpha : scalar or symbolic tensor, optional
        The slope for negative x.
    """
    x = T.as_tensor_variable(x)
    if isinstance(alpha, int | float) and alpha == 0:
        return rectified(x)
    return rectified(x) - T.as_tensor_variable(alpha) * rectified(-x)


nnet.relu = T.nnet.relu = relu


# Sigmoid and softplus --------------------------------------------------------------------------------------------------


def _of_a_float(function, theanos):
    @functools.wraps(function)
    def implementation(self, x):
        if isinstance(x, complex | np.complexfloating):
            return theanos(self, x)
        return function(x if isinstance(x, (float, np.floating)) else float(x))

    return implementation


def sigmoid(x):
    """The logistic function, from ``exp(-abs(x))``, which never overflows.

    Theano 1.0.5's C++ gives 1 for a float64 above 19 and for a float32 above 15 (`theano.tensor.nnet.sigm.ScalarSigmoid`), its
    Python 0 below -30: ``1 - sigmoid(19.5)`` was 0. Right is 3.398e-9.
    """
    e = np.exp(-abs(x))
    return e / (1 + e) if x < 0 else 1 / (1 + e)


def softplus(x):
    """``log(1 + exp(x))``, from ``exp(-abs(x))``, which never overflows.

    Theano 1.0.5's C++ gives x for a float64 above 16 and a float32 above 14 (`theano.tensor.nnet.sigm.ScalarSoftplus`):
    ``softplus(16.5)`` was 16.5. Right is 16.5000000683.
    """
    return (x if x > 0 else type(x)(0)) + np.log1p(np.exp(-abs(x)))


def sigmoid_c_code(self, node, name, inputs, outputs, sub):
    (x,), (z,) = inputs, outputs
    dtype, one = _float_type(node)
    return f"""
    {{
        const {dtype} e = exp({x} < 0 ? {x} : -{x});
        {z} = ({x} < 0 ? e : {one}) / ({one} + e);
    }}"""


def softplus_c_code(self, node, name, inputs, outputs, sub):
    (x,), (z,) = inputs, outputs
    dtype, _ = _float_type(node)
    return f"""
    {{
        const {dtype} e = exp({x} < 0 ? {x} : -{x});
        {z} = ({x} > 0 ? {x} : 0) + log1p(e);
    }}"""


def _float_type(node):
    """The type in which it is computed, and a 1 of it. Of float16 that is float32, as before."""
    dtype = node.inputs[0].type.dtype
    if dtype not in ("float16", "float32", "float64"):
        raise NotImplementedError("only floatingpoint is implemented")
    return ("npy_float64", "1.0") if dtype == "float64" else ("npy_float32", "1.0f")


for _op, _python, _c in [
    (sigm.ScalarSigmoid, sigmoid, sigmoid_c_code),
    (sigm.ScalarSoftplus, softplus, softplus_c_code),
]:
    _op.impl = _of_a_float(_python, _op.impl)
    _op.c_code = _c
    _op.c_code_cache_version = lambda self: (3, "from exp(-|x|)")


# Derivatives of the logarithm of the gamma function ---------------------------------------------------------------------


def digamma_c_code(self, node, name, inputs, outputs, sub, _theanos=basic_scipy.Psi.c_code):
    """The digamma function, of negative numbers by its reflection, ``psi(1 - x) - pi / tan(pi x)``.

    Theano 1.0.5's C++ gives 0 for each number that is not positive (`theano.scalar.basic_scipy.Psi`, `TriGamma`): for -1.54 it is
    0.3257. At 0 it is -infinity, and NaN at the other poles, as SciPy has it.
    """
    (x,), (z,) = inputs, outputs
    of_positive, of_reflected = (
        _theanos(self, node, name, [argument], outputs, sub) for argument in (x, f"(1.0 - {x})")
    )
    return f"""
        if ({x} > 0) {{ {of_positive} }}
        else if ({x} == 0) {{ {z} = -1.0 / fabs((double) {x}); }}
        else if ({x} == floor((double) {x})) {{ {z} = ({x} - {x}) / ({x} - {x}); }}
        else {{ {of_reflected} {z} = {z} - {np.pi!r} / tan({np.pi!r} * {x}); }}"""


def trigamma_c_code(self, node, name, inputs, outputs, sub, _theanos=basic_scipy.TriGamma.c_code):
    """The derivative of the digamma function, likewise: ``pi ** 2 / sin(pi x) ** 2 - trigamma(1 - x)``; infinity at the poles."""
    (x,), (z,) = inputs, outputs
    of_positive, of_reflected = (
        _theanos(self, node, name, [argument], outputs, sub) for argument in (x, f"(1.0 - {x})")
    )
    sine = f"sin({np.pi!r} * {x})"
    return f"""
        if ({x} > 0) {{ {of_positive} }}
        else if ({x} == floor((double) {x})) {{ {z} = 1.0 / fabs((double) ({x} - {x})); }}
        else {{ {of_reflected} {z} = {np.pi**2!r} / ({sine} * {sine}) - {z}; }}"""


for _op, _c in [(basic_scipy.Psi, digamma_c_code), (basic_scipy.TriGamma, trigamma_c_code)]:
    _op.c_code = _c
    _op.c_code_cache_version = lambda self: (1, "reflected")


def as_it_expects(theanos):
    def transform(node):
        """Leave a quotient by erfc of another form than the gradient of its logarithm.

        Theano 1.0.5 looks for that form (`theano.tensor.opt.local_grad_log_erfc_neg`), fails where it is another, and prints an error.
        """
        try:
            return theanos(node)
        except AttributeError:  # a variable that no operation computes
            return False

    return transform


opt.local_grad_log_erfc_neg.transform = as_it_expects(opt.local_grad_log_erfc_neg.transform)
