"""Pictures of any kind become digits like MNIST's."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageDraw

from deeplearning_tutorial.data.images import centred_digit, read_picture


def bar(size=(60, 90), box=(10, 20, 20, 70), paper=255, ink=0, mode="L"):
    """A picture of paper with a bar on it; sizes are (width, height)."""
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).rectangle((*box[:2], box[2] - 1, box[3] - 1), fill=ink)
    return picture


def centre_of_mass(digit):
    ink = 255 - digit
    return np.array([(np.arange(28) @ ink.sum(axis=1 - axis)) / ink.sum() for axis in (0, 1)])


def extent(digit, fraction=0.2):
    """Height and width of what is inked."""
    return [np.ptp(np.flatnonzero((digit < 255 * (1 - fraction)).any(axis=axis))) + 1 for axis in (1, 0)]


def test_it_is_a_page_of_white_paper_with_black_ink():
    digit = centred_digit(bar())
    assert digit.shape == (28, 28) and digit.dtype == "float32"
    assert (digit.min(), digit.max()) == (0, 255)
    assert digit[0, 0] == 255 and digit[14, 14] == 0


@pytest.mark.parametrize(
    "size, box, wanted",
    [
        ((60, 90), (10, 20, 20, 70), (20, 4)),
        ((90, 60), (30, 5, 80, 15), (4, 20)),
        ((200, 200), (0, 0, 100, 100), (20, 20)),
        ((28, 28), (2, 2, 5, 12), (20, 6)),
        ((60, 90), (0, 0, 10, 50), (20, 4)),
        ((5, 5), (1, 1, 2, 4), (20, 7)),
        ((1000, 400), (600, 10, 700, 390), (20, 5)),
        ((30, 800), (10, 790, 12, 800), (20, 4)),
    ],
)
def test_a_bar_anywhere_comes_to_the_middle_with_its_longer_side_at_20_pixels(size, box, wanted):
    digit = centred_digit(bar(size, box))
    assert np.abs(centre_of_mass(digit) - 13.5).max() < 1
    assert extent(digit) == list(wanted)


def test_the_centre_of_mass_is_centred_and_not_the_frame():
    # A heavy block at the left end of a thin line.
    picture = bar((300, 100), (20, 48, 280, 52))
    ImageDraw.Draw(picture).rectangle((20, 40, 60, 60), fill=0)
    digit = centred_digit(picture)
    assert np.abs(centre_of_mass(digit) - 13.5).max() < 1
    columns = np.flatnonzero((digit < 200).any(axis=0))
    assert (columns[0] + columns[-1]) / 2 > 15


def test_what_is_lopsided_stays_on_the_page_whole():
    # So heavy at one end that centring it would push the other end over the edge.
    picture = bar((300, 300), (20, 148, 280, 152))
    ImageDraw.Draw(picture).rectangle((20, 20, 40, 280), fill=0)
    digit = centred_digit(picture)
    assert extent(digit, fraction=0.1) == [20, 20]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_the_mode_of_the_picture_does_not_matter(mode):
    picture = bar()
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype("uint16") * 257)
    else:
        picture = picture.convert(mode)
    assert picture.mode == mode
    np.testing.assert_allclose(centred_digit(picture), centred_digit(bar()), atol=2)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (200, 0, 0)])
def test_what_is_transparent_is_paper(hidden):
    picture = bar(mode="RGBA", paper=(*hidden, 0), ink=(0, 0, 0, 255))
    np.testing.assert_allclose(centred_digit(picture), centred_digit(bar()), atol=1)


def test_a_palette_may_have_a_transparent_colour():
    picture = bar().convert("P")
    picture.info["transparency"] = picture.getpixel((0, 0))
    np.testing.assert_allclose(centred_digit(picture), centred_digit(bar()), atol=1)


def test_light_ink_on_dark_paper_is_turned_round():
    np.testing.assert_allclose(centred_digit(bar(paper=0, ink=255)), centred_digit(bar()), atol=1)


def test_grey_ink_becomes_black():
    np.testing.assert_allclose(centred_digit(bar(paper=250, ink=150)), centred_digit(bar()), atol=3)


@pytest.mark.parametrize("ink", [(200, 0, 0), (0, 120, 0), (0, 0, 255)])
def test_coloured_ink_becomes_black(ink):
    np.testing.assert_allclose(centred_digit(bar(mode="RGB", paper="white", ink=ink)), centred_digit(bar()), atol=3)


def test_thin_lines_stay_visible():
    digit = centred_digit(bar((1000, 1000), (500, 100, 502, 900)))
    assert digit.min() == 0
    assert (digit < 128).sum() >= 15


def test_a_little_noise_in_the_paper_does_not_move_the_digit():
    picture = np.asarray(bar((200, 200), (50, 40, 80, 160))).astype(float)
    picture += np.random.RandomState(0).uniform(-20, 0, size=picture.shape)
    noisy = centred_digit(Image.fromarray(np.clip(picture, 0, 255).astype("uint8")))
    assert extent(noisy) == [20, 5]
    assert np.abs(centre_of_mass(noisy) - 13.5).max() < 1


def test_the_picture_itself_is_left_alone():
    picture = bar()
    before = np.asarray(picture).copy()
    centred_digit(picture)
    np.testing.assert_array_equal(np.asarray(picture), before)


@pytest.mark.parametrize(
    "picture, shown",
    [
        (Image.new("L", (30, 40), 255), "30 x 40"),
        (Image.new("RGB", (30, 40), "black"), "30 x 40"),
        (Image.new("RGBA", (30, 40), (0, 0, 0, 0)), "30 x 40"),
        (bar((30, 40), (3, 3, 6, 20), ink=230), "30 x 40"),
        (Image.new("L", (1, 1)), "1 x 1"),
        (Image.new("L", (0, 0)), "0 x 0"),
    ],
    ids=["white", "black", "transparent", "hardly any ink", "one pixel", "no pixel"],
)
def test_a_picture_without_a_digit_is_refused(picture, shown):
    with pytest.raises(ValueError, match=f"no digit found in this picture of {shown} pixels"):
        centred_digit(picture)


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_pixels_may_be_other_numbers_than_bytes(mode):
    numbers = np.asarray(bar())
    numbers = numbers.astype("uint16") * 257 if mode == "I;16" else numbers / 255 if mode == "F" else numbers
    picture = Image.fromarray(numbers.astype({"I;16": "uint16", "I": "int32", "F": "float32"}[mode]))
    assert picture.mode == mode
    np.testing.assert_allclose(centred_digit(picture), centred_digit(bar()), atol=1)


def test_a_picture_from_a_camera_takes_little_memory():
    large = bar((12_000, 9_000), (5_000, 1_000, 6_400, 8_000))
    tracemalloc.start()
    digit = centred_digit(large)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**28  # bytes; 4 GiB without making it smaller first
    np.testing.assert_allclose(digit, centred_digit(bar((1200, 900), (500, 100, 640, 800))), atol=30)


def test_what_is_no_picture_is_refused():
    for wrong in ["my_digit.png", np.zeros((28, 28)), None]:
        with pytest.raises(ValueError, match=f"read_picture.* not {type(wrong).__name__}"):
            centred_digit(wrong)
    with pytest.raises(ValueError, match="pixels that are NaN"):
        centred_digit(Image.fromarray(np.full((5, 5), np.nan, "float32")))


# Files ---------------------------------------------------------------------------------------------------------------

KINDS = ["png", "jpg", "gif", "bmp", "tiff", "webp"]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_many_kinds_are_read(tmp_path, kind):
    path = tmp_path / f"digit.{kind}"
    bar().save(path)
    np.testing.assert_allclose(
        centred_digit(read_picture(path)), centred_digit(bar()), atol=60 if kind in {"jpg", "webp"} else 0
    )
    np.testing.assert_array_equal(read_picture(str(path)), read_picture(path))


def test_a_photograph_is_the_way_up_that_the_camera_noted(tmp_path):
    photograph = bar().rotate(90, expand=True)
    photograph.getexif()[274] = 6  # "turn me clockwise"
    photograph.save(tmp_path / "photo.png", exif=photograph.getexif())
    np.testing.assert_array_equal(read_picture(tmp_path / "photo.png"), bar())


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named(tmp_path, kind):
    path = tmp_path / f"digit.{kind}"
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (90, 60), dtype="uint8")).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(
        ValueError, match=f"digit.{kind} is no picture, or damaged .*: .*. Save your drawing as a PNG file"
    ):
        read_picture(path)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "digit.png").write_text("hello")
    with pytest.raises(ValueError, match="digit.png is no picture"):
        read_picture(tmp_path / "digit.png")
    with pytest.raises(FileNotFoundError, match="digit.jpg"):
        read_picture(tmp_path / "digit.jpg")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        read_picture(tmp_path)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a photograph in the HEIC format.*Most Compatible makes JPEG"),
        (b"\0\0\0\x14ftypqt  ", "a film.*Save one of its pictures"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "a drawing in the SVG format.*PNG file"),
        (b"\xef\xbb\xbf <svg>", "a drawing in the SVG format"),
        (b"%PDF-1.7\n", "a PDF document.*take a screenshot"),
        (b"<!DOCTYPE html><title>digit</title>", "a page of the web.*the picture that is on it"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(20), "a raw photograph.*camera's program"),
        (128 * b"\0" + b"DICM", "a medical picture in the DICOM format"),
        (b"\x93NUMPY\1\0", "an array of NumPy.*PIL.Image.fromarray"),
        (b"PK\3\4", "an archive, or a document"),
        (b"version https://git-lfs.github.com/spec/v1\n", "only Git's note.*git lfs pull"),
        (b"", "empty.*copy it again"),
    ],
    ids=["HEIC", "film", "SVG", "SVG after a mark", "PDF", "page", "raw", "DICOM", "NumPy", "archive", "LFS", "empty"],
)
def test_what_people_have_in_the_place_of_a_picture_is_named_with_the_cure(tmp_path, content, said):
    path = tmp_path / "digit.png"  # the content says what it is, not the name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s)digit.png is {said}"):
        read_picture(path)


def test_of_a_picture_that_moves_the_first_is_taken(tmp_path):
    bar().save(tmp_path / "digit.gif", save_all=True, append_images=[Image.new("L", (60, 90), 255)], duration=100)
    np.testing.assert_allclose(centred_digit(read_picture(tmp_path / "digit.gif")), centred_digit(bar()))


def test_a_picture_of_one_bit_from_a_scanner_is_read(tmp_path):
    bar().convert("1").save(tmp_path / "scan.tiff", compression="group4")
    np.testing.assert_allclose(centred_digit(read_picture(tmp_path / "scan.tiff")), centred_digit(bar()))


def test_a_small_file_of_very_many_pixels_is_refused(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(ValueError, match="bomb.png .*DecompressionBombError.*400000000 pixels"):
        read_picture(tmp_path / "bomb.png")
