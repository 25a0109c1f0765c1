"""Arrays in memory are found in pairs and in what scikit-learn returns, and nothing else is taken for them."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.arrays import find_arrays

X = np.arange(24.0).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


class Table:
    """As a table of Pandas makes an array of itself."""

    def __init__(self, values):
        self.values = np.array(values, dtype=object)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype) if dtype else self.values


@pytest.mark.parametrize(
    "pair", [(X, Y), [X, Y], (X.tolist(), Y.tolist()), (Table(X), Table(Y)), (X, Y[:, np.newaxis])]
)
def test_a_pair_is_a_training_set(pair):
    found = find_arrays(pair)
    assert list(found.sets) == ["train"]
    assert_array_equal(found.sets["train"][0], X)
    assert_array_equal(found.sets["train"][1], Y)


def test_two_and_three_pairs_are_sets():
    assert list(find_arrays(((X, Y), (X[:2], Y[:2]))).sets) == ["train", "test"]  # as Keras has them
    assert list(find_arrays([(X, Y), (X[:1], Y[:1]), (X[:2], Y[:2])]).sets) == ["train", "valid", "test"]


def test_words_are_labels():
    for words in (["a", "b", "c"] * 2, Table(["a", "b", "c"] * 2), np.array([b"a", b"b", b"c"] * 2)):
        assert find_arrays((X, words)).sets["train"][1].tolist() == ["a", "b", "c"] * 2


def test_scikit_learns_data_sets_bring_names_and_shapes():
    iris = SimpleNamespace(data=X, target=Y, target_names=np.array(["setosa", "versicolor", "virginica"]))
    assert find_arrays(iris).classes == {0: "setosa", 1: "versicolor", 2: "virginica"}
    digits = SimpleNamespace(data=X, images=X.reshape(6, 2, 2), target=Y, target_names=np.arange(3))
    assert find_arrays(digits).sets["train"][0].shape == (6, 2, 2) and find_arrays(digits).classes[2] == "2"
    # Of OpenML: words, and the name of the column.
    openml = SimpleNamespace(data=Table(X), target=Table(["5", "0", "4"] * 2), target_names=["class"])
    found = find_arrays(openml)
    assert found.classes is None and found.sets["train"][1].tolist() == ["5", "0", "4"] * 2


def test_channels_come_last_and_one_channel_is_none():
    x = np.arange(6 * 3 * 5 * 4).reshape(6, 3, 5, 4)
    ((rgb, _),) = find_arrays((x, Y)).sets.values()
    assert_array_equal(rgb, x.transpose(0, 2, 3, 1))
    ((grey, _),) = find_arrays((x, Y), colour="grey").sets.values()
    assert_array_equal(grey, np.rint(0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2]))
    for one in (x[:, :1], x[:, :1].transpose(0, 2, 3, 1)):
        assert_array_equal(find_arrays((one, Y)).sets["train"][0], x[:, 0])


@pytest.mark.parametrize("other", [None, 5, (), (X,), [X] * 4, {"x": X}])
def test_anything_else_is_not_taken_for_arrays(other):
    assert find_arrays(other) is None


WRONG = {
    "rows differ": ((X, Y[:5]), "6 train images but 5 train labels"),
    "measurements": ((X, Y / 4), "your arrays: y_train"),
    "one-hot": ((X, np.eye(3)[Y]), "argmax"),
    "a vector": ((X[0], Y[:4]), "y_train|x_train"),
    "words for features": ((Table([["a"] * 2] * 6), Y), "x_train holds something else than numbers"),
    "a label is missing": ((X, Table([0, 1, 2, 0, 1, None])), "1 of 6 labels are missing"),
    "words and numbers": ((X, Table([0, 1, 2, 0, 1, "a"])), "partly words, partly numbers"),
}


@pytest.mark.parametrize("data, message", WRONG.values(), ids=WRONG)
def test_arrays_that_are_not_what_they_should_be_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        find_arrays(data)
