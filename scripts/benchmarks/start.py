"""How long it takes to begin: from a clone of this repository to the first trained network, in parts."""

import datetime
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from scripts import ROOT
from scripts.benchmarks.tables import heading, row
from scripts.machine import describe_machine

NOTEBOOK = Path("notebooks", "solved", "01_logistic_regression.ipynb")
# The cells of that notebook after which somebody has something, and what.
MILESTONES = {
    "imports": "Theano is imported",
    "batch-descent": "a first network is trained",
    "tutorial-run": "another is trained with early stopping",
    "all": "the whole notebook is done",
}


def begin(folder):
    """Clone, set up, and run notebook 01 twice; returns what goes into benchmark-start.json."""
    from . import measure

    clone = Path(folder, "workshop")
    measure.say("A clone of the last commit is set up in a temporary folder.")
    start = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    parts = {"Clone": time.perf_counter() - start}
    # The clone shall neither compile into this folder's .venv nor find there what is compiled already.
    environment = {name: value for name, value in os.environ.items() if str(ROOT) not in value}
    parts |= time_setup([clone / "scripts" / "setup", "--first"], environment)
    runs = []
    for run in ("first", "second"):
        measure.say(f"{NOTEBOOK.stem}, {run} time")
        in_clone = ["bash", "-c", '. scripts/environment.sh && exec "$python" "$@"', "bash"]
        command = [*in_clone, "-m", "scripts.benchmarks.start", NOTEBOOK]
        answer = subprocess.run(command, cwd=clone, env=environment, check=True, stdout=subprocess.PIPE)
        runs.append(json.loads(answer.stdout))
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "setup_s": parts,
        "notebook_s": runs,
        "problems": [],
    }


def time_setup(command, environment=None):
    """Seconds that each step of a set-up took, by its title; what it prints is passed on.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    titles, times = [], []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            if step := re.match(r"\[\d/\d\] (.*)", line):
                titles.append(step[1])
                times.append(time.perf_counter())
    times.append(time.perf_counter())
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {title: after - before for title, before, after in zip(titles, times, times[1:])}


def time_cells(path):
    """Seconds from before its kernel starts until each cell of a notebook is done, by the cell's id; and until "all" are."""
    import nbformat

    from scripts.notebooks.client import notebook_client

    notebook = nbformat.read(path, as_version=4)
    seconds = {}

    def note(cell, **_):
        seconds[cell.id] = time.perf_counter() - start

    client = notebook_client(notebook, path.parent, on_cell_executed=note)
    start = time.perf_counter()
    client.execute(env={**os.environ, "TQDM_DISABLE": "1"})
    return {**seconds, "all": max(seconds.values())}


def tables(results):
    machine = results["machine"]
    parts = results["setup_s"]
    lines = heading(["from a clone to the first network", "seconds"])
    lines += [row([title, f"{seconds:,.1f}"]) for title, seconds in parts.items()]
    lines.append(row(["**ready to begin**", f"**{sum(parts.values()):,.1f}**"]))
    times = heading(["notebook 01, seconds until", "first time", "again"])
    for cell, what in MILESTONES.items():
        times.append(row([what, *(f"{run[cell]:,.1f}" for run in results["notebook_s"])]))
    return "\n\n".join(
        [
            f"On {machine['processors']} processors of an {machine['processor']}, {machine['system']}, {results['date']}; "
            "packages come from pip's cache if PIP_CACHE_DIR names one.",
            "\n".join(lines),
            "\n".join(times),
        ]
    )


if __name__ == "__main__":
    print(json.dumps(time_cells(Path(sys.argv[1]))))
