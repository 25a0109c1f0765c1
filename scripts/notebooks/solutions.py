"""What attendees get, without the solutions, and what instructors get, with them."""

import ast
import re
from copy import deepcopy

from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.preprocessors import ClearOutput, ClearSolutions

from scripts.notebooks.leaks import leak_problems, marker_text_problems
from scripts.notebooks.markers import BEGIN, END, marker_problems, without_markers
from scripts.notebooks.notebook import NotebookError, numbered, place, strip_metadata

# A statement, because the solution may be a function's whole body; `pass` and
# not `...`, because a cell that ends in `...` displays "Ellipsis".
STUB = {"python": "pass  # Your code here: replace this line."}

# The body of these cell magics is Python too.
PYTHON_CELL_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun)\b.*\n?")


def attendee_notebook(nb, name="notebook"):
    """Return the notebook an attendee opens: stubs for solutions, no outputs.

    Parameters
    ----------
    nb : NotebookNode
        A solved notebook; it is not changed.
    name : str
        What error messages call it.

    Raises
    ------
    NotebookError
        If markers are wrong, a cell with its stub is no valid Python, or a
        line of a solution can still be read somewhere.
    """
    if problems := marker_problems(nb, name):
        raise NotebookError(problems)
    language = nb.metadata.get("kernelspec", {}).get("language", "python")
    if language not in STUB:
        raise NotebookError(f"{name}: no stub for the language {language!r}; add it to STUB")

    clear_solutions = ClearSolutions(
        code_stub=STUB,
        begin_solution_delimeter=BEGIN,
        end_solution_delimeter=END,
        enforce_metadata=False,
    )
    attendee = deepcopy(nb)
    for preprocessor in (clear_solutions, ClearOutput()):
        attendee, _ = preprocessor.preprocess(attendee, {})
    strip_metadata(attendee)

    problems = syntax_problems(attendee, name) + leak_problems(nb, attendee, name)
    if problems:
        raise NotebookError(problems)
    return attendee


def syntax_problems(attendee, name="notebook"):
    """List the code cells that Python (with IPython's magics) cannot compile."""
    problems = []
    for number, cell in numbered(attendee.cells):
        if cell.cell_type != "code":
            continue
        # The magic's own line stays as an empty one, so that line numbers hold.
        source = PYTHON_CELL_MAGIC.sub("\n", cell.source, 1)
        try:
            code = TransformerManager().transform_cell(source)
            compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            problems.append(
                f"{place(name, number, error.lineno)}: with its solution taken out the cell "
                f"is no valid Python ({error.msg}); '{BEGIN}' has to be indented as the code "
                "it stands for, and the code outside has to be complete without it"
            )
    return problems


def instructor_notebook(nb, name="notebook"):
    """Return the notebook an instructor shows: solutions and outputs, no marker lines.

    Raises
    ------
    NotebookError
        If markers are wrong, or an output shows one.
    """
    if problems := marker_problems(nb, name):
        raise NotebookError(problems)
    instructor = deepcopy(nb)
    strip_metadata(instructor)
    for cell in instructor.cells:
        cell.source = without_markers(cell.source)
    if problems := marker_text_problems(instructor, name):
        raise NotebookError(problems)
    return instructor
