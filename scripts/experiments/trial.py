"""One trial of a search: a configuration, trained and validated. It runs in a worker's process, perhaps on another machine."""

import contextlib
import io
import os
import shutil
import tempfile
import time
from pathlib import Path

from scripts import ROOT
from scripts.arguments import unwritable

SWEEPS = ROOT / "build" / "sweeps"


def scratch():
    """Where a worker keeps what it is at; in a repository that is read-only, such as another user's, elsewhere."""
    return Path(tempfile.gettempdir(), f"sweeps-{os.getuid()}") if unwritable(SWEEPS) else SWEEPS


def try_out(name, configuration, seed, key):
    """Train a model, and say how well it does on the validation set.

    Returns
    -------
    dict
        With ``validation_error`` and ``seconds``; or with ``failure``, where training failed, as it does with a learning rate that
        is too large.
    """
    from scripts.experiments.catalogue import CATALOGUE
    from scripts.experiments.run import Run

    folder = scratch() / "runs" / key
    run = Run(folder, progress=False)
    started = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            trained = CATALOGUE[name].train(configuration, seed, run)
    except Exception as error:
        found = {"failure": f"{type(error).__name__}: {error}", "seconds": round(time.perf_counter() - started, 1)}
    else:
        found = {"validation_error": trained.validation_error, "seconds": round(run.seconds, 1)}
    shutil.rmtree(folder, ignore_errors=True)
    return found
