"""Folders of pictures: one for each class, perhaps below one for each set; all pictures of one size and kind."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from deeplearning_tutorial.data.formats import read

RNG = np.random.RandomState(0)


def put(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def shades(*shape, kind="u1"):
    return RNG.randint(0, 256, shape).astype(kind)


@pytest.fixture
def animals(tmp_path):
    """Six pictures of cats and dogs, with what systems leave there."""
    for name in ("cat", "dog"):
        for number in range(3):
            put(tmp_path / "pets" / name / f"{number}.png", shades(4, 5))
    for leftover in (".DS_Store", "cat/Thumbs.db", "cat/notes.txt", "__MACOSX/cat/._0.png"):
        (tmp_path / "pets" / leftover).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / leftover).write_bytes(b"\0\0")
    return tmp_path / "pets"


def test_classes_are_called_as_the_folders(animals):
    for path in (animals, animals.parent):  # a folder around it makes no difference
        x, y = read(path).sets["train"]
        assert x.shape == (6, 4, 5) and y.tolist() == ["cat"] * 3 + ["dog"] * 3
        assert_array_equal(x[3], np.asarray(Image.open(animals / "dog" / "0.png")))


@pytest.mark.parametrize(
    "names", [("train", "valid", "test"), ("Training", "val", "Testing"), ("pets_train", "dev", "pets_test")]
)
def test_sets_are_folders_above_the_classes(tmp_path, names):
    for part in names:
        for label in ("3", "12"):
            put(tmp_path / part / label / "a.png", shades(4, 5))
    found = read(tmp_path)
    assert list(found.sets) == ["train", "valid", "test"]
    assert found.sets["test"][1].tolist() == [12, 3]


def test_classes_may_be_called_as_sets(tmp_path):
    for name in ("train", "test", "t", "plane"):
        put(tmp_path / name / "a.png", shades(4, 5))
    assert sorted(read(tmp_path).sets["train"][1].tolist()) == ["plane", "t", "test", "train"]


def test_what_is_not_used_is_said(tmp_path):
    for name in ("train/a", "test/a", "extra/a"):
        put(tmp_path / name / "1.png", shades(4, 5))
    (tmp_path / "train" / "b").mkdir()
    assert read(tmp_path).notes == ["Folders that are not used: extra.", "No pictures are in b."]
    put(tmp_path / "training" / "a" / "1.png", shades(4, 5))
    with pytest.raises(ValueError, match="has train, training for one set. Put their pictures into one of them"):
        read(tmp_path)


def test_kinds_of_pictures(tmp_path):
    deep = RNG.randint(0, 2**16, (4, 5)).astype("u2")
    put(tmp_path / "sixteen" / "a" / "1.png", deep)
    assert_array_equal(read(tmp_path / "sixteen").sets["train"][0], [deep])
    real = RNG.uniform(size=(4, 5)).astype("f4")
    put(tmp_path / "floating" / "a" / "1.tiff", real)
    assert_array_equal(read(tmp_path / "floating").sets["train"][0], [real])
    grey = shades(4, 5)
    put(tmp_path / "grey" / "a" / "1.bmp", np.stack([grey] * 3, 2))
    assert_array_equal(read(tmp_path / "grey").sets["train"][0], [grey])
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn it to the right
    put(tmp_path / "camera" / "a" / "1.png", grey, exif=turned)
    assert_array_equal(read(tmp_path / "camera").sets["train"][0], [np.rot90(grey, -1)])


def test_colour_is_a_choice(animals):
    colours = put(animals / "cat" / "1.png", shades(4, 5, 3))
    with pytest.raises(ValueError, match=f"{colours}: this picture is in colour. Say colour='grey'"):
        read(animals)
    assert read(animals, colour="rgb").sets["train"][0].shape == (6, 4, 5, 3)
    assert read(animals, colour="grey").sets["train"][0].shape == (6, 4, 5)
    with pytest.raises(ValueError, match="colour must be 'grey' or 'rgb', not 'red'"):
        read(animals, colour="red")


def test_what_is_wrong_is_said(animals):
    bad = put(animals / "dog" / "2.png", shades(6, 5))
    with pytest.raises(ValueError, match=f"{bad} has 5 x 6 pixels, and .*0.png has 5 x 4.*resize"):
        read(animals)
    put(bad, shades(4, 5, kind="u2"))
    with pytest.raises(ValueError, match=f"{bad} has 16 bits for each shade, and .* has 8: save all in one way"):
        read(animals)
    bad.write_bytes(bad.read_bytes()[:40])
    with pytest.raises(ValueError, match=f"{bad} is no picture, or damaged .*Take it out"):
        read(animals)
    bad.write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    with pytest.raises(ValueError, match=f"{bad} is a photograph in the HEIC format, .*export it as PNG or JPEG"):
        read(animals)
    with pytest.raises(ValueError, match="label=.* names the column of a table, and a folder of pictures is none"):
        read(animals, label="cat")
