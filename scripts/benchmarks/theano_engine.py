"""This project: its module, compiled with its theanorc.example."""

import deeplearning_tutorial  # noqa: F401, I001  before theano
import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import dA
from deeplearning_tutorial.layers import LogisticRegression
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
            parameter.set_value(value)
        self.train = MinibatchFunction(inputs, cost, data, workload.batch_size, updates)

    def run(self, indices):
        return [float(cost) for cost in [self.train(index) for index in indices]]


def classifier(workload, x):
    if not workload.n_hidden:
        return LogisticRegression(x, 784, 10)
    activation = ACTIVATIONS[workload.activation]
    return MLP(np.random.RandomState(0), x, 784, list(workload.n_hidden), 10, activation=activation)


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
