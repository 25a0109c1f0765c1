"""Right and wrong answers to the exercises of notebook 06."""

import numpy as np
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams


def nodes_of(function):
    return function.maker.fgraph.toposort()


def name_of(node):
    return type(node.op).__name__


def once_each(function):
    return list({name_of(node): node for node in nodes_of(function) if "Host" in name_of(node)}.values())


def uniform(x, low=-0.3, high=0.3, dtype="float32"):
    return MRG_RandomStreams(7).uniform(x.shape, low, high, dtype=dtype)


def numpy_noise(x):
    return x + np.random.RandomState(0).uniform(-0.3, 0.3, size=(50, 30)).astype("float32")


def two_values(x):
    return x + 0.6 * MRG_RandomStreams(7).binomial(size=x.shape, p=0.5, dtype="float32") - 0.3


RIGHT = [
    (
        "transfers",
        lambda function: tuple(n for n in nodes_of(function) if "FromHost" in name_of(n) or "FromGpu" in name_of(n)),
    ),
    ("transfers", lambda function: [n for n in function.maker.fgraph.apply_nodes if "Host" in str(n.op)]),
    ("add_noise", lambda x: x + 0.6 * MRG_RandomStreams(3).uniform(x.shape) - 0.3),
    ("add_noise", lambda x: x + uniform(x)),
]

MISTAKES = [
    ("transfers", lambda function: len(transfers_of(function)), "returns the number 4"),
    ("transfers", lambda function: (n for n in transfers_of(function)), "no list, but something of the type generator"),
    ("transfers", lambda function: [name_of(n) for n in transfers_of(function)], "names, or operations"),
    ("transfers", lambda function: [n.op for n in transfers_of(function)], "names, or operations"),
    (
        "transfers",
        lambda function: [n.outputs[0] for n in transfers_of(function)],
        "These are variables",
    ),
    ("transfers", lambda function: [0, *transfers_of(function)], "something else in the list than nodes"),
    ("transfers", lambda function: list(range(4)), "These are numbers, such as the places"),
    (
        "transfers",
        lambda function: [name_of(n) == "HostFromGpu" for n in nodes_of(function)],
        "It says yes or no for each node",
    ),
    ("transfers", lambda function: [n for n in function], "A compiled function cannot be gone through"),
    ("transfers", lambda function: [n for n in nodes_of(function) if n.op.__name__ == "x"], "has a name. The type of"),
    ("transfers", lambda function: function.maker.fgraph.nodes, "given by its method `toposort()`"),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if isinstance(n.op, HostFromGpu)],  # noqa: F821
        "This class is not imported here",
    ),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if name_of(n) == "GpuToHost"],
        "finds none, where there are four",
    ),
    ("transfers", nodes_of, "returns all nodes"),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if "Gpu" in name_of(n)],
        "work on the device as a transfer",
    ),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if name_of(n).startswith("Gpu")],
        "work on the device as a transfer",
    ),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if name_of(n) == "HostFromGpu"],
        "one direction only",
    ),
    (
        "transfers",
        lambda function: [n for n in nodes_of(function) if name_of(n) == "GpuFromHost"],
        "one direction only",
    ),
    ("transfers", once_each, "two in each direction, and it returns 2 nodes"),
    ("transfers", lambda function: function.toposort(), "`function.maker.fgraph.toposort()`"),
    ("transfers", lambda function: [n for n in nodes_of(function) if "Host" in n.__name__], "`type(node.op).__name__`"),
    (
        "add_noise",
        lambda x: x + RandomStreams(1).uniform(x.shape, -0.3, 0.3, dtype="float32"),
        "still drawn by NumPy, on the host",
    ),
    ("add_noise", lambda x: x + np.random.uniform(-0.3, 0.3, size=x.shape), "NumPy wants numbers for a size"),
    ("add_noise", lambda x: x + MRG_RandomStreams(1).uniform((600, 784), -0.3, 0.3), "may have any: `size=x.shape`"),
    ("add_noise", lambda x: x + np.random.uniform(-0.3, 0.3, size=(600, 784)), "may have any: `size=x.shape`"),
    ("add_noise", lambda x: x + MRG_RandomStreams(1).uniform(784, -0.3, 0.3), "shape of the matrix: `size=x.shape`"),
    ("add_noise", lambda x: T.sum(x + uniform(x)), "it makes the shape ()"),
    ("add_noise", lambda x: x, "without any noise"),
    ("add_noise", uniform, "noise alone. Add it to `x`"),
    ("add_noise", numpy_noise, "the same in every call"),
    ("add_noise", lambda x: x + uniform(x)[0], "Several numbers get the same noise"),
    ("add_noise", lambda x: x + uniform(x)[1, 1], "Several numbers get the same noise"),
    ("add_noise", lambda x: x + MRG_RandomStreams(1).uniform(x.shape), "from 0.00 to 1.00"),
    ("add_noise", lambda x: x + MRG_RandomStreams(1).normal(x.shape, std=0.3), "it is normal"),
    ("add_noise", lambda x: x * uniform(x), "Is `x` multiplied by it"),
    ("add_noise", two_values, "not uniform between them"),
    ("add_noise", lambda x: x + uniform(x, dtype="float64"), "The result is float64"),
    ("add_noise", lambda x: 0.3, "no symbolic expression"),
]


def transfers_of(function):
    return [node for node in nodes_of(function) if "Host" in name_of(node)]
