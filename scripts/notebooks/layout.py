"""Which cell of a notebook goes on which slide.

It follows from the cells alone: from the headings, from what is a solution or a hint, and from how tall, roughly, each
cell will be on the screen.
"""

import base64
import re
import struct
from copy import deepcopy

import nbformat

from scripts.notebooks.markers import BEGIN

# The size of a slide, in CSS pixels; reveal.js scales it to the screen.
WIDTH, HEIGHT = 1280, 720
TEXT_LINE, CODE_LINE = 33, 24  # heights of lines, and how many letters go into one
TEXT_LETTERS, CODE_LETTERS = 115, 115
TALLEST_PICTURE = 430
A_FEW_LINES = 3 * TEXT_LINE
SQUEEZED = 1.25 * HEIGHT

FOLDED = re.compile(r"(?<=</summary>).*?(?=</details>)", re.DOTALL)
HINT = re.compile(r"^hint\(.*\)\Z", re.MULTILINE)


def split_at_headings(nb):
    """Return the notebook with each cell of text split before the headings that stand in the midst of it."""
    nb = deepcopy(nb)
    cells = []
    for cell in nb.cells:
        parts = text_parts(cell.source) if cell.cell_type == "markdown" else [cell.source]
        cells += [nbformat.from_dict({**cell, "id": f"{cell.id}-{n}", "source": part}) for n, part in enumerate(parts)]
    nb.cells = cells
    return nb


def text_parts(source):
    parts, in_code = [""], False
    for line in source.splitlines():
        in_code ^= line.startswith("```")
        has_text = any(above.strip() and not above.startswith("#") for above in parts[-1].splitlines())
        # A heading right below another one stays with it.
        if re.match("#{1,3} ", line) and has_text and not in_code:
            parts.append("")
        parts[-1] += line + "\n"
    return [part.strip() for part in parts]


def slide_types(cells):
    """Say of each cell where it goes: "slide", "subslide", "fragment", "-" (with the one before) or "skip".

    Parameters
    ----------
    cells : list of NotebookNode
        Those of a solved notebook, still with its marker lines: they tell which cells are solutions.

    Returns
    -------
    list of str
        The words of nbconvert's slideshow metadata.
    """
    types, filled, after_title = [], 0, False
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        kind, height = kind_of(cell, following), cell_height(cell)
        # A few lines are not worth a slide of their own: rather a slide that is set smaller.
        room = SQUEEZED if min(filled, height) <= A_FEW_LINES else HEIGHT
        if kind in ("-", "fragment") and (after_title or filled + height > room):
            kind = "subslide"
        if kind != "skip":
            filled = height if kind in ("slide", "subslide") else filled + height
            after_title = cell.source.startswith("# ") and cell.cell_type == "markdown"
        types.append(kind)
    return types


def kind_of(cell, following):
    """Where a cell goes if there is room."""
    source = cell.source.strip()
    if not source or cell.cell_type == "raw" or cell.cell_type == "code" and HINT.search(source):
        return "skip"
    if cell.cell_type == "code":
        return "fragment" if BEGIN in source else "-"
    if source.startswith("#"):
        return "slide" if re.match("##? ", source) else "subslide"
    # Text that no code follows is about what is above it.
    return "subslide" if following is None or following.cell_type == "code" else "-"


def cell_height(cell):
    """How tall a cell will be, roughly, in pixels."""
    if cell.cell_type != "code":
        return text_height(cell.source)
    return code_height(cell.source) + sum(output_height(output) for output in cell.get("outputs", []))


def text_height(source):
    lines = sum(-(-len(line) // TEXT_LETTERS) for line in source.splitlines())
    return TEXT_LINE * (lines + source.count("\n\n"))


def code_height(source):
    return CODE_LINE * (1 + sum(max(1, -(-len(line) // CODE_LETTERS)) for line in source.splitlines()))


def output_height(output):
    data = output.get("data", {})
    if "text/html" in data:
        return 2 * TEXT_LINE
    if "image/png" in data:
        # Width and height stand in the first bytes of every PNG file.
        width, height = struct.unpack(">II", base64.b64decode(data["image/png"][:64])[16:24])
        return min(height * min(1, WIDTH / width), TALLEST_PICTURE)
    if "image/svg+xml" in data:
        return TALLEST_PICTURE
    text = FOLDED.sub("", data.get("text/markdown", "")) or data.get("text/plain") or output.get("text", "")
    return code_height(text)
