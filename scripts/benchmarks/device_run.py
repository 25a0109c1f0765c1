"""Training on one device, the one that `THEANO_FLAGS` names: what scripts/compare_devices compares."""

import platform
import statistics
import sys
import time

import deeplearning_tutorial  # noqa: F401  before theano
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.data.download import DataError
from deeplearning_tutorial.engine import count_gpu_operations, device_in_use
from deeplearning_tutorial.training import MinibatchFunction, fit
from scripts.benchmarks import networks
from scripts.benchmarks.networks import BATCH_SIZE


def train_all(options):
    """Train every network.

    Returns
    -------
    dict
        Of each network what `train_for` returns; how another was trained for some epochs; and what it ran with.
    """
    started = time.perf_counter()
    sets = load(options.data)
    train_x, train_y = sets[0]
    n_rows, n_in = train_x.get_value(borrow=True, return_internal_type=True).shape
    n_out = int(train_y.eval().max()) + 1
    if n_rows < BATCH_SIZE:
        sys.exit(f"{n_rows} training rows are too few: a mini-batch has {BATCH_SIZE}.")

    models = {}
    for build in networks.ALL:
        for name, train in build(sets, n_in, n_out, options.quick).items():
            say(f"{name}: {options.steps} steps")
            models[name] = train_for(options.steps, train, n_rows // BATCH_SIZE)
    fitted = fit_mlp(sets, n_in, n_out, options)
    return {
        "models": models,
        "fit": fitted,
        "seconds": round(time.perf_counter() - started, 1),
        "batch_size": BATCH_SIZE,
        "versions": versions(),
    }


def load(name):
    try:
        return load_data(name)
    except (DataError, ValueError) as error:
        sys.exit(str(error))


def train_for(n_steps, train, n_batches):
    """The loss of each step, the time of one, and how many operations of the function run on a GPU."""
    losses, durations = [], []
    for step in range(n_steps):
        started = time.perf_counter()
        losses.append(float(train(step % n_batches)))
        durations.append(time.perf_counter() - started)
    microseconds = round(1e6 * statistics.median(durations[1:]))
    function = getattr(train, "function", train)
    return {"losses": losses, "microseconds": microseconds, "gpu_nodes": count_gpu_operations(function)}


def fit_mlp(sets, n_in, n_out, options):
    """Train the network with one hidden layer for some epochs."""
    network, x, y = networks.new_mlp(n_in, n_out, options.quick)
    train = networks.train_function(network, x, y, sets[0])
    validate = MinibatchFunction([x, y], network.errors(y), sets[1], BATCH_SIZE)
    say(f"MLP: {options.epochs} epochs")
    history = fit(train, validate, network.params, options.epochs, patience=None, progress=False)
    return {"validation_error": history.validation_error, "seconds": round(history.seconds, 2)}


def say(what):
    print(f"{device_in_use().split()[0]}: {what}", file=sys.stderr, flush=True)


def versions():
    import numpy
    import theano

    found = {"Python": platform.python_version(), "NumPy": numpy.__version__, "Theano": theano.__version__}
    if theano.gpuarray.pygpu_activated:
        import pygpu

        found["pygpu"] = pygpu.__version__
    return found
