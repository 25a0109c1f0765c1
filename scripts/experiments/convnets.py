"""Convolutional networks of digits: the LeNet of the Theano tutorials, a modern one, and a committee of those."""

import numpy as np
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.convolution import ConvNet, LeNetConvPoolLayer
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from scripts.experiments import classifier, committee

IMAGE_SHAPE = (1, 28, 28)

LENET = {
    "n_filters": [20, 50],  # of each layer
    "filter_size": 5,
    "hidden": [500],
    **classifier.DESCENT,
}
CONVNET = {
    "n_filters": [[32, 32], [64, 64]],  # of the convolutions of each stage
    "filter_size": 3,
    "border_mode": "half",  # or "valid": without zeros around the images
    "hidden": [128],
    "batch_normalization": True,
    "dropout": [0.1, 0.1, 0.5],  # rates after each stage and of each hidden layer
    "l2": 0.0,
    **classifier.DESCENT,
    "learning_rate": 0.05,
    "decay": True,
    "momentum": 0.9,
    "distortion": {},
    "test_time_shift": 0.0,  # in pixels: answers are averaged over nine places of a digit that far apart
}


class LeNet:
    """The network of the Theano tutorials: convolution and max-pooling by turns, hidden layers of tanh, logistic regression."""

    def __init__(self, rng, input, n_filters, filter_size, n_hidden):
        images, shape = input.reshape((input.shape[0], *IMAGE_SHAPE)), IMAGE_SHAPE
        layers = []
        for n in n_filters:
            filter_shape = (n, shape[0], filter_size, filter_size)
            layers.append(LeNetConvPoolLayer(rng, images, filter_shape, (None, *shape)))
            images, shape = layers[-1].output, layers[-1].output_shape
        units, n_in = images.flatten(2), int(np.prod(shape))
        for n in n_hidden:
            layers.append(HiddenLayer(rng, units, n_in, n))
            units, n_in = layers[-1].output, n
        output_layer = LogisticRegression(units, n_in, 10)
        self.params = [parameter for layer in [*layers, output_layer] for parameter in layer.params]
        self.p_y_given_x = output_layer.p_y_given_x
        self.negative_log_likelihood, self.errors = output_layer.negative_log_likelihood, output_layer.errors


def train_lenet(configuration, seed, run):
    """The tutorials' LeNet; `configuration` has the keys of `LENET`."""
    x, y = T.matrix("x"), T.ivector("y")
    network = LeNet(
        np.random.RandomState(seed),
        x,
        configuration["n_filters"],
        configuration["filter_size"],
        configuration["hidden"],
    )
    cost = network.negative_log_likelihood(y)
    return classifier.fit(network, cost, configuration, seed, run, "training", x, y, load_data(run.dataset))


def train(configuration, seed, run, datasets=None):
    """A modern network, trained on the run's data set, or on others; `configuration` has the keys of `CONVNET`."""
    x, y = T.matrix("x"), T.ivector("y")
    network = build(configuration, seed, x)
    noisy = network.in_training(MRG_RandomStreams(seed), configuration["dropout"])
    cost = noisy.negative_log_likelihood(y)
    if configuration["l2"]:
        cost += configuration["l2"] * network.L2_sqr
    datasets = datasets or load_data(run.dataset)
    trained = classifier.fit(
        network, cost, configuration, seed, run, "training", x, y, datasets, averages=noisy.updates
    )
    return classifier.answer_for_shifts(trained, configuration["test_time_shift"], datasets[1])


def build(configuration, seed, x):
    return ConvNet(
        np.random.RandomState(seed),
        x,
        IMAGE_SHAPE,
        configuration["n_filters"],
        configuration["filter_size"],
        configuration["hidden"],
        batch_normalization=configuration["batch_normalization"],
        border_mode=configuration["border_mode"],
    )


def train_committee(configuration, seed, run):
    """A committee of modern networks."""
    return committee.train(configuration, seed, run, train)
