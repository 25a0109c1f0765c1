"""scripts/environment.sh: what every command and its Python find in their environment."""

import os
import re
import sys

import pytest
from repository_copy import HOMES, run

from deeplearning_tutorial import ROOT

SCRIPTS = ROOT / "scripts"


def environment_of(root=ROOT, times=1, **environment):
    source = f'. "{root}/scripts/environment.sh";' * times
    result = run("bash", "-euc", source + "env -0", cwd="/", **environment)
    assert result.stderr == ""
    return dict(line.split("=", 1) for line in result.stdout.split("\0") if line)


def test_theano_reads_the_tuned_configuration_first_and_the_users_last():
    ours = f"{ROOT}/theanorc.example:{ROOT}/.venv/theanorc"
    assert environment_of()["THEANORC"] == ours
    assert environment_of(THEANORC="/etc/a:/etc/b")["THEANORC"] == f"{ours}:/etc/a:/etc/b"


def test_sourcing_twice_is_sourcing_once():
    assert environment_of(times=2, THEANORC="/etc/a") == environment_of(THEANORC="/etc/a")


def test_programs_keep_their_files_in_the_repository():
    environment = environment_of()
    assert all(environment[name].startswith(f"{ROOT}/.venv/") for name in HOMES)
    # A browser that the workshop opens must find its own things.
    assert environment.get("HOME") == os.environ.get("HOME")
    assert environment.get("XDG_CACHE_HOME") == os.environ.get("XDG_CACHE_HOME")


def test_what_the_user_has_set_stays():
    own = {name: f"/somewhere/{name}" for name in HOMES}
    environment = environment_of(**own, THEANO_FLAGS="device=cuda")
    assert {name: environment[name] for name in HOMES} == own
    assert environment["THEANO_FLAGS"] == "device=cuda"


def test_libraries_are_looked_for_first_among_the_links_of_setup():
    assert environment_of(LD_LIBRARY_PATH="")["LD_LIBRARY_PATH"] == f"{ROOT}/.venv/blas:{ROOT}/.venv/cuda"
    assert (
        environment_of(times=2, LD_LIBRARY_PATH="/a:/b")["LD_LIBRARY_PATH"]
        == f"{ROOT}/.venv/blas:{ROOT}/.venv/cuda:/a:/b"
    )


def test_the_compiler_finds_the_library_for_onednn():
    assert environment_of(times=2, LD_LIBRARY_PATH="", LIBRARY_PATH="/a")["LIBRARY_PATH"] == f"{ROOT}/.venv/blas:/a"


def test_a_parents_gpu_does_not_keep_theano_from_starting_one():
    assert "THEANO_GPU_IS_ALREADY_ACTIVE" not in environment_of(THEANO_GPU_IS_ALREADY_ACTIVE="Yes")


WITHOUT_SYS = f"""
mount -t tmpfs none /sys
. "{SCRIPTS}/environment.sh"
"$python" -m deeplearning_tutorial.engine.libgpuarray opencl0:0
"""


def test_pocl_starts_without_sys_too(own_mounts):
    if run(sys.executable, "-m", "deeplearning_tutorial.engine.libgpuarray", "opencl0:0").returncode:
        pytest.skip("there is no OpenCL device")
    result = run(*own_mounts, "bash", "-c", WITHOUT_SYS)
    assert re.match("opencl0:0 +yes", result.stdout), result.stdout + result.stderr


def test_the_repository_is_found_in_a_folder_with_a_difficult_name(copy):
    assert environment_of(copy)["MPLCONFIGDIR"] == f"{copy}/.venv/matplotlib"
