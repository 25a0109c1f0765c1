"""Right and wrong answers to the exercises of notebook 04."""

import numpy as np
import theano.tensor as T

from deeplearning_tutorial.regularization import l2


def likelihood(network, y):
    return network.negative_log_likelihood(y)


def weights_of(network):
    return [layer.W for layer in [*network.hiddenLayers, network.logRegressionLayer]]


def mask_of(theano_rng, x, p):
    return theano_rng.binomial(size=x.shape, n=1, p=p, dtype="float32")


def keep_the_large(theano_rng, x, rate):
    """Uniform numbers above the rate are where a unit stays."""
    return T.switch(theano_rng.uniform(size=x.shape) > rate, x / (1 - rate), 0)


def whiten_with_svd(train, other, epsilon):
    mean = train.mean(axis=0)
    _, lengths, axes = np.linalg.svd(train - mean, full_matrices=False)
    return (other - mean) @ axes.T @ np.diag(1 / np.sqrt(lengths**2 / len(train) + epsilon)) @ axes


def zca(rows, covariance, divisor):
    """Turn rows to the axes, divide by what `divisor` makes of the variances, and turn back."""
    variances, axes = np.linalg.eigh(covariance)
    return (rows @ axes) / divisor(variances) @ axes.T


def whiten_with_cov(train, other, epsilon):
    return zca(other - train.mean(0), np.cov(train, rowvar=False), lambda v: np.sqrt(v + epsilon))


def scaled(train, other, divisor):
    return zca(other - train.mean(0), cov(train), divisor)


def cov(rows):
    return np.cov(rows.T, bias=True)


def root(epsilon):
    return lambda variances: np.sqrt(variances + epsilon)


def whiten_without_turning_back(train, other, epsilon):
    variances, axes = np.linalg.eigh(cov(train))
    return (other - train.mean(0)) @ axes / np.sqrt(variances + epsilon)


def whiten_with_rows_for_axes(train, other, epsilon):
    variances, axes = np.linalg.eigh(cov(train))
    return (other - train.mean(0)) @ axes.T / np.sqrt(variances + epsilon) @ axes


def product(centred):
    return centred.T @ centred / len(centred)


def steps(train, other, epsilon, first="U", last="U.T"):
    """Turn, divide, turn back, with other turns than in the formula."""
    variances, axes = np.linalg.eigh(cov(train))
    turn = {"U": axes, "U.T": axes.T, None: np.eye(4)}
    return (other - train.mean(0)) @ turn[first] / np.sqrt(variances + epsilon) @ turn[last]


def moved(images, down, right):
    """By whole pixels in any direction, with a frame around."""
    frame = np.pad(images, ((0, 0), (28, 28), (28, 28)))
    return frame[:, 28 - down : 56 - down, 28 - right : 56 - right]


def shift_from_the_end(images, down, right):
    """Right but for 0, where -0 is the front."""
    result = np.zeros_like(images)
    result[:, down:, right:] = images[:, :-down, :-right]
    return result


def shift_columns_from_the_end(images, down, right):
    """Right but for 0 to the right."""
    result = np.zeros_like(images)
    result[:, down:, right:] = images[:, : 28 - down, :-right]
    return result


def shift_without_first_axis(images, down, right):
    result = np.zeros_like(images)
    result[down:, right:] = images[: 28 - down, : 28 - right]
    return result


def shift_rows_of_images_only(images, down, right):
    """The first axis is forgotten where the ink comes from."""
    result = np.zeros_like(images)
    result[:, down:, right:] = images[:-down, :-right]
    return result


def shift_whole_images(images, down, right):
    result = np.zeros_like(images)
    result[:, down:, right:] = images
    return result


def shift_nowhere(images, down, right):
    result = np.zeros_like(images)
    result[:, down:, right:] = images[:, down:, right:]
    return result


def shift_in_place(images, down, right):
    images[:] = moved(images, down, right)
    return images


RIGHT = [
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * net.L2_sqr),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net))),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * T.sum([T.sum(W**2) for W in weights_of(net)])),
    ("share_of_zeros", lambda W, threshold: ((W < threshold) & (W > -threshold)).sum() / W.size),
    ("share_of_zeros", lambda W, threshold: float((abs(W) <= threshold).mean())),
    ("drop", keep_the_large),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) / (1 - rate)),
    ("drop", lambda rng, x, rate: x * (1 - mask_of(rng, x, rate)) / (1 - rate)),
    ("whiten_by_hand", whiten_with_svd),
    ("whiten_by_hand", whiten_with_cov),
    ("shift", moved),
]

MISTAKES = [
    ("regularized_cost", lambda net, y, s: 0.5, "no symbolic expression"),
    ("regularized_cost", lambda net, y, s: s * net.logRegressionLayer.W, "2-dimensional"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y), "without a regularizer"),
    ("regularized_cost", lambda net, y, s: s * net.L2_sqr, "regularizer alone"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + net.L2_sqr, "`strength` is not used"),
    ("regularized_cost", lambda net, y, s: s * (likelihood(net, y) + net.L2_sqr), "the whole cost"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) - s * net.L2_sqr, "subtracted"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s / 2 * net.L2_sqr, "a half too much"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * l2(net.params), "biases"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[:1]), "Some layers are missing"),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[1:2]),
        "Some layers are missing",
    ),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[::2]), "`hiddenLayers[0]`"),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[1:]),
        "Only the last hidden layer",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[:-1]) + l2(weights_of(net)[-1:]),
        "brackets around the sum of all",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[-1:]) + l2(weights_of(net)[:-1]),
        "brackets around the sum of all",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[:1]) + l2(weights_of(net)[1:]),
        "brackets around the sum of all",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(np.sum(W.get_value() ** 2) for W in weights_of(net)),
        "taken as numbers",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(T.sum(np.asarray(W.eval()) ** 2) for W in weights_of(net)),
        "taken as numbers",
    ),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * T.sum(net.hiddenLayer.W**2), "has several hidden"),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * T.sum(net.hiddenLayers.W**2), "a list of layers"),
    (
        "regularized_cost",
        lambda net, y, s: [layer.W for layer in net.hiddenLayers + net.logRegressionLayer],
        "Put the output layer into a list too",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * T.sum([W**2 for W in weights_of(net)]),
        "with Python's `sum`",
    ),
    (
        "regularized_cost",
        lambda net, y, s: T.sum(T.dot(net.logRegressionLayer.W, net.logRegressionLayer.W)),
        "It cannot be computed. In a matrix product",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[:-1]),
        "The output layer is missing",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * l2(weights_of(net)[-1:]),
        "The hidden layers are missing",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(T.mean(W**2) for W in weights_of(net)),
        "the mean of the squares",
    ),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s * net.L1, "absolute values"),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(W.norm(2) for W in weights_of(net)),
        "a square root too much",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(W.sum() ** 2 for W in weights_of(net)),
        "It squares a sum",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(W.sum() for W in weights_of(net)) ** 2,
        "It squares a sum",
    ),
    (
        "regularized_cost",
        lambda net, y, s: likelihood(net, y) + s * sum(W.sum() for W in weights_of(net)),
        "not squared",
    ),
    ("regularized_cost", lambda net, y, s: likelihood(net, y) + s**3 * net.L2_sqr, "It is not the negative"),
    ("share_of_zeros", lambda W, threshold: np.mean(W < threshold), "Negative weights are counted"),
    ("share_of_zeros", lambda W, threshold: np.sum(abs(W) < threshold), "how many there are"),
    ("share_of_zeros", lambda W, threshold: np.sum(abs(W) < threshold) / len(W), "`len` counts rows: use `W.size`"),
    ("share_of_zeros", lambda W, threshold: np.sum(abs(W) < threshold) / W.shape[1], "the number of columns"),
    ("share_of_zeros", lambda W, threshold: sum(abs(W) < threshold), "Use `np.sum`"),
    ("share_of_zeros", lambda W, threshold: sum(abs(W) < threshold) / W.size, "Use `np.sum`"),
    ("share_of_zeros", lambda W, threshold: 100 * np.mean(abs(W) < threshold), "in per cent"),
    ("share_of_zeros", lambda W, threshold: np.mean(W == 0), "only exact zeros"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W) > threshold), "*not* small"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W)), "mean size of the weights"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W) < threshold, axis=0), "for each row or column"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W) < threshold, axis=1), "for each row or column"),
    ("share_of_zeros", lambda W, threshold: W, "should return one number"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W) < 0.025), "the share is 0.417"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W) < 0.05), "does not depend on `threshold`"),
    ("drop", lambda rng, x, rate: 0.5, "no symbolic expression"),
    ("drop", lambda rng, x, rate: T.sum(x), "returns ()"),
    ("drop", lambda rng, x, rate: x + 0, "Nothing is dropped"),
    ("drop", lambda rng, x, rate: mask_of(rng, x, 1 - rate), "That is the mask, without `x`"),
    ("drop", lambda rng, x, rate: mask_of(rng, x, 1 - rate) / (1 - rate), "That is the mask, without `x`"),
    ("drop", lambda rng, x, rate: mask_of(rng, x, 1 - rate) * x / 1 - rate, "put brackets around `1 - rate`"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, rate) / (1 - rate), "it should *drop* a fifth"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, rate) / rate, "it should *drop* a fifth"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 0.5) / (1 - rate), "about 80 % of the numbers should stay"),
    ("drop", lambda rng, x, rate: x * 0, "and 0 % do"),
    ("drop", lambda rng, x, rate: x + mask_of(rng, x, rate), "the same factor"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate), "not scaled"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) * (1 - rate), "is multiplied by `1 - rate`"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) / rate, "is divided by `rate`"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) * rate, "is multiplied by `rate`"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) * (1 + rate), "multiplied by `1 + rate`"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 1 - rate) * 2, "becomes 2 times"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x[0], 1 - rate) / (1 - rate), "dropped together"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x[:, :1], 1 - rate)[:, [0]] / (1 - rate), "dropped together"),
    ("drop", lambda rng, x, rate: x * rng.binomial(size=x.shape, p=1 - rate) / (1 - rate), "float32 into float64"),
    ("whiten_by_hand", lambda train, other, e: whiten_with_svd(train, other, e).T, "returns (4, 7)"),
    ("whiten_by_hand", lambda train, other, e: whiten_with_svd(other, other, e), "covariance is that of `other`"),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), cov(other), root(e)),
        "covariance is that of `other`",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - other.mean(0), cov(train), root(e)),
        "mean subtracted is that of `other`",
    ),
    ("whiten_by_hand", lambda train, other, e: zca(other, cov(train), root(e)), "not subtracted from `other`"),
    ("whiten_by_hand", lambda train, other, e: zca(other, train.T @ train / 50, root(e)), "of *centred* rows"),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), train.T @ train / 50, root(e)),
        "of *centred* rows",
    ),
    ("whiten_by_hand", lambda train, other, e: scaled(train, other, lambda v: v + e), "divides by the variances"),
    ("whiten_by_hand", lambda train, other, e: whiten_with_svd(train, other, 0), "`epsilon` is not used"),
    ("whiten_by_hand", lambda train, other, e: scaled(train, other, lambda v: np.sqrt(v) + e), "inside the root"),
    ("whiten_by_hand", lambda train, other, e: scaled(train, other, lambda v: 1 / np.sqrt(v + e)), "multiplies by"),
    ("whiten_by_hand", whiten_with_rows_for_axes, "the rows of `U`"),
    ("whiten_by_hand", lambda train, other, e: other - train.mean(0), "still as correlated"),
    ("whiten_by_hand", lambda train, other, e: (other - train.mean(0)) / np.sqrt(train.var(0) + e), "scaled by itself"),
    ("whiten_by_hand", lambda train, other, e: whiten_with_svd(train, train, e)[:7], "That is `train`"),
    ("whiten_by_hand", whiten_without_turning_back, "not turned back"),
    ("whiten_by_hand", lambda train, other, e: 2 * whiten_with_svd(train, other, e), "each step with the formula"),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, e, last=None), "not turned back"),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, 0, last=None), "not turned back"),
    (
        "whiten_by_hand",
        lambda train, other, e: steps(train, other, e, first="U.T", last="U"),
        "`U.T` first and `U` last",
    ),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, e, last="U"), "It turns by `U` twice"),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, e, first="U.T"), "It turns by `U.T` twice"),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, e, first=None), "The first turn is missing"),
    ("whiten_by_hand", lambda train, other, e: steps(train, other, e, None, None), "numbers that belong to the axes"),
    ("whiten_by_hand", lambda train, other, e: (other - train.mean(0)) @ np.linalg.eigh(cov(train))[1], "that is all"),
    ("whiten_by_hand", lambda train, other, e: scaled(train, other, lambda v: v), "the variances themselves"),
    (
        "whiten_by_hand",
        lambda train, other, e: scaled(train, other, lambda v: 1 / (1 / np.sqrt(v) + e)),
        "after dividing",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), 50 * cov(train), root(e)),
        "a sum over the samples",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), 50 / 4 * cov(train), root(e)),
        "number of features",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), 50 / 7 * cov(train), root(e)),
        "rows in `other`",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), np.corrcoef(train.T), root(e)),
        "Those are correlations",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(0), np.cov(other, rowvar=False), root(e)),
        "is that of `other`",
    ),
    (
        "whiten_by_hand",
        lambda train, other, e: zca(other - train.mean(), product(train - train.mean()), root(e)),
        "`train.mean()` is one",
    ),
    ("whiten_by_hand", lambda train, other, e: zca(other - train.mean(), cov(train), root(e)), "`train.mean()` is one"),
    ("whiten_by_hand", lambda train, other, e: zca(other - train.mean(1), cov(train), root(e)), "`axis=1` is the mean"),
    ("whiten_by_hand", lambda train, other, e: train - train.mean(1), "`axis=1` is the mean"),
    ("whiten_by_hand", lambda train, other, e: other - train.mean(1, keepdims=True), "`axis=1` is the mean"),
    ("whiten_by_hand", lambda train, other, e: zca(other, np.cov(train), root(e)), "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: np.cov(train) @ other, "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: train @ train, "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: np.dot(train, train), "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: other.dot(np.cov(train)), "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: np.cov(train) @ other.T, "a row for each feature"),
    ("whiten_by_hand", lambda train, other, e: np.linalg.eigh(train), "takes the covariance"),
    ("whiten_by_hand", lambda train, other, e: other @ cov(train)[0] @ cov(train), "`np.diag("),
    ("whiten_by_hand", lambda train, other, e: other.dot(cov(train)[0]).dot(cov(train)), "`np.diag("),
    ("whiten_by_hand", lambda train, other, e: cov(train) @ cov(train)[0], "`np.diag("),
    ("whiten_by_hand", lambda train, other, e: other @ np.diag(cov(train)) / cov(train), "they are exchanged"),
    ("whiten_by_hand", lambda train, other, e: cov(train) @ other, "`other - mean` comes first"),
    ("whiten_by_hand", lambda train, other, e: other * cov(train), "The matrix product is `@`"),
    ("shift", shift_in_place, "changes the array"),
    ("shift", lambda images, down, right: moved(images, down, right)[0], "returns the shape (28, 28)"),
    ("shift", lambda images, down, right: images, "Nothing has moved"),
    ("shift", lambda images, down, right: np.zeros_like(images), "white paper only"),
    ("shift", lambda images, down, right: np.roll(images, (down, right), axis=(1, 2)), "comes in at the other"),
    ("shift", lambda images, down, right: moved(images, right, down), "exchanged"),
    ("shift", lambda images, down, right: moved(images, -down, right), "up instead of down"),
    ("shift", lambda images, down, right: moved(images, down, -right), "left instead of right"),
    ("shift", lambda images, down, right: moved(images, -down, -right), "up and left"),
    ("shift", lambda images, down, right: moved(images, down, 0), "down only"),
    ("shift", lambda images, down, right: moved(images, 0, right), "right only"),
    ("shift", lambda images, down, right: np.roll(images, down, axis=0), "the place of other digits"),
    ("shift", lambda images, down, right: np.concatenate([0 * images[:2], images[:1]]), "the place of other digits"),
    ("shift", lambda images, down, right: 2 * moved(images, down, right), "It is not each image"),
    ("shift", shift_nowhere, "The ink stays in its place"),
    ("shift", shift_without_first_axis, "The first axis counts the images"),
    ("shift", shift_rows_of_images_only, "slice rows and columns after it"),
    ("shift", shift_whole_images, "do not fit"),
    ("shift", shift_from_the_end, "write `:28 - down`"),
    ("shift", shift_columns_from_the_end, "write `:28 - right`"),
    # These go wrong without an error for 0.
    ("shift", lambda images, down, right: moved(images, down or 1, right), "goes wrong when `down` is 0"),
    ("shift", lambda images, down, right: moved(images, down, right or 1), "goes wrong when `right` is 0"),
    ("regularized_cost", lambda net, y, s: net.negative_log_likelihood + s, "It computes with a function itself"),
    ("regularized_cost", lambda net, y, s: 2 * likelihood(net, y) + s * net.L2_sqr, "is added for each layer"),
    ("share_of_zeros", lambda W, threshold: abs(W) < threshold, "It says yes or no for each weight"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W)) < threshold, "one comparison for all"),
    ("share_of_zeros", lambda W, threshold: np.sum(abs(W) < threshold) / W.shape, "`W.shape` is two numbers"),
    ("share_of_zeros", lambda W, threshold: np.mean(W**2 < threshold), "compares the squares"),
    ("share_of_zeros", lambda W, threshold: len(np.where(abs(W) < threshold)) / W.size, "It counts two"),
    ("share_of_zeros", lambda W, threshold: np.mean(abs(W.get_value()) < threshold), "leave `get_value` out"),
    ("drop", lambda rng, x, rate: x * rng.binomial(size=x, n=1, p=0.8), "`size=x.shape`"),
    ("drop", lambda rng, x, rate: x * rng.binomial(size=(28, 28), n=1, p=0.8, dtype="float32"), "a fixed one"),
    ("drop", lambda rng, x, rate: x * rng.binomial(size=x.shape, n=x.size, p=0.8), "the number of tosses"),
    ("drop", lambda rng, x, rate: x * np.random.binomial(1, 0.8, size=x.shape), "NumPy draws numbers once"),
    ("drop", lambda rng, x, rate: T.dot(x, mask_of(rng, x, 0.8)), "The mask is multiplied number by number"),
    ("drop", lambda rng, x, rate: x / 0.8, "all numbers become 1.25 times"),
    ("drop", lambda rng, x, rate: x * mask_of(rng, x, 0.8) / 0.795, "by chance"),
    ("whiten_by_hand", lambda train, other, e: (other - train.mean(0)) / (train.std(0) + e), "scaled by itself"),
    ("shift", lambda images, d, r: np.where(moved(images, d, r) > 0, moved(images, d, r), images), "not 0 everywhere"),
    ("shift", lambda images, d, r: np.roll(images, 28 * d + r), "Without `axis`"),
]
