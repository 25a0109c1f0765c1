"""The exercises of notebook 07."""

import numpy as np
import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d

from deeplearning_tutorial.convolution import LeNetConvPoolLayer
from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    compare,
    describe,
    diagnose,
    result_of,
    same,
    sigmoid,
    symbolic,
    values_of,
    without_own_input,
)

EXERCISES = {}


_GRAPH = "Use the arguments as they are: the operations on them build the graph."

# Theano has no convolution in Python: compiled, but with few rewrites, so that answers share what is compiled.
_IN_C = theano.Mode(linker="cvm" if theano.config.cxx else "py", optimizer="fast_compile").excluding("gpuarray_opt")


def _computed(expression, inputs, values):
    """`values_of`, for what has a convolution in it."""

    def compute(*values):
        return theano.function(inputs, expression, on_unused_input="ignore", mode=_IN_C)(*values)

    return array_of(compute, *values, known=[*_LAYERS, *_BIASES])


def _normal(seed, *shapes):
    rng = np.random.RandomState(seed)
    return [rng.normal(size=shape).astype(theano.config.floatX) for shape in shapes]


# --- A filter slid over an image ---------------------------------------------------------------------------------


def slide(image, weights):
    """Lay a filter upon each place of an image, as it is, multiply and add up."""
    height, width = weights.shape
    found = np.zeros((image.shape[0] - height + 1, image.shape[1] - width + 1))
    for row, column in np.ndindex(found.shape):
        window = image[row : row + height, column : column + width]
        found[row, column] = np.sum(window * weights)
    return found


def _examine_slide(answer):
    image, weights = _normal(0, (7, 8), (2, 3))
    wanted = cross_correlation(image, weights)
    given = image.copy()
    found = array_of(answer, given, weights, known=_WINDOWS)
    if not np.array_equal(given, image):
        raise Wrong(
            "It changes the image itself: a slice is a view, so that `window *= weights` writes into the image. Make a new "
            "array: `window * weights`."
        )
    diagnose(
        found,
        (
            cross_correlation(image, weights[::-1, ::-1]),
            "It turns the filter by 180 degrees. That is a true convolution, to which we come next; here the filter is laid "
            "upon the image as it is.",
        ),
        (wanted / weights.size, "That is the mean of the products. Here they are added up."),
        (
            wanted[:-1, :-1],
            "The last row and the last column are missing: in a height of 7, a filter 2 high has 7 - 2 + 1 = 6 places.",
        ),
        (
            wanted[::2, ::3],
            "The filter moves by its own height and width. It should move by one pixel at a time, and windows overlap.",
        ),
        (
            np.trunc(wanted),
            "All fractions are cut off: an array of whole numbers holds no others. Leave the `dtype` out.",
        ),
        (wanted.T, "Rows and columns are exchanged."),
        *[
            (
                cross_correlation(image, mirrored),
                "The filter is mirrored, in one direction. Lay it upon the image as it is.",
            )
            for mirrored in (weights[::-1], weights[:, ::-1])
        ],
        (
            cross_correlation(image, np.full_like(weights, weights.sum())),
            "It multiplies two sums, that of the window and that of the weights. Multiply number by number first, then add up.",
        ),
        (
            cross_correlation(image, np.ones_like(weights)),
            "It adds up the pixels of a window. Multiply them by the weights first.",
        ),
        (
            np.cumsum(wanted).reshape(wanted.shape),
            "The sums go on from place to place. Each place begins with 0 again.",
        ),
        (
            np.max([w * image[i : i + 6, j : j + 6] for (i, j), w in np.ndenumerate(weights)], axis=0),
            "That is the largest of the products. Add them up.",
        ),
        *[
            (
                weights[place] * image[i : i + 6, j : j + 6],
                "Only one weight of the filter is used. Add up the products of all.",
            )
            for place, i, j in [((0, 0), 0, 0), ((-1, -1), 1, 2)]
        ],
        (image[:6, :6], "Those are the pixels. Multiply each window by the weights, and add up."),
        (0 * wanted, "All of it is 0: nothing has been stored in it, or whole numbers drop the fractions."),
        (
            cross_correlation(image, weights.T),
            "The filter lies on its side. Lay it upon the image as it is.",
        ),
        (
            wanted[0, 0],
            "That is the first place only. Does the `return` stand inside the loop? And each place has a number.",
        ),
    )
    if np.shape(found) == image.shape:
        raise Wrong(
            "It has as many numbers as the image. Use only those places where the whole filter lies within the image: "
            "7 - 2 + 1 = 6 in a height of 7, if the filter is 2 high."
        )
    if np.shape(found) == (8, 10):
        raise Wrong(
            "For an image of 7 x 8 pixels it returns 8 x 10 numbers: it uses places where the filter, of 2 x 3, stands out over the "
            "border. Use those where the whole of it lies within."
        )
    if np.shape(found) != wanted.shape:
        compare(
            found,
            wanted,
            f"For an image of 7 x 8 pixels and a filter of 2 x 3 it should return the shape {wanted.shape}, a number for each "
            f"place of the filter, and returns {np.shape(found)}.",
        )
    compare(
        found,
        wanted,
        "The shape is right. But some numbers are not the sum over a window of the image times the filter.",
    )
    return "one number for each place of the filter, each the sum of a window times the filter."


_WINDOWS = [
    (
        "could not be broadcast",
        "A window and the filter differ in shape: from row `r` on it takes `r:r + height`, where the height is the filter's, and "
        "the last place is where the filter still fits.",
    ),
    *[
        (words, "That is the product of matrices. A window and the filter are multiplied number by number, by `*`.")
        for words in ("matmul: Input operand", "not aligned")
    ],
    (
        "setting an array element",
        "It stores a whole window at a place for one number. Add its products up: `np.sum`.",
    ),
]


def cross_correlation(image, weights):
    """A filter laid upon each place of an image, where it fits. Each weight sees the image moved."""
    rows, columns = (n - k + 1 for n, k in zip(image.shape, weights.shape))
    return sum(weight * image[i : i + rows, j : j + columns] for (i, j), weight in np.ndenumerate(weights))


EXERCISES["slide"] = Exercise(
    "The filter has `image.shape[0] - height + 1` places from top to bottom, and as many from left to right with widths. Make an array of "
    "zeros of that shape. Two loops go through its rows and columns; inside, cut out the window that begins there, as large as the "
    "filter, and `np.sum` its product with the filter.",
    slide,
    _examine_slide,
)


# --- Sizes, parameters, multiplications --------------------------------------------------------------------------


def layer_numbers(n_maps, n_channels, filter_size, image_size):
    """Size of a map, number of parameters, number of multiplications."""
    map_size = image_size - filter_size + 1
    n_weights = n_maps * n_channels * filter_size**2
    return map_size, n_weights + n_maps, map_size**2 * n_weights


def _examine_layer_numbers(answer):
    returned = result_of(answer, 7, 3, 5, 12)
    if isinstance(returned, (tuple, list)) and any(isinstance(number, (tuple, list)) for number in returned):
        raise Wrong(
            f"It returns {returned}. Each of the three is one number: a map is as wide as it is high, so say its width."
        )
    found = array_of(answer, 7, 3, 5, 12)
    if found.shape != (3,):
        raise Wrong(
            f"It returns {describe(returned)}. It should return three numbers: the size of a map, the parameters, the "
            "multiplications."
        )
    if sorted(found.tolist()) == [8, 532, 33600] and found.tolist() != [8, 532, 33600]:
        raise Wrong(
            "The numbers are right, but in another order: the size of a map, the parameters, the multiplications."
        )
    size, parameters, multiplications = (float(number) for number in found)
    diagnose(
        size,
        (7, "The size of a map is one too small: a filter as wide as the image still has one place."),
        (
            12,
            "The size of a map is that of the image. At the border the filter does not fit: `image_size - filter_size + 1`.",
        ),
        (64, "The first number is the side of a map, and not how many numbers are in it."),
        (12 // 5, "The filter moves by one pixel at a time, and not by its own width."),
        (4, "The filter moves by one pixel at a time, and not by two."),
        (9, "The size of a map is one too large: `image_size - filter_size + 1`."),
        (12 / 5, "The filter moves by one pixel at a time, and not by its own width."),
    )
    if size != 8:
        raise Wrong(f"In an image 12 wide, a filter 5 wide has 8 places, and it says {size:g}.")
    weights = 7 * 3 * 5 * 5
    diagnose(
        parameters,
        (weights, "The biases are missing among the parameters: one for each map."),
        (
            weights + 7 * 64,
            "It counts a bias for each number of a map. The units of a map share their bias, as they share their weights.",
        ),
        (weights + 1, "There is a bias for each map, and not one for all."),
        (weights + 3, "There is a bias for each map, and not for each channel."),
        (weights + 7 * 3, "There is a bias for each map. All channels of a map share it."),
        (3 * 25 + 1, "Those are the parameters of one map. There are seven of them."),
        (7 * (3 + 25 + 1), "The filter has its pixels *in each* channel: multiply by the channels, do not add them."),
        (
            64 * (weights + 7),
            "Weights and biases are counted once more for each place of the filter. They are shared by all places.",
        ),
        (
            7 * 3 * (5 + 5) + 7,
            "A filter is as high as it is wide, so it has 5 times 5 weights in each channel, and not 5 plus 5.",
        ),
        (7 * 25 + 7, "A filter looks at all channels, and has weights of its own for each of them."),
        (
            7 * (3 * 144 + 1),
            "It counts a weight for each pixel of the image. The filter has one for each of its own pixels.",
        ),
        (
            7 * 64 * (3 * 144 + 1),
            "That is a layer as in an MLP, in which each unit looks at all pixels. Here a map shares one filter, of few pixels.",
        ),
        ((7 + 3) * 25 + 7, "Maps and channels are added. Each map has a filter for *each* channel: multiply them."),
        *[
            (values, "`^` is no power in Python, though numbers know it. That is written `**`.")
            for values in (7 * (3 * 5 ^ 2 + 1), 7 * 3 * 5 ^ 2 + 7, 7 * (3 * (5 ^ 2) + 1), 7 * 3 * (5 ^ 2) + 7)
        ],
        (7 * 3 * 5 + 7, "A filter is as high as it is wide: square its size."),
        (
            64 * weights + 7,
            "The weights are counted once more for each place of the filter. They are shared by all places.",
        ),
    )
    if parameters != weights + 7:
        raise Wrong(
            f"7 maps of 3 channels with filters of 5 x 5 have 532 parameters, biases included, and it says {parameters:g}."
        )
    diagnose(
        multiplications,
        (
            weights,
            "Those are the multiplications at one place. The filters are laid upon each place of the image, which is as many times as a "
            "map has numbers.",
        ),
        (64 * (weights + 7), "A bias is added, and multiplies nothing: only weights do."),
        (8 * weights, "A map has as many rows as columns: square its size."),
        (
            144 * weights,
            "The filter does not fit at each pixel of the image: count the places, which is the numbers in a map.",
        ),
        (64 * 7 * 25, "A filter looks at all channels: it multiplies in each of them."),
        (64 * 25, "Those are the multiplications of one filter in one channel. There are several of both."),
        (8 * 12 * weights, "A map is as high as it is wide: square its size."),
        (64 * 3 * 25, "Those are the multiplications for one map. There are seven of them."),
        (
            7 * 144 * 3,
            "That is one for each pixel of the image, channel and map. At each place a filter multiplies all of its weights.",
        ),
        (8 * (weights + 7), "A map has as many rows as columns: square its size. And a bias multiplies nothing."),
        (144 * (weights + 7), "The filter has fewer places than the image has pixels, and a bias multiplies nothing."),
        (
            64 * 532 * 144,
            "Each weight is used once at each place of the filter, and that is all: do not multiply by the pixels of the image, too.",
        ),
        (2 * 64 * weights, "The additions are counted, too. Wanted are the multiplications."),
        (64, "Those are the places. At each of them all weights of all filters multiply."),
        (64 * 7, "Those are the numbers in all maps. For each of them a filter multiplies all of its weights."),
    )
    if multiplications != 64 * weights:
        raise Wrong(f"These filters multiply 33,600 times for an image of 12 x 12, and it says {multiplications:g}.")
    # Right for one layer, it could still be a fixed one.
    if not same(array_of(answer, 2, 4, 3, 9), (7, 74, 3528)):
        raise Wrong("It is right for 7 maps of 3 channels, 5 x 5 and 12 x 12, and wrong for other numbers.")
    return "few parameters, and many multiplications, for each weight is used at every place."


EXERCISES["layer_numbers"] = Exercise(
    "How many places has a filter from left to right? That is the size of a map. A filter has a weight for each of its pixels in each "
    "channel, and each map one bias. For the multiplications: how often is each weight used?",
    layer_numbers,
    _examine_layer_numbers,
)


# --- Max-pooling -------------------------------------------------------------------------------------------------


def max_pool(feature_map, size):
    """The largest number of each window."""
    height, width = feature_map.shape[0] // size, feature_map.shape[1] // size
    found = np.zeros((height, width))
    for row, column in np.ndindex(height, width):
        window = feature_map[row * size : (row + 1) * size, column * size : (column + 1) * size]
        found[row, column] = window.max()
    return found


def _examine_max_pool(answer):
    (values,) = _normal(0, (7, 9))
    found = array_of(answer, values, 2)
    windows = values[:6, :8].reshape(3, 2, 4, 2)
    wanted = windows.max(axis=(1, 3))
    overlapping = np.max([values[i : i + 6, j : j + 8] for i in (0, 1) for j in (0, 1)], axis=0)
    rest = np.pad(values, ((0, 1), (0, 1)), constant_values=-np.inf).reshape(4, 2, 5, 2).max(axis=(1, 3))
    diagnose(
        found,
        (windows.mean(axis=(1, 3)), "That is the mean of each window. Keep the largest number."),
        (windows.sum(axis=(1, 3)), "That is the sum of each window. Keep the largest number."),
        (windows.min(axis=(1, 3)), "That is the smallest number of each window. Keep the largest."),
        (windows[:, 0, :, 0], "It keeps the first number of each window, and not the largest."),
        (np.abs(windows).max(axis=(1, 3)), "It looks at sizes without their sign. The largest of -3 and 1 is 1."),
        (
            np.maximum(wanted, 0),
            "Where all of a window is negative, it says 0. The largest of -3 and -1 is -1.",
        ),
        (
            overlapping,
            "The windows overlap. The next one begins where the last one ends: `size` rows or columns further.",
        ),
        (rest, "At the bottom and on the right it pools what is left, less than a window. Drop that here."),
        (wanted.T, "Rows and columns are exchanged."),
        (values.max(), "That is the largest number of the whole map. Each window has its own."),
        (values[::2, ::2], "It keeps every second number. Look for the largest of each window."),
        (values[:6:2, :8:2], "It keeps every second number. Look for the largest of each window."),
        (
            overlapping[:3, :4],
            "Window number `row` begins at `row` here, so that windows overlap. It should begin at `row * size`.",
        ),
        (
            windows.transpose(0, 2, 1, 3).reshape(3, 4, 4).argmax(axis=2),
            "That is where in its window the largest number stands. Keep the number itself: `max` instead of `argmax`.",
        ),
        (0 * wanted, "All of it is 0: nothing has been stored in it."),
        (wanted[0, 0], "That is the first window only. Does the `return` stand inside the loop?"),
        (
            values[:6, :8].reshape(3, 4, 2, 2).max(axis=(2, 3)),
            "`reshape` takes the numbers in the order of reading, so its windows are pieces of rows. Reshape to "
            "`(height, size, width, size)`.",
        ),
        *[
            (windows.max(axis=axis), f"It pools {name} only. A window has both.")
            for axis, name in [(1, "rows"), (3, "columns")]
        ],
    )
    if np.shape(found) == (4, 3):
        raise Wrong("It has 4 rows and 3 columns, from a map of 7 rows and 9 columns: height and width are exchanged.")
    if np.shape(found) == values.shape:
        raise Wrong(
            "It returns as many numbers as the map has. Return one for each window, so half as many rows and columns."
        )
    if np.shape(found) != wanted.shape:
        raise Wrong(
            f"For a map of 7 x 9 and a size of 2 it should return the shape (3, 4), a number for each window, and returns "
            f"{np.shape(found)}."
        )
    compare(found, wanted, "The shape is right. But some numbers are not the largest of their window.")
    by_three = array_of(answer, values, 3)
    if not same(by_three, values[:6].reshape(2, 3, 3, 3).max(axis=(1, 3))):
        raise Wrong("It is right for windows of 2 x 2, and wrong for 3 x 3: use `size`.")
    return "of each window the largest number is kept, and where it was is forgotten."


EXERCISES["max_pool"] = Exercise(
    "How many whole windows fit from top to bottom? `//` divides and drops the rest. Window number `row` begins at `row * size`, and "
    "the next begins where it ends. An array has a method `max`.",
    max_pool,
    _examine_max_pool,
)


# --- A layer -----------------------------------------------------------------------------------------------------


def conv_pool_layer(images, W, b):
    """A convolution, max-pooling, a bias for each map, tanh."""
    maps = T.nnet.conv2d(images, W)
    pooled = pool_2d(maps, (2, 2), ignore_border=True)
    return T.tanh(pooled + b.dimshuffle("x", 0, "x", "x"))


def _examine_conv_pool_layer(answer):
    images, W, b = T.tensor4("images"), T.tensor4("W"), T.vector("b")
    found = symbolic(result_of(answer, images, W, b, known=_LAYERS), _GRAPH)
    # Maps of 6 x 7, so that a row of theirs is left over, and three of them, as many as a pooled map has rows.
    values = _normal(0, (2, 2, 8, 9), (3, 2, 3, 3), 3)
    found = _computed(found, [images, W, b], values)
    pixels, filters, biases = values
    bias = biases[:, None, None]
    maps, unturned = (convolved(pixels, f) for f in (filters, filters[:, :, ::-1, ::-1]))
    pooled = _pooled(maps, np.max)
    wanted = np.tanh(pooled + bias)
    diagnose(
        found,
        (pooled, "The bias and tanh are missing."),
        (np.tanh(pooled), "The biases `b` are missing."),
        (pooled + bias, "The activation function is missing: tanh around all of it."),
        (np.tanh(pooled) + bias, "The bias belongs inside: first it is added, then comes tanh."),
        (np.tanh(maps + bias), "Nothing is pooled: `pool_2d` with windows of 2 x 2."),
        (
            np.tanh(_pooled(unturned, np.max) + bias),
            "The filters are not turned (`filter_flip=False`). That learns as well, but here it should be a true convolution, as "
            "`T.nnet.conv2d` does it without being told.",
        ),
        (
            np.tanh(_pooled(maps, np.mean) + bias),
            "It takes the mean of each window. Without a `mode`, `pool_2d` takes the largest.",
        ),
        (
            np.tanh(pooled + biases[:, None]),
            'The biases are given to the rows of a map. The maps are the second axis: `dimshuffle("x", 0, "x", "x")`.',
        ),
        (
            np.tanh(pooled + biases),
            "The bias is added along a row of each map. It belongs to the second axis, that of the maps: `dimshuffle`.",
        ),
        (
            np.tanh(convolved(_pooled(pixels, np.max), filters) + bias),
            "The images are pooled before the convolution. First come the filters, then pooling.",
        ),
        *[
            (np.tanh(values), f"The bias is {what}. It is added to each pooled map.")
            for values, what in [(pooled - bias, "subtracted"), (pooled * bias, "multiplied")]
        ],
        *[
            (
                values,
                "tanh is taken too early. It comes last, around pooling and bias.",
            )
            for values in (
                _pooled(convolved(np.tanh(pixels), filters), np.max) + bias,
                _pooled(convolved(np.tanh(pixels), filters), np.max),
            )
        ],
        (np.tanh(np.tanh(pooled) + bias), "tanh is taken twice. It comes last, and once."),
        (np.tanh(wanted), "tanh is taken twice. It comes last, and once."),
        (maps, "That is the convolution alone. Pooling, the bias and tanh are missing."),
        (
            np.tanh(_pooled(maps, np.sum) + bias),
            "It takes the sum of each window. Without a `mode`, `pool_2d` takes the largest.",
        ),
        (sigmoid(pooled + bias), "The activation function should be tanh, and is the sigmoid."),
        (np.maximum(pooled + bias, 0), "The activation function should be tanh, and is ReLU."),
    )
    if np.shape(found) in [(2, 3, 1, 1), (2, 3, 2, 2)]:
        raise Wrong(
            f"The maps are of {found.shape[2]} x {found.shape[3]} numbers, and should be of 3 x 3: it pools twice, or in larger windows "
            "than 2 x 2."
        )
    if np.shape(found) in [(2, 3, 4, 4), (2, 3, 4, 5), (2, 3, 5, 5)]:
        raise Wrong(
            f"From 2 images of 8 x 9 pixels it makes the shape {np.shape(found)}, and not {wanted.shape}: is there a border around the "
            "images (`border_mode`), or are windows pooled that are not whole (`ignore_border=True` drops these)? Here the filter "
            "stays within the image, as `conv2d` does it without being told, and what is left over is dropped."
        )
    if np.shape(found) != wanted.shape:
        raise Wrong(
            f"For 2 images of 8 x 9 pixels and 3 filters of 3 x 3 it should be of the shape {wanted.shape}, and is {np.shape(found)}: maps of "
            "6 x 7, of which windows of 2 x 2 are kept, and a last column that is left over is dropped (`ignore_border=True`)."
        )
    compare(
        found,
        wanted,
        "The shape is right, but it is not tanh of the pooled convolution plus a bias for each map.",
    )
    return "a convolution, the largest of each window, a bias for each map, tanh."


_LAYERS = [
    (
        "length not known",
        "The third argument of `T.nnet.conv2d` is no bias, but a shape: add the bias after pooling.",
    ),
    (
        "impossible output shape",
        "The filters do not fit into the images: are they exchanged? `T.nnet.conv2d` takes the images, then the filters.",
    ),
    ("Shape mismatch: x has", "`T.dot` is the product of matrices, and no convolution. That is `T.nnet.conv2d`."),
    *[
        (
            words,
            "A symbolic tensor is handed to something that is made for a NumPy matrix, such as `slide` or `max_pool` of the exercises "
            "before. Use Theano's `T.nnet.conv2d` and `pool_2d`.",
        )
        for words in ("values to unpack", "Variable' object cannot be interpreted as an integer")
    ],
]
"""Words of errors in convolutions of symbolic tensors, and their diagnoses."""

_BIASES = [
    (
        words,
        "What there is for each map does not lie along the axis of the maps, the second of four. As it is, a vector lies along the "
        'last. `dimshuffle("x", 0, "x", "x")` gives it four axes.',
    )
    for words in ("Input dimension mis-match", "could not be broadcast", "broadcast")
]


def convolved(images, filters):
    """True convolutions of images (n, channels, height, width) where a filter lies wholly within the image, in NumPy."""
    turned = filters[:, :, ::-1, ::-1]
    channels = range(images.shape[1])
    return np.array([[sum(cross_correlation(image[c], f[c]) for c in channels) for f in turned] for image in images])


def _pooled(maps, function):
    """Of each window of 2 x 2 one number; what is left over is dropped."""
    height, width = maps.shape[2] // 2, maps.shape[3] // 2
    windows = maps[:, :, : 2 * height, : 2 * width].reshape(*maps.shape[:2], height, 2, width, 2)
    return function(windows, axis=(3, 5))


EXERCISES["conv_pool_layer"] = Exercise(
    "`T.nnet.conv2d` takes the images, then the filters. `pool_2d` takes maps, the size of a window, and `ignore_border`. "
    "`b` has one axis, and has to become a tensor with four, of which the second is its own: that is what `dimshuffle` does, "
    'with "x" for each axis along which the same number is used.',
    conv_pool_layer,
    _examine_conv_pool_layer,
)


# --- What each map sees ------------------------------------------------------------------------------------------


def maps_of(layer, x, digits):
    """What the maps of a layer say of digits."""
    return theano.function([x], layer.output)(digits)


def _examine_maps_of(answer):
    x = T.matrix("x")
    images = x.reshape((x.shape[0], 1, 6, 6))
    layer = LeNetConvPoolLayer(np.random.RandomState(0), images, (3, 1, 3, 3), (None, 1, 6, 6))
    digits, biases = _normal(0, (4, 36), 3)
    layer.b.set_value(biases)
    known = [
        *without_own_input("x"),
        ("Bad input argument", "The digits are rows of pixels, and are passed in as `x`, which is a matrix."),
        (
            "Variable' object is not callable",
            "A symbolic expression cannot be called. Compile it with `theano.function`, and call the compiled function.",
        ),
        *[
            (
                f"no attribute '{method}'",
                "An expression holds no numbers. Compile a function from `x` to it, and call that with `digits`.",
            )
            for method in ("get_value", "set_value")
        ],
        ("no attribute 'maps'", "What a layer says is its `output`."),
        ("object is not callable", "A layer is no function. What it says is its symbolic `output`: compile that."),
        *[
            (
                words,
                "It takes the digits for images of 28 x 28 pixels. They need not be: the layer knows, so use its `output`.",
            )
            for words in ("28,28)", "28, 28)")
        ],
    ]
    found = array_of(answer, layer, x, digits, known=known)
    pooled = _pooled(convolved(digits.reshape(-1, 1, 6, 6), layer.W.get_value()), np.max)
    wanted = np.tanh(pooled + biases[:, None, None])
    diagnose(
        found,
        (digits, "Those are the digits, as they came in."),
        (digits.reshape(-1, 1, 6, 6), "Those are the digits as images, the layer's input. Its maps are its `output`."),
        (layer.W.get_value(), "Those are the filters. What they find in the digits is the layer's `output`."),
        (wanted[0], "That is the first digit only."),
        (wanted.reshape(4, -1), "All maps of a digit are in one row. Leave them as they are, with four axes."),
        *[
            (
                wanted.transpose(axes),
                "The numbers are right, but the axes are in another order: digits, maps, height, width.",
            )
            for axes in [(1, 0, 2, 3), (0, 2, 3, 1)]
        ],
        (
            wanted[:, None],
            "There is an axis too much, the second: each digit was computed as a mini-batch of its own. Compute all at once.",
        ),
        (wanted[:1], "That is the first digit only."),
        (wanted[:, 0], "That is the first map only."),
        *[
            (values, f"That is the {name} of all maps. Return each of them.")
            for values, name in [(wanted.mean(axis=1), "mean"), (wanted.max(axis=1), "largest")]
        ],
        (
            wanted.reshape(12, 2, 2),
            "The maps of all digits are in one row. Leave them as they are, with four axes.",
        ),
    )
    if np.shape(found) != wanted.shape:
        raise Wrong(
            f"For 4 digits and 3 maps of 2 x 2 it should be of the shape {wanted.shape}, and is {np.shape(found)}."
        )
    compare(found, wanted, "These are not the outputs of the layer for these digits.")
    return "for each digit all maps of the layer, each of them a picture."


EXERCISES["maps_of"] = Exercise(
    "It is `hidden_activations` of notebook 02 again: the layer has its symbolic `output`, which is computed from `x`. Compile a function "
    "from the one to the other, and call it with `digits`.",
    maps_of,
    _examine_maps_of,
)


# --- Batch normalization -----------------------------------------------------------------------------------------


def normalize_maps(maps, gamma, beta, epsilon):
    """Each map with mean 0 and variance 1 over the mini-batch, then stretched and moved."""
    each = ("x", 0, "x", "x")
    mean = T.mean(maps, axis=(0, 2, 3)).dimshuffle(*each)
    variance = T.var(maps, axis=(0, 2, 3)).dimshuffle(*each)
    return gamma.dimshuffle(*each) * (maps - mean) / T.sqrt(variance + epsilon) + beta.dimshuffle(*each)


def _examine_normalize_maps(answer):
    maps, gamma, beta, epsilon = T.tensor4("maps"), T.vector("gamma"), T.vector("beta"), 0.25
    found = symbolic(result_of(answer, maps, gamma, beta, epsilon), _GRAPH)
    # As many rows in a map as there are maps: a vector along the wrong axis can be added, and recognized.
    v, g, b = _normal(0, (3, 2, 2, 5), 2, 2)
    v = v * np.array([2, 0.5], dtype=v.dtype)[:, None, None] + 1
    found = values_of(found, [maps, gamma, beta], [v, g, b], known=_BIASES)
    stretch, move = g[:, None, None], b[:, None, None]

    def standardized(*axes):
        return (v - v.mean(axis=axes, keepdims=True)) / np.sqrt(v.var(axis=axes, keepdims=True) + epsilon)

    one = standardized(0, 2, 3)
    centred, variance = v - v.mean(axis=(0, 2, 3), keepdims=True), v.var(axis=(0, 2, 3), keepdims=True)
    diagnose(
        found,
        (
            stretch * standardized(0) + move,
            "Mean and variance are of each pixel by itself, over the digits. All pixels of a map share them: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * standardized(2, 3) + move,
            "Mean and variance are of each digit by itself. They are over the whole mini-batch, too: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * standardized(1, 2, 3) + move,
            "Mean and variance are over all maps of a digit. Each map has its own, over all digits: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * standardized(0, 1, 2, 3) + move,
            "One mean and one variance are used for all maps. Each map has its own: `axis=(0, 2, 3)`.",
        ),
        (stretch * centred / (variance + epsilon) + move, "It divides by the variance: the square root is missing."),
        (
            stretch * centred / (np.sqrt(variance) + epsilon) + move,
            "`epsilon` is added to the standard deviation. In the formula it stands below the root, with the variance.",
        ),
        (
            stretch * centred / np.sqrt(variance) + move,
            "`epsilon` is missing: without it a map that is flat divides by zero.",
        ),
        (stretch * v / np.sqrt(variance + epsilon) + move, "The mean is not taken away."),
        (stretch * centred + move, "Nothing is divided by the standard deviation."),
        (
            one,
            "`gamma` and `beta` are missing: what is normalized is stretched by the first, then moved by the second.",
        ),
        (stretch * one, "`beta` is missing: it is added at the end."),
        (one + move, "`gamma` is missing: it multiplies what is normalized."),
        (move * one + stretch, "`gamma` and `beta` are exchanged: the first multiplies, the second is added."),
        (stretch * (one + move), "`beta` is multiplied by `gamma`. First stretch, then move."),
        (
            stretch * standardized(1) + move,
            "Mean and variance are over the maps, the second axis. That is the one to leave out: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * v - v.mean(axis=(0, 2, 3), keepdims=True) / np.sqrt(variance + epsilon) + move,
            "Only the mean is divided. Put brackets around the difference of the maps and their mean.",
        ),
        (
            g[:, None] * one + b[:, None],
            "`gamma` and `beta` are given to the rows of a map. The maps are the second of four axes: "
            '`dimshuffle("x", 0, "x", "x")`.',
        ),
        (
            stretch * (v - v.mean(axis=(2, 3), keepdims=True)) / np.sqrt(variance + epsilon) + move,
            "The mean is of each digit by itself. It is over the whole mini-batch, as the variance: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * centred / np.sqrt(np.sqrt(variance) + epsilon) + move,
            "Below the root stands the standard deviation. It should be the variance, `T.var`.",
        ),
        (
            stretch * centred / np.sqrt(variance * epsilon) + move,
            "`epsilon` multiplies the variance. It is added to it.",
        ),
        (move * one, "`beta` multiplies. `gamma` multiplies, and `beta` is added."),
        (
            stretch * centred / np.sqrt(variance * v[:, 0].size + epsilon) + move,
            "It adds up the squares. The variance is their mean.",
        ),
        (
            stretch * centred / np.sqrt((v**2).mean(axis=(0, 2, 3), keepdims=True) + epsilon) + move,
            "It takes the mean of the squares of what is not yet centred. The variance is about the mean: `T.var`.",
        ),
        (stretch * one - move, "`beta` is subtracted. Add it."),
        (one / stretch + move, "It divides by `gamma`. Multiply by it."),
        (
            stretch * centred / np.sqrt(variance + epsilon**2) + move,
            "`epsilon` is squared. Add it as it is, below the root.",
        ),
        (stretch * centred * np.sqrt(variance + epsilon) + move, "It multiplies by the root. Divide by it."),
        (stretch + one + move, "`gamma` is added. It multiplies what is normalized."),
        (
            stretch * standardized(0, 2) + move,
            "Mean and variance are of each column of a map. All of its pixels share them: `axis=(0, 2, 3)`.",
        ),
        (
            stretch * standardized(0, 3) + move,
            "Mean and variance are of each row of a map. All of its pixels share them: `axis=(0, 2, 3)`.",
        ),
    )
    if np.shape(found) != v.shape:
        raise Wrong(f"For maps of the shape {v.shape} it returns {np.shape(found)}: it should be the same shape.")
    compare(
        found,
        stretch * one + move,
        "It is not each map, less its mean, divided by the root of its variance plus `epsilon`, times `gamma`, plus `beta`.",
    )
    return "each map has its own mean and variance, over all digits and all pixels."


EXERCISES["normalize_maps"] = Exercise(
    "`T.mean` and `T.var` take an `axis`, which may be several: all of them but that of the maps, the second. What is left is a number for each "
    "map; before it meets the maps it needs its four axes back, as the bias did. The same goes for `gamma` and `beta`.",
    normalize_maps,
    _examine_normalize_maps,
)
