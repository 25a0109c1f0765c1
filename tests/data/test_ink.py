"""A digit is found in a picture as a person finds it, whatever else is there."""

import time

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from deeplearning_tutorial.data.images import centred_digit
from deeplearning_tutorial.data.ink import find_ink

SIZE = (320, 240)
SEVEN = [[(110, 60), (200, 60), (150, 190)]]


def drawn(strokes, paper=240, ink=40, width=14, size=SIZE, mode="L"):
    """A picture of strokes with round ends; each is a list of points (x, y)."""
    picture = Image.new(mode, size, paper)
    pen = ImageDraw.Draw(picture)
    for points in strokes:
        pen.line(points, fill=ink, width=width, joint="curve")
        for x, y in points:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)
    return picture


def shades(picture):
    return np.asarray(picture, dtype="float32")


def picture_of(shades):
    return Image.fromarray(np.clip(np.round(shades), 0, 255).astype("uint8"))


def ring(x, y, rx, ry, start=0, end=360):
    angles = np.radians(np.linspace(start, end, 40))
    return [(x + rx * np.cos(angle), y + ry * np.sin(angle)) for angle in angles]


def assert_same_digit(picture, most=0.3):
    """The ink that is elsewhere than in the seven's clean picture, as a part of all of it, is little."""
    # A stroke's edge may move by a fraction of a pixel, and the digit by one.
    wanted, found = (gaussian_filter(255 - centred_digit(each), 1) for each in (drawn(SEVEN), picture))
    moved = [np.roll(found, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    assert min(np.abs(one - wanted).sum() for one in moved) <= most * wanted.sum()


# What is on the page, and how it is lit -------------------------------------------------------------------------------


def with_a_speck():
    seven = shades(drawn(SEVEN, paper=255))
    seven[3:5, 310:312] = 190
    return picture_of(seven)


def with_noise():
    return picture_of(shades(drawn(SEVEN)) + np.random.RandomState(0).normal(0, 10, SIZE[::-1]))


def with_a_frame():
    picture = drawn(SEVEN)
    ImageDraw.Draw(picture).rectangle((4, 4, 315, 235), outline=30, width=3)
    return picture


def in_a_box():
    picture = drawn(SEVEN)
    ImageDraw.Draw(picture).rectangle((70, 30, 240, 220), outline=60, width=3)
    return picture


def with_dark_corners():
    y, x = np.mgrid[-1:1:240j, -1:1:320j]
    return picture_of(shades(drawn(SEVEN)) * (1 - 0.3 * (x * x + y * y)))


def on_a_desk(desk=80):
    picture = Image.new("L", (480, 360), desk)
    picture.paste(drawn(SEVEN), (70, 50))
    return picture


def in_a_shadow(edge=1e9):
    """It falls off to the right over the whole page, or at once."""
    x = np.arange(320)
    return picture_of(shades(drawn(SEVEN)) * (np.where(x > edge, 0.6, 1) if edge < 320 else 1 - 0.4 * x / 320))


def ruled(*axes):
    seven = shades(drawn(SEVEN))
    y, x = np.ogrid[:240, :320]
    lines = np.zeros((240, 320), bool)
    for axis in axes:
        lines |= ((y + 0.01 * x) if axis == 0 else (x - 0.01 * y)) % 40 < 2
    return picture_of(np.where(lines & (seven > 200), 160, seven))


def deep(dtype):
    return Image.fromarray((257 * shades(drawn(SEVEN))).astype(dtype))


def white_on_transparency():
    layers = np.full((*SIZE[::-1], 4), 255, "uint8")
    layers[..., 3] = 255 - shades(drawn(SEVEN, 255, 0))
    return Image.fromarray(layers)


@pytest.mark.parametrize(
    "make",
    [
        with_a_speck,
        with_noise,
        with_a_frame,
        in_a_box,
        with_dark_corners,
        on_a_desk,
        in_a_shadow,
        lambda: in_a_shadow(edge=150),
        lambda: ruled(0),
        lambda: ruled(0, 1),
        lambda: deep("uint16"),
        lambda: deep("int32"),
        white_on_transparency,
        lambda: drawn(SEVEN, paper=240, ink=215),
        lambda: drawn(SEVEN, paper=30, ink=220),
        lambda: on_a_desk(desk=0),
        lambda: Image.eval(on_a_desk(), lambda shade: 255 - shade),
    ],
    ids=[
        "a speck",
        "noise",
        "a frame",
        "a box",
        "dark corners",
        "a sheet on a desk",
        "a soft shadow",
        "the edge of a shadow",
        "ruled paper",
        "squared paper",
        "16 bits",
        "16 bits of 32",
        "white on transparency",
        "pencil",
        "chalk",
        "a black border",
        "a slate on a table",
    ],
)
def test_the_digit_alone_is_found(make):
    assert_same_digit(make())


@pytest.mark.parametrize("other", [[[(110, 190), (200, 190), (150, 60)]], [ring(150, 120, 40, 65)]])
def test_another_digit_is_not_the_same(other):
    with pytest.raises(AssertionError):
        assert_same_digit(drawn(other))


@pytest.mark.parametrize("pen", [2, 4, 6])
def test_strokes_of_a_thin_pen_become_as_wide_as_those_of_mnist(pen):
    upright = 255 - centred_digit(drawn([[(150, 20), (150, 220)]], width=pen))
    assert 1.8 < upright[10].sum() / 255 < 3.2
    assert upright.max() == 255


def test_wide_strokes_stay_as_they_are():
    upright = 255 - centred_digit(drawn([[(150, 30), (150, 210)]], width=40))
    assert upright[14].sum() / 255 == pytest.approx(20 * 40 / 220, abs=0.6)


def test_ink_of_the_luminance_of_the_paper_is_found_by_its_colour():
    red, green = (200, 60, 60), (20, 138, 60)  # both of luminance 94
    assert_same_digit(drawn(SEVEN, paper=green, ink=red, mode="RGB"))


# Pieces ---------------------------------------------------------------------------------------------------------------

BROKEN = {
    "a 5 whose bar is apart": [[(120, 70), (118, 110), *ring(135, 150, 40, 40, -110, 140)], [(142, 62), (200, 60)]],
    "a 7 with a bar through it": [*SEVEN, [(120, 125), (200, 125)]],
    "a 0 with a slash": [ring(150, 120, 45, 75), [(110, 190), (190, 50)]],
    "a 0 with a dot": [ring(150, 120, 45, 75), [(149, 120), (151, 120)]],
    "a 1 on a line": [[(120, 80), (150, 50), (150, 175)], [(110, 200), (190, 200)]],
    "a 4 of two strokes": [[(115, 50), (108, 130), (165, 130)], [(190, 50), (190, 200)]],
}


@pytest.mark.parametrize("strokes", BROKEN.values(), ids=BROKEN)
def test_all_pieces_of_a_digit_belong_to_it(strokes):
    picture = drawn(strokes)
    found = find_ink(shades(picture))
    np.testing.assert_array_equal(found > 100, shades(picture) < 140)


@pytest.mark.parametrize("right, down", [(150, 0), (0, 230)])
def test_more_than_one_digit_is_refused(right, down):
    another = [[(x + right, y + down) for x, y in SEVEN[0]]]
    with pytest.raises(ValueError, match="more than one digit.*Cut out one digit.*show_steps=True"):
        centred_digit(drawn([*SEVEN, *another], size=(480, 480)))


# Sizes, time and memory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 2), (3, 900), (5000, 60)])
def test_an_empty_picture_of_any_shape_has_no_digit(size):
    with pytest.raises(ValueError, match=f"no digit found in this picture of {size[0]} x {size[1]} pixels"):
        centred_digit(Image.new("L", size, 240))


@pytest.mark.parametrize("size", [(64, 48), (640, 480), (3200, 2400)])
def test_the_size_of_the_picture_does_not_matter(size):
    assert_same_digit(drawn(SEVEN).resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize("size, seconds", [((1000, 1000), 0.3), ((4000, 3000), 1.5)])
def test_it_takes_little_time(size, seconds):
    picture = with_noise().convert("RGB").resize(size)
    times = []
    for _ in range(3):
        start = time.process_time()  # whatever else this machine does
        centred_digit(picture)
        times.append(time.process_time() - start)
    assert min(times) < 2 * seconds  # a slow machine


# The steps, shown -----------------------------------------------------------------------------------------------------


def panels(picture):
    import matplotlib.pyplot as plt

    plt.close("all")
    try:
        centred_digit(picture, show_steps=True)
    except ValueError:
        pass
    return [ax.get_title().split(",")[0] for ax in plt.gcf().axes]


def test_each_step_is_shown_and_where_it_failed_those_before():
    steps = ["grey", "paper taken away", "ink", "what was found", "normalized"]
    assert panels(with_noise()) == steps
    assert panels(Image.new("L", (50, 50), 255)) == steps[:1]
    two = drawn([*SEVEN, [(x + 150, y) for x, y in SEVEN[0]]], size=(480, 240))
    assert panels(two) == steps[:4]


def test_the_steps_change_nothing():
    np.testing.assert_array_equal(centred_digit(with_noise()), centred_digit(with_noise(), show_steps=True))
