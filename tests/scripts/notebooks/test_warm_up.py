"""Notebooks that are run before anybody waits for them: what they compile is kept, and what fails is named."""

import nbformat
import pytest
from tqdm import tqdm

from scripts.notebooks.warm_up import run


@pytest.mark.parametrize(
    ("cell", "said"),
    [("import sys; assert not sys.dont_write_bytecode", ""), ("1 / 0", "a, cell: ZeroDivisionError: division by zero")],
)
def test_bytecode_is_kept_whatever_is_set_and_a_failure_is_named(tmp_path, monkeypatch, capsys, cell, said):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, id="cell")])
    with tqdm(disable=True) as bar:
        run(tmp_path / "a.ipynb", nb, bar)
    assert capsys.readouterr().err.strip() == said
