"""A multi-layer perceptron is its layers, one after the other."""
import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.mlp import MLP


@pytest.fixture(scope="module")
def deep():
    return MLP(rng=np.random.RandomState(0), input=T.matrix("x"), n_in=4, n_hidden=[6, 5], n_out=3)


@pytest.fixture(scope="module")
def shallow():
    return MLP(rng=np.random.RandomState(0), input=T.matrix("x"), n_in=4, n_hidden=6, n_out=3)


def test_a_number_makes_one_hidden_layer(shallow):
    assert [layer.W.get_value().shape for layer in shallow.hiddenLayers] == [(4, 6)]
    assert shallow.hiddenLayer is shallow.hiddenLayers[0]
    assert isinstance(shallow.hiddenLayer, HiddenLayer)
    assert isinstance(shallow.logRegressionLayer, LogisticRegression)


@pytest.mark.parametrize("sizes", [[6], (6,), [np.int64(6)]])
def test_a_list_of_one_number_makes_the_same(sizes, shallow):
    mlp = MLP(np.random.RandomState(0), T.matrix("x"), 4, sizes, 3)
    assert mlp.hiddenLayer is mlp.hiddenLayers[0]
    np.testing.assert_array_equal(mlp.hiddenLayer.W.get_value(), shallow.hiddenLayer.W.get_value())


def test_a_list_makes_a_hidden_layer_of_each(deep):
    assert [layer.W.get_value().shape for layer in deep.hiddenLayers] == [(4, 6), (6, 5)]
    assert deep.logRegressionLayer.W.get_value().shape == (5, 3)


def test_there_is_no_single_hidden_layer_where_there_are_two(deep):
    assert not hasattr(deep, "hiddenLayer")


def test_parameters_come_from_the_first_layer_to_the_last(deep):
    layers = [*deep.hiddenLayers, deep.logRegressionLayer]
    assert deep.params == [parameter for layer in layers for parameter in (layer.W, layer.b)]


def test_it_computes_layer_after_layer(deep):
    rng = np.random.RandomState(1)
    for parameter in deep.params:
        parameter.set_value(rng.normal(size=parameter.get_value().shape).astype("float32"))
    examples, labels = rng.normal(size=(8, 4)).astype("float32"), rng.randint(0, 3, size=8).astype("int32")
    y = T.ivector("y")
    outputs = [deep.p_y_given_x, deep.y_pred, deep.negative_log_likelihood(y), deep.errors(y), deep.L1, deep.L2_sqr]
    found = theano.function([deep.input, y], outputs, mode="FAST_COMPILE")(examples, labels)

    W1, b1, W2, b2, W3, b3 = (parameter.get_value().astype("float64") for parameter in deep.params)
    powers = np.exp(np.tanh(np.tanh(examples @ W1 + b1) @ W2 + b2) @ W3 + b3)
    p = powers / powers.sum(axis=1, keepdims=True)
    wanted = [
        p, p.argmax(axis=1), -np.log(p[np.arange(8), labels]).mean(), np.mean(p.argmax(axis=1) != labels),
        sum(np.abs(W).sum() for W in (W1, W2, W3)), sum((W**2).sum() for W in (W1, W2, W3)),
    ]
    for value, reference in zip(found, wanted):
        np.testing.assert_allclose(value, reference, rtol=1e-4)
    assert [value.dtype.name for value in found] == ["float32", "int64", *["float32"] * 4]


def test_the_penalties_of_one_hidden_layer_are_those_of_both_weight_matrices():
    mlp = MLP(np.random.RandomState(3), T.matrix("x"), 4, 6, 3)
    mlp.logRegressionLayer.W.set_value(np.full((6, 3), -2, dtype="float32"))
    mlp.hiddenLayer.b.set_value(np.full(6, 100, dtype="float32"))
    W = mlp.hiddenLayer.W.get_value()
    L1, L2_sqr = theano.function([], [mlp.L1, mlp.L2_sqr], mode="FAST_COMPILE")()
    assert L1 == pytest.approx(np.abs(W).sum() + 36, rel=1e-5)
    assert L2_sqr == pytest.approx((W**2).sum() + 72, rel=1e-5)


def test_the_activation_is_that_of_every_hidden_layer():
    mlp = MLP(np.random.RandomState(0), T.matrix("x"), 2, [3, 2], 2, activation=T.nnet.relu)
    for parameter in mlp.params[:4]:
        parameter.set_value(np.full(parameter.get_value().shape, -1, dtype="float32"))
    hidden = theano.function([mlp.input], [layer.output for layer in mlp.hiddenLayers], mode="FAST_COMPILE")
    first, second = hidden(np.array([[-1, -1]], dtype="float32"))
    assert first.tolist() == [[1, 1, 1]] and second.tolist() == [[0, 0]]


def test_a_seed_gives_the_same_network():
    first, second = (MLP(np.random.RandomState(5), T.matrix("x"), 4, [6, 5], 3) for _ in range(2))
    for one, other in zip(first.params, second.params):
        np.testing.assert_array_equal(one.get_value(), other.get_value())


@pytest.mark.parametrize("empty", [[], ()])
def test_no_hidden_layer_at_all_is_refused(empty):
    with pytest.raises(ValueError, match=r"at least one hidden layer, not \[\]"):
        MLP(np.random.RandomState(0), T.matrix("x"), 4, empty, 3)


@pytest.mark.parametrize("bad, shown", [(0, "0"), ([6, 0], "0"), ([6, 2.5], "2.5"), ("6", "'6'")])
def test_layers_of_no_size_are_refused(bad, shown):
    with pytest.raises(ValueError, match=f"n_hidden must be a whole number.*not {shown}"):
        MLP(np.random.RandomState(0), T.matrix("x"), 4, bad, 3)
