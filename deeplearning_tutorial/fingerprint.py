"""What a training run is of, in a few numbers: to tell whether a checkpoint belongs to it.

>>> before = fingerprint(train, validate)
>>> changes(before, fingerprint(another_train, validate))
['the batch size was 20, and is 100']

The graph is taken as it was written, before Theano makes it faster: it is the same on every device and in every version.
"""

import hashlib
import itertools
import re

import numpy as np
import theano
import theano.tensor as T


def fingerprint(train, validate, with_data=True):
    """Of what trains and what validates.

    Parameters
    ----------
    train, validate : MinibatchFunction
    with_data : bool
        False where the data are changed before each epoch: then only their shapes count.

    Returns
    -------
    dict
        None for functions that are no MinibatchFunction. ``"batch size"``; ``"graph"``, a digest; ``"numbers"``, the constants and the shared scalars that stay as they are, such as
        a learning rate, in the order of the graph; ``"training data"`` and ``"validation data"``, digests or shapes. JSON can hold it.
    """
    if not (hasattr(train, "updates") and hasattr(validate, "data")):
        return None
    graph, numbers = _graph(train)
    return {
        "batch size": train.batch_size,
        "graph": graph,
        "numbers": numbers,
        "training data": _data(train, with_data),
        "validation data": _data(validate, with_data),
    }


def changes(before, now):
    """What is different, in words: a list of str, empty if nothing is."""
    found = []
    for name in ("batch size", "graph", "training data", "validation data"):
        if before[name] != now[name]:
            short = name == "batch size" or isinstance(before[name], list) and isinstance(now[name], list)
            verb = "were" if name.endswith("data") else "was"
            values = f"{verb} {before[name]}, and {'are' if verb == 'were' else 'is'} {now[name]}"
            found.append(f"the {name} {values if short else f'{verb} another'}")
    # As text: NaN is not equal to itself.
    if before["graph"] == now["graph"] and str(before["numbers"]) != str(now["numbers"]):
        pairs = [f"{a:.6g}, and is {b:.6g}" for a, b in zip(before["numbers"], now["numbers"]) if str(a) != str(b)]
        found.append(
            f"a number in the graph, such as the learning rate, was {'; another was '.join(dict.fromkeys(pairs))}"
        )
    return found


def _graph(function):
    """A digest of what the function computes and how it updates, and the numbers in it."""
    outputs = [function.output, *(value for pair in function.updates.items() for value in pair)]
    digest, numbers, names, number = hashlib.sha256(), [], {}, itertools.count()

    def name(variable):
        if isinstance(variable, theano.Constant):  # equal ones may be one, by chance
            return _leaf(variable, function, numbers)
        if variable not in names:
            names[variable] = f"{next(number)}"
            digest.update(_leaf(variable, function, numbers).encode())
        return names[variable]

    needed = _needed(outputs)
    for node in theano.gof.graph.io_toposort([], outputs):
        if node not in needed:
            continue
        if _passes_on(node):
            names[node.outputs[0]] = name(node.inputs[0])
            continue
        # An operation that somebody wrote may show where it is in memory.
        operation = re.sub(r"0x[0-9a-f]+", "", f"{type(node.op).__name__} {node.op}")
        digest.update(f"{operation}({','.join(map(name, node.inputs))})".encode())
        for output in node.outputs:
            names[output] = f"{next(number)}"
    digest.update(",".join(map(name, outputs)).encode())
    return digest.hexdigest(), numbers


def _passes_on(node):
    """Copies to and from a GPU, which the same graph has not on a CPU; and what is only asked, such as whether a cost is negative."""
    return isinstance(node.op, T.opt.Assert) or type(node.op).__name__ in ("HostFromGpu", "GpuFromHost")


def _needed(outputs):
    """The nodes that compute the outputs, without those that compute what is only asked."""
    needed, left = set(), list(outputs)
    while left:
        node = left.pop().owner
        if node is not None and node not in needed:
            needed.add(node)
            left.extend(node.inputs[:1] if _passes_on(node) else node.inputs)
    return needed


def _leaf(variable, function, numbers):
    """What a variable that nothing computes is. The value of a scalar goes to the numbers, so that it can be told."""
    kind = f"{getattr(variable, 'dtype', '')}{getattr(variable, 'broadcastable', '')}"
    if isinstance(variable, theano.Constant):
        values = np.asarray(variable.data)
        if values.ndim == 0 and values.dtype.kind in "biuf":
            numbers.append(values.item())
            return f"number {kind}"
        return f"constant {kind} {hashlib.sha256(repr(values.tolist()).encode()).hexdigest()}"
    if isinstance(variable, theano.compile.SharedVariable):
        value = variable.get_value(borrow=True, return_internal_type=True)
        if getattr(variable, "ndim", None) == 0 and variable not in function.state:
            numbers.append(np.asarray(value).item())
            return f"number {kind}"
        return f"shared {kind} {getattr(value, 'shape', '')}"
    return f"input {kind} {function.inputs.index(variable) if variable in function.inputs else ''}"


def _data(function, with_data):
    """Digests of the arrays, or their shapes."""
    arrays = [variable.get_value(borrow=True) for variable in function.data]
    if not with_data:
        return [list(array.shape) for array in arrays]
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.view("uint8").data if array.size else b"")
    return digest.hexdigest()
