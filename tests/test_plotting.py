"""Pictures show what they are given."""

import base64
import html
import io
import re

import matplotlib

matplotlib.use("Agg")

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import theano
import theano.tensor as T
from PIL import Image

from deeplearning_tutorial import plotting
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.monitoring import History
from deeplearning_tutorial.plotting import (
    as_png,
    draw_graph,
    plot_confusion,
    plot_history,
    plot_signed_tiles,
    plot_tiles,
    show_panel,
    show_source,
    show_under_pointer,
    show_with_sliders,
    tile_raster_images,
)
from deeplearning_tutorial.updates import sgd


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# Tiles --------------------------------------------------------------------------------------------------------------


def tiles_by_hand(X, img_shape, tile_shape, tile_spacing, scale):
    """Pixel by pixel, as floats."""
    (height, width), (rows, columns), (down, right) = img_shape, tile_shape, tile_spacing
    page = np.zeros((rows * height + (rows - 1) * down, columns * width + (columns - 1) * right))
    for row in range(rows):
        for column in range(columns):
            number = row * columns + column
            if number >= len(X):
                continue
            image = X[number].astype(float)
            if scale:
                image = (image - image.min()) / (image.max() - image.min())
            for i in range(height):
                for j in range(width):
                    page[row * (height + down) + i, column * (width + right) + j] = image[i * width + j]
    return page


@pytest.mark.parametrize("n_images", [6, 4, 9, 1], ids=["as many images as tiles", "fewer", "more", "one"])
@pytest.mark.parametrize(
    "img_shape, tile_spacing", [((3, 5), (0, 0)), ((4, 4), (1, 1)), ((2, 6), (2, 1)), ((5, 1), (0, 3))]
)
@pytest.mark.parametrize("scale", [True, False])
def test_tiles_are_placed_row_by_row(n_images, img_shape, tile_spacing, scale):
    X = np.random.RandomState(0).uniform(size=(n_images, img_shape[0] * img_shape[1])).astype("float32")
    wanted = tiles_by_hand(X, img_shape, (2, 3), tile_spacing, scale)
    found = tile_raster_images(
        X, img_shape, (2, 3), tile_spacing, scale_rows_to_unit_interval=scale, output_pixel_vals=False
    )
    assert found.dtype == "float32" and found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    pixels = tile_raster_images(
        X, img_shape, (2, 3), tile_spacing, scale_rows_to_unit_interval=scale, output_pixel_vals=True
    )
    assert pixels.dtype == "uint8" and pixels.shape == wanted.shape
    np.testing.assert_allclose(pixels, np.floor(255 * wanted), atol=1)


def test_by_default_rows_are_scaled_to_bytes_without_space_between():
    found = tile_raster_images(np.array([[-1, 0, 1, 3], [5, 6, 7, 9]]), (2, 2), (1, 2))
    assert found.tolist() == [[0, 63, 0, 63], [127, 255, 127, 255]]


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("shape", [(9, 7), (1, 9, 7), (3, 3, 7), (63, 1)])
def test_images_may_have_axes_of_their_own(shape, scale):
    # Filters of a convolution, (n_filters, 1, height, width), go in as they are.
    rows = np.random.RandomState(0).uniform(size=(10, 63)).astype("float32")
    options = {"tile_spacing": (1, 2), "scale_rows_to_unit_interval": scale}
    found = tile_raster_images(rows.reshape(10, *shape), (9, 7), (3, 4), **options)
    np.testing.assert_array_equal(found, tile_raster_images(rows, (9, 7), (3, 4), **options))


def test_no_images_leave_all_tiles_empty():
    assert not tile_raster_images(
        np.zeros((0, 1, 2, 2)), (2, 2), (1, 2), scale_rows_to_unit_interval=False, output_pixel_vals=False
    ).any()


def test_the_images_are_left_as_they_are():
    X = np.random.RandomState(0).uniform(size=(2, 4))
    before = X.copy()
    tile_raster_images(X, (2, 2), (1, 2))
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("value", [0, 0.5, -3])
def test_an_image_of_one_value_is_black_when_scaled(value):
    assert not tile_raster_images(
        np.full((2, 4), value, dtype="float32"), (2, 2), (1, 2), output_pixel_vals=False
    ).any()


@pytest.mark.parametrize("output_pixel_vals, full", [(True, 255), (False, 1)])
def test_a_tuple_holds_colours(output_pixel_vals, full):
    red, blue = np.random.RandomState(0).uniform(size=(2, 3, 4)).astype("float32")
    options = {"tile_spacing": (1, 1), "output_pixel_vals": output_pixel_vals}
    found = tile_raster_images((red, None, blue, None), (2, 2), (2, 2), **options)
    assert found.shape == (5, 5, 4) and found.dtype == ("uint8" if output_pixel_vals else "float32")
    np.testing.assert_array_equal(found[..., 0], tile_raster_images(red, (2, 2), (2, 2), **options))
    np.testing.assert_array_equal(found[..., 2], tile_raster_images(blue, (2, 2), (2, 2), **options))
    assert not found[..., 1].any()
    assert (found[..., 3] == full).all()


def test_transparency_can_be_given():
    alpha = np.array([[0, 0.5, 0.75, 1]])
    found = tile_raster_images((None, None, None, alpha), (2, 2), (1, 1))
    assert found[..., 3].tolist() == [[0, 127], [191, 255]]
    assert not found[..., :3].any()


@pytest.mark.parametrize(
    "bad, shown",
    [
        ({"img_shape": (4,)}, r"img_shape must be a pair .*not \(4,\)"),
        ({"img_shape": 4}, "img_shape must be a pair .*not 4"),
        ({"tile_shape": (1, 2, 3)}, r"tile_shape must be a pair .*not \(1, 2, 3\)"),
        ({"tile_spacing": 1}, "tile_spacing must be a pair .*not 1"),
        ({"img_shape": (2, 3)}, r"2 x 3 = 6 pixels, and X has the shape \(5, 4\)"),
        ({"X": np.zeros(4)}, r"2 x 2 = 4 pixels, and X has the shape \(4,\)"),
        ({"X": np.zeros((5, 2, 3))}, r"2 x 2 = 4 pixels, and X has the shape \(5, 2, 3\)"),
        ({"X": np.zeros((5, 3, 2, 2))}, r"X has the shape \(5, 3, 2, 2\)"),
        ({"X": np.zeros(4), "img_shape": (1, 1)}, r"1 x 1 = 1 pixels, and X has the shape \(4,\)"),
        ({"X": (np.zeros((5, 4)),) * 3}, "four channels.*not 3"),
        ({"X": (None,) * 4}, "at least one of them given"),
    ],
)
def test_bad_shapes_are_refused(bad, shown):
    with pytest.raises(ValueError, match=shown):
        tile_raster_images(**{"X": np.zeros((5, 4)), "img_shape": (2, 2), "tile_shape": (2, 3), **bad})


def test_tiles_are_drawn_on_the_axes_given():
    _, ax = plt.subplots()
    images = np.random.RandomState(0).uniform(size=(3, 9))
    assert plot_tiles(images, columns=2, titles=["one", "two", "three"], ax=ax) is ax
    (picture,) = ax.images
    shown = np.asarray(picture.get_array())
    np.testing.assert_allclose(shown[:3, :3], images[0].reshape(3, 3))
    np.testing.assert_allclose(shown[:3, 5:8], images[1].reshape(3, 3))
    np.testing.assert_allclose(shown[-3:, :3], images[2].reshape(3, 3))
    assert [text.get_text() for text in ax.texts] == ["one", "two", "three"]
    # Each title below the middle of its tile.
    places = [text.get_position() for text in ax.texts]
    assert places[1][0] - places[0][0] == 5 and places[0][1] == places[1][1] == 4
    assert places[2] == (places[0][0], places[0][1] + 13)


def test_tiles_without_axes_get_some():
    ax = plot_tiles(np.zeros((3, 9)))
    assert len(ax.images) == 1 and not ax.texts


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"X has the shape \(3, 10\)"):
        plot_tiles(np.zeros((3, 10)))


def test_signed_tiles_have_one_scale_around_zero_and_say_what_it_is():
    W = np.random.RandomState(0).normal(size=(3, 9))
    ax = plot_signed_tiles(W, columns=3, label="a weight")
    (picture,) = ax.images
    low, high = picture.get_clim()
    assert -low == high == pytest.approx(np.percentile(np.abs(W), 99.5))
    labels = [other.get_ylabel() for other in ax.figure.axes]
    assert "a weight" in labels
    red, _, blue, _ = picture.cmap(picture.norm(high))
    assert blue > red
    np.testing.assert_allclose(picture.cmap(picture.norm(0))[:3], 1, atol=0.05)


def test_signed_tiles_may_be_all_zero():
    low, high = plot_signed_tiles(np.zeros((2, 9))).images[0].get_clim()
    assert low < 0 < high


# Widgets ------------------------------------------------------------------------------------------------------------


def test_a_figure_becomes_a_png_and_is_closed():
    fig, ax = plt.subplots(figsize=(2, 1), dpi=50)
    ax.axis("off")
    fig.set_facecolor("red")
    with Image.open(io.BytesIO(as_png(fig))) as picture:
        assert (picture.format, picture.size) == ("PNG", (100, 50))
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert not plt.fignum_exists(fig.number)


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_widgets_are_shown_with_the_picture_for_pages_without_a_kernel(displayed):
    fig, _ = plt.subplots(figsize=(2, 1), dpi=50)
    picture = ipywidgets.Image(format="png", value=as_png(fig))
    show_panel(ipywidgets.VBox([ipywidgets.FloatSlider(), picture]), picture)
    (view,) = displayed
    assert base64.b64decode(view["image/png"]) == bytes(picture.value)
    assert "model_id" in view["application/vnd.jupyter.widget-view+json"] and "VBox" not in view["text/plain"]


def test_widgets_whose_picture_is_not_drawn_yet_are_refused(displayed):
    picture = ipywidgets.Image(format="png")
    with pytest.raises(ValueError, match="call the function that draws it before"):
        show_panel(ipywidgets.VBox([picture]), picture)
    assert displayed == []


def axis_and_line():
    fig, ax = plt.subplots(figsize=(2, 1), dpi=50)
    (line,) = ax.plot([0, 1])
    return fig, line


def test_a_figure_follows_its_sliders(displayed, monkeypatch):
    fig, line = axis_and_line()

    def draw(height, width):
        line.set(ydata=[0, height], linewidth=width)
        return fig

    pictures, image = [], ipywidgets.Image
    monkeypatch.setattr("ipywidgets.Image", lambda **options: pictures.append(image(**options)) or pictures[-1])
    height, width = ipywidgets.FloatSlider(1), ipywidgets.IntSlider(2)
    show_with_sliders(draw, height, width)
    (view,) = displayed
    before = base64.b64decode(view["image/png"])
    (picture,) = pictures
    assert bytes(picture.value) == before
    width.value = 9
    assert bytes(picture.value) != before and line.get_linewidth() == 9
    assert picture.layout.max_width == "100%" and picture.layout.height == "auto", "it keeps its proportions"


def test_the_play_button_moves_the_last_slider(displayed, monkeypatch):
    links = []
    monkeypatch.setattr("ipywidgets.jslink", lambda *ends: links.append(ends))
    fig, _ = axis_and_line()
    step = ipywidgets.IntSlider(3, min=1, max=200)
    show_with_sliders(lambda rate, step: fig, ipywidgets.FloatSlider(), step, play=True)
    ((button, _), end), *others = links
    assert isinstance(button, ipywidgets.Play) and (button.min, button.value, button.max) == (1, 3, 200)
    assert end == (step, "value") and others == []


@pytest.mark.parametrize(
    "draw, sliders, message",
    [
        (lambda: plt.figure(), [], "name at least one slider"),
        (lambda value: None, [ipywidgets.FloatSlider()], "draw must return the Matplotlib figure .*, not None"),
        (lambda value: plt.subplots(), [ipywidgets.FloatSlider()], "draw must return the Matplotlib figure"),
    ],
)
def test_what_is_no_figure_with_sliders_is_refused(displayed, draw, sliders, message):
    with pytest.raises(ValueError, match=message):
        show_with_sliders(draw, *sliders)
    assert displayed == []


def page_under_pointer(displayed, monkeypatch, places, pictures):
    pages = []
    real = ipywidgets.HTML
    monkeypatch.setattr("ipywidgets.HTML", lambda page: pages.append(page) or real(page))
    fig, ax = plt.subplots(figsize=(4, 2), dpi=50)
    ax.set(xlim=(0, 10), ylim=(0, 1))
    show_under_pointer(fig, {ax: (places, pictures)})
    return fig, ax, pages[0]


def test_what_is_under_the_pointer_is_in_the_page(displayed, monkeypatch):
    pictures = np.zeros((3, 2, 5))
    pictures[0, 0, 0], pictures[2, 1, 4] = 1, 1
    fig, ax, page = page_under_pointer(displayed, monkeypatch, [[5, 0.5], [11, 0.5], [0, 0]], pictures)
    (view,) = displayed
    assert base64.b64decode(view["image/png"]) in base64.b64decode(
        re.search(r'src="data:image/png;base64,([^"]*)', page)[1]
    )
    numbers = [float(number) for number in re.search('data-points="([^"]*)"', page)[1].split(",")]
    expected = [ax.transData.transform(place) / (200, 100) for place in ([5, 0.5], [0, 0])]
    np.testing.assert_allclose(numbers, np.ravel([(x, 1 - y) for x, y in expected]), atol=1e-3)
    sprite = base64.b64decode(re.search(r"background-image: url\(data:image/png;base64,([^)]*)", page)[1])
    with Image.open(io.BytesIO(sprite)) as tiles:
        ink = 255 - np.asarray(tiles.convert("L"))
    assert ink.shape == (2, 5 * 40)
    np.testing.assert_array_equal(np.argwhere(ink == 255), [(0, 0), (1, 9)])
    assert "http" not in page and not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    "places, pictures", [([[1, 1]], np.zeros((2, 3, 3))), ([[1, 1]], np.zeros((1, 9))), ([1, 1], np.zeros((2, 3, 3)))]
)
def test_places_without_their_pictures_are_refused(displayed, monkeypatch, places, pictures):
    with pytest.raises(ValueError, match=r"places must be of shape \(n, 2\) and pictures of shape"):
        page_under_pointer(displayed, monkeypatch, places, pictures)


# Colours ------------------------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009): how light looks to an eye without the red, or without the green receptors.
WITHOUT_RED = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
WITHOUT_GREEN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


def oklab(light):
    """Ottosson (2020): coordinates in which equal distances look about equal."""
    to_cones = [
        [0.41222147, 0.53633254, 0.05144599],
        [0.21190350, 0.68069955, 0.10739696],
        [0.08830246, 0.28171884, 0.62997870],
    ]
    to_lab = [
        [0.21045426, 0.79361779, -0.00407205],
        [1.97799850, -2.42859221, 0.45059371],
        [0.02590404, 0.78277177, -0.80867577],
    ]
    return np.cbrt(np.clip(light, 0, 1) @ np.transpose(to_cones)) @ np.transpose(to_lab)


def least_distance(colors, eye):
    rgb = np.array([matplotlib.colors.to_rgb(color) for color in colors])
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    places = oklab(light @ np.transpose(eye))
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    return distances[~np.eye(len(colors), dtype=bool)].min()


@pytest.mark.parametrize("eye", [np.eye(3), WITHOUT_RED, WITHOUT_GREEN], ids=["all", "without red", "without green"])
def test_ten_classes_have_ten_colours_that_every_eye_tells_apart(eye):
    assert len(plotting.DIGIT_COLORS) == 10
    assert least_distance(plotting.DIGIT_COLORS, eye) > 0.14


def test_colours_that_some_eyes_confuse_are_found():
    red_and_green = ["#B74A00", "#6A7A00"]
    assert least_distance(red_and_green, np.eye(3)) > 0.14 > least_distance(red_and_green, WITHOUT_GREEN)
    assert least_distance(["#0072B2"] * 2, np.eye(3)) == 0


# Curves and matrices ------------------------------------------------------------------------------------------------

HISTORIES = {
    "slow": History(epoch=[1, 2], train_cost=[3, 2], validation_error=[0.5, 0.25], monitored={"speed": [7, 8]}),
    "fast": History(
        epoch=[1, 2, 3], train_cost=[3, 1, 0.5], validation_error=[0.4, 0.2, 0.1], monitored={"speed": [9, 8, 9]}
    ),
}


@pytest.mark.parametrize(
    "options, label, values",
    [
        ({}, "validation error (%)", [40, 20, 10]),
        ({"what": "train_cost"}, "training cost", [3, 1, 0.5]),
        ({"what": "speed"}, "speed", [9, 8, 9]),
    ],
)
def test_histories_are_curves_over_the_epochs(options, label, values):
    _, given = plt.subplots()
    ax = plot_history(HISTORIES, ax=given, **options)
    assert ax is given
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", label)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast"]
    slow, fast = ax.lines
    np.testing.assert_allclose(fast.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(fast.get_ydata(), values)
    assert slow.get_linestyle() != fast.get_linestyle()
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_a_curve_that_a_run_does_not_have_is_refused():
    with pytest.raises(ValueError, match="'slow' has no curve 'sped'; it has validation_error, train_cost, speed"):
        plot_history(HISTORIES, "sped")


def test_histories_without_axes_get_some():
    assert len(plot_history(HISTORIES).lines) == 2


def test_a_confusion_matrix_shows_its_counts_and_colours_the_mistakes():
    confusion = np.array([[50, 1, 0], [2, 40, 9], [0, 0, 30]])
    _, given = plt.subplots()
    ax = plot_confusion(confusion, ax=given)
    assert ax is given
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    counts = {text.get_position(): text.get_text() for text in ax.texts}
    assert counts[(2, 1)] == "9" and counts[(1, 2)] == "0" and counts[(0, 0)] == "50"
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0, 1, 0], [2, 0, 9], [0, 0, 0]])
    colors = {text.get_position(): text.get_color() for text in ax.texts}
    assert colors[(2, 1)] == "white" and colors[(0, 0)] == "black"


def test_a_confusion_matrix_without_axes_gets_some():
    assert len(plot_confusion(np.eye(3, dtype=int)).texts) == 9


def test_the_style_is_one_that_matplotlib_accepts():
    with plt.rc_context(plotting.STYLE):
        plt.subplots()


# Sources and graphs -------------------------------------------------------------------------------------------------


def test_a_source_is_shown_as_code_without_docstrings():
    shown = show_source(LogisticRegression).data
    (source,) = re.findall(r"```python\n(.*)\n```", shown, flags=re.DOTALL)
    assert source.startswith("class LogisticRegression:\n    def __init__")
    assert "Parameters" not in source and '"""' not in source
    compile(source, "shown", "exec")
    assert "check_labels(y)" in source


def test_a_source_without_docstring_is_shown_as_it_is():
    assert show_source(tiles_by_hand).data.count("\n") > 10
    assert "def exercise():\n    return 1" in show_source(exercise).data


def exercise():
    return 1


class Shown:
    """A page of help."""

    def __init__(
        self,
        number,
    ):
        """Another."""
        if number < 0:
            raise ValueError(number)
        self.number = number

    def twice(self):
        return 2 * self.number

    def thrice(self):
        """And another."""
        return 3 * self.number

    def forgotten(self):
        return None


def test_the_essence_of_a_source_stands_first_and_all_of_it_is_folded():
    shown = show_source(Shown, ["self.number =", "def twice", "return 3"]).data
    essence, whole = re.findall(r"```python\n(.*?)\n```", shown, flags=re.DOTALL)
    assert essence.splitlines() == [
        "class Shown:",
        "    def __init__(...):",
        "        ...",
        "        self.number = number",
        "",
        "    def twice(self):",
        "        return 2 * self.number",
        "",
        "    def thrice(self):",
        "        return 3 * self.number",
        "    ...",
    ]
    compile(whole, "shown", "exec")
    assert "raise ValueError(number)" in whole and "help" not in shown
    before_fold, fold = shown.split("<details>")
    assert essence in before_fold and whole in fold
    assert f"All {len(whole.splitlines())} lines" in fold


def test_an_essence_that_is_not_in_the_source_is_refused():
    with pytest.raises(ValueError, match="no statement of the source begins with 'def four'"):
        show_source(Shown, ["def twice", "def four"])


@pytest.fixture(scope="module")
def training_function():
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(x, 4, 3)
    cost = classifier.negative_log_likelihood(y)
    cost.name = "cost"
    return theano.function([x, y], cost, updates=sgd(cost, classifier.params, 0.1))


needs_graphviz = pytest.mark.skipif(plotting.shutil.which("dot") is None, reason="Graphviz is not installed")


def labels_in(picture):
    return [html.unescape(label) for label in re.findall("<text[^>]*>([^<]*)", picture.data)]


@needs_graphviz
def test_the_graph_of_a_function_names_what_goes_in_what_happens_and_what_comes_out(training_function):
    labels = labels_in(draw_graph(training_function))
    assert {"x", "y", "W", "b"} <= set(labels)
    assert {"cost", "new W", "new b"} <= set(labels)
    assert {"Gemm", "Dot22"} <= {label.removeprefix("Gpu") for label in labels}
    # On a GPU neighbouring operations are fused into one.
    assert {"Elemwise mul", "Elemwise sub"} <= set(labels) or "GpuElemwise composite" in labels
    assert "-0.1" in [label.replace("\N{MINUS SIGN}", "-") for label in labels]


@needs_graphviz
def test_the_graph_of_an_expression_is_the_one_that_was_written_down():
    a, b = T.scalars("a", "b")
    total = a + 2 * b
    assert sorted(labels_in(draw_graph(total))) == ["2", "Elemwise add", "Elemwise mul", "a", "b", "result"]
    total.name = 'the "sum"'
    assert "the 'sum'" in labels_in(draw_graph(total))


@needs_graphviz
def test_what_passes_through_unchanged_is_drawn_too():
    assert labels_in(draw_graph(T.scalar("a"))) == ["a", "a"]
    counter = theano.shared(0, name="counter")
    labels = labels_in(
        draw_graph(theano.function([], [], updates={counter: T.constant(3, dtype="int64")}, mode="FAST_COMPILE"))
    )
    assert "new counter" in labels and "3" in labels


def test_without_graphviz_the_graph_is_printed(monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda name: None)
    a = T.scalar("a")
    assert draw_graph(a + 1) is None
    printed = capsys.readouterr().out
    assert "apt-get install graphviz" in printed and "Elemwise{add" in printed and "|a " in printed
