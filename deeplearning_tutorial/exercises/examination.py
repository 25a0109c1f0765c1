"""What an examination of an answer is made of.

An examination calls the answer with arguments of its own, through `result_of` or one of its relatives, and looks at
what comes back. It raises `Wrong` with a diagnosis, `Unsolved` if there is nothing to look at yet, or returns a
sentence of praise that says what was checked.
"""

import dis
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import theano

from deeplearning_tutorial.exercises.comparison import difference, same
from deeplearning_tutorial.exercises.errors import ELSEWHERE, explain, first_line_of, look_up, search

# Examinations compute little: in Python, so that nothing has to be compiled, and on the host where there is a GPU.
QUICK = theano.compile.mode.FAST_COMPILE.excluding("gpuarray_opt")


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


def result_of(answer, *arguments, known=()):
    """Call an answer; turn what commonly goes wrong in calling it into a diagnosis.

    Parameters
    ----------
    answer : callable
    *arguments
        Of the answer.
    known : pairs of str
        Words of errors that are particular to an exercise, and their diagnoses.
    """
    _examine_call(answer, arguments)
    try:
        result = answer(*arguments)
    except Exception as error:
        if isinstance(error, NotImplementedError) and _raised_in(answer, error):
            raise Unsolved("The blank is still there.") from error
        symbolic = any(isinstance(argument, theano.Variable) for argument in arguments)
        raise Wrong(explain(error, answer, symbolic, known)) from error
    if result is None or result is ...:
        raise Unsolved(_why_nothing(answer))
    return result


def _examine_call(answer, arguments):
    """Whether an answer is a function of so many arguments at all."""
    leave = "Leave the line with `def` as it was, and write your code below it."
    if not callable(answer):
        raise Wrong(f"It is no function, but {describe(answer)}. {leave}")
    try:
        inspect.signature(answer).bind(*arguments)
    except TypeError as error:
        takes = ", ".join(inspect.signature(answer).parameters) or "nothing"
        raise Wrong(f"It is called with {len(arguments)} arguments, and takes {takes}. {leave}") from error
    except ValueError:  # some functions that are written in C do not say what they take
        pass


def _raised_in(answer, error):
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    return last.f_code is getattr(answer, "__code__", None)


def _why_nothing(answer):
    """Why an answer returns nothing, as far as its code says it."""
    code = _code_of(answer)
    if 0 < len(code) <= 2:  # an answer that does something has more instructions than to return None
        return "The blank is still there: replace the line by code of yours."
    if any(_returns_something(before, last) for before, last in zip(code, code[1:])):
        return (
            "It returns nothing here, though there is a `return`. Does that stand in an `if` or a loop that is not entered? Or "
            "after it a call that gives nothing itself, such as `print` or a `sort` in place?"
        )
    return (
        "It returns nothing so far. If you have filled in the blank: is the `return` missing? (`print` shows a value, but does "
        "not hand it over.)"
    )


def _code_of(answer):
    """The instructions of a function, if it is one that is written in Python."""
    if not inspect.isfunction(answer):
        return []
    return [instruction for instruction in dis.get_instructions(answer) if instruction.opname not in ("RESUME", "NOP")]


def _returns_something(before, last):
    """Whether the second of two instructions returns something else than None."""
    if last.opname == "RETURN_CONST":
        return last.argval is not None
    return last.opname == "RETURN_VALUE" and not (before.opname == "LOAD_CONST" and before.argval is None)


def describe(thing):
    """What something is, in words."""
    if isinstance(thing, theano.Variable):
        return "a symbolic expression"
    if isinstance(thing, theano.compile.Function):
        return "a compiled function"
    if isinstance(thing, type):
        return f"the class `{thing.__name__}` itself"
    if callable(thing) and hasattr(thing, "__name__"):
        return f"the function `{thing.__name__}` itself"
    if isinstance(thing, np.ndarray):
        return f"a NumPy array of the shape {thing.shape}"
    if isinstance(thing, (tuple, list, dict, set)):
        return f"a {type(thing).__name__} of {len(thing)}"
    if isinstance(thing, (int, float, np.number)):
        return f"the number {thing:.4g}"
    if isinstance(thing, str):
        return f"the text {thing[:40]!r}"
    return f"something of the type {type(thing).__name__}"


def without_own_input(own):
    """What `result_of` should know where an answer has to compile a function of a network's own input.

    Parameters
    ----------
    own : str
        What that input is called in the answer.
    """
    return [
        (
            "UnusedInputError",
            f"It takes something for an input that the output is not computed from. The input here is `{own}`.",
        ),
        ("MissingInputError", f"What it computes depends on an input that it is not given. The input here is `{own}`."),
    ]


def symbolic(result, use):
    """What an answer returns, if it is a symbolic expression; `use` says what to do else, in a sentence."""
    if isinstance(result, theano.Variable):
        return result
    if isinstance(result, theano.compile.Function):
        use = "Return the formula itself, and leave `theano.function` out: it is compiled later."
    elif isinstance(result, (tuple, list)) and any(isinstance(entry, theano.Variable) for entry in result):
        use = "Return one expression."
    elif callable(result):
        use = "To use a function or a class, call it, with its arguments in round brackets."
    raise Wrong(f"It returns no symbolic expression, but {describe(result)}. {use}")


def values_of(expression, inputs, values, known=()):
    """Compute a symbolic answer; turn what commonly goes wrong in that into a diagnosis. `known` as in `result_of`."""
    try:
        return theano.function(inputs, expression, on_unused_input="ignore", mode=QUICK)(*values)
    except theano.gof.MissingInputError as error:
        raise Wrong(ELSEWHERE) from error
    except Exception as error:
        diagnosis = look_up(error, known) or search(error)
        said = f"Computing what it returns raised `{first_line_of(error)}`."
        raise Wrong(f"It cannot be computed. {diagnosis}" if diagnosis else said) from error


def array_of(answer, *arguments, known=()):
    """Like `result_of`, for answers that must be NumPy arrays."""
    result = result_of(answer, *arguments, known=known)
    if isinstance(result, theano.Variable):
        if all(isinstance(argument, (int, float, np.ndarray)) for argument in arguments):
            raise Wrong(
                "It returns a symbolic expression, a recipe without numbers. The arguments are plain numbers or arrays: "
                "use NumPy, `np.sqrt` and not `T.sqrt`."
            )
        raise Wrong(
            "It returns a symbolic expression, a recipe without numbers. Compile it with `theano.function` and call "
            "the compiled function with the data."
        )
    if callable(result):
        raise Wrong(f"It returns {describe(result)}. Call it with the data, and return what comes out.")
    try:
        found = np.asarray(result)
    except ValueError:  # NumPy 1.24 and newer, about rows of different lengths
        found = None
    if found is None or found.dtype.kind not in "biuf":
        raise Wrong(f"It returns {describe(result)}, and not an array of numbers.")
    return found


def number_of(answer, *arguments):
    """Like `array_of`, for answers that must be one number."""
    result = array_of(answer, *arguments)
    if result.shape != () or result.dtype.kind not in "iuf":
        returned = repr(result.tolist()) if result.size <= 10 else f"an array of the shape {result.shape}"
        raise Wrong(f"It should return one number, and returns {returned}.")
    return result


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


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


def compare(found, wanted, rule):
    """Raise `Wrong` if a result is not the right one: with the rule that it breaks, and how it differs.

    Parameters
    ----------
    found, wanted : ndarray
    rule : str
        In a sentence.
    """
    if not same(found, wanted):
        raise Wrong(f"{rule} {difference(found, wanted)}".strip())
