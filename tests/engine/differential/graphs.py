"""A random graph as text: each step is one line of Theano and one line of NumPy, so that it can be printed and kept.

NumPy evaluates a graph in two precisions. With "float64", what Theano declares as a float of any width is a float64: the
right values. With "declared" each step is rounded to the type that Theano declares: what Theano's graph says, word for
word, and so also where it overflows.
"""

import dataclasses

import numpy as np
import theano
import theano.tensor as T
import theano.tensor.signal.pool

from . import mirror

PLAIN = theano.Mode(linker="py", optimizer=None)


@dataclasses.dataclass
class Input:
    """An array that a graph is given: `source` is the NumPy expression that makes it, strides and all."""

    name: str
    dtype: str
    broadcastable: tuple
    source: str

    def array(self):
        return eval(self.source, {"np": np, "nan": np.nan, "inf": np.inf})

    def theano_source(self):
        return f'{self.name} = T.TensorType("{self.dtype}", {self.broadcastable})("{self.name}")'


@dataclasses.dataclass
class Step:
    """One operation. `is_exact` says that no float is rounded in it: it only compares, chooses or moves."""

    name: str
    operation: str
    theano: str
    numpy: str
    arguments: tuple
    is_exact: bool
    dtype: str = ""  # as Theano declares it
    broadcastable: tuple = ()


@dataclasses.dataclass
class Graph:
    """Inputs, steps, and which of them are results. `wrt`, where not empty: the results are gradients of the only output."""

    inputs: list
    steps: list
    outputs: list
    wrt: list = dataclasses.field(default_factory=list)

    def as_dict(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content):
        return cls(
            [Input(**{**i, "broadcastable": tuple(i["broadcastable"])}) for i in content["inputs"]],
            [
                Step(**{**s, "broadcastable": tuple(s["broadcastable"]), "arguments": tuple(s["arguments"])})
                for s in content["steps"]
            ],
            content["outputs"],
            content["wrt"],
        )

    @property
    def operations(self):
        return [step.operation for step in self.steps]

    def arrays(self):
        return {i.name: i.array() for i in self.inputs}

    def build(self, mode=PLAIN, widen=False):
        """The Theano variables of inputs and results; `widen` makes float64 of float32 inputs."""
        names = theano_names(mode)
        for i in self.inputs:
            dtype = "float64" if widen and i.dtype == "float32" else i.dtype
            names[i.name] = T.TensorType(dtype, i.broadcastable)(i.name)
        inputs = [names[i.name] for i in self.inputs]
        for step in self.steps:
            names[step.name] = T.as_tensor_variable(eval(step.theano, names))
        results = [names[name] for name in self.outputs]
        if self.wrt:
            results = T.grad(results[0], [names[name] for name in self.wrt], disconnected_inputs="ignore")
        return inputs, list(results)

    def evaluate(self, arrays, precision, noise=None):
        """What NumPy gives for all names. `noise`, a RandomState, adds an error of rounding to each step."""
        values = dict(arrays)
        if precision == "float64":
            values = {
                name: value.astype("float64") if value.dtype.kind == "f" else value for name, value in values.items()
            }
        for step in self.steps:
            values[step.name] = evaluate_step(step, values, precision, noise)
        return values

    def source(self, call="", settings=""):
        """A program that shows what this graph gives."""
        lines = ["import deeplearning_tutorial, numpy as np, theano, theano.tensor as T", "from numpy import inf, nan"]
        lines += [i.theano_source() for i in self.inputs]
        lines += [f"{step.name} = {step.theano}" for step in self.steps]
        results = ", ".join(self.outputs)
        if self.wrt:
            results = f"*T.grad({results}, [{', '.join(self.wrt)}], disconnected_inputs='ignore')"
        names = ", ".join(i.name for i in self.inputs)
        arrays = ", ".join(i.source for i in self.inputs)
        lines += [settings] if settings else []
        lines += [f"f = theano.function([{names}], [{results}], on_unused_input='ignore'{call})", f"print(f({arrays}))"]
        return "\n".join(line.replace(", mode=MODE", "") for line in lines)


def theano_names(mode):
    return {"T": T, "theano": theano, "np": np, "MODE": mode}


NUMPY_NAMES = {"np": np, "H": mirror, "nan": np.nan, "inf": np.inf}


def evaluate_step(step, values, precision, noise=None):
    """NumPy's value of one step, from those of its arguments."""
    dtype = np.dtype(step.dtype)
    is_float = dtype.kind == "f"
    names = dict(NUMPY_NAMES)
    for name in step.arguments:
        value = values[name]
        if noise is not None and not step.is_exact and value.dtype.kind == "f":
            value = _shaken(value, noise, "float32" if step.dtype == "float32" else step.dtype)
        names[name] = value
    names["D"] = np.dtype("float64") if is_float and precision == "float64" else dtype
    result = np.asarray(eval(step.numpy, names)).astype(names["D"], copy=False)
    if noise is not None and is_float and not step.is_exact:
        result = _shaken(result, noise, step.dtype)
    return result


def _shaken(values, noise, dtype):
    eps = np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else np.finfo("float32").eps
    return values * (1 + eps * noise.uniform(-1, 1, values.shape)).astype(values.dtype)
