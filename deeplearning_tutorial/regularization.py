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
    if not isinstance(limit, (int, float, np.number)) or not 0 < limit < np.inf:
        raise ValueError(f"limit must be above 0 and finite, not {limit!r}.")
    result = OrderedDict(updates)
    for W in weights:
        if W not in updates:
            raise ValueError(f"{W} is not among the variables that are updated: {list(updates)}.")
        if W.ndim != 2:
            raise ValueError(f"only the columns of a matrix have a limit, and {W} is {W.ndim}-dimensional.")
        result[W] = _limit_columns(updates[W], limit)
    return result


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
