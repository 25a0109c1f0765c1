"""Features get a common scale and lose their correlations, by the training set's numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from deeplearning_tutorial.data import loading
from deeplearning_tutorial.data.preprocessing import mean_and_std, standardize, whiten, whitening_matrix

# Standardization ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_standardize_uses_the_training_sets_statistics_only(dtype):
    rng = np.random.RandomState(0)
    train_x, valid_x = rng.rand(500, 6).astype(dtype) * 9 + 4, rng.rand(50, 6).astype(dtype)
    train_x[:, 2] = 0.1  # constant in training only
    before = train_x.copy(), valid_x.copy()
    mean, std = train_x.mean(axis=0), train_x.std(axis=0)
    mean[2], std[2] = 0.1, 1  # not 0/0
    train, valid = standardize(train_x, valid_x)
    assert_allclose(train, (train_x - mean) / std, rtol=1e-3, atol=1e-5)
    assert_allclose(valid, (valid_x - mean) / std, rtol=1e-3, atol=1e-6)
    assert_array_equal(train[:, 2], 0)
    assert train.dtype == valid.dtype == dtype
    assert_array_equal(before[0], train_x)  # the caller's arrays are as they were
    assert_array_equal(before[1], valid_x)
    # Another validation set changes nothing else.
    assert_array_equal(standardize(train_x, valid_x + 100)[0], train)
    assert len(standardize(train_x)) == 1


def test_mean_and_std_are_numpys_and_exact_for_constants():
    x = np.full((10007, 2), 0.1)
    x[:, 1] = np.arange(10007)
    mean, std = mean_and_std(x)
    assert mean[0] == 0.1 and std[0] == 1  # NumPy's own std of this column is 1e-16, not 0
    assert_allclose([mean[1], std[1]], [x[:, 1].mean(), x[:, 1].std()])


def test_mean_of_many_float32_rows_is_accumulated_in_float64():
    x = np.random.RandomState(0).rand(200000, 1).astype("float32") + 1000
    mean, std = mean_and_std(x)
    assert_allclose(std, x.astype("float64").std(axis=0), rtol=1e-5)
    assert mean.dtype == std.dtype == "float32"


@pytest.mark.parametrize(
    "bad, reason",
    [
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((2, 2), "uint8"), "type uint8"),
        (np.zeros((0, 4)), r"\(0, 4\)"),
        ([[0.0, 1.0]], "got list"),
    ],
)
def test_standardize_refuses_what_is_not_a_matrix(bad, reason):
    for arguments in ([bad], [np.ones((3, 4)), bad]):
        with pytest.raises(ValueError, match=reason):
            standardize(*arguments)


def test_standardize_refuses_another_number_of_columns():
    with pytest.raises(ValueError, match=r"Expected 4 columns.*\(3, 5\)"):
        standardize(np.ones((3, 4)), np.ones((3, 5)))


# Whitening ----------------------------------------------------------------------------------------------------------

KINDS = ["zca", "pca"]


def correlated(rows=4000, dtype="float64"):
    """Rows of four features that vary and depend on one another."""
    rng = np.random.RandomState(0)
    mixing = np.array([[2, 1, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, -0.5], [0.3, 0, 0, 0.7]])
    return (rng.randn(rows, 4) @ mixing + [5, 0, -3, 1]).astype(dtype)


def covariance(x):
    return np.cov(x, rowvar=False, bias=True)


@pytest.mark.parametrize("kind", KINDS)
def test_whitened_features_have_mean_0_variance_1_and_no_correlations(kind):
    (white,) = whiten(correlated(), kind=kind, epsilon=1e-12)
    assert_allclose(white.mean(axis=0), 0, atol=1e-10)
    assert_allclose(covariance(white), np.eye(4), atol=1e-9)


def test_epsilon_leaves_small_the_directions_that_vary_little():
    x = correlated()
    variances = np.linalg.eigvalsh(covariance(x))[::-1]
    (white,) = whiten(x, kind="pca", epsilon=0.5)
    assert_allclose(covariance(white), np.diag(variances / (variances + 0.5)), atol=1e-9)


def test_in_two_dimensions_it_is_the_formula():
    # Variance 8 along (1, 1), 2 along (1, -1); epsilon adds 1.
    x = np.array([[4, 4], [-4, -4], [2, -2], [-2, 2]]) / 1.0 + [10, 20]
    diagonal = np.sqrt(0.5)
    mean, pca = whitening_matrix(x, kind="pca", epsilon=1)
    assert_allclose(mean, [10, 20])
    assert_allclose(np.abs(pca), [[diagonal / np.sqrt(17), diagonal / np.sqrt(5)]] * 2)
    assert_allclose(pca[0, 0], pca[1, 0])  # the first axis is (1, 1)
    assert_allclose(pca[0, 1], -pca[1, 1])
    _, zca = whitening_matrix(x, kind="zca", epsilon=1)
    a, b = 1 / np.sqrt(17), 1 / np.sqrt(5)
    assert_allclose(zca, [[(a + b) / 2, (a - b) / 2], [(a - b) / 2, (a + b) / 2]])


def test_principal_axes_come_in_order_of_falling_variance_with_their_largest_number_positive():
    x = correlated()
    mean, matrix = whitening_matrix(x, kind="pca", epsilon=1e-9)
    axes = matrix / np.linalg.norm(matrix, axis=0)
    variances = ((x - mean) @ axes).var(axis=0)
    assert (np.diff(variances) < 0).all()
    assert (axes[np.abs(axes).argmax(axis=0), range(4)] > 0).all()
    assert_allclose(whitening_matrix(-x, kind="pca", epsilon=1e-9)[1], matrix)


def test_the_first_components_can_be_kept():
    x = correlated()
    mean, all_axes = whitening_matrix(x, kind="pca")
    mean, matrix = whitening_matrix(x, kind="pca", n_components=2)
    assert_array_equal(matrix, all_axes[:, :2])
    assert_allclose(whiten(x, x[:3], kind="pca", n_components=2)[1], (x[:3] - mean) @ matrix)


def test_zca_is_symmetric_and_of_all_ways_to_whiten_changes_rows_least():
    x = correlated()
    mean, pca = whitening_matrix(x, kind="pca")
    _, zca = whitening_matrix(x, kind="zca")
    assert_allclose(zca, zca.T, atol=1e-12)

    def change(matrix):
        return np.square((x - mean) @ matrix - (x - mean)).sum()

    rng = np.random.RandomState(0)
    rotations = [np.linalg.qr(rng.randn(4, 4))[0] for _ in range(50)]
    assert change(zca) < change(pca)
    assert all(change(zca) < change(zca @ rotation) for rotation in rotations)


@pytest.mark.parametrize("kind", KINDS)
def test_other_sets_are_whitened_by_the_training_sets_numbers(kind):
    train_x, valid_x = correlated(), np.random.RandomState(1).rand(7, 4)
    before = train_x.copy(), valid_x.copy()
    mean, matrix = whitening_matrix(train_x, kind=kind)
    train, valid = whiten(train_x, valid_x, kind=kind)
    assert_allclose(train, (train_x - mean) @ matrix)
    assert_allclose(valid, (valid_x - mean) @ matrix)
    assert_array_equal(before[0], train_x)  # the caller's arrays are as they were
    assert_array_equal(before[1], valid_x)
    assert len(whiten(train_x)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_float32_goes_in_and_out_and_the_numbers_are_float64s(kind):
    exact = whitening_matrix(correlated(12007, "float32").astype("float64"), kind=kind)
    found = whitening_matrix(correlated(12007, "float32"), kind=kind)
    for numbers, wanted in zip(found, exact):
        assert numbers.dtype == "float32"
        assert_array_equal(numbers, wanted.astype("float32"))
    single, double = whiten(correlated(50, "float32"), correlated(50), kind=kind)
    assert (single.dtype, double.dtype) == ("float32", "float64")


def test_all_of_many_rows_count():
    x = correlated(12007) * np.linspace(1, 3, 12007)[:, np.newaxis]
    (white,) = whiten(x, epsilon=1e-12)
    assert_allclose(covariance(white), np.eye(4), atol=1e-9)


def test_features_that_depend_on_one_another_need_only_a_little_epsilon():
    x = np.repeat(correlated(dtype="float32"), 2, axis=1)  # half of the variances are 0, or by rounding below
    for kind in KINDS:
        assert np.isfinite(whiten(x, kind=kind, epsilon=1e-30)[0]).all()


def test_a_constant_feature_becomes_0():
    x = correlated(dtype="float32")
    x[:, 1] = 0.1
    assert_allclose(whiten(x)[0][:, 1], 0, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (dict(kind="ZCA"), "kind must be 'zca' or 'pca', not 'ZCA'"),
        (dict(epsilon=0), "epsilon must be above 0 and finite, not 0"),
        (dict(epsilon=-1), "epsilon .* not -1"),
        (dict(epsilon=float("nan")), "epsilon .* not nan"),
        (dict(kind="pca", n_components=0), "from 1 to 4, not 0"),
        (dict(kind="pca", n_components=5), "from 1 to 4, not 5"),
        (dict(kind="pca", n_components=1.5), "from 1 to 4, not 1.5"),
        (dict(kind="zca", n_components=2), "n_components is for kind='pca'.* leave 2 out"),
    ],
)
def test_senseless_ways_to_whiten_are_refused(arguments, reason):
    for function in (whiten, whitening_matrix):
        with pytest.raises(ValueError, match=reason):
            function(correlated(10), **arguments)


@pytest.mark.parametrize(
    "bad, reason",
    [
        (np.zeros((1, 4)), "at least two rows .* not one"),
        (np.array([[1, 2], [np.nan, 3]]), "not some with NaN"),
        (np.zeros((5, 4), "int64"), "type int64"),
        (np.zeros(4), r"shape \(4,\)"),
    ],
)
def test_rows_that_have_no_covariance_are_refused(bad, reason):
    with pytest.raises(ValueError, match=reason):
        whitening_matrix(bad)


def test_whitening_refuses_another_number_of_columns():
    with pytest.raises(ValueError, match=r"Expected 4 columns.*\(3, 5\)"):
        whiten(correlated(10), np.ones((3, 5)))


# Real digits --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist():
    """Training and test pixels."""
    if loading._stored_mnist(loading.DATA_FOLDER)[0] != "mnist":
        pytest.skip("the full MNIST is not in data/mnist: run scripts/setup --data")
    (train_x, _), _, (test_x, _) = loading.load_arrays("mnist")
    return train_x, test_x


def test_mnist_standardizes(mnist):
    train, test = standardize(*mnist)
    assert np.isfinite(train).all() and np.isfinite(test).all()
    assert abs(train.mean(dtype="float64")) < 1e-4
    assert_array_equal(train[:, 0], 0)


def test_mnist_whitens_and_its_digits_still_look_alike(mnist):
    train_x, test_x = mnist[0][:5000], mnist[1][:100]
    _, white = whiten(train_x, test_x)
    assert np.isfinite(white).all() and np.abs(white).max() < 10
    # Each whitened digit resembles its own original more than any other digit's.
    likeness = np.corrcoef(white, test_x)[:100, 100:]
    assert_array_equal(likeness.argmax(axis=1), range(100))


def test_what_the_documentation_says_about_epsilon_is_so(mnist):
    (train_x, _) = mnist
    (white,) = whiten(train_x, kind="pca", epsilon=0.1)
    # A direction that varies by exactly epsilon gets the variance 1/2.
    assert (white.var(axis=0, dtype="float64") > 0.5).sum() == 69
