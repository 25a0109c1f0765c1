r"""What changes after each mini-batch.

Every function here returns an ``OrderedDict`` from shared variables to their next values, which is what
``theano.function(..., updates=...)`` takes. Theano computes all the next values first and stores them afterwards,
so that the order of the entries does not matter. Rules about different variables compose by joining their
dictionaries:

>>> learning_rate = theano.shared(np.float32(0.1))
>>> updates = sgd(cost, params, learning_rate)
>>> updates.update(exponential_decay(learning_rate, 0.995))

Rules about the same variables compose by going through one another. Momentum takes the steps of any rule and lets
them gather speed; a constraint on the weights comes last (see `regularization.max_norm`):

>>> updates = apply_momentum(sgd(cost, params, learning_rate), 0.9)     # what momentum(cost, params, ...) does
>>> updates = max_norm(updates, [layer.W for layer in mlp.hiddenLayers], limit=3)
>>> updates.update(exponential_decay(learning_rate, 0.995))             # afterwards: a rate needs no momentum
"""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.checks import check_cost, check_number, check_params, check_updates, positive_integer


def sgd(cost, params, learning_rate):
    """Stochastic gradient descent.

    The rule, with the gradient of a mini-batch::

        parameter := parameter - learning_rate * gradient

    Parameters
    ----------
    cost : symbolic scalar
    params : list of shared variables
    learning_rate : float or symbolic scalar, or a list of them
        A float must be positive. A shared variable can change during training, see `exponential_decay`. A list has
        one rate for each parameter, in the same order: layers that learn at different speeds.

    Returns
    -------
    OrderedDict
        From each parameter to its next value, of the parameter's own dtype.

    Raises
    ------
    ValueError
        If `cost` is not a scalar, if a parameter is not a shared variable or the cost does not depend on it, if a
        learning rate is not positive, or if there are not as many rates as parameters.
    """
    check_cost(cost)
    check_params(params)
    rates = _one_rate_each(learning_rate, params)
    try:
        gradients = T.grad(cost, params)
    except theano.gradient.DisconnectedInputError as error:
        raise ValueError(
            f"the cost does not depend on every parameter in {params}, so it has no gradient there."
        ) from error
    # theano.shared(0.1) is a float64: cast it, or float32 parameters could not hold their next values.
    return OrderedDict((p, p - T.cast(rate, p.dtype) * g) for p, rate, g in zip(params, rates, gradients))


def apply_momentum(updates, momentum=0.9):
    r"""Let the steps of another rule gather speed.

    The rule, with the step that `updates` would take (for `sgd`, ``-learning_rate * gradient``)::

        velocity  := momentum * velocity + step
        parameter := parameter + velocity

    Along a direction in which all steps agree the velocity grows up to ``1 / (1 - momentum)`` steps; steps to and fro
    across a narrow valley cancel one another.

    Parameters
    ----------
    updates : OrderedDict
        From each parameter to its next value. Every variable in it gets a velocity, so join rules about other
        variables, such as the learning rate, afterwards.
    momentum : float or symbolic scalar
        A float must be in [0, 1). At 0 the rule is the one it was given. A shared variable can change during training.

    Returns
    -------
    OrderedDict
        From each parameter and each velocity to its next value. Velocities are new shared variables of the
        parameters' shapes and dtypes, and start at zero.

    Raises
    ------
    ValueError
        If a key of `updates` is not a shared variable or `momentum` is not in [0, 1).

    Notes
    -----
    B. T. Polyak (1964), "Some methods of speeding up the convergence of iteration methods".
    """
    return _with_velocity(updates, momentum, lambda mu, velocity, step: velocity)


def momentum(cost, params, learning_rate, momentum=0.9):
    """Stochastic gradient descent with momentum: `apply_momentum` after `sgd`.

    The rule::

        velocity  := momentum * velocity - learning_rate * gradient
        parameter := parameter + velocity

    Parameters
    ----------
    cost, params, learning_rate
        As for `sgd`.
    momentum
        As for `apply_momentum`.

    Returns
    -------
    OrderedDict
        From each parameter and each velocity to its next value.

    Raises
    ------
    ValueError
        As `sgd` and `apply_momentum` do.
    """
    return apply_momentum(sgd(cost, params, learning_rate), momentum)


def apply_nesterov_momentum(updates, momentum=0.9):
    r"""Let the steps of another rule gather speed, and look ahead before each.

    Momentum takes the gradient where it stands, and then moves on by most of its velocity anyway. Nesterov's
    accelerated gradient goes there first and takes the gradient at that place, so that it can correct the velocity
    earlier. As Sutskever et al. write it:

    .. math::
        v_{t+1} &= \mu v_t - \varepsilon \nabla f(\theta_t + \mu v_t) \\
        \theta_{t+1} &= \theta_t + v_{t+1}

    `T.grad` gives the gradient at the shared variables. So they hold the place ahead,
    :math:`\Theta_t = \theta_t + \mu v_t`, instead of :math:`\theta_t`, and the same sequence is::

        velocity  := momentum * velocity + step
        parameter := parameter + momentum * velocity + step

    with the new velocity in the second line. Both places are the same in the end, when the velocity is close to zero.

    Parameters
    ----------
    updates, momentum
        As for `apply_momentum`. Where momentum changes during training, the place ahead is the one that the old
        momentum leads to.

    Returns
    -------
    OrderedDict
        From each parameter and each velocity to its next value, as from `apply_momentum`.

    Raises
    ------
    ValueError
        If a key of `updates` is not a shared variable or `momentum` is not in [0, 1).

    Notes
    -----
    I. Sutskever et al. (2013), "On the importance of initialization and momentum in deep learning". In terms of the
    place ahead: Y. Bengio, N. Boulanger-Lewandowski and R. Pascanu (2012), "Advances in optimizing recurrent networks".
    """
    return _with_velocity(updates, momentum, lambda mu, velocity, step: mu * velocity + step)


def nesterov_momentum(cost, params, learning_rate, momentum=0.9):
    """Stochastic gradient descent with Nesterov's momentum: `apply_nesterov_momentum` after `sgd`.

    The rule, with the new velocity in the second line::

        velocity  := momentum * velocity - learning_rate * gradient
        parameter := parameter + momentum * velocity - learning_rate * gradient

    Parameters
    ----------
    cost, params, learning_rate
        As for `sgd`.
    momentum
        As for `apply_momentum`.

    Returns
    -------
    OrderedDict
        From each parameter and each velocity to its next value.

    Raises
    ------
    ValueError
        As `sgd` and `apply_momentum` do.
    """
    return apply_nesterov_momentum(sgd(cost, params, learning_rate), momentum)


def exponential_decay(variable, factor):
    """Let a shared scalar, such as the learning rate, shrink with every step.

    The rule, which after t steps makes it ``variable * factor ** t``::

        variable := variable * factor

    Parameters
    ----------
    variable : shared scalar
    factor : float or symbolic scalar
        In (0, 1].

    Returns
    -------
    OrderedDict
        From `variable` to its next value.

    Raises
    ------
    ValueError
        If `variable` is not a shared scalar or `factor` is not in (0, 1].
    """
    check_params([variable], "what decays")
    if variable.ndim != 0:
        raise ValueError(f"only a scalar can decay here, and {variable} is {variable.ndim}-dimensional.")
    factor = _as_scalar("factor", factor, lambda f: 0 < f <= 1, "above 0 and at most 1")
    return OrderedDict([(variable, T.cast(variable * factor, variable.dtype))])


def linear_decay(variable, n_steps):
    """Let a shared scalar, such as the learning rate, fall to zero on a straight line.

    The rule, which after t steps makes it ``variable * (1 - t / n_steps)``, and zero from then on::

        variable := its value now * (1 - steps done / n_steps)

    Parameters
    ----------
    variable : shared scalar
    n_steps : int
        After so many it is zero: how long training will last.

    Returns
    -------
    OrderedDict
        From `variable` to its next value, and from a new shared scalar that counts the steps to its.

    Raises
    ------
    ValueError
        If `variable` is not a shared scalar or `n_steps` is not a whole number of at least 1.
    """
    check_params([variable], "what decays")
    if variable.ndim != 0:
        raise ValueError(f"only a scalar can decay here, and {variable} is {variable.ndim}-dimensional.")
    n_steps = positive_integer("n_steps", n_steps)
    start = np.asarray(variable.get_value(), dtype=variable.dtype)
    # Counted, because a small number that is subtracted many times adds up its roundings.
    done = theano.shared(np.zeros((), dtype=variable.dtype), name="steps done")
    left = T.clip(1 - (done + 1) / np.asarray(n_steps, dtype=variable.dtype), 0, 1)
    return OrderedDict([(variable, T.cast(start * left, variable.dtype)), (done, done + 1)])


def _with_velocity(updates, momentum, move):
    """Give each parameter a velocity; ``move(momentum, new velocity, step)`` is how far the parameter then goes."""
    check_updates(updates)
    momentum = _as_scalar("momentum", momentum, lambda m: 0 <= m < 1, "at least 0 and below 1")
    result = OrderedDict()
    for parameter, next_value in updates.items():
        velocity = _zeros_like(parameter, name=f"velocity of {parameter.name or 'a parameter'}")
        mu = T.cast(momentum, parameter.dtype)
        step = T.cast(_step(parameter, next_value), parameter.dtype)
        new_velocity = mu * velocity + step
        result[velocity] = new_velocity
        result[parameter] = parameter + move(mu, new_velocity, step)
    return result


def _step(parameter, next_value):
    """How far a rule takes a parameter: as the rule says, where it adds to the parameter or subtracts from it.

    In floats ``(parameter + step) - parameter`` has the digits of the step that are left beside the parameter's.
    """
    rule = next_value.owner
    if rule is not None and rule.op == T.sub and rule.inputs[0] is parameter:
        return -rule.inputs[1]
    if rule is not None and rule.op == T.add and len(rule.inputs) == 2 and parameter in rule.inputs:
        return rule.inputs[1 - rule.inputs.index(parameter)]
    return next_value - parameter


def _zeros_like(parameter, name):
    zeros = np.zeros(parameter.get_value(borrow=True).shape, dtype=parameter.dtype)
    return theano.shared(zeros, name=name, broadcastable=parameter.broadcastable)


def _one_rate_each(learning_rate, params):
    if not isinstance(learning_rate, (list, tuple)):
        return [_as_rate("learning_rate", learning_rate)] * len(params)
    if len(learning_rate) != len(params):
        raise ValueError(
            f"a list of learning rates must have one for each parameter: it has {len(learning_rate)}, and there are "
            f"{len(params)} parameters."
        )
    return [_as_rate(f"learning_rate[{i}]", rate) for i, rate in enumerate(learning_rate)]


def _as_rate(name, value):
    return _as_scalar(name, value, lambda rate: 0 < rate < np.inf, "above 0 and finite")


def _as_scalar(name, value, allowed, wanted):
    if isinstance(value, theano.Variable):
        if value.ndim != 0:
            raise ValueError(f"{name} must be a scalar, not {value.ndim}-dimensional.")
        return value
    check_number(name, value, wanted, allowed)
    # A Python float is a float64 to Theano, and would turn float32 parameters into float64.
    return np.asarray(value, dtype=theano.config.floatX)
