"""Penalties and limits of the weights are what their formulas say."""

from collections import OrderedDict

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.regularization import adversarial_examples, l1, l2, max_norm
from deeplearning_tutorial.updates import momentum, sgd


def shared(value, name=None):
    return theano.shared(np.asarray(value, dtype="float32"), name=name)


def value_of(expression):
    return theano.function([], expression, mode="FAST_COMPILE")()


def run_once(updates):
    theano.function([], [], updates=updates, mode="FAST_COMPILE")()


# Penalties ----------------------------------------------------------------------------------------------------------


def test_l1_sums_absolute_and_l2_squared_weights_of_all_matrices():
    weights = [shared([[1, -2], [3, 0]]), shared([[-4], [0.5]])]
    assert value_of(l1(weights)) == pytest.approx(10.5)
    assert value_of(l2(weights)) == pytest.approx(1 + 4 + 9 + 16 + 0.25)


@pytest.mark.parametrize("penalty", [l1, l2])
def test_penalties_are_float32_scalars_with_a_factor_too(penalty):
    expression = 0.0001 * penalty([shared([[1, -2]]), shared([[3]])])
    assert expression.ndim == 0 and expression.dtype == "float32"


def test_the_gradient_of_l1_is_the_sign_and_that_of_l2_twice_the_weight():
    W = shared([[1, -2], [0.25, 3]])
    np.testing.assert_allclose(value_of(T.grad(l1([W]), W)), [[1, -1], [1, 1]])
    np.testing.assert_allclose(value_of(T.grad(l2([W]), W)), [[2, -4], [0.5, 6]])


def test_under_l2_each_step_shrinks_all_weights_by_the_same_factor():
    W = shared([[1, -2], [0.25, 3]])
    before = W.get_value()
    run_once(sgd(0.01 * l2([W]), [W], 0.5))
    np.testing.assert_allclose(W.get_value(), before * (1 - 2 * 0.5 * 0.01), rtol=1e-6)


@pytest.mark.parametrize("penalty", [l1, l2])
@pytest.mark.parametrize("bad", [[], (), None, T.matrix("W")], ids=["empty list", "empty tuple", "None", "variable"])
def test_penalties_need_a_list_of_weights(penalty, bad):
    with pytest.raises(ValueError, match="weights must be a list of at least one weight matrix, not"):
        penalty(bad)


@pytest.mark.parametrize("penalty", [l1, l2])
def test_penalties_are_of_symbolic_variables(penalty):
    with pytest.raises(ValueError, match="(?s)weights must be Theano variables.*not array"):
        penalty([shared([[1]]), np.ones((2, 2))])


# Max-norm -----------------------------------------------------------------------------------------------------------


def test_columns_that_are_too_long_are_scaled_back_and_others_stay():
    W = shared([[3, 0.3, 0], [4, 0.4, 0]])
    run_once(max_norm(OrderedDict([(W, W)]), [W], limit=2))
    found = W.get_value()
    np.testing.assert_allclose(found[:, 0], [1.2, 1.6], rtol=1e-6)
    np.testing.assert_array_equal(found[:, 1:], np.float32([[0.3, 0], [0.4, 0]]))
    assert found.dtype == "float32"


def test_the_limit_holds_after_the_step_not_before():
    W = shared([[1.0], [0.0]])
    updates = sgd(-10 * W.sum(), [W], 1.0)
    run_once(max_norm(updates, [W], limit=1))
    np.testing.assert_allclose(W.get_value(), np.array([[11], [10]]) / np.hypot(11, 10), rtol=1e-6)


def test_only_the_weights_that_are_named_are_limited():
    W, V, b = shared(np.ones((2, 2))), shared(np.ones((2, 2))), shared([5, 5])
    updates = sgd(-(W.sum() + V.sum() + b.sum()), [W, V, b], 1.0)
    limited = max_norm(updates, [W], limit=1)
    assert list(limited) == list(updates)
    run_once(limited)
    np.testing.assert_allclose(np.linalg.norm(W.get_value(), axis=0), [1, 1], rtol=1e-6)
    assert (V.get_value() == 2).all() and (b.get_value() == 6).all()


def test_the_updates_passed_in_are_not_changed():
    W = shared(np.ones((2, 2)))
    updates = sgd(W.sum(), [W], 1.0)
    before = dict(updates)
    max_norm(updates, [W], limit=1)
    assert dict(updates) == before


def test_it_composes_with_momentum_and_leaves_the_velocity_alone():
    W = shared([[1.0, 0.1], [0.0, 0.0]])
    updates = max_norm(momentum(-W.sum(), [W], 0.1), [W], limit=0.5)
    run_once(updates)
    run_once(updates)
    velocity = [variable for variable in updates if variable is not W][0].get_value()
    np.testing.assert_allclose(velocity, np.full((2, 2), 0.19), rtol=1e-5)
    assert (np.linalg.norm(W.get_value(), axis=0) <= 0.5 * (1 + 1e-6)).all()
    np.testing.assert_allclose(W.get_value()[:, 1], [0.39, 0.29], rtol=1e-5)


def test_float64_weights_stay_float64():
    W = theano.shared(np.full((2, 1), 3.0))
    updates = max_norm(OrderedDict([(W, W)]), [W], limit=1)
    assert updates[W].dtype == "float64"


def test_weights_that_are_not_updated_are_refused():
    W, V = shared(np.ones((2, 2)), "W"), shared(np.ones((2, 2)), "V")
    with pytest.raises(ValueError, match=r"V is not among the variables that are updated: \[W\]"):
        max_norm(sgd(W.sum(), [W], 1.0), [W, V], 1)


def test_only_a_matrix_has_columns_to_limit():
    b = shared([1, 2], "b")
    with pytest.raises(ValueError, match="only the columns of a matrix have a limit, and b is 1-dimensional"):
        max_norm(sgd(b.sum(), [b], 1.0), [b], 1)


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), None, "3"])
def test_a_limit_that_is_not_positive_and_finite_is_refused(bad):
    W = shared(np.ones((2, 2)))
    with pytest.raises(ValueError, match=f"limit must be above 0 and finite, not {bad!r}"):
        max_norm(sgd(W.sum(), [W], 1.0), [W], bad)


@pytest.mark.parametrize("bad", [[], None])
def test_there_must_be_weights_to_limit(bad):
    W = shared(np.ones((2, 2)))
    with pytest.raises(ValueError, match="weights must be a list of at least one weight matrix"):
        max_norm(sgd(W.sum(), [W], 1.0), bad, 1)


# Adversarial examples -----------------------------------------------------------------------------------------------


def classifier_with_digits(n=6, n_in=5):
    rng = np.random.RandomState(3)
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, n_in, 3)
    classifier.W.set_value(rng.normal(size=(n_in, 3)).astype("float32"))
    digits = rng.uniform(0.2, 0.8, size=(n, n_in)).astype("float32")
    return x, y, classifier, digits, rng.randint(3, size=n).astype("int32")


def test_each_pixel_moves_to_where_the_cost_rises():
    x, y, classifier, digits, labels = classifier_with_digits()
    cost = classifier.negative_log_likelihood(y)
    worse = adversarial_examples(cost, x, 0.1)
    found = theano.function([x, y], worse)(digits, labels)
    # By hand, the gradient of the negative log likelihood over x is (p - one-hot) W.T / n.
    p = theano.function([x], classifier.p_y_given_x)(digits)
    gradient = (p - np.eye(3)[labels]) @ classifier.W.get_value().T
    np.testing.assert_allclose(found, digits + 0.1 * np.sign(gradient), rtol=1e-6)
    assert found.dtype == "float32"

    cost_of = theano.function([x, y], cost)
    assert cost_of(found, labels) > cost_of(digits, labels)
    others = digits + 0.1 * np.random.RandomState(0).choice([-1, 1], size=(100, *digits.shape)).astype("float32")
    assert cost_of(found, labels) >= max(cost_of(other, labels) for other in others)  # the worst, as the cost is convex


def test_they_stay_in_the_range_of_pixels():
    x, y, classifier, digits, labels = classifier_with_digits()
    found = theano.function([x, y], adversarial_examples(classifier.negative_log_likelihood(y), x, 5))(digits, labels)
    assert set(np.unique(found)) == {0, 1}


def test_they_are_constants_for_the_gradient():
    x, y, classifier, digits, labels = classifier_with_digits()
    worse = adversarial_examples(classifier.negative_log_likelihood(y), x, 0.1)
    again = LogisticRegression(worse, 5, 3, W=classifier.W, b=classifier.b)
    gradient = T.grad(again.negative_log_likelihood(y), classifier.W)
    fixed = theano.function([x, y], worse)(digits, labels)
    expected = T.grad(classifier.negative_log_likelihood(y), classifier.W)
    np.testing.assert_allclose(
        theano.function([x, y], gradient)(digits, labels),
        theano.function([x, y], expected)(fixed, labels),
        rtol=1e-5,
        atol=1e-7,
    )


@pytest.mark.parametrize("bad", [0, -0.1, float("nan"), float("inf"), None, "0.1"])
def test_a_size_that_is_not_positive_and_finite_is_refused(bad):
    x, y, classifier, *_ = classifier_with_digits()
    with pytest.raises(ValueError, match=f"size must be above 0 and finite, not {bad!r}"):
        adversarial_examples(classifier.negative_log_likelihood(y), x, bad)


def test_the_cost_must_be_a_scalar_of_these_examples():
    x, y, classifier, *_ = classifier_with_digits()
    with pytest.raises(ValueError, match="the cost must be a scalar, not 2-dimensional"):
        adversarial_examples(classifier.p_y_given_x, x, 0.1)
    with pytest.raises(ValueError, match="the cost does not depend on other"):
        adversarial_examples(classifier.negative_log_likelihood(y), T.matrix("other"), 0.1)
