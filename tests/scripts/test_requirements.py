"""requirements.txt: exact versions with hashes, of what scripts/installation/requirements.in asks for, for each Python."""

import os
import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from repository_copy import run, write_program

from deeplearning_tutorial import ROOT

REQUIRED = (ROOT / "scripts/installation/requirements.in").read_text()
LOCKED = (ROOT / "requirements.txt").read_text()
PYTHONS = ["3.11.2", "3.11.9", "3.12.3", "3.13.5", "3.14.0"]
each_python = pytest.mark.parametrize("python", PYTHONS)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def is_wanted(requirement, python):
    environment = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
    }
    return requirement.marker is None or requirement.marker.evaluate(environment)


def direct_requirements(python):
    lines = (line.partition(" #")[0].strip() for line in REQUIRED.splitlines())
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [requirement for requirement in requirements if is_wanted(requirement, python)]


def pinned_requirements(python, text=LOCKED):
    """Name and version of what requirements.txt installs on a Python."""
    pinned = {}
    for line in re.findall(r"^[A-Za-z0-9].*==.*$", text, flags=re.MULTILINE):
        requirement = Requirement(line.rstrip(" \\"))
        if is_wanted(requirement, python):
            name = canonical(requirement.name)
            assert name not in pinned, f"{name} twice on Python {python}"
            pinned[name] = str(requirement.specifier).removeprefix("==")
    return pinned


@each_python
def test_every_direct_requirement_is_pinned_as_it_asks(python):
    pinned = pinned_requirements(python)
    for requirement in direct_requirements(python):
        assert requirement.specifier.contains(pinned[canonical(requirement.name)])


def test_two_versions_of_a_package_for_one_python_are_seen():
    text = "numpy==1.23.5 ; python_version < '3.13' \\\n\nnumpy==2.4.6 ; python_version > '3.11' \\\n"
    assert pinned_requirements("3.11.2", text) == {"numpy": "1.23.5"}
    with pytest.raises(AssertionError, match="numpy twice on Python 3.12.3"):
        pinned_requirements("3.12.3", text)


def test_every_requirement_has_hashes():
    requirements = re.findall(r"^[^\s#].*$", LOCKED, flags=re.MULTILINE)
    assert all(re.match(r"[A-Za-z0-9._-]+==[^ ]+ (; .* )?\\$", line) for line in requirements)
    blocks = [block for block in re.split(r"\n(?=[a-zA-Z0-9])", "\n" + LOCKED) if re.match(r"[a-zA-Z0-9]", block)]
    assert len(blocks) == len(requirements)
    assert all("--hash=sha256:" in block for block in blocks)


@each_python
def test_what_theano_needs_is_at_a_version_that_it_works_with(python):
    pinned = pinned_requirements(python)
    old = ["1.0.5", "1.23.5", "1.10.1", "66.1.1"]
    new = ["1.0.5", "2.4.6", "1.17.1", "80.10.2"]
    wanted = old if python.startswith("3.11.") else new
    assert [pinned[name] for name in ("theano", "numpy", "scipy", "setuptools")] == wanted


def test_requirements_say_what_a_reader_must_know():
    heading = re.match(r"(#.*\n)+", REQUIRED)[0]
    assert LOCKED.startswith(heading)
    for fact in ("Python 3.11 to 3.14", "pygpu", "not on PyPI", "python3-pygpu", "scripts/lock_requirements"):
        assert fact in heading


def test_requirements_name_no_index_and_no_folder_of_the_machine_they_were_compiled_on():
    for text in (LOCKED, (ROOT / "scripts/installation/uv.txt").read_text()):
        assert "://" not in text
        assert not re.search(r"^-", text, flags=re.MULTILINE)
        assert not re.search(r"\s/[a-z]", text)


def test_the_environment_has_what_requirements_say():
    import numpy
    import scipy

    pinned = pinned_requirements(".".join(map(str, sys.version_info[:3])))
    assert (numpy.__version__, scipy.__version__) == (pinned["numpy"], pinned["scipy"])


def test_the_packages_fit_each_other():
    """pip installs without looking at what each package asks for: the list must be right."""
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_list_leaves_out_what_makes_each_start_slow():
    assert not {"rfc3987-syntax", "lark"} & set(pinned_requirements(PYTHONS[0]))
    assert "rfc3987" not in re.sub("#.*", "", LOCKED)


# scripts/lock_requirements, with a stand-in for uv --------------------------------------------------------------------

UV = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *--python-version\\ 3.14*aarch64*) echo 'contourpy==1.3.2 has no usable wheels' >&2; exit "$STATUS" ;;
esac
grep -q '^theano==' "$(eval echo '${'$#'}')" && exit 3
exit 0
"""


@pytest.mark.parametrize("status", [0, 1])
def test_a_package_without_a_wheel_is_seen(tmp_path, status):
    write_program(tmp_path / "uv", UV)
    calls = tmp_path / "calls"
    result = run(
        ROOT / "scripts/lock_requirements",
        "--check",
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        CALLS=str(calls),
        STATUS=str(status),
    )
    assert result.returncode == status
    assert ("Python 3.14 on aarch64 lacks a wheel:\ncontourpy==1.3.2" in result.stderr) == bool(status)
    asked = re.findall(
        r"--only-binary :all:.*--python-version (\S+) --python-platform (\w+)-manylinux", calls.read_text()
    )
    assert asked == [(f"3.{minor}", machine) for minor in (11, 12, 13, 14) for machine in ("x86_64", "aarch64")]
