"""What a case of the catalogue is, how it is run, and how its results are written and compared.

A case is a function that takes `given` and returns the variables whose values are compared:

>>> @case("nnet")
... def softmax(given):
...     x = given([[1.0, 2.0, 3.0]], "float32")
...     return [T.nnet.softmax(x), *gradients(T.nnet.softmax(x), x)]

Cases of one group are compiled together, in one function, as the compiler takes a second for each that it is
called for. A case that is meant to raise stands alone: `@case("promotion", alone=True)`.
"""

import collections
import contextlib
import logging
import types
import warnings
import zlib

import numpy as np
import scipy.sparse
import theano
import theano.sparse
import theano.tensor as T
from theano.gof import graph

# Three ways to compute: C++ where an operation has it, else Python; Python, and few rewrites; Python, and all rewrites.
MODES = {
    "FAST_RUN": theano.compile.mode.FAST_RUN,
    "FAST_COMPILE": theano.compile.mode.FAST_COMPILE,
    "python": theano.Mode(linker="py", optimizer="fast_run"),
}
C = "FAST_RUN"
PYTHON = ("FAST_COMPILE", "python")

# What a compiler makes of -O3 takes five times as long to come by, and differs from processor to processor.
CXXFLAGS = "-O1 -march=native -ffp-contract=off"

AT_ONCE = 30  # operations in one module: a compiler's time grows faster than the length of a function

GROUPS = {}


class Group:
    """Cases that are compiled together.

    Parameters
    ----------
    name : str
    ulp : float
        How far two numbers may be from each other, in units of the last place: of the number itself, for different
        processors and releases of NumPy have different series for `exp`.
    of_largest : bool
        In units of the last place of the largest number of the array instead, for sums whose terms cancel.
    seconds : float
        What its C++ code takes to compile.
    core : bool
        Whether its C++ code is compared under each Python, and not only under the main one.
    calls : int
        How often the function is called. Random numbers differ from call to call.
    linker : str, optional
        ``"c"`` makes one module of C++ of the whole group, which is much quicker than one for each operation.
    floatX : str
    modes : sequence of str
        Those of `MODES` that the group is run in.
    declared : bool
        Whether numbers are compared in the type that the graph declares: Theano's Python code returns what NumPy and SciPy
        make of a single number, of whatever type.
    """

    def __init__(
        self, name, ulp=8, of_largest=False, seconds=0, core=False, calls=1, linker=None, floatX="float32", modes=None,
        declared=False,
    ):  # fmt: skip
        self.name, self.ulp, self.of_largest = name, ulp, of_largest
        self.seconds, self.core, self.calls, self.linker, self.floatX = seconds, core, calls, linker, floatX
        self.modes, self.declared = tuple(modes or MODES), declared
        self.cases, self.alone, self.not_compiled = {}, set(), set()
        GROUPS[name] = self

    def add(self, name, build, alone=False, compiled=True):
        if name in self.cases:
            raise ValueError(f"two cases of {self.name} are called {name}")
        self.cases[name] = build
        if not compiled:
            self.not_compiled.add(name)
        if alone:
            self.alone.add(name)

    def nearness(self, name):
        """How far the numbers of a case may be from each other: how many units of the last place, and the least unit.

        NumPy takes the absolute value of complex numbers by other instructions on other processors, with and without
        AVX-512, and what follows (a power, chi2sf) enlarges what that makes of the last place. Of complex64 it is that of
        single precision, whatever type the result has.
        """
        ulp = 4 * self.ulp if "complex" in name else self.ulp
        return ulp, np.finfo("float32").eps if "complex64" in name else 0

    def names(self, mode):
        """The cases that are run in a mode."""
        return [name for name in self.cases if mode != C or name not in self.not_compiled]

    def mode(self, name):
        if name == C and self.linker:
            return theano.Mode(linker=self.linker, optimizer="fast_run")
        return MODES[name]

    def results(self, mode, names=None, alone=()):
        """What each case gives.

        Parameters
        ----------
        mode : str
            One of `MODES`.
        names : list of str, optional
            Only these cases.
        alone : collection of str, optional
            Those that raise, so that they spoil no function of others.

        Returns
        -------
        dict
            For each case a `Result`.
        """
        names = self.names(mode) if names is None else list(names)
        alone = self.alone | set(alone)
        flags = {"floatX": self.floatX, "compute_test_value": "off", "gcc.cxxflags": CXXFLAGS}
        with theano.configparser.change_flags(flags), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"), _quiet("theano.gof.opt"):
                found = self._together([name for name in names if name not in alone], mode)
                for name in names:
                    if name in alone:
                        found |= self._together([name], mode)
        return {name: found[name] for name in names}

    def _together(self, names, mode):
        """The cases in one function if that works, else in halves, until it is known which does not."""
        built, found = {}, {}
        for name in names:
            given = Given(None if mode == C else self.mode(mode))
            try:
                these = self.cases[name](given)
                these = list(these) if isinstance(these, list | tuple | types.GeneratorType) else [these]
            except Exception as error:
                found[name] = Result({"error": type(error).__name__}, [], error)
            else:
                built[name] = given, these
        return found | self._in_parts(built, mode)

    def _in_parts(self, built, mode):
        try:
            if not (mode == C and self.linker and len(built) > AT_ONCE):
                return self._run(built, mode)
        except Exception as error:
            if len(built) == 1:
                ((name, (_, outputs)),) = built.items()
                variables = [output for output in outputs if isinstance(output, graph.Variable)]
                return {name: Result({"error": type(error).__name__}, sorted(_operations(variables)), error)}
        parts = list(built.items())  # in half, where it is too much at once, or something raised
        half = len(parts) // 2
        return self._in_parts(dict(parts[:half]), mode) | self._in_parts(dict(parts[half:]), mode)

    def _run(self, built, mode):
        if not built:
            return {}
        inputs, values, outputs, updates = [], [], [], []
        for given, these in built.values():
            outputs += [output for output in these if isinstance(output, graph.Variable)]
            inputs += given.variables
            values += given.values
            updates += given.updates
        function = theano.function(
            inputs, outputs, updates=updates, mode=self.mode(mode), on_unused_input="ignore", name=self.name
        )
        compiled = iter(function.maker.fgraph.outputs)
        calls = [iter(function(*values)) for _ in range(self.calls)]
        found = {}
        for name, (_, these) in built.items():
            variables = [output for output in these if isinstance(output, graph.Variable)]
            operations = _operations(variables) | _operations([next(compiled) for _ in variables])
            written = [written_down(self._value(output, call)) for call in calls for output in these]
            found[name] = Result(written, sorted(operations))
        return found

    def _value(self, output, call):
        """What a case returned: what it is itself, or where it is a variable, the next value of a call."""
        if not isinstance(output, graph.Variable):
            return output
        value = next(call)
        return np.asarray(value).astype(output.dtype) if self.declared else value


Result = collections.namedtuple("Result", ["values", "operations", "exception"], defaults=[None])


@contextlib.contextmanager
def _quiet(name):
    """Theano tells of each constant that it cannot compute; here that is meant."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


class Given:
    """Turns values into a case's inputs, and remembers them.

    Parameters
    ----------
    mode : theano.Mode, optional
        How a function that the graph has inside is compiled, that of a `scan`. None is Theano's own choice.
    """

    def __init__(self, mode=None):
        self.mode = mode
        self.variables, self.values, self.updates = [], [], []

    def __call__(self, value, dtype=None, broadcastable=None):
        """A variable, for an array or a sparse matrix, of its type; its dimensions of length 1 do not broadcast."""
        if scipy.sparse.issparse(value):
            value = value if dtype is None else value.astype(dtype)
            variable = theano.sparse.SparseType(value.format, value.dtype.name)()
        else:
            value = np.array(value, dtype=dtype)
            variable = T.TensorType(value.dtype.name, broadcastable or (False,) * value.ndim)()
        return self.as_it_is(variable, value)

    def as_it_is(self, variable, value):
        """A variable of another type, and its value."""
        self.variables.append(variable)
        self.values.append(value)
        return variable

    def update(self, updates):
        """Shared variables that the function changes."""
        self.updates += list(updates.items() if hasattr(updates, "items") else updates)


def case(group, alone=False, compiled=True):
    """Adds a function to a group, under its own name."""

    def add(build):
        GROUPS[group].add(build.__name__, build, alone, compiled)
        return build

    return add


def attempt(function, *arguments, **options):
    """What the function returns, or the name of the error that it raises: one of many results of a case."""
    try:
        return function(*arguments, **options)
    except Exception as error:
        return type(error).__name__


def gradients(output, *inputs):
    """Those of a scalar that depends on each element of `output` in a way of its own."""
    weights = T.arange(1, output.size + 1, dtype=output.dtype).reshape(output.shape, ndim=output.ndim)
    return T.grad((output * weights).sum(), list(inputs), disconnected_inputs="ignore")


def _operations(outputs):
    """The names of all operations' classes, also of those inside of others."""
    names = set()
    for node in graph.io_toposort([], outputs):
        names |= _names(node.op)
    return names


def _names(op):
    names = {operation_name(type(op))}
    if hasattr(op, "scalar_op"):
        names |= _names(op.scalar_op)
    for inner in ("fgraph", "local_fgraph", "fn"):  # Composite, OpFromGraph, Scan
        inner = getattr(op, inner, None)
        inner = getattr(getattr(inner, "maker", inner), "fgraph", inner)
        if hasattr(inner, "apply_nodes"):
            for node in inner.apply_nodes:
                names |= _names(node.op)
    if isinstance(op, theano.scan_module.scan_op.Scan):
        names |= _operations(op.outputs)
    return names


def operation_name(kind):
    """The name of an operation's class, with its module where others have the same."""
    module = kind.__module__.removeprefix("theano.")
    return f"{module}.{kind.__name__}"


# --- What a result looks like in the file ---------------------------------------------------------


def written_down(value):
    """A result in terms of JSON: dtype, shape and numbers of an array, and nothing lost."""
    if value is None or isinstance(value, str | bool | int):
        return {"type": type(value).__name__, "value": value}
    if isinstance(value, slice):
        return {"type": "slice", "value": [written_down(end) for end in (value.start, value.stop, value.step)]}
    if isinstance(value, list | tuple):
        return {"type": type(value).__name__, "value": [written_down(one) for one in value]}
    if isinstance(value, np.random.RandomState):
        kind, key, position = value.get_state()[:3]
        return {"type": kind, "value": [zlib.crc32(np.asarray(key, "uint32").tobytes()), int(position)]}
    if scipy.sparse.issparse(value):
        indices = "canonical" if value.has_canonical_format else "any order"
        return {"type": f"{value.format} {indices} {value.indices.dtype}", "value": written_down(value.toarray())}
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        text = f"{array.dtype.name} {list(array.shape)}"
        if array.dtype == object:
            raise TypeError(f"an array of objects: {array!r}")
        return {"array": text, "numbers": _numbers(array)}
    raise TypeError(f"{type(value)}: {value!r}")


def _numbers(array):
    if array.dtype.kind == "c":
        parts = array.reshape(-1, 1).view(array.real.dtype)
        return _numbers(np.ascontiguousarray(parts))
    numbers = array.ravel().tolist()
    if array.dtype.kind == "f":  # the shortest text that gives the same number of this type
        numbers = [float(np.format_float_scientific(number)) for number in array.ravel()]
    return numbers


def array_of(written):
    """The array that `written_down` wrote."""
    name, shape = written["array"].split(" ", 1)
    dtype = np.dtype(name)
    shape = [int(length) for length in shape.strip("[]").split(",") if length.strip()]
    if dtype.kind == "c":
        parts = np.array(written["numbers"], dtype=f"float{dtype.itemsize * 4}")
        return parts.view(dtype).reshape(shape)
    return np.array(written["numbers"], dtype=dtype).reshape(shape)


def difference(expected, found, ulp, of_largest=False, least=0):
    """What is different, in words; the empty string where two results are the same.

    Parameters
    ----------
    expected, found
        As `written_down` gives them, or lists of such.
    ulp, of_largest
        As those of `Group`.
    least : float
        The least unit, where numbers were made of coarser ones than their type says.
    """
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{len(found)} results, not {len(expected)}"
        for position, (one, other) in enumerate(zip(expected, found)):
            if said := difference(one, other, ulp, of_largest, least):
                return f"result {position}: {said}"
        return ""
    if isinstance(expected, dict) and isinstance(found, dict):
        if "array" in expected and "array" in found:
            return _difference_of_arrays(expected, found, ulp, of_largest, least)
        if expected.get("type") == found.get("type") is not None:
            return difference(expected["value"], found["value"], ulp, of_largest, least)
    return "" if expected == found else f"{_short(found)}, not {_short(expected)}"


def _difference_of_arrays(expected, found, ulp, of_largest, least):
    if expected["array"] != found["array"]:
        return f"{found['array']}, not {expected['array']}"
    right, number = array_of(expected), array_of(found)
    if right.dtype.kind not in "fc":
        same = right == number
    else:
        # A complex number is as good as its larger part.
        with np.errstate(all="ignore"):
            kind = right.real.dtype
            size = np.maximum(abs(right), abs(number)).astype("float64")
            if of_largest and size.size:
                size = np.maximum(size, np.max(size, where=np.isfinite(size), initial=0))
            near = abs(right.astype("complex128") - number) <= ulp * max(np.finfo(kind).eps, least) * size
        same = near & np.isfinite(right) & np.isfinite(number)
        for here, there in ((right.real, number.real), (right.imag, number.imag)):
            if right.dtype.kind == "f":
                same |= (here == there) | (np.isnan(here) & np.isnan(there))
                break
        else:
            same |= _same_part(right.real, number.real) & _same_part(right.imag, number.imag)
    if same.all():
        return ""
    where = np.argwhere(~same)[0].tolist()
    return f"{number[tuple(where)]} at {where}, not {right[tuple(where)]}; {(~same).sum()} of {same.size} are different"


def _same_part(one, other):
    return (one == other) | (np.isnan(one) & np.isnan(other))


def _short(written):
    text = str(written)
    return text if len(text) < 200 else text[:200] + "…"
