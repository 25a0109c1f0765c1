"""A notebook: the file that it stands in, what a reader can read in it, and where something in it stands.

Messages count cells from 1, text cells included, and lines from 1 within their cell.
"""

import json
from pathlib import Path

import nbformat

from scripts import ROOT

SOLVED = ROOT / "notebooks" / "solved"
ATTENDEE = ROOT / "notebooks"

# The same for every notebook: what a kernel adds (its minor version, the state
# of its widgets) would differ from one machine to the next.
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


class NotebookError(ValueError):
    """One or more things wrong with a notebook, one a line."""

    def __init__(self, problems):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class UnknownNotebook(NotebookError):
    """There is no notebook of the name that was asked for."""


def shortened(problems, most=10):
    """The first of a list of problems: a notebook that was never run has one for each of its cells."""
    rest = len(problems) - most
    return [*problems[:most], f"… and {rest} more"] if rest > 0 else problems


# --- Its file --------------------------------------------------------------------------


def notebook_paths(folder):
    return sorted(folder.glob("[!.]*.ipynb"))


def chosen(names, folder):
    """The paths of those notebooks in a folder whose names begin with one of `names`, or of all.

    Raises
    ------
    UnknownNotebook
        If no notebook's name begins with one of them.
    """
    paths = notebook_paths(folder)
    if not names:
        return paths
    prefixes = tuple(Path(name).name.removesuffix(".ipynb") for name in names)
    for prefix in prefixes:
        if not any(path.stem.startswith(prefix) for path in paths):
            known = ", ".join(path.stem for path in paths) or "none"
            raise UnknownNotebook(f"no solved notebook {prefix!r} in {folder}; there are: {known}")
    return [path for path in paths if path.stem.startswith(prefixes)]


def read_notebook(path, fill_ids=False):
    """Read a notebook whose cells have ids.

    nbformat gives a cell without an id a random one, so that the same file
    would be generated differently each time.

    Raises
    ------
    NotebookError
        If the file is not a notebook of format 4, or a cell's id is missing
        (unless `fill_ids`, which numbers those cells) or stands there twice.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise NotebookError(f"{path.name}: not a notebook ({error})") from error
    if not isinstance(raw, dict) or raw.get("nbformat") != 4:
        raise NotebookError(f"{path.name}: not a notebook of format 4; save it in JupyterLab")

    seen = set()
    for number, cell in numbered(raw["cells"]):
        if fill_ids:
            cell.setdefault("id", f"cell-{number}")
        if "id" not in cell:
            raise NotebookError(
                f"{place(path.stem, number)}: the cell has no id; "
                f"scripts/release_notebooks --execute {path.stem} gives it one"
            )
        if cell["id"] in seen:
            raise NotebookError(
                f"{place(path.stem, number)}: another cell has the id {cell['id']!r} too; "
                "change one of them in the file"
            )
        seen.add(cell["id"])
    raw["nbformat_minor"] = max(5, raw.get("nbformat_minor", 0))
    return nbformat.reads(json.dumps(raw), as_version=4)


def notebook_text(nb):
    """The text of a notebook's file, always the same for the same notebook."""
    return nbformat.writes(nb, indent=1, sort_keys=True) + "\n"


def strip_metadata(nb):
    """Leave only what is the same on every machine: one kernel, and the cells' tags."""
    nb.metadata = nbformat.from_dict(METADATA)
    for cell in nb.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})


# --- What a reader can read, and where -------------------------------------------------


def numbered(items):
    return enumerate(items, start=1)


def place(name, cell_number, line_number=None):
    """Say where something is: ``01_x, cell 3, line 2``."""
    where = f"{name}, cell {cell_number}"
    return where if line_number is None else f"{where}, line {line_number}"


def readable_lines(nb, name):
    """Yield (where, line) for all that a notebook's reader can see."""
    for number, cell in numbered(nb.cells):
        for line_number, line in numbered(cell.source.splitlines()):
            yield place(name, number, line_number), line
        for text in output_texts(cell):
            for line in text.splitlines():
                yield f"an output of {place(name, number)}", line


def output_texts(cell):
    """Yield the text of a cell's outputs; pictures in base64 are none."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield from (output.get(key, "") for key in ("ename", "evalue"))
        yield from output.get("traceback", [])
        for mime, data in output.get("data", {}).items():
            if mime.startswith("text/") or mime.endswith(("+xml", "json")):
                yield data if isinstance(data, str) else json.dumps(data)
