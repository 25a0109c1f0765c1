"""Whether a solved notebook is the record of one clean run, as it would come out on any machine."""

import re
from pathlib import Path

from scripts import ROOT
from scripts.notebooks.notebook import numbered, output_texts, place


def solved_problems(nb, name="notebook", root=ROOT):
    """List what keeps a solved notebook from being a record of one clean run.

    Each code cell was run, in order, from the first to the last; no error is
    saved (but where the tag raises-exception expects it); no output names a
    folder of the machine it ran on, or is of widgets without a picture.
    """
    problems = []
    cure = f"run scripts/release_notebooks --execute {name}"
    paths = machine_paths(root)
    expected = 1
    for number, cell in numbered(nb.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        here = place(name, number)
        if cell.execution_count is None:
            problems.append(f"{here}: not executed; {cure}")
        elif cell.execution_count != expected:
            problems.append(
                f"{here}: executed as [{cell.execution_count}], not as [{expected}]: "
                f"not one run from top to bottom; {cure}"
            )
        expected += 1
        for output in cell.outputs:
            expects_error = "raises-exception" in cell.metadata.get("tags", [])
            if output.output_type == "error" and not expects_error:
                problems.append(f"{here}: saved error {output.ename}: {output.evalue}; mend the cell, then {cure}")
            if is_widget_only(output):
                problems.append(
                    f"{here}: shows widgets, of which a page without a kernel has no more than their names; show them with "
                    f"show_panel of deeplearning_tutorial.plotting, then {cure}"
                )
        for text in output_texts(cell):
            for line_number, line in numbered(text.splitlines()):
                if found := paths.search(line):
                    problems.append(
                        f"{here}, line {line_number} of an output: {found.group()!r} is a "
                        f"path of the machine it ran on, in {line.strip()!r}; print something "
                        "that does not depend on it"
                    )
    return problems


def is_widget_only(output):
    """Whether a page would have the text ``VBox(children=(FloatSlider(…`` of widgets, and no picture."""
    data = output.get("data", {})
    names = r"\w*(Box|Slider|Image|Output|Tab|Accordion|Text|Dropdown|Button\w*)\((children|value|description|outputs|options)="
    return not any(kind.startswith("image/") for kind in data) and bool(re.match(names, data.get("text/plain", "")))


def machine_paths(root):
    """A pattern for folders that exist on one machine only."""
    folders = {str(Path(root).resolve()), str(Path.home()), "/root", "/home", "/Users", "/tmp"}
    folders.discard("/")  # the home folder in some containers
    names = "|".join(re.escape(folder) for folder in sorted(folders, key=len, reverse=True))
    rest = r"(?:/[^\s\"'<>]*|(?![\w.-]))"
    return re.compile(rf"(?<![\w.])(?:{names}){rest}|[A-Z]:\\Users\\\S*")
