"""Lasagne: layers that know the layer below; loss and updates are Theano's expressions."""

import deeplearning_tutorial  # noqa: F401, I001  before theano: it mends Theano, and Lasagne, for this Python
import lasagne
import theano
import theano.tensor as T
from lasagne.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer, NonlinearityLayer
from lasagne.nonlinearities import identity, softmax, tanh


def mlp(params, learning_rate):
    network = InputLayer((None, 784))
    network = DenseLayer(network, 500, nonlinearity=tanh)
    network = DenseLayer(network, 10, nonlinearity=softmax)
    return train_function(network, T.matrix("x"), params, learning_rate)


def lenet(params, learning_rate):
    network = InputLayer((None, 1, 28, 28))
    for n_filters in 20, 50:
        network = Conv2DLayer(network, n_filters, 5, nonlinearity=identity)
        network = NonlinearityLayer(MaxPool2DLayer(network, 2), tanh)
    network = DenseLayer(network, 500, nonlinearity=tanh)
    network = DenseLayer(network, 10, nonlinearity=softmax)
    params = [p[:, :, ::-1, ::-1] if p.ndim == 4 else p for p in params]  # Theano's convolution turns filters round
    return train_function(network, T.matrix("x"), params, learning_rate)


def train_function(network, x, params, learning_rate):
    lasagne.layers.set_all_param_values(network, params)
    y = T.ivector("y")
    n_channels_and_sides = lasagne.layers.get_all_layers(network)[0].shape[1:]
    p_y = lasagne.layers.get_output(network, x.reshape((-1, *n_channels_and_sides)))
    cost = lasagne.objectives.categorical_crossentropy(p_y, y).mean()
    weights = lasagne.layers.get_all_params(network, trainable=True)
    return theano.function([x, y], cost, updates=lasagne.updates.sgd(cost, weights, learning_rate))


# --- what is told about it


def version():
    return f"Lasagne {lasagne.__version__}, Theano {theano.__version__}"


def graph(train, x, y):
    from graphs import theano_graph

    return theano_graph(train)


def choices():
    from choices import ONES, SCORES, distinct, labels, spread
    from theano_choices import nesterov, slopes

    y, x = T.ivector("y"), theano.shared(ONES)
    dropout = lasagne.layers.DropoutLayer((None, 100))
    p_y = softmax(theano.shared(SCORES))
    in_training, in_use = (dropout.get_output_for(x, deterministic=answer) for answer in (False, True))
    cost = theano.function([y], lasagne.objectives.categorical_crossentropy(p_y, y).mean())
    return {
        "initial weights": spread(DenseLayer((None, 784), 500).W.get_value()),
        "Nesterov": nesterov(lasagne.updates.nesterov_momentum),
        "dropout": [distinct(in_training.eval()), distinct(in_use.eval())],
        **slopes(lasagne.nonlinearities.rectify),
        "labels": labels(cost),
    }
