"""Labels of any kind become classes 0 to n - 1, what is changed is said, and what cannot be learned is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.labels import listed, number_classes, numbered


def found(known=None, **sets):
    return number_classes({key: np.asarray(y) for key, y in sets.items()}, known, "own.csv")


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", "int64", "uint64"])
def test_numbers_from_0_stay_and_nothing_is_said(kind):
    labels = found(train=np.array([2, 0, 1, 0], kind), test=np.array([1], kind))
    assert_array_equal(labels.numbers["train"], [2, 0, 1, 0])
    assert_array_equal(labels.numbers["test"], [1])
    assert labels.numbers["train"].dtype == "int32"
    assert labels.names == ["0", "1", "2"] and labels.notes == []


CHANGED = {
    "letters": (np.arange(1, 27), list(range(26)), "Labels 1 to 26 became 0 to 25."),
    "-1 and +1": ([-1, 1, 1], [0, 1, 1], "Labels are renumbered: 0 is -1, 1 is 1."),
    "tens": ([30, 10, 20], [2, 0, 1], "0 is 10, 1 is 20, 2 is 30"),
    "0 and 255": ([0, 255, 0], [0, 1, 0], "0 is 0, 1 is 255"),
    "bytes to 255": (np.arange(5, 256).astype("uint8"), list(range(251)), "Labels 5 to 255 became 0 to 250."),
    "words": (["dog", "cat", "dog"], [1, 0, 1], "Classes are numbered: 0 is cat, 1 is dog."),
    "words with spaces": (["dog ", "cat", "dog"], [1, 0, 1], "0 is cat, 1 is dog."),
    "numbers and words": (["1", "x", "1"], [0, 1, 0], "0 is 1, 1 is x."),
    "zeros before numbers": (["1", "01", "1"], [1, 0, 1], "0 is 01, 1 is 1."),
}


@pytest.mark.parametrize("y, numbers, note", CHANGED.values(), ids=CHANGED)
def test_others_are_numbered_and_that_is_said(y, numbers, note):
    labels = found(train=y)
    assert_array_equal(labels.numbers["train"], numbers)
    assert len(labels.notes) == 1 and note in labels.notes[0]
    assert [labels.names[number] for number in numbers] == [str(value).strip() for value in y]


def test_numbers_that_a_text_file_holds_are_numbers():
    labels = found(train=["10", "9", "0", "1", "2", "3", "4", "5", "6", "7", "8"], test=[10])
    assert labels.names[10] == "10" and labels.numbers["train"][0] == labels.numbers["test"][0] == 10
    assert labels.notes == []


def test_digits_of_which_some_are_missing_keep_their_number():
    labels = found(train=[0, 5, 9])
    assert_array_equal(labels.numbers["train"], [0, 5, 9])
    assert len(labels.names) == 10 and "7 of 10 classes" in labels.notes[0]


def test_names_of_the_data_set_are_kept_even_of_classes_that_have_no_row():
    known = {number: "ABC"[number - 1] for number in (1, 2, 3)}
    labels = found(known, train=[3, 1], test=[1])
    assert labels.names == ["A", "B", "C"]
    assert_array_equal(labels.numbers["train"], [2, 0])
    assert labels.notes == ["Labels 1 to 3 became 0 to 2 (A to C).", "No row is of class 'B', 1 of 3 classes."]
    assert found({0: "T-shirt", 1: "Trouser"}, train=[0, 1]).notes == []


def test_one_class_is_nothing_to_learn():
    assert "nothing to tell apart" in found(train=[3, 3]).notes[-1]


WRONG = {
    "only the test set has it": (
        {"train": [0, 1], "test": [0, 7, 7]},
        "test labels: 2 of 3 are 7, which no training row is",
    ),
    "only the validation set has it": ({"train": ["a", "b"], "valid": ["c"]}, "validation labels: 1 of 1 are 'c'"),
    "empty words": ({"train": ["a", "", " "]}, "2 of 3 training labels are missing"),
    "words and numbers": (
        {"train": ["a", "b"], "test": [0, 1]},
        "training labels are words, such as 'a', and test labels",
    ),
}


@pytest.mark.parametrize("sets, message", WRONG.values(), ids=WRONG)
def test_what_cannot_be_learned_is_refused(sets, message):
    with pytest.raises(ValueError, match=f"own.csv.*{message}"):
        found(**sets)


def test_long_lists_are_cut():
    assert listed(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert numbered(list("abcdefg"), most=2) == "0 is a, 1 is b, …, 6 is g"
    assert numbered(list("ab"), most=2) == "0 is a, 1 is b"
