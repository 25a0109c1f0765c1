"""Attendees get stubs that compile, and nothing else of the solutions; instructors get all but the markers."""

import nbformat
import pytest
from notebook_examples import SOLUTION, code, notebook, only, printed, solved_example

from scripts.notebooks.notebook import METADATA, NotebookError
from scripts.notebooks.solutions import STUB, attendee_notebook, instructor_notebook


@pytest.mark.parametrize("make", [attendee_notebook, instructor_notebook])
def test_wrong_markers_keep_a_notebook_from_being_made(make):
    with pytest.raises(NotebookError, match="01_x, cell 1, line 1: stray '### END SOLUTION'"):
        make(notebook(code("### END SOLUTION")), "01_x")


# --- Attendees -------------------------------------------------------------------------


def test_attendee_sees_a_stub_and_the_code_around_the_solution():
    cells = attendee_notebook(solved_example()).cells
    assert cells[2].source == (
        "def predict(p_y_given_x):\n    pass  # Your code here: replace this line.\n\nprint(predict(numpy.eye(3)))"
    )


def test_attendee_gets_no_outputs_counts_or_noise_but_ids_and_tags():
    nb = solved_example()
    nb.metadata["widgets"] = {"state": {}}
    attendee = attendee_notebook(nb)
    assert attendee.metadata == METADATA
    assert [cell.id for cell in attendee.cells] == ["c1", "c2", "c3"]
    assert [cell.metadata for cell in attendee.cells] == [{}, {"tags": ["setup"]}, {}]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in attendee.cells[1:])


def test_generating_does_not_change_the_solved_notebook():
    nb = solved_example()
    attendee_notebook(nb)
    instructor_notebook(nb)
    assert nb == solved_example()


@pytest.mark.parametrize("indent", ["", "    ", "        "])
def test_stub_is_indented_as_its_marker(indent):
    header = {"": "", "    ": "def f():\n", "        ": "class A:\n    def f(self):\n"}[indent]
    source = f"{header}{indent}### BEGIN SOLUTION\n{indent}x = 1\n{indent}### END SOLUTION"
    cell = attendee_notebook(notebook(code(source))).cells[0]
    assert cell.source == f"{header}{indent}{STUB['python']}"


def test_unsolved_exercise_runs_and_displays_nothing():
    source = "answer = None\n### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION"
    stub = attendee_notebook(notebook(code(source))).cells[0].source
    namespace = {}
    exec(stub, namespace)
    assert namespace["answer"] is None


def test_several_solutions_in_a_cell_get_a_stub_each():
    source = SOLUTION + SOLUTION.replace("predict", "guess")
    assert attendee_notebook(notebook(code(source))).cells[0].source.count("pass") == 2


def test_magics_and_top_level_await_compile():
    source = "%matplotlib inline\n!true\nawait sleep()"
    attendee_notebook(notebook(code(source), code("%%time\nx = 1"), code("%%bash\nls -l")))


def test_notebook_in_another_language_is_an_error():
    nb = notebook(code("x <- 1"))
    nb.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    with pytest.raises(NotebookError, match="no stub for the language 'R'"):
        attendee_notebook(nb)


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
    with pytest.raises(NotebookError) as caught:
        attendee_notebook(notebook(code(source)), "01_x")
    problem = only(caught.value.problems)
    assert "01_x, cell 1, line" in problem
    assert "no valid Python" in problem


# --- Instructors -----------------------------------------------------------------------


def test_instructor_gets_code_and_outputs_without_markers():
    nb = solved_example()
    instructor = instructor_notebook(nb)
    assert "SOLUTION" not in nbformat.writes(instructor)
    assert "    return numpy.argmax(p_y_given_x, axis=1)\n\n" in instructor.cells[2].source
    assert [cell.get("outputs") for cell in instructor.cells] == [cell.get("outputs") for cell in nb.cells]
    assert [line for line in nb.cells[2].source.split("\n") if "SOLUTION" not in line] == (
        instructor.cells[2].source.split("\n")
    )


def test_output_that_shows_a_marker_is_not_for_instructors():
    nb = notebook(code(SOLUTION, printed("x\n### BEGIN SOLUTION\n")))
    with pytest.raises(NotebookError, match="an output of 01_x, cell 1: shows a solution"):
        instructor_notebook(nb, "01_x")
