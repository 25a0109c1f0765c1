"""The two comment lines between which a solution stands.

::

    def predict(x):
        ### BEGIN SOLUTION
        return T.argmax(x, axis=1)
        ### END SOLUTION
"""

import re

from scripts.notebooks.notebook import numbered, place

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
# Anything that looks like a marker, so that a misspelt one is not published.
MARKER_LIKE = re.compile(r"\b(BEGIN|END)[ _-]*SOLUTIONS?\b", re.IGNORECASE)


def marker_problems(nb, name="notebook"):
    """List what is wrong with the solution markers: stray, nested, unclosed, misplaced."""
    problems = []
    for number, cell in numbered(nb.cells):
        if "nbgrader" in cell.metadata:
            # ClearSolutions would replace the whole cell, checked by nothing here.
            problems.append(f"{place(name, number)}: nbgrader metadata; remove it, '{BEGIN}' and '{END}' are enough")
        problems += cell_marker_problems(cell, name, number)
    return problems


def cell_marker_problems(cell, name, number):
    problems = []
    begin_line = None  # of the solution that is open
    for line_number, line in numbered(cell.source.splitlines()):
        if not MARKER_LIKE.search(line):
            continue
        here = place(name, number, line_number)
        marker = line.strip()
        if cell.cell_type != "code":
            problems.append(f"{here}: {marker!r} in a {cell.cell_type} cell; solutions stand in code cells")
        elif marker not in (BEGIN, END):
            problems.append(f"{here}: {marker!r} is no marker; write '{BEGIN}' or '{END}'")
        elif marker == BEGIN:
            if begin_line is not None:
                problems.append(f"{here}: nested '{BEGIN}'; end the one of line {begin_line} first")
            begin_line = line_number
        elif begin_line is None:
            problems.append(f"{here}: stray '{END}'; no '{BEGIN}' stands before it in this cell")
        else:
            begin_line = None
    if begin_line is not None:
        problems.append(f"{place(name, number, begin_line)}: unclosed '{BEGIN}'; add '{END}' where the solution ends")
    return problems


def solution_blocks(source):
    """Return a cell's solutions, each a list of (line number, line)."""
    blocks, inside = [], False
    for line_number, line in numbered(source.splitlines()):
        if line.strip() == BEGIN:
            blocks.append([])
            inside = True
        elif line.strip() == END:
            inside = False
        elif inside:
            blocks[-1].append((line_number, line))
    return blocks


def without_markers(source):
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))
