"""scripts/offline_bundle: one file that brings everything to a machine without a network; here the whole workshop.

A few bytes stand for packages.
"""

import os
import shutil
import sys
import zipfile

import pytest
from bundling import SCRIPT, call, folder_of_programs, namespace, run

from deeplearning_tutorial import ROOT
from scripts.offline.requirements import lists_for, main


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


def test_xz_is_needed_for_a_node_only():
    script = """
        command() { [[ $2 != xz ]]; }; git() { :; }
        (require_tools workshop) && echo goes on
        (require_tools node) || echo stops"""
    shown = call("eval", script)
    assert "goes on" in shown and "xz is missing" in shown and "stops" in shown


# The workshop's bundle -------------------------------------------------------------------------------------------------


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
    (folder / "python").write_text("3.4\n")
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


PYTHON_34 = """#!/bin/sh
exit {status}
"""


def start_with_python(tiny_workshop, here, status, **environment):
    """What `start` would set the workshop up with, where there is a python3.4 that is complete, or not."""
    setup = tiny_workshop / "workshop/scripts/setup"
    setup.write_text('#!/bin/sh\necho "PYTHON is ${PYTHON-not set}, Debian 12 in ${DEBIAN12_PACKAGES-no folder}"\n')
    programs = here / "bin"
    programs.mkdir()
    (programs / "python3.4").write_text(PYTHON_34.format(status=status))
    for program in [setup, programs / "python3.4"]:
        program.chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", **environment}
    return run(
        "env",
        "-u",
        "PYTHON",
        "-u",
        "DEBIAN12_PACKAGES",
        *environment_words(environment),
        tiny_workshop / "start",
        "setup",
        cwd=here,
    ).stdout


def environment_words(environment):
    return [f"{name}={value}" for name, value in environment.items()]


def test_the_python_that_the_wheels_are_for_is_chosen(tiny_workshop, here):
    shown = start_with_python(tiny_workshop, here, status=0)
    assert f"PYTHON is {here}/bin/python3.4, Debian 12 in no folder" in shown


def test_a_python_that_is_not_complete_is_not_chosen(tiny_workshop, here):
    shown = start_with_python(tiny_workshop, here, status=1)
    assert "The Python packages here are for Python 3.4, which comes with" in shown and "PYTHON is not set" in shown


def test_what_the_user_chose_stays(tiny_workshop, here):
    assert "PYTHON is /my/python" in start_with_python(tiny_workshop, here, status=0, PYTHON="/my/python")


def test_debian_12s_packages_are_found(tiny_workshop, here):
    (tiny_workshop / "debian12").mkdir()
    assert f"Debian 12 in {tiny_workshop}/debian12" in start_with_python(tiny_workshop, here, status=0)


def test_start_runs_other_scripts_too(tiny_workshop, here):
    setup = tiny_workshop / "workshop/scripts/setup"
    setup.write_text('#!/bin/sh\necho "setup with: $*"\n')
    setup.chmod(0o755)
    assert "setup with: --check" in run(tiny_workshop / "start", "setup", "--check", cwd=here).stdout


# What is packed ---------------------------------------------------------------------------------------------------------


def pack_packages(folder, *lines):
    """What gather_packages would have apt-get install, and what it says, on a system that these lines describe."""
    script = f"""
        apt_update() {{ :; }}
        apt-get() {{ [[ " $* " != *" install "* ]] || echo "$*" >'{folder}/wanted'; }}
        os_release() {{ echo trixie; }}
        python_of_debian_13() {{ offered=' g++ graphviz python3.13 python3.13-venv python3.13-dev python3.12 '; }}
        find_offered() {{ python_of_debian_13; }}
        {"; ".join(lines) or ":"}
        mkdir -p '{folder}/apt/archives' '{folder}/packages' && touch '{folder}/apt/archives/a.deb'
        cache='{folder}' log='{folder}/log'
        write_package_index() {{ :; }}
        gather_packages '{folder}/packages'"""
    answer = run("bash", "-c", f'. "$1"; {script}', "bash", SCRIPT, cwd=ROOT)
    wanted = folder / "wanted"
    return wanted.read_text().partition(" install ")[2].split() if wanted.exists() else None, answer.stdout


def test_it_packs_what_setup_installs(tmp_path):
    wanted, shown = pack_packages(tmp_path)
    assert wanted == ["g++", "python3.13", "python3.13-venv", "python3.13-dev", "graphviz"]
    assert "has no package libopenblas-dev: left out" in shown and "pygpu" not in shown
    assert "Python 3.13, and all else: 1 packages" in shown


def test_on_debian_12_it_packs_the_python_that_has_pygpu(tmp_path):
    wanted, _ = pack_packages(
        tmp_path,
        "os_release() { echo bookworm; }",
        "apt_has_libgpuarray() { :; }",
        "find_offered() { python_of_debian_13; offered+=' python3.11 python3.11-venv python3.11-dev python3-pygpu '; }",
    )
    assert wanted == ["g++", "python3.11", "python3.11-venv", "python3.11-dev", "graphviz", "python3-pygpu"]


@pytest.mark.parametrize(
    "offered, shown",
    [
        ("g++ python3.10", "has no Python 3.11 to 3.14: make"),
        ("python3.13 python3.13-venv python3.13-dev", "no package g++"),
    ],
)
def test_a_system_without_what_is_needed_is_refused(offered, shown, tmp_path):
    wanted, said = pack_packages(tmp_path, f"find_offered() {{ offered=' {offered} '; }}")
    assert wanted is None and shown in said


GATHER_DEBIAN12 = """
note() { echo "$*"; }
libgpuarray_can_be_had() { :; }
download_from_debian12() { shift; echo "$@"; }
"""


@pytest.mark.parametrize(
    "system, apt_python, packed",
    [
        ("trixie", "3.13", ["libgpuarray3", "python3-pygpu", "python3.11", "python3.11-venv"]),
        ("jammy", "3.11", ["libgpuarray3", "python3-pygpu"]),
        ("bookworm", "3.11", []),
    ],
)
def test_what_a_newer_system_has_not_for_devices_is_packed_too(system, apt_python, packed, tmp_path):
    shown = call(
        "eval",
        f"{GATHER_DEBIAN12} os_release() {{ echo {system}; }}; apt_python={apt_python}; gather_debian12 '{tmp_path}/debian12'",
    )
    words = shown.split()
    assert set(packed) <= set(words) and ("python3.11" in words) == ("python3.11" in packed)
    assert bool(packed) == (tmp_path / "debian12").exists()


def test_without_debian_12_the_bundle_is_for_the_processor(tmp_path):
    shown = call(
        "eval",
        f"{GATHER_DEBIAN12} os_release() {{ echo trixie; }}; download_from_debian12() {{ return 1; }}; apt_python=3.13;"
        f"gather_debian12 '{tmp_path}/debian12'; apt_python=3.13; python_versions_in '{tmp_path}'",
    )
    assert "Theano will compute on the CPU only" in shown and not (tmp_path / "debian12").exists()
    assert shown.splitlines()[-1] == "3.13"


def test_there_are_wheels_for_each_python_that_is_packed(tmp_path):
    (tmp_path / "debian12").mkdir()
    (tmp_path / "debian12/python3.11_3.11.2_amd64.deb").touch()
    assert call("eval", f"apt_python=3.13; python_versions_in '{tmp_path}'").split() == ["3.13", "3.11"]
    shown = call(
        "eval",
        f"note() {{ echo \"$*\"; }}; run_pip() {{ echo \"$@\" >>'{tmp_path}/pip'; }}; cache='{tmp_path}/cache'; log='{tmp_path}/log';"
        f"mkdir -p '{tmp_path}/wheels' && touch '{tmp_path}/wheels/one'; gather_wheels '{tmp_path}/wheels' 3.13 3.11",
    )
    assert "1 packages for Python 3.13 and 3.11" in shown
    calls = (tmp_path / "pip").read_text().splitlines()
    assert [line.partition("--python-version ")[2][:4] for line in calls] == ["3.13", "3.11", "3.11", "", ""]
    assert "numpy==2" in (tmp_path / "cache/requirements-3.13/1.txt").read_text()
    assert "numpy==1.23.5" in (tmp_path / "cache/requirements-3.11/1.txt").read_text()
    assert "uv.txt" in calls[-2] and "theano.txt" in calls[-1] and "--no-build-isolation" in calls[-1]


LOCK = """# comment

alpha==1.0 \\
    --hash=sha256:aa
    # via beta
beta==2.0 ; python_full_version < '3.11.5' \\
    --hash=sha256:bb
beta==3.0 ; python_full_version >= '3.11.5' and sys_platform == 'linux' \\
    --hash=sha256:cc \\
    --hash=sha256:dd
gamma==1.0 ; python_full_version >= '3.12' \\
    --hash=sha256:ee
delta==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:ff
theano==1.0.5 \\
    --hash=sha256:00
"""
ALPHA = "alpha==1.0 \\\n    --hash=sha256:aa\n    # via beta\n"
OLD_BETA = "beta==2.0 \\\n    --hash=sha256:bb\n"
NEW_BETA = "beta==3.0 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n"
GAMMA = "gamma==1.0 \\\n    --hash=sha256:ee\n"


def test_packages_are_those_of_the_other_machines_python():
    assert lists_for(LOCK, "3.12") == lists_for(LOCK, "3.13") == [ALPHA + NEW_BETA + GAMMA]
    assert lists_for(LOCK, "3.13", ["gamma", "theano"]) == [GAMMA]


def test_packages_for_other_releases_of_its_python_are_packed_too():
    assert lists_for(LOCK, "3.11") == [ALPHA + OLD_BETA, NEW_BETA]


def test_a_package_that_is_not_in_the_lock_is_named():
    with pytest.raises(ValueError, match="requirements.txt has no delta, omega for Python 3.13"):
        lists_for(LOCK, "3.13", ["alpha", "delta", "omega"])


def test_the_lists_of_an_earlier_bundle_go(tmp_path):
    main("3.11", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"1.txt", "2.txt"}
    main("3.12", tmp_path, "numpy")
    (only,) = tmp_path.iterdir()
    assert only.read_text().startswith("numpy==2")
