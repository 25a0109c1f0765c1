"""Run a solved notebook and save it with what came out."""

import os
import time

from nbclient.exceptions import CellExecutionError, DeadKernelError

from scripts.files import write_atomically
from scripts.notebooks.client import notebook_client
from scripts.notebooks.markers import marker_problems
from scripts.notebooks.notebook import NotebookError, notebook_text, numbered, place, read_notebook, strip_metadata

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path):
    """Run a solved notebook and save it; leave it untouched if a cell fails.

    Returns
    -------
    float
        Seconds taken.

    Raises
    ------
    NotebookError
        If the file or its markers are wrong, or a cell fails.
    """
    nb = read_notebook(path, fill_ids=True)
    # A wrong marker is better known before a run of minutes than after it.
    if problems := marker_problems(nb, path.stem):
        raise NotebookError(problems)
    start = time.perf_counter()
    client = notebook_client(nb, path.parent, record_timing=False, coalesce_streams=True)
    try:
        # Progress bars differ from run to run and hide what a cell prints.
        client.execute(env={**os.environ, "TQDM_DISABLE": "1"})
    except (CellExecutionError, DeadKernelError) as error:
        here = place(path.stem, failed_cell(nb))
        raise NotebookError(f"{here}: failed; the file is left as it was\n{str(error).strip()}") from error
    seconds = time.perf_counter() - start
    clean_executed(nb)
    write_atomically(path, notebook_text(nb))
    return seconds


def failed_cell(nb):
    """Number of the cell with an error, else of the last that was started."""
    code = [(number, cell) for number, cell in numbered(nb.cells) if cell.cell_type == "code"]
    for number, cell in code:
        unexpected = "raises-exception" not in cell.metadata.get("tags", [])
        if unexpected and any(output.output_type == "error" for output in cell.outputs):
            return number
    return max((number for number, cell in code if cell.execution_count), default=1)


def clean_executed(nb):
    """Take out what differs from run to run and shows nothing to a reader."""
    strip_metadata(nb)
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            # Its model is gone with the kernel: JupyterLab would show an error.
            output.get("data", {}).pop(WIDGET_VIEW, None)
