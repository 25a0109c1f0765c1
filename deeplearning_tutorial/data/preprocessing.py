r"""Features on a common scale, and without correlation, before a network sees them.

Gradient descent does best when all features vary alike and each says something new. The numbers that make them so are
computed on the training set only: a model may know nothing of the others.

>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_arrays("mnist")
>>> train, valid, test = standardize(train_x, valid_x, test_x)      # each pixel: mean 0, standard deviation 1
>>> train, valid, test = whiten(train_x, valid_x, test_x)           # and pixels no longer correlated
>>> mean, matrix = whitening_matrix(train_x, kind="pca", n_components=50)
>>> codes = (valid_x - mean) @ matrix                               # (10000, 50)

Standardizing looks at each feature by itself. Whitening looks at all together: it finds the directions along which
the training rows vary, the eigenvectors of their covariance, and makes the variance along each the same.
"""

import numpy as np

# Standardization ----------------------------------------------------------------------------------------------------


def mean_and_std(train_x):
    """Mean and standard deviation of every feature.

    Parameters
    ----------
    train_x : ndarray, shape (rows, features), floating point

    Returns
    -------
    mean, std : ndarray, shape (features,)
        Of the type of `train_x`, accumulated in float64. Where a feature is constant (MNIST's corners), `std` is 1,
        so that dividing by it is harmless.

    Raises
    ------
    ValueError
        If `train_x` is not a floating-point matrix of finite numbers with at least one row.
    """
    _check_matrix(train_x)
    if not np.isfinite(train_x).all():
        raise ValueError("train_x holds NaN or infinity, which would spread to whole columns.")
    # Asking for std == 0 would miss constants: the mean of many 0.1s is not exactly 0.1.
    constant = train_x.min(axis=0) == train_x.max(axis=0)
    mean = np.where(constant, train_x[0], train_x.mean(axis=0, dtype=np.float64))
    std = np.where(constant, 1, train_x.std(axis=0, dtype=np.float64))
    return mean.astype(train_x.dtype), std.astype(train_x.dtype)


def standardize(train_x, *others):
    """Shift and scale every feature to mean 0 and standard deviation 1 *on the training set*.

    Validation and test set are shifted and scaled by the training set's numbers: a model may know nothing of them.

    Parameters
    ----------
    train_x : ndarray, shape (rows, features), floating point
    *others : ndarray, shape (any, features), floating point

    Returns
    -------
    list of ndarray
        New arrays, ``[train_x, *others]`` standardized, each of its own type.

    Raises
    ------
    ValueError
        If an array is not a floating-point matrix, or has not as many columns as `train_x`.

    Examples
    --------
    >>> train_x, valid_x, test_x = standardize(train_x, valid_x, test_x)
    """
    mean, std = mean_and_std(train_x)
    _check_others(others, len(mean))
    return [((x - mean) / std).astype(x.dtype, copy=False) for x in (train_x, *others)]


# Whitening ----------------------------------------------------------------------------------------------------------


def whitening_matrix(train_x, kind="zca", epsilon=0.1, n_components=None):
    r"""Mean and matrix that whiten: rows ``(x - mean) @ matrix`` have no correlations, and variances of at most 1.

    The covariance of the training rows is :math:`U \,\mathrm{diag}(\lambda)\, U^\top`: its eigenvectors, the columns
    of *U*, are the principal axes, and :math:`\lambda` are the variances along them. The matrix is

    .. math:: W_{pca} = U \,\mathrm{diag}(\lambda + \epsilon)^{-1/2}, \qquad W_{zca} = W_{pca}\, U^\top

    so that the variance along each axis becomes :math:`\lambda / (\lambda + \epsilon)`: about 1 where it was well above
    :math:`\epsilon`, and still small where it was well below.

    Parameters
    ----------
    train_x : ndarray, (rows, features), floating point
    kind : "zca" or "pca"
        ``"pca"`` turns to the principal axes, one a column, in order of falling variance. ``"zca"`` turns back again
        (Bell and Sejnowski 1997): of all ways to whiten it changes the rows least, and a whitened digit still looks
        like a digit.
    epsilon : float
        Above 0, in units of the features squared. Without it the division would blow up noise, and pixels that never
        change. The default suits pixels from 0 to 1: 69 of MNIST's 784 variances are above 0.1, 87 % of the total, and
        strokes stay strokes. With 0.01 it is 250 of them, 98 %, and little more than the edges of strokes is left.
    n_components : int, optional
        Keep only so many of the first principal axes; for ``"pca"`` only.

    Returns
    -------
    mean : ndarray, (features,)
    matrix : ndarray, (features, features) or (features, n_components)
        Both of the type of `train_x`, computed in float64. ``"zca"``'s is symmetric. As an axis has no sign of its own,
        the largest number of each is made positive.

    Raises
    ------
    ValueError
        If `train_x` is not a floating-point matrix of finite numbers with at least two rows, `kind` is neither of the
        two, `epsilon` is not positive, or `n_components` is given for ``"zca"`` or not from 1 to the number of
        features.
    """
    n_components = _check_whitening(train_x, kind, epsilon, n_components)
    mean = train_x.mean(axis=0, dtype=np.float64)
    variances, axes = _principal_axes(_covariance(train_x, mean))
    matrix = axes[:, :n_components] / np.sqrt(variances[:n_components] + epsilon)
    if kind == "zca":
        matrix = matrix @ axes.T
    return mean.astype(train_x.dtype), matrix.astype(train_x.dtype)


def whiten(train_x, *others, kind="zca", epsilon=0.1, n_components=None):
    """Whiten the training set, and the other sets by the training set's mean and matrix.

    Parameters
    ----------
    train_x : ndarray, (rows, features), floating point
    *others : ndarray, (any, features), floating point
    kind, epsilon, n_components
        As for :func:`whitening_matrix`.

    Returns
    -------
    list of ndarray
        New arrays, ``[train_x, *others]`` whitened, each of its own type.

    Raises
    ------
    ValueError
        As for :func:`whitening_matrix`, or if an array has not as many columns as `train_x`.

    Examples
    --------
    >>> train_x, valid_x, test_x = whiten(train_x, valid_x, test_x)
    """
    mean, matrix = whitening_matrix(train_x, kind, epsilon, n_components)
    _check_others(others, len(mean))
    return [((x - mean) @ matrix).astype(x.dtype, copy=False) for x in (train_x, *others)]


def _covariance(x, mean):
    """Of the columns, in float64; block by block, because all rows in float64 are large."""
    total = np.zeros((len(mean), len(mean)))
    for start in range(0, len(x), 5000):
        centred = x[start : start + 5000] - mean
        total += centred.T @ centred
    return total / len(x)


def _principal_axes(covariance):
    """Variances in falling order, (features,), and the axes they belong to as columns, (features, features)."""
    variances, axes = np.linalg.eigh(covariance)  # in rising order
    variances, axes = variances[::-1], axes[:, ::-1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[np.newaxis], axis=0)
    # Rounding can make a variance of 0 a little negative.
    return np.maximum(variances, 0), axes * np.sign(largest)


# What is refused ----------------------------------------------------------------------------------------------------


def _check_matrix(x):
    if not isinstance(x, np.ndarray) or x.ndim != 2 or len(x) == 0 or not np.issubdtype(x.dtype, np.floating):
        got = f"shape {x.shape} and type {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"Expected a floating-point array of shape (rows, features), got {got}; see load_arrays.")


def _check_others(others, features):
    for x in others:
        _check_matrix(x)
        if x.shape[1] != features:
            raise ValueError(f"Expected {features} columns as in train_x, got an array of shape {x.shape}.")


def _check_whitening(train_x, kind, epsilon, n_components):
    """How many principal axes to keep, once everything has been found in order."""
    _check_matrix(train_x)
    if len(train_x) < 2 or not np.isfinite(train_x).all():
        found = "one" if len(train_x) < 2 else "some with NaN or infinity"
        raise ValueError(f"whitening needs at least two rows of finite numbers in train_x, not {found}.")
    if kind not in ("zca", "pca"):
        raise ValueError(f"kind must be 'zca' or 'pca', not {kind!r}.")
    if not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon must be above 0 and finite, not {epsilon!r}: a variance of 0 has no reciprocal.")
    features = train_x.shape[1]
    if n_components is None:
        return features
    if kind == "zca":
        raise ValueError(
            f"n_components is for kind='pca', not for 'zca', which keeps all features: leave {n_components!r} out."
        )
    if n_components not in range(1, features + 1):
        raise ValueError(f"n_components must be a whole number from 1 to {features}, not {n_components!r}.")
    return int(n_components)
