"""A digit that is drawn in a notebook with the mouse or a finger, and read by a network while it is drawn.

>>> x = T.matrix("x")
>>> network = MLP(np.random.RandomState(1234), x, n_in=784, n_hidden=100, n_out=10)
>>> draw_digit(theano.function([x], network.p_y_given_x))                       # in a notebook, when it is trained

What is drawn is kept as strokes, and goes the way of every other picture: `data.images.centred_digit`, then ink from 0 to
just below 1, as in MNIST.
"""

import io
import time

import matplotlib.pyplot as plt
import numpy as np
import theano
from PIL import Image, ImageDraw

from deeplearning_tutorial.data.images import centred_digit, read_picture
from deeplearning_tutorial.engine import ROOT
from deeplearning_tutorial.plotting import COLORS, as_png, show_panel

EXAMPLE = ROOT / "data" / "digit.png"
SIDE = 252  # pixels of the canvas, nine for each of MNIST's
PEN = 20  # pixels
PAUSE = 0.1  # seconds between two readings while the pen moves, at least: a slow network must not hold up the pen


def draw_digit(classify, example=EXAMPLE):
    """Show a canvas to draw a digit on, with ten bars that tell how probable each class is for what is drawn so far.

    Parameters
    ----------
    classify : callable
        Takes a row of MNIST, an array of floatX of shape (1, 784) with ink from 0 (paper) to just below 1. Returns the
        probabilities of the ten classes, of shape (1, 10): a compiled function is one.
    example : str or Path
        Picture of a digit that is read at once. A page without a kernel, such as one that nbconvert makes, shows it in
        the place of the canvas; so does a notebook where ipycanvas is not installed.

    Raises
    ------
    ValueError
        If `classify` returns something else, or there is no digit in `example`.
    """
    import ipywidgets

    picture = ipywidgets.Image(format="png", value=as_png(_figure(classify, read_picture(example))))
    try:
        pad = Pad(classify)
    except ImportError:
        show_panel(picture, picture)
    else:
        show_panel(pad.panel, picture)


class Pad:
    """A canvas, what was drawn on it, and what a network reads in that.

    Parameters
    ----------
    classify : callable
        As for `draw_digit`.

    Attributes
    ----------
    strokes : list of lists of (float, float)
        Where the pen was, in pixels from the upper left corner: a list from each touching of the paper to the lifting.
    bars : list of ipywidgets.FloatProgress
        The probabilities of the ten classes.
    message : ipywidgets.Label
        What the network reads, or why it reads nothing.
    panel : ipywidgets.Box
        All of it, to be shown.

    Raises
    ------
    ImportError
        If ipycanvas is not installed.
    """

    def __init__(self, classify):
        import ipycanvas
        import ipywidgets

        self._classify = classify
        self.strokes, self._pen_is_down, self._next_reading = [], False, 0.0

        self.canvas = ipycanvas.Canvas(
            width=SIDE, height=SIDE, layout={"border": "1px solid #888888", "width": f"{SIDE}px", "height": f"{SIDE}px"}
        )
        self.canvas.on_mouse_down(self.put_down)
        self.canvas.on_mouse_move(self.move)
        self.canvas.on_mouse_up(self.lift)
        self.canvas.on_mouse_out(self.lift)
        self.canvas.on_touch_start(lambda fingers: self.put_down(*fingers[0]))
        self.canvas.on_touch_move(lambda fingers: self.move(*fingers[0]))
        self.canvas.on_touch_end(lambda fingers: self.lift())

        layout = {"width": "240px", "margin": "0"}
        self.bars = [
            ipywidgets.FloatProgress(max=1, description=str(label), layout=layout, style={"description_width": "16px"})
            for label in range(10)
        ]
        self.centred = ipywidgets.Image(format="png", layout={"width": "140px", "height": "140px"})
        self.message = ipywidgets.Label()
        again = ipywidgets.Button(description="Clear", layout={"width": "140px"})
        again.on_click(self.clear)
        middle = ipywidgets.VBox([ipywidgets.Label("what the network gets:"), self.centred, again])
        beside = {"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "12px"}
        self.panel = ipywidgets.VBox(
            [ipywidgets.HBox([self.canvas, middle, ipywidgets.VBox(self.bars)], layout=beside), self.message]
        )
        self.clear()

    def clear(self, button=None):
        """Begin with white paper."""
        self.strokes.clear()
        self.canvas.clear()
        self.canvas.fill_style = "white"
        self.canvas.fill_rect(0, 0, SIDE, SIDE)
        self.canvas.fill_style = self.canvas.stroke_style = "black"
        self.canvas.line_width, self.canvas.line_cap = PEN, "round"
        self._show(np.full((28, 28), 255.0), np.zeros(10), "Draw a digit on the white square, as large as it is.")

    def put_down(self, x, y):
        """The pen touches the paper."""
        self._pen_is_down = True
        self.strokes.append([(x, y)])
        self.canvas.fill_circle(x, y, PEN / 2)

    def move(self, x, y):
        """The pen moves, and draws if it is down."""
        if not self._pen_is_down:
            return
        self.canvas.stroke_line(*self.strokes[-1][-1], x, y)
        self.strokes[-1].append((x, y))
        if time.monotonic() > self._next_reading:
            self.read()

    def lift(self, x=None, y=None):
        """The pen leaves the paper."""
        if self._pen_is_down:
            self._pen_is_down = False
            self.read()

    def read(self):
        """Show what the network makes of the strokes so far."""
        start = time.monotonic()
        try:
            centred, probabilities = reading(self._classify, picture_of(self.strokes))
        except ValueError as error:  # such as two digits side by side
            self.message.value = str(error)
        else:
            label = int(np.argmax(probabilities))
            self._show(centred, probabilities, f"It reads a {label}, with probability {probabilities[label]:.2f}.")
        end = time.monotonic()
        self._next_reading = end + max(PAUSE, 2 * (end - start))

    def _show(self, centred, probabilities, message):
        self.centred.value = _png(centred)
        for label, (bar, probability) in enumerate(zip(self.bars, probabilities)):
            bar.value = float(probability)
            bar.style.bar_color = COLORS[1] if label == np.argmax(probabilities) else COLORS[0]
        self.message.value = message


def picture_of(strokes):
    """The picture of a drawing.

    Parameters
    ----------
    strokes : list of lists of (float, float)
        As in `Pad`.

    Returns
    -------
    PIL.Image.Image
        Grey, of `SIDE` by `SIDE` pixels: black ink on white paper, strokes `PEN` pixels wide with round ends.
    """
    picture = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        draw.line(stroke, fill=0, width=PEN, joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            draw.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=0)
    return picture


def reading(classify, picture):
    """What a network reads in a picture.

    Parameters
    ----------
    classify : callable
        As for `draw_digit`.
    picture : PIL.Image.Image

    Returns
    -------
    centred : ndarray of float32, (28, 28)
        As `data.images.centred_digit` returns it.
    probabilities : ndarray, (10,)

    Raises
    ------
    ValueError
        If there is no digit in the picture, or `classify` returns something else than ten probabilities.
    """
    centred = centred_digit(picture)
    row = ((255 - centred) / 256).reshape(1, 784).astype(theano.config.floatX)
    probabilities = np.asarray(classify(row))
    if probabilities.shape != (1, 10) or not 0.99 < probabilities.sum() < 1.01:
        raise ValueError(
            f"classify must return ten probabilities, of shape (1, 10), for one row of 784 pixels. It returned an array of "
            f"shape {probabilities.shape} that sums to {probabilities.sum():.4g}; theano.function([x], network.p_y_given_x) is one."
        )
    return centred, probabilities[0]


def _figure(classify, picture):
    """A picture, what the network gets of it, and the ten bars."""
    centred, probabilities = reading(classify, picture)
    fig, axes = plt.subplots(1, 3, figsize=(8, 2.5), width_ratios=[1, 1, 1.6])
    for ax, image, title in zip(axes, [picture.convert("L"), centred], ["a drawing", "what the network gets"]):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        ax.set(title=title, xticks=[], yticks=[])
    colors = [COLORS[1] if label == np.argmax(probabilities) else COLORS[0] for label in range(10)]
    axes[2].barh(range(10), probabilities, color=colors)
    axes[2].set(title="what it reads", xlabel="probability", xlim=(0, 1), yticks=range(10))
    axes[2].invert_yaxis()
    return fig


def _png(centred):
    file = io.BytesIO()
    Image.fromarray(centred.astype("uint8")).resize((140, 140), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()
