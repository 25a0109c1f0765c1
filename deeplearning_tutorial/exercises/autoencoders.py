"""The exercises of notebook 05."""

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import dA
from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    compare,
    diagnose,
    result_of,
    same,
    sigmoid,
    symbolic,
    values_of,
    without_own_input,
)

EXERCISES = {}


_GRAPH = "Use the arguments as they are: arithmetic on them builds the graph."

# --- Reconstruction with tied weights --------------------------------------------------------------------------------


def reconstruction(x, W, b, b_prime):
    """What comes out of an autoencoder with tied weights."""
    y = T.nnet.sigmoid(T.dot(x, W) + b)
    return T.nnet.sigmoid(T.dot(y, W.T) + b_prime)


def _examine_reconstruction(answer):
    x, W, b, b_prime = T.matrix("x"), T.matrix("W"), T.vector("b"), T.vector("b'")
    found = symbolic(result_of(answer, x, W, b, b_prime), _GRAPH)
    inputs = theano.gof.graph.inputs([found])
    if any(isinstance(variable, theano.compile.SharedVariable) for variable in inputs):
        raise Wrong(
            "It has a shared variable of its own. With tied weights there is no second matrix: the way back is `W.T`."
        )

    # As many hidden units as pixels: with a transpose in the wrong place it can still be computed, and recognized.
    values = _reconstruction_values(n_visible=3, n_hidden=3)
    pixels, weights, bias, bias_prime = values
    code = sigmoid(pixels @ weights + bias)
    found = values_of(found, [x, W, b, b_prime], values, known=_PRODUCTS)
    diagnose(
        found,
        (code, "That is the code $y$. The way back from it, to $z$, is missing."),
        (
            code @ weights.T + bias_prime,
            "The sigmoid around the reconstruction is missing: pixels are numbers from 0 to 1.",
        ),
        (
            sigmoid((pixels @ weights + bias) @ weights.T + bias_prime),
            "The code is taken before its activation function: the sigmoid around `x W + b` is missing.",
        ),
        (
            (pixels @ weights + bias) @ weights.T + bias_prime,
            "There is no activation function: both the code and the reconstruction go through the sigmoid.",
        ),
        (
            sigmoid(code @ weights + bias_prime),
            "The way back uses `W` as it is. It leads from the hidden units to the pixels, and so needs the transpose, `W.T`.",
        ),
        (
            sigmoid(sigmoid(pixels @ weights.T + bias) @ weights + bias_prime),
            "The transpose is in the wrong half: `W` leads from the pixels to the code, `W.T` back.",
        ),
        (
            sigmoid(sigmoid(pixels @ weights) @ weights.T + bias_prime),
            "The biases `b` of the hidden units are missing.",
        ),
        (sigmoid(code @ weights.T), "The biases `b_prime` of the reconstruction are missing."),
        (
            sigmoid(sigmoid(pixels @ weights) @ weights.T),
            "Both biases are missing: `b` belongs to the hidden units, `b_prime` to the reconstruction.",
        ),
        (
            sigmoid(sigmoid(pixels @ weights + bias_prime) @ weights.T + bias),
            "The biases are exchanged: `b` belongs to the hidden units, `b_prime` to the reconstruction.",
        ),
    )

    def softmax(scores):
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    tanh = (
        "The activation function is tanh, at least once. Pixels go from 0 to 1, as the sigmoid does: `T.nnet.sigmoid`."
    )
    diagnose(
        found,
        (np.tanh(np.tanh(pixels @ weights + bias) @ weights.T + bias_prime), tanh),
        (sigmoid(np.tanh(pixels @ weights + bias) @ weights.T + bias_prime), tanh),
        (np.tanh(code @ weights.T + bias_prime), tanh),
        (
            sigmoid(sigmoid(pixels @ (weights + bias)) @ (weights.T + bias_prime)),
            "The biases are added to the weights. They are added to the products: `T.dot(x, W) + b`.",
        ),
        *[
            (
                values,
                "A bias is added after the sigmoid. It belongs to the sum, inside.",
            )
            for values in (
                sigmoid((sigmoid(pixels @ weights) + bias) @ weights.T) + bias_prime,
                sigmoid((sigmoid(pixels @ weights) + bias) @ weights.T + bias_prime),
                sigmoid(code @ weights.T) + bias_prime,
            )
        ],
        *[
            (values, "The second half begins with `x` again. It begins with the code, what the first half gives.")
            for values in (sigmoid(pixels @ weights.T + bias_prime), sigmoid(pixels @ weights + bias_prime))
        ],
        (
            sigmoid(code @ (1 / weights) + bias_prime),
            "Each weight is replaced by one divided by it. The way back needs the matrix transposed, `W.T`.",
        ),
        (
            sigmoid(code @ weights.T + bias),
            "The second half adds `b` again. The reconstruction has its own biases, `b_prime`.",
        ),
        (
            sigmoid(sigmoid(pixels @ weights - bias) @ weights.T - bias_prime),
            "The biases are subtracted. Add them.",
        ),
        (pixels, "That is `x`, as it came in."),
        (
            pixels - reconstruction_of(*values),
            "It is the difference from `x`. Return the reconstruction itself.",
        ),
        (
            sigmoid(np.maximum(pixels @ weights + bias, 0) @ weights.T + bias_prime),
            "The activation function of the code is ReLU. Take the sigmoid both times.",
        ),
        (
            sigmoid(sigmoid(pixels @ weights.T + bias) @ weights.T + bias_prime),
            "Both halves use `W.T`. The first one uses `W` as it is.",
        ),
        (
            softmax(code @ weights.T + bias_prime),
            "That is a softmax, whose numbers add up to 1. Each pixel is a number by itself: `T.nnet.sigmoid`.",
        ),
        (
            sigmoid(pixels @ weights @ weights.T + bias_prime),
            "The code has neither its biases nor its activation function: first $s(x W + b)$, and then back from that.",
        ),
    )
    compare(
        found,
        reconstruction_of(*values),
        "It is not the reconstruction $s(s(x W + b) W^T + b')$, with the sigmoid for $s$.",
    )
    values = _reconstruction_values(n_visible=4, n_hidden=2)
    again = values_of(result_of(answer, x, W, b, b_prime), [x, W, b, b_prime], values)
    if not same(again, reconstruction_of(*values)):
        raise Wrong("It is right for as many hidden units as pixels, but wrong for fewer.")
    return "from the pixels to a code and back, with one matrix for both ways."


_ELEMENTWISE = "`*` and `np.dot` multiply element by element here: the matrix product is `T.dot`."
_PRODUCTS = [
    ("could not be broadcast", _ELEMENTWISE),
    ("Input dimension mis-match", _ELEMENTWISE),
    (
        "not aligned",
        "The factors of a product are in the wrong order: digits are rows, so that `x`, and then the code, comes first.",
    ),
]
"""Words of errors in computing products of symbolic matrices, and their diagnoses."""


def reconstruction_of(x, W, b, b_prime):
    """`reconstruction` in NumPy."""
    return sigmoid(sigmoid(x @ W + b) @ W.T + b_prime)


def _reconstruction_values(n_visible, n_hidden):
    rng = np.random.RandomState(0)
    shapes = [(5, n_visible), (n_visible, n_hidden), n_hidden, n_visible]
    return [rng.normal(size=shape).astype(theano.config.floatX) for shape in shapes]


EXERCISES["reconstruction"] = Exercise(
    "Two lines, each of them a layer: `T.dot`, a bias, and `T.nnet.sigmoid` around both. The first goes from `x` to the code, the "
    "second from the code to the reconstruction. A symbolic matrix is transposed by `.T`, as in NumPy.",
    reconstruction,
    _examine_reconstruction,
)


# --- Cross-entropy ---------------------------------------------------------------------------------------------------


def cross_entropy(x, z):
    """Mean over the digits of the sum over the pixels."""
    losses = -(x * T.log(z) + (1 - x) * T.log(1 - z))
    return T.mean(T.sum(losses, axis=1))


def _examine_cross_entropy(answer):
    x, z = T.matrix("x"), T.matrix("z")
    found = symbolic(result_of(answer, x, z), _GRAPH)
    rng = np.random.RandomState(0)
    pixels, reconstructed = rng.uniform(0.05, 0.95, size=(2, 3, 5)).astype(theano.config.floatX)
    found = values_of(
        found,
        [x, z],
        [pixels, reconstructed],
        known=[("not aligned", "`T.dot` is the product of matrices. Pixels are multiplied one by one: `*`.")],
    )
    ink, paper = pixels * np.log(reconstructed), (1 - pixels) * np.log(1 - reconstructed)
    exchanged = reconstructed * np.log(pixels) + (1 - reconstructed) * np.log(1 - pixels)
    losses = -(ink + paper)
    wanted = losses.sum(axis=1).mean()
    squares = (pixels - reconstructed) ** 2
    squared_error = "That is the squared error. The cross-entropy has logarithms of `z` and of `1 - z`."
    diagnose(
        found,
        (-wanted, "The minus is missing: logarithms of numbers below 1 are negative, and a loss is not."),
        (
            losses.mean(),
            "That is the mean over all pixels. Sum over the pixels of a digit, `axis=1`, then the mean over digits.",
        ),
        (
            losses.sum(),
            "That is the sum over all digits: take the mean over them, so that their number does not matter.",
        ),
        (
            losses.mean(axis=1).sum(),
            "Sum and mean are exchanged: the sum is over the pixels of a digit, the mean over digits.",
        ),
        (losses.sum(axis=1), "It gives a loss for each digit. The mean over them is missing."),
        (
            losses.mean(axis=1),
            "It gives a loss for each digit, and the mean of its pixels instead of their sum.",
        ),
        (
            losses.sum(axis=0),
            "It adds up over the digits. Add up over the pixels of a digit, `axis=1`, and take the mean over digits.",
        ),
        (
            losses,
            "It gives a loss for each pixel. Sum over the pixels of a digit, `axis=1`, then the mean over digits.",
        ),
        (
            -ink.sum(axis=1).mean(),
            "The second half is missing, `(1 - x)` times the logarithm of `1 - z`: it is for the paper.",
        ),
        (
            -paper.sum(axis=1).mean(),
            "The first half is missing, `x` times the logarithm of `z`: it is for the ink.",
        ),
        (
            (paper - ink).sum(axis=1).mean(),
            "The minus belongs to both halves: put brackets around their sum.",
        ),
        (
            -exchanged.sum(axis=1).mean(),
            "`x` and `z` are exchanged: the logarithms are of the reconstruction `z`.",
        ),
        (squares.sum(axis=1).mean(), squared_error),
        (squares.mean(), squared_error),
        (squares, squared_error),
        *[
            (
                wanted / np.log(base),
                f"The logarithms have the base {base}. The formula has natural ones: `T.log`.",
            )
            for base in (2, 10)
        ],
        *[
            (sign * (ink - paper).sum(axis=1).mean(), "The second half has the wrong sign: both halves are added.")
            for sign in (1, -1)
        ],
        *[
            (total / n, f"It divides by {n}. The mean over the digits divides by the number of digits: `T.mean`.")
            for total in (losses.sum(), wanted)
            for n in (784, 10, 100)
        ],
        (
            -(ink + (1 - pixels) * np.log(1 - pixels)).sum(axis=1).mean(),
            "In the second half it is the logarithm of `1 - z`, and not of `1 - x`.",
        ),
        *[
            (values, "Those are the sizes of the differences. The cross-entropy has logarithms of `z` and of `1 - z`.")
            for values in (
                np.abs(pixels - reconstructed).sum(axis=1).mean(),
                np.abs(pixels - reconstructed).mean(),
            )
        ],
        *[
            (
                -(ink + 1 - pixels * np.log(1 - reconstructed)).sum(axis=1).mean(),
                "`1 - x * a` is one minus the product: put brackets around `1 - x`.",
            )
        ],
        (losses.sum(axis=1).max(), "That is the largest loss of a digit. Take the mean over them."),
        (
            -(ink.sum() + paper.sum(axis=1).mean()),
            "One half is added up over all digits, the other one is not. Do both halves alike.",
        ),
        (
            -(pixels * np.log(reconstructed) + (1 - pixels) * np.log(1 + reconstructed)).sum(axis=1).mean(),
            "In the second half it is the logarithm of `1 - z`, and not of `1 + z`.",
        ),
        (
            -(pixels * np.log(reconstructed) + (1 - reconstructed) * np.log(1 - pixels)).sum(axis=1).mean(),
            "In the second half `x` and `z` are exchanged: `(1 - x)` times the logarithm of `1 - z`.",
        ),
        (
            -(np.log(reconstructed) + np.log(1 - reconstructed)).sum(axis=1).mean(),
            "The factors `x` and `1 - x` are missing, by which the logarithms are multiplied.",
        ),
    )
    if not np.all(np.isfinite(found)):
        raise Wrong(
            "It is not a finite number. Is there a logarithm of something else than `z` and `1 - z`, which may be 0 or negative?"
        )
    if np.shape(found) != ():
        raise Wrong(f"It should be one number, and has the shape {np.shape(found)}.")
    if not same(found, wanted):
        raise Wrong(
            "It is not the mean, over the digits, of their cross-entropies, each added up over its pixels. For three digits of "
            f"five pixels it should be {wanted:.3f}, and it is {float(found):.3f}."
        )
    return "one number for a mini-batch, and dearer the more confident a wrong pixel is."


EXERCISES["cross_entropy"] = Exercise(
    "Write the loss of a pixel first: `T.log` works on a whole matrix, element by element. Then `T.sum` with `axis=1` adds up along "
    "a row, which is a digit, and `T.mean` makes one number of what is left.",
    cross_entropy,
    _examine_cross_entropy,
)


# --- Corruption ------------------------------------------------------------------------------------------------------


def corrupt(theano_rng, x, level):
    """Set each pixel to 0 with a probability."""
    kept = theano_rng.binomial(size=x.shape, n=1, p=1 - level, dtype=theano.config.floatX)
    return kept * x


def _examine_corrupt(answer):
    x = T.matrix("x")
    level = 0.2
    corrupted = symbolic(result_of(answer, MRG_RandomStreams(1), x, level, known=_MASKS), _GRAPH)
    pixels = np.random.RandomState(0).uniform(0.3, 0.7, size=(40, 50)).astype(theano.config.floatX)
    found = values_of(corrupted, [x], [pixels], known=_MASKS)
    if np.shape(found) != pixels.shape:
        raise Wrong(f"For {pixels.shape} pixels it returns the shape {np.shape(found)}: it should be the same.")
    _examine_what_became_of_pixels(found, pixels, level)
    missing = found == 0
    if missing.all(axis=1).any():
        raise Wrong("There is one draw for a whole row, or for everything. Each pixel needs its own: `size=x.shape`.")
    if missing.all(axis=0).any():
        raise Wrong("The same pixels are missing in every digit. Each digit needs its own draws: `size=x.shape`.")
    _examine_share(missing, level)
    if corrupted.dtype != theano.config.floatX and _has_whole_numbers(corrupted):
        raise Wrong(
            f"The result is {corrupted.dtype}, because `binomial` draws whole numbers. Ask it for "
            "`dtype=theano.config.floatX`."
        )
    if corrupted.dtype != theano.config.floatX:
        raise Wrong(
            f"The result is {corrupted.dtype}, twice the memory of {theano.config.floatX}. Ask `binomial` for "
            "`dtype=theano.config.floatX`."
        )
    # Right at one level, it could still be a fixed one.
    other = values_of(result_of(answer, MRG_RandomStreams(2), x, 0.6), [x], [pixels])
    _examine_share(other == 0, 0.6)
    if np.array_equal(found, values_of(corrupted, [x], [pixels])):
        raise Wrong(
            "The same pixels are missing in every call. Let `theano_rng` draw, so that the graph draws anew each time."
        )
    return "each pixel by itself, others in each call, and the type stays the same."


_MASKS = [
    (
        "Variable' object cannot be interpreted as an integer",
        "NumPy draws numbers once, and wants to know how many. Draw with `theano_rng.binomial`, in each call anew.",
    ),
    ("size must be a tuple", "The `size` is a shape, with a number for each axis: `size=x.shape`."),
    ("not aligned", "`T.dot` is the product of matrices. The mask is multiplied number by number: `*`."),
    ("broadcast", "What is drawn has a size of its own. Any mini-batch may come: `size=x.shape`."),
    ("mis-match", "What is drawn has a size of its own. Any mini-batch may come: `size=x.shape`."),
    (
        "does not support item assignment",
        "A symbol cannot be changed at some places. Multiply it by a mask of zeros and ones.",
    ),
]
"""Words of errors in drawing and using a mask, and their diagnoses."""


def _has_whole_numbers(expression):
    """Whether a matrix of integers of 64 bits, such as `binomial` draws if nothing else is asked for, goes into it."""
    whole = T.TensorType("int64", [False, False])
    return any(variable.type == whole for variable in theano.gof.graph.ancestors([expression]))


def _examine_what_became_of_pixels(found, pixels, level):
    """Each should be 0 or what it was."""
    if same(found, pixels) and not np.any(found == 0):
        raise Wrong("No pixel is missing. Some should be set to 0, each by a draw of its own: `size=x.shape`.")
    if np.all(np.isin(found, [0, 1])) and np.any(found == 1):
        raise Wrong("That is the mask. It is still to be multiplied with `x`.")
    kept = found[found != 0], pixels[found != 0]
    if same(*kept):
        return
    if same(kept[0], kept[1] / (1 - level)):
        raise Wrong("The pixels that stay are made stronger. That is dropout; here they stay as they are.")
    if same(found, (1 - level) * pixels) or same(found, level * pixels):
        raise Wrong("All pixels are made darker alike, and none is set to 0. Each is 0 or what it was: draw a mask.")
    if same(kept[0], kept[1] * (1 - level)) or same(kept[0], kept[1] / level):
        raise Wrong("The pixels that stay are multiplied by a number. Leave them as they are.")
    if np.all((found == 1) | np.isclose(found, pixels)):
        raise Wrong("The missing pixels are set to 1, ink. They should be 0: multiply with a mask of zeros and ones.")
    raise Wrong(
        "It changes pixels to other values than 0, as if noise were added. A mask of zeros and ones is *multiplied* with `x`."
    )


def _examine_share(missing, level):
    share = np.mean(missing)
    if abs(share - level) < 0.05:
        return
    if abs(share - (1 - level)) < 0.05:
        raise Wrong("It keeps pixels with the probability `level`, and should set them to 0 with it: `p=1 - level`.")
    raise Wrong(f"With the level {level:.0%} it sets {share:.0%} of the pixels to 0.")


EXERCISES["corrupt"] = Exercise(
    "`theano_rng.binomial` draws a mask of zeros and ones. It wants a `size`, that of `x`; `n=1`, for one toss a pixel; `p`, the "
    "probability of a one, which means *kept*; and a `dtype`, without which it draws whole numbers of 64 bits.",
    corrupt,
    _examine_corrupt,
)


# --- Denoising -------------------------------------------------------------------------------------------------------


def denoise(autoencoder, noisy):
    """The reconstructions of noisy digits."""
    code = autoencoder.get_hidden_values(autoencoder.x)
    clean = autoencoder.get_reconstructed_input(code)
    return theano.function([autoencoder.x], clean)(noisy)


def _examine_denoise(answer):
    # As many hidden units as pixels: what takes the one for the other can still be computed, and recognized.
    autoencoder = dA(np.random.RandomState(0), n_visible=6, n_hidden=6)
    rng = np.random.RandomState(1)
    for bias in (autoencoder.b, autoencoder.b_prime):
        bias.set_value(rng.normal(size=6).astype(theano.config.floatX))
    noisy = rng.uniform(size=(20, 6)).astype(theano.config.floatX)
    found = array_of(answer, autoencoder, noisy, known=_ERRORS_OF_AUTOENCODER)
    W, b, b_prime = (parameter.get_value() for parameter in autoencoder.params)
    code = sigmoid(noisy @ W + b)
    diagnose(
        found,
        (
            code,
            "These are the codes, what the hidden units say. The way back is missing: `get_reconstructed_input`.",
        ),
        (noisy, "These are the noisy digits, as they came in."),
        (sigmoid(noisy @ W.T + b_prime), "The digits are taken for codes. `get_hidden_values` comes first."),
        (
            sigmoid(code @ W + b_prime),
            "The way back uses `W` as it is. It needs the transpose, `W.T`, as in Exercise 1.",
        ),
        (
            sigmoid(sigmoid(noisy @ W.T + b_prime) @ W + b),
            "The two methods are in the wrong order: first the code, `get_hidden_values`, and of that the reconstruction.",
        ),
        (
            noisy @ W @ W.T,
            "Biases and sigmoids are missing. The methods of `dA` have both.",
        ),
        (
            code @ W.T + b_prime,
            "The sigmoid around the reconstruction is missing. The methods of `dA` have it.",
        ),
        (
            sigmoid((noisy @ W + b) @ W.T + b_prime),
            "The sigmoid around the code is missing. The methods of `dA` have it.",
        ),
        (
            sigmoid(sigmoid(noisy @ W + b_prime) @ W.T + b),
            "The biases are exchanged: `b` belongs to the code, `b_prime` to the reconstruction.",
        ),
        (
            reconstruction_of(reconstruction_of(noisy, W, b, b_prime), W, b, b_prime),
            "It reconstructs the reconstruction, once more. Once is enough.",
        ),
        (
            reconstruction_of(noisy, W, b, b_prime).round(),
            "It rounds to 0 or 1. Return the reconstructions as they are.",
        ),
        (
            reconstruction_of(noisy, W, b, b_prime)[0],
            "That is the first digit only. Return a row for each.",
        ),
        (
            noisy - reconstruction_of(noisy, W, b, b_prime),
            "It is the difference from the noisy digits. Return the reconstructions themselves.",
        ),
    )
    if np.shape(found) == () and same(found, autoencoder.reconstruction_cost().eval({autoencoder.x: noisy})):
        raise Wrong("That is the cost, how wrong the reconstructions are. Return them themselves.")
    if np.shape(found) != noisy.shape:
        raise Wrong(f"For {noisy.shape} pixels it returns the shape {found.shape}: it should be the same.")
    if not np.array_equal(found, array_of(answer, autoencoder, noisy)):
        raise Wrong(
            "It gives something else each time, so it sets pixels to 0 once more. They are noisy already: leave "
            "`get_corrupted_input` out."
        )
    compare(
        found,
        reconstruction_of(noisy, W, b, b_prime),
        "These are not the autoencoder's reconstructions of the noisy digits.",
    )
    return "digits go in, and what the network believes they are comes out."


_ERRORS_OF_AUTOENCODER = [
    *without_own_input("autoencoder.x"),
    ("no attribute 'input'", "An autoencoder has no `input`: its symbolic input is `autoencoder.x`."),
    (
        "no attribute 'reconstruct",
        "It has no such method. Two lead there: `get_hidden_values`, and `get_reconstructed_input` of what that gives.",
    ),
    ("name 'get_", "It is a method of the autoencoder. Its name comes first, and a dot: `autoencoder.get_...`."),
    ("x has 20 cols", "The digits are turned: a row for each digit goes in, as they come."),
    ("but y has 784 rows", "It uses another network than `autoencoder`, one for 784 pixels. This one reads 6 pixels."),
]
"""Words of errors in using an autoencoder, and their diagnoses."""


EXERCISES["denoise"] = Exercise(
    "The autoencoder has a symbolic input, `autoencoder.x`. `get_hidden_values` makes the code of it, and `get_reconstructed_input` "
    "the pixels of that. Compile a function from the first to the last, and call it with `noisy`.",
    denoise,
    _examine_denoise,
)
