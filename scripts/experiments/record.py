"""What is written about a run: a file of JSON, and the parameters."""

import hashlib
import json
import platform
from importlib.metadata import version

from deeplearning_tutorial import checkpoint
from deeplearning_tutorial.engine import device_in_use
from scripts.files import write_atomically
from scripts.machine import processor, threads

MOST_BYTES = 8 * 2**20  # of parameters that are kept beside the results
SUMS = "SHA256SUMS"


def describe(name, experiment, configuration, seed):
    """What a run is: one that goes on must agree in all of it, or it would end elsewhere."""
    return {
        "name": name,
        "title": experiment.title,
        "reference": experiment.reference,
        "source": experiment.source,
        "seed": seed,
        "configuration": configuration,
        "device": device(),
        "versions": versions(),
    }


def device():
    used = device_in_use()
    count = f"{threads()} threads" if threads() > 1 else "1 thread"
    return f"{processor()}, {count}" if used == "cpu" else used


def versions():
    names = ["Theano", "numpy", "scipy"]
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}


def result(about, run, trained):
    """All there is to say about a run that has ended. This looks at the test set."""
    return {
        **about,
        **trained.test(),
        "validation_error": round(trained.validation_error, 4),
        "seconds": round(run.seconds, 1),
        "curves": {phase: curve(history) for phase, history in run.histories.items()},
    }


def curve(history):
    return {
        "epoch": rounded(history.epoch),
        "seconds": rounded(history.elapsed),
        "train_cost": rounded(history.train_cost),
        "validation_error": rounded(history.validation_error),
        "best_epoch": history.best_epoch,
    }


def rounded(numbers):
    return [float(f"{number:.5g}") for number in numbers]


def write_parameters(path, about, trained):
    """Write the parameters, and the checksum of the file, if they are not too many. Returns whether they were."""
    arrays = {name: variable.get_value() for name, variable in trained.params.items()}
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES:
        return False
    checkpoint.save(path, arrays, about)
    checkpoint.previous(path).unlink(missing_ok=True)
    sums = path.with_name(SUMS)
    lines = sums.read_text().splitlines() if sums.exists() else []
    lines = [line for line in lines if line.split()[1] != path.name]
    lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    write_atomically(sums, "\n".join(sorted(lines, key=lambda line: line.split()[1])) + "\n")
    return True


def write_json(path, content):
    """A key a line, so that curves do not take hundreds of lines."""
    lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items())
    write_atomically(path, "{\n" + ",\n".join(lines) + "\n}\n")
