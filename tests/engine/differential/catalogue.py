"""Graphs for hypothesis: all modules with operations, and the strategy that makes graphs of them."""

from hypothesis import strategies as st

from . import elementwise, failures, indexing, linear, loops, reductions, shapes  # noqa: F401
from .builder import EVERYTHING, Builder


@st.composite
def graphs(draw, limits=EVERYTHING):
    """A graph, or None where nothing that was drawn fits.

    Hypothesis draws the state of a random generator. If it drew each choice, two thirds of the graphs would be near copies of
    another one, as it mutates what it has; and a graph that fails is made smaller here with more knowledge (`blame.smallest`).
    """
    return Builder(draw(st.randoms(use_true_random=True)), limits).graph()
