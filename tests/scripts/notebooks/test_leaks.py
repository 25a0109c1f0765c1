"""Wherever a reader could read a line of a solution, it is found; what only looks like one is none."""

import pytest
from nbformat.v4 import new_output
from notebook_examples import SOLUTION, code, notebook, only, printed, text

from scripts.notebooks.leaks import leak_problems
from scripts.notebooks.notebook import NotebookError
from scripts.notebooks.solutions import attendee_notebook


def problems_of(*cells):
    """What keeps these cells from being released."""
    with pytest.raises(NotebookError) as caught:
        attendee_notebook(notebook(*cells), "01_x")
    return caught.value.problems


@pytest.mark.parametrize(
    "leak",
    [
        text("Text\n\nTry `return numpy.argmax(p_y_given_x, axis=1)`!"),
        text("    return numpy.argmax( p_y_given_x,axis = 1 )"),
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
        printed("def predict():\n    return numpy.argmax(p_y_given_x, axis=1)\n"),
        new_output("execute_result", {"text/plain": "return numpy.argmax(p_y_given_x, axis=1)"}),
        new_output("display_data", {"text/html": "<b>return numpy.argmax(p_y_given_x, axis=1)</b>"}),
    ],
)
def test_solution_in_an_output_is_a_leak(output):
    solved = notebook(code(SOLUTION), code("show()"))
    attendee = attendee_notebook(solved)
    attendee.cells[1].outputs = [output]
    problem = only(leak_problems(solved, attendee, "01_x"))
    assert "can be read in an output of 01_x, cell 2: " in problem


def test_solution_with_a_trailing_comment_leaks_without_it():
    source = "### BEGIN SOLUTION\ncost = T.mean(errors)  # over the batch\n### END SOLUTION"
    assert "this line of a solution" in only(problems_of(code(source), text("`cost = T.mean(errors)`")))


def test_visible_and_short_and_comment_lines_are_no_leak():
    source = (
        "for x in batches:\n    ### BEGIN SOLUTION\n    # Add them up, one by one.\n"
        "    if x:\n        total = total + x\n    cost = f(x)\n    return x\n    ### END SOLUTION"
    )
    attendee_notebook(
        notebook(
            code("def g():\n  " + source.replace("\n", "\n  ")),
            code("total = 0\ntotal = total + x"),
            text("# Add them up, one by one.\n\n`total = total + x`, then return x."),
        )
    )


def test_part_of_a_longer_name_is_no_leak():
    source = "### BEGIN SOLUTION\ncost = mean_of\n### END SOLUTION"
    attendee_notebook(notebook(code(source), code("zero_cost = mean_of\ncost = mean_of_x")))


def test_whole_solution_in_visible_code_is_a_leak():
    lines = "hidden = T.tanh(T.dot(x, W))\noutput = T.nnet.softmax(hidden)"
    solution = f"### BEGIN SOLUTION\n{lines}\n### END SOLUTION"
    assert "holds all lines of this solution" in only(problems_of(code(solution), code(lines)))


def test_stub_that_kept_its_markers_is_found():
    nb = notebook(code(SOLUTION))
    assert len(leak_problems(nb, nb)) >= 2
