"""A committee: several networks whose answers are averaged. They err less often together if each sees the digits in another way."""

import functools

import numpy as np

from deeplearning_tutorial.data import load_data
from scripts.experiments import classifier
from scripts.experiments.normalization import normalize
from scripts.experiments.run import Trained, error_rate


def train(configuration, seed, run):
    """Train one network after the other. Each of `members` says how its digits are normalized; their seeds are `seed` and the numbers after it."""
    members = []
    for number, options in enumerate(configuration["members"]):
        part, change = run.part(f"member-{number + 1}"), functools.partial(normalize, **options)
        members.append((train_member(configuration, seed + number, part, change), change))
        run.histories[f"member {number + 1}"] = part.histories["training"]

    def classify(x):
        return np.mean([member.classify(change(x)) for member, change in members], axis=0)

    _, valid_set, test_set = load_data(run.dataset)
    return Trained(
        params={
            f"{name} {number}": value
            for number, (member, _) in enumerate(members, 1)
            for name, value in member.params.items()
        },
        validation_error=error_rate(classify, *valid_set),
        classify=classify,
        test_set=test_set,
    )


def train_member(configuration, seed, run, change):
    """A classifier of digits as `change` makes them."""
    datasets = load_data(run.dataset)
    for x, _ in datasets:
        x.set_value(change(x.get_value()))
    return classifier.train(configuration, seed, run, datasets)
