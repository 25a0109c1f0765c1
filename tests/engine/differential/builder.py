"""Makes random graphs: inputs of all kinds and layouts, and steps that fit what is there so far."""

import dataclasses

import numpy as np
import theano.tensor as T

from .graphs import PLAIN, Graph, Input, Step, evaluate_step, theano_names

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
LARGEST = 300  # numbers in an array
OPERATIONS = []  # all functions that add steps, as often as their weight says


class Rejected(Exception):
    """What was drawn makes no step: Theano or NumPy refuses it, or it is too large."""


class Failed(Exception):
    """The last step is an error, and meant to be."""


def operation(weight=1):
    """The function that is decorated adds one or several steps to a graph."""

    def register(function):
        OPERATIONS.extend([function] * weight)
        return function

    return register


@dataclasses.dataclass(frozen=True)
class Limits:
    """What may stand in a graph. Fewer types and axes leave fewer C++ modules to compile."""

    floats: tuple = ("float32", "float32", "float32", "float64")
    integers: tuple = INTEGERS + ("int64",) * 4
    axes: tuple = (0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3)
    most_steps: int = 6
    loops: bool = True
    convolutions: bool = False  # they have no Python code
    odd: bool = True  # whether an axis of length one may be declared as one that is repeated, at random


EVERYTHING = Limits()
COMPILED = Limits(
    ("float32",) * 5 + ("float64",),
    ("int64", "int64", "int64", "int8", "uint8"),
    (1, 1, 2, 2, 2, 2),
    5,
    False,
    True,
    False,
)
OPENCL = Limits(("float32",), ("int64",), (1, 1, 2, 2, 2), 4, False, True, False)


class Variable:
    """A name in the graph, with Theano's variable and NumPy's value in float64."""

    def __init__(self, name, variable, value):
        self.name, self.theano, self.value = name, variable, value
        self.dtype, self.ndim, self.shape = variable.dtype, variable.ndim, value.shape
        self.is_float = self.dtype.startswith("float")
        self.is_bool = self.dtype == "bool"
        self.is_integer = not self.is_float and not self.is_bool

    def __str__(self):
        return self.name


class Builder:
    """A graph that grows; `random` is a `random.Random`."""

    def __init__(self, random, limits=EVERYTHING):
        self.random, self.limits = random, limits
        self.inputs, self.steps, self.variables = [], [], []
        self.names = theano_names(PLAIN)
        self.values = {}

    # --- What is drawn ----------------------------------------------------------------------------

    def integer(self, low, high):
        return self.random.randint(low, high)

    def choice(self, sequence):
        return sequence[self.integer(0, len(sequence) - 1)]

    def chance(self, percent):
        return self.integer(0, 99) < percent

    def shape(self, ndim=None):
        ndim = self.choice(self.limits.axes) if ndim is None else ndim
        return tuple(self.choice((0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 2)) for _ in range(ndim))

    # --- Inputs -----------------------------------------------------------------------------------

    def new(self, kind="float", shape=None, ndim=None, flavour=None, low=None, high=None, dtype=None, layout=None):
        """A new input: of a kind of type, or of `dtype`; integers between `low` and `high` where that is said."""
        shape = self.shape(ndim) if shape is None else tuple(shape)
        dtype = dtype or self._dtype(kind)
        random = np.random.RandomState(self.integer(0, 2**16))
        array = _values(random, dtype, shape, flavour or self._flavour(dtype), low, high)
        source = self._layout(array, low is not None, layout)
        broadcastable = tuple(n == 1 and (self.limits.odd is False or self.chance(60)) for n in shape)
        given = Input(f"x{len(self.inputs)}", dtype, broadcastable, source)
        variable = T.TensorType(dtype, broadcastable)(given.name)
        self.inputs.append(given)
        value = given.array()
        assert value.shape == shape and value.dtype == dtype, source
        value = value.astype("float64") if value.dtype.kind == "f" else value
        return self._remember(given.name, variable, value)

    def _dtype(self, kind):
        if kind == "any":
            kind = self.choice(("float", "float", "float", "float", "integer", "integer", "bool"))
        if kind == "number":
            kind = self.choice(("float", "float", "float", "integer"))
        return {"float": self.limits.floats, "integer": self.limits.integers, "bool": ("bool",)}[kind][
            self.integer(0, len({"float": self.limits.floats, "integer": self.limits.integers, "bool": (1,)}[kind]) - 1)
        ]

    def _flavour(self, dtype):
        if dtype.startswith("float"):
            return self.choice(
                ("normal",) * 7 + ("ties",) * 4 + ("special",) * 3 + ("positive", "unit", "large", "extreme")
            )
        return self.choice(("small",) * 5 + ("largest",) * 1)

    def _layout(self, array, has_limits, layout):
        """The NumPy expression of an array with these numbers, or with some of them again and again, as it may lie in memory."""
        source = _source(array)
        axes = array.ndim
        layouts = ("plain",) * 6 + (("reversed", "stepped", "fortran", "repeated", "block") if axes else ())
        if axes == 2 and min(array.shape) > 0:
            layouts += ("windows", "transposed", "repeated", "windows")
        layout = layout or self.choice(layouts)
        if layout == "plain" or array.size == 0 and layout != "reversed":
            return source
        axis = self.integer(0, axes - 1)
        here = (slice(None),) * axis
        text = ":, " * axis
        if layout == "reversed":
            return f"{_source(array[(*here, slice(None, None, -1))])}[{text}::-1]"
        if layout == "stepped":
            return f"np.repeat({source}, 2, {axis})[{text}::2]"
        if layout == "fortran":
            return f"np.asfortranarray({source})"
        if layout == "transposed":
            return f"{_source(array.T)}.T"
        if layout == "repeated":
            return f"np.broadcast_to({_source(array[(*here, slice(0, 1))])}, {array.shape})"
        if layout == "block":
            return f"np.pad({source}, 1, mode='edge')[{', '.join(['1:-1'] * axes)}]"
        rows, columns = array.shape
        vector = np.resize(array.ravel(), rows + columns - 1)
        return f"np.lib.stride_tricks.sliding_window_view({_source(vector)}, {columns})"

    # --- Variables --------------------------------------------------------------------------------

    def pick(self, kind="any", ndim=None, least=0, most=9, condition=lambda variable: True, new=None, **how):
        """A variable that is there and fits, or a new input."""
        low, high = (least, most) if ndim is None else (ndim, ndim)

        def fits(variable):
            return (
                low <= variable.ndim <= high
                and (
                    kind == "any"
                    or (kind == "float" and variable.is_float)
                    or (kind == "integer" and variable.is_integer)
                    or (kind == "number" and not variable.is_bool)
                    or (kind == "bool" and variable.is_bool)
                )
                and condition(variable)
            )

        there = [variable for variable in self.variables if fits(variable)]
        if there and not self.chance(20):
            # The last ones more often than the first: graphs become deep.
            return there[-1] if self.chance(60) else self.choice(there)
        for _ in range(5):
            ndim = self.choice([n for n in self.limits.axes if low <= n <= high] or [low])
            shape = how.get("shape") or self.shape(ndim)
            variable = self.new(kind, **{**how, "shape": shape})
            if fits(variable):
                return variable
            self._forget(variable)
        raise Rejected("nothing fits")

    def _forget(self, variable):
        self.inputs.pop()
        self.variables.remove(variable)
        del self.values[variable.name], self.names[variable.name]

    def partner(self, x, kind="number", constants=True, special=True):
        """What an element-wise operation can take as well: of the same shape, repeated along axes, a number, or `x` itself."""
        what = self.integer(0, 9)
        if what == 0 and special:
            return x
        if what <= 2 and constants:
            return self.number(x)
        if what <= 6:
            there = [
                v
                for v in self.variables
                if v.shape == x.shape
                and (kind == "any" or not v.is_bool)
                and v.theano.broadcastable == x.theano.broadcastable
            ]
            if there and (there != [x] or special):
                return self.choice(there)
        shape = x.shape
        if shape and self.chance(30):
            shape = shape[self.integer(0, len(shape) - 1) :] if self.chance(50) else ()
        elif shape and self.chance(20):
            axis = self.integer(0, len(shape) - 1)
            shape = (*shape[:axis], 1, *shape[axis + 1 :])
        return self._matching(x, shape, kind)

    def _matching(self, x, shape, kind):
        if kind == "any":
            kind = "bool" if x.is_bool else "number"
        dtype = x.dtype if not x.is_bool and self.chance(75) else None
        y = self.new(kind, shape, dtype=dtype)
        # An axis of one is repeated only where Theano knows of it.
        given = self.inputs[-1]
        given.broadcastable = tuple(n == 1 for n in shape)
        variable = T.TensorType(given.dtype, given.broadcastable)(given.name)
        self.names[given.name] = y.theano = variable
        return y

    def number(self, x):
        """A number in Python, without an error of rounding in float32."""
        if x.is_float:
            return self.choice(
                ("0", "1", "2", "-1", "0.", "1.", "2.", "-1.", "0.5", "-0.25", "3.", "-2.", "1024.", "2.**-20")
            )
        if x.is_bool:
            return self.choice(("0", "1"))
        return self.choice(("0", "1", "2", "-1", "3", "5", "-2", "100", "200", "-128", "127", "255", "256", "1000"))

    # --- Steps ------------------------------------------------------------------------------------

    def add(self, operation, theano, numpy, *arguments, exact=False, may_fail=False):
        """One step. In both texts stand the names of the arguments.

        Where `may_fail`, and NumPy raises an error, the graph ends here, and Theano's two ways have to raise one, too.
        """
        names = tuple(dict.fromkeys(a.name for a in arguments if isinstance(a, Variable)))
        step = Step(f"v{len(self.steps)}", operation, theano, numpy, names, exact)
        try:
            variable = T.as_tensor_variable(eval(theano, self.names))
        except Exception as error:
            raise Rejected(f"Theano: {theano}: {error}") from error
        if variable.dtype.startswith("complex") or variable.dtype == "float16":
            raise Rejected(variable.dtype)
        step.dtype, step.broadcastable = variable.dtype, tuple(map(bool, variable.broadcastable))
        try:
            value = evaluate_step(step, self.values, "float64")
        except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError) as error:
            if may_fail and isinstance(error, (ValueError, IndexError)):
                self.steps.append(step)
                raise Failed from error
            raise Rejected(f"NumPy: {numpy}: {error}") from error
        if value.ndim != variable.ndim:
            raise AssertionError(f"{theano} has {variable.ndim} axes, {numpy} {value.ndim}")
        if value.size > LARGEST:
            raise Rejected("too large")
        self.steps.append(step)
        return self._remember(step.name, variable, value)

    def _remember(self, name, variable, value):
        self.names[name], self.values[name] = variable, value
        self.variables.append(Variable(name, variable, value))
        return self.variables[-1]

    # --- Graphs -----------------------------------------------------------------------------------

    def graph(self):
        """A graph of some steps; None where nothing came of it."""
        wanted = self.integer(2, self.limits.most_steps)
        for _ in range(3 * wanted):
            try:
                self.choice(OPERATIONS)(self)
            except Rejected:
                continue
            except Failed:
                return self._reachable([self.steps[-1].name])
            if len(self.steps) >= wanted:
                break
        if not self.steps:
            return None
        if self.chance(25) and (graph := self._gradient()):
            return graph
        read = {name for step in self.steps for name in step.arguments}
        outputs = [step.name for step in self.steps if step.name not in read][-3:]
        if self.chance(25):
            outputs.append(self.choice(self.steps).name)
        return self._reachable(list(dict.fromkeys(outputs)))

    def _gradient(self):
        floats = [v for v in self.variables if v.is_float and v.name.startswith("v") and v.value.size]
        if not floats:
            return None
        x = floats[-1]
        try:
            if x.ndim:
                how = self.choice(("sum", "sum", "mean", "squares", "weighted"))
                if how == "weighted":
                    w = self.new("float", x.shape, flavour="normal", dtype=x.dtype, layout="plain")
                    x = self.add("mul", f"{x} * {w}", f"H.each(np.multiply, D, {x}, {w})", x, w)
                if how == "squares":
                    x = self.add("sqr", f"{x} ** 2", f"H.each(np.square, D, {x})", x)
                mean = "mean" if how == "mean" else "sum"
                x = self.add(mean, f"{x}.{mean}()", f"np.{mean}({x}, dtype=D)", x)
        except Rejected:
            return None
        graph = self._reachable([x.name])
        graph.wrt = [
            i.name for i in graph.inputs if i.dtype.startswith("float") and 0 < self.values[i.name].size <= 25
        ][:3]
        return graph if graph.wrt and x.theano.owner is not None else None

    def _reachable(self, outputs):
        return reachable(Graph(self.inputs, self.steps, outputs))


def reachable(graph):
    """The graph without what none of its results needs."""
    needed, steps = set(graph.outputs) | set(graph.wrt), []
    for step in reversed(graph.steps):
        if step.name in needed:
            needed.update(step.arguments)
            steps.insert(0, step)
    return dataclasses.replace(graph, inputs=[i for i in graph.inputs if i.name in needed], steps=steps)


SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.0, 1e-40, 3e38, -3e38, 1e-30, 88.0, -104.0, 17.0, -20.0)


def _values(random, dtype, shape, flavour, low, high):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return random.randint(0, 2, shape).astype(bool)
    if low is not None:
        return random.randint(low, high + 1, shape).astype(dtype)
    if kind in "iu":
        if flavour == "largest":
            ends = np.iinfo(dtype)
            return random.choice(np.array([ends.min, ends.max, 0, 1, ends.max // 2, ends.max - 1], dtype), shape)
        return random.randint(0 if kind == "u" else -4, 6, shape).astype(dtype)
    numbers = {
        "normal": lambda: np.round(random.normal(size=shape) * 2, 2),
        "ties": lambda: random.randint(-2, 3, shape),
        "special": lambda: random.choice(SPECIAL, shape),
        "positive": lambda: np.round(np.abs(random.normal(size=shape)) + 0.1, 2),
        "unit": lambda: np.round(random.uniform(0.01, 0.99, shape), 3),
        "large": lambda: np.round(random.normal(size=shape) * 40, 1),
        "extreme": lambda: np.sign(random.normal(size=shape)) * 10 ** np.round(random.uniform(-37, 37, shape), 1),
        "zeros": lambda: np.zeros(shape),
    }[flavour]()
    return np.asarray(numbers).astype(dtype)


def _source(array):
    if array.size == 0:
        return f'np.zeros({array.shape}, "{array.dtype}")'
    return f'np.array({array.tolist()}, "{array.dtype}")'
