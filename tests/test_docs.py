"""What README says is there, and its numbers are those of the notebooks."""

import os
import re

import nbformat
import pytest

from deeplearning_tutorial import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def missing_links(text):
    """Files that a text links to, and that are not there."""
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", text)
    return [target for target in targets if not (ROOT / target).exists()]


def missing_scripts(text):
    """Scripts that a text tells the reader to run, and that cannot be run."""
    named = set(re.findall(r"\bscripts/([a-z_]+)\b(?!\.)", text))
    return sorted(name for name in named if not os.access(ROOT / "scripts" / name, os.X_OK))


def numbers_not_shown(text):
    """Error rates in the table of results that no output of a notebook shows."""
    (table,) = re.findall(r"\| model \| test error \|.*?\n\n", text, flags=re.DOTALL)
    solved = [nbformat.read(path, as_version=4) for path in (ROOT / "notebooks" / "solved").glob("*.ipynb")]
    cells = [cell for nb in solved for cell in nb.cells]
    shown = "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    return [number for number in re.findall(r"\d+\.\d+ %", table) if number not in shown]


def test_every_link_leads_somewhere():
    assert missing_links(README) == []


def test_every_script_named_can_be_run():
    assert missing_scripts(README) == []


def test_every_error_rate_is_one_that_a_notebook_shows():
    assert numbers_not_shown(README) == []


def test_nothing_is_left_to_fill_in():
    assert re.findall(r"@[A-Z]+@|TODO|XXX", README) == []


@pytest.mark.parametrize(
    "find, wrong, found",
    [
        (missing_links, "[card](data/NOTHING.md) [page](https://example.org/x)", ["data/NOTHING.md"]),
        (missing_scripts, "run `scripts/nothing`, then scripts/setup", ["nothing"]),
    ],
)
def test_what_is_missing_is_found(find, wrong, found):
    assert find(wrong) == found


def test_a_number_that_no_notebook_shows_is_found():
    changed = README.replace("7.75 %", "7.57 %")
    assert numbers_not_shown(changed) == ["7.57 %"]


# Teaching notes ------------------------------------------------------------------------------------------------------

TEACHING = ROOT / "notebooks" / "teaching"
SOLVED = {path.stem: nbformat.read(path, as_version=4) for path in (ROOT / "notebooks" / "solved").glob("*.ipynb")}


def headings(nb):
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return set(re.findall(r"^#+ (.+?)\s*$", text, flags=re.MULTILINE))


def wrong_places(table):
    """Headings in the table of slides that are not in the notebook which it names."""
    rows = re.findall(r"^\| [^|]*\| (\d\d_\w+) \| ([^|]+) \|$", table, flags=re.MULTILINE)
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
    wrong = "| Momentum | 03_sgd_momentum | A narrow valley; A wide valley |\n"
    assert wrong_places(wrong) == [("03_sgd_momentum", "A wide valley")]


# What can go wrong ---------------------------------------------------------------------------------------------------

FAULTS = (ROOT / "WHAT_CAN_GO_WRONG.md").read_text(encoding="utf-8")


def missing_tests(text):
    """Tests that a table names, and that no file defines; and rows without one."""
    defined = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    rows = [
        line.rsplit(" | ", 1)[1]
        for line in text.splitlines()
        if line.startswith("| ") and not line.endswith("| test |")
    ]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    return [row for row, names in zip(rows, named) if not names] + [
        name for names in named for name in names if name not in defined
    ]


def test_each_fault_is_backed_by_a_test():
    assert missing_tests(FAULTS) == []
    assert missing_links(FAULTS) == [] and missing_scripts(FAULTS) == []


def test_a_row_without_its_test_is_found():
    assert missing_tests("| a | b | `test_that_nobody_wrote` |\n| a | b | see [test_data](tests/test_data.py) |") == [
        "see [test_data](tests/test_data.py) |",
        "test_that_nobody_wrote",
    ]
