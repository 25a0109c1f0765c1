"""Right and wrong answers to the exercises of notebook 01."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises import EXERCISES


def normalize_with_where(train, other):
    std = train.std(axis=0)
    return (other - train.mean(axis=0)) / np.where(std == 0, 1, std)


def normalize_pixel_by_pixel(train, other):
    result = np.empty_like(other)
    for pixel in range(train.shape[1]):
        spread = train[:, pixel].std()
        result[:, pixel] = (other[:, pixel] - train[:, pixel].mean()) / (spread if spread > 0 else 1)
    return result


def confusion_with_a_loop(true, predicted):
    counts = np.zeros((10, 10), dtype=int)
    for t, p in zip(true, predicted):
        counts[t, p] += 1
    return counts


def predict_with_argmax(classifier, digits):
    f = theano.function([classifier.input], T.argmax(classifier.p_y_given_x, axis=1), mode="FAST_COMPILE")
    return f(digits)


z = T.vector("z")
our_cost = T.sum(theano.shared(np.ones(3, dtype="float32"), name="W") ** 2)
matrix = T.matrix("x")


def compiled_with(inputs):
    """Predict with other inputs than the classifier's own."""
    return lambda c, d: theano.function(inputs, c.y_pred, mode="FAST_COMPILE")(*[d] * len(inputs))


def zero_where_constant(train, other):
    difference, std = other - train.mean(axis=0), train.std(axis=0)
    return np.divide(difference, std, out=np.zeros_like(difference), where=std != 0)


def without_nan(train, other):
    return np.nan_to_num((other - train.mean(axis=0)) / train.std(axis=0))


def over_the_pixels(of, keepdims):
    return lambda train, other: (
        (other - (m := of(train, other)).mean(axis=1, keepdims=keepdims)) / m.std(axis=1, keepdims=keepdims)
    )


def change_other(train, other):
    other -= train.mean(axis=0)
    return other


def change_train(train, other):
    std = train.std(axis=0)
    train -= train.mean(axis=0)
    return other / np.where(std == 0, 1, std)


def safe(std):
    return np.where(std == 0, 1, std)


def counts(true, predicted):
    return EXERCISES["confusion_matrix"].solution(true, predicted)


def counted_once(true, predicted):
    result = np.zeros((10, 10), dtype=int)
    result[true, predicted] += 1
    return result


def counted_until_return(true, predicted):
    result = np.zeros((10, 10), dtype=int)
    for t, p in zip(true, predicted):
        result[t, p] += 1
        return result


def of_true_class(p, t):
    return p[np.arange(len(t)), t]


def only_those_that_occur(t, p):
    labels = np.unique(np.concatenate([t, p]))
    return counts(t, p)[labels][:, labels]


RIGHT = [
    ("normalize", normalize_with_where),
    ("normalize", normalize_pixel_by_pixel),
    ("gradient_step", lambda p, g, a: -a * g + p),
    ("predict", predict_with_argmax),
    ("predict", lambda classifier, digits: classifier.y_pred.eval({classifier.input: digits}).astype("int32").tolist()),
    ("confusion_matrix", confusion_with_a_loop),
    ("confusion_matrix", lambda t, p: np.bincount(10 * t + p, minlength=100).reshape(10, 10).tolist()),
    ("confusion_matrix", lambda t, p: np.eye(10)[t].T @ np.eye(10)[p]),
    ("confusion_matrix", lambda t, p: np.histogram2d(t, p, bins=10, range=[[0, 10], [0, 10]])[0]),
    ("confusion_matrix", lambda t, p: np.histogram2d(t, p, bins=np.arange(11))[0]),
    ("most_wrong", lambda p, t, n: sorted(range(len(t)), key=lambda i: p[i, t[i]])[:n]),
    ("most_wrong", lambda p, t, n: np.argsort(-np.log(p[np.arange(len(t)), t]))[::-1][:n]),
    ("digit_row", lambda pixels: ((255 - pixels) / 255).astype("float32").reshape(1, -1)),
    ("digit_row", lambda pixels: np.float32(1 - pixels / 256).reshape(1, 784)),
    ("digit_row", lambda pixels: np.float32([(255 - pixels).ravel() / 256])),
]

MISTAKES = [
    ("normalize", change_other, "changes the arrays it is given"),
    ("normalize", change_train, "changes the arrays it is given"),
    ("normalize", lambda train, other: other[:3], "returns the shape (3, 6)"),
    ("normalize", lambda train, other: (train, other), "returns the shape (2, 6, 6)"),
    ("normalize", lambda train, other: (other - train.mean(axis=0)) / train.std(axis=0), "standard deviation 0"),
    (
        "normalize",
        lambda train, other: (other - other.mean(axis=0)) / other.std(axis=0),
        "They must come from `train` alone",
    ),
    ("normalize", lambda train, other: (other - train.mean()) / train.std(), "for all pixels together"),
    ("normalize", over_the_pixels(lambda train, other: train, keepdims=True), "averaged over the pixels of a digit"),
    ("normalize", over_the_pixels(lambda train, other: train, keepdims=False), "averaged over the pixels of a digit"),
    ("normalize", over_the_pixels(lambda train, other: other, keepdims=True), "averaged over the pixels of a digit"),
    ("normalize", over_the_pixels(lambda train, other: other, keepdims=False), "averaged over the pixels of a digit"),
    ("normalize", lambda train, other: other - train.mean(axis=0), "nothing is divided"),
    ("normalize", lambda train, other: other / safe(train.std(axis=0)), "the mean is not subtracted"),
    (
        "normalize",
        lambda train, other: (other - train.mean(axis=0)) / safe(train.var(axis=0)),
        "divides by the variance",
    ),
    (
        "normalize",
        lambda train, other: (train - train.mean(axis=0)) / safe(train.std(axis=0)),
        "never looks at `other`",
    ),
    (
        "normalize",
        lambda train, other: (other - train.mean(axis=0)) / (train.std(axis=0) + 1e-8),
        "Adding a tiny number",
    ),
    ("normalize", zero_where_constant, "Only subtract its mean"),
    ("normalize", without_nan, "`np.nan_to_num` makes the infinity"),
    (
        "normalize",
        lambda train, other: np.nan_to_num((other - train.mean(axis=0)) / train.std(axis=0), posinf=0),
        "Only subtract its mean",
    ),
    ("normalize", lambda train, other: other * 2, "are not `(other - mean) / std`"),
    (
        "normalize",
        lambda train, other: normalize_with_where(train, other).astype("float64"),
        "From float32 it makes float64",
    ),
    ("normalize", lambda train, other: T.as_tensor(other) - 1, "use NumPy, `np.sqrt` and not `T.sqrt`"),
    ("gradient_step", lambda p, g, a: p + a * g, "It climbs: the gradient points uphill"),
    ("gradient_step", lambda p, g, a: p - g, "The learning rate is not used"),
    ("gradient_step", lambda p, g, a: p + g, "It climbs, and the learning rate is not used"),
    ("gradient_step", lambda p, g, a: -a * g, "returns the step alone"),
    ("gradient_step", lambda p, g, a: a * g, "the gradient times the learning rate"),
    ("gradient_step", lambda p, g, a: p - g / a, "divides by the learning rate"),
    ("gradient_step", lambda p, g, a: p, "unchanged"),
    ("gradient_step", lambda p, g, a: p * g, "is not the parameter minus the learning rate times the gradient"),
    ("gradient_step", lambda p, g, a: (p, p - a * g), "should return one expression"),
    ("gradient_step", lambda p, g, a: [p - a * g], "should return one expression"),
    ("gradient_step", lambda p, g, a: 0.1, "no symbolic expression"),
    ("gradient_step", lambda p, g, a: p.eval() - a * g, "Compute nothing here"),
    ("gradient_step", lambda p, g, a: p.set_value(p.get_value() - a * g), "Compute nothing here"),
    ("gradient_step", lambda p, g, a: p.set_value(p - a * g), "Compute nothing here"),
    ("gradient_step", lambda p, g, a: p - a * z, "symbolic variable from elsewhere"),
    ("gradient_step", lambda p, g, a: p - a * T.grad(our_cost, p), "The gradient is given already"),
    ("gradient_step", lambda p, g, a: p - a * T.grad(g, p), "The gradient is given already"),
    ("gradient_step", lambda p, g, a: p - a * T.grad(p, p), "The gradient is given already"),
    ("gradient_step", lambda p, g, a: p - a(g), "A symbol is no function"),
    ("gradient_step", lambda p, g, a: p - a * g / len(p), "A symbol has no length yet"),
    ("gradient_step", lambda p, g, a: {}.get("gradient") + p, "It computes with `None`"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}), "probabilities of all classes"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).max(axis=1), "how probable the best class is"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).argmax(axis=0), "over the classes of each example"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).argmin(axis=1), "least probable class"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d[:1]}), "returns the shape (1,)"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d}).astype(float), "these are float64"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d + 1}) * 0, "it returns [0, 0, 0, 0, 0]"),
    ("predict", compiled_with([matrix]), "that the output is not computed from. The input here is `classifier.input`"),
    ("predict", compiled_with([]), "an input that it is not given. The input here is `classifier.input`"),
    ("predict", lambda c, d: c.y_pred.eval(), "an input that it is not given. The input here is `classifier.input`"),
    ("predict", lambda c, d: c.y_pred(d), "A symbolic expression cannot be called"),
    ("predict", lambda c, d: c.y_pred, "a recipe without numbers"),
    (
        "predict",
        lambda c, d: theano.function([c.input], c.y_pred, mode="FAST_COMPILE"),
        "It returns a compiled function. Call it with the data",
    ),
    ("confusion_matrix", lambda t, p: counts(p, t), "Rows and columns are exchanged"),
    ("confusion_matrix", counted_once, "counted only once. Add 1 each time that it occurs"),
    ("confusion_matrix", lambda t, p: counted_once(p, t), "only once, and rows and columns are exchanged"),
    ("confusion_matrix", lambda t, p: counts(t, p) / len(t), "These are fractions"),
    ("confusion_matrix", lambda t, p: counts(t, p) * (1 - np.eye(10)), "right answers are missing"),
    ("confusion_matrix", only_those_that_occur, "has the shape (6, 6)"),
    ("confusion_matrix", lambda t, p: counts(t, p)[:9, :9], "has the shape (9, 9)"),
    ("confusion_matrix", counted_until_return, "`return` stand inside the loop"),
    ("confusion_matrix", lambda t, p: np.histogram2d(t, p, bins=10)[0], "`range=[[0, 10], [0, 10]]`"),
    ("confusion_matrix", lambda t, p: counts(t, t), "`counts[3, 3]` should be 2, and yours is 4."),
    ("confusion_matrix", lambda t, p: np.eye(10, dtype=bool), "`counts[1, 1]` should be 0, and yours is 1."),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[::-1][:n], "most right about"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[:n][::-1], "put the worst first"),
    ("most_wrong", lambda p, t, n: np.argsort(p.max(axis=1))[:n], "least certain prediction"),
    ("most_wrong", lambda p, t, n: np.sort(of_true_class(p, t))[:n], "These are probabilities"),
    ("most_wrong", lambda p, t, n: t[np.argsort(of_true_class(p, t))[:n]], "labels of the worst"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t)), "Return the first `n`"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[-n:], "take the first `n`, and not the last"),
    ("most_wrong", lambda p, t, n: np.argsort(p[:, t])[:n], "It returns the shape (6, 40), and not (6,)"),
    ("most_wrong", lambda p, t, n: np.argsort(p[t])[:n], "`probabilities[true]` whole rows"),
    ("most_wrong", lambda p, t, n: np.arange(n) + 3, "At place 0 stands 3, where 12 belongs"),
    ("digit_row", lambda pixels: np.float32(pixels / 256).reshape(1, 784), "paper is white, 255"),
    (
        "digit_row",
        lambda pixels: np.float32(pixels / 256),
        "Ink and paper are exchanged (paper is 0 in MNIST), and the shape",
    ),
    ("digit_row", lambda pixels: (255 - pixels).reshape(1, 784), "it ranges to 255"),
    ("digit_row", lambda pixels: (255 - pixels) / 256, "but the shape is that of a picture"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).ravel(), "but a vector"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).T.reshape(1, 784), "lies on its side"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).reshape(784, 1), "has the shape (784, 1)"),
    ("digit_row", lambda pixels: ((128 - pixels) / 256).reshape(1, 784), "should become 0"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).reshape(1, 784).astype("float64"), "numbers are float64"),
    ("normalize", lambda train, other: (other - train.mean(axis=0)) / (train.std(axis=0) + 0.1), "deviation plus 0.1"),
    (
        "normalize",
        lambda train, other: other - train.mean(axis=0) / safe(train.std(axis=0)),
        "It divides the mean only",
    ),
    (
        "normalize",
        lambda train, other: (other - train.mean()) / safe(train.std(axis=0)),
        "The mean is one number for all",
    ),
    (
        "normalize",
        lambda train, other: (other - other.mean(axis=0)) / safe(train.std(axis=0)),
        "The mean is that of `other`",
    ),
    ("normalize", lambda train, other: (train.mean(axis=0) - other) / safe(train.std(axis=0)), "The sign is wrong"),
    ("normalize", lambda train, other: other / T.std(train, axis=0), "handed a NumPy array"),
    ("normalize", lambda train, other: other - train.mean(0) if train.std(0) == 0 else other, "one answer, yes or no"),
    ("gradient_step", lambda p, g, a: (p - g) * a, "multiplies the parameter, too"),
    ("gradient_step", lambda p, g, a: a * g - p, "the wrong way round"),
    ("gradient_step", lambda p, g, a: p - T.dot(a, T.dot(g, p)), "`T.dot` of two vectors"),
    ("gradient_step", lambda p, g, a: p - a * g.mean(), "the mean of the gradient"),
    ("gradient_step", lambda p, g, a: lambda: p - a * g, "the function `<lambda>` itself"),
    ("gradient_step", lambda p, g, a: p - a * sum(g), "one by one"),
    ("gradient_step", lambda p, g: p - g, "called with 3 arguments, and takes p, g"),
    ("predict", lambda c, d: theano.function(c.input, c.y_pred, mode="FAST_COMPILE")(d), "are a list, even if"),
    (
        "predict",
        lambda c, d: theano.function([d], c.y_pred, mode="FAST_COMPILE")(),
        "are symbolic variables, in a list",
    ),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d[0]}), "with 2 axes, and is called with one that has 1"),
    ("predict", lambda c, d: c.ypred, "A `LogisticRegression` has no `ypred`. Is `y_pred` meant?"),
    ("predict", lambda c, d: T.function([c.input], c.y_pred)(d), "but there is `theano.function`"),
    ("predict", lambda c, d: c.y_pred.eval(d), "`eval` takes a dictionary"),
    ("predict", lambda c, d: c.y_pred.eval({"x": d}), "What is in quotes is text"),
    ("predict", lambda c, d: (d @ c.W.get_value()).argmax(axis=1), "The biases are missing"),
    ("confusion_matrix", lambda t, p: np.diag(np.diag(counts(t, p))), "The mistakes are missing"),
    ("confusion_matrix", lambda t, p: counts(t[:-1], p[:-1]), "The last digit is not counted"),
    ("confusion_matrix", lambda t, p: counts(t, p) + counts(p, t), "Each digit is counted twice"),
    ("confusion_matrix", lambda t, p: counts(np.arange(len(t)), p), "`enumerate` gives places"),
    ("confusion_matrix", lambda t, p: counts(t, p) * 1.0 * np.nan, "Some of it is `nan`"),
    (
        "confusion_matrix",
        lambda t, p: [[np.sum(t == i) + np.sum(p == j) for j in range(10)] for i in range(10)],
        "wherever that is",
    ),
    ("confusion_matrix", lambda t, p: [0 for i in len(t)], "and this is one number"),
    ("most_wrong", lambda p, t, n: of_true_class(p, t).argmin(), "it returns one number"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[: n - 1], "it returns 5 numbers"),
    ("most_wrong", lambda p, t, n: np.sort(np.argsort(of_true_class(p, t))[:n]), "but not in order"),
    ("most_wrong", lambda p, t, n: np.sort(p[0])[:n], "Numbers of examples are whole"),
    ("most_wrong", lambda p, t, n: [of_true_class(p, t).argmin()] * n, "more than once"),
    ("most_wrong", lambda p, t, n: [(i, 0) for i in range(n)], "It returns pairs"),
    ("most_wrong", lambda p, t, n: np.argsort(p.min(axis=1))[:n], "whichever class that belongs to"),
    ("most_wrong", lambda p, t, n: np.where(p.argmax(axis=1) != t)[0][:n], "in which they stand"),
    ("digit_row", lambda pixels: ((255 - pixels) // 256).reshape(1, 784), "All of it is 0"),
    ("digit_row", lambda pixels: (255 - pixels / 256).reshape(1, 784), "put brackets around the difference"),
    ("digit_row", lambda pixels: ((pixels - 255) / 256).reshape(1, 784), "The sign is wrong"),
    ("digit_row", lambda pixels: ((255 - pixels[:, ::-1]) / 256).reshape(1, 784), "mirrored"),
    ("digit_row", lambda pixels: pixels.reshape(1, 768), "784 numbers do not fill an array of the shape (1,768)"),
]
