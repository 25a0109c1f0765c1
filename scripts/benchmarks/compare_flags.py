"""Measure what the compiler flags of theanorc.example are worth, and whether a NaN stays visible.

Each configuration runs in a process of its own, one after the other and several times over, so that a slow minute of
the machine hits all of them alike. The table shows medians: microseconds for tanh and exp of 600 x 500 numbers, and for
a training step of a network 784-500-10 with mini-batches of 600 and of 20.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from scripts.arguments import whole_number
from scripts.benchmarks.tables import heading, row

VECTORIZE = (
    "-O3 -march=native -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math -freciprocal-math"
)
UNFUSED = "optimizer_excluding=elemwise_fusion,allow_gc=False"
CONFIGURATIONS = {
    "Theano's defaults": "gcc.cxxflags=,optimizer_excluding=,allow_gc=True",
    "-ffast-math": f"{UNFUSED},gcc.cxxflags=-O3 -march=native -ffast-math",
    "-ffast-math -fno-finite-math-only": f"{UNFUSED},gcc.cxxflags=-O3 -march=native -ffast-math -fno-finite-math-only",
    "theanorc.example": f"{UNFUSED},gcc.cxxflags={VECTORIZE} -D__FAST_MATH__",
    "theanorc.example, but fused": f"optimizer_excluding=,allow_gc=False,gcc.cxxflags={VECTORIZE} -D__FAST_MATH__",
}


def main():
    parser = argparse.ArgumentParser(prog="scripts/compare_flags", description=__doc__)
    parser.add_argument(
        "--repeats",
        type=whole_number(1, what="a number of rounds"),
        default=5,
        metavar="N",
        help="rounds over all configurations (default: 5)",
    )
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure()))
        return
    rounds = []
    for number in range(options.repeats):
        rounds.append({name: run(flags) for name, flags in CONFIGURATIONS.items()})
        print(f"round {number + 1} of {options.repeats} done", file=sys.stderr)
    report(rounds)


def run(flags):
    """Measure one configuration in a fresh process."""
    environment = {**os.environ, "THEANO_FLAGS": flags}
    command = [sys.executable, "-P", "-m", "scripts.command", "benchmarks.compare_flags", "--measure"]
    # An interrupt is for this process, which ends the other.
    child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    if child.returncode:
        sys.exit(f"It could not be measured with {flags}: why is said above.")
    return json.loads(child.stdout)


def report(rounds):
    """Print the medians as a table in Markdown."""
    columns = list(rounds[0]["theanorc.example"])
    print(*heading(["", *columns]), sep="\n")
    for name in CONFIGURATIONS:
        cells = [shown([one[name][column] for one in rounds]) for column in columns]
        print(row([f"`{name}`", *cells]))


def shown(values):
    return "yes" if values[0] is True else "no" if values[0] is False else f"{statistics.median(values):,.0f}"


def measure():
    import numpy as np
    import theano
    import theano.tensor as T

    import deeplearning_tutorial  # noqa: F401  before theano
    from deeplearning_tutorial.mlp import MLP
    from deeplearning_tutorial.training import MinibatchFunction
    from deeplearning_tutorial.updates import sgd

    rng = np.random.RandomState(0)
    matrix = theano.shared(rng.normal(size=(600, 500)).astype("float32"))
    result = theano.shared(np.zeros((600, 500), dtype="float32"))

    def elementwise(operation):
        return theano.function([], updates=[(result, operation(matrix))])

    def training_step(batch_size):
        x, y = T.matrix("x"), T.ivector("y")
        network = MLP(rng, x, n_in=784, n_hidden=500, n_out=10)
        digits = theano.shared(rng.uniform(size=(1200, 784)).astype("float32"))
        labels = T.cast(theano.shared(rng.randint(10, size=1200).astype("float32")), "int32")
        cost = network.negative_log_likelihood(y)
        train = MinibatchFunction([x, y], cost, (digits, labels), batch_size, sgd(cost, network.params, 0.01))
        return lambda: train.function(0)

    numbers = T.vector("numbers")
    sees_nan = theano.function([numbers], T.isnan(numbers))(np.float32([np.nan, 1]))
    return {
        "tanh, µs": microseconds(elementwise(T.tanh)),
        "exp, µs": microseconds(elementwise(T.exp)),
        "step, batch 600, µs": microseconds(training_step(600)),
        "step, batch 20, µs": microseconds(training_step(20)),
        "sees a NaN": bool(sees_nan[0]),
        "keeps subnormal numbers": bool(np.float32(1e-40) * np.float32(0.5) > 0),
    }


def microseconds(function, seconds=0.5):
    """Median time of a call."""
    function()
    durations = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        function()
        durations.append(time.perf_counter() - started)
    return 1e6 * statistics.median(durations)


if __name__ == "__main__":
    main()
