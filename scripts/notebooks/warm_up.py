"""Run notebooks once on a few digits, so that what they need is compiled before anybody waits for it.

    python -m scripts.notebooks.warm_up NOTEBOOK...

Theano compiles an operation when a function first needs it, and keeps the result on disk. How many digits there are,
and for how long a network trains, makes no difference to that.
"""

import os
import sys
from pathlib import Path

import nbformat
from tqdm import tqdm

from scripts.notebooks.client import notebook_client

LITTLE = {"DEEPLEARNING_TUTORIAL_ROWS": "1200", "DEEPLEARNING_TUTORIAL_EPOCHS": "5", "TQDM_DISABLE": "1"}
# Where it is set to anything, Python compiles modules of Theano that the engine replaces lines of once more in each program.
KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}


def main():
    notebooks = {path: nbformat.read(path, as_version=4) for path in map(Path, sys.argv[1:])}
    # On a terminal a bar that moves, elsewhere a line now and then.
    pause = 0.1 if sys.stderr.isatty() else 10
    with tqdm(total=sum(len(nb.cells) for nb in notebooks.values()), unit="cell", mininterval=pause, ncols=80) as bar:
        for path, nb in notebooks.items():
            bar.set_description(f"      {path.stem}")
            run(path, nb, bar)


def run(path, nb, bar):
    """Run a notebook and forget what comes out. A cell that fails does no harm here, but is named."""
    client = notebook_client(nb, path.parent, allow_errors=True, on_cell_start=lambda cell, cell_index: bar.update())
    client.execute(env={**os.environ, **LITTLE, **KEEP_BYTECODE})
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                bar.write(f"      {path.stem}, {cell.id}: {output.ename}: {output.evalue}", file=sys.stderr)


if __name__ == "__main__":
    main()
