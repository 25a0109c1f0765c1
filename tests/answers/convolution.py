"""Right and wrong answers to the exercises of notebook 07."""

import numpy as np
import theano
import theano.tensor as T
from numpy.lib.stride_tricks import sliding_window_view
from theano.tensor.signal.pool import pool_2d

conv2d = T.nnet.conv2d
IN_C = theano.Mode(linker="cvm", optimizer="fast_compile")  # Theano has no convolution in Python


# --- Filters ---


def slide(image, weights):
    return np.einsum("ijkl,kl->ij", sliding_window_view(image, weights.shape), weights)


def slide_by_weights(image, weights):
    (rows, columns), (height, width) = image.shape, weights.shape
    found = 0
    for i in range(height):
        for j in range(width):
            found = found + weights[i, j] * image[i : i + rows - height + 1, j : j + columns - width + 1]
    return found


def slide_over_the_edge(image, weights):
    found = np.zeros(image.shape)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            window = image[row : row + weights.shape[0], column : column + weights.shape[1]]
            found[row, column] = np.sum(window * weights)
    return found


def slide_into_the_image(image, weights):
    (height, width), found = weights.shape, []
    for row in range(image.shape[0] - height + 1):
        for column in range(image.shape[1] - width + 1):
            window = image[row : row + height, column : column + width]
            window *= weights
            found.append(window.sum())
    return np.reshape(found, (image.shape[0] - height + 1, -1))


def slide_padded(image, weights):
    return slide(np.pad(image, ((1, 0), (1, 1))), weights)


# --- Numbers ---


def numbers(n_maps, n_channels, filter_size, image_size):
    places = (image_size - filter_size + 1) ** 2
    weights = n_maps * n_channels * filter_size * filter_size
    return [image_size - filter_size + 1, (n_channels * filter_size**2 + 1) * n_maps, places * weights]


def other_numbers(size=8, parameters=532, multiplications=33600):
    return lambda *arguments: (size, parameters, multiplications)


# --- Pooling ---


def pool_by_slices(values, size, function=np.max):
    height, width = values.shape[0] // size, values.shape[1] // size
    whole = values[: height * size, : width * size]
    return function([whole[i::size, j::size] for i in range(size) for j in range(size)], axis=0)


def pool_overlapping(values, size):
    return sliding_window_view(values, (size, size)).max(axis=(2, 3))[: 2 * (len(values) // 2), :8]


def pool_the_rest(values, size):
    return np.array(
        [
            [values[i : i + size, j : j + size].max() for j in range(0, values.shape[1], size)]
            for i in range(0, values.shape[0], size)
        ]
    )


# --- Layers ---


def bias_of(b):
    return b.dimshuffle("x", 0, "x", "x")


def pooled(images, W, **options):
    return pool_2d(conv2d(images, W), (2, 2), ignore_border=True, **options)


def pool_last(images, W, b):
    return pool_2d(T.tanh(conv2d(images, W) + bias_of(b)), (2, 2), ignore_border=True)


def layer_by_slices(images, W, b):
    maps = conv2d(images, W)
    maps = T.maximum(maps[:, :, ::2], maps[:, :, 1::2])  # six rows
    maps = T.maximum(maps[:, :, :, :-1:2], maps[:, :, :, 1::2])
    return T.tanh(maps + b[None, :, None, None])


def output(x, expression, digits):
    return theano.function([x], expression, mode=IN_C)(digits)


# --- Normalization ---


def normalize(maps, gamma, beta, epsilon, axis=(0, 2, 3), root=T.sqrt):
    mean, variance = T.mean(maps, axis=axis, keepdims=True), T.var(maps, axis=axis, keepdims=True)
    return bias_of(gamma) * (maps - mean) / root(variance + epsilon) + bias_of(beta)


def ones_and_zeros(maps):
    return T.ones((maps.shape[1],)), T.zeros((maps.shape[1],))


def normalize_without(which):
    def answer(maps, gamma, beta, epsilon):
        one, zero = ones_and_zeros(maps)
        return normalize(maps, one if "gamma" in which else gamma, zero if "beta" in which else beta, epsilon)

    return answer


def normalize_with_built_in(maps, gamma, beta, epsilon):
    mean = maps.mean(axis=(0, 2, 3), keepdims=True)
    std = T.sqrt(maps.var(axis=(0, 2, 3), keepdims=True) + epsilon)
    return T.nnet.batch_normalization(maps, bias_of(gamma), bias_of(beta), mean, std, mode="high_mem")


def normalize_outside(maps, gamma, beta, epsilon):
    mean, variance = maps.mean(axis=(0, 2, 3), keepdims=True), maps.var(axis=(0, 2, 3), keepdims=True)
    return bias_of(gamma) * (maps - mean) / (T.sqrt(variance) + epsilon) + bias_of(beta)


def normalize_variance_only(maps, gamma, beta, epsilon):
    return bias_of(gamma) * maps / T.sqrt(maps.var(axis=(0, 2, 3), keepdims=True) + epsilon) + bias_of(beta)


def normalize_mean_only(maps, gamma, beta, epsilon):
    return bias_of(gamma) * (maps - maps.mean(axis=(0, 2, 3), keepdims=True)) + bias_of(beta)


def normalize_moved_first(maps, gamma, beta, epsilon):
    one, zero = ones_and_zeros(maps)
    return bias_of(gamma) * (normalize(maps, one, zero, epsilon) + bias_of(beta))


RIGHT = [
    ("slide", slide),
    ("slide", slide_by_weights),
    ("layer_numbers", numbers),
    ("layer_numbers", lambda m, c, k, n: np.array([n - k + 1, m * c * k * k + m, m * c * k * k * (n - k + 1) ** 2])),
    ("max_pool", pool_by_slices),
    ("conv_pool_layer", pool_last),
    ("conv_pool_layer", layer_by_slices),
    ("maps_of", lambda layer, x, digits: layer.output.eval({x: digits})),
    (
        "maps_of",
        lambda layer, x, digits: (
            output(layer.input, layer.output, digits.reshape(-1, 1, *layer.image_shape[2:]))
            if hasattr(layer, "image_shape")
            else output(x, layer.output, digits)
        ),
    ),
    ("normalize_maps", normalize),
    ("normalize_maps", normalize_with_built_in),
]

MISTAKES = [
    ("slide", lambda image, w: slide(image, w[::-1, ::-1]), "turns the filter by 180 degrees"),
    ("slide", lambda image, w: slide(image, w) / w.size, "mean of the products"),
    ("slide", lambda image, w: slide(image, w)[:-1, :-1], "The last row and the last column are missing"),
    ("slide", lambda image, w: slide(image, w)[:: w.shape[0], :: w.shape[1]], "by its own height and width"),
    ("slide", lambda image, w: slide(image, w).astype(int), "fractions are cut off"),
    ("slide", lambda image, w: slide(image, w).T, "Rows and columns are exchanged"),
    ("slide", slide_over_the_edge, "A window and the filter differ in shape"),
    ("slide", slide_into_the_image, "It changes the image itself"),
    ("slide", slide_padded, "as many numbers as the image"),
    ("slide", lambda image, w: np.sum(image), "should return the shape (6, 6)"),
    ("slide", lambda image, w: slide(image, w**2), "not the sum over a window"),
    ("slide", lambda image, w: conv2d(image, w), "takes symbolic tensors with four axes"),
    ("layer_numbers", lambda *arguments: 8, "three numbers"),
    ("layer_numbers", other_numbers(size=7), "one too small"),
    ("layer_numbers", other_numbers(size=12), "is that of the image"),
    ("layer_numbers", other_numbers(size=64), "the side of a map"),
    ("layer_numbers", other_numbers(size=2), "not by its own width"),
    ("layer_numbers", other_numbers(size=17), "has 8 places, and it says 17"),
    ("layer_numbers", other_numbers(parameters=525), "biases are missing"),
    ("layer_numbers", other_numbers(parameters=525 + 448), "a bias for each number of a map"),
    ("layer_numbers", other_numbers(parameters=526), "not one for all"),
    ("layer_numbers", other_numbers(parameters=528), "not for each channel"),
    ("layer_numbers", other_numbers(parameters=182), "looks at all channels, and has weights"),
    ("layer_numbers", other_numbers(parameters=112), "as high as it is wide"),
    ("layer_numbers", other_numbers(parameters=64 * 525 + 7), "shared by all places"),
    ("layer_numbers", other_numbers(parameters=1), "have 532 parameters, biases included, and it says 1"),
    ("layer_numbers", other_numbers(multiplications=525), "multiplications at one place"),
    ("layer_numbers", other_numbers(multiplications=64 * 532), "multiplies nothing"),
    ("layer_numbers", other_numbers(multiplications=8 * 525), "as many rows as columns"),
    ("layer_numbers", other_numbers(multiplications=144 * 525), "does not fit at each pixel"),
    ("layer_numbers", other_numbers(multiplications=64 * 175), "multiplies in each of them"),
    ("layer_numbers", other_numbers(multiplications=7), "33,600 times"),
    ("layer_numbers", other_numbers(), "wrong for other numbers"),
    ("max_pool", lambda values, size: pool_by_slices(values, size, np.mean), "mean of each window"),
    ("max_pool", lambda values, size: pool_by_slices(values, size, np.sum), "sum of each window"),
    ("max_pool", lambda values, size: pool_by_slices(values, size, np.min), "smallest number of each window"),
    ("max_pool", lambda values, size: values[:6:2, :8:2], "the first number of each window"),
    ("max_pool", lambda values, size: pool_by_slices(np.abs(values), size), "without their sign"),
    ("max_pool", lambda values, size: np.maximum(pool_by_slices(values, size), 0), "all of a window is negative"),
    ("max_pool", pool_overlapping, "The windows overlap"),
    ("max_pool", pool_the_rest, "it pools what is left"),
    ("max_pool", lambda values, size: pool_by_slices(values, size).T, "Rows and columns are exchanged"),
    ("max_pool", lambda values, size: values.max(), "largest number of the whole map"),
    ("max_pool", lambda values, size: pool_by_slices(values, size)[:2], "should return the shape (3, 4)"),
    ("max_pool", lambda values, size: pool_by_slices(-values, size), "not the largest of their window"),
    ("max_pool", lambda values, size: pool_by_slices(values, 2), "wrong for 3 x 3"),
    ("conv_pool_layer", lambda v, W, b: pooled(v, W), "The bias and tanh are missing"),
    ("conv_pool_layer", lambda v, W, b: T.tanh(pooled(v, W)), "The biases `b` are missing"),
    ("conv_pool_layer", lambda v, W, b: pooled(v, W) + bias_of(b), "activation function is missing"),
    ("conv_pool_layer", lambda v, W, b: T.tanh(pooled(v, W)) + bias_of(b), "The bias belongs inside"),
    ("conv_pool_layer", lambda v, W, b: T.tanh(conv2d(v, W) + bias_of(b)), "Nothing is pooled"),
    (
        "conv_pool_layer",
        lambda v, W, b: T.tanh(pool_2d(conv2d(v, W, filter_flip=False), (2, 2), ignore_border=True) + bias_of(b)),
        "The filters are not turned",
    ),
    (
        "conv_pool_layer",
        lambda v, W, b: T.tanh(pooled(v, W, mode="average_exc_pad") + bias_of(b)),
        "the mean of each window",
    ),
    (
        "conv_pool_layer",
        lambda v, W, b: T.tanh(pooled(v, W) + b.dimshuffle("x", "x", 0, "x")),
        "given to the rows of a map",
    ),
    ("conv_pool_layer", lambda v, W, b: T.tanh(pooled(v, W) + b), "along a row of each map"),
    ("conv_pool_layer", lambda v, W, b: T.nnet.sigmoid(pooled(v, W) + bias_of(b)), "and is the sigmoid"),
    ("conv_pool_layer", lambda v, W, b: T.nnet.relu(pooled(v, W) + bias_of(b)), "and is ReLU"),
    (
        "conv_pool_layer",
        lambda v, W, b: T.tanh(pool_2d(conv2d(v, W), (2, 2), ignore_border=False) + bias_of(b)),
        "a last column that is left over is dropped",
    ),
    (
        "conv_pool_layer",
        lambda v, W, b: T.tanh(pool_2d(conv2d(v, W) + b, (2, 2), ignore_border=True)),
        "the axis of the maps, the second of four",
    ),
    ("conv_pool_layer", lambda v, W, b: T.tanh(2 * pooled(v, W) + bias_of(b)), "not tanh of the pooled convolution"),
    ("conv_pool_layer", lambda v, W, b: 0.5, "no symbolic expression"),
    ("conv_pool_layer", lambda v, W, b: conv2d(v, W, b), "is no bias, but a shape"),
    ("maps_of", lambda layer, x, digits: digits, "the digits, as they came in"),
    ("maps_of", lambda layer, x, digits: output(x, layer.input, digits), "the layer's input"),
    ("maps_of", lambda layer, x, digits: layer.W.get_value(), "Those are the filters"),
    ("maps_of", lambda layer, x, digits: output(x, layer.output, digits)[0], "the first digit only"),
    (
        "maps_of",
        lambda layer, x, digits: output(x, layer.output.flatten(2), digits),
        "All maps of a digit are in one row",
    ),
    (
        "maps_of",
        lambda layer, x, digits: output(x, layer.output.sum(), digits),
        "it should be of the shape (4, 3, 2, 2)",
    ),
    ("maps_of", lambda layer, x, digits: -output(x, layer.output, digits), "not the outputs of the layer"),
    ("maps_of", lambda layer, x, digits: layer.output, "symbolic expression"),
    ("maps_of", lambda layer, x, digits: layer.output(digits), "A symbolic expression cannot be called"),
    ("maps_of", lambda layer, x, digits: layer.maps, "What a layer says is its `output`"),
    ("maps_of", lambda layer, x, digits: output(T.matrix(), layer.output, digits), "The input here is `x`"),
    ("maps_of", lambda layer, x, digits: output(x, layer.output, digits.reshape(-1, 1, 6, 6)), "passed in as `x`"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e, axis=0), "each pixel by itself"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e, axis=(2, 3)), "each digit by itself"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e, axis=(1, 2, 3)), "over all maps of a digit"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e, axis=(0, 1, 2, 3)), "used for all maps"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e, root=lambda v: v), "the square root is missing"),
    ("normalize_maps", normalize_outside, "below the root, with the variance"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, 0), "`epsilon` is missing"),
    ("normalize_maps", normalize_variance_only, "The mean is not taken away"),
    ("normalize_maps", normalize_mean_only, "Nothing is divided"),
    ("normalize_maps", normalize_without("gamma and beta"), "`gamma` and `beta` are missing"),
    ("normalize_maps", normalize_without("beta"), "`beta` is missing"),
    ("normalize_maps", normalize_without("gamma"), "`gamma` is missing"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, b, g, e), "are exchanged"),
    ("normalize_maps", normalize_moved_first, "First stretch, then move"),
    ("normalize_maps", lambda m, g, b, e: normalize(m, g, b, e).flatten(2), "it should be the same shape"),
    ("normalize_maps", lambda m, g, b, e: g * (m - m.mean()), "the axis of the maps, the second of four"),
    ("normalize_maps", lambda m, g, b, e: 2 * normalize(m, g, b, e), "It is not each map"),
    ("normalize_maps", lambda m, g, b, e: 1.0, "no symbolic expression"),
    ("slide", lambda image, w: slide(image, w[:, ::-1]), "mirrored, in one direction"),
    ("slide", lambda image, w: slide(image, np.ones_like(w)) * w.sum(), "It multiplies two sums"),
    ("slide", lambda image, w: image[:2, :3] @ w, "That is the product of matrices"),
    ("slide", lambda image, w: slide(image, w).ravel(), "The numbers are right, but the shape is (36,)"),
    ("slide", lambda image, w: np.zeros((8, 10)), "stands out over the border"),
    ("layer_numbers", lambda maps, channels, size, image: ((8, 8), 532, 33600), "so say its width"),
    ("layer_numbers", lambda maps, channels, size, image: (532, 33600, 8), "in another order"),
    ("layer_numbers", other_numbers(multiplications=64 * 3 * 25), "multiplications for one map"),
    ("max_pool", lambda v, size: v[::size, ::size], "It keeps every second number"),
    ("max_pool", lambda v, size: v.copy(), "as many numbers as the map has"),
    ("max_pool", lambda v, size: np.zeros((4, 3)), "height and width are exchanged"),
    ("max_pool", lambda v, size: v.reshape(3, 2, 4, 2).max(axis=(1, 3)), "63 numbers do not fill"),
    ("max_pool", lambda v, size: np.zeros((7 / size, 9 / size)), "must be whole numbers"),
    ("conv_pool_layer", lambda v, W, b: T.dot(v, W), "and no convolution"),
    ("conv_pool_layer", lambda v, W, b: np.zeros(v.shape[0]), "made for a NumPy matrix"),
    (
        "conv_pool_layer",
        lambda v, W, b: pool_2d(T.nnet.conv2d(v, W, border_mode="half"), (2, 2), ignore_border=True),
        "is there a border",
    ),
    ("conv_pool_layer", lambda v, W, b: pool_2d(pooled(v, W), (2, 2), ignore_border=True), "it pools twice"),
    ("maps_of", lambda layer, x, digits: layer(digits), "A layer is no function"),
    ("maps_of", lambda layer, x, digits: layer.output.get_value(), "An expression holds no numbers"),
    ("maps_of", lambda layer, x, digits: layer.output.eval({x: digits}).swapaxes(0, 1), "axes are in another order"),
    ("normalize_maps", lambda m, g, b, e: g[i] * m, "Nothing is called `i`"),  # noqa: F821
]
