"""Early stopping by itself, driven with numbers; test_training.py tries it within `fit`."""

import numpy as np
import pytest
import theano

from deeplearning_tutorial.early_stopping import EarlyStopping


@pytest.fixture
def weight():
    return theano.shared(np.float32(0), "w")


def feed(stopping, weight, errors, every=1):
    """Validate every so many steps, the parameter being the number of the step; returns the step at which it is over."""
    step = 0
    for error in errors:
        for _ in range(every):
            step += 1
            weight.set_value(np.float32(step))
            if step % every == 0:
                stopping.note(error, step)
            if stopping.is_over(step):
                return step
    return None


def test_without_improvement_it_is_over_when_patience_has_run_out(weight):
    stopping = EarlyStopping([weight], patience=10)
    assert feed(stopping, weight, [0.5] * 100) == 11  # steps 0 to 10, counted as the tutorial does
    assert stopping.patience == 10


def test_a_noticeable_improvement_doubles_the_step_that_is_waited_for(weight):
    stopping = EarlyStopping([weight], patience=10)
    assert feed(stopping, weight, [0.5] * 8 + [0.4] * 100) == 17
    assert stopping.patience == 16  # the improvement came in step 8, counted from 0


@pytest.mark.parametrize("error, over", [(0.996, 11), (0.994, 17)])
def test_half_a_percent_is_noticeable(weight, error, over):
    assert feed(EarlyStopping([weight], patience=10), weight, [1.0] * 8 + [error] * 100) == over


def test_patience_never_shrinks(weight):
    stopping = EarlyStopping([weight], patience=10)
    feed(stopping, weight, [0.9, 0.8, 0.7])
    assert stopping.patience == 10


def test_the_best_parameters_are_kept_and_come_back(weight):
    stopping = EarlyStopping([weight], patience=None)
    assert feed(stopping, weight, [0.5, 0.3, 0.4, 0.3, 0.6]) is None
    assert stopping.best_error == 0.3 and weight.get_value() == 5
    stopping.restore()
    assert weight.get_value() == 2  # of equal errors the first


def test_an_improvement_that_is_not_noticeable_is_kept_all_the_same(weight):
    stopping = EarlyStopping([weight], patience=100)
    feed(stopping, weight, [1.0, 0.999])
    assert stopping.best_error == 0.999 and stopping.patience == 100
    stopping.restore()
    assert weight.get_value() == 2


def test_before_any_validation_the_best_parameters_are_those_of_the_start(weight):
    stopping = EarlyStopping([weight])
    weight.set_value(np.float32(7))
    stopping.restore()
    assert weight.get_value() == 0
    weight.set_value(np.float32(7))
    stopping.keep()
    weight.set_value(np.float32(8))
    stopping.restore()
    assert weight.get_value() == 7


def test_what_is_kept_is_a_copy(weight):
    matrix = theano.shared(np.zeros((2, 2), "float32"))
    stopping = EarlyStopping([matrix])
    stopping.note(0.5, 1)
    matrix.set_value(np.ones((2, 2), "float32"), borrow=True)
    matrix.get_value(borrow=True)[:] = 3
    stopping.restore()
    np.testing.assert_array_equal(matrix.get_value(), np.zeros((2, 2)))


def test_nothing_is_better_than_a_nan(weight):
    stopping = EarlyStopping([weight], patience=10)
    assert feed(stopping, weight, [float("nan")] * 100) == 11
    assert stopping.best_error == np.inf


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"params": theano.shared(0)}, "must be a list of shared variables"),
        ({"patience": 0}, "patience must be at least 1, not 0"),
        ({"patience": "long"}, "patience must be at least 1, not 'long'"),
        ({"patience_increase": -1}, "patience_increase must be at least 0, not -1"),
        ({"improvement_threshold": -0.1}, "improvement_threshold must be at least 0, not -0.1"),
    ],
)
def test_wrong_arguments_are_refused(weight, wrong, said):
    with pytest.raises(ValueError, match=said):
        EarlyStopping(**{"params": [weight], **wrong})
