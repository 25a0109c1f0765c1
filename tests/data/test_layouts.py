"""The layouts that people have: the same digits in each of them, loaded, and learned as well as from MNIST's own files."""

import functools
import gzip
import pickle
import string

import layouts
import numpy as np
import pytest
import theano
import theano.tensor as T
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data import load_arrays, loading
from deeplearning_tutorial.data.download import DATA_FOLDER
from deeplearning_tutorial.data.formats import known, parse_idx
from deeplearning_tutorial.mlp import LogisticRegression

N_TRAIN, N_TEST = 600, 300
LARGEST_DIFFERENCE = 0.003


# The digits ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    """Real digits as bytes: `{"train": (x, y), "test": (x, y)}`, x of shape (rows, 28, 28)."""
    name, files = loading._stored_mnist(DATA_FOLDER, ("mnist",))
    if name != "mnist":
        pytest.skip("the full MNIST is not in data/mnist: run scripts/setup --data")
    x = parse_idx(files["train-images-idx3-ubyte"], "MNIST")
    y = parse_idx(files["train-labels-idx1-ubyte"], "MNIST")
    rows = slice(N_TRAIN), slice(N_TRAIN, N_TRAIN + N_TEST)
    return {part: (x[those], y[those]) for part, those in zip(("train", "test"), rows)}


def smaller(digits):
    """As scikit-learn's digits: 8 x 8 pixels, from 0 to 16, of which the first is always 0."""
    sets = {
        part: (np.rint(x[:, 2:26, 2:26].reshape(-1, 8, 3, 8, 3).mean((2, 4)) / 255 * 16).astype("u1"), y)
        for part, (x, y) in digits.items()
    }
    for x, _ in sets.values():
        x[:, 0, 0] = 0
    return sets


def rows_of(sets, digits, factor):
    """Which of the digits each loaded row is; all of them are there, and their labels are theirs."""
    x, y = (np.concatenate(arrays) for arrays in zip(*digits.values()))
    keys = [row.tobytes() for row in x]
    place = {key: number for number, key in enumerate(keys)}
    found = [[place[row.tobytes()] for row in np.rint(loaded * factor).astype("u1")] for loaded, _ in sets]
    assert {keys[row] for rows in found for row in rows} == set(keys) and sum(map(len, found)) == len(keys)
    for rows, (_, labels) in zip(found, sets):
        assert_array_equal(labels, y[rows])
    return found


# Learning -----------------------------------------------------------------------------------------------------------


@functools.cache
def learner():
    """A function that takes a step on all rows, and so whose result does not depend on their order; one for the error."""
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, 784, 10)
    cost = classifier.negative_log_likelihood(y)
    updates = [(p, p - np.float32(0.5) * g) for p, g in zip(classifier.params, T.grad(cost, classifier.params))]
    return classifier, theano.function([x, y], updates=updates), theano.function([x, y], classifier.errors(y))


def error(train, test, n_classes):
    classifier, step, error_of = learner()
    classifier.W.set_value(np.zeros((train[0].shape[1], n_classes), theano.config.floatX))
    classifier.b.set_value(np.zeros(n_classes, theano.config.floatX))
    for _ in range(40):
        step(*train)
    return float(error_of(*test))


@functools.cache
def known_error(rows, test_rows, of, n_classes):
    return error(of(rows), of(test_rows), n_classes)


def as_mnist(digits, divisor):
    """Rows of the digits as MNIST has them."""
    x, y = (np.concatenate(arrays) for arrays in zip(*digits.values()))
    x = x.reshape(len(x), -1).astype(theano.config.floatX) / divisor
    return lambda rows: (x[list(rows)], y[list(rows)].astype("int32"))


def test_a_wrong_digit_or_label_would_be_noticed(digits):
    few = {part: (x[:20], y[:20]) for part, (x, y) in digits.items()}
    good = [(x.reshape(-1, 784) / 256, y) for x, y in few.values()]
    rows_of(good, few, 256)
    with pytest.raises(AssertionError):
        rows_of([(good[0][0], (good[0][1] + 1) % 10), good[1]], few, 256)
    with pytest.raises(AssertionError):
        rows_of(good[:1], few, 256)
    with pytest.raises(KeyError):
        rows_of([(good[0][0] * 0.5, good[0][1]), good[1]], few, 256)


# Each layout --------------------------------------------------------------------------------------------------------

PIXELS = "images of 28 × 28 pixels, pixels 0 to 255, divided by 256"
ARABIC = "10 classes"


def with_code(code):
    return functools.partial(layouts.write_idx, code=code, pattern="{}-{}.idx{}." + code)


def emnist(kind):
    return functools.partial(layouts.write_emnist, kind=kind)


def as_training_and_testing(folder, sets):
    """mnist_png: training/0/….png, testing/0/….png."""
    layouts.write_folders(folder, sets)
    (folder / "train").rename(folder / "training")
    (folder / "test").rename(folder / "testing")
    return folder


def as_rows(folder, sets):
    """IDX of two dimensions: a picture a row."""
    return layouts.write_idx(folder, {part: (x.reshape(len(x), -1), y) for part, (x, y) in sets.items()})


def with_channel(folder, sets):
    """IDX of four dimensions: one channel, grey."""
    return layouts.write_idx(folder, {part: (x[:, np.newaxis], y) for part, (x, y) in sets.items()})


def half_of(digits):
    """Pixels up to 127, which signed bytes hold."""
    return {part: (x // 2, y) for part, (x, y) in digits.items()}


# How it is written, and what is said of it.
WRITTEN = {
    "MNIST": (layouts.write_idx, f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX with dots": (layouts.write_idx_with_dots, f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX in capitals": (layouts.write_idx_in_capitals, f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX compressed, not by name": (
        functools.partial(layouts.write_idx, pack=gzip.compress),
        f"Four IDX files: {ARABIC}, {PIXELS}.",
    ),
    "IDX of shorts": (with_code("i2"), f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX of ints": (with_code("i4"), f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX of floats": (with_code("f4"), f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX of doubles": (with_code("f8"), f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX of two dimensions": (as_rows, f"Four IDX files: {ARABIC}, {PIXELS}."),
    "IDX of four dimensions": (with_channel, "Four IDX files: "),
    "Fashion-MNIST": (layouts.write_fashion, f"Fashion-MNIST, four IDX files: {ARABIC}, {PIXELS}."),
    "EMNIST letters": (emnist("letters"), f"EMNIST letters, four IDX files: 26 classes, {PIXELS}."),
    "EMNIST byclass": (emnist("byclass"), f"EMNIST byclass, four IDX files: 62 classes, {PIXELS}."),
    "EMNIST balanced": (emnist("balanced"), f"EMNIST balanced, four IDX files: 47 classes, {PIXELS}."),
    "EMNIST digits": (emnist("digits"), f"EMNIST digits, four IDX files: {ARABIC}, {PIXELS}."),
    "QMNIST": (layouts.write_qmnist, f"QMNIST, four IDX files: {ARABIC}, {PIXELS}."),
    "KMNIST": (layouts.write_kmnist, f"KMNIST, four .npz files: {ARABIC}, {PIXELS}."),
    "Keras": (layouts.write_keras, f"NumPy's .npz: {ARABIC}, {PIXELS}."),
    "MedMNIST": (layouts.write_medmnist, f"NumPy's .npz: {ARABIC}, {PIXELS}."),
    ".npy": (layouts.write_npy, f"Four .npy files: {ARABIC}, {PIXELS}."),
    "Kaggle": (layouts.write_kaggle, f"CSV, labels in column 'label': {ARABIC}, {PIXELS}."),
    "MNIST in CSV": (layouts.write_mnist_in_csv, f"CSV, labels in the first column: {ARABIC}, {PIXELS}."),
    "CSV of one's own": (layouts.write_own_csv, f"CSV, labels in column 'Class': {ARABIC}, {PIXELS}."),
    ".amat": (
        layouts.write_amat,
        f".amat, labels in the last column: {ARABIC}, images of 28 × 28 pixels, pixels 0 to 1.",
    ),
    "LIBSVM": (layouts.write_libsvm, f"Two LIBSVM files: {ARABIC}, {PIXELS}."),
    "folders": (layouts.write_folders, f"Pictures in 10 folders, one for each class: {ARABIC}, {PIXELS}."),
    "folders of mnist_png": (
        as_training_and_testing,
        f"Pictures in 10 folders, one for each class: {ARABIC}, {PIXELS}.",
    ),
    "pickle of today": (layouts.write_pickle, f"Pairs of arrays as in the Theano tutorials' mnist.pkl.gz: {ARABIC}, "),
    "pickle of Python 2": (
        layouts.write_python2_pickle,
        f"Pairs of arrays as in the Theano tutorials' mnist.pkl.gz: {ARABIC}, ",
    ),
}
ONE_SET = ("Kaggle",)  # where all rows are in one file, the test set is drawn


@pytest.mark.parametrize("layout", WRITTEN)
def test_the_same_digits_are_learned_as_well_as_from_mnist(digits, tmp_path, capsys, layout):
    write, line = WRITTEN[layout]
    sets = load_arrays(write(tmp_path / "own", digits), folder=tmp_path / "no MNIST here")
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith(f"  {line}"), said[1]
    assert f": {len(sets[0][1]):,} training, {len(sets[1][1]):,} validation, {len(sets[2][1]):,} test rows" in said[0]
    found = rows_of(sets, digits, 255 if layout == ".amat" else 256)
    if layout not in ONE_SET:
        assert sorted(found[2]) == list(range(N_TRAIN, N_TRAIN + N_TEST))
    n_classes = len(sets.class_names)
    as_loaded = error(sets[0], sets[2], n_classes)
    rows, test_rows = (tuple(sorted(found[place])) for place in (0, 2))
    expected = known_error(rows, test_rows, original(digits), n_classes)
    assert abs(as_loaded - expected) <= LARGEST_DIFFERENCE
    assert expected < 0.3


_ORIGINALS = {}


def original(digits):
    return _ORIGINALS.setdefault(id(digits), as_mnist(digits, 256))


@pytest.mark.parametrize("write", [layouts.write_sklearn_digits, layouts.write_optdigits])
def test_scikit_learns_digits(digits, tmp_path, capsys, write):
    small = smaller(digits)
    sets = load_arrays(write(tmp_path, small))
    said = capsys.readouterr().out.splitlines()[1]
    assert said.startswith("  Digits of 8 x 8 pixels, as scikit-learn's, CSV, labels in the last column: 10 classes, ")
    assert said.endswith("images of 8 × 8 pixels, pixels 0 to 16, divided by 16.")
    assert sets.image_shape == (8, 8)
    x, y = (np.concatenate(arrays) for arrays in zip(*small.values()))
    expected = sorted((row.tobytes(), label) for row, label in zip(x, y.tolist()))
    loaded = [(row.tobytes(), label) for x, y in sets for row, label in zip(np.rint(x * 16).astype("u1"), y.tolist())]
    assert sorted(loaded) == expected
    own = as_mnist({"all": (np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets]))}, 1)
    ends = np.cumsum([len(y) for _, y in sets])
    assert error(sets[0], sets[2], 10) == error(own(range(ends[0])), own(range(ends[1], ends[2])), 10) < 0.4


def test_signed_bytes_in_idx(digits, tmp_path):
    half = half_of(digits)
    sets = load_arrays(with_code("i1")(tmp_path, half), scale=128)
    assert_array_equal(sets[2][0] * 128, half["test"][0].reshape(N_TEST, 784))
    assert_array_equal(sets[2][1], half["test"][1])


@pytest.mark.parametrize("kind, first, last", [("letters", "A", "J"), ("byclass", "0", "9"), ("balanced", "0", "9")])
def test_emnist_is_upright_and_its_classes_have_names(digits, tmp_path, capsys, kind, first, last):
    sets = load_arrays(layouts.write_emnist(tmp_path, digits, kind))
    assert (sets.class_names[0], sets.class_names[9]) == (first, last)
    assert_array_equal(sets[2][0][0].reshape(28, 28) * 256, digits["test"][0][0])
    said = capsys.readouterr().out
    assert "turned upright" in said and ("Labels 1 to 26 became 0 to 25 (A to Z)." in said) == (kind == "letters")
    names = {
        "letters": string.ascii_uppercase,
        "byclass": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    }
    assert sets.class_names == list(names.get(kind, string.digits + string.ascii_uppercase + "abdefghnqrt"))


def test_emnist_is_known_by_the_number_of_its_letters_whatever_it_is_called(digits, tmp_path, monkeypatch, capsys):
    turned = {part: (x.transpose(0, 2, 1), np.arange(len(y)) % 26 + 1) for part, (x, y) in digits.items()}
    layouts.write_idx(tmp_path, turned)
    monkeypatch.setattr(known, "EMNIST_LETTERS", (N_TRAIN,))
    sets = load_arrays(tmp_path)
    assert_array_equal(sets[2][0][0].reshape(28, 28) * 256, digits["test"][0][0])
    assert "turned upright" in capsys.readouterr().out


def test_letters_of_ones_own_are_not_turned(digits, tmp_path, capsys):
    letters = {part: (x, np.arange(len(y)) % 26 + 1) for part, (x, y) in digits.items()}
    sets = load_arrays(layouts.write_idx(tmp_path, letters))
    assert_array_equal(sets[2][0][0].reshape(28, 28) * 256, digits["test"][0][0])
    assert "If these are EMNIST's letters, they lie on their sides" in capsys.readouterr().out


def test_several_sets_in_one_folder_are_chosen_by_one_of_their_files(digits, tmp_path):
    few = {part: (x[:60], y[:60]) for part, (x, y) in digits.items()}
    layouts.write_emnist(tmp_path, few, "letters")
    layouts.write_emnist(tmp_path, few, "digits")
    with pytest.raises(ValueError, match=r"holds 2 sets of IDX files. Name one file of the one you want: .*emnist-"):
        load_arrays(tmp_path)
    sets = load_arrays(tmp_path / "emnist-digits-test-labels-idx1-ubyte.gz")
    assert len(sets.class_names) == 10 and len(sets[2][1]) == 60


def test_medmnist_in_colour_asks_for_a_choice(digits, tmp_path, capsys):
    few = {part: (x[:100], y[:100]) for part, (x, y) in {**digits, "valid": digits["test"]}.items()}
    path = layouts.write_medmnist(tmp_path, few, channels=(1, 0.5, 0.25))
    with pytest.raises(
        ValueError, match=r"medmnist.npz: its pictures are in colour. Say colour='grey' .* colour='rgb'"
    ):
        load_arrays(path)
    capsys.readouterr()
    rgb = load_arrays(path, colour="rgb")
    assert "  MedMNIST's .npz: 10 classes, images of 28 × 28 pixels in colour, " in capsys.readouterr().out
    assert rgb.image_shape == (28, 28, 3) and rgb[0][0].shape == (100, 784 * 3)
    assert_array_equal(rgb[0][0].reshape(100, 784, 3)[..., 0] * 256, few["train"][0].reshape(100, 784))
    grey = load_arrays(path, colour="grey")
    expected = few["train"][0] * 0.299 + (few["train"][0] // 2) * 0.587 + (few["train"][0] // 4) * 0.114
    assert np.abs(grey[0][0] * 256 - expected.reshape(100, 784)).max() <= 0.5 + 1e-3
    grey_in_colour = layouts.write_medmnist(tmp_path, few, channels=(1, 1, 1))
    assert_array_equal(load_arrays(grey_in_colour)[0][0] * 256, few["train"][0].reshape(100, 784))


# Pickles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_theano_tutorials_pickle_of_each_protocol(digits, tmp_path, protocol):
    few = {part: (x[:40], y[:40]) for part, (x, y) in {**digits, "valid": digits["test"]}.items()}
    few = {part: few[part] for part in ("train", "valid", "test")}
    path = layouts.write_pickle(tmp_path, few, protocol)
    for (x, y), (own_x, own_y) in zip(load_arrays(path, folder=tmp_path / "empty"), few.values()):
        assert_array_equal(x * 256, own_x.reshape(40, 784))
        assert_array_equal(y, own_y)


class Harmless:
    """What makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_is_never_run(digits, tmp_path, protocol):
    pairs = layouts.theano_pairs({part: (x[:40], y[:40]) for part, (x, y) in digits.items()})
    trap = tmp_path / "was run"
    content = pickle.dumps((*pairs, Harmless(trap)), protocol)
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(content))
    with pytest.raises(
        ValueError, match=r"mnist.pkl.gz: a pickle that is not read here: it would call (posix|nt).mkdir"
    ):
        load_arrays(tmp_path / "mnist.pkl.gz", folder=tmp_path / "empty")
    assert not trap.exists()
    pickle.loads(content)  # the trap works
    assert trap.exists()
