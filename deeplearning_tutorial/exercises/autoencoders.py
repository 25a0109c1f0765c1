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
    diagnose,
    result_of,
    same,
    sigmoid,
    values_of,
    without_own_input,
)

EXERCISES = {}


def _symbolic(found, names):
    """The answer, if it is a symbolic expression."""
    if not isinstance(found, theano.Variable):
        raise Wrong(f"It returns no symbolic expression. Use {names} as they are: arithmetic on them builds the graph.")
    return found


# --- Reconstruction with tied weights --------------------------------------------------------------------------------


def reconstruction(x, W, b, b_prime):
    """What comes out of an autoencoder with tied weights."""
    y = T.nnet.sigmoid(T.dot(x, W) + b)
    return T.nnet.sigmoid(T.dot(y, W.T) + b_prime)


def _examine_reconstruction(answer):
    x, W, b, b_prime = T.matrix("x"), T.matrix("W"), T.vector("b"), T.vector("b'")
    found = _symbolic(result_of(answer, x, W, b, b_prime), "`x`, `W`, `b` and `b_prime`")
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
    if not same(found, reconstruction_of(*values)):
        raise Wrong("It is not the reconstruction $s(s(x W + b) W^T + b')$, with the sigmoid for $s$.")
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
    found = _symbolic(result_of(answer, x, z), "`x` and `z`")
    rng = np.random.RandomState(0)
    pixels, reconstructed = rng.uniform(0.05, 0.95, size=(2, 3, 5)).astype(theano.config.floatX)
    found = values_of(found, [x, z], [pixels, reconstructed])
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
    )
    if np.shape(found) != ():
        raise Wrong(f"It should be one number, and has the shape {np.shape(found)}.")
    if not same(found, wanted):
        raise Wrong(f"For three digits of five pixels it should be {wanted:.3f}, and it is {float(found):.3f}.")
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
    corrupted = _symbolic(result_of(answer, MRG_RandomStreams(1), x, level), "`theano_rng` and `x`")
    pixels = np.random.RandomState(0).uniform(0.3, 0.7, size=(40, 50)).astype(theano.config.floatX)
    found = values_of(corrupted, [x], [pixels])
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
    found = array_of(answer, autoencoder, noisy, known=_INPUT_OF_AUTOENCODER)
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
    )
    if np.shape(found) != noisy.shape:
        raise Wrong(f"For {noisy.shape} pixels it returns the shape {found.shape}: it should be the same.")
    if not np.array_equal(found, array_of(answer, autoencoder, noisy)):
        raise Wrong(
            "It gives something else each time, so it sets pixels to 0 once more. They are noisy already: leave "
            "`get_corrupted_input` out."
        )
    if not same(found, reconstruction_of(noisy, W, b, b_prime)):
        raise Wrong("These are not the autoencoder's reconstructions of the noisy digits.")
    return "digits go in, and what the network believes they are comes out."


_INPUT_OF_AUTOENCODER = [
    *without_own_input("autoencoder.x"),
    ("no attribute 'input'", "An autoencoder has no `input`: its symbolic input is `autoencoder.x`."),
]


EXERCISES["denoise"] = Exercise(
    "The autoencoder has a symbolic input, `autoencoder.x`. `get_hidden_values` makes the code of it, and `get_reconstructed_input` "
    "the pixels of that. Compile a function from the first to the last, and call it with `noisy`.",
    denoise,
    _examine_denoise,
)
