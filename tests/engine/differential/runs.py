"""Many graphs: in chunks with a seed each, of which each is run in a process of its own and written down when it is finished."""

import collections
import time
import traceback
import warnings

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from .blame import applied, blame, smallest
from .builder import COMPILED, EVERYTHING, OPENCL
from .catalogue import graphs
from .comparison import Outcome, compare
from .known import known

WAYS = {"python": ("py", EVERYTHING), "compiled": ("cvm", COMPILED), "opencl": ("cvm", OPENCL)}


def examine(graph, linker="py", outcome=None, with_blame=True, blamed=None):
    """What is different, as a dictionary that JSON can hold: of the smallest graph that shows it. None: nothing is.

    `blamed`, a dictionary, keeps who is to blame for what, so that the same is not asked many times.
    """
    blamed = {} if blamed is None else blamed
    outcome = outcome or compare(graph, linker)
    if not outcome.differences:
        return None
    kinds = {d.kind for d in outcome.differences}

    def shows(candidate):
        return any(d.kind in kinds for d in compare(candidate, linker).differences)

    small, again = smallest(graph, shows), None
    again = compare(small, linker)
    if not again.differences:
        small, again = graph, outcome
    kinds = {d.kind for d in again.differences}
    reason = known(small, again.differences)
    with_blame = with_blame and not all(
        "both" in d.detail or "declared" in d.detail or "and not" in d.detail for d in again.differences
    )
    rewrites = applied(small, linker) if with_blame else []
    question = (tuple(sorted(set(small.operations))), tuple(sorted(kinds)))
    if with_blame and not reason and question not in blamed:
        blamed[question] = blame(small, kinds, linker)
    return {
        "operations": small.operations,
        "differences": [
            {"kind": d.kind, "detail": d.detail, "got": d.got, "right": d.right} for d in again.differences
        ],
        "known": reason,
        "blame": blamed.get(question, []),
        "rewrites": rewrites,
        "source": small.source(),
        "graph": small.as_dict(),
        "first": graph.as_dict(),
    }


def run_chunk(way, seed, number, size, announce=lambda index, graph: None, without=(), with_blame=True):
    """One chunk of graphs: counts, and a record of each difference.

    Parameters
    ----------
    announce : callable
        Is called with the number of an example and its graph before it is run: it may end the process.
    without : container of int
        Examples that are left out.
    """
    linker, limits = WAYS[way]
    counts, operations, records, blamed = collections.Counter(), collections.Counter(), [], {}
    began = time.time()

    def one(graph):
        index = counts["examples"]
        counts["examples"] += 1
        if graph is None or index in without:
            return
        announce(index, graph)
        counts["graphs"] += 1
        counts["gradients"] += bool(graph.wrt)
        operations.update(graph.operations)
        record = None
        try:
            outcome = compare(graph, linker)
            if outcome.differences:
                record = examine(graph, linker, outcome, with_blame, blamed)
        except Exception:  # the comparison itself, which must not end a run of hours
            outcome = Outcome([])
            record = {
                "known": None,
                "operations": graph.operations,
                "blame": [],
                "rewrites": [],
                "graph": graph.as_dict(),
            }
            record |= {
                "differences": [{"kind": "comparison", "detail": traceback.format_exc()}],
                "source": graph.source(),
            }
        counts["numbers compared"] += outcome.compared
        counts["numbers skipped"] += outcome.skipped
        counts["nothing compared"] += not outcome.compared and not outcome.differences
        counts["better than unrewritten"] += bool(outcome.notes)
        if record:
            counts["known" if record["known"] else "different"] += 1
            records.append({"example": number * size + index, **record})

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        strategy(one, limits, seed * 1_000_003 + number, size)()
    return {
        "way": way,
        "seed": seed,
        "chunk": number,
        "size": size,
        "seconds": round(time.time() - began, 1),
        "counts": dict(counts),
        "operations": dict(operations),
        "records": records,
    }


def strategy(function, limits, seed, size):
    """A function without arguments that calls `function` with so many random graphs, the same for the same seed."""

    @seeded(seed)
    @settings(
        max_examples=size,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(graphs(limits))
    def test(graph):
        function(graph)

    return test
