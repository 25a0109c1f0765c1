"""How a wrong result differs from the right one is said in words, and what is said is so."""

import numpy as np
import pytest

from deeplearning_tutorial.exercises.comparison import difference

WANTED = np.array([[1.0, -2.0, 3.0], [4.0, 5.5, -6.0]])


def with_one_other(number):
    found = WANTED.copy()
    found[1, 1] = number
    return found


@pytest.mark.parametrize(
    "found, said",
    [
        (-WANTED, "The sign is wrong"),
        (WANTED / 6, "0.1667 times as large"),
        (WANTED + 0.5, "too large by 0.5."),
        (WANTED - 0.5, "too small by 0.5."),
        (np.trunc(WANTED), "All fractions are cut off"),
        (WANTED[::-1], "in another order"),
        (np.full((2, 3), 7.0), "All numbers are the same, 7,"),
        (with_one_other(9), "1 of 6 numbers is wrong. At `[1, 1]` it gives 9, and should give 5.5."),
        (with_one_other(0), "1 number of 6 should not be 0, but is, the first at `[1, 1]`."),
        (with_one_other(np.nan), "1 of 6 numbers is not finite"),
        (WANTED**2, "At `[0, 1]` it gives 4, and should give -2."),
        (WANTED.ravel(), "the shape is (6,), and should be (2, 3)"),
        (WANTED.T, "the axes are exchanged: the shape is (3, 2)"),
        (WANTED.sum(), "the sum of those that are wanted"),
        (WANTED.mean(), "the mean of those that are wanted"),
        (np.ones(4), "Already the shape is (4,), and it should be (2, 3)."),
        (1.5, "Already it is one number, and it should be (2, 3)."),
    ],
)
def test_what_all_numbers_have_in_common_is_said_or_the_first_that_differs(found, said):
    assert said in difference(found, WANTED)


@pytest.mark.parametrize(
    "found, said",
    [
        (2.5, "It is 2.5, and should be 3."),
        (-3.0, "The sign is wrong"),
        (np.inf, "not finite"),
        (np.array([1.0, 2.0]), "It should be one number, the sum of what it gives, an array of the shape (2,)."),
        (np.array([2.0, 4.0]), "the mean of what it gives"),
        (np.array([2.0, 7.0]), "one number is wanted"),
    ],
)
def test_one_number_is_compared_with_one(found, said):
    assert said in difference(found, np.array(3.0))


def test_rows_and_columns_of_a_square_are_told_from_another_order():
    square = np.arange(4.0).reshape(2, 2)
    assert difference(square.T, square) == "The numbers are right, but rows and columns are exchanged."
