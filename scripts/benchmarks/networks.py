"""The networks that devices are compared by: the models of the notebooks, and one as large as the literature's.

Each function takes the data sets, the number of pixels and of classes, and whether small ones will do. It returns training
functions, each a `MinibatchFunction`, by the name of what it trains.
"""

import numpy as np
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import SdA, dA
from deeplearning_tutorial.initialization import he_normal
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction
from deeplearning_tutorial.updates import momentum, sgd

BATCH_SIZE = 100


def logistic_regression(sets, n_in, n_out, quick):
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, n_in, n_out)
    return {f"logistic regression {n_in}-{n_out}": train_function(classifier, x, y, sets[0])}


def mlp(sets, n_in, n_out, quick):
    network, x, y = new_mlp(n_in, n_out, quick)
    return {f"MLP {sizes(network)}, tanh": train_function(network, x, y, sets[0])}


def denoising_autoencoder(sets, n_in, n_out, quick):
    da = dA(np.random.RandomState(123), n_visible=n_in, n_hidden=50 if quick else 500)
    cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.1)
    return {f"dA {n_in}-{da.n_hidden}": MinibatchFunction([da.x], cost, sets[0][:1], BATCH_SIZE, updates)}


def stacked_autoencoders(sets, n_in, n_out, quick):
    hidden = [50] if quick else [500, 500]
    sda = SdA(np.random.RandomState(123), None, n_in, hidden, n_out, corruption_levels=0.1)
    pretrain, *_ = sda.pretraining_functions(sets[0][0], BATCH_SIZE)
    updates = sgd(sda.finetune_cost, sda.params, 0.1)
    finetune = MinibatchFunction([sda.x, sda.y], sda.finetune_cost, sets[0], BATCH_SIZE, updates)
    name = "-".join(map(str, [n_in, *hidden, n_out]))
    return {f"SdA {name}, layer 1": pretrain, f"SdA {name}, fine-tuning": finetune}


def deep_mlp(sets, n_in, n_out, quick):
    """As large as the handwritten-digit networks of Cireşan et al. (2010); with dropout, ReLU and momentum."""
    x, y = T.matrix("x"), T.ivector("y")
    hidden = [60, 50] if quick else [2500, 2000, 1500, 1000, 500]
    network = MLP(np.random.RandomState(1234), x, n_in, hidden, n_out, T.nnet.relu, he_normal)
    noisy = network.with_dropout(MRG_RandomStreams(1234), [0.2] + [0.5] * len(hidden))
    train = train_function(noisy, x, y, sets[0], momentum, learning_rate=0.01)
    return {f"MLP {sizes(network)}, ReLU, dropout, momentum": train}


ALL = [logistic_regression, mlp, denoising_autoencoder, stacked_autoencoders, deep_mlp]


def new_mlp(n_in, n_out, quick):
    x, y = T.matrix("x"), T.ivector("y")
    return MLP(np.random.RandomState(1234), x, n_in, 50 if quick else 500, n_out), x, y


def train_function(network, x, y, dataset, rule=sgd, learning_rate=0.1):
    cost = network.negative_log_likelihood(y)
    return MinibatchFunction([x, y], cost, dataset, BATCH_SIZE, rule(cost, network.params, learning_rate))


def sizes(network):
    layers = [*network.hiddenLayers, network.logRegressionLayer]
    return "-".join(str(n) for n in [layers[0].n_in, *(layer.n_out for layer in layers)])
