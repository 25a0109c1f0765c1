"""Convolutional layers compute what SciPy or a loop by hand does, and a convolutional network is its layers, one after the other."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from scipy.signal import convolve2d
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.convolution import BatchNormalization, ConvNet, ConvolutionLayer, LeNetConvPoolLayer
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.updates import sgd


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape).astype("float32")


def convolved(images, filters, mode="valid"):
    """By SciPy, in float64. "half" is "same" there."""
    mode = {"half": "same"}.get(mode, mode)
    return np.array(
        [
            [sum(convolve2d(channel, f, mode) for channel, f in zip(image, some)) for some in filters]
            for image in images.astype("float64")
        ]
    )


def pooled(maps):
    n, channels, height, width = maps.shape
    maps = maps[:, :, : height // 2 * 2, : width // 2 * 2]
    return maps.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def compute(layer, *values):
    return theano.function([layer.input], layer.output)(*values)


# ConvolutionLayer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["valid", "half", "full"])
def test_a_convolution_is_scipys(mode):
    layer = ConvolutionLayer(np.random.RandomState(0), T.tensor4("x"), (4, 2, 3, 3), (None, 2, 7, 6), mode)
    layer.b.set_value(normal(4))
    images = normal(5, 2, 7, 6)
    wanted = np.maximum(convolved(images, layer.W.get_value(), mode) + layer.b.get_value()[:, None, None], 0)
    found = compute(layer, images)
    assert found.shape == (5, *layer.output_shape) and found.dtype == "float32"
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_a_border_of_so_many_pixels():
    layer = ConvolutionLayer(np.random.RandomState(0), T.tensor4("x"), (1, 1, 3, 2), (None, 1, 4, 5), (2, 1), None)
    assert layer.output_shape == (1, 6, 6) == compute(layer, normal(3, 1, 4, 5)).shape[1:]


def test_filters_begin_as_the_initialization_says():
    def as_if(rng, n_in, n_out):
        return np.arange(n_in * n_out).reshape(n_in, n_out) + 100 * rng.randint(1, 2)

    layer = ConvolutionLayer(
        np.random.RandomState(0), T.tensor4("x"), (3, 2, 2, 2), (None, 2, 5, 5), initialization=as_if
    )
    W = layer.W.get_value()
    np.testing.assert_array_equal(W[1].ravel(), 100 + 1 + 3 * np.arange(8))  # the weights into the second map's units
    np.testing.assert_array_equal(layer.b.get_value(), 0)


def test_layers_can_share_parameters():
    first = ConvolutionLayer(np.random.RandomState(0), T.tensor4("x"), (3, 2, 2, 2), (None, 2, 5, 5))
    second = ConvolutionLayer(None, T.tensor4("z"), (3, 2, 2, 2), (None, 2, 5, 5), W=first.W, b=first.b)
    assert second.params == first.params == [first.W, first.b]
    images = normal(4, 2, 5, 5)
    np.testing.assert_array_equal(compute(first, images), compute(second, images))


# LeNetConvPoolLayer ----------------------------------------------------------------------------------------------------


def test_a_layer_of_lenet():
    layer = LeNetConvPoolLayer(
        np.random.RandomState(0),
        input=T.tensor4("x"),
        image_shape=(6, 2, 9, 8),
        filter_shape=(5, 2, 3, 3),
        poolsize=(2, 2),
    )
    layer.b.set_value(normal(5))
    images = normal(6, 2, 9, 8)
    wanted = np.tanh(pooled(convolved(images, layer.W.get_value())) + layer.b.get_value()[:, None, None])
    found = compute(layer, images)
    assert layer.output_shape == (5, 3, 3) == found.shape[1:]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert layer.params == [layer.W, layer.b]


def test_its_filters_are_drawn_as_in_the_theano_tutorials():
    """(n_in, n_out) are the weights into a unit, and the filters times their pixels over those of a window."""
    layer = LeNetConvPoolLayer(np.random.RandomState(23455), T.tensor4("x"), (20, 1, 5, 5), (500, 1, 28, 28))
    bound = np.sqrt(6 / (1 * 5 * 5 + 20 * 5 * 5 / 4))
    wanted = np.random.RandomState(23455).uniform(-bound, bound, (20, 1, 5, 5))
    np.testing.assert_allclose(layer.W.get_value(), wanted, rtol=1e-6)


def test_the_number_of_images_is_free():
    layer = LeNetConvPoolLayer(np.random.RandomState(0), T.tensor4("x"), (2, 1, 3, 3), (500, 1, 6, 6))
    for n in (1, 7, 16):
        assert compute(layer, normal(n, 1, 6, 6)).shape == (n, 2, 2, 2)


def test_lenet_learns():
    """The Theano tutorials' network on horizontal and vertical bars, whose place says nothing."""
    rng = np.random.RandomState(0)
    images, labels = np.zeros((64, 1, 12, 12), "float32"), rng.randint(0, 2, 64).astype("int32")
    for image, label in zip(images, labels):
        row, column = rng.randint(0, 7, 2)
        size = (2, 6) if label else (6, 2)
        image[0, row : row + size[0], column : column + size[1]] = 1
    x, y = T.matrix("x"), T.ivector("y")
    layer0 = LeNetConvPoolLayer(rng, x.reshape((-1, 1, 12, 12)), (4, 1, 3, 3), (None, 1, 12, 12))
    layer1 = LeNetConvPoolLayer(rng, layer0.output, (6, 4, 2, 2), (None, *layer0.output_shape))
    layer2 = HiddenLayer(rng, layer1.output.flatten(2), 6 * 2 * 2, 8)
    layer3 = LogisticRegression(layer2.output, 8, 2)
    params = [p for layer in (layer0, layer1, layer2, layer3) for p in layer.params]
    cost = layer3.negative_log_likelihood(y)
    train = theano.function([x, y], [cost, layer3.errors(y)], updates=sgd(cost, params, 0.3))
    results = [train(images.reshape(64, -1), labels) for _ in range(200)]
    assert results[0][1] > 0.2 and results[-1][1] == 0
    assert results[-1][0] < 0.1 * results[0][0]


# BatchNormalization ----------------------------------------------------------------------------------------------------


@pytest.fixture
def normalization():
    layer = BatchNormalization(T.tensor4("x"), 3, momentum=0.25, epsilon=1e-3)
    layer.gamma.set_value(np.float32([1, 2, -1]))
    layer.beta.set_value(np.float32([0, 0.5, 3]))
    return layer


def test_a_mini_batch_is_normalized_by_itself(normalization):
    x = T.tensor4("x")
    images = 5 + 2 * normal(7, 3, 4, 5)
    output, updates = normalization.in_training(x)
    found = theano.function([x], output, updates=updates)(images)
    mean, variance = images.mean(axis=(0, 2, 3)), images.var(axis=(0, 2, 3), dtype="float64")
    gamma, beta = (p.get_value()[:, None, None] for p in normalization.params)
    wanted = gamma * (images - mean[:, None, None]) / np.sqrt(variance + 1e-3)[:, None, None] + beta
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    n = 7 * 4 * 5
    np.testing.assert_allclose(normalization.mean.get_value(), 0.25 * mean, rtol=1e-5)
    np.testing.assert_allclose(normalization.variance.get_value(), 0.75 + 0.25 * variance * n / (n - 1), rtol=1e-5)


def test_the_network_itself_uses_the_averages(normalization):
    normalization.mean.set_value(np.float32([1, -1, 0]))
    normalization.variance.set_value(np.float32([4, 1, 0.25]))
    images = normal(2, 3, 4, 5)
    gamma, beta, mean, variance = (
        p.get_value()[:, None, None] for p in [*normalization.params, normalization.mean, normalization.variance]
    )
    wanted = gamma * (images - mean) / np.sqrt(variance + 1e-3) + beta
    function = theano.function([normalization.output.owner.inputs[0].owner.inputs[0]], normalization.output)
    np.testing.assert_allclose(function(images), wanted, atol=1e-5)


def test_one_pixel_has_no_variance_to_speak_of():
    layer, x = BatchNormalization(T.tensor4("z"), 2), T.tensor4("x")
    output, updates = layer.in_training(x)
    found = theano.function([x], output, updates=updates)(normal(1, 2, 1, 1))
    np.testing.assert_array_equal(found, 0)
    np.testing.assert_allclose(layer.variance.get_value(), 0.9, rtol=1e-6)


# ConvNet ---------------------------------------------------------------------------------------------------------------


def net(**options):
    options = {"image_shape": (1, 8, 8), "n_filters": [[3, 4], [5]], "n_hidden": [6], "n_out": 3, **options}
    return ConvNet(np.random.RandomState(0), T.matrix("x"), **options)


def by_hand(network, images):
    """The probabilities, without normalization."""
    convolutions = iter(network.convolutionLayers)
    h = images.reshape(len(images), 1, 8, 8)
    for stage in network.stages:
        for _ in stage:
            layer = next(convolutions)
            h = np.maximum(convolved(h, layer.W.get_value(), layer.border_mode) + layer.b.get_value()[:, None, None], 0)
        h = pooled(h)
    h = h.reshape(len(h), -1)
    for layer in network.hiddenLayers:
        h = np.maximum(h @ layer.W.get_value() + layer.b.get_value(), 0)
    top = network.logRegressionLayer
    powers = np.exp(h @ top.W.get_value() + top.b.get_value())
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_hidden": []},
        {"n_hidden": 6},
        {"n_hidden": [5, 4]},
        {"n_filters": [[3], [5]], "filter_size": 2, "border_mode": "valid"},  # 8, 7, halved 3, 2, halved 1
    ],
    ids=str,
)
def test_a_network_is_its_layers(options):
    network = net(**options)
    network.logRegressionLayer.W.set_value(normal(*network.logRegressionLayer.W.get_value().shape))
    images, labels, y = normal(9, 64), np.arange(9, dtype="int32") % 3, T.ivector("y")
    outputs = [network.p_y_given_x, network.y_pred, network.negative_log_likelihood(y), network.errors(y)]
    found = theano.function([network.input, y], outputs)(images, labels)
    p = by_hand(network, images)
    wanted = [p, p.argmax(axis=1), -np.log(p[np.arange(9), labels]).mean(), np.mean(p.argmax(axis=1) != labels)]
    for value, reference in zip(found, wanted):
        np.testing.assert_allclose(value, reference, rtol=1e-3, atol=1e-5)
    weights = [
        layer.W.get_value() for layer in [*network.convolutionLayers, *network.hiddenLayers, network.logRegressionLayer]
    ]
    np.testing.assert_allclose(network.L1.eval(), sum(np.abs(W).sum() for W in weights), rtol=1e-4)
    np.testing.assert_allclose(network.L2_sqr.eval(), sum((W**2).sum() for W in weights), rtol=1e-4)


def test_parameters_come_from_the_first_layer_to_the_last():
    network = net(batch_normalization=True)
    wanted = []
    for layer, normalization in zip(network.convolutionLayers, network.normalizations):
        wanted += [layer.W, layer.b, normalization.gamma, normalization.beta]
    wanted += [*network.hiddenLayers[0].params, *network.logRegressionLayer.params]
    assert network.params == wanted
    assert network.statistics == [average for n in network.normalizations for average in (n.mean, n.variance)]
    assert net().statistics == [] and len(network.convolutionLayers) == 3


def test_in_training_it_shares_its_parameters_and_moves_its_averages():
    network = net(batch_normalization=True)
    trained, y = network.in_training(MRG_RandomStreams(1), [0.05, 0.1, 0.1]), T.ivector("y")
    assert trained.params is network.params and list(trained.updates) == network.statistics and not network.updates
    cost = trained.negative_log_likelihood(y)
    updates = sgd(cost, network.params, 0.05)
    updates.update(trained.updates)
    train = theano.function([network.input, y], cost, updates=updates)
    images, labels = normal(30, 64), np.arange(30, dtype="int32") % 3
    images[np.arange(30), 20 * labels] += 4
    before = [p.get_value() for p in network.params + network.statistics]
    costs = [float(train(images, labels)) for _ in range(300)]
    assert np.mean(costs[-30:]) < 0.5 * np.mean(costs[:5])
    for old, p in zip(before, network.params + network.statistics):
        # A bias before a normalization moves nothing, and its gradient is 0 but for rounding.
        if p.name != "b" or p in network.params[-4:]:
            assert not np.array_equal(old, p.get_value()), p
    assert theano.function([network.input, y], network.errors(y))(images, labels) < 0.2


def test_without_rates_nothing_is_dropped():
    network, images = net(), normal(4, 64)
    trained = network.in_training()
    found = [theano.function([network.input], n.p_y_given_x)(images) for n in (network, trained)]
    np.testing.assert_array_equal(*found)


def test_units_are_dropped_anew_in_each_call():
    network = net()
    network.logRegressionLayer.W.set_value(normal(6, 3))
    noisy = network.in_training(MRG_RandomStreams(1), [0.5, 0, 0])
    function = theano.function([network.input], noisy.p_y_given_x)
    images = normal(4, 64)
    assert not np.array_equal(function(images), function(images))


# Bad input -------------------------------------------------------------------------------------------------------------

RNG, IMAGES = np.random.RandomState(0), T.tensor4("images")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ConvolutionLayer(RNG, T.matrix("m"), (2, 1, 3, 3), (None, 1, 8, 8)), "m is 2-dimensional.*reshape"),
        (lambda: ConvolutionLayer(RNG, T.dtensor4("d"), (2, 1, 3, 3), (None, 1, 8, 8)), "d is float64.*T.tensor4"),
        (lambda: ConvolutionLayer(RNG, np.zeros((2, 1, 8, 8)), (2, 1, 3, 3), (None, 1, 8, 8)), "not an array of shape"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 3), (None, 1, 8, 8)), r"filter_shape must be 4 .*\(2, 1, 3\)"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 0, 3), (None, 1, 8, 8)), "filter_shape must be a whole .*0"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 3, 3), (1, 8, 8)), r"image_shape must be.*\(1, 8, 8\)"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 3, 3, 3), (None, 1, 8, 8)), "3 channels, and the image has 1"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 9, 3), (None, 1, 8, 8)), "9 x 3 does not fit into .* 8 x 8"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 3, 3), (None, 1, 8, 8), "same"), "border_mode must be.*'same'"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 3, 3), (None, 1, 8, 8), (1, -1)), r"border_mode .*\(1, -1\)"),
        (lambda: ConvolutionLayer(RNG, IMAGES, (2, 1, 3, 3), (None, 1, 8, 8), activation="relu"), "activation.*'relu'"),
        (lambda: ConvolutionLayer(None, IMAGES, (2, 1, 3, 3), (None, 1, 8, 8)), "rng must be .* None"),
        (lambda: LeNetConvPoolLayer(None, IMAGES, (2, 1, 3, 3), (None, 1, 8, 8)), "rng must be .* None"),
        (lambda: LeNetConvPoolLayer(RNG, IMAGES, (2, 3, 3, 3), (9, 1, 8, 8)), "3 channels, and the image has 1"),
        (lambda: LeNetConvPoolLayer(RNG, IMAGES, (2, 1, 3, 3), (9, 1, 8, 8), 2), "poolsize must be 2 whole .*2"),
        (
            lambda: LeNetConvPoolLayer(RNG, IMAGES, (2, 1, 3, 3), (9, 1, 8, 8), (7, 2)),
            r"\(7, 2\), larger than .* 6 x 6",
        ),
        (lambda: BatchNormalization(IMAGES, 0), "n_channels .*0"),
        (lambda: BatchNormalization(IMAGES, 2, momentum=0), "momentum .*0"),
        (lambda: BatchNormalization(IMAGES, 2, epsilon=-1), "epsilon .*-1"),
        (lambda: net(image_shape=(8, 8)), r"image_shape must be 3 .*\(8, 8\)"),
        (lambda: net(filter_size=4), "filter_size must be odd.*4"),
        (lambda: net(border_mode="same"), "border_mode must be.*'same'"),
        (lambda: net(border_mode="valid"), "3 x 3 does not fit into an image of 2 x 2"),
        (lambda: net(n_filters=[3, 4]), "n_filters must be a list of lists.*3"),
        (lambda: net(n_filters=[]), r"n_filters must be a list.*\[\]"),
        (lambda: net(n_filters=[[2], [2], [2], [2]]), "after 3 stages an image has 1 x 1 pixels"),
        (lambda: ConvNet(RNG, IMAGES), "must be a matrix"),
        (lambda: net().in_training(MRG_RandomStreams(1), [0.5]), r"a list of 3.*\[0.5\]"),
        (lambda: net().in_training(None, [0.5, 0, 0]), "theano_rng"),
        (lambda: net().in_training(MRG_RandomStreams(1), [1, 0, 0]), "rate must be.*1"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
