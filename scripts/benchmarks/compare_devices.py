"""Train the same networks on the CPU and on a GPU (or another device of libgpuarray), and compare their losses.

Each device gets a process of its own, and all start from the same seeds: with the same weights and mini-batches, and
the same units are dropped. The table shows by how much the losses differ, and how long a step takes (the median, without
the first). Then a network is trained for some epochs on each device, and validated.

The exit status is 1 if the losses differ by more than rounding explains, or if a network was not trained on the device.
"""

import argparse
import json
import math
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# A float32 is off by up to 6e-8 of its size, and every device adds up in an order of its own. In the sums of a wide
# layer that comes to 1e-6 or so, and twenty steps carry it on: a unit whose sum is close to zero is on here and off
# there. A loss that is computed wrongly is off by a hundredth and more.
TOLERANCE = 1e-3
BATCH_SIZE = 100
FEW_DIGITS = "600"


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if options.train_here:
        print(json.dumps(train_all(options)))
        return 0

    # This process looks for devices and starts the others; it must not start a device itself.
    flags = os.environ.get("THEANO_FLAGS", "")
    os.environ["THEANO_FLAGS"] = with_device(flags, "cpu")
    device = find(options.device)
    if device is None:
        return 1
    runs = {}
    for name in dict.fromkeys(["cpu", device.name]):
        runs[name] = run_apart(with_device(flags, name), arguments)
        if runs[name] is None:
            print(f"Nothing to compare: training on {name} failed, and what went wrong is said above.")
            return 1

    results = gather(runs, device, options)
    report(results)
    if options.out:
        write(results, options.out)
    problems = find_problems(results, options.tolerance)
    print("", *(problems or [conclude(results)]), sep="\n")
    return 1 if problems else 0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/compare_devices", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="cuda, cuda1, opencl0:0; or cpu, to train there only (default: the first that works, CUDA before OpenCL)",
    )
    parser.add_argument("--data", default="mnist", help="what load_data takes, such as FILE.npz (default: mnist)")
    parser.add_argument("--steps", type=int, default=20, help="steps of each network (default: 20)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of the network that is validated (default: 5)")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help=f"by which fraction losses may differ (default: {TOLERANCE:g})",
    )
    parser.add_argument("--quick", action="store_true", help=f"small networks, {FEW_DIGITS} digits, one epoch")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results there, as JSON")
    parser.add_argument("--train-here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.steps < 2 or options.epochs < 1:
        parser.error("at least 2 steps are needed, as the first is not timed, and 1 epoch.")
    if options.quick:
        options.epochs = 1
    return options


def find(name):
    """The device to compare with the CPU; None, after saying why, if there is none."""
    from deeplearning_tutorial.engine import Device, find_devices, try_device

    if name == "cpu":
        return Device("cpu", processor())
    devices = [try_device(name)] if name else find_devices()
    for device in devices:
        if device.works:
            return device
    print(*devices, sep="\n")
    print("So there is nothing to compare the CPU with. --device cpu trains on the CPU alone.")


def with_device(flags, name):
    """`THEANO_FLAGS` with this device. Of two words on an option the last counts."""
    return f"{flags.rstrip(',')},device={name}".lstrip(",")


def run_apart(flags, arguments):
    """What `train_all` returns in a process with these `THEANO_FLAGS`; None if it failed."""
    command = [sys.executable, "-P", "-m", "scripts.benchmarks.compare_devices", *arguments, "--train-here"]
    environment = {**os.environ, "THEANO_FLAGS": flags}
    child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if child.returncode < 0:
        print(
            f"The process was ended by signal {-child.returncode} ({signal.Signals(-child.returncode).name}).",
            file=sys.stderr,
        )
    return json.loads(child.stdout.splitlines()[-1]) if child.returncode == 0 else None


# ----------------------------------------------------------------------------------------------------------------------
# On one device


def train_all(options):
    """Train every network, on the device that `THEANO_FLAGS` names."""
    started = time.perf_counter()
    if options.quick:
        os.environ["DEEPLEARNING_TUTORIAL_ROWS"] = FEW_DIGITS
    sets = load(options.data)
    train_x, train_y = sets[0]
    n_rows, n_in = train_x.get_value(borrow=True, return_internal_type=True).shape
    n_out = int(train_y.eval().max()) + 1
    if n_rows < BATCH_SIZE:
        sys.exit(f"{n_rows} training rows are too few: a mini-batch has {BATCH_SIZE}.")

    models = {}
    for build in [logistic_regression, mlp, denoising_autoencoder, stacked_autoencoders, deep_mlp]:
        for name, train in build(sets, n_in, n_out, options.quick).items():
            say(f"{name}: {options.steps} steps")
            models[name] = train_for(options.steps, train, n_rows // BATCH_SIZE)
    fitted = fit_mlp(sets, n_in, n_out, options)
    seconds = round(time.perf_counter() - started, 1)
    return {"models": models, "fit": fitted, "seconds": seconds, "versions": versions()}


def load(name):
    from deeplearning_tutorial.data import load_data
    from deeplearning_tutorial.data.download import DataError

    try:
        return load_data(name)
    except (DataError, ValueError) as error:
        sys.exit(str(error))


def train_for(n_steps, train, n_batches):
    """The loss of each step, the time of one, and how many operations of the function run on a GPU."""
    from deeplearning_tutorial.engine import count_gpu_operations

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
    from deeplearning_tutorial.training import MinibatchFunction, fit

    network, x, y = new_mlp(n_in, n_out, options.quick)
    train = train_function(network, x, y, sets[0])
    validate = MinibatchFunction([x, y], network.errors(y), sets[1], BATCH_SIZE)
    say(f"MLP: {options.epochs} epochs")
    history = fit(train, validate, network.params, options.epochs, patience=None, progress=False)
    return {"validation_error": history.validation_error, "seconds": round(history.seconds, 2)}


def say(what):
    from deeplearning_tutorial.engine import device_in_use

    print(f"{device_in_use().split()[0]}: {what}", file=sys.stderr, flush=True)


def versions():
    import numpy
    import theano

    found = {"Python": platform.python_version(), "NumPy": numpy.__version__, "Theano": theano.__version__}
    if theano.gpuarray.pygpu_activated:
        import pygpu

        found["pygpu"] = pygpu.__version__
    return found


# The networks ---------------------------------------------------------------------------------------------------------


def logistic_regression(sets, n_in, n_out, quick):
    import theano.tensor as T

    from deeplearning_tutorial.layers import LogisticRegression

    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, n_in, n_out)
    return {f"logistic regression {n_in}-{n_out}": train_function(classifier, x, y, sets[0])}


def mlp(sets, n_in, n_out, quick):
    network, x, y = new_mlp(n_in, n_out, quick)
    return {f"MLP {sizes(network)}, tanh": train_function(network, x, y, sets[0])}


def denoising_autoencoder(sets, n_in, n_out, quick):
    import numpy as np

    from deeplearning_tutorial.autoencoder import dA
    from deeplearning_tutorial.training import MinibatchFunction

    da = dA(np.random.RandomState(123), n_visible=n_in, n_hidden=50 if quick else 500)
    cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.1)
    return {f"dA {n_in}-{da.n_hidden}": MinibatchFunction([da.x], cost, sets[0][:1], BATCH_SIZE, updates)}


def stacked_autoencoders(sets, n_in, n_out, quick):
    import numpy as np

    from deeplearning_tutorial.autoencoder import SdA
    from deeplearning_tutorial.training import MinibatchFunction
    from deeplearning_tutorial.updates import sgd

    hidden = [50] if quick else [500, 500]
    sda = SdA(np.random.RandomState(123), None, n_in, hidden, n_out, corruption_levels=0.1)
    pretrain, *_ = sda.pretraining_functions(sets[0][0], BATCH_SIZE)
    updates = sgd(sda.finetune_cost, sda.params, 0.1)
    finetune = MinibatchFunction([sda.x, sda.y], sda.finetune_cost, sets[0], BATCH_SIZE, updates)
    name = "-".join(map(str, [n_in, *hidden, n_out]))
    return {f"SdA {name}, layer 1": pretrain, f"SdA {name}, fine-tuning": finetune}


def deep_mlp(sets, n_in, n_out, quick):
    """As large as the handwritten-digit networks of Cireşan et al. (2010); with dropout, ReLU and momentum."""
    import numpy as np
    import theano.tensor as T
    from theano.sandbox.rng_mrg import MRG_RandomStreams

    from deeplearning_tutorial.initialization import he_normal
    from deeplearning_tutorial.mlp import MLP
    from deeplearning_tutorial.updates import momentum

    x, y = T.matrix("x"), T.ivector("y")
    hidden = [60, 50] if quick else [2500, 2000, 1500, 1000, 500]
    network = MLP(np.random.RandomState(1234), x, n_in, hidden, n_out, T.nnet.relu, he_normal)
    noisy = network.with_dropout(MRG_RandomStreams(1234), [0.2] + [0.5] * len(hidden))
    train = train_function(noisy, x, y, sets[0], momentum, learning_rate=0.01)
    return {f"MLP {sizes(network)}, ReLU, dropout, momentum": train}


def new_mlp(n_in, n_out, quick):
    import numpy as np
    import theano.tensor as T

    from deeplearning_tutorial.mlp import MLP

    x, y = T.matrix("x"), T.ivector("y")
    return MLP(np.random.RandomState(1234), x, n_in, 50 if quick else 500, n_out), x, y


def train_function(network, x, y, dataset, rule=None, learning_rate=0.1):
    from deeplearning_tutorial.training import MinibatchFunction
    from deeplearning_tutorial.updates import sgd

    cost = network.negative_log_likelihood(y)
    updates = (rule or sgd)(cost, network.params, learning_rate)
    return MinibatchFunction([x, y], cost, dataset, BATCH_SIZE, updates)


def sizes(network):
    layers = [*network.hiddenLayers, network.logRegressionLayer]
    return "-".join(str(n) for n in [layers[0].n_in, *(layer.n_out for layer in layers)])


# ----------------------------------------------------------------------------------------------------------------------
# What came of it


def gather(runs, device, options):
    """The runs of all devices, by network; with what they ran on."""
    from deeplearning_tutorial.engine import driver_version

    models = {}
    for name in runs["cpu"]["models"]:
        models[name] = {used: run["models"][name] for used, run in runs.items()}
        losses = [models[name][used]["losses"] for used in ("cpu", device.name)]
        models[name]["largest_difference"] = largest_difference(*losses)
    driver = driver_version()
    return {
        "device": {"name": device.name, "description": device.description, "memory": device.memory},
        "cuda_of_the_driver": f"{driver[0]}.{driver[1]}" if driver else None,
        "processor": processor(),
        "threads": threads(),
        "versions": runs[device.name]["versions"],
        "steps": options.steps,
        "batch_size": BATCH_SIZE,
        "models": models,
        "fit": {name: run["fit"] for name, run in runs.items()},
        "seconds": {name: run["seconds"] for name, run in runs.items()},
    }


def largest_difference(losses, others):
    """Of all pairs of losses, as a fraction; infinite where a loss is no finite number."""
    differences = [abs(other - loss) / abs(loss) for loss, other in zip(losses, others, strict=True)]
    # max() can pass over a NaN.
    return max(differences) if all(map(math.isfinite, differences)) else math.inf


def find_problems(results, tolerance):
    """A sentence for each network that did not do the same on the device."""
    device, problems = results["device"]["name"], []
    if device == "cpu":
        return []
    for name, model in results["models"].items():
        if not model[device]["gpu_nodes"]:
            problems.append(f"{name} was not trained on {device}: no operation of its function runs there.")
        if not model["largest_difference"] <= tolerance:
            problems.append(
                f"{name} does not learn on {device} what it learns on the CPU: the losses differ by up to "
                f"{model['largest_difference']:.1e} of their size, and {tolerance:.1e} is allowed."
            )
    return problems


def conclude(results):
    device, n_steps = results["device"]["name"], results["steps"]
    if device == "cpu":
        return "Every network was trained on the CPU."
    largest = max(model["largest_difference"] for model in results["models"].values())
    return f"On {device} the losses of {n_steps} steps are those of the CPU: they differ by at most {largest:.1e} of their size."


def report(results):
    """Print a table in Markdown, and the validation error after the last epoch."""
    device, used = results["device"], list(results["seconds"])
    print(f"{device['name']}: {device['description']}\n")
    columns = ["network", *(f"step on {name}, µs" for name in used)]
    if device["name"] != "cpu":
        columns += ["operations on the device", "losses differ by"]
    print(row(columns), "|---" * len(columns) + "|", sep="\n")
    for name, model in results["models"].items():
        times = [f"{model[one]['microseconds']:,}" for one in used]
        rest = [model[device["name"]]["gpu_nodes"], f"{model['largest_difference']:.1e}"]
        print(row([name, *times, *rest][: len(columns)]))
    print()
    for name, fitted in results["fit"].items():
        errors = fitted["validation_error"]
        print(
            f"MLP on {name}: validation error {100 * errors[-1]:.2f} % after epoch {len(errors)}, {fitted['seconds']:.1f} s"
        )


def row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def write(results, path):
    """Write the results as JSON: all of them, or nothing."""
    write_file(path, (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode())


def write_file(path, content):
    """Write bytes so that `path` holds all of them or is left as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=path.suffix, delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def processor():
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def threads():
    """How many threads the processor's matrix products may use."""
    for variable in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]:
        if os.environ.get(variable):
            return int(os.environ[variable])
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    sys.exit(main())
