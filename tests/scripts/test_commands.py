"""Every command of scripts/ can be parsed, is executable and explains itself."""

import pytest
from repository_copy import run, write_program

from deeplearning_tutorial import ROOT

COMMANDS = [
    f"scripts/{name}" for name in ("setup", "workshop", "test", "lock_requirements", "offline_bundle", "hub", "kernel")
]


def bash_scripts():
    files = [path for path in (*(ROOT / "scripts").rglob("*"), ROOT / ".ci/run") if path.is_file()]
    return [path for path in files if path.suffix == ".sh" or path.read_bytes()[:80].split(b"\n")[0].endswith(b"bash")]


@pytest.mark.parametrize("script", bash_scripts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_bash_can_parse_the_script(script):
    assert run("bash", "-n", script).returncode == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_scripts_are_executable_and_explain_themselves(command):
    result = run(ROOT / command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: {command}")
    assert result.stderr == ""


def test_continuous_integration_calls_scripts_test_and_nothing_else(copy):
    write_program(copy / "scripts/test", "#!/bin/sh\nexit 7\n")
    assert run(copy / ".ci/run").returncode == 7
