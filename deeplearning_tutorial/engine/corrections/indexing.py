"""Elements that are read and written by index, some of them more than once."""

import numpy as np
import theano.tensor as T
from theano.gof import Constant
from theano.tensor import basic, opt, subtensor, type_other
from theano.tensor.var import _tensor_py_operators

from deeplearning_tutorial.engine.corrections.rewriting import instead_of, is_float, only_where

# Rewrites ----------------------------------------------------------------------------------------------------------------


def has_no_index_twice(indices):
    """Whether a constant vector of indices names no element twice. Of what is not constant, nobody knows."""
    if not isinstance(indices, Constant):
        return False
    values = np.asarray(indices.data)
    return bool(np.all(values >= 0)) and len(np.unique(values)) == len(values)


def sets_each_once(node):
    """Whether elements are set by indices that differ.

    Theano 1.0.5 makes ``inc_subtensor(x[i], y)`` of ``set_subtensor(x[i], x[i] + y)``
    (`theano.tensor.opt.local_set_to_inc_subtensor`). Where an index comes twice, the last one counts when elements are set, and all
    of them when they are added to: of [1, 2, 3, 4], i = [1, 1, 2] and y = [10, 20, 30] it made [1, 32, 33, 4]. Right is
    [1, 22, 33, 4]. It came in with Theano PR #2338.
    """
    return has_no_index_twice(node.inputs[2])


only_where(opt.local_set_to_inc_subtensor, sets_each_once)


@instead_of(opt.local_adv_sub1_adv_inc_sub1)
def read_what_was_set(node, _theanos=opt.local_adv_sub1_adv_inc_sub1.transform):
    """Rewrite ``set_subtensor(x[i], y)[i]`` as y, where the indices differ, and y has a row for each.

    Theano 1.0.5 does it in any case (`theano.tensor.opt.local_adv_sub1_adv_inc_sub1`). Where an index comes twice, the first of its
    rows is not what stands there; one row for all of them gave an error, and a single number one of the optimizer.
    """
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, subtensor.AdvancedIncSubtensor1):
        return False
    if not inner.op.set_instead_of_inc or not has_no_index_twice(inner.inputs[2]):
        return False
    x, y, _ = inner.inputs
    if y.ndim != x.ndim or any(y.broadcastable) or not _have_one_shape(node, y, node.outputs[0]):
        return False
    return _theanos(node)


@instead_of(opt.local_subtensor_inc_subtensor)
def read_slice_that_was_set(node, _theanos=opt.local_subtensor_inc_subtensor.transform):
    """Rewrite ``set_subtensor(x[a:b], y)[a:b]`` as y, where y has the shape of the slice.

    Theano 1.0.5 does it in any case (`theano.tensor.opt.local_subtensor_inc_subtensor`): of one row that is written into three it
    read one.
    """
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, subtensor.IncSubtensor):
        return False
    y = inner.inputs[1]
    if y.ndim == node.outputs[0].ndim and y.ndim > 0 and not _have_one_shape(node, y, node.outputs[0]):
        return False
    return _theanos(node)


def _have_one_shape(node, *variables):
    """Whether Theano knows that two variables have one shape."""
    feature = getattr(getattr(node, "fgraph", None), "shape_feature", None)
    if feature is None or any(variable not in feature.shape_of for variable in variables):
        return False
    return feature.same_shape(*variables)


def getitem(self, args, _theanos=_tensor_py_operators.__getitem__):
    """``x[None]``, ``x[1:, None]``: new axes, where some of the old ones are not named.

    Theano 1.0.5 forgets the axes after the last index (`theano.tensor.var`): an error, or silently an array without them where
    they are known to have one element.
    """
    indices = args if isinstance(args, tuple) else (args,)
    if any(index is None for index in indices) and not any(index is Ellipsis for index in indices):
        if all(index is None or isinstance(index, slice) or np.ndim(_data(index)) == 0 for index in indices):
            named = sum(index is not None for index in indices)
            args = (*indices, *[slice(None)] * (self.ndim - named))
    return _theanos(self, args)


def _data(index):
    """Something of the number of axes of an index."""
    return np.empty((0,) * index.ndim) if hasattr(index, "ndim") else index


_tensor_py_operators.__getitem__ = getitem


@instead_of(opt.local_subtensor_lift)
def subtensor_lift(node, _theanos=opt.local_subtensor_lift.transform):
    """Index what an element-wise operation reads, in place of its result.

    Theano 1.0.5 does not index what has one element along each axis (`theano.tensor.opt.local_subtensor_lift`): of ``(x * 2)[:0]``
    it left that element.
    """
    inner = node.inputs[0].owner
    if (
        inner is not None
        and len(inner.inputs) > 1
        and isinstance(inner.op, T.Elemwise)
        and any(node.inputs[0].broadcastable)
    ):
        return False
    return _theanos(node)


def _stays_a_slice(self, node):
    """A slice of constants stays as it is.

    Theano 1.0.5 makes a constant of it (`theano.tensor.opt.constant_folding` of `theano.tensor.type_other.MakeSlice`), fails where one
    of its three numbers is None, and prints an error of its optimizer: for ``x[::-1, i]`` with a vector i.
    """
    return False


type_other.MakeSlice.do_constant_folding = _stays_a_slice


def roll(x, shift, axis=None):
    """The elements of x moved along an axis, those that leave at one end coming back at the other: `numpy.roll`.

    Of an array without elements, too, where Theano 1.0.5 divided by 0 (`theano.tensor.basic.roll`).
    """
    x = T.as_tensor_variable(x)
    if axis is None and x.ndim > 1:
        return roll(x.flatten(), shift, axis=0).reshape(x.shape)
    axis = 0 if axis is None else axis % x.ndim
    start = (-shift) % T.maximum(x.shape[axis], 1)
    before = (slice(None),) * axis
    return T.join(axis, x[(*before, slice(start, None))], x[(*before, slice(None, start))])


basic.roll = T.roll = roll


# Gradients ---------------------------------------------------------------------------------------------------------------


def _gradient_of_last(read, write):
    def gradient(self, inputs, gradients):
        """The gradient of what elements are set to goes to the last that is written into each.

        Theano 1.0.5 gives it to all that were written there (`theano.tensor.subtensor.AdvancedIncSubtensor1.grad` and its like).
        """
        x, y, *indices = inputs
        g_x, g_y, *others = self.gradient_of_all(inputs, gradients)
        if not self.set_instead_of_inc or not is_float(x) or not is_float(y):
            return [g_x, g_y, *others]
        (g_output,) = gradients
        of_each = read(g_output, *indices)
        number = T.arange(of_each.size).reshape(of_each.shape, ndim=of_each.ndim)
        last = read(write(T.zeros(x.shape, "int64"), number, *indices), *indices)
        of_last = T.switch(T.eq(last, number), of_each, np.asarray(0, of_each.dtype))
        return [g_x, subtensor._sum_grad_over_bcasted_dims(y, of_last), *others]

    return gradient


for _op, _read, _write in [
    (subtensor.AdvancedIncSubtensor1, subtensor.advanced_subtensor1, subtensor.advanced_set_subtensor1),
    (subtensor.AdvancedIncSubtensor, subtensor.advanced_subtensor, subtensor.advanced_set_subtensor),
]:
    _op.gradient_of_all = _op.grad
    _op.grad = _gradient_of_last(_read, _write)
