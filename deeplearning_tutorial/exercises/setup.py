"""The exercise of notebook 00: how exercises work."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    diagnose,
    result_of,
    same,
    symbolic,
    values_of,
)

EXERCISES = {}

# --- The logistic function -------------------------------------------------------------------------------------------


def logistic(x):
    """The logistic function of each element."""
    return 1 / (1 + T.exp(-x))


def _examine_logistic(answer):
    x = T.vector("x")
    found = symbolic(result_of(answer, x), "Use `x` as it is: arithmetic on it builds the graph.")
    points = np.array([-3, -0.5, 0, 1, 4], dtype=theano.config.floatX)
    found = values_of(found, [x], [points])
    diagnose(
        found,
        (
            1 / (1 + np.exp(points)),
            "It falls where it should rise. Is the minus in the exponent missing? Or is the exponential above the line, where a "
            "1 belongs?",
        ),
        (0 * points, "It is 0 everywhere, as after `//`, which drops the fraction. Divide with `/`."),
        (
            np.where(points == 0, np.inf, 1 / (1 - np.exp(-np.where(points == 0, 1, points)))),
            "Below the line is a sum, and this is a difference.",
        ),
        (points, "It is `x` as it came in: nothing is computed from it, or not returned."),
        ((1 / (1 + np.exp(-points))) ** 2, "It is squared. The fraction itself is the answer."),
        (1 / (2 + np.exp(-points)), "Below the line is a 2. It should be a 1."),
        (np.exp(-points), "That is the exponential only. One divided by the sum of 1 and that is the answer."),
        (-1 / (1 + np.exp(-points)), "The sign is wrong: it should be positive everywhere."),
        (
            1 / 1 + np.exp(-points),
            "It grows beyond 1, because Python divides before it adds. The whole of `1 + T.exp(-x)` is below the line: put "
            "brackets around it.",
        ),
        (1 / np.exp(-points), "A 1 is missing in the denominator."),
        (np.tanh(points), "That is tanh, a relative of it: it goes from -1 to 1."),
    )
    if found.shape != points.shape:
        raise Wrong(
            f"From five numbers it makes an array of the shape {found.shape}. It should give one for each, the shape {points.shape}."
        )
    if not same(found, 1 / (1 + np.exp(-points))) and np.allclose(found, 1 / (1 + np.exp(-points)), atol=0.01):
        raise Wrong("It is nearly right. Is the number e rounded? `T.exp` has it as precisely as it can be.")
    if not same(found, 1 / (1 + np.exp(-points))):
        raise Wrong(
            f"At -3, 0 and 4 it should be 0.047, 0.5 and 0.982, and it is {', '.join(f'{v:.3f}' for v in found[[0, 2, -1]])}."
        )
    return "it rises from 0 to 1, and is one half at 0."


EXERCISES["logistic"] = Exercise(
    "The exponential of minus x is `T.exp(-x)`. Python writes a fraction with `/`, and a denominator that is a sum needs "
    "brackets around it. The line begins with `return`.",
    logistic,
    _examine_logistic,
)
