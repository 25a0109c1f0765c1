r"""Make the attendees' notebooks, and the instructors', from the solved ones.

``notebooks/solved/NN_name.ipynb`` is written by people and holds everything:
text, code, solutions and the outputs of a real run.  Its solutions stand
between two comment lines::

    def predict(x):
        ### BEGIN SOLUTION
        return T.argmax(x, axis=1)
        ### END SOLUTION

``notebooks/NN_name.ipynb`` is the same notebook with each solution replaced by
a stub and with no outputs.  It is generated, never edited::

    scripts/release_notebooks                     write notebooks/ again
    scripts/release_notebooks --check             only compare; exit status 1 if they differ
    scripts/release_notebooks --execute [NAME …]  run the solved ones first, then write
    scripts/release_notebooks --instructor FOLDER solved notebooks without the marker lines

NAME is a notebook's name or how it begins: ``01`` is enough.  Messages count
cells from 1, text cells included, and lines from 1 within their cell.
"""

import argparse
import ast
import difflib
import json
import os
import re
import sys
import time
from copy import deepcopy
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbgrader.preprocessors import ClearSolutions

from scripts import ROOT
from scripts.notebooks.client import notebook_client

SOLVED = ROOT / "notebooks" / "solved"
ATTENDEE = ROOT / "notebooks"

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
# Anything that looks like a marker, so that a misspelt one is not published.
MARKER_LIKE = re.compile(r"\b(BEGIN|END)[ _-]*SOLUTIONS?\b", re.IGNORECASE)

# A statement, because the solution may be a function's whole body; `pass` and
# not `...`, because a cell that ends in `...` displays "Ellipsis".
STUB = {"python": "pass  # Your code here: replace this line."}

# Shorter lines of a solution ("else:", "return y") stand in prose by chance.
SHORTEST_LEAK = 10

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
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# The body of these cell magics is Python too.
PYTHON_CELL_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun)\b.*\n?")


class NotebookError(ValueError):
    """One or more things wrong with a notebook, one a line."""

    def __init__(self, problems):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


def place(name, cell_number, line_number=None):
    """Say where something is: ``01_x, cell 3, line 2``."""
    where = f"{name}, cell {cell_number}"
    return where if line_number is None else f"{where}, line {line_number}"


def numbered(items):
    return enumerate(items, start=1)


# --- Reading and writing ---------------------------------------------------------------


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
    """The bytes of a notebook's file, always the same for the same notebook."""
    return nbformat.writes(nb, indent=1, sort_keys=True) + "\n"


def write_atomically(path, text):
    """Write `text` so that `path` holds all of it or is left as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


# --- Markers ---------------------------------------------------------------------------


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


# --- What attendees and instructors get ------------------------------------------------


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

    clear = ClearSolutions(
        code_stub=STUB,
        begin_solution_delimeter=BEGIN,
        end_solution_delimeter=END,
        enforce_metadata=False,
    )
    attendee, _ = clear.preprocess(deepcopy(nb), {})
    strip_metadata(attendee)
    for cell in attendee.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None

    problems = syntax_problems(attendee, name) + leak_problems(nb, attendee, name)
    if problems:
        raise NotebookError(problems)
    return attendee


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
        lines = cell.source.split("\n")
        cell.source = "\n".join(line for line in lines if line.strip() not in (BEGIN, END))
    if problems := marker_text_problems(instructor, name):
        raise NotebookError(problems)
    return instructor


def strip_metadata(nb):
    """Leave only what is the same on every machine: one kernel, and the cells' tags."""
    nb.metadata = nbformat.from_dict(METADATA)
    for cell in nb.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})


# --- Checks ----------------------------------------------------------------------------


def syntax_problems(nb, name="notebook"):
    """List the code cells that Python (with IPython's magics) cannot compile."""
    problems = []
    for number, cell in numbered(nb.cells):
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


def squeezed(line):
    """A line in a form where spacing does not count: ``f( a,  b )`` is ``f(a,b)``."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", re.sub(r"\s+", " ", line.strip()))


def squeezed_code(line):
    """The same for a line of code, whose trailing comment does not count either."""
    return squeezed(re.sub(r"(?<=\S)\s+#\s.*$", "", line))


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


def contains(text, code):
    """Whether `code` stands in `text`, not within longer names."""
    before = r"(?<!\w)" if re.match(r"\w", code) else ""
    after = r"(?!\w)" if re.search(r"\w$", code) else ""
    return re.search(before + re.escape(code) + after, text) is not None


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


def marker_text_problems(nb, name):
    return [
        f"{where}: shows a solution marker, {line.strip()!r}; change what the cell prints"
        for where, line in readable_lines(nb, name)
        if MARKER_LIKE.search(line)
    ]


def solved_problems(nb, name="notebook", root=ROOT):
    """List what keeps a solved notebook from being a record of one clean run.

    Each code cell was run, in order, from the first to the last; no error is
    saved (but where the tag raises-exception expects it); no output names a
    folder of the machine it ran on.
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
        for text in output_texts(cell):
            for line_number, line in numbered(text.splitlines()):
                if found := paths.search(line):
                    problems.append(
                        f"{here}, line {line_number} of an output: {found.group()!r} is a "
                        f"path of the machine it ran on, in {line.strip()!r}; print something "
                        "that does not depend on it"
                    )
    return problems


def machine_paths(root):
    """A pattern for folders that exist on one machine only."""
    folders = {str(Path(root).resolve()), str(Path.home()), "/root", "/home", "/Users", "/tmp"}
    folders.discard("/")  # the home folder in some containers
    names = "|".join(re.escape(folder) for folder in sorted(folders, key=len, reverse=True))
    rest = r"(?:/[^\s\"'<>]*|(?![\w.-]))"
    return re.compile(rf"(?<![\w.])(?:{names}){rest}|[A-Z]:\\Users\\\S*")


# --- What the command does -------------------------------------------------------------


def notebook_paths(folder):
    return sorted(folder.glob("[!.]*.ipynb"))


def generate(solved_folder=SOLVED):
    """Return ({file name: text of the attendee's notebook}, problems)."""
    texts, problems = {}, []
    paths = notebook_paths(solved_folder)
    if not paths:
        problems.append(f"no notebooks in {solved_folder}")
    for path in paths:
        try:
            texts[path.name] = notebook_text(attendee_notebook(read_notebook(path), path.stem))
        except NotebookError as error:
            problems += error.problems
    return texts, problems


def extra_problems(solved_folder, attendee_folder):
    sources = {path.name for path in notebook_paths(solved_folder)}
    return [
        f"{path.name}: has no source in {solved_folder.name}/; delete it, or write its source"
        for path in notebook_paths(attendee_folder)
        if path.name not in sources
    ]


def check(solved_folder=SOLVED, attendee_folder=ATTENDEE, root=ROOT):
    """List everything wrong with the notebooks; writes nothing."""
    texts, problems = generate(solved_folder)
    for path in notebook_paths(solved_folder):
        try:
            problems += solved_problems(read_notebook(path), path.stem, root)
        except NotebookError:
            pass  # generate() has listed it
    for file_name, text in texts.items():
        problems += drift_problems(attendee_folder / file_name, text)
    return problems + extra_problems(solved_folder, attendee_folder)


def drift_problems(path, text, longest_diff=20):
    cure = "change only its solved copy, then run scripts/release_notebooks"
    if not path.exists():
        return [f"{path.name}: missing; {cure}"]
    found = path.read_text(encoding="utf-8")
    if found == text:
        return []
    diff = list(
        difflib.unified_diff(
            found.splitlines(),
            text.splitlines(),
            "as it is",
            "as generated",
            lineterm="",
            n=1,
        )
    )
    if len(diff) > longest_diff:
        diff[longest_diff:] = [f"… {len(diff) - longest_diff} more lines"]
    return ["\n    ".join([f"{path.name}: differs from what is generated; {cure}", *diff])]


def write_attendees(solved_folder=SOLVED, attendee_folder=ATTENDEE):
    """Write all attendees' notebooks, or none if one has a problem; list the problems."""
    texts, problems = generate(solved_folder)
    if problems:
        return problems
    for file_name, text in texts.items():
        path = attendee_folder / file_name
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            write_atomically(path, text)
        print(f"{path.stem}: {'written' if changed else 'unchanged'}")
    return extra_problems(solved_folder, attendee_folder)


def write_instructors(folder, solved_folder=SOLVED, attendee_folder=ATTENDEE):
    """Write the solved notebooks without marker lines; list the problems."""
    if folder.resolve() in (solved_folder.resolve(), attendee_folder.resolve()):
        return [f"{folder}: would overwrite the project's own notebooks; name another folder"]
    problems = []
    for path in notebook_paths(solved_folder):
        try:
            text = notebook_text(instructor_notebook(read_notebook(path), path.stem))
        except NotebookError as error:
            problems += error.problems
        else:
            write_atomically(folder / path.name, text)
            print(f"{path.stem}: written to {folder}")
    return problems


def execute(path):
    """Run a solved notebook and save it; leave it untouched if a cell fails.

    Returns
    -------
    float
        Seconds taken.
    """
    nb = read_notebook(path, fill_ids=True)
    # A wrong marker is better known before a run of minutes than after it.
    if problems := marker_problems(nb, path.stem):
        raise NotebookError(problems)
    start = time.perf_counter()
    client = notebook_client(nb, path.parent, record_timing=False, coalesce_streams=True)
    try:
        # Progress bars differ from run to run and hide what a cell prints.
        client.execute(env={**os.environ, "TQDM_DISABLE": "1"})
    except (CellExecutionError, DeadKernelError) as error:
        here = place(path.stem, failed_cell(nb))
        raise NotebookError(f"{here}: failed; the file is left as it was\n{str(error).strip()}") from error
    seconds = time.perf_counter() - start
    clean_executed(nb)
    write_atomically(path, notebook_text(nb))
    return seconds


def failed_cell(nb):
    """Number of the cell with an error, else of the last that was started."""
    code = [(number, cell) for number, cell in numbered(nb.cells) if cell.cell_type == "code"]
    for number, cell in code:
        unexpected = "raises-exception" not in cell.metadata.get("tags", [])
        if unexpected and any(output.output_type == "error" for output in cell.outputs):
            return number
    return max((number for number, cell in code if cell.execution_count), default=1)


def clean_executed(nb):
    """Take out what differs from run to run and shows nothing to a reader."""
    strip_metadata(nb)
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            # Its model is gone with the kernel: JupyterLab would show an error.
            output.get("data", {}).pop(WIDGET_VIEW, None)


def execute_all(names, solved_folder=SOLVED):
    """Run the solved notebooks whose names begin with one of `names`; list the problems."""
    problems = []
    try:
        paths = chosen(names, solved_folder)
    except NotebookError as error:
        return error.problems
    for path in paths:
        print(f"{path.stem}: executing …", flush=True)
        try:
            print(f"{path.stem}: executed in {execute(path):.1f} s", flush=True)
        except NotebookError as error:
            problems += error.problems
    return problems


def chosen(names, solved_folder):
    paths = notebook_paths(solved_folder)
    if not names:
        return paths
    prefixes = tuple(Path(name).name.removesuffix(".ipynb") for name in names)
    for prefix in prefixes:
        if not any(path.stem.startswith(prefix) for path in paths):
            known = ", ".join(path.stem for path in paths) or "none"
            raise NotebookError(f"no solved notebook {prefix!r} in {solved_folder}; there are: {known}")
    return [path for path in paths if path.stem.startswith(prefixes)]


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="scripts/release_notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="only compare")
    action.add_argument("--execute", nargs="*", metavar="NAME", help="run the solved ones first")
    action.add_argument("--instructor", type=Path, metavar="FOLDER", help="write instructors' ones")
    options = parser.parse_args(arguments)

    if options.check:
        problems = check(SOLVED, ATTENDEE)
    elif options.instructor:
        problems = write_instructors(options.instructor, SOLVED, ATTENDEE)
    else:
        problems = [] if options.execute is None else execute_all(options.execute, SOLVED)
        problems += write_attendees(SOLVED, ATTENDEE)
    for problem in problems:
        print(problem, file=sys.stderr)
    if options.check and not problems:
        print("The notebooks are what their solved copies generate.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
