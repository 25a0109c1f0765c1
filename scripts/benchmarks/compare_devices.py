"""Train the same networks on the CPU and on a GPU (or another device of libgpuarray), and compare their losses.

Each device gets a process of its own, and all start from the same seeds: with the same weights and mini-batches, and
the same units are dropped. The table shows by how much the losses differ, and how long a step takes (the median, without
the first). Then a network is trained for some epochs on each device, and validated.

The exit status is 1 if the losses differ by more than rounding explains, or if a network was not trained on the device.
"""

import argparse
import json
import os
import signal
import subprocess
import sys

from scripts.arguments import device as device_name
from scripts.arguments import file_to_write, number, refuse, whole_number
from scripts.benchmarks import comparison
from scripts.benchmarks.comparison import TOLERANCE
from scripts.files import write_atomically
from scripts.machine import flags_with_device, processor

FEW_DIGITS = "600"


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if options.train_here:
        print(json.dumps(train_here(options)))
        return 0

    # This process looks for devices and starts the others; it must not start a device itself.
    os.environ["THEANO_FLAGS"] = flags_with_device("cpu")
    found = find(options.device)
    if found is None:
        return 1
    runs = {}
    for name in dict.fromkeys(["cpu", found.name]):
        runs[name] = run_apart(name, arguments)
        if runs[name] is None:
            print(f"Nothing to compare: training on {name} failed, and what went wrong is said above.")
            return 1

    results = comparison.gather(runs, found, options.steps)
    comparison.report(results)
    if options.out:
        write_atomically(options.out, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    problems = comparison.find_problems(results, options.tolerance)
    print("", *(problems or [comparison.conclude(results)]), sep="\n")
    return 1 if problems else 0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/compare_devices", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device",
        type=device_name,
        metavar="NAME",
        help="cuda, cuda1, opencl0:0; or cpu, to train there only (default: the first that works, CUDA before OpenCL)",
    )
    parser.add_argument(
        "--data", type=data, default="mnist", help="what load_data takes, such as FILE.npz (default: mnist)"
    )
    parser.add_argument(
        "--steps",
        type=whole_number(2, what="a number of steps"),
        default=20,
        help="steps of each network (default: 20)",
    )
    parser.add_argument(
        "--epochs",
        type=whole_number(1, what="a number of epochs"),
        default=5,
        help="epochs of the network that is validated (default: 5)",
    )
    parser.add_argument(
        "--tolerance",
        type=number(0),
        default=TOLERANCE,
        help=f"by which fraction losses may differ (default: {TOLERANCE:g})",
    )
    parser.add_argument("--quick", action="store_true", help=f"small networks, {FEW_DIGITS} digits, one epoch")
    parser.add_argument("--out", type=file_to_write, metavar="FILE", help="write the results there, as JSON")
    parser.add_argument("--train-here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.epochs = 1
    return options


def data(text):
    """A name goes on to `load_data`, which knows them; a file or folder is here, or is not."""
    if not text or (os.path.splitext(text)[1] or os.sep in text) and not os.path.exists(text):
        raise refuse(f"there is no file or folder {text!r}")
    return text


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


def run_apart(device, arguments):
    """What `train_here` returns in a process that uses this device; None if it failed."""
    command = [sys.executable, "-P", "-m", "scripts.command", "benchmarks.compare_devices", *arguments, "--train-here"]
    environment = {**os.environ, "THEANO_FLAGS": flags_with_device(device)}
    # An interrupt is for this process, which ends the other.
    child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    if child.returncode < 0:
        print(
            f"The process was ended by signal {-child.returncode} ({signal.Signals(-child.returncode).name}).",
            file=sys.stderr,
        )
    return json.loads(child.stdout.splitlines()[-1]) if child.returncode == 0 else None


def train_here(options):
    """Train every network in this process, on its device."""
    if options.quick:
        os.environ["DEEPLEARNING_TUTORIAL_ROWS"] = FEW_DIGITS
    from scripts.benchmarks.device_run import train_all

    return train_all(options)


if __name__ == "__main__":
    sys.exit(main())
