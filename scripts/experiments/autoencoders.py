"""Networks that learn without labels first: stacked denoising autoencoders, and the deep autoencoder."""

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import DeepAutoencoder, SdA
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.layers import dropout
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.regularization import l2
from deeplearning_tutorial.training import MinibatchFunction
from scripts.experiments import classifier
from scripts.experiments.descent import compile_training
from scripts.experiments.run import Trained

PRETRAINED = {
    "hidden": [1000, 1000, 1000],
    "corruption": [0.1, 0.2, 0.3],  # of the input of each layer, while it is pre-trained
    "pretraining_rates": [0.02, 0.02, 0.02],  # learning rate of each layer
    "pretraining_momentum": 0.9,
    "pretraining_epochs": 20,
    "learning_rate": 0.1,
    "decay": True,
    "momentum": 0.9,
    "batch_size": 100,
    "n_epochs": 50,
}
STACK = {**classifier.PLAIN, **PRETRAINED, "activation": "sigmoid"}


def train_stack(configuration, seed, run):
    """Stacked denoising autoencoders, and the classifier made of them, fine-tuned."""
    datasets = load_data(run.dataset)
    before_epoch = classifier.fresh_epochs(configuration, seed, datasets[0])
    stack = SdA(
        np.random.RandomState(seed),
        hidden_layers_sizes=configuration["hidden"],
        corruption_levels=configuration["corruption"],
    )
    pretrain(stack, configuration, run, datasets, before_epoch)
    # The same network as one that knows dropout.
    network = MLP(np.random.RandomState(seed), stack.x, 784, configuration["hidden"], 10, activation=T.nnet.sigmoid)
    for parameter, pretrained in zip(network.params, stack.params, strict=True):
        parameter.set_value(pretrained.get_value())
    cost = classifier.cost_of(network, configuration, seed, stack.x, stack.y)
    return classifier.fit(
        network, cost, configuration, seed, run, "fine-tuning", stack.x, stack.y, datasets, before_epoch
    )


def train_deep_autoencoder(configuration, seed, run):
    """A deep autoencoder: each layer by itself, then all of them together."""
    train_set, valid_set, test_set = datasets = load_data(run.dataset)
    before_epoch = classifier.fresh_epochs(configuration, seed, train_set)
    model = DeepAutoencoder(
        np.random.RandomState(seed),
        hidden_layers_sizes=configuration["hidden"],
        corruption_levels=configuration["corruption"],
    )
    pretrain(model, configuration, run, datasets, before_epoch)

    history = run.fit(
        "fine-tuning",
        compile_training(
            [model.x],
            cost_of(model, configuration, seed),
            model.params,
            train_set[:1],
            configuration["batch_size"],
            configuration["n_epochs"],
            configuration["learning_rate"],
            configuration["decay"],
            configuration["momentum"],
        ),
        MinibatchFunction(
            [model.x], model.reconstruction_cost("squared-error"), valid_set[:1], configuration["batch_size"]
        ),
        model.params,
        n_epochs=configuration["n_epochs"],
        patience=None,
        percent=False,
        before_epoch=before_epoch,
    )
    kinds = ["W", "b", "b_prime"]
    return Trained(
        params={f"{kinds[number % 3]}{number // 3 + 1}": parameter for number, parameter in enumerate(model.params)},
        validation_error=history.best_validation_error,
        reconstruct=theano.function([model.x], model.reconstruction),
        test_set=test_set,
    )


def cost_of(model, configuration, seed):
    """The squared error of the reconstructions; of digits with some pixels dropped, and with a penalty, if the configuration says so."""
    noisy = dropout(MRG_RandomStreams(seed), model.x, configuration["dropout"])
    reconstruction = theano.clone(model.reconstruction, {model.x: noisy})
    cost = T.mean(T.sum((model.x - reconstruction) ** 2, axis=1))
    if configuration["l2"]:
        cost += configuration["l2"] * l2([layer.W for layer in model.dA_layers])
    return cost


def pretrain(model, configuration, run, datasets, before_epoch):
    """Train the autoencoders one after the other; of each, the epoch that reconstructs validation digits best is kept."""
    train_set, valid_set, _ = datasets
    batch_size = configuration["batch_size"]
    rates = configuration["pretraining_rates"]
    if len(rates) != len(model.dA_layers):
        raise ValueError(
            f"pretraining_rates must be one number for each of the {len(model.dA_layers)} layers, not {rates}."
        )
    for number, (layer, corruption, rate) in enumerate(
        zip(model.dA_layers, model.corruption_levels, rates, strict=True), 1
    ):
        cost = layer.reconstruction_cost(corruption)
        run.fit(
            f"layer {number}",
            compile_training(
                [model.x],
                cost,
                layer.params,
                train_set[:1],
                batch_size,
                configuration["pretraining_epochs"],
                rate,
                mu=configuration["pretraining_momentum"],
            ),
            MinibatchFunction([model.x], layer.reconstruction_cost(), valid_set[:1], batch_size),
            layer.params,
            n_epochs=configuration["pretraining_epochs"],
            patience=None,
            percent=False,
            before_epoch=before_epoch,
        )
