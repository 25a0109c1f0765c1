"""How many pictures of digits are read rightly: digits of MNIST written anew in many ways, found and classified."""

import contextlib
import datetime
import importlib.metadata
import itertools
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from scripts.benchmarks import reinking
from scripts.benchmarks.measure import say
from scripts.benchmarks.tables import heading, row
from scripts.machine import describe_machine, flags_with_device

NETWORKS = ["logistic", "mlp", "elastic"]  # of those that results/parameters has
N_DIGITS, N_QUICK = 200, 20
PACKAGES = ["Theano", "numpy", "scipy", "pillow"]


def read(options):
    """Write digits anew, find and classify them; returns what goes into pictures.json.

    The test digits are for the report alone. Who changes how digits are found looks at ``--quick``, which takes digits of
    the validation set.
    """
    os.environ["THEANO_FLAGS"] = flags_with_device("cpu")
    digits, labels = load_digits(options.quick)
    classifiers = {name: classifier(name) for name in NETWORKS}
    ways = {}
    for way in reinking.WAYS:
        say(way)
        rows, seconds = find(digits, way)
        read_rightly = {
            name: float(np.mean([answer == label for answer, label in zip(classify(rows), labels)]))
            for name, classify in classifiers.items()
        }
        ways[way] = {"read_rightly": read_rightly, "refused": sum(row is None for row in rows), "seconds": seconds}
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "set": "validation" if options.quick else "test",
        "digits": len(digits),
        "networks": NETWORKS,
        "ways": ways,
        "problems": [],
    }


def load_digits(quick):
    """The first digits of a set, bytes of (n, 28, 28), and their labels."""
    import deeplearning_tutorial  # noqa: F401  before theano
    from deeplearning_tutorial.data import load_data
    from deeplearning_tutorial.data.download import DataError

    try:
        with contextlib.redirect_stdout(sys.stderr):
            x, y = load_data()[1 if quick else 2]
    except (DataError, ValueError) as error:
        sys.exit(str(error))
    n_digits = N_QUICK if quick else N_DIGITS
    pixels = np.round(256 * x.get_value(borrow=True)[:n_digits]).astype("uint8")
    return pixels.reshape(-1, 28, 28), y.eval()[:n_digits]


def find(digits, way):
    """Rows for a network, None for each picture that is refused; and the median of the seconds that finding takes."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = list(pool.map(find_one, digits, itertools.repeat(way), range(len(digits)), chunksize=10))
    rows, seconds = zip(*found)
    return list(rows), statistics.median(seconds)


def find_one(digit, way, seed):
    """Write a digit anew and find it: a row for a network, or None if the picture is refused; seconds of finding it."""
    from deeplearning_tutorial.data.images import centred_digit

    picture = reinking.reink(digit, way, seed)
    start = time.perf_counter()
    try:
        row = (255 - centred_digit(picture)).ravel() / 256
    except ValueError:
        row = None
    return row, time.perf_counter() - start


def classifier(name):
    """A function from rows to what a trained network takes them for; None stays None."""
    import theano
    import theano.tensor as T

    from deeplearning_tutorial.pretrained import load_pretrained
    from scripts.experiments import classifier
    from scripts.experiments.catalogue import CATALOGUE

    x = T.matrix("x")
    network = classifier.build(CATALOGUE[name].configuration, 0, x)
    with contextlib.redirect_stdout(sys.stderr):
        load_pretrained(name, network.params)
    answer = theano.function([x], network.y_pred)

    def classify(rows):
        found = [one for one in rows if one is not None]
        answers = iter(answer(np.array(found, dtype=theano.config.floatX)) if found else [])
        return [None if one is None else next(answers) for one in rows]

    return classify


def tables(results):
    machine = results["machine"]
    names = results["networks"]
    lines = heading(["read rightly, %", *(f"`{name}`" for name in names), "refused", "ms a picture"])
    for way, found in results["ways"].items():
        right = [f"{100 * found['read_rightly'][name]:.1f}" for name in names]
        lines.append(row([way, *right, found["refused"], f"{1e3 * found['seconds']:,.0f}"]))
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"The first {results['digits']} {results['set']} digits, written anew in {len(results['ways']) - 1} ways besides "
            f"clean; {versions}, on an {machine['processor']}, {results['date']}. The time is the median of finding one.",
            "\n".join(lines),
        ]
    )
