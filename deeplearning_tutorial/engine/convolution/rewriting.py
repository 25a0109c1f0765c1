"""Where Theano convolves images, they are put into blocks, and stay in them as long as there is an operation for it.

Each rewrite here replaces an operation on images by one on blocks between a `ToBlocks` and a `FromBlocks`, and one takes away a
`ToBlocks` right after a `FromBlocks`. So they vanish from a network but for its first layer, and where its maps become vectors.
"""

import theano
import theano.tensor as T
from theano import config
from theano.gof import EquilibriumOptimizer, local_optimizer
from theano.scalar import Add, Composite, Mul, get_scalar_type
from theano.tensor.elemwise import Elemwise, Sum
from theano.tensor.nnet import abstract_conv
from theano.tensor.opt import Assert, Shape_i
from theano.tensor.signal.pool import MaxPoolGrad, Pool

from deeplearning_tutorial.engine.convolution import operations
from deeplearning_tutorial.engine.convolution.operations import FromBlocks, ToBlocks
from deeplearning_tutorial.engine.scalar_code import has_c_code

AFTER_GPU = 48.55  # and before Theano decides how the CPU convolves


def _is_from_blocks(variable):
    return variable.owner is not None and isinstance(variable.owner.op, FromBlocks)


def _to_blocks(images):
    return images.owner.inputs[0] if _is_from_blocks(images) else ToBlocks()(images)


def _number(node, images):
    """Of images; `node` knows the graph, which knows of many that they are as many as others."""
    return images.owner.inputs[1] if _is_from_blocks(images) else node.fgraph.shape_feature.get_shape(images, 0)


def _is_same(n, other):
    return n is other or isinstance(n, theano.Constant) and n.equals(other)


def _from_blocks(blocks, n, like):
    return [FromBlocks(like.broadcastable)(blocks, n)]


def _are_images(*variables):
    return all(isinstance(v.type, T.TensorType) and v.dtype == "float32" and v.ndim == 4 for v in variables)


# ----------------------------------------------------------------------------------------------------------------------


def _can(op, *variables):
    plain = op.num_groups == 1 and not op.unshared and tuple(op.subsample) == tuple(op.filter_dilation) == (1, 1)
    mode = op.border_mode
    known = isinstance(mode, str) or all(isinstance(pad, int) for pad in mode)
    return plain and known and _are_images(*variables)


def _flipped(filters):
    return filters[:, :, ::-1, ::-1]


@local_optimizer([ToBlocks])
def stay_in_blocks(node):
    (images,) = node.inputs
    return [_to_blocks(images)] if _is_from_blocks(images) else False


@local_optimizer([Shape_i])
def size(node):
    (images,) = node.inputs
    if not _is_from_blocks(images):
        return False
    return [_number(node, images) if node.op.i == 0 else node.op(_to_blocks(images))]


@local_optimizer([abstract_conv.AbstractConv2d])
def convolution(node):
    images, filters = node.inputs
    if not _can(node.op, images, filters):
        return False
    filters = _flipped(filters) if node.op.filter_flip else filters
    result = operations.Correlation(node.op.border_mode)(_to_blocks(images), filters)
    return _from_blocks(result, _number(node, images), node.outputs[0])


@local_optimizer([abstract_conv.AbstractConv2d_gradInputs])
def gradient_of_images(node):
    filters, gradient, _ = node.inputs
    if not _can(node.op, filters, gradient):
        return False
    filters = filters if node.op.filter_flip else _flipped(filters)
    correlation = operations.Correlation(node.op.border_mode, is_gradient=True)
    result = correlation(_to_blocks(gradient), filters.dimshuffle(1, 0, 2, 3))
    return _from_blocks(result, _number(node, gradient), node.outputs[0])


@local_optimizer([abstract_conv.AbstractConv2d_gradWeights])
def gradient_of_filters(node):
    images, gradient, size = node.inputs
    if not _can(node.op, images, gradient):
        return False
    like = node.outputs[0].broadcastable
    correlation = operations.CorrelationGradient(node.op.border_mode, node.op.filter_flip, like)
    return [correlation(_to_blocks(images), _to_blocks(gradient), size)]


# ----------------------------------------------------------------------------------------------------------------------


def _windows(node, *sizes):
    """Rows and columns of windows that lie side by side; None where they do not, or nobody knows yet."""
    if node.op.ndim != 2 or not all(isinstance(variable, theano.Constant) for variable in sizes):
        return None
    size, stride, pad = (tuple(map(int, variable.data)) for variable in sizes)
    return size if size == stride and not any(pad) and min(size) > 0 else None


@local_optimizer([Pool])
def max_pool(node):
    images, *sizes = node.inputs
    size = _windows(node, *sizes)
    # On images that are not in blocks, Theano's own is as good.
    if node.op.mode != "max" or size is None or not _are_images(images) or not _is_from_blocks(images):
        return False
    result = operations.MaxPool(*size, node.op.ignore_border)(_to_blocks(images))
    return _from_blocks(result, _number(node, images), node.outputs[0])


@local_optimizer([MaxPoolGrad])
def max_pool_gradient(node):
    images, _, gradient, *sizes = node.inputs
    size = _windows(node, *sizes)
    if size is None or not _are_images(images, gradient) or not _is_from_blocks(images):
        return False
    pooling = operations.MaxPoolGradient(*size, node.op.ignore_border)
    return _from_blocks(pooling(_to_blocks(images), _to_blocks(gradient)), _number(node, images), node.outputs[0])


# ----------------------------------------------------------------------------------------------------------------------


@local_optimizer([Assert])
def condition(node):
    """What has to be so of some images, such as the sizes that a layer was told, is asked of their blocks."""
    images, *conditions = node.inputs
    if not _is_from_blocks(images):
        return False
    return _from_blocks(node.op(_to_blocks(images), *conditions), _number(node, images), node.outputs[0])


@local_optimizer([Sum])
def sum_channels(node):
    (images,), (result,) = node.inputs, node.outputs
    if tuple(node.op.axis or ()) != (0, 2, 3) or not _are_images(images) or not _is_from_blocks(images):
        return False
    return [operations.SumChannels()(_to_blocks(images))] if result.type == T.fvector else False


_CHANNEL, _NUMBER = (True, False, True, True), (True,) * 4
_same_number = Assert("the images are not as many as others.")


@local_optimizer([Elemwise])
def elementwise(node):
    if len(node.outputs) > 1 or not _are_images(node.outputs[0], *node.inputs) or node.op.inplace_pattern:
        return False
    pattern = node.outputs[0].broadcastable
    kinds = ""
    for variable in node.inputs:
        kind = {pattern: "b", _CHANNEL: "c", _NUMBER: "n"}.get(variable.broadcastable)
        if kind is None:
            return False
        kinds += kind
    images = [variable for variable, kind in zip(node.inputs, kinds) if kind == "b"]
    if any(pattern) or not any(map(_is_from_blocks, images)) or not _is_loop_of_float32(node.op.scalar_op, len(kinds)):
        return False
    n, *others = [_number(node, variable) for variable in images]
    unsure = [other for other in others if not _is_same(n, other)]
    if unsure:
        n = _same_number(n, *[T.eq(n, other) for other in unsure])
    inputs = [_to_blocks(v) if kind == "b" else v for v, kind in zip(node.inputs, kinds)]
    return _from_blocks(operations.Elementwise(node.op.scalar_op, kinds)(n, *inputs), n, node.outputs[0])


def _is_loop_of_float32(scalar_op, n_inputs):
    dtypes = ["float32"] * n_inputs
    outputs = scalar_op.make_node(*[get_scalar_type(dtype)() for dtype in dtypes]).outputs
    return [output.dtype for output in outputs] == ["float32"] and has_c_code(scalar_op, dtypes)


def _all_can_fuse(clients):
    return all(client != "output" and isinstance(client.op, operations.Elementwise) for client in clients)


@local_optimizer([operations.Elementwise])
def fuse(node):
    """One loop of a function and those of its arguments that nobody else reads, or that take less time to compute than to read."""

    def is_fused(variable):
        if variable.owner is None or not isinstance(variable.owner.op, operations.Elementwise):
            return False
        clients = {client for client, _ in variable.clients}
        is_cheap = isinstance(variable.owner.op.scalar_op, Add | Mul) and variable.owner.op.kinds.count("b") == 1
        return _is_same(variable.owner.inputs[0], node.inputs[0]) and (
            len(clients) == 1 or is_cheap and _all_can_fuse(clients)
        )

    n, *inputs = node.inputs
    if not any(map(is_fused, inputs)):
        return False
    scalars, kinds = {}, {}

    def number(variable, kind):
        kinds[variable] = kind
        return scalars.setdefault(variable, get_scalar_type("float32").make_variable())

    arguments = []
    for variable, kind in zip(inputs, node.op.kinds):
        if is_fused(variable):
            inner = variable.owner
            arguments.append(inner.op.scalar_op(*map(number, inner.inputs[1:], inner.op.kinds)))
        else:
            arguments.append(number(variable, kind))
    loop = Composite(list(scalars.values()), [node.op.scalar_op(*arguments)])
    kinds = "".join(kinds[variable] for variable in scalars)
    return [operations.Elementwise(loop, kinds)(n, *scalars)]


if config.cxx:
    rewrites = [stay_in_blocks, size, convolution, gradient_of_images, gradient_of_filters, max_pool, max_pool_gradient]
    rewrites += [condition, sum_channels, elementwise]
    theano.compile.optdb.register("blocks", EquilibriumOptimizer(rewrites, max_use_ratio=20), AFTER_GPU, "fast_run")
    theano.compile.optdb.register("fuse_blocks", theano.gof.opt.in2out(fuse), AFTER_GPU + 0.01, "fast_run")
