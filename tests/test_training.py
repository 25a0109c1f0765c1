"""Compiled functions of a mini-batch, and the loop that trains with them."""
from types import SimpleNamespace

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.data import DATA_FOLDER, IDX_FILES, ROWS_VARIABLE, load_data
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd

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
        MinibatchFunction([T.matrix("x"), T.ivector("y")], T.constant(0), dataset, batch_size)


def test_inputs_and_data_must_match(dataset):
    x, y = T.matrix("x"), T.ivector("y")
    with pytest.raises(ValueError, match="1 inputs need as many arrays of data, and there are 2"):
        MinibatchFunction([x], x.sum(), dataset, 3)
    with pytest.raises(ValueError, match=r"equally many rows, and they have \[9, 10\]"):
        MinibatchFunction([x, y], x.sum(), [theano.shared(ROWS[:9]), dataset[1]], 3)


@pytest.mark.parametrize("data, shown", [
    (ROWS, "array"),
    (T.matrix("symbol"), "symbol"),
    (T.cast(T.matrix("symbol"), "int32"), "Cast"),
    (theano.shared(ROWS)[2:], "Subtensor"),
    (theano.shared(ROWS).T, "DimShuffle"),
], ids=["array", "symbol", "cast symbol", "slice", "transposed"])
def test_data_that_are_not_shared_are_refused(data, shown):
    x = T.matrix("x")
    with pytest.raises(ValueError, match=f"(?s)data must be shared variables.*not .*{shown}"):
        MinibatchFunction([x], x.sum(), [data], 2)


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
        "n_epochs": int(rng.randint(1, 15)), "patience": int(rng.randint(1, 60)),
        "patience_increase": rng.choice([1.3, 1.5, 2, 3]), "improvement_threshold": rng.choice([0.5, 0.9, 0.995, 1.0]),
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
        "n_steps": history.n_steps, "validated": [round(epoch * n_batches) for epoch in history.epoch],
        "best": history.best_validation_error, "best_step": round(history.best_epoch * n_batches),
        "stopped_early": history.stopped_early,
    } == wanted
    assert script.parameter.get_value() == wanted["best_step"]
    assert history.validation_error == errors[:len(history.epoch)]


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
    assert Script([*steady, 0.994, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99, patience_increase=3).n_steps == 25
    assert Script([*steady, 0.994, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99, improvement_threshold=0.9).n_steps == 11
    assert Script([*steady, 0.5, *[1.0] * 90], n_batches=1).fit(patience=10, n_epochs=99, improvement_threshold=0.5).n_steps == 11


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
    history = script.fit(n_epochs=3, patience=None, monitor={"steps so far": script.parameter.get_value, "constant": lambda: 7})
    assert history.monitored == {"steps so far": [2, 4, 6], "constant": [7, 7, 7]}
    assert Script([0.5], n_batches=1).fit(n_epochs=1).monitored == {}


def test_an_interrupt_while_measuring_leaves_curves_of_one_length():
    answers = iter([1, 2])

    def measure():
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    history = Script([0.5] * 9, n_batches=1).fit(n_epochs=9, monitor={"first": lambda: 0, "second": measure})
    assert history.monitored == {"first": [0, 0], "second": [1, 2]}
    assert len(history.epoch) == len(history.train_cost) == len(history.validation_error) == 2


def test_the_seconds_are_counted(monkeypatch):
    clock = iter([100.0, 107.5])
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


@pytest.mark.parametrize("name", ["n_epochs", "patience"])
@pytest.mark.parametrize("bad", [0, -1])
def test_training_less_than_once_is_refused(name, bad):
    script = Script([0.5], n_batches=1)
    with pytest.raises(ValueError, match=f"{name} must be at least 1, not {bad}"):
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


# When training goes wrong -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cost, shown", [(float("nan"), "nan"), (float("inf"), "inf")])
def test_a_cost_that_is_no_number_ends_training_with_the_best_parameters(cost, shown):
    script = Script([0.5, 0.4, 0.6, 0.1], n_batches=3, cost=lambda step: cost if step == 11 else 1.0)
    with pytest.raises(FloatingPointError, match=f"cost became {shown} before step 12.*learning rate is too large"):
        script.fit(n_epochs=9)
    assert script.parameter.get_value() == 6


def test_an_interrupt_keeps_history_and_best_parameters(capsys):
    def interrupt_at_11(step):
        if step == 11:
            raise KeyboardInterrupt
        return 1.0

    script = Script([0.5, 0.4, 0.6], n_batches=3, cost=interrupt_at_11)
    history = script.fit(n_epochs=9)
    assert script.parameter.get_value() == 6
    assert history.validation_error == [0.5, 0.4, 0.6] and history.best_epoch == 2
    assert history.n_steps == 10 and not history.stopped_early
    assert "Interrupted" in "".join(capsys.readouterr())


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
    print(f"test error {error:.6f} % on whole mini-batches, {error_of_all:.2f} % on all 10,000, "
          f"best validation error {100 * history.best_validation_error:.6f} % after {history.best_epoch:g} epochs, "
          f"{history.seconds:.1f} s")
    record_property("test_error_percent", error)
    record_property("test_error_percent_of_all", error_of_all)
    assert (train.n_batches, validate.n_batches, test.n_batches) == (83, 16, 16)
    assert error == pytest.approx(7.489583, abs=0.05)
    assert 100 * history.best_validation_error == pytest.approx(7.5, abs=0.05)
    assert error_of_all == pytest.approx(error, abs=0.3)
    assert history.stopped_early
