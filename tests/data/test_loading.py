"""What is loaded from files, and what is refused. Nothing here fetches."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
import types

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import loading
from deeplearning_tutorial.data.download import DATA_FOLDER, DataError
from deeplearning_tutorial.data.formats import IDX_FILES, memory
from deeplearning_tutorial.data.loading import SUBSET_FILE

TRAIN_X, TRAIN_Y, TEST_X, TEST_Y = IDX_FILES


# Small stand-ins for MNIST ------------------------------------------------------------------------------------------


def idx(values):
    """An IDX file of unsigned bytes, by the format's description."""
    values = np.asarray(values, dtype=np.uint8)
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def small_mnist(seed=0):
    rng = np.random.RandomState(seed)
    return {
        TRAIN_X: idx(rng.randint(0, 256, (60, 4, 3))),
        TRAIN_Y: idx(np.arange(60) % 10),
        TEST_X: idx(rng.randint(0, 256, (20, 4, 3))),
        TEST_Y: idx(np.arange(20) % 10),
    }


def small_subset():
    rows = np.random.RandomState(1).randint(0, 256, (5000, 4))
    rows = np.column_stack([rows, np.repeat(np.arange(10), 500)])
    return {SUBSET_FILE: "".join(",".join(map(str, row)) + "\n" for row in rows).encode()}


FILES = {"mnist": small_mnist(), "mnist-5k": small_subset()}
SUMS = {
    name: {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    for name, files in FILES.items()
}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def zipped(name):
    return {f"{name}.gz": gzip.compress(FILES["mnist"][name])}


@pytest.fixture
def stored(monkeypatch, tmp_path):
    """`stored("mnist", ...)` stores small data sets and returns their folder. Loading takes them for the real ones."""

    def no_fetch(*_, **__):
        raise AssertionError("asked the network")

    monkeypatch.setattr(loading, "read_checksums", lambda: SUMS)
    monkeypatch.setattr(loading, "fetch", no_fetch)

    def store(*names):
        for name in names:
            put(tmp_path / name, FILES[name])
        return tmp_path

    return store


def rows(splits):
    return [len(y) for _, y in splits]


def same_rows(*matrices):
    """Whether matrices have the same rows, in whatever order."""
    first, *others = ([row.tobytes() for row in np.ascontiguousarray(matrix)] for matrix in matrices)
    return all(sorted(first) == sorted(other) for other in others)


# Loading ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("floatX", ["float32", "float64"])
def test_mnist_is_split_in_file_order_and_divided_by_256(stored, capsys, floatX):
    import theano

    folder = stored("mnist")
    with theano.configparser.change_flags(floatX=floatX):
        (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = loading.load_arrays("mnist", folder)
    pixels = np.frombuffer(FILES["mnist"][TRAIN_X], np.uint8, offset=16).reshape(60, 12)
    assert_array_equal(train_x, pixels[:50] / 256)
    assert_array_equal(valid_x, pixels[50:] / 256)
    assert_array_equal(train_y, np.arange(50) % 10)
    assert_array_equal(valid_y, np.arange(10))
    assert test_x.shape == (20, 12) and test_y.shape == (20,)
    assert train_x.dtype == valid_x.dtype == test_x.dtype == floatX
    assert train_y.dtype == valid_y.dtype == test_y.dtype == "int32"
    said = f"MNIST: 50 training, 10 validation, 20 test digits from {folder / 'mnist'}\n"
    assert capsys.readouterr().out == said


def test_load_data_gives_shared_variables_as_the_theano_tutorial_does(stored):
    import theano

    folder = stored("mnist")
    for (shared_x, symbolic_y), (x, y) in zip(loading.load_data("mnist", folder), loading.load_arrays("mnist", folder)):
        assert shared_x.dtype == theano.config.floatX and shared_x.ndim == 2
        assert_array_equal(shared_x.get_value(borrow=True), x)
        assert symbolic_y.dtype == "int32" and symbolic_y.ndim == 1
        assert symbolic_y.owner.inputs[0].dtype == theano.config.floatX  # on a GPU the labels are floatX
        assert_array_equal(symbolic_y.eval(), y)


@pytest.mark.parametrize("there", [None, bytes(80 * 12 * 4), b"not even numbers"])
def test_digits_are_shared_in_a_file_and_nothing_else_is_taken_from_it(stored, there):
    folder = stored("mnist")
    path = folder / loading.MAPPED_FILE
    if there is not None:
        put(path.parent, {path.name: there})
    (train_x, _), (valid_x, _), (test_x, _) = loading.load_arrays("mnist", folder)
    files = [np.frombuffer(FILES["mnist"][name], np.uint8, offset=16) for name in (TRAIN_X, TEST_X)]
    pixels = np.float32(np.concatenate(files)) / np.float32(256)
    assert_array_equal(np.concatenate([x.ravel() for x in (train_x, valid_x, test_x)]), pixels)
    assert_array_equal(np.fromfile(path, np.float32), pixels)


def test_a_short_run_shares_the_file_too(stored, monkeypatch):
    folder = stored("mnist")
    whole = loading.load_arrays("mnist", folder)
    monkeypatch.setenv(loading.ROWS_VARIABLE, "7")
    for (few, _), (x, _) in zip(loading.load_arrays("mnist", folder), whole):
        assert_array_equal(few, x[:7])
    assert (folder / loading.MAPPED_FILE).stat().st_size == 80 * 12 * 4


def test_where_there_can_be_no_file_digits_are_loaded_all_the_same(stored):
    import theano

    folder = stored("mnist")
    (folder / loading.MAPPED_FILE.parent).touch()  # so that it can be no folder
    in_memory = loading.load_arrays("mnist", folder)
    (folder / loading.MAPPED_FILE.parent).unlink()
    with theano.configparser.change_flags(floatX="float64"):
        as_float64 = loading.load_arrays("mnist", folder)
    assert not (folder / loading.MAPPED_FILE).exists()
    for sets in (in_memory, as_float64):
        for (x, _), (mapped_x, _) in zip(sets, loading.load_arrays("mnist", folder)):
            assert_array_equal(x, mapped_x)


@pytest.mark.parametrize("name", ["mnist.pkl.gz", "../data/mnist.pkl.gz"])
def test_name_of_the_theano_tutorials_pickle_means_mnist_and_opens_no_pickle(stored, monkeypatch, capsys, name):
    folder = stored("mnist")
    for place in ("work", "data"):
        put(folder / place, {"mnist.pkl.gz": b"not even a pickle"})
    monkeypatch.chdir(folder / "work")
    assert rows(loading.load_arrays(name, folder)) == [50, 10, 20]
    assert f"{name} was not read, as these are its digits" in capsys.readouterr().out
    (folder / "work" / name).unlink()
    assert rows(loading.load_arrays(name, folder)) == [50, 10, 20]
    assert "was not read" not in capsys.readouterr().out


def test_compressed_files_put_there_by_hand_are_used(stored):
    folder = stored()
    for name in IDX_FILES:
        put(folder / "mnist", zipped(name))
    assert rows(loading.load_arrays("mnist", folder)) == [50, 10, 20]
    put(folder / "mnist", {f"{TEST_Y}.gz": zipped(TEST_Y)[f"{TEST_Y}.gz"][:-3]})
    with pytest.raises(DataError, match=f"{TEST_Y}.gz is not a whole gzip file"):
        loading.load_arrays("mnist", folder)


def test_damaged_file_is_never_loaded_even_where_there_is_a_subset(stored):
    folder = stored("mnist", "mnist-5k")
    put(folder / "mnist", {TRAIN_X: small_mnist(seed=7)[TRAIN_X]})
    with pytest.raises(DataError, match="SHA-256"):
        loading.load_arrays("mnist", folder)


def test_subset_is_used_without_the_network_and_says_what_it_means(stored, capsys):
    folder = stored("mnist-5k")
    sets = loading.load_arrays("mnist", folder)
    said = capsys.readouterr().out
    assert "5,000-digit subset: 3,600 training, 700 validation, 700 test digits" in said
    assert "full set" in said and "scripts/setup --data" in said and "7.5 %" in said
    assert [(x.shape, y.shape) for x, y in sets] == [((n, 4), (n,)) for n in (3600, 700, 700)]
    # Shuffled the same way each time; every digit is in every set; no row is lost or twice there.
    for (x, y), (x_again, y_again) in zip(sets, loading.load_arrays("mnist-5k", folder)):
        assert_array_equal(x, x_again)
        assert_array_equal(y, y_again)
        assert set(y) == set(range(10)) and np.bincount(y).min() > 0.6 * len(y) / 10
    found = np.concatenate([np.column_stack([x * 256, y]) for x, y in sets])
    original = np.loadtxt(io.BytesIO(FILES["mnist-5k"][SUBSET_FILE]), delimiter=",")
    assert_array_equal(found[np.lexsort(found.T)], original[np.lexsort(original.T)])


def test_full_set_is_preferred_and_the_subset_can_be_asked_for(stored):
    folder = stored("mnist", "mnist-5k")
    assert rows(loading.load_arrays("mnist", folder)) == [50, 10, 20]
    assert rows(loading.load_arrays("mnist-5k", folder)) == [3600, 700, 700]


@pytest.mark.parametrize("asked, got", [("mnist", "mnist"), ("mnist", "mnist-5k"), ("mnist-5k", "mnist-5k")])
def test_first_load_fetches(stored, monkeypatch, asked, got):
    def fetch(dataset, folder):
        assert (dataset, folder) == (asked, stored())
        stored(got)
        return got

    monkeypatch.setattr(loading, "fetch", fetch)
    assert rows(loading.load_arrays(asked, stored())) == ([50, 10, 20] if got == "mnist" else [3600, 700, 700])


@pytest.mark.parametrize(
    "bad", ["minst", "mnist.pkl", "./mnist", "no/such/folder", "no_such.npz", "", "a" * 300, "a\0b", "~no_such_user/x"]
)
def test_unknown_data_set_is_named_with_the_choices(bad, tmp_path, monkeypatch):
    monkeypatch.chdir(put(tmp_path, {"mnist.pkl": b""}))
    with pytest.raises(ValueError) as caught:
        loading.load_data(bad)
    if bad == "mnist.pkl":  # it is there, and is no data
        assert bad in str(caught.value)
    elif bad != "a" * 300:
        assert repr(str(bad)) in str(caught.value) and "'mnist-5k'" in str(caught.value)
        assert TRAIN_X in str(caught.value) and str(tmp_path) in str(caught.value)  # a notebook runs in its own folder


@pytest.mark.parametrize("bad", [None, 5, {"x": 1}, np.eye(3), [np.eye(3)] * 4, iter([])])
def test_what_is_neither_a_name_nor_pairs_of_arrays_is_refused(bad):
    with pytest.raises(ValueError, match=rf"of type {type(bad).__name__}: arrays are a pair \(x, y\)"):
        loading.load_arrays(bad)


def test_an_address_is_to_be_downloaded():
    with pytest.raises(ValueError, match="Download it, and name the file"):
        loading.load_arrays("https://example.org/digits.npz")


def test_a_path_may_begin_with_ones_home(tmp_path, monkeypatch):
    put(tmp_path / "fashion", FILES["mnist"])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert rows(loading.load_arrays("~/fashion")) == [50, 10, 20]


def test_a_name_that_is_nearly_right_is_guessed(tmp_path):
    put(tmp_path, {"digits.csv": b"", "letters.csv": b""})
    with pytest.raises(ValueError, match=r"Do you mean '.*digits.csv'\? "):
        loading.load_arrays(tmp_path / "digit.csv")


@pytest.mark.parametrize("option", ["label", "colour", "scale"])
def test_options_for_files_are_refused_for_mnist(stored, option):
    with pytest.raises(ValueError, match=f"{option}='?1'? is for files of your own, not for MNIST"):
        loading.load_arrays("mnist", stored("mnist"), **{option: 1})


# Data of one's own: IDX ---------------------------------------------------------------------------------------------


def test_folder_of_idx_files_is_loaded_compressed_or_not(tmp_path, capsys):
    folder = put(tmp_path / "fashion", {**FILES["mnist"], **zipped(TEST_X)})
    (folder / TEST_X).unlink()
    for dataset in (folder, str(folder)):
        assert rows(loading.load_arrays(dataset)) == [50, 10, 20]
        said = capsys.readouterr().out.splitlines()
        assert said[0] == f"fashion: 50 training, 10 validation, 20 test rows from {folder}"
        assert "10 classes, images of 4 × 3 pixels, pixels 0 to 255, divided by 256." in said[1]
        assert "validation set is drawn from the training rows" in said[2] and len(said) == 3
    put(folder, {f"{TEST_X}.gz": zipped(TEST_X)[f"{TEST_X}.gz"][:-4]})
    with pytest.raises(ValueError, match=f"{TEST_X}.gz is not a whole gzip"):
        loading.load_arrays(folder)


def test_one_of_four_idx_files_stands_for_all_and_a_missing_one_is_named(tmp_path):
    put(tmp_path, FILES["mnist"])
    assert rows(loading.load_arrays(tmp_path / TRAIN_X)) == [50, 10, 20]
    (tmp_path / TEST_Y).unlink()
    with pytest.raises(ValueError, match=f"missing {TEST_Y}"):
        loading.load_arrays(tmp_path)


IMAGES, LABELS = FILES["mnist"][TRAIN_X], FILES["mnist"][TRAIN_Y]
BAD_IDX = {
    "empty": ({TRAIN_X: b""}, "0 bytes are too few"),
    "header cut": ({TRAIN_X: IMAGES[:15]}, "15 bytes are too few"),
    "too short": ({TRAIN_X: IMAGES[:-1]}, r"\(60, 4, 3\), 720 bytes, but only 719 follow"),
    "too long": ({TRAIN_X: IMAGES + b"\0"}, "but more follow"),
    "magic": ({TRAIN_X: b"\x89PNG" + IMAGES[4:]}, "starts with bytes 89 50 4e 47"),
    "type": ({TRAIN_X: b"\0\0\x0d\x03" + IMAGES[4:]}, "2,880 bytes, but only 720 follow"),
    "dimensions": ({TRAIN_X: LABELS}, "expected 00 00 08 03"),
    "labels are images": ({TRAIN_Y: IMAGES}, "expected 00 00 08 01"),
    "huge": ({TRAIN_X: IMAGES[:4] + b"\xff" * 12 + IMAGES[16:]}, "4294967295"),
    "fewer labels": ({TRAIN_Y: idx(np.arange(59) % 10)}, "60 train images but 59 train labels"),
    "label of no class": ({TEST_Y: idx(np.full(20, 10))}, "test labels: 20 of 20 are 10, which no training row is"),
    "no rows": ({TEST_X: idx(np.zeros((0, 4, 3))), TEST_Y: idx(np.zeros(0))}, r"test images have shape \(0, 12\)"),
    "no training rows": (
        {TRAIN_X: idx(np.zeros((0, 4, 3))), TRAIN_Y: idx(np.zeros(0))},
        r"train images have shape \(0, ",
    ),
    "another size": ({TEST_X: idx(np.zeros((20, 5, 5)))}, r"\(20, 25\), expected \(1 or more, 12\)"),
    "too few to split": (
        {TRAIN_X: idx(np.zeros((5, 4, 3))), TRAIN_Y: idx(np.arange(5)), TEST_Y: idx(np.zeros(20))},
        "5 training rows; at least 6",
    ),
}


@pytest.mark.parametrize("files, reason", BAD_IDX.values(), ids=BAD_IDX)
def test_malformed_idx_files_are_refused(tmp_path, files, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        loading.load_arrays(put(tmp_path, {**FILES["mnist"], **files}))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "announced, reason",
    [((60, 4, 3), "720 bytes, but more follow"), ((2**31, 2**20, 2**10), "takes .* GiB of memory, and only")],
)
def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path, announced, reason):
    header = IMAGES[:4] + b"".join(n.to_bytes(4, "big") for n in announced)
    files = {name: content for name, content in FILES["mnist"].items() if name != TRAIN_X}
    put(tmp_path, {**files, f"{TRAIN_X}.gz": gzip.compress(header + bytes(200 * 2**20))})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"{TRAIN_X}.gz.*{reason}"):
            loading.load_arrays(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


# Data of one's own: npz ---------------------------------------------------------------------------------------------


def arrays(**changes):
    rng = np.random.RandomState(0)
    usual = {
        "x_train": rng.randint(0, 256, (12, 2, 3)).astype("uint8"),
        "y_train": np.arange(12) % 3,
        "x_test": rng.randint(0, 256, (4, 2, 3)).astype("uint8"),
        "y_test": np.arange(4) % 3,
    }
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


def test_npz_of_bytes_is_flattened_and_divided_by_256(tmp_path, capsys):
    np.savez(tmp_path / "own.npz", **arrays())
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = loading.load_arrays(tmp_path / "own.npz")
    pixels = arrays()["x_train"].reshape(12, 6).astype(train_x.dtype) / 256
    assert same_rows(np.concatenate([train_x, valid_x]), pixels)
    assert_array_equal(test_y, [0, 1, 2, 0])
    assert train_y.dtype == "int32" and test_x.shape == (4, 6)
    assert np.bincount(train_y).tolist() == [3, 3, 3] and np.bincount(valid_y).tolist() == [1, 1, 1]
    assert "own.npz: 9 training, 3 validation, 4 test rows" in capsys.readouterr().out


def test_npz_of_floats_is_kept_and_may_bring_its_validation_set(tmp_path):
    x = np.linspace(-3, 3, 12 * 6).reshape(12, 6)
    np.savez(tmp_path / "own.npz", **arrays(x_train=x, x_valid=x[:5], y_valid=np.zeros((5, 1), int), x_test=x[:4]))
    (train_x, _), (valid_x, valid_y), _ = loading.load_arrays(str(tmp_path / "own.npz"))
    assert_array_equal(train_x, x.astype(train_x.dtype))
    assert_array_equal(valid_x, train_x[:5])
    assert valid_y.shape == (5,)  # a column of labels, as some of Keras' data sets have it


BAD_NPZ = {
    "missing": (arrays(y_test=None), "missing y_test"),
    "half a validation set": (arrays(x_valid=np.zeros((3, 6))), "missing y_valid"),
    "other half": (arrays(y_valid=np.zeros(3, int)), "missing x_valid"),
    "objects": (arrays(y_train=np.array([{}] * 12)), "cannot be read"),
    "numbers and standardized": (arrays(x_test=np.linspace(-1, 1, 24).reshape(4, 2, 3)), "not the same scale.*scale="),
    "complex": (arrays(x_train=np.zeros((12, 6), "complex64")), "type complex64"),
    "too large": (
        arrays(x_train=np.eye(12, 6) * 1e300, x_test=np.eye(4, 6) * 1e300),
        "training features go up to 1e\\+300",
    ),
    "a vector": (arrays(x_train=np.zeros(12)), r"shape \(12,\)"),
    "NaN": (arrays(x_train=np.full((12, 6), np.nan)), "NaN"),
    "one-hot": (arrays(y_train=np.eye(12, 3, dtype=int)), "argmax"),
    "float labels": (arrays(y_train=np.arange(12) / 4), "astype"),
    "negative labels": (arrays(y_test=np.arange(4) - 1), "test labels: 1 of 4 are -1, which no training row is"),
    "label of no class": (arrays(y_test=np.full(4, 3)), "test labels: 4 of 4 are 3, which no training row is"),
    "numbers of rows": (arrays(y_train=np.arange(12)), "12 of 12 classes have no more than 1 of 12 training rows"),
    "rows differ": (arrays(y_test=np.arange(3)), "4 test images but 3 test labels"),
    "columns differ": (arrays(x_test=np.zeros((4, 7))), "expected .*6"),
}


@pytest.mark.parametrize("content, reason", BAD_NPZ.values(), ids=BAD_NPZ)
def test_malformed_npz_is_refused(tmp_path, content, reason):
    np.savez(tmp_path / "own.npz", **content)
    with pytest.raises(ValueError, match=reason) as caught:
        loading.load_arrays(tmp_path / "own.npz")
    assert "own.npz" in str(caught.value)


@pytest.mark.parametrize("kind, free", [("float32", 50), ("uint8", 20)])
def test_arrays_for_which_there_is_no_memory_are_refused(tmp_path, monkeypatch, kind, free):
    images = np.zeros((20_000, 784), kind)  # 60 MiB as float32, and a small file
    np.savez_compressed(
        tmp_path / "own.npz", **arrays(x_train=images, y_train=np.arange(20_000) % 3, x_test=images[:4])
    )
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: types.SimpleNamespace(available=free * 2**20))
    with pytest.raises(ValueError, match=r"own.npz.* takes 0.1 GiB of memory, and only 0\.\d are free"):
        loading.load_arrays(tmp_path / "own.npz")
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: types.SimpleNamespace(available=90 * 2**20))
    assert len(loading.load_arrays(tmp_path / "own.npz")) == 3


def test_file_that_is_no_npz_is_refused(tmp_path):
    put(tmp_path, {"own.npz": b"nonsense"})
    with pytest.raises(ValueError, match="own.npz is text, but no table"):
        loading.load_arrays(tmp_path / "own.npz")
    np.savez(tmp_path / "cut.npz", **arrays())
    damaged = bytearray((tmp_path / "cut.npz").read_bytes())
    damaged[150:200] = bytes(50)
    put(tmp_path, {"cut.npz": damaged})
    with pytest.raises(ValueError, match="cut.npz: cannot be read"):
        loading.load_arrays(tmp_path / "cut.npz")


# Command line -------------------------------------------------------------------------------------------------------

READ_ALL = """
import sys
from pathlib import Path
from deeplearning_tutorial import checkpoint
from deeplearning_tutorial.data import images, loading

def attempt(call, *arguments):
    try:
        call(*arguments)
    except (OSError, ValueError) as error:
        print(error)
    else:
        print("was read")

folder = Path(sys.argv[1])
attempt(loading.load_arrays, folder / "own.npz")
attempt(loading.load_arrays, folder / "own")
attempt(loading.load_arrays, "mnist", folder)
attempt(images.read_picture, folder / "own.png")
attempt(checkpoint.load, folder / "own.npz")
"""


def test_files_that_may_not_be_read_are_named(tmp_path):
    names = ["own.npz", "own.png", *(f"{folder}/{name}" for folder in ("own", "mnist") for name in IDX_FILES)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0)
    command = [sys.executable, "-c", READ_ALL, tmp_path]
    if os.geteuid() == 0:  # who may read everything, unless that right is taken away
        without = "--{}=-dac_override,-dac_read_search"
        command = ["setpriv", without.format("bounding-set"), without.format("inh-caps"), *command]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert all("ermission denied" in line for line in lines)
    images = next(iter(IDX_FILES))
    for line, name in zip(lines, ["own.npz", f"own/{images}", f"mnist/{images}", "own.png", "own.npz"], strict=True):
        assert str(tmp_path / name) in line


def test_which_tells_what_is_there(stored, capsys):
    def which():
        return loading.main(["--which"], folder=stored()), capsys.readouterr().out

    assert which() == (0, "none\n")
    put(stored() / "mnist", {TRAIN_X: IMAGES})
    assert which() == (0, "none\n")
    stored("mnist-5k")
    assert which() == (0, "mnist-5k\n")
    stored("mnist")
    assert which() == (0, "mnist\n")
    put(stored() / "mnist", {TRAIN_Y: b"damaged"})
    assert which() == (1, "none\n")


@pytest.mark.parametrize(
    "outcome, status, said",
    [
        ("mnist", 0, "full set of 70,000 digits"),
        ("mnist-5k", 0, "only the subset of 5,000 digits"),
        (DataError("do it by hand"), 1, "by hand"),
        (KeyboardInterrupt(), 130, "Interrupted"),
    ],
)
def test_command_fetches_and_tells(monkeypatch, tmp_path, capsys, outcome, status, said):
    def fetch(folder):
        assert folder == tmp_path
        if isinstance(outcome, str):
            return outcome
        raise outcome

    monkeypatch.setattr(loading, "fetch", fetch)
    assert loading.main([], tmp_path) == status
    out, err = capsys.readouterr()
    assert said in (err if status else out)


def test_which_is_quick_and_quiet():
    python = [sys.executable, "-W", "error::RuntimeWarning", "-X", "importtime"]
    command = [*python, "-m", "deeplearning_tutorial.data", "--which"]
    # To start a GPU takes Theano.
    environment = {**os.environ, "THEANO_FLAGS": "device=cpu"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() in ("mnist", "mnist-5k", "none")
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "numpy" in imported and not imported & {"theano", "requests", "pooch"}


# The real thing -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist():
    if loading._stored_mnist(DATA_FOLDER)[0] != "mnist":
        pytest.skip("the full MNIST is not in data/mnist: run scripts/setup --data")
    return loading.load_arrays("mnist")


def test_mnist_is_mnist(mnist):
    assert [(x.shape, y.shape) for x, y in mnist] == [((n, 784), (n,)) for n in (50000, 10000, 10000)]
    assert [y[:10].tolist() for _, y in mnist] == [
        [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
        [3, 8, 6, 9, 6, 4, 5, 3, 8, 4],
        [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
    ]
    assert [int((x * 256).sum(dtype="float64")) for x, _ in mnist] == [1309089051, 258209494, 264923200]
    assert np.bincount(mnist[0][1]).tolist() == [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]
    assert (mnist[0][0][0].reshape(28, 28)[5, 12:24] * 256).tolist() == [
        3,
        18,
        18,
        18,
        126,
        136,
        175,
        26,
        166,
        255,
        247,
        127,
    ]
    for x, y in mnist:
        assert x.min() == 0 and x.max() == 255 / 256
        assert y.dtype == "int32" and y.min() == 0 and y.max() == 9
        assert_array_equal(x[:100] * 256, np.round(x[:100] * 256))


def test_a_short_run_uses_the_first_rows_of_each_set_and_says_so(monkeypatch, tmp_path, capsys):
    path = tmp_path / "own.npz"
    x, y = np.arange(40, dtype="float32").reshape(20, 2), np.arange(20) % 2
    np.savez(path, x_train=x, y_train=y, x_valid=x[:3], y_valid=y[:3], x_test=x, y_test=y)
    monkeypatch.setenv(loading.ROWS_VARIABLE, "5")
    (train_x, train_y), (valid_x, _), (test_x, _) = loading.load_arrays(path)
    assert (len(train_x), len(train_y), len(valid_x), len(test_x)) == (5, 5, 3, 5)
    np.testing.assert_array_equal(train_x, x[:5])
    assert "first 5" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_a_senseless_number_of_rows_is_refused(monkeypatch, tmp_path, value):
    path = tmp_path / "own.npz"
    x, y = np.zeros((6, 2), dtype="float32"), np.arange(6) % 2
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv(loading.ROWS_VARIABLE, value)
    with pytest.raises(ValueError, match=f"{loading.ROWS_VARIABLE}.*{value}"):
        loading.load_arrays(path)
