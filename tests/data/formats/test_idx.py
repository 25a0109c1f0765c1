"""IDX files of all types and dimensions are read, and what is missing or wrong in a set of them is named."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.formats import IDX_FILES, parse_idx, read

TYPES = {0x08: ("B", [0, 255]), 0x09: ("b", [-128, 127]), 0x0B: ("h", [-32768, 513])}
TYPES |= {0x0C: ("i", [-(2**31), 66051]), 0x0D: ("f", [-0.5, 1e30]), 0x0E: ("d", [-1 / 3, 1e300])}


def idx(code, shape, values):
    """By the format's description: two zeros, type, dimensions, their lengths, the values; all big-endian."""
    header = struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)
    return header + struct.pack(f">{len(values)}{TYPES[code][0]}", *values)


@pytest.mark.parametrize("shape", [(4,), (2, 2), (1, 2, 2), (2, 1, 1, 2)])
@pytest.mark.parametrize("code", TYPES)
def test_each_type_and_number_of_dimensions(code, shape):
    letter, values = TYPES[code]
    array = parse_idx(idx(code, shape, values * 2), "the file")
    assert array.shape == shape and array.dtype == np.dtype(letter) and array.dtype.isnative
    assert_array_equal(array.ravel(), np.array(values * 2, letter))


PICTURES = idx(8, (6, 2, 3), list(range(36)))
LABELS = idx(8, (6,), [0, 1, 2] * 2)
GOOD = {name: PICTURES if ndim == 3 else LABELS for name, ndim in IDX_FILES.items()}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


NAMES = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["train-images.idx3-ubyte", "train-labels.idx1-ubyte"],
    ["TRAIN-IMAGES-IDX3-UBYTE", "TRAIN-LABELS-IDX1-UBYTE"],
    ["train_x.idx", "train_y.idx"],
    ["trainImages.bin", "trainLabels.bin"],
    ["one", "two"],  # by their dimensions
]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_files_are_told_by_name_or_by_what_is_in_them(tmp_path, names, pack):
    put(tmp_path, dict(zip(names, [pack(PICTURES), pack(LABELS)])))
    for path in [tmp_path, *(tmp_path / name for name in names if names != ["one", "two"])]:
        found = read(path)
        assert list(found.sets) == ["train"] and found.layout == "Two IDX files"
        x, y = found.sets["train"]
        assert_array_equal(x, np.arange(36).reshape(6, 2, 3))
        assert_array_equal(y, [0, 1, 2, 0, 1, 2])


def test_compressed_and_not_beside_each_other_are_one_file_unless_they_differ(tmp_path):
    put(tmp_path, {**GOOD, "train-labels-idx1-ubyte.gz": gzip.compress(LABELS)})
    assert len(read(tmp_path).sets) == 2
    put(tmp_path, {"train-labels-idx1-ubyte.gz": gzip.compress(LABELS[:-1] + b"\1")})
    with pytest.raises(ValueError, match="two files for one place, and they differ: .*labels.*Take one of them away"):
        read(tmp_path)


@pytest.mark.parametrize("missing", IDX_FILES)
def test_a_file_that_is_missing_is_named_and_those_that_are_there(tmp_path, missing):
    put(tmp_path, {name: content for name, content in GOOD.items() if name != missing})
    with pytest.raises(ValueError, match=f"missing {missing}; found ") as caught:
        read(tmp_path)
    assert all(name in str(caught.value).split("found")[1] for name in GOOD if name != missing)


BAD = {
    "two of three dimensions": ({"one": PICTURES, "two": PICTURES}, "cannot tell which .* one .6, 2, 3., two"),
    "labels named as images": ({"train-images-idx3-ubyte": LABELS}, "train-images-idx3-ubyte: starts with .* 08 03"),
    "too long": ({"train-images-idx3-ubyte": PICTURES + b"\0"}, "36 bytes, but more follow"),
    "too short": ({"train-labels-idx1-ubyte": LABELS[:-2]}, "6 bytes, but only 4 follow"),
    "another type": ({"train-labels-idx1-ubyte": b"\0\0\x0a\1" + LABELS[4:]}, "starts with bytes 00 00 0a 01"),
    "NaN": ({"train-labels-idx1-ubyte": idx(0x0D, (6,), [0, 1, 2, 0, 1, np.nan])}, "1 of 6 labels are missing"),
    "fractions": ({"train-labels-idx1-ubyte": idx(0x0D, (6,), [0, 1, 2, 0, 1, 0.5])}, "0.5 are measurements"),
    "numbers of columns": ({"train-labels-idx2-int": idx(0x0C, (6, 3), [1] * 18)}, "two files for one place|labels"),
}


@pytest.mark.parametrize("files, reason", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(tmp_path, files, reason):
    good = {} if "one" in files else GOOD
    with pytest.raises(ValueError, match=reason) as caught:
        read(put(tmp_path, {**good, **files}))
    assert str(tmp_path) in str(caught.value)


def test_dimensions_that_no_array_has_are_refused_with_the_name(tmp_path):
    for shape in [(0, 2**32 - 1, 2**32 - 1, 2**32 - 1), (2**32 - 1,) * 32]:
        with pytest.raises(ValueError, match="the file"):
            parse_idx(idx(8, shape, []), "the file")
        put(tmp_path, {"train-images-idx3-ubyte": idx(8, shape, []), "train-labels-idx1-ubyte": LABELS})
        with pytest.raises(ValueError, match=str(Path(tmp_path).name)):
            read(tmp_path)
