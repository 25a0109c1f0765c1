"""What came of the same training on two devices: where they differ, and the table."""

import math

from scripts.benchmarks.tables import heading, row
from scripts.machine import processor, threads

# A float32 is off by up to 6e-8 of its size, and every device adds up in an order of its own. In the sums of a wide
# layer that comes to 1e-6 or so, and twenty steps carry it on: a unit whose sum is close to zero is on here and off
# there. A loss that is computed wrongly is off by a hundredth and more.
TOLERANCE = 1e-3


def gather(runs, device, n_steps):
    """The runs of all devices, by network; with what they ran on.

    Parameters
    ----------
    runs : dict from str to dict
        Of ``cpu``, and of the device if that is another, what `device_run.train_all` returned.
    device : Device
    n_steps : int
    """
    # Not before the caller has chosen a device for this process: the import starts it.
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
        "steps": n_steps,
        "batch_size": runs[device.name]["batch_size"],
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
    print(*heading(columns), sep="\n")
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
