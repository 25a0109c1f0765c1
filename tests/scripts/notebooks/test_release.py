"""What is generated from the solved notebooks, on disk, and what the command says when something is wrong."""

import json

import pytest
from notebook_examples import code, notebook, only, save, solved_example

from scripts.notebooks import release
from scripts.notebooks.notebook import NotebookError, read_notebook


@pytest.fixture
def folders(tmp_path):
    """A solved notebook and what is generated from it, on disk."""
    attendee = tmp_path / "notebooks"
    solved = attendee / "solved"
    save(solved / "01_example.ipynb", solved_example())
    assert release.write_attendees(solved, attendee) == []
    return solved, attendee


def test_generated_files_agree_and_are_generated_alike(folders):
    solved, attendee = folders
    first = (attendee / "01_example.ipynb").read_bytes()
    assert release.check(solved, attendee) == []
    assert release.write_attendees(solved, attendee) == []
    assert (attendee / "01_example.ipynb").read_bytes() == first
    assert first.endswith(b"}\n")


def test_edited_stub_is_drift(folders):
    solved, attendee = folders
    path = attendee / "01_example.ipynb"
    path.write_text(path.read_text().replace("pass  # Your code here", "pass  # My code"))
    edited = path.read_text()
    problem = only(release.check(solved, attendee))
    assert problem.startswith("01_example.ipynb: differs from what is generated")
    assert "pass  # My code" in problem and '+    "    pass  # Your code here' in problem
    assert path.read_text() == edited, "--check writes nothing"


def test_long_drift_is_cut(folders):
    solved, attendee = folders
    (attendee / "01_example.ipynb").write_text("\n".join("abcdefgh" * 20))
    problem = only(release.check(solved, attendee))
    assert problem.count("\n") < 25 and "more lines" in problem


def test_changed_source_is_drift(folders):
    solved, attendee = folders
    nb = solved_example()
    nb.cells[0].source += " Now."
    save(solved / "01_example.ipynb", nb)
    assert "differs from what is generated" in only(release.check(solved, attendee))


def test_missing_and_extra_notebooks_are_drift(folders):
    solved, attendee = folders
    (attendee / "01_example.ipynb").rename(attendee / "02_other.ipynb")
    missing, extra = release.check(solved, attendee)
    assert missing.startswith("01_example.ipynb: missing")
    assert extra.startswith("02_other.ipynb: has no source in solved/")
    assert only(release.write_attendees(solved, attendee)) == extra
    assert (attendee / "02_other.ipynb").exists(), "what has no source is not deleted"


def test_no_notebooks_at_all_is_a_problem(tmp_path):
    assert "no notebooks in" in only(release.check(tmp_path, tmp_path))


def test_check_lists_what_is_wrong_with_each_notebook(folders):
    solved, attendee = folders
    save(solved / "02_bad.ipynb", notebook(code("### END SOLUTION")))
    unexecuted = notebook(code("x = 1"))
    unexecuted.cells[0].execution_count = None
    save(solved / "03_unexecuted.ipynb", unexecuted)
    text = "\n".join(release.check(solved, attendee))
    assert "02_bad, cell 1, line 1: stray" in text
    assert "03_unexecuted, cell 1: not executed" in text
    assert "03_unexecuted.ipynb: missing" in text


def test_one_wrong_notebook_keeps_all_from_being_written(folders):
    solved, attendee = folders
    (attendee / "01_example.ipynb").unlink()
    save(solved / "02_bad.ipynb", notebook(code("### END SOLUTION")))
    assert "stray" in only(release.write_attendees(solved, attendee))
    assert list(attendee.glob("*.ipynb")) == []


@pytest.mark.parametrize(
    "text, message",
    [
        ("not json", "01_example.ipynb: not a notebook"),
        ('{"nbformat": 3}', "01_example.ipynb: not a notebook of format 4"),
        (
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, '
            '"cells": [{"cell_type": "markdown", "metadata": {}, "source": ""}]}',
            "01_example, cell 1: the cell has no id",
        ),
    ],
)
def test_file_that_is_no_notebook_is_a_problem(folders, text, message):
    solved, attendee = folders
    (solved / "01_example.ipynb").write_text(text)
    assert message in only(release.check(solved, attendee))


def test_two_cells_with_one_id_are_a_problem(folders):
    solved, attendee = folders
    nb = solved_example()
    nb.cells[1].id = nb.cells[0].id
    (solved / "01_example.ipynb").write_text(json.dumps(nb))
    assert "cell 2: another cell has the id 'c1' too" in only(release.check(solved, attendee))


def test_instructors_notebooks_are_written(folders, tmp_path):
    solved, attendee = folders
    assert release.write_instructors(tmp_path / "out", solved, attendee) == []
    nb = read_notebook(tmp_path / "out" / "01_example.ipynb")
    assert nb.cells[2].outputs[0].text == "[0 1 2]\n"


def test_instructors_notebooks_never_overwrite_the_source(folders):
    solved, attendee = folders
    before = (solved / "01_example.ipynb").read_bytes()
    for folder in folders:
        assert "would overwrite" in only(release.write_instructors(folder, solved, attendee))
    assert (solved / "01_example.ipynb").read_bytes() == before


def test_what_is_executed_is_told_and_one_that_fails_does_not_stop_the_others(folders, monkeypatch, capsys):
    solved, _ = folders
    save(solved / "01_fails.ipynb", solved_example())
    save(solved / "02_other.ipynb", solved_example())
    ran = []

    def execute(path):
        ran.append(path.stem)
        if path.stem == "01_fails":
            raise NotebookError("01_fails, cell 2: failed")
        return 12.345

    monkeypatch.setattr(release, "execute", execute)
    assert release.execute_all(["01", "02_other.ipynb"], solved) == ["01_fails, cell 2: failed"]
    assert ran == ["01_example", "01_fails", "02_other"]
    assert "01_example: executed in 12.3 s\n" in capsys.readouterr().out
    assert release.execute_all([], solved) and ran[3:] == ran[:3]


def test_unknown_name_is_told_with_the_known_ones_and_nothing_is_done(folders, monkeypatch, capsys):
    monkeypatch.setattr(release, "SOLVED", folders[0])
    monkeypatch.setattr(release, "execute", lambda path: pytest.fail("it was executed"))
    with pytest.raises(SystemExit) as end:
        release.main(["--execute", "01", "07"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "no solved notebook '07' in" in said and said.endswith("there are: 01_example\n")


def test_command_reports_problems_in_its_exit_status(folders, monkeypatch, capsys):
    solved, attendee = folders
    monkeypatch.setattr(release, "SOLVED", solved)
    monkeypatch.setattr(release, "ATTENDEE", attendee)
    assert release.main(["--check"]) == 0
    (attendee / "01_example.ipynb").unlink()
    assert release.main(["--check"]) == 1
    assert "01_example.ipynb: missing" in capsys.readouterr().err
