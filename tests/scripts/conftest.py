"""A copy of the repository, for the tests of several commands."""

import shutil

import pytest
from repository_copy import pretend, write_program, write_stamp

from deeplearning_tutorial import ROOT


@pytest.fixture
def copy(tmp_path):
    """A copy of the scripts, in a folder with a difficult name, that scripts/setup takes to be set up.

    Its .venv/bin/python only writes down what it is called with, one line a call, into `calls`.
    """
    root = tmp_path / "Übung 1, it's ours"
    for name in ("scripts", ".ci"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "deeplearning_tutorial/engine").mkdir(parents=True)
    for name in (
        "requirements.txt",
        "deeplearning_tutorial/engine/onednn.py",
        "deeplearning_tutorial/engine/sgemm.cpp",
        "deeplearning_tutorial/engine/threads.h",
        "deeplearning_tutorial/engine/blas.h",
    ):
        shutil.copy(ROOT / name, root / name)
    # With a device asked for, a .venv without pygpu would leave that to another environment.
    for name in (
        "data/mnist",
        "data/mnist-5k",
        "notebooks/solved",
        "tests",
        ".venv/lib/python3.11/site-packages/pygpu",
    ):
        (root / name).mkdir(parents=True)
    for name in ("01_a.ipynb", "06_b.ipynb", "07_c.ipynb"):
        (root / "notebooks" / name).touch()
        (root / "notebooks/solved" / name).touch()
    (root / "data/mnist/train-images-idx3-ubyte").touch()
    write_program(root / "scripts/release_notebooks", '#!/bin/sh\necho "release $*" >>calls\n')
    pretend(root)
    write_stamp(root)
    return root


@pytest.fixture
def here(tmp_path):
    """Where the user of a bundle stands."""
    folder = tmp_path / "a class room"
    folder.mkdir()
    return folder
