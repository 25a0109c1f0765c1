"""What Theano knows of the shape of a result before it is computed: only what is true."""

import numpy as np
import theano.tensor as T
from theano.gof import Apply, Constant
from theano.tensor import basic, extra_ops, opt, opt_uncanonicalize, subtensor, type_other

from deeplearning_tutorial.engine.corrections.rewriting import instead_of, keep_type


def update_shape(self, r, other_r, _theanos=opt.ShapeFeature.update_shape):
    """Take over what is known about the shape of a variable's replacement, if that does not ask for the variable's own shape.

    Theano 1.0.5 asks only for a part of that question (`theano.tensor.opt.ShapeFeature.update_shape`). A shape could become an
    expression of itself, and the optimizer did not end.
    """
    lengths = self.shape_of.get(other_r)
    if self.shape_of.get(r) is not None and lengths is not None and any(_asks_for_shape_of(r, i) for i in lengths):
        return
    _theanos(self, r, other_r)


def _asks_for_shape_of(variable, length):
    nodes = [length.owner] if getattr(length, "owner", None) is not None else []
    for node in nodes:
        if isinstance(node.op, T.Shape):
            if node.inputs[0] is variable:
                return True
        elif not isinstance(node.op, opt.Shape_i):
            nodes.extend(i.owner for i in node.inputs if i.owner is not None and i.owner not in nodes)
    return False


opt.ShapeFeature.update_shape = update_shape


@instead_of(opt.local_useless_reshape)
def useless_reshape(node, _theanos=opt.local_useless_reshape.transform):
    """Drop a reshape to the shape that an array has.

    Theano 1.0.5 also drops each one from a vector to a vector (`theano.tensor.opt.local_useless_reshape`), so that a wrong length
    was no error.
    """
    x, shape = node.inputs
    if x.ndim != 1 or node.outputs[0].ndim != 1:
        result = _theanos(node)
        return result if result and result[0].type == node.outputs[0].type else False
    if isinstance(shape, Constant) and shape.data.tolist() == [-1]:
        return [x] if x.type == node.outputs[0].type else False
    feature = getattr(getattr(node, "fgraph", None), "shape_feature", None)
    if feature is None or shape.owner is None or not isinstance(shape.owner.op, opt.MakeVector):
        return False
    return [x] if shape.owner.inputs[0] == feature.get_shape(x, 0) and x.type == node.outputs[0].type else False


def subtensor_node(self, x, *inputs, _theanos=subtensor.Subtensor.make_node):
    """A slice, whose length is known to be 1 only where it is.

    Theano 1.0.5 pays no attention to the step (`theano.tensor.subtensor.Subtensor.make_node`): of ``x[0:3:-1]``, with an axis that
    is known to have one element, it took the length for 1, and computed on with that. Right is 0.
    """
    node = _theanos(self, x, *inputs)
    if not any(isinstance(index, slice) and index.step is not None for index in self.idx_list):
        return node
    broadcastable, axis = list(node.outputs[0].broadcastable), 0
    for index in self.get_constant_idx(node.inputs, allow_partial=True):
        if isinstance(index, slice):
            goes_up = index.step is None or isinstance(index.step, int | np.integer) and index.step > 0
            broadcastable[axis] &= goes_up or index.stop is None
            axis += 1
    if tuple(broadcastable) == node.outputs[0].broadcastable:
        return node
    return Apply(self, node.inputs, [T.TensorType(node.outputs[0].dtype, broadcastable)()])


subtensor.Subtensor.make_node = subtensor_node


def split_node(self, *inputs, _theanos=basic.Split.make_node):
    """Parts of an array, whose lengths are not known from its own.

    Theano 1.0.5 takes each part of an axis of one element to have one (`theano.tensor.basic.Split.make_node`).
    """
    node = _theanos(self, *inputs)
    x, axis = node.inputs[:2]
    if not any(x.broadcastable):
        return node
    broadcastable = [False] * x.ndim
    if isinstance(axis, Constant):
        broadcastable = list(x.broadcastable)
        broadcastable[int(axis.data)] = False
    return Apply(self, node.inputs, [T.TensorType(x.dtype, broadcastable)() for _ in node.outputs])


basic.Split.make_node = split_node


def difference_node(self, x, _theanos=extra_ops.DiffOp.make_node):
    """Differences along an axis, of which there are fewer than elements; Theano 1.0.5 forgets that (`extra_ops.DiffOp`)."""
    node = _theanos(self, x)
    broadcastable = list(node.outputs[0].broadcastable)
    if not self.n or not broadcastable[self.axis]:
        return node
    broadcastable[self.axis] = False
    return Apply(self, node.inputs, [T.TensorType(node.outputs[0].dtype, broadcastable)()])


def length_of_differences(self, node, shapes):
    """Not below 0, as Theano 1.0.5 has it (`extra_ops.DiffOp.infer_shape`)."""
    lengths = list(shapes[0])
    lengths[self.axis] = T.maximum(lengths[self.axis] - self.n, 0)
    return [lengths]


extra_ops.DiffOp.make_node, extra_ops.DiffOp.infer_shape = difference_node, length_of_differences


def flatten(x, ndim=None, outdim=None, _theanos=basic.flatten):
    """An array with its last axes made one.

    Theano 1.0.5 leaves the length of that one to NumPy (`theano.tensor.basic.flatten`), which cannot know it where another is 0.
    """
    n = ndim if outdim is None else outdim
    if not isinstance(n, int) or not 1 < n <= x.ndim:
        return _theanos(x, ndim=ndim, outdim=outdim)
    lengths = [x.shape[axis] for axis in range(n - 1)]
    flat = x.reshape([*lengths, T.prod(x.shape[n - 1 :])], ndim=n)
    return T.patternbroadcast(flat, [*x.broadcastable[: n - 1], all(x.broadcastable[n - 1 :])])


basic.flatten = T.flatten = flatten


@instead_of(opt_uncanonicalize.local_dimshuffle_subtensor)
def dropped_axes(node, _theanos=opt_uncanonicalize.local_dimshuffle_subtensor.transform):
    """Index an axis of one element by 0, in place of dropping it after a slice.

    Theano 1.0.5 miscounts the numbers of slices with a step (`theano.tensor.opt_uncanonicalize.local_dimshuffle_subtensor`), and
    printed an error of its optimizer for ``x[::-1][0]``.
    """
    inner = node.inputs[0].owner
    indices = inner.op.idx_list if inner is not None and isinstance(inner.op, subtensor.Subtensor) else ()
    if any(isinstance(index, slice) and index.step is not None for index in indices):
        return False
    return _theanos(node)


def advanced_subtensor_node(self, x, *index, _theanos=subtensor.BaseAdvancedSubtensor.make_node):
    """Elements by indices and slices, as `subtensor_node`: Theano 1.0.5 takes no notice of the slices (`AdvancedSubtensor`)."""
    node = _theanos(self, x, *index)
    slices = [i for i in node.inputs[1:] if isinstance(i.type, type_other.SliceType)]
    if not any(node.outputs[0].broadcastable) or all(map(_is_whole, slices)):
        return node
    return Apply(self, node.inputs, [T.TensorType(node.outputs[0].dtype, [False] * node.outputs[0].ndim)()])


def _is_whole(index):
    """Whether a symbolic slice is ``:``."""
    if isinstance(index, Constant):
        return index.data == slice(None)
    return index.owner is not None and all(isinstance(i, Constant) and i.data is None for i in index.owner.inputs)


subtensor.BaseAdvancedSubtensor.make_node = advanced_subtensor_node


@instead_of(opt.local_subtensor_make_vector)
def element_of_vector(node, _theanos=opt.local_subtensor_make_vector.transform):
    """Take an element of a vector that is made of numbers, by a constant index.

    Theano 1.0.5 fails for a vector of indices that is none (`theano.tensor.opt.local_subtensor_make_vector`), and prints an error.
    """
    if isinstance(node.op, subtensor.AdvancedSubtensor1) and not isinstance(node.inputs[1], Constant):
        return False
    return _theanos(node)


# Both take one variable for another of which less is known (`theano.tensor.opt`).
keep_type(opt.local_useless_subtensor)
keep_type(opt.local_elemwise_alloc)
