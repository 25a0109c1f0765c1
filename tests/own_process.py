"""A process of its own for what can be chosen once a process only, such as Theano's device."""

import os
import subprocess
import sys

from deeplearning_tutorial import ROOT


def start(program, flags=None):
    """Python in a process of its own, as Theano chooses its device once; with no `THEANO_FLAGS` but these."""
    # Unbuffered, Python loses the rest of a long output when a process that waits for its reader is paused.
    not_ours = {"THEANO_FLAGS", "PYTHONUNBUFFERED"}
    environment = {name: value for name, value in os.environ.items() if name not in not_ours}
    if flags is not None:
        environment["THEANO_FLAGS"] = flags
    return subprocess.Popen(
        [sys.executable, *program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
