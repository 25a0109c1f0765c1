"""What errors mean is said in plain words, with the line of the answer in which they were raised."""

import re

import numpy as np
import pytest
import theano.tensor as T

from deeplearning_tutorial.exercises.errors import IN_GENERAL, explain, first_line_of


def explanation(answer, *arguments, symbolic=False, known=()):
    try:
        answer(*arguments)
    except Exception as error:
        return explain(error, answer, symbolic, known)
    pytest.fail("the answer raises nothing")


def endless(n):
    return endless(n + 1)


def unbound(n):
    if n > 1:
        total = n
    return total


@pytest.mark.parametrize(
    "answer, said",
    [
        (lambda: 0.5 ^ 2, "`^` is no power"),
        (lambda: np.ones(2) ^ np.ones(2), "`^` is no power"),
        (lambda: 2 * abs, "computes with a function itself"),
        (lambda: abs[1], "A function is called with round brackets"),
        (lambda: np.ones(2)(1), "Round brackets call a function, and this is no function, but a numpy.ndarray."),
        (lambda: np.float64(2)(3), "Is a `*` missing?"),
        (lambda: [i for i in 3], "The numbers from 0 to n - 1 are `range(n)`"),
        (lambda: len("abc")[0], "before them stands one number"),
        (lambda: range(7 / 2), "`//` a whole number"),
        (lambda: np.ones(3)[1.5], "no place in an array"),
        (lambda: np.ones((2, 3)) + np.ones((4, 3)), "whose shapes do not fit, (2,3) and (4,3)"),
        (lambda: np.ones((2, 3)) @ np.ones((2, 3)), "Here they are 3 and 2."),
        (lambda: np.dot(np.ones((2, 3)), np.ones((2, 3))), "Here the shapes are (2,3) and (2,3)."),
        (lambda: np.ones(6).reshape(4, 2), "6 numbers do not fill an array of the shape (4,2)."),
        (lambda: np.ones(3)[5], "It asks for place 5 where there are 3"),
        (lambda: [1, 2][2], "a place that the list does not have"),
        (lambda: max([]), "of nothing at all"),
        (lambda: np.max([]), "of nothing at all"),
        (lambda: dict(a=1)["a"] / 0, "It divides by zero."),
        (lambda: endless(0), "It calls itself"),
        (lambda: (1, 2) - (3, 4), "`-` cannot join a `tuple` and a `tuple`."),
        (lambda: np.ones(3)[np.array([True, False])], "Here it has 2, and the other one 3."),
        (lambda: np.ones((2, 2)).sum(axis=2), "There is no such axis"),
        (lambda: {np.ones(1): 1}, "the variable comes first, and then the array"),
        (lambda: [a for a, b in ([1, 2, 3],)], "`zip(a, b)`"),
        (lambda: T.grad(T.tanh(0.5), 0.5), "and the argument is a number"),
        (lambda: np.meen(1), "There is no `meen` in `numpy`."),
        (lambda: T.sigmoid(1), "but there is `T.nnet.sigmoid`."),
        (lambda: [1].mean(), "NumPy's function takes one: `np.mean(...)`."),
        (lambda: sqrt(2), "If the function is meant, it is `np.sqrt`."),  # noqa: F821
        (lambda: nothing_like_it, "A name has to get its value in a line above"),  # noqa: F821
        (lambda: unbound(0), "`total` is used before it has got a value."),
    ],
)
def test_errors_that_are_common_mean_something(answer, said):
    assert said in explanation(answer)


def test_an_error_that_is_not_known_is_shown_with_its_line():
    def answer(x):
        y = x + 1
        return {}[y]

    assert explanation(answer, 1) == "In `return {}[y]`, it raised `KeyError: 2`."


def test_an_error_below_the_answer_is_shown_with_the_line_of_the_answer():
    def answer(x):
        return max(np.zeros((0, x)).max(), x)

    assert explanation(answer, 1).startswith("In `return max(np.zeros((0, x)).max(), x)`: It looks for")


def test_what_an_exercise_knows_comes_first():
    assert explanation(lambda: 1 / 0, known=[("division", "Divide by another number.")]) == "Divide by another number."


def test_symbols_have_diagnoses_of_their_own():
    assert "NumPy's, want numbers" in explanation(lambda x: float(x), T.scalar("x"), symbolic=True)
    assert "one by one" in explanation(lambda x: sum(x), T.vector("x"), symbolic=True)


def test_an_error_that_says_nothing_ends_in_no_empty_quotation():
    assert first_line_of(ValueError("  \n ")) == "ValueError"


def test_every_group_that_a_diagnosis_quotes_is_in_its_pattern():
    for pattern, diagnosis in IN_GENERAL:
        groups = {int(number) for number in re.findall(r"\\(\d)", diagnosis)}
        assert all(number <= re.compile(pattern).groups for number in groups), pattern
