"""Autoencoders reconstruct their input; stacked, they pre-train classifiers and draw maps."""

import inspect
from itertools import chain

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import DeepAutoencoder, SdA, dA, pretrain
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import nesterov_momentum, sgd

N_VISIBLE, N_HIDDEN = 6, 4


def autoencoder(seed=0, **options):
    return dA(np.random.RandomState(seed), n_visible=N_VISIBLE, n_hidden=N_HIDDEN, **options)


def compiled(inputs, outputs, **options):
    return theano.function(inputs, outputs, mode="FAST_COMPILE", **options)


def pixels(n_examples=8, n_visible=N_VISIBLE, seed=1):
    return np.random.RandomState(seed).uniform(size=(n_examples, n_visible)).astype("float32")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def values(params):
    return [parameter.get_value().astype("float64") for parameter in params]


def randomize(params, scale=1.0, seed=2):
    rng = np.random.RandomState(seed)
    for parameter in params:
        parameter.set_value(rng.normal(scale=scale, size=parameter.get_value().shape).astype("float32"))


def squared_error(x, z):
    return np.sum((x - z) ** 2, axis=1).mean()


def cross_entropy(x, z):
    return -np.sum(x * np.log(z) + (1 - x) * np.log(1 - z), axis=1).mean()


LOSSES = {"squared-error": squared_error, "cross-entropy": cross_entropy}


def prototypes(n_examples=60, n_visible=N_VISIBLE, seed=3):
    """Examples of three kinds, each a pattern of bright and dark pixels and some noise; and the kinds."""
    rng = np.random.RandomState(seed)
    patterns = np.eye(3).repeat(n_visible // 3, axis=1)
    kinds = rng.randint(3, size=n_examples)
    x = 0.1 + 0.8 * patterns[kinds] + rng.uniform(-0.1, 0.1, size=(n_examples, n_visible))
    return theano.shared(x.astype("float32")), T.cast(theano.shared(kinds.astype("float32")), "int32")


# --- The denoising autoencoder ------------------------------------------------------------------------------


def test_the_weights_are_tied():
    da = autoencoder()
    randomize(da.params)
    np.testing.assert_array_equal(da.W_prime.eval(), da.W.get_value().T)
    assert da.params == [da.W, da.b, da.b_prime]
    shapes = [parameter.get_value().shape for parameter in da.params]
    assert shapes == [(N_VISIBLE, N_HIDDEN), (N_HIDDEN,), (N_VISIBLE,)]


def test_weights_start_as_sigmoid_units_need_them_and_biases_at_zero():
    da = dA(np.random.RandomState(0), n_visible=300, n_hidden=200)
    bound = 4 * np.sqrt(6 / (300 + 200))
    weights = da.W.get_value()
    assert np.abs(weights).max() <= bound
    assert weights.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert not da.b.get_value().any() and not da.b_prime.get_value().any()


def test_without_an_input_it_makes_one():
    x = T.matrix("x")
    assert autoencoder(input=x).x is x
    assert autoencoder().x.dtype == "float32" and autoencoder().x.ndim == 2


@pytest.mark.parametrize("activation, s", [(T.nnet.sigmoid, sigmoid), (T.tanh, np.tanh), (None, lambda a: a)])
def test_it_codes_and_reconstructs(activation, s):
    da = autoencoder(activation=activation)
    randomize(da.params)
    W, b, b_prime = values(da.params)
    code = da.get_hidden_values(da.x)
    found_code, found = compiled([da.x], [code, da.get_reconstructed_input(code)])(pixels())
    expected_code = s(pixels() @ W + b)
    np.testing.assert_allclose(found_code, expected_code, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found, sigmoid(expected_code @ W.T + b_prime), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_costs_are_summed_over_pixels_and_averaged_over_examples(loss):
    da = autoencoder()
    randomize(da.params)
    W, b, b_prime = values(da.params)
    z = sigmoid(sigmoid(pixels() @ W + b) @ W.T + b_prime)
    cost = da.reconstruction_cost(loss=loss)
    assert compiled([da.x], cost)(pixels()) == pytest.approx(LOSSES[loss](pixels(), z), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_has_a_part_from_the_encoder_and_one_from_the_decoder(loss):
    da = autoencoder()
    randomize(da.params)
    W, b, b_prime = values(da.params)
    x = pixels().astype("float64")

    def cost(encoder, decoder):
        return LOSSES[loss](x, sigmoid(sigmoid(x @ encoder + b) @ decoder.T + b_prime))

    expected, encoder_alone = np.zeros_like(W), np.zeros_like(W)
    for place in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[place] = 1e-5
        expected[place] = (cost(W + step, W + step) - cost(W - step, W - step)) / 2e-5
        encoder_alone[place] = (cost(W + step, W) - cost(W - step, W)) / 2e-5

    found = compiled([da.x], T.grad(da.reconstruction_cost(loss=loss), da.W))(pixels())
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert np.abs(found - encoder_alone).max() > 0.01


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "FAST_RUN"])
@pytest.mark.parametrize("loss", LOSSES)
def test_extreme_scores_have_a_finite_cost_and_gradient(loss, mode):
    da = autoencoder()
    da.W.set_value(np.full((N_VISIBLE, N_HIDDEN), 1000, "float32"))
    x = np.zeros((2, N_VISIBLE), "float32")  # wrong in every pixel, where the sigmoid is 1 in float32
    cost = da.reconstruction_cost(loss=loss)
    found, *gradients = theano.function([da.x], [cost, *T.grad(cost, da.params)], mode=mode)(x)
    # Each of the 4 units is sigmoid(0) = 0.5, so that each pixel's score is 4 * 0.5 * 1000.
    assert found == pytest.approx({"cross-entropy": 2000 * N_VISIBLE, "squared-error": N_VISIBLE}[loss])
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_cost_gradients_and_updates_are_float32():
    da = autoencoder()
    for loss in LOSSES:
        cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.1, loss=loss)
        assert cost.dtype == "float32"
        assert {new.dtype for new in updates.values()} == {"float32"}
        assert list(updates) == da.params
    assert all(parameter.dtype == "float32" for parameter in da.params)
    assert da.get_corrupted_input(da.x, 0.3).dtype == "float32"


def test_an_update_is_a_step_down_the_gradient():
    da = autoencoder()
    cost, updates = da.get_cost_updates(corruption_level=0, learning_rate=0.5, loss="squared-error")
    step = compiled([da.x], [cost, *T.grad(cost, da.params)], updates=updates)
    before = values(da.params)
    _, *gradients = step(pixels())
    for old, new, gradient in zip(before, values(da.params), gradients):
        np.testing.assert_allclose(new, old - 0.5 * np.asarray(gradient), atol=1e-6)
        assert np.abs(gradient).max() > 0.01


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("corruption_level", [0, 0.3])
def test_the_cost_falls_in_training(loss, corruption_level):
    da = autoencoder()
    train_x, _ = prototypes()
    cost, updates = da.get_cost_updates(corruption_level, 0.5, loss)
    train = MinibatchFunction([da.x], cost, [train_x], 20, updates=updates)
    clean = MinibatchFunction([da.x], da.reconstruction_cost(loss="squared-error"), [train_x], 20)
    before = clean.mean()
    for step in range(300):
        train(step % train.n_batches)
    assert clean.mean() < 0.3 * before


# --- Corruption ---------------------------------------------------------------------------------------------


def corrupted(seed, level, symbolic=False):
    da = autoencoder(theano_rng=MRG_RandomStreams(seed))
    level_variable = T.scalar("level")
    corrupted_x = da.get_corrupted_input(da.x, level_variable if symbolic else level)
    # Not FAST_COMPILE, which draws random numbers in a loop of Python.
    corrupt = theano.function([da.x, level_variable], corrupted_x, on_unused_input="ignore")
    ones = np.ones((500, 40), "float32")
    return corrupt(ones, level), corrupt(ones, level)


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_each_pixel_is_set_to_zero_with_the_probability_of_the_level(level, symbolic):
    first, second = corrupted(5, level, symbolic)
    assert set(np.unique(first)) == {0, 1}
    # Four standard deviations of the mean of 20,000 draws.
    assert np.mean(first == 0) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / first.size))
    # Other pixels each time: both are missing with the probability of two independent draws.
    assert np.mean((first == 0) & (second == 0)) == pytest.approx(level**2, abs=0.015)


def test_pixels_that_are_kept_keep_their_value():
    da = autoencoder()
    x = pixels(20) + 1
    found = compiled([da.x], da.get_corrupted_input(da.x, 0.5))(x)
    np.testing.assert_array_equal(found[found != 0], x[found != 0])


def test_a_seed_gives_the_same_corruption_and_another_another():
    np.testing.assert_array_equal(corrupted(1, 0.5), corrupted(1, 0.5))
    assert np.any(corrupted(1, 0.5)[0] != corrupted(2, 0.5)[0])


def test_the_numpy_generator_is_the_only_seed_that_is_needed():
    def cost_of(seed):
        da = autoencoder(seed)
        return theano.function([da.x], da.reconstruction_cost(corruption_level=0.5))(pixels())

    assert cost_of(3) == cost_of(3) != cost_of(4)


def test_a_level_of_zero_changes_nothing():
    da = autoencoder()
    assert da.get_corrupted_input(da.x, 0) is da.x
    np.testing.assert_array_equal(corrupted(5, 0.0, symbolic=True)[0], 1)


def test_the_reconstruction_of_a_corrupted_input_is_compared_with_the_clean_one():
    da = autoencoder()
    randomize(da.params)
    _, b, b_prime = values(da.params)
    # Nothing of the input is left in the code, but all of it in the cost.
    da.W.set_value(np.zeros((N_VISIBLE, N_HIDDEN), "float32"))
    cost = compiled([da.x], da.reconstruction_cost(corruption_level=0.9, loss="squared-error"))
    assert cost(pixels()) == pytest.approx(squared_error(pixels(), sigmoid(b_prime)), rel=1e-5)


# --- Stacked denoising autoencoders -------------------------------------------------------------------------


def stacked(**options):
    arguments = {"n_ins": N_VISIBLE, "hidden_layers_sizes": [5, 4], "n_outs": 3, **options}
    return SdA(np.random.RandomState(0), **arguments)


def deep(**options):
    arguments = {"n_visible": N_VISIBLE, "hidden_layers_sizes": [5, 4, 2], **options}
    return DeepAutoencoder(np.random.RandomState(0), **arguments)


def test_sigmoid_layers_and_autoencoders_share_their_weights():
    sda = stacked()
    assert sda.n_layers == len(sda.sigmoid_layers) == len(sda.dA_layers) == 2
    for layer, da in zip(sda.sigmoid_layers, sda.dA_layers):
        assert da.W is layer.W and da.b is layer.b and da.x is layer.input
    assert sda.dA_layers[1].x is sda.sigmoid_layers[0].output
    assert [layer.W.get_value().shape for layer in sda.sigmoid_layers] == [(6, 5), (5, 4)]
    assert sda.logLayer.W.get_value().shape == (4, 3)


def test_the_classifiers_parameters_come_from_the_first_layer_to_the_last_without_the_visible_biases():
    sda = stacked()
    layers = [*sda.sigmoid_layers, sda.logLayer]
    assert sda.params == list(chain.from_iterable(layer.params for layer in layers))


@pytest.mark.parametrize("make", [stacked, deep])
def test_pretraining_a_layer_changes_the_parameters_of_that_layer_only(make):
    model = make()
    train_x, _ = prototypes()
    functions = model.pretraining_functions(train_x, batch_size=20)
    everything = {parameter for da in model.dA_layers for parameter in da.params} | set(model.params)
    assert len(functions) == model.n_layers
    for da, train in zip(model.dA_layers, functions):
        before = {parameter: parameter.get_value() for parameter in everything}
        cost = train(index=1, corruption=0.3, lr=0.1)
        assert cost.dtype == "float32" and np.isfinite(cost)
        changed = {parameter for parameter in everything if np.any(parameter.get_value() != before[parameter])}
        assert changed == set(da.params)


def test_a_whole_number_of_rows_may_be_written_with_a_point():
    train_x, *_ = prototypes()
    costs = [pretrain(stacked(), train_x, batch_size, n_epochs=1, progress=False).tolist() for batch_size in (20, 20.0)]
    assert costs[0] == costs[1]


def test_corruption_and_learning_rate_of_a_pretraining_function_can_be_left_out():
    def cost_and_change(**arguments):
        sda = stacked(corruption_levels=[0.4, 0.0])
        train_x, _ = prototypes()
        train, _ = sda.pretraining_functions(train_x, batch_size=20)
        before = sda.dA_layers[0].b_prime.get_value()
        return train(index=0, **arguments), np.abs(sda.dA_layers[0].b_prime.get_value() - before).sum()

    assert cost_and_change() == cost_and_change(corruption=0.4, lr=0.1)
    assert cost_and_change() != cost_and_change(corruption=0, lr=0.1)
    assert cost_and_change(lr=0.2)[1] == pytest.approx(2 * cost_and_change()[1], rel=1e-4)


def test_a_pretraining_function_takes_numpy_numbers_of_any_type():
    train, *_ = stacked().pretraining_functions(prototypes()[0], batch_size=20)
    assert np.isfinite(train(index=np.int32(0), corruption=np.float64(0.2), lr=np.float64(0.1)))


def test_fine_tuning_learns_to_classify():
    sda = stacked()
    datasets = [prototypes(60, seed=1), prototypes(45, seed=2), prototypes(30, seed=3)]
    train, valid_score, test_score = sda.build_finetune_functions(datasets, batch_size=15, learning_rate=1.0)
    assert [len(valid_score()), len(test_score())] == [3, 2]
    before = np.mean(valid_score())
    costs = [train(step % 4) for step in range(400)]
    assert costs[-1] < 0.1 * costs[0]
    assert before > 0.3 and np.mean(valid_score()) == np.mean(test_score()) == 0


def test_it_is_trained_by_fit_as_well():
    sda = stacked(hidden_layers_sizes=[5])
    train_set = prototypes()
    updates = nesterov_momentum(sda.finetune_cost, sda.params, 0.2)
    train = MinibatchFunction([sda.x, sda.y], sda.finetune_cost, train_set, 20, updates=updates)
    validate = MinibatchFunction([sda.x, sda.y], sda.errors, train_set, 20)
    fit(train, validate, sda.params, n_epochs=60, patience=None, progress=False)
    assert validate.mean() == 0


# --- The deep autoencoder -----------------------------------------------------------------------------------


def test_the_encoder_narrows_to_a_linear_code_and_the_decoder_mirrors_it():
    model = deep()
    randomize(model.params)
    found_code, found = compiled([model.x], [model.code, model.reconstruction])(pixels())
    (W1, b1, c1), (W2, b2, c2), (W3, b3, c3) = (values(da.params) for da in model.dA_layers)
    expected_code = sigmoid(sigmoid(pixels() @ W1 + b1) @ W2 + b2) @ W3 + b3
    up = sigmoid(sigmoid(expected_code @ W3.T + c3) @ W2.T + c2)
    np.testing.assert_allclose(found_code, expected_code, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, sigmoid(up @ W1.T + c1), rtol=1e-4, atol=1e-5)
    assert (found_code.shape, found.shape) == ((8, 2), (8, 6))
    assert found_code.dtype == found.dtype == "float32"


@pytest.mark.parametrize("loss", LOSSES)
def test_its_cost_is_that_of_its_reconstruction(loss):
    model = deep()
    randomize(model.params)
    cost = model.reconstruction_cost(loss)
    assert cost.dtype == "float32"
    found, z = compiled([model.x], [cost, model.reconstruction])(pixels())
    assert found == pytest.approx(LOSSES[loss](pixels().astype("float64"), z.astype("float64")), rel=1e-4)


def test_a_code_of_ones_own_is_decoded_like_that_of_an_example():
    model = deep()
    code = T.matrix("code")
    codes, reconstructions = compiled([model.x], [model.code, model.reconstruction])(pixels())
    np.testing.assert_allclose(compiled([code], model.decode(code))(codes), reconstructions, rtol=1e-5)


def test_all_parameters_are_trained_in_fine_tuning():
    model = deep()
    assert model.params == [parameter for da in model.dA_layers for parameter in da.params]
    gradients = compiled([model.x], T.grad(model.reconstruction_cost(), model.params))(pixels())
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_pretraining_and_fine_tuning_make_the_reconstruction_better():
    model = deep()
    train_x, _ = prototypes()
    error = MinibatchFunction([model.x], model.reconstruction_cost("squared-error"), [train_x], 20)
    untrained = error.mean()
    pretrain(model, train_x, 20, n_epochs=5, learning_rate=[0.5, 0.5, 0.1], progress=False)
    pretrained = error.mean()
    cost = model.reconstruction_cost()
    train = MinibatchFunction([model.x], cost, [train_x], 20, updates=sgd(cost, model.params, 0.1))
    for step in range(900):
        train(step % train.n_batches)
    assert error.mean() < 0.5 * pretrained < pretrained < untrained


def test_one_layer_is_a_linear_autoencoder():
    model = deep(hidden_layers_sizes=[2])
    (da,) = model.dA_layers
    code = da.get_hidden_values(da.x)
    expected = compiled([da.x], [code, da.get_reconstructed_input(code)])(pixels())
    found = compiled([model.x], [model.code, model.reconstruction])(pixels())
    np.testing.assert_allclose(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1])


# --- Training layer by layer --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [stacked, deep])
def test_pretrain_trains_every_layer_and_tells_the_costs(make):
    model = make(corruption_levels=0.1)
    before = [da.W.get_value() for da in model.dA_layers]
    costs = pretrain(model, prototypes()[0], 20, n_epochs=30, learning_rate=0.1, progress=False)
    assert costs.shape == (model.n_layers, 30) and costs.dtype == "float32"
    assert np.all(costs[:, -1] < costs[:, 0])
    assert all(np.any(da.W.get_value() != old) for da, old in zip(model.dA_layers, before))


def test_pretrain_is_the_loop_over_the_pretraining_functions():
    train_x, _ = prototypes(50)
    by_hand, model = stacked(corruption_levels=[0.2, 0.4]), stacked(corruption_levels=[0.2, 0.4])
    expected = []
    for train, level, rate in zip(by_hand.pretraining_functions(train_x, 20), [0.2, 0.4], [0.3, 0.1]):
        costs = [[train(index=i, corruption=level, lr=rate) for i in range(2)] for epoch in range(3)]
        expected.append(np.mean(costs, axis=1))
    found = pretrain(model, train_x, 20, n_epochs=3, learning_rate=[0.3, 0.1], progress=False)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    for parameter, other in zip(model.params, by_hand.params):
        np.testing.assert_array_equal(parameter.get_value(), other.get_value())


def test_the_progress_bar_names_layer_and_cost(monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    pretrain(stacked(), prototypes()[0], 20, n_epochs=2)
    assert "layer 2, cost " in capsys.readouterr().err
    monkeypatch.setenv("TQDM_DISABLE", "1")
    pretrain(stacked(), prototypes()[0], 20, n_epochs=2)
    assert capsys.readouterr().err == ""


def test_a_learning_rate_that_is_too_large_is_named():
    with pytest.raises(FloatingPointError, match="layer 3 .*1000000000.*divide it by ten"):
        pretrain(deep(), prototypes()[0], 20, n_epochs=20, learning_rate=[0.1, 0.1, 1000000000], progress=False)


# --- A caller's mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [-0.1, 1, 1.5, float("nan")])
def test_a_corruption_level_is_at_least_zero_and_below_one(level):
    da = autoencoder()
    with pytest.raises(ValueError, match=str(level)):
        da.get_corrupted_input(da.x, level)
    with pytest.raises(ValueError, match=str(level)):
        da.get_cost_updates(level, 0.1)
    for make in (stacked, deep):
        with pytest.raises(ValueError, match=str(level)):
            make(corruption_levels=level)


def test_a_symbolic_corruption_level_is_a_scalar():
    with pytest.raises(ValueError, match="1-dimensional"):
        autoencoder().get_corrupted_input(T.matrix(), T.vector())


@pytest.mark.parametrize("make", [autoencoder, deep])
def test_an_unknown_loss_is_named_with_those_there_are(make):
    with pytest.raises(ValueError, match='"cross-entropy" or "squared-error", not \'mse\''):
        make().reconstruction_cost(loss="mse")


@pytest.mark.parametrize("make", [stacked, deep])
def test_there_is_at_least_one_layer_of_at_least_one_unit(make):
    with pytest.raises(ValueError, match=r"at least one hidden layer, not \[\]"):
        make(hidden_layers_sizes=[])
    for size in (0, 2.5, "500"):
        with pytest.raises(ValueError, match=f"hidden_layers_sizes must be a whole number.*{size}"):
            make(hidden_layers_sizes=[5, size])


def test_there_is_one_corruption_level_for_each_layer():
    with pytest.raises(ValueError, match=r"each of the 2 layers, not \[0.1, 0.2, 0.3\]"):
        stacked(corruption_levels=[0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"each of the 3 layers, not \[0.1, 0.2\]"):
        deep(corruption_levels=[0.1, 0.2])


@pytest.mark.parametrize("name", ["n_visible", "n_hidden"])
def test_sizes_of_an_autoencoder_are_whole_numbers(name):
    with pytest.raises(ValueError, match=f"{name} .*not 0"):
        dA(np.random.RandomState(0), **{name: 0})


def test_given_parameters_are_shared_variables_of_the_right_shape():
    wrong = theano.shared(np.zeros((3, 3), "float32"))
    for name in ("W", "bhid", "bvis"):
        with pytest.raises(ValueError, match=r"\(3, 3\)"):
            autoencoder(**{name: wrong})
    with pytest.raises(ValueError, match="bvis must be a shared variable"):
        autoencoder(bvis=np.zeros(N_VISIBLE, "float32"))


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"batch_size": 61}, "at most 60"),
        ({"batch_size": 0}, "batch_size"),
        ({"n_epochs": 0}, "n_epochs"),
        ({"learning_rate": 0}, "above 0, not 0"),
        ({"learning_rate": [0.1]}, "each of the 2 layers"),
        ({"train_set_x": np.zeros((60, N_VISIBLE), "float32")}, "shared matrix"),
    ],
)
def test_pretraining_says_what_it_cannot_do(arguments, words):
    arguments = {"train_set_x": prototypes()[0], "batch_size": 20, "n_epochs": 1, "progress": False, **arguments}
    with pytest.raises(ValueError, match=words):
        pretrain(stacked(), **arguments)


@pytest.mark.parametrize("function", [dA.__init__, SdA.__init__, DeepAutoencoder.__init__, pretrain])
def test_no_default_can_be_changed_by_accident(function):
    defaults = [parameter.default for parameter in inspect.signature(function).parameters.values()]
    assert not any(isinstance(default, (list, dict, set)) for default in defaults)


# What is left over -----------------------------------------------------------------------------------------------------


def test_rows_that_no_score_counts_are_told(capsys):
    """39 test rows in mini-batches of 20: the last 19 count nowhere."""
    model = SdA(np.random.RandomState(0), n_ins=4, hidden_layers_sizes=[3], n_outs=2)
    sets = [
        (
            theano.shared(np.random.RandomState(n).uniform(size=(n, 4)).astype("float32")),
            T.cast(theano.shared((np.arange(n) % 2).astype("float32")), "int32"),
        )
        for n in (40, 20, 39)
    ]
    _, valid_score, test_score = model.build_finetune_functions(sets, 20, 0.1)
    assert (len(valid_score()), len(test_score())) == (1, 1)
    assert capsys.readouterr().out == "Not used, as they fill no mini-batch: 19 of 39 test rows.\n"


@pytest.mark.parametrize("batch_size", [20.0, np.float64(20), np.int8(20)])
def test_a_batch_size_is_a_whole_number_of_any_type(batch_size):
    def costs(batch_size):
        model = SdA(np.random.RandomState(0), n_ins=4, hidden_layers_sizes=[3], n_outs=2)
        rows = theano.shared(np.random.RandomState(1).uniform(size=(40, 4)).astype("float32"))
        return pretrain(model, rows, batch_size, 2, progress=False)

    np.testing.assert_array_equal(costs(batch_size), costs(20))
