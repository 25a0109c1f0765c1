"""What the errors that answers raise mean, in plain words.

An answer is written by somebody who knows calculus and NumPy, and an error of Theano's, or one from the depths of NumPy,
says little to them. `explain` says what has happened, and where in the answer, and how it is mended as far as that can
be told from the error alone.
"""

import builtins
import difflib
import re
import traceback

import numpy as np
import theano
import theano.tensor as T

ELSEWHERE = "It uses a symbolic variable from elsewhere in the notebook. Use the arguments of the function only."

_VALUE_OF_A_SYMBOL = (
    "It asks a symbol for its value, and there is none yet. Compute nothing here (no `eval`, `get_value`, `set_value`, no "
    "compiled function): return a formula, made of the arguments as they are."
)
_NUMPY_ON_SYMBOLS = (
    "Functions of `math`, and most of NumPy's, want numbers, and these are symbols. Use Theano's: `T.exp`, `T.sqrt`, "
    "`T.sum`, ..."
)

WITH_SYMBOLS = [
    *[
        (words, _VALUE_OF_A_SYMBOL)
        for words in (
            "MissingInputError",
            "UnusedInputError",
            "Variable' object has no attribute 'get_value'",
            "Variable' object has no attribute 'set_value'",
            "Bad input argument",
            "update target must be a SharedVariable",
        )
    ],
    *[
        (words, _NUMPY_ON_SYMBOLS)
        for words in (
            "must be real number, not",
            "float() argument must be",
            "_tensor_py_operators",
            "TypeError: ufunc",
            "TypeError: loop of ufunc",
            "ValueError: matmul",
            "setting an array element",
        )
    ],
    (
        "Variable' object is not callable",
        "A symbol is no function, and cannot be called. For a product write `a * b`, and not `a(b)`. If you mean a function of "
        "Theano's, it may need its whole name, such as `T.nnet.sigmoid`.",
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
    *[
        (
            words,
            "Python's `sum` and `for` go through things one by one, and nobody knows yet how many a symbol has. Use Theano's operations "
            "on the whole: `T.sum`, `T.dot`, ...",
        )
        for words in ("does not support iteration", "length not known")
    ],
    (
        "Variable' object cannot be interpreted as an integer",
        "`range`, and whatever NumPy makes of a given size, want whole numbers, and a symbol has none yet. Do it with Theano's "
        "operations on whole tensors, without loops and without NumPy.",
    ),
]
"""Words of errors in answers whose arguments are symbolic, and their diagnoses."""

WITH_NUMBERS = [
    (
        "UnusedInputError",
        ELSEWHERE,
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
        "`if`, `max` and `and` want one answer, yes or no, and an array has one for each number. Use `np.where` or "
        "`np.maximum`, and join two comparisons by `&`, with brackets around each.",
    ),
    (
        "'numpy.ndarray' object has no attribute 'get_value'",
        "It is given a NumPy array, which holds its numbers already: leave `get_value` out.",
    ),
    *[
        (
            f"'numpy.ndarray' object has no attribute '{attribute}'",
            "A function of Theano's was handed a NumPy array. The arguments are numbers here: use NumPy's, `np.mean` and not "
            "`T.mean`.",
        )
        for attribute in ("type", "owner", "dimshuffle", "broadcastable")
    ],
    *[
        (
            words,
            "A function of NumPy's was handed a symbolic or shared variable. Compile what you need with `theano.function`; or take the "
            "numbers of a shared variable by `get_value()`.",
        )
        for words in ("Cannot convert [[", "Cannot convert [Elemwise", "out of bounds for array of dimension 0")
    ],
    (
        "Expected Variable, got",
        "`T.grad` takes derivatives of symbols, and the argument is a number: work the formula out yourself.",
    ),
    ("Unknown parameter type: <class 'str'>", "What is in quotes is text. Write the variable itself, without quotes."),
]
"""The same for answers whose arguments are arrays, numbers or networks."""

_SHAPE = r"(\([^()]{0,40}\))"

IN_GENERAL = [
    ("for @: ", "Theano's variables do not know `@`: write `T.dot(a, b)` for `a @ b`."),
    (
        "DisconnectedInputError",
        "It takes the gradient of a cost with respect to something that this cost is not computed from. Both must be made of "
        "the arguments of the function, as they are.",
    ),
    ("cost must be a scalar", "`T.grad` takes the gradient of one number. Is a `T.mean` or `T.sum` missing?"),
    (
        r"for \^: |bitwise_xor|input to a BitOp",
        "`^` is no power in Python. That is written `**`: `a**2` is the square of a, `a**0.5` its square root.",
    ),
    *[
        (
            pattern,
            "It computes with a function itself, and not with what that returns. Call it, with its arguments in round brackets.",
        )
        for pattern in (
            r"unsupported operand .*'(function|method|builtin_function_or_method|numpy\.ufunc|type|Elemwise|CAReduce|Dot)'",
            r"'(function|method|builtin_function_or_method)' object is not iterable",
            r"Cannot convert <(bound method|function|built-in)",
            r"'(function|method|builtin_function_or_method)' object has no attribute",
            r"(float|int)\(\) argument must be .*'(function|method|builtin_function_or_method)'",
        )
    ],
    (
        r"'(function|method|builtin_function_or_method|type)' object is not subscriptable",
        "A function is called with round brackets. Square ones take something out of a list or an array.",
    ),
    (
        r"'(numpy\.ndarray|list|tuple)' object is not callable",
        "Round brackets call a function, and this is no function, but a \\1. Take something out of it with square brackets; and "
        "a product needs its `*`.",
    ),
    (
        r"'(int|float|numpy\.float\d+|numpy\.int\d+)' object is not callable",
        "Round brackets call a function, and before them stands a number. Is a `*` missing?",
    ),
    (
        r"'(int|float|numpy\.int\d+|numpy\.float\d+)' object is not iterable",
        "`for` goes through several things, and this is one number. The numbers from 0 to n - 1 are `range(n)`.",
    ),
    (
        r"'(int|float|numpy\.int\d+|numpy\.float\d+)' object is not subscriptable",
        "Square brackets take something out of an array or a list, and before them stands one number.",
    ),
    *[
        (
            pattern,
            "Sizes, places and numbers of steps must be whole numbers. `/` gives a fraction in any case, `//` a whole number.",
        )
        for pattern in (
            r"'(float|numpy\.float\d+)' object cannot be interpreted as an integer",
            "slice indices must be integers",
            "expected an integer",
        )
    ],
    (
        "only integers, slices",
        "What stands in the square brackets is no place in an array: places are whole numbers, slices, or arrays of whole numbers.",
    ),
    (
        "only integer scalar arrays can be converted",
        "There is a whole array where one whole number is wanted.",
    ),
    (
        f"could not be broadcast together with shapes {_SHAPE} {_SHAPE}",
        "It computes with two arrays whose shapes do not fit, \\1 and \\2. They are compared from the right: at each place both "
        "must be equal, or one of them 1.",
    ),
    (
        f"could not broadcast input array from shape {_SHAPE} into shape {_SHAPE}",
        "What is to be stored has the shape \\1, and the place for it has the shape \\2.",
    ),
    (
        r"matmul.*size (\d+) is different from (\d+)",
        "In a matrix product the left one has as many columns as the right one has rows. Here they are \\2 and \\1.",
    ),
    (
        r"shapes (\(\d+(?:, ?\d+)*,?\)) and (\(\d+(?:, ?\d+)*,?\)) not aligned",
        "In a matrix product the left one has as many columns as the right one has rows. Here the shapes are \\1 and \\2.",
    ),
    (
        r"Shape mismatch: x has (\d+) cols.*y has (\d+) rows",
        "In a matrix product the left one has as many columns as the right one has rows. Here they are \\1 and \\2.",
    ),
    (
        rf"cannot reshape array of size (\d+) into shape {_SHAPE}",
        "\\1 numbers do not fill an array of the shape \\2.",
    ),
    (
        rf"Cannot reshape input of shape {_SHAPE} to shape (\[[^\[\]]{{0,40}}\])",
        "An array of the shape \\1 does not fill the shape \\2.",
    ),
    (
        "setting an array element with a sequence",
        "It puts several numbers into a place for one. Make one of them first (a sum, a largest one), or store them in a slice.",
    ),
    (
        r"index (-?\d+) is out of bounds for axis \d+ with size (\d+)",
        "It asks for place \\1 where there are \\2: they are counted from 0, and the last is one less than their number.",
    ),
    (
        "list index out of range",
        "It asks for a place that the list does not have. Places are counted from 0, and the list may be shorter than you think.",
    ),
    (
        r"arg is an empty sequence|zero-size array to reduction|argm.. of an empty sequence|iterable argument is empty",
        "It looks for the smallest or largest of nothing at all: a list, a slice or an array is empty there.",
    ),
    (
        "has no attribute 'keys'",
        "`eval` takes a dictionary, which says what to put in for which variable: `{variable: array}`.",
    ),
    (
        "Unknown parameter type",
        "The inputs of `theano.function` are symbolic variables, in a list. Data come later, when the compiled function is called.",
    ),
    (
        "should be contained in a list",
        "The inputs of `theano.function` are a list, even if it is only one: `[...]` around it.",
    ),
    (
        r"Wrong number of dimensions: expected (\d+), got (\d+)",
        "The compiled function takes an array with \\1 axes, and is called with one that has \\2.",
    ),
    (
        "Variable' object does not support item assignment",
        "A symbol cannot be changed at some places. Make a new expression of it, with arithmetic.",
    ),
    (
        "size must be a tuple",
        "A `size` is a shape, with a number for each axis, as `x.shape` has them.",
    ),
    (
        r"NotImplementedError: .*binomial with n ",
        "`n` is the number of tosses for each of the numbers: `n=1`. How many numbers there are says `size`.",
    ),
    (
        "DimShuffle indices must be python ints",
        '`dimshuffle` takes the number of an axis, such as 0, or the letter "x" in quotes for a new one.',
    ),
    (
        r"unsupported operand type\(s\) for (\S+): '([\w.]+)' and '([\w.]+)'",
        "`\\1` cannot join a `\\2` and a `\\3`.",
    ),
    (
        "index must be integers",
        "What stands in the square brackets is no place: places are whole numbers, slices, or vectors of whole numbers.",
    ),
    (
        "values to unpack",
        "It takes things apart into another number of names than there are. (To go through two arrays side by side: `zip(a, b)`.)",
    ),
    ("invalid index to scalar", "Square brackets take something out of an array, and before them stands one number."),
    (
        r"boolean index did not match .* dimension is (\d+) but corresponding boolean dimension is (\d+)",
        "An array of True and False chooses places of an array of its own length. Here it has \\2, and the other one \\1.",
    ),
    (
        r"Not enough dimensions on .* to reduce on axis (\d+)|axis (\d+) is out of bounds",
        "There is no such axis: they are counted from 0, so that a matrix has 0 and 1.",
    ),
    (
        r"unhashable type: 'numpy.ndarray'",
        "In a dictionary the variable comes first, and then the array: `{variable: array}`.",
    ),
    ("object too deep", "This function of NumPy's takes vectors, and is handed a matrix."),
    (
        "must be 4D tensor",
        "`T.nnet.conv2d` takes symbolic tensors with four axes (images, channels, height, width).",
    ),
    (
        r"new_order\[\d+\] is \d+, but the input only has (\d+) axes",
        "`dimshuffle` is given the number of an axis that is not there. They are counted from 0, and there are \\1.",
    ),
    ("ZeroDivisionError", "It divides by zero."),
    ("RecursionError", "It calls itself, again and again. What it is to compute has to be written out."),
    (
        r"TypeError: _?([\w.]+?)(?:\.__init__)?\(\) got an unexpected keyword argument '(\w+)'",
        "`\\1` has no argument `\\2`. Is it called otherwise?",
    ),
    (
        r"TypeError: ([\w.]+?)(?:\.__init__)?\(\) missing \d+ required positional arguments?: (.{1,60})",
        "`\\1` is not given \\2, which it needs.",
    ),
    (
        r"TypeError: ([\w.]+?)(?:\.__init__)?\(\) takes .{1,40} but (\d+) (?:was|were) given",
        "`\\1` is given more arguments than it takes.",
    ),
]
"""Patterns of errors in all answers, and their diagnoses; what a pattern has in brackets can stand in the diagnosis."""


def explain(error, answer, symbolic, known):
    """What an error in an answer means, in a sentence or two.

    Parameters
    ----------
    error : Exception
    answer : callable
        It has raised the error.
    symbolic : bool
        Whether its arguments are symbolic.
    known : pairs of str
        Words of errors that are particular to an exercise, and their diagnoses.
    """
    diagnosis = look_up(error, [*known, *(WITH_SYMBOLS if symbolic else WITH_NUMBERS)])
    if diagnosis:
        return diagnosis
    if isinstance(error, NameError):
        diagnosis = _about_a_name(error, answer, symbolic)
    elif isinstance(error, AttributeError):
        diagnosis = _about_an_attribute(error)
    diagnosis = diagnosis or search(error)
    line = _line_in(answer, error)
    if diagnosis:
        return f"In `{line}`: {diagnosis}" if line else diagnosis
    return f"{f'In `{line}`, it' if line else 'Calling it'} raised `{first_line_of(error)}`."


def look_up(error, known):
    """The diagnosis of an error whose words are known, or None."""
    said = first_line_of(error)
    return next((diagnosis for words, diagnosis in known if words in said), None)


def search(error):
    """The diagnosis of an error in general, or None."""
    said = " ".join(f"{type(error).__name__}: {error}"[:2000].split())
    for pattern, diagnosis in IN_GENERAL:
        if match := re.search(pattern, said):
            return match.expand(diagnosis)
    return None


def first_line_of(error):
    """The name of an error and the first line of what it says, if it says anything; a long one is cut off."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = ": ".join([type(error).__name__, *said[:1]])
    return line if len(line) <= 300 else line[:300] + "..."


_MEANT = {
    "e": "The power of e with the exponent x is `{home}.exp(x)`.",
    "floatX": "It is `theano.config.floatX`.",
    "function": "It is `theano.function`.",
    "math": "It has to be imported first, `import math`. (NumPy has the same functions: `np.sqrt`.)",
    "nnet": "It is `T.nnet`.",
    "self": "Where the module's source says `self`, you have an object with a name.",
}


def _about_a_name(error, answer, symbolic):
    """What a name that nothing has may be meant for."""
    name = re.search(r"'(\w+)'", str(error))
    if not name:
        return None
    name = name[1]
    if isinstance(error, UnboundLocalError):
        return f"`{name}` is used before it has got a value."
    said = f"Nothing is called `{name}`."
    if name in _MEANT:
        return f"{said} {_MEANT[name].format(home='T' if symbolic else 'np')}"
    own = [own for own in getattr(answer, "__code__", _about_a_name.__code__).co_varnames if own.isidentifier()]
    for other in own:
        if other.lower() == name.lower() or difflib.get_close_matches(name, [other], cutoff=0.7):
            return f"{said} Is `{other}` meant?"
    homes = {"T": T, "T.nnet": T.nnet, "theano": theano} if symbolic else {"np": np, "theano": theano, "T": T}
    for home, module in homes.items():
        if callable(getattr(module, name, None)):
            return f"{said} If the function is meant, it is `{home}.{name}`."
    close = difflib.get_close_matches(name, [*own, *dir(builtins)], n=1, cutoff=0.8)
    return f"{said} " + (
        f"Is `{close[0]}` meant?" if close else "A name has to get its value in a line above; or is it misspelt?"
    )


def _about_an_attribute(error):
    """What an attribute that something has not may be meant for."""
    module = re.search(r"module '([\w.]+)' has no attribute '(\w+)'", str(error))
    if module:
        name = module[2]
        homes = {"T": T, "T.nnet": T.nnet, "np": np, "theano": theano}
        found = [f"`{home}.{name}`" for home, place in homes.items() if callable(getattr(place, name, None))]
        return f"There is no `{name}` in `{module[1]}`" + (f", but there is {' and '.join(found)}." if found else ".")
    name = getattr(error, "name", None)
    if not name or not hasattr(error, "obj"):
        return None
    kind = type(error.obj).__name__
    said = f"{'An' if kind[0] in 'aeiouAEIOUM' else 'A'} `{kind}` has no `{name}`."
    public = [attribute for attribute in dir(error.obj) if not attribute.startswith("_")]
    close = difflib.get_close_matches(name.lower(), [attribute.lower() for attribute in public], n=1, cutoff=0.75)
    if close:
        return f"{said} Is `{next(attribute for attribute in public if attribute.lower() == close[0])}` meant?"
    if isinstance(error.obj, (list, tuple, float, int, np.ndarray)) and callable(getattr(np, name, None)):
        return f"{said} NumPy's function takes one: `np.{name}(...)`."
    own = [attribute for attribute in getattr(error.obj, "__dict__", ()) if not attribute.startswith("_")]
    if own and len(own) <= 15:
        return f"{said} It has {', '.join(f'`{attribute}`' for attribute in own)}."
    return None


def _line_in(answer, error):
    """The line of the answer in which an error was raised, if it can be seen; a long one is cut off."""
    code = getattr(answer, "__code__", None)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename and frame.lineno >= code.co_firstlineno
    ]
    line = own[-1].line if own else ""
    if not line or "`" in line:
        return ""
    return line if len(line) <= 100 else line[:100] + "..."
