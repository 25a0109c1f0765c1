"""What can be reproduced, what it is compared with, and the configuration that was chosen for it on the validation set."""

from dataclasses import dataclass

import deeplearning_tutorial  # noqa: F401  before theano
from scripts.experiments import autoencoders, classifier, committee, convnets


@dataclass(frozen=True)
class Experiment:
    """A model with its data, and an error rate somebody has published for it.

    Attributes
    ----------
    title : str
    reference : float
        The published error: of test digits in percent, or the squared error of a digit.
    source : str
        Who published it.
    train : callable
        ``train(configuration, seed, run)`` returns a `run.Trained`.
    configuration : dict
    unit : str
    seed : int
        The one that was published, if one was.
    """

    title: str
    reference: float
    source: str
    train: callable
    configuration: dict
    unit: str = "%"
    seed: int = 1234


ELASTIC = {
    **classifier.PLAIN,
    "hidden": [800, 800],
    "activation": "relu",
    "learning_rate": 0.1,
    "decay": True,
    "momentum": 0.9,
    "n_epochs": 100,
    "distortion": {},
}

CATALOGUE = {
    "logistic": Experiment(
        "logistic regression, batch 600",
        7.489583,
        "Theano tutorial, whole mini-batches of 600",
        classifier.train,
        {
            **classifier.PLAIN,
            "learning_rate": 0.13,
            "batch_size": 600,
            "n_epochs": 1000,
            "patience": 5000,
            "shuffle": False,
        },
    ),
    "mlp": Experiment(
        "784-500-10 tanh, L2",
        1.65,
        "Theano tutorial, 97 minutes",
        classifier.train,
        {
            **classifier.PLAIN,
            "hidden": [500],
            "l2": 0.0001,
            "learning_rate": 0.01,
            "batch_size": 20,
            "n_epochs": 1000,
            "patience": 10_000,
            "shuffle": False,
        },
    ),
    "mlp-momentum": Experiment(
        "784-200-100-10 tanh, momentum, 10 epochs",
        3.13,
        "2016 workshop, 10 epochs",
        classifier.train,
        {
            **classifier.PLAIN,
            "hidden": [200, 100],
            "learning_rate": 0.03,
            "momentum": 0.9,
            "decay": True,
            "batch_size": 20,
            "n_epochs": 10,
        },
    ),
    "mlp-dropout": Experiment(
        "784-800-800-10 ReLU, dropout, adversarial examples",
        1.06,
        "Srivastava et al. 2014, dropout and max-norm",
        classifier.train,
        {
            **classifier.PLAIN,
            "hidden": [800, 800],
            "activation": "relu",
            "dropout": [0.0, 0.3, 0.3],
            "adversarial": 0.1,
            "learning_rate": 0.05,
            "decay": True,
            "momentum": 0.9,
            "n_epochs": 50,
        },
    ),
    "sda": Experiment(
        "784-1000-1000-1000-10, stacked denoising autoencoders, fine-tuned with adversarial examples",
        1.3,
        "Theano tutorial, 17 hours",
        autoencoders.train_stack,
        {**autoencoders.STACK, "pretraining_epochs": 15, "adversarial": 0.1, "learning_rate": 0.4, "n_epochs": 50},
    ),
    "deep-autoencoder": Experiment(
        "784-1000-500-250-30 autoencoder, half of the digits slightly distorted",
        3.00,
        "Hinton and Salakhutdinov 2006",
        autoencoders.train_deep_autoencoder,
        {
            **autoencoders.PRETRAINED,
            "hidden": [1000, 500, 250, 30],
            "corruption": [0.0] * 4,
            "pretraining_rates": [0.02, 0.02, 0.02, 0.002],
            "pretraining_epochs": 10,
            "learning_rate": 0.01,
            "momentum": 0.99,
            "n_epochs": 100,
            "dropout": 0.0,  # of pixels, in fine-tuning
            "l2": 0.0,
            "shuffle": True,
            # A little of it, as what the code has to tell should not become more; and of half of the digits, as it blurs.
            "distortion": {
                "share": 0.5,
                "rotation": 4,
                "translation": 0.3,
                "scaling": 0.04,
                "shear": 0.04,
                "alpha": 12,
            },
        },
        unit="squared error per digit",
    ),
    "elastic": Experiment(
        "784-800-800-10 ReLU, distorted digits", 0.7, "Simard et al. 2003", classifier.train, ELASTIC
    ),
    "deep-elastic": Experiment(
        "784-2500-2000-1500-1000-500-10 ReLU, distorted digits, answers averaged over nine places of a digit",
        0.35,
        "Cireşan et al. 2010",
        classifier.train_for_shifts,
        {
            **ELASTIC,
            "hidden": [2500, 2000, 1500, 1000, 500],
            "learning_rate": 0.05,
            "n_epochs": 140,
            # Stronger than for the smaller networks: this one learns by heart what varies less.
            "distortion": {"rotation": 15, "scaling": 0.175, "shear": 0.12, "sigma": 5.5},
            "test_time_shift": 1.0,
        },
    ),
    "committee": Experiment(
        "committee of eight 784-800-800-10 ReLU, each for digits normalized in its own way, distorted",
        0.39,
        "Meier et al. 2011, 25 networks",
        committee.train,
        {
            **ELASTIC,
            "n_epochs": 60,
            "members": [
                {},
                {"width": 14},
                {"width": 20},
                {"deslant": True},
                *({"deslant": True, "width": width} for width in (11, 14, 17, 20)),
            ],
        },
    ),
    "lenet": Experiment(
        "LeNet: 20 and 50 filters of 5 x 5 with max-pooling, 500 tanh, momentum, distorted digits",
        0.92,
        "Theano tutorial",
        convnets.train_lenet,
        {**convnets.LENET, "learning_rate": 0.05, "decay": True, "momentum": 0.9, "n_epochs": 30, "distortion": {}},
        seed=23455,
    ),
    "convnet": Experiment(
        "32-32-pool-64-64-pool-128-10 of 3 x 3, batch normalization, dropout, distorted digits, answers averaged over nine "
        "places of a digit",
        0.35,
        "Cireşan et al. 2011",
        convnets.train,
        {**convnets.CONVNET, "n_epochs": 40, "test_time_shift": 1.0},
    ),
    "conv-committee": Experiment(
        "committee of 35 networks 20-pool-40-pool-150-10, for digits of seven widths, distorted",
        0.23,
        "Cireşan et al. 2012, 35 networks",
        convnets.train_committee,
        {
            **convnets.CONVNET,
            "n_filters": [[20], [40]],
            "filter_size": 5,
            "border_mode": "valid",
            "hidden": [150],
            "dropout": [0.0, 0.0, 0.0],
            "n_epochs": 25,
            # Five networks for each width; {} are the digits as they are.
            "members": [{}, *({"width": width} for width in (10, 12, 14, 16, 18, 20))] * 5,
        },
    ),
}
