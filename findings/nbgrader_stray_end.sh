#!/usr/bin/env bash
# nbgrader 0.9.6: an END SOLUTION that no BEGIN SOLUTION stands before is not noticed, and the whole cell becomes the stub.
#
# Expected: an error, as for a BEGIN SOLUTION that no END SOLUTION follows.
# Found:    the line is dropped without a word. As no solution was found, all of the cell is taken for one, so that the name
#           of the function and its description, which students should see, are gone, too.
#
# Seen with Python 3.11.7 on 2026-11-27:
#     stray BEGIN SOLUTION: RuntimeError: no end solution statement found
#     stray END SOLUTION: '# YOUR CODE HERE\nraise NotImplementedError()'
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check nbgrader==0.9.6 nbformat==5.11.1

cat >clear.py <<'PYTHON'
import logging

from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions

SOLUTION_CELL = {"nbgrader": {"grade": False, "grade_id": "twice", "locked": False, "schema_version": 3, "solution": True}}


def cleared(marker):
    source = f'def twice(x):\n    """Return twice x."""\n    {marker}\n    return 2 * x'
    notebook = new_notebook(cells=[new_code_cell(source, metadata=SOLUTION_CELL)])
    clear = ClearSolutions()
    clear.log.setLevel(logging.CRITICAL)
    try:
        return repr(clear.preprocess(notebook, {})[0].cells[0].source)
    except RuntimeError as error:
        return f"RuntimeError: {error}"


for word in ("BEGIN", "END"):
    print(f"stray {word} SOLUTION:", cleared(f"### {word} SOLUTION"))
PYTHON
cat >expected <<'TEXT'
stray BEGIN SOLUTION: RuntimeError: no end solution statement found
stray END SOLUTION: '# YOUR CODE HERE\nraise NotImplementedError()'
TEXT

environment/bin/python clear.py | tee said
if ! cmp -s said expected; then
    echo 'nbgrader does something else now.' >&2
    exit 1
fi
