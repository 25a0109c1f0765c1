"""Sums, products, quotients and powers of elements: what Theano's algebra loses of infinity, NaN, zero and integers that wrap.

Theano writes ``a * b / c`` as a list of factors and a list of divisors, ``a + b - c`` as two lists of terms, and simplifies the
lists. That is right for real numbers. Numbers in a computer have a largest and a smallest one; integers wrap around; and a
user who divides 0 by 0 wants to see it.
"""

import math

import numpy as np
import theano
import theano.tensor as T
from theano import scalar
from theano.compile import SharedVariable
from theano.gof import Constant
from theano.tensor import opt
from theano.tensor.elemwise import DimShuffle, Elemwise, Sum

from deeplearning_tutorial.engine.corrections.rewriting import (
    instead_of,
    is_constantly,
    is_discrete,
    is_float,
    keep_type,
    leave_out,
    of_floats,
    of_integers,
    of_one_type,
    only_where,
)

BEFORE_ANYTHING_IS_SIMPLIFIED = 0.1  # by the numbers in Theano's database of rewrites

# Lists of factors and of terms -----------------------------------------------------------------------------------------


def get_num_denum(self, input, _theanos=opt.Canonizer.get_num_denum):
    """The factors and divisors, or the terms, of a variable: those whose product, or sum, has its type of number.

    Theano 1.0.5 also takes apart what was computed in a narrower type (`theano.tensor.opt.Canonizer.get_num_denum`, whose
    comment promises the opposite): for x = [3] in uint8, ``-x * 1.0`` gave -3. Right is 253, as ``-x`` wraps around.
    """
    node = input.owner
    if node is None or node.op not in (self.main, self.inverse, self.reciprocal):
        return _theanos(self, input)
    fits = all(i.dtype == input.dtype or isinstance(i, Constant) and is_float(input) for i in node.inputs)
    return _theanos(self, input) if fits else ([input], [])


def simplify_factors(self, num, denum, _theanos=opt.Canonizer.simplify_factors):
    """Cancel what stands in both lists, and cannot be infinite, NaN or 0.

    Theano 1.0.5 cancels everything (`theano.tensor.opt.Canonizer.simplify_factors`): ``x / x`` is 1 for 0, infinity and NaN,
    ``x - x`` and ``x + y - x`` are 0 and y for infinity, NaN, and where x is so large that y is lost in ``x + y``. Right is
    what NumPy gives. Factors that are positive for every x still cancel, `exp(x)` and `sigmoid(x)` among them: where these are
    too small for a float, the gradient of ``log(sigmoid(x))`` needs it.
    """
    if all(map(is_discrete, num + denum)):
        return _theanos(self, num, denum)
    if self.main == T.mul:
        for factor in [factor for factor in num if is_positive(factor)]:
            if factor in denum:
                num.remove(factor)
                denum.remove(factor)
    return num, denum


def is_positive(variable, depth=6):
    """Whether a variable is positive and finite for each finite input, were floats real numbers."""
    if isinstance(variable, Constant):
        return bool(np.all(variable.data > 0) and np.all(np.isfinite(variable.data)))
    node = variable.owner
    if node is None or depth == 0:
        return False
    if isinstance(node.op, (DimShuffle, Sum, T.Reshape, T.nnet.nnet.Softmax)):
        return isinstance(node.op, T.nnet.nnet.Softmax) or is_positive(node.inputs[0], depth - 1)
    if not isinstance(node.op, Elemwise):
        return False
    operation = node.op.scalar_op
    if isinstance(operation, _POSITIVE):
        return True
    if isinstance(operation, _POSITIVE_IF_ALL):
        return all(is_positive(i, depth - 1) for i in node.inputs)
    if isinstance(operation, scalar.Sub):  # 1 - sigmoid(x)
        one, probability = node.inputs
        return _is_one(one) and probability.owner is not None and probability.owner.op == T.nnet.sigmoid
    if isinstance(operation, scalar.Add):
        return any(is_positive(i, depth - 1) for i in node.inputs) and all(
            is_positive(i, depth - 1) or _is_not_negative(i) for i in node.inputs
        )
    return False


_POSITIVE = (scalar.Exp, scalar.Exp2, scalar.Cosh, T.nnet.sigm.ScalarSigmoid, T.nnet.sigm.ScalarSoftplus)
_POSITIVE_IF_ALL = (scalar.Mul, scalar.TrueDiv, scalar.Inv, scalar.Sqr, scalar.Sqrt, scalar.Pow)


def _is_not_negative(variable):
    operation = getattr(getattr(variable.owner, "op", None), "scalar_op", None)
    return isinstance(operation, (scalar.Sqr, scalar.Abs))


def _is_one(variable):
    return isinstance(variable, Constant) and bool(np.all(variable.data == 1))


def simplify_constants(self, orig_num, orig_denum, out_type=None, _theanos=opt.Canonizer.simplify_constants):
    """Put the constants of both lists into one, if nothing is lost by it.

    Theano 1.0.5 does it whatever is lost (`theano.tensor.opt.Canonizer.simplify_constants`). In float32, ``x * 1e30 * 1e30`` was
    infinite for x = 1e-30, and ``x * 1e-30 * 1e-30`` 0 for 3e38; right are 1e30 and 3e-22. And ``1 - p + 1e-8``, as people write to
    keep a logarithm finite, was ``1 - p``, as 1 + 1e-8 is 1: for p = 1 the logarithm was -infinity. Right is -18.4.
    """
    num, denum = _theanos(self, orig_num, orig_denum, out_type=out_type)
    if out_type is None or not is_float(out_type):
        return num, denum
    positive, negative = (
        [c for c in map(self.get_constant, terms) if c is not None] for terms in (orig_num, orig_denum)
    )
    if len(positive) < 2 and not negative:
        return num, denum
    combined = [c for c in map(self.get_constant, num) if c is not None]
    if self.main == T.add:
        exact = math.fsum([*map(float, positive), *(-float(c) for c in negative)])
        kept = float(combined[0]) == exact if combined else exact == 0
    else:
        are_ordinary = all(np.isfinite(c) and c != 0 for c in positive + negative)
        kept = not are_ordinary or all(np.finfo(out_type.dtype).tiny <= abs(c) < np.inf for c in combined)
    return (num, denum) if kept else (orig_num, orig_denum)


def mul_calculate(num, denum, aslist=False, out_type=None, _theanos=opt.mul_calculate):
    """The product of constants: of integers in their own type.

    Theano 1.0.5 divides it by 1 (`theano.tensor.opt.mul_calculate`), which makes a float64 of it: in int64,
    ``x * (2**40 + 1) * (2**20 + 1)`` was wrong by 1 for x = 1.
    """
    if out_type is None or denum or not num or out_type.dtype.startswith(("float", "complex")):
        return _theanos(num, denum, aslist=aslist, out_type=out_type)
    product = np.multiply.reduce([np.asarray(c).astype(out_type.dtype) for c in num])
    product = np.asarray(product).astype(out_type.dtype)
    return ([] if product == 1 else [product]) if aslist else product


def add_mul_fusion(node, _theanos=opt.local_add_mul_fusion):
    """Write sums of sums, and products of products, as one, where all have one type of number.

    Theano 1.0.5 does it with all (`theano.tensor.opt.local_add_mul_fusion`): in ``(x + x) + 1.0`` of x = [100] in int8 the first sum
    did not wrap around.
    """
    inner = [i for i in node.inputs if i.owner is not None and i.owner.op == node.op]
    return _theanos(node) if all(i.dtype == node.outputs[0].dtype and of_one_type(i.owner) for i in inner) else False


# Theano calls it by its name for what is inside of what it has fused.
opt.local_add_mul_fusion = opt.fuse_seqopt["local_add_mul_fusion"].optimizer = add_mul_fusion
opt.Canonizer.get_num_denum = get_num_denum
opt.Canonizer.simplify_factors = simplify_factors
opt.Canonizer.simplify_constants = simplify_constants
opt.local_mul_canonizer.calculate = mul_calculate


def _forget_x_over_its_absolute_value():
    """Leave ``x / abs(x)`` as it is.

    Theano 1.0.5 makes the sign of x of it (`theano.tensor.opt.check_for_x_over_absX`): 0 for 0, and 1 for infinity. Right is NaN.
    """
    simplifiers = opt.local_mul_canonizer.external_simplifiers
    simplifiers[:] = [(reason, simplifier) for reason, simplifier in simplifiers if reason != "X_over_absX"]


_forget_x_over_its_absolute_value()


# Zero ------------------------------------------------------------------------------------------------------------------


def zero_drops_the_others(node):
    """Whether a factor 0 makes the product 0: of integers, of ``zeros_like``, and of an expression of shared variables alone.

    Theano 1.0.5 takes ``0 * x`` for 0, and with it a product of matrices of which one is constantly 0
    (`theano.tensor.opt.local_mul_zero`, `local_mul_specialize`, `local_0_dot_x`). Right is NaN where x is infinite or NaN. Zeros
    that come of ``zeros_like``, as gradients of what does not depend on a variable, are still dropped with all that they multiply;
    and so is ``0.0 * abs(W).sum()``, a penalty that is switched off: where a weight is not finite, the cost is not either.
    """
    return of_integers(node) or any(map(_is_zeros_like, node.inputs)) or _is_of_shared_variables(node)


def _is_zeros_like(variable):
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return variable.owner is not None and (variable.owner.op == T.fill or isinstance(variable.owner.op, T.Alloc))


def _is_of_shared_variables(node, at_most=50):
    """Whether a node computes from shared variables and constants, by a few operations."""
    nodes, variables = [node], []
    for ancestor in nodes:
        if len(nodes) > at_most:
            return False
        nodes.extend(i.owner for i in ancestor.inputs if i.owner is not None and i.owner not in nodes)
        variables.extend(i for i in ancestor.inputs if i.owner is None and not isinstance(i, Constant))
    return len(variables) > 0 and all(isinstance(variable, SharedVariable) for variable in variables)


def has_no_zero(node):
    """Whether no input is the constant 0; or it drops the others anyway."""
    return not any(isinstance(i, Constant) and np.any(i.data == 0) for i in node.inputs) or zero_drops_the_others(node)


@theano.gof.local_optimizer([T.mul])
def drop_zeros_like(node):
    """Drop what zeros of ``zeros_like`` multiply, before the canonical form takes them for the constant 0."""
    if node.op != T.mul or not any(_is_zeros_like(i) and is_constantly(i, 0) for i in node.inputs):
        return False
    return opt._fill_chain(np.asarray(0, node.outputs[0].dtype), node.inputs)


theano.compile.optdb.register("drop_zeros_like", opt.in2out(drop_zeros_like), BEFORE_ANYTHING_IS_SIMPLIFIED, "fast_run")

only_where(opt.local_mul_zero, zero_drops_the_others)
only_where(opt.local_0_dot_x, zero_drops_the_others)


# ``0 / x`` and ``0 // x`` are NaN for x = 0 and NaN, and of integers an error; Theano 1.0.5 takes both for 0.
leave_out(opt.local_zero_div)

# ``x - x`` is 0 for integers only (`theano.tensor.opt.local_elemwise_sub_zeros`): for infinity and NaN it is NaN.
only_where(opt.local_elemwise_sub_zeros, of_integers)


def tril(m, k=0):
    """The lower triangle of a matrix, to its k-th diagonal: `numpy.tril`.

    Theano 1.0.5 multiplies what is outside by 0 (`theano.tensor.basic.tril`, `triu`): NaN for what is not finite. Right is 0.
    """
    m = T.as_tensor_variable(m)
    return T.switch(T.tri(m.shape[0], m.shape[1], k=k, dtype="bool"), m, np.asarray(0, m.dtype))


def triu(m, k=0):
    """The upper triangle of a matrix, from its k-th diagonal: `numpy.triu`. See `tril`."""
    m = T.as_tensor_variable(m)
    return T.switch(T.tri(m.shape[0], m.shape[1], k=k - 1, dtype="bool"), np.asarray(0, m.dtype), m)


T.basic.tril = T.tril = tril
T.basic.triu = T.triu = triu


# Factors 1 and -1, and signs -------------------------------------------------------------------------------------------


@instead_of(opt.local_mul_specialize)
def mul_specialize(node, _theanos=opt.local_mul_specialize.transform):
    """Drop factors 1, and count those of -1 and the minus signs; of one type of number, and without a constant 0.

    Theano 1.0.5 takes the sign out of a factor of a narrower type (`theano.tensor.opt.local_mul_specialize`), where minus has
    wrapped around.
    """
    if node.op != T.mul or not has_no_zero(node):
        return False
    signs = [i for i in node.inputs if i.owner is not None and i.owner.op == T.neg]
    return False if any(i.dtype != node.outputs[0].dtype for i in signs) else _theanos(node)


@instead_of(opt.local_add_specialize)
def add_specialize(node, _theanos=opt.local_add_specialize.transform):
    """Drop terms 0, where the others have the type of the sum.

    Theano 1.0.5 adds the others up in their own type (`theano.tensor.opt.local_add_specialize`), where they may wrap around.
    """
    if node.op != T.add or len(node.inputs) > 2 and not of_one_type(node):
        return False
    return _theanos(node)


# |x y| = |x| |y| does not hold for integers that wrap around: |100 * 2| is 56 in int8, and |100| * |2| is -56
# (`theano.tensor.opt.local_abs_lift`, `local_abs_merge`). |-128| is -128 there, too.
only_where(opt.local_abs_merge, of_floats)


@instead_of(opt.local_abs_lift)
def abs_lift(node, _theanos=opt.local_abs_lift.transform):
    inner = node.inputs[0].owner
    return _theanos(node) if inner is not None and of_floats(inner) else False


@instead_of(opt.local_neg_div_neg)
def neg_div_neg(node, _theanos=opt.local_neg_div_neg.transform):
    """Take the sign of a quotient into its numerator, if that is a float.

    Theano 1.0.5 does it with integers, too (`theano.tensor.opt.local_neg_div_neg`): the minus of an unsigned one wraps around.
    """
    fraction = node.inputs[0].owner
    return _theanos(node) if fraction is not None and all(map(is_float, fraction.inputs[:1])) else False


# Powers ----------------------------------------------------------------------------------------------------------------


def _power_in_its_own_type(theanos):
    def transform(node):
        """Write a power with a constant exponent as a product, in the type of the power.

        Theano 1.0.5 multiplies in the type of x (`theano.tensor.opt.local_pow_specialize`, `local_pow_specialize_device`): the
        square of 100 in uint8, an int16, was 16. Right is 10000. Of integers, powers below 0 are left to NumPy, which refuses
        them. The exponent -128, whose absolute value is not in int8, is taken as an integer.
        """
        if node.op != T.pow:
            return False
        x, exponent = node.inputs
        dtype = node.outputs[0].dtype
        y = opt.local_mul_canonizer.get_constant(exponent)
        if y is None or is_discrete(node.outputs[0]) and np.any(np.asarray(y) < 0):
            return False
        if np.all(np.abs(np.asarray(y, "float64")) == 0.5) and not is_float(x):
            return False
        y = np.asarray(y)
        if y.dtype == "int8" and y == -128:
            exponent = T.constant(y.astype("int16"))
        elif x.dtype == dtype:
            return theanos(node)
        wide = T.pow(T.cast(x, dtype), exponent)
        if wide.dtype != dtype or wide.owner is None:
            return False
        return theanos(wide.owner)

    return transform


for _rewrite in (opt.local_pow_specialize, opt.local_pow_specialize_device):
    _rewrite.transform = _power_in_its_own_type(_rewrite.transform)


def power_gradient(self, inputs, outputs, gradients, _theanos=scalar.Pow.L_op):
    """The gradient of ``x ** y``: ``y * x ** (y - 1)`` with respect to x, and 0 where y is.

    Theano 1.0.5 multiplies 0 by ``x ** -1`` there (`theano.scalar.basic.Pow.L_op`), which is NaN at x = 0. Source: Theano #2995.
    """
    of_x, of_y = _theanos(self, inputs, outputs, gradients)
    if outputs[0].type in scalar.discrete_types:
        return [of_x, of_y]
    (x, y), (gradient,) = inputs, gradients
    return [gradient * y * x ** scalar.switch(scalar.eq(y, 0), np.asarray(1, y.dtype), y - 1), of_y]


scalar.Pow.L_op = power_gradient


# Quotients of integers ----------------------------------------------------------------------------------------------------

# x // 1 is x for integers; of floats it is the next integer below (`theano.tensor.opt.local_intdiv_by_one`).
only_where(opt.local_intdiv_by_one, of_integers)


@instead_of(opt.local_merge_switch_same_cond)
def merge_switches(node, _theanos=opt.local_merge_switch_same_cond.transform):
    """Take operations into the branches of switches, but divisions of integers.

    Theano 1.0.5 does that, too (`theano.tensor.opt.local_merge_switch_same_cond`), and then divides in both branches for each
    element: an error where the branch that is not taken would divide by 0.
    """
    operation = getattr(node.op, "scalar_op", None)
    if isinstance(operation, (scalar.IntDiv, scalar.Mod)) and is_discrete(node.outputs[0]):
        return False
    result = _theanos(node)
    return result if result and result[0].type == node.outputs[0].type else False


@instead_of(opt.local_useless_switch)
def useless_switch(node, _theanos=opt.local_useless_switch.transform):
    """Rewrite a switch with a constant condition as one of its branches.

    Theano 1.0.5 knows the constants 0 and 1, and not False and True (`theano.tensor.opt.local_useless_switch`): with one branch twice
    it printed an error of its optimizer.
    """
    if getattr(node.op, "scalar_op", None) != scalar.switch:
        return False
    condition = node.inputs[0]
    if isinstance(condition, Constant) and condition.dtype == "bool":
        node = T.switch(T.constant(condition.data.astype("int8")), *node.inputs[1:]).owner
    elif isinstance(T.extract_constant(condition, only_process_constants=True), np.bool_):
        return False
    return _theanos(node)


# A factor or a divisor is taken into the branch of a switch whose other branch is 0 (`theano.tensor.opt.local_mul_switch_sink`,
# `local_div_switch_sink`): also where the 0 had the wider type, and then an error was printed. Source: pytensor #1037.
keep_type(opt.local_mul_switch_sink)
keep_type(opt.local_div_switch_sink)


def int_div(self, x, y):
    """``x // y`` in Python: an error for integers and 0, as in compiled code; 0 in Theano 1.0.5 (`theano.scalar.basic.IntDiv`)."""
    return _as_numpys(x) // _as_numpys(_not_zero(x, y, "integer division by zero"))


def mod(self, x, y):
    """``x % y`` in Python: an error for integers and 0, as in compiled code; 0 in Theano 1.0.5 (`theano.scalar.basic.Mod`)."""
    if isinstance(x, complex | np.complexfloating) or isinstance(y, complex | np.complexfloating):
        raise self.complex_error
    return _as_numpys(x) % _as_numpys(_not_zero(x, y, "integer modulo by zero"))


def _as_numpys(number):
    """Of Python's floats NumPy's, which can be divided by 0."""
    return np.float64(number) if type(number) is float else number


def _not_zero(x, y, problem):
    if y == 0 and not isinstance(x, (float, np.floating)) and not isinstance(y, (float, np.floating)):
        raise ZeroDivisionError(problem)
    return y


def _call_for_each_element(operation, implementation):
    """In place of the NumPy function for all elements at once, which knows no error."""
    type(operation.scalar_op).impl = implementation
    type(operation.scalar_op).nfunc_spec = operation.nfunc_spec = operation.nfunc = None


_call_for_each_element(T.int_div, int_div)
_call_for_each_element(T.mod, mod)


_INT_DIV_OF_FLOATS = """
{
    const %(type)s remainder = fmod(%(x)s, %(y)s);
    if (%(y)s == 0) {
        %(z)s = %(x)s / %(y)s;
    } else if (remainder != 0 && (%(y)s < 0) != (remainder < 0)) {
        %(z)s = floor((%(x)s - remainder) / %(y)s - 0.5);
    } else {
        %(z)s = floor((%(x)s - remainder) / %(y)s + 0.5);
    }
}
"""


_OF_INTEGERS = """
{
    const npy_%(type)s dividend = %(x)s, divisor = %(y)s;
    if (divisor == 0) {
        #ifdef KERNEL
        %(z)s = 0;
        #else
        PyErr_SetString(PyExc_ZeroDivisionError, "%(problem)s");
        %(fail)s
        #endif
    } else {
        %(compute)s
    }
}
"""
_INT_DIV = """
        if (%(signed)s && divisor == (npy_%(type)s) -1) {
            %(z)s = (npy_%(type)s) (0 - (npy_u%(wide)s) dividend);
        } else {
            const npy_%(type)s rest = THEANO_MACRO_MOD(dividend, divisor);
            %(z)s = dividend / divisor - (rest != 0 && (rest < 0) != (divisor < 0));
        }
"""
_MOD = """
        if (%(signed)s && divisor == (npy_%(type)s) -1) {
            %(z)s = 0;
        } else {
            const npy_%(type)s rest = THEANO_MACRO_MOD(dividend, divisor);
            %(z)s = rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest;
        }
"""


def _of_integers(compute, problem, node, inputs, outputs, sub):
    dtype = scalar.upcast(*[i.type.dtype for i in node.inputs])
    names = {"type": dtype, "wide": dtype.removeprefix("u"), "signed": int(dtype.startswith("int")), "problem": problem}
    names |= {"x": inputs[0], "y": inputs[1], "z": outputs[0], "fail": sub["fail"]}
    return _OF_INTEGERS % {**names, "compute": compute % names}


def _is_of_integers(node):
    return all(i.type.dtype.startswith(("int", "uint")) for i in node.inputs + node.outputs)


def int_div_c_code(self, node, name, inputs, outputs, sub, _theanos=scalar.IntDiv.c_code):
    """``x // y`` in C++, of floats and of integers as NumPy has it.

    Theano 1.0.5 rounds the quotient first (`theano.scalar.basic.IntDiv`): ``1.0 // 0.1`` is 10. Right is 9, for 0.1 is a little
    more than a tenth, as ``1.0 % 0.1`` has it; and ``inf // 1`` is NaN. Of integers it divides ``-x``, which the smallest one has not:
    a third of the smallest int64 was positive. A quotient that its type cannot hold ends the process there; here it wraps around.
    """
    dtype = node.outputs[0].type.dtype
    (x, y), (z,) = inputs, outputs
    if dtype in ("float32", "float64"):
        return _INT_DIV_OF_FLOATS % {"type": f"npy_{dtype}", "x": x, "y": y, "z": z}
    if _is_of_integers(node):
        return _of_integers(_INT_DIV, "integer division by zero", node, inputs, outputs, sub)
    return _theanos(self, node, name, inputs, outputs, sub)


def mod_c_code(self, node, name, inputs, outputs, sub, _theanos=scalar.Mod.c_code):
    """``x % y`` in C++, of integers likewise (`theano.scalar.basic.Mod`)."""
    if _is_of_integers(node):
        return _of_integers(_MOD, "integer modulo by zero", node, inputs, outputs, sub)
    return _theanos(self, node, name, inputs, outputs, sub)


scalar.IntDiv.c_code, scalar.IntDiv.c_code_cache_version = int_div_c_code, lambda self: (6, "as NumPy", 2)
scalar.Mod.c_code, scalar.Mod.c_code_cache_version = mod_c_code, lambda self: (9, "as NumPy", 2)


# Clip ------------------------------------------------------------------------------------------------------------------


def clip(self, x, low, high):
    """``minimum(maximum(x, low), high)``: NumPy's, which is `high` where the bounds are crossed, and NaN where one is NaN.

    Theano 1.0.5 gives `low` for an x below it, also where it is above `high`, and takes no notice of a bound that is NaN
    (`theano.scalar.basic.Clip`).
    """
    larger = x if x >= low or x != x else low
    return larger if larger <= high or larger != larger else high


def clip_c_code(self, node, name, inputs, outputs, sub):
    (x, low, high), (z,) = inputs, outputs
    c_type = f"npy_{node.outputs[0].type.dtype}"
    if node.outputs[0].type.dtype in ("float32", "float64"):
        return f"""
        {{
            {c_type} clipped = {x} >= {low} ? {x} : {low} == {low} ? ({x} == {x} ? {low} : {x}) : {low};
            {z} = clipped <= {high} ? clipped : {high} == {high} ? (clipped == clipped ? {high} : clipped) : {high};
        }}"""
    return f"{{ {c_type} clipped = {x} < {low} ? {low} : {x}; {z} = clipped > {high} ? {high} : clipped; }}"


def clip_gradient(self, inputs, outputs, gradients):
    """The gradient goes to what the result was taken from: x, also at a bound, or one of the bounds."""
    x, low, high = inputs
    (gradient,) = gradients
    is_high = scalar.gt(scalar.maximum(x, low), high)
    is_low = scalar.lt(x, low) & scalar.le(low, high)
    is_x = scalar.ge(x, low) & scalar.le(x, high)
    if outputs[0].type in scalar.int_types:
        return [v.zeros_like().astype(theano.config.floatX) for v in inputs]
    return [where * gradient for where in (is_x, is_low, is_high)]


scalar.Clip.impl = clip
scalar.Clip.c_code = clip_c_code
scalar.Clip.c_code_cache_version = lambda self: (1, "minimum of maximum")
scalar.Clip.L_op = clip_gradient


# Types in C++ ------------------------------------------------------------------------------------------------------------


def _computed_in_float64(theanos, first):
    def c_code(self, node, name, inputs, outputs, sub):
        """An operation on a float32 and a large integer, in float64, as it is declared.

        Theano 1.0.5 writes ``x + n`` (`theano.scalar.basic`), which C++ computes in float32: 1/3 was 0.3333333432674408 for a float32
        1 and an int64 3, and 16777216 was equal to 16777217. Right are 0.3333333333333333 and false.
        """
        if _mixes_types(node, first):
            inputs = [*inputs[:first], *(f"((npy_float64) {x})" for x in inputs[first:])]
        return theanos(self, node, name, inputs, outputs, sub)

    return c_code


def _mixes_types(node, first=0):
    dtypes = [i.type.dtype for i in node.inputs[first:]]
    return "float32" in dtypes and scalar.upcast(*dtypes) == "float64"


def _version_by_type(theanos, first):
    def c_code_cache_version_apply(self, node):
        version = theanos(self, node)
        return (*version, "in float64") if version and _mixes_types(node, first) else version

    return c_code_cache_version_apply


for _op in (
    *(scalar.Add, scalar.Sub, scalar.Mul, scalar.TrueDiv, scalar.Maximum, scalar.Minimum),
    *(scalar.LT, scalar.GT, scalar.LE, scalar.GE, scalar.EQ, scalar.NEQ, scalar.InRange, scalar.Switch),
):
    _first = 1 if _op is scalar.Switch else 0  # the condition has a type of its own
    _op.c_code = _computed_in_float64(_op.c_code, _first)
    _op.c_code_cache_version_apply = _version_by_type(_op.c_code_cache_version_apply, _first)


# Loops without a compiler --------------------------------------------------------------------------------------------------


def composite_in_python(self):
    """Compute an element of a fused loop in Python: each intermediate result in its own type.

    Theano 1.0.5 computes on with Python's numbers (`theano.scalar.basic.Composite.init_py_impls`), in which integers do not wrap
    around: ``abs(x * 2)`` of 100 in int8 was -56 without a compiler. Right is 56, as with one.
    """
    nodes, inputs = self.fgraph.toposort(), self.fgraph.inputs

    def compute(numbers):
        values = {variable: _as_type(number, variable.dtype) for variable, number in zip(inputs, numbers)}
        with np.errstate(all="ignore"):
            for node in nodes:
                arguments = [values[i] if i in values else i.data for i in node.inputs]
                values[node.outputs[0]] = _as_type(node.op.impl(*arguments), node.outputs[0].dtype)
        return values

    self._impls = [
        lambda numbers, r=r: compute(numbers)[r] if r.owner or r in inputs else r.data for r in self.fgraph.outputs
    ]


def _as_type(number, dtype):
    return np.asarray(number).astype(dtype)[()]


scalar.Composite.init_py_impls = composite_in_python
