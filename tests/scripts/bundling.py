"""What the tests of bundles share: scripts/offline_bundle and its functions called, few programs, no network."""

import os
import shutil
import subprocess

import pytest

from deeplearning_tutorial import ROOT

SCRIPT = ROOT / "scripts" / "offline_bundle"


def run(*command, cwd, **environment):
    """Run a command; what it printed is in `stdout`, errors too."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def call(function, *arguments):
    """Call one of the script's own functions."""
    answer = run("bash", "-c", '. "$1" && shift && "$@"', "bash", SCRIPT, function, *arguments, cwd=ROOT)
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def folder_of_programs(folder, *names):
    programs = folder / "few programs"
    programs.mkdir()
    for name in names:
        (programs / name).symlink_to(shutil.which(name))
    return str(programs)


def namespace(*kinds):
    """The command that takes others out of the network, and what else of the machine; the test is skipped without it."""
    command = ["unshare", *(["--map-root-user"] if os.getuid() else []), *kinds]
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here (apt-get install util-linux)")
    answer = run(*command, "true", cwd="/")
    if answer.returncode:
        pytest.skip(f"this machine makes no namespaces: {answer.stdout.strip()}")
    return command
