"""The hints and the checks of the exercises.

A notebook calls two functions of this module. ``hint("normalize")`` shows a hint, folded, for whoever wants it.
``normalize = check("normalize", normalize)`` looks at an answer and says what is right or wrong with it. A right
answer comes back; for one that is missing or wrong the solution kept here comes back instead, so that the rest of the
notebook runs in any case.

An exercise is a solution, and an examination that raises `Wrong` with a diagnosis, or passes.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import theano
import theano.tensor as T
from IPython.display import display

from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.mlp import MLP


@dataclass
class Exercise:
    """What belongs to one exercise.

    Attributes
    ----------
    hint : str
    solution : callable
        A right answer.
    examine : callable
        Takes an answer, raises `Wrong` or `Unsolved`, or returns a sentence of praise that says what was checked.
    """

    hint: str
    solution: Callable
    examine: Callable


EXERCISES = {}
"""All exercises by name."""


class Wrong(Exception):
    """An answer is wrong; the message says what is wrong with it."""


class Unsolved(Exception):
    """There is no answer yet."""


def hint(name):
    """Show the hint of an exercise, folded.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    display(_Message("Hint", _find(name).hint, color="#0072B2", folded=True))


def check(name, answer):
    """Examine an answer, say what is right or wrong with it, and return something to go on with.

    Parameters
    ----------
    name : str
        Of the exercise.
    answer : callable
        What the attendee wrote.

    Returns
    -------
    callable
        `answer` if it is right, else the solution.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    exercise = _find(name)
    go_on = "Until then the notebook goes on with a solution of its own."
    try:
        if answer is None or answer is ...:
            raise Unsolved(f"{name} has no value yet.")
        if answer is exercise.solution:
            raise Unsolved(
                "This is the solution that stood in for yours. Run the cell with your answer, then this one."
            )
        praise = exercise.examine(answer)
    except Unsolved as missing:
        display(_Message("Not solved yet", f"{missing} {go_on}", color="#0072B2"))
        return exercise.solution
    except Wrong as diagnosis:
        display(_Message("Not quite", f"{diagnosis} {go_on}", color="#D55E00"))
        return exercise.solution
    display(_Message("Right", praise, color="#009E73"))
    return answer


def _find(name):
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; there are {', '.join(EXERCISES)}.")
    return EXERCISES[name]


class _Message:
    """A remark with a coloured edge in a notebook, and plain text elsewhere."""

    def __init__(self, title, text, color, folded=False):
        self.title, self.text, self.color, self.folded = title, text, color, folded

    def __repr__(self):
        return f"{self.title}: {self.text}"

    def _repr_html_(self):
        # Text between backquotes is code.
        parts = html.escape(self.text, quote=False).split("`")
        text = "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
        title = f"<strong>{self.title}</strong>"
        body = f"<details><summary>{title}</summary>{text}</details>" if self.folded else f"{title}: {text}"
        return f'<div style="border-left: 4px solid {self.color}; padding: 0.4em 0.8em">{body}</div>'


def _result_of(answer, *arguments):
    """Call an answer; turn what commonly goes wrong in calling it into a diagnosis."""
    try:
        result = answer(*arguments)
    except NotImplementedError as error:
        raise Unsolved("The blank is still there.") from error
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise Wrong(f"Calling it raised `{type(error).__name__}: {first_line}`.") from error
    if result is None or result is ...:
        raise Unsolved("It returns nothing so far. If you have filled in the blank: is the `return` missing?")
    return result


def _values_of(expression, inputs, values):
    """Compute a symbolic answer; turn what commonly goes wrong in that into a diagnosis."""
    try:
        return theano.function(inputs, expression, on_unused_input="ignore", mode="FAST_COMPILE")(*values)
    except theano.gof.MissingInputError as error:
        raise Wrong(
            "It uses a symbolic variable from elsewhere in the notebook. Use the arguments of the function only."
        ) from error
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise Wrong(f"Computing what it returns raised `{type(error).__name__}: {first_line}`.") from error


def _array_of(answer, *arguments):
    """Like `_result_of`, for answers that must be NumPy arrays."""
    result = _result_of(answer, *arguments)
    if isinstance(result, theano.Variable):
        raise Wrong(
            "It returns a symbolic expression, a recipe without numbers. Compile it with `theano.function` and call "
            "the compiled function with the data."
        )
    if callable(result):
        raise Wrong("It returns a function. Call that function with the data, and return what comes out.")
    found = np.asarray(result)
    if found.dtype.kind not in "biuf":
        raise Wrong(f"It returns {type(result).__name__}, and not an array of numbers.")
    return found


def _number_of(answer, *arguments):
    """Like `_array_of`, for answers that must be one number."""
    result = _array_of(answer, *arguments)
    if result.shape != () or result.dtype.kind not in "iuf":
        raise Wrong(f"It should return one number, and returns {result.tolist()!r}.")
    return result


def _same(found, wanted):
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, rtol=1e-3, atol=1e-4)


def _diagnose(found, *mistakes):
    """Raise `Wrong` if a result is what a well-known mistake gives.

    Parameters
    ----------
    found : ndarray
    *mistakes : pairs of an ndarray, what the mistake gives, and its diagnosis
    """
    for mistaken, diagnosis in mistakes:
        if _same(found, mistaken):
            raise Wrong(diagnosis)


# --- The logistic function -------------------------------------------------------------------------------------------


def logistic(x):
    """The logistic function of each element."""
    return 1 / (1 + T.exp(-x))


def _examine_logistic(answer):
    x = T.vector("x")
    found = _result_of(answer, x)
    if not isinstance(found, theano.Variable):
        raise Wrong("It returns no symbolic expression. Use `x` as it is: arithmetic on it builds the graph.")
    points = np.array([-3, -0.5, 0, 1, 4], dtype=theano.config.floatX)
    found = _values_of(found, [x], [points])
    _diagnose(
        found,
        (1 / (1 + np.exp(points)), "It falls where it should rise: the minus in the exponent is missing."),
        (
            1 / 1 + np.exp(-points),
            "It grows beyond 1. Mind what is divided by what: the whole of `1 + e` to the power of `-x` is below the line.",
        ),
        (1 / np.exp(-points), "A 1 is missing in the denominator."),
        (np.tanh(points), "That is tanh, a relative of it: it goes from -1 to 1."),
    )
    if not _same(found, 1 / (1 + np.exp(-points))):
        raise Wrong(
            f"At -3, 0 and 4 it should be 0.047, 0.5 and 0.982, and it is {', '.join(f'{v:.3f}' for v in np.ravel(found)[[0, 2, -1]])}."
        )
    return "it rises from 0 to 1, and is one half at 0."


EXERCISES["logistic"] = Exercise(
    "The exponential of minus x is `T.exp(-x)`. Python writes a fraction with `/`, and a denominator that is a sum needs "
    "brackets around it. The line begins with `return`.",
    logistic,
    _examine_logistic,
)


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
    found = _array_of(answer, train, other)
    if not (np.array_equal(train, train_before) and np.array_equal(other, other_before)):
        raise Wrong(
            "It changes the arrays it is given, and the raw digits are lost. Compute a new array: `other - mean`, not `other -= mean`."
        )

    mean, std = train.mean(axis=0), train.std(axis=0)
    safe = np.where(std == 0, 1, std)
    if found.shape != other.shape:
        raise Wrong(
            f"For `other` of shape {other.shape} it returns the shape {found.shape}: it should return all of `other`, normalized."
        )
    if not np.all(np.isfinite(found)):
        raise Wrong(
            "Some results are not finite. A pixel that is black in every training digit has the standard deviation 0, and "
            "a division by 0 follows: divide such a pixel by 1."
        )
    own_mean, own_std = other.mean(axis=0), other.std(axis=0)
    _diagnose(
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
        (
            (other - train.mean(axis=1, keepdims=True)) / train.std(axis=1, keepdims=True),
            "It normalizes each digit by itself. A pixel's mean is taken over all training examples: `axis=0`, not "
            "`axis=1`.",
        ),
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
    )
    constant = std == 0
    if (
        _same(found[:, ~constant], ((other - mean) / safe)[:, ~constant])
        and np.abs(found[:, constant]).max() > 100
    ):
        raise Wrong(
            "Adding a tiny number to the standard deviation avoids the division by 0, but a pixel that is always black in "
            "training and is not in `other` becomes a huge number. Divide constant pixels by 1."
        )
    if not _same(found, (other - mean) / safe):
        raise Wrong(
            "The numbers are not `(other - mean) / std`, with `mean` and `std` of each column of `train` (and 1 where `std` is 0)."
        )
    if found.dtype != other.dtype:
        raise Wrong(
            f"From {other.dtype} it makes {found.dtype}, which Theano would compute with twice the memory. Keep the type."
        )
    return "each pixel has its own mean and standard deviation, from the training set alone, and constant pixels do no harm."


EXERCISES["normalize"] = Exercise(
    "`train.mean(axis=0)` and `train.std(axis=0)` have one number for each pixel. NumPy subtracts a row of 784 numbers from "
    "every row of a matrix. Some pixels at the rim are black in every training digit: look at what their standard "
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
    found = _result_of(answer, parameter, gradient, rate[0])
    if isinstance(found, (tuple, list, dict)):
        raise Wrong(
            "It should return one expression, the parameter's next value. The pair `(parameter, next value)` is made below."
        )
    if not isinstance(found, theano.Variable):
        raise Wrong(
            "It returns no symbolic expression. Use the arguments as they are: arithmetic on them builds the graph."
        )
    theta, g, epsilon = [np.array(v, dtype=theano.config.floatX) for v in ([1, -2, 3], [0.5, 4, -8], [0.25])]
    found = _values_of(found, [parameter, gradient, rate], [theta, g, epsilon])
    _diagnose(
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
    )
    if not _same(found, theta - epsilon * g):
        raise Wrong("The next value is not the parameter minus the learning rate times the gradient.")
    return "it steps downhill, by the learning rate times the gradient."


EXERCISES["gradient_step"] = Exercise(
    "The gradient points to where the cost grows fastest. You want to go the other way, by a small part of it: the "
    "learning rate says how small. In formulas: θ ← θ − α ∇l. `parameter`, `gradient` and `learning_rate` are "
    "symbolic, and `+ - *` between them gives another symbolic expression.",
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
    found = _array_of(answer, classifier, digits)
    probabilities = classifier.p_y_given_x.eval({x: digits})
    _diagnose(
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
    found = _array_of(answer, true, predicted)
    once = (wanted > 0).astype(int)
    _diagnose(
        found,
        (
            wanted.T,
            "Rows and columns are exchanged: a row is for a true class, a column for a predicted one.",
        ),
        (
            once,
            "A pair that occurs several times is counted only once: `counts[true, predicted] += 1` on whole arrays stores one "
            "addition for each place. Use a loop, or `np.add.at`.",
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
    )
    if found.shape != (10, 10):
        raise Wrong(
            f"There are ten digits, so the matrix is 10 x 10, and this has the shape {found.shape}. Count digits that do not occur, too."
        )
    if not _same(found, wanted):
        raise Wrong(
            "The counts are not right: with true labels 3, 3, 3 and predictions 3, 5, 5, `counts[3, 3]` is 1 and `counts[3, 5]` is 2."
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
    found = _array_of(answer, probabilities, true, 6)
    _diagnose(
        found,
        (order[::-1][:6], "These are the digits it is most right about: sort the other way round."),
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
    )
    if not _same(found, order[:6]):
        raise Wrong("They are not the examples whose true class got the least probability, the worst first.")
    return "the digits whose true class the model believed in least, the worst first."


EXERCISES["most_wrong"] = Exercise(
    "The model is most wrong where it gave the true class almost no probability. `probabilities[np.arange(len(true)), true]` "
    "picks one number from each row: the probability of its true class. `np.argsort` gives the order from small to large.",
    most_wrong,
    _examine_most_wrong,
)


# --- A drawn digit ---------------------------------------------------------------------------------------------------


def digit_row(pixels):
    """A 28 x 28 picture of dark ink on white paper, 0 to 255, as a row of MNIST."""
    return ((255 - pixels) / 256).reshape(1, 784).astype("float32")


def _examine_digit_row(answer):
    pixels = np.full((28, 28), 255, dtype="float32")
    pixels[4:24, 12:16] = 0
    pixels[4:8, 8:12] = 100
    found = _array_of(answer, pixels.copy())
    ink = (255 - pixels) / 256
    _diagnose(
        found,
        (
            (pixels / 256).reshape(1, 784),
            "Ink and paper are exchanged. In the file paper is white, 255, and ink is dark; in MNIST paper is 0 and ink "
            "is bright: `255 - pixels`.",
        ),
        (
            pixels / 256,
            "Ink and paper are exchanged (paper is 0 in MNIST), and the shape is that of a picture: one row of 784 "
            "numbers is wanted.",
        ),
        (
            (255 - pixels).reshape(1, 784),
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
    )
    if found.shape != (1, 784):
        raise Wrong(
            f"The classifier takes a matrix with one digit in each row. This has the shape {found.shape}, and not (1, 784)."
        )
    if not np.allclose(found, ink.reshape(1, 784), atol=0.005):  # 255 in place of 256 does no harm
        raise Wrong(
            "White paper (255) should become 0, and black ink (0) a number just below 1: `(255 - pixels) / 256`."
        )
    if found.dtype != theano.config.floatX:
        raise Wrong(
            f'The numbers are {found.dtype}, and the compiled function takes {theano.config.floatX}: `.astype("{theano.config.floatX}")`.'
        )
    return "paper is 0, ink is bright, and it is one row of 784 numbers."


EXERCISES["digit_row"] = Exercise(
    "Three things differ from MNIST. Paper is 255 there and 0 here: subtract from 255. Bytes go to 255, MNIST here to just below "
    "1: divide by 256. And it is a square, where the classifier wants a matrix with one row of 784: `reshape`, then "
    '`astype("float32")`.',
    digit_row,
    _examine_digit_row,
)


# --- An artificial neuron --------------------------------------------------------------------------------------------


def neuron(x, w, b):
    """The answer of a neuron with the sigmoid as its activation function."""
    return T.nnet.sigmoid(b + T.dot(w, x))


def _examine_neuron(answer):
    x, w, b = T.vector("x"), T.vector("w"), T.scalar("b")
    found = _result_of(answer, x, w, b)
    if not isinstance(found, theano.Variable):
        raise Wrong(
            "It returns no symbolic expression. Use `x`, `w` and `b` as they are: arithmetic on them builds the graph."
        )
    inputs, weights, bias = (
        np.array(v, dtype=theano.config.floatX) for v in ([1, -2, 0.5], [0.3, 0.4, -1], 0.7)
    )
    found = _values_of(found, [x, w, b], [inputs, weights, bias])
    total = weights @ inputs
    _diagnose(
        found,
        (_sigmoid(total), "The bias is not used: it is added to the weighted sum."),
        (
            total + bias,
            "That is the weighted sum with the bias. The activation function is missing: `T.nnet.sigmoid`.",
        ),
        (
            _sigmoid(total) + bias,
            "The bias is added too late. It belongs to the sum, inside the activation function.",
        ),
        (
            _sigmoid(weights * inputs + bias),
            "It gives an answer for each input: the products must be added up, by `T.dot`.",
        ),
        (np.tanh(total + bias), "That is tanh. It would do as well, but this neuron is to have the sigmoid."),
        (_sigmoid(total - bias), "The bias is subtracted: it is added to the weighted sum."),
    )
    if not _same(found, _sigmoid(total + bias)):
        raise Wrong("It is not the sigmoid of the bias plus the weighted sum of the inputs.")
    return "it weighs, adds up with the bias, and squeezes the sum into an answer from 0 to 1."


def _sigmoid(values):
    return 1 / (1 + np.exp(-values))


EXERCISES["neuron"] = Exercise(
    "The weighted sum of the inputs is a dot product: `T.dot`. The bias is added to it, and `T.nnet.sigmoid` is applied to "
    "the whole.",
    neuron,
    _examine_neuron,
)


# --- The range of initial weights ------------------------------------------------------------------------------------


def glorot_bound(n_in, n_out):
    """Initial weights are uniform from minus this to this (Glorot and Bengio 2010)."""
    return np.sqrt(6 / (n_in + n_out))


def _examine_glorot_bound(answer):
    found = np.array([_number_of(answer, *sizes) for sizes in [(784, 100), (30, 10)]])
    n_in, n_out = np.array([784, 30]), np.array([100, 10])
    _diagnose(
        found,
        (6 / (n_in + n_out), "The square root is missing: `np.sqrt`."),
        (np.sqrt(6) / (n_in + n_out), "The square root is of 6 only. It goes over the whole fraction."),
        (np.sqrt(6 / (n_in * n_out)), "Below the line is the *sum* of inputs and units, not the product."),
        (np.sqrt(6 / n_in), "Only the inputs are counted. Below the line is the sum of inputs and units."),
        (np.sqrt(6 / n_in + n_out), "The division comes before the sum: put brackets around `n_in + n_out`."),
        (np.sqrt(1 / (n_in + n_out)), "The 6 is missing."),
    )
    if not _same(found, np.sqrt(6 / (n_in + n_out))):
        raise Wrong(f"For 784 inputs and 100 units it should be 0.0824, and it is {found[0]:.4g}.")
    return "large layers start with small weights, so that sums over many inputs stay moderate."


EXERCISES["glorot_bound"] = Exercise(
    "`np.sqrt` takes the square root. Below the line stands a sum, which needs brackets in Python.",
    glorot_bound,
    _examine_glorot_bound,
)


# --- What the hidden units say ---------------------------------------------------------------------------------------


def hidden_activations(network, digits):
    """The activations of the hidden units for the rows of an array."""
    return theano.function([network.input], network.hiddenLayer.output)(digits)


def _examine_hidden_activations(answer):
    x = T.matrix("x")
    network = MLP(np.random.RandomState(0), x, n_in=3, n_hidden=4, n_out=2)
    network.hiddenLayer.b.set_value(np.array([0.1, -0.2, 0.3, 0], dtype=theano.config.floatX))
    digits = np.random.RandomState(1).normal(size=(5, 3)).astype(theano.config.floatX)
    W, b = (parameter.get_value() for parameter in network.hiddenLayer.params)
    found = _array_of(answer, network, digits)
    wanted = np.tanh(digits @ W + b)
    _diagnose(
        found,
        (
            digits @ W + b,
            "These are the sums before the activation function. The hidden layer's `output` has it applied.",
        ),
        (np.tanh(digits @ W), "The biases are missing. The hidden layer's `output` is all that is needed."),
        (wanted.T, "Rows and columns are exchanged: a row for each digit, a column for each hidden unit."),
        (
            network.p_y_given_x.eval({x: digits}),
            "These are the probabilities of the classes, the last thing the network computes. The hidden layer is before that.",
        ),
        (
            W,
            "These are the weights of the hidden layer, the same for all digits. Its `output` depends on the digits.",
        ),
    )
    if found.shape != wanted.shape:
        raise Wrong(
            f"For 5 digits and 4 hidden units it returns the shape {found.shape}, and not {wanted.shape}."
        )
    if not _same(found, wanted):
        raise Wrong("They are not the activations of the network's hidden layer for these digits.")
    return "a row for each digit, a column for each hidden unit."


EXERCISES["hidden_activations"] = Exercise(
    "It is `predict` from the notebook before with another output. The network has `input`, and `hiddenLayer`, and that has "
    "`output`: compile a function from the first to the last, and call it with `digits`.",
    hidden_activations,
    _examine_hidden_activations,
)


# --- A deeper network ------------------------------------------------------------------------------------------------


def deeper_network(rng, x):
    """An MLP with hidden layers of 200 and 100 units, for MNIST."""
    return MLP(rng=rng, input=x, n_in=784, n_hidden=[200, 100], n_out=10)


def _examine_deeper_network(answer):
    x = T.matrix("x")
    network = _result_of(answer, np.random.RandomState(0), x)
    if not isinstance(network, MLP):
        raise Wrong(f"It returns a {type(network).__name__}, and not an `MLP`.")
    sizes = [layer.b.get_value().size for layer in network.hiddenLayers]
    if sizes == [100, 200]:
        raise Wrong("The layers are in the wrong order: 200 units come first, next to the pixels, then 100.")
    if sizes == [300]:
        raise Wrong("That is one layer of 300 units. Two layers are a list of two numbers.")
    if sizes != [200, 100]:
        raise Wrong(f"Its hidden layers have {sizes} units, and not [200, 100].")
    n_in, n_out = network.params[0].get_value().shape[0], network.params[-1].get_value().size
    if (n_in, n_out) != (784, 10):
        raise Wrong(f"It takes {n_in} pixels and knows {n_out} classes. MNIST has 784 pixels and 10 classes.")
    if network.input is not x:
        raise Wrong("It is built on another input than `x`. Use the argument.")
    return "784 pixels, 200 units, 100 units, ten classes."


EXERCISES["deeper_network"] = Exercise(
    "`MLP` takes `rng`, `input`, `n_in`, `n_hidden` and `n_out`. For several hidden layers `n_hidden` is a list of their "
    "sizes, beginning next to the pixels.",
    deeper_network,
    _examine_deeper_network,
)
