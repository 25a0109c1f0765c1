"""The generator of notebooks is fed everything it is there to find."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from scripts.notebooks import release

SOLUTION = """\
def predict(p_y_given_x):
    ### BEGIN SOLUTION
    # The class with the largest probability.
    return numpy.argmax(p_y_given_x, axis=1)
    ### END SOLUTION
"""


def code(source, outputs=(), count=None, **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def stdout(text):
    return new_output("stream", name="stdout", text=text)


def notebook(*cells):
    """A solved notebook with cell ids c1, c2, … and code cells run in order."""
    nb = new_notebook(cells=list(cells))
    count = 0
    for number, cell in enumerate(nb.cells, start=1):
        cell.id = f"c{number}"
        if cell.cell_type == "code" and cell.execution_count is None:
            count += 1
            cell.execution_count = count
    return nb


def solved_example():
    return notebook(
        new_markdown_cell("# Predicting\n\nWrite `predict`."),
        code("import numpy", tags=["setup"]),
        code(SOLUTION + "\nprint(predict(numpy.eye(3)))", [stdout("[0 1 2]\n")], collapsed=True),
    )


@pytest.fixture
def folders(tmp_path):
    """A solved notebook and what is generated from it, on disk."""
    attendee = tmp_path / "notebooks"
    solved = attendee / "solved"
    save(solved / "01_example.ipynb", solved_example())
    assert release.write_attendees(solved, attendee) == []
    return solved, attendee


def save(path, nb):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(nb), encoding="utf-8")


def problems_of(*cells):
    """What keeps these cells from being released."""
    with pytest.raises(release.NotebookError) as caught:
        release.attendee_notebook(notebook(*cells), "01_x")
    return caught.value.problems


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


# --- What is generated -----------------------------------------------------------------


def test_attendee_sees_a_stub_and_the_code_around_the_solution():
    cells = release.attendee_notebook(solved_example()).cells
    assert cells[2].source == (
        "def predict(p_y_given_x):\n    pass  # Your code here: replace this line.\n\nprint(predict(numpy.eye(3)))"
    )


def test_attendee_gets_no_outputs_counts_or_noise_but_ids_and_tags():
    nb = solved_example()
    nb.metadata["widgets"] = {"state": {}}
    attendee = release.attendee_notebook(nb)
    assert attendee.metadata == release.METADATA
    assert [cell.id for cell in attendee.cells] == ["c1", "c2", "c3"]
    assert [cell.metadata for cell in attendee.cells] == [{}, {"tags": ["setup"]}, {}]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in attendee.cells[1:])


def test_generating_does_not_change_the_solved_notebook():
    nb = solved_example()
    release.attendee_notebook(nb)
    release.instructor_notebook(nb)
    assert nb == solved_example()


@pytest.mark.parametrize("indent", ["", "    ", "        "])
def test_stub_is_indented_as_its_marker(indent):
    header = {"": "", "    ": "def f():\n", "        ": "class A:\n    def f(self):\n"}[indent]
    source = f"{header}{indent}### BEGIN SOLUTION\n{indent}x = 1\n{indent}### END SOLUTION"
    cell = release.attendee_notebook(notebook(code(source))).cells[0]
    assert cell.source == f"{header}{indent}{release.STUB['python']}"


def test_unsolved_exercise_runs_and_displays_nothing():
    source = "answer = None\n### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION"
    stub = release.attendee_notebook(notebook(code(source))).cells[0].source
    namespace = {}
    exec(stub, namespace)
    assert namespace["answer"] is None


def test_several_solutions_in_a_cell_get_a_stub_each():
    source = SOLUTION + SOLUTION.replace("predict", "guess")
    assert release.attendee_notebook(notebook(code(source))).cells[0].source.count("pass") == 2


def test_magics_and_top_level_await_compile():
    source = "%matplotlib inline\n!true\nawait sleep()"
    release.attendee_notebook(notebook(code(source), code("%%time\nx = 1"), code("%%bash\nls -l")))


def test_instructor_gets_code_and_outputs_without_markers():
    nb = solved_example()
    instructor = release.instructor_notebook(nb)
    assert "SOLUTION" not in nbformat.writes(instructor)
    assert "    return numpy.argmax(p_y_given_x, axis=1)\n\n" in instructor.cells[2].source
    assert [cell.get("outputs") for cell in instructor.cells] == [cell.get("outputs") for cell in nb.cells]
    assert [line for line in nb.cells[2].source.split("\n") if "SOLUTION" not in line] == (
        instructor.cells[2].source.split("\n")
    )


def test_output_that_shows_a_marker_is_not_for_instructors():
    nb = notebook(code(SOLUTION, [stdout("x\n### BEGIN SOLUTION\n")]))
    with pytest.raises(release.NotebookError, match="an output of 01_x, cell 1: shows a solution"):
        release.instructor_notebook(nb, "01_x")


# --- Markers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, message",
    [
        ("x = 1\n### END SOLUTION", "01_x, cell 2, line 2: stray '### END SOLUTION'"),
        (SOLUTION + "### END SOLUTION", "01_x, cell 2, line 6: stray"),
        (
            "### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
            "01_x, cell 2, line 2: nested '### BEGIN SOLUTION'; end the one of line 1 first",
        ),
        ("x = 1\n### BEGIN SOLUTION\ny = 2", "01_x, cell 2, line 2: unclosed '### BEGIN SOLUTION'"),
        ("# Begin solution\nx = 1", "01_x, cell 2, line 1: '# Begin solution' is no marker"),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTIONS", "'### END SOLUTIONS' is no marker"),
        ("x = 1  ### BEGIN SOLUTION\ny = 2", "is no marker; write '### BEGIN SOLUTION'"),
    ],
)
def test_wrong_marker_is_named_with_cell_and_line(source, message):
    assert message in problems_of(new_markdown_cell("Text"), code(source))[0]


def test_marker_in_markdown_is_an_error():
    cell = new_markdown_cell("Solve this:\n\n### BEGIN SOLUTION")
    problem = only(problems_of(cell))
    assert "01_x, cell 1, line 3: '### BEGIN SOLUTION' in a markdown cell" in problem


def test_all_wrong_markers_are_listed():
    assert len(problems_of(code("### END SOLUTION"), code("### BEGIN SOLUTION"))) == 2


def test_nbgrader_metadata_is_an_error():
    assert "nbgrader metadata" in only(problems_of(code("x = 1", nbgrader={"solution": True})))


def test_notebook_in_another_language_is_an_error():
    nb = notebook(code("x <- 1"))
    nb.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    with pytest.raises(release.NotebookError, match="no stub for the language 'R'"):
        release.attendee_notebook(nb)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n### BEGIN SOLUTION\n    return 1\n### END SOLUTION",
        "if x:\n    ### BEGIN SOLUTION\n    y = 1\nelse:\n    ### END SOLUTION\n  y = 2",
        "### BEGIN SOLUTION\ntry:\n    f()\n### END SOLUTION\nexcept ValueError:\n    pass",
        "%%time\ndef f():\n### BEGIN SOLUTION\n    return 1\n### END SOLUTION",
    ],
)
def test_cell_that_does_not_compile_with_its_stub_is_an_error(source):
    problem = only(problems_of(code(source)))
    assert "01_x, cell 1, line" in problem
    assert "no valid Python" in problem


# --- Leaks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leak",
    [
        new_markdown_cell("Text\n\nTry `return numpy.argmax(p_y_given_x, axis=1)`!"),
        new_markdown_cell("    return numpy.argmax( p_y_given_x,axis = 1 )"),
        code("# return numpy.argmax(p_y_given_x, axis=1)\nx = 1"),
        code('print("return numpy.argmax(p_y_given_x, axis=1)")'),
        code("x = 1  # return numpy.argmax(p_y_given_x, axis=1)"),
    ],
)
def test_quoted_solution_is_a_leak(leak):
    problem = only(problems_of(code(SOLUTION), leak))
    assert "01_x, cell 1, line 4: this line of a solution, 'return numpy.argmax" in problem
    assert "can be read in 01_x, cell 2, line " in problem


@pytest.mark.parametrize(
    "output",
    [
        stdout("def predict():\n    return numpy.argmax(p_y_given_x, axis=1)\n"),
        new_output("execute_result", {"text/plain": "return numpy.argmax(p_y_given_x, axis=1)"}),
        new_output("display_data", {"text/html": "<b>return numpy.argmax(p_y_given_x, axis=1)</b>"}),
    ],
)
def test_solution_in_an_output_is_a_leak(output):
    solved = notebook(code(SOLUTION), code("show()"))
    attendee = release.attendee_notebook(solved)
    attendee.cells[1].outputs = [output]
    problem = only(release.leak_problems(solved, attendee, "01_x"))
    assert "can be read in an output of 01_x, cell 2: " in problem


def test_solution_with_a_trailing_comment_leaks_without_it():
    source = "### BEGIN SOLUTION\ncost = T.mean(errors)  # over the batch\n### END SOLUTION"
    assert "this line of a solution" in only(problems_of(code(source), new_markdown_cell("`cost = T.mean(errors)`")))


def test_visible_and_short_and_comment_lines_are_no_leak():
    source = (
        "for x in batches:\n    ### BEGIN SOLUTION\n    # Add them up, one by one.\n"
        "    if x:\n        total = total + x\n    cost = f(x)\n    return x\n    ### END SOLUTION"
    )
    release.attendee_notebook(
        notebook(
            code("def g():\n  " + source.replace("\n", "\n  ")),
            code("total = 0\ntotal = total + x"),
            new_markdown_cell("# Add them up, one by one.\n\n`total = total + x`, then return x."),
        )
    )


def test_part_of_a_longer_name_is_no_leak():
    source = "### BEGIN SOLUTION\ncost = mean_of\n### END SOLUTION"
    release.attendee_notebook(notebook(code(source), code("zero_cost = mean_of\ncost = mean_of_x")))


def test_whole_solution_in_visible_code_is_a_leak():
    lines = "hidden = T.tanh(T.dot(x, W))\noutput = T.nnet.softmax(hidden)"
    solution = f"### BEGIN SOLUTION\n{lines}\n### END SOLUTION"
    assert "holds all lines of this solution" in only(problems_of(code(solution), code(lines)))


def test_stub_that_kept_its_markers_is_found():
    nb = notebook(code(SOLUTION))
    assert len(release.leak_problems(nb, nb)) >= 2


# --- The record of one run -------------------------------------------------------------


def solved_problems(*cells, root="/repo"):
    return release.solved_problems(notebook(*cells), "01_x", Path(root))


def test_clean_run_has_no_problems():
    cells = [code("x"), new_markdown_cell("Text"), code("y", [stdout("a/tmp/b, 3/home, ~/x\n")])]
    assert solved_problems(*cells) == []


def test_cell_that_was_not_executed_is_a_problem():
    nb = notebook(code("x = 1"), code(""))
    assert release.solved_problems(nb) == []
    nb.cells[0].execution_count = nb.cells[1].execution_count = None
    assert "notebook, cell 1: not executed" in only(release.solved_problems(nb))


def test_cells_executed_out_of_order_are_a_problem():
    assert "cell 2: executed as [7], not as [2]" in only(solved_problems(code("x", count=1), code("y", count=7)))


def test_saved_error_is_a_problem_unless_expected():
    error = new_output("error", ename="ValueError", evalue="bad", traceback=[])
    problem = only(solved_problems(code("f()", [error])))
    assert "01_x, cell 1: saved error ValueError: bad" in problem
    assert solved_problems(code("f()", [error], tags=["raises-exception"])) == []


@pytest.mark.parametrize(
    "path",
    [
        "/repo",
        "/repo/data/x",
        "/root/x",
        "/home/ada/x",
        "/Users/ada",
        r"C:\Users\ada",
        "/tmp/ipykernel_12/3.py:1: UserWarning",
        str(Path.home() / "x"),
    ],
)
def test_path_of_the_machine_in_an_output_is_a_problem(path):
    output = new_output("execute_result", {"text/plain": f"ok\nread '{path}'"})
    problem = only(solved_problems(code("x", [output])))
    assert "01_x, cell 1, line 2 of an output: " in problem


def test_pictures_are_not_searched_for_paths():
    picture = new_output("display_data", {"image/png": "iVBO+/tmp/+/home/ada/"})
    assert solved_problems(code("x", [picture])) == []


# --- Files -----------------------------------------------------------------------------


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
    (solved / "01_example.ipynb").write_text(release.json.dumps(nb))
    assert "cell 2: another cell has the id 'c1' too" in only(release.check(solved, attendee))


def test_instructors_notebooks_are_written(folders, tmp_path):
    solved, attendee = folders
    assert release.write_instructors(tmp_path / "out", solved, attendee) == []
    nb = release.read_notebook(tmp_path / "out" / "01_example.ipynb")
    assert nb.cells[2].outputs[0].text == "[0 1 2]\n"


def test_instructors_notebooks_never_overwrite_the_source(folders):
    solved, attendee = folders
    before = (solved / "01_example.ipynb").read_bytes()
    for folder in folders:
        assert "would overwrite" in only(release.write_instructors(folder, solved, attendee))
    assert (solved / "01_example.ipynb").read_bytes() == before


def test_command_reports_problems_in_its_exit_status(folders, monkeypatch, capsys):
    solved, attendee = folders
    monkeypatch.setattr(release, "SOLVED", solved)
    monkeypatch.setattr(release, "ATTENDEE", attendee)
    assert release.main(["--check"]) == 0
    (attendee / "01_example.ipynb").unlink()
    assert release.main(["--check"]) == 1
    assert "01_example.ipynb: missing" in capsys.readouterr().err


# --- Running ---------------------------------------------------------------------------


@pytest.fixture
def own_jupyter(tmp_path, monkeypatch):
    """Keep kernels from writing into the home folder."""
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)


def test_execute_runs_in_the_folder_without_progress_bars_and_saves(tmp_path, own_jupyter, capsys):
    path = tmp_path / "01_run.ipynb"
    nb = notebook(
        code("import os, pathlib, tqdm\nfor i in tqdm.trange(3): print(i)", count=9),
        code("print(pathlib.Path('01_run.ipynb').exists())", [stdout("old")], count=9),
        code("import sys\nfor i in 1, 2:\n    print(i, flush=True)\n    print(-i, file=sys.stderr, flush=True)"),
    )
    nb.metadata["language_info"] = {"name": "python", "version": "3.11.99"}
    save(path, nb)
    assert release.execute_all(["01"], tmp_path) == []

    ran = release.read_notebook(path)
    assert [cell.outputs for cell in ran.cells] == [
        [stdout("0\n1\n2\n")],
        [stdout("True\n")],
        [stdout("1\n2\n"), new_output("stream", name="stderr", text="-1\n-2\n")],
    ]
    assert [cell.execution_count for cell in ran.cells] == [1, 2, 3]
    assert ran.metadata == release.METADATA
    assert all(cell.metadata == {} for cell in ran.cells)
    assert release.solved_problems(ran) == []
    assert "01_run: executed in " in capsys.readouterr().out
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["01_run.ipynb"]


def test_failing_notebook_is_left_as_it_was(tmp_path, own_jupyter):
    path = tmp_path / "01_fails.ipynb"
    save(path, notebook(code("x = 1", [stdout("old")]), code("1 / 0")))
    before = path.read_bytes()
    problem = only(release.execute_all([], tmp_path))
    assert problem.startswith("01_fails, cell 2: failed; the file is left as it was")
    assert "ZeroDivisionError" in problem
    assert path.read_bytes() == before


def test_notebook_with_wrong_markers_is_not_run(tmp_path):
    save(tmp_path / "01_bad.ipynb", notebook(code("### END SOLUTION")))
    assert "stray" in only(release.execute_all(["01_bad.ipynb"], tmp_path))


def test_unknown_name_is_told_with_the_known_ones(folders):
    problem = only(release.execute_all(["07"], folders[0]))
    assert "no solved notebook '07' in" in problem
    assert problem.endswith("there are: 01_example")


def test_widgets_without_a_model_are_taken_out():
    nb = notebook(
        code(
            "x",
            [
                new_output(
                    "display_data",
                    {
                        "text/plain": "Widget()",
                        release.WIDGET_VIEW: {"model_id": "1"},
                    },
                )
            ],
        )
    )
    release.clean_executed(nb)
    assert nb.cells[0].outputs[0].data == {"text/plain": "Widget()"}
