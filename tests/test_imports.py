"""What scripts, tests and notebooks import from the package is there, also where a line is seldom reached."""

import ast
import importlib
import importlib.util
import json

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from deeplearning_tutorial import ROOT

FOLDERS = ["deeplearning_tutorial", "scripts", "tests"]
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))] + sorted(
    (ROOT / "notebooks").rglob("*.ipynb")
)


def source(path):
    if path.suffix == ".py":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    to_python = TransformerManager().transform_cell  # of a %magic, too
    return "".join(to_python("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code")


def missing_names(text):
    """The names that are imported from a module of the package which has none of them."""
    missing = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or node.level or node.module.split(".")[0] != "deeplearning_tutorial":
            continue
        module = importlib.import_module(node.module)
        for name in (alias.name for alias in node.names):
            is_module = hasattr(module, "__path__") and importlib.util.find_spec(f"{node.module}.{name}")
            if not hasattr(module, name) and not is_module:
                missing.append(f"{node.module}.{name}")
    return missing


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imported_names_are_there(path):
    assert missing_names(source(path)) == []


def test_a_missing_name_is_found():
    text = "def load():\n    from deeplearning_tutorial.data import load_data, load_date\n    from deeplearning_tutorial import data\n"
    assert missing_names(text) == ["deeplearning_tutorial.data.load_date"]
