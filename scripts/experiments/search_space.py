"""What a search tries: lists of values and ranges, and the trials that they come to."""

import argparse
import hashlib
import itertools
import json
import math
import os

import numpy as np

MOST_TRIALS = 10_000


class Range(tuple):
    """From low to high, both above 0."""


def setting(text):
    """The key and the values of KEY=A,B,C or KEY=LOW..HIGH."""
    key, equals, values = text.partition("=")
    low, dots, high = values.partition("..")
    try:
        if dots:
            low, high = float(low), float(high)
            if not 0 < low < high < math.inf:
                raise ValueError
            return key, Range((low, high))
        found = json.loads(f"[{values}]")
    except ValueError:
        found = list(map(word_or_number, values.split(",")))  # such as tanh,relu
        if dots or any(character in values for character in "[]{}"):
            found = []
    if not (key and equals and found and values):
        raise argparse.ArgumentTypeError(f"{text!r} should be KEY=A,B,C or KEY=LOW..HIGH with 0 < LOW < HIGH.")
    return key, found


def word_or_number(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def list_trials(options, configuration):
    """The configurations to try, each with the key that it is known by."""
    choices = dict(options.values)
    for key in choices:
        if key not in configuration:
            raise ValueError(f"There is no {key!r} in the configuration: {', '.join(configuration)}.")
    if options.random:
        rng = np.random.RandomState(options.seed)
        chosen = [{key: draw(rng, values) for key, values in choices.items()} for _ in range(options.random)]
    else:
        if math.prod(map(len, choices.values())) > MOST_TRIALS:
            raise ValueError(f"That would be more than {MOST_TRIALS:,} trials; --random N draws some of them.")
        chosen = [dict(zip(choices, values)) for values in itertools.product(*choices.values())]
    trials = {}
    for values in chosen:
        whole = {**configuration, **values}
        trials[key_of(options, whole)] = {"values": values, "configuration": whole}
    return trials


def draw(rng, values):
    if isinstance(values, Range):
        return float(f"{math.exp(rng.uniform(*map(math.log, values))):.3g}")
    return values[rng.randint(len(values))]


def key_of(options, configuration):
    """The same for the same trial, and for no other."""
    limits = {
        name: value
        for name, value in os.environ.items()
        if name in ("DEEPLEARNING_TUTORIAL_ROWS", "DEEPLEARNING_TUTORIAL_EPOCHS")
    }
    text = json.dumps([options.name, options.seed, configuration, limits], sort_keys=True)
    return f"{options.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
