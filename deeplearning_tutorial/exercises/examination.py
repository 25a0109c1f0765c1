"""What an examination of an answer is made of.

An examination calls the answer with arguments of its own, through `result_of` or one of its relatives, and looks at
what comes back. It raises `Wrong` with a diagnosis, `Unsolved` if there is nothing to look at yet, or returns a
sentence of praise that says what was checked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import theano


@dataclass
class Exercise:
    """What belongs to one exercise.

    Attributes
    ----------
    hint : str
    solution : callable
        A right answer.
    examine : callable
        Takes an answer, raises `Wrong` or `Unsolved`, or returns a sentence of praise that says what was checked.
    """

    hint: str
    solution: Callable
    examine: Callable


class Wrong(Exception):
    """An answer is wrong; the message says what is wrong with it."""


class Unsolved(Exception):
    """There is no answer yet."""


def result_of(answer, *arguments):
    """Call an answer; turn what commonly goes wrong in calling it into a diagnosis."""
    try:
        result = answer(*arguments)
    except NotImplementedError as error:
        raise Unsolved("The blank is still there.") from error
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise Wrong(f"Calling it raised `{type(error).__name__}: {first_line}`.") from error
    if result is None or result is ...:
        raise Unsolved("It returns nothing so far. If you have filled in the blank: is the `return` missing?")
    return result


def values_of(expression, inputs, values):
    """Compute a symbolic answer; turn what commonly goes wrong in that into a diagnosis."""
    try:
        return theano.function(inputs, expression, on_unused_input="ignore", mode="FAST_COMPILE")(*values)
    except theano.gof.MissingInputError as error:
        raise Wrong(
            "It uses a symbolic variable from elsewhere in the notebook. Use the arguments of the function only."
        ) from error
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise Wrong(f"Computing what it returns raised `{type(error).__name__}: {first_line}`.") from error


def array_of(answer, *arguments):
    """Like `result_of`, for answers that must be NumPy arrays."""
    result = result_of(answer, *arguments)
    if isinstance(result, theano.Variable):
        raise Wrong(
            "It returns a symbolic expression, a recipe without numbers. Compile it with `theano.function` and call "
            "the compiled function with the data."
        )
    if callable(result):
        raise Wrong("It returns a function. Call that function with the data, and return what comes out.")
    found = np.asarray(result)
    if found.dtype.kind not in "biuf":
        raise Wrong(f"It returns {type(result).__name__}, and not an array of numbers.")
    return found


def number_of(answer, *arguments):
    """Like `array_of`, for answers that must be one number."""
    result = array_of(answer, *arguments)
    if result.shape != () or result.dtype.kind not in "iuf":
        raise Wrong(f"It should return one number, and returns {result.tolist()!r}.")
    return result


def same(found, wanted):
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, rtol=1e-3, atol=1e-4)


def diagnose(found, *mistakes):
    """Raise `Wrong` if a result is what a well-known mistake gives.

    Parameters
    ----------
    found : ndarray
    *mistakes : pairs of an ndarray, what the mistake gives, and its diagnosis
    """
    for mistaken, diagnosis in mistakes:
        if same(found, mistaken):
            raise Wrong(diagnosis)
