"""What a change affects: the tests, and the notebooks, that scripts/test --quick runs.

    python -m scripts.development.affected [COMMIT]

prints their paths, one a line, for all that differs from a commit: what is committed since, what is not committed yet, and
new files. By default that is what is not in origin/main, or where there is no such branch, what is not committed.

- A module affects the test file that is named after it, each test file that imports it, and each notebook that needs it,
  by way of other modules too. The exercises of a notebook affect that notebook only; the engine, of which parts are
  imported when Theano is, affects all notebooks.
- Any other file affects the tests in which its name stands: a command, a text, a list. A page affects the tests of pages.
- A test file, and a notebook, affect themselves.
"""

import argparse
import ast
import json
import subprocess
import sys

from IPython.core.inputtransformer2 import TransformerManager

from scripts import ROOT

CODE = ["deeplearning_tutorial", "scripts"]
ENGINE = "deeplearning_tutorial/engine/"
EXERCISES = "deeplearning_tutorial.exercises."  # each notebook imports those of all, by way of their package


class NotInGit(ValueError):
    """There is no such commit, or no repository."""


def affected(changed, root=ROOT):
    """The tests and the solved notebooks that changed files affect.

    Parameters
    ----------
    changed : iterable of str
        Paths from the root of the repository; they need not exist any more.
    root : Path

    Returns
    -------
    tests, notebooks : list of str
        Paths from the root, sorted.
    """
    modules = {module_name(path, root): path for folder in CODE for path in (root / folder).rglob("*.py")}
    tests = {path: path.read_text(encoding="utf-8") for path in sorted((root / "tests").rglob("*.py"))}
    notebooks = sorted((root / "notebooks" / "solved").glob("*.ipynb"))
    needed = {path: with_all_they_import(imports(notebook_source(path), modules), modules) for path in notebooks}

    found = set()
    for name in changed:
        path = root / name
        if name.startswith(ENGINE):
            found |= set(notebooks)
        if path.suffix == ".ipynb":
            found |= {other for other in notebooks if other.name == path.name}
            found.add(root / "tests" / "test_notebooks.py")
        elif path.suffix == ".py" and path.parts[len(root.parts)] in CODE:
            module = module_name(path, root)
            found |= {test for test, text in tests.items() if module in imports(text, modules)}
            found |= {test for test in tests if test.stem == f"test_{path.stem}"}
            found |= {notebook for notebook in notebooks if module in needed[notebook]}
            if module.startswith(EXERCISES):
                found |= {notebook for notebook in notebooks if notebook.stem.endswith(f"_{path.stem}")}
        elif path in tests and path.name.startswith("test_"):
            found.add(path)
        else:
            if path.suffix == ".md":
                found.add(root / "tests" / "test_docs.py")
            words = words_for(path, root)
            found |= {test for test, text in tests.items() if any(word in text for word in words)}
    found = {path.relative_to(root) for path in found if path.exists()}
    return (
        sorted(str(path) for path in found if path.name.startswith("test_")),
        sorted(str(path) for path in found if path.suffix == ".ipynb"),
    )


def words_for(path, root):
    """By what a test names a file that it does not import."""
    if path.name == "conftest.py" and path.exists():  # by its fixtures
        functions = (
            node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
        )
        return [function.name for function in functions if not function.name.startswith("pytest_")]
    if path.suffix == ".py":
        return [path.stem]
    # A command's name alone may be any word, such as test.
    return [path.name] if path.suffix else [str(path.relative_to(root)), f'/ "{path.name}"']


def module_name(path, root):
    """``deeplearning_tutorial.data`` for ``deeplearning_tutorial/data/__init__.py``."""
    return ".".join(part for part in path.relative_to(root).with_suffix("").parts if part != "__init__")


def imports(source, modules):
    """The modules, of those given, that a source imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found |= {part for part in (name, name.rpartition(".")[0]) if part in modules}
    return found


def with_all_they_import(names, modules):
    """Modules, and what they import, and what that imports, and so on."""
    reached, waiting = set(), set(names)
    while waiting:
        name = waiting.pop()
        if name.startswith(EXERCISES):
            continue
        reached.add(name)
        waiting |= imports(modules[name].read_text(encoding="utf-8"), modules) - reached
    return reached


def notebook_source(path):
    """The code of a notebook as Python."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    to_python = TransformerManager().transform_cell  # of a %magic, too
    return "".join(to_python("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code")


def changed_files(commit=None, root=ROOT):
    """Paths of all that differs from a commit, new files included.

    Raises
    ------
    NotInGit
        If there is no such commit.
    """

    def git(*arguments):
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
        if answer.returncode:
            raise NotInGit(f"git {' '.join(arguments)}: {answer.stderr.strip()}")
        return answer.stdout.split("\0" if "-z" in arguments else None)

    if commit is None:
        try:
            (commit,) = git("merge-base", "HEAD", "origin/main")
        except NotInGit:
            commit = "HEAD"
    changed = git("diff", "--name-only", "--no-renames", "-z", commit, "--")
    new = git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*changed, *new} - {""})


def main(arguments=None):
    """Print what is affected. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.development.affected", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("commit", nargs="?", metavar="COMMIT")
    try:
        tests, notebooks = affected(changed_files(parser.parse_args(arguments).commit))
    except NotInGit as error:
        print(error, file=sys.stderr)
        return 2
    print(*tests, *notebooks, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
