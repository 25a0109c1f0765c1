r"""The layers a network is made of: symbolic expressions with parameters of their own.

A layer takes a symbolic matrix of examples, one a row, and offers a symbolic result. Nothing is computed until a
function is compiled from it.

>>> x = T.matrix("x")                                        # (n_examples, 784)
>>> y = T.ivector("y")                                       # (n_examples,)
>>> classifier = LogisticRegression(input=x, n_in=784, n_out=10)
>>> cost = classifier.negative_log_likelihood(y)             # a scalar
>>> gradients = T.grad(cost, classifier.params)              # one for W, one for b

Layers stack: the output of one is the input of the next. Layers that are given the parameters of others share them,
so that one set of weights can serve two inputs.

>>> hidden = HiddenLayer(rng=np.random.RandomState(1234), input=x, n_in=784, n_out=500)
>>> classifier = LogisticRegression(input=hidden.output, n_in=500, n_out=10)
>>> noisy = dropout(MRG_RandomStreams(1234), hidden.output, rate=0.5)     # the same, half of the units at zero
>>> trainee = LogisticRegression(noisy, 500, 10, W=classifier.W, b=classifier.b)
"""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.checks import (
    check_callable,
    check_input,
    check_labels,
    check_number,
    checked_parameter,
    positive_integer,
)
from deeplearning_tutorial.initialization import glorot_uniform, glorot_uniform_sigmoid


class LogisticRegression:
    r"""Multi-class logistic regression, a linear map followed by the softmax.

    .. math:: P(Y = i \mid x, W, b) = \frac{e^{x W_{\cdot i} + b_i}}{\sum_j e^{x W_{\cdot j} + b_j}}

    The parameters start at zero: this cost is convex, so that any start leads to the same place.

    Parameters
    ----------
    input : symbolic matrix, (n_examples, n_in)
    n_in : int
        Number of features of an example.
    n_out : int
        Number of classes.
    W : shared matrix, (n_in, n_out), optional
        Weights to use instead of new ones, for example those of another layer.
    b : shared vector, (n_out,), optional

    Attributes
    ----------
    W : shared matrix, (n_in, n_out)
    b : shared vector, (n_out,)
    p_y_given_x : symbolic matrix, (n_examples, n_out)
        Probability of each class.
    y_pred : symbolic vector of int64, (n_examples,)
        The most probable class.
    params : list
        ``[W, b]``
    """

    def __init__(self, input, n_in, n_out, W=None, b=None):
        n_in, n_out = positive_integer("n_in", n_in), positive_integer("n_out", n_out)
        check_input(input, n_in)
        self.input, self.n_in, self.n_out = input, n_in, n_out
        if W is None:
            W = theano.shared(np.zeros((n_in, n_out), theano.config.floatX), name="W", borrow=True)
        if b is None:
            b = theano.shared(np.zeros(n_out, theano.config.floatX), name="b", borrow=True)
        self.W = checked_parameter("W", W, (n_in, n_out))
        self.b = checked_parameter("b", b, (n_out,))
        self.params = [self.W, self.b]

        self._scores = T.dot(input, self.W)
        self.p_y_given_x = T.nnet.softmax(self._scores + self.b)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)

    def negative_log_likelihood(self, y):
        r"""Mean negative log likelihood of the labels.

        .. math:: -\frac{1}{n} \sum_t \log P(Y = y^{(t)} \mid x^{(t)}, W, b)

        In Theano that is ``-T.mean(T.log(p_y_given_x)[T.arange(y.shape[0]), y])``. A probability that is rounded to
        zero has no logarithm, though, so this asks for the operation that Theano's optimizer would replace the
        formula with: it computes the logarithm from the scores before the softmax, and is finite for any of them.

        Parameters
        ----------
        y : symbolic vector of integers, (n_examples,)

        Returns
        -------
        symbolic scalar
            The mean, not the sum, so that a good learning rate does not depend on the size of the mini-batch.

        Raises
        ------
        ValueError
            If `y` is not a vector of integers.
        """
        check_labels(y)
        losses, _, _ = T.nnet.crossentropy_softmax_argmax_1hot_with_bias(self._scores, self.b, y)
        return T.mean(losses)

    def errors(self, y):
        """Zero-one error: the fraction of labels predicted wrongly.

        Parameters
        ----------
        y : symbolic vector of integers, (n_examples,)

        Returns
        -------
        symbolic scalar in [0, 1]

        Raises
        ------
        ValueError
            If `y` is not a vector of integers.
        """
        check_labels(y)
        # The mean of int8 values would be float64: name the type.
        return T.mean(T.neq(self.y_pred, y), dtype=theano.config.floatX)


class HiddenLayer:
    r"""A fully connected layer: :math:`s(x W + b)`.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the initial weights.
    input : symbolic matrix, (n_examples, n_in)
    n_in, n_out : int
        Number of inputs and of hidden units.
    W : shared matrix, (n_in, n_out), optional
        Weights to use instead of new ones, for example those of another layer.
    b : shared vector, (n_out,), optional
    activation : callable or None
        Element-wise function :math:`s`; None makes the layer linear. The usual choices:

        - ``T.nnet.sigmoid``, in (0, 1), is the traditional one, after the firing rate of a neuron. It saturates at
          both ends, where its slope, and so the gradient, is close to zero; and as its values are not centred, what
          the next layer receives is all of one sign.
        - ``T.tanh``, in (-1, 1), saturates too, but is symmetric around the origin, where its slope is 1:
          gradients pass through several layers better.
        - ``T.nnet.relu``, ``max(0, a)``, does not saturate for positive sums, and is cheap to compute. It wants
          `initialization.he_normal`.
    initialization : callable, optional
        Function ``(rng, n_in, n_out)`` that returns the initial weights, see `initialization`. Without one it is
        `glorot_uniform`, or `glorot_uniform_sigmoid` if the activation is ``T.nnet.sigmoid``. Biases start at zero.

    Attributes
    ----------
    output : symbolic matrix, (n_examples, n_out)
    params : list
        ``[W, b]``
    """

    def __init__(self, rng, input, n_in, n_out, W=None, b=None, activation=T.tanh, initialization=None):
        n_in, n_out = positive_integer("n_in", n_in), positive_integer("n_out", n_out)
        check_input(input, n_in)
        if activation is not None:
            check_callable("activation", activation, "a function such as T.tanh, or None")
        self.input, self.n_in, self.n_out, self.activation = input, n_in, n_out, activation
        if W is None:
            W = _initial_weights(rng, n_in, n_out, activation, initialization)
        if b is None:
            b = theano.shared(np.zeros(n_out, theano.config.floatX), name="b", borrow=True)
        self.W = checked_parameter("W", W, (n_in, n_out))
        self.b = checked_parameter("b", b, (n_out,))
        self.params = [self.W, self.b]

        linear = T.dot(input, self.W) + self.b
        self.output = linear if activation is None else activation(linear)
        self.output.tag.n_columns = n_out  # for `check_input` of the next layer


def dropout(theano_rng, input, rate):
    r"""Drop units at random, and make the others stronger.

    .. math:: \tilde{h}_j = \frac{m_j}{1 - r} h_j, \quad m_j \sim \mathrm{Bernoulli}(1 - r)

    A unit that cannot rely on the others being there has to learn something that is useful by itself. Each mini-batch
    trains another, thinner network; the whole network averages them. The mask :math:`m` is drawn anew for each
    example and in each call of the compiled function. As the units that stay are divided by the probability of
    staying, each unit's expected value is what it was, so that nothing has to change when the network is used.

    Parameters
    ----------
    theano_rng : MRG_RandomStreams
        Of ``theano.sandbox.rng_mrg``; it works on a GPU too. Theano's slower ``RandomStreams`` does as well.
    input : symbolic variable, for example (n_examples, n_units)
    rate : float
        Probability :math:`r` that a unit is dropped, in [0, 1).

    Returns
    -------
    symbolic variable
        Of the shape and dtype of `input`; `input` itself if the rate is 0.

    Raises
    ------
    ValueError
        If `rate` is not in [0, 1) or `theano_rng` has no symbolic random numbers.

    Notes
    -----
    N. Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting". There the weights
    are scaled down when the network is used; dividing in training instead is called inverted dropout.
    """
    check_number("rate", rate, "at least 0 and below 1", lambda rate: 0 <= rate < 1)
    if isinstance(theano_rng, np.random.RandomState) or not hasattr(theano_rng, "binomial"):
        raise ValueError(
            "theano_rng must draw symbolic random numbers: make it with "
            f"theano.sandbox.rng_mrg.MRG_RandomStreams(seed), not {theano_rng!r}."
        )
    if rate == 0:
        return input
    mask = theano_rng.binomial(size=input.shape, n=1, p=1 - rate, dtype=theano.config.floatX)
    return input * mask / np.asarray(1 - rate, dtype=theano.config.floatX)


def _initial_weights(rng, n_in, n_out, activation, initialization):
    if initialization is None:
        initialization = glorot_uniform_sigmoid if activation is T.nnet.sigmoid else glorot_uniform
    check_callable("initialization", initialization, "a function (rng, n_in, n_out)")
    weights = np.asarray(initialization(rng, n_in, n_out), dtype=theano.config.floatX)
    return theano.shared(weights, name="W", borrow=True)
