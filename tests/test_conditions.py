"""What a graph asks of its data is looked at when a function is compiled for them."""

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.autoencoder import DeepAutoencoder, SdA, dA, pretrain
from deeplearning_tutorial.conditions import ask_range, check_data, rows_not_finite, shared_variable
from deeplearning_tutorial.data.preprocessing import standardize
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.minibatches import MinibatchFunction
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.regularization import adversarial_examples
from deeplearning_tutorial.updates import sgd

RNG = np.random.RandomState(0)
PIXELS = RNG.uniform(size=(60, 6)).astype("float32")
LABELS = (np.arange(60) % 4).astype("float32")


def shared(values):
    return theano.shared(np.asarray(values, dtype=theano.config.floatX))


def classes(values=LABELS, dtype="int32"):
    return T.cast(shared(values), dtype)


@pytest.fixture
def x():
    return T.matrix("x")


@pytest.fixture
def y():
    return T.ivector("y")


# Labels -------------------------------------------------------------------------------------------------------------


def by_hand(x, W, b):
    return T.nnet.softmax(T.dot(x, W) + b)


READERS = {
    "cost": lambda model, y: model.negative_log_likelihood(y),
    "errors": lambda model, y: model.errors(y),
    "errors and more": lambda model, y: 1 + 100 * model.errors(y),
    "cost by hand": lambda model, y: -T.mean(T.log(model.p_y_given_x)[T.arange(y.shape[0]), y]),
    "accuracy by hand": lambda model, y: T.mean(T.eq(y, T.argmax(model.p_y_given_x, axis=1))),
    "categorical": lambda model, y: T.mean(T.nnet.categorical_crossentropy(model.p_y_given_x, y)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("hidden", [False, True])
def test_labels_that_no_unit_stands_for_are_refused_by_all_that_reads_them(x, y, reader, hidden):
    def compiled(n_out):
        model = MLP(np.random.RandomState(0), x, 6, 5, n_out) if hidden else LogisticRegression(x, 6, n_out)
        return MinibatchFunction([x, y], READERS[reader](model, y), [shared(PIXELS), classes()], 10)

    with pytest.raises(
        ValueError, match=r"labels of y run from 0 to 3, and the layer has 3 units \(n_out\), for 0 to 2"
    ):
        compiled(3)
    assert np.isfinite(compiled(4).mean())


def test_labels_below_0_too(x, y):
    model = LogisticRegression(x, 6, 4)
    with pytest.raises(ValueError, match="run from -1 to 2"):
        MinibatchFunction([x, y], model.errors(y), [shared(PIXELS), classes(LABELS - 1)], 10)


def test_labels_that_are_no_whole_numbers_are_refused(x, y):
    model = LogisticRegression(x, 6, 4)
    with pytest.raises(ValueError, match=r"must be whole numbers from 0 to 3, and 60 of 60 are not, such as 0\.5"):
        MinibatchFunction([x, y], model.errors(y), [shared(PIXELS), classes(0.5 + LABELS % 3)], 10)


def test_rows_that_are_not_finite_are_counted():
    values = PIXELS.copy()
    assert rows_not_finite([shared(values), shared(LABELS)]) == ""
    values[3, 2], values[5, :] = np.nan, np.inf
    data = theano.shared(values, name="train_x")
    assert rows_not_finite([shared(LABELS), data]).startswith(
        "The data in train_x hold NaN or infinity in 2 of 60 rows:"
    )


def test_who_builds_the_softmax_in_a_notebook_is_told_too(x, y):
    W, b = shared(np.zeros((6, 3))), shared(np.zeros(3))
    errors = T.mean(T.neq(T.argmax(by_hand(x, W, b), axis=1), y))
    with pytest.raises(ValueError, match="the layer has 3 units"):
        MinibatchFunction([x, y], errors, [shared(PIXELS), classes()], 10)


def test_labels_that_are_cast_in_the_graph_are_found(x):
    y = T.lvector("y")
    model = LogisticRegression(x, 6, 3)
    with pytest.raises(ValueError, match="the layer has 3 units"):
        MinibatchFunction([x, y], model.errors(T.cast(y, "int32")), [shared(PIXELS), classes(dtype="int64")], 10)


def test_where_nothing_tells_how_many_classes_there_are_nothing_is_refused(x, y):
    errors = T.mean(T.neq(T.argmax(x, axis=1), y))
    assert MinibatchFunction([x, y], errors, [shared(PIXELS), classes()], 10).mean() <= 1


# Numbers from 0 to 1 ------------------------------------------------------------------------------------------------


def autoencoder(rng, x, loss):
    return dA(rng, input=x, n_visible=6, n_hidden=3).reconstruction_cost(0.1, loss)


OUTSIDE = {
    "standardized": standardize(PIXELS)[0],
    "0 to 255": PIXELS * 255,
    "below": PIXELS - 0.1,
    "NaN": np.where(PIXELS > 0.9, np.nan, PIXELS),
}


@pytest.mark.parametrize("values", OUTSIDE)
def test_the_cross_entropy_of_features_outside_0_and_1_is_refused(x, values):
    rng = np.random.RandomState(0)
    cost = autoencoder(rng, x, "cross-entropy")
    with pytest.raises(ValueError, match=r'x must hold numbers from 0 to 1, .* run from .*loss="squared-error"'):
        MinibatchFunction([x], cost, [shared(OUTSIDE[values])], 10)
    MinibatchFunction([x], cost, [shared(PIXELS)], 10)
    MinibatchFunction([x], autoencoder(rng, x, "squared-error"), [shared(OUTSIDE[values])], 10)


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: SdA(rng, n_ins=6, hidden_layers_sizes=[4, 3], n_outs=4),
        lambda rng: DeepAutoencoder(rng, n_visible=6, hidden_layers_sizes=[4, 2]),
    ],
    ids=["SdA", "DeepAutoencoder"],
)
def test_pre_training_asks_for_them_too(make):
    model = make(np.random.RandomState(0))
    with pytest.raises(ValueError, match="must hold numbers from 0 to 1"):
        pretrain(model, shared(OUTSIDE["standardized"]), 10, 1, 0.01, progress=False)
    assert np.isfinite(pretrain(model, shared(PIXELS), 10, 1, 0.01, progress=False)).all()


def test_who_compiles_with_theano_alone_is_told_when_it_falls_below_0():
    rows = shared(OUTSIDE["standardized"])
    model = dA(np.random.RandomState(0), n_visible=6, n_hidden=3)
    cost, updates = model.get_cost_updates(0.1, 0.1)
    train = theano.function([], cost, updates=updates, givens={model.x: rows})
    with pytest.raises(AssertionError, match="the cross-entropy became negative, so that the input is not from 0 to 1"):
        for _ in range(5000):
            train()


def test_a_perfect_reconstruction_is_not_negative():
    rows = np.float32(np.eye(4))
    model = dA(np.random.RandomState(0), n_visible=4, n_hidden=4)
    model.W.set_value(200 * rows)
    model.b.set_value(np.full(4, -100, dtype="float32"))
    model.b_prime.set_value(np.full(4, -100, dtype="float32"))
    cost = theano.function([], model.reconstruction_cost(), givens={model.x: shared(rows)})()
    assert -1e-6 < cost < 1e-6


def test_fine_tuning_a_deep_autoencoder_asks_for_them_too():
    model = DeepAutoencoder(np.random.RandomState(0), n_visible=6, hidden_layers_sizes=[4, 2])
    with pytest.raises(ValueError, match="must hold numbers from 0 to 1"):
        MinibatchFunction([model.x], model.reconstruction_cost(), [shared(OUTSIDE["standardized"])], 10)


def test_what_a_layer_computes_is_computed_to_see_it(x):
    rng = np.random.RandomState(0)

    def cost(activation):
        hidden = MLP(rng, x, 6, 5, 4, activation=activation).hiddenLayer.output
        return dA(rng, input=hidden, n_visible=5, n_hidden=3).reconstruction_cost()

    with pytest.raises(ValueError, match="must hold numbers from 0 to 1, and its data run from -"):
        MinibatchFunction([x], cost(T.tanh), [shared(PIXELS)], 10)
    MinibatchFunction([x], cost(T.nnet.sigmoid), [shared(PIXELS)], 10)
    MinibatchFunction([x], cost(lambda sums: T.clip(sums, 0, 1)), [shared(PIXELS)], 10)


def test_asking_draws_no_random_numbers(x):
    rng = np.random.RandomState(0)
    first = dA(rng, input=x, n_visible=6, n_hidden=3)
    noisy = first.get_corrupted_input(x, 0.5)
    second = dA(rng, input=noisy, n_visible=6, n_hidden=3)
    before = [state.get_value() for state, *_ in first.theano_rng.state_updates]
    MinibatchFunction([x], second.reconstruction_cost(), [shared(PIXELS)], 10)
    assert before
    for value, (state, *_) in zip(before, first.theano_rng.state_updates):
        np.testing.assert_array_equal(value, state.get_value())


# Adversarial examples -----------------------------------------------------------------------------------------------


def moved(values, **options):
    x, y = T.matrix("x"), T.ivector("y")
    model = MLP(np.random.RandomState(0), x, 6, 5, 4)
    model.logRegressionLayer.W.set_value(RNG.normal(size=(5, 4)).astype("float32"))  # at 0 there is no gradient
    worse = adversarial_examples(model.negative_log_likelihood(y), x, 0.1, **options)
    return MinibatchFunction([x, y], worse, [shared(values), classes()], 60)(0) - np.float32(values)


def test_features_without_bounds_move_by_the_size():
    rows = OUTSIDE["standardized"]
    with pytest.raises(ValueError, match=r"x must hold numbers from 0 to 1.*clipped.*Name others, or bounds=None"):
        moved(rows)
    np.testing.assert_allclose(np.abs(moved(rows, bounds=None)), 0.1, atol=1e-6)
    assert np.abs(moved(rows, bounds=(-3, 3))).max() < 0.100001


def test_pixels_stay_pixels():
    change = moved(PIXELS)
    assert np.abs(change).max() < 0.100001 and (PIXELS + change).min() >= 0 and (PIXELS + change).max() <= 1
    assert np.abs(moved(PIXELS, bounds=None) + PIXELS).max() > 1


@pytest.mark.parametrize("bounds", [(1, 0), (0, 0), (0,), 1, "01", (float("nan"), 1)])
def test_bounds_are_two_numbers_in_rising_order(bounds):
    with pytest.raises(ValueError, match="bounds must be two numbers in rising order"):
        moved(PIXELS, bounds=bounds)


# The rest -----------------------------------------------------------------------------------------------------------


def test_a_range_can_be_asked_for(x):
    total = x.sum()
    ask_range(total, x, -1, 0.5, "halve it")
    with pytest.raises(ValueError, match=r"x must hold numbers from -1 to 0.5, .*: halve it\."):
        check_data({x: shared(PIXELS)}, [total * 2])
    check_data({x: shared(PIXELS / 2)}, [total * 2])


def test_columns_are_counted(x, y):
    model = LogisticRegression(x, 5, 4)
    with pytest.raises(ValueError, match=r"the data of x have 6 columns, and the layer that takes them is made for 5"):
        MinibatchFunction([x, y], model.errors(y), [shared(PIXELS), classes()], 10)


def test_the_shared_variable_is_found_behind_a_cast():
    data = shared(LABELS)
    assert shared_variable(data) is data and shared_variable(T.cast(data, "int32")) is data


def test_the_graph_of_a_step_is_as_it_was(x, y):
    """Nothing is asked in a step."""
    model = LogisticRegression(x, 6, 4)
    cost = model.negative_log_likelihood(y)
    train = MinibatchFunction([x, y], cost, [shared(PIXELS), classes()], 10, sgd(cost, model.params, 0.1))
    assert not any("Assert" in str(node.op) for node in train.function.maker.fgraph.toposort())
