"""Parameters that were trained before are loaded whole, and only if they are what they should be."""

import hashlib
import re

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial import checkpoint
from deeplearning_tutorial.data import load_arrays
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.pretrained import FOLDER, load_pretrained

ARRAYS = {"W1": np.arange(6, dtype="float32").reshape(2, 3), "b1": np.ones(3, "float32")}
ABOUT = {"title": "2-3", "seconds": 754.2, "device": "a processor"}


@pytest.fixture
def folder(tmp_path):
    checkpoint.save(tmp_path / "net.npz", ARRAYS, ABOUT)
    write_sum(tmp_path)
    return tmp_path


def write_sum(folder):
    digest = hashlib.sha256((folder / "net.npz").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  net.npz\n")


def zeros(*shapes):
    return [theano.shared(np.zeros(shape, "float32")) for shape in shapes]


def test_they_are_put_into_the_model_and_it_says_where_they_come_from(folder, capsys):
    params = zeros((2, 3), (3,))
    assert load_pretrained("net", params, folder) == ABOUT
    for parameter, array in zip(params, ARRAYS.values()):
        np.testing.assert_array_equal(parameter.get_value(), array)
    shown = capsys.readouterr().out
    assert "No time to train" in shown and "scripts/reproduce net found in 13 minutes on a processor (2-3)" in shown


@pytest.mark.parametrize("shapes", [[(2, 3)], [(2, 4), (4,)], [(3,), (2, 3)], [(2, 3), (3,), (3,)]])
def test_those_of_another_model_are_refused(folder, shapes):
    params = zeros(*shapes)
    with pytest.raises(ValueError, match="the parameters 'net' are of shapes .*, and this model's are"):
        load_pretrained("net", params, folder)
    assert all(not parameter.get_value().any() for parameter in params)


def test_a_name_that_is_none_is_refused(folder):
    with pytest.raises(
        ValueError, match="no trained parameters 'nett'; there are: net. Train them: scripts/reproduce nett"
    ):
        load_pretrained("nett", zeros((2, 3), (3,)), folder)
    with pytest.raises(ValueError, match="there are: none"):
        load_pretrained("net", zeros((2, 3), (3,)), folder / "elsewhere")
    (folder / "net.npz").unlink()
    with pytest.raises(ValueError, match="no trained parameters 'net'"):
        load_pretrained("net", zeros((2, 3), (3,)), folder)


def test_a_file_without_its_checksum_is_refused(folder):
    content = bytearray((folder / "net.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "net.npz").write_bytes(content)
    with pytest.raises(
        checkpoint.CheckpointError,
        match="net.npz is damaged: it does not have its checksum. To get it back: git checkout",
    ):
        load_pretrained("net", zeros((2, 3), (3,)), folder)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.npz")), ids=lambda path: path.stem)
def test_those_that_are_here_are_small_and_have_their_checksums(path):
    arrays, about = checkpoint.load(path)
    assert path.stat().st_size < 8.1 * 2**20 and about["name"] == path.stem
    load_pretrained(path.stem, [theano.shared(np.zeros_like(array)) for array in arrays.values()])


def test_there_are_no_others():
    names = re.findall(r"  (.+)", (FOLDER / "SHA256SUMS").read_text())
    assert names == sorted(path.name for path in FOLDER.glob("*.npz"))


def test_logistic_regression_classifies_with_them():
    x, y = load_arrays("mnist")[1]
    symbol = T.matrix("x")
    classifier = LogisticRegression(symbol, 784, 10)
    load_pretrained("logistic", classifier.params)
    assert np.mean(theano.function([symbol], classifier.y_pred)(x) != y) < 0.12
