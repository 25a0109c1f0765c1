"""The exercises of notebook 04."""

import itertools

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    compare,
    diagnose,
    number_of,
    result_of,
    same,
    symbolic,
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
    cost = symbolic(
        result_of(answer, network, y, strength, known=_LAYERS),
        "Build the cost from what the network offers, and return it.",
    )
    if cost.ndim != 0:
        raise Wrong(f"A cost is one number, and this one is {cost.ndim}-dimensional: add up all the squares.")

    digits = np.random.RandomState(1).normal(size=(4, 3)).astype(theano.config.floatX)
    inputs, values = [x, y, strength], [digits, np.array([0, 1, 1, 0], dtype="int32"), 0.1]
    found = values_of(cost, inputs, values, known=_SUMS)
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
        *_missing_layers(likelihood, *(np.sum(W**2) for W in weights)),
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
        (
            likelihood + 0.1 * np.sqrt(squares),
            "There is a square root too much: the squares are added up, and that is all.",
        ),
        *[
            (
                n * likelihood + 0.1 * squares,
                "The negative log likelihood is added for each layer. Add it once, outside the loop.",
            )
            for n in (2, 3)
        ],
        *[
            (
                likelihood + 0.1 * (squares + np.sum(W**2)),
                f"The squares of the {name} layer are in it twice. Each layer comes once.",
            )
            for W, name in zip(weights, ["first hidden", "last hidden", "output"])
        ],
        (
            likelihood + 0.01 * squares,
            "`strength` is squared, too. It multiplies the sum of the squares, once.",
        ),
        (likelihood + squares / 0.1, "It divides by `strength`. Multiply the squares by it."),
        (
            -likelihood + 0.1 * squares,
            "The likelihood has the wrong sign: `negative_log_likelihood` has its minus already.",
        ),
        *[
            (
                values_of(network.errors(y), inputs, values) + 0.1 * extra,
                "It begins with the share of errors, which has no slope. Begin with `network.negative_log_likelihood(y)`.",
            )
            for extra in (squares, 0)
        ],
    )
    compare(
        found,
        likelihood + 0.1 * squares,
        "It is not the negative log likelihood plus `strength` times the sum of all squared weights.",
    )
    # A cost made of numbers stays what it is while the weights change.
    _double(network.params)
    likelihood = values_of(network.negative_log_likelihood(y), inputs, values)
    if not same(values_of(cost, inputs, values), likelihood + 0.1 * 4 * squares):
        raise Wrong("The weights are taken as numbers, so the gradient cannot see them: use `layer.W` itself.")
    return "it wants the labels right, and the weights small, and `strength` says how much each counts."


_LAYERS = [
    (
        "no attribute 'hiddenLayer'",
        "This network has several hidden layers, and `hiddenLayer` is for one: go through the list `network.hiddenLayers`.",
    ),
    (
        "'list' object has no attribute",
        "`network.hiddenLayers` is a list of layers: go through it, and take `W` of each.",
    ),
    (
        "can only concatenate list",
        "A list and a layer cannot be added. Put the output layer into a list too: `[network.logRegressionLayer]`.",
    ),
]
"""Words of errors in getting at the layers, and their diagnoses."""


_SUMS = [
    (
        "concatenation",
        "`T.sum` of a list makes one array of it, and the weights differ in shape. `T.sum` each matrix, and add "
        "these up with Python's `sum`.",
    )
]
"""The same for errors in computing the cost."""


def _missing_layers(likelihood, first, second, output):
    """What costs without the squares of some layers are, or with `strength` for some only, and their diagnoses."""
    every, hidden = first + second + output, first + second
    return [
        (
            likelihood + 0.1 * (first + output),
            "Only one hidden layer is in it, `hiddenLayers[0]`: go through the whole list, and add the output layer.",
        ),
        (
            likelihood + 0.1 * (second + output),
            "Only the last hidden layer is in it: go through the whole list, and add the output layer.",
        ),
        (
            likelihood + 0.1 * hidden,
            "The output layer is missing: `network.logRegressionLayer` has a `W` too.",
        ),
        (
            likelihood + 0.1 * output,
            "The hidden layers are missing: go through the list `network.hiddenLayers`.",
        ),
        *[
            (
                likelihood + 0.1 * one,
                "Only one hidden layer is in it. Some layers are missing: the other hidden ones, and the output layer.",
            )
            for one in (first, second)
        ],
        *[
            (
                likelihood + 0.1 * some + (every - some),
                "`strength` multiplies some of the squares only: put brackets around the sum of all.",
            )
            for some in (first, second, output, hidden, first + output, second + output)
        ],
    ]


def _double(parameters):
    for parameter in parameters:
        parameter.set_value(2 * parameter.get_value())


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
    W = np.array([[0.5, -2, 0.01, 0], [-0.03, -0.7, 3, 0], [0.9, -1, 0, -0.4]], dtype="float32")
    found = array_of(answer, W.copy(), 0.05)
    below = np.abs(W) < 0.05
    if same(found, np.mean(below, axis=0)) or same(found, np.mean(below, axis=1)):
        raise Wrong("It returns a share for each row or column. Take the mean of the whole matrix.")
    if any(same(found, np.sum(below, axis=0) / n) for n in (1, W.size)):
        raise Wrong("Python's `sum` adds up the rows, and leaves a number for each column. Use `np.sum`.")
    diagnose(
        found,
        (below, "It says yes or no for each weight. The share that is True is the mean of these: `np.mean`."),
        (np.abs(W)[below], "Those are the small weights themselves. Count them, and divide by the number of weights."),
        (W[below], "Those are the small weights themselves. Count them, and divide by the number of weights."),
        (
            np.sum(below) / np.array(W.shape),
            "`W.shape` is two numbers, of rows and columns. The number of weights is `W.size`.",
        ),
    )
    if found.shape == () and found.dtype == bool:
        raise Wrong(
            f"It returns {found}: one comparison for all. Compare each weight with `threshold` first, then take the mean."
        )
    found = number_of(answer, W.copy(), 0.05)
    diagnose(
        found,
        (
            np.mean(W < 0.05),
            "Negative weights are counted whatever their size: -2 is below the threshold, but not small. Use `np.abs`.",
        ),
        (np.sum(below) / len(W), "`len` counts rows: use `W.size`."),
        (
            np.sum(below) / W.shape[1],
            "It divides by the number of columns: use `W.size`, the number of weights.",
        ),
        (np.sum(below), "That is how many there are. Divide by the number of weights; `np.mean` does both."),
        (100 * np.mean(below), "That is in per cent. Return the fraction, from 0 to 1."),
        (np.mean(W == 0), "It counts only exact zeros. Count what is smaller than `threshold`."),
        (np.mean(~below), "That is the share of the weights that are *not* small."),
        (
            np.mean(np.abs(W)),
            "That is the mean size of the weights. Compare with `threshold` first, then take the mean.",
        ),
        (
            2 / W.size,
            "It counts two, as `len(np.where(...))` does: the number of axes. Count the weights, with `np.sum` or `np.mean`.",
        ),
        *[
            (mean, "That is the mean of the small weights. How large they are is not asked, but how many they are.")
            for mean in (W[below].mean(), np.abs(W[below]).mean())
        ],
        (
            np.mean(W > 0.05),
            "It counts the large positive weights. Count those whose size, `np.abs`, is below the threshold.",
        ),
        (np.mean((W > 0) & below), "It counts small positive weights only. Those that are 0 or negative count, too."),
        (
            np.sum(below) / np.sum(~below),
            "It divides by the number of large weights. Divide by the number of all, `W.size`.",
        ),
        (0, "It is 0, as after `//`, which drops the fraction. Divide with `/`."),
        (1, "It says 1, all of them: but some are larger than the threshold, in size."),
    )
    if not same(found, np.mean(below)):
        raise Wrong(f"Of 12 weights with 5 smaller than the threshold the share is 0.417, and it says {found:.3g}.")
    # Right at one threshold, it could still be a fixed one.
    found = np.array([number_of(answer, W.copy(), threshold) for threshold in (0.025, 0.45)])
    diagnose(
        found,
        (
            [np.mean(below), np.mean(below)],
            "It does not depend on `threshold`: with 0.025 and 0.45 it says the same as with 0.05. Use the argument.",
        ),
        (
            [np.mean(W**2 < 0.025), np.mean(W**2 < 0.45)],
            "It compares the squares with `threshold`. The size of a weight is `np.abs`.",
        ),
    )
    compare(
        found, np.array([1 / 3, 1 / 2]), "It does not depend on `threshold` as it should, with 0.025 and with 0.45."
    )
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
    units = np.random.RandomState(0).uniform(1, 2, size=(100, 40)).astype(theano.config.floatX)
    dropped = symbolic(
        result_of(answer, MRG_RandomStreams(1), x, 0.2, known=_MASKS),
        "Return `x` after dropping: a symbol, so that other units are dropped in each call.",
    )
    found = values_of(dropped, [x], [units], known=_MASKS)
    if found.shape != units.shape:
        raise Wrong(
            f"For an input of the shape {units.shape} it returns {found.shape}: each number stays in its place."
        )
    staying = found[found != 0]
    if staying.size and np.all(staying == staying[0]):
        raise Wrong("That is the mask, without `x`. Multiply the two.")
    if np.allclose(np.where(found > 0, found - units, found), -0.2, atol=1e-4):
        raise Wrong("`/ 1 - rate` divides by 1, and then subtracts `rate`: put brackets around `1 - rate`.")
    _examine_mask(found / units)
    if found.dtype != units.dtype:
        raise Wrong(
            f"It turns {units.dtype} into {found.dtype}, which a GPU cannot hold. Draw the mask as floats: "
            '`dtype="float32"`.'
        )
    return "a fifth of the numbers are zero, the others a quarter larger, and the mean is what it was."


_MASKS = [
    (
        "Variable' object cannot be interpreted as an integer",
        "NumPy draws numbers once, and wants to know how many. Draw with `theano_rng.binomial`, in each call anew.",
    ),
    ("size must be a tuple", "The `size` of the mask is a shape, with a number for each axis: `size=x.shape`."),
    ("not aligned", "`T.dot` is the product of matrices. The mask is multiplied number by number: `*`."),
    ("broadcast", "The mask has another size than `x`, a fixed one. Any mini-batch may come: `size=x.shape`."),
    ("mis-match", "The mask has another size than `x`, a fixed one. Any mini-batch may come: `size=x.shape`."),
]
"""Words of errors in drawing and using a mask, and their diagnoses."""


def _examine_mask(factors):
    """What became of each number, when a fifth of them should be dropped: zero, or 1.25 times what it was."""
    staying = factors[factors != 0]
    share, factor = staying.size / factors.size, np.median(staying) if staying.size else 0
    if np.allclose(factors, 1):
        raise Wrong("Nothing is dropped. Multiply by a mask of zeros and ones, drawn with `theano_rng.binomial`.")
    if share > 0 and not np.allclose(staying, factor, rtol=1e-3):
        raise Wrong(
            "The numbers that stay are not all multiplied by the same factor. Multiply `x` by the mask, number by number, and "
            "divide all of it by one number."
        )
    if share == 1:
        raise Wrong(
            f"Nothing is dropped: all numbers become {factor:.3g} times what they were. Multiply by a mask of zeros and ones, "
            "drawn with `theano_rng.binomial`, each number by one of its own: `size=x.shape`."
        )
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
    if not same(factor, 1.25) and abs(factor - 1.25) < 0.02:
        raise Wrong(
            f"What stays becomes {factor:.4f} times as large, by chance: is it divided by the share that has been drawn? Divide by the "
            "probability, `1 - rate`, so that it is always 1.25."
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
    found = array_of(answer, train.copy(), other.copy(), epsilon, known=_SHAPES)
    if found.ndim == 1:
        raise Wrong(_WITHOUT_DIAG)
    if found.shape != other.shape:
        raise Wrong(
            f"For `other` of the shape {other.shape} it returns {found.shape}. It should return `other`, whitened."
        )

    mean = train.mean(axis=0)
    centred, covariance = other - mean, _covariance(train - mean)

    def root(variances):
        return np.sqrt(variances + epsilon)

    wanted = _zca(centred, covariance, root)
    diagnose(
        found,
        *_wrong_means(train, other, root),
        *_wrong_covariances(train, other, root),
        *[(_zca(centred, covariance, wrong), diagnosis) for wrong, diagnosis in _wrong_divisors(epsilon)],
        *_wrong_turns(centred, covariance, root),
        (
            centred / (train.std(axis=0) + epsilon),
            "Each feature is scaled by itself, and the correlations stay. Turn to the axes, the columns of `U`, first.",
        ),
        (wanted + mean, "The mean is added again at the end. Leave it out: whitened features have the mean 0."),
        (_zca(train - mean, covariance, root)[: len(other)], "That is `train`, whitened. Return `other`."),
    )
    # However the axes are turned and mirrored, whitened rows have the same products with one another.
    divisors = [root, *(wrong for wrong, _ in _wrong_divisors(epsilon))]
    turned = [_zca(centred, covariance, divisor) for divisor in divisors]
    if not same(found, wanted) and any(same(found @ found.T, rows @ rows.T) for rows in turned):
        raise Wrong("It is not turned back: the last factor of the formula, `U.T`, is missing.")
    # Some divide by the number of rows less one.
    if not same(found, _zca(centred, np.cov(train.T), root)):
        compare(
            found,
            wanted,
            "It is not `other`, whitened with the mean and the covariance of `train`. Compare each step with the formula: "
            "subtract, turn by `U`, divide, turn back by `U.T`.",
        )
    return "it subtracts, turns, divides, and turns back, all with the numbers of the training set."


def _zca(rows, covariance, divisor):
    variances, axes = np.linalg.eigh(covariance)
    return rows @ (axes / divisor(variances)) @ axes.T


def _covariance(centred):
    return centred.T @ centred / len(centred)


def _wrong_means(train, other, root):
    """Whitened rows, less the mean of something else, and the diagnoses."""
    mean, one = train.mean(axis=0), train.mean()
    covariance = _covariance(train - mean)
    return [
        (
            _zca(other - other.mean(axis=0), covariance, root),
            "The mean subtracted is that of `other`. Take the mean of `train`.",
        ),
        (_zca(other, covariance, root), "The mean is not subtracted from `other`."),
        *[
            (
                _zca(other - rows_mean, _covariance(train - train_mean), root),
                "`train.mean()` is one number for everything. `train.mean(axis=0)` has one for each feature.",
            )
            for rows_mean, train_mean in [(one, one), (one, mean), (mean, one)]
        ],
    ]


def _wrong_covariances(train, other, root):
    """Rows whitened with something else than the covariance, and the diagnoses."""
    mean, others_mean = train.mean(axis=0), other.mean(axis=0)
    centred, covariance = other - mean, _covariance(train - mean)
    return [
        *[
            (
                _zca(rows, matrix, root),
                "The covariance is that of `other`. Take the one of `train`, which is all a model may know.",
            )
            for rows in (centred, other - others_mean)
            for matrix in (np.cov(other.T), _covariance(other - others_mean), _covariance(centred))
        ],
        *[
            (
                _zca(rows, _covariance(train), root),
                "A covariance is of *centred* rows: subtract the mean from `train` first.",
            )
            for rows in (other, centred)
        ],
        (
            _zca(centred, len(train) * covariance, root),
            "C is a sum over the samples so far: divide it by their number, `len(train)`.",
        ),
        *[
            (
                _zca(centred, len(train) / n * covariance, root),
                f"C is divided by {n}, the number of {things}. {cure}",
            )
            for n, things, cure in [
                (len(other), "rows in `other`", "Divide it by that in `train`."),
                (train.size, "numbers in `train`", "Divide it by the number of samples, `len(train)`."),
                (train.shape[1], "features", "Divide it by the number of samples, `len(train)`."),
            ]
        ],
        (
            _zca(centred, np.corrcoef(train.T), root),
            "Those are correlations, each feature divided by its deviation. The covariance is `centred.T @ centred / n`.",
        ),
    ]


def _wrong_divisors(epsilon):
    """What the turned rows may be divided by instead of the deviations, and the diagnoses."""
    return [
        (
            lambda variances: variances + epsilon,
            "It divides by the variances. Divide by their square roots, the standard deviations.",
        ),
        (
            lambda variances: variances,
            "It divides by the variances themselves. Add `epsilon` to them, and take the square root.",
        ),
        (np.sqrt, "`epsilon` is not used: add it to the variances."),
        (
            lambda variances: np.sqrt(variances) + epsilon,
            "`epsilon` is added to the square roots. Add it to the variances, inside the root.",
        ),
        (
            lambda variances: 1 / (1 / np.sqrt(variances) + epsilon),
            "`epsilon` is added after dividing. Add it to the variances, inside the root.",
        ),
        (
            lambda variances: 1 / np.sqrt(variances + epsilon),
            "It multiplies by the square roots: what varies much already now varies more. Divide by them.",
        ),
    ]


def _wrong_turns(centred, covariance, root):
    """Rows that are not turned, or to something else than the axes, and the diagnoses."""
    variances, axes = np.linalg.eigh(covariance)
    scale = root(variances)
    # Each axis may point either way.
    mirrored = [axes * signs for signs in itertools.product([1, -1], repeat=len(axes))]
    return [
        *[
            (
                centred @ U.T / scale @ U,
                "It takes the rows of `U` for the axes, `U.T` first and `U` last. They are its columns: `U` comes first.",
            )
            for U in mirrored
        ],
        *[
            (centred @ U / scale @ U, "It turns by `U` twice. The second time it should turn back: `U.T`.")
            for U in mirrored
        ],
        *[(centred @ U.T / scale @ U.T, "It turns by `U.T` twice. The first time it should be `U`.") for U in mirrored],
        *[(centred / scale @ U.T, "The first turn is missing: multiply by `U` before you divide.") for U in mirrored],
        *[(centred @ U, "It turns the rows, and that is all: divide, and turn back.") for U in mirrored],
        (
            centred / scale,
            "It divides the features by numbers that belong to the axes. Turn first, and divide the columns of what comes out.",
        ),
        (centred, "That is `other` without its mean. It is still as correlated as before."),
        (
            centred / root(np.diag(covariance)),
            "Each feature is scaled by itself, and the correlations stay. Turn to the axes, the columns of `U`, first.",
        ),
    ]


_WITHOUT_DIAG = (
    "A matrix times a vector is a vector. Make a diagonal matrix of the vector, `np.diag(1 / np.sqrt(v + epsilon))`, or divide by "
    "the vector instead. (`np.linalg.eigh` returns the vector `v` first, then the matrix `U`.)"
)
_SAMPLES_FOR_FEATURES = (
    "C should be 4 × 4, a row for each feature, and not for each of the 50 samples: `centred.T @ centred / n`, where "
    "`centred` is `train` less its mean."
)
_SHAPES = [
    ("(size 50 is different from 4)", _SAMPLES_FOR_FEATURES),
    ("(size 4 is different from 50)", _SAMPLES_FOR_FEATURES),
    ("(size 7 is different from 50)", _SAMPLES_FOR_FEATURES),
    ("(50,50)", _SAMPLES_FOR_FEATURES),
    ("(50,4) and (50,4) not aligned", _SAMPLES_FOR_FEATURES),
    ("must be square", "`np.linalg.eigh` takes the covariance, 4 × 4: `centred.T @ centred / n`."),
    ("(size 4 is different from 7)", _WITHOUT_DIAG),
    ("(7,) and (4,4) not aligned", _WITHOUT_DIAG),
    ("(7,) (4,4)", "`np.linalg.eigh` returns `v` first, then `U`: they are exchanged."),
    (
        "(size 7 is different from 4)",
        "Samples are rows, so that `other - mean` comes first, and `U` after it.",
    ),
    ("(7,4) (4,4)", "`*` multiplies element by element. The matrix product is `@`."),
    *[
        (words, "`axis=1` is the mean of each sample. The mean of each feature is `train.mean(axis=0)`.")
        for words in ("(50,4) (50,)", "(7,4) (50,)", "(7,4) (50,1)")
    ],
]
"""Words of errors with 50 rows in `train`, 7 in `other`, and 4 features, and their diagnoses."""


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
    found = array_of(answer, given, 2, 5, known=_SLICES)
    if not np.array_equal(given, images):
        raise Wrong(
            "It changes the array that it was given, and the original is lost. Begin with a new one: `np.zeros_like`."
        )
    if found.shape != images.shape:
        raise Wrong(f"For three images, {images.shape}, it returns the shape {found.shape}. The shape should stay.")
    diagnose(
        found,
        (images, "Nothing has moved."),
        (
            _moved(_moved(images, -2, -5), 2, 5),
            "The ink stays in its place. Take it from the first `28 - down` rows and `28 - right` columns.",
        ),
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
    diagnose(
        found,
        (np.roll(images, (-2, -5), axis=(1, 2)), "It moves up and left, and what leaves comes in at the other side."),
        (
            np.roll(images, 2 * 28 + 5),
            "Without `axis`, `np.roll` moves all numbers in one long row, from image to image. And what leaves should be lost.",
        ),
        (np.roll(images, (2, 5), axis=(0, 1)), "It moves images, and rows. Rows are axis 1, and columns axis 2."),
        (
            np.roll(images, (5, 2), axis=(1, 2)),
            "Down and right are exchanged, and what leaves comes in at the other side.",
        ),
        *[
            (_moved(images, down, right), f"It moves by {down} and {right} pixels instead of 2 and 5.")
            for down, right in [(1, 4), (3, 6), (4, 10)]
        ],
    )
    wanted = _moved(images, 2, 5)
    if np.array_equal(found[:, 2:, 5:], wanted[:, 2:, 5:]) and not same(found, wanted):
        raise Wrong(
            "The ink is in the right place. But what comes in, at the top or on the left, is not 0 everywhere: "
            f"{np.count_nonzero(found[0]) - 26 * 23} numbers of an image are something else."
        )
    if not np.any(found[:2]) or np.any(found[2] == images[0]):
        raise Wrong(
            "It moves digits to the place of other digits. The first axis counts the images: leave it alone with `:`."
        )
    compare(
        found,
        wanted,
        "It is not each image, two rows down and five columns to the right, with zeros at the top and left.",
    )
    for name, down, right in [("down", 0, 3), ("right", 3, 0)]:
        empty = f"With `{name}` 0, `:-0` is an empty slice: write `:28 - {name}`."
        found = array_of(answer, images.copy(), down, right, known=[("could not broadcast", empty)])
        if not same(found, _moved(images, down, right)):
            raise Wrong(
                f"It goes wrong when `{name}` is 0. A slice to `-0` is empty: count from the front, `28 - {name}`."
            )
    return "down, right, and what leaves the picture is gone."


_FIRST_AXIS = "The first axis counts the images: leave it alone with `:`, and slice rows and columns after it."
_SLICES = [
    ("(3,23,28)", _FIRST_AXIS),
    ("(1,23,28)", _FIRST_AXIS),
    (
        "from shape (3,28,28)",
        "Whole images do not fit where they should go: take their first `28 - down` rows and `28 - right` columns.",
    ),
]
"""Words of errors in moving three images by 2 and 5, and their diagnoses: shapes that come from wrong slices."""


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
