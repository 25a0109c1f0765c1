"""results/hard-digits.png: which digits are in it, and that what stands below each of them is what models and people said."""

import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import load_arrays
from scripts.experiments import hard_digits, results_table
from scripts.experiments.catalogue import CATALOGUE

RESULTS = [
    {"name": "one", "wrong": {"5": 3, "947": 9, "12": 0}},
    {"name": "two", "wrong": {"12": 0, "5": 2}},
    {"name": "code", "test_squared_error": 3.0},
]


def test_read_by_none_is_what_each_classifier_has_wrong():
    assert hard_digits.read_by_none(RESULTS) == [5, 12]
    assert hard_digits.read_by_none([*RESULTS, {"wrong": {}}]) == []
    assert hard_digits.read_by_none([RESULTS[2]]) == []


def test_a_right_answer_counts_as_one_for_the_label():
    assert hard_digits.answers(RESULTS, 947, 8) == [(9, 1), (8, 1)]
    assert hard_digits.answers(RESULTS, 12, 7) == [(0, 2)]


def test_the_caption_says_what_models_and_people_chose():
    assert hard_digits.caption(RESULTS, 947, 8) == ["947: label 8", "models: 9 (1), 8 (1)", "people: 9 (5)"]
    assert hard_digits.caption(RESULTS, 3520, 6)[2] == "people: 6 (2), neither (3)"
    assert hard_digits.caption(RESULTS, 5, 1) == ["5: label 1", "models: 3 (1), 2 (1)", ""]


def test_five_people_were_asked_and_most_did_not_choose_the_label():
    labels = load_arrays("mnist")[2][1]
    assert len(hard_digits.VOTES) == 15  # as the paper says
    for number, (other, for_label, for_other, neither) in hard_digits.VOTES.items():
        assert for_label + for_other + neither == 5 and for_label < 3
        assert other != labels[number]


@pytest.mark.parametrize("results", [RESULTS, results_table.read(ROOT / "results", CATALOGUE), [RESULTS[2]]])
def test_the_figure_has_each_digit_once_in_its_group(results, monkeypatch):
    figures = []
    monkeypatch.setattr(hard_digits, "as_png", figures.append)
    hard_digits.figure(results)
    titles = [[axes.get_title().split(":")[0] for axes in part.axes if axes.get_title()] for part in figures[0].subfigs]
    wanted = [hard_digits.read_by_none(results), sorted(hard_digits.VOTES)]
    assert titles == [list(map(str, numbers)) for numbers in wanted]
    assert figures[0].subfigs[0].get_suptitle() == f"Read by none of {sum('wrong' in one for one in results)} models"
