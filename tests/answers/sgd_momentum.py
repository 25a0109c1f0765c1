"""Right and wrong answers to the exercises of notebook 03."""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.updates import exponential_decay


def set_at_once(learning_rate, factor):
    learning_rate.set_value(np.float32(learning_rate.get_value() * factor))


def set_and_return(learning_rate, factor):
    set_at_once(learning_rate, factor)
    return [(learning_rate, learning_rate)]


def set_as_it_is(learning_rate, factor):
    learning_rate.set_value(learning_rate.get_value() * np.float64(factor))


def textbook(theta, velocity, gradient, mu, epsilon):
    v = mu * velocity + epsilon * gradient
    return theta - v, v


def heavy_ball(theta, velocity, gradient, mu, epsilon):
    v = -epsilon * gradient + velocity * mu
    return [v + theta, v]


def moved(theta, velocity):
    return theta + velocity, velocity


def ahead(theta, v, mu):
    return theta + mu * v


def look_then_go(theta, velocity, gradient_at, mu, epsilon):
    place = theta + velocity * mu
    step = epsilon * gradient_at(place)
    return place - step, velocity * mu - step


def by_loop(errors, patience):
    best, since = float("inf"), 0
    for error in errors:
        best, since = (error, 0) if error < best else (best, since + 1)
    return since >= patience


def rises(errors, patience):
    return len(errors) > patience and all(errors[-i] >= errors[-i - 1] for i in range(1, patience + 1))


RIGHT = [
    ("decay", lambda rate, factor: [[rate, factor * rate]]),
    ("decay", lambda rate, factor: {rate: rate * factor}),
    ("decay", lambda rate, factor: OrderedDict([(rate, rate - (1 - factor) * rate)])),
    ("decay", lambda rate, factor: [(rate, T.cast(rate * np.float64(factor), "float32"))]),
    ("decay", exponential_decay),
    ("momentum_step", heavy_ball),
    ("momentum_step", lambda t, v, g, mu, e: (t + mu * v - e * g, mu * v - e * g)),
    ("nesterov_step", look_then_go),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, slope(t + mu * v), mu, e)),
    ("should_stop", by_loop),
    ("should_stop", lambda errors, patience: len(errors) - np.argmin(errors) > patience),
    ("should_stop", lambda e, p: len(e) > p and min(e[:-p]) <= min(e[-p:])),
]

MISTAKES = [
    ("decay", lambda rate, factor: rate * factor, "next value alone"),
    ("decay", lambda rate, factor: (rate, rate * factor), "square brackets"),
    ("decay", set_at_once, "once, when it is called"),
    ("decay", set_and_return, "once, when it is called"),
    ("decay", set_as_it_is, "Do not change it now (`set_value`)"),
    ("decay", lambda rate, factor: [(rate, rate.get_value() * factor)], "today's number; multiply the variable itself"),
    ("decay", lambda rate, factor: [(rate, np.float32(rate.get_value() * factor))], "today's number"),
    (
        "decay",
        lambda rate, factor: [(rate, T.cast(rate.eval() * np.float64(factor), "float32"))],
        "falls in the first step and then stays",
    ),
    ("decay", lambda rate, factor: [(rate, rate - factor)], "factor is subtracted"),
    ("decay", lambda rate, factor: [(rate, rate * T.cast(factor, "float64"))], "is a float64"),
    ("decay", lambda rate, factor: [(rate, rate)], "After a step the learning rate is what it was"),
    ("decay", lambda rate, factor: [(rate, rate * (1 - factor))], "`1 - factor`"),
    ("decay", lambda rate, factor: [(rate, rate / factor)], "divides by the factor"),
    ("decay", lambda rate, factor: [(rate, rate * 0.995)], "always multiplies by 0.995"),
    ("decay", lambda rate, factor: [(rate, rate**2)], "it becomes 0.25 and 0.0625"),
    ("decay", lambda rate, factor: [(rate * factor, rate)], "no pair for `learning_rate`"),
    ("decay", lambda rate, factor: [rate * factor], "a list without a pair"),
    ("decay", lambda rate, factor: [rate, rate * factor], "a list without a pair"),
    ("decay", lambda rate, factor: lambda: rate * factor, "and not updates"),
    ("decay", lambda rate, factor: [(rate, T.ones(2) * rate)], "`theano.function` raised `TypeError"),
    ("momentum_step", lambda t, v, g, mu, e: (t + v, mu * v - e * g), "*old* velocity"),
    ("momentum_step", lambda t, v, g, mu, e: heavy_ball(t, v, g, mu, e)[::-1], "pair is exchanged"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * v + e * g), "goes uphill"),
    ("momentum_step", lambda t, v, g, mu, e: (t - mu * v + e * g, mu * v - e * g), "subtracted from `theta`"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, v - e * g), "without friction"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * v - g), "`epsilon` is missing"),
    ("momentum_step", lambda t, v, g, mu, e: (t + e * (mu * v - g), mu * v - g), "multiplies the whole velocity"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, e * (mu * v - g)), "multiplies the old velocity too"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * (v - e * g)), "gradient's step too"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * v - (1 - mu) * e * g), "as in an average"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * t - e * g), "`mu` multiplies `theta`"),
    ("momentum_step", lambda t, v, g, mu, e: (t - e * g, mu * v - e * g), "go without it"),
    ("momentum_step", lambda t, v, g, mu, e: (t - e * g, v), "plain gradient descent"),
    ("momentum_step", lambda t, v, g, mu, e: (t + mu * (mu * v - e * g) - e * g, mu * v - e * g), "Nesterov's rule"),
    ("momentum_step", lambda t, v, g, mu, e: (t, v), "it returns (1, 0.3)"),
    ("momentum_step", textbook, "points the other way"),
    ("momentum_step", lambda t, v, g, mu, e: list(zip([t, v], heavy_ball(t, v, g, mu, e))), "These are updates"),
    ("momentum_step", lambda t, v, g, mu, e: dict(zip([t, v], heavy_ball(t, v, g, mu, e))), "These are updates"),
    ("momentum_step", lambda t, v, g, mu, e: [(t, heavy_ball(t, v, g, mu, e)[0])], "These are updates"),
    ("momentum_step", lambda t, v, g, mu, e: t + mu * v - e * g, "returns one expression"),
    ("momentum_step", lambda t, v, g, mu, e: (t, v, g), "and not a pair"),
    ("momentum_step", lambda t, v, g, mu, e: (1.13, 0.13), "is not symbolic"),
    ("momentum_step", lambda t, v, g, mu, e: (t.sum(), v), "shape of `theta`"),
    ("momentum_step", lambda t, v, g, mu, e: (T.vector("other"), v), "from elsewhere in the notebook"),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, slope(t), mu, e), "where it stands"),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, slope(t - mu * v), mu, e), "looks back"),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, slope(t + v), mu, e), "too far ahead"),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, slope(mu * v), mu, e), "gradient at the velocity"),
    ("nesterov_step", lambda t, v, slope, mu, e: moved(t, v - e * slope(ahead(t, v, mu))), "`mu` is missing"),
    ("nesterov_step", lambda t, v, slope, mu, e: moved(t, mu * v + e * slope(ahead(t, v, mu))), "goes uphill"),
    ("nesterov_step", lambda t, v, slope, mu, e: look_then_go(t, v, slope, mu, e)[::-1], "pair is exchanged"),
    ("nesterov_step", lambda t, v, slope, mu, e: (t + v, look_then_go(t, v, slope, mu, e)[1]), "*old* velocity"),
    (
        "nesterov_step",
        lambda t, v, slope, mu, e: (
            ahead(t, v, mu) + look_then_go(t, v, slope, mu, e)[1],
            look_then_go(t, v, slope, mu, e)[1],
        ),
        "only a look",
    ),
    (
        "nesterov_step",
        lambda t, v, slope, mu, e: (t - e * slope(ahead(t, v, mu)), look_then_go(t, v, slope, mu, e)[1]),
        "gradient's step only",
    ),
    (
        "nesterov_step",
        lambda t, v, slope, mu, e: heavy_ball(t, v, slope(t) + slope(v), mu, e),
        "and mu 0.7 that is 1.42, and it asks at",
    ),
    ("nesterov_step", lambda t, v, slope, mu, e: textbook(t, v, slope(ahead(t, v, mu)), mu, e), "points the other way"),
    ("nesterov_step", lambda t, v, slope, mu, e: heavy_ball(t, v, t, mu, e), "never asks for a gradient"),
    ("nesterov_step", lambda t, v, slope, mu, e: t - e * slope(t), "returns one expression"),
    ("nesterov_step", lambda t, v, slope, mu, e: moved(t, mu * v - e * slope), "`gradient_at` is a function. Call it"),
    ("should_stop", lambda errors, patience: not by_loop(errors, patience), "the opposite"),
    ("should_stop", lambda errors, patience: by_loop(errors, patience + 1), "too late"),
    ("should_stop", lambda errors, patience: by_loop(errors, patience - 1), "too early"),
    ("should_stop", lambda errors, patience: errors[::-1].index(min(errors)) >= patience, "Of equal ones the first"),
    ("should_stop", lambda errors, patience: len(errors) >= patience, "since the beginning"),
    ("should_stop", lambda errors, patience: len(errors) > patience, "since the beginning"),
    ("should_stop", lambda errors, patience: len(errors) > 1 and errors[-1] > errors[-2], "last two errors"),
    ("should_stop", lambda errors, patience: len(errors) > 1 and errors[-1] >= errors[-2], "last two errors"),
    ("should_stop", rises, "compares each error with the one before"),
    ("should_stop", lambda errors, patience: len(errors) - 1 - errors.index(max(errors)) >= patience, "highest error"),
    (
        "should_stop",
        lambda errors, patience: errors[-1] > errors[-2],
        "For `errors = [0.5]` and `patience = 1`: In `",
    ),
    (
        "should_stop",
        lambda errors, patience: min(errors[-patience:]) >= min(errors),
        "The lowest of some is never below",
    ),
    ("should_stop", lambda errors, patience: len(errors) in (6, 7), "should return True: the best error, 0.1, is 2"),
    ("should_stop", lambda errors, patience: min(errors), "True or False"),
    ("should_stop", lambda errors, patience: theano.shared(0), "True or False"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * v - e * T.grad(g, t)), "The gradient is given already"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, mu * v - e * g(t)), "`gradient` is the gradient itself"),
    ("momentum_step", lambda t, v, g, mu, e: moved(t, e * v - mu * g), "`mu` and `epsilon` are exchanged"),
    ("momentum_step", lambda t, v, g, mu, e: (mu * v - e * g, mu * v - e * g), "`theta` is missing there"),
    ("momentum_step", lambda t, v, g, mu, e: (t, t + v, v), "a tuple of 3, and not a pair"),
    (
        "nesterov_step",
        lambda t, v, slope, mu, e: moved(t, mu * v - e * T.grad(slope(t), t)),
        "No `T.grad` is needed here",
    ),
    ("nesterov_step", lambda t, v, slope, mu, e: moved(t, mu * v - e * slope(t + mu)), "It looks `mu` ahead"),
    ("should_stop", lambda errors, patience: errors[-1] > min(errors), "as soon as the newest error"),
    (
        "should_stop",
        lambda errors, patience: len(errors) - min(errors) >= patience,
        "subtracts the lowest error itself",
    ),
    ("should_stop", lambda errors, patience: "True", "in quotes: leave these out"),
    (
        "should_stop",
        lambda errors, patience: errors.argmin() > patience,
        "NumPy's function takes one: `np.argmin(...)`",
    ),
    ("should_stop", lambda errors, patience: min(errors[:0]) > 1, "smallest or largest of nothing"),
    ("decay", lambda rate, factor: [(rate, rate**factor)], "raised to the power of the factor"),
]
