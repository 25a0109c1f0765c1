"""The exercises of notebook 04."""

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    diagnose,
    number_of,
    result_of,
    same,
    values_of,
)
from deeplearning_tutorial.mlp import MLP

EXERCISES = {}

# --- The regularized cost --------------------------------------------------------------------------------------------


def regularized_cost(network, y, strength):
    """Negative log likelihood, plus `strength` times the sum of all squared weights."""
    layers = [*network.hiddenLayers, network.logRegressionLayer]
    squares = sum(T.sum(layer.W**2) for layer in layers)
    return network.negative_log_likelihood(y) + strength * squares


def _examine_regularized_cost(answer):
    x, y, strength = T.matrix("x"), T.ivector("y"), T.scalar("strength")
    network = _small_network(x)
    cost = result_of(answer, network, y, strength)
    if not isinstance(cost, theano.Variable):
        raise Wrong(
            "It returns no symbolic expression. Build the cost from what the network offers, and return it."
        )
    if cost.ndim != 0:
        raise Wrong(f"A cost is one number, and this one is {cost.ndim}-dimensional: add up all the squares.")

    digits = np.random.RandomState(1).normal(size=(4, 3)).astype(theano.config.floatX)
    inputs, values = [x, y, strength], [digits, np.array([0, 1, 1, 0], dtype="int32"), 0.1]
    found = values_of(cost, inputs, values)
    likelihood = values_of(network.negative_log_likelihood(y), inputs, values)
    weights, biases = ([p.get_value() for p in network.params if p.ndim == ndim] for ndim in (2, 1))
    squares = sum(np.sum(W**2) for W in weights)
    every_square = squares + sum(np.sum(b**2) for b in biases)
    diagnose(
        found,
        (likelihood, "That is the cost without a regularizer: the weights play no part in it."),
        (0.1 * squares, "That is the regularizer alone. The negative log likelihood is missing."),
        (likelihood + squares, "`strength` is not used: it multiplies the sum of squares."),
        (
            0.1 * (likelihood + squares),
            "`strength` multiplies the whole cost. It belongs to the squares only.",
        ),
        (likelihood - 0.1 * squares, "The squares are subtracted: that rewards large weights. Add them."),
        (
            likelihood + 0.05 * squares,
            "There is a half too much. Some books put one there; here it is the plain sum.",
        ),
        (
            likelihood + 0.1 * every_square,
            "The biases are in the sum too: `network.params` has them all. Take each layer's `W` only.",
        ),
        *[
            (
                likelihood + 0.1 * sum(np.sum(W**2) for W in some),
                "Some layers are missing: take all hidden layers *and* the output layer.",
            )
            for some in (weights[:1], weights[:-1], weights[-1:])
        ],
        (
            likelihood + 0.1 * sum(np.mean(W**2) for W in weights),
            "That takes the mean of the squares. Here it is their sum: `T.sum`.",
        ),
        (
            likelihood + 0.1 * sum(np.sum(np.abs(W)) for W in weights),
            "Those are absolute values, the L1 penalty, which comes later. Square the weights.",
        ),
        (
            likelihood + 0.1 * sum(np.sqrt(np.sum(W**2)) for W in weights),
            "There is a square root too much: the squares are added up, and that is all.",
        ),
        *[
            (likelihood + 0.1 * whole, "It squares a sum. Square each weight first, and add up then.")
            for whole in (sum(np.sum(W) ** 2 for W in weights), sum(np.sum(W) for W in weights) ** 2)
        ],
        (likelihood + 0.1 * sum(np.sum(W) for W in weights), "The weights are not squared."),
    )
    if not same(found, likelihood + 0.1 * squares):
        raise Wrong(
            "It is not the negative log likelihood plus `strength` times the sum of all squared weights."
        )
    return "it wants the labels right, and the weights small, and `strength` says how much each counts."


def _small_network(x):
    """A network with two hidden layers, no parameter of which is zero."""
    rng = np.random.RandomState(0)
    network = MLP(rng, x, n_in=3, n_hidden=[4, 5], n_out=2)
    for parameter in network.params:
        parameter.set_value(rng.normal(0, 0.8, parameter.get_value().shape).astype(theano.config.floatX))
    return network


EXERCISES["regularized_cost"] = Exercise(
    "`network.hiddenLayers` is a list, and `network.logRegressionLayer` is one layer more; each has its weights in "
    "`W`. `T.sum` adds up all numbers of a matrix, and Python's `sum` adds up what there is of each layer.",
    regularized_cost,
    _examine_regularized_cost,
)


# --- How many weights are zero ---------------------------------------------------------------------------------------


def share_of_zeros(W, threshold):
    """The fraction of weights whose size is below a threshold."""
    return np.mean(np.abs(W) < threshold)


def _examine_share_of_zeros(answer):
    W = np.array([[0.5, -2, 0.01, 0], [-0.03, -0.7, 3, 0.02], [0.9, -1, 0, -0.4]], dtype="float32")
    found = array_of(answer, W.copy(), 0.05)
    below = np.abs(W) < 0.05
    if same(found, np.mean(below, axis=0)) or same(found, np.mean(below, axis=1)):
        raise Wrong("It returns a share for each row or column. Take the mean of the whole matrix.")
    found = number_of(answer, W.copy(), 0.05)
    diagnose(
        found,
        (
            np.mean(W < 0.05),
            "Negative weights are counted whatever their size: -2 is below the threshold, but not small. Use `np.abs`.",
        ),
        (np.sum(below), "That is how many there are. Divide by the number of weights; `np.mean` does both."),
        (100 * np.mean(below), "That is in per cent. Return the fraction, from 0 to 1."),
        (np.mean(W == 0), "It counts only exact zeros. Count what is smaller than `threshold`."),
        (np.mean(~below), "That is the share of the weights that are *not* small."),
        (
            np.mean(np.abs(W)),
            "That is the mean size of the weights. Compare with `threshold` first, then take the mean.",
        ),
    )
    if not same(found, np.mean(below)):
        raise Wrong(
            f"Of 12 weights with 5 smaller than the threshold the share is 0.417, and it says {found:.3g}."
        )
    if not same(number_of(answer, W.copy(), 0.025), 1 / 3):
        raise Wrong("It does not depend on `threshold` as it should.")
    return "the share of weights, positive or negative, that hardly matter."


EXERCISES["share_of_zeros"] = Exercise(
    "`np.abs` makes all weights positive. Comparing an array with a number gives an array of True and False, and the "
    "mean of that is the fraction that is True.",
    share_of_zeros,
    _examine_share_of_zeros,
)


# --- Dropout ---------------------------------------------------------------------------------------------------------


def drop(theano_rng, x, rate):
    """Set each number to zero with probability `rate`, and divide the others by the probability of staying."""
    mask = theano_rng.binomial(size=x.shape, n=1, p=1 - rate, dtype=theano.config.floatX)
    return mask * x / (1 - rate)


def _examine_drop(answer):
    x = T.matrix("x")
    units = np.random.RandomState(0).uniform(1, 2, size=(300, 40)).astype(theano.config.floatX)
    dropped = result_of(answer, MRG_RandomStreams(1), x, 0.2)
    if not isinstance(dropped, theano.Variable):
        raise Wrong("It returns no symbolic expression: then the same units would be dropped in every call.")
    found = values_of(dropped, [x], [units])
    if found.shape != units.shape:
        raise Wrong(
            f"For an input of the shape {units.shape} it returns {found.shape}: each number stays in its place."
        )
    _examine_mask(found / units)
    if found.dtype != units.dtype:
        raise Wrong(
            f"It turns {units.dtype} into {found.dtype}, which a GPU cannot hold. Draw the mask as floats: "
            '`dtype="float32"`.'
        )
    return "a fifth of the numbers are zero, the others a quarter larger, and the mean is what it was."


def _examine_mask(factors):
    """What became of each number, when a fifth of them should be dropped: zero, or 1.25 times what it was."""
    staying = factors[factors != 0]
    share, factor = staying.size / factors.size, np.median(staying) if staying.size else 0
    if np.allclose(factors, 1):
        raise Wrong(
            "Nothing is dropped. Multiply by a mask of zeros and ones, drawn with `theano_rng.binomial`."
        )
    if share > 0 and not np.allclose(staying, factor, rtol=1e-3):
        raise Wrong("The numbers that stay are not all multiplied by the same factor.")
    stays = factors != 0
    if 0 < share < 1 and (np.all(stays == stays[:1]) or np.all(stays == stays[:, :1])):
        raise Wrong(
            "Whole rows or columns are dropped together. Draw a number for each: the mask has the size `x.shape`."
        )
    if abs(share - 0.2) < 0.05:
        raise Wrong(
            "With `rate` 0.2 it keeps a fifth of the numbers: it should *drop* a fifth. A number stays with "
            "probability `1 - rate`."
        )
    if abs(share - 0.8) > 0.05:
        raise Wrong(f"With `rate` 0.2 about 80 % of the numbers should stay, and {100 * share:.0f} % do.")
    diagnose(
        factor,
        (
            1,
            "What stays is not scaled: the sum that the next layer gets would be too small. Divide by `1 - rate`.",
        ),
        (0.8, "What stays is multiplied by `1 - rate`: it has to make up for what is missing. Divide by it."),
        (5, "What stays is divided by `rate`. Divide by the probability of staying, `1 - rate`."),
        (0.2, "What stays is multiplied by `rate`. Divide by the probability of staying, `1 - rate`."),
        (1.2, "What stays is multiplied by `1 + rate`, which is not quite enough. Divide by `1 - rate`."),
    )
    if not same(factor, 1.25):
        raise Wrong(
            f"What stays should become 1.25 times as large when a fifth is dropped, and becomes {factor:.3g} times."
        )


EXERCISES["drop"] = Exercise(
    "First the mask: in `theano_rng.binomial` the `size` is `x.shape`, and `p` is the probability of a one, which is "
    "that of staying. Then multiply, and divide by that probability.",
    drop,
    _examine_drop,
)


# --- Whitening -------------------------------------------------------------------------------------------------------


def whiten_by_hand(train, other, epsilon):
    """ZCA whitening of the rows of `other`, with mean and covariance of the rows of `train`."""
    mean = train.mean(axis=0)
    centred = train - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(train))
    turned = (other - mean) @ axes
    return (turned / np.sqrt(variances + epsilon)) @ axes.T


def _examine_whiten_by_hand(answer):
    rng = np.random.RandomState(0)
    mixing = rng.normal(size=(4, 4))
    train = rng.normal(size=(50, 4)) @ mixing + [3, -1, 2, 0]
    other = rng.normal(size=(7, 4)) @ mixing + [1, 0, 2, 1]
    epsilon = 0.3
    found = array_of(answer, train.copy(), other.copy(), epsilon)
    if found.shape != other.shape:
        raise Wrong(
            f"For `other` of the shape {other.shape} it returns {found.shape}. It should return `other`, whitened."
        )

    mean = train.mean(axis=0)
    centred, covariance = other - mean, np.cov(train.T, bias=True)
    variances, axes = np.linalg.eigh(covariance)
    others_covariance = np.cov(other.T, bias=True)

    def zca(rows, covariance, divisor=lambda variances: np.sqrt(variances + epsilon)):
        variances, axes = np.linalg.eigh(covariance)
        return rows @ (axes / divisor(variances)) @ axes.T

    wanted = zca(centred, covariance)
    diagnose(
        found,
        *[
            (
                zca(rows, others_covariance),
                "The covariance is that of `other`. Take the one of `train`, which is all a model may know.",
            )
            for rows in (centred, other - other.mean(axis=0))
        ],
        (
            zca(other - other.mean(axis=0), covariance),
            "The mean subtracted is that of `other`. Take the mean of `train`.",
        ),
        (zca(other, covariance), "The mean is not subtracted from `other`."),
        *[
            (
                zca(rows, train.T @ train / len(train)),
                "A covariance is of *centred* rows: subtract the mean from `train` first.",
            )
            for rows in (other, centred)
        ],
        (
            zca(centred, covariance, lambda variances: variances + epsilon),
            "It divides by the variances. Divide by their square roots, the standard deviations.",
        ),
        (zca(centred, covariance, np.sqrt), "`epsilon` is not used: add it to the variances."),
        (
            zca(centred, covariance, lambda variances: np.sqrt(variances) + epsilon),
            "`epsilon` is added to the square roots. Add it to the variances, inside the root.",
        ),
        (
            zca(centred, covariance, lambda variances: 1 / np.sqrt(variances + epsilon)),
            "It multiplies by the square roots: what varies much already now varies more. Divide by them.",
        ),
        (
            centred @ axes.T / np.sqrt(variances + epsilon) @ axes,
            "It takes the rows of `U` for the axes. They are its columns: `U` comes from `eigh` as in the formula.",
        ),
        (centred, "That is `other` without its mean. It is still as correlated as before."),
        (
            centred / np.sqrt(np.diag(covariance) + epsilon),
            "Each feature is scaled by itself, and the correlations stay. Turn to the axes, the columns of `U`, first.",
        ),
        (zca(train - mean, covariance)[: len(other)], "That is `train`, whitened. Return `other`."),
    )
    # However the axes are turned and mirrored, whitened rows have the same products with one another.
    if same(found @ found.T, wanted @ wanted.T) and not same(found, wanted):
        raise Wrong("It is whitened, but not turned back: the last factor of the formula, `U.T`, is missing.")
    # Some divide by the number of rows less one.
    if not same(found, wanted) and not same(found, zca(centred, np.cov(train.T))):
        raise Wrong(
            "It is not `other`, whitened with the mean and the covariance of `train`. Follow the formula step by step."
        )
    return "it subtracts, turns, divides, and turns back, all with the numbers of the training set."


EXERCISES["whiten_by_hand"] = Exercise(
    "The covariance is a product of two matrices, both made of `train` less its mean, divided by the number of rows. "
    "`variances, U = np.linalg.eigh(covariance)`. Multiplying rows by `U` turns them; dividing a matrix by a vector "
    "divides each column by its own number; multiplying by `U.T` turns back.",
    whiten_by_hand,
    _examine_whiten_by_hand,
)


# --- Shifted digits --------------------------------------------------------------------------------------------------


def shift(images, down, right):
    """Shift images by whole pixels; what comes in from outside is 0."""
    shifted = np.zeros_like(images)
    shifted[:, down:, right:] = images[:, : 28 - down, : 28 - right]
    return shifted


def _examine_shift(answer):
    images = np.random.RandomState(0).uniform(0.1, 1, size=(3, 28, 28)).astype("float32")
    given = images.copy()
    found = array_of(answer, given, 2, 5)
    if not np.array_equal(given, images):
        raise Wrong(
            "It changes the array that it was given, and the original is lost. Begin with a new one: `np.zeros_like`."
        )
    if found.shape != images.shape:
        raise Wrong(
            f"For three images, {images.shape}, it returns the shape {found.shape}. The shape should stay."
        )
    diagnose(
        found,
        (images, "Nothing has moved."),
        (np.zeros_like(images), "It returns white paper only. Copy the ink into it."),
        (
            np.roll(images, (2, 5), axis=(1, 2)),
            "What leaves at one side comes in at the other. It should be lost, and zeros come in.",
        ),
        (
            _moved(images, 5, 2),
            "Down and right are exchanged: rows are the second axis of the array, columns the third.",
        ),
        (
            _moved(images, -2, 5),
            "It moves up instead of down. Rows are counted from the top, so that down means larger numbers.",
        ),
        (_moved(images, 2, -5), "It moves left instead of right."),
        (_moved(images, -2, -5), "It moves up and left instead of down and right."),
        (_moved(images, 2, 0), "It moves down only."),
        (_moved(images, 0, 5), "It moves right only."),
    )
    if not np.any(found[:2]) or np.any(found[2] == images[0]):
        raise Wrong(
            "It moves digits to the place of other digits. The first axis counts the images: leave it alone with `:`."
        )
    if not same(found, _moved(images, 2, 5)):
        raise Wrong(
            "It is not each image, two rows down and five columns to the right, with zeros at the top and left."
        )
    if not same(array_of(answer, images.copy(), 0, 3), _moved(images, 0, 3)):
        raise Wrong(
            "It goes wrong when `down` is 0. A slice to `-0` is empty: count from the front, `28 - down`."
        )
    return "down, right, and what leaves the picture is gone."


def _moved(images, down, right):
    """Pixel by pixel, in any direction."""
    moved = np.zeros_like(images)
    for row in range(28):
        for column in range(28):
            if 0 <= row - down < 28 and 0 <= column - right < 28:
                moved[:, row, column] = images[:, row - down, column - right]
    return moved


EXERCISES["shift"] = Exercise(
    "Begin with white paper, `np.zeros_like(images)`. In it, assign to the rows from `down` and the columns from `right` "
    "on. What goes there are the first `28 - down` rows of the images, and as many columns as fit.",
    shift,
    _examine_shift,
)
