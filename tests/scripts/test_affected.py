"""What scripts/test --quick runs: in a small repository, and in this one."""

import subprocess

import pytest

from scripts.development import affected
from scripts.development.affected import NotInGit, changed_files

NOTEBOOK = '{"cells": [{"cell_type": "code", "source": ["%s"]}]}'
FILES = {
    "deeplearning_tutorial/__init__.py": "",
    "deeplearning_tutorial/layers.py": "def f():\n    from deeplearning_tutorial.checks import check\n",
    "deeplearning_tutorial/checks.py": "",
    "deeplearning_tutorial/updates.py": "",
    "deeplearning_tutorial/exercises/__init__.py": "from deeplearning_tutorial.exercises import a\n",
    "deeplearning_tutorial/exercises/a.py": "from deeplearning_tutorial import updates\n",
    "deeplearning_tutorial/engine/rewrites.py": "",
    "tests/engine/test_rewrites.py": "",
    "scripts/__init__.py": "",
    "scripts/slides": "#!/bin/sh\n",
    "tests/test_layers.py": "",
    "tests/test_checks.py": "from deeplearning_tutorial import checks\n",
    "tests/test_mlp.py": "from deeplearning_tutorial.layers import HiddenLayer\n",
    "tests/test_updates.py": "import deeplearning_tutorial.updates\n",
    "tests/test_commands.py": "COMMANDS = ['scripts/slides']\n",
    "tests/test_docs.py": "",
    "tests/test_notebooks.py": "",
    "tests/cases.py": "",
    "tests/conftest.py": "def opencl():\n    pass\n\n\ndef pytest_configure():\n    pass\n",
    "tests/test_on_opencl.py": "def test_pytest_configure(opencl):\n    pass\n",
    "scripts/test": "#!/bin/sh\n",
    "tests/test_test.py": 'run(ROOT / "scripts" / "test")\n',
    "tests/test_cases.py": "from cases import CASES\n",
    "notebooks/solved/01_a.ipynb": NOTEBOOK % "from deeplearning_tutorial.layers import f",
    "notebooks/solved/02_b.ipynb": NOTEBOOK % "%matplotlib inline\\nimport deeplearning_tutorial.exercises",
    "notebooks/01_a.ipynb": NOTEBOOK % "",
}


@pytest.fixture
def repository(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "changed, tests, notebooks",
    [
        ("deeplearning_tutorial/layers.py", ["test_layers", "test_mlp"], ["01_a"]),
        ("deeplearning_tutorial/checks.py", ["test_checks"], ["01_a"]),  # which needs it by way of layers
        ("deeplearning_tutorial/updates.py", ["test_updates"], []),
        ("deeplearning_tutorial/exercises/a.py", [], ["01_a"]),
        ("deeplearning_tutorial/exercises/__init__.py", [], ["02_b"]),
        ("deeplearning_tutorial/engine/rewrites.py", ["engine/test_rewrites"], ["01_a", "02_b"]),
        ("deeplearning_tutorial/engine/sgemm.cpp", [], ["01_a", "02_b"]),
        ("scripts/slides", ["test_commands"], []),
        ("scripts/test", ["test_test"], []),
        ("tests/conftest.py", ["test_on_opencl"], []),
        ("tests/test_mlp.py", ["test_mlp"], []),
        ("tests/cases.py", ["test_cases"], []),
        ("docs/gpu.md", ["test_docs"], []),
        ("notebooks/01_a.ipynb", ["test_notebooks"], ["01_a"]),
        ("notebooks/solved/02_b.ipynb", ["test_notebooks"], ["02_b"]),
        ("deeplearning_tutorial/gone.py", [], []),
        ("LICENSE", [], []),
    ],
)
def test_a_change_affects_what_needs_it(repository, changed, tests, notebooks):
    assert affected.affected([changed], repository) == (
        [f"tests/{name}.py" for name in tests],
        [f"notebooks/solved/{name}.ipynb" for name in notebooks],
    )


def test_several_changes_affect_each_once(repository):
    tests, notebooks = affected.affected(
        ["deeplearning_tutorial/layers.py", "deeplearning_tutorial/checks.py"], repository
    )
    assert tests == [f"tests/test_{name}.py" for name in ("checks", "layers", "mlp")]
    assert notebooks == ["notebooks/solved/01_a.ipynb"]


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(repository):
    git(repository, "init", "-b", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "All")
    return repository


def test_changed_is_what_is_not_committed_and_what_is_new(committed):
    assert changed_files(root=committed) == []
    (committed / "LICENSE").write_text("new")
    (committed / "tests/test_mlp.py").write_text("changed")
    (committed / "tests/cases.py").unlink()
    git(committed, "mv", "tests/test_cases.py", "tests/test_moved.py")
    wanted = ["LICENSE", "tests/cases.py", "tests/test_cases.py", "tests/test_mlp.py", "tests/test_moved.py"]
    assert changed_files(root=committed) == wanted


def test_changed_is_what_is_not_on_the_main_branch_of_where_it_came_from(committed, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", str(committed), str(clone))
    (clone / "tests/test_mlp.py").write_text("changed")
    git(clone, "commit", "-a", "-m", "Changed")
    assert changed_files(root=clone) == ["tests/test_mlp.py"]
    assert changed_files("HEAD", clone) == []
    assert changed_files("HEAD~1", clone) == ["tests/test_mlp.py"]


def test_a_commit_that_is_not_there_is_named(committed, capsys):
    with pytest.raises(NotInGit, match="nothing"):
        changed_files("nothing", committed)
    assert affected.main(["nothing-of-that-name"]) == 2
    assert "nothing-of-that-name" in capsys.readouterr().err


def test_of_this_repository_a_layer_affects_its_tests_and_the_notebooks_that_train():
    tests, notebooks = affected.affected(["deeplearning_tutorial/layers.py"])
    assert {"tests/test_layers.py", "tests/test_mlp.py"} <= set(tests)
    assert len(notebooks) >= 5 and "notebooks/solved/00_setup.ipynb" not in notebooks
