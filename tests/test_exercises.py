"""Every exercise has a hint and a solution, takes any right answer, and says what is wrong with a wrong one."""
import contextlib
import inspect
import sys

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises import EXERCISES, Exercise, Wrong, _Message, check, hint
from deeplearning_tutorial.mlp import MLP

NAMES = ["logistic", "normalize", "gradient_step", "predict", "confusion_matrix", "most_wrong", "digit_row",
         "neuron", "glorot_bound", "hidden_activations", "deeper_network"]
every_exercise = pytest.mark.parametrize("name", NAMES)

pytestmark = pytest.mark.filterwarnings("ignore:(invalid value|divide by zero):RuntimeWarning")


def test_these_are_the_exercises():
    assert list(EXERCISES) == NAMES


# All of them --------------------------------------------------------------------------------------------------------

@every_exercise
def test_the_solution_passes(name):
    assert len(EXERCISES[name].examine(EXERCISES[name].solution)) > 20


@every_exercise
def test_checking_again_what_stood_in_is_not_a_right_answer(name, capsys):
    # The check cell run twice, and the cell with the answer not at all.
    assert check(name, EXERCISES[name].solution) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not solved yet") and "Run the cell with your answer" in said


def blank(*arguments):
    pass


def dots(*arguments):
    return ...


def not_implemented(*arguments):
    raise NotImplementedError


@every_exercise
@pytest.mark.parametrize("answer", [None, ..., blank, dots, not_implemented], ids=["None", "...", "pass", "return ...", "NotImplementedError"])
def test_a_blank_is_not_solved_yet_and_the_notebook_goes_on(name, answer, capsys):
    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not solved yet: ")
    assert "the notebook goes on with a solution of its own" in said


@every_exercise
def test_an_answer_that_raises_is_told_what_it_raised(name, capsys):
    def answer(*arguments):
        raise RuntimeError("first line\nsecond line")

    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not quite: ") and "`RuntimeError: first line`" in said and "second line" not in said


@every_exercise
@pytest.mark.parametrize("answer", [
    5, "text", lambda: 0, lambda *arguments: "text", lambda *arguments: print, lambda *arguments: [[1, 2], [3]],
    lambda *arguments: {"a": 1}, lambda *arguments: np.array(list("abcde")), lambda *arguments: T.matrix("other"),
    lambda *arguments: np.nan, lambda *arguments: object(), lambda *arguments: (),
], ids=["number", "string", "no arguments", "returns a string", "returns a function", "returns ragged lists", "returns a dict",
        "returns strings", "returns another symbol", "returns NaN", "returns an object", "returns nothing in brackets"])
@pytest.mark.filterwarnings("ignore::numpy.VisibleDeprecationWarning")
def test_no_answer_however_odd_stops_the_notebook(name, answer, capsys):
    assert check(name, answer) is EXERCISES[name].solution
    assert capsys.readouterr().out.startswith("Not quite: ")


@every_exercise
def test_the_hint_can_be_shown(name, capsys):
    hint(name)
    assert capsys.readouterr().out == f"Hint: {EXERCISES[name].hint}\n"
    assert len(EXERCISES[name].hint) > 40


def lines_given_away(hint, solution):
    """Lines of code of a solution that stand in a hint, whatever their spaces."""
    body = inspect.getsource(solution).split('"""')[-1]
    code = ["".join(line.removeprefix("    return ").split()) for line in body.splitlines() if line.strip()]
    return [line for line in code if line in "".join(hint.split())]


@every_exercise
def test_the_hint_does_not_give_the_solution_away(name):
    assert lines_given_away(EXERCISES[name].hint, EXERCISES[name].solution) == []


def test_a_hint_that_gives_the_solution_away_is_found():
    solution = EXERCISES["gradient_step"].solution
    assert lines_given_away("Write `return parameter - learning_rate*gradient`.", solution) == ["parameter-learning_rate*gradient"]


@pytest.mark.parametrize("ask", [hint, lambda name: check(name, blank)], ids=["hint", "check"])
def test_an_unknown_exercise_is_refused_and_the_known_ones_are_named(ask):
    with pytest.raises(ValueError, match="no exercise 'logisitc'; there are logistic, normalize, "):
        ask("logisitc")


# Right answers, written differently ---------------------------------------------------------------------------------

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


@pytest.mark.parametrize("name, answer", [
    ("logistic", lambda x: T.nnet.sigmoid(x)),
    ("logistic", lambda x: T.exp(x) / (1 + T.exp(x))),
    ("logistic", lambda x: (1 + T.tanh(x / 2)) / 2),
    ("normalize", normalize_with_where),
    ("normalize", normalize_pixel_by_pixel),
    ("gradient_step", lambda p, g, a: -a * g + p),
    ("predict", predict_with_argmax),
    ("predict", lambda classifier, digits: classifier.y_pred.eval({classifier.input: digits}).astype("int32").tolist()),
    ("confusion_matrix", confusion_with_a_loop),
    ("confusion_matrix", lambda t, p: np.bincount(10 * t + p, minlength=100).reshape(10, 10).tolist()),
    ("confusion_matrix", lambda t, p: (np.eye(10)[t].T @ np.eye(10)[p])),
    ("most_wrong", lambda p, t, n: sorted(range(len(t)), key=lambda i: p[i, t[i]])[:n]),
    ("most_wrong", lambda p, t, n: np.argsort(-np.log(p[np.arange(len(t)), t]))[::-1][:n]),
    ("digit_row", lambda pixels: ((255 - pixels) / 255).astype("float32").reshape(1, -1)),
    ("digit_row", lambda pixels: np.float32(1 - pixels / 256).reshape(1, 784)),
    ("digit_row", lambda pixels: np.float32([(255 - pixels).ravel() / 256])),
    ("neuron", lambda x, w, b: 1 / (1 + T.exp(-T.sum(x * w) - b))),
    ("glorot_bound", lambda n_in, n_out: 6 ** 0.5 / (n_in + n_out) ** 0.5),
    ("hidden_activations", lambda network, digits: network.hiddenLayers[0].output.eval({network.input: digits})),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, (200, 100), 10)),
])
def test_a_right_answer_comes_back_itself(name, answer, capsys):
    assert check(name, answer) is answer, capsys.readouterr().out
    assert capsys.readouterr().out.startswith("Right: ")


# Wrong answers ------------------------------------------------------------------------------------------------------

z = T.vector("z")


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


def of_true_class(p, t):
    return p[np.arange(len(t)), t]


def only_those_that_occur(t, p):
    labels = np.unique(np.concatenate([t, p]))
    return counts(t, p)[labels][:, labels]


def W_of(network):
    return network.hiddenLayer.W.get_value()


def b_of(network):
    return network.hiddenLayer.b.get_value()


def hidden_of(network, digits):
    return np.tanh(digits @ W_of(network) + b_of(network))


MISTAKES = [
    ("logistic", lambda x: 1 / (1 + T.exp(x)), "minus in the exponent is missing"),
    ("logistic", lambda x: 1 / 1 + T.exp(-x), "what is divided by what"),
    ("logistic", lambda x: 1 / T.exp(-x), "1 is missing in the denominator"),
    ("logistic", lambda x: T.tanh(x), "That is tanh"),
    ("logistic", lambda x: x, "it is -3.000, 0.000, 4.000"),
    ("logistic", lambda x: 1 / (1 + T.exp(-2 * x)), "At -3, 0 and 4 it should be 0.047, 0.5 and 0.982"),
    ("logistic", lambda x: 0.5, "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + np.exp(-1)), "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + T.exp(-z)), "symbolic variable from elsewhere"),
    ("logistic", lambda x: x.reshape((3, 4)), "Computing what it returns raised `ValueError"),
    ("logistic", lambda x: 1 / (1 + T.exp(-undefined)), "`NameError: name 'undefined' is not defined`"),  # noqa: F821
    ("logistic", lambda: 0, "raised `TypeError"),

    ("normalize", change_other, "changes the arrays it is given"),
    ("normalize", change_train, "changes the arrays it is given"),
    ("normalize", lambda train, other: other[:3], "returns the shape (3, 6)"),
    ("normalize", lambda train, other: (train, other), "returns the shape (2, 6, 6)"),
    ("normalize", lambda train, other: (other - train.mean(axis=0)) / train.std(axis=0), "standard deviation 0"),
    ("normalize", lambda train, other: (other - other.mean(axis=0)) / other.std(axis=0), "They must come from `train` alone"),
    ("normalize", lambda train, other: (other - train.mean()) / train.std(), "for all pixels together"),
    ("normalize", lambda train, other: (other - train.mean(axis=1, keepdims=True)) / train.std(axis=1, keepdims=True), "each digit by itself"),
    ("normalize", lambda train, other: other - train.mean(axis=0), "nothing is divided"),
    ("normalize", lambda train, other: other / safe(train.std(axis=0)), "the mean is not subtracted"),
    ("normalize", lambda train, other: (other - train.mean(axis=0)) / safe(train.var(axis=0)), "divides by the variance"),
    ("normalize", lambda train, other: (train - train.mean(axis=0)) / safe(train.std(axis=0)), "never looks at `other`"),
    ("normalize", lambda train, other: (other - train.mean(axis=0)) / (train.std(axis=0) + 1e-8), "Adding a tiny number"),
    ("normalize", lambda train, other: other * 2, "are not `(other - mean) / std`"),
    ("normalize", lambda train, other: normalize_with_where(train, other).astype("float64"), "From float32 it makes float64"),
    ("normalize", lambda train, other: T.as_tensor(other) - 1, "a recipe without numbers"),

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
    ("gradient_step", lambda p, g, a: p - a * z, "symbolic variable from elsewhere"),

    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}), "probabilities of all classes"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).max(axis=1), "how probable the best class is"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).argmax(axis=0), "over the classes of each example"),
    ("predict", lambda c, d: c.p_y_given_x.eval({c.input: d}).argmin(axis=1), "least probable class"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d[:1]}), "returns the shape (1,)"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d}).astype(float), "these are float64"),
    ("predict", lambda c, d: c.y_pred.eval({c.input: d + 1}) * 0, "it returns [0, 0, 0, 0, 0]"),
    ("predict", lambda c, d: c.y_pred, "a recipe without numbers"),
    ("predict", lambda c, d: theano.function([c.input], c.y_pred, mode="FAST_COMPILE"), "It returns a function. Call that function"),

    ("confusion_matrix", lambda t, p: counts(p, t), "Rows and columns are exchanged"),
    ("confusion_matrix", counted_once, "only once: `counts[true, predicted] += 1`"),
    ("confusion_matrix", lambda t, p: counted_once(p, t), "only once, and rows and columns are exchanged"),
    ("confusion_matrix", lambda t, p: counts(t, p) / len(t), "These are fractions"),
    ("confusion_matrix", lambda t, p: counts(t, p) * (1 - np.eye(10)), "right answers are missing"),
    ("confusion_matrix", only_those_that_occur, "has the shape (6, 6)"),
    ("confusion_matrix", lambda t, p: counts(t, p)[:9, :9], "has the shape (9, 9)"),
    ("confusion_matrix", lambda t, p: counts(t, t), "counts are not right"),

    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[::-1][:n], "most right about"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t))[:n][::-1], "put the worst first"),
    ("most_wrong", lambda p, t, n: np.argsort(p.max(axis=1))[:n], "least certain prediction"),
    ("most_wrong", lambda p, t, n: np.sort(of_true_class(p, t))[:n], "These are probabilities"),
    ("most_wrong", lambda p, t, n: t[np.argsort(of_true_class(p, t))[:n]], "labels of the worst"),
    ("most_wrong", lambda p, t, n: np.argsort(of_true_class(p, t)), "Return the first `n`"),
    ("most_wrong", lambda p, t, n: np.arange(n), "not the examples whose true class"),

    ("digit_row", lambda pixels: np.float32(pixels / 256).reshape(1, 784), "paper is white, 255"),
    ("digit_row", lambda pixels: np.float32(pixels / 256), "Ink and paper are exchanged (paper is 0 in MNIST), and the shape"),
    ("digit_row", lambda pixels: (255 - pixels).reshape(1, 784), "it ranges to 255"),
    ("digit_row", lambda pixels: (255 - pixels) / 256, "but the shape is that of a picture"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).ravel(), "but a vector"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).T.reshape(1, 784), "lies on its side"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).reshape(784, 1), "has the shape (784, 1)"),
    ("digit_row", lambda pixels: ((128 - pixels) / 256).reshape(1, 784), "should become 0"),
    ("digit_row", lambda pixels: ((255 - pixels) / 256).reshape(1, 784).astype("float64"), "numbers are float64"),

    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x)), "bias is not used"),
    ("neuron", lambda x, w, b: T.dot(w, x) + b, "activation function is missing"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x)) + b, "added too late"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(w * x + b), "an answer for each input"),
    ("neuron", lambda x, w, b: T.tanh(T.dot(w, x) + b), "That is tanh"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x) - b), "bias is subtracted"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(2 * T.dot(w, x) + b), "not the sigmoid of the bias plus"),
    ("neuron", lambda x, w, b: 0.5, "no symbolic expression"),

    ("glorot_bound", lambda n_in, n_out: 6 / (n_in + n_out), "square root is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6) / (n_in + n_out), "square root is of 6 only"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / (n_in * n_out)), "not the product"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in), "Only the inputs are counted"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in + n_out), "brackets around"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(1 / (n_in + n_out)), "The 6 is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(2 / n_in), "it should be 0.0824, and it is 0.05051"),
    ("glorot_bound", lambda n_in, n_out: [6, n_in], "one number, and returns [6, 784]"),
    ("glorot_bound", lambda n_in, n_out: T.sqrt(6 / T.scalar("n")), "symbolic expression"),

    ("hidden_activations", lambda network, digits: network.hiddenLayer.output, "symbolic expression"),
    ("hidden_activations", lambda network, digits: digits @ W_of(network) + b_of(network), "before the activation"),
    ("hidden_activations", lambda network, digits: np.tanh(digits @ W_of(network)), "biases are missing"),
    ("hidden_activations", lambda network, digits: hidden_of(network, digits).T, "exchanged"),
    ("hidden_activations", lambda network, digits: network.p_y_given_x.eval({network.input: digits}), "probabilities"),
    ("hidden_activations", lambda network, digits: W_of(network), "the same for all digits"),
    ("hidden_activations", lambda network, digits: hidden_of(network, digits)[0], "returns the shape (4,)"),
    ("hidden_activations", lambda network, digits: abs(hidden_of(network, digits)), "not the activations"),

    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [100, 200], 10), "wrong order"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 300, 10), "one layer of 300 units"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 100, 10), "have [100] units"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 28, [200, 100], 10), "takes 28 pixels"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [200, 100], 2), "knows 2 classes"),
    ("deeper_network", lambda rng, x: MLP(rng, T.matrix("x"), 784, [200, 100], 10), "another input"),
    ("deeper_network", lambda rng, x: [200, 100], "returns a list"),
]


@pytest.mark.parametrize("name, answer, words", MISTAKES, ids=[f"{name}: {words}" for name, _, words in MISTAKES])
def test_each_mistake_gets_its_own_diagnosis(name, answer, words, capsys):
    # The solution comes back, not the wrong answer.
    assert check(name, answer) is EXERCISES[name].solution
    said = capsys.readouterr().out
    assert said.startswith("Not quite: ") and words in said
    assert "the notebook goes on with a solution of its own" in said


@every_exercise
def test_no_diagnosis_is_out_of_reach(name):
    """Run all mistakes, and ask which lines of the examination were never reached."""
    examine, reached = EXERCISES[name].examine, set()

    def trace(frame, event, argument):
        if frame.f_code is examine.__code__:
            reached.add(frame.f_lineno)
            return trace

    answers = [answer for exercise, answer, _ in MISTAKES if exercise == name]
    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        for answer in answers:
            with contextlib.suppress(Wrong):
                examine(answer)
    finally:
        sys.settrace(previous)
    lines, first = inspect.getsourcelines(examine)
    unreached = [line.strip() for number, line in enumerate(lines, first) if "raise Wrong(" in line and number not in reached]
    assert unreached == []


# How it looks -------------------------------------------------------------------------------------------------------

def test_code_is_marked_and_markup_is_escaped():
    page = _Message("Title", "of `a < b` & <b>bold</b>", color="#123456")._repr_html_()
    assert "<code>a &lt; b</code>" in page
    assert "&amp; &lt;b&gt;bold&lt;/b&gt;" in page and "<b>" not in page
    assert "<strong>Title</strong>" in page and "#123456" in page and "<details>" not in page


def test_what_an_answer_raises_is_escaped(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)

    def answer(x):
        raise ValueError("<script>alert(1)</script>")

    check("logistic", answer)
    (message,) = shown
    assert "<script>" not in message._repr_html_() and "&lt;script&gt;" in message._repr_html_()


def test_a_hint_is_folded(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)
    hint("logistic")
    page = shown[0]._repr_html_()
    assert "<details><summary><strong>Hint</strong></summary>" in page and "<code>T.exp(-x)</code>" in page
    assert "open" not in page


def test_titles_differ_in_words_and_in_colour(monkeypatch):
    shown = []
    monkeypatch.setattr("deeplearning_tutorial.exercises.display", shown.append)
    for answer in (None, lambda x: x, lambda x: 1 / (1 + T.exp(-x))):
        check("logistic", answer)
    assert [message.title for message in shown] == ["Not solved yet", "Not quite", "Right"]
    assert len({message.color for message in shown}) == 3


def test_a_new_exercise_is_a_hint_a_solution_and_an_examination(monkeypatch, capsys):
    def examine(answer):
        if answer() != 42:
            raise Wrong("It is not the answer.")
        return "it is the answer."

    def solution():
        return 42

    monkeypatch.setitem(EXERCISES, "answer", Exercise("Think.", solution, examine))
    assert check("answer", lambda: 41) is solution
    assert capsys.readouterr().out.startswith("Not quite: It is not the answer.")

    def right():
        return 6 * 7

    assert check("answer", right) is right
    assert capsys.readouterr().out == "Right: it is the answer.\n"
