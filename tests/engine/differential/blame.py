"""Makes a graph that shows a difference as small as it gets, and finds the rewrite that makes the difference."""

import contextlib
import dataclasses
import io

import numpy as np
import theano

from .builder import reachable
from .comparison import PATIENCE, TooLong, compare, limited, logged_errors, rewritten
from .graphs import Input


def smallest(graph, shows, patience=70):
    """The graph with fewer steps and simpler arrays, as long as `shows(graph)`; after `patience` trials it is left as it is."""
    trials = 0

    def still(candidate):
        nonlocal trials
        trials += 1
        if trials > patience:
            return False
        try:
            return shows(candidate)
        except Exception:
            return False

    changed = True
    while changed and trials <= patience:
        changed = False
        for candidate in _smaller(graph):
            if still(candidate):
                graph, changed = candidate, True
                break
    return graph


def _smaller(graph):
    if len(graph.outputs) > 1:
        for name in graph.outputs:
            yield reachable(dataclasses.replace(graph, outputs=[name]))
    if len(graph.wrt) > 1:
        for name in graph.wrt:
            yield dataclasses.replace(graph, wrt=[name])
    # An earlier step as the result.
    if not graph.wrt:
        for step in graph.steps[:-1]:
            if step.name not in graph.outputs:
                yield reachable(dataclasses.replace(graph, outputs=[step.name]))
    # A step replaced by an input that has its value.
    with np.errstate(all="ignore"):
        try:
            values = graph.evaluate(graph.arrays(), "declared")
        except (ValueError, IndexError):  # the error may be what is shown
            values = {}
    for step in graph.steps if values else ():
        if step.name in graph.outputs:
            continue
        given = Input(step.name, step.dtype, step.broadcastable, _source(values[step.name]))
        steps = [other for other in graph.steps if other is not step]
        candidate = dataclasses.replace(graph, inputs=[*graph.inputs, given], steps=steps)
        if graph.wrt and step.dtype.startswith("float"):
            yield reachable(dataclasses.replace(candidate, wrt=[step.name]))
        yield reachable(candidate)
    for i, given in enumerate(graph.inputs):
        for source in _simpler(given):
            inputs = [*graph.inputs[:i], dataclasses.replace(given, source=source), *graph.inputs[i + 1 :]]
            yield dataclasses.replace(graph, inputs=inputs)


def _simpler(given):
    array = given.array()
    plain = _source(array)
    if len(plain) < len(given.source):
        yield plain
    if array.dtype.kind == "f" and array.size:
        ones = np.ones_like(array)
        steps = (np.arange(array.size) + 1).reshape(array.shape).astype(array.dtype)
        for other in (ones, steps):
            if not np.array_equal(array, other) and not np.array_equal(array, ones):
                yield _source(other)
        special = ~np.isfinite(array)
        if special.any() and not special.all():
            simple = np.where(special, array, ones)
            if not np.array_equal(simple, array, equal_nan=True):
                yield _source(simple)


def _source(array):
    array = np.asarray(array)
    return f'np.array({array.tolist()}, "{array.dtype}")' if array.size else f'np.zeros({array.shape}, "{array.dtype}")'


def applied(graph, linker="py"):
    """The names of the rewrites that change the graph, in order."""
    printed = io.StringIO()
    mode = rewritten(linker)
    with theano.change_flags(optimizer_verbose=True), contextlib.redirect_stdout(printed), logged_errors() as lines:
        with contextlib.suppress(Exception, TooLong), limited(PATIENCE):
            inputs, outputs = graph.build(mode)
            theano.function(inputs, outputs, mode=rewritten("py"), on_unused_input="ignore")
    names = []
    for line in printed.getvalue().splitlines():
        if (words := line.split()) and words[0].isidentifier():
            names.append(words[0])
    names += [line.split()[-1] for line in lines if "due to:" in line]
    return list(dict.fromkeys(names))


def blame(graph, kinds, linker="py", most=40):
    """The rewrites without which the difference is gone: one if one is enough, else several. Empty: none is to blame."""

    def gone(*without):
        return not any(d.kind in kinds for d in compare(graph, linker, without).differences)

    names = applied(graph, linker)[:most]
    names = list(dict.fromkeys(n for name in names for n in _names(name)))
    for name in names:
        if gone(name):
            return [name]
    if not gone(*names, *EVERYTHING_ELSE):
        return []
    needed = [*names, *EVERYTHING_ELSE]
    for name in list(needed):
        rest = [other for other in needed if other != name]
        if gone(*rest):
            needed = rest
    return needed


EVERYTHING_ELSE = ["inplace", "BlasOpt", "fusion", "canonicalize", "stabilize", "specialize", "merge1", "ShapeOpt"]


def _names(name):
    """A rewrite's name, and that under which it can be excluded where it is another."""
    name = name.strip("()',")
    found = [name]
    if ":" in name:
        found += name.split(":")
    if "inplace" in name.lower():
        found.append("inplace")
    if "Gemm" in name or "blas" in name.lower() or "dot" in name.lower():
        found.append("BlasOpt")
    return found
