"""Compiled functions of a mini-batch, and the loop that trains with them."""

import contextlib
import dataclasses
import errno
import itertools
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import theano
import theano.tensor as T
from jupyter_client.manager import start_new_kernel
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial import ROOT, training
from deeplearning_tutorial.checkpoint import CheckpointError, load, save
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.data.augmentation import FreshEpochs
from deeplearning_tutorial.data.download import DATA_FOLDER
from deeplearning_tutorial.data.formats import IDX_FILES
from deeplearning_tutorial.data.loading import ROWS_VARIABLE
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction, fit, last_history
from deeplearning_tutorial.updates import linear_decay, momentum, sgd

# Functions of a mini-batch ------------------------------------------------------------------------------------------

ROWS = np.arange(20, dtype="float32").reshape(10, 2)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], dtype="float32")


@pytest.fixture
def dataset():
    return theano.shared(ROWS), T.cast(theano.shared(LABELS), "int32")


@pytest.fixture
def rows(dataset):
    return dataset[:1]


@pytest.mark.parametrize("batch_size, n_batches", [(1, 10), (3, 3), (5, 2), (6, 1), (10, 1)])
def test_each_index_selects_its_rows_and_what_is_left_over_is_dropped(dataset, batch_size, n_batches):
    x, y = T.matrix("x"), T.ivector("y")
    rows = MinibatchFunction([x], x * 1, dataset[:1], batch_size)
    labels = MinibatchFunction([y], y + 0, dataset[1:], batch_size)
    assert rows.n_batches == labels.n_batches == n_batches
    for index in range(n_batches):
        batch = slice(index * batch_size, (index + 1) * batch_size)
        np.testing.assert_array_equal(rows(index), ROWS[batch])
        np.testing.assert_array_equal(labels(index), LABELS[batch])
    assert rows(0).dtype == "float32" and labels(0).dtype == "int32"


def test_the_mean_is_over_all_whole_mini_batches(dataset):
    x, y = T.matrix("x"), T.ivector("y")
    mean = MinibatchFunction([x, y], T.mean(x[:, 0] * y), dataset, 3).mean()
    assert mean == pytest.approx((ROWS[:9, 0] * LABELS[:9]).mean())
    assert isinstance(mean, float)


def test_images_with_more_dimensions_keep_them():
    images = np.random.RandomState(0).uniform(size=(5, 2, 3)).astype("float32")
    x = T.tensor3("x")
    np.testing.assert_array_equal(MinibatchFunction([x], x * 1, [theano.shared(images)], 2)(1), images[2:4])


def test_new_data_in_the_shared_variable_are_seen(rows):
    x = T.matrix("x")
    function = MinibatchFunction([x], x.sum(), rows, 5)
    rows[0].set_value(np.ones((10, 2), dtype="float32"))
    assert function(1) == 10


def test_what_is_left_over_is_told(dataset, capfd):
    x, y = T.matrix("x"), T.ivector("y")
    weight = theano.shared(np.float32(0))
    train = MinibatchFunction([x, y], weight * x.sum() + y.sum(), dataset, 3, {weight: weight + 1})
    assert train.n_left_over == 1
    for rows, shown in [(4, "1 of 10 training rows and 2 of 10 validation rows"), (7, "3 of 10 validation rows.")]:
        fit(train, MinibatchFunction([x, y], weight * x.sum() + y.sum(), dataset, rows), [weight], 1)
        assert f"Not used, as they fill no mini-batch: {shown}" in capfd.readouterr().out
    fit(train, MinibatchFunction([x, y], weight * x.sum() + y.sum(), dataset, 3), [weight], 1, progress=False)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("n_rows", [4, 20])
def test_more_or_fewer_rows_than_when_it_was_compiled_are_refused(rows, n_rows):
    x = T.matrix("x")
    function = MinibatchFunction([x], x.sum(), rows, 5)
    rows[0].set_value(np.ones((n_rows, 2), dtype="float32"))
    for call in (function.mean, lambda: function(0)):
        with pytest.raises(
            ValueError, match=f"has {n_rows} rows now, and had 10 when this function was compiled: make"
        ):
            call()


def test_a_mean_of_some_rows_says_so_once(dataset, capsys):
    x, y = T.matrix("x"), T.ivector("y")
    errors = MinibatchFunction([x, y], T.mean(x[:, 0] * y), dataset, 3)
    for _ in range(2):
        errors.mean()
    assert capsys.readouterr().out == "Not used, as they fill no mini-batch: 1 of 10 rows.\n"
    MinibatchFunction([x, y], T.mean(x[:, 0] * y), dataset, 5).mean()
    assert capsys.readouterr().out == ""


def test_updates_happen_with_each_call(rows):
    x, total = T.matrix("x"), theano.shared(np.float32(0))
    function = MinibatchFunction([x], total, rows, 5, updates={total: total + x.sum()})
    assert [function(0), function(1)] == [0, ROWS[:5].sum()]
    assert total.get_value() == ROWS.sum()


def test_training_steps_are_those_of_the_formula(dataset):
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, 2, 10)
    cost = classifier.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, dataset, 5, updates=sgd(cost, classifier.params, 0.1))
    W, b = np.zeros((2, 10)), np.zeros(10)
    for index in (0, 1, 0):
        batch = slice(5 * index, 5 * index + 5)
        powers = np.exp(ROWS[batch] @ W + b)
        p, truth = powers / powers.sum(axis=1, keepdims=True), np.eye(10)[LABELS[batch].astype(int)]
        assert train(index) == pytest.approx(-np.log((p * truth).sum(axis=1)).mean(), rel=1e-4)
        W, b = W - 0.1 * ROWS[batch].T @ (p - truth) / 5, b - 0.1 * (p - truth).mean(axis=0)
    np.testing.assert_allclose(classifier.W.get_value(), W, atol=1e-4)
    np.testing.assert_allclose(classifier.b.get_value(), b, atol=1e-4)


@pytest.mark.parametrize("index", [-1, 3, 100])
def test_there_is_no_mini_batch_outside_the_range(rows, index):
    x = T.matrix("x")
    function = MinibatchFunction([x], x.sum(), rows, 3)
    with pytest.raises(IndexError, match=f"0 to 2, and no {index}"):
        function(index)


@pytest.mark.parametrize("batch_size", [0, -3, 11, 2.5])
def test_a_batch_size_without_a_whole_mini_batch_is_refused(dataset, batch_size):
    with pytest.raises(ValueError, match=f"whole number from 1 to 10, the number of rows, not {batch_size!r}"):
        MinibatchFunction([x := T.matrix("x"), y := T.ivector("y")], x.sum() + y.sum(), dataset, batch_size)


def test_inputs_and_data_must_match(dataset):
    x, y = T.matrix("x"), T.ivector("y")
    with pytest.raises(ValueError, match="1 inputs need as many arrays of data, and there are 2"):
        MinibatchFunction([x], x.sum(), dataset, 3)
    with pytest.raises(ValueError, match=r"equally many rows, and they have \[9, 10\]"):
        MinibatchFunction([x, y], x.sum() + y.sum(), [theano.shared(ROWS[:9]), dataset[1]], 3)


@pytest.mark.parametrize(
    "data, shown",
    [
        (ROWS, "array"),
        (T.matrix("symbol"), "symbol"),
        (T.cast(T.matrix("symbol"), "int32"), "Cast"),
        (theano.shared(ROWS)[2:], "Subtensor"),
        (theano.shared(ROWS).T, "DimShuffle"),
    ],
    ids=["array", "symbol", "cast symbol", "slice", "transposed"],
)
def test_data_that_are_not_shared_are_refused(data, shown):
    x = T.matrix("x")
    with pytest.raises(ValueError, match=f"(?s)data must be shared variables.*not .*{shown}"):
        MinibatchFunction([x], x.sum(), [data], 2)


def test_a_single_number_is_no_data():
    x = T.matrix("x")
    with pytest.raises(ValueError, match="x is 2-dimensional, and its data are 0-dimensional"):
        MinibatchFunction([x], x.sum(), [theano.shared(np.float32(1))], 2)


# Early stopping -----------------------------------------------------------------------------------------------------


class Train:
    """Stands in for a `MinibatchFunction` that trains."""

    def __init__(self, n_batches, step):
        self.n_batches, self.step = n_batches, step

    def __call__(self, index):
        return self.step(index)


class Script:
    """Stands in for a model: training counts its steps in the one parameter, validation errors are as written."""

    def __init__(self, errors, n_batches, cost=lambda step: 1.0):
        self.parameter = theano.shared(0)
        self.errors, self.cost = iter(errors), cost
        self.train = Train(n_batches, self._step)
        self.validate = SimpleNamespace(n_batches=1, mean=lambda: next(self.errors))

    def _step(self, index):
        step = self.parameter.get_value() + 1
        assert index == (step - 1) % self.train.n_batches
        self.parameter.set_value(step)
        return np.float32(self.cost(step))

    def fit(self, **options):
        return fit(self.train, self.validate, [self.parameter], progress=False, **options)


def rule_of_the_tutorial(errors, n_batches, n_epochs, patience, patience_increase, improvement_threshold):
    """Early stopping as the Theano tutorial describes it, counting iterations from 0."""
    errors, steps, best, best_step, done = iter(errors), [], float("inf"), 0, False
    frequency = min(n_batches, max(1, patience // 2))
    iteration = -1
    while iteration + 1 < n_epochs * n_batches and not done:
        iteration += 1
        if (iteration + 1) % frequency == 0:
            error = next(errors)
            steps.append(iteration + 1)
            if error < best * improvement_threshold:
                patience = max(patience, iteration * patience_increase)
            if error < best:
                best, best_step = error, iteration + 1
        done = patience <= iteration
    return {"n_steps": iteration + 1, "validated": steps, "best": best, "best_step": best_step, "stopped_early": done}


def random_run(seed):
    rng = np.random.RandomState(seed)
    n_batches = int(rng.randint(1, 9))
    options = {
        "n_epochs": int(rng.randint(1, 15)),
        "patience": int(rng.randint(1, 60)),
        "patience_increase": rng.choice([1.3, 1.5, 2, 3]),
        "improvement_threshold": rng.choice([0.5, 0.9, 0.995, 1.0]),
    }
    # Falling at first, noisy, and rounded so that errors repeat.
    errors = np.round(np.exp(-np.arange(200) / rng.randint(2, 40)) + rng.uniform(0, 0.2, size=200), 2).tolist()
    return errors, n_batches, options


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in range(0, 300, 50)], ids=str)
def test_early_stopping_is_the_rule_of_the_tutorial(seeds):
    for seed in seeds:
        assert_follows_the_rule(*random_run(seed))


def assert_follows_the_rule(errors, n_batches, options):
    script = Script(errors, n_batches)
    history = script.fit(**options)
    wanted = rule_of_the_tutorial(errors, n_batches, **options)
    assert {
        "n_steps": history.n_steps,
        "validated": [round(epoch * n_batches) for epoch in history.epoch],
        "best": history.best_validation_error,
        "best_step": round(history.best_epoch * n_batches),
        "stopped_early": history.stopped_early,
    } == wanted
    assert script.parameter.get_value() == wanted["best_step"]
    assert history.validation_error == errors[: len(history.epoch)]


def test_the_three_hundred_runs_include_every_kind():
    """Some stop early and some do not, with patience as it was and with patience that grew."""
    kinds = set()
    for seed in range(300):
        errors, n_batches, options = random_run(seed)
        found = rule_of_the_tutorial(errors, n_batches, **options)
        kinds.add((found["stopped_early"], found["n_steps"] > options["patience"] + 1))
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_patience_grows_only_with_a_noticeable_improvement():
    # Ten steps of patience; the error of step 9 is better by less than, then by more than, half of a percent.
    steady = [1.0] * 8
    assert Script([*steady, 0.996, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99).n_steps == 11
    assert Script([*steady, 0.994, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99).n_steps == 17
    assert (
        Script([*steady, 0.994, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99, patience_increase=3).n_steps
        == 25
    )
    assert (
        Script([*steady, 0.994, *[1.0] * 90], n_batches=1)
        .fit(patience=10, n_epochs=99, improvement_threshold=0.9)
        .n_steps
        == 11
    )
    assert (
        Script([*steady, 0.5, *[1.0] * 90], n_batches=1)
        .fit(patience=10, n_epochs=99, improvement_threshold=0.5)
        .n_steps
        == 11
    )


def test_a_small_improvement_is_kept_nevertheless():
    script = Script([1.0, 0.999, 1.0, 1.0], n_batches=2)
    history = script.fit(n_epochs=4)
    assert (history.best_validation_error, history.best_epoch) == (0.999, 2)
    assert script.parameter.get_value() == 4


def test_of_equal_errors_the_first_is_the_best():
    assert Script([1.0, 0.5, 0.5, 0.5], n_batches=1).fit(n_epochs=4).best_epoch == 2


def test_a_short_patience_means_more_than_one_validation_an_epoch():
    history = Script([0.5] * 9, n_batches=8).fit(n_epochs=1, patience=4, patience_increase=0)
    assert history.epoch == [0.25, 0.5]
    assert history.n_steps == 5 and history.stopped_early


def test_without_patience_every_epoch_is_trained():
    script = Script([1.0, *[2.0] * 49], n_batches=3)
    history = script.fit(n_epochs=50, patience=None)
    assert history.n_steps == 150 and not history.stopped_early
    assert history.epoch == list(range(1, 51))
    assert script.parameter.get_value() == 3


def test_the_history_has_the_mean_cost_since_the_validation_before():
    history = Script([0.5] * 9, n_batches=4, cost=lambda step: step).fit(n_epochs=2, patience=None)
    assert history.train_cost == [2.5, 6.5]
    assert all(type(cost) is float for cost in history.train_cost)
    history = Script([0.5] * 9, n_batches=4, cost=lambda step: step).fit(n_epochs=2, patience=4)
    assert history.train_cost == [1.5, 3.5]


def test_what_is_monitored_is_measured_at_each_validation():
    script = Script([0.5, 0.3, 0.4], n_batches=2)
    history = script.fit(
        n_epochs=3, patience=None, monitor={"steps so far": script.parameter.get_value, "constant": lambda: 7}
    )
    assert history.monitored == {"steps so far": [2, 4, 6], "constant": [7, 7, 7]}
    assert Script([0.5], n_batches=1).fit(n_epochs=1).monitored == {}


def test_an_interrupt_while_measuring_leaves_curves_of_one_length():
    answers = iter([1, 2])

    def measure():
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        Script([0.5] * 9, n_batches=1).fit(n_epochs=9, monitor={"first": lambda: 0, "second": measure})
    history = last_history()
    assert history.monitored == {"first": [0, 0], "second": [1, 2]}
    assert len(history.epoch) == len(history.train_cost) == len(history.validation_error) == 2


def test_the_seconds_are_counted(monkeypatch):
    clock = itertools.chain([100.0], itertools.repeat(107.5))
    monkeypatch.setattr("deeplearning_tutorial.training.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert Script([0.5], n_batches=1).fit(n_epochs=1).seconds == 7.5


def test_all_parameters_are_put_back():
    first, second = T._shared(np.zeros(2)), T._shared(np.array(0.0))
    script = Script([0.3, 0.1, 0.2], n_batches=1)

    def step(index):
        # Compiled functions, too, change the memory of a parameter in its place.
        first.get_value(borrow=True)[:] += [1, 10]
        second.set_value(second.get_value() - 1)
        return 0.0

    script.train.step = step
    fit(script.train, script.validate, [first, second], n_epochs=3, progress=False)
    assert first.get_value().tolist() == [2, 20] and second.get_value() == -2


@pytest.mark.parametrize(
    "name, bad",
    [
        ("n_epochs", 0),
        ("n_epochs", -1),
        ("n_epochs", 2.5),
        ("n_epochs", None),
        ("patience", 0),
        ("patience", -1),
        ("patience", float("nan")),
    ],
)
def test_training_less_than_once_is_refused(name, bad):
    script = Script([0.5], n_batches=1)
    with pytest.raises(ValueError, match=f"{name} must be (a whole number of )?at least 1, not {bad}"):
        script.fit(**{name: bad})
    assert script.parameter.get_value() == 0


@pytest.mark.parametrize("limit, trained", [("2", 2), ("7", 4), ("", 4)])
def test_a_variable_limits_all_training(monkeypatch, limit, trained):
    monkeypatch.setenv("DEEPLEARNING_TUTORIAL_EPOCHS", limit)
    assert Script([0.5, 0.4, 0.3, 0.2], n_batches=1).fit(n_epochs=4, patience=None).epoch[-1] == trained


@pytest.mark.parametrize("limit", ["0", "-1", "few", "1.5"])
def test_a_limit_that_is_no_number_of_epochs_is_refused(monkeypatch, limit):
    monkeypatch.setenv("DEEPLEARNING_TUTORIAL_EPOCHS", limit)
    with pytest.raises(ValueError, match=f"DEEPLEARNING_TUTORIAL_EPOCHS must be .* not '{limit}'"):
        Script([0.5], n_batches=1).fit()


def pair_of_runs():
    """Two models with the same data, as a cell that is run twice makes them."""
    x, y = T.matrix("x"), T.ivector("y")
    data = blobs(40, 0)
    for _ in range(2):
        model = MLP(np.random.RandomState(1), x, 3, 4, 2)
        cost = model.negative_log_likelihood(y)
        train = MinibatchFunction([x, y], cost, data, 20, sgd(cost, model.params, 0.1))
        yield model, train, MinibatchFunction([x, y], model.errors(y), data, 20)


def test_params_that_training_does_not_change_are_refused():
    (old, old_train, old_validate), (new, train, validate) = pair_of_runs()
    for functions, params, shown in [
        ((train, validate), [], r"params must be the parameters that train changes, such as model\.params, not \[\]"),
        ((train, validate), old.params, r"params holds \[W, b, W, b\], which neither train changes nor validate uses"),
        (
            (old_train, old_validate),
            new.params,
            "which neither train changes nor validate uses. After a cell was run again",
        ),
        ((train, old_validate), new.params, "validate uses nothing that train changes"),
        ((old_train, validate), new.params, "validate uses nothing that train changes"),
        ((train, validate), new.params[:2], r"params lacks \[W, b\], which train changes and validate uses"),
        ((train, validate), [*new.params, old.params[0]], r"params holds \[W\], which neither"),
    ]:
        before = [parameter.get_value() for parameter in [*old.params, *new.params]]
        with pytest.raises(ValueError, match=shown):
            fit(*functions, params, n_epochs=1, progress=False)
        for value, parameter in zip(before, [*old.params, *new.params]):
            np.testing.assert_array_equal(value, parameter.get_value())


def test_layers_that_stay_as_they_are_may_be_among_the_params():
    x, y = T.matrix("x"), T.ivector("y")
    model = MLP(np.random.RandomState(1), x, 3, 4, 2)
    cost = model.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, blobs(40, 0), 20, sgd(cost, model.params[2:], 0.1))
    validate = MinibatchFunction([x, y], model.errors(y), blobs(40, 0), 20)
    fit(train, validate, model.params, n_epochs=1, progress=False)
    fit(train, validate, model.params[2:], n_epochs=1, progress=False)


# When training goes wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cost, shown", [(float("nan"), "nan"), (float("inf"), "inf")])
def test_a_cost_that_is_no_number_ends_training_with_the_best_parameters(cost, shown):
    script = Script([0.5, 0.4, 0.6, 0.1], n_batches=3, cost=lambda step: cost if step == 11 else 1.0)
    with pytest.raises(FloatingPointError, match=f"cost became {shown} in step 11.*learning rate is too large"):
        script.fit(n_epochs=9)
    assert script.parameter.get_value() == 6


def test_the_history_is_that_of_the_error():
    script = Script([0.5, 0.4, 0.6], n_batches=3, cost=lambda step: np.nan if step == 11 else 1.0)
    with pytest.raises(FloatingPointError) as caught:
        script.fit(n_epochs=9)
    history = caught.value.history
    assert history.validation_error == [0.5, 0.4, 0.6] and history.best_epoch == 2 and history.n_steps == 10


DIVERGE = """
import deeplearning_tutorial, numpy as np, theano, theano.tensor as T
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd
x = T.matrix("x")
W = theano.shared(np.ones((4, 2), "float32"), name="W")
data = [theano.shared(np.random.RandomState(0).rand(40, 4).astype("float32"))]
cost = T.mean(T.dot(x, W) ** 2)
train = MinibatchFunction([x], cost, data, 10, sgd(cost, [W], 1e4))
validate = MinibatchFunction([x], T.mean(T.tanh(T.dot(x, W))), data, 10)
try:
    fit(train, validate, [W], n_epochs=50, progress=False)
except FloatingPointError as error:
    print(error, error.history.n_steps, np.isfinite(W.get_value()).all())
"""


@pytest.mark.slow(12)
@pytest.mark.parametrize("flags", ["-O3 -march=native -ffast-math", "-O1"])
def test_whatever_the_compiler_may_assume_divergence_is_noticed(flags):
    environment = {**os.environ, "THEANO_FLAGS": f"device=cpu,gcc.cxxflags={flags}"}
    shown = subprocess.run(
        [sys.executable, "-c", DIVERGE], env=environment, cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert re.search(r"the cost became (inf|nan) in step \d+.* (\d+) True", shown), shown


def test_data_that_are_not_finite_are_named_and_not_the_learning_rate():
    x, y = T.matrix("x"), T.ivector("y")
    pixels, labels = blobs(40, 0)
    pixels.set_value(np.where(np.arange(40)[:, None] == 25, np.nan, pixels.get_value()).astype("float32"))
    model = MLP(np.random.RandomState(1), x, 3, 4, 2)
    cost = model.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, [pixels, labels], 20, sgd(cost, model.params, 0.1))
    validate = MinibatchFunction([x, y], model.errors(y), blobs(40, 0), 20)
    with pytest.raises(
        FloatingPointError, match="cost became nan in step 2. The data in .* in 1 of 40 rows: leave"
    ) as caught:
        fit(train, validate, model.params, progress=False)
    assert "learning rate" not in str(caught.value)
    assert all(np.isfinite(parameter.get_value()).all() for parameter in model.params)


def test_an_interrupt_before_anything_is_validated_keeps_what_there_is():
    def interrupt_at_2(step):
        if step == 2:
            raise KeyboardInterrupt
        return 1.0

    script = Script([], n_batches=3, cost=interrupt_at_2)
    with pytest.raises(KeyboardInterrupt):
        script.fit(n_epochs=9)
    assert last_history().n_steps == 1
    assert script.parameter.get_value() == 2


def test_without_params_the_last_values_stay(capsys):
    """As notebook 04 trains; an empty list is refused above."""
    (model, train, validate), _ = pair_of_runs()
    trained = []
    tell = {"bias": lambda: trained.append(model.params[-1].get_value()) or 0.0}
    fit(train, validate, None, n_epochs=3, patience=None, progress=False, monitor=tell)
    np.testing.assert_array_equal(model.params[-1].get_value(), trained[-1])
    assert (trained[-1] != trained[0]).any()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(train, validate, None, n_epochs=3, patience=None, progress=False, monitor={"interrupt": interrupt})
    assert (model.params[-1].get_value() != trained[-1]).any()
    assert "Interrupted after 1 epoch: the last parameters are kept, and" in "".join(capsys.readouterr())


def test_an_interrupt_keeps_history_and_best_parameters(capsys):
    def interrupt_at_11(step):
        if step == 11:
            raise KeyboardInterrupt
        return 1.0

    script = Script([0.5, 0.4, 0.6], n_batches=3, cost=interrupt_at_11)
    with pytest.raises(KeyboardInterrupt) as caught:
        script.fit(n_epochs=9)
    history = last_history()
    assert caught.value.history is history
    assert script.parameter.get_value() == 6
    assert history.validation_error == [0.5, 0.4, 0.6] and history.best_epoch == 2
    assert history.n_steps == 10 and not history.stopped_early
    assert "Interrupted after 3.33 epochs: the best parameters so far are kept" in "".join(capsys.readouterr())


ENDLESS = """
import deeplearning_tutorial, numpy as np, theano, theano.tensor as T
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd
x, y = T.matrix("x"), T.ivector("y")
labels = theano.shared(np.arange(40) % 2)
data = [theano.shared(np.random.RandomState(0).rand(40, 4).astype("float32")), T.cast(labels, "int32")]
model = LogisticRegression(x, 4, 2)
cost = model.negative_log_likelihood(y)
train = MinibatchFunction([x, y], cost, data, 10, sgd(cost, model.params, 0.1))
validate = MinibatchFunction([x, y], model.errors(y), data, 10)
tell = {"heard": lambda: print("validated", flush=True) or 0.0}
history = fit(train, validate, model.params, n_epochs=10**9, patience=None, progress=False, monitor=tell)
"""


def test_an_interrupt_in_a_notebook_keeps_history_and_parameters_and_the_kernel_goes_on():
    manager, client = start_new_kernel(cwd=ROOT)
    try:
        heard, interrupted = [], []

        def interrupt(message):
            heard.append(message["content"].get("text", ""))
            # The second time, the first is in the history.
            if "".join(heard).count("validated") > 1 and not interrupted:
                interrupted.append(True)
                manager.interrupt_kernel()

        reply = client.execute_interactive(ENDLESS, timeout=120, output_hook=interrupt)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert (
            "the best parameters so far are kept, and deeplearning_tutorial.training.last_history() has the curves."
            in "".join(heard)
        )
        heard.clear()
        after = (
            "from deeplearning_tutorial.training import last_history; "
            "print(len(last_history().validation_error) > 0, np.ptp(model.W.get_value()) > 0, np.isfinite(train(0)))"
        )
        client.execute_interactive(after, timeout=120, output_hook=interrupt)
        assert "".join(heard).strip() == "True True True"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_validation_error_that_is_no_number_ends_training_too():
    script = Script([0.5, float("nan")], n_batches=1)
    with pytest.raises(FloatingPointError, match="the validation error became nan in step 2"):
        script.fit(n_epochs=9)
    assert script.parameter.get_value() == 1


def test_another_error_passes_on_with_the_best_parameters_put_back():
    def fail(step):
        if step == 5:
            raise MemoryError
        return 1.0

    script = Script([0.5, 0.6, 0.7, 0.8, 0.9], n_batches=1, cost=fail)
    with pytest.raises(MemoryError):
        script.fit(n_epochs=9)
    assert script.parameter.get_value() == 1


def test_the_progress_bar_tells_cost_and_error_and_can_be_left_out(capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    script = Script([0.25, 0.5], n_batches=1, cost=lambda step: 2)
    fit(script.train, script.validate, [script.parameter], n_epochs=2)
    shown = capfd.readouterr().err
    assert "2/2" in shown and "cost 2.0000, validation error 50.00 %" in shown
    Script([0.25, 0.5], n_batches=1).fit(n_epochs=2)
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("TQDM_DISABLE", "1")
    script = Script([0.25, 0.5], n_batches=1)
    fit(script.train, script.validate, [script.parameter], n_epochs=2)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "label, errors, options, bars",
    [
        (None, [0.5, 0.4], {}, [("", True, 2, 2)]),
        ("momentum", [0.5, 0.4], {}, [("momentum", False, 2, 2)]),
        ("momentum", [0.5, 0.6, 0.7, 0.8], {"patience": 2, "n_epochs": 9}, [("momentum", False, 3, 3)]),
        ("momentum", [0.5, float("nan")], {}, [("momentum", True, 1, 2)]),
    ],
    ids=["without a label", "to its end", "stopped early", "NaN"],
)
def test_a_bar_with_a_label_says_what_is_trained_and_goes_when_all_went_well(monkeypatch, label, errors, options, bars):
    seen = []

    class Bar(training.tqdm):
        def close(self):
            if not self.disable:
                seen.append((self.desc.removesuffix(": "), self.leave, self.n, self.total))
            super().close()

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(training, "tqdm", Bar)
    script = Script(errors, n_batches=1)
    with contextlib.suppress(FloatingPointError):
        fit(script.train, script.validate, [script.parameter], **{"n_epochs": 2, "label": label, **options})
    assert seen == bars


def test_a_label_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match="label must be a text .*, not 0.1"):
        Script([0.5], n_batches=1).fit(label=0.1)


def test_an_error_that_is_no_fraction_is_shown_as_it_is(capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    script = Script([3.0625], n_batches=1)
    fit(script.train, script.validate, [script.parameter], n_epochs=1, percent=False)
    assert "validation error 3.062" in capfd.readouterr().err


def test_before_each_epoch_there_is_time_for_something():
    script, before = Script([0.5] * 3, n_batches=4), []
    script.fit(n_epochs=3, before_epoch=lambda epoch: before.append((epoch, int(script.parameter.get_value()))))
    assert before == [(0, 0), (1, 4), (2, 8)]


# Real models --------------------------------------------------------------------------------------------------------


def blobs(n_examples, seed):
    """Two noisy groups of points, which a network can tell apart."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 2, size=n_examples)
    points = rng.normal(size=(n_examples, 3)) + 2 * labels[:, None]
    return theano.shared(points.astype("float32")), T.cast(theano.shared(labels.astype("float32")), "int32")


def train_on_blobs(seed):
    x, y = T.matrix("x"), T.ivector("y")
    mlp = MLP(np.random.RandomState(seed), x, 3, 4, 2)
    cost = mlp.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, blobs(120, 0), 20, updates=sgd(cost, mlp.params, 0.1))
    validate = MinibatchFunction([x, y], mlp.errors(y), blobs(60, 1), 20)
    history = fit(train, validate, mlp.params, n_epochs=10, progress=False)
    return mlp, validate, history


@pytest.fixture(scope="module")
def two_runs():
    return train_on_blobs(seed=3), train_on_blobs(seed=3)


def test_a_seed_gives_the_same_run(two_runs):
    (one, _, history), (other, _, again) = two_runs
    assert history.train_cost == again.train_cost and history.validation_error == again.validation_error
    for first, second in zip(one.params, other.params):
        np.testing.assert_array_equal(first.get_value(), second.get_value())
        assert first.dtype == "float32"


def test_training_learns_and_the_model_is_the_best_one(two_runs):
    mlp, validate, history = two_runs[0]
    assert history.train_cost[-1] < history.train_cost[0] / 2
    assert history.best_validation_error < 0.1
    assert validate.mean() == history.best_validation_error == min(history.validation_error)


# Checkpoints --------------------------------------------------------------------------------------------------------


class Stop(Exception):
    """What happens to a program in the middle of something."""


class Blobs:
    """A small network with all that a step can change: velocities, random numbers, a learning rate that falls."""

    def __init__(self, batch_size=20, n_hidden=8):
        dataset = blobs(240, 1)
        x, y = T.matrix("x"), T.ivector("y")
        mlp = MLP(np.random.RandomState(2), x, 3, n_hidden, 2)
        noisy = mlp.with_dropout(MRG_RandomStreams(3), [0.1, 0.4])
        rate = theano.shared(np.float32(0.2))
        updates = momentum(noisy.negative_log_likelihood(y), mlp.params, rate, 0.5)
        updates.update(linear_decay(rate, 96))
        self.params = mlp.params
        self.train = MinibatchFunction([x, y], noisy.negative_log_likelihood(y), dataset, batch_size, updates)
        self.validate = MinibatchFunction([x, y], mlp.errors(y), blobs(120, 2), 60)
        self.shuffle = FreshEpochs(*dataset, seed=4)

    def fit(self, **options):
        options = {
            "n_epochs": 8,
            "patience": None,
            "progress": False,
            "before_epoch": self.shuffle,
            "checkpoint_seconds": 0,
        } | options
        return fit(self.train, self.validate, self.params, **options)

    def values(self):
        return [parameter.get_value().tobytes() for parameter in [*self.params, *self.train.state]]


class StopAt:
    """A function that is called like another, and stops the program in the middle of call number `when`."""

    def __init__(self, function, when, error):
        self.function, self.when, self.error, self.calls = function, when, error, 0

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __call__(self, index):
        self._count()
        return self.function(index)

    def mean(self):
        self._count()
        return self.function.mean()

    def _count(self):
        self.calls += 1
        if self.calls == self.when:
            raise self.error


@pytest.fixture(scope="module")
def undisturbed():
    model = Blobs()
    return model, model.fit()


def compared(history):
    return {**dataclasses.asdict(history), "elapsed": None, "seconds": None}


def test_a_step_changes_what_is_in_its_state(undisturbed):
    names = sorted(str(variable.name) for variable in undisturbed[0].train.state)
    assert sum(name.startswith("velocity") for name in names) == 4 and {"W", "b", "steps done"} < set(names)
    assert len(names) == 4 + 4 + 2 + 2  # parameters, velocities, the rate and its counter, two masks
    assert undisturbed[0].validate.state == []


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
@pytest.mark.parametrize(
    "which, when",
    [("train", 1), ("train", 13), ("train", 40), ("train", 96), ("validate", 1), ("validate", 4), ("validate", 8)],
)
def test_what_was_stopped_anywhere_ends_as_if_it_had_not_been(tmp_path, undisturbed, which, when, error):
    stopped = Blobs()
    function = getattr(stopped, which)
    setattr(stopped, which, StopAt(function, when, error))
    with pytest.raises(error):
        stopped.fit(checkpoint=tmp_path / "blobs.npz")
    model = Blobs()
    history = model.fit(checkpoint=tmp_path / "blobs.npz")
    assert model.values() == undisturbed[0].values()
    assert compared(history) == compared(undisturbed[1])
    assert (
        len(history.elapsed) == 8
        and history.elapsed == sorted(history.elapsed)
        and history.seconds >= history.elapsed[-1]
    )


def test_what_was_stopped_twice_between_validations_in_an_epoch_does_too(tmp_path):
    options = {"patience": 10, "n_epochs": 6}  # a validation after each 5 of 12 steps
    alone = Blobs()
    history = alone.fit(**options)
    assert not history.stopped_early or history.n_steps > 20
    for when in [18, 9]:
        stopped = Blobs()
        stopped.train = StopAt(stopped.train, when, Stop)
        with pytest.raises(Stop):
            stopped.fit(checkpoint=tmp_path / "blobs.npz", **options)
    model = Blobs()
    again = model.fit(checkpoint=tmp_path / "blobs.npz", **options)
    assert model.values() == alone.values() and compared(again) == compared(history)


@pytest.mark.parametrize("before, after", [({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"b": 1})])
def test_who_monitors_something_else_is_told_before_anything_is_trained(tmp_path, before, after):
    def monitor(names):
        return {name: lambda: 0.0 for name in names}

    Blobs().fit(checkpoint=tmp_path / "blobs.npz", monitor=monitor(before), n_epochs=2)
    model = Blobs()
    values = model.values()
    with pytest.raises(CheckpointError, match="monitored, and now it is"):
        model.fit(checkpoint=tmp_path / "blobs.npz", monitor=monitor(after), n_epochs=3)
    assert model.values() == values
    history = model.fit(checkpoint=tmp_path / "blobs.npz", monitor=monitor(before), n_epochs=3)
    assert {len(curve) for curve in history.monitored.values()} <= {len(history.epoch)}


def test_without_the_checkpoint_it_would_not(tmp_path, undisturbed):
    stopped = Blobs()
    stopped.train = StopAt(stopped.train, 40, Stop)
    with pytest.raises(Stop):
        stopped.fit()
    stopped.train = stopped.train.function
    stopped.fit()
    assert stopped.values() != undisturbed[0].values()


@pytest.mark.parametrize("patience", [None, 12])
def test_what_has_ended_is_not_trained_again(tmp_path, patience):
    history = Blobs().fit(checkpoint=tmp_path / "blobs.npz", patience=patience, improvement_threshold=0.1)
    assert history.stopped_early == (patience is not None)
    model = Blobs()
    model.train = StopAt(model.train, 1, Stop)
    assert compared(
        model.fit(checkpoint=tmp_path / "blobs.npz", patience=patience, improvement_threshold=0.1)
    ) == compared(history)
    assert model.validate.mean() == history.best_validation_error


def test_more_epochs_go_on_where_it_ended(tmp_path):
    Blobs().fit(n_epochs=3, checkpoint=tmp_path / "blobs.npz")
    model = Blobs()
    model.fit(n_epochs=8, checkpoint=tmp_path / "blobs.npz")
    alone = Blobs()
    alone.fit(n_epochs=8)
    assert [value.tobytes() for value in map(get_value, model.train.state)] == [
        value.tobytes() for value in map(get_value, alone.train.state)
    ]


def test_the_progress_bar_begins_where_it_ended(tmp_path, monkeypatch):
    bars = []

    class Bar(training.tqdm):
        def close(self):
            if not self.disable:  # the first time
                bars.append((self.initial, self.n, self.total))
            super().close()

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(training, "tqdm", Bar)
    for n_epochs in (3, 8):
        Blobs().fit(n_epochs=n_epochs, checkpoint=tmp_path / "blobs.npz", progress=True)
    assert bars == [(0, 3, 3), (3, 8, 8)]


def get_value(variable):
    return variable.get_value()


def test_it_says_from_where_it_goes_on(tmp_path, capsys):
    path = tmp_path / "blobs.npz"
    shown = []
    for n_epochs in (3, 8, 8):
        Blobs().fit(n_epochs=n_epochs, checkpoint=path)
        shown.append(capsys.readouterr().out)
    assert shown[0] == ""
    assert f"{path}: going on after 3 epochs. Now a shared scalar is 0.125, steps done is 36.\n" == shown[1]
    assert f"{path}: already finished, after 8 epochs. Move it away to train anew.\n" == shown[2]


def test_a_patience_that_ran_out_is_finished_too(tmp_path, capsys):
    for _ in range(2):
        Blobs().fit(checkpoint=tmp_path / "blobs.npz", patience=12, improvement_threshold=0.1)
    assert "already finished, after 1.0" in capsys.readouterr().out


def plain_run(rate=0.1, seed=1):
    """Training without anything that changes the data."""
    x, y = T.matrix("x"), T.ivector("y")
    model = MLP(np.random.RandomState(0), x, 3, 4, 2)
    cost = model.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, blobs(60, seed), 20, sgd(cost, model.params, rate))
    return model, train, MinibatchFunction([x, y], model.errors(y), blobs(60, 0), 20)


@pytest.mark.parametrize(
    "other, shown",
    [
        ({"rate": 0.001}, "a number in the graph, such as the learning rate, was 0.1, and is 0.001"),
        ({"seed": 2}, "the training data were another"),
    ],
)
def test_another_learning_rate_or_other_data_are_named_and_refused(tmp_path, other, shown):
    def train_it(n_epochs, **options):
        model, train, validate = plain_run(**options)
        fit(train, validate, model.params, n_epochs, progress=False, checkpoint=tmp_path / "run.npz")

    train_it(2)
    before = (tmp_path / "run.npz").read_bytes()
    with pytest.raises(CheckpointError, match=f"run.npz is of another run: {shown}. Make it as it was to go on"):
        train_it(4, **other)
    assert (tmp_path / "run.npz").read_bytes() == before
    train_it(4)


def test_a_checkpoint_from_before_there_were_fingerprints_is_used(tmp_path):
    path = tmp_path / "run.npz"
    model, train, validate = plain_run()
    fit(train, validate, model.params, 2, progress=False, checkpoint=path)
    arrays, about = load(path)
    del about["fingerprint"]
    save(path, arrays, about)
    model, train, validate = plain_run()
    assert fit(train, validate, model.params, 3, progress=False, checkpoint=path).n_steps == 9


@pytest.mark.parametrize("seconds", ["x", None, -1, float("nan")])
def test_a_time_between_checkpoints_that_is_none_is_refused_at_once(tmp_path, seconds):
    model = Blobs()
    before = model.values()
    with pytest.raises(ValueError, match=f"checkpoint_seconds must be a number of at least 0, not {seconds!r}"):
        model.fit(checkpoint=tmp_path / "blobs.npz", checkpoint_seconds=seconds)
    assert model.values() == before and list(tmp_path.iterdir()) == []


USER_OF_A_CHECKPOINT = """
import sys, time
sys.path.insert(0, "tests")
from test_training import Blobs
model = Blobs()
shuffle = model.shuffle
def wait(epoch):
    shuffle(epoch)
    if epoch == 1:
        print("training", flush=True)
        sys.stdin.readline()
model.shuffle = wait
model.fit(checkpoint=sys.argv[1])
"""


@pytest.mark.slow(8)
def test_a_checkpoint_has_one_user_at_a_time(tmp_path, undisturbed):
    path = tmp_path / "blobs.npz"
    command = [sys.executable, "-c", USER_OF_A_CHECKPOINT, str(path)]
    other = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "training\n"
        model = Blobs()
        before = model.values()
        with pytest.raises(CheckpointError, match="blobs.npz is being used by another program, or another cell: wait"):
            model.fit(checkpoint=path)
        assert model.values() == before
        model.fit(checkpoint=tmp_path / "mine.npz", n_epochs=1)
    finally:
        other.kill()
        other.wait()
        other.stdin.close()
        other.stdout.close()
    model = Blobs()
    model.fit(checkpoint=path)  # one that was killed leaves it free
    assert model.values() == undisturbed[0].values()
    assert (
        sorted(file.name for file in tmp_path.iterdir())
        == [f"{name}{kind}.npz" for name in ("blobs", "mine") for kind in ("", ".previous")][
            : len(list(tmp_path.iterdir()))
        ]
    )


def test_a_folder_without_locks_is_used_nevertheless(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("deeplearning_tutorial.checkpoint.fcntl.flock", no_locks)
    assert Blobs().fit(n_epochs=1, checkpoint=tmp_path / "blobs.npz").n_steps == 12
    assert (tmp_path / "blobs.npz").exists()


@pytest.mark.parametrize(
    "other, shown",
    [
        ({"n_hidden": 9}, "of another network"),
        ({"batch_size": 24}, "with 12 mini-batches in an epoch, and now there are 10"),
    ],
)
def test_the_checkpoint_of_another_network_is_refused(tmp_path, other, shown):
    Blobs().fit(n_epochs=1, checkpoint=tmp_path / "blobs.npz")
    model = Blobs(**other)
    before = model.values()
    with pytest.raises(CheckpointError, match=f"blobs.npz (is|was made) {shown}.*Move it away to begin anew"):
        model.fit(checkpoint=tmp_path / "blobs.npz")
    assert model.values() == before


def test_there_is_a_least_time_between_two_checkpoints(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(
        "deeplearning_tutorial.checkpoint.save", lambda path, arrays, about: saved.append(about["history"]["n_steps"])
    )
    Blobs().fit(checkpoint=tmp_path / "blobs.npz", checkpoint_seconds=1000)
    assert saved == [12, 96]
    Blobs().fit(checkpoint=tmp_path / "blobs.npz", checkpoint_seconds=0)
    assert saved[2:] == [12, 24, 36, 48, 60, 72, 84, 96, 96]


def test_a_full_disk_does_not_end_training(tmp_path, monkeypatch, capsys, undisturbed):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("deeplearning_tutorial.checkpoint.save", fail)
    model = Blobs()
    model.fit(checkpoint=tmp_path / "blobs.npz")
    assert model.values() == undisturbed[0].values()
    assert "blobs.npz could not be written (No space left on device); training goes on" in capsys.readouterr().out


# Logistic regression on MNIST ---------------------------------------------------------------------------------------

full_mnist = pytest.mark.skipif(
    not all((DATA_FOLDER / "mnist" / name).exists() for name in IDX_FILES),
    reason="the full MNIST set is not in data/mnist (scripts/setup --data fetches it)",
)


@full_mnist
def test_logistic_regression_reaches_the_error_of_the_tutorial(record_property, monkeypatch):
    """7.489583 % of the first 9,600 test digits."""
    monkeypatch.delenv(ROWS_VARIABLE, raising=False)
    train_set, valid_set, test_set = load_data("mnist")
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(input=x, n_in=28 * 28, n_out=10)
    cost = classifier.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, train_set, 600, updates=sgd(cost, classifier.params, 0.13))
    validate, test = (MinibatchFunction([x, y], classifier.errors(y), data, 600) for data in (valid_set, test_set))
    test_all = MinibatchFunction([x, y], classifier.errors(y), test_set, 10000)

    history = fit(train, validate, classifier.params, progress=False)
    error, error_of_all = 100 * test.mean(), 100 * test_all.mean()
    print(
        f"test error {error:.6f} % on whole mini-batches, {error_of_all:.2f} % on all 10,000, "
        f"best validation error {100 * history.best_validation_error:.6f} % after {history.best_epoch:g} epochs, "
        f"{history.seconds:.1f} s"
    )
    record_property("test_error_percent", error)
    record_property("test_error_percent_of_all", error_of_all)
    assert (train.n_batches, validate.n_batches, test.n_batches) == (83, 16, 16)
    assert error == pytest.approx(7.489583, abs=0.05)
    assert 100 * history.best_validation_error == pytest.approx(7.5, abs=0.05)
    assert error_of_all == pytest.approx(error, abs=0.3)
    assert history.stopped_early
