"""Every exercise has a hint and a solution, takes any right answer, and says what is wrong with a wrong one."""

import inspect
import traceback
from types import SimpleNamespace

import numpy as np
import pytest
import theano.tensor as T
from answers import MISTAKES, RIGHT

from deeplearning_tutorial.exercises import EXERCISES, _Message, check, hint
from deeplearning_tutorial.exercises.examination import Exercise, Wrong

every_exercise = pytest.mark.parametrize("name", EXERCISES)

pytestmark = pytest.mark.filterwarnings("ignore:(invalid value|divide by zero):RuntimeWarning")


def test_each_exercise_has_right_answers_and_typical_mistakes():
    assert {name for name, _ in RIGHT} == set(EXERCISES)
    assert {name for name, _, _ in MISTAKES} == set(EXERCISES)


# All of them --------------------------------------------------------------------------------------------------------


@every_exercise
def test_the_solution_passes(name):
    assert len(EXERCISES[name].examine(EXERCISES[name].solution)) > 20


@every_exercise
def test_checking_again_what_stood_in_is_not_a_right_answer(name, capsys):
    # The check cell run twice, and the cell with the answer not at all.
    assert check(name, EXERCISES[name].solution) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not solved yet") and "Run the cell with your answer" in said
    assert "If that cell ends in an error" in said


def test_where_the_cell_with_the_answer_ended_in_an_error_the_check_says_so(monkeypatch, capsys):
    names = {}
    monkeypatch.setattr("deeplearning_tutorial.exercises.get_ipython", lambda: SimpleNamespace(user_ns=names))
    hint("normalize")
    assert check("normalize", names["normalize"]) is EXERCISES["normalize"].solution
    said = capsys.readouterr().out
    assert "There is no function `normalize` yet" in said and "If it ends in an error, mend that first" in said


def test_a_hint_leaves_an_answer_alone(monkeypatch):
    names = {"normalize": blank}
    monkeypatch.setattr("deeplearning_tutorial.exercises.get_ipython", lambda: SimpleNamespace(user_ns=names))
    hint("normalize")
    assert names == {"normalize": blank}


def blank(*arguments):
    pass


def dots(*arguments):
    return ...


def not_implemented(*arguments):
    raise NotImplementedError


@every_exercise
@pytest.mark.parametrize(
    "answer",
    [None, ..., blank, dots, not_implemented],
    ids=["None", "...", "pass", "return ...", "NotImplementedError"],
)
def test_a_blank_is_not_solved_yet_and_the_notebook_goes_on(name, answer, capsys):
    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not solved yet: ")
    assert "the notebook goes on with a solution of its own" in said


def without_return(*arguments):
    [argument for argument in arguments]


def printed(*arguments):
    print(arguments)


def in_an_if(*arguments):
    if not arguments:
        return 1


def nothing_of_a_call(*arguments):
    return [2, 1].sort()


@every_exercise
@pytest.mark.parametrize(
    "answer, said",
    [
        (blank, "The blank is still there"),
        (dots, "The blank is still there"),
        (without_return, "is the `return` missing?"),
        (printed, "`print` shows a value"),
        (in_an_if, "though there is a `return`"),
        (nothing_of_a_call, "though there is a `return`"),
    ],
    ids=["pass", "return ...", "no return", "print", "return in an if", "return of a call that returns None"],
)
def test_why_an_answer_returns_nothing_is_said(name, answer, said, capsys):
    check(name, answer)
    assert said in capsys.readouterr().out


@every_exercise
def test_another_number_of_arguments_is_told(name, capsys):
    check(name, lambda: 0)
    assert "and takes nothing. Leave the line with `def` as it was" in capsys.readouterr().out


@every_exercise
def test_an_answer_that_raises_is_told_what_it_raised(name, capsys):
    message = "first line\nsecond line"

    def answer(*arguments):
        raise RuntimeError(message)

    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not quite: ") and "`RuntimeError: first line`" in said and "second line" not in said
    assert "In `raise RuntimeError(message)`, it raised" in said


@every_exercise
@pytest.mark.parametrize(
    "answer",
    [
        5,
        "text",
        lambda: 0,
        lambda *arguments: "text",
        lambda *arguments: print,
        lambda *arguments: [[1, 2], [3]],
        lambda *arguments: {"a": 1},
        lambda *arguments: np.array(list("abcde")),
        lambda *arguments: T.matrix("other"),
        lambda *arguments: np.nan,
        lambda *arguments: object(),
        lambda *arguments: (),
    ],
    ids=[
        "number",
        "string",
        "no arguments",
        "returns a string",
        "returns a function",
        "returns ragged lists",
        "returns a dict",
        "returns strings",
        "returns another symbol",
        "returns NaN",
        "returns an object",
        "returns nothing in brackets",
    ],
)
@pytest.mark.filterwarnings("ignore:Creating an ndarray from ragged nested sequences")
def test_no_answer_however_odd_stops_the_notebook(name, answer, capsys):
    assert check(name, answer) is EXERCISES[name].solution
    assert capsys.readouterr().out.startswith("Not quite: ")


def raise_at_length(*arguments):
    raise ValueError("0.5, " * 10_000)


@every_exercise
@pytest.mark.parametrize(
    "answer",
    [
        lambda *arguments: np.ones((784, 100), dtype="float32"),
        lambda *arguments: [0.5] * 10_000,
        raise_at_length,
    ],
    ids=["returns a matrix", "returns a list", "raises a long error"],
)
def test_nothing_long_is_printed_whole(name, answer, capsys):
    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not quite: ") and len(said) < 1000


@every_exercise
def test_the_hint_can_be_shown(name, capsys):
    hint(name)
    assert capsys.readouterr().out == f"Hint: {EXERCISES[name].hint}\n"
    assert len(EXERCISES[name].hint) > 40


def lines_given_away(hint, solution):
    """Lines of code of a solution that stand in a hint, whatever their spaces."""
    body = inspect.getsource(solution).split('"""')[-1]
    code = ["".join(line.removeprefix("    return ").split()) for line in body.splitlines() if line.strip()]
    return [line for line in code if line in "".join(hint.split())]


@every_exercise
def test_the_hint_does_not_give_the_solution_away(name):
    assert lines_given_away(EXERCISES[name].hint, EXERCISES[name].solution) == []


def test_a_hint_that_gives_the_solution_away_is_found():
    solution = EXERCISES["gradient_step"].solution
    assert lines_given_away("Write `return parameter - learning_rate*gradient`.", solution) == [
        "parameter-learning_rate*gradient"
    ]


@pytest.mark.parametrize("ask", [hint, lambda name: check(name, blank)], ids=["hint", "check"])
def test_an_unknown_exercise_is_refused_and_the_known_ones_are_named(ask):
    with pytest.raises(ValueError, match="no exercise 'logisitc'; there are logistic, normalize, "):
        ask("logisitc")


# Right and wrong answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, answer", RIGHT)
def test_a_right_answer_comes_back_itself(name, answer, capsys):
    assert check(name, answer) is answer, capsys.readouterr().out
    assert capsys.readouterr().out.startswith("Right: ")


@pytest.mark.parametrize("name, answer, words", MISTAKES, ids=[f"{name}: {words}" for name, _, words in MISTAKES])
def test_each_mistake_gets_its_own_diagnosis(name, answer, words, capsys):
    # The solution comes back, not the wrong answer.
    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not quite: ") and words in said
    assert "the notebook goes on with a solution of its own" in said


@every_exercise
def test_no_diagnosis_is_out_of_reach(name):
    """Run all mistakes, and ask which lines of the examination none of them has ended at."""
    examine, reached = EXERCISES[name].examine, set()
    for answer in [answer for exercise, answer, _ in MISTAKES if exercise == name]:
        try:
            examine(answer)
        except Wrong as diagnosis:
            frames = traceback.walk_tb(diagnosis.__traceback__)
            reached |= {number for frame, number in frames if frame.f_code is examine.__code__}
    lines, first = inspect.getsourcelines(examine)
    unreached = [
        line.strip() for number, line in enumerate(lines, first) if "raise Wrong(" in line and number not in reached
    ]
    assert unreached == []


# How it looks -------------------------------------------------------------------------------------------------------


def test_code_is_marked_and_markup_is_escaped():
    page = _Message("Title", "of `a < b` & <b>bold</b>", color="#123456")._repr_html_()
    assert "<code>a &lt; b</code>" in page
    assert "&amp; &lt;b&gt;bold&lt;/b&gt;" in page and "<b>" not in page
    assert "<strong>Title</strong>" in page and "#123456" in page and "<details>" not in page


def test_what_an_answer_raises_is_escaped(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)

    def answer(x):
        raise ValueError("<script>alert(1)</script>")

    check("logistic", answer)
    (message,) = shown
    assert "<script>" not in message._repr_html_() and "&lt;script&gt;" in message._repr_html_()


def test_a_hint_is_folded(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)
    hint("logistic")
    page = shown[0]._repr_html_()
    assert "<details><summary><strong>Hint</strong></summary>" in page and "<code>T.exp(-x)</code>" in page
    assert "open" not in page


def test_titles_differ_in_words_and_in_colour(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)
    for answer in (None, lambda x: x, lambda x: 1 / (1 + T.exp(-x))):
        check("logistic", answer)
    assert [message.title for message in shown] == ["Not solved yet", "Not quite", "Right"]
    assert len({message.color for message in shown}) == 3


def test_a_new_exercise_is_a_hint_a_solution_and_an_examination(monkeypatch, capsys):
    def examine(answer):
        if answer() != 42:
            raise Wrong("It is not the answer.")
        return "it is the answer."

    def solution():
        return 42

    monkeypatch.setitem(EXERCISES, "answer", Exercise("Think.", solution, examine))
    assert check("answer", lambda: 41) is solution
    assert capsys.readouterr().out.startswith("Not quite: It is not the answer.")

    def right():
        return 6 * 7

    assert check("answer", right) is right
    assert capsys.readouterr().out == "Right: it is the answer.\n"
