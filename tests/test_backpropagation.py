"""The picture of backpropagation by hand shows the numbers that it is given, each at its node."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.backpropagation import FORMULAS, SLOPES, plot_backpropagation

X, W, V, TARGET = 2.0, 0.5, 2.0, 1.0


@pytest.fixture
def values():
    h = np.tanh(W * X)
    return {"x": X, "w": W, "z": W * X, "h": h, "v": V, "o": V * h, "t": TARGET, "C": (V * h - TARGET) ** 2 / 2}


@pytest.fixture
def gradients(values):
    """By the local slopes that the picture writes at its arrows."""
    slopes = {arrow: eval(slope.replace("1 - h^2", "1 - h * h"), {}, values) for arrow, slope in SLOPES.items()}
    found = {"C": 1.0}
    for (start, end), slope in slopes.items():
        found[start] = found[end] * slope
    return found


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_number_stands_at_its_node(values):
    said = texts(plot_backpropagation(values))
    for name, value in values.items():
        assert f"${FORMULAS.get(name, name)}$\n{value:.4g}" in said
    assert not any("partial" in text for text in said)
    plt.close("all")


def test_gradients_stand_where_backpropagation_has_come(values):
    said = texts(plot_backpropagation(values, {"C": 1, "o": 0.5232}))
    assert r"$\partial C / \partial o = 0.5232$" in said and r"$\times (o - t)$" in said
    assert len([text for text in said if "partial" in text]) == 2
    assert len([text for text in said if "times" in text]) == 1
    plt.close("all")


def test_the_local_slopes_at_the_arrows_multiply_to_theanos_gradient(gradients):
    w, v = T.scalar("w"), T.scalar("v")
    cost = T.sqr(v * T.tanh(w * np.float32(X)) - np.float32(TARGET)) / np.float32(2)
    right = theano.function([w, v], T.grad(cost, [w, v]))(W, V)
    np.testing.assert_allclose([gradients["w"], gradients["v"]], right, rtol=1e-5)


def test_it_draws_on_the_axes_that_it_is_given(values, gradients):
    _, ax = plt.subplots()
    assert plot_backpropagation(values, gradients, ax) is ax
    plt.close("all")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda values, gradients: values.pop("h"), "h is missing"),
        (lambda values, gradients: values.update(y=1), "no node 'y'"),
        (lambda values, gradients: gradients.update(u=1), "no node 'u'"),
    ],
)
def test_a_number_without_a_node_is_refused(values, gradients, change, words):
    change(values, gradients)
    with pytest.raises(ValueError, match=words):
        plot_backpropagation(values, gradients)
