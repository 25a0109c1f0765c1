"""The negative log likelihood of a softmax and its gradient, where a probability is too small for a float."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.tensor import nnet

from deeplearning_tutorial.engine.corrections import cross_entropy

# A label's score is up to 300 below the largest: exp(-300) is no float32.
SCORES = np.array([[-200, 0, 1], [0, 300, 2], [1, 2, 3]], dtype="float32")
LABELS = np.array([0, 0, 1], dtype="int32")
WEIGHTS = np.array([1, 2, 3], dtype="float32")
MODE = theano.Mode("py", "fast_run").excluding("gpuarray")

x, y = T.matrix("x"), T.ivector("y")
ROWS = {
    "a range of the labels": T.arange(y.shape[0]),
    "a constant range": T.arange(3),
    "a list": [0, 1, 2],
    "an array": np.arange(3),
}
FORMS = {
    "picked from the logarithms": lambda p, *indices: T.log(p)[indices],
    "logarithms of what was picked": lambda p, *indices: T.log(p[indices]),
}
COSTS = {
    "mean": (lambda losses: losses.mean(), np.full(3, 1 / 3)),
    "sum": (lambda losses: losses.sum(), np.ones(3)),
    "weighted": (lambda losses: T.dot(losses, WEIGHTS), WEIGHTS),
}


def log_softmax(scores):
    scores = scores.astype("float64")
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def check(cost, right_cost, right_gradient, mode=MODE):
    function = theano.function([x, y], [cost, T.grad(cost, x)], mode=mode, on_unused_input="ignore")
    found_cost, found_gradient = function(SCORES, LABELS)
    np.testing.assert_allclose(found_cost, right_cost, rtol=1e-6)
    np.testing.assert_allclose(found_gradient, right_gradient, rtol=1e-5, atol=1e-7)
    return {type(node.op).__name__ for node in function.maker.fgraph.toposort()}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", COSTS)
@pytest.mark.parametrize("scores", [x, x + WEIGHTS], ids=["without biases", "with biases"])
def test_likelihood_and_gradient_are_right_whatever_the_rows(rows, form, how, scores):
    total, weights = COSTS[how]
    logarithms = log_softmax(SCORES + WEIGHTS * (scores is not x))
    gradient = weights[:, None] * (np.exp(logarithms) - np.eye(3)[LABELS])
    cost = -total(FORMS[form](T.nnet.softmax(scores), ROWS[rows], y))
    check(cost, -weights @ logarithms[np.arange(3), LABELS], gradient)


@pytest.mark.parametrize(
    "cost",
    [
        T.log(T.nnet.softmax(x))[0, 0],
        T.log(T.nnet.softmax(x)[0, 0]),
        T.log(T.nnet.softmax(x)[0])[0],
        T.log(T.nnet.softmax(x)[0, y[:1]]).sum(),
        T.log(T.nnet.softmax(x)[y[:1]])[0, 0],
        T.log(T.nnet.softmax(x)[T.eq(x, -200)]).sum(),
        T.log(T.nnet.softmax(x))[T.eq(x, -200)].mean(),
    ],
    ids=str,
)
def test_one_element_however_it_is_picked(cost):
    logarithms = log_softmax(SCORES)
    gradient = np.zeros((3, 3))
    gradient[0] = [1, 0, 0] - np.exp(logarithms[0])
    check(cost, logarithms[0, 0], gradient)


def test_compiled_code_gives_the_same():
    probabilities = T.nnet.softmax(x)
    right = -log_softmax(SCORES)[np.arange(3), LABELS].mean(), (np.exp(log_softmax(SCORES)) - np.eye(3)[LABELS]) / 3
    check(
        -T.log(probabilities)[T.arange(3), y].mean(), *right, mode=theano.Mode("cvm", "fast_run").excluding("gpuarray")
    )


def test_what_theano_has_a_form_for_is_left_to_it():
    cost = -T.log(T.nnet.softmax(x))[T.arange(y.shape[0]), y].mean()
    right = -log_softmax(SCORES)[np.arange(3), LABELS].mean(), (np.exp(log_softmax(SCORES)) - np.eye(3)[LABELS]) / 3
    assert {"CrossentropySoftmaxArgmax1HotWithBias", "CrossentropySoftmax1HotWithBiasDx"} <= check(cost, *right)


def test_without_the_rewrites_the_gradient_is_nan():
    """So that these tests see what they are for."""
    cost = -T.log(T.nnet.softmax(x))[T.arange(3), y].mean()
    uncorrected = MODE.excluding("log_of_picked", "gradient_of_logarithm", "gradient_of_picked")
    with pytest.raises(AssertionError):
        check(cost, -log_softmax(SCORES)[np.arange(3), LABELS].mean(), np.zeros((3, 3)), mode=uncorrected)
    assert np.isnan(theano.function([x, y], T.grad(cost, x), mode=uncorrected)(SCORES, LABELS)).any()


@pytest.mark.parametrize(
    "variable",
    [
        T.log(x[y]),
        T.log(T.nnet.sigmoid(x)[y]),
        nnet.softmax_grad(x, T.nnet.softmax(x)),
        nnet.softmax_grad(x / (x + 1), T.nnet.softmax(x)),
        nnet.softmax_grad(x / T.nnet.softmax(x + 1), T.nnet.softmax(x)),
        nnet.softmax_grad(T.set_subtensor(T.zeros_like(x)[y], 1 / T.nnet.softmax(x)[y]), T.nnet.softmax(x)),
        nnet.softmax_grad(T.inc_subtensor(x[y], 1 / T.nnet.softmax(x)[y]), T.nnet.softmax(x)),
        nnet.softmax_grad(T.inc_subtensor(T.zeros_like(x)[y], 1 / T.nnet.softmax(x)[y + 1]), T.nnet.softmax(x)),
    ],
    ids=str,
)
def test_other_graphs_are_not_rewritten(variable):
    for rewrite in (cross_entropy.log_of_picked, cross_entropy.gradient_of_logarithm, cross_entropy.gradient_of_picked):
        assert not rewrite.transform(variable.owner)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: T.nnet.categorical_crossentropy(T.nnet.softmax(x), y),
        lambda x, y: -T.log(T.nnet.softmax(x))[T.arange(y.shape[0]), y],
        lambda x, y: T.grad(T.sum(T.log(T.nnet.softmax(x))[T.arange(y.shape[0]), y]), x)[:, 0],
    ],
)
@pytest.mark.parametrize("optimizer", ["fast_run", "fast_compile", None])
def test_no_examples_have_no_losses(loss, optimizer):
    x, y = T.fmatrix("x"), T.ivector("y")
    function = theano.function([x, y], loss(x, y), mode=theano.Mode("py", optimizer))
    assert function(np.zeros((0, 2), "float32"), np.zeros(0, "int32")).shape == (0,)


def test_slices_of_logarithms_beside_indices():
    x, rows = T.fmatrix("x"), T.ivector("rows")
    function = theano.function([x, rows], T.log(T.nnet.softmax(x))[rows, 1:], mode=MODE)
    np.testing.assert_allclose(function(np.zeros((2, 3), "float32"), [1]), [[-np.log(3)] * 2], rtol=1e-6)
