"""A misplaced or misspelt marker is found before anything is made of the notebook."""

import pytest
from notebook_examples import SOLUTION, code, notebook, only, text

from scripts.notebooks.markers import marker_problems


def problems_of(*cells):
    return marker_problems(notebook(*cells), "01_x")


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
    assert message in problems_of(text("Text"), code(source))[0]


def test_marker_in_markdown_is_an_error():
    cell = text("Solve this:\n\n### BEGIN SOLUTION")
    problem = only(problems_of(cell))
    assert "01_x, cell 1, line 3: '### BEGIN SOLUTION' in a markdown cell" in problem


def test_all_wrong_markers_are_listed():
    assert len(problems_of(code("### END SOLUTION"), code("### BEGIN SOLUTION"))) == 2


def test_nbgrader_metadata_is_an_error():
    assert "nbgrader metadata" in only(problems_of(code("x = 1", nbgrader={"solution": True})))
