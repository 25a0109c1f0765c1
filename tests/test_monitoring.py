"""What hidden units do, in numbers."""

import numpy as np
import pytest

from deeplearning_tutorial.monitoring import History, mean_absolute_correlation, unit_correlation, unit_variance

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def activations():
    rng = np.random.RandomState(0)
    return (rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)) + 3).astype("float32")


def test_a_new_history_is_empty_and_its_own():
    first, second = History(), History()
    first.epoch.append(1.0)
    assert second.epoch == [] and second.best_validation_error == float("inf") and not second.stopped_early


def test_the_variance_is_numpys(activations):
    found = unit_variance(activations)
    np.testing.assert_allclose(found, activations.var(axis=0), rtol=1e-4)
    assert found.shape == (6,) and found.dtype == "float32"


def test_the_variance_of_a_coin_is_a_quarter():
    assert unit_variance([[0, 1], [1, 1], [0, 1], [1, 1]]).tolist() == [0.25, 0]


def test_the_correlation_is_numpys(activations):
    found = unit_correlation(activations)
    np.testing.assert_allclose(found, np.corrcoef(activations, rowvar=False), atol=1e-5)
    assert found.shape == (6, 6) and found.dtype == "float32"


def test_it_is_symmetric_and_a_unit_correlates_fully_with_itself(activations):
    found = unit_correlation(activations)
    np.testing.assert_array_equal(found, found.T)
    assert (np.diag(found) == 1).all() and (np.abs(found) <= 1).all()


def test_units_that_tell_the_same_correlate_fully_whatever_their_scale():
    unit = np.random.RandomState(0).normal(size=100)
    found = unit_correlation(np.column_stack([unit, 1e-6 * unit + 5, -1e6 * unit]))
    np.testing.assert_allclose(found, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], rtol=1e-6)


def test_units_at_right_angles_do_not_correlate():
    assert unit_correlation([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("constant", [0, 1, 0.1, 1e30, -1 / 3])
def test_a_constant_unit_has_no_variance_and_correlates_with_nothing(activations, constant):
    found = activations.copy()
    found[:, 2] = constant
    assert unit_variance(found)[2] == 0
    correlation = unit_correlation(found)
    assert correlation[2].tolist() == correlation[:, 2].tolist() == [0, 0, 1, 0, 0, 0]


def test_units_that_are_all_constant_make_the_identity():
    found = unit_correlation(np.full((7, 3), 0.1, dtype="float32"))
    np.testing.assert_array_equal(found, np.eye(3))


def test_a_large_mean_costs_no_accuracy():
    rng = np.random.RandomState(0)
    small = rng.randint(0, 2, size=(1000, 2))
    np.testing.assert_allclose(unit_variance((small + 10000).astype("float32")), small.var(axis=0), rtol=1e-6)


def test_the_mean_absolute_correlation_is_over_pairs_of_different_units(activations):
    correlation = np.abs(np.corrcoef(activations, rowvar=False))
    wanted = np.mean([correlation[j, k] for j in range(6) for k in range(j)])
    found = mean_absolute_correlation(activations)
    assert isinstance(found, float) and found == pytest.approx(wanted, rel=1e-5)


def test_it_goes_from_0_to_1_and_minus_counts_like_plus():
    assert mean_absolute_correlation([[0, 0], [0, 1], [1, 0], [1, 1]]) == 0
    assert mean_absolute_correlation([[0, 1, 5], [1, 0, 6], [2, -1, 7]]) == pytest.approx(1)


@pytest.mark.parametrize("function", [unit_variance, unit_correlation, mean_absolute_correlation])
@pytest.mark.parametrize("shape", [(), (5,), (1, 5), (0, 5), (5, 5, 5)], ids=str)
def test_what_is_no_matrix_of_at_least_two_examples_is_refused(function, shape):
    with pytest.raises(ValueError) as error:
        function(np.zeros(shape, dtype="float32"))
    assert "(n_examples, n_units), with at least 2 examples" in str(error.value) and str(shape) in str(error.value)


@pytest.mark.parametrize("n_units", [0, 1])
def test_one_unit_makes_no_pair(n_units):
    with pytest.raises(ValueError, match=f"at least 2 units, and the activations are of {n_units}"):
        mean_absolute_correlation(np.zeros((5, n_units)))
