"""scripts/benchmark --pictures: digits are written anew in many ways, found again and read."""

import json

import numpy as np
import pytest
from PIL import Image

from deeplearning_tutorial import ROOT
from scripts.benchmarks import benchmark, pictures, reinking

RESULTS = json.loads((ROOT / "results" / "pictures.json").read_text(encoding="utf-8"))


def bar(height):
    """A digit of MNIST's kind: one upright stroke."""
    digit = np.zeros((28, 28), "uint8")
    digit[14 - height // 2 : 14 + height // 2, 12:15] = 255
    return digit


@pytest.fixture
def two_ways(monkeypatch):
    """Two ways besides clean, and four digits; `answers` is what a network says to the rows that it gets."""

    def find(digits, way):
        return [pictures.find_one(digit, way, seed)[0] for seed, digit in enumerate(digits)], 0.1

    def put(answers):
        clean = reinking.WAYS["clean"]
        blank = reinking.Way(lambda page: np.full(page.ink.shape, 245.0))
        monkeypatch.setattr(reinking, "WAYS", {"clean": clean, "again": clean, "a clean sheet": blank})
        monkeypatch.setattr(pictures, "load_digits", lambda quick: (np.array([bar(18)] * 4), np.array([1, 1, 1, 7])))
        monkeypatch.setattr(pictures, "NETWORKS", ["mlp"])
        monkeypatch.setattr(pictures, "find", find)
        monkeypatch.setattr(
            pictures,
            "classifier",
            lambda name: lambda rows: [None if row is None else answer for row, answer in zip(rows, answers)],
        )

    return put


# Writing anew ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", reinking.WAYS)
def test_a_way_and_a_seed_give_the_same_picture_each_time(way):
    first, again, other = (np.asarray(reinking.reink(bar(20), way, seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()


@pytest.mark.parametrize("way", [way for way in reinking.WAYS if way != "clean"])
def test_each_way_is_another_than_clean(way):
    clean, other = (np.asarray(reinking.reink(bar(20), each, 3)) for each in ("clean", way))
    values = [len(np.unique(each)) for each in (clean, other)]
    assert clean.shape != other.shape or values[0] != values[1] or np.abs(clean.astype(float) - other).mean() > 0.1


def test_there_are_twenty_ways_and_more():
    assert len(reinking.WAYS) > 20 and next(iter(reinking.WAYS)) == "clean"


def test_the_clean_way_is_the_digit_on_a_page():
    page = np.asarray(reinking.reink(bar(20), "clean", 0)).astype(float)
    assert page.shape == (480, 640) and (page.min(), page.max()) == (reinking.INK, reinking.PAPER)
    rows, columns = (np.flatnonzero((page < 140).any(axis=axis)) for axis in (1, 0))
    assert 150 <= np.ptp(rows) + 1 <= 310
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(20 / 3, rel=0.1)


def test_strokes_are_thinned_to_one_pixel_and_stay_in_one_piece():
    from scipy import ndimage

    ring = np.hypot(*np.mgrid[-30:31, -30:31])
    thin = reinking.thinned((ring > 15) & (ring < 25))
    assert ndimage.label(thin, np.ones((3, 3)))[1] == 1
    assert not thin[30, 30] and 90 < thin.sum() < 160
    assert not ndimage.binary_erosion(thin, np.ones((2, 2))).any()


@pytest.mark.parametrize("width", [3, 9])
def test_a_pen_has_its_width(width):
    page = np.zeros((200, 60))
    page[20:180, 20:40] = 1
    drawn = reinking.drawn_with_a_pen(page, width)
    assert drawn[len(drawn) // 2].sum() == pytest.approx(width, abs=1)


# Finding and reading --------------------------------------------------------------------------------------------------


def test_a_digit_is_found_as_a_row_for_a_network():
    row, seconds = pictures.find_one(bar(20), "noise, deviation 10", 0)
    wanted = np.zeros((28, 28))
    wanted[4:24, 12:15] = 255 / 256
    assert row.shape == (784,) and seconds > 0
    assert np.abs(row.reshape(28, 28).sum(axis=1) - wanted.sum(axis=1)).mean() < 0.5


def test_pictures_are_found_in_several_processes_in_order():
    digits = np.array([bar(20), bar(8)])
    rows, seconds = pictures.find(digits, "clean")
    for seed, digit in enumerate(digits):
        np.testing.assert_array_equal(rows[seed], pictures.find_one(digit, "clean", seed)[0])
    assert 0 < seconds < 10


@pytest.mark.parametrize("answers, right", [([1, 1, 1, 7], 1), ([1, 1, 1, 1], 0.75), ([2, 2, 2, 2], 0)])
def test_what_is_read_wrongly_and_what_is_refused_is_counted(two_ways, answers, right):
    two_ways(answers)
    ways = pictures.read(benchmark.parse(["--pictures", "--quick"]))["ways"]
    assert ways["clean"]["read_rightly"] == {"mlp": right} and ways["clean"]["refused"] == 0
    assert ways["a clean sheet"] == {"read_rightly": {"mlp": 0}, "refused": 4, "seconds": 0.1}


def test_the_numbers_are_written_and_printed_again(two_ways, tmp_path, capsys):
    two_ways([1, 1, 1, 1])
    assert benchmark.main(["--pictures", "--quick", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| clean | 75.0 | 0 |" in printed and "| a clean sheet | 0.0 | 4 |" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["pictures.json"]
    assert benchmark.main(["--report", str(tmp_path / "pictures.json")]) == 0
    assert capsys.readouterr().out == printed


def test_a_network_reads_rows_as_its_parameters_say():
    with np.load(ROOT / "results" / "parameters" / "logistic.npz") as file:
        weights, biases = (file[name] for name in file.files if name != "checkpoint")
    rows = list(np.random.RandomState(0).uniform(size=(5, 784)))
    answers = pictures.classifier("logistic")([rows[0], None, *rows[1:]])
    assert answers.pop(1) is None
    np.testing.assert_array_equal(answers, np.argmax(np.array(rows) @ weights + biases, axis=1))


@pytest.mark.parametrize("quick, part", [(True, 1), (False, 2)])
def test_what_is_tried_with_is_not_what_is_reported(monkeypatch, quick, part):
    import theano

    import deeplearning_tutorial.data as data

    # The set is known by its labels.
    rows = np.arange(256)[:, None].repeat(784, axis=1).astype("float32") / 256
    sets = [(theano.shared(rows), theano.shared(np.full(256, number, "int32"))) for number in range(3)]
    monkeypatch.setattr(data, "load_data", lambda: sets)
    digits, labels = pictures.load_digits(quick)
    assert set(labels) == {part}
    np.testing.assert_array_equal(digits[:, 0, 0], np.arange(len(digits)))
    assert digits.dtype == "uint8" and len(digits) == (pictures.N_QUICK if quick else pictures.N_DIGITS)


# What was measured ----------------------------------------------------------------------------------------------------


def far_from_clean(ways, network="mlp", most=0.05):
    right = {way: found["read_rightly"][network] for way, found in ways.items()}
    return [way for way in right if right[way] < right["clean"] - most - 1e-9]


def test_each_way_is_read_nearly_as_well_as_clean():
    assert RESULTS["set"] == "test" and list(RESULTS["ways"]) == list(reinking.WAYS)
    assert far_from_clean(RESULTS["ways"]) == []


def test_a_way_that_is_read_badly_is_found():
    noise = {"noise": {"read_rightly": {"mlp": 0.89}}, "clean": {"read_rightly": {"mlp": 0.95}}}
    assert far_from_clean(noise) == ["noise"]


def test_the_page_shows_what_was_measured():
    table = pictures.tables(RESULTS).split("\n\n")[-1]
    assert table in (ROOT / "results" / "README.md").read_text(encoding="utf-8")


def test_a_picture_is_bytes_or_a_picture_of_its_own():
    assert isinstance(reinking.reink(bar(20), "16 bits a pixel", 0), Image.Image)
    assert reinking.reink(bar(20), "16 bits a pixel", 0).mode == "I;16"
    assert reinking.reink(bar(20), "coloured ink and paper", 0).mode == "RGB"
