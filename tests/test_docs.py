"""What the pages say is there, their numbers are those of the notebooks, and their lines are no longer than a screen."""

import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from deeplearning_tutorial import ROOT


def find_pages():
    """All pages of the repository, and not those of packages and caches."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "build")
        yield from (Path(folder, name).relative_to(ROOT) for name in sorted(files) if name.endswith(".md"))


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


PAGES = list(find_pages())
FRONT_PAGE, RESULTS, FAULTS, DEVELOPMENT = (
    read(page) for page in ["README.md", "results/README.md", "docs/troubleshooting.md", "docs/development.md"]
)
each_page = pytest.mark.parametrize("page", PAGES, ids=str)


# All pages -----------------------------------------------------------------------------------------------------------


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text):
    """What GitHub calls the headings of a page in links."""
    headings = re.findall(r"^#+ (.+?)\s*$", without_code(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missing_links(text, page="README.md"):
    """Files, and headings in them, that a page links to, and that are not there."""
    missing = []
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", without_code(text)):
        name, _, anchor = target.partition("#")
        path = ROOT / Path(page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(text if not name else path.read_text("utf-8"))):
            missing.append(target)
    return missing


def missing_scripts(text):
    """Scripts that a text tells the reader to run, and that cannot be run."""
    named = set(re.findall(r"\bscripts/([a-z_]+)\b(?!\.\w|/)", text))
    return sorted(name for name in named if not os.access(ROOT / "scripts" / name, os.X_OK))


def missing_paths(text):
    """Files and folders of this repository that a text names, and that are not there."""
    named = re.findall(r"`((?:deeplearning_tutorial|scripts|tests|docs|findings)/[\w./-]+)`", text)
    return [name for name in named if not (ROOT / name).exists()]


def long_lines(text, most=100):
    """Lines of more than a hundred columns; code is left out, and what has no space to break at, such as an address."""
    words = [re.sub(r"^\s*([-*>]|\d+\.)?\s*", "", line) for line in without_code(text).splitlines()]
    lines = without_code(text).splitlines()
    return [line for line, rest in zip(lines, words) if len(line) > most and " " in rest]


@each_page
def test_every_link_leads_somewhere(page):
    assert missing_links(read(page), page) == []


@each_page
def test_what_is_named_is_there(page):
    assert missing_scripts(read(page)) == []
    if page.name != "CHANGELOG.md":  # it tells of the past
        assert missing_paths(read(page)) == []


@each_page
def test_no_line_is_longer_than_a_hundred_columns(page):
    assert long_lines(read(page)) == []


@each_page
def test_nothing_is_left_to_fill_in(page):
    assert re.findall(r"@[A-Z]+@|TODO|XXX", read(page)) == []


@pytest.mark.parametrize(
    "find, wrong, found",
    [
        (missing_links, "[card](data/NOTHING.md) [page](https://example.org/x)", ["data/NOTHING.md"]),
        (missing_links, "# One\n[a](#one) [b](#two) [c](data/README.md#mnist)", ["#two"]),
        (missing_links, "[a link over\ntwo lines](data/README.md#nothing)", ["data/README.md#nothing"]),
        (missing_scripts, "run `scripts/nothing`, then scripts/setup. See scripts/files.py", ["nothing"]),
        (missing_paths, "`tests/test_docs.py` and `tests/test_nothing.py`", ["tests/test_nothing.py"]),
        (long_lines, f"short\n| {'a ' * 50}|\n", [f"| {'a ' * 50}|"]),
        (long_lines, f"- https://{'a' * 100}\n```\n{'a ' * 60}\n```\n", []),
    ],
)
def test_what_is_wrong_with_a_page_is_found(find, wrong, found):
    assert find(wrong) == found


def test_a_link_is_meant_from_the_folder_of_its_page():
    assert missing_links("[a](README.md) [b](../README.md)", "docs/gpu.md") == []
    assert missing_links("[a](../gpu.md)", "docs/gpu.md") == ["../gpu.md"]


def test_all_pages_are_looked_at():
    names = {str(page) for page in PAGES}
    assert {"README.md", "docs/speed.md", "notebooks/teaching/02_mlp.md", "data/README.md", "CHANGELOG.md"} <= names
    assert not any(name.startswith((".venv", "build")) for name in names)


# The front page, and the numbers -------------------------------------------------------------------------------------


def test_the_front_page_is_short():
    assert len(FRONT_PAGE.splitlines()) <= 120


def numbers_not_shown(text, elsewhere=""):
    """Error rates in the table of a page that no output of a notebook shows, nor what stands elsewhere."""
    (table,) = re.findall(r"\| model \| test error \|.*?\n\n", text, flags=re.DOTALL)
    cells = [cell for nb in SOLVED.values() for cell in nb.cells]
    shown = "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    return [number for number in re.findall(r"\d+\.\d+ %", table) if number not in shown + elsewhere]


SOLVED = {path.stem: nbformat.read(path, as_version=4) for path in (ROOT / "notebooks" / "solved").glob("*.ipynb")}
(PUBLISHED,) = re.findall(r"<!-- results: begin .*?<!-- results: end -->", RESULTS, flags=re.DOTALL)
PUBLISHED = re.sub(r"\d+\.\d+ to \d+\.\d+ %", "", PUBLISHED)  # an interval has two ends, and nobody got those


def test_every_error_rate_is_one_that_a_notebook_shows():
    assert numbers_not_shown(RESULTS) == []


def test_those_on_the_front_page_are_shown_by_a_notebook_or_were_reproduced():
    assert numbers_not_shown(FRONT_PAGE, PUBLISHED) == []


def test_a_number_that_no_notebook_shows_is_found():
    assert numbers_not_shown(RESULTS.replace("7.75 %", "7.57 %")) == ["7.57 %"]
    assert numbers_not_shown(FRONT_PAGE.replace("0.54 %", "0.45 %"), PUBLISHED) == ["0.45 %"]


# Teaching notes ------------------------------------------------------------------------------------------------------

TEACHING = ROOT / "notebooks" / "teaching"


def headings(nb):
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return set(re.findall(r"^#+ (.+?)\s*$", text, flags=re.MULTILINE))


def wrong_places(table):
    """Headings in the table of slides that are not in the notebook which it names."""
    rows = re.findall(r"^\| (?:[^|]* )?\| (\d\d_\w+) \| ([^|]+) \|$", table, flags=re.MULTILINE)
    rows = [row for row in rows if not row[1].strip().isdigit()]
    return [
        (name, place)
        for name, places in rows
        for place in places.strip().split("; ")
        if place not in headings(SOLVED[name])
    ]


def test_every_notebook_has_a_page_of_notes():
    assert {path.stem for path in TEACHING.glob("[0-9]*.md")} == set(SOLVED)


@pytest.mark.parametrize("name", SOLVED)
def test_a_page_is_a_page(name):
    lines = (TEACHING / f"{name}.md").read_text(encoding="utf-8").splitlines()
    assert 15 < len(lines) <= 50


def test_each_slide_is_where_the_table_says():
    table = (TEACHING / "README.md").read_text(encoding="utf-8")
    assert table.count("| 03_sgd_momentum | ") >= 4
    assert wrong_places(table) == []


def test_a_heading_that_is_not_there_is_found():
    wrong = (
        "| Momentum | 03_sgd_momentum | A narrow valley; A wide valley |\n"
        "| | 03_sgd_momentum | Over a dip |\n"
        "| | 03_sgd_momentum | Over a cliff |\n"
    )
    assert wrong_places(wrong) == [("03_sgd_momentum", "A wide valley"), ("03_sgd_momentum", "Over a cliff")]


# What can go wrong ---------------------------------------------------------------------------------------------------


def faults(text):
    """The list of all that was tried: what is wrong, and the rest of the item, which ends with its tests."""
    _, _, tried = text.partition("\n## What can go wrong")
    return re.findall(r"^- \*\*(.+?)\*\*\\\n(.*?)(?=^- |^#|^\n|\Z)", tried, flags=re.MULTILINE | re.DOTALL)


def missing_tests(text):
    """Faults without a test, and tests that the file named with them does not define."""
    missing = []
    for fault, rest in faults(text):
        files = re.split(r"\]\(\.\./(tests/[\w/]+\.py)\):", rest)[1:]
        named = [(path, name) for path, names in zip(files[::2], files[1::2]) for name in re.findall(r"`(\w+)`", names)]
        missing += [] if named else [fault]
        missing += [name for path, name in named if not re.search(rf"^def {name}\(", read(path), re.MULTILINE)]
    return missing


def test_each_fault_is_backed_by_a_test():
    assert missing_tests(FAULTS) == []
    assert len(faults(FAULTS)) >= FAULTS.count("](../tests/") * 0.8 > 40  # the list is read to its end


def test_a_fault_without_its_test_is_found():
    wrong = (
        "\n## What can go wrong\n\n"
        "- **A**\\\n  one\\\n  [test_docs](../tests/test_docs.py): `test_that_nobody_wrote`\n"
        "- **B**\\\n  two\\\n  see [test_docs](../tests/test_docs.py)\n"
        "- **C**\\\n  three\\\n  [test_docs](../tests/test_docs.py): `test_the_front_page_is_short`\n"
    )
    assert missing_tests(wrong) == ["test_that_nobody_wrote", "B"]


# What Theano computes wrongly ------------------------------------------------------------------------------------------------

CORRECTIONS = read("docs/theano-corrections.md")


def unwritten_tests(page):
    """The tests that a page names and nobody has written, and the numbered rows for which it names none."""
    written = {
        name
        for path in (ROOT / "tests/engine").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = set(re.findall(r"`(test_\w+)`", page))
    rows = set(re.findall(r"^\| (P?\d+) \|", page, flags=re.MULTILINE))
    backed = set()
    for paragraph in re.findall(r"^Tests.*?(?=\n\n)", page, flags=re.DOTALL | re.MULTILINE):
        backed |= set(re.findall(r"\bP?\d+\b", paragraph))
        for first, last in re.findall(r"\b(\d+) to (\d+)\b", paragraph):
            backed |= {str(i) for i in range(int(first), int(last) + 1)}
    return sorted(named - written) + sorted(rows - backed)


def test_each_correction_is_backed_by_a_test():
    assert unwritten_tests(CORRECTIONS) == []
    assert len(re.findall(r"^\| P?\d+ \|", CORRECTIONS, flags=re.MULTILINE)) > 70


def test_a_correction_without_its_test_is_found():
    page = "| 1 | x | 0 | 1 |\n| 2 | y | 0 | 1 |\n| 3 | z | 0 | 1 |\n\nTests: 1 to 2 `test_that_nobody_wrote`.\n\n"
    assert unwritten_tests(page) == ["test_that_nobody_wrote", "3"]


# The house -----------------------------------------------------------------------------------------------------------


def rooms():
    """Folders that hold code."""
    folders = [path for name in ["deeplearning_tutorial", "scripts", "tests"] for path in (ROOT / name).glob("*/")]
    return {f"{path.relative_to(ROOT)}/" for path in folders if any(path.glob("*.py")) or any(path.glob("*.sh"))}


def drawn(text):
    """The files and folders in the tree of the house."""
    (tree,) = re.findall(r"## What is where\n.*?```\n(.*?)```", text, flags=re.DOTALL)
    return [line.split()[0] for line in tree.splitlines() if line.strip()]


def test_the_tree_shows_each_room_and_nothing_else():
    places = drawn(DEVELOPMENT)
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert rooms() - set(places) == set()


def test_a_place_that_is_not_there_is_found():
    changed = DEVELOPMENT.replace("deeplearning_tutorial/engine/ ", "deeplearning_tutorial/cellar/ ")
    places = drawn(changed)
    assert [place for place in places if not (ROOT / place).exists()] == ["deeplearning_tutorial/cellar/"]
    assert rooms() - set(places) == {"deeplearning_tutorial/engine/"}


# Findings ------------------------------------------------------------------------------------------------------------


def finding_problems(script, page):
    """What a finding lacks of the form that findings/README.md gives it."""
    text = script.read_text(encoding="utf-8")
    parses = subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0
    return [
        problem
        for problem, found in {
            "cannot be run": not os.access(script, os.X_OK),
            "is no bash": not parses,
            "goes on after an error": "\nset -euo pipefail\n" not in text,
            "uses the project": re.search(r"deeplearning_tutorial|\.venv|scripts/", text),
            "pins no package": "==" not in text,
            "leaves its folder behind": "mktemp -d" not in text or "trap " not in text,
            "is not in the list": script.name not in page,
        }.items()
        if found
    ]


FINDINGS = sorted((ROOT / "findings").glob("*.sh"))


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.name)
def test_a_finding_has_its_form(script):
    assert finding_problems(script, read("findings/README.md")) == []


def test_a_finding_without_its_form_is_found(tmp_path):
    script = tmp_path / "nothing.sh"
    script.write_text("#!/usr/bin/env bash\nscripts/setup (\n")
    assert finding_problems(script, read("findings/README.md")) == [
        "cannot be run",
        "is no bash",
        "goes on after an error",
        "uses the project",
        "pins no package",
        "leaves its folder behind",
        "is not in the list",
    ]
