"""The exercises of notebook 03."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises.examination import (
    QUICK,
    Exercise,
    Unsolved,
    Wrong,
    compare,
    describe,
    diagnose,
    first_line_of,
    result_of,
    same,
    values_of,
)

EXERCISES = {}

# --- Learning-rate decay ---------------------------------------------------------------------------------------------


def decay(learning_rate, factor):
    """The updates that multiply a shared learning rate by a factor after each step."""
    return [(learning_rate, learning_rate * factor)]


def _examine_decay(answer):
    rate = theano.shared(np.asarray(0.5, dtype=theano.config.floatX), name="learning_rate")
    returned, missing = None, None
    try:
        returned = result_of(
            answer,
            rate,
            0.9,
            known=[
                (
                    "cannot store accurately",
                    "Do not change it now (`set_value`). Return a description of the change, `[(variable, next value)]`: "
                    "the compiled function carries it out, in each step.",
                )
            ],
        )
    except Unsolved as nothing:
        missing = nothing
    if not same(rate.get_value(), 0.5):
        raise Wrong(
            "It changes the learning rate itself, once, when it is called, and no step will do it again. Return updates, "
            "and leave the change to the compiled function."
        )
    if missing is not None:
        raise missing
    if isinstance(returned, theano.Variable):
        raise Wrong(
            "It returns the next value alone, and nobody knows whose. An update is a pair: the shared variable, and the "
            "expression of its next value. Return a list of one such pair."
        )
    if isinstance(returned, tuple) and len(returned) == 2 and returned[0] is rate:
        raise Wrong("That is the right kind of pair, but updates are a list of pairs: put it in square brackets.")
    updates = _updates_in(returned)
    if rate not in updates:
        raise Wrong("There is no pair for `learning_rate`. It comes first in the pair, its next value second.")
    if not isinstance(updates[rate], theano.Variable) or isinstance(updates[rate], theano.gof.Constant):
        raise Wrong(
            "The next value is a fixed number: each step would store the same one. What `get_value()` or `eval()` gives is "
            "today's number; multiply the variable itself, `learning_rate`."
        )
    if getattr(updates[rate], "dtype", rate.dtype) != rate.dtype:
        raise Wrong(
            f"The next value is a {updates[rate].dtype}, and the shared variable can hold only {rate.dtype}. Multiply it by "
            "`factor` as it is, a Python number: Theano fits that to the variable."
        )
    found = _values_after_each_step(updates, rate, n_steps=2)
    diagnose(
        found,
        (
            [0.45, 0.45],
            "The rate falls in the first step and then stays. The next value was worked out once, as a number. Use "
            "`learning_rate` itself in the expression, not what it holds now (`get_value`, `eval`).",
        ),
        (
            [0.5, 0.5],
            "After a step the learning rate is what it was. It is to change after each step, not only after an epoch.",
        ),
        ([0.5 - 0.9, 0.5 - 1.8], "The factor is subtracted: after two steps the rate is negative. Multiply by it."),
        (
            [0.5 * 0.1, 0.5 * 0.01],
            "What is left after a step is `1 - factor` of the rate. The factor itself is what should be left.",
        ),
        (
            [0.5**0.9, 0.5**0.81],
            "The rate is raised to the power of the factor, and grows, since it is below 1. Multiply by the factor.",
        ),
        ([1.4, 2.3], "The factor is added. Multiply by it."),
        ([0.25 * 0.9, (0.25 * 0.9) ** 2 * 0.9], "The rate is squared. Multiply it by the factor, once."),
        ([0.5 / 0.9, 0.5 / 0.81], "It divides by the factor, so that the rate grows. Multiply by it."),
        ([0.5 * 0.995, 0.5 * 0.995**2], "It always multiplies by 0.995. Use the argument `factor`."),
    )
    if not same(found, [0.45, 0.405]):
        raise Wrong(
            f"From 0.5 with the factor 0.9 the rate should become 0.45 and then 0.405, and it becomes {found[0]:.4g} and "
            f"{found[1]:.4g}."
        )
    return "each step leaves the rate multiplied by the factor: 0.5, 0.45, 0.405, ..."


def _updates_in(returned):
    """The updates that an answer returns, pairs or a dictionary, as a dictionary."""
    if isinstance(returned, list) and any(isinstance(entry, theano.Variable) for entry in returned):
        raise Wrong(
            "It returns a list without a pair. An update says whose next value it is, in round brackets: "
            "`[(variable, next value)]`."
        )
    try:
        return dict(returned)
    except (TypeError, ValueError) as error:
        raise Wrong(
            f"It returns {describe(returned)}, and not updates. Updates are a list of pairs: a shared variable, and "
            "the expression of its next value."
        ) from error


def _values_after_each_step(updates, variable, n_steps):
    """Carry out updates, and see what a shared variable holds after each step."""
    try:
        step = theano.function([], [], updates=list(updates.items()), mode=QUICK)
        values = []
        for _ in range(n_steps):
            step()
            values.append(float(variable.get_value()))
        return values
    except Exception as error:
        raise Wrong(f"With these updates, `theano.function` raised `{first_line_of(error)}`.") from error


EXERCISES["decay"] = Exercise(
    "Updates are what `theano.function` takes under that name: a list of pairs. The first of a pair is the shared "
    "variable, the second a symbolic expression of what it holds after the call. You need one pair, and a product.",
    decay,
    _examine_decay,
)


# --- Momentum --------------------------------------------------------------------------------------------------------


def momentum_step(theta, velocity, gradient, mu, epsilon):
    """The next parameters and the next velocity (Polyak 1964)."""
    next_velocity = mu * velocity - epsilon * gradient
    return theta + next_velocity, next_velocity


def _examine_momentum_step(answer):
    theta, velocity, gradient = T.vectors("theta", "velocity", "gradient")
    mu, epsilon = 0.7, 0.2
    pair = _pair_of(result_of(answer, theta, velocity, gradient, mu, epsilon, known=_GRADIENT))
    t, v, g = (np.array(n, dtype=theano.config.floatX) for n in ([1, -2, 0.5], [0.3, 0.1, -0.2], [0.4, -0.5, 1]))
    found = _two_vectors(values_of(pair, [theta, velocity, gradient], [t, v, g]), len(t))

    next_v = mu * v - epsilon * g
    wanted = [t + next_v, next_v]
    diagnose(found, *_mistakes_with_velocity(t, v, g, mu, epsilon))
    diagnose(
        found,
        ([t - epsilon * g, next_v], "The velocity is right, but the parameters go without it. Add it to `theta`."),
        ([t - epsilon * g, v], "That is plain gradient descent: the velocity neither changes nor does anything."),
        (
            [t + mu * next_v - epsilon * g, next_v],
            "The parameters move by Nesterov's rule, which comes later. Add to `theta` the new velocity, and no more.",
        ),
        (
            [t - epsilon * g, mu * v],
            "The gradient moves `theta` only. It changes the velocity, and that moves `theta`.",
        ),
    )
    if not same(found, wanted):
        raise Wrong(
            "It is not the rule. For theta 1, velocity 0.3, gradient 0.4, mu 0.7 and epsilon 0.2 the next velocity is 0.13 "
            f"and the next theta 1.13; it returns ({found[0][0]:.4g}, {found[1][0]:.4g})."
        )
    return "the velocity keeps a part of itself, takes up the gradient, and carries the parameters along."


def _mistakes_with_velocity(t, v, g, mu, epsilon):
    """What well-known mistakes in momentum give for a gradient, and their diagnoses."""

    def moved(velocity):
        return [t + velocity, velocity]

    next_v = mu * v - epsilon * g
    return [
        ([next_v, t + next_v], "The pair is exchanged: the next `theta` comes first, the next velocity second."),
        (
            [t + v, next_v],
            "The parameters go on with the *old* velocity. Work out the next velocity first, and add that one.",
        ),
        (moved(mu * v + epsilon * g), "It goes uphill. The gradient points upwards: its step is subtracted."),
        (
            [t - (mu * v + epsilon * g), mu * v + epsilon * g],
            "That velocity points the other way, uphill, and is subtracted. Here it points downhill, and is added to `theta`.",
        ),
        ([t - next_v, next_v], "The velocity is subtracted from `theta`. It has its sign already: add it."),
        (moved(v - epsilon * g), "`mu` is missing: without friction the ball never comes to rest."),
        (moved(mu * v - g), "The learning rate `epsilon` is missing. It multiplies the gradient."),
        (
            [t + epsilon * (mu * v - g), mu * v - g],
            "The learning rate multiplies the whole velocity. It belongs to the gradient only.",
        ),
        (
            moved(epsilon * (mu * v - g)),
            "The learning rate multiplies the old velocity too. It belongs to the gradient only.",
        ),
        (
            moved(mu * (v - epsilon * g)),
            "`mu` multiplies the gradient's step too. It belongs to the old velocity only.",
        ),
        (
            moved(mu * v - (1 - mu) * epsilon * g),
            "The gradient's step is weighted with `1 - mu`, as in an average. Here it counts in full.",
        ),
        (moved(mu * t - epsilon * g), "`mu` multiplies `theta`. It multiplies the old velocity."),
        (
            moved(epsilon * v - mu * g),
            "`mu` and `epsilon` are exchanged: `mu` is for the velocity, `epsilon` for the gradient.",
        ),
        (
            [next_v, next_v],
            "The velocity is right, but the first of the pair is the velocity, too: `theta` is missing there.",
        ),
        ([t, next_v], "The velocity is right, but `theta` stays where it is. Add the new velocity to it."),
        (
            moved((1 - mu) * v - epsilon * g),
            "It leaves `1 - mu` of the velocity. `mu` is what friction leaves, and not what it takes.",
        ),
        (moved(mu * v), "The gradient is not used: the slope adds to the velocity."),
        (moved(-epsilon * g), "The old velocity is not used, and so nothing rolls: a part `mu` of it stays."),
        (
            moved(mu * g - epsilon * v),
            "Velocity and gradient are exchanged: `mu` is for the velocity, `epsilon` for the gradient.",
        ),
        (moved(mu * v - g / epsilon), "It divides by the learning rate `epsilon`. That multiplies the gradient."),
        (
            [t + epsilon * next_v, next_v],
            "The learning rate multiplies the velocity once more. It is in there already: add the velocity as it is.",
        ),
        (
            [t + mu * next_v, next_v],
            "`mu` multiplies the new velocity once more. Add the velocity as it is to `theta`.",
        ),
        (
            [t + v + next_v, next_v],
            "Both velocities are added to `theta`, the old one and the new one. The old one is in the new one already.",
        ),
        (
            [t + next_v - epsilon * g, next_v],
            "The gradient's step is taken twice: it is in the new velocity already. Add that to `theta`, and nothing else.",
        ),
        (
            moved(mu * v - epsilon * g * v),
            "The gradient is multiplied by the velocity. Only the learning rate multiplies it.",
        ),
        (
            moved(mu * v - epsilon * g * t),
            "The gradient is multiplied by `theta`. Only the learning rate multiplies it.",
        ),
        (
            moved(mu * (v - epsilon) * g),
            "`mu` multiplies all of it. Leave the brackets out: `mu` is for the old velocity only.",
        ),
        ([t + next_v, v], "The second of the pair is the old velocity. Return the new one."),
        ([t + next_v, t + next_v], "The second of the pair is `theta` again. Return the new velocity there."),
    ]


_GRADIENT = [
    *[
        (words, "The gradient is given already: it is the argument `gradient`. No `T.grad` is needed here.")
        for words in ("DisconnectedInputError", "cost must be a scalar")
    ],
    (
        "Variable' object is not callable",
        "A symbol is called like a function. `gradient` is the gradient itself, as it is, without brackets; and a product needs its "
        "`*`.",
    ),
]
"""Words of errors with a gradient that is given, and their diagnoses."""

_GRADIENT_AT = [
    *[
        (words, "`gradient_at` gives the gradient already. No `T.grad` is needed here.")
        for words in ("DisconnectedInputError", "cost must be a scalar")
    ],
    (
        "Variable' object is not callable",
        "A symbol is called like a function. The function that gives a gradient is `gradient_at`; and a product needs its `*`.",
    ),
    *[
        (words, "`gradient_at` is a function. Call it, with the place to look at in round brackets.")
        for words in ("'function' object is not subscriptable", "and 'function'", "'function' and")
    ],
    *[
        (words, "`gradient_at` takes one place. Work that out first, as one expression.")
        for words in ("gradient_at() takes 1 positional argument", "gradient_at() missing 1")
    ],
]
"""The same with a function that gives the gradient at a place."""


def _pair_of(returned):
    if isinstance(returned, theano.Variable):
        raise Wrong("It returns one expression. Return two: the next `theta`, and the next velocity.")
    if isinstance(returned, dict) or (
        isinstance(returned, (tuple, list)) and any(isinstance(entry, (tuple, list)) for entry in returned)
    ):
        raise Wrong("These are updates. Return only the two next values; the pairs are made below.")
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise Wrong(
            f"It returns {describe(returned)}, and not a pair. Return the next `theta` and the next velocity, with a "
            "comma between them."
        )
    if not all(isinstance(expression, theano.Variable) for expression in returned):
        raise Wrong("What it returns is not symbolic. Arithmetic on the arguments, as they are, builds the graph.")
    return list(returned)


def _two_vectors(values, length):
    if [np.shape(value) for value in values] != [(length,)] * 2:
        raise Wrong("Both of the pair must have the shape of `theta`. Is something summed up on the way?")
    return np.array(values)


EXERCISES["momentum_step"] = Exercise(
    "Give the next velocity a name of its own, in a line of its own, because it is needed twice: the second formula has "
    "the new velocity, not the old one. Then return two things with a comma between them.",
    momentum_step,
    _examine_momentum_step,
)


# --- Nesterov's momentum ---------------------------------------------------------------------------------------------


def nesterov_step(theta, velocity, gradient_at, mu, epsilon):
    """The next parameters and the next velocity, as Sutskever et al. (2013) write Nesterov's rule."""
    next_velocity = mu * velocity - epsilon * gradient_at(theta + mu * velocity)
    return theta + next_velocity, next_velocity


def _examine_nesterov_step(answer):
    theta, velocity = T.vectors("theta", "velocity")
    mu, epsilon = 0.7, 0.2
    asked = []

    def gradient_at(place):
        asked.append(place)
        return place**3 + 0.5

    pair = _pair_of(result_of(answer, theta, velocity, gradient_at, mu, epsilon, known=_GRADIENT_AT))
    if not asked:
        raise Wrong("It never asks for a gradient. `gradient_at` is a function: call it with the place to look at.")
    t, v = (np.array(n, dtype=theano.config.floatX) for n in ([1, -1.2, 0.5], [0.6, 0.5, -0.4]))
    found = _two_vectors(values_of(pair, [theta, velocity], [t, v]), len(t))

    def slope(place):
        return place**3 + 0.5

    ahead = t + mu * v
    next_v = mu * v - epsilon * slope(ahead)
    wanted = [t + next_v, next_v]
    elsewhere = [
        (
            t,
            "It looks where it stands: that is momentum as before. Look where the velocity will lead, ahead of `theta`.",
        ),
        (t - mu * v, "It looks back, to where it came from. The place ahead is `theta` *plus* what the velocity adds."),
        (t + v, "It looks too far ahead: friction will slow the velocity down first, so that only `mu` of it is left."),
        (mu * v, "It takes the gradient at the velocity. The place ahead is as far as that from `theta`."),
        (v, "It takes the gradient at the velocity. The place ahead is `theta` plus `mu` times the velocity."),
        (t + mu, "It looks `mu` ahead. The place ahead is `theta` plus `mu` *times the velocity*."),
        (t * mu * v, "It multiplies `theta`, too. The place ahead is `theta` *plus* `mu` times the velocity."),
        (mu * (t + v), "`mu` multiplies `theta`, too. It multiplies the velocity only."),
        (mu * t + v, "`mu` multiplies `theta`. It multiplies the velocity."),
    ]
    diagnose(
        found,
        *[
            ([t + mu * v - epsilon * slope(place), mu * v - epsilon * slope(place)], diagnosis)
            for place, diagnosis in elsewhere
        ],
        *_mistakes_with_velocity(t, v, slope(ahead), mu, epsilon),
        (
            [ahead + next_v, next_v],
            "It goes on from the place ahead. That was only a look: the step starts at `theta`, where we are.",
        ),
        (
            [t - epsilon * slope(ahead), next_v],
            "The parameters take the gradient's step only. Add the new velocity to `theta`.",
        ),
    )
    (place,) = values_of([asked[-1]], [theta, velocity], [t, v])
    if not same(place, ahead):
        raise Wrong(
            "It takes the gradient at another place than `theta` plus `mu` times the velocity: for theta "
            f"{t[0]:.4g}, velocity {v[0]:.4g} and mu {mu} that is {ahead[0]:.4g}, and it asks at {np.ravel(place)[0]:.4g}."
        )
    compare(
        found,
        wanted,
        "It is not the rule, though the gradient is taken at the right place. The velocity changes as with momentum, and moves "
        "`theta`.",
    )
    return "it looks ahead, where the velocity would lead, and corrects the velocity before it goes."


EXERCISES["nesterov_step"] = Exercise(
    "It is your `momentum_step`, with another gradient. First name the place ahead. Call `gradient_at` with it. The rest, "
    "the two formulas of momentum, stays as it was.",
    nesterov_step,
    _examine_nesterov_step,
)


# --- Patience --------------------------------------------------------------------------------------------------------


def should_stop(errors, patience):
    """Whether the lowest error is `patience` or more validations ago; of equal ones the first counts."""
    validations_since_best = len(errors) - 1 - errors.index(min(errors))
    return validations_since_best >= patience


def _examine_should_stop(answer):
    found = [_yes_or_no(answer, errors, patience) for errors, patience in _ERRORS_AND_PATIENCE]
    wanted = [_best_ago(errors) >= patience for errors, patience in _ERRORS_AND_PATIENCE]
    for mistake, diagnosis in _WRONG_STOPS:
        if found == [mistake(errors, patience) for errors, patience in _ERRORS_AND_PATIENCE]:
            raise Wrong(diagnosis)
    for (errors, patience), is_stop, should_be in zip(_ERRORS_AND_PATIENCE, found, wanted):
        if is_stop != should_be:
            raise Wrong(
                f"For `errors = {errors}` and `patience = {patience}` it should return {should_be}: the best error, {min(errors)}, "
                f"is {_best_ago(errors)} validation{'' if _best_ago(errors) == 1 else 's'} ago."
            )
    return "it waits as long as patience says, and no longer."


def _best_ago(errors):
    return len(errors) - 1 - int(np.argmin(errors))


def _last_best_ago(errors):
    return int(np.argmin(errors[::-1]))


# Several courses of the validation error, each of which tells some right and wrong rules apart.
_ERRORS_AND_PATIENCE = [
    ([0.5], 1),
    ([0.5, 0.4, 0.3, 0.2, 0.1], 2),
    ([0.3, 0.4], 3),
    ([0.3, 0.1, 0.2], 2),
    ([0.3, 0.1, 0.2, 0.2], 2),
    ([0.5, 0.4, 0.45, 0.3, 0.35, 0.2, 0.25], 2),
    ([0.3, 0.1, 0.4, 0.35, 0.3], 3),
    ([0.3, 0.1, 0.15, 0.12, 0.14], 3),
    ([0.3, 0.1, 0.1, 0.1], 2),
    ([0.3, 0.2, 0.25, 0.28], 3),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 3),
]

_WRONG_STOPS = [
    (
        lambda errors, patience: True,
        "It always says stop, even for `errors = [0.5, 0.4, 0.3, 0.2, 0.1]` and `patience = 2`, where each error is a new "
        "best. Do you compare the last `patience` errors with *all* of them? The lowest of some is never below the lowest of "
        "all: compare with those before.",
    ),
    (
        lambda errors, patience: _best_ago(errors) < patience,
        "It says the opposite: stop while it improves, and go on when it does not.",
    ),
    (
        lambda errors, patience: _best_ago(errors) > patience,
        "It stops one validation too late: `patience` validations without a new best are enough.",
    ),
    (
        lambda errors, patience: _best_ago(errors) + 1 >= patience,
        "It stops one validation too early. The best error itself does not count as one without improvement.",
    ),
    (
        lambda errors, patience: _last_best_ago(errors) >= patience,
        "An error that only equals the best counts as an improvement. Of equal ones the first is the best.",
    ),
    (
        lambda errors, patience: _best_ago(errors) == patience,
        "It stops only when the best error is exactly `patience` validations ago. It should also stop when it is more.",
    ),
    (
        lambda errors, patience: errors[-1] > min(errors),
        "It loses patience as soon as the newest error is not the best. Count how many validations ago the best was.",
    ),
    (
        lambda errors, patience: sum(b >= a for a, b in zip(errors, errors[1:])) >= patience,
        "It counts each step back since the beginning. Count the validations since the best of all.",
    ),
    (
        lambda errors, patience: int(np.argmin(errors)) >= patience,
        "It counts the validations *before* the best. Count those after it: `len(errors) - 1` is the place of the newest.",
    ),
    (
        lambda errors, patience: False,
        "It never says stop, even for `errors = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]` and `patience = 3`, where the best is the first.",
    ),
    (
        lambda errors, patience: len(errors) >= patience,
        "It counts all validations since the beginning. Count those since the best.",
    ),
    (
        lambda errors, patience: len(errors) > patience,
        "It counts all validations since the beginning. (Or it subtracts the lowest error itself, and not its place, which is "
        "`errors.index(...)`.) Count those since the best.",
    ),
    (
        lambda errors, patience: len(errors) > 1 and errors[-1] >= errors[-2],
        "It looks only at the last two errors, and loses patience at the first step back. Look for the best of all.",
    ),
    (
        lambda errors, patience: len(errors) > 1 and errors[-1] > errors[-2],
        "It looks only at the last two errors, and loses patience at the first step back. Look for the best of all.",
    ),
    (
        lambda errors, patience: (
            len(errors) > patience and all(errors[-i] >= errors[-i - 1] for i in range(1, patience + 1))
        ),
        "It compares each error with the one before. An error can fall again and again and still not be a new best: "
        "compare with the best of all.",
    ),
    (
        lambda errors, patience: len(errors) - 1 - int(np.argmax(errors)) >= patience,
        "It looks for the highest error. The best is the lowest.",
    ),
]


def _yes_or_no(answer, errors, patience):
    try:
        found = result_of(answer, list(errors), patience)
    except Wrong as wrong:
        raise Wrong(f"For `errors = {errors}` and `patience = {patience}`: {wrong}") from wrong
    if not isinstance(found, (bool, np.bool_)):
        quotes = ", in quotes: leave these out" if isinstance(found, str) else ""
        compared = "" if isinstance(found, str) else ". Compare with `patience`: `>=` gives True or False"
        raise Wrong(f"It should return True or False, and returns {describe(found)}{quotes}{compared}.")
    return bool(found)


EXERCISES["should_stop"] = Exercise(
    "Three questions, one after the other: what is the lowest error (`min`)? Where in the list does it stand (`errors.index` "
    "gives the first place, from 0)? How many errors come after that?",
    should_stop,
    _examine_should_stop,
)
