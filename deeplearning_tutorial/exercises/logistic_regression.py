"""The exercises of notebook 01."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    compare,
    diagnose,
    result_of,
    same,
    symbolic,
    values_of,
    without_own_input,
)
from deeplearning_tutorial.layers import LogisticRegression

EXERCISES = {}

# --- Normalize each pixel --------------------------------------------------------------------------------------------


def normalize(train, other):
    """Normalize each column of `other` with the mean and standard deviation of that column of `train`."""
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std == 0] = 1
    return (other - mean) / std


def _examine_normalize(answer):
    rng = np.random.RandomState(0)
    train = (rng.uniform(size=(6, 6)) * [1, 2, 3, 4, 0, 5] + [0, 1, 2, 3, 0, 4]).astype("float32")
    other = (rng.uniform(size=(6, 6)) + 0.5).astype("float32")
    train_before, other_before = train.copy(), other.copy()
    found = array_of(answer, train, other)
    if not (np.array_equal(train, train_before) and np.array_equal(other, other_before)):
        raise Wrong(
            "It changes the arrays it is given, and the raw digits are lost. Compute a new array: `other - mean`, not `other -= mean`."
        )

    mean, std = train.mean(axis=0), train.std(axis=0)
    constant = std == 0
    safe = np.where(constant, 1, std)
    if found.shape != other.shape:
        raise Wrong(
            f"For `other` of shape {other.shape} it returns the shape {found.shape}: it should return all of `other`, normalized."
        )
    if not np.all(np.isfinite(found)):
        raise Wrong(
            "Some results are not finite. A pixel that is 0 (paper) in every training digit has the standard deviation 0, and "
            "a division by 0 follows: divide such a pixel by 1."
        )
    both = np.concatenate([train, other])
    own_mean, own_std = other.mean(axis=0), other.std(axis=0)
    diagnose(
        found,
        (
            (other - own_mean) / own_std,
            "It uses the mean and the standard deviation of `other`. They must come from `train` alone: the model may not know "
            "anything about digits it is later tested on, and all sets must be measured with one yardstick.",
        ),
        (
            (other - train.mean()) / train.std(),
            "It uses one mean and one standard deviation for all pixels together. Each pixel needs its own: `axis=0` runs "
            "down the examples.",
        ),
        *[
            (
                (other - of.mean(axis=1, keepdims=keep)) / of.std(axis=1, keepdims=keep),
                "You averaged over the pixels of a digit. A pixel's mean is taken over all training digits: `axis=0`, not "
                "`axis=1`.",
            )
            for of in (train, other)
            for keep in (True, False)
        ],
        (
            other - mean,
            "The mean of `train` is subtracted as it should be, but nothing is divided by the standard deviation.",
        ),
        (
            other / safe,
            "It is divided by the standard deviation as it should be, but the mean is not subtracted.",
        ),
        (
            (other - mean) / np.where(std == 0, 1, std**2),
            "It divides by the variance. Divide by the standard deviation, its square root.",
        ),
        ((train - mean) / safe, "It normalizes `train`, and never looks at `other`."),
        (other - mean / safe, "It divides the mean only. Subtract first: put brackets around the difference."),
        *[
            ((other - m) / s, f"The {name} is one number for all pixels together. Each pixel needs its own: `axis=0`.")
            for m, s, name in [(train.mean(), safe, "mean"), (mean, train.std(), "standard deviation")]
        ],
        *[
            ((other - m) / s, f"The {name} is that of `other`. It must come from `train`, as the other one does.")
            for m, s, name in [(own_mean, safe, "mean"), (mean, own_std, "standard deviation")]
        ],
        *[
            (
                (other - of.min(axis=0)) / np.where(constant, 1, of.max(axis=0) - of.min(axis=0)),
                "It puts each pixel between its least and its largest value. Here it is less its mean, divided by its standard "
                "deviation.",
            )
            for of in (train, other)
        ],
        ((other - train.sum(axis=0)) / safe, "It subtracts the sum of each pixel. Subtract the mean."),
        (
            (other - both.mean(axis=0)) / np.where(both.std(axis=0) == 0, 1, both.std(axis=0)),
            "Mean and standard deviation are those of both arrays together. They must come from `train` alone.",
        ),
        ((other - mean) * safe, "It multiplies by the standard deviation. Divide by it."),
        ((other - np.median(train, axis=0)) / safe, "It subtracts the median. Subtract the mean."),
    )
    largest = np.abs(found[:, constant]).max()
    if same(found[:, ~constant], ((other - mean) / safe)[:, ~constant]):
        if largest == 0:
            raise Wrong(
                "A pixel that is constant in training becomes 0 here, whatever it is in `other`: ink at a place where no "
                "training digit has any would vanish. Only subtract its mean, that is, divide by 1."
            )
        if largest >= np.finfo("float32").max:
            raise Wrong(
                "`np.nan_to_num` makes the infinity after a division by 0 the largest number there is. So a pixel that is 0 "
                "(paper) in every training digit, and is not in `other`, becomes 3e38. Divide constant pixels by 1."
            )
        if largest > 100:
            raise Wrong(
                "Adding a tiny number to the standard deviation avoids the division by 0, but a pixel that is 0 (paper) in "
                "every training digit, and is not in `other`, becomes a huge number. Divide constant pixels by 1."
            )
    if found[:, ~constant].all():
        added = ((other - mean) / found - std)[:, ~constant]
        if np.ptp(added) < 1e-3 < abs(added.mean()):
            raise Wrong(
                f"It divides by the standard deviation plus {added.mean():.3g}, at every pixel. Put 1 in its place where it is 0, "
                "and nothing else."
            )
    compare(
        found,
        (other - mean) / safe,
        "The numbers are not `(other - mean) / std`, with `mean` and `std` of each column of `train` (and 1 where `std` is 0).",
    )
    if found.dtype != other.dtype:
        raise Wrong(
            f"From {other.dtype} it makes {found.dtype}, which Theano would compute with twice the memory. Keep the type."
        )
    return "each pixel has its own mean and standard deviation, from the training set alone, and constant pixels do no harm."


EXERCISES["normalize"] = Exercise(
    "`train.mean(axis=0)` and `train.std(axis=0)` have one number for each pixel. NumPy subtracts a row of 784 numbers from "
    "every row of a matrix. Some pixels at the rim are 0 (paper) in every training digit: look at what their standard "
    "deviation is, and replace it by 1 with `np.where` before you divide.",
    normalize,
    _examine_normalize,
)


# --- One step of gradient descent ------------------------------------------------------------------------------------


def gradient_step(parameter, gradient, learning_rate):
    """The next value of a parameter, one step down the gradient."""
    return parameter - learning_rate * gradient


def _examine_gradient_step(answer):
    parameter, gradient, rate = T.vectors("parameter", "gradient", "rate")
    given = "The gradient is given already: it is the argument `gradient`. No `T.grad` is needed here."
    known = [("DisconnectedInputError", given), ("cost must be a scalar", given)]
    found = result_of(answer, parameter, gradient, rate[0], known=known)
    if isinstance(found, (tuple, list, dict)):
        raise Wrong(
            "It should return one expression, the parameter's next value. The pair `(parameter, next value)` is made below."
        )
    found = symbolic(found, "Use the arguments as they are: arithmetic on them builds the graph.")
    theta, g, epsilon = [np.array(v, dtype=theano.config.floatX) for v in ([1, -2, 3], [0.5, 4, -8], [0.25])]
    found = values_of(found, [parameter, gradient, rate], [theta, g, epsilon])
    diagnose(
        found,
        (
            theta + epsilon * g,
            "It climbs: the gradient points uphill, where the cost grows. A minus sign is missing.",
        ),
        (theta - g, "The learning rate is not used, so that the steps are far too long."),
        (
            theta + g,
            "It climbs, and the learning rate is not used. The gradient points uphill; step against it, and only a little.",
        ),
        (-epsilon * g, "It returns the step alone. The next value is the parameter plus that step."),
        (
            epsilon * g,
            "It returns the gradient times the learning rate. The next value is the parameter minus that.",
        ),
        (
            theta - g / epsilon,
            "It divides by the learning rate: a small learning rate should make a small step.",
        ),
        (theta, "It returns the parameter unchanged: no step is made."),
        (
            epsilon * g - theta,
            "It is the wrong way round: the parameter comes first, and the step is taken away from it.",
        ),
        (
            (theta - g) * epsilon,
            "The learning rate multiplies the parameter, too. It multiplies the gradient only.",
        ),
        (
            (theta + g) * epsilon,
            "The learning rate multiplies the parameter, too, and the sum climbs. Take away the learning rate times the gradient.",
        ),
        (
            theta - epsilon * g * theta,
            "The step is multiplied by the parameter, too. It is the learning rate times the gradient, nothing else.",
        ),
        (theta * (1 - epsilon), "It shrinks the parameter, and makes no use of the gradient."),
        (theta - epsilon, "The gradient is not used: every parameter gets the same step."),
        *[
            (
                theta - epsilon * product,
                "`T.dot` of two vectors multiplies and adds up. Each parameter has its own step: multiply by `*`.",
            )
            for product in (g @ g, g @ theta)
        ],
        (
            theta - epsilon * np.sign(g),
            "It takes the sign of the gradient only. A steep place gets a longer step: use the gradient as it is.",
        ),
        (
            theta - epsilon * g / np.sqrt(g @ g),
            "It divides the gradient by its length, so that all steps are equally long. A steep place gets a longer step.",
        ),
        (theta - epsilon**2 * g, "The learning rate is used twice. Multiply the gradient by it once."),
        (theta - epsilon * g**2, "The gradient is squared. Use it as it is, with its sign."),
        *[
            (theta - epsilon * whole, f"It takes the {name} of the gradient. Each parameter has its own.")
            for whole, name in [(g.sum(), "sum"), (g.mean(), "mean")]
        ],
    )
    compare(
        found, theta - epsilon * g, "The next value is not the parameter minus the learning rate times the gradient."
    )
    return "it steps downhill, by the learning rate times the gradient."


EXERCISES["gradient_step"] = Exercise(
    "The gradient points to where the cost grows fastest. You want to go the other way, by a small part of it: the "
    "learning rate says how small. In formulas: θ ← θ − α ∇l. `parameter` and `gradient` are symbolic, `learning_rate` is a "
    "number, and `+ - *` between them gives another symbolic expression.",
    gradient_step,
    _examine_gradient_step,
)


# --- Predict labels --------------------------------------------------------------------------------------------------


def predict(classifier, digits):
    """The labels that a classifier gives to the rows of an array."""
    return theano.function([classifier.input], classifier.y_pred)(digits)


def _examine_predict(answer):
    x = T.matrix("x")
    classifier = LogisticRegression(x, n_in=4, n_out=3)
    classifier.W.set_value(np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 0]], dtype=theano.config.floatX))
    classifier.b.set_value(np.array([0, 0, 0.5], dtype=theano.config.floatX))
    digits = np.array(
        [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]], dtype=theano.config.floatX
    )
    labels = np.array([1, 0, 2, 2, 1])
    found = array_of(
        answer,
        classifier,
        digits,
        known=[
            *without_own_input("classifier.input"),
            (
                "but y has 784 rows",
                "It uses another model than `classifier`, one for 784 pixels. This one reads 4 pixels.",
            ),
        ],
    )
    probabilities = classifier.p_y_given_x.eval({x: digits})
    diagnose(
        found,
        (
            probabilities,
            "It returns the probabilities of all classes. A label is the number of the most probable one: `y_pred`.",
        ),
        (
            probabilities.max(axis=1),
            "It returns how probable the best class is, and not which class it is: `argmax` instead of `max`.",
        ),
        (
            probabilities.argmax(axis=0),
            "It looks for the largest probability over the examples. Look over the classes of each example: `axis=1`.",
        ),
        (
            (digits @ classifier.W.get_value()).argmax(axis=1),
            "The biases are missing. The classifier's `y_pred` is all that is needed.",
        ),
        (labels + 1, "Each label is one too large: they begin with 0."),
        *[
            (
                values,
                "It returns a row for each digit, with a number for each class. A label is the number of the class: `y_pred`.",
            )
            for values in (np.eye(3)[labels], probabilities.round())
        ],
        (probabilities.argmin(axis=1), "It returns the least probable class: `argmax` instead of `argmin`."),
    )
    if found.shape != labels.shape:
        raise Wrong(
            f"For {len(digits)} digits it returns the shape {found.shape}: it should be one label for each, {labels.shape}."
        )
    if found.dtype.kind not in "iu":
        raise Wrong(f"Labels are whole numbers, and these are {found.dtype}.")
    if not np.array_equal(found, labels):
        raise Wrong(f"For five digits whose labels are {labels.tolist()} it returns {found.tolist()}.")
    return "one whole number for each digit, and the most probable one."


EXERCISES["predict"] = Exercise(
    "A compiled function needs inputs and an output. The classifier has both: `classifier.input` is the symbolic matrix it "
    "was built on, `classifier.y_pred` the symbolic vector of labels. Compile with `theano.function([...], ...)`, then call "
    "what you got with `digits`.",
    predict,
    _examine_predict,
)


# --- Confusion matrix ------------------------------------------------------------------------------------------------


def confusion_matrix(true, predicted):
    """Count, for each true class (row) and predicted class (column), how often they met."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (true, predicted), 1)
    return counts


def _examine_confusion_matrix(answer):
    true = np.array([3, 3, 3, 5, 8, 0, 9, 3], dtype="int32")
    predicted = np.array([3, 5, 5, 5, 3, 0, 4, 3])
    wanted = confusion_matrix(true, predicted)
    found = array_of(answer, true, predicted)
    once = (wanted > 0).astype(int)
    diagnose(
        found,
        (
            wanted.T,
            "Rows and columns are exchanged: a row is for a true class, a column for a predicted one.",
        ),
        (
            once,
            "A pair that occurs several times is counted only once. Add 1 each time that it occurs, in a loop: on whole arrays "
            "`counts[true, predicted] += 1` stores one addition for each place. (`np.add.at` stores all.)",
        ),
        (
            once.T,
            "A pair that occurs several times is counted only once, and rows and columns are exchanged. Use a loop, or "
            "`np.add.at`, and put the true class first.",
        ),
        (
            wanted / wanted.sum(),
            "These are fractions. Leave them as counts here: the picture below writes them into the squares.",
        ),
        (wanted - np.diag(np.diag(wanted)), "The right answers are missing: they belong on the diagonal."),
        (
            confusion_matrix(true[:1], predicted[:1]),
            "It counts the first digit only. Does the `return` stand inside the loop? It belongs below, as far left as `for`.",
        ),
        (
            np.histogram2d(true, predicted, bins=10)[0],
            "`np.histogram2d` spreads its bins from the smallest to the largest label that occurs. Give it "
            "`range=[[0, 10], [0, 10]]`.",
        ),
    )
    diagnose(
        found,
        (np.diag(np.diag(wanted)), "The mistakes are missing: only the right answers are counted, on the diagonal."),
        (0 * wanted, "Nothing is counted: all of it is 0."),
        (
            wanted + wanted.T,
            "Each digit is counted twice, once with rows and columns exchanged. Rows are true classes only.",
        ),
        (
            np.repeat(wanted.sum(axis=1)[:, None], 10, axis=1),
            "It counts in the whole row of the true class. The predicted class says in which column: `counts[t, p]`.",
        ),
        *[
            (
                confusion_matrix(np.arange(8), labels),
                "`enumerate` gives places, 0, 1, 2, ..., in place of labels. `zip(true, predicted)` goes through both arrays.",
            )
            for labels in (predicted, true)
        ],
        (np.stack([true, predicted], axis=1), "Those are the pairs. Count how often each occurs, in a 10 x 10 array."),
        (wanted.ravel(), "The counts are right, but in one row. Give them the shape of a matrix: `.reshape(10, 10)`."),
        (confusion_matrix(true[:-1], predicted[:-1]), "The last digit is not counted: `range` ends before its end."),
        (confusion_matrix(true[1:], predicted[1:]), "The first digit is not counted: places begin with 0."),
        (
            np.pad(wanted[:9, :9], ((0, 1), (0, 1))),
            "Nines are not counted: `range(9)` ends with 8.",
        ),
        (
            np.pad(wanted[1:, 1:], ((1, 0), (1, 0))),
            "Zeros are not counted: the labels begin with 0, and `range(1, 10)` with 1.",
        ),
        (
            np.roll(wanted, (-1, -1), axis=(0, 1)),
            "Every count is one row up and one column to the left: label 0 belongs into row and column 0.",
        ),
        *[
            (
                combine(np.bincount(true, minlength=10), np.bincount(predicted, minlength=10)[:, None]).T,
                "It counts how often each of the two labels occurs, wherever that is. Count the digits at which both are so: "
                "`(true == i) & (predicted == j)`.",
            )
            for combine in (np.add, np.multiply)
        ],
    )
    if not np.all(np.isfinite(found)):
        raise Wrong(
            "Some of it is `nan`, as after dividing by how often a class occurs, which may be 0. Leave the counts as they are: the "
            "picture below writes them into the squares."
        )
    if found.shape != (10, 10):
        raise Wrong(
            f"There are ten digits, so the matrix is 10 x 10, and this has the shape {found.shape}. Count digits that do not occur, too."
        )
    if not same(found, wanted):
        t, p = np.argwhere(found != wanted)[0]
        raise Wrong(
            f"The counts are not right. With true labels {true.tolist()} and predictions {predicted.tolist()}, "
            f"`counts[{t}, {p}]` should be {wanted[t, p]}, and yours is {float(found[t, p]):g}."
        )
    return "rows are true classes, columns are predictions, and nothing is counted twice or left out."


EXERCISES["confusion_matrix"] = Exercise(
    "Begin with a 10 x 10 matrix of zeros of type int. Then go through both arrays together, `for t, p in zip(true, "
    "predicted)`, and add one at row `t`, column `p`.",
    confusion_matrix,
    _examine_confusion_matrix,
)


# --- The worst mistakes ----------------------------------------------------------------------------------------------


def most_wrong(probabilities, true, n):
    """Indices of the `n` examples whose true class got the least probability, the worst first."""
    of_true_class = probabilities[np.arange(len(true)), true]
    return np.argsort(of_true_class)[:n]


def _examine_most_wrong(answer):
    rng = np.random.RandomState(4)
    probabilities = rng.dirichlet(np.full(10, 0.3), size=40).astype(theano.config.floatX)
    true = rng.randint(0, 10, size=40).astype("int32")
    of_true_class = probabilities[np.arange(40), true]
    order = np.argsort(of_true_class)
    found = array_of(answer, probabilities, true, 6)
    diagnose(
        found,
        (order[::-1][:6], "These are the digits it is most right about: sort the other way round."),
        (order[-6:], "These are the most probable: take the first `n`, and not the last."),
        (order[:6][::-1], "These are the right digits, but the best of them first: put the worst first."),
        (
            np.argsort(probabilities.max(axis=1))[:6],
            "These are the digits with the least certain prediction, whatever their label: look at the probability of the "
            "*true* class, `probabilities[np.arange(len(true)), true]`.",
        ),
        (
            of_true_class[order[:6]],
            "These are probabilities. Return the numbers of the examples, their places in the array: `np.argsort`.",
        ),
        (
            true[order[:6]],
            "These are the labels of the worst examples. Return their numbers, their places in the array.",
        ),
        (order, "It returns all examples. Return the first `n`."),
        (order[::-1], "It returns all examples, the worst last. Return the worst `n`, the worst first."),
        (
            of_true_class,
            "These are the probabilities of the true classes, for all examples. Return the places of the least `n`.",
        ),
        *_wrong_choices(probabilities, true),
    )
    if found.ndim == 0:
        raise Wrong(f"For `n = 6` it returns one number, {found}. Return the numbers of six examples.")
    if found.shape == (6, 2):
        raise Wrong("It returns pairs. Return the numbers of the examples alone, their places in the array.")
    if found.ndim != 1:
        raise Wrong(
            f"It returns the shape {found.shape}, and not (6,), for `n = 6`. One number of each row is wanted, and as yet it looks "
            "at all of them. (`probabilities[:, true]` takes whole columns, and `probabilities[true]` whole rows: use "
            "`probabilities[np.arange(len(true)), true]`.)"
        )
    if len(found) != 6:
        raise Wrong(f"For `n = 6` it returns {len(found)} numbers.")
    if found.dtype.kind == "f" and np.any(found != found.round()):
        raise Wrong(
            "Numbers of examples are whole, and these are not: return their places in the array, by `np.argsort`."
        )
    if not same(found, order[:6]) and same(np.sort(found), np.sort(order[:6])):
        raise Wrong("These are the right digits, but not in order: the worst comes first.")
    if len(set(found.tolist())) < 6:
        raise Wrong(f"Some examples come more than once: {found.tolist()}.")
    if not same(found, order[:6]):
        place = int(np.argmax(found != order[:6]))
        raise Wrong(
            "They are not the examples whose true class got the least probability, the worst first. At place "
            f"{place} stands {found[place]:g}, where {order[place]} belongs, whose true class got {of_true_class[order[place]]:.2g}."
        )
    return "the digits whose true class the model believed in least, the worst first."


def _wrong_choices(probabilities, true):
    """Other examples than those that the model is most wrong about, and the diagnoses."""
    of_true_class, best = probabilities[np.arange(len(true)), true], probabilities.max(axis=1)
    (wrong,) = np.nonzero(probabilities.argmax(axis=1) != true)
    misread = "These are misread digits, but in the order in which they stand. Sort them by the probability of the true class."
    return [
        (
            np.argsort(probabilities.min(axis=1))[:6],
            "It takes the least probability of each row, whichever class that belongs to. Take that of the *true* class.",
        ),
        *[
            (
                certain[:6],
                "These are the digits with the most certain predictions. Here it counts how little the *true* class got.",
            )
            for certain in (np.argsort(best)[::-1], wrong[np.argsort(-best[wrong])])
        ],
        (wrong[:6], misread),
        (wrong, misread),
        (
            np.argsort(of_true_class[wrong])[:6],
            "These are places among the misread digits. Wanted are their numbers among all: sort all, or look the places up.",
        ),
        (
            np.argsort(of_true_class - best)[:6],
            "It compares the true class with the predicted one. Only what the *true* class got counts.",
        ),
        (
            np.argsort(probabilities[np.arange(len(true)), true - 1])[:6],
            "It takes the class before the true one: labels begin with 0, as columns do.",
        ),
        (
            np.arange(6),
            "These are simply the first examples: `np.sort` sorts numbers, `np.argsort` says where they were.",
        ),
    ]


EXERCISES["most_wrong"] = Exercise(
    "The model is most wrong where it gave the true class almost no probability. `probabilities[np.arange(len(true)), true]` "
    "picks one number from each row: the probability of its true class. `np.argsort` gives the order from small to large.",
    most_wrong,
    _examine_most_wrong,
)


# --- A drawn digit ---------------------------------------------------------------------------------------------------


def digit_row(picture):
    """A 28 x 28 picture of dark ink on white paper, 0 to 255, as a row of MNIST."""
    return ((255 - picture) / 256).reshape(1, 784).astype("float32")


def _examine_digit_row(answer):
    picture = np.full((28, 28), 255, dtype="float32")
    picture[4:24, 12:16] = 0
    picture[4:8, 8:12] = 100
    found = array_of(answer, picture.copy())
    ink = (255 - picture) / 256
    diagnose(
        found,
        (
            (picture / 256).reshape(1, 784),
            "Ink and paper are exchanged. In the file paper is white, 255, and ink is dark; in MNIST paper is 0 and ink "
            "is bright: `255 - picture`.",
        ),
        (
            picture / 256,
            "Ink and paper are exchanged (paper is 0 in MNIST), and the shape is that of a picture: one row of 784 "
            "numbers is wanted.",
        ),
        (
            (255 - picture).reshape(1, 784),
            "The ink is right, but it ranges to 255. Divide by 256, as MNIST here is.",
        ),
        (
            ink,
            "Ink is right, but the shape is that of a picture. The classifier takes a matrix with one digit in each row: "
            "`.reshape(1, 784)`.",
        ),
        (
            ink.reshape(784),
            "It is one row of ink as it should be, but a vector. The classifier takes a matrix, with one row here: "
            "`.reshape(1, 784)`.",
        ),
        (ink.T.reshape(1, 784), "The picture lies on its side: do not transpose it."),
        *_wrong_ink(picture, ink),
    )
    if found.shape != (1, 784):
        raise Wrong(
            f"The classifier takes a matrix with one digit in each row. This has the shape {found.shape}, and not (1, 784)."
        )
    if not np.allclose(found, ink.reshape(1, 784), atol=0.005):  # 255 in place of 256 does no harm
        paper, black = found[0, 0], found[0, 12 + 28 * 10]
        raise Wrong(
            f"White paper (255) should become 0, and becomes {paper:.4g}. Black ink (0) should become a number just below 1, and "
            f"becomes {black:.4g}."
        )
    if found.dtype != theano.config.floatX:
        raise Wrong(
            f'The numbers are {found.dtype}, and the compiled function takes {theano.config.floatX}: `.astype("{theano.config.floatX}")`.'
        )
    return "paper is 0, or nearly, ink is bright, and it is one row of 784 numbers."


def _wrong_ink(picture, ink):
    """What the numbers, in any shape, may be instead of ink, and the diagnoses."""
    mistakes = [
        (0 * ink, "All of it is 0: `//`, or a type of whole numbers, drops the fractions."),
        (np.ceil(ink), "There are only 0 and 1. Grey has to stay: divide by 256, with fractions."),
        (-ink, "The sign is wrong: ink should be positive, `255 - picture`."),
        (255 - picture / 256, "It divides before it subtracts: put brackets around the difference."),
        ((255 - picture) / 256 - 1, "Paper becomes -1 and ink nearly 0. Paper should be 0 and ink nearly 1."),
        (
            255 - picture,
            "The ink is right, but it ranges to 255. Divide by 256. And it should be one row of 784 numbers.",
        ),
        (ink[:, ::-1], "The picture is mirrored, left and right."),
        (ink[::-1], "The picture is upside down."),
        (picture, "Nothing is changed: paper should be 0, and ink nearly 1."),
    ]
    return [(values.reshape(shape), said) for values, said in mistakes for shape in ((1, 784), (784,), (28, 28))]


EXERCISES["digit_row"] = Exercise(
    "Three things differ from MNIST. Paper is 255 there and 0 here: subtract from 255. Bytes go to 255, MNIST here to just below "
    "1: divide by 256. And it is a square, where the classifier wants a matrix with one row of 784: `reshape`, then "
    '`astype("float32")`.',
    digit_row,
    _examine_digit_row,
)
