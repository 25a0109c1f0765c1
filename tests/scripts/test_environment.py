"""scripts/environment.sh: what every command and its Python find in their environment."""

import os
import re
import shutil
import sys

import pytest
from repository_copy import HOMES, run, write_program

from deeplearning_tutorial import ROOT

SCRIPTS = ROOT / "scripts"


def environment_of(root=ROOT, times=1, **environment):
    source = f'. "{root}/scripts/environment.sh";' * times
    result = run("bash", "-euc", source + "env -0", cwd="/", **environment)
    assert result.stderr == ""
    return dict(line.split("=", 1) for line in result.stdout.split("\0") if line)


def test_theano_reads_the_tuned_configuration_first_and_the_users_last():
    files = f"{ROOT}/theanorc.example:{ROOT}/.venv/theanorc"
    assert environment_of()["THEANORC"] == files
    assert environment_of(THEANORC="/etc/a:/etc/b")["THEANORC"] == f"{files}:/etc/a:/etc/b"


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


def ours(*folders, venv=f"{ROOT}/.venv"):
    return ":".join(f"{venv}/{folder}" for folder in folders)


LIBRARIES = ["blas", "libgpuarray/lib", "python3.11/lib"]


def test_libraries_are_looked_for_first_among_the_links_of_setup():
    libraries = ours(*LIBRARIES, "cuda")
    assert environment_of(LD_LIBRARY_PATH="")["LD_LIBRARY_PATH"] == libraries
    assert environment_of(times=2, LD_LIBRARY_PATH="/a:/b")["LD_LIBRARY_PATH"] == f"{libraries}:/a:/b"


def test_the_compiler_finds_what_setup_has_put_there():
    environment = environment_of(times=2, LD_LIBRARY_PATH="", LIBRARY_PATH="/a", CPATH="/b")
    assert environment["LIBRARY_PATH"] == ours(*LIBRARIES) + ":/a"
    assert environment["CPATH"] == ours("libgpuarray/include", "python3.11/include") + ":/b"


# One environment of several -------------------------------------------------------------------------------------------


def venv_of(root, **environment):
    result = run("bash", "-euc", '. "$1/scripts/environment.sh"; echo "$venv $python"', "bash", root, **environment)
    assert result.stderr == ""
    venv, python = result.stdout.removesuffix("/bin/python\n").rsplit(f" {root}", 1)
    assert venv == f"{root}{python}"
    return python.removeprefix("/")


def test_the_environment_is_venv_unless_another_one_is_named(copy):
    assert venv_of(copy) == ".venv"
    assert venv_of(copy, DEEPLEARNING_TUTORIAL_VENV=f"{copy}/.venv-3.12") == ".venv-3.12"
    assert venv_of(copy, DEEPLEARNING_TUTORIAL_VENV=".venv-3.12", cwd=copy) == ".venv-3.12"


def test_one_environment_leaves_nothing_in_that_of_another(copy):
    first = environment_of(copy, DEEPLEARNING_TUTORIAL_VENV=f"{copy}/.venv-gpu", LIBRARY_PATH="/a", THEANORC="/b")
    names = ("THEANORC", "CPATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "DEEPLEARNING_TUTORIAL_VENV")
    inherited = {name: first[name] for name in names}
    second = environment_of(copy, **{**inherited, "DEEPLEARNING_TUTORIAL_VENV": f"{copy}/.venv"})
    assert second["THEANORC"] == f"{copy}/theanorc.example:{copy}/.venv/theanorc:/b"
    assert second["LIBRARY_PATH"] == ours(*LIBRARIES, venv=f"{copy}/.venv") + ":/a"
    assert not any(".venv-gpu" in second[name] for name in names)


# The Python of .venv, whether it has pygpu, whether there is .venv-gpu, and where libgpuarray can be had.
MACHINES = {
    "Debian 12": ("3.11", True, False, "system", ".venv"),
    "Debian 12, before the first set-up": (None, False, False, "apt", ".venv"),
    "Debian 13": ("3.13", False, False, "debian12", ".venv-gpu"),
    "Debian 13, once it was made": ("3.13", False, True, "", ".venv-gpu"),
    "Debian 13, before the first set-up": (None, False, False, "debian12", ".venv-gpu"),
    "another Linux": ("3.13", False, False, "", ".venv"),
    "another Linux, before the first set-up": (None, False, False, "", ".venv"),
    "a Python 3.11 that could not have it": ("3.11", False, False, "debian12", ".venv"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_device_is_used_from_an_environment_that_has_pygpu(copy, name):
    python, pygpu, second, source, venv = MACHINES[name]
    shutil.rmtree(copy / ".venv")
    if python:
        packages = copy / f".venv/lib/python{python}/site-packages"
        packages.mkdir(parents=True)
        write_program(copy / ".venv/bin/python", "")
        if pygpu:
            (packages / "pygpu").mkdir()
    if second:
        write_program(copy / ".venv-gpu/bin/python", "")
    (copy / "scripts/installation/libgpuarray.sh").write_text(
        f"libgpuarray_can_be_had() {{ libgpuarray_source={source}; [[ -n $libgpuarray_source ]]; }}\n"
    )
    for flags in (
        "device=cuda",
        "device=opencl0:0",
        "floatX=float64, device=cuda0 ,optimizer=None",
        "device=cpu,device=cuda",
    ):
        assert venv_of(copy, THEANO_FLAGS=flags) == venv
    for flags in ("", "floatX=float64", "device=cuda,device=cpu", "init_gpu_device=cuda", "contexts=dev0->cuda0"):
        assert venv_of(copy, THEANO_FLAGS=flags) == ".venv"
    assert venv_of(copy, THEANO_FLAGS="device=cuda", DEEPLEARNING_TUTORIAL_VENV=f"{copy}/mine") == "mine"


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
    assert re.search("opencl0:0 +yes", result.stdout), result.stdout + result.stderr


def test_the_repository_is_found_in_a_folder_with_a_difficult_name(copy):
    assert environment_of(copy)["MPLCONFIGDIR"] == f"{copy}/.venv/matplotlib"
