"""Right and wrong answers to the exercises of notebook 05."""

import numpy as np
import theano
import theano.tensor as T

s = T.nnet.sigmoid
floatX = theano.config.floatX


def reconstruct_with_numpy_like_code(x, W, b, b_prime):
    code = 1 / (1 + T.exp(-(T.dot(x, W) + b)))
    return 1 / (1 + T.exp(-(T.dot(code, T.transpose(W)) + b_prime)))


def reconstruct_with_own_weights(x, W, b, b_prime):
    W_prime = theano.shared(np.zeros((3, 3), floatX))
    return s(T.dot(s(T.dot(x, W) + b), W_prime) + b_prime)


def reconstruct_square_only(x, W, b, b_prime):
    right = s(T.dot(s(T.dot(x, W) + b), W.T) + b_prime)
    return T.switch(T.eq(W.shape[0], W.shape[1]), right, 0 * right)


def log_loss(x, z):
    return -x * T.log(z) - (1 - x) * T.log(1 - z)


def mask(rng, x, level, size=None):
    return rng.binomial(size=x.shape if size is None else size, n=1, p=1 - level, dtype=floatX)


def corrupt_with_numpy(rng, x, level):
    return x * np.random.RandomState(0).binomial(1, 1 - level, size=(40, 50)).astype(floatX)


def corrupt_to_ones(rng, x, level):
    kept = mask(rng, x, level)
    return kept * x + (1 - kept)


def output(autoencoder, expression, digits):
    return theano.function([autoencoder.x], expression, mode="FAST_COMPILE")(digits)


def denoise_with_eval(autoencoder, noisy):
    x = T.matrix("x")
    return autoencoder.get_reconstructed_input(autoencoder.get_hidden_values(x)).eval({x: noisy})


def denoise_corrupted(a, noisy):
    code = a.get_hidden_values(a.get_corrupted_input(a.x, 0.3))
    return output(a, a.get_reconstructed_input(code), noisy)


def code_of(a, noisy):
    return output(a, a.get_hidden_values(a.x), noisy)


def denoised(a, noisy):
    return output(a, a.get_reconstructed_input(a.get_hidden_values(a.x)), noisy)


RIGHT = [
    ("reconstruction", reconstruct_with_numpy_like_code),
    ("cross_entropy", lambda x, z: T.nnet.binary_crossentropy(z, x).sum(axis=1).mean()),
    ("cross_entropy", lambda x, z: T.sum(log_loss(x, z)) / x.shape[0]),
    ("corrupt", lambda rng, x, level: T.switch(rng.uniform(x.shape) < level, 0, x)),
    ("corrupt", lambda rng, x, level: x - x * rng.binomial(x.shape, p=level, dtype=floatX)),
    ("denoise", denoise_with_eval),
]

MISTAKES = [
    ("reconstruction", lambda x, W, b, c: s(T.dot(x, W) + b), "That is the code"),
    (
        "reconstruction",
        lambda x, W, b, c: T.dot(s(T.dot(x, W) + b), W.T) + c,
        "sigmoid around the reconstruction is missing",
    ),
    ("reconstruction", lambda x, W, b, c: s(T.dot(T.dot(x, W) + b, W.T) + c), "before its activation function"),
    ("reconstruction", lambda x, W, b, c: T.dot(T.dot(x, W) + b, W.T) + c, "no activation function"),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(x, W) + b), W) + c), "needs the transpose, `W.T`"),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(x, W.T) + b), W) + c), "in the wrong half"),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(x, W)), W.T) + c), "`b` of the hidden units are missing"),
    (
        "reconstruction",
        lambda x, W, b, c: s(T.dot(s(T.dot(x, W) + b), W.T)),
        "`b_prime` of the reconstruction are missing",
    ),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(x, W)), W.T)), "Both biases are missing"),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(x, W) + c), W.T) + b), "biases are exchanged"),
    ("reconstruction", reconstruct_with_own_weights, "a shared variable of its own"),
    ("reconstruction", lambda x, W, b, c: s(2 * T.dot(s(T.dot(x, W) + b), W.T) + c), "not the reconstruction"),
    ("reconstruction", reconstruct_square_only, "wrong for fewer"),
    ("reconstruction", lambda x, W, b, c: 0.5, "no symbolic expression"),
    ("reconstruction", lambda x, W, b, c: s(s(x * W + b) * W.T + c), "`*` and `np.dot` multiply element by element"),
    ("reconstruction", lambda x, W, b, c: s(np.dot(s(np.dot(x, W) + b), W.T) + c), "the matrix product is `T.dot`"),
    ("reconstruction", lambda x, W, b, c: s(T.dot(s(T.dot(W, x) + b), W.T) + c), "in the wrong order"),
    (
        "reconstruction",
        lambda x, W, b, c: T.dot(x, W).reshape((7, 7)),
        "An array of the shape (5, 3) does not fill the shape [7 7].",
    ),
    ("cross_entropy", lambda x, z: -log_loss(x, z).sum(axis=1).mean(), "The minus is missing"),
    ("cross_entropy", lambda x, z: log_loss(x, z).mean(), "mean over all pixels"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(), "sum over all digits"),
    ("cross_entropy", lambda x, z: log_loss(x, z).mean(axis=1).sum(), "Sum and mean are exchanged"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(axis=0).mean(), "Sum and mean are exchanged"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(axis=1), "The mean over them is missing"),
    ("cross_entropy", lambda x, z: log_loss(x, z).mean(axis=1), "the mean of its pixels instead of their sum"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(axis=0), "adds up over the digits"),
    ("cross_entropy", lambda x, z: log_loss(x, z), "a loss for each pixel"),
    ("cross_entropy", lambda x, z: -(x * T.log(z)).sum(axis=1).mean(), "second half is missing"),
    ("cross_entropy", lambda x, z: -((1 - x) * T.log(1 - z)).sum(axis=1).mean(), "first half is missing"),
    (
        "cross_entropy",
        lambda x, z: (-x * T.log(z) + (1 - x) * T.log(1 - z)).sum(axis=1).mean(),
        "belongs to both halves",
    ),
    ("cross_entropy", lambda x, z: log_loss(z, x).sum(axis=1).mean(), "are exchanged"),
    ("cross_entropy", lambda x, z: ((x - z) ** 2).sum(axis=1).mean(), "squared error"),
    ("cross_entropy", lambda x, z: ((x - z) ** 2).mean(), "squared error"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(axis=1)[:2], "has the shape (2,)"),
    ("cross_entropy", lambda x, z: log_loss(x, z).max(), "For three digits of five pixels it should be"),
    ("cross_entropy", lambda x, z: 3.0, "no symbolic expression"),
    ("corrupt", lambda rng, x, level: mask(rng, x, 1 - level) * x, "`p=1 - level`"),
    ("corrupt", lambda rng, x, level: x + rng.normal(x.shape, std=level), "as if noise were added"),
    ("corrupt", lambda rng, x, level: x - rng.binomial(x.shape, p=level, dtype=floatX), "as if noise were added"),
    ("corrupt", lambda rng, x, level: x * mask(rng, x, level, (x.shape[0], 1)), "one draw for a whole row"),
    (
        "corrupt",
        lambda rng, x, level: x * mask(rng, x, level, (1, x.shape[1])),
        "same pixels are missing in every digit",
    ),
    (
        "corrupt",
        lambda rng, x, level: x * rng.binomial((), p=0.0, dtype=floatX),
        "one draw for a whole row, or for everything",
    ),
    ("corrupt", lambda rng, x, level: x * mask(rng, x, level) / (1 - level), "That is dropout"),
    ("corrupt", lambda rng, x, level: x * rng.binomial(x.shape, p=1 - level), "because `binomial` draws whole numbers"),
    ("corrupt", lambda rng, x, level: x * rng.binomial(x.shape, p=1 - level, dtype="float64"), "twice the memory"),
    ("corrupt", corrupt_to_ones, "set to 1, ink"),
    ("corrupt", lambda rng, x, level: mask(rng, x, level), "That is the mask"),
    ("corrupt", lambda rng, x, level: x, "No pixel is missing"),
    ("corrupt", lambda rng, x, level: x * mask(rng, x, 0.4), "With the level 20% it sets 40% of the pixels to 0"),
    ("corrupt", lambda rng, x, level: x * mask(rng, x, 0.2), "With the level 60% it sets 20% of the pixels to 0"),
    ("corrupt", lambda rng, x, level: x[:3], "returns the shape (3, 50)"),
    ("corrupt", corrupt_with_numpy, "same pixels are missing in every call"),
    ("corrupt", lambda rng, x, level: np.zeros((40, 50)), "no symbolic expression"),
    ("denoise", denoise_corrupted, "sets pixels to 0 once more"),
    ("denoise", code_of, "These are the codes"),
    (
        "denoise",
        lambda a, noisy: output(a, a.get_hidden_values(a.input), noisy),
        "its symbolic input is `autoencoder.x`",
    ),
    (
        "denoise",
        lambda a, noisy: output(a, a.get_hidden_values(T.matrix()), noisy),
        "The input here is `autoencoder.x`",
    ),
    ("denoise", lambda a, noisy: noisy, "the noisy digits, as they came in"),
    ("denoise", lambda a, noisy: output(a, a.get_reconstructed_input(a.x), noisy), "taken for codes"),
    ("denoise", lambda a, noisy: a.get_reconstructed_input(a.get_hidden_values(a.x)), "symbolic expression"),
    ("denoise", lambda a, noisy: denoised(a, noisy)[1], "returns the shape (6,)"),
    ("denoise", lambda a, noisy: 1 - denoised(a, noisy), "not the autoencoder's reconstructions"),
    (
        "reconstruction",
        lambda x, W, b, c: T.tanh(T.dot(T.tanh(T.dot(x, W) + b), W.T) + c),
        "The activation function is tanh",
    ),
    ("reconstruction", lambda x, W, b, c: s(T.dot(x, W.T) + c), "The second half begins with `x`"),
    ("reconstruction", lambda x, W, b, c: (x, s(T.dot(x, W) + b)), "a tuple of 2. Return one expression"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum() / 784, "It divides by 784"),
    ("cross_entropy", lambda x, z: log_loss(x, z).sum(axis=2).mean(), "There is no such axis"),
    ("cross_entropy", lambda x, z: T.dot(x, T.log(z)).mean(), "`T.dot` is the product of matrices"),
    ("cross_entropy", lambda x, z: T.log(-z).mean(), "It is not a finite number"),
    ("corrupt", lambda rng, x, level: x * (1 - level), "All pixels are made darker alike"),
    ("corrupt", lambda rng, x, level: x * rng.binomial(size=(9, 9), n=1, p=0.8), "a size of its own"),
    ("denoise", lambda a, noisy: a.reconstruct(noisy), "It has no such method"),
    ("denoise", lambda a, noisy: get_hidden_values(noisy), "It is a method of the autoencoder"),  # noqa: F821
    ("denoise", lambda a, noisy: denoised(a, noisy).round(), "It rounds to 0 or 1"),
    ("denoise", lambda a, noisy: denoised(a, denoised(a, noisy)), "It reconstructs the reconstruction"),
    ("denoise", lambda a, noisy: denoised(a, noisy)[0], "That is the first digit only"),
    ("denoise", lambda a, noisy: a.reconstruction_cost().eval({a.x: noisy}), "That is the cost"),
]
