"""Search for hyper-parameters on the validation set, many trials at a time. The test set is not looked at.

    scripts/sweep mlp learning_rate=0.01,0.03,0.1 momentum=0.5,0.9 n_epochs=20     # a grid: six trials
    scripts/sweep mlp learning_rate=0.001..0.3 hidden=[100],[500] --random 20      # twenty at random

KEY=A,B,C lists values; KEY=LOW..HIGH is a range, in which --random draws on a logarithmic scale. scripts/reproduce --list lists
the models, and what is not named here stays as it is there.

A trial is a process of its own with one thread; as many run at a time as there are cores. One that fails, or whose process is killed,
costs itself only. Stop the search at any time, and give the same command again: trials that have ended are not repeated, and
the others go on from their checkpoints. The table and a plot are in build/sweeps/NAME.

On several machines, each with a clone of this repository: ".venv/bin/dask scheduler" on one of them, "scripts/sweep --worker
tcp://ADDRESS:8786" on each that is to compute, and the search with "--scheduler tcp://ADDRESS:8786".
"""

import argparse
import contextlib
import io
import json
import math
import multiprocessing.resource_tracker
import os
import signal
import sys
from pathlib import Path

import dask
from distributed import Client, LocalCluster, as_completed
from tqdm import tqdm

from scripts import ROOT
from scripts import arguments as types
from scripts.experiments.search_space import Range, list_trials, setting
from scripts.experiments.trial import scratch
from scripts.files import write_atomically

SWEEPS = ROOT / "build" / "sweeps"
PATIENCE = 30  # seconds to wait for a scheduler


def main(arguments=None):
    options = parse(arguments)
    if options.worker:
        return be_worker(options.worker)
    from scripts.experiments import configuration
    from scripts.experiments.catalogue import CATALOGUE

    if options.name not in CATALOGUE:
        print(f"There is no {options.name!r}. Choose one of {', '.join(CATALOGUE)}.", file=sys.stderr)
        return 2
    usual = CATALOGUE[options.name].configuration
    try:
        trials = list_trials(options, usual)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    problems = [configuration.problem(usual, key, value) for key, values in options.values for value in values]
    folder = options.output or SWEEPS / options.name
    if not options.output and (problem := types.unwritable(SWEEPS)):
        problems.append(f"Results cannot be written: {problem}. Name a folder of yours: --output FOLDER")
    for problem in filter(None, problems):
        print(problem, file=sys.stderr)
        return 2
    try:
        search(options, trials, folder)
    except OSError as error:
        if not options.scheduler:
            raise
        print(f"No Dask scheduler answers at {options.scheduler} ({type(error).__name__}).", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on.", file=sys.stderr)
        return 130
    return conclude(options, trials, folder)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="which model, see scripts/reproduce --list")
    parser.add_argument("values", nargs="*", type=setting, metavar="KEY=VALUES", help="what to try")
    parser.add_argument(
        "--random",
        type=types.whole_number(1, 10**6, "a number of trials"),
        metavar="N",
        help="N trials drawn at random, instead of all combinations",
    )
    parser.add_argument(
        "--seed", type=types.seed, default=1234, help="of the drawing and of each trial (default: 1234)"
    )
    parser.add_argument(
        "--workers",
        type=types.whole_number(1, what="a number of trials"),
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="trials at a time on this machine (default: one for each core)",
    )
    parser.add_argument(
        "--scheduler", type=types.address, metavar="ADDRESS", help="of a Dask scheduler: the trials run on its workers"
    )
    parser.add_argument(
        "--worker", type=types.address, metavar="ADDRESS", help="be a worker of this Dask scheduler, until it ends"
    )
    parser.add_argument(
        "--output", type=types.folder_to_write, metavar="FOLDER", help="where results go (default: build/sweeps/NAME)"
    )
    options = parser.parse_args(arguments)
    if not (options.name or options.worker):
        parser.error("which model? scripts/reproduce --list lists them.")
    if options.random is None and any(isinstance(values, Range) for _, values in options.values):
        parser.error("a range, LOW..HIGH, is for --random N: how many?")
    return options


# ----------------------------------------------------------------------------------------------------------------------
# Trying


def search(options, trials, folder):
    """Run the trials that have no result yet, and write the result of each as soon as it is there."""
    from scripts.experiments import trial as worker
    from scripts.experiments.record import write_json

    missing = {key: trial for key, trial in trials.items() if not path_of(folder, key).exists()}
    with contextlib.ExitStack() as stack:
        if not missing:
            return
        client = connect(stack, options, len(missing))
        client.wait_for_workers(1)
        bar = stack.enter_context(tqdm(total=len(trials), initial=len(trials) - len(missing), unit="trial"))
        best = math.inf

        def submit(key, name):
            return client.submit(
                worker.try_out, options.name, missing[key]["configuration"], options.seed, key, key=name
            )

        # A worker that is killed takes what it computes with it, and Dask blames all of that. Each is tried again alone.
        waiting = list(missing)
        for alone in (False, True):
            lost = {}
            for key, found, error in outcomes(client, submit, waiting, alone):
                if found is None:
                    lost[key] = error
                    continue
                write_json(path_of(folder, key), {**trials[key], "seed": options.seed, **found})
                best = min(best, found.get("validation_error", math.inf))
                bar.set_postfix_str(f"best {best:.4g}", refresh=False)
                bar.update()
            waiting = list(lost)
        for key, error in lost.items():  # The next search tries them again.
            tqdm.write(f"lost: {shown(trials[key]['values'])} ({type(error).__name__})")
            bar.update()


def outcomes(client, submit, keys, alone):
    """Yield each key with the result of its trial, or None and the error, when it is done.

    No more run at a time than there are workers, so that none waits at a worker, to be lost with it; or one `alone`.
    """
    waiting, running = list(keys), as_completed()
    suffix = "-alone" if alone else ""  # to Dask, it is another task

    def fill_up():
        while waiting and running.count() < (1 if alone else max(1, sum(client.nthreads().values()))):
            key = waiting.pop(0)
            running.add(submit(key, key + suffix))

    fill_up()
    for future in running:
        found = failure = None
        try:
            found = future.result()
        except OSError:  # the scheduler is gone
            raise
        except Exception as error:
            failure = error
        fill_up()
        yield future.key.removesuffix(suffix), found, failure


def connect(stack, options, n_trials):
    """A client of the scheduler that was named, or of one of our own with workers on this machine."""
    # The trial itself may be what kills its worker: it is tried twice more, and then given up.
    stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 2}))
    address = options.scheduler
    if not address:
        n_workers = min(options.workers, n_trials)
        with interrupts_for_this_process_only():
            cluster = LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=None
            )
        address = stack.enter_context(cluster)
    return stack.enter_context(Client(address, timeout=PATIENCE))


@contextlib.contextmanager
def interrupts_for_this_process_only():
    """A terminal interrupts workers, too, and each would end with a traceback. What begins in this block gets no interrupts.

    They are held back meanwhile. Threads and processes inherit that from whoever starts them.
    """
    multiprocessing.resource_tracker.ensure_running()  # which lets them through again, once it has started its process
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def path_of(folder, key):
    return folder / f"{key}.json"


def be_worker(address):
    """Compute for a scheduler until it ends."""
    n_workers = len(os.sched_getaffinity(0))
    dask_command = Path(sys.executable).with_name("dask")
    os.environ["PYTHONPATH"] = str(ROOT)
    options = ["--nthreads", "1", "--nworkers", str(n_workers), "--memory-limit", "0", "--no-dashboard"]
    os.execv(
        dask_command, [str(dask_command), "worker", address, *options, "--local-directory", str(scratch() / "worker")]
    )


# ----------------------------------------------------------------------------------------------------------------------
# What came of it


def conclude(options, trials, folder):
    """Print the table, write it with a plot, and return the exit status."""
    done = [json.loads(path_of(folder, key).read_text()) for key in trials if path_of(folder, key).exists()]
    done.sort(key=lambda trial: trial.get("validation_error", math.inf))
    lines = table(done, [key for key, _ in options.values])
    print("", *lines, sep="\n")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "table.md", "\n".join(lines) + "\n")
    if any("validation_error" in trial for trial in done):
        write_atomically(folder / "plot.png", plot(done, options))
    print(f"\nWritten to {folder}.")
    n_lost = len(trials) - len(done)
    if n_lost:
        print(f"{n_lost} trials were lost with their workers; the same command tries them again.")
    return 1 if n_lost else 0


def table(done, keys):
    lines = [f"| {' | '.join(keys)} | validation error | seconds |", "|---" * (len(keys) + 2) + "|"]
    for trial in done:
        values = [json.dumps(trial["values"][key]) for key in keys]
        error = f"{trial['validation_error']:.4g}" if "validation_error" in trial else trial["failure"]
        lines.append(f"| {' | '.join(values)} | {error} | {trial['seconds']:.0f} |")
    return lines


def plot(done, options):
    """The validation error over each of the values that were varied, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    done = [trial for trial in done if "validation_error" in trial]
    keys = [key for key, values in options.values if isinstance(values, Range) or len(values) > 1] or [
        options.values[0][0]
    ]
    errors = [trial["validation_error"] for trial in done]
    figure, panels = plt.subplots(
        1, len(keys), figsize=(1 + 3 * len(keys), 3.4), sharey=True, squeeze=False, layout="constrained"
    )
    for axes, key in zip(panels[0], keys):
        values = [trial["values"][key] for trial in done]
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            axes.plot(values, errors, "o", color="#2468a8", alpha=0.6)
            if min(values) > 0 and max(values) > 5 * min(values):
                axes.set_xscale("log")
        else:  # words and lists, side by side
            axes.plot([json.dumps(value) for value in values], errors, "o", color="#2468a8", alpha=0.6)
            axes.tick_params(axis="x", rotation=30)
        axes.set_xlabel(key)
        axes.grid(alpha=0.3)
    panels[0, 0].set_ylabel("validation error")
    figure.suptitle(f"{options.name}: {len(done)} trials", fontsize="medium")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120)
    plt.close(figure)
    return content.getvalue()


def shown(values):
    return ", ".join(f"{key}={json.dumps(value)}" for key, value in values.items())


if __name__ == "__main__":
    sys.exit(main())
