"""Sets that are missing are made: each has every class, no row is lost or in two of them, and they are the same each time."""

import hashlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data import splits
from deeplearning_tutorial.data.splits import find_parts, first_rows, in_runs, is_mnist

RNG = np.random.RandomState(0)


def names(y):
    return [f"class {number}" for number in range(y.max() + 1)]


def found(**labels):
    return find_parts(labels, names(labels["train"]), "own.csv")


def taken(parts, **labels):
    """The labels of each set, and the rows of the training set that were given to any."""
    sets = {made: labels[key][rows] for made, (key, rows) in parts.rows.items()}
    used = [np.arange(len(labels["train"]))[rows] for key, rows in parts.rows.values() if key == "train"]
    return sets, np.concatenate(used)


ORDERS = {
    "sorted": np.repeat(np.arange(5), 60),
    "in random order": RNG.permutation(np.repeat(np.arange(5), 60)),
    "uneven": RNG.permutation(np.repeat(np.arange(4), [10, 30, 100, 160])),
}


@pytest.mark.parametrize("y", ORDERS.values(), ids=ORDERS)
def test_missing_sets_have_of_each_class_its_share(y):
    for labels in [{"train": y}, {"train": y, "test": y[::3]}, {"train": y, "valid": y[::3]}]:
        parts = found(**labels)
        sets, used = taken(parts, **labels)
        assert_array_equal(np.sort(used), np.arange(300))
        counts = np.bincount(y)
        for made, share in [("test", 1 / 7), ("valid", 1 / 6)]:
            if made not in labels:
                rest = counts if made == "test" or "test" in labels else counts - np.bincount(sets["test"])
                assert np.abs(np.bincount(sets[made]) - rest * share).max() <= 0.5
        assert not in_runs(sets["train"])
        assert "at random, the same in each run" in parts.notes[0]
        assert ("sorted by class" in parts.notes[0]) == in_runs(y)


def test_they_are_the_same_each_time_whatever_was_drawn_before():
    y = ORDERS["sorted"]
    first = found(train=y)
    np.random.rand()
    for made, (_, rows) in found(train=y).rows.items():
        assert_array_equal(rows, first.rows[made][1])


def test_150_rows_of_three_classes_are_enough():
    sets, _ = taken(found(train=np.repeat(np.arange(3), 50)), train=np.repeat(np.arange(3), 50))
    assert {made: np.bincount(y).tolist() for made, y in sets.items()} == {
        "train": [36, 36, 36],
        "valid": [7, 7, 7],
        "test": [7, 7, 7],
    }


def test_sets_that_are_there_stay_but_for_sorted_training_rows():
    y = ORDERS["in random order"]
    parts = found(train=y, valid=y[:9], test=y[9:20])
    assert parts.notes == [] and all(part == (key, slice(None)) for key, part in parts.rows.items())
    parts = found(train=np.sort(y), valid=y[:9], test=y[9:20])
    assert parts.rows["valid"] == ("valid", slice(None)) and "shuffled" in parts.notes[0]
    rows = parts.rows["train"][1]
    assert_array_equal(np.sort(rows), np.arange(300))
    assert not in_runs(np.sort(y)[rows])


def test_a_class_of_too_few_rows_is_for_training_and_named():
    y = np.append(np.repeat([0, 1], 20), [2, 2])
    parts = found(train=y)
    sets, used = taken(parts, train=y)
    assert (sets["train"] == 2).sum() == 2 and len(used) == 42
    assert "'class 2' has too few rows for both" in parts.notes[1]
    parts = found(train=y, test=y)  # with two, one can be set aside
    assert (taken(parts, train=y, test=y)[0]["valid"] == 2).sum() == 1 and len(parts.notes) == 1


def test_what_cannot_be_split_is_refused():
    with pytest.raises(ValueError, match="own.csv: 5 training rows; at least 6"):
        found(train=np.array([0, 1, 0, 1, 0]))
    numbers = "own.csv: 100 of 100 classes have no more than 2 of 100 training rows.*numbers of the rows"
    with pytest.raises(ValueError, match=numbers):
        found(train=np.arange(100))
    with pytest.raises(ValueError, match="60 of 61 classes.*measurements"):
        found(train=np.append(np.arange(60), [60] * 50))


def test_runs_are_told_from_random_order():
    assert in_runs(np.repeat([0, 1], 10)) and in_runs(np.repeat(np.arange(100) % 10, 5))
    assert not in_runs(np.arange(20) % 2) and not in_runs(RNG.randint(0, 10, 50)) and not in_runs(np.zeros(9, int))


# MNIST --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def mnist(monkeypatch):
    """Labels that are taken for MNIST's, 70,000 of them."""
    y = RNG.randint(0, 10, 70_000)
    sums = {n: hashlib.sha256(y[:n].astype("uint8").tobytes()).hexdigest() for n in (60_000, 70_000)}
    monkeypatch.setattr(splits, "MNIST_LABELS", sums)
    return y


def test_mnist_stays_in_file_order(mnist):
    parts = found(train=mnist[:60_000], test=mnist[60_000:])
    assert parts.is_mnist and "MNIST" in parts.notes[0]
    sets, used = taken(parts, train=mnist[:60_000], test=mnist[60_000:])
    assert_array_equal(used, np.arange(60_000))
    assert [len(y) for y in sets.values()] == [50_000, 10_000, 10_000] and list(sets) == ["train", "valid", "test"]


def test_all_70_000_digits_in_one_table_are_split_as_mnist_is(mnist):
    sets, used = taken(found(train=mnist), train=mnist)
    assert_array_equal(used, np.arange(70_000))
    assert [len(y) for y in sets.values()] == [50_000, 10_000, 10_000]


def test_other_labels_or_mnist_in_another_order_are_not_mnist(mnist):
    assert is_mnist(mnist[:60_000]) and is_mnist(mnist)
    assert not is_mnist(mnist[:60_000][::-1]) and not is_mnist(mnist[:59_999])
    assert not is_mnist(mnist + 256)  # the same bytes
    assert not found(train=mnist[:60_000]).is_mnist  # without its test digits there are none to test with


# Fewer rows ---------------------------------------------------------------------------------------------------------


def test_the_first_rows_are_taken_where_each_class_is_among_them():
    y = np.arange(40) % 4
    assert first_rows(y, 10, in_file_order=False) == first_rows(y, 10, in_file_order=True) == slice(0, 10)
    assert first_rows(y, None, in_file_order=False) == slice(0, None)
    assert first_rows(y, 100, in_file_order=False) == slice(0, 100)
    assert first_rows(np.sort(y), 10, in_file_order=True) == slice(0, 10)  # MNIST, whatever is asked for


def test_of_sorted_rows_each_class_keeps_its_share():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    for most, counts in [(50, [30, 15, 5]), (10, [6, 3, 1]), (3, [1, 1, 1]), (4, [2, 1, 1])]:
        rows = first_rows(y, most, in_file_order=False)
        assert_array_equal(np.bincount(y[rows], minlength=3), counts)
        assert (np.diff(rows) > 0).all()
    assert len(first_rows(y, 2, in_file_order=False)) == 2
