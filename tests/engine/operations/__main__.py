"""`python -m tests.engine.operations` writes tests/engine/expected_operations.json.gz, on Python 3.11 with NumPy 1.23 only."""

import argparse
import sys

import numpy as np

import deeplearning_tutorial  # noqa: F401  (before Theano)

from . import GROUPS, expected


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    python, numpy = expected.MEASURE
    here = f"{sys.version_info[0]}.{sys.version_info[1]}", ".".join(np.__version__.split(".")[:2])
    if here != expected.MEASURE:
        sys.exit(
            f"What is expected is what Theano computes on Python {python} with NumPy {numpy}, and this is Python {here[0]} "
            f"with NumPy {here[1]}: make it with `.venv/bin/python`, in an environment that scripts/setup made with a "
            f"Python {python}."
        )
    expected.make(GROUPS.values())
    print(f"{expected.FILE}: {expected.FILE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
