"""scripts/offline_bundle: one file that brings everything to a machine without a network; here the whole workshop.

A few bytes stand for packages.
"""

import shutil
import sys
import zipfile

import pytest
from bundling import SCRIPT, call, folder_of_programs, namespace, run

from deeplearning_tutorial import ROOT


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
    names = call("eval", 'echo "${needed_packages[@]}" "${useful_packages[@]}"').split()
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
