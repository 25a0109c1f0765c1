r"""The multi-layer perceptron: hidden layers one after the other, logistic regression on top.

>>> x = T.matrix("x")                                                             # (n_examples, 784)
>>> mlp = MLP(rng=np.random.RandomState(1234), input=x, n_in=784, n_hidden=[200, 100], n_out=10)
>>> [layer.W.get_value().shape for layer in mlp.hiddenLayers]
[(784, 200), (200, 100)]

With dropout there are two networks with one set of parameters: one to train, one to validate and to use.

>>> from theano.sandbox.rng_mrg import MRG_RandomStreams
>>> noisy = mlp.with_dropout(MRG_RandomStreams(1234), [0.2, 0.5, 0.5])
>>> updates = sgd(noisy.negative_log_likelihood(y), mlp.params, 0.1)
>>> error = mlp.errors(y)
"""

import copy

import theano.tensor as T

from deeplearning_tutorial.checks import layer_sizes
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, dropout
from deeplearning_tutorial.regularization import l1, l2


class DropoutMixin:
    """What a network of layers needs to be trained with dropout. It stands apart from `MLP`, which is read before."""

    def with_dropout(self, theano_rng, rates, input=None):
        """The same network, its parameters shared, with units dropped at random.

        Train on the cost of this one, and validate with the network itself, see `layers.dropout`.

        Parameters
        ----------
        theano_rng : MRG_RandomStreams
            Draws which units are dropped, anew in each call of a compiled function.
        rates : list of float
            Probability that a unit is dropped, in [0, 1): one of the input, then one of each hidden layer. Usual are
            0.2 of the input and 0.5 of hidden layers (Srivastava et al. 2014).
        input : symbolic matrix, (n_examples, n_in), optional
            Other examples than those of this network, such as `regularization.adversarial_examples`.

        Returns
        -------
        MLP
            Its ``params`` are those of this network. The outputs of its hidden layers are those after dropping.

        Raises
        ------
        ValueError
            If `rates` is not a list with one more rate than there are hidden layers, or a rate is not in [0, 1).
        """
        n_rates = len(self.hiddenLayers) + 1
        if not isinstance(rates, (list, tuple)) or len(rates) != n_rates:
            raise ValueError(
                f"rates must be a list of {n_rates}, one for the input and one for each hidden layer, not {rates!r}."
            )
        network = copy.copy(self)
        network.input = self.input if input is None else input
        input = dropout(theano_rng, network.input, rates[0])
        hidden_layers = []
        for own, rate in zip(self.hiddenLayers, rates[1:]):
            layer = HiddenLayer(None, input, own.n_in, own.n_out, W=own.W, b=own.b, activation=own.activation)
            layer.output = dropout(theano_rng, layer.output, rate)
            hidden_layers.append(layer)
            input = layer.output
        own = self.logRegressionLayer
        network._put_together(hidden_layers, LogisticRegression(input, own.n_in, own.n_out, W=own.W, b=own.b))
        return network


class MLP(DropoutMixin):
    r"""A multi-layer perceptron.

    With one hidden layer it is :math:`f(x) = G(b^{(2)} + W^{(2)} s(b^{(1)} + W^{(1)} x))`, where :math:`G` is the softmax.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the initial weights, from the first layer to the last.
    input : symbolic matrix, (n_examples, n_in)
    n_in : int
        Number of features of an example.
    n_hidden : int or list of int
        Number of units in the hidden layer, or in each of them.
    n_out : int
        Number of classes.
    activation : callable
        Of the hidden layers: ``T.tanh`` (symmetric around the origin, gradients pass well), ``T.nnet.sigmoid``
        (traditional; saturates, not centred) or ``T.nnet.relu`` (does not saturate for positive sums, cheap; wants
        `initialization.he_normal`), see `HiddenLayer`.
    initialization : callable, optional
        Draws the initial weights of the hidden layers, see `HiddenLayer`.

    Attributes
    ----------
    input : symbolic matrix, (n_examples, n_in)
    hiddenLayers : list of HiddenLayer
    hiddenLayer : HiddenLayer
        The hidden layer, where there is exactly one.
    logRegressionLayer : LogisticRegression
    params : list
        All weights and biases, from the first layer to the last.
    L1, L2_sqr : symbolic scalars
        Sum of the absolute and of the squared weights of all layers, without the biases, see `regularization`.
    p_y_given_x, y_pred, negative_log_likelihood, errors
        Those of the logistic regression on top.
    with_dropout : method
        The same network with units dropped at random, see `DropoutMixin`.
    """

    def __init__(self, rng, input, n_in, n_hidden, n_out, activation=T.tanh, initialization=None):
        self.input = input
        hidden_layers = []
        for n_units in layer_sizes("n_hidden", n_hidden):
            layer = HiddenLayer(rng, input, n_in, n_units, activation=activation, initialization=initialization)
            hidden_layers.append(layer)
            input, n_in = layer.output, n_units
        self._put_together(hidden_layers, LogisticRegression(input, n_in, n_out))

    def _put_together(self, hidden_layers, output_layer):
        """Offer what the layers have."""
        self.hiddenLayers = hidden_layers
        if len(hidden_layers) == 1:
            self.hiddenLayer = hidden_layers[0]

        self.logRegressionLayer = output_layer
        self.p_y_given_x = output_layer.p_y_given_x
        self.y_pred = output_layer.y_pred
        self.negative_log_likelihood = output_layer.negative_log_likelihood
        self.errors = output_layer.errors

        layers = [*hidden_layers, output_layer]
        self.params = [parameter for layer in layers for parameter in layer.params]
        self.L1 = l1([layer.W for layer in layers])
        self.L2_sqr = l2([layer.W for layer in layers])
