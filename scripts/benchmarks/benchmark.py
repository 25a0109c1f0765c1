"""Compare this project with PyTorch, JAX and NumPy by hand, on the same training steps.

Every engine gets the same digits, initial weights and mini-batches, and the losses of its first 20 steps must be those
of the formulas in NumPy, to 1e-4 of their size. Then the engines are timed in turns, each in a process of its own, with
one thread and with all that there are. Tables go to standard output; benchmark.json and benchmark.png into a folder.

PyTorch and JAX are installed in .venv/benchmark the first time: 3 GB to download, and 6 GB on disk.

The exit status is 1 if an engine failed, or computed something else.
"""

import argparse
import io
import json
import os
import signal
import sys
import tempfile

from scripts import ROOT
from scripts.arguments import file_to_read, folder_to_write, some_of, unwritable
from scripts.benchmarks import busy, measure, peers, pictures, report, scale, start
from scripts.benchmarks.worker import ENGINES
from scripts.benchmarks.workloads import WORKLOADS
from scripts.files import write_atomically

# Where most of the time goes into compiling, five kinds of step must do.
QUICK_WORKLOADS = ["logistic", "mlp-100", "mlp-500", "mlp-dropout", "dA"]


def main(arguments=None):
    options = parse(arguments)
    if options.report:
        print(tables_of(read(options.report)))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        results = run(options)
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    print(tables_of(results))
    if options.output:
        write(results, options.output)
    print("", *results["problems"], sep="\n", file=sys.stderr)
    return 1 if results["problems"] else 0


def run(options):
    if options.pictures:
        return pictures.read(options)
    if not (options.scale or options.start) and set(options.engines) != {"Theano"}:
        peers.make_environment(options.device)
    load = round(os.getloadavg()[0], 2)
    if load > 0.5:
        print(
            f"Other programs keep this machine busy (load {load}): times with several threads will mislead.",
            file=sys.stderr,
        )
    # What an engine started and left behind may still be writing there.
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder:
        if options.start:
            results = start.begin(folder)
        elif options.busy:
            results = busy.crowd(options, folder)
        else:
            results = scale.grow(options, folder) if options.scale else measure.compare(options, folder)
    return {**results, "load_before": load}


# ----------------------------------------------------------------------------------------------------------------------
# What was asked for


def parse(arguments):
    available = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"under 5 minutes: {', '.join(QUICK_WORKLOADS)}; all threads, 3 short rounds; writes nothing without --output",
    )
    parser.add_argument(
        "--workloads", type=some_of(WORKLOADS), metavar="A,B", help=f"of {', '.join(WORKLOADS)} (default: all)"
    )
    parser.add_argument(
        "--engines", type=some_of(ENGINES), metavar="A,B", help=f"of {', '.join(ENGINES)} (default: all)"
    )
    parser.add_argument("--threads", type=numbers_up_to(available), metavar="N,N", help=f"default: 1 and {available}")
    parser.add_argument("--rounds", type=at_least_one, metavar="N", help="turns of each engine (default: 7)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where to compute (default: cpu)")
    parser.add_argument(
        "--scale", action="store_true", help="instead: how this project's time and memory grow with size"
    )
    parser.add_argument(
        "--start", action="store_true", help="instead: how long it takes from a clone to the first trained network"
    )
    parser.add_argument(
        "--busy",
        action="store_true",
        help="instead: each engine with the threads that it takes by itself, alone and beside programs that compute; and "
        "kernels of notebook 01 side by side",
    )
    parser.add_argument(
        "--pictures",
        action="store_true",
        help="instead: how many pictures of digits are read rightly, drawn clean, in noise, on squared paper, in a shadow …",
    )
    parser.add_argument("--output", type=folder_to_write, metavar="FOLDER", help="where to write (default: results)")
    parser.add_argument(
        "--report", type=file_to_read, metavar="FILE", help="only print the tables of a file written before"
    )
    options = parser.parse_args(arguments)

    if options.busy:
        as_users_have_it(options, parser)
    options.workloads = options.workloads or (QUICK_WORKLOADS if options.quick else list(WORKLOADS))
    options.engines = options.engines or list(ENGINES)
    options.rounds = options.rounds or (3 if options.quick or options.busy else 7)
    options.turn = busy.TURN if options.busy else 0.15 if options.quick else 0.3
    if not options.quick:
        options.output = options.output or ROOT / "results"
    if options.output and (problem := unwritable(options.output)):
        parser.error(f"the results cannot be written: {problem}. Name a folder of yours: --output FOLDER")
    if options.device == "cuda":
        options.engines = [engine for engine in options.engines if engine != "NumPy"]  # it computes on the CPU only
    if not options.threads:
        # The GPU has threads of its own.
        options.threads = [available] if options.quick or options.device == "cuda" else sorted({1, available})
    if not options.engines:
        parser.error("NumPy computes on the CPU only, and there is no other engine to measure.")
    return options


def as_users_have_it(options, parser):
    """What `--busy` measures unless told, and what it cannot be told."""
    if options.threads:
        threads = ",".join(map(str, options.threads))
        parser.error(f"with --busy each engine takes the threads that it wants to: leave out --threads {threads}")
    if options.device != "cpu":
        parser.error(f"with --busy others have the processors, and not a GPU: leave out --device {options.device}")
    options.workloads = options.workloads or (busy.QUICK_NETWORKS if options.quick else busy.NETWORKS)
    options.engines = options.engines or busy.ENGINES


def numbers_up_to(largest):
    def parse_numbers(text):
        numbers = [number.strip() for number in text.split(",")]
        for number in numbers:
            if not number.isdecimal() or not 1 <= int(number) <= largest:
                raise argparse.ArgumentTypeError(f"{number!r} is no number of threads from 1 to {largest}")
        return sorted(set(map(int, numbers)))

    return parse_numbers


def at_least_one(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds from 1 on")
    return int(text)


# ----------------------------------------------------------------------------------------------------------------------
# What came of it


def read(path):
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if {"product_s", "threads", "setup_s", "ways", "busy"} & set(results):
            return results
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    sys.exit(f"{path} is no file that scripts/benchmark wrote.")


def kind_of(results):
    """The module that made them, and the name of their file."""
    if "ways" in results:
        return pictures, "pictures"
    if "busy" in results:
        return busy, "benchmark-busy"
    if "setup_s" in results:
        return start, "benchmark-start"
    return (scale, "benchmark-scale") if "growth" in results else (report, "benchmark")


def tables_of(results):
    return kind_of(results)[0].tables(results)


def write(results, folder):
    """Write the numbers, and the figure if they make one: each file whole, or not at all."""
    kind, name = kind_of(results)
    if kind is report:
        results = {**results, "summary": report.summarize(results)}
    # An error's further lines show paths of this machine.
    results["problems"] = [problem.splitlines()[0] for problem in results["problems"]]
    write_atomically(folder / f"{name}.json", json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if hasattr(kind, "draw"):
        picture = io.BytesIO()
        kind.draw(results).savefig(picture, format="png", dpi=150)
        write_atomically(folder / f"{name}.png", picture.getvalue())
    print(f"{name}.* is in {folder}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
