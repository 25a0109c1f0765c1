r"""The multi-layer perceptron: hidden layers one after the other, logistic regression on top.

>>> x = T.matrix("x")                                                             # (n_examples, 784)
>>> mlp = MLP(rng=np.random.RandomState(1234), input=x, n_in=784, n_hidden=[200, 100], n_out=10)
>>> [layer.W.get_value().shape for layer in mlp.hiddenLayers]
[(784, 200), (200, 100)]
"""

import theano.tensor as T

from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, positive_integer


class MLP:
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
        Of the hidden layers.

    Attributes
    ----------
    hiddenLayers : list of HiddenLayer
    hiddenLayer : HiddenLayer
        The only hidden layer, where there is one.
    logRegressionLayer : LogisticRegression
    params : list
        All weights and biases, from the first layer to the last.
    L1, L2_sqr : symbolic scalars
        Sum of the absolute and of the squared weights of all layers, without the biases.
    p_y_given_x, y_pred, negative_log_likelihood, errors
        Those of the logistic regression on top.
    """

    def __init__(self, rng, input, n_in, n_hidden, n_out, activation=T.tanh):
        sizes = list(n_hidden) if isinstance(n_hidden, (list, tuple)) else [n_hidden]
        if not sizes:
            raise ValueError("n_hidden must name at least one hidden layer, not [].")
        self.input = input

        self.hiddenLayers = []
        for n_units in sizes:
            n_units = positive_integer("n_hidden", n_units)
            layer = HiddenLayer(rng, input, n_in, n_units, activation=activation)
            self.hiddenLayers.append(layer)
            input, n_in = layer.output, n_units
        if len(self.hiddenLayers) == 1:
            self.hiddenLayer = self.hiddenLayers[0]

        self.logRegressionLayer = LogisticRegression(input, n_in, n_out)
        self.p_y_given_x = self.logRegressionLayer.p_y_given_x
        self.y_pred = self.logRegressionLayer.y_pred
        self.negative_log_likelihood = self.logRegressionLayer.negative_log_likelihood
        self.errors = self.logRegressionLayer.errors

        layers = [*self.hiddenLayers, self.logRegressionLayer]
        self.params = [parameter for layer in layers for parameter in layer.params]
        self.L1 = sum(abs(layer.W).sum() for layer in layers)
        self.L2_sqr = sum((layer.W**2).sum() for layer in layers)
