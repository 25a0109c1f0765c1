"""This project: its module, compiled with its theanorc.example."""

import deeplearning_tutorial  # noqa: F401, I001  before theano
import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.signal.pool import pool_2d

from deeplearning_tutorial.autoencoder import dA
from deeplearning_tutorial.convolution import ConvolutionLayer, LeNetConvPoolLayer
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction
from deeplearning_tutorial.updates import apply_momentum, sgd

ACTIVATIONS = {"tanh": T.tanh, "relu": T.nnet.relu, "sigmoid": T.nnet.sigmoid}


class Engine:
    def __init__(self, workload, pixels, labels, params):
        x, y = T.matrix("x"), T.ivector("y")
        data = (
            theano.shared(pixels, borrow=True),
            T.cast(theano.shared(labels.astype("float32"), borrow=True), "int32"),
        )
        if workload.is_autoencoder:
            model = dA(np.random.RandomState(0), input=x, n_hidden=workload.n_hidden[0])
            cost, updates = model.get_cost_updates(workload.corruption, workload.learning_rate)
            inputs, data = [x], data[:1]
        else:
            model = classifier(workload, x)
            trainee = model.with_dropout(MRG_RandomStreams(1234), workload.dropout) if workload.dropout else model
            cost = trainee.negative_log_likelihood(y)
            updates = sgd(cost, model.params, workload.learning_rate)
            if workload.momentum:
                updates = apply_momentum(updates, workload.momentum)
            inputs = [x, y]
        for parameter, value in zip(model.params, params):
            # Theano's convolution turns filters by 180 degrees, and the others' do not.
            parameter.set_value(value[:, :, ::-1, ::-1] if value.ndim == 4 else value)
        self.train = MinibatchFunction(inputs, cost, data, workload.batch_size, updates)

    def run(self, indices):
        return [float(cost) for cost in [self.train(index) for index in indices]]


def classifier(workload, x):
    activation = ACTIVATIONS[workload.activation]
    if workload.convolutions:
        return Convolutional(workload, x, activation)
    if not workload.n_hidden:
        return LogisticRegression(x, 784, 10)
    return MLP(np.random.RandomState(0), x, 784, list(workload.n_hidden), 10, activation=activation)


class Convolutional:
    def __init__(self, workload, x, activation):
        images, self.params = x.reshape((x.shape[0], 1, 28, 28)), []
        rng = np.random.RandomState(0)
        for (n_filters, size, padding, pool), (n_channels, side) in zip(workload.convolutions, workload.maps):
            shapes = (n_filters, n_channels, size, size), (None, n_channels, side, side)
            if workload.pools_first:
                layer = LeNetConvPoolLayer(rng, images, *shapes, poolsize=(pool, pool))
            else:
                layer = ConvolutionLayer(rng, images, *shapes, border_mode=(padding, padding), activation=activation)
            images = layer.output
            if pool > 1 and not workload.pools_first:
                images = pool_2d(images, (pool, pool), ignore_border=True)
            self.params += layer.params
        h = images.flatten(2)
        for n_in, n_out in zip(workload.sizes, workload.n_hidden):
            layer = HiddenLayer(rng, h, n_in, n_out, activation=activation)
            h = layer.output
            self.params += layer.params
        top = LogisticRegression(h, workload.sizes[-2], 10)
        self.params += top.params
        self.negative_log_likelihood = top.negative_log_likelihood


def matrix_product(a, b):
    """A function that multiplies them, in place of an earlier product."""
    result = theano.shared(np.zeros((len(a), b.shape[1]), "float32"))
    multiply = theano.function([], updates=[(result, T.dot(theano.shared(a), theano.shared(b)))])

    def multiply_and_wait():
        multiply()
        if theano.config.device != "cpu":
            result.get_value(borrow=True, return_internal_type=True).sync()

    return multiply_and_wait


def version():
    return f"Theano {theano.__version__}"
