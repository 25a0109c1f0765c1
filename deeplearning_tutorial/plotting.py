"""Pictures: digits and filters in tiles, curves, confusion matrices, graphs.

Functions that draw take the Matplotlib axes to draw on (or make some) and return them. Colours are those of Okabe
and Ito, which the colour-blind can tell apart.
"""

import ast
import base64
import inspect
import io
import shutil

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
import theano
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

DIGIT_COLORS = [
    "#106715", "#B74685", "#918E03", "#702AFF", "#6D015A", "#0EDF2C", "#071FAE", "#938BFA", "#000000", "#49CAC8",
]  # fmt: skip
"""One colour for each of ten classes, chosen so that the red-green blind tell them apart, too: no two of them are closer than 0.14
in Oklab, whichever of the eye's red and green is missing. Digits that look alike, such as 4 and 9, got colours far apart."""

STYLE = {
    "axes.prop_cycle": cycler(color=COLORS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "image.cmap": "gray_r",
    "legend.frameon": False,
    "lines.linewidth": 2,
}
"""Matplotlib settings of the notebooks: ``plt.rcParams.update(STYLE)``."""


def tile_raster_images(
    X, img_shape, tile_shape, tile_spacing=(0, 0), scale_rows_to_unit_interval=True, output_pixel_vals=True
):
    """Arrange images, the rows of a matrix or filters with axes of their own, as tiles of one image.

    Parameters
    ----------
    X : ndarray, (n_images, ...), or a tuple of four such arrays or None
        Each image holds height * width numbers and may have any shape: a row of a matrix, or (1, height, width) as the filters
        of a convolution have. A tuple holds the channels red, green, blue and alpha; a channel that is None is black, alpha opaque.
    img_shape : (int, int)
        Height and width of one image.
    tile_shape : (int, int)
        Rows and columns of tiles. Images that do not fit are left out, and tiles without an image stay empty.
    tile_spacing : (int, int)
        Pixels between tiles, vertically and horizontally.
    scale_rows_to_unit_interval : bool
        Stretch each image to [0, 1], so that each shows its full contrast.
    output_pixel_vals : bool
        Return uint8 in 0..255 instead of values of `X`'s dtype.

    Returns
    -------
    ndarray, (height of all tiles, width of all tiles), or the same with 4 channels last for a tuple

    Raises
    ------
    ValueError
        If a shape is not a pair, or one of `X` is not an image of `img_shape`.
    """
    for name, pair in [("img_shape", img_shape), ("tile_shape", tile_shape), ("tile_spacing", tile_spacing)]:
        if np.shape(pair) != (2,):
            raise ValueError(f"{name} must be a pair (vertical, horizontal), not {pair!r}.")
    if isinstance(X, tuple):
        return _tile_channels(X, img_shape, tile_shape, tile_spacing, scale_rows_to_unit_interval, output_pixel_vals)

    X = np.asarray(X)
    height, width = img_shape
    if X.ndim < 2 or np.prod(X.shape[1:]) != height * width:
        raise ValueError(
            f"each row of X must be an image of {height} x {width} = {height * width} pixels, and X has the shape {X.shape}."
        )
    X = X.reshape(len(X), height * width)
    if scale_rows_to_unit_interval:
        low, high = X.min(axis=1, keepdims=True), X.max(axis=1, keepdims=True)
        X = (X - low) / np.maximum(high - low, 1e-8)

    rows, columns = tile_shape
    step_down, step_right = height + tile_spacing[0], width + tile_spacing[1]
    canvas = np.zeros((rows * step_down - tile_spacing[0], columns * step_right - tile_spacing[1]), dtype=X.dtype)
    for number, image in enumerate(X[: rows * columns]):
        top, left = number // columns * step_down, number % columns * step_right
        canvas[top : top + height, left : left + width] = image.reshape(img_shape)
    if output_pixel_vals:
        return (canvas * 255).astype("uint8")
    return canvas


def _tile_channels(channels, img_shape, tile_shape, tile_spacing, scale_rows_to_unit_interval, output_pixel_vals):
    if len(channels) != 4 or all(channel is None for channel in channels):
        raise ValueError(
            f"a tuple X must hold four channels (red, green, blue, alpha), at least one of them given, not {len(channels)}."
        )
    tiles = [
        None
        if channel is None
        else tile_raster_images(
            channel, img_shape, tile_shape, tile_spacing, scale_rows_to_unit_interval, output_pixel_vals
        )
        for channel in channels
    ]
    given = next(tile for tile in tiles if tile is not None)
    missing = [0, 0, 0, 255 if output_pixel_vals else 1]
    return np.stack(
        [np.full_like(given, value) if tile is None else tile for tile, value in zip(tiles, missing)], axis=-1
    )


def plot_tiles(images, columns=10, titles=None, ax=None, tile_inches=0.8, **tile_options):
    """Draw rows of `images`, square digits or filters, as one picture of tiles.

    Parameters
    ----------
    images : ndarray, (n_images, side * side)
    columns : int
        Tiles in a row.
    titles : list of str, optional
        One for each image, written below it.
    ax : matplotlib Axes, optional
    tile_inches : float
        Width of a tile, if no `ax` is given.
    **tile_options
        For `tile_raster_images`, such as ``scale_rows_to_unit_interval=False``.

    Returns
    -------
    matplotlib Axes
    """
    if not isinstance(images, np.ndarray) or images.ndim != 2:
        found = f"an array of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(f"images must be an array of shape (n_images, side * side), not {found}.")
    side = int(round(np.sqrt(images.shape[1])))
    rows = -(-len(images) // columns)
    gap = 10 if titles else 2
    options = {
        "tile_spacing": (gap, 2),
        "scale_rows_to_unit_interval": False,
        "output_pixel_vals": False,
        **tile_options,
    }
    if ax is None:
        _, ax = plt.subplots(figsize=(tile_inches * columns, tile_inches * rows * (side + gap) / (side + 2)))
    ax.imshow(tile_raster_images(images, (side, side), (rows, columns), **options), interpolation="nearest")
    ax.axis("off")
    for number, title in enumerate(titles or []):
        x = number % columns * (side + 2) + side / 2
        ax.text(x, number // columns * (side + gap) + side + 1, title, ha="center", va="top", fontsize="small")
    return ax


def plot_signed_tiles(images, columns=5, titles=None, ax=None, tile_inches=1.3, label="weight"):
    """Draw images of positive and negative numbers on one colour scale: blue is positive, red negative, white zero.

    ``plot_signed_tiles(W.T)`` shows what each unit responds to: blue where ink speaks for it, red where against it.

    Parameters
    ----------
    images : ndarray, (n_images, side * side)
    columns, titles, ax, tile_inches
        As for `plot_tiles`.
    label : str
        What the numbers are.

    Returns
    -------
    matplotlib Axes
    """
    ax = plot_tiles(images, columns, titles, ax, tile_inches)
    # A few extreme values would leave the rest of the picture pale.
    limit = max(np.percentile(np.abs(images), 99.5), 1e-8)
    (picture,) = ax.images
    picture.set(cmap="RdBu", clim=(-limit, limit))
    ax.figure.colorbar(picture, ax=ax, label=label, shrink=0.9, extend="both")
    return ax


def plot_history(histories, what="validation_error", ax=None):
    """Draw a curve over the epochs for each of several training runs.

    Parameters
    ----------
    histories : dict from label to History
    what : str
        "validation_error", "train_cost", or the name of something that `fit` was asked to monitor.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `histories` is no dictionary, or a run has no such curve.
    """
    if not isinstance(histories, dict):
        raise ValueError(
            f"histories must be a dictionary, such as {{'first run': history}}, not {type(histories).__name__}."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.5))
    scale, name = {"validation_error": (100, "validation error (%)"), "train_cost": (1, "training cost")}.get(
        what, (1, what)
    )
    for (label, history), style in zip(histories.items(), ["-", "--", "-.", ":"] * len(histories)):
        curves = {
            "validation_error": history.validation_error,
            "train_cost": history.train_cost,
            **history.monitored,
        }
        if what not in curves:
            raise ValueError(f"the run {label!r} has no curve {what!r}; it has {', '.join(curves)}.")
        ax.plot(history.epoch, scale * np.asarray(curves[what]), style, label=label)
    ax.set(xlabel="epoch", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # half an epoch is no epoch
    ax.legend()
    return ax


def plot_confusion(confusion, ax=None):
    """Draw a confusion matrix, with its counts; the diagonal, which is right, is left pale.

    Parameters
    ----------
    confusion : ndarray of int, (n_classes, n_classes)
        Row: the true class. Column: the predicted one.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or len(set(confusion.shape)) != 1:
        raise ValueError(f"confusion must be of shape (classes, classes), not {confusion.shape}.")
    if ax is None:
        _, ax = plt.subplots(figsize=(5.5, 5))
    mistakes = confusion - np.diag(np.diag(confusion))
    ax.imshow(mistakes, cmap="Oranges")
    for (true, predicted), count in np.ndenumerate(confusion):
        dark = mistakes[true, predicted] > 0.6 * mistakes.max()
        ax.text(
            predicted,
            true,
            str(count),
            ha="center",
            va="center",
            fontsize="small",
            color="white" if dark else "black",
        )
    ax.set(xticks=range(len(confusion)), yticks=range(len(confusion)), xlabel="predicted", ylabel="true")
    return ax


def as_png(fig):
    """The bytes of a PNG file of a figure, for ``ipywidgets.Image(value=...)``; the figure is closed.

    A figure that is drawn anew whenever a slider moves would otherwise be one more figure below the cell each time.

    Parameters
    ----------
    fig : matplotlib Figure

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    fig.savefig(file, format="png")
    plt.close(fig)
    return file.getvalue()


def show_with_sliders(draw, *sliders, play=False):
    """Show a figure in a notebook, and draw it anew whenever a slider moves.

    >>> show_with_sliders(draw_strength, ipywidgets.FloatSlider(0.01, max=0.1, description="λ"))

    Parameters
    ----------
    draw : callable
        Called with the values of the sliders, in their order. Returns a Matplotlib figure, the same each time or a new one.
    *sliders : ipywidgets sliders
        Their descriptions should be the names in the formulas.
    play : bool
        Give the last slider, one of whole numbers, a button that moves it on by itself.

    Raises
    ------
    ValueError
        If there is no slider, or `draw` returns something else.
    """
    import ipywidgets

    if not sliders:
        raise ValueError("a figure that nothing moves needs no widgets: name at least one slider, or use plt.show().")
    # As wide as the window lets it be, but never out of its proportions.
    layout = {"max_width": "100%", "height": "auto", "flex": "0 0 auto", "align_self": "flex-start"}
    picture = ipywidgets.Image(format="png", layout={**layout, "object_fit": "contain"})

    def redraw(change=None):
        fig = draw(*(slider.value for slider in sliders))
        if not isinstance(fig, Figure):
            raise ValueError(f"draw must return the Matplotlib figure that it has drawn, not {fig!r}.")
        picture.value = as_png(fig)
        fig.set_layout_engine(
            "none"
        )  # where the axes are is known by now, and working it out takes most of a frame's time

    redraw()
    for slider in sliders:
        slider.observe(redraw, "value")
    show_panel(
        ipywidgets.VBox([*sliders[:-1], _with_play_button(sliders[-1]) if play else sliders[-1], picture]), picture
    )


def _with_play_button(slider, milliseconds=250):
    import ipywidgets

    button = ipywidgets.Play(min=slider.min, max=slider.max, value=slider.value, interval=milliseconds)
    ipywidgets.jslink((button, "value"), (slider, "value"))
    return ipywidgets.HBox([button, slider])


def show_under_pointer(fig, pictures_of, zoom=3):
    """Show a figure in a notebook; the pointer above one of its places brings up the picture of that place.

    Everything is in the notebook's page: no kernel and no network has to answer the pointer. A page without widgets, such as
    one that nbconvert makes, has the figure alone.

    Parameters
    ----------
    fig : matplotlib Figure
    pictures_of : dict from matplotlib Axes to (ndarray of shape (n, 2), ndarray of shape (n, height, width))
        For axes of the figure, places in their coordinates, and a picture with ink from 0 to 1 for each place. All pictures
        are of one size. Places outside of the axes' limits are left out.
    zoom : int
        Pixels on the screen for a pixel of a picture.

    Raises
    ------
    ValueError
        If places and pictures are not of these shapes.
    """
    import ipywidgets

    fig.canvas.draw()  # only now it is known where the axes are
    places, pictures = [], []
    for ax, (spots, images) in pictures_of.items():
        spots, images = np.asarray(spots), np.asarray(images)
        if spots.shape != (len(images), 2) or images.ndim != 3:
            raise ValueError(
                "places must be of shape (n, 2) and pictures of shape (n, height, width), "
                f"not {spots.shape} and {images.shape}."
            )
        inside = _inside(ax, spots)
        places.append(fig.transFigure.inverted().transform(ax.transData.transform(spots[inside])))
        pictures.append(images[inside])
    figure = ipywidgets.Image(format="png", value=as_png(fig))
    page = _page_with_lens(
        bytes(figure.value), np.concatenate(places), np.concatenate(pictures), fig.get_size_inches(), zoom
    )
    _show(ipywidgets.HTML(page), figure.value, "A picture that shows what is under the pointer while a kernel runs.")


def _inside(ax, spots):
    low, high = np.sort(ax.viewLim.get_points(), axis=0)
    return np.all((low <= spots) & (spots <= high), axis=1)


def _page_with_lens(png, places, pictures, inches, zoom, columns=40):
    """HTML of a figure, and of all pictures as tiles of one, of which a small window shows the one nearest to the pointer."""
    n, height, width = pictures.shape
    tiles = tile_raster_images(
        np.clip(pictures, 0, 1), (height, width), (-(-n // columns), columns), scale_rows_to_unit_interval=False
    )
    file = io.BytesIO()
    # Sixteen greys are enough to read a digit by, and take half of the bytes.
    PIL.Image.fromarray(255 - tiles).quantize(16).save(file, format="png")
    wide, high = width * zoom, height * zoom
    points = ",".join(f"{x:.4f},{1 - y:.4f}" for x, y in places)
    follow = (
        "const box = this.getBoundingClientRect(), lens = this.lastElementChild,"
        " x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height,"
        " points = this.points ??= lens.dataset.points.split(',').map(Number);"
        " let best = -1, least = 0.0009;"
        " for (let i = 0; i < points.length; i += 2) {"
        f" const d = (points[i] - x) ** 2 + ((points[i + 1] - y) * {inches[1] / inches[0]:.4f}) ** 2;"
        " if (d < least) { least = d; best = i / 2; } }"
        " lens.hidden = best < 0; if (best < 0) return;"
        f" lens.style.left = Math.min(x * box.width + 12, box.width - {wide + 4}) + 'px';"
        f" lens.style.top = (y * box.height > {high + 20} ? y * box.height - {high + 16} : y * box.height + 12) + 'px';"
        f" lens.style.backgroundPosition = -(best % {columns}) * {wide} + 'px '"
        f" + -Math.floor(best / {columns}) * {high} + 'px';"
    )
    lens = (
        f"position: absolute; width: {wide}px; height: {high}px; border: 1px solid #555; pointer-events: none;"
        f" image-rendering: pixelated; background-size: {columns * wide}px auto; background-image: url({data_url(file.getvalue())})"
    )
    return (
        f'<div style="position: relative; max-width: {inches[0] * 100:.0f}px" onpointermove="{follow}"'
        ' onpointerleave="this.lastElementChild.hidden = true">'
        f'<img src="{data_url(png)}" style="width: 100%; display: block">'
        f'<div hidden style="{lens}" data-points="{points}"></div></div>'
    )


def data_url(png):
    """The bytes of a PNG file as the address of a picture, for a page of HTML that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def show_panel(panel, picture):
    """Show widgets in a notebook; on a page without a kernel, such as one that nbconvert makes of it, the picture alone.

    Parameters
    ----------
    panel : ipywidgets widget
        Such as ``ipywidgets.VBox([slider, picture])``.
    picture : ipywidgets Image
        A PNG, which shows already what belongs to the sliders as they are.

    Raises
    ------
    ValueError
        If there is no picture yet.
    """
    content = bytes(picture.value)
    if not content.startswith(b"\x89PNG"):
        raise ValueError("picture must hold a PNG by now: call the function that draws it before show_panel.")
    _show(panel, content, "A picture that follows its sliders while a kernel runs.")


def _show(widget, png, text):
    """Show a widget where there are widgets, else a picture, or a text."""
    from IPython.display import display

    view = {**widget._repr_mimebundle_(), "text/plain": text, "image/png": base64.b64encode(png).decode()}
    display(view, raw=True)


def show_source(thing, essence=None):
    """Show the source of a class or function, without its docstrings.

    >>> show_source(dA, ["def get_hidden_values", "def get_reconstructed_input"])

    Parameters
    ----------
    thing : class or function
        Its docstrings stay where they are: ``thing?`` shows them in a notebook.
    essence : list of str, optional
        How the statements begin that are to be read. They are shown with the lines that they stand in, such as those of their
        class, dots stand for the rest, and the whole source is folded below.

    Returns
    -------
    IPython.display.Markdown

    Raises
    ------
    ValueError
        If no statement begins so.
    """
    from IPython.display import Markdown

    lines = inspect.getsource(thing).splitlines()
    indentation = len(lines[0]) - len(lines[0].lstrip())
    lines = [line[indentation:] for line in lines]
    tree = ast.parse("\n".join(lines))
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            lines[docstring.lineno - 1 : docstring.end_lineno] = [None] * (docstring.end_lineno - docstring.lineno + 1)
    source = "\n".join(line for line in lines if line is not None)
    source = source.replace(":\n\n    def", ":\n    def")  # the empty line after the docstring of a class
    shown = _as_markdown(source)
    if essence is not None:
        n_lines = len(source.splitlines())
        shown = (
            f"{_as_markdown(_essence(lines, tree, essence))}\n\n"
            f"<details><summary>All {n_lines} lines of it</summary>\n\n{shown}\n\n</details>"
        )
    # A page made by nbconvert would set code in an output in the type of its prose.
    return Markdown(f'<div style="font-family: monospace">\n\n{shown}\n\n</div>')


def _as_markdown(source):
    return f"```python\n{source}\n```"


def _essence(lines, tree, beginnings):
    """The lines of the statements that begin so, of what they stand in only the first, and dots for what is left out."""
    lines, kept, found = list(lines), set(), set()

    def visit(node, around):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt):
                continue
            line = lines[child.lineno - 1]
            beginning = next((text for text in beginnings if line is not None and line.strip().startswith(text)), None)
            if beginning is None:
                visit(child, [*around, child])
                continue
            found.add(beginning)
            kept.update(range(child.lineno, child.end_lineno + 1))
            for outer in around:
                kept.add(outer.lineno)
                if lines[outer.lineno - 1].endswith("("):
                    lines[outer.lineno - 1] += "...):"
                    lines[outer.lineno : outer.body[0].lineno - 1] = [None] * (outer.body[0].lineno - 1 - outer.lineno)

    visit(tree, [])
    if missing := [text for text in beginnings if text not in found]:
        raise ValueError(f"no statement of the source begins with {missing[0]!r}.")
    shown, before = [], 0
    for number in sorted(kept | {len(lines) + 1}):
        left_out = [line for line in lines[before : number - 1] if line]
        if before and left_out:
            shown.append(" " * min(len(line) - len(line.lstrip()) for line in left_out) + "...")
        if number <= len(lines) and lines[number - 1] is not None:
            if lines[number - 1].startswith("    def ") and not shown[-1].startswith("class"):
                shown.append("")
            shown.append(lines[number - 1])
        before = number
    return "\n".join(shown)


def draw_graph(graph):
    """Draw what Theano computes: operations as boxes, in the order from top to bottom.

    Blue is what is passed in, orange what a shared variable holds, white a constant; green is what comes out, and
    "new W" is what the shared variable W holds after the call.

    Parameters
    ----------
    graph : theano.compile.Function or symbolic variable
        Of a function, the optimized graph that really runs; of a variable, the one that was written down.

    Returns
    -------
    IPython.display.SVG, or None
        None, after printing the graph as text, where Graphviz is not installed.
    """
    if not isinstance(graph, (theano.Variable, theano.compile.Function)):
        raise ValueError(f"a graph is that of a compiled function or of a symbolic variable, not of {graph!r}.")
    if shutil.which("dot") is None:
        print("Graphviz is not installed (on Debian: apt-get install graphviz), so here is the graph as text.")
        theano.printing.debugprint(graph)
        return None
    from IPython.display import SVG

    return SVG(_dot_graph(*_nodes_and_outputs(graph)).create_svg())


def _nodes_and_outputs(graph):
    """The operations of a graph, and its results with their names."""
    if isinstance(graph, theano.Variable):
        return theano.gof.graph.io_toposort([], [graph]), [(graph, graph.name or "result")]
    fgraph = graph.maker.fgraph
    updated = [
        given.variable.name or "shared variable" for given in graph.maker.expanded_inputs if given.update is not None
    ]
    results = [variable.name or "result" for variable in fgraph.outputs[: len(fgraph.outputs) - len(updated)]]
    names = results + [f"new {name}" for name in updated]
    return fgraph.toposort(), list(zip(fgraph.outputs, names))


def _dot_graph(nodes, outputs):
    import pydot

    font = {"fontname": "Helvetica", "fontsize": "11"}
    dot = pydot.Dot(rankdir="TB", ranksep="0.3", nodesep="0.2")
    dot.set_node_defaults(
        shape="box", style="rounded,filled", color="#555555", fillcolor="#EEEEEE", height="0.3", **font
    )
    dot.set_edge_defaults(color="#555555", arrowsize="0.6")
    drawn = {}  # the name in the picture of each operation, and of each variable that enters the graph

    def draw(thing, **attributes):
        drawn[thing] = f"node{len(drawn)}"
        dot.add_node(pydot.Node(drawn[thing], **attributes))

    for variable in [variable for node in nodes for variable in node.inputs] + [variable for variable, _ in outputs]:
        if variable.owner is None and variable not in drawn:
            draw(variable, **_leaf(variable))
    for node in nodes:
        draw(node, label=_quoted(_operation(node.op)))
        for variable in node.inputs:
            dot.add_edge(pydot.Edge(drawn[variable.owner or variable], drawn[node]))
    for number, (variable, name) in enumerate(outputs):
        dot.add_node(pydot.Node(f"output{number}", label=_quoted(name), shape="oval", fillcolor="#C9EBDD"))
        dot.add_edge(pydot.Edge(drawn[variable.owner or variable], f"output{number}"))
    return dot


def _leaf(variable):
    """How to draw what enters a graph: an input, a shared variable or a constant."""
    if isinstance(variable, theano.Constant):
        return {"label": _quoted(_constant(variable.data)), "shape": "plain", "fillcolor": "white"}
    color = "#FBE3C5" if isinstance(variable, theano.compile.SharedVariable) else "#CFE5F5"
    return {"label": _quoted(variable.name or variable.type), "shape": "oval", "fillcolor": color}


def _operation(op):
    kind = type(op).__name__
    scalar = getattr(op, "scalar_op", None)
    if kind.endswith("Elemwise"):
        return f"{kind} {getattr(scalar, 'name', None) or type(scalar).__name__.lower()}"
    return kind


def _constant(data):
    data = np.asarray(data)
    return f"{data.flat[0]:.4g}" if data.size == 1 and data.dtype.kind in "fiu" else "constant"


def _quoted(text):
    return '"' + str(text).replace('"', "'") + '"'
