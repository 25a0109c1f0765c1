"""What happened during training, and what the hidden units do.

`History` is the record that `training.fit` returns. Beside the curves, look at the hidden units: those of a good layer
are uncorrelated, so that each tells something of its own, and have a high variance, so that each tells examples apart.
Units that are always the same have died or are saturated; units that go together waste the room of one.

>>> activations = theano.function([x], mlp.hiddenLayers[0].output)(digits)          # (n_examples, n_units)
>>> unit_variance(activations).min()
>>> mean_absolute_correlation(activations)
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """The record of one training run, as `training.fit` returns it.

    Attributes
    ----------
    epoch : list of float
        When each validation happened, in epochs since the start; 0.5 is half-way through the first.
    elapsed : list of float
        And in seconds since the start.
    train_cost : list of float
        Mean cost of the mini-batches since the previous validation.
    validation_error : list of float
        Fraction of validation examples that were wrong, in [0, 1].
    monitored : dict from str to list
        What else `fit` was asked to monitor, one value for each validation.
    best_epoch : float
        When the validation error was lowest: the parameters of that moment are kept.
    best_validation_error : float
        Infinite as long as nothing was validated.
    n_steps : int
        Mini-batches trained on.
    seconds : float
        Time spent, validations included.
    stopped_early : bool
        Whether patience ran out before the last epoch.
    """

    epoch: list = field(default_factory=list)
    elapsed: list = field(default_factory=list)
    train_cost: list = field(default_factory=list)
    validation_error: list = field(default_factory=list)
    monitored: dict = field(default_factory=dict)
    best_epoch: float = 0.0
    best_validation_error: float = float("inf")
    n_steps: int = 0
    seconds: float = 0.0
    stopped_early: bool = False


def unit_variance(activations):
    r"""Variance of each unit over the examples.

    .. math:: s_j^2 = \frac{1}{n} \sum_t (h_j^{(t)} - \bar h_j)^2

    Parameters
    ----------
    activations : ndarray, (n_examples, n_units)

    Returns
    -------
    ndarray of float32, (n_units,)
        High is good; exactly 0 is a unit that is always the same.

    Raises
    ------
    ValueError
        If `activations` is not a matrix with at least 2 rows.
    """
    return np.mean(_centred(activations) ** 2, axis=0).astype("float32")


def unit_correlation(activations):
    r"""Correlation of each unit with each other over the examples.

    Pearson's, in [-1, 1]:

    .. math:: r_{jk} = \frac{\sum_t (h_j^{(t)} - \bar h_j)(h_k^{(t)} - \bar h_k)}
        {\sqrt{\sum_t (h_j^{(t)} - \bar h_j)^2} \sqrt{\sum_t (h_k^{(t)} - \bar h_k)^2}}

    A unit that is always the same has no correlation by this formula, nothing divided by nothing. Here it correlates
    with no other unit, 0, and with itself, 1.

    Parameters
    ----------
    activations : ndarray, (n_examples, n_units)

    Returns
    -------
    ndarray of float32, (n_units, n_units)
        Close to zero off the diagonal is good.

    Raises
    ------
    ValueError
        If `activations` is not a matrix with at least 2 rows.
    """
    centred = _centred(activations)
    lengths = np.sqrt(np.sum(centred**2, axis=0))
    directions = centred / np.where(lengths > 0, lengths, 1)
    # Rounding can take equal units a little beyond 1.
    correlation = np.clip(directions.T @ directions, -1, 1).astype("float32")
    np.fill_diagonal(correlation, 1)
    return correlation


def mean_absolute_correlation(activations):
    """How much the units of a layer say the same, in one number.

    The mean of the absolute `unit_correlation` over all pairs of different units.

    Parameters
    ----------
    activations : ndarray, (n_examples, n_units)

    Returns
    -------
    float
        From 0, all uncorrelated, which is good, to 1, all telling the same. Units that are always the same count as
        uncorrelated, though they tell nothing: look at `unit_variance` too.

    Raises
    ------
    ValueError
        If `activations` is not a matrix with at least 2 rows and 2 columns.
    """
    correlation = np.abs(unit_correlation(activations))
    n_units = len(correlation)
    if n_units < 2:
        raise ValueError(f"a correlation takes at least 2 units, and the activations are of {n_units}.")
    return float(np.mean(correlation[~np.eye(n_units, dtype=bool)], dtype="float64"))


def _centred(activations):
    """The activations less their means, in float64; exactly zero for a unit that is always the same."""
    activations = np.asarray(activations, dtype="float64")
    if activations.ndim != 2 or len(activations) < 2:
        raise ValueError(
            f"activations must be of shape (n_examples, n_units), with at least 2 examples, not {activations.shape}."
        )
    # The mean of equal numbers can be a rounding error away from them.
    constant = np.all(activations == activations[0], axis=0)
    return np.where(constant, 0, activations - activations.mean(axis=0))
