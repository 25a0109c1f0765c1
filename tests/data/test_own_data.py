"""What docs/own-data.md tells a reader to write runs as it stands there, and prints what it says."""

import re
from types import SimpleNamespace

import layouts
import numpy as np
import pytest
from PIL import Image, ImageDraw

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import load_arrays

PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
RNG = np.random.RandomState(0)


# Shapes, and a table ------------------------------------------------------------------------------------------------


def shape(kind, rng):
    """28 x 28 pixels with a circle, a cross or a square, somewhere."""
    picture = Image.new("L", (28, 28))
    left, top, size = rng.randint(2, 7), rng.randint(2, 7), rng.randint(14, 19)
    corners = [left, top, left + size, top + size]
    draw = ImageDraw.Draw(picture)
    if kind == "circle":
        draw.ellipse(corners, outline=255, width=3)
    elif kind == "square":
        draw.rectangle(corners, outline=255, width=3)
    else:
        draw.line(corners, fill=255, width=3)
        draw.line([left, top + size, left + size, top], fill=255, width=3)
    return picture


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Where the reader is: with the files of the page."""
    rng = np.random.RandomState(1)
    for kind in ("circle", "cross", "square"):
        (tmp_path / "shapes" / kind).mkdir(parents=True)
        for number in range(100):
            shape(kind, rng).save(tmp_path / "shapes" / kind / f"{number:03}.png")
    shape("cross", rng).save(tmp_path / "new.png")
    rows = [[f"{1900 + rng.randint(100)}", f"{rng.uniform():.3f}", "ab"[i % 2]] for i in range(60)]
    layouts.write_rows(tmp_path / "own.csv", rows, ["year", "share", "kind"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The page -----------------------------------------------------------------------------------------------------------


def blocks(page):
    """Code, and what it prints: (code, text), the text "" where the page shows none."""
    found = re.findall(r"^```python\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", page, flags=re.MULTILINE | re.DOTALL)
    assert found
    return found


def not_as_shown(page, names, capsys):
    """What is printed by code of the page and is something else than the page says."""
    wrong = []
    for code, text in blocks(page):
        exec(compile(code, "own-data.md", "exec"), names)
        printed = capsys.readouterr().out
        if text and printed != text:
            wrong.append(printed)
    return wrong


@pytest.mark.slow(12)
def test_the_code_of_the_page_runs_and_prints_what_it_says(own_folder, capsys):
    names = {}
    assert not_as_shown(PAGE, names, capsys) == []
    assert names["test"].mean() < 0.1
    assert names["n_out"] == 3 and names["n_in"] == 784
    name_of_new = names["about"]["class_names"][names["predict"](names["pixels"].reshape(1, 784))[0]]
    assert name_of_new == "cross"
    np.testing.assert_allclose(names["train_x"].std(axis=0), 1, rtol=1e-4)


def test_a_page_that_says_something_else_is_found(own_folder, capsys):
    page = '```python\nprint("one")\n```\n\n```\ntwo\n```\n'
    assert not_as_shown(page, {}, capsys) == ["one\n"]


# What can be read ---------------------------------------------------------------------------------------------------

SETS = {
    part: (RNG.randint(0, 256, (rows, 28, 28)).astype("uint8"), np.arange(rows) % 10)
    for part, rows in [("train", 120), ("valid", 20), ("test", 20)]
}
TWO = {part: SETS[part] for part in ("train", "test")}
X, Y = SETS["train"]


def write_own_csv(folder, sets):
    rows = [[i, i % 7, "ab"[i % 2]] for i in range(60)]
    return layouts.write_rows(folder / "own.csv", rows, ["one", "other", "kind"])


def write_medmnist(name, **options):
    def write(folder, sets):
        layouts.write_medmnist(folder, SETS, **options).rename(folder / name)

    return write


def in_folder(name, write, **options):
    return lambda folder, sets: write(folder / name, sets, **options)


WRITERS = {
    "shapes": lambda folder, sets: layouts.write_folders(
        folder / "shapes", {"train": (X, Y % 3)}, above=False, name=["circle", "cross", "square"].__getitem__
    ),
    "pictures": in_folder("pictures", layouts.write_folders),
    "kaggle": in_folder("kaggle", layouts.write_kaggle),
    "own.csv": write_own_csv,
    "pneumoniamnist.npz": write_medmnist("pneumoniamnist.npz"),
    "bloodmnist.npz": write_medmnist("bloodmnist.npz", channels=(1, 0.8, 0.5)),
    "mnist.npz": layouts.write_keras,
    "npy": in_folder("npy", layouts.write_npy),
    "kmnist": in_folder("kmnist", layouts.write_kmnist),
    "idx": in_folder("idx", layouts.write_idx_with_dots),
    "fashion": in_folder("fashion", layouts.write_fashion),
    "emnist": in_folder("emnist", layouts.write_emnist),
    "qmnist": in_folder("qmnist", layouts.write_qmnist),
    "amat": in_folder("amat", layouts.write_amat),
    "libsvm": in_folder("libsvm", layouts.write_libsvm),
    "pickled": in_folder("pickled", lambda folder, sets: layouts.write_pickle(folder, SETS)),
}

ROWS = re.findall(r"^\| .+? \| `(load_data\(.+?\))` \| (.+?) \|$", PAGE, flags=re.MULTILINE)


def test_each_row_of_the_table_is_tried():
    assert len(ROWS) == len(re.findall(r"^\|.*load_data", PAGE, flags=re.MULTILINE)) == len(WRITERS) + 3


@pytest.mark.parametrize("call, says", ROWS, ids=[call for call, _ in ROWS])
def test_what_the_table_lists_is_read(call, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = re.match(r'load_data\("(.+?)"', call)
    if name:
        WRITERS[name[1]](tmp_path, TWO)
    digits = SimpleNamespace(data=X.reshape(120, 784), target=Y, target_names=np.arange(10))
    eval(call, {"load_data": load_arrays, "x": X, "y": Y, "load_digits": lambda: digits})
    assert capsys.readouterr().out.splitlines()[1].startswith(f"  {says}")


# What is refused ----------------------------------------------------------------------------------------------------

ONE_HOT, MEASURED = np.eye(10)[Y], Y * 0.35
WITH_NAN = np.where(X == X[0, 0, 0], np.nan, X)
REFUSED = {
    "(one-hot)": ((X, ONE_HOT), "argmax"),
    "such as 0.35": ((X, MEASURED), "measurements and no classes"),
    "NaN": ((WITH_NAN, Y), "Leave those rows out"),
    "that no training row has": (((X, Y), (X, Y + 1)), "cannot learn it"),
    "on different scales": (((X, Y), (X / 128 - 1, Y)), "scale="),
    "too large": ((X * 1e300, Y), "divide them"),
    "of different number": ((X, Y[1:]), "120 train images but 119 train labels"),
    "a row for each class": ((X, np.arange(120)), "too few to set some aside"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_page_calls_refused_is(what):
    assert len(re.findall(rf"^\|.*{re.escape(what)}.*\|$", PAGE, flags=re.MULTILINE)) == 1
    data, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        load_arrays(data)
