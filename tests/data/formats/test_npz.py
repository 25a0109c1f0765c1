"""Arrays of NumPy's files are found by the names that people give them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.formats import read

RNG = np.random.RandomState(0)
X, Y = RNG.randint(0, 256, (12, 4, 5)).astype("u1"), np.arange(12) % 3

NAMES = [
    ("x_train", "y_train"),
    ("X_train", "Y_train"),
    ("train_images", "train_labels"),
    ("trainX", "trainY"),
    ("X", "y"),
    ("images", "labels"),
    ("data", "target"),
    ("arr_0", "arr_1"),
]


@pytest.mark.parametrize("x, y", NAMES)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_usual_names(tmp_path, x, y, save):
    save(tmp_path / "own.npz", **{x: X, y: Y})
    found = read(tmp_path / "own.npz")
    assert list(found.sets) == ["train"] and found.notes == []
    for array, own in zip(found.sets["train"], (X, Y)):
        assert_array_equal(array, own)


def test_names_of_classes_and_arrays_that_are_not_used(tmp_path):
    names = np.array(["cat", "dog", "hen"])
    np.savez(tmp_path / "own.npz", x_train=X, y_train=Y, class_names=names, x_extra_y=Y, other=Y)
    found = read(tmp_path / "own.npz")
    assert found.classes == {0: "cat", 1: "dog", 2: "hen"}
    assert len(found.notes) <= 1  # "other" has no meaning, and is not even opened


def test_a_file_for_each_set_and_a_file_for_each_array(tmp_path):
    for part in ("train", "test"):
        np.savez(tmp_path / f"{part}.npz", x=X, y=Y)
    for path in (tmp_path, tmp_path / "test.npz"):
        assert list(read(path).sets) == ["train", "test"]
    (tmp_path / "arrays").mkdir()
    for part in ("train", "test"):
        np.save(tmp_path / "arrays" / f"x_{part}.npy", X)
        np.save(tmp_path / "arrays" / f"y_{part}.npy", Y)
    assert read(tmp_path / "arrays").layout == "Four .npy files"


def test_channels_that_come_first_are_put_last(tmp_path):
    x = np.random.RandomState(0).randint(0, 256, (6, 3, 8, 9)).astype("u1")
    np.savez(tmp_path / "own.npz", x_train=x, y_train=np.arange(6) % 2)
    found = read(tmp_path / "own.npz")
    assert_array_equal(found.sets["train"][0], x.transpose(0, 2, 3, 1))
    assert "The pictures are in colour: red, green and blue of each pixel are features of their own." in found.notes


def test_channels_of_one_go_and_three_are_a_choice(tmp_path):
    for shape in [(12, 4, 5, 1), (12, 1, 4, 5)]:
        np.savez(tmp_path / "own.npz", images=X.reshape(shape), labels=Y)
        assert_array_equal(read(tmp_path / "own.npz").sets["train"][0], X)
    for axis in (3, 1):
        np.savez(tmp_path / "own.npz", images=np.stack([X, X // 2, X // 4], axis), labels=Y)
        with pytest.raises(ValueError, match="own.npz: its pictures are in colour. Say colour='grey'"):
            read(tmp_path / "own.npz")
        assert read(tmp_path / "own.npz", colour="rgb").sets["train"][0].shape == (12, 4, 5, 3)
        grey = read(tmp_path / "own.npz", colour="grey").sets["train"][0]
        assert grey.dtype == np.uint8 and np.abs(grey - (0.299 * X + 0.587 * (X // 2) + 0.114 * (X // 4))).max() <= 0.51
    np.savez(tmp_path / "own.npz", x_train=X[..., None], y_train=Y, x_test=np.stack([X] * 3, 3), y_test=Y)
    with pytest.raises(ValueError, match="own.npz: test images have shape"):
        read(tmp_path / "own.npz")


BAD = {
    "nothing of use": (dict(weights=X), "own.npz: has no arrays; missing x_train, y_train"),
    "no labels": (dict(x_train=X), "own.npz: has x_train; missing y_train"),
    "no training set": (dict(x_test=X, y_test=Y), "own.npz: has x_test, y_test; missing x_train, y_train"),
    "objects": (dict(x=X, y=np.array([None] * 12)), "own.npz: cannot be read"),
    "numbers of rows": (dict(x=X, y=Y[:5]), "own.npz: 12 train images but 5 train labels"),
    "NaN for a label": (dict(x=X, y=np.where(Y == 2, np.nan, Y)), "4 of 12 labels are missing"),
    "measurements": (dict(x=X, y=Y + 0.25), "0.25 are measurements and no classes"),
    "one-hot": (dict(x=X, y=np.eye(3)[Y]), r"y\.argmax\(axis=1\)"),
    "words for pictures": (dict(x=np.full((12, 4), "a"), y=Y), "type <U1; expected numbers"),
    "one picture": (dict(x=X[0, 0], y=Y), r"shape \(5,\); expected \(rows, ...\)"),
}


@pytest.mark.parametrize("arrays, reason", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(tmp_path, arrays, reason):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(ValueError, match=reason) as caught:
        read(tmp_path / "own.npz")
    assert "own.npz" in str(caught.value)


def test_an_array_alone_asks_for_the_others(tmp_path):
    np.save(tmp_path / "x_train.npy", X)
    with pytest.raises(ValueError, match=r"x_train.npy.*(missing y_train|one array).*"):
        read(tmp_path / "x_train.npy")
