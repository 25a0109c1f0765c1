"""Comparisons of a variable with itself: a NaN is not equal to itself."""

import copy

import theano
from theano import scalar
from theano.tensor import opt

from deeplearning_tutorial.engine.corrections.rewriting import of_integers, only_where

# What is true of each integer, and not of NaN.
SEES_NAN = (scalar.EQ, scalar.NEQ, scalar.LE, scalar.GE)


def not_of_nan(node):
    """Whether a comparison is of two variables, or of one that cannot be NaN.

    Theano 1.0.5 takes ``T.eq(x, x)``, ``x <= x`` and ``x >= x`` for true and ``T.neq(x, x)`` for false
    (`theano.tensor.opt.local_useless_elemwise`, `local_useless_elemwise_comparison`), so that ``T.neq(x, x)``, which asks where x
    is NaN, never says so. Right is what IEEE 754 has.
    """
    operation = getattr(node.op, "scalar_op", None)
    return not isinstance(operation, SEES_NAN) or node.inputs[0] is not node.inputs[1] or of_integers(node)


only_where(opt.local_useless_elemwise, not_of_nan)
only_where(opt.local_useless_elemwise_comparison, not_of_nan)


def not_of_one_shape(node):
    """Whether no constant array decides about ``and`` and ``or`` for an array of another shape.

    Theano 1.0.5 replaces ``T.or_(x, zeros)`` by x also where the constant has more elements than x, prints an error of its
    optimizer, and goes on (`theano.tensor.opt.local_useless_elemwise`). Right is to leave it.
    """
    logical = isinstance(getattr(node.op, "scalar_op", None), (scalar.AND, scalar.OR, scalar.XOR))
    return not logical or all(
        variable.broadcastable == node.outputs[0].broadcastable
        for variable in node.inputs
        if not isinstance(variable, theano.Constant)
    )


only_where(opt.local_useless_elemwise, not_of_one_shape)


def is_same_range(self, other, _theanos=scalar.InRange.__eq__):
    """Whether two comparisons with bounds are the same: with the bounds in it, or not.

    Theano 1.0.5 takes ``0 < x < 1`` and ``0 <= x <= 1`` for one operation (`theano.scalar.basic.InRange`), and so for one compiled
    module, and computes both as the first that it meets.
    """
    return bool(_theanos(self, other)) and (self.openlow, self.openhi) == (other.openlow, other.openhi)


def hash_of_range(self, _theanos=scalar.InRange.__hash__):
    return hash((_theanos(self), self.openlow, self.openhi))


def range_in_place(self, output_types_preference=None, name=None):
    """The same with another type of result. Theano 1.0.5 asks its class, which wants both bounds, and printed an error."""
    same = copy.copy(self)
    if output_types_preference is not None:
        same.output_types_preference = output_types_preference
    return same


scalar.InRange.__eq__, scalar.InRange.__hash__ = is_same_range, hash_of_range
scalar.InRange.make_new_inplace = range_in_place
scalar.InRange.c_code_cache_version = lambda self: (4, f"open: {self.openlow}, {self.openhi}")
