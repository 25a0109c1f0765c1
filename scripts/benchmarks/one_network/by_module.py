"""This module: layers that hold their parameters, and a function that makes the updates."""

import deeplearning_tutorial  # noqa: F401, I001  before theano: it mends Theano for this Python
import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.convolution import LeNetConvPoolLayer
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.updates import sgd

rng = np.random.RandomState(1234)


def mlp(params, learning_rate):
    x, y = T.matrix("x"), T.ivector("y")
    model = MLP(rng, x, 784, 500, 10)
    return train_function(x, y, model.negative_log_likelihood(y), model.params, params, learning_rate)


def lenet(params, learning_rate):
    x, y = T.matrix("x"), T.ivector("y")
    layer0 = LeNetConvPoolLayer(rng, x.reshape((-1, 1, 28, 28)), (20, 1, 5, 5), (None, 1, 28, 28))
    layer1 = LeNetConvPoolLayer(rng, layer0.output, (50, 20, 5, 5), (None, 20, 12, 12))
    layer2 = HiddenLayer(rng, layer1.output.flatten(2), 50 * 4 * 4, 500)
    layer3 = LogisticRegression(layer2.output, 500, 10)
    own = [p for layer in (layer0, layer1, layer2, layer3) for p in layer.params]
    params = [p[:, :, ::-1, ::-1] if p.ndim == 4 else p for p in params]  # Theano's convolution turns filters round
    return train_function(x, y, layer3.negative_log_likelihood(y), own, params, learning_rate)


def train_function(x, y, cost, own, params, learning_rate):
    for parameter, value in zip(own, params):
        parameter.set_value(value)
    return theano.function([x, y], cost, updates=sgd(cost, own, learning_rate))


# --- what is told about it


def version():
    return f"this module, Theano {theano.__version__}"


def graph(train, x, y):
    from graphs import theano_graph

    return theano_graph(train)


def choices():
    from choices import ONES, SCORES, distinct, labels, spread
    from theano.sandbox.rng_mrg import MRG_RandomStreams
    from theano_choices import nesterov, slopes

    from deeplearning_tutorial.layers import dropout
    from deeplearning_tutorial.updates import nesterov_momentum

    y, x = T.ivector("y"), theano.shared(ONES)
    top = LogisticRegression(theano.shared(SCORES), 10, 10, W=theano.shared(np.eye(10, dtype="float32")))
    return {
        "initial weights": spread(HiddenLayer(rng, T.matrix(), 784, 500).W.get_value()),
        "Nesterov": nesterov(nesterov_momentum),
        "dropout": [distinct(dropout(MRG_RandomStreams(1), x, 0.5).eval()), [1.0]],
        **slopes(),
        "labels": labels(theano.function([y], top.negative_log_likelihood(y))),
    }
