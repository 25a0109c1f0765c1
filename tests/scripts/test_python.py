"""Which Python scripts/setup takes, and what it installs for it, on each release of Debian and Ubuntu.

The releases are stand-ins: an apt-cache that knows the names of their packages, and an apt-get that puts programs there.
"""

import shutil

import pytest
from repository_copy import run, write_program

PARTS = "messages state system_packages apt libgpuarray python"

# As in scripts/setup, up to the Python. What would look at this machine looks into the folder $SYSTEM.
SCRIPT = f"""
. "$1/scripts/environment.sh"
for part in {PARTS}; do . "$1/scripts/installation/$part.sh"; done
mkdir -p "$venv" && log=$venv/setup.log && : >"$log"
system_bin=$SYSTEM/usr/bin
is_root() {{ [[ $ROOT == yes ]]; }}
links() {{ ! true; }}
libgpuarray_can_be_had() {{ libgpuarray_source=$LIBGPUARRAY libgpuarray_problem=none; [[ -n $LIBGPUARRAY ]]; }}
get_python311() {{ mkdir -p "$1/usr/bin"; cp "$SYSTEM/python3.11" "$1/usr/bin/"; }}
check_chosen_python
install_system_packages
printf 'chosen %s %s\\n' "$base_version" "${{base_python/#"$SYSTEM"/}}"
"""

REST = ["libopenblas-dev", "graphviz", "libclblast-dev"]  # and PoCL, which the machine of the tests may have
PYGPU = ["python3-pygpu", "libgpuarray-dev"]


def packages(*versions):
    return [f"python{version}{part}" for version in versions for part in ("", "-venv", "-dev")]


# What they have, where libgpuarray comes from, and which Python is the right one.
RELEASES = {
    "Debian 12": (["g++", *packages("3.11"), *REST, *PYGPU], "apt", "3.11"),
    "Debian 13": (["g++", *packages("3.13"), *REST], "debian12", "3.13"),
    "Ubuntu 22.04": (["g++", *packages("3.10", "3.11"), *REST, *PYGPU], "debian12", "3.11"),
    "Ubuntu 24.04": (["g++", *packages("3.12"), *REST], "debian12", "3.12"),
    "Ubuntu 26.04": (["g++", *packages("3.14"), *REST], "debian12", "3.14"),
    "with other sources": (["g++", *packages("3.11", "3.12", "3.13"), "python3.14", *REST], "", "3.13"),
}


def stand_in_python(path, version, lacking=""):
    """A Python that only answers what it is; with pip, it installs a uv that fetches a Python."""
    answer = f"is Python {version}.1 {lacking}" if lacking else f"ok {version} $0"
    return write_program(path, f'#!/bin/sh\ncase "$2" in *_base_executable*) echo "{answer}" ;; *) exit 1 ;; esac\n')


UV = """#!/bin/sh
echo "uv $*" >>"$SYSTEM/calls"
[ "$*" = 'python install 3.13' ] || exit 1
mkdir -p "$UV_PYTHON_INSTALL_DIR/cpython-3.13.9-linux-x86_64-gnu/bin"
cp "$SYSTEM/python3.13" "$UV_PYTHON_INSTALL_DIR/cpython-3.13.9-linux-x86_64-gnu/bin/python3.13"
"""

PYTHON_WITH_PIP = """#!/bin/bash
case "$*" in
    *_base_executable*) echo 'is Python 3.10.2' ;;
    '-m pip --version') [[ $0 == */environment/* || $WITH == pip ]] ;;
    '-m venv '*) [[ $WITH == venv ]] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    '-m pip install '*'-r scripts/installation/uv.txt --no-deps --require-hashes '*)
        folder=${0%/*}
        if [[ $4 == --target ]]; then folder=$5/bin; fi
        mkdir -p "$folder"; cp "$SYSTEM/uv" "$folder/uv" ;;
    *) exit 1 ;;
esac
"""

APT_GET = """#!/bin/bash
words=(); for word; do case $word in -* | *=*) ;; *) words+=("$word") ;; esac; done
echo "apt-get ${words[*]}" >>"$SYSTEM/calls"
[[ ${words[0]} == install ]] || exit 0
for package in "${words[@]:1}"; do
    case $package in
        g++) ln -s /bin/true "$SYSTEM/tools/g++" ;;
        python3.??) cp "$SYSTEM/$package" "$SYSTEM/usr/bin/$package" ;;
    esac
done
"""


class Machine:
    """A copy of the repository on a machine that has only what a test puts there."""

    def __init__(self, copy, folder):
        self.copy, self.folder = copy, folder
        shutil.rmtree(copy / ".venv")
        (folder / "usr/bin").mkdir(parents=True)
        (folder / "tools").mkdir()
        for name in "bash cat cp dirname env grep ln mkdir rm sed sort tail tr".split():
            (folder / "tools" / name).symlink_to(shutil.which(name))
        for version in ("3.11", "3.12", "3.13", "3.14"):
            stand_in_python(folder / f"python{version}", version)

    def release(self, offered):
        words = " | ".join(offered)
        write_program(
            self.folder / "tools/apt-cache",
            f'#!/bin/bash\nfor word; do case $word in {words}) echo "Package: $word" ;; esac; done\n',
        )
        write_program(self.folder / "tools/apt-get", APT_GET)

    def has(self, version, where="usr/bin", lacking=""):
        return stand_in_python(self.folder / where / f"python{version}", version, lacking)

    def has_compiler(self):
        (self.folder / "tools/g++").symlink_to("/bin/true")

    def set_up(self, root=True, libgpuarray="", path=("tools",), **environment):
        result = run(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            SCRIPT,
            "bash",
            self.copy,
            PATH=":".join(str(self.folder / name) for name in path),
            HOME=str(self.folder),
            PYENV_ROOT=str(self.folder / "pyenv"),
            XDG_DATA_HOME=str(self.folder / "share"),
            SYSTEM=str(self.folder),
            ROOT="yes" if root else "no",
            LIBGPUARRAY=libgpuarray,
            **environment,
        )
        calls = self.folder / "calls"
        self.calls = calls.read_text().splitlines() if calls.exists() else []
        self.error, self.output = result.stderr, result.stdout
        self.chosen = result.stdout.splitlines()[-1].partition("chosen ")[2] if result.returncode == 0 else None
        return self.chosen


@pytest.fixture
def machine(copy, tmp_path):
    return Machine(copy, tmp_path / "system")


# What the releases have ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RELEASES)
def test_on_a_bare_machine_the_releases_own_python_is_installed(machine, name):
    offered, libgpuarray, version = RELEASES[name]
    machine.release(offered)
    assert machine.set_up(libgpuarray=libgpuarray) == f"{version} /usr/bin/python{version}"
    assert machine.error == ""
    assert machine.calls[0] == "apt-get update" and len(machine.calls) == 2
    installed = machine.calls[1].split()[2:]
    assert [word for word in installed if word.startswith("python3.")] == packages(version)
    assert {"g++", *REST} <= set(installed)
    assert set(PYGPU) <= set(installed) if libgpuarray == "apt" else not set(PYGPU) & set(installed)


@pytest.mark.parametrize("name", RELEASES)
def test_without_root_the_one_line_is_printed_that_would_install_it(machine, name):
    offered, libgpuarray, version = RELEASES[name]
    machine.release(offered)
    assert machine.set_up(root=False, libgpuarray="debian12" if libgpuarray else "") is None
    # Debian 12's Python is the only one that it offers; Ubuntu 22.04's too.
    line = f"sudo apt-get install -y --no-install-recommends g++ {' '.join(packages(version))}\n"
    assert machine.error.count("\n") == 1 and machine.error.endswith(line)
    assert machine.calls == []


@pytest.mark.parametrize("lacking", ["without its venv module", "without its C headers (Python.h)"])
def test_an_incomplete_python_is_completed(machine, lacking):
    machine.release(RELEASES["Debian 13"][0])
    machine.has_compiler()
    machine.has("3.13", lacking=lacking)
    assert machine.set_up(libgpuarray="debian12") == "3.13 /usr/bin/python3.13"
    assert packages("3.13") == [word for word in machine.calls[1].split() if "python3." in word]


def test_a_complete_python_needs_no_package(machine):
    machine.release(RELEASES["Ubuntu 24.04"][0])
    machine.has_compiler()
    machine.has("3.14")
    assert machine.set_up(libgpuarray="debian12") == "3.14 /usr/bin/python3.14"
    assert not any("python" in call for call in machine.calls)


def test_a_release_without_a_compiler_installs_nothing(machine):
    machine.release(packages("3.13"))
    assert machine.set_up() is None
    assert machine.calls == ["apt-get update"]
    assert "Theano needs a C++ compiler" in machine.error


# Which of several ---------------------------------------------------------------------------------------------------


def test_the_newest_is_taken_wherever_it_is(machine):
    machine.has_compiler()
    machine.has("3.11")
    machine.has("3.12", "tools")
    assert machine.set_up(root=False) == "3.12 /tools/python3.12"
    stand_in_python(machine.folder / "pyenv/versions/3.13.2/bin/python", "3.13")
    stand_in_python(machine.folder / "pyenv/versions/3.13.10/bin/python", "3.13")
    assert machine.set_up(root=False) == "3.13 /pyenv/versions/3.13.10/bin/python"
    stand_in_python(machine.folder / "share/uv/python/cpython-3.14.2-linux-x86_64-gnu/bin/python3.14", "3.14")
    assert machine.set_up(root=False).startswith("3.14 /share/uv/python/")


@pytest.mark.parametrize("source", ["system", "apt", "debian12"])
def test_with_libgpuarray_3_11_comes_before_newer_ones(machine, source):
    machine.has_compiler()
    machine.has("3.11")
    machine.has("3.13")
    assert machine.set_up(libgpuarray=source) == "3.11 /usr/bin/python3.11"


def test_with_debian_12s_libgpuarray_its_python_is_installed_beside_a_newer_one(machine):
    offered, libgpuarray, _ = RELEASES["Debian 12"]
    machine.release(offered)
    machine.has_compiler()
    machine.has("3.13", "tools")
    assert machine.set_up(libgpuarray=libgpuarray) == "3.11 /usr/bin/python3.11"
    (machine.folder / "usr/bin/python3.11").unlink()
    assert machine.set_up(libgpuarray="debian12", root=False) == "3.13 /tools/python3.13"


def test_what_the_environment_was_made_with_stays(machine):
    machine.has_compiler()
    machine.has("3.11")
    machine.has("3.14")
    stand_in_python(machine.copy / ".venv/bin/python", "3.12")
    assert machine.set_up(libgpuarray="debian12") == f"3.12 {machine.copy}/.venv/bin/python"


def test_PYTHON_comes_before_all(machine):
    machine.has_compiler()
    mine = machine.has("3.12", "mine")
    machine.has("3.14")
    stand_in_python(machine.copy / ".venv/bin/python", "3.13")
    assert machine.set_up(libgpuarray="debian12", PYTHON=str(mine)) == "3.12 /mine/python3.12"


def test_condas_python_is_taken_where_there_is_no_complete_one_beside_it(machine):
    machine.has_compiler()
    (machine.folder / "conda/conda-meta").mkdir(parents=True)
    machine.has("3.12", "conda/bin")
    machine.has("3.12", "tools", lacking="without its C headers (Python.h)")
    assert machine.set_up(path=["conda/bin", "tools"]) == "3.12 /conda/bin/python3.12"
    machine.has("3.12", "tools")
    assert machine.set_up(path=["conda/bin", "tools"]) == "3.12 /tools/python3.12"


# Where there is none ------------------------------------------------------------------------------------------------


def fetched(machine):
    return f"3.13 {machine.copy}/.venv/python/cpython-3.13.9-linux-x86_64-gnu/bin/python3.13"


@pytest.mark.parametrize("root", [True, False])
def test_uv_fetches_one_before_anything_is_installed(machine, root):
    machine.release(["g++", *REST])
    machine.has("3.10")
    if not root:
        machine.has_compiler()
    write_program(machine.folder / "tools/uv", UV)
    assert machine.set_up(root=root) == fetched(machine)
    assert machine.error == ""
    update, install = ["apt-get update"], [f"apt-get install {' '.join(['g++', *REST])}"]
    assert machine.calls == (update if root else []) + ["uv python install 3.13"] + (install if root else [])
    assert machine.set_up(root=root) == fetched(machine)
    assert machine.calls.count("uv python install 3.13") == 1


@pytest.mark.parametrize("way", ["pip", "venv"])
def test_uv_is_had_with_the_pip_of_any_python(machine, way):
    machine.has_compiler()
    write_program(machine.folder / "uv", UV)
    write_program(machine.folder / "tools/python3", PYTHON_WITH_PIP)
    assert machine.set_up(root=False, WITH=way) == fetched(machine)
    assert machine.calls == ["uv python install 3.13"]


def test_without_uv_it_is_said_before_anything_is_installed(machine):
    machine.release(["g++", *REST])
    write_program(machine.folder / "tools/python3", PYTHON_WITH_PIP)
    assert machine.set_up(WITH="nothing") is None
    assert machine.calls == ["apt-get update"]
    assert machine.error.count("\n") == 1
    assert "get what is missing and start again: uv python install 3.13 (docs.astral.sh/uv" in machine.error
    assert "apt-get install -y --no-install-recommends g++\n" in machine.error


def test_a_uv_that_cannot_fetch_is_said_before_anything_is_installed(machine):
    machine.release(["g++", *REST])
    write_program(machine.folder / "tools/uv", "#!/bin/sh\necho no network >&2; exit 2\n")
    assert machine.set_up() is None
    assert machine.calls == ["apt-get update"]
    assert "no network" in (machine.copy / ".venv/setup.log").read_text()


# The environment for devices ----------------------------------------------------------------------------------------


def for_devices(machine, **options):
    return machine.set_up(DEEPLEARNING_TUTORIAL_VENV=str(machine.copy / ".venv-gpu"), libgpuarray="debian12", **options)


def test_the_environment_for_devices_takes_the_3_11_that_is_there(machine):
    machine.has_compiler()
    machine.has("3.11")
    newer = machine.has("3.13")
    assert for_devices(machine) == "3.11 /usr/bin/python3.11"
    assert for_devices(machine, PYTHON=str(newer)) == "3.11 /usr/bin/python3.11"


def test_the_environment_for_devices_else_gets_debian_12s(machine):
    machine.release(RELEASES["Debian 13"][0])
    machine.has_compiler()
    machine.has("3.13")
    assert for_devices(machine) == f"3.11 {machine.copy}/.venv-gpu/python3.11/usr/bin/python3.11"
    assert not any("python" in call for call in machine.calls)
