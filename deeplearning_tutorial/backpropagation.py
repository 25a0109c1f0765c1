"""A network of two weights, small enough to go through by hand: forward for the cost, and backward for its gradient.

>>> values = {"x": 2, "w": 0.5, "z": 1, "h": 0.76, "v": 2, "o": 1.52, "t": 1, "C": 0.14}
>>> plot_backpropagation(values)                                                # forward
>>> plot_backpropagation(values, {"C": 1, "o": 0.52, "v": 0.4, "h": 1.05})      # and as far back as you have come
"""

import matplotlib.pyplot as plt

from deeplearning_tutorial.plotting import COLORS

FORWARD, BACKWARD = COLORS[0], COLORS[1]

# Where each number stands, and what it is; and along which arrow a gradient comes back, multiplied by which slope.
PLACES = {"x": (0, 0), "z": (2, 0), "h": (4, 0), "o": (6, 0), "C": (8, 0), "w": (2, 1), "v": (6, 1), "t": (8, 1)}
FORMULAS = {"z": "z = w x", "h": r"h = \tanh z", "o": "o = v h", "C": r"C = \frac{1}{2} (o - t)^2"}
ARROWS = [("x", "z"), ("w", "z"), ("z", "h"), ("h", "o"), ("v", "o"), ("o", "C"), ("t", "C")]
SLOPES = {("o", "C"): "(o - t)", ("v", "o"): "h", ("h", "o"): "v", ("z", "h"): "(1 - h^2)", ("w", "z"): "x"}


def plot_backpropagation(values, gradients=None, ax=None):
    r"""Draw the network :math:`o = v \tanh(w x)` and its cost :math:`C = \frac{1}{2} (o - t)^2`, with their numbers.

    Parameters
    ----------
    values : dict from str to float
        Of x, w, z, h, v, o, t and C: each stands at its node, in blue.
    gradients : dict from str to float, optional
        The slope of C along those nodes to which backpropagation has come: each stands below its node, in orange, and
        the arrow on which it came back is drawn, with the local slope that it was multiplied by.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a node has no value, or there is no such node.
    """
    gradients = gradients or {}
    for name in PLACES:
        if name not in values:
            raise ValueError(f"values must have a number for each of {', '.join(PLACES)}; {name} is missing.")
    for name in [*values, *gradients]:
        if name not in PLACES:
            raise ValueError(f"there is no node {name!r}; there are {', '.join(PLACES)}.")
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 3))
    for name, place in PLACES.items():
        label = f"${FORMULAS.get(name, name)}$\n{float(values[name]):.4g}"
        box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": FORWARD}
        ax.text(*place, label, ha="center", va="center", color=FORWARD, bbox=box, zorder=3)
        if name in gradients:
            _write_gradient(ax, name, gradients[name])
    for start, end in ARROWS:
        _draw_arrow(ax, start, end, FORWARD, shift=0.0)
        if start in gradients and (start, end) in SLOPES:
            _draw_arrow(ax, end, start, BACKWARD, shift=-0.22, label=rf"$\times {SLOPES[start, end]}$")
    ax.set(xlim=(-0.6, 9.3), ylim=(-0.85, 1.5))
    ax.axis("off")
    return ax


def _write_gradient(ax, name, gradient):
    x, y = PLACES[name]
    text = rf"$\partial C / \partial {name} = {float(gradient):.4g}$"
    if y == 0:
        ax.text(x, y - 0.42, text, ha="center", va="top", color=BACKWARD)
    else:
        ax.text(x - 0.35, y, text, ha="right", va="center", color=BACKWARD)


def _draw_arrow(ax, start, end, color, shift, label=""):
    """From one node to another; moved to the side, so that the way back is beside the way there."""
    (x0, y0), (x1, y1) = PLACES[start], PLACES[end]
    if y0 == y1:
        y0, y1 = y0 + shift, y1 + shift
        room = [{"x": 16, "C": 40}.get(name, 34) for name in (start, end)]  # points from the middle of a node
        where, alignment = ((x0 + x1) / 2, y0 - 0.06), {"ha": "center", "va": "top"}
    else:
        x0, x1 = x0 + shift, x1 + shift
        room = [24 if name == "C" else 20 for name in (start, end)]
        where, alignment = (x0 - 0.08, (y0 + y1) / 2), {"ha": "right", "va": "center"}
    arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": room[0], "shrinkB": room[1]}
    ax.annotate("", (x1, y1), (x0, y0), arrowprops=arrow)
    ax.text(*where, label, color=color, fontsize="small", **alignment)
