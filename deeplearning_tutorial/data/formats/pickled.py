"""``mnist.pkl.gz`` of the Theano tutorials, without running the pickle.

>>> found = read([Path("mnist.pkl.gz")], Path("mnist.pkl.gz"))
>>> list(found.sets)
['train', 'valid', 'test']

A pickle is a program for a small machine: it may call any function of any module. The machine here knows how to put
numbers, strings, tuples and lists together, and three calls: those by which NumPy writes an array of numbers (`FUNCTIONS`).
None of them is called; the array is made of its type, its shape and its bytes. Everything else is refused by its name.

What each operation does is written in the standard library's :mod:`pickletools`, and what NumPy writes in
``numpy/core/src/multiarray/methods.c`` (`array_reduce`, `array_setstate`) and ``descriptor.c`` (`arraydescr_reduce`).
"""

import codecs
import dataclasses
import io
import math
import pickletools
import re

import numpy as np

from deeplearning_tutorial.data.formats.found import checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.streams import read_exactly, unpacked

CODES = {code.code.encode("latin-1"): code for code in pickletools.opcodes}
MOST_OPERATIONS = 10_000  # the Theano tutorials' file has some hundred

# Operations that are followed by a length of so many bytes, and so many bytes; whether these are text.
COUNTED = {
    "BINSTRING": (4, False),
    "SHORT_BINSTRING": (1, False),
    "BINBYTES": (4, False),
    "SHORT_BINBYTES": (1, False),
    "BINBYTES8": (8, False),
    "BYTEARRAY8": (8, False),
    "BINUNICODE": (4, True),
    "SHORT_BINUNICODE": (1, True),
    "BINUNICODE8": (8, True),
    "LONG1": (1, None),
    "LONG4": (4, None),
}

# Modules and names by which NumPy's arrays are written, as releases of Python and NumPy have called them.
FUNCTIONS = {
    "reconstruct": r"numpy\.(core|_core)\.multiarray _reconstruct",
    "frombuffer": r"numpy\.(core|_core)\.numeric _frombuffer",
    "ndarray": r"numpy ndarray",
    "dtype": r"numpy dtype",
    "encode": r"_codecs encode",  # bytes, as Python 3 writes them for Python 2
    "bytes": r"(__builtin__|builtins) bytes",
}
NUMBERS = r"[|<>=]?([iu][1248]|f[248]|b1)"  # codes of types


CONVERT = (
    "Nothing is unpickled here, as a pickle can run any program. If you know where it is from, load it yourself, in "
    "Python, and save its arrays with numpy.savez('my_data.npz', x_train=..., y_train=..., x_test=..., y_test=...)."
)


class _RefusalError(Exception):
    """Why a pickle is not read."""


@dataclasses.dataclass
class _Function:
    name: str


@dataclasses.dataclass
class _Type:
    """A NumPy type of numbers, whose byte order comes later."""

    code: str
    order: str = "="

    def dtype(self):
        return np.dtype(self.order.replace("|", "=") + self.code.lstrip("|<>="))


@dataclasses.dataclass
class Array:
    """An array, whose values come later."""

    values: np.ndarray | None = None


class _Mark:
    pass


def read(files, path):
    """What is in a pickle of tuples of arrays.

    Parameters
    ----------
    files : list of path
        One file.
    path : path
        The folder or file that was asked for.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        If it is a pickle of anything else.
    """
    if len(files) > 1 and path not in files:
        raise ValueError(f"{path}: holds {len(files)} pickles; name one of them: {', '.join(map(str, files[:12]))}.")
    file = path if path in files else files[0]
    pairs = _pairs(read_pickle(file))
    if pairs is None:
        raise ValueError(
            f"{file}: a pickle, but not of three pairs of arrays ((x, y) of training, validation and test set) as "
            f"mnist.pkl.gz. {CONVERT}"
        )
    parts = ("train", "valid", "test") if len(pairs) == 3 else ("train", "test")
    layout = "pairs of arrays as in the Theano tutorials' mnist.pkl.gz"
    return checked(file, layout, dict(zip(parts, pairs)), notes=["The pickle was read without being run."])


def read_pickle(path):
    """What a pickle is of, without running it: numbers, strings, tuples and lists of these, and `Array`.

    Raises
    ------
    ValueError
        If anything else is in it: with the name of the operation, or of what it would have called.
    """
    try:
        with unpacked(path) as file:
            content = _Machine(file, path).run()
            if file.read(1):
                raise _RefusalError("more follows after its end")
            return content
    except _RefusalError as error:
        raise ValueError(f"{path}: a pickle that is not read here: {error}. {CONVERT}") from None
    except (IndexError, KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        if str(path) in str(error):  # of `unpacked`, or of `check_memory`
            raise
        raise ValueError(f"{path}: a damaged pickle ({type(error).__name__}: {error}). Copy it again.") from None


def _pairs(content):
    """`[(x, y), …]` of two or three such pairs, `None` of anything else."""
    if not isinstance(content, (tuple, list)) or len(content) not in (2, 3):
        return None
    for pair in content:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            return None
        if any(not isinstance(array, Array) or array.values is None for array in pair):
            return None
    return [tuple(array.values for array in pair) for pair in content]


class _Machine:
    def __init__(self, file, path):
        self.file, self.path, self.stack, self.memo = file, path, [], {}

    def run(self):
        """What is on the stack at the end."""
        for _ in range(MOST_OPERATIONS):
            byte = self.file.read(1)
            if not byte:
                raise _RefusalError("it ends too early")
            if byte not in CODES:
                raise _RefusalError(f"byte {byte.hex()} is no operation")
            name = CODES[byte].name
            if name == "STOP":
                return self.stack.pop()
            if name not in OPERATIONS:
                raise _RefusalError(f"{name} ({_first_sentence(CODES[byte].doc)})")
            OPERATIONS[name](self, self.argument(name, CODES[byte].arg))
        raise _RefusalError(f"it has more than {MOST_OPERATIONS:,} operations")

    def argument(self, name, kind):
        if name in COUNTED:
            width, is_text = COUNTED[name]
            data = self.take(int.from_bytes(self.take(width), "little"))
            if is_text is None:
                return int.from_bytes(data, "little", signed=True)
            return data.decode("utf-8", "surrogatepass") if is_text else data
        if name == "STRING":  # pickletools takes it for ASCII; Python 2 wrote any bytes so
            return codecs.escape_decode(self.line()[1:-1])[0]
        if name == "GLOBAL":
            return self.line().decode("ascii", "replace") + " " + self.line().decode("ascii", "replace")
        if name == "UNICODE":
            return self.line().decode("raw-unicode-escape")
        if kind and kind.n == pickletools.UP_TO_NEWLINE:
            return kind.reader(io.BytesIO(self.line() + b"\n"))
        return kind.reader(self.file) if kind else None

    def take(self, number):
        self.check_memory(number)
        data = read_exactly(self.file, number)
        if len(data) < number:
            raise _RefusalError("it ends too early")
        return data

    def line(self):
        parts, size = [], 0
        while part := self.file.readline(2**24):
            parts.append(part)
            size += len(part)
            self.check_memory(2 * size)
            if part.endswith(b"\n"):
                return b"".join(parts)[:-1]
        raise _RefusalError("it ends too early")

    def check_memory(self, number):
        check_memory(number, f"{self.path}: what it announces")

    def since_mark(self):
        place = max(i for i, item in enumerate(self.stack) if item is _Mark)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def push(self, item):
        self.stack.append(item)

    def tuple_of(self, number):
        items = self.stack[-number:]
        if len(items) < number:
            raise IndexError("nothing on the stack")
        del self.stack[-number:]
        self.push(tuple(items))

    def remember(self, place):
        self.memo[len(self.memo) if place is None else place] = self.stack[-1]

    def append(self, items):
        self.stack[-1].extend(items)

    def function(self, name):
        known = next((key for key, pattern in FUNCTIONS.items() if re.fullmatch(pattern, name)), None)
        if known is None:
            raise _RefusalError(f"it would call {name.replace(' ', '.')}")
        self.push(_Function(known))

    def call(self):
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, _Function) or not isinstance(arguments, tuple):
            raise _RefusalError("REDUCE of what is no function")
        self.push(CALLS[function.name](*arguments))

    def build(self):
        state, of = self.stack.pop(), self.stack[-1]
        if isinstance(of, _Type):  # (version, byte order, subtype, names, fields, size, alignment, flags)
            if state[2] is not None or state[3] is not None:
                raise _RefusalError("an array of records")
            of.order = _text(state[1])
            if of.order not in ("<", ">", "|", "="):
                raise _RefusalError(f"byte order {_shown(of.order)}")
        elif isinstance(of, Array) and of.values is None:  # (version, shape, type, is in Fortran's order, bytes)
            shape, kind, fortran, data = state[-4:]
            of.values = _array(data, kind, shape, "F" if fortran else "C")
        else:
            raise _RefusalError("BUILD of what is no array")


def _first_sentence(text):
    return " ".join(text.split(".")[0].split()).lower()


def _text(value):
    return value.decode("ascii") if isinstance(value, bytes) else value


def _shown(value):
    return repr(value) if isinstance(value, str) else f"a {type(value).__name__}"


def _type(code, *_):
    code = _text(code)
    if not isinstance(code, str) or not re.fullmatch(NUMBERS, code):
        raise _RefusalError(f"an array of type {_shown(code)}")
    return _Type(code)


def _array(data, kind, shape, order):
    if not isinstance(kind, _Type) or not isinstance(data, bytes):
        raise _RefusalError(f"an array of {type(data).__name__}")
    dtype = kind.dtype()
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise _RefusalError(f"an array whose shape is {_shown(shape)}")
    if len(data) != dtype.itemsize * math.prod(shape):
        raise _RefusalError(f"an array of shape {shape} with {len(data):,} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order=order).astype(dtype.newbyteorder("="), copy=False)


def _encoded(text, encoding):
    if _text(encoding) not in ("latin1", "latin-1"):
        raise _RefusalError(f"bytes as {_shown(encoding)}")
    check_memory(len(text), "a copy of its bytes")
    return text.encode("latin-1")


def _frombuffer(data, kind, shape, order):
    return Array(_array(data, kind, shape, {"C": "C", "F": "F"}[order]))


def _reconstructed(kind, shape, code):
    if kind != _Function("ndarray"):
        raise _RefusalError("an array of another kind")
    return Array()


def _no_bytes(*arguments):
    if arguments not in ((), ((),)):
        raise _RefusalError("bytes of numbers")
    return b""


CALLS = {
    "reconstruct": _reconstructed,
    "frombuffer": _frombuffer,
    "dtype": _type,
    "encode": _encoded,
    "bytes": _no_bytes,
    "ndarray": _type,  # which refuses: it is only an argument of `reconstruct`
}


def _push_argument(machine, argument):
    machine.push(argument)


OPERATIONS = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": lambda machine, _: machine.push(_Mark),
    "POP": lambda machine, _: machine.stack.pop(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "LIST": lambda machine, _: machine.push(machine.since_mark()),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "PUT": lambda machine, place: machine.remember(place),
    "BINPUT": lambda machine, place: machine.remember(place),
    "LONG_BINPUT": lambda machine, place: machine.remember(place),
    "MEMOIZE": lambda machine, _: machine.remember(None),
    "GET": lambda machine, place: machine.push(machine.memo[place]),
    "BINGET": lambda machine, place: machine.push(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.push(machine.memo[place]),
    "GLOBAL": lambda machine, name: machine.function(name),
    "STACK_GLOBAL": lambda machine, _: machine.function(" ".join(reversed([machine.stack.pop(), machine.stack.pop()]))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    **{name: _push_argument for name in COUNTED},
    **{
        name: _push_argument
        for name in ("STRING", "UNICODE", "INT", "BININT", "BININT1", "BININT2", "LONG", "FLOAT", "BINFLOAT")
    },
}
