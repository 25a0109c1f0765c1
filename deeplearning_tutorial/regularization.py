r"""Keeping a network from learning its training examples by heart.

A network with many weights can fit anything, noise included. What it should do well is examples it has not seen, so
the objective gets a second term, which prefers simple networks:

.. math:: J(\theta) = \frac{1}{n} \sum_t L(f(x^{(t)}; \theta), y^{(t)}) + \lambda \, \Omega(\theta)

:math:`\Omega` is `l1` or `l2` of the weights, and :math:`\lambda` says how much simplicity is worth. In Theano it is
one more term of the cost, whose gradient nobody needs to work out:

>>> weights = [layer.W for layer in [*mlp.hiddenLayers, mlp.logRegressionLayer]]
>>> cost = mlp.negative_log_likelihood(y) + 0.0001 * l2(weights)
>>> updates = sgd(cost, mlp.params, 0.01)

`max_norm` is not a term but a limit, which holds after each step:

>>> updates = max_norm(updates, [layer.W for layer in mlp.hiddenLayers], limit=3)

And a network can be trained on the examples that are hardest for it, close to those there are:

>>> worse = adversarial_examples(cost, x, size=0.1)

Choose :math:`\lambda` and the limit by the validation error. Dropout is in `layers.dropout` and `MLP.with_dropout`.

Penalize weights, not biases. Large weights let a small change of the input change the output a lot, which is what it
takes to pass through every training example. A bias multiplies no input: it only moves the threshold of a unit, there
are few of them, and pulling them to zero mostly makes the network fit worse (Goodfellow, Bengio and Courville 2016,
"Deep Learning", section 7.1).
"""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.checks import check_cost, check_number, check_updates
from deeplearning_tutorial.conditions import ask_range


def l1(weights):
    r"""L1 penalty.

    .. math:: \Omega(\theta) = \sum_k \sum_{ij} |W^{(k)}_{ij}|

    Its gradient has the same size however small a weight is, so that weights that help little become zero, or, with
    steps of finite length, hover around it.

    Parameters
    ----------
    weights : list of symbolic variables
        The weight matrices, without the biases.

    Returns
    -------
    symbolic scalar

    Raises
    ------
    ValueError
        If `weights` is not a list of symbolic variables, or is empty.
    """
    _check_weights(weights)
    return sum(abs(W).sum() for W in weights)


def l2(weights):
    r"""L2 penalty, also called weight decay.

    .. math:: \Omega(\theta) = \sum_k \sum_{ij} (W^{(k)}_{ij})^2

    Its gradient is in proportion to the weight, so that each step of `sgd` makes all weights smaller by the same
    factor, :math:`1 - 2 \varepsilon \lambda`: large weights shrink a lot, small ones hardly, and none becomes zero.

    Parameters
    ----------
    weights : list of symbolic variables
        The weight matrices, without the biases.

    Returns
    -------
    symbolic scalar

    Raises
    ------
    ValueError
        If `weights` is not a list of symbolic variables, or is empty.
    """
    _check_weights(weights)
    return sum((W**2).sum() for W in weights)


def max_norm(updates, weights, limit):
    r"""Limit the length of the weights into each unit.

    After the step of `updates`, each column of a matrix that has become too long is scaled back:

    .. math:: W_{\cdot j} := W_{\cdot j} \, \min(1, c \, / \, \lVert W_{\cdot j} \rVert_2)

    A column holds the weights into one unit. No weight is pulled towards zero as long as its column is short enough,
    and large learning rates cannot make the weights explode.

    Parameters
    ----------
    updates : OrderedDict
        From each parameter to its next value, made by any rule of `updates`.
    weights : list of shared matrices, (n_in, n_units)
        Which of the parameters to limit.
    limit : float
        The length :math:`c`, above 0.

    Returns
    -------
    OrderedDict
        The updates, in the same order, with the limit applied.

    Raises
    ------
    ValueError
        If one of `weights` is not in `updates` or not a matrix, or if `limit` is not positive and finite.

    Notes
    -----
    N. Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting", find it most
    useful together with dropout, with limits from 3 to 4.
    """
    _check_weights(weights)
    check_updates(updates)
    check_number("limit", limit, "above 0 and finite", lambda limit: 0 < limit < np.inf)
    result = OrderedDict(updates)
    for W in weights:
        if W not in updates:
            raise ValueError(f"{W} is not among the variables that are updated: {list(updates)}.")
        if W.ndim != 2:
            raise ValueError(f"only the columns of a matrix have a limit, and {W} is {W.ndim}-dimensional.")
        result[W] = _limit_columns(updates[W], limit)
    return result


def adversarial_examples(cost, x, size, bounds=(0, 1)):
    r"""Examples a little different from those in `x`, in the way that raises the cost most.

    Each feature moves by the same amount, and the sign of the gradient says where to:

    .. math:: \tilde{x} = x + \varepsilon \, \mathrm{sign}(\nabla_x J(x))

    Trained on :math:`J(x)` and :math:`J(\tilde{x})` alike, a network becomes flat around its examples, in just those directions in
    which it was steep.

    Parameters
    ----------
    cost : symbolic scalar
        Of the examples in `x`.
    x : symbolic matrix, (n_examples, n_in)
    size : float
        How far each feature moves, :math:`\varepsilon`, above 0.
    bounds : pair of float, or None
        Between these numbers the result stays, and `x` has to be. By default those of pixels; None for features without bounds,
        such as standardized ones.

    Returns
    -------
    symbolic matrix, (n_examples, n_in)
        A constant for `theano.grad`: the parameters should fit these examples, and not change them.

    Raises
    ------
    ValueError
        If `cost` is not a scalar that depends on `x`, `size` is not positive and finite, or `bounds` are no two numbers in
        rising order. A `MinibatchFunction` raises it for data outside of the bounds.

    Notes
    -----
    I. Goodfellow, J. Shlens and C. Szegedy (2015), "Explaining and harnessing adversarial examples".
    """
    check_number("size", size, "above 0 and finite", lambda size: 0 < size < np.inf)
    check_cost(cost)
    if x not in theano.gof.graph.ancestors([cost]):
        raise ValueError(f"the cost does not depend on {x}.")
    step = np.asarray(size, dtype=theano.config.floatX) * T.sgn(T.grad(cost, x))
    moved = x + step
    if bounds is not None:
        low, high = _checked_bounds(bounds)
        moved = T.clip(moved, low, high)
        ask_range(moved, x, low, high, "adversarial examples are clipped to these bounds. Name others, or bounds=None")
    return theano.gradient.disconnected_grad(moved)


def _checked_bounds(bounds):
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2 or not -np.inf <= bounds[0] < bounds[1] <= np.inf:
        raise ValueError(f"bounds must be two numbers in rising order, such as (0, 1), or None, not {bounds!r}.")
    return [np.asarray(bound, dtype=theano.config.floatX) for bound in bounds]


def _limit_columns(W, limit):
    limit = np.asarray(limit, dtype=W.dtype)
    norms = T.sqrt(T.sum(T.sqr(W), axis=0, keepdims=True))
    # At least the limit, so that the factor is exactly 1 for short columns, zeros included. (T.maximum would say it
    # more plainly, but has no OpenCL version.)
    norms = T.clip(norms, limit, np.inf)
    return W * (limit / norms)


def _check_weights(weights):
    if not isinstance(weights, (list, tuple)) or not weights:
        raise ValueError(f"weights must be a list of at least one weight matrix, not {weights!r}.")
    for W in weights:
        if not isinstance(W, theano.Variable):
            raise ValueError(f"weights must be Theano variables, such as layer.W, not {W!r}.")
