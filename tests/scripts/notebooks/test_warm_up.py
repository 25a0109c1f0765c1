"""Notebooks that are run before anybody waits for them: what they compile is kept, and what fails is named."""

import time

import nbformat
import pytest
from tqdm import tqdm

from scripts.notebooks import warm_up
from scripts.notebooks.warm_up import run


@pytest.mark.parametrize(
    ("cell", "said"),
    [("import sys; assert not sys.dont_write_bytecode", ""), ("1 / 0", "a, cell: ZeroDivisionError: division by zero")],
)
def test_bytecode_is_kept_whatever_is_set_and_a_failure_is_named(tmp_path, monkeypatch, capsys, cell, said):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, id="cell")])
    with tqdm(disable=True) as bar:
        run({tmp_path / "a.ipynb": nb}, bar)
    assert capsys.readouterr().err.strip() == said


def notebook(*cells):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell, id=f"cell-{n}") for n, cell in enumerate(cells)]
    )


def test_notebooks_run_side_by_side(tmp_path, monkeypatch, capsys):
    """Each waits for a file that the other one writes."""
    monkeypatch.setattr(warm_up.os, "sched_getaffinity", lambda process: {0, 1})
    wait = """
import pathlib, time
pathlib.Path("{}").touch()
deadline = time.monotonic() + 30
while not pathlib.Path("{}").exists() and time.monotonic() < deadline:
    time.sleep(0.05)
assert pathlib.Path("{}").exists()
"""
    notebooks = {
        tmp_path / "a.ipynb": notebook(wait.format("a", "b", "b")),
        tmp_path / "b.ipynb": notebook(wait.format("b", "a", "a")),
    }
    with tqdm(disable=True) as bar:
        run(notebooks, bar)
    assert capsys.readouterr().err == ""


def test_no_picture_is_drawn_and_nothing_is_timed_for_long(tmp_path, capsys):
    timed = "%timeit -q -n 1000 -r 50 __import__('time').sleep(0.01)"
    nb = notebook("import matplotlib.pyplot as plt; assert plt.get_backend().lower() == 'agg'", timed)
    start = time.monotonic()
    with tqdm(disable=True) as bar:
        run({tmp_path / "a.ipynb": nb}, bar)
    assert capsys.readouterr().err == ""
    assert time.monotonic() - start < 200  # it would take 500 s
