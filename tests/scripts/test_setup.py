"""scripts/setup, in a copy of the repository with a stand-in for Python where the real one would take long.

Nothing here needs a network, and nothing changes the environment that the tests run in.
"""

import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest
from repository_copy import calls, one_sentence, pretend, run, write_program


def test_setup_again_does_nothing_and_does_it_fast(copy):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run(copy / "scripts/setup")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5  # seconds of a processor
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert calls(copy) == []
    assert run(copy / "scripts/setup", "--check").returncode == 0


def append_to(path):
    path.write_text(path.read_text() + "\n# newer\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "requirements.txt").write_text("numpy==1.23.4\n"),
        lambda root: (root / "deeplearning_tutorial/engine/sgemm.cpp").write_text("// faster still"),
        lambda root: (root / "deeplearning_tutorial/engine/threads.h").write_text("// fairer still"),
        lambda root: append_to(root / "scripts/setup"),
        lambda root: append_to(root / "scripts/installation/python.sh"),
        lambda root: append_to(root / "scripts/installation/site-packages/theano_compatibility.py"),
        lambda root: append_to(root / "scripts/installation/jupyter/etc/jupyter/labconfig/page_config.json"),
        lambda root: (root / "scripts/notebooks/warm_up.py").write_text("more to compile"),
        lambda root: (root / "data/mnist/train-images-idx3-ubyte").unlink(),
        lambda root: (root / ".venv/stamp").unlink(),
        lambda root: (root / ".venv/compiled").unlink(),
        lambda root: (root / ".venv/bin/python").unlink(),
    ],
    ids=[
        "requirements",
        "matrix products",
        "threads",
        "setup script",
        "a part of it",
        "import of theano",
        "settings of Jupyter",
        "compiled code",
        "data",
        "stamp",
        "other notebooks",
        "python",
    ],
)
def test_setup_notices_that_there_is_something_to_do(copy, change):
    change(copy)
    result = run(copy / "scripts/setup", "--check")
    assert result.returncode == 1
    assert result.stdout == "There is something to do: run scripts/setup.\n"


COMPILE_THE_REST = "-m scripts.command notebooks.warm_up notebooks/06_b.ipynb notebooks/07_c.ipynb"


def test_setup_compiles_what_the_other_notebooks_need_and_does_so_once(copy):
    (copy / ".venv/compiled").unlink()
    assert run(copy / "scripts/setup", "--first").stdout == ""
    assert calls(copy) == []
    assert run(copy / "scripts/setup").stdout == "Compiling what the other notebooks need\nEverything is compiled.\n"
    assert run(copy / "scripts/setup").stdout == ""
    notebooks, _, bytecode = calls(copy)
    assert notebooks == COMPILE_THE_REST and bytecode.startswith("-m compileall ")


def test_setup_that_cannot_compile_tries_again_the_next_time(copy):
    (copy / ".venv/compiled").unlink()
    pretend(copy, "exit 1")
    for _ in range(2):
        result = run(copy / "scripts/setup")
        assert result.returncode == 0
        assert "the notebooks compile what they need" in result.stdout and "Everything" not in result.stdout
    assert calls(copy) == [COMPILE_THE_REST] * 2


def test_workshop_opens_jupyter_while_the_rest_is_compiled(copy):
    (copy / ".venv/compiled").unlink()
    pretend(
        copy,
        """case "$*" in
        *warm_up*) sleep 1; echo compiled >>"$OUT" ;;
        *'jupyter lab'*) echo open >>"$OUT" ;;
    esac""",
    )
    out = copy / "order"
    assert run(copy / "scripts/workshop", OUT=str(out)).returncode == 0
    deadline = time.monotonic() + 60
    while not (copy / ".venv/compiled").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert out.read_text() == "open\ncompiled\n"
    assert COMPILE_THE_REST in calls(copy)


def test_setup_notices_that_the_repository_was_moved(copy):
    moved = copy.rename(copy.with_name("moved"))
    assert run(moved / "scripts/setup", "--check").returncode == 1


def test_the_subset_is_data_enough(copy):
    (copy / "data/mnist/train-images-idx3-ubyte").unlink()
    (copy / "data/mnist-5k/mnist_5k.csv").touch()
    assert run(copy / "scripts/setup", "--check").returncode == 0


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--check", "--data"], ["now"]])
def test_setup_refuses_options_that_it_does_not_know(copy, arguments):
    result = run(copy / "scripts/setup", *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: scripts/setup")
    assert calls(copy) == []


def test_setup_data_only_gets_data(copy):
    assert run(copy / "scripts/setup", "--data").returncode == 0
    assert calls(copy) == ["-m deeplearning_tutorial.data"]


@pytest.mark.parametrize("answer, status", [("", 0), ("exit 1", 1)], ids=["a device", "none"])
def test_setup_gpu_makes_links_and_lists_devices(copy, tmp_path, answer, status):
    pretend(
        copy,
        f"""case "$*" in
        *--link*) echo 'libcuda.so -> /usr/lib/libcuda.so.1' ;;
        *libgpuarray) echo "a list, on $THEANO_FLAGS"; {answer} ;;
    esac""",
    )
    (copy / ".venv/lib/python3.11/site-packages").mkdir(parents=True, exist_ok=True)
    python = write_program(tmp_path / "python3.11", '#!/bin/sh\necho "ok 3.11 $0"\n')
    result = run(copy / "scripts/setup", "--gpu", THEANO_FLAGS="device=cuda", PYTHON=str(python))
    assert result.returncode == status
    assert "GPU: libcuda.so -> /usr/lib/libcuda.so.1\n" in result.stdout
    assert result.stdout.endswith("a list, on device=cuda,device=cpu\n")
    assert f"-m deeplearning_tutorial.engine.libgpuarray --link {copy}/.venv/cuda" in calls(copy)


@pytest.mark.parametrize("script", ["setup", "workshop", "test"])
@pytest.mark.parametrize("version", [(3, 10, 9), (3, 15, 0), (2, 7, 18)])
def test_a_python_that_is_too_old_or_too_new_gets_one_clear_sentence(copy, tmp_path, script, version):
    other = write_program(
        tmp_path / "python",
        f"""#!/bin/sh
exec "{sys.executable}" -c 'import sys; sys.version_info = (*{version}, "final", 0); exec(sys.argv[1])' "$2"
""",
    )
    result = run(copy / "scripts" / script, PYTHON=str(other))
    assert result.returncode == 1
    assert result.stdout == ""
    assert one_sentence(result.stderr)
    name = ".".join(map(str, version))
    assert (
        f"PYTHON={other} is Python {name}, but Theano needs a complete Python 3.11, 3.12, 3.13 or 3.14" in result.stderr
    )
    assert "set PYTHON to one, or unset it" in result.stderr


@pytest.mark.parametrize("version", [(3, 11, 2), (3, 12, 1), (3, 13, 0), (3, 14, 3)])
def test_any_python_from_3_11_to_3_14_will_do(copy, tmp_path, version):
    other = write_program(
        tmp_path / "python",
        f"""#!/bin/sh
exec "{sys.executable}" -c 'import sys, sysconfig, ensurepip, venv
include = sysconfig.get_path("include")
sysconfig.get_path = lambda name: include
sys.version_info = (*{version}, "final", 0)
exec(sys.argv[1])' "$2"
""",
    )
    result = run(copy / "scripts/setup", PYTHON=str(other))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "lacking, problem",
    [
        ("sys.modules.update(ensurepip=None)", r"is Python 3\.\d+\.\d+ without its venv module"),
        (
            'import sysconfig; sysconfig.get_path = lambda name: "/nowhere"',
            r"is Python 3\.\d+\.\d+ without its C headers",
        ),
        ('sys.implementation.name = "pypy"', "is pypy, for which there is no Theano, but"),
        (
            "import sysconfig; var = sysconfig.get_config_var; "
            'sysconfig.get_config_var = lambda name: name == "Py_GIL_DISABLED" or var(name)',
            "built for free threading",
        ),
        ("sys.exit(1)", "is not a Python that runs"),
    ],
)
def test_an_incomplete_python_is_told_from_a_good_one(copy, tmp_path, lacking, problem):
    poor = write_program(
        tmp_path / "python",
        f"""#!/bin/sh
exec "{sys.executable}" -c 'import sys; {lacking}; exec(sys.argv[1])' "$2"
""",
    )
    result = run(copy / "scripts/setup", PYTHON=str(poor))
    assert result.returncode == 1
    assert one_sentence(result.stderr)
    assert re.search(problem, result.stderr)
    assert run(copy / "scripts/setup", PYTHON=sys.executable).returncode == 0


@pytest.fixture
def bare_tools(copy, tmp_path):
    """A folder with everything that setup uses, but no g++ and no package manager; setup has not run yet."""
    (copy / ".venv/stamp").unlink()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in "bash cat dirname env find flock grep head mkdir rm sed sha256sum sort tail tr".split():
        if shutil.which(name):
            (tools / name).symlink_to(shutil.which(name))
    return tools


def test_without_a_compiler_setup_says_how_to_get_one(copy, bare_tools):
    result = run(copy / "scripts/setup", PATH=str(bare_tools), PYTHON=sys.executable)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "needs a C++ compiler" in result.stderr and "g++" in result.stderr
    assert not (copy / ".venv/stamp").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
@pytest.mark.parametrize(
    "complaint, updates",
    [
        ("E: Unable to lock directory /var/lib/apt/lists/", ["update"] * 3),
        ("E: Failed to fetch the list", ["update"]),
    ],
)
def test_setup_waits_for_another_update_of_the_package_lists(copy, bare_tools, complaint, updates):
    write_program(bare_tools / "sleep", "#!/bin/sh\n")
    write_program(bare_tools / "apt-cache", "#!/bin/sh\necho Package: g++\n")
    write_program(
        bare_tools / "apt-get",
        f"""#!/bin/bash
for word; do case $word in update | install) echo $word >>"{copy}/calls" ;; esac; done
[[ $(grep -c update "{copy}/calls") -ge 3 ]] || {{ echo '{complaint}' >&2; exit 100; }}
""",
    )
    result = run(copy / "scripts/setup", PATH=str(bare_tools), PYTHON=sys.executable)
    assert "needs a C++ compiler" in result.stderr
    assert (copy / "calls").read_text().split() == [*updates, "install"]
    assert ("could not be updated" in result.stdout) == (len(updates) == 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_packages_that_were_left_half_installed_are_finished_first(copy, bare_tools):
    write_program(bare_tools / "apt-cache", "#!/bin/sh\necho Package: g++\n")
    write_program(
        bare_tools / "apt-get",
        f"""#!/bin/bash
for word; do case $word in install) echo $word >>"{copy}/calls" ;; update) exit ;; esac; done
grep -q dpkg "{copy}/calls" && exit
echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem." >&2
exit 100
""",
    )
    write_program(bare_tools / "dpkg", f'#!/bin/sh\necho "dpkg $*" >>"{copy}/calls"\n')
    result = run(copy / "scripts/setup", PATH=str(bare_tools), PYTHON=sys.executable)
    assert calls(copy) == ["install", "dpkg --configure -a", "install"]
    assert "Not all system packages" not in result.stdout


# A Python that makes environments, and installs into them, but only to look at. At call KILL_AT, a signal goes to set-up and to
# all that it has started, itself included: KILL by default, or INT, as from a terminal, which AND says what it does about.
COUNT = """
echo "${@:1:4}" | head -n 1 >>"$COUNTER"
die_here() {
    [ "$(wc -l <"$COUNTER")" = "$KILL_AT" ] || return 0
    case "$AND" in
        'gives up') trap 'exit 1' INT ;;
        'goes on') trap : INT ;;
    esac
    kill "-${SIGNAL:-KILL}" 0
}
install_wheels() {
    [ ! -e "$packages/half" ] || touch "$packages/onto-half"
    touch "$packages/half"; die_here; mv "$packages/half" "$packages/whole"
}
install_theano() { [ -e "$packages/whole" ]; die_here; touch "$packages/theano"; }
"""
INSTALLER = f"""#!/bin/bash
packages=${{0%/bin/*}}/lib/python3.13/site-packages
case "$2" in
    *_base_executable*) echo "ok 3.13 $0"; exit ;;
    *'import sys, pip'*) echo 3.13; exit ;;
    *WHEEL_PKG_DIR*) echo "${{WHEEL-}}"; exit ;;
    *purelib*) echo "$packages"; exit ;;
esac
{COUNT}
case "$*" in
    *"-m venv "*)
        mkdir -p "$3/lib/python3.13/site-packages"; die_here
        mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "command = $0 -m venv --without-pip $3" >"$3/pyvenv.cfg" ;;
    *"pip install"*wheels.txt*) install_wheels ;;
    *"pip install"*theano.txt*) install_theano ;;
    *deeplearning_tutorial.data*) die_here; touch data/mnist/train-images-idx3-ubyte ;;
    *) die_here ;;
esac
"""


UV = f"""#!/bin/bash
packages=${{4%/bin/*}}/lib/python3.13/site-packages
[[ $UV_PYTHON$UV_TARGET == "" && $UV_NO_CONFIG == 1 ]] || exit 2
{COUNT}
case "$*" in
    *"--require-hashes "*wheels.txt*) install_wheels ;;
    *"--require-hashes --no-build-isolation "*theano.txt*) install_theano ;;
    *"--no-index $WHEEL") die_here ;;
esac
"""


@pytest.fixture(params=["uv", "pip"])
def installation(copy, tmp_path, request):
    """A set-up from nothing, whose Python and whose uv are those above."""
    return Installation(copy, tmp_path, request.param)


class Installation:
    def __init__(self, copy, tmp_path, installer):
        self.wheel = ""
        if installer == "uv":
            self.wheel = tmp_path / "pip-1-py3-none-any.whl"
            self.wheel.touch()
            write_program(tmp_path / "tools/uv", UV)
        self.copy, self.counter = copy, tmp_path / "counter"
        self.base = write_program(tmp_path / "tools/python3.13", INSTALLER)
        write_program(tmp_path / "tools/apt-get", "#!/bin/sh\n")
        self.data = copy / "data/mnist/train-images-idx3-ubyte"
        self.packages = copy / ".venv/lib/python3.13/site-packages"

    def forget(self):
        shutil.rmtree(self.copy / ".venv")
        self.data.unlink(missing_ok=True)

    def run(self, *arguments, kill_at=0, **environment):
        self.counter.write_text("")
        return subprocess.run(
            [str(self.copy / "scripts/setup"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHON": str(self.base),
                "PATH": f"{self.base.parent}:{os.environ['PATH']}",
                "THEANO_FLAGS": "",
                "UV_PYTHON": "another",
                "WHEEL": str(self.wheel),
                "COUNTER": str(self.counter),
                "KILL_AT": str(kill_at),
                **environment,
            },
        )

    def check_that_it_heals(self):
        before = self.counter.read_text()
        result = self.run()
        assert (result.returncode, result.stderr) == (0, ""), f"stopped at {before}"
        assert result.stdout.endswith("Everything is compiled.\n")
        ours = {"deeplearning_tutorial.pth", "theano_compatibility.py"}
        assert {path.name for path in self.packages.iterdir()} - {"pygpu"} == {"whole", "theano", *ours}
        assert self.data.exists() and (self.copy / ".venv/theanorc").read_text().count("\n") >= 3
        pth = (self.packages / "deeplearning_tutorial.pth").read_text()
        assert pth == f"{self.copy}\nimport theano_compatibility\n"
        assert "checkForUpdates" in (self.copy / ".venv/share/jupyter/lab/settings/overrides.json").read_text()
        assert self.run().stdout == ""


def test_setup_that_is_killed_at_any_of_its_steps_heals_when_it_is_run_again(installation):
    for kill_at in range(1, 100):
        installation.forget()
        killed = installation.run(kill_at=kill_at)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        installation.check_that_it_heals()
    assert kill_at > 8, "there were fewer calls than steps"


REACTIONS = ["dies of it", "gives up", "goes on"]  # of the program that set-up waits for


def test_an_interrupt_ends_setup_at_any_of_its_steps_and_it_heals(installation):
    for step in range(1, 100):
        installation.forget()
        stopped = installation.run(kill_at=step, SIGNAL="INT", AND=REACTIONS[step % 3])
        if stopped.returncode == 0:
            break
        at = installation.counter.read_text()
        assert stopped.returncode == 130, at
        assert stopped.stderr.endswith("\nStopped. scripts/setup goes on from here when it is run again.\n"), at
        assert "Everything is compiled" not in stopped.stdout and "Traceback" not in stopped.stderr
        assert len(at.splitlines()) == step, "it went on"
        installation.check_that_it_heals()
    assert step > 8, "there were fewer calls than steps"


@pytest.mark.parametrize("reaction", REACTIONS)
def test_an_interrupt_while_the_first_notebooks_are_compiled_is_no_success(installation, reaction):
    installation.forget()
    assert installation.run("--first").stdout.endswith("Everything is ready.\n")
    warming_up = len(installation.counter.read_text().splitlines())  # the last call
    installation.forget()
    stopped = installation.run("--first", kill_at=warming_up, SIGNAL="INT", AND=reaction)
    assert stopped.returncode == 130 and "Everything is ready" not in stopped.stdout
    assert "warm_up" in installation.counter.read_text().splitlines()[-1]
    assert installation.run("--first").stdout.endswith("Everything is ready.\n")


# What is found out about the machine ----------------------------------------------------------------------------------

CONFIGURE = """
. "$1/scripts/environment.sh"
for part in messages python configuration; do . "$1/scripts/installation/$part.sh"; done
log=$2 && : >"$log"
site_packages() { echo "$PACKAGES"; }
flags_of_scipys_openblas
"""

# An OpenBLAS as newer releases of SciPy have it: each name has a prefix. Each function leaves its number behind.
PREFIXED = """
extern "C" {
%s
}
"""


def configure(copy, tmp_path, packages):
    result = run("bash", "-euc", CONFIGURE, "bash", copy, tmp_path / "log", PACKAGES=str(packages))
    assert (result.returncode, result.stderr) == (0, ""), (tmp_path / "log").read_text()
    return result.stdout.strip()


@pytest.fixture
def plain(copy, tmp_path):
    """A copy in a folder without spaces in its name, which the flags of a linker cannot have."""
    return copy.rename(tmp_path / "plain")


def test_the_openblas_of_an_older_scipy_is_linked_to(plain, tmp_path):
    folder = tmp_path / "packages/scipy.libs"
    folder.mkdir(parents=True)
    (folder / "libopenblasp-r0-41284840.3.18.so").touch()
    blas = plain / ".venv/blas"
    assert configure(plain, tmp_path, folder.parent) == f"-L{blas} -lopenblas -Wl,-rpath,{folder}"
    assert (blas / "libopenblas.so").resolve() == folder / "libopenblasp-r0-41284840.3.18.so"


def test_the_openblas_of_a_newer_scipy_gets_its_usual_names(plain, tmp_path):
    folder = tmp_path / "packages/scipy.libs"
    folder.mkdir(parents=True)
    names = [f"{letter}{name}_" for letter in "sd" for name in ("gemm", "gemv", "ger", "dot")]
    functions = "\n".join(f"int last_{name}; int scipy_{name}() {{ return last_{name} = 1; }}" for name in names)
    (tmp_path / "blas.cpp").write_text(PREFIXED % functions)
    original = folder / "libscipy_openblas-6cdc3b4a.so"
    subprocess.run(["g++", "-shared", "-fPIC", tmp_path / "blas.cpp", "-o", original], check=True)

    blas = plain / ".venv/blas"
    assert configure(plain, tmp_path, folder.parent) == f"-L{blas} -lopenblas -Wl,-rpath,{blas}"
    # Loading it loads the other, which is in another folder.
    library, scipys = ctypes.CDLL(str(blas / "libopenblas.so")), ctypes.CDLL(str(original))
    for name in names:
        assert ctypes.c_int.in_dll(scipys, f"last_{name}").value == 0
        library[name](*[None] * 13)
        assert ctypes.c_int.in_dll(scipys, f"last_{name}").value == 1


def test_without_any_openblas_numpy_multiplies(plain, tmp_path):
    assert configure(plain, tmp_path, tmp_path) == ""


def test_in_a_folder_with_spaces_numpy_multiplies(copy, tmp_path):
    (tmp_path / "packages/scipy.libs").mkdir(parents=True)
    (tmp_path / "packages/scipy.libs/libopenblas.so").touch()
    assert configure(copy, tmp_path, tmp_path / "packages") == ""


# A second environment, for devices ------------------------------------------------------------------------------------


def test_setup_gpu_of_a_newer_python_goes_on_in_the_environment_for_devices(copy, tmp_path):
    """On Debian 13 that is."""
    base = write_program(tmp_path / "tools/python3.13", INSTALLER)
    old = write_program(tmp_path / "tools/python3.11", INSTALLER.replace("3.13", "3.11"))
    (copy / "scripts/installation/libgpuarray.sh").write_text(
        """
libgpuarray_can_be_had() { libgpuarray_source=debian12; }
get_libgpuarray() { mkdir -p "$1"; }
link_pygpu() { echo "pygpu in ${venv##*/}"; }
"""
    )
    counter = tmp_path / "counter"
    environment = {
        "PATH": f"{base.parent}:{os.environ['PATH']}",
        "PYTHON": str(base),
        "COUNTER": str(counter),
        "KILL_AT": "0",
    }
    result = run(copy / "scripts/setup", "--gpu", **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"from {base}" in result.stdout and f"from {old}" in result.stdout
    assert "there is no pygpu for Python 3.13" in result.stdout and "pygpu in .venv-gpu" in result.stdout
    assert (copy / ".venv-gpu/libgpuarray").exists() and not (copy / ".venv/libgpuarray").exists()
    assert counter.read_text().splitlines()[-1] == "-m deeplearning_tutorial.engine.libgpuarray"

    # Once it is there, whatever asks for a device uses it.
    result = run(copy / "scripts/setup", "--check", THEANO_FLAGS="device=cuda", **environment)
    assert (result.returncode, result.stdout) == (1, "There is something to do: run scripts/setup.\n")
    counter.write_text("")
    assert run(copy / "scripts/setup", THEANO_FLAGS="device=cuda", **environment).returncode == 0
    assert "warm_up" in counter.read_text()
    assert run(copy / "scripts/setup", "--check", THEANO_FLAGS="device=cuda", **environment).returncode == 0


def test_another_PYTHON_makes_the_environment_again(copy, tmp_path):
    (copy / ".venv/pyvenv.cfg").write_text("version = 3.13.5\n")
    pythons = {}
    for version in ("3.12", "3.13"):
        pythons[version] = write_program(tmp_path / f"python{version}", INSTALLER.replace("3.13", version))
    assert run(copy / "scripts/setup", "--check", PYTHON=str(pythons["3.13"])).returncode == 0
    assert run(copy / "scripts/setup", "--check", PYTHON=str(pythons["3.12"])).returncode == 1
    assert run(copy / "scripts/setup", "--check").returncode == 0
