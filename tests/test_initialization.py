"""Initial weights have the size that their formulas promise, and do what they are for."""

import numpy as np
import pytest

from deeplearning_tutorial.initialization import glorot_uniform, glorot_uniform_sigmoid, he_normal

ALL = pytest.mark.parametrize("initialization", [glorot_uniform, glorot_uniform_sigmoid, he_normal])


@ALL
def test_weights_are_float32_and_have_a_column_for_each_unit(initialization):
    weights = initialization(np.random.RandomState(0), 5, 3)
    assert weights.shape == (5, 3) and weights.dtype == "float32"


@ALL
def test_a_seed_gives_the_same_weights_and_the_generator_moves_on(initialization):
    rng = np.random.RandomState(7)
    first, second = initialization(rng, 5, 4), initialization(rng, 5, 4)
    np.testing.assert_array_equal(first, initialization(np.random.RandomState(7), 5, 4))
    assert not np.array_equal(first, second)


@ALL
def test_no_random_state_but_the_one_passed_in_is_used(initialization):
    before = np.random.get_state()[1].copy()
    initialization(np.random.RandomState(7), 5, 4)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("initialization, factor", [(glorot_uniform, 1), (glorot_uniform_sigmoid, 4)])
def test_uniform_weights_fill_the_bounds_of_glorot_and_bengio(initialization, factor):
    weights, bound = initialization(np.random.RandomState(0), 60, 40), factor * np.sqrt(6 / 100)
    assert -bound <= weights.min() < -0.99 * bound and 0.99 * bound < weights.max() <= bound
    assert weights.std() == pytest.approx(bound / np.sqrt(3), rel=0.05)


def test_four_times_as_wide_is_what_a_draw_from_four_times_the_bounds_gives():
    bound = 4 * np.sqrt(6.0 / (784 + 500))
    drawn = np.random.RandomState(1234).uniform(-bound, bound, size=(784, 500)).astype("float32")
    np.testing.assert_array_equal(glorot_uniform_sigmoid(np.random.RandomState(1234), 784, 500), drawn)


def test_normal_weights_have_the_variance_of_he_and_others_whatever_the_number_of_units():
    for n_out in (20, 500):
        weights = he_normal(np.random.RandomState(0), 400, n_out)
        assert weights.mean() == pytest.approx(0, abs=0.003)
        assert weights.var() == pytest.approx(2 / 400, rel=0.05)
    # About one number in 22 is further than two standard deviations from the mean, unlike in a uniform distribution.
    assert np.mean(np.abs(weights) > 2 * weights.std()) == pytest.approx(0.0455, abs=0.003)


def mean_square_after(n_layers, initialization, activation):
    rng = np.random.RandomState(0)
    signal = rng.normal(size=(50, 200))
    for _ in range(n_layers):
        signal = activation(signal @ initialization(rng, 200, 200))
    return np.mean(signal**2)


def test_signals_keep_their_size_through_twenty_layers_of_relu_only_with_he_normal():
    def relu(sums):
        return np.maximum(sums, 0)

    assert 0.1 < mean_square_after(20, he_normal, relu) < 2
    assert mean_square_after(20, glorot_uniform, relu) < 1e-4


def test_signals_keep_their_size_through_twenty_linear_layers_with_glorot_uniform():
    assert 0.5 < mean_square_after(20, glorot_uniform, lambda sums: sums) < 2
