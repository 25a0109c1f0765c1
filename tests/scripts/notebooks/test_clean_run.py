"""What is no record of one clean run, or tells of the machine that it ran on, is found."""

from pathlib import Path

import pytest
from nbformat.v4 import new_output
from notebook_examples import code, notebook, only, printed, text

from scripts.notebooks.clean_run import solved_problems


def problems_of(*cells, root="/repo"):
    return solved_problems(notebook(*cells), "01_x", Path(root))


def test_clean_run_has_no_problems():
    cells = [code("x"), text("Text"), code("y", printed("a/tmp/b, 3/home, ~/x\n"))]
    assert problems_of(*cells) == []


def test_cell_that_was_not_executed_is_a_problem():
    nb = notebook(code("x = 1"), code(""))
    assert solved_problems(nb) == []
    nb.cells[0].execution_count = nb.cells[1].execution_count = None
    assert "notebook, cell 1: not executed" in only(solved_problems(nb))


def test_cells_executed_out_of_order_are_a_problem():
    assert "cell 2: executed as [7], not as [2]" in only(problems_of(code("x", count=1), code("y", count=7)))


def test_saved_error_is_a_problem_unless_expected():
    error = new_output("error", ename="ValueError", evalue="bad", traceback=[])
    problem = only(problems_of(code("f()", error)))
    assert "01_x, cell 1: saved error ValueError: bad" in problem
    assert problems_of(code("f()", error, tags=["raises-exception"])) == []


WIDGETS = "VBox(children=(FloatSlider(value=0.3, description='rate', max=2.0), Image(value=b'')))"


@pytest.mark.parametrize("text", [WIDGETS, "FloatSlider(value=0.3)", "Image(value=b'', format='png')"])
def test_widgets_without_a_picture_are_a_problem(text):
    output = new_output("display_data", {"text/plain": text})
    assert "01_x, cell 1: shows widgets, of which a page without" in only(problems_of(code("sliders", output)))
    with_picture = new_output("display_data", {"text/plain": text, "image/png": "aGVsbG8="})
    assert problems_of(code("sliders", with_picture)) == []


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
    problem = only(problems_of(code("x", output)))
    assert "01_x, cell 1, line 2 of an output: " in problem


def test_pictures_are_not_searched_for_paths():
    picture = new_output("display_data", {"image/png": "iVBO+/tmp/+/home/ada/"})
    assert problems_of(code("x", picture)) == []
