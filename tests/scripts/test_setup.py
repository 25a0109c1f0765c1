"""scripts/setup, scripts/workshop and scripts/test, run for real, or in a copy of the repository with a stand-in for
Python where the real one would take long.

Nothing here needs a network, and nothing changes the environment that the tests run in.
"""

import contextlib
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest

from deeplearning_tutorial import ROOT

SCRIPTS = ROOT / "scripts"
COMMANDS = [f"scripts/{name}" for name in ("setup", "workshop", "test", "lock_requirements", "hub", "kernel")]
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
        if name not in (*HOMES, "THEANORC", "THEANO_FLAGS", "PYTHON", "PYTEST_ADDOPTS")
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


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def copy(tmp_path):
    """A copy of the scripts, in a folder with a difficult name, that scripts/setup takes to be set up.

    Its .venv/bin/python only writes down what it is called with, one line a call, into `calls`.
    """
    root = tmp_path / "Übung 1, it's ours"
    for name in ("scripts", ".ci"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "deeplearning_tutorial/engine").mkdir(parents=True)
    for name in (
        "requirements.txt",
        "deeplearning_tutorial/engine/onednn.py",
        "deeplearning_tutorial/engine/sgemm.cpp",
    ):
        shutil.copy(ROOT / name, root / name)
    for name in ("data/mnist", "data/mnist-5k", "notebooks/solved", "tests"):
        (root / name).mkdir(parents=True)
    for name in ("01_a.ipynb", "06_b.ipynb"):
        (root / "notebooks" / name).touch()
        (root / "notebooks/solved" / name).touch()
    for name in "data/mnist/train-images-idx3-ubyte":
        (root / name).touch()
    write_program(root / "scripts/release_notebooks", '#!/bin/sh\necho "release $*" >>calls\n')
    pretend(root)
    write_stamp(root)
    return root


def pretend(root, script=""):
    """Make .venv/bin/python a shell script that notes its arguments in `calls`; more lines can make it answer."""
    write_program(root / ".venv/bin/python", f'#!/bin/sh\necho "$@" >>"{root}/calls"\n{script}\n')


def write_stamp(root):
    names = ["requirements.txt", "scripts/setup", "scripts/notebooks/warm_up.py"]
    names += ["deeplearning_tutorial/engine/onednn.py", "deeplearning_tutorial/engine/sgemm.cpp"]
    sums = [f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    for name in ("stamp", "compiled"):
        (root / ".venv" / name).write_text(f"{''.join(sums)}{root}\n")


def calls(root):
    return (root / "calls").read_text().splitlines() if (root / "calls").exists() else []


# All scripts ----------------------------------------------------------------------------------------------------------


def bash_scripts():
    files = [path for path in (*SCRIPTS.iterdir(), ROOT / ".ci/run") if path.is_file()]
    return [path for path in files if path.suffix == ".sh" or path.read_bytes()[:80].split(b"\n")[0].endswith(b"bash")]


@pytest.mark.parametrize("script", bash_scripts(), ids=lambda path: path.name)
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


# environment.sh -------------------------------------------------------------------------------------------------------


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


# scripts/setup --------------------------------------------------------------------------------------------------------


def test_setup_again_does_nothing_and_does_it_fast(copy):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run(copy / "scripts/setup")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5  # seconds of a processor
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert calls(copy) == []
    assert run(copy / "scripts/setup", "--check").returncode == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "requirements.txt").write_text("numpy==1.23.4\n"),
        lambda root: (root / "deeplearning_tutorial/engine/sgemm.cpp").write_text("// faster still"),
        lambda root: (root / "scripts/setup").write_text((root / "scripts/setup").read_text() + "# newer\n"),
        lambda root: (root / "scripts/notebooks/warm_up.py").write_text("more to compile"),
        lambda root: (root / "data/mnist/train-images-idx3-ubyte").unlink(),
        lambda root: (root / ".venv/stamp").unlink(),
        lambda root: (root / ".venv/compiled").unlink(),
        lambda root: (root / ".venv/bin/python").unlink(),
    ],
    ids=[
        "requirements",
        "matrix products",
        "setup script",
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


COMPILE_THE_REST = "-m scripts.notebooks.warm_up notebooks/06_b.ipynb"


def test_setup_compiles_what_the_other_notebooks_need_and_does_so_once(copy):
    (copy / ".venv/compiled").unlink()
    assert run(copy / "scripts/setup", "--first").stdout == ""
    assert calls(copy) == []
    assert run(copy / "scripts/setup").stdout == "Compiling what the other notebooks need\nEverything is compiled.\n"
    assert run(copy / "scripts/setup").stdout == ""
    assert calls(copy) == [COMPILE_THE_REST]


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
    (copy / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
    result = run(copy / "scripts/setup", "--gpu", THEANO_FLAGS="device=cuda", PYTHON=sys.executable)
    assert result.returncode == status
    assert "GPU: libcuda.so -> /usr/lib/libcuda.so.1\n" in result.stdout
    assert result.stdout.endswith("a list, on device=cuda,device=cpu\n")
    assert f"-m deeplearning_tutorial.engine.libgpuarray --link {copy}/.venv/cuda" in calls(copy)


def one_sentence(text):
    return text.count("\n") == 1 and text.endswith(".\n")


@pytest.mark.parametrize("script", ["setup", "workshop", "test"])
def test_a_python_that_is_not_3_11_gets_one_clear_sentence(copy, tmp_path, script):
    other = write_program(
        tmp_path / "python3.12",
        f"""#!/bin/sh
exec "{sys.executable}" -c 'import sys; sys.version_info = (3, 12, 1, "final", 0); exec(sys.argv[1])' "$2"
""",
    )
    result = run(copy / "scripts" / script, PYTHON=str(other))
    assert result.returncode == 1
    assert result.stdout == ""
    assert one_sentence(result.stderr)
    assert f"PYTHON={other} is Python 3.12.1, but Theano 1.0.5 needs a complete Python 3.11" in result.stderr
    assert "set PYTHON to one, or unset it" in result.stderr


@pytest.mark.parametrize(
    "lacking, problem",
    [
        ("sys.modules.update(ensurepip=None)", "is Python 3.11.[0-9]+ without its venv module"),
        (
            'import sysconfig; sysconfig.get_path = lambda name: "/nowhere"',
            r"is Python 3.11.[0-9]+ without its C headers",
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
    for name in "bash cat dirname env find flock grep head mkdir rm sed sha256sum tail".split():
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
    write_program(bare_tools / "apt-cache", "#!/bin/sh\n")
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


# A Python that makes environments, and installs into them, but only to look at. It kills set-up, and itself, at call KILL_AT.
INSTALLER = """#!/bin/bash
case "$2" in *_base_executable*) echo "ok $0"; exit ;; esac
echo "${@:1:4}" | head -n 1 >>"$COUNTER"
packages=${0%/bin/*}/lib/python3.11/site-packages
die_here() { [ "$(wc -l <"$COUNTER")" != "$KILL_AT" ] || kill -KILL 0; }
case "$*" in
    *"-m venv "*)
        mkdir -p "$3/lib/python3.11/site-packages"; die_here
        mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "command = $0 -m venv $3" >"$3/pyvenv.cfg" ;;
    *"pip install"*) [ ! -e "$packages/half" ] || touch "$packages/onto-half"
        touch "$packages/half"; die_here; mv "$packages/half" "$packages/whole" ;;
    *deeplearning_tutorial.data*) die_here; touch data/mnist/train-images-idx3-ubyte ;;
    *) die_here ;;
esac
"""


def test_setup_that_is_killed_at_any_of_its_steps_heals_when_it_is_run_again(copy, tmp_path):
    base = write_program(tmp_path / "tools/python3.11", INSTALLER)
    write_program(tmp_path / "tools/apt-get", "#!/bin/sh\n")
    counter, data = tmp_path / "counter", copy / "data/mnist/train-images-idx3-ubyte"
    packages = copy / ".venv/lib/python3.11/site-packages"

    def set_up(kill_at):
        counter.write_text("")
        return subprocess.run(
            [str(copy / "scripts/setup")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHON": str(base),
                "PATH": f"{base.parent}:{os.environ['PATH']}",
                "THEANO_FLAGS": "",
                "COUNTER": str(counter),
                "KILL_AT": str(kill_at),
            },
        )

    for kill_at in range(1, 100):
        shutil.rmtree(copy / ".venv")
        data.unlink(missing_ok=True)
        killed = set_up(kill_at)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        result = set_up(0)
        assert (result.returncode, result.stderr) == (0, ""), f"killed at {counter.read_text()}"
        assert result.stdout.endswith("Everything is compiled.\n")
        assert {path.name for path in packages.iterdir()} - {"pygpu"} == {"whole", "deeplearning_tutorial.pth"}
        assert data.exists() and (copy / ".venv/theanorc").read_text().count("\n") >= 3
        assert (packages / "deeplearning_tutorial.pth").read_text() == f"{copy}\n"
        assert set_up(0).stdout == ""
    assert kill_at > 8, "there were fewer calls than steps"


# requirements.txt -----------------------------------------------------------------------------------------------------


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_requirements():
    lines = (
        re.split("[#;]", line)[0].strip()
        for line in (SCRIPTS / "installation" / "requirements.in").read_text().splitlines()
    )
    return [line for line in lines if line]


def pinned_requirements():
    """Name and version of what requirements.txt installs here, and how many hashes each has."""
    found = {}
    for block in re.split(r"\n(?=[a-zA-Z0-9])", "\n" + (ROOT / "requirements.txt").read_text()):
        requirement = re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", block)
        if requirement:
            found.setdefault(canonical(requirement[1]), []).append((requirement[2], block.count("--hash=sha256:")))
    return found


def test_every_direct_requirement_is_pinned_as_it_asks():
    pinned = pinned_requirements()
    for requirement in direct_requirements():
        name, _, version = requirement.partition("==")
        versions = [found for found, _ in pinned[canonical(name)]]
        assert not version or versions == [version]


def test_every_requirement_has_hashes():
    text = (ROOT / "requirements.txt").read_text()
    requirements = re.findall(r"^[^\s#].*$", text, flags=re.MULTILINE)
    assert all(re.match(r"[A-Za-z0-9._-]+==[^ ]+ (; .* )?\\$", line) for line in requirements)
    assert all(hashes > 0 for versions in pinned_requirements().values() for _, hashes in versions)


def test_what_theano_needs_is_at_the_last_version_that_it_works_with():
    pinned = {name: versions[0][0] for name, versions in pinned_requirements().items()}
    assert [pinned[name] for name in ("theano", "numpy", "scipy", "setuptools")] == [
        "1.0.5",
        "1.23.5",
        "1.10.1",
        "66.1.1",
    ]


def test_requirements_say_what_a_reader_must_know():
    heading = re.match(r"(#.*\n)+", (SCRIPTS / "installation" / "requirements.in").read_text())[0]
    assert (ROOT / "requirements.txt").read_text().startswith(heading)
    for fact in ("Python 3.11 only", "pygpu", "not on PyPI", "python3-pygpu", "scripts/lock_requirements"):
        assert fact in heading


def test_requirements_name_no_index_and_no_folder_of_the_machine_they_were_compiled_on():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, flags=re.MULTILINE)
    assert not re.search(r"\s/[a-z]", text)


def test_the_environment_has_what_requirements_say():
    import numpy
    import scipy

    pinned = pinned_requirements()
    assert (numpy.__version__, scipy.__version__) == (pinned["numpy"][0][0], pinned["scipy"][0][0])


# scripts/workshop -----------------------------------------------------------------------------------------------------


def jupyter_arguments(copy, *arguments):
    result = run(copy / "scripts/workshop", *arguments)
    assert result.returncode == 0, result.stderr
    return calls(copy)[-1].removeprefix("-m jupyter lab ").split()


def test_jupyter_listens_on_this_machine_only(copy):
    assert "--ip=127.0.0.1" in jupyter_arguments(copy)


@pytest.mark.parametrize("given", [["--ip=0.0.0.0"], ["--ip", "0.0.0.0"], ["--ServerApp.ip=0.0.0.0"]])
def test_the_users_address_wins(copy, given):
    arguments = jupyter_arguments(copy, *given)
    assert arguments[-len(given) :] == given
    assert "--ip=127.0.0.1" not in arguments


def test_options_go_on_to_jupyter(copy):
    assert jupyter_arguments(copy, "--no-browser", "--port=9999")[-2:] == ["--no-browser", "--port=9999"]


def test_only_root_needs_to_allow_root(copy):
    assert ("--allow-root" in jupyter_arguments(copy)) == (os.geteuid() == 0)


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
! touch "$1/written" 2>/dev/null || exit 98
exec "$1/scripts/$2"
"""


@pytest.fixture
def in_a_read_only_folder(copy, own_mounts):
    """A function that runs a script of the copy, which cannot be written to, not even by root."""

    def in_it(script, home):
        result = run(*own_mounts, "bash", "-c", READ_ONLY, "bash", copy, script, HOME=str(home))
        assert result.returncode not in (98, 99), result.stderr
        return result

    return in_it


def test_where_notebooks_cannot_be_written_copies_are_opened(copy, tmp_path, in_a_read_only_folder):
    home = tmp_path / "home"
    write_program(
        copy / ".venv/bin/python",
        f"""#!/bin/sh
case "$3" in *copy_notebooks) PYTHONPATH="{copy}" exec {sys.executable} "$@" ;; esac
echo "$PWD: $*"
""",
    )
    (copy / "notebooks/01_a.ipynb").write_text('{"metadata": {}}')
    (copy / "notebooks/06_b.ipynb").write_text('{"metadata": {}}')
    result = in_a_read_only_folder("workshop", home)
    assert (result.returncode, result.stderr) == (0, "")
    *_, copied, opened = result.stdout.splitlines()
    assert copied == f"2 notebooks copied to {home}/deep-learning"
    assert opened.startswith(f"{home}/deep-learning: -m jupyter lab")
    assert sorted(path.name for path in (home / "deep-learning").iterdir()) == ["01_a.ipynb", "06_b.ipynb"]


def test_what_cannot_be_set_up_is_said_in_one_sentence(copy, tmp_path, in_a_read_only_folder):
    (copy / ".venv/stamp").unlink()
    for script in ["setup", "workshop"]:
        result = in_a_read_only_folder(script, tmp_path)
        assert result.returncode == 1 and result.stdout == "" and one_sentence(result.stderr)
        assert f"{copy}/.venv cannot be written to: ask" in result.stderr


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """The address and the token of a JupyterLab that scripts/workshop started, and its process."""
    if run(SCRIPTS / "setup", "--check").returncode:
        pytest.skip("scripts/setup has something to do first")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("workshop") / "log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            [SCRIPTS / "workshop", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}", wait_for_token(process, log), process
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def wait_for_token(process, log):
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"token=([0-9a-f]+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def get(address, token=None):
    request = urllib.request.Request(address, headers={"Authorization": f"token {token}"} if token else {})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        return json.load(answer)


def test_the_workshop_answers_who_has_the_token(workshop):
    address, token, _ = workshop
    assert get(f"{address}/api/status", token)["kernels"] == 0


def test_the_workshop_refuses_who_has_no_token(workshop):
    address, _, _ = workshop
    for token in (None, "wrong"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(f"{address}/api/status", token)


def test_the_workshop_cannot_be_reached_from_elsewhere(workshop):
    _, _, process = workshop
    connections = psutil.Process(process.pid).net_connections("tcp")
    listening = {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_the_workshop_shows_the_notebooks(workshop):
    address, token, _ = workshop
    shown = {entry["name"] for entry in get(f"{address}/api/contents", token)["content"]}
    assert shown >= {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} | {"solved"}


def test_the_workshop_asks_for_no_news_and_shows_no_nbgrader(workshop):
    address, token, _ = workshop
    settings = get(f"{address}/lab/api/settings/@jupyterlab/apputils-extension:notification", token)
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert settings["schema"]["properties"]["checkForUpdates"]["default"] is False
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{address}/formgrader", token)


# scripts/test ---------------------------------------------------------------------------------------------------------

WHICH = """case "$*" in *--which) echo "$DATASET" ;; *configured*) echo "$DEVICE" ;; esac
case "$*" in *nbval*) [ -z "$THEANO_FLAGS" ] || echo "  with $THEANO_FLAGS" >>calls ;; esac"""
NO_OPENCL = 'case "$*" in *"libgpuarray opencl0:0") echo "there is no OpenCL platform"; exit 1 ;; esac'
LAX = "-m pytest --nbval-lax --nbval-current-env"
STRICT = "-m pytest -p tests.nbval_stderr --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg"


def run_tests(copy, *arguments, answers="", dataset="mnist", device="", **environment):
    pretend(copy, f"DATASET={dataset}\nDEVICE={device}\n{WHICH}\n{answers}")
    result = run(copy / "scripts/test", *arguments, **{"CI": "", **environment})
    return result, [call for call in calls(copy) if call.startswith(("-m pytest", "release", "  with"))]


def test_everything_is_tested(copy):
    result, stages = run_tests(copy)
    assert result.returncode == 0
    assert result.stdout.endswith("All tests passed.\n")
    assert stages == [
        "-m pytest tests",
        "release --check",
        f"{STRICT} notebooks/solved/01_a.ipynb",
        f"{STRICT} notebooks/solved/06_b.ipynb",
        "  with device=opencl0:0",
        f"{LAX} notebooks/01_a.ipynb notebooks/06_b.ipynb",
        f"{LAX} notebooks/01_a.ipynb",
        "  with device=opencl0:0",
    ]


def test_without_opencl_what_needs_it_is_skipped_and_the_summary_says_why(copy):
    result, stages = run_tests(copy, answers=NO_OPENCL)
    assert result.returncode == 0
    assert stages[2:] == [
        f"{STRICT} notebooks/solved/01_a.ipynb",
        f"{LAX} notebooks/solved/06_b.ipynb",
        f"{LAX} notebooks/01_a.ipynb notebooks/06_b.ipynb",
    ]
    summary = result.stdout.split("=== Summary")[1]
    assert "TESTS ON LIBGPUARRAY WERE SKIPPED:\nthere is no OpenCL platform\n" in summary


def test_in_continuous_integration_skipped_tests_are_a_failure(copy):
    result, stages = run_tests(copy, answers=NO_OPENCL, CI="true")
    assert result.returncode == 1 and len(stages) == 5
    assert "TESTS ON LIBGPUARRAY WERE SKIPPED:\nthere is no OpenCL platform\n" in result.stdout.split("=== Summary")[1]
    assert run_tests(copy, CI="true")[0].returncode == 0


def test_on_a_gpu_all_notebooks_run_on_it_with_few_digits(copy, monkeypatch):
    monkeypatch.delenv("DEEPLEARNING_TUTORIAL_ROWS", raising=False)
    result, stages = run_tests(
        copy,
        device="cuda",
        THEANO_FLAGS="device=cuda",
        answers='echo "  with ROWS=$DEEPLEARNING_TUTORIAL_ROWS" >>calls',
    )
    assert result.returncode == 0
    assert stages[-3:] == [
        f"{LAX} notebooks/solved/01_a.ipynb notebooks/solved/06_b.ipynb",
        "  with device=cuda",
        "  with ROWS=1200",
    ]
    assert "executed on cuda with 1200 digits" in result.stdout.split("=== Summary")[1]


@pytest.mark.parametrize("script", ["test", "workshop"])
def test_a_device_that_cannot_be_had_stops_everything(copy, script):
    pretend(copy, 'case "$*" in *check_device) echo "no GPU" >&2; exit 1 ;; esac')
    result = run(copy / "scripts" / script, THEANO_FLAGS="device=cuda")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "no GPU\n")
    assert [call.split()[-1] for call in calls(copy)] == ["scripts.installation.check_device"]


@pytest.mark.parametrize(
    "stage",
    [
        '*"pytest tests"',
        "*solved/01*",
        "*solved/06*",
        '*lax*" notebooks/06"*',
        '*"env notebooks/01_a.ipynb"',
    ],
)
def test_one_failure_is_a_failure_and_the_rest_is_tested_all_the_same(copy, stage):
    result, stages = run_tests(copy, answers=f'case "$*" in {stage}) exit 1 ;; esac')
    assert result.returncode == 1
    assert result.stdout.count("FAILED, ") == 1
    assert result.stdout.count("passed, ") == 5
    assert result.stdout.endswith("Some tests FAILED.\n")


def test_outdated_notebooks_are_a_failure(copy):
    write_program(copy / "scripts/release_notebooks", "#!/bin/sh\nexit 1\n")
    result, _ = run_tests(copy)
    assert result.returncode == 1
    assert re.search(r"attendee notebooks are up to date +FAILED", result.stdout)


def test_options_go_on_to_every_pytest(copy):
    _, stages = run_tests(copy, "-k", "two words")
    called = [stage.endswith(" -k two words") for stage in stages if stage.startswith(("-m pytest", "release"))]
    assert called == [True, False, True, True, True, True]


def test_nothing_collected_is_right_only_if_the_user_selects(copy):
    nothing = 'case "$*" in *"pytest"*) exit 5 ;; esac'
    assert run_tests(copy, answers=nothing)[0].returncode == 1
    assert run_tests(copy, "-k", "nothing", answers=nothing)[0].returncode == 0


def test_on_the_subset_notebooks_are_executed_and_the_summary_says_so(copy):
    result, stages = run_tests(copy, dataset="mnist-5k")
    assert result.returncode == 0
    assert stages[2] == f"{LAX} notebooks/solved/01_a.ipynb notebooks/solved/06_b.ipynb"
    assert "ONLY THE 5,000-DIGIT SUBSET" in result.stdout.split("=== Summary")[1]


def test_the_summary_says_what_was_skipped(copy):
    result, _ = run_tests(copy)
    assert result.returncode == 0
    assert "real slides were skipped" in result.stdout.split("=== Summary")[1]


def test_the_summary_is_silent_about_what_was_not_skipped(copy):
    for name in ("reveal/dist/reveal.js", "mathjax/es5/tex-svg-full.js"):
        (copy / ".venv/cache/slides" / name).parent.mkdir(parents=True)
        (copy / ".venv/cache/slides" / name).touch()
    result, _ = run_tests(copy)
    assert "skipped" not in result.stdout.split("=== Summary")[1].lower()


@pytest.mark.parametrize(
    "given, rows", [({}, "6000"), ({"DEEPLEARNING_TUTORIAL_ROWS": "700"}, "700")], ids=["by itself", "as asked for"]
)
def test_attendee_notebooks_train_on_few_digits_and_solved_ones_on_all(copy, given, rows, monkeypatch):
    monkeypatch.delenv("DEEPLEARNING_TUTORIAL_ROWS", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    result, _ = run_tests(copy, answers='echo "ROWS=$DEEPLEARNING_TUTORIAL_ROWS" >>calls')
    lines = calls(copy)
    solved = next(number for number, line in enumerate(lines) if "notebooks/solved" in line)
    attendee = next(number for number, line in enumerate(lines) if "--nbval-lax" in line)
    assert lines[solved + 1] == f"ROWS={given.get('DEEPLEARNING_TUTORIAL_ROWS', '')}"
    assert lines[attendee + 1] == f"ROWS={rows}"
    assert f"attendee notebooks, on {rows} digits" in result.stdout


def test_on_the_branch_solved_one_is_sent_to_main(copy):
    shutil.rmtree(copy / "notebooks/solved")
    result, stages = run_tests(copy)
    assert result.returncode == 1 and stages == []
    assert "git switch main" in result.stderr


def test_no_progress_bar_gets_into_an_output(copy):
    run_tests(copy, answers='echo "TQDM_DISABLE=$TQDM_DISABLE" >>calls')
    lines = calls(copy)
    notebooks = next(number for number, line in enumerate(lines) if "--nbval" in line)
    assert lines[notebooks + 1] == "TQDM_DISABLE=1"
