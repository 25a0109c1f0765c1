"""scripts/environment.sh: what every command and its Python find in their environment."""

import json
import os
import re
import shlex
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


def test_a_configuration_in_condas_folder_is_the_users_all_the_same(tmp_path):
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "theanorc").touch()
    assert environment_of(THEANORC=f"{tmp_path}/theanorc")["THEANORC"].endswith(f"/.venv/theanorc:{tmp_path}/theanorc")


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


# Another environment's -----------------------------------------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path):
    """What conda, a shell's start-up file and another environment may have set: each would break the Python here."""
    packages = tmp_path / "other" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    (packages / "numpy").mkdir(parents=True)
    (packages / "numpy/__init__.py").write_text("raise ImportError('This is another NumPy.')")
    conda = tmp_path / "conda"
    (conda / "conda-meta").mkdir(parents=True)
    for name in ("libz.so.1", "libffi.so.8", "liblzma.so.5", "libstdc++.so.6", "libopenblas.so"):
        (conda / "lib").mkdir(exist_ok=True)
        (conda / "lib" / name).write_text("no library")
    for name in ("g++", "gcc", "python3", "pip", "jupyter"):
        write_program(conda / "bin" / name, "#!/bin/sh\nexit 3\n")
    (conda / "include").mkdir()
    (conda / "include/vector").write_text("#error another standard library")
    (conda / "share/jupyter/kernels/python3").mkdir(parents=True)
    (conda / "share/jupyter/kernels/python3/kernel.json").write_text('{"argv": ["false"], "display_name": "conda"}')
    return {
        "PYTHONPATH": str(packages),
        "PYTHONHOME": "/nowhere",
        "PYTHONSAFEPATH": "1",
        "PYTHONSTARTUP": "/nowhere/startup.py",
        "PYTHONOPTIMIZE": "2",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONNOUSERSITE": "1",
        "VIRTUAL_ENV": str(tmp_path / "other"),
        "CONDA_PREFIX": str(conda),
        "CONDA_BUILD_SYSROOT": "/nowhere",
        "PATH": f"{conda}/bin:{conda}/condabin:{os.environ['PATH']}",
        **{name: f"{conda}/bin/gcc" for name in ("CC", "CXX", "CPP", "LD")},
        **{name: "--no-such-option" for name in ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS")},
        "LD_LIBRARY_PATH": f"{conda}/lib:/usr/local/nothing",
        "LIBRARY_PATH": f"{conda}/lib/",
        "CPATH": f"{conda}/include",
        "JUPYTER_PATH": f"{conda}/share/jupyter",
        **{name: "/nowhere" for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_CONSTRAINT")},
        **{name: "1" for name in ("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN")},
        "PIP_NO_BINARY": ":all:",
    }


SEES = "import numpy, zlib, ctypes, sys; print(numpy.__file__); 1 // (sys.flags.optimize == 0)"


def test_the_python_here_sees_nothing_of_another_environment(foreign):
    program = 'set -eu; . "$0/scripts/environment.sh"; "$python" -P -c "$1"; "$python" -m pip --version'
    result = run("bash", "-c", program, ROOT, SEES, cwd=ROOT, **foreign)
    assert result.stderr == "" and result.returncode == 0
    numpy, pip = result.stdout.splitlines()
    assert numpy.startswith(f"{ROOT}/.venv/") and f"{ROOT}/.venv/" in pip


def test_without_it_the_python_does_see_it(foreign):
    """What is set in the test above does break a Python."""
    for name in ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PYTHONOPTIMIZE"):
        assert run(ROOT / ".venv/bin/python", "-c", SEES, **{name: foreign[name]}).returncode != 0, name


def test_pip_is_told_nothing_of_another_environment(foreign):
    told = {name for name in foreign if name.startswith("PIP_")}
    assert len(told) == 9 and not told & set(environment_of(**foreign))


COMPILES = """
from theano.gof.cmodule import GCC_compiler
program = "#include <vector>\\nint main() { return std::vector<int>(3).size() - 3; }"
print(GCC_compiler.try_compile_tmp(program, try_run=True, output=True))
"""


def test_theano_compiles_with_the_systems_compiler_where_conda_has_one_too(foreign):
    result = run(
        "bash", "-c", '. "$0/scripts/environment.sh"; "$python" -P -c "$1"', ROOT, COMPILES, cwd="/", **foreign
    )
    assert result.stdout == "(True, True, b'', b'')\n", result.stderr
    result = run(ROOT / ".venv/bin/python", "-c", COMPILES, cwd="/", PATH=foreign["PATH"])
    assert "True" not in result.stdout  # without it


@pytest.mark.parametrize(
    "before, after", [("{}:/a:/b", "/a:/b:{}"), ("/a:{}/", "/a:{}/"), ("/a::{}:/b:", "/a::/b::{}")]
)
def test_condas_programs_come_last(foreign, before, after):
    conda = foreign["CONDA_PREFIX"] + "/bin"
    # Only the functions, as the rest of the file needs programs.
    text = (SCRIPTS / "environment.sh").read_text()
    functions = "\n".join(re.findall(r"^(?:put_conda_last|is_of_conda)\(\) \{.*?^\}", text, re.MULTILINE | re.DOTALL))
    program = f'{functions}\nPATH={before.format(conda)!r}; put_conda_last; echo "$PATH"'
    assert run("/bin/bash", "-euc", program).stdout == after.format(conda) + "\n"


def test_commands_begin_whatever_is_set(foreign):
    result = run(ROOT / "scripts/reproduce", "--list", cwd="/", **foreign)
    assert (result.returncode, result.stderr) == (0, "") and "Theano tutorial" in result.stdout


@pytest.mark.slow(3)
def test_a_kernel_for_another_jupyter_sees_nothing_of_its_environment(foreign, tmp_path):
    import jupyter_client

    kernels = tmp_path / "kernels" / "ours"
    kernels.mkdir(parents=True)
    about = {"argv": [f"{ROOT}/scripts/kernel", "{connection_file}"], "display_name": "ours", "env": foreign}
    (kernels / "kernel.json").write_text(json.dumps(about))
    specs = jupyter_client.kernelspec.KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    manager = jupyter_client.KernelManager(kernel_name="ours", kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    printed = []
    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive(SEES, timeout=60, output_hook=lambda message: printed.append(message["content"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert any(content.get("text", "").startswith(f"{ROOT}/.venv/") for content in printed), printed


def test_the_kernel_named_python3_is_the_one_here(foreign):
    listed = json.loads(
        run(
            "bash", "-c", '. "$0/scripts/environment.sh"; "$python" -m jupyter kernelspec list --json', ROOT, **foreign
        ).stdout
    )
    assert listed["kernelspecs"]["python3"]["resource_dir"].startswith(f"{ROOT}/.venv/")


def test_where_packages_come_from_is_the_users_choice():
    own = {
        "PIP_INDEX_URL": "https://packages.example.org/simple",
        "PIP_EXTRA_INDEX_URL": "https://other.example.org",
        "PIP_CERT": "/etc/own.pem",
        "PIP_CONFIG_FILE": "/etc/own.conf",
        "PIP_FIND_LINKS": "/wheels",
        "PIP_NO_INDEX": "1",
        "PIP_PROXY": "http://proxy.example.org:3128",
        "HTTPS_PROXY": "http://proxy.example.org:3128",
        "SSL_CERT_FILE": "/etc/own.pem",
        "THEANO_FLAGS": "floatX=float64",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment = environment_of(**own)
    assert {name: environment[name] for name in own} == own


@pytest.mark.parametrize("library", ["libnvrtc.so.12", "libcublas.so.12", "libcuda.so.1", "libgpuarray.so"])
def test_libraries_for_a_gpu_may_be_those_of_conda(foreign, tmp_path, library):
    (tmp_path / "conda/lib" / library).touch()
    assert environment_of(LD_LIBRARY_PATH=foreign["LD_LIBRARY_PATH"])["LD_LIBRARY_PATH"].endswith(
        f":{tmp_path}/conda/lib:/usr/local/nothing"
    )
    (tmp_path / "conda/lib" / library).unlink()
    assert f"{tmp_path}/conda" not in environment_of(LD_LIBRARY_PATH=foreign["LD_LIBRARY_PATH"])["LD_LIBRARY_PATH"]


# Languages and terminals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb", "COLUMNS": "20"},
        {"TERM": "", "COLUMNS": "0"},
        {"COLUMNS": "wide"},
        {"HOME": "/nowhere"},
    ],
    ids=lambda environment: ", ".join(f"{name}={value}" for name, value in environment.items()),
)
def test_a_command_prints_what_it_has_to_whatever_the_terminal(environment):
    result = run(ROOT / "scripts/reproduce", "--list", **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "Cireşan et al. 2010" in result.stdout and len(result.stdout.splitlines()) > 5
    result = run(ROOT / "scripts/reproduce", "--help", **environment)
    assert result.returncode == 0 and result.stdout.startswith("usage: scripts/reproduce"[:20])


@pytest.mark.parametrize("how", ["<&-", "umask 077;", "unset HOME TERM LANG;", "2>&-"])
def test_a_command_needs_no_terminal_and_no_home(how):
    before, after = (how, "") if how.endswith(";") else ("", how)
    result = run("bash", "-c", f'{before} "$0/scripts/results_table" --check {after}', ROOT)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.skipif(not shutil.which("script"), reason="script, which makes a terminal, is not here")
def test_set_up_has_no_moving_line_on_a_terminal_that_has_none(copy):
    program = '. "$0/scripts/installation/messages.sh"; log=/dev/null; (echo one; sleep 0.1) | show_progress what'
    for term, moves in (("xterm", True), ("dumb", False), ("", False)):
        shown = run(
            "script", "-qec", f"bash -c {shlex.quote(program)} {shlex.quote(str(copy))}", "/dev/null", TERM=term
        )
        assert ("\033[K" in shown.stdout) == moves, shown


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
