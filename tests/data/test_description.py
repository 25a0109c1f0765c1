"""`describe` counts rightly, names what is unusual and nothing else, and draws what there is."""

import io

import numpy as np
import pytest

import deeplearning_tutorial  # noqa: F401
from deeplearning_tutorial.data import describe, load_arrays, load_data
from deeplearning_tutorial.data.description import BLOCK

RNG = np.random.RandomState(0)


def sets(n_features=64, n_classes=3, rows=(BLOCK + 44, 60, 60)):
    return [
        (RNG.uniform(0, 1, (n, n_features)).astype("float32"), (np.arange(n) % n_classes).astype("int32")) for n in rows
    ]


def changed(position, x=None, y=None):
    pairs = sets()
    pairs[position] = (
        pairs[position][0] if x is None else x(pairs[position][0]),
        y(pairs[position][1]) if y else pairs[position][1],
    )
    return pairs


def test_numbers_are_those_of_numpy():
    pairs = sets()
    for x, _ in pairs:
        x[:, 5] = 0.25
    found = describe(pairs)
    for row, (x, y) in zip(found.sets, pairs):
        assert row["rows"] == len(y)
        assert row["smallest"] == x.min() and row["largest"] == x.max()
        assert row["mean"] == pytest.approx(x.mean(dtype="float64"), rel=1e-6)
    assert [row["constant features"] for row in found.sets] == [1, 1, 1]
    assert found.classes == {"0": [100, 20, 20], "1": [100, 20, 20], "2": [100, 20, 20]}
    assert found.notes == []


def test_what_load_data_returns_is_described_as_what_load_arrays_returns(capsys):
    own = (RNG.randint(0, 256, (70, 9, 7)).astype("uint8"), np.array(["cat", "dog"])[np.arange(70) % 2])
    one, other = describe(load_data(own)), describe(load_arrays(own))
    assert str(one) == str(other)
    assert one.image_shape == (9, 7) and list(one.classes) == ["cat", "dog"]
    assert "your arrays: 2 classes, 9 × 7 pixels" in str(one)


UNUSUAL = {
    "a class without rows": (changed(2, y=lambda y: y % 2), "No test row is of class '2'."),
    "uneven": (
        changed(0, y=lambda y: np.where(np.arange(300) % 10, 0, y)),
        "training rows of class '1': 10, of '0': 280. Who always says '0' errs on 6.7 %.",
    ),
    "sorted": (changed(0, y=np.sort), "sorted by class"),
    "outside of [0, 1]": ([(4 * x - 2, y) for x, y in sets()], "not all from 0 to 1"),
    "other units": ([(x * np.logspace(0, 4, 64), y) for x, y in sets()], "standardize"),
    "another scale": (changed(2, x=lambda x: 256 * x), "64 features are on average outside"),
    "twice": (
        changed(0, x=lambda x: np.concatenate([x[:-3], x[:3]])),
        "more than once: 3 of 300.",
    ),
}


@pytest.mark.parametrize("pairs, note", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_noted(pairs, note):
    assert any(note in found for found in describe(pairs).notes)


def test_rows_that_training_and_test_set_share_are_noted():
    pairs = sets()
    pairs[2][0][:7] = pairs[0][0][10:17]
    assert describe(pairs).notes == [
        "7 of 60 test rows are training rows, too: what is measured on them is no surprise."
    ]
    pairs[0][0][0], pairs[1][0][0] = 0.0, -0.0  # one number
    assert any("1 of 60 validation rows" in note for note in describe(pairs).notes)


def test_the_page_of_a_notebook_has_tables_notes_and_a_picture():
    import matplotlib.pyplot as plt

    open_figures = plt.get_fignums()  # other tests of this process may have left some
    pairs = changed(2, y=lambda y: y % 2)
    page = describe(pairs, class_names=["<b>", "dog", "cat"])._repr_html_()
    assert "<td>300</td>" in page and "No test row is of class &#x27;cat&#x27;" in page
    assert "&lt;b&gt;" in page and "<b></td>" not in page
    assert "data:image/png;base64,iVBOR" in page
    assert plt.get_fignums() == open_figures


def test_a_picture_has_examples_of_each_class():
    pairs = [(0.4 * x, y) for x, y in sets(n_features=12)]
    pairs[0][0][pairs[0][1] == 1] = 1
    ax = describe(pairs, image_shape=(4, 3)).plot()
    page = ax.images[0].get_array()
    assert ax.images[0].get_cmap().name == "gray_r" and ax.get_xlabel() == "white is 0, black 1"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1", "2"]
    assert page.shape == (3 * 5 - 1, 10 * 4 - 1)
    np.testing.assert_allclose(page[:4, :3], pairs[0][0][0].reshape(4, 3))
    assert page[5:9, :3].min() == 1 and page[4].max() == 0


def test_light_pictures_are_drawn_as_they_are():
    ax = describe([(1 - 0.4 * x, y) for x, y in sets()]).plot()
    page = ax.images[0].get_array()
    assert ax.images[0].get_cmap().name == "gray" and ax.get_xlabel() == "white is 1, black 0"
    assert page[8].min() == 1  # between two pictures


@pytest.mark.parametrize("shape", [(2, 32), (1, 64), (64, 1), (4, 16)])
def test_pictures_of_any_shape_fit_on_a_page(shape):
    ax = describe(sets(), image_shape=shape).plot()
    width, height = ax.figure.get_size_inches()
    assert width < 8 and height < 8
    assert (ax.images[0].get_array().shape[1] + 1) // (shape[1] + 1) >= 3 or shape[1] == 1


def test_no_name_is_cut_off_at_the_edge():
    names = [f"a long name of a class, number {number}" for number in range(3)]
    ax = describe(sets(), class_names=names).plot()
    ax.figure.savefig(io.BytesIO(), format="png")  # which lays it out
    labels = ax.get_yticklabels()
    assert [label.get_text()[-3:] for label in labels] == ["r 0", "r 1", "r 2"]
    assert min(label.get_window_extent().x0 for label in labels) >= 0


def test_colour_and_negative_numbers_can_be_drawn():
    pairs = [(6 * x - 3, y) for x, y in sets(n_features=48)]
    page = describe(pairs, image_shape=(4, 4, 3)).plot().images[0].get_array()
    assert page.shape[2] == 3 and page.min() == 0 and page.max() == 1


def test_features_that_are_no_images_are_drawn_as_lines():
    ax = describe(sets(n_features=5), class_names=["a", "b", "c"]).plot()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 3, 4]


def test_of_many_classes_some_are_shown():
    found = describe(sets(n_classes=60, rows=(300, 300, 300)))
    assert "… 30 more" in str(found) and len(str(found).splitlines()) < 40
    assert len(found.plot().get_yticklabels()) == 12


def test_what_cannot_be_described_is_refused():
    x, y = sets()[0]
    for wrong in [None, "mnist", [], [(x, y)] * 4, [(x, y), (x[:, :3], y)]]:
        with pytest.raises(ValueError, match="describe wants"):
            describe(wrong)
    for wrong in [(x[:3], y), (x[0], y), (x, y - 1), (x, y / 2), (x[:0], y[:0])]:
        with pytest.raises(ValueError, match="describe what load_data"):
            describe([wrong])
    with pytest.raises(ValueError, match="only 2 class_names"):
        describe([(x, y)], class_names=["a", "b"])
    with pytest.raises(ValueError, match=r"image_shape \(3, 3\) does not make 64"):
        describe([(x, y)], image_shape=(3, 3))
