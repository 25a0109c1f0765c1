"""Small notebooks, and what the tests of several modules do with them."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from scripts.files import write_atomically
from scripts.notebooks.assets import ASSETS
from scripts.notebooks.notebook import notebook_text

SOLUTION = """\
def predict(p_y_given_x):
    ### BEGIN SOLUTION
    # The class with the largest probability.
    return numpy.argmax(p_y_given_x, axis=1)
    ### END SOLUTION
"""


def text(source):
    return new_markdown_cell(source)


def code(source, *outputs, count=None, **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def printed(printed_text):
    return new_output("stream", name="stdout", text=printed_text)


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
        text("# Predicting\n\nWrite `predict`."),
        code("import numpy", tags=["setup"]),
        code(SOLUTION + "\nprint(predict(numpy.eye(3)))", printed("[0 1 2]\n"), collapsed=True),
    )


def small_notebook():
    return notebook(
        text("# Squares & roots\n\nThe *square* of $x$ is $x^2$.\n\nMore."),
        code("import math"),
        text("## Exercise\n\nGo on with [the next one](02_next.ipynb), or [another](09_other.ipynb)."),
        code("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"),
        code('hint("f")', printed("Try x.")),
        code('f = check("f", f)', printed("Right")),
    )


def save(path, nb):
    write_atomically(path, notebook_text(nb))


def save_empty_assets(folder):
    """Put an empty file in the place of each that npm would fetch."""
    for name, (_, sums) in ASSETS.items():
        for file in sums:
            write_atomically(folder / name / file, "")


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]
