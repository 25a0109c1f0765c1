"""What a Python needs of requirements.txt, without markers: pip would ask them of the Python that it runs in.

    python -m scripts.offline.requirements VERSION FOLDER [NAME]...

writes lists of these packages, or of all, for any Python of a version such as 3.13: FOLDER/1.txt, and 2.txt and so on
where its releases, such as 3.11.2 and 3.11.9, need different versions of a package, of which pip takes one a list. Theano
is left out, as it comes without a wheel.
"""

import re
import sys
from pathlib import Path

from packaging.markers import Marker

from scripts import ROOT
from scripts.files import write_atomically

MOST_RELEASES = 40  # of one version of Python: more than there ever were

# A requirement begins its line; hashes and comments on it are indented.
REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)(?P<version>==\S+)(?: ; (?P<marker>[^\\\n]+?))?(?P<rest>(?: \\)?\n(?:[ \t].*\n)*)", re.M
)


def is_for(marker, version):
    """Whether some release of this version of Python, on a machine like this, needs what has this marker."""
    if not marker:
        return True
    marker = Marker(marker)
    return any(
        marker.evaluate({"python_version": version, "python_full_version": f"{version}.{release}"})
        for release in range(MOST_RELEASES)
    )


def lists_for(text, version, names=()):
    """The lists of requirements, as texts.

    Raises
    ------
    ValueError
        If one of the names is not there.
    """
    versions_of = {}
    for entry in REQUIREMENT.finditer(text):
        if is_for(entry["marker"], version) and (entry["name"] in names or not names):
            versions_of.setdefault(entry["name"], []).append(f"{entry['name']}{entry['version']}{entry['rest']}")
    if missing := set(names) - set(versions_of):
        raise ValueError(f"requirements.txt has no {', '.join(sorted(missing))} for Python {version}.")
    versions_of.pop("theano", None)
    lists = []
    for versions in versions_of.values():
        lists += [""] * (len(versions) - len(lists))
        for number, requirement in enumerate(versions):
            lists[number] += requirement
    return lists


def main(version, folder, *names):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for old in Path(folder).glob("*.txt"):
        old.unlink()
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for number, requirements in enumerate(lists_for(text, version, names), 1):
        write_atomically(Path(folder) / f"{number}.txt", requirements)


if __name__ == "__main__":
    main(*sys.argv[1:])
