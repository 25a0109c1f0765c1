"""Classifiers of digits: logistic regression and multi-layer perceptrons, with what a configuration adds."""

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.data.augmentation import FreshEpochs, distort, translate
from deeplearning_tutorial.initialization import he_normal
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.regularization import adversarial_examples, l2
from deeplearning_tutorial.training import MinibatchFunction
from scripts.experiments.descent import compile_training
from scripts.experiments.run import Trained, error_rate

DESCENT = {
    "learning_rate": 0.1,
    "decay": False,  # whether the learning rate falls to zero on a straight line
    "momentum": 0.0,
    "batch_size": 100,
    "n_epochs": 100,
    "patience": None,  # in mini-batches
    "shuffle": True,
    "distortion": None,  # options of augmentation.distort; {} are its own
}
PLAIN = {
    "hidden": [],  # units in each hidden layer; without any it is logistic regression
    "activation": "tanh",
    "dropout": None,  # rates of the input and of each hidden layer
    "adversarial": None,  # how far each pixel of an adversarial example moves
    "l2": 0.0,
    "max_norm": None,  # how long the weights into a hidden unit may become
    **DESCENT,
}
ACTIVATIONS = {"tanh": T.tanh, "relu": T.nnet.relu, "sigmoid": T.nnet.sigmoid}


def train(configuration, seed, run, datasets=None):
    """A classifier, trained on the run's data set, or on others; `configuration` has the keys of `PLAIN`."""
    x, y = T.matrix("x"), T.ivector("y")
    network = build(configuration, seed, x)
    cost = cost_of(network, configuration, seed, x, y)
    datasets = datasets or load_data(run.dataset)
    return fit(network, cost, configuration, seed, run, "training", x, y, datasets)


def train_for_shifts(configuration, seed, run):
    """A classifier whose answers to a digit and to its copies, shifted by `test_time_shift` pixels, are averaged: test-time augmentation."""
    datasets = load_data(run.dataset)
    trained = train(configuration, seed, run, datasets)
    return answer_for_shifts(trained, configuration["test_time_shift"], datasets[1])


def answer_for_shifts(trained, shift, valid_set):
    """A trained classifier with the mean of nine answers for its own, unless `shift` is 0."""
    if shift:
        trained.classify = over_shifts(trained.classify, shift)
        trained.validation_error = error_rate(trained.classify, *valid_set)
    return trained


def over_shifts(classify, shift):
    """The mean of nine answers: for the digit where it is, and shifted to each side and corner."""
    steps = [(down, right) for down in (-shift, 0, shift) for right in (-shift, 0, shift)]
    return lambda x: np.mean([classify(translate(x, *step)) for step in steps], axis=0)


def build(configuration, seed, x):
    if not configuration["hidden"]:
        return LogisticRegression(x, 784, 10)
    activation = configuration["activation"]
    return MLP(
        np.random.RandomState(seed),
        x,
        784,
        configuration["hidden"],
        10,
        activation=ACTIVATIONS[activation],
        initialization=he_normal if activation == "relu" else None,
    )


def fit(network, cost, configuration, seed, run, phase, x, y, datasets, before_epoch=None, averages=None):
    """Train a network that is there; `configuration` has the keys of `DESCENT`.

    `averages` are what changes in a step besides the parameters and is as good as one of them, with its next values: those of
    batch normalization.
    """
    train_set, valid_set, test_set = datasets
    batch_size = configuration["batch_size"]
    averages = averages or {}
    kept = [*network.params, *averages]
    train_function = compile_training(
        [x, y],
        cost,
        network.params,
        train_set,
        batch_size,
        configuration["n_epochs"],
        configuration["learning_rate"],
        configuration["decay"],
        configuration["momentum"],
        matrices(network)[:-1],
        configuration.get("max_norm"),  # which convolutional networks do not have
        averages,
    )
    history = run.fit(
        phase,
        train_function,
        MinibatchFunction([x, y], network.errors(y), valid_set, batch_size),
        kept,
        n_epochs=configuration["n_epochs"],
        patience=configuration["patience"],
        before_epoch=before_epoch or fresh_epochs(configuration, seed, train_set),
    )
    return Trained(
        params=numbered(kept),
        validation_error=100 * history.best_validation_error,
        classify=theano.function([x], network.p_y_given_x),
        test_set=test_set,
        # As in the Theano tutorial, digits left over after the last whole mini-batch do not count.
        n_test=lambda n: n - n % batch_size,
    )


def numbered(variables):
    """Variables by name, those of one name numbered in their order: W1, b1, W2, …"""
    names = [variable.name for variable in variables]
    return {f"{name}{names[: place + 1].count(name)}": variables[place] for place, name in enumerate(names)}


def matrices(network):
    return [parameter for parameter in network.params if parameter.ndim == 2]


def cost_of(network, configuration, seed, x, y):
    """What a multi-layer perceptron is trained to make small; `configuration` has the keys of `PLAIN`."""
    cost = likelihood_of(network, configuration, seed, x, y)
    return cost + configuration["l2"] * l2(matrices(network)) if configuration["l2"] else cost


def likelihood_of(network, configuration, seed, x, y):
    """The mean negative log likelihood; with dropout, and of adversarial examples too, if the configuration says so."""
    if not (configuration["dropout"] or configuration["adversarial"]):
        return network.negative_log_likelihood(y)
    theano_rng = MRG_RandomStreams(seed)
    rates = configuration["dropout"] or [0] * (1 + len(configuration["hidden"]))
    cost = network.with_dropout(theano_rng, rates).negative_log_likelihood(y)
    if configuration["adversarial"]:
        worse = adversarial_examples(cost, x, configuration["adversarial"])
        cost = (cost + network.with_dropout(theano_rng, rates, worse).negative_log_likelihood(y)) / 2
    return cost


def fresh_epochs(configuration, seed, train_set):
    if configuration["distortion"] is not None:
        return FreshEpochs(*train_set, seed, distort, **configuration["distortion"])
    return FreshEpochs(*train_set, seed) if configuration["shuffle"] else None
