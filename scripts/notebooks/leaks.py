"""What gives a solution away: a line of it, or a marker, that can be read in what is handed out."""

import re

from scripts.notebooks.markers import MARKER_LIKE, solution_blocks
from scripts.notebooks.notebook import numbered, place, readable_lines

# Shorter lines of a solution ("else:", "return y") stand in prose by chance.
SHORTEST_LEAK = 10


def leak_problems(solved, attendee, name="notebook"):
    """List the lines of `solved`'s solutions that can be read in `attendee`.

    A line that also is a whole line of visible code gives nothing away and may
    stand anywhere, unless one cell shows all lines of a solution.
    """
    problems = marker_text_problems(attendee, name)
    shown = [
        {squeezed_code(line) for line in cell.source.splitlines()}
        for cell in attendee.cells
        if cell.cell_type == "code"
    ]
    visible = set().union(*shown)
    readable = [(where, line.strip(), squeezed(line)) for where, line in readable_lines(attendee, name)]
    for number, cell in numbered(solved.cells):
        for block in solution_blocks(cell.source) if cell.cell_type == "code" else []:
            lines = {squeezed_code(line): (at, line.strip()) for at, line in block}
            telling = {
                text: origin
                for text, origin in lines.items()
                if len(text) >= SHORTEST_LEAK and not text.startswith("#")
            }
            if len(telling) > 1 and any(telling.keys() <= cell_lines for cell_lines in shown):
                problems.append(
                    f"{place(name, number, block[0][0])}: another cell's visible code holds "
                    "all lines of this solution; change that cell or the exercise"
                )
            for text, (line_number, line) in telling.items():
                if text not in visible:
                    problems += [
                        f"{place(name, number, line_number)}: this line of a solution, "
                        f"{line!r}, can be read in {where}: {found!r}; reword that, or move "
                        "the line out of the solution"
                        for where, found, searched in readable
                        if contains(searched, text)
                    ]
    return problems


def marker_text_problems(nb, name="notebook"):
    """List the lines of `nb`, outputs included, that look like a marker."""
    return [
        f"{where}: shows a solution marker, {line.strip()!r}; change what the cell prints"
        for where, line in readable_lines(nb, name)
        if MARKER_LIKE.search(line)
    ]


def squeezed(line):
    """A line in a form where spacing does not count: ``f( a,  b )`` is ``f(a,b)``."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", re.sub(r"\s+", " ", line.strip()))


def squeezed_code(line):
    """The same for a line of code, whose trailing comment does not count either."""
    return squeezed(re.sub(r"(?<=\S)\s+#\s.*$", "", line))


def contains(text, code):
    """Whether `code` stands in `text`, not within longer names."""
    before = r"(?<!\w)" if re.match(r"\w", code) else ""
    after = r"(?!\w)" if re.search(r"\w$", code) else ""
    return re.search(before + re.escape(code) + after, text) is not None
