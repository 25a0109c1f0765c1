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
import difflib
import sys

from scripts import ROOT
from scripts.arguments import folder_to_write, unwritable
from scripts.files import write_atomically
from scripts.notebooks.clean_run import solved_problems
from scripts.notebooks.execution import execute
from scripts.notebooks.notebook import (
    ATTENDEE,
    SOLVED,
    NotebookError,
    UnknownNotebook,
    chosen,
    notebook_paths,
    notebook_text,
    read_notebook,
)
from scripts.notebooks.solutions import attendee_notebook, instructor_notebook


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


def execute_all(names, solved_folder=SOLVED):
    """Run the solved notebooks whose names begin with one of `names`; list the problems.

    Raises
    ------
    UnknownNotebook
        If there is none of such a name; nothing was run then.
    """
    problems = []
    for path in chosen(names, solved_folder):
        print(f"{path.stem}: executing …", flush=True)
        try:
            print(f"{path.stem}: executed in {execute(path):.1f} s", flush=True)
        except NotebookError as error:
            problems += error.problems
    return problems


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="scripts/release_notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="only compare")
    action.add_argument("--execute", nargs="*", metavar="NAME", help="run the solved ones first")
    action.add_argument("--instructor", type=folder_to_write, metavar="FOLDER", help="write instructors' ones")
    options = parser.parse_args(arguments)
    try:
        chosen(options.execute, SOLVED)
    except UnknownNotebook as error:
        parser.error(str(error))

    if options.execute is not None and (problem := unwritable(SOLVED)):
        parser.error(f"{SOLVED} cannot be written: {problem}. Notebooks are released in a clone of your own.")

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
