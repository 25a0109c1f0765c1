"""A multi-layer perceptron is its layers, one after the other."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.initialization import he_normal
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.updates import sgd


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
        p,
        p.argmax(axis=1),
        -np.log(p[np.arange(8), labels]).mean(),
        np.mean(p.argmax(axis=1) != labels),
        sum(np.abs(W).sum() for W in (W1, W2, W3)),
        sum((W**2).sum() for W in (W1, W2, W3)),
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


def test_the_initialization_is_that_of_every_hidden_layer():
    mlp = MLP(np.random.RandomState(5), T.matrix("x"), 4, [6, 5], 3, initialization=he_normal)
    rng = np.random.RandomState(5)
    np.testing.assert_array_equal(mlp.hiddenLayers[0].W.get_value(), he_normal(rng, 4, 6))
    np.testing.assert_array_equal(mlp.hiddenLayers[1].W.get_value(), he_normal(rng, 6, 5))
    assert not mlp.logRegressionLayer.W.get_value().any()


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


# Dropout ------------------------------------------------------------------------------------------------------------


def randomized(mlp, seed=1):
    rng = np.random.RandomState(seed)
    for parameter in mlp.params:
        parameter.set_value(rng.normal(size=parameter.get_value().shape).astype("float32"))
    return mlp


def on(examples, network, outputs):
    return theano.function([network.input], outputs, mode="FAST_COMPILE")(np.asarray(examples, dtype="float32"))


def test_with_dropout_it_is_a_network_of_the_same_parameters(deep):
    noisy = deep.with_dropout(MRG_RandomStreams(1), [0.2, 0.5, 0.5])
    assert isinstance(noisy, MLP) and noisy is not deep
    assert noisy.params == deep.params and noisy.input is deep.input
    assert [layer.W for layer in noisy.hiddenLayers] == [layer.W for layer in deep.hiddenLayers]
    assert noisy.logRegressionLayer.W is deep.logRegressionLayer.W


def test_the_network_itself_stays_without_dropout(deep):
    before = dict(vars(deep))
    deep.with_dropout(MRG_RandomStreams(1), [0.2, 0.5, 0.5])
    assert vars(deep) == before


def test_with_dropout_it_takes_other_examples(deep):
    other = T.matrix("other")
    noisy = deep.with_dropout(MRG_RandomStreams(1), [0, 0, 0], other)
    assert noisy.input is other and deep.input is not other
    digits = np.random.RandomState(0).uniform(size=(3, deep.hiddenLayers[0].n_in)).astype("float32")
    found = theano.function([other], noisy.p_y_given_x)(digits)
    np.testing.assert_allclose(found, theano.function([deep.input], deep.p_y_given_x)(digits), rtol=1e-6)


def test_with_dropout_it_offers_what_a_network_offers(shallow):
    noisy = shallow.with_dropout(MRG_RandomStreams(1), [0.2, 0.5])
    assert vars(noisy).keys() == vars(shallow).keys()
    assert noisy.hiddenLayer is noisy.hiddenLayers[0] is not shallow.hiddenLayer
    y = T.ivector("y")
    outputs = [noisy.p_y_given_x, noisy.negative_log_likelihood(y), noisy.errors(y), noisy.L1, noisy.L2_sqr]
    outputs += T.grad(noisy.negative_log_likelihood(y), noisy.params)
    assert {output.dtype for output in outputs} == {"float32"}


@pytest.mark.parametrize(
    "activation", [T.tanh, T.nnet.sigmoid, T.nnet.relu, None], ids=["tanh", "sigmoid", "relu", "linear"]
)
def test_at_the_rate_0_it_is_the_same_network(activation):
    mlp = randomized(MLP(np.random.RandomState(0), T.matrix("x"), 4, [6, 5], 3, activation=activation))
    noisy = mlp.with_dropout(MRG_RandomStreams(1), [0, 0, 0])
    found, wanted = on(np.random.RandomState(2).normal(size=(7, 4)), mlp, [noisy.p_y_given_x, mlp.p_y_given_x])
    np.testing.assert_array_equal(found, wanted)


def test_the_rates_are_those_of_the_input_and_of_each_hidden_layer():
    mlp = MLP(np.random.RandomState(0), T.matrix("x"), 100, [200, 300], 3)
    noisy = mlp.with_dropout(MRG_RandomStreams(1), (0.1, 0.3, 0.6))
    outputs = [noisy.hiddenLayers[0].input, *(layer.output for layer in noisy.hiddenLayers)]
    for values, rate in zip(on(np.ones((100, 100)), mlp, outputs), [0.1, 0.3, 0.6]):
        assert np.mean(values == 0) == pytest.approx(rate, abs=0.02)
    assert noisy.logRegressionLayer.input is noisy.hiddenLayers[1].output
    assert noisy.hiddenLayers[1].input is noisy.hiddenLayers[0].output


def test_on_average_each_unit_is_what_it_was():
    mlp = randomized(MLP(np.random.RandomState(0), T.matrix("x"), 4, 6, 3))
    noisy = mlp.with_dropout(MRG_RandomStreams(1), [0, 0.5])
    examples = np.tile([0.5, -0.1, 0.3, -0.4], (20000, 1))
    hidden, thinned, scores = on(
        examples, mlp, [mlp.hiddenLayer.output, noisy.hiddenLayer.output, noisy.logRegressionLayer._scores]
    )
    np.testing.assert_allclose(thinned.mean(axis=0), hidden[0], atol=0.03)
    np.testing.assert_allclose(scores.mean(axis=0), hidden[0] @ mlp.logRegressionLayer.W.get_value(), atol=0.1)


def test_each_call_drops_other_units_and_a_seed_the_same_again(deep):
    def two_calls(seed):
        noisy = deep.with_dropout(MRG_RandomStreams(seed), [0.2, 0.5, 0.5])
        function = theano.function([deep.input], noisy.hiddenLayers[0].output, mode="FAST_COMPILE")
        return [function(np.ones((9, 4), dtype="float32")) for _ in range(2)]

    first, second = two_calls(1)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(two_calls(1), [first, second])


def test_training_with_dropout_makes_the_network_itself_better():
    rng, x, y = np.random.RandomState(0), T.matrix("x"), T.ivector("y")
    examples = rng.normal(size=(200, 4)).astype("float32")
    labels = (examples.sum(axis=1) > 0).astype("int32")
    mlp = MLP(rng, x, 4, 50, 2)
    noisy = mlp.with_dropout(MRG_RandomStreams(1), [0, 0.5])
    cost = noisy.negative_log_likelihood(y)
    train = theano.function([x, y], cost, updates=sgd(cost, noisy.params, 0.5))
    validate = theano.function([x, y], [mlp.negative_log_likelihood(y), mlp.errors(y)])
    before, _ = validate(examples, labels)
    costs = [train(examples, labels) for _ in range(200)]
    after, error = validate(examples, labels)
    assert before == pytest.approx(np.log(2))
    assert np.mean(costs[-20:]) < 0.4 * before and after < 0.4 * before and error < 0.05
    assert {parameter.dtype for parameter in mlp.params} == {"float32"}


def test_dropping_again_starts_from_the_network_without_dropout(deep):
    noisy = deep.with_dropout(MRG_RandomStreams(1), [0.2, 0.5, 0.5])
    quiet = noisy.with_dropout(MRG_RandomStreams(1), [0, 0, 0])
    found, wanted = on(np.ones((2, 4)), deep, [quiet.p_y_given_x, deep.p_y_given_x])
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("bad", [[], [0.5], [0.2, 0.5], [0.2, 0.5, 0.5, 0.5], 0.5, None], ids=str)
def test_one_rate_for_the_input_and_one_for_each_hidden_layer_is_needed(bad, deep):
    with pytest.raises(ValueError, match=r"rates must be a list of 3, one for the input.*not (\[|0.5|None)"):
        deep.with_dropout(MRG_RandomStreams(1), bad)


def test_a_bad_rate_is_refused(deep):
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1, not 1"):
        deep.with_dropout(MRG_RandomStreams(1), [0.2, 0.5, 1])
