"""A script written for the Theano deep learning tutorial runs when its imports are changed."""

import ast
import re
import subprocess
import sys

import pytest
from PIL import Image

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data.download import DATA_FOLDER
from deeplearning_tutorial.data.formats import IDX_FILES
from deeplearning_tutorial.data.loading import ROWS_VARIABLE, SUBSET_FILE
from deeplearning_tutorial.engine import device_in_use

SCRIPT = ROOT / "tests" / "tutorial_script.py"

ON_THE_CPU = device_in_use() == "cpu"
FULL = all((DATA_FOLDER / "mnist" / name).exists() for name in IDX_FILES)
SUBSET = (DATA_FOLDER / "mnist-5k" / SUBSET_FILE).exists()


def test_it_imports_nothing_else_of_the_package_than_the_names_of_the_tutorial():
    imported = {
        node.module.split(".")[-1]: [alias.name for alias in node.names]
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("deeplearning_tutorial")
    }
    assert imported == {
        "autoencoder": ["SdA", "dA"],
        "convolution": ["LeNetConvPoolLayer"],
        "data": ["load_data"],
        "layers": ["HiddenLayer", "LogisticRegression"],
        "mlp": ["MLP"],
        "plotting": ["tile_raster_images"],
    }


@pytest.mark.slow(8)
@pytest.mark.skipif(not (FULL or SUBSET), reason="no MNIST in data/ (scripts/setup --data fetches it)")
def test_the_script_trains_and_ends_with_sensible_errors(tmp_path, monkeypatch):
    monkeypatch.delenv(ROWS_VARIABLE, raising=False)
    full = FULL and ON_THE_CPU
    if not ON_THE_CPU:  # OpenCL without a GPU is slow
        monkeypatch.setenv(ROWS_VARIABLE, "3000")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    process = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, timeout=600)
    assert process.returncode == 0, process.stderr
    errors = {
        name: float(error) for name, error in re.findall(r"^(.+): ([\d.]+) %$", process.stdout, flags=re.MULTILINE)
    }
    # Logistic regression goes on to 7.5 % on the full set and to 9 % on the subset.
    assert errors.keys() == {"logistic regression", "mlp", "SdA", "LeNet"}
    assert 5 < errors["logistic regression"] < (13 if full else 25)
    assert 2 < errors["mlp"] < (10 if full else 20)
    assert 1.5 < errors["LeNet"] < (9 if full else 50)
    assert 1.3 < errors["SdA"] < (12 if full else 60)
    first, last = re.search(r"^dA: cost ([\d.]+), then ([\d.]+)$", process.stdout, flags=re.MULTILINE).groups()
    assert float(last) < float(first) < 200
    for name, rows in [("filters.png", 5), ("filters_corruption_30.png", 10)]:
        with Image.open(tmp_path / name) as picture:
            assert (picture.size, picture.mode) == ((rows * 29 - 1, rows * 29 - 1), "L")
            assert picture.getextrema() == (0, 255)
