"""A class on one server: the kernel that a hub is told of, what it starts for a user, and a rehearsal of two users."""

import json
import os
import runpy
import subprocess
import sys
from types import SimpleNamespace

import pytest
from repository_copy import calls, interrupted, pretend, write_program
from repository_copy import run as run_alone

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data.download import DATA_FOLDER
from deeplearning_tutorial.data.loading import MAPPED_FILE
from scripts.classroom.memory import digits_in_cache, text_of_digits

REHEARSE = """
import os, sys
os.geteuid = lambda: 1000  # as another user than root, who cannot become others
from scripts.classroom import class_trial
class_trial.LAST = class_trial.FIRST = sys.argv[1]
class_trial.main(2)
"""


def rehearse(last):
    environment = {**os.environ, "THEANO_FLAGS": "device=cpu"}
    return subprocess.run(
        [sys.executable, "-c", REHEARSE, last], env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow(20)
def test_two_users_train_at_the_same_time_and_it_is_told_what_a_class_needs():
    result = rehearse("batch-descent")
    assert result.returncode == 0, result.stderr
    assert "2 kernels of 1 users" in result.stdout
    assert "long waits for a compiler      0" in result.stdout
    assert ("once for all kernels" in result.stdout) == (DATA_FOLDER / MAPPED_FILE).is_file()
    gibibytes = float(result.stdout.rpartition("For 30 attendees: ")[2].split()[0])
    assert 5 < gibibytes < 60


def test_it_is_told_whether_kernels_share_the_digits(tmp_path):
    assert digits_in_cache(tmp_path) == 0 and "each kernel has digits of its own" in text_of_digits(tmp_path)
    (tmp_path / MAPPED_FILE).parent.mkdir()
    (tmp_path / MAPPED_FILE).write_bytes(bytes(3 * 2**20))
    assert digits_in_cache(tmp_path) == 3 and text_of_digits(tmp_path).startswith("3 MiB in the system's cache")


@pytest.mark.slow(4)
def test_an_interrupt_ends_all_kernels_without_a_traceback(tmp_path):
    program = REHEARSE.replace("class_trial.main(2)", "command.main('classroom.class_trial', ['2'])")
    program = f"from scripts import command\n{program.strip()}".replace("command.main", "sys.exit(command.main") + ")"
    status, said = interrupted([sys.executable, "-c", program, ""], "IPKernelApp", TMPDIR=str(tmp_path))
    assert status == 130 and said.endswith("\nStopped.\n") and "Traceback" not in said
    assert list(tmp_path.glob("class-*")) == []


def test_a_kernel_that_does_not_start_is_told_without_a_traceback(tmp_path):
    write_program(tmp_path / "scripts/kernel", "#!/bin/sh\necho 'There is no Python.' >&2\nexit 1\n")
    program = REHEARSE.replace(
        "class_trial.LAST", f"import pathlib; class_trial.ROOT = pathlib.Path({str(tmp_path)!r})\nclass_trial.LAST"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "batch-descent"], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "There is no Python.\n" in result.stderr and "Kernel died" in result.stderr.splitlines()[-1]


def test_a_rehearsal_mounts_nothing_that_all_of_the_machine_would_see(tmp_path):
    for name in ["jupyterhub", "jupyterhub-singleuser", "configurable-http-proxy", "openssl", "mount"]:
        (tmp_path / name).write_text("#!/bin/sh\ntouch called\n")
        (tmp_path / name).chmod(0o755)
    command = [sys.executable, "-m", "scripts.classroom.hub_trial", "8"]
    result = subprocess.run(
        command, env={**os.environ, "PATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode == 1 and "Start this with scripts/hub --rehearse" in result.stderr
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
@pytest.mark.parametrize("script", ["class_trial", "hub_trial"])
def test_a_rehearsal_says_how_many_users(script, wrong, monkeypatch):
    monkeypatch.setattr(sys, "argv", [script, wrong])
    with pytest.raises(SystemExit, match="How many users?"):
        runpy.run_module(f"scripts.classroom.{script}", run_name="__main__")


def test_a_rehearsal_without_a_hub_says_so(tmp_path):
    command = [sys.executable, "-m", "scripts.classroom.hub_trial", "8"]
    result = subprocess.run(command, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "needs jupyterhub and jupyterhub-singleuser and configurable-http-proxy and openssl, which" in result.stderr


def test_the_configuration_of_a_hub_leaves_accounts_alone():
    c = SimpleNamespace(Spawner=SimpleNamespace())
    path = ROOT / "scripts" / "jupyterhub_config.py"
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), {"get_config": lambda: c, "__file__": str(path)})
    assert c.Spawner.cmd == [str(ROOT / "scripts" / "hub"), "--serve"] and os.access(c.Spawner.cmd[0], os.X_OK)
    assert c.Spawner.notebook_dir == "~/deep-learning" and c.Spawner.default_url == "/lab/tree/00_setup.ipynb"
    assert vars(c).keys() == {"Spawner"}


def test_a_users_jupyter_starts_after_the_notebooks_are_there(tmp_path):
    single = tmp_path / "bin" / "jupyterhub-singleuser"
    single.parent.mkdir()
    single.write_text('#!/bin/sh\nls "$HOME/deep-learning" | wc -l; echo "$@"\n')
    single.chmod(0o755)
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{single.parent}:{os.environ['PATH']}"}
    command = [ROOT / "scripts" / "hub", "--serve", "--notebook-dir=~/deep-learning", "--port=1"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    notebooks = len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert result.stdout.splitlines()[-2:] == [str(notebooks), "--notebook-dir=~/deep-learning --port=1"]


def test_a_kernel_wants_a_connection():
    assert subprocess.run([ROOT / "scripts" / "kernel"], capture_output=True).returncode == 2


def tell_of_the_kernel(copy, tmp_path, mode_of_folders):
    return try_hub(copy, tmp_path, mode_of_folders, "--kernel", tmp_path / "prefix")


def try_hub(copy, tmp_path, mode_of_folders, *words):
    """scripts/hub of a copy that is set up, on the way to which all folders have this mode."""
    pretend(copy, 'if [ "$1" = -c ]; then echo /bin/sh; fi')
    write_program(tmp_path / "bin/stat", f"#!/bin/sh\necho {mode_of_folders}\n")
    return run_alone(copy / "scripts/hub", *words, PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")


def test_all_users_may_read_what_is_set_up_also_for_devices(copy, tmp_path):
    mine = copy / ".venv-gpu/theanorc"
    mine.parent.mkdir(mode=0o700)
    mine.touch(mode=0o600)
    result = tell_of_the_kernel(copy, tmp_path, "drwxr-xr-x")
    assert "The kernel is in" in result.stdout, result.stderr
    assert mine.stat().st_mode & 0o777 == 0o644 and mine.parent.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "prefix/share/jupyter/kernels/deep-learning/kernel.json").exists()


def test_a_folder_that_others_may_not_enter_is_named(copy, tmp_path):
    result = tell_of_the_kernel(copy, tmp_path, "drwx------")
    assert result.returncode == 1 and f"Other users may not enter {copy.resolve()}" in result.stderr
    assert "PYTHON=/usr/bin/python3 scripts/setup" in result.stderr
    assert not (tmp_path / "prefix").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes other users")
def test_a_trial_whose_users_could_not_enter_says_so(copy, tmp_path):
    result = try_hub(copy, tmp_path, "drwx------", "--trial", "2")
    assert result.returncode == 1 and f"Other users may not enter {copy.resolve()}" in result.stderr
    assert not any("class_trial" in call for call in calls(copy))
    assert try_hub(copy, tmp_path, "drwxr-xr-x", "--trial", "2").returncode == 0
    assert calls(copy)[-1].endswith("classroom.class_trial 2")


@pytest.mark.parametrize("arguments", [[], ["--kernel", "a", "b"], ["--nonsense"], ["--copy", "a", "b"]])
def test_what_the_script_does_not_know_it_refuses(arguments):
    result = subprocess.run([ROOT / "scripts" / "hub", *arguments], capture_output=True, text=True)
    assert result.returncode == 2 and result.stderr.startswith("Usage: scripts/hub --kernel")


def test_the_notebooks_of_a_user_name_the_kernel_that_the_hub_is_told_of(tmp_path):
    subprocess.run([ROOT / "scripts" / "hub", "--copy", tmp_path], check=True, capture_output=True)
    name = json.loads((tmp_path / "00_setup.ipynb").read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"]
    script = (ROOT / "scripts" / "hub").read_text()
    assert f"\nkernel={name} " in script and "/share/jupyter/kernels/$kernel\n" in script
