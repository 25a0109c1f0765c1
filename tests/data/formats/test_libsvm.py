"""LIBSVM's text: what is left out is 0, and a line of another kind is named by its number."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.formats import read


def found(tmp_path, text, name="own"):
    (tmp_path / name).write_text(text)
    return read(tmp_path / name)


def test_rows_and_labels(tmp_path):
    got = found(tmp_path, "# made by hand: 1:2\n1 1:3 3:4 # a note: 5:6\n-1\n+1 4:2.5e-1\n\n-1 2:7 \n")
    x, y = got.sets["train"]
    assert_array_equal(x, [[3, 0, 4, 0], [0, 0, 0, 0], [0, 0, 0, 0.25], [0, 7, 0, 0]])
    assert_array_equal(y, [1, -1, 1, -1])
    assert got.layout == "One LIBSVM file"


def test_indices_from_0_and_whole_numbers(tmp_path):
    got = found(tmp_path, "1 0:3 2:255\n2 1:1\n")
    assert_array_equal(got.sets["train"][0], [[3, 0, 255], [0, 1, 0]])
    assert got.sets["train"][0].dtype == np.uint8 and got.notes == ["Its indices begin with 0, not with 1."]


def test_the_largest_index_of_all_sets_counts(tmp_path):
    (tmp_path / "a.t").write_text("1 5:1\n2 1:1\n")
    got = found(tmp_path, "1 2:3\n2 1:1\n", "a")
    assert [x.shape for x, _ in got.sets.values()] == [(2, 5), (2, 5)] and list(got.sets) == ["train", "test"]


def test_mnist_gets_its_last_pixels_back(tmp_path):
    got = found(tmp_path, "5 780:3\n1 1:4\n", "mnist.scale")
    assert got.sets["train"][0].shape == (2, 784) and "780 became 784" in got.notes[0]
    assert found(tmp_path, "5 780:3\n1 1:4\n", "other").sets["train"][0].shape == (2, 780)


BAD = {
    "indices do not grow": ("1 1:2\n1 3:4 2:5\n", "line 2 is no row as LIBSVM has it .*growing"),
    "an index twice": ("1 1:2\n1 3:4 3:5\n", "line 2 is no row"),
    "no value": ("1 1:2\n1 3 2:5\n", "line 2 is no row"),
    "a word": ("1 1:2\n1 3:many\n", "line 2 is no row"),
    "several labels": ("1 1:2\n1,2 3:4\n", "line 2 .*'1,2' are several labels"),
    "for ranking": ("1 1:2\n1 qid:3 1:4\n", "line 2 .*ranking"),
    "negative": ("1 1:2\n1 -3:4\n", "line 2 has index -3"),
    "NaN for a label": ("1 1:2\nnan 3:4\n", "1 of 2 labels are missing"),
    "measurements": ("1 1:2\n1.5 3:4\n", "1.5 are measurements"),
    "too wide": ("1 1:2\n1 2000000000:4\n" + "1 1:1\n" * 10_000, "10,002 rows of 2,000,000,000 features.* GiB"),
}


@pytest.mark.parametrize("text, reason", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(tmp_path, text, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        found(tmp_path, text, "own.txt")
    assert "own.txt" in str(caught.value)
