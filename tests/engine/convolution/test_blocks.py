"""Convolution and pooling in blocks of eight images: the values and gradients of SciPy, of Theano's own operations, or by hand."""

import os

import numpy as np
import pytest
import theano
import theano.tensor as T
from scipy.signal import convolve2d
from theano.tensor.signal.pool import pool_2d

from deeplearning_tutorial.engine.convolution import operations
from deeplearning_tutorial.engine.convolution.operations import BLOCKS, LANES

pytestmark = pytest.mark.skipif(theano.config.device != "cpu", reason="these operations are for the CPU")

THEANOS = theano.compile.get_default_mode().excluding("blocks", "fuse_blocks")


@pytest.fixture(autouse=True)
def a_rewrite_that_fails_is_an_error(monkeypatch):
    monkeypatch.setattr(theano.config, "on_opt_error", "raise")


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape).astype("float32")


def count(function, *names):
    nodes = [node for node in function.maker.fgraph.toposort() if type(node.op).__name__ in names]
    return len(nodes)


# The values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["valid", "full", "half", (1, 2)], ids=str)
@pytest.mark.parametrize("n", [1, 8, 13])
def test_a_convolution_is_scipys(n, mode):
    images, filters = normal(n, 3, 9, 7), normal(5, 3, 3, 3)
    x, w = T.ftensor4(), T.ftensor4()
    function = theano.function([x, w], T.nnet.conv2d(x, w, border_mode=mode))
    assert count(function, "Correlation") == 1 and count(function, "CorrMM") == 0
    rows, columns = {"valid": (0, 0), "full": (2, 2), "half": (1, 1)}.get(mode, mode)
    padded = np.pad(images, [(0, 0), (0, 0), (rows, rows), (columns, columns)]).astype("float64")
    wanted = [
        [sum(convolve2d(image[c], f[c], "valid") for c in range(3)) for f in filters.astype("float64")]
        for image in padded
    ]
    np.testing.assert_allclose(function(images, filters), wanted, atol=1e-4)


# Sizes at which something in blocks.h changes: as many filters as a tile has, one more; odd and even widths; filters as wide as
# the image; more columns than are treated at a time; many channels.
SIZES = [
    ((8, 1, 28, 28), (20, 1, 5, 5), "valid"),
    ((20, 20, 12, 12), (50, 20, 5, 5), "valid"),
    ((5, 4, 7, 7), (6, 4, 3, 3), "half"),
    ((9, 4, 7, 8), (7, 4, 3, 3), "half"),
    ((3, 2, 6, 9), (1, 2, 1, 1), "valid"),
    ((17, 3, 5, 6), (13, 3, 5, 6), "valid"),
    ((4, 2, 11, 12), (3, 2, 7, 8), "full"),
    ((4, 2, 9, 9), (3, 2, 2, 4), "half"),
    ((2, 1, 4, 4), (2, 1, 3, 3), (5, 4)),
    ((10, 33, 6, 6), (34, 33, 3, 3), "half"),
    ((9, 16, 7, 5), (19, 16, 3, 3), "half"),
    ((3, 17, 8, 4), (16, 17, 3, 3), "valid"),
    ((8, 20, 5, 6), (16, 20, 3, 3), "full"),
    ((8, 20, 2, 2), (16, 20, 3, 3), "half"),
    ((5, 16, 9, 9), (16, 16, 3, 3), (4, 2)),
    ((8, 2, 3, 30), (4, 2, 2, 9), (0, 3)),
]


@pytest.mark.parametrize("images, filters, mode", SIZES, ids=str)
@pytest.mark.parametrize("flip", [True, False], ids=["turned", "not_turned"])
def test_values_and_gradients_are_those_of_theanos_operations(images, filters, mode, flip):
    x, w, g = T.ftensor4("x"), T.ftensor4("w"), T.ftensor4("g")
    y = T.nnet.conv2d(x, w, border_mode=mode, filter_flip=flip)
    outputs = [y, *T.grad(None, [x, w], known_grads={y: g})]
    ours, theirs = (theano.function([x, w, g], outputs, mode=m) for m in (None, THEANOS))
    assert count(ours, "Correlation", "CorrelationGradient") == 3 and count(ours, "CorrMM", "CorrMM_gradWeights") == 0
    assert count(theirs, "CorrMM", "CorrMM_gradWeights", "CorrMM_gradInputs") == 3
    values = normal(*images), normal(*filters, seed=1)
    gradient = normal(*theano.function([x, w], y.shape)(*values), seed=2)
    for found, wanted in zip(ours(*values, gradient), theirs(*values, gradient)):
        assert found.dtype == "float32" and found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, atol=2e-5 * max(1, np.abs(wanted).max()))


def test_arrays_need_not_lie_in_memory_one_after_the_other():
    images, filters = normal(7, 6, 9, 4).transpose(3, 1, 2, 0), normal(3, 3, 6, 5).transpose(3, 2, 0, 1)[:, :, ::-1]
    x, w = T.ftensor4(), T.ftensor4()
    function = theano.function([x, w], T.nnet.conv2d(x, w))
    copies = np.ascontiguousarray(images), np.ascontiguousarray(filters)
    np.testing.assert_array_equal(function(images, filters), function(*copies))


def test_no_images_make_no_maps():
    x, w = T.ftensor4(), theano.shared(normal(3, 2, 3, 3))
    y = T.nnet.conv2d(x, w)
    function = theano.function([x], [y, T.grad(y.sum(), w)])
    maps, gradient = function(np.zeros((0, 2, 6, 6), "float32"))
    assert maps.shape == (0, 3, 4, 4)
    np.testing.assert_array_equal(gradient, np.zeros((3, 2, 3, 3)))


@pytest.mark.parametrize(
    "images, filters, message",
    [
        ((4, 3, 6, 6), (5, 2, 3, 3), "3 channels, and the filters 2"),
        ((4, 2, 6, 6), (5, 2, 7, 3), "7 x 3 pixels does not fit into an image of 6 x 6"),
    ],
)
def test_sizes_that_do_not_fit_are_named(images, filters, message):
    x, w = T.ftensor4(), T.ftensor4()
    with pytest.raises(ValueError, match=message):
        theano.function([x, w], T.nnet.conv2d(x, w))(normal(*images), normal(*filters))


def test_what_is_not_for_blocks_is_left_to_theano():
    x, w, d = T.ftensor4(), T.ftensor4(), T.dtensor4()
    for y in [T.nnet.conv2d(x, w, subsample=(2, 2)), T.nnet.conv2d(x, w, filter_dilation=(2, 2)), T.nnet.conv2d(d, d)]:
        function = theano.function([x, w, d], y, on_unused_input="ignore")
        assert count(function, "CorrMM") == 1 and count(function, "Correlation") == 0


# Pooling --------------------------------------------------------------------------------------------------------------


def pooled(images, size, ignore_border):
    """Maxima and the gradient of their squares' sum, by hand; the first of several maxima has all of it."""
    n, channels, height, width = images.shape
    rows, columns = size
    ceil = 0 if ignore_border else 1
    shape = ((height + ceil * (rows - 1)) // rows, (width + ceil * (columns - 1)) // columns)
    maxima, gradient = np.zeros((n, channels, *shape), "float32"), np.zeros_like(images)
    for i, c, y, x in np.ndindex(maxima.shape):
        window = images[i, c, y * rows : (y + 1) * rows, x * columns : (x + 1) * columns]
        row, column = np.unravel_index(window.argmax(), window.shape)
        maxima[i, c, y, x] = window[row, column]
        gradient[i, c, y * rows + row, x * columns + column] = 2 * window[row, column]
    return maxima, gradient


@pytest.mark.parametrize("ignore_border", [True, False], ids=["dropped", "kept"])
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 1), (7, 9)], ids=str)
def test_max_pooling_and_its_gradient_with_ties(size, ignore_border):
    # Whole numbers, so that many windows have several maxima. A filter of one pixel puts the images into blocks.
    images = np.random.RandomState(0).randint(-2, 3, (11, 2, 7, 9)).astype("float32")
    x, w = T.ftensor4(), np.eye(2, dtype="float32").reshape(2, 2, 1, 1)
    y = pool_2d(T.nnet.conv2d(x, w), size, ignore_border=ignore_border)
    function = theano.function([x], [y, T.grad(T.sqr(y).sum(), x)])
    assert count(function, "MaxPool") == count(function, "MaxPoolGradient") == 1 and count(function, "Pool") == 0
    for found, wanted in zip(function(images), pooled(images, size, ignore_border)):
        np.testing.assert_array_equal(found, wanted)


def test_a_nan_is_the_largest_of_its_window():
    x = T.ftensor4()
    images = normal(9, 1, 4, 4)
    for i, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        images[i, 0, row, column] = np.nan
    maxima = theano.function(
        [x], pool_2d(T.nnet.conv2d(x, np.ones((1, 1, 1, 1), "float32")), (2, 2), ignore_border=True)
    )
    found = maxima(images)[:, 0, 0, 0]
    assert np.isnan(found[:4]).all() and np.isfinite(found[4:]).all()


def test_windows_that_overlap_are_left_to_theano():
    x = T.ftensor4()
    y = pool_2d(T.nnet.conv2d(x, np.ones((1, 1, 1, 1), "float32")), (3, 3), stride=(2, 2), ignore_border=True)
    function = theano.function([x], [y, T.grad(y.sum(), x)])
    assert count(function, "Pool") == 1 and count(function, "MaxPool", "MaxPoolGradient") == 0


# Networks -------------------------------------------------------------------------------------------------------------


def network(n_images=None, first=T.tanh, second=T.nnet.relu):
    rng = np.random.RandomState(3)
    x, y = T.fmatrix("x"), T.ivector("y")
    images = x.reshape((x.shape[0] if n_images is None else n_images, 1, 12, 12))
    params = [
        theano.shared(rng.normal(scale=0.3, size=shape).astype("float32"))
        for shape in [(4, 1, 3, 3), (4,), (6, 4, 3, 3), (6,), (6 * 2 * 2, 3)]
    ]
    w0, b0, w1, b1, v = params
    shape = {} if n_images is None else {"input_shape": (n_images, 1, 12, 12), "filter_shape": (4, 1, 3, 3)}
    h = first(pool_2d(T.nnet.conv2d(images, w0, **shape), (2, 2), ignore_border=True) + b0.dimshuffle("x", 0, "x", "x"))
    shape = {} if n_images is None else {"input_shape": (n_images, 4, 5, 5), "filter_shape": (6, 4, 3, 3)}
    h = second(T.nnet.conv2d(h, w1, border_mode="half", **shape) + b1.dimshuffle("x", 0, "x", "x"))
    h = pool_2d(h, (2, 2), ignore_border=True).flatten(2)
    cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(h, v)), y).mean()
    return [x, y], [cost, *T.grad(cost, params)]


@pytest.mark.parametrize("n", [1, 3, 8, 20])
def test_a_whole_network_and_its_gradients(n):
    inputs, outputs = network()
    ours, theirs = (theano.function(inputs, outputs, mode=mode) for mode in (None, THEANOS))
    data = normal(n, 144), np.arange(n, dtype="int32") % 3
    for found, wanted in zip(ours(*data), theirs(*data)):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("n_images", [None, 20], ids=["any_number", "sizes_that_are_told"])
def test_images_are_put_into_blocks_once_and_taken_out_once(n_images):
    """Before the first layer, and after the last; the gradient goes in once."""
    inputs, outputs = network(n_images)
    function = theano.function(inputs, outputs)
    assert count(function, "ToBlocks") == 2
    assert count(function, "FromBlocks") == 1
    assert count(function, "Correlation") == 3 and count(function, "CorrelationGradient") == 2
    assert count(function, "MaxPool") == count(function, "MaxPoolGradient") == count(function, "SumChannels") == 2
    four_dimensional = [
        node for node in function.maker.fgraph.toposort() if type(node.op) is T.Elemwise and node.outputs[0].ndim > 2
    ]
    assert not four_dimensional
    assert count(function, "Elementwise") == 4  # forward and backward, each one loop; the bias is added in both


def test_what_is_said_of_sizes_is_still_checked(monkeypatch):
    monkeypatch.setattr(theano.config.conv, "assert_shape", True)  # Theano does it only then
    x = T.ftensor4()
    maps = T.nnet.conv2d(T.nnet.conv2d(x, normal(3, 2, 3, 3)), normal(1, 3, 3, 3), input_shape=(9, 3, 8, 8))
    told = theano.function([x], maps)
    assert count(told, "Assert") == 1 and count(told, "ToBlocks") == 1
    assert told(normal(9, 2, 10, 10)).shape == (9, 1, 6, 6)
    with pytest.raises(AssertionError, match="shape"):
        told(normal(8, 2, 10, 10))


@pytest.mark.parametrize("n", [1, 5, 12])
@pytest.mark.parametrize(
    "function",
    [lambda v: 1 / v, T.log, T.exp, lambda v: v - 7, T.nnet.sigmoid],
    ids=["1/v", "log", "exp", "v-7", "sigmoid"],
)
def test_images_that_are_not_there_count_for_nothing(function, n):
    """A block has room for more images than there are, and 1 / 0 is infinite."""
    x, w = T.ftensor4(), theano.shared(np.abs(normal(2, 1, 3, 3)) + 0.1)
    maps = T.nnet.conv2d(x, w)
    cost = function(maps).sum(axis=(0, 2, 3))
    outputs = [cost, T.grad(T.sqr(function(maps)).sum(), w)]
    images = np.abs(normal(n, 1, 6, 6)) + 0.1
    ours, theirs = (theano.function([x], outputs, mode=mode) for mode in (None, THEANOS))
    assert count(ours, "SumChannels") == 1 and count(ours, "Elementwise") >= 1
    for found, wanted in zip(ours(images), theirs(images)):
        np.testing.assert_allclose(found, wanted, rtol=2e-4)


def test_maps_of_different_numbers_of_images_are_not_mixed():
    x, z, w = T.ftensor4(), T.ftensor4(), normal(2, 1, 3, 3)
    function = theano.function([x, z], T.nnet.conv2d(x, w) * T.nnet.conv2d(z, w))
    assert count(function, "Elementwise") == 1
    with pytest.raises((AssertionError, ValueError), match="as many"):
        function(normal(3, 1, 6, 6), normal(4, 1, 6, 6))  # both fill one block


def test_digits_do_not_depend_on_the_number_of_threads(monkeypatch):
    library = operations.onednn.loaded()
    if not hasattr(library, "threads_share"):
        pytest.skip("the library of shared threads is not here")
    inputs, outputs = network()
    function = theano.function(inputs, outputs)
    data = normal(200, 144), np.arange(200, dtype="int32") % 3
    library.threads_heed_others(0)
    try:
        several = function(*data)
        library.threads_use_at_most(1)
        for one, other in zip(several, function(*data)):
            np.testing.assert_array_equal(one, other)
    finally:
        library.threads_use_at_most(len(os.sched_getaffinity(0)))
        library.threads_heed_others(1)


# Operations by themselves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 8, 19])
def test_images_come_out_of_blocks_as_they_went_in(n):
    x, number = T.ftensor4(), T.lscalar()
    into, blocks = theano.function([x], operations.ToBlocks()(x)), BLOCKS()
    out_of = theano.function([blocks, number], operations.FromBlocks()(blocks, number))
    images = normal(n, 3, 5, 4)
    found = into(images)
    assert found.shape == (-(-n // LANES), 3, 5, 4, LANES)
    assert found.ctypes.data % 64 == 0  # no vector lies on two cache lines
    np.testing.assert_array_equal(found[n // LANES :, ..., n % LANES :] if n % LANES else 0, 0)
    np.testing.assert_array_equal(out_of(found, n), images)
    with pytest.raises(ValueError, match="do not fill"):
        out_of(found, n + LANES)


def test_shapes_are_known_without_computing():
    inputs, _ = network()
    x, w = T.ftensor4("x"), T.ftensor4("w")
    for mode in ["valid", "half", "full", (2, 1)]:
        y = pool_2d(T.nnet.conv2d(x, w, border_mode=mode), (2, 3), ignore_border=False)
        shape = theano.function([x, w], [T.nnet.conv2d(x, w, border_mode=mode).sum(), *y.shape])
        images, filters = normal(9, 2, 8, 9), normal(4, 2, 3, 3)
        found = theano.function([x, w], y)(images, filters)
        assert tuple(shape(images, filters)[1:]) == found.shape
        assert count(shape, "MaxPool", "Pool") == 0


def test_the_version_of_the_code_is_that_of_the_header():
    """Or modules that an earlier header was compiled into would be found again."""
    assert operations._CHECKSUM in operations.ToBlocks().c_code_cache_version()
    x = T.ftensor4()
    node = operations.Elementwise(theano.scalar.tanh, "b").make_node(T.lscalar(), operations.ToBlocks()(x))
    assert operations._CHECKSUM in node.op.c_code_cache_version_apply(node)
