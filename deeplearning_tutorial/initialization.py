r"""Where the weights of a hidden layer start.

Not at zero: units with equal weights compute the same, get the same gradient and stay equal for ever. So weights are
random. Too small, and the signal fades from layer to layer; too large, and units saturate, where the slope is close to
zero and little is learned. Each function here draws weights of the size at which the signal, or the gradient, keeps
its variance through a layer. Which size that is depends on the activation.

>>> rng = np.random.RandomState(1234)
>>> glorot_uniform(rng, n_in=784, n_out=500).std()                              # about sqrt(2 / (784 + 500))
0.0394...
>>> layer = HiddenLayer(rng, x, 784, 500, activation=T.nnet.relu, initialization=he_normal)

A function of your own can stand in for them: it takes ``(rng, n_in, n_out)`` and returns an array.
"""

import numpy as np
import theano

from deeplearning_tutorial.checks import check_random_state, positive_integer


def glorot_uniform(rng, n_in, n_out):
    r"""For tanh and other functions that are symmetric around zero, with slope 1 there.

    .. math:: W_{ij} \sim U\left[-\sqrt{\frac{6}{n_{in} + n_{out}}}, \sqrt{\frac{6}{n_{in} + n_{out}}}\right]

    On the way forward a unit sums `n_in` signals, on the way back the gradients of `n_out` units. Their variance stays
    the same if that of a weight is ``1 / n_in`` and ``1 / n_out``; this is the compromise, ``2 / (n_in + n_out)``.

    Parameters
    ----------
    rng : numpy.random.RandomState
    n_in, n_out : int
        Number of inputs and of units of the layer.

    Returns
    -------
    ndarray of floatX, (n_in, n_out)

    Raises
    ------
    ValueError
        If `rng` is no RandomState, or a size is no whole number of at least 1.

    Notes
    -----
    X. Glorot and Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks".
    """
    _check(rng, n_in, n_out)
    bound = np.sqrt(6.0 / (n_in + n_out))
    return np.asarray(rng.uniform(low=-bound, high=bound, size=(n_in, n_out)), dtype=theano.config.floatX)


def glorot_uniform_sigmoid(rng, n_in, n_out):
    r"""For the sigmoid: four times as wide as `glorot_uniform`.

    .. math:: W_{ij} \sim U\left[-4 \sqrt{\frac{6}{n_{in} + n_{out}}}, 4 \sqrt{\frac{6}{n_{in} + n_{out}}}\right]

    The slope of the sigmoid at zero is a quarter of tanh's, so that signals and gradients would be four times smaller.

    Parameters
    ----------
    rng : numpy.random.RandomState
    n_in, n_out : int
        Number of inputs and of units of the layer.

    Returns
    -------
    ndarray of floatX, (n_in, n_out)

    Raises
    ------
    ValueError
        If `rng` is no RandomState, or a size is no whole number of at least 1.

    Notes
    -----
    X. Glorot and Y. Bengio (2010), as for `glorot_uniform`; the factor 4 is the Theano tutorial's.
    """
    return 4 * glorot_uniform(rng, n_in, n_out)


def he_normal(rng, n_in, n_out):
    r"""For the rectifier, ReLU.

    .. math:: W_{ij} \sim N\left(0, \frac{2}{n_{in}}\right)

    ReLU sets about half of the sums to zero, and with them half of what the next layer receives. Twice the variance
    makes up for it, so that signals keep their size through many layers. ``2 / n_in`` is the variance.

    Parameters
    ----------
    rng : numpy.random.RandomState
    n_in, n_out : int
        Number of inputs and of units of the layer.

    Returns
    -------
    ndarray of floatX, (n_in, n_out)

    Raises
    ------
    ValueError
        If `rng` is no RandomState, or a size is no whole number of at least 1.

    Notes
    -----
    K. He et al. (2015), "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification".
    """
    _check(rng, n_in, n_out)
    return np.asarray(rng.normal(scale=np.sqrt(2.0 / n_in), size=(n_in, n_out)), dtype=theano.config.floatX)


def _check(rng, n_in, n_out):
    check_random_state(rng)
    positive_integer("n_in", n_in)
    positive_integer("n_out", n_out)
