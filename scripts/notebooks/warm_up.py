"""Run notebooks once on a few digits, so that what they need is compiled before anybody waits for it.

    python -m scripts.notebooks.warm_up NOTEBOOK...

Theano compiles an operation when a function first needs it, and keeps the result on disk. How many digits there are,
for how long a network trains, how often a time is taken and whether a picture is drawn makes no difference to that.

As many notebooks run side by side as there are cores, and take turns at compiling; meanwhile the header that they all need is
compiled (`deeplearning_tutorial.engine.precompilation`).
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from tqdm import tqdm

from scripts.notebooks.client import Client, notebook_client

LITTLE = {
    "DEEPLEARNING_TUTORIAL_ROWS": "1200",
    "DEEPLEARNING_TUTORIAL_EPOCHS": "5",
    "TQDM_DISABLE": "1",
    "MPLBACKEND": "agg",  # nobody looks at the pictures
}
# Where it is set to anything, Python compiles modules of Theano that the engine replaces lines of once more in each program.
KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
MOST_SIDE_BY_SIDE = 4  # each kernel takes some 300 MiB


def main():
    notebooks = {path: nbformat.read(path, as_version=4) for path in map(Path, sys.argv[1:])}
    header = subprocess.Popen(
        [sys.executable, "-m", "deeplearning_tutorial.engine.precompilation"], stderr=subprocess.DEVNULL
    )
    # On a terminal a bar that moves, elsewhere a line now and then.
    pause = 0.1 if sys.stderr.isatty() else 10
    with tqdm(total=sum(len(nb.cells) for nb in notebooks.values()), unit="cell", mininterval=pause, ncols=80) as bar:
        try:
            run(notebooks, bar)
        finally:
            header.wait()


def run(notebooks, bar):
    """Run notebooks, by path, and forget what comes out. A cell that fails does no harm here, but is named."""
    clients = {path: client_for(path, nb, bar) for path, nb in notebooks.items()}
    try:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(run_side_by_side(clients, bar))
    finally:
        for client in clients.values():
            client.raise_if_stopped()


def client_for(path, nb, bar):
    for cell in nb.cells:
        cell.source = re.sub(r"(%timeit .*)-n \d+ -r \d+", r"\1-n 1 -r 1", cell.source)
    return notebook_client(nb, path.parent, allow_errors=True, on_cell_start=lambda cell, cell_index: bar.update())


async def run_side_by_side(clients, bar):
    Client.stopped_by = None
    room = asyncio.Semaphore(min(len(os.sched_getaffinity(0)), MOST_SIDE_BY_SIDE))
    await asyncio.gather(*(run_one(path, client, bar, room) for path, client in clients.items()))


async def run_one(path, client, bar, room):
    async with room:
        bar.set_description(f"      {path.stem}")
        await client.async_execute(env={**os.environ, **LITTLE, **KEEP_BYTECODE})
    for cell in client.nb.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                bar.write(f"      {path.stem}, {cell.id}: {output.ename}: {output.evalue}", file=sys.stderr)


if __name__ == "__main__":
    main()
