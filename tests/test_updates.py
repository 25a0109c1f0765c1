"""Update rules do what their formulas say, keep float32, and compose."""

from collections import OrderedDict

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.updates import (
    apply_momentum,
    apply_nesterov_momentum,
    exponential_decay,
    linear_decay,
    momentum,
    nesterov_momentum,
    sgd,
)


def shared(value, dtype="float32", name=None):
    return theano.shared(np.asarray(value, dtype=dtype), name=name)


def values_after(steps, updates, *variables):
    step = theano.function([], [], updates=updates, mode="FAST_COMPILE")
    for _ in range(steps):
        step()
    return [variable.get_value() for variable in variables]


# Gradient descent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rate",
    [0.1, np.float32(0.1), np.float64(0.1), shared(0.1), shared(0.1, "float64"), T.constant(0.1)],
    ids=["float", "float32", "float64", "shared float32", "shared float64", "constant"],
)
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


def test_each_parameter_may_have_a_learning_rate_of_its_own():
    params, rates = [shared([1, 2]), shared(3), shared(4)], [0.1, shared(0.5, "float64"), T.constant(0.25)]
    cost = sum(p.sum() for p in params)
    found = values_after(2, sgd(cost, params, rates), *params)
    for value, wanted in zip(found, [[0.8, 1.8], 2, 3.5]):
        np.testing.assert_allclose(value, wanted, rtol=1e-6)
        assert value.dtype == "float32"


def test_equal_rates_in_a_tuple_are_the_same_as_one_rate():
    def after_three_steps(rate):
        W, b = shared([[1, 2], [3, 4]]), shared([1, 1])
        return values_after(3, sgd((W**2).sum() + (b**2).sum(), [W, b], rate), W, b)

    for one, other in zip(after_three_steps(0.1), after_three_steps((0.1, 0.1))):
        np.testing.assert_array_equal(one, other)


# Momentum -----------------------------------------------------------------------------------------------------------

RULES = pytest.mark.parametrize("rule", [momentum, nesterov_momentum], ids=["momentum", "nesterov"])
APPLY = pytest.mark.parametrize("apply", [apply_momentum, apply_nesterov_momentum], ids=["momentum", "nesterov"])
SCALES = np.array([1, 10, 0.1])  # a bowl that is steeper along one axis than along the others


def on_a_bowl(rule, steps, **arguments):
    """Positions after each step, the start included."""
    theta = shared([1, -2, 3])
    updates = rule((SCALES.astype("float32") * theta**2).sum() / 2, [theta], **arguments)
    step = theano.function([], [], updates=updates)
    positions = [theta.get_value()]
    for _ in range(steps):
        step()
        positions.append(theta.get_value())
    return np.array(positions)


def test_momentum_follows_the_formula_of_the_slides():
    theta, v, wanted = np.array([1.0, -2, 3]), np.zeros(3), []
    for _ in range(21):
        wanted.append(theta)
        v = 0.9 * v - 0.05 * SCALES * theta
        theta = theta + v
    np.testing.assert_allclose(on_a_bowl(momentum, 20, learning_rate=0.05), wanted, atol=1e-5)


def test_nesterov_momentum_is_at_the_place_ahead_of_sutskevers_formulas():
    theta, v, wanted = np.array([1.0, -2, 3]), np.zeros(3), []
    for _ in range(21):
        wanted.append(theta + 0.8 * v)
        v = 0.8 * v - 0.05 * SCALES * (theta + 0.8 * v)
        theta = theta + v
    found = on_a_bowl(nesterov_momentum, 20, learning_rate=0.05, momentum=0.8)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found - on_a_bowl(momentum, 20, learning_rate=0.05, momentum=0.8)).max() > 0.1


@RULES
def test_without_momentum_it_is_gradient_descent(rule):
    found = on_a_bowl(rule, 5, learning_rate=0.05, momentum=0)
    np.testing.assert_allclose(found, on_a_bowl(sgd, 5, learning_rate=0.05), rtol=1e-5)


@APPLY
def test_on_a_constant_slope_the_velocity_approaches_the_geometric_series(apply):
    theta = shared(0, name="theta")
    updates = apply(sgd(theta, [theta], 1), 0.5)
    (velocity,) = (variable for variable in updates if variable is not theta)
    assert velocity.name == "velocity of theta" and velocity.get_value() == 0
    assert values_after(20, updates, velocity) == [pytest.approx(-1 / (1 - 0.5), rel=1e-5)]


@RULES
def test_momentum_is_the_rule_applied_to_gradient_descent(rule):
    def applied(cost, params, learning_rate):
        apply = {momentum: apply_momentum, nesterov_momentum: apply_nesterov_momentum}[rule]
        return apply(sgd(cost, params, learning_rate), 0.9)

    np.testing.assert_array_equal(on_a_bowl(rule, 3, learning_rate=0.1), on_a_bowl(applied, 3, learning_rate=0.1))


@APPLY
@pytest.mark.parametrize(
    "mu",
    [0.9, np.float64(0.9), shared(0.9), shared(0.9, "float64"), T.constant(0.9)],
    ids=["float", "numpy float64", "shared float32", "shared float64", "constant"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_momentum_of_any_type_leaves_parameters_their_own(apply, mu, dtype):
    theta = shared([1, -2, 3], dtype)
    updates = apply(OrderedDict([(theta, theta - 1)]), mu)
    assert {variable.dtype for variable in updates} == {dtype}
    assert {value.dtype for value in updates.values()} == {dtype}
    for found in values_after(2, updates, *updates):
        assert found.dtype == dtype and found.shape == (3,)


@APPLY
def test_velocities_broadcast_as_their_parameters_do(apply):
    row = theano.shared(np.ones((1, 3), dtype="float32"), broadcastable=(True, False))
    updates = apply(sgd((row + T.zeros((4, 3))).sum(), [row], 1), 0.5)
    assert [variable.broadcastable for variable in updates] == [(True, False)] * 2
    (found,) = values_after(1, updates, row)
    np.testing.assert_allclose(found, np.full((1, 3), -3 if apply is apply_momentum else -5))


def test_momentum_may_change_during_training():
    theta, mu = shared(0), shared(0.5)
    step = theano.function([], [], updates=momentum(theta, [theta], 1, mu), mode="FAST_COMPILE")
    step()
    mu.set_value(np.float32(0))
    step()
    assert theta.get_value() == -2  # with 0.5 all along it would be -2.5


@RULES
def test_a_learning_rate_that_decays_gets_no_velocity(rule):
    theta, rate = shared(1), shared(0.4)
    updates = rule(theta**2 / 2, [theta], rate, 0.5)
    updates.update(exponential_decay(rate, 0.5))
    assert len(updates) == 3
    assert values_after(3, updates, rate) == [pytest.approx(0.05)]


@RULES
def test_momentum_takes_one_learning_rate_for_each_parameter(rule):
    slow, fast = shared(0), shared(0)
    found = values_after(3, rule(slow + fast, [slow, fast], [0.1, 0.2]), slow, fast)
    assert found[1] == pytest.approx(2 * found[0])


# Decay --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "factor", [0.9, shared(0.9), shared(0.9, "float64")], ids=["float", "shared float32", "shared float64"]
)
def test_a_variable_decays_exponentially_and_keeps_its_type(dtype, factor):
    rate = shared(0.5, dtype)
    (found,) = values_after(4, exponential_decay(rate, factor), rate)
    assert found == pytest.approx(0.5 * 0.9**4, rel=1e-6)
    assert found.dtype == dtype


def test_the_factor_one_changes_nothing():
    rate = shared(0.5)
    assert values_after(3, exponential_decay(rate, 1), rate) == [0.5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_variable_falls_to_zero_on_a_straight_line(dtype):
    rate = shared(0.5, dtype)
    step = theano.function([], [], updates=linear_decay(rate, 4))
    found = []
    for _ in range(6):
        step()
        found.append(rate.get_value())
    np.testing.assert_allclose(found, [0.375, 0.25, 0.125, 0, 0, 0], rtol=1e-6)
    assert found[0].dtype == dtype


def test_the_straight_line_ends_on_time_after_many_steps_in_float32():
    rate = shared(0.1)
    step = theano.function([], [], updates=linear_decay(rate, 100_000))
    for _ in range(99_999):
        step()
    assert rate.get_value() == pytest.approx(1e-6, rel=0.05)


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


def test_a_learning_rate_that_is_no_number_is_refused():
    theta = shared(1)
    for bad in (None, "0.1", np.ones(2)):
        with pytest.raises(ValueError, match="learning_rate must be above 0 and finite, not"):
            sgd(theta**2, [theta], bad)


@pytest.mark.parametrize("rates", [[], [0.1], (0.1, 0.1, 0.1)])
def test_as_many_learning_rates_as_parameters_are_needed(rates):
    params = [shared(1), shared(2)]
    with pytest.raises(ValueError, match=f"it has {len(rates)}, and there are 2 parameters"):
        sgd(sum(params), params, rates)


def test_the_one_learning_rate_that_is_bad_is_named():
    params = [shared(1), shared(2)]
    with pytest.raises(ValueError, match=r"learning_rate\[1\] must be above 0 and finite, not -3"):
        sgd(sum(params), params, [0.1, -3])


@APPLY
@pytest.mark.parametrize("bad", [1, 1.5, -0.1, float("nan"), float("inf"), None, "0.9"])
def test_momentum_outside_0_to_1_is_refused(apply, bad):
    theta = shared(1)
    with pytest.raises(ValueError, match=f"momentum must be at least 0 and below 1, not {bad!r}"):
        apply(sgd(theta**2, [theta], 0.1), bad)


@APPLY
def test_symbolic_momentum_must_be_a_scalar(apply):
    theta = shared(1)
    with pytest.raises(ValueError, match="momentum must be a scalar, not 1-dimensional"):
        apply(sgd(theta**2, [theta], 0.1), T.vector("momentum"))


@APPLY
def test_only_shared_variables_get_a_velocity(apply):
    theta = T.vector("theta")
    with pytest.raises(ValueError, match="what is updated must be a shared variable.* not theta"):
        apply(OrderedDict([(theta, theta - 1)]))


@pytest.mark.parametrize("bad", [0, 1.5, -0.5, float("nan"), float("inf")])
def test_a_factor_outside_0_to_1_is_refused(bad):
    with pytest.raises(ValueError, match=f"factor must be above 0 and at most 1, not {bad!r}"):
        exponential_decay(shared(1), bad)


@pytest.mark.parametrize("bad", [0, -3, 2.5, None])
def test_a_line_needs_a_whole_number_of_steps(bad):
    with pytest.raises(ValueError, match=f"n_steps must be a whole number of at least 1, not {bad!r}"):
        linear_decay(shared(1), bad)


def test_symbolic_rates_and_factors_must_be_scalars():
    theta = shared(1)
    with pytest.raises(ValueError, match="learning_rate must be a scalar, not 1-dimensional"):
        sgd(theta**2, [theta], T.vector("rate"))
    with pytest.raises(ValueError, match="factor must be a scalar, not 2-dimensional"):
        exponential_decay(theta, T.matrix("factor"))


@pytest.mark.parametrize("bad", [T.vector("theta"), np.ones(3)], ids=["symbol", "array"])
def test_what_is_not_shared_cannot_be_updated(bad):
    theta = shared(1)
    with pytest.raises(ValueError, match="a parameter must be a shared variable.* not (theta|an array)"):
        sgd(theta**2, [theta, bad], 0.1)
    with pytest.raises(ValueError, match="what decays must be a shared variable"):
        exponential_decay(bad, 0.9)


def test_only_a_scalar_decays():
    with pytest.raises(ValueError, match="only a scalar can decay here, and rates is 1-dimensional"):
        exponential_decay(shared([0.1, 0.2], name="rates"), 0.9)
    with pytest.raises(ValueError, match="only a scalar can decay here, and rates is 1-dimensional"):
        linear_decay(shared([0.1, 0.2], name="rates"), 9)


def test_a_cost_that_is_no_scalar_is_refused():
    theta = shared([1, 2])
    with pytest.raises(ValueError, match="cost must be a scalar, not 1-dimensional"):
        sgd(theta**2, [theta], 0.1)


def test_a_parameter_that_the_cost_does_not_depend_on_is_refused():
    used, unused = shared(1, name="used"), shared(1, name="unused")
    with pytest.raises(ValueError, match="does not depend on every parameter in .*unused"):
        sgd(used**2, [used, unused], 0.1)
