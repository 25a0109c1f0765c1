"""scripts/offline_bundle: one file that brings everything to a machine without a network.

Most tests pack a few bytes. The last one makes the bundle of a GPU node and trains with it where there is no network.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deeplearning_tutorial import ROOT

SCRIPT = ROOT / "scripts" / "offline_bundle"

TINY_START = """#!/bin/sh
echo "started in $PWD with $# arguments: $*"
"""


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


def pack(folder, file, compression="none", system=""):
    call("pack", folder, file, "tiny", "Something tiny", compression, system)
    return file


@pytest.fixture
def contents(tmp_path):
    """A folder to pack: a program, a file and a link."""
    folder = tmp_path / "contents"
    folder.mkdir()
    (folder / "start").write_text(TINY_START)
    (folder / "lines").write_text("some lines\n" * 1000)
    (folder / "link").symlink_to("lines")
    return folder


@pytest.fixture
def bundle(contents, tmp_path):
    return pack(contents, tmp_path / "tiny.run")


@pytest.fixture
def here(tmp_path):
    """Where the user of a bundle stands."""
    folder = tmp_path / "a class room"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_both_bundles(option, tmp_path):
    answer = run(SCRIPT, option, cwd=tmp_path)
    assert answer.returncode == 0
    assert "offline_bundle workshop [FILE]" in answer.stdout
    assert "offline_bundle node [FILE]" in answer.stdout


@pytest.mark.parametrize("arguments", [[], ["notebooks"], ["node", "file", "more"]])
def test_other_arguments_are_refused_with_the_usage(arguments, tmp_path):
    answer = run(SCRIPT, *arguments, cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stdout.startswith("Usage:")


def test_without_apt_get_it_says_where_bundles_are_made(tmp_path):
    answer = run(
        SCRIPT, "node", tmp_path / "node.run", cwd=tmp_path, PATH=folder_of_programs(tmp_path, "bash", "dirname")
    )
    assert answer.returncode == 1
    assert "There is no apt-get here" in answer.stdout


# --- Unpacking and starting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox sh"])
def test_a_bundle_unpacks_beside_the_user_and_starts(shell, bundle, here):
    shell = shell.split()
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    answer = run(*shell, bundle, "--port=9", "two words", cwd=here)
    assert answer.returncode == 0, answer.stdout
    assert f"started in {here} with 2 arguments: --port=9 two words" in answer.stdout
    assert (here / "tiny/lines").read_text() == "some lines\n" * 1000
    assert (here / "tiny/link").is_symlink()
    assert os.listdir(here) == ["tiny"]


@pytest.mark.parametrize("options", [["--to", "else where/deep"], ["--to=else where/deep/"]])
def test_a_bundle_unpacks_where_it_is_told_to(options, bundle, here):
    answer = run("sh", bundle, *options, "--to-start", cwd=here)
    assert "with 1 arguments: --to-start" in answer.stdout
    assert (here / "else where/deep/lines").exists()
    assert not (here / "tiny").exists()


def test_extract_only_starts_nothing(bundle, here):
    answer = run("sh", bundle, "--extract-only", cwd=here)
    assert answer.returncode == 0 and "started" not in answer.stdout
    assert os.access(here / "tiny/start", os.X_OK)


def test_help_of_a_bundle_unpacks_nothing(bundle, here):
    answer = run("sh", bundle, "--help", cwd=here)
    assert answer.returncode == 0
    assert "Usage: sh tiny.run" in answer.stdout and "Something tiny" in answer.stdout
    assert os.listdir(here) == []


def test_the_second_run_does_not_unpack_again(bundle, here):
    run("sh", bundle, cwd=here)
    (here / "tiny/lines").write_text("my own lines")
    answer = run("sh", bundle, "again", cwd=here)
    assert "arguments: again" in answer.stdout
    assert "Unpacking" not in answer.stdout
    assert (here / "tiny/lines").read_text() == "my own lines"


def test_a_folder_that_is_not_from_this_file_is_left_alone(bundle, here):
    (here / "tiny").mkdir()
    (here / "tiny/mine").write_text("mine")
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert "./tiny is there already" in answer.stdout and "--to FOLDER" in answer.stdout
    assert os.listdir(here / "tiny") == ["mine"]


def test_the_same_contents_make_the_same_file(contents, tmp_path):
    first = pack(contents, tmp_path / "1.run", "xz").read_bytes()
    (contents / "lines").touch()
    assert pack(contents, tmp_path / "2.run", "xz").read_bytes() == first


# --- What may go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [lambda file: file[:-3000] + b"?" + file[-2999:], lambda file: file[:-3000]])
@pytest.mark.parametrize("compression", ["none", "xz"])
def test_a_damaged_file_is_not_unpacked(damage, compression, contents, here):
    (contents / "noise").write_bytes(os.urandom(5000))
    bundle = pack(contents, contents.parent / "tiny.run", compression)
    bundle.write_bytes(damage(bundle.read_bytes()))
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert "tiny.run is damaged" in answer.stdout and "Copy it again" in answer.stdout
    assert os.listdir(here) == []


def test_after_a_run_that_was_killed_the_next_one_unpacks_all(bundle, here, tmp_path):
    # In the place of tar, something that writes half a file and then kills the shell that it was started by.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tar").write_text(
        '#!/bin/sh\nwhile [ "$1" != -C ]; do shift; done\necho half >"$2/lines"\nkill -9 $PPID\n'
    )
    (programs / "tar").chmod(0o755)
    killed = run("sh", bundle, cwd=here, PATH=f"{programs}:{os.environ['PATH']}")
    assert killed.returncode == -9
    left = os.listdir(here)
    assert len(left) == 1 and left[0].startswith("tiny.unpacking.")

    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 0
    assert os.listdir(here) == ["tiny"]
    assert (here / "tiny/lines").read_text() == "some lines\n" * 1000


def test_nodes_that_share_a_folder_can_start_at_once(bundle, here):
    nodes = [
        subprocess.Popen(
            ["sh", bundle, str(node)], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for node in range(4)
    ]
    for number, node in enumerate(nodes):
        printed, _ = node.communicate()
        assert f"arguments: {number}" in printed, printed
    assert os.listdir(here) == ["tiny"]
    assert sorted(os.listdir(here / "tiny")) == [".bundle", "lines", "link", "start"]


def test_another_system_is_told_so_before_anything_is_unpacked(contents, here):
    bundle = pack(contents, contents.parent / "tiny.run", system="hannah-montana 4")
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert (
        "system packages of hannah-montana 4, and this is" in answer.stdout and "Nothing was changed" in answer.stdout
    )
    assert os.listdir(here) == []
    assert "started" in run("sh", bundle, "--any-system", cwd=here).stdout


def test_this_system_is_known(contents, here):
    system = call("system_name").strip()
    assert "started" in run("sh", pack(contents, contents.parent / "tiny.run", system=system), cwd=here).stdout


UNPACKERS = ["sh", "tar", "sha256sum", "tail", "cat", "uname", "dirname", "mkdir", "mv", "rm", "ln", "chmod", "wc"]


def folder_of_programs(folder, *names):
    programs = folder / "few programs"
    programs.mkdir()
    for name in names:
        (programs / name).symlink_to(shutil.which(name))
    return str(programs)


def test_without_xz_python_unpacks(contents, here, tmp_path):
    bundle = pack(contents, tmp_path / "tiny.run", "xz")
    programs = folder_of_programs(tmp_path, *UNPACKERS)
    Path(programs, "python3").symlink_to(sys.executable)
    answer = run("sh", bundle, cwd=here, PATH=programs)
    assert "started" in answer.stdout, answer.stdout


def test_without_xz_and_python_it_says_so(contents, here, tmp_path):
    bundle = pack(contents, tmp_path / "tiny.run", "xz")
    answer = run("sh", bundle, cwd=here, PATH=folder_of_programs(tmp_path, *UNPACKERS))
    assert answer.returncode == 1
    assert "xz (or a python3) is needed" in answer.stdout
    assert os.listdir(here) == []


def namespace(*kinds):
    """The command that takes others out of the network, and what else of the machine; the test is skipped without it."""
    command = ["unshare", *(["--map-root-user"] if os.getuid() else []), *kinds]
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here (apt-get install util-linux)")
    answer = run(*command, "true", cwd="/")
    if answer.returncode:
        pytest.skip(f"this machine makes no namespaces: {answer.stdout.strip()}")
    return command


def test_a_usb_stick_can_hold_the_file_but_not_the_folder(bundle, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    mounts = namespace("--mount")
    script = 'mount -t tmpfs -o noexec tmpfs "$1" && cp "$2" "$1" && cd "$1" && sh tiny.run;ls; sh tiny.run --to "$3"'
    answer = run(*mounts, "sh", "-c", script, "sh", stick, bundle, tmp_path / "home", cwd=tmp_path)
    if "mount:" in answer.stdout:
        pytest.skip(f"this machine mounts nothing here: {answer.stdout.strip()}")
    refused, started = answer.stdout.split("\ntiny.run\n")
    assert "Programs cannot run from this folder" in refused and "started" not in refused
    assert "started" in started
    assert os.listdir(stick) == []


# --- The workshop's bundle --------------------------------------------------------------------------------------------


def make_deb(folder):
    """A system package of a few bytes, whose name has a version with a colon."""
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN/control").write_text(
        "Package: tiny-offline\nVersion: 1:2.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n"
        "Description: nothing\n Nothing at all.\n"
    )
    return folder


def make_wheel(path):
    """A Python package of a few bytes."""
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_offline.py", "")
        wheel.writestr(
            "tiny_offline-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-offline\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_offline-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_offline-1.0.dist-info/RECORD", "")


# Stands in for scripts/workshop.
TINY_WORKSHOP = f"""#!/bin/sh
echo "workshop with: $*"
apt-cache policy tiny-offline
apt-get download tiny-offline && echo "downloaded $(ls *.deb)"
apt-get -s install g++-of-another-source || echo "no other source"
{sys.executable} -m pip download --no-deps --disable-pip-version-check tiny-offline --dest .
"""


@pytest.fixture
def tiny_workshop(tmp_path):
    for tool in ["apt-get", "dpkg-deb"]:
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} here: not a Debian or Ubuntu")
    folder = tmp_path / "class 100% #1"
    for name in ["packages", "wheels", "workshop/scripts"]:
        (folder / name).mkdir(parents=True)
    built = run(
        "dpkg-deb", "--root-owner-group", "--build", make_deb(tmp_path / "deb"), folder / "packages", cwd=tmp_path
    )
    assert built.returncode == 0, built.stdout
    call("write_package_index", folder / "packages")
    make_wheel(folder / "wheels/tiny_offline-1.0-py3-none-any.whl")
    (folder / "system").write_text(call("system_name"))
    shutil.copy(ROOT / "scripts/offline/start_workshop.sh", folder / "start")
    (folder / "workshop/scripts/workshop").write_text(TINY_WORKSHOP)
    for program in ["start", "workshop/scripts/workshop"]:
        (folder / program).chmod(0o755)
    return folder


def test_the_workshop_finds_its_packages_without_a_network(tiny_workshop, here):
    answer = run(*namespace("--net"), tiny_workshop / "start", "--no-browser", cwd=here)
    assert "workshop with: --no-browser" in answer.stdout
    assert "Candidate: 1:2.0" in answer.stdout
    assert "downloaded tiny-offline_1%3a2.0_all.deb" in answer.stdout
    assert "no other source" in answer.stdout
    assert (here / "tiny_offline-1.0-py3-none-any.whl").exists(), answer.stdout
    # No warning of apt-get's that a reader would have to understand.
    assert not [line for line in answer.stdout.splitlines() if line.startswith("W:")], answer.stdout


def test_a_damaged_system_package_is_not_used(tiny_workshop, here):
    (deb,) = (tiny_workshop / "packages").glob("*.deb")
    deb.write_bytes(deb.read_bytes()[:-1] + b"?")
    answer = run(tiny_workshop / "start", cwd=here)
    assert "Hash Sum mismatch" in answer.stdout
    assert "downloaded tiny-offline_" not in answer.stdout


def test_the_packages_of_another_system_are_not_used(tiny_workshop, here):
    (tiny_workshop / "system").write_text("hannah-montana 4\n")
    (tiny_workshop / "workshop/scripts/workshop").write_text(
        '#!/bin/sh\necho "apt-get reads: ${APT_CONFIG-what it always reads}"\n'
    )
    answer = run(tiny_workshop / "start", cwd=here)
    assert "those of hannah-montana 4, and this is" in answer.stdout
    assert "apt-get reads: what it always reads" in answer.stdout


def test_start_runs_other_scripts_too(tiny_workshop, here):
    setup = tiny_workshop / "workshop/scripts/setup"
    setup.write_text('#!/bin/sh\necho "setup with: $*"\n')
    setup.chmod(0o755)
    assert "setup with: --check" in run(tiny_workshop / "start", "setup", "--check", cwd=here).stdout


def test_it_packs_what_setup_installs():
    names = call("eval", 'read_package_lists; echo "${needed_packages[@]}" "${useful_packages[@]}"').split()
    assert {"g++", "python3.11", "python3.11-venv", "python3.11-dev", "libopenblas-dev"} <= set(names)


def test_packages_for_other_releases_of_python_are_packed_too(tmp_path):
    (tmp_path / "requirements.txt").write_text(
        "# comment\n"
        "alpha==1.0 \\\n    --hash=sha256:aa\n    # via beta\n"
        "beta==2.0 ; python_full_version < '3.11.5' \\\n    --hash=sha256:bb\n"
        "beta==3.0 ; python_full_version >= '3.11.5' and sys_platform == 'linux' \\\n    --hash=sha256:cc\n    --hash=sha256:dd\n"
        "gamma==1.0 \\\n    --hash=sha256:ee\n"
    )
    call("eval", f"root='{tmp_path}'; write_lists_for_any_python '{tmp_path}/lists'")
    lists = [path.read_text() for path in sorted((tmp_path / "lists").iterdir())]
    assert lists == [
        "beta==2.0 ; python_version > '0' \\\n    --hash=sha256:bb\n",
        "beta==3.0 ; python_version > '0' and sys_platform == 'linux' \\\n    --hash=sha256:cc\n    --hash=sha256:dd\n",
    ]


# --- The bundle of a GPU node, made and used ----------------------------------------------------------------------------

# What a machine that is offline, or has not Debian 12's packages, says. Anything else is a failure.
NOT_HERE = [
    "could not be fetched",
    "could not be downloaded",
    "has no package",
    "There is no apt-get here",
    "for x86-64",
]

TRAIN = """
import deeplearning_tutorial
import numpy as np, os, pygpu, sys, theano, theano.tensor as T
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd

for module in [np, pygpu, theano, deeplearning_tutorial, os]:
    assert module.__file__.startswith(sys.argv[1]), module.__file__
train, valid, test = load_data(sys.argv[1] + "/digits.npz")
x, y = T.matrix("x"), T.ivector("y")
mlp = MLP(np.random.RandomState(1), x, 784, 50, 10)
cost = mlp.negative_log_likelihood(y)
step = MinibatchFunction([x, y], cost, train, 20, updates=sgd(cost, mlp.params, 0.1))
history = fit(step, MinibatchFunction([x, y], mlp.errors(y), valid, 20), mlp.params, n_epochs=3, progress=False)
assert type(step.function.maker.linker).__name__ == "VM_Linker" and theano.config.cxx
assert history.best_validation_error < 0.15, history.best_validation_error
assert len(open("/proc/net/route").readlines()) <= 1, "there is a network"
print("trained on", theano.config.device)
"""


@pytest.fixture(scope="module")
def node_bundle(tmp_path_factory):
    """The bundle of a GPU node, made with whatever network there is."""
    file = tmp_path_factory.mktemp("node") / "node.run"
    answer = run(SCRIPT, "node", file, cwd=ROOT)
    if answer.returncode:
        for reason in NOT_HERE:
            if reason in answer.stdout:
                pytest.skip(f"the bundle cannot be made here: {answer.stdout.strip().splitlines()[-1]}")
        pytest.fail(answer.stdout)
    return file


@pytest.fixture(scope="module")
def node(node_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a node") / "theano-node"
    answer = run("sh", node_bundle, "--extract-only", "--to", folder, cwd="/")
    assert answer.returncode == 0, answer.stdout
    return folder


def on_the_node(node, *arguments):
    """Run the bundle where there is no network, and nothing of this environment."""
    offline = namespace("--net")
    return run(
        "env",
        "-i",
        f"PATH={os.environ['PATH']}",
        f"HOME={node.parent}",
        *offline,
        node / "start",
        *arguments,
        cwd=node.parent,
    )


def test_the_node_bundle_has_at_most_20_mebibytes(node_bundle):
    assert node_bundle.stat().st_size <= 20 * 2**20


def test_the_node_bundle_knows_nothing_of_this_machine(node):
    for path in node.rglob("*"):
        assert path.name not in ("__pycache__", "direct_url.json"), path
        if path.is_symlink():
            assert not os.path.isabs(os.readlink(path)) and path.exists(), path
        elif path.is_file():
            text = path.read_bytes()
            assert os.fsencode(ROOT) + b"/" not in text, path


def test_the_node_bundle_trains_without_a_network(node):
    assert shutil.which("g++")
    (node.parent / "train.py").write_text(TRAIN)
    answer = on_the_node(node, "--", "python", "train.py", node)
    assert answer.returncode == 0, answer.stdout
    assert "trained on cpu" in answer.stdout


def test_the_node_bundle_compares_devices(node):
    answer = on_the_node(node, "--device", "cpu", "--help")
    assert answer.returncode == 0, answer.stdout
    assert "--device" in answer.stdout and "--data" in answer.stdout


def test_the_node_bundle_says_when_there_is_no_compiler(node, tmp_path):
    programs = folder_of_programs(tmp_path, "sh", "dirname", "cat", "mkdir", "sed")
    answer = run(node / "start", "--device", "cpu", cwd=tmp_path, PATH=programs)
    assert answer.returncode == 1
    assert "there is no g++ here" in answer.stdout
