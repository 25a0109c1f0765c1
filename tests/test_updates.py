"""Update rules do what their formulas say, keep float32, and compose."""
from collections import OrderedDict

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.updates import exponential_decay, sgd


def shared(value, dtype="float32", name=None):
    return theano.shared(np.asarray(value, dtype=dtype), name=name)


def values_after(steps, updates, *variables):
    step = theano.function([], [], updates=updates, mode="FAST_COMPILE")
    for _ in range(steps):
        step()
    return [variable.get_value() for variable in variables]


# Gradient descent ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("rate", [0.1, np.float32(0.1), np.float64(0.1), shared(0.1), shared(0.1, "float64"), T.constant(0.1)],
                         ids=["float", "float32", "float64", "shared float32", "shared float64", "constant"])
def test_on_a_parabola_each_step_shrinks_the_parameter_by_the_same_factor(rate):
    theta = shared([1, -2, 3])
    updates = sgd((theta**2).sum() / 2, [theta], rate)
    (found,) = values_after(5, updates, theta)
    np.testing.assert_allclose(found, (1 - 0.1) ** 5 * np.array([1, -2, 3]), rtol=1e-5)
    assert found.dtype == "float32" and updates[theta].dtype == "float32"


def test_float64_parameters_stay_float64():
    theta = shared([1, -2, 3], "float64")
    (found,) = values_after(1, sgd((theta**2).sum() / 2, [theta], 0.5), theta)
    np.testing.assert_allclose(found, [0.5, -1, 1.5])
    assert found.dtype == "float64"


def test_a_whole_number_is_a_learning_rate_too():
    theta = shared([1, -2, 3])
    (found,) = values_after(1, sgd((theta**2).sum() / 2, [theta], 1), theta)
    assert found.tolist() == [0, 0, 0] and found.dtype == "float32"


def test_every_parameter_gets_the_step_of_its_own_gradient():
    W, b = shared([[1, 2], [3, 4]]), shared([1, 1])
    cost = (W * np.array([[1, 0], [0, 2]], dtype="float32")).sum() + 3 * b.sum()
    found = values_after(1, sgd(cost, [W, b], 0.5), W, b)
    np.testing.assert_allclose(found[0], [[0.5, 2], [3, 3]])
    np.testing.assert_allclose(found[1], [-0.5, -0.5])


def test_the_result_is_ordered_like_the_parameters():
    first, second = shared(1), shared(2)
    updates = sgd(first * second, [second, first], 0.1)
    assert isinstance(updates, OrderedDict) and list(updates) == [second, first]


def test_the_order_of_the_parameters_does_not_matter():
    def after_two_steps(order):
        first, second = shared(3), shared(2)
        params = [[first, second], [second, first]][order]
        return values_after(2, sgd(first**2 * second, params, 0.01), first, second)

    np.testing.assert_array_equal(after_two_steps(0), after_two_steps(1))


# Decay --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("factor", [0.9, shared(0.9), shared(0.9, "float64")], ids=["float", "shared float32", "shared float64"])
def test_a_variable_decays_exponentially_and_keeps_its_type(dtype, factor):
    rate = shared(0.5, dtype)
    (found,) = values_after(4, exponential_decay(rate, factor), rate)
    assert found == pytest.approx(0.5 * 0.9**4, rel=1e-6)
    assert found.dtype == dtype


def test_the_factor_one_changes_nothing():
    rate = shared(0.5)
    assert values_after(3, exponential_decay(rate, 1), rate) == [0.5]


def test_descent_and_decay_compose_whatever_their_order():
    def after_three_steps(decay_first):
        theta, rate = shared(1), shared(0.4)
        rules = [sgd(theta**2 / 2, [theta], rate), exponential_decay(rate, 0.5)]
        updates = OrderedDict()
        for rule in reversed(rules) if decay_first else rules:
            updates.update(rule)
        return values_after(3, updates, theta, rate)

    # Each step uses the learning rate from before it.
    wanted = [(1 - 0.4) * (1 - 0.2) * (1 - 0.1), 0.05]
    np.testing.assert_allclose(after_three_steps(False), wanted, rtol=1e-6)
    np.testing.assert_allclose(after_three_steps(True), wanted, rtol=1e-6)


# What is refused ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("bad", [0, 0.0, -0.1, float("nan"), float("inf"), -float("inf")])
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(bad):
    theta = shared(1)
    with pytest.raises(ValueError, match=f"learning_rate must be above 0 and finite, not {bad!r}"):
        sgd(theta**2, [theta], bad)


@pytest.mark.parametrize("bad", [0, 1.5, -0.5, float("nan"), float("inf")])
def test_a_factor_outside_0_to_1_is_refused(bad):
    with pytest.raises(ValueError, match=f"factor must be above 0 and at most 1, not {bad!r}"):
        exponential_decay(shared(1), bad)


def test_symbolic_rates_and_factors_must_be_scalars():
    theta = shared(1)
    with pytest.raises(ValueError, match="learning_rate must be a scalar, not 1-dimensional"):
        sgd(theta**2, [theta], T.vector("rate"))
    with pytest.raises(ValueError, match="factor must be a scalar, not 2-dimensional"):
        exponential_decay(theta, T.matrix("factor"))


@pytest.mark.parametrize("bad", [T.vector("theta"), np.ones(3)], ids=["symbol", "array"])
def test_what_is_not_shared_cannot_be_updated(bad):
    theta = shared(1)
    with pytest.raises(ValueError, match="(?s)only shared variables can be updated, and (theta|array).* is none"):
        sgd(theta**2, [theta, bad], 0.1)
    with pytest.raises(ValueError, match="only shared variables can be updated"):
        exponential_decay(bad, 0.9)


def test_only_a_scalar_decays():
    with pytest.raises(ValueError, match="only a scalar can decay here, and rates is 1-dimensional"):
        exponential_decay(shared([0.1, 0.2], name="rates"), 0.9)


def test_a_cost_that_is_no_scalar_is_refused():
    theta = shared([1, 2])
    with pytest.raises(ValueError, match="cost must be a scalar, not 1-dimensional"):
        sgd(theta**2, [theta], 0.1)


def test_a_parameter_that_the_cost_does_not_depend_on_is_refused():
    used, unused = shared(1, name="used"), shared(1, name="unused")
    with pytest.raises(ValueError, match="does not depend on every parameter in .*unused"):
        sgd(used**2, [used, unused], 0.1)
