r"""The logarithm of a softmax, of which some elements are picked: right where a probability is too small for a float.

The negative log likelihood is ``-log(softmax(x))[rows, y]``, or ``-log(softmax(x)[rows, y])``. Theano 1.0.5 has a
stable form of both and of their gradients (`local_advanced_indexing_crossentropy_onehot` and `..._grad` in
tensor/nnet/nnet.py), but only for ``rows = T.arange(y.shape[0])``, written so. With any other rows, such as a
constant ``T.arange(1)``, a NumPy array or a list, the gradient divides by a probability that may be 0, and is NaN;
the second form's logarithm is -infinity. `local_logsoftmax_grad`, which would be right, leaves out whatever is picked
by arrays.

The rewrites here take what is left when Theano has found its stable forms:

* the logarithm of picked probabilities is picked from the logarithms of all (`log_of_picked`);
* the gradient of :math:`\log\operatorname{softmax}(x)`, for a gradient g of the logarithms, is
  :math:`g - \operatorname{softmax}(x) \sum_j g_j`, without a division (`gradient_of_logarithm`, `gradient_of_picked`).
"""

import theano
import theano.tensor as T
from theano.tensor import nnet, subtensor

from deeplearning_tutorial.engine.corrections.rewriting import is_constantly

AFTER_FUSED_LOSSES = 2.02
AFTER_STABLE_FORMS = 2.05  # by the numbers in Theano's database of rewrites, `optdb`

PICKING = (
    subtensor.Subtensor,
    subtensor.AdvancedSubtensor,
    subtensor.AdvancedSubtensor1,
    subtensor.AdvancedBooleanSubtensor,
)
SPREADING = (
    subtensor.IncSubtensor,
    subtensor.AdvancedIncSubtensor,
    subtensor.AdvancedIncSubtensor1,
    subtensor.AdvancedBooleanIncSubtensor,
)
SOFTMAXES = (nnet.softmax_op, nnet.softmax_with_bias)


def _is_softmax(variable):
    return variable.owner is not None and variable.owner.op in SOFTMAXES


def _log_of_softmax(probabilities):
    scores = probabilities.owner.inputs
    return nnet.logsoftmax(scores[0] if len(scores) == 1 else scores[0] + scores[1].dimshuffle("x", 0))


def _gradient(gradient_of_logarithms, probabilities):
    return gradient_of_logarithms - T.sum(gradient_of_logarithms, axis=1, keepdims=True) * probabilities


@theano.gof.local_optimizer([T.log])
def log_of_picked(node):
    """Rewrite ``log(softmax(x)[i])`` as ``log(softmax(x))[i]``, with a logarithm that is finite.

    Theano 1.0.5 gives -infinity where softmax is 0 in floats, unless i is ``arange(y.shape[0]), y``.
    """
    picked = node.inputs[0].owner if node.op == T.log else None
    if picked is None or not isinstance(picked.op, PICKING) or not _is_softmax(picked.inputs[0]):
        return False
    probabilities, *indices = picked.inputs
    return _if_same_type(node, picked.op(_log_of_softmax(probabilities), *indices))


@theano.gof.local_optimizer([nnet.SoftmaxGrad])
def gradient_of_logarithm(node):
    """Rewrite the gradient of ``log(softmax(x))``, which divides by softmax(x), so that it does not.

    Theano 1.0.5 gives NaN where softmax is 0 in floats, if the gradient comes from ``log(softmax(x))[i, j]`` with
    arrays of indices other than ``arange(y.shape[0]), y``.
    """
    if not isinstance(node.op, nnet.SoftmaxGrad):
        return False
    quotient, probabilities = node.inputs
    gradient, divisor = _parts_of(quotient)
    if divisor != probabilities or not _is_softmax(probabilities) or gradient.broadcastable != quotient.broadcastable:
        return False
    return _if_same_type(node, _gradient(gradient, probabilities))


@theano.gof.local_optimizer([nnet.SoftmaxGrad])
def gradient_of_picked(node):
    """Rewrite the gradient of ``log(softmax(x)[i])``, which divides by ``softmax(x)[i]``, so that it does not.

    Theano 1.0.5 gives NaN where softmax is 0 in floats, unless i is ``arange(y.shape[0]), y``.
    """
    if not isinstance(node.op, nnet.SoftmaxGrad):
        return False
    spread, probabilities = node.inputs
    if not _is_softmax(probabilities) or spread.owner is None or not isinstance(spread.owner.op, SPREADING):
        return False
    zeros, quotient, *indices = spread.owner.inputs
    gradient, divisor = _parts_of(quotient)
    if getattr(spread.owner.op, "set_instead_of_inc", False) or not is_constantly(zeros, 0) or divisor is None:
        return False
    picked = divisor.owner
    if picked is None or not isinstance(picked.op, PICKING) or picked.inputs != [probabilities, *indices]:
        return False
    return _if_same_type(node, _gradient(spread.owner.op(zeros, gradient, *indices), probabilities))


def _parts_of(quotient):
    """The two parts of a quotient; None, None where it is none."""
    op = quotient.owner and quotient.owner.op
    if op == T.true_div:
        return quotient.owner.inputs
    return (T.ones_like(quotient), quotient.owner.inputs[0]) if op == T.inv else (None, None)


def _if_same_type(node, output):
    return [output] if output.type == node.outputs[0].type else False


for _rewrite in (log_of_picked, gradient_of_logarithm, gradient_of_picked):
    _name = _rewrite.__name__
    theano.compile.optdb.register(
        _name, theano.gof.opt.in2out(_rewrite, name=_name), AFTER_STABLE_FORMS, "fast_run", "fast_compile_gpu"
    )


@theano.gof.local_optimizer([T.fill])
def fill_of_row(node):
    """Fill a vector of the length of a row without taking one, as there may be none.

    Theano 1.0.5 makes the biases of a softmax that has none from its first row (`crossentropy_to_crossentropy_with_softmax`,
    `local_advanced_indexing_crossentropy_onehot`): the loss of no examples was an IndexError. Right are no losses.
    """
    if node.op != T.fill:
        return False
    row, value = node.inputs
    x = row.owner.inputs[0] if row.owner is not None and isinstance(row.owner.op, subtensor.Subtensor) else None
    if x is None or x.ndim != 2 or row.ndim != 1 or len(row.owner.op.idx_list) != 1 or not all(value.broadcastable):
        return False
    filled = T.alloc(value.dimshuffle(), x.shape[1])
    return [filled] if filled.type == node.outputs[0].type else False


theano.compile.optdb.register(
    "fill_of_row", theano.tensor.opt.in2out(fill_of_row), AFTER_FUSED_LOSSES, "fast_run", "fast_compile"
)


def of_known_shape(theanos):
    def transform(node):
        """Theano's stable form, where what is picked has a known shape: beside a slice it has none, and Theano printed an error."""
        try:
            return theanos(node)
        except TypeError:
            return False

    return transform


for _rewrite in (
    nnet.nnet.local_advanced_indexing_crossentropy_onehot,
    nnet.nnet.local_advanced_indexing_crossentropy_onehot_grad,
):
    _rewrite.transform = of_known_shape(_rewrite.transform)
