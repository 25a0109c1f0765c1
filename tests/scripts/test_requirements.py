"""requirements.txt: exact versions with hashes, of what scripts/installation/requirements.in asks for."""

import re
import subprocess
import sys

from deeplearning_tutorial import ROOT

REQUIRED = (ROOT / "scripts/installation/requirements.in").read_text()


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_requirements():
    lines = (re.split("[#;]", line)[0].strip() for line in REQUIRED.splitlines())
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
    heading = re.match(r"(#.*\n)+", REQUIRED)[0]
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


def test_the_packages_fit_each_other():
    """pip installs without looking at what each package asks for: the list must be right."""
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_list_leaves_out_what_makes_each_start_slow():
    assert not {"rfc3987-syntax", "lark"} & set(pinned_requirements())
