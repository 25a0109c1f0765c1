"""A fingerprint is the same for the same run, and says what is different of another."""

import json
import subprocess
import sys

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.fingerprint import changes, fingerprint
from deeplearning_tutorial.minibatches import MinibatchFunction
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.regularization import l1, l2
from deeplearning_tutorial.updates import exponential_decay, momentum, sgd


def data(seed=0, n=40):
    rng = np.random.RandomState(seed)
    x = theano.shared(rng.uniform(size=(n, 3)).astype("float32"))
    return x, T.cast(theano.shared((np.arange(n) % 2).astype("float32")), "int32")


def run(
    rate=0.1,
    rule=sgd,
    penalty=l2,
    weight=0.01,
    batch_size=10,
    n_hidden=4,
    activation=T.tanh,
    rows=0,
    valid_rows=1,
    seed=9,
):
    """The functions of a small run."""
    x, y = T.matrix("x"), T.ivector("y")
    mlp = MLP(np.random.RandomState(seed), x, 3, n_hidden, 2, activation=activation)
    noisy = mlp.with_dropout(MRG_RandomStreams(seed), [0.1, 0.5])
    cost = noisy.negative_log_likelihood(y) + weight * penalty([layer.W for layer in mlp.hiddenLayers])
    train = MinibatchFunction([x, y], cost, data(rows), batch_size, rule(cost, mlp.params, rate))
    return train, MinibatchFunction([x, y], mlp.errors(y), data(valid_rows), 10)


@pytest.fixture(scope="module")
def usual():
    return fingerprint(*run())


def test_the_same_run_has_the_same(usual):
    assert fingerprint(*run()) == usual
    assert changes(usual, fingerprint(*run(seed=5))) == []  # a seed is in the values that a checkpoint has


def test_json_can_hold_it(usual):
    assert changes(json.loads(json.dumps(usual)), usual) == []


def test_training_does_not_change_it(usual):
    train, validate = run()
    for index in range(train.n_batches):
        train(index)
    assert changes(usual, fingerprint(train, validate)) == []


OTHERS = {
    "rate": ({"rate": 0.01}, "a number in the graph, such as the learning rate, was 0.1, and is 0.01"),
    "weight": ({"weight": 0.5}, "a number in the graph, such as the learning rate, was 0.01, and is 0.5"),
    "batch size": ({"batch_size": 20}, "the batch size was 10, and is 20"),
    "hidden units": ({"n_hidden": 5}, "the graph was another"),
    "activation": ({"activation": T.nnet.sigmoid}, "the graph was another"),
    "penalty": ({"penalty": l1}, "the graph was another"),
    "rule": ({"rule": momentum}, "the graph was another"),
    "training data": ({"rows": 7}, "the training data were another"),
    "validation data": ({"valid_rows": 7}, "the validation data were another"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_different_is_named(usual, other):
    options, shown = OTHERS[other]
    assert changes(usual, fingerprint(*run(**options))) == [shown]


def test_a_shared_rate_that_stays_counts_by_its_value():
    def of(rate):
        return fingerprint(*run(rate=theano.shared(np.float32(rate))))

    assert changes(of(0.5), of(0.5)) == []
    assert changes(of(0.5), of(0.25)) == ["a number in the graph, such as the learning rate, was 0.5, and is 0.25"]


def test_a_rate_that_falls_does_not_as_the_checkpoint_has_it():
    def falling(start, factor=0.9):
        rate = theano.shared(np.float32(start))

        def rule(cost, params, _):
            updates = sgd(cost, params, rate)
            updates.update(exponential_decay(rate, factor))
            return updates

        return fingerprint(*run(rule=rule))

    assert changes(falling(0.5), falling(0.25)) == []
    assert changes(falling(0.5), falling(0.5, 0.8)) == [
        "a number in the graph, such as the learning rate, was 0.9, and is 0.8"
    ]


def test_data_that_change_count_by_their_shapes():
    train, validate = run()
    before = fingerprint(train, validate, with_data=False)
    assert changes(before, fingerprint(*run(rows=7, valid_rows=8), with_data=False)) == []
    train.data[0].set_value(np.zeros((50, 3), dtype="float32"))
    assert changes(before, fingerprint(train, validate, with_data=False)) == [
        "the training data were [[40, 3], [40]], and are [[50, 3], [40]]"
    ]


def test_what_is_only_asked_does_not_count():
    def of(asked):
        x, W = T.matrix("x"), theano.shared(np.ones((3, 2), dtype="float32"))
        cost = T.mean(T.dot(x, W) ** 2)
        if asked:
            cost = T.opt.Assert("it is negative")(T.opt.Assert("it is large")(cost, cost < 1e9), cost >= 0)
        train = MinibatchFunction([x], cost, data()[:1], 10, sgd(cost, [W], 0.1))
        return fingerprint(train, train)

    assert changes(of(True), of(False)) == []


def test_a_function_that_is_no_mini_batch_function_has_none():
    assert fingerprint(len, run()[1]) is None


SCRIPT = """
import json, sys
sys.path.insert(0, "tests")
from test_fingerprint import fingerprint, run
print(json.dumps(fingerprint(*run())))
"""


@pytest.mark.slow(5)
def test_another_program_finds_the_same(usual):
    shown = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert changes(json.loads(shown), usual) == []
