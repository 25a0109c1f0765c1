"""Commands of scripts/ run as a user runs them, and a copy of the repository with a stand-in for Python.

What the tests of several commands share; the fixture `copy` is in conftest.py.
"""

import os
import signal
import subprocess

from deeplearning_tutorial import ROOT

HOMES = [
    "MPLCONFIGDIR",
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "POCL_CACHE_DIR",
    "CUDA_CACHE_PATH",
    "PIP_CACHE_DIR",
    "npm_config_cache",
]


def run(*command, cwd=ROOT, **environment):
    """Run a command as a user would whose shell has set nothing but `environment`."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if name
        not in (*HOMES, "THEANORC", "THEANO_FLAGS", "PYTHON", "PYTEST_ADDOPTS", "DEEPLEARNING_TUTORIAL_VENV", "CPATH")
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**plain, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def interrupted(command_line, wait_for, cwd=ROOT, **environment):
    """Start a command in a group of its own, and interrupt the group, as a terminal does, once it has printed something."""
    process = subprocess.Popen(
        [str(part) for part in command_line],
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=cwd,
        env={**os.environ, "TQDM_DISABLE": "", **environment},
    )
    said = b""
    while wait_for.encode() not in said:
        more = process.stdout.read(1)
        assert more, said
        said += more
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=60)[0]
    return process.returncode, (said + rest).decode()


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def pretend(root, script=""):
    """Make .venv/bin/python a shell script that notes its arguments in `calls`; more lines can make it answer."""
    write_program(root / ".venv/bin/python", f'#!/bin/sh\necho "$@" >>"{root}/calls"\n{script}\n')


FINGERPRINT = '. "$1/scripts/environment.sh"; . "$1/scripts/installation/state.sh"; fingerprint'


def write_stamp(root):
    """Write what scripts/setup writes when it has done everything."""
    fingerprint = run("bash", "-euc", FINGERPRINT, "bash", root)
    assert fingerprint.returncode == 0, fingerprint.stderr
    for name in ("stamp", "compiled"):
        (root / ".venv" / name).write_text(fingerprint.stdout)


def calls(root):
    return (root / "calls").read_text().splitlines() if (root / "calls").exists() else []


def one_sentence(text):
    return text.count("\n") == 1 and text.endswith(".\n")
