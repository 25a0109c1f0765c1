"""Theano by hand: every parameter, every formula and every update is written down."""

import deeplearning_tutorial  # noqa: F401, I001  before theano: it mends Theano for this Python
import numpy as np
import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d


def mlp(params, learning_rate):
    x, y = T.matrix("x"), T.ivector("y")
    W1, b1, W2, b2 = params = [theano.shared(p) for p in params]
    h = T.tanh(x.dot(W1) + b1)
    return train_function(x, y, T.nnet.softmax(h.dot(W2) + b2), params, learning_rate)


def lenet(params, learning_rate):
    x, y = T.matrix("x"), T.ivector("y")
    params = [p[:, :, ::-1, ::-1] if p.ndim == 4 else p for p in params]  # Theano's convolution turns filters round
    F1, b1, F2, b2, W3, b3, W4, b4 = params = [theano.shared(np.ascontiguousarray(p)) for p in params]
    h = x.reshape((-1, 1, 28, 28))
    for F, b in (F1, b1), (F2, b2):
        h = T.nnet.conv2d(h, F) + b.dimshuffle("x", 0, "x", "x")
        h = T.tanh(pool_2d(h, (2, 2), ignore_border=True))
    h = T.tanh(h.flatten(2).dot(W3) + b3)
    return train_function(x, y, T.nnet.softmax(h.dot(W4) + b4), params, learning_rate)


def train_function(x, y, p_y, params, learning_rate):
    cost = -T.mean(T.log(p_y)[T.arange(y.shape[0]), y])
    gradients = T.grad(cost, params)
    return theano.function([x, y], cost, updates=[(p, p - learning_rate * g) for p, g in zip(params, gradients)])


# --- what is told about it


def version():
    return f"Theano {theano.__version__}"


def graph(train, x, y):
    from graphs import theano_graph

    return theano_graph(train)


def choices():
    from choices import SCORES, labels
    from theano_choices import slopes

    y = T.ivector("y")
    cost = theano.function([y], -T.mean(T.log(T.nnet.softmax(theano.shared(SCORES)))[T.arange(y.shape[0]), y]))
    return {**slopes(), "labels": labels(cost)}
