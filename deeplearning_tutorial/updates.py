r"""What changes after each mini-batch.

Every function here returns an ``OrderedDict`` from shared variables to their next values, which is what
``theano.function(..., updates=...)`` takes. Theano computes all the next values first and stores them afterwards,
so that the order of the entries does not matter. Rules about different variables compose by joining their
dictionaries:

>>> learning_rate = theano.shared(np.float32(0.1))
>>> updates = sgd(cost, params, learning_rate)
>>> updates.update(exponential_decay(learning_rate, 0.995))
"""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T


def sgd(cost, params, learning_rate):
    """Stochastic gradient descent.

    The rule, with the gradient of a mini-batch::

        parameter := parameter - learning_rate * gradient

    Parameters
    ----------
    cost : symbolic scalar
    params : list of shared variables
    learning_rate : float or symbolic scalar
        A float must be positive. A shared variable can change during training, see `exponential_decay`.

    Returns
    -------
    OrderedDict
        From each parameter to its next value, of the parameter's own dtype.

    Raises
    ------
    ValueError
        If `cost` is not a scalar, if a parameter is not a shared variable or the cost does not depend on it, or if
        the learning rate is not positive.
    """
    _check_params(params)
    if cost.ndim != 0:
        raise ValueError(
            f"the cost must be a scalar, not {cost.ndim}-dimensional: take its mean over the mini-batch."
        )
    learning_rate = _as_rate("learning_rate", learning_rate, upper=np.inf)
    try:
        gradients = T.grad(cost, params)
    except theano.gradient.DisconnectedInputError as error:
        raise ValueError(
            f"the cost does not depend on every parameter in {params}, so it has no gradient there."
        ) from error
    # theano.shared(0.1) is a float64: cast it, or float32 parameters could not hold their next values.
    return OrderedDict((p, p - T.cast(learning_rate, p.dtype) * g) for p, g in zip(params, gradients))


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
    _check_params([variable])
    if variable.ndim != 0:
        raise ValueError(f"only a scalar can decay here, and {variable} is {variable.ndim}-dimensional.")
    factor = _as_rate("factor", factor, upper=1)
    return OrderedDict([(variable, T.cast(variable * factor, variable.dtype))])


def _check_params(params):
    for parameter in params:
        if not isinstance(parameter, theano.compile.SharedVariable):
            raise ValueError(
                f"only shared variables can be updated, and {parameter!r} is none: make it with theano.shared."
            )


def _as_rate(name, value, upper):
    if isinstance(value, theano.Variable):
        if value.ndim != 0:
            raise ValueError(f"{name} must be a scalar, not {value.ndim}-dimensional.")
        return value
    if not 0 < value <= upper or not np.isfinite(value):
        raise ValueError(
            f"{name} must be above 0 and {'finite' if upper == np.inf else f'at most {upper}'}, not {value!r}."
        )
    # A Python float is a float64 to Theano, and would turn float32 parameters into float64.
    return np.asarray(value, dtype=theano.config.floatX)
