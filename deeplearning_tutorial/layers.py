r"""The layers a network is made of: symbolic expressions with parameters of their own.

A layer takes a symbolic matrix of examples, one a row, and offers a symbolic result. Nothing is computed until a
function is compiled from it.

>>> x = T.matrix("x")                                        # (n_examples, 784)
>>> y = T.ivector("y")                                       # (n_examples,)
>>> classifier = LogisticRegression(input=x, n_in=784, n_out=10)
>>> cost = classifier.negative_log_likelihood(y)             # a scalar
>>> gradients = T.grad(cost, classifier.params)              # one for W, one for b
"""

import numpy as np
import theano
import theano.tensor as T


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

    def __init__(self, input, n_in, n_out):
        n_in, n_out = positive_integer("n_in", n_in), positive_integer("n_out", n_out)
        self.input = input
        self.W = theano.shared(np.zeros((n_in, n_out), theano.config.floatX), name="W", borrow=True)
        self.b = theano.shared(np.zeros(n_out, theano.config.floatX), name="b", borrow=True)
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
        _check_labels(y)
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
        _check_labels(y)
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
        Element-wise function :math:`s`; None makes the layer linear.

    Attributes
    ----------
    output : symbolic matrix, (n_examples, n_out)
    params : list
        ``[W, b]``

    Notes
    -----
    New weights are uniform in :math:`\pm\sqrt{6 / (n_{in} + n_{out})}`, which keeps the variance of signals and of
    gradients about the same from layer to layer under tanh; four times that under the sigmoid, whose slope at zero is
    a quarter of tanh's (Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"). Biases start at zero.
    """

    def __init__(self, rng, input, n_in, n_out, W=None, b=None, activation=T.tanh):
        n_in, n_out = positive_integer("n_in", n_in), positive_integer("n_out", n_out)
        self.input = input
        if W is None:
            W = _glorot_uniform(rng, n_in, n_out, activation)
        if b is None:
            b = theano.shared(np.zeros(n_out, theano.config.floatX), name="b", borrow=True)
        self.W = _checked("W", W, (n_in, n_out))
        self.b = _checked("b", b, (n_out,))
        self.params = [self.W, self.b]

        linear = T.dot(input, self.W) + self.b
        self.output = linear if activation is None else activation(linear)


def _glorot_uniform(rng, n_in, n_out, activation):
    bound = np.sqrt(6.0 / (n_in + n_out))
    if activation is T.nnet.sigmoid:
        bound *= 4
    weights = np.asarray(rng.uniform(low=-bound, high=bound, size=(n_in, n_out)), dtype=theano.config.floatX)
    return theano.shared(weights, name="W", borrow=True)


def positive_integer(name, value):
    """The value as an int; a ValueError that names it if it is not a whole number of at least 1."""
    if not isinstance(value, (int, float, np.number)) or value % 1 != 0 or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}.")
    return int(value)


def _checked(name, parameter, shape):
    if not isinstance(parameter, theano.compile.SharedVariable):
        raise ValueError(f"{name} must be a shared variable, made with theano.shared, not {parameter!r}.")
    found = parameter.get_value(borrow=True).shape
    if tuple(found) != shape:
        raise ValueError(
            f"{name} must have the shape {shape} of a layer with these n_in and n_out, not {tuple(found)}."
        )
    return parameter


def _check_labels(y):
    if y.ndim != 1 or y.dtype not in T.integer_dtypes:
        raise ValueError(
            f"the labels y must be a vector of integers, such as T.ivector('y'), not {y.ndim}-dimensional {y.dtype}. "
            "Labels that a shared variable holds as floats are cast: T.cast(shared_y, 'int32')."
        )
