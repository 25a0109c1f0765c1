"""The exercises of notebook 06.

What Theano has for GPUs is imported by the functions that need it, as each notebook imports the exercises of all.
"""

from types import SimpleNamespace

import numpy as np
import theano
import theano.tensor as T
from theano.gof import Apply, FunctionGraph
from theano.sandbox.rng_mrg import MRG_RandomStreams, mrg_uniform
from theano.tensor.raw_random import RandomFunction

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    result_of,
    same,
    symbolic,
    values_of,
)

EXERCISES = {}

# --- Transfers in a compiled function --------------------------------------------------------------------------------


def transfers(function):
    """The nodes of a compiled function that move an array between host and device."""
    from theano.gpuarray.basic_ops import GpuFromHost, HostFromGpu

    return [node for node in function.maker.fgraph.toposort() if isinstance(node.op, (GpuFromHost, HostFromGpu))]


def _function_with_transfers():
    """What a compiled function with four transfers looks like, made by hand: it needs no device, and does not run."""
    from theano.gpuarray.basic_ops import GpuFromHost, HostFromGpu
    from theano.gpuarray.blas import GpuDot22
    from theano.gpuarray.elemwise import GpuElemwise

    def apply(op, *inputs):
        return Apply(op, list(inputs), [inputs[0].type()]).outputs[0]

    x, W = T.matrices("x", "W")
    on_device = apply(GpuDot22(), apply(GpuFromHost(None), x), W)
    on_host = T.nnet.softmax(apply(HostFromGpu(), on_device))
    on_device = apply(GpuElemwise(theano.scalar.tanh), apply(GpuFromHost(None), on_host))
    graph = FunctionGraph([x, W], [apply(HostFromGpu(), on_device)], clone=False)
    return SimpleNamespace(maker=SimpleNamespace(fgraph=graph))


def _examine_transfers(answer):
    from theano.gpuarray.basic_ops import GpuFromHost, HostFromGpu
    from theano.gpuarray.blas import GpuDot22
    from theano.gpuarray.elemwise import GpuElemwise

    function = _function_with_transfers()
    nodes = function.maker.fgraph.toposort()
    wanted = transfers(function)
    found = result_of(
        answer,
        function,
        known=[
            (
                "no attribute 'toposort'",
                "The nodes are those of the function's graph: `function.maker.fgraph.toposort()`.",
            ),
            (
                "object has no attribute '__name__'",
                "Neither a node nor its operation has a name. The type of the operation has one: `type(node.op).__name__`.",
            ),
            (
                "SimpleNamespace' object is not iterable",
                "A compiled function cannot be gone through. Its nodes are `function.maker.fgraph.toposort()`.",
            ),
            (
                "'FunctionGraph' object",
                "The nodes of the graph are given by its method `toposort()`.",
            ),
            *[
                (
                    f"name '{operation}'",
                    "This class is not imported here. Compare names, `type(node.op).__name__`, which are text in quotes.",
                )
                for operation in ("HostFromGpu", "GpuFromHost")
            ],
        ],
    )
    if isinstance(found, (int, np.integer)):
        raise Wrong(f"It returns the number {found}. Return the nodes themselves, in a list.")
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"It returns no list, but something of the type {type(found).__name__}.")
    if found and all(isinstance(thing, (str, theano.Op)) for thing in found):
        raise Wrong("These are names, or operations. Return the nodes that have them: `node` itself.")
    if found and all(isinstance(thing, theano.Variable) for thing in found):
        raise Wrong("These are variables, which go into nodes and come out. Return the nodes: `node` itself.")
    if found and all(isinstance(thing, bool) for thing in found):
        raise Wrong(
            "It says yes or no for each node. Keep those for which it is yes: the condition comes last, after an `if`."
        )
    if found and all(isinstance(thing, (int, np.integer)) for thing in found):
        raise Wrong("These are numbers, such as the places of the nodes. Return the nodes: `node` itself.")
    if not all(isinstance(thing, Apply) for thing in found):
        raise Wrong("There is something else in the list than nodes of the function's graph.")
    if not found:
        raise Wrong(
            "It finds none, where there are four. The names are exactly `GpuFromHost` and `HostFromGpu`, and are found at "
            "`type(node.op).__name__`."
        )
    if set(found) == set(nodes):
        raise Wrong("It returns all nodes. Keep those whose operation has one of two names.")
    if any(isinstance(node.op, (GpuDot22, GpuElemwise)) for node in found):
        raise Wrong(
            "It counts work on the device as a transfer: `GpuDot22` and `GpuElemwise` move nothing between host and device."
        )
    if {type(node.op) for node in found} in ({GpuFromHost}, {HostFromGpu}):
        raise Wrong("It finds the transfers in one direction only. There are `GpuFromHost` and `HostFromGpu`.")
    if len(found) != 4 or set(found) != set(wanted):
        raise Wrong(f"There are four transfers, two in each direction, and it returns {len(found)} nodes.")
    return "what goes in and what comes out, each transfer once, and nothing else."


EXERCISES["transfers"] = Exercise(
    "Go through the nodes as `operation_names` does. Keep a node, in a list comprehension with an `if` at its end, when the "
    "name of its operation is one of two: look at the picture with the two graphs, where an array crosses from one side to "
    "the other.",
    transfers,
    _examine_transfers,
)


# --- Noise without a transfer ----------------------------------------------------------------------------------------


def add_noise(x):
    """A matrix plus noise, uniform from -0.3 to 0.3, drawn where the matrix is."""
    return x + MRG_RandomStreams(1).uniform(size=x.shape, low=-0.3, high=0.3, dtype=theano.config.floatX)


def _examine_add_noise(answer):
    x = T.matrix("x")
    found = result_of(
        answer,
        x,
        known=[
            ("interpreted as an integer", _NUMPY),
            ("expected a sequence of integers", _NUMPY),
            ("size must be a tuple", "The noise has the shape of the matrix: `size=x.shape`."),
            (
                "missing 1 required positional argument: 'size'",
                "There is no `size`: `x.shape`. (And `uniform` belongs to a stream that `MRG_RandomStreams(...)` makes.)",
            ),
        ],
    )
    found = symbolic(found, "Return `x` plus the noise, both of them symbols.")
    nodes = theano.gof.graph.io_toposort([x], [found])
    if any(isinstance(node.op, RandomFunction) for node in nodes):
        raise Wrong(
            "The noise is still drawn by NumPy, on the host: `RandomFunction` is in the graph. Which other kind of random "
            "streams is there?"
        )
    sizes = [node.inputs[1] for node in nodes if isinstance(node.op, mrg_uniform)]
    fixed = "The noise has a size of its own. Mini-batches may have any: `size=x.shape`."
    if any(x not in theano.gof.graph.inputs([size]) for size in sizes):
        raise Wrong(fixed)
    matrix = np.full((50, 30), 5, dtype=theano.config.floatX)
    known = [("mis-match", fixed), ("mismatch", fixed), ("broadcast", fixed)]
    first, second = (values_of(found, [x], [matrix], known=known) for _ in range(2))
    if np.shape(first) != matrix.shape:
        raise Wrong(f"From a matrix of the shape {matrix.shape} it makes the shape {np.shape(first)}.")
    noise = first - matrix
    if same(noise, 0 * matrix):
        raise Wrong("It returns the matrix without any noise.")
    if np.abs(first).max() < 0.35 or np.abs(first).max() < 1.05 and first.min() >= 0:
        raise Wrong("It returns the noise alone. Add it to `x`.")
    if np.abs(first).max() < 2:
        raise Wrong("The noise is not added to `x`. Is `x` multiplied by it, or is it there at all?")
    if same(first, second):
        raise Wrong("The noise is the same in every call: NumPy drew it once, when the graph was built. " + _STREAMS)
    if noise.std(axis=0).max() < 0.01 or noise.std(axis=1).max() < 0.01:
        raise Wrong("Several numbers get the same noise. Each of them needs its own: `size=x.shape`.")
    if noise.min() < -0.6 and abs(noise.std() - 0.3) < 0.02:
        raise Wrong(
            "Most of the noise is near 0, and some far off: it is normal. Uniform noise keeps to its bounds, -0.3 and 0.3."
        )
    if not np.allclose([noise.min(), noise.max()], [-0.3, 0.3], atol=0.02):
        raise Wrong(f"The noise goes from {noise.min():.2f} to {noise.max():.2f}: it should be -0.30 to 0.30.")
    if abs(noise.std() - 0.6 / np.sqrt(12)) > 0.01:
        raise Wrong("The noise keeps to its bounds, but is not uniform between them.")
    if first.dtype != theano.config.floatX:
        raise Wrong(
            f'The result is {first.dtype}, and the weights are {theano.config.floatX}. Give the noise a `dtype="float32"`.'
        )
    return "fresh noise for each number in each call, and nobody had to send it."


_STREAMS = "Let a random stream draw it, which is part of the graph."
_NUMPY = "NumPy wants numbers for a size, and `x.shape` is a symbol. " + _STREAMS

EXERCISES["add_noise"] = Exercise(
    "The noise is made by `RandomFunction`, which is NumPy's, and goes through `GpuFromHost`. So take the other kind of "
    "random streams. It has a method `uniform`, too, with the same arguments.",
    add_noise,
    _examine_add_noise,
)
