"""A digit that is drawn by hand is read while it is drawn, as every other picture is."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from deeplearning_tutorial import drawing
from deeplearning_tutorial.data.images import centred_digit, read_picture
from deeplearning_tutorial.drawing import EXAMPLE, PEN, SIDE, draw_digit, picture_of, reading

STROKE = [(SIDE / 2, 50.0), (SIDE / 2, 120.0), (SIDE / 2, 200.0)]


class Classifier:
    """It is sure of a 1 where the digit is narrow, else of a 0; and it keeps what it was given."""

    def __init__(self):
        self.rows = []

    def __call__(self, row):
        self.rows.append(row)
        inked_columns = (row.reshape(28, 28) > 0.5).any(axis=0).sum()
        return np.eye(10)[[1 if inked_columns < 8 else 0]]


@pytest.fixture
def classify():
    return Classifier()


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    yield shown
    plt.close("all")


# The picture -----------------------------------------------------------------------------------------------------------


def test_a_stroke_is_ink_as_wide_as_the_pen_with_round_ends():
    picture = np.asarray(picture_of([STROKE]))
    assert picture.shape == (SIDE, SIDE)
    assert abs((picture[125] < 128).sum() - PEN) <= 1
    rows = np.flatnonzero((picture < 128).any(axis=1))
    assert abs(rows[0] - (50 - PEN / 2)) <= 1 and abs(rows[-1] - (200 + PEN / 2)) <= 1


def test_a_touch_without_a_movement_is_a_dot():
    ink = np.asarray(picture_of([[(100, 60)]])) < 128
    assert abs(ink.sum() - np.pi * PEN**2 / 4) < 40 and ink[60, 100]


def test_strokes_are_not_joined():
    assert np.asarray(picture_of([[(50, 50), (50, 100)], [(150, 50), (150, 100)]]))[75, 100] == 255


def test_a_row_is_what_centred_digit_makes_of_the_picture_in_the_scale_of_mnist(classify):
    picture = picture_of([STROKE])
    centred, probabilities = reading(classify, picture)
    (row,) = classify.rows
    assert row.shape == (1, 784) and row.dtype == "float32" and 0 <= row.min() and 0.9 < row.max() < 1
    np.testing.assert_array_equal(centred, centred_digit(picture))
    np.testing.assert_allclose(row[0], (255 - centred.ravel()) / 256, rtol=1e-6)
    assert probabilities.argmax() == 1


@pytest.mark.parametrize(
    "returned, words",
    [
        (np.eye(10)[0], r"shape \(10,\)"),
        (np.ones((1, 2)) / 2, r"shape \(1, 2\)"),
        (np.ones((1, 10)), "sums to 10"),
        (3, r"shape \(\)"),
    ],
)
def test_what_is_no_probability_of_ten_classes_is_refused(returned, words):
    with pytest.raises(ValueError, match=words):
        reading(lambda row: returned, picture_of([STROKE]))


# In a notebook -----------------------------------------------------------------------------------------------------------


def test_a_page_without_a_kernel_has_the_picture_of_the_example(classify, displayed):
    draw_digit(classify)
    assert displayed[0]["image/png"].startswith("iVBOR")
    np.testing.assert_allclose(
        classify.rows[0].ravel() * 256, 255 - centred_digit(read_picture(EXAMPLE)).ravel(), rtol=1e-4
    )


def test_without_ipycanvas_there_is_the_picture(classify, displayed, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipycanvas", None)
    draw_digit(classify)
    assert displayed[0]["image/png"].startswith("iVBOR")


def test_an_example_without_a_digit_is_refused(classify, tmp_path):
    Image.new("L", (50, 50), 255).save(tmp_path / "empty.png")
    with pytest.raises(ValueError, match="no digit found"):
        draw_digit(classify, tmp_path / "empty.png")


def test_a_wrong_function_is_refused_before_anything_is_drawn():
    with pytest.raises(ValueError, match="must return ten probabilities"):
        draw_digit(lambda row: row)


# The pad -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pad(classify):
    pytest.importorskip("ipycanvas")
    return drawing.Pad(classify)


def draw(pad, stroke):
    pad.put_down(*stroke[0])
    for place in stroke[1:]:
        pad.move(*place)
    pad.lift()


def values(pad):
    return [bar.value for bar in pad.bars]


def test_what_is_drawn_is_read_and_the_bars_follow(pad):
    assert values(pad) == [0] * 10
    draw(pad, STROKE)
    assert values(pad) == [0, 1] + [0] * 8 and "It reads a 1, with probability 1.00" in pad.message.value
    draw(pad, [(40, 125), (210, 125)])
    assert values(pad) == [1] + [0] * 9 and len(pad.strokes) == 2


def test_it_is_read_while_it_is_drawn_but_not_at_every_pixel(pad, classify, monkeypatch):
    clock = iter(np.arange(0, 10, 0.04))
    monkeypatch.setattr(drawing.time, "monotonic", lambda: next(clock))
    pad.put_down(126, 40)
    for y in range(42, 200, 2):
        pad.move(126, y)
    assert 5 < len(classify.rows) < 60


def test_a_pen_that_is_not_down_draws_nothing(pad, classify):
    pad.move(100, 100)
    pad.lift()
    assert pad.strokes == [] and classify.rows == []


def test_paper_is_white_again(pad):
    draw(pad, STROKE)
    pad.clear()
    assert pad.strokes == [] and values(pad) == [0] * 10 and "Draw a digit" in pad.message.value
    draw(pad, STROKE)
    assert values(pad)[1] == 1


def test_what_is_no_digit_is_said_and_nothing_breaks(pad):
    draw(pad, [(20, 30), (20, 60)])
    draw(pad, [(230, 30), (230, 60)])
    assert pad.message.value and len(pad.strokes) == 2


def test_a_finger_draws_like_a_mouse(pad):
    for event, touches in [("touch_start", STROKE[0]), ("touch_move", STROKE[1]), ("touch_end", None)]:
        places = [{"x": touches[0], "y": touches[1]}] if touches else []
        pad.canvas._handle_frontend_event(None, {"event": event, "touches": places}, [])
    assert pad.strokes == [STROKE[:2]] and values(pad)[1] == 1
