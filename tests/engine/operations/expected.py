"""The file of what each case gives on Python 3.11 with NumPy 1.23, which is the measure for all others.

It is JSON, compressed: for each group, mode and case the results as `catalogue.written_down` gives them, and which
classes of operations it passes through. Modes that give the same to the last bit share an entry.
"""

import gzip
import json
import os
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parents[1] / "expected_operations.json.gz"
MEASURE = ("3.11", "1.23")  # of Python and of NumPy


def load(path=FILE):
    """What `make` wrote: a dictionary of groups, of modes, of cases; and for each group the operations of each case."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        return json.load(file)


def make(groups, path=FILE, say=print):
    """Run all cases, and write the file, all of it or nothing."""
    content = {"made by": {"NumPy": np.__version__}, "results": {}, "operations": {}}
    for group in groups:
        results, operations = {}, {}
        for mode in group.modes:
            found = group.results(mode)
            results[mode] = {name: result.values for name, result in found.items()}
            for name, result in found.items():
                operations[name] = sorted({*operations.get(name, ()), *result.operations})
            errors = sum(isinstance(values, dict) for values in results[mode].values())
            say(f"{group.name}, {mode}: {len(found)} cases, {errors} of them raise")
        first = _first(results)
        for mode in [mode for mode in results if results[mode] is not first]:
            results[mode] = {
                name: "same" if _text(values) == _text(first[name]) else values
                for name, values in results[mode].items()
            }
        content["results"][group.name], content["operations"][group.name] = results, operations
    text = json.dumps(content, separators=(",", ":"), sort_keys=False).replace(']},"', ']},\n"')
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(unfinished, "wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed:
            packed.write(text.encode("ascii"))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def values(content, group, mode, name):
    """What a case gives in a mode."""
    modes = content["results"][group]
    found = modes[mode][name]
    return _first(modes)[name] if found == "same" else found


def _first(modes):
    """The results that the others refer to: not all cases are compiled, so those of a mode with all."""
    return max(modes.values(), key=len)


def _text(values):
    return json.dumps(values, sort_keys=True)
