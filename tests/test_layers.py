"""Layers compute what their formulas say, in float32, and for any numbers."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

from deeplearning_tutorial.initialization import he_normal
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, dropout

UNOPTIMIZED = theano.Mode(linker="py", optimizer=None)


def quickly(inputs, outputs):
    return theano.function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# Logistic regression ------------------------------------------------------------------------------------------------


class Compiled:
    """A classifier of 4 features into 3 classes, and all it offers in one function."""

    def __init__(self, mode=None):
        x, y = T.matrix("x"), T.ivector("y")
        self.classifier = LogisticRegression(input=x, n_in=4, n_out=3)
        cost = self.classifier.negative_log_likelihood(y)
        self.names = ["p", "labels", "cost", "errors", "W", "b"]
        outputs = [self.classifier.p_y_given_x, self.classifier.y_pred, cost, self.classifier.errors(y)]
        self.function = theano.function([x, y], outputs + T.grad(cost, self.classifier.params), mode=mode)

    def __call__(self, x, y, W, b):
        self.classifier.W.set_value(np.asarray(W, dtype="float32"))
        self.classifier.b.set_value(np.asarray(b, dtype="float32"))
        return dict(zip(self.names, self.function(np.asarray(x, dtype="float32"), np.asarray(y, dtype="int32"))))


@pytest.fixture(scope="module", params=[None, UNOPTIMIZED], ids=["optimized", "unoptimized"])
def compiled(request):
    return Compiled(request.param)


@pytest.fixture(scope="module")
def example():
    rng = np.random.RandomState(0)
    return {
        "x": rng.normal(size=(7, 4)),
        "y": [0, 1, 2, 0, 1, 2, 2],
        "W": rng.normal(size=(4, 3)),
        "b": rng.normal(size=3),
    }


def test_probabilities_are_the_softmax_of_a_linear_map(compiled, example):
    p = compiled(**example)["p"]
    np.testing.assert_allclose(p, softmax(example["x"] @ example["W"] + example["b"]), rtol=1e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


def test_the_prediction_is_the_most_probable_class(compiled, example):
    found = compiled(**example)
    np.testing.assert_array_equal(found["labels"], found["p"].argmax(axis=1))
    assert found["labels"].dtype == "int64"


def test_the_cost_is_the_mean_negative_log_probability_of_the_labels(compiled, example):
    p = softmax(example["x"] @ example["W"] + example["b"])
    assert compiled(**example)["cost"] == pytest.approx(-np.log(p[np.arange(7), example["y"]]).mean(), rel=1e-5)


def test_the_error_is_the_fraction_of_wrong_labels(compiled, example):
    p = softmax(example["x"] @ example["W"] + example["b"])
    wrong = np.mean(p.argmax(axis=1) != example["y"])
    assert 0 < wrong < 1
    assert compiled(**example)["errors"] == pytest.approx(wrong)
    assert compiled(**{**example, "y": p.argmax(axis=1)})["errors"] == 0


def test_the_gradient_is_probability_minus_truth(compiled, example):
    found = compiled(**example)
    slope = (softmax(example["x"] @ example["W"] + example["b"]) - np.eye(3)[example["y"]]) / 7
    np.testing.assert_allclose(found["W"], example["x"].T @ slope, atol=1e-6)
    np.testing.assert_allclose(found["b"], slope.sum(axis=0), atol=1e-6)


def test_everything_is_float32(compiled, example):
    found = compiled(**example)
    assert {name: found[name].dtype.name for name in ["p", "cost", "errors", "W", "b"]} == dict.fromkeys(
        ["p", "cost", "errors", "W", "b"], "float32"
    )
    assert [p.dtype for p in compiled.classifier.params] == ["float32", "float32"]


def test_extreme_scores_have_finite_costs_and_gradients(compiled):
    x = 1000 * np.array([[1, -1, 0, 0], [-1, 1, 0, 0], [1, 1, -1, 0], [0, 0, 0, 0]])
    y = [1, 0, 2, 0]
    found = compiled(x, y, W=np.eye(4, 3), b=np.zeros(3))
    # Wrong by 2000, by 2000, by 2000 and a tie of two, undecided between three.
    assert found["cost"] == pytest.approx((2000 + 2000 + 2000 + np.log(2) + np.log(3)) / 4)
    slope = (softmax(x @ np.eye(4, 3)) - np.eye(3)[y]) / 4
    np.testing.assert_allclose(found["W"], x.T @ slope, atol=1e-3)
    np.testing.assert_allclose(found["b"], slope.sum(axis=0), atol=1e-6)
    assert np.isfinite(found["p"]).all()


def test_a_certain_and_right_prediction_costs_nothing(compiled):
    found = compiled([[1000, 0, 0, 0]], [0], W=np.eye(4, 3), b=np.zeros(3))
    assert found["cost"] == 0 and found["errors"] == 0


def test_the_gradient_agrees_with_finite_differences(example):
    with theano.configparser.change_flags(floatX="float64"):
        x, y = T.matrix("x"), T.ivector("y")
        classifier = LogisticRegression(x, 4, 3)
        cost = classifier.negative_log_likelihood(y)
        function = quickly([x, y], [cost, *T.grad(cost, classifier.params)])
    y, step = np.array(example["y"], dtype="int32"), 1e-5
    for parameter, start in zip(classifier.params, [example["W"], example["b"]]):
        parameter.set_value(start)
    gradients = function(example["x"], y)[1:]
    for parameter, start, gradient in zip(classifier.params, [example["W"], example["b"]], gradients):
        for place in np.ndindex(start.shape):
            costs = []
            for sign in (1, -1):
                moved = start.copy()
                moved[place] += sign * step
                parameter.set_value(moved)
                costs.append(function(example["x"], y)[0])
            parameter.set_value(start)
            assert (costs[0] - costs[1]) / (2 * step) == pytest.approx(gradient[place], abs=1e-8)


def test_parameters_start_at_zero_so_that_all_classes_are_equally_probable():
    classifier = LogisticRegression(T.matrix("x"), n_in=5, n_out=4)
    W, b = (parameter.get_value() for parameter in classifier.params)
    assert W.shape == (5, 4) and b.shape == (4,)
    assert not W.any() and not b.any()
    assert [p.name for p in classifier.params] == ["W", "b"]
    assert classifier.params == [classifier.W, classifier.b]


def test_two_classifiers_can_share_their_parameters():
    first = LogisticRegression(T.matrix("x"), n_in=4, n_out=3)
    second = LogisticRegression(T.matrix("z"), 4, 3, W=first.W, b=first.b)
    assert second.params == first.params == [second.W, second.b]
    first.W.set_value(np.eye(4, 3, dtype="float32"))
    examples = np.eye(3, 4, dtype="float32")
    p = quickly([second.input], second.p_y_given_x)(examples)
    np.testing.assert_allclose(p, softmax(np.eye(3)), rtol=1e-5)


def test_a_classifier_may_take_one_parameter_and_make_the_other():
    b = theano.shared(np.ones(3, dtype="float32"))
    classifier = LogisticRegression(T.matrix("x"), 4, 3, b=b)
    assert classifier.b is b and classifier.W.get_value().shape == (4, 3)


@pytest.mark.parametrize(
    "y", [T.vector("y"), T.imatrix("y"), T.iscalar("y"), T.matrix("y"), T.vector("y") > 0], ids=str
)
@pytest.mark.parametrize("method", ["negative_log_likelihood", "errors"])
def test_labels_that_are_no_vector_of_integers_are_refused(y, method):
    classifier = LogisticRegression(T.matrix("x"), 4, 3)
    with pytest.raises(ValueError, match=rf"vector of integers.*not {y.ndim}-dimensional {y.dtype}"):
        getattr(classifier, method)(y)


def test_labels_kept_as_floats_are_welcome_when_cast():
    classifier = LogisticRegression(T.matrix("x"), 4, 3)
    labels = T.cast(theano.shared(np.zeros(2, dtype="float32")), "int32")
    assert classifier.negative_log_likelihood(labels).dtype == "float32"


# Hidden layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "activation, reference",
    [
        (T.tanh, np.tanh),
        (T.nnet.sigmoid, lambda a: 1 / (1 + np.exp(-a))),
        (T.nnet.relu, lambda a: np.maximum(a, 0)),
        (None, lambda a: a),
    ],
    ids=["tanh", "sigmoid", "relu", "linear"],
)
def test_the_output_is_the_activation_of_a_linear_map(activation, reference):
    rng, x = np.random.RandomState(2), T.matrix("x")
    layer = HiddenLayer(rng=rng, input=x, n_in=4, n_out=3, activation=activation)
    layer.b.set_value(np.array([0.5, -1, 2], dtype="float32"))
    examples = rng.normal(size=(6, 4)).astype("float32")
    output = quickly([x], layer.output)(examples)
    np.testing.assert_allclose(
        output, reference(examples @ layer.W.get_value() + layer.b.get_value()), rtol=1e-4, atol=1e-6
    )
    assert output.dtype == "float32"


def test_the_activation_is_tanh_unless_told_otherwise():
    x = T.matrix("x")
    layer = HiddenLayer(np.random.RandomState(0), x, 2, 2)
    examples = np.array([[1, 2]], dtype="float32")
    np.testing.assert_allclose(quickly([x], layer.output)(examples), np.tanh(examples @ layer.W.get_value()), rtol=1e-5)


@pytest.mark.parametrize(
    "activation, factor",
    [(T.tanh, 1), (None, 1), (T.nnet.relu, 1), (T.nnet.sigmoid, 4)],
    ids=["tanh", "linear", "relu", "sigmoid"],
)
def test_initial_weights_fill_the_bounds_of_glorot_and_bengio(activation, factor):
    layer = HiddenLayer(np.random.RandomState(0), T.matrix("x"), 60, 40, activation=activation)
    W, bound = layer.W.get_value(), factor * np.sqrt(6 / 100)
    assert W.shape == (60, 40) and W.dtype == "float32"
    assert -bound <= W.min() < -0.99 * bound and 0.99 * bound < W.max() <= bound
    assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.05)
    assert not layer.b.get_value().any() and layer.b.dtype == "float32"


def test_initial_weights_are_those_of_the_function_passed_in():
    layer = HiddenLayer(np.random.RandomState(3), T.matrix("x"), 5, 4, initialization=he_normal)
    np.testing.assert_array_equal(layer.W.get_value(), he_normal(np.random.RandomState(3), 5, 4))


def test_an_initialization_of_ones_own_becomes_float32():
    def ones(rng, n_in, n_out):
        return np.ones((n_in, n_out))

    layer = HiddenLayer(None, T.matrix("x"), 5, 4, initialization=ones, activation=T.nnet.sigmoid)
    assert (layer.W.get_value() == 1).all() and layer.W.dtype == "float32"


def test_an_initialization_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"W must have the shape \(5, 4\).*not \(4, 5\)"):
        HiddenLayer(None, T.matrix("x"), 5, 4, initialization=lambda rng, n_in, n_out: np.ones((n_out, n_in)))


def test_an_initialization_that_is_no_function_is_refused():
    with pytest.raises(ValueError, match=r"initialization must be a function.*not 'he_normal'"):
        HiddenLayer(np.random.RandomState(0), T.matrix("x"), 5, 4, initialization="he_normal")


def test_a_seed_gives_the_same_weights_and_the_generator_moves_on():
    def weights(rng):
        return HiddenLayer(rng, T.matrix("x"), 5, 4).W.get_value()

    rng = np.random.RandomState(7)
    first, second = weights(rng), weights(rng)
    np.testing.assert_array_equal(first, weights(np.random.RandomState(7)))
    assert not np.array_equal(first, second)


def test_no_random_state_but_the_one_passed_in_is_used():
    before = np.random.get_state()[1].copy()
    HiddenLayer(np.random.RandomState(7), T.matrix("x"), 5, 4)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_given_parameters_are_used_themselves_and_nothing_is_drawn():
    x = T.matrix("x")
    W = theano.shared(np.ones((4, 3), dtype="float32"), name="shared weights")
    b = theano.shared(np.ones(3, dtype="float32"))
    layer = HiddenLayer(None, x, 4, 3, W=W, b=b, activation=None)
    assert layer.W is W and layer.b is b and layer.params == [W, b]
    np.testing.assert_array_equal(quickly([x], layer.output)(np.ones((1, 4), dtype="float32")), [[5, 5, 5]])


@pytest.mark.parametrize(
    "given, found",
    [
        ({"W": np.zeros((3, 4))}, r"W must have the shape \(4, 3\).*not \(3, 4\)"),
        ({"W": np.zeros(4)}, r"W must have the shape \(4, 3\).*not \(4,\)"),
        ({"b": np.zeros(4)}, r"b must have the shape \(3,\).*not \(4,\)"),
        ({"b": np.zeros((1, 3))}, r"b must have the shape \(3,\).*not \(1, 3\)"),
    ],
)
def test_given_parameters_of_another_shape_are_refused(given, found):
    given = {name: theano.shared(value.astype("float32")) for name, value in given.items()}
    with pytest.raises(ValueError, match=found):
        HiddenLayer(np.random.RandomState(0), T.matrix("x"), 4, 3, **given)
    with pytest.raises(ValueError, match=found):
        LogisticRegression(T.matrix("x"), 4, 3, **given)


@pytest.mark.parametrize(
    "given", [{"W": np.zeros((4, 3), dtype="float32")}, {"b": T.vector("bias")}], ids=["array", "symbol"]
)
def test_given_parameters_that_are_not_shared_are_refused(given):
    (name,) = given
    with pytest.raises(ValueError, match=f"(?s){name} must be a shared variable.*not (an array|bias)"):
        HiddenLayer(np.random.RandomState(0), T.matrix("x"), 4, 3, **given)
    with pytest.raises(ValueError, match=f"(?s){name} must be a shared variable.*not (an array|bias)"):
        LogisticRegression(T.matrix("x"), 4, 3, **given)


@pytest.mark.parametrize("bad", [0, -1, 2.5, float("inf"), float("nan"), None, "ten"])
@pytest.mark.parametrize("size", ["n_in", "n_out"])
def test_sizes_that_are_no_positive_whole_numbers_are_refused(size, bad):
    sizes = {"n_in": 4, "n_out": 3, size: bad}
    with pytest.raises(ValueError, match=f"{size} must be a whole number.*not {bad!r}"):
        LogisticRegression(T.matrix("x"), **sizes)
    with pytest.raises(ValueError, match=f"{size} must be a whole number.*not {bad!r}"):
        HiddenLayer(np.random.RandomState(0), T.matrix("x"), **sizes)


def test_sizes_may_be_numpy_integers_or_whole_floats():
    layer = HiddenLayer(np.random.RandomState(0), T.matrix("x"), np.int64(4), 3.0)
    assert layer.W.get_value().shape == (4, 3)


# Dropout ------------------------------------------------------------------------------------------------------------

STREAMS = pytest.mark.parametrize("streams", [MRG_RandomStreams, RandomStreams])


def dropped(rate, examples, streams=MRG_RandomStreams, seed=1):
    x = T.matrix("x")
    return quickly([x], dropout(streams(seed), x, rate))(np.asarray(examples, dtype="float32"))


@STREAMS
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_units_are_dropped_at_the_rate_and_the_others_made_up_for_it(streams, rate):
    found = dropped(rate, np.ones((200, 300)), streams)
    kept = found != 0
    np.testing.assert_allclose(found[kept], 1 / (1 - rate), rtol=1e-5)
    assert 1 - kept.mean() == pytest.approx(rate, abs=0.01)
    assert found.dtype == "float32" and found.shape == (200, 300)
    # Every example and every unit has a mask of its own.
    assert len(np.unique(kept, axis=0)) == 200 and len(np.unique(kept, axis=1).T) == 300


@STREAMS
def test_the_expected_value_of_a_unit_is_what_it_was(streams):
    found = dropped(0.5, np.tile([1, -2, 0, 10], (20000, 1)), streams)
    np.testing.assert_allclose(found.mean(axis=0), [1, -2, 0, 10], rtol=0.05)


@STREAMS
def test_each_call_drops_other_units_and_a_seed_the_same_again(streams):
    def two_calls(seed):
        x = T.matrix("x")
        function = quickly([x], dropout(streams(seed), x, 0.5))
        return [function(np.ones((20, 30), dtype="float32")) for _ in range(2)]

    first, second = two_calls(1)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(two_calls(1), [first, second])
    assert not np.array_equal(two_calls(2)[0], first)


def test_gradients_pass_only_through_the_units_that_stay():
    x = T.matrix("x")
    output = dropout(MRG_RandomStreams(1), x, 0.5)
    found, gradient = quickly([x], [output, T.grad(output.sum(), x)])(np.ones((20, 30), dtype="float32"))
    np.testing.assert_array_equal(gradient, found)
    assert gradient.dtype == "float32"


@pytest.mark.parametrize("rate", [np.float64(0.3), np.float32(0.3)], ids=["float64", "float32"])
def test_the_rate_may_be_of_any_type_and_the_output_stays_float32(rate):
    assert dropout(MRG_RandomStreams(1), T.fmatrix("x"), rate).dtype == "float32"


def test_at_the_rate_0_the_input_stays_itself():
    x = T.matrix("x")
    assert dropout(MRG_RandomStreams(1), x, 0) is x
    assert dropout(MRG_RandomStreams(1), x, 0.0) is x


@pytest.mark.parametrize("bad", [1, 1.0, -0.1, 20, float("nan"), None, "0.5"])
def test_a_rate_outside_0_to_1_is_refused(bad):
    with pytest.raises(ValueError, match=f"rate must be at least 0 and below 1, not {bad!r}"):
        dropout(MRG_RandomStreams(1), T.matrix("x"), bad)


@pytest.mark.parametrize("bad", [np.random.RandomState(1), None, 1234], ids=["numpy", "None", "seed"])
def test_random_numbers_that_are_not_symbolic_are_refused(bad):
    with pytest.raises(ValueError, match=r"theano_rng must draw symbolic random numbers.*MRG_RandomStreams\(seed\)"):
        dropout(bad, T.matrix("x"), 0.5)
