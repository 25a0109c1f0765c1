"""A notebook is run as an attendee would run it, and saved only if all of it ran."""

import pytest
from nbformat.v4 import new_output
from notebook_examples import code, notebook, only, printed, save

from scripts.notebooks.clean_run import solved_problems
from scripts.notebooks.execution import WIDGET_VIEW, clean_executed, execute
from scripts.notebooks.notebook import METADATA, NotebookError, read_notebook


@pytest.fixture
def own_jupyter(tmp_path, monkeypatch):
    """Keep kernels from writing into the home folder."""
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)


def test_execute_runs_in_the_folder_without_progress_bars_and_saves(tmp_path, own_jupyter):
    path = tmp_path / "01_run.ipynb"
    nb = notebook(
        code("import os, pathlib, tqdm\nfor i in tqdm.trange(3): print(i)", count=9),
        code("print(pathlib.Path('01_run.ipynb').exists())", printed("old"), count=9),
        code("import sys\nfor i in 1, 2:\n    print(i, flush=True)\n    print(-i, file=sys.stderr, flush=True)"),
    )
    nb.metadata["language_info"] = {"name": "python", "version": "3.11.99"}
    save(path, nb)
    assert execute(path) > 0

    ran = read_notebook(path)
    assert [cell.outputs for cell in ran.cells] == [
        [printed("0\n1\n2\n")],
        [printed("True\n")],
        [printed("1\n2\n"), new_output("stream", name="stderr", text="-1\n-2\n")],
    ]
    assert [cell.execution_count for cell in ran.cells] == [1, 2, 3]
    assert ran.metadata == METADATA
    assert all(cell.metadata == {} for cell in ran.cells)
    assert solved_problems(ran) == []
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["01_run.ipynb"]


def test_failing_notebook_is_left_as_it_was(tmp_path, own_jupyter):
    path = tmp_path / "01_fails.ipynb"
    save(path, notebook(code("x = 1", printed("old")), code("1 / 0")))
    before = path.read_bytes()
    with pytest.raises(NotebookError) as caught:
        execute(path)
    problem = only(caught.value.problems)
    assert problem.startswith("01_fails, cell 2: failed; the file is left as it was")
    assert "ZeroDivisionError" in problem
    assert path.read_bytes() == before


def test_notebook_with_wrong_markers_is_not_run(tmp_path):
    save(tmp_path / "01_bad.ipynb", notebook(code("### END SOLUTION")))
    with pytest.raises(NotebookError, match="stray"):
        execute(tmp_path / "01_bad.ipynb")


def test_widgets_without_a_model_are_taken_out():
    output = new_output("display_data", {"text/plain": "Widget()", WIDGET_VIEW: {"model_id": "1"}})
    nb = notebook(code("x", output))
    clean_executed(nb)
    assert nb.cells[0].outputs[0].data == {"text/plain": "Widget()"}
