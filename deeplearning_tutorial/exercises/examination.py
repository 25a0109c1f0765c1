"""What an examination of an answer is made of.

An examination calls the answer with arguments of its own, through `result_of` or one of its relatives, and looks at
what comes back. It raises `Wrong` with a diagnosis, `Unsolved` if there is nothing to look at yet, or returns a
sentence of praise that says what was checked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import theano

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


_MATRIX_PRODUCT = (" for @: ", "Theano's variables do not know `@`: write `T.dot(a, b)` for `a @ b`.")

_GRADIENTS = [
    (
        "DisconnectedInputError",
        "It takes the gradient of a cost with respect to something that this cost is not computed from. Both must be made of "
        "the arguments of the function, as they are.",
    ),
    ("cost must be a scalar", "`T.grad` takes the gradient of one number. Is a `T.mean` or `T.sum` missing?"),
]

_WITH_SYMBOLS = [
    *[
        (
            words,
            "It asks a symbol for its value, and there is none yet. Compute nothing here (no `eval`, `get_value`, "
            "`set_value`, no compiled function): return a formula, made of the arguments as they are.",
        )
        for words in (
            "MissingInputError",
            "UnusedInputError",
            "Variable' object has no attribute 'get_value'",
            "Variable' object has no attribute 'set_value'",
            "Bad input argument",
        )
    ],
    *[
        (
            words,
            "Functions of `math`, and most of NumPy's, want numbers, and these are symbols. Use Theano's: `T.exp`, `T.sqrt`, "
            "`T.sum`, ...",
        )
        for words in (
            "must be real number, not",
            "float() argument must be",
            "_tensor_py_operators",
            "TypeError: ufunc",
            "ValueError: matmul",
            "setting an array element",
        )
    ],
    (
        "Variable' object is not callable",
        "A symbol is no function, and cannot be called. For a product write `a * b`, and not `a(b)`.",
    ),
    (
        "Variable' has no len()",
        "A symbol has no length yet: its shape is known when the function is called. `x.shape[0]` is the symbol for it.",
    ),
    (
        "Cannot convert None to TensorType",
        "It computes with `None`: something that it uses returns nothing. Is a `return` missing there?",
    ),
    (
        "do not support boolean operations",
        "A symbol has no value yet, and so `if`, `max` or `np.maximum` cannot look at it. Use `T.switch` or `T.maximum`.",
    ),
    _MATRIX_PRODUCT,
    *_GRADIENTS,
]
"""Words of errors in answers whose arguments are symbolic, and their diagnoses."""

_WITH_NUMBERS = [
    (
        "UnusedInputError",
        "It uses a symbolic variable from elsewhere in the notebook. Use the arguments of the function only.",
    ),
    (
        "MissingInputError",
        "What it computes depends on an input that it is not given. Use the arguments of the function only.",
    ),
    (
        "Variable' object is not callable",
        "A symbolic expression cannot be called. Compile it with `theano.function`, and call the compiled function.",
    ),
    (
        "truth value of an array",
        "`if`, `max` and `and` want one answer, yes or no, and an array has one for each number. Use `np.where` or `np.maximum`.",
    ),
    _MATRIX_PRODUCT,
    *_GRADIENTS,
]
"""The same for answers whose arguments are arrays, numbers or networks."""


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
    try:
        result = answer(*arguments)
    except NotImplementedError as error:
        raise Unsolved("The blank is still there.") from error
    except Exception as error:
        symbolic = any(isinstance(argument, theano.Variable) for argument in arguments)
        _recognize(error, [*known, *(_WITH_SYMBOLS if symbolic else _WITH_NUMBERS)])
        raise Wrong(f"Calling it raised `{first_line_of(error)}`.") from error
    if result is None or result is ...:
        raise Unsolved("It returns nothing so far. If you have filled in the blank: is the `return` missing?")
    return result


def _recognize(error, known):
    """Raise `Wrong` if the words of an error are known."""
    for words, diagnosis in known:
        if words in first_line_of(error):
            raise Wrong(diagnosis) from error


def first_line_of(error):
    """The name of an error and the first line of what it says, if it says anything; a long one is cut off."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = ": ".join([type(error).__name__, *said[:1]])
    return line if len(line) <= 300 else line[:300] + "..."


def without_own_input(own):
    """What `result_of` should know where an answer has to compile a function of a network's own input.

    Parameters
    ----------
    own : str
        What that input is called in the answer.
    """
    return [
        ("UnusedInputError", f"It uses a symbolic variable from elsewhere in the notebook. The input here is `{own}`."),
        ("MissingInputError", f"What it computes depends on an input that it is not given. The input here is `{own}`."),
    ]


def values_of(expression, inputs, values, known=()):
    """Compute a symbolic answer; turn what commonly goes wrong in that into a diagnosis. `known` as in `result_of`."""
    try:
        return theano.function(inputs, expression, on_unused_input="ignore", mode=QUICK)(*values)
    except theano.gof.MissingInputError as error:
        raise Wrong(
            "It uses a symbolic variable from elsewhere in the notebook. Use the arguments of the function only."
        ) from error
    except Exception as error:
        _recognize(error, known)
        raise Wrong(f"Computing what it returns raised `{first_line_of(error)}`.") from error


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
        raise Wrong("It returns a function. Call that function with the data, and return what comes out.")
    try:
        found = np.asarray(result)
    except ValueError:  # NumPy 1.24 and newer, about rows of different lengths
        found = None
    if found is None or found.dtype.kind not in "biuf":
        raise Wrong(f"It returns {type(result).__name__}, and not an array of numbers.")
    return found


def number_of(answer, *arguments):
    """Like `array_of`, for answers that must be one number."""
    result = array_of(answer, *arguments)
    if result.shape != () or result.dtype.kind not in "iuf":
        returned = repr(result.tolist()) if result.size <= 10 else f"an array of the shape {result.shape}"
        raise Wrong(f"It should return one number, and returns {returned}.")
    return result


def same(found, wanted):
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, rtol=1e-3, atol=1e-4)


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
