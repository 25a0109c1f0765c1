"""A committee: several networks whose answers are averaged. They err less often together if each sees the digits in another way."""

import functools

import numpy as np

from deeplearning_tutorial.data import load_data
from scripts.experiments import classifier
from scripts.experiments.normalization import normalize
from scripts.experiments.run import Trained, error_rate


def train(configuration, seed, run, train_network=classifier.train):
    """Train one network after the other. Each of `members` says how its digits are normalized; their seeds are `seed` and the numbers after it.

    Of a member stays what answers, and not its digits: a large committee would fill the memory with copies of them.
    """
    members, params = [], {}
    for number, options in enumerate(configuration["members"], 1):
        part, change = run.part(f"member-{number}"), functools.partial(normalize, **options)
        member = train_member(configuration, seed + number - 1, part, change, train_network)
        members.append((member.classify, change))
        params |= {f"{name} {number}": value for name, value in member.params.items()}
        run.histories[f"member {number}"] = part.histories["training"]

    def classify(x):
        return np.mean([answer(change(x)) for answer, change in members], axis=0)

    _, valid_set, test_set = load_data(run.dataset)
    return Trained(
        params=params, validation_error=error_rate(classify, *valid_set), classify=classify, test_set=test_set
    )


def train_member(configuration, seed, run, change, train_network):
    """A network for digits as `change` makes them."""
    datasets = load_data(run.dataset)
    for x, _ in datasets:
        x.set_value(change(x.get_value()))
    return train_network(configuration, seed, run, datasets)
