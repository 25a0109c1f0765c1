"""When to stop training, and which parameters to keep.

The validation error falls at first, then goes up and down by chance, and rises when the network begins to learn the
training examples by heart. So training waits a while before it gives up, and what is kept in the end are the parameters
with the lowest validation error, not the last ones.

>>> stopping = EarlyStopping(mlp.params, patience=5000)
>>> for step in range(1, 50_001):
...     train((step - 1) % train.n_batches)
...     if step % train.n_batches == 0:
...         stopping.note(validate.mean(), step)
...     if stopping.is_over(step):
...         break
>>> stopping.restore()
"""

import numpy as np

from deeplearning_tutorial.checks import check_number, check_params


class EarlyStopping:
    """Patience, as in the Theano tutorial, and the best parameters so far.

    Training goes on until a step with the number `patience`, counted from 0 as in the tutorial. When the validation error
    falls noticeably after step t, patience becomes at least ``patience_increase * t``: a model that still learns late is
    given more time.

    Parameters
    ----------
    params : list of shared variables
    patience : int or None
        The number of the step to go to in any case. With None it is never over.
    patience_increase : float
    improvement_threshold : float
        An error below this fraction of the best so far is a noticeable improvement.

    Attributes
    ----------
    patience : float
        The number of the step with which training is over, as things stand; infinite if it never is.
    best_error : float
        The lowest validation error so far; infinite before the first.
    best_values : list of ndarray
        The parameters then; before the first validation error, as they were at the start.

    Raises
    ------
    ValueError
        If `params` is no list of shared variables, `patience` is below 1, or one of the other numbers below 0.
    """

    def __init__(self, params, patience=5000, patience_increase=2, improvement_threshold=0.995):
        _check(params, patience, patience_increase, improvement_threshold)
        self.params = params
        self.patience = np.inf if patience is None else patience
        self.patience_increase = patience_increase
        self.improvement_threshold = improvement_threshold
        self.best_error = np.inf
        self.keep()

    def keep(self):
        """Keep the parameters as they are now."""
        self.best_values = [parameter.get_value() for parameter in self.params]

    def note(self, error, step):
        """Take note of the validation error after a step, and keep the parameters if none was lower.

        Parameters
        ----------
        error : float
        step : int
            How many steps were made so far: 1 after the first, which has the number 0.
        """
        if error < self.improvement_threshold * self.best_error:
            self.patience = max(self.patience, self.patience_increase * (step - 1))
        if error < self.best_error:
            self.keep()
            self.best_error = error

    def is_over(self, step):
        """Whether patience has run out after so many steps: a bool."""
        return step - 1 >= self.patience

    def restore(self):
        """Put the best parameters back."""
        for parameter, value in zip(self.params, self.best_values):
            parameter.set_value(value)


def _check(params, patience, patience_increase, improvement_threshold):
    check_params(params)
    if patience is not None:
        _check_at_least(1, "patience", patience)
    _check_at_least(0, "patience_increase", patience_increase)
    _check_at_least(0, "improvement_threshold", improvement_threshold)


def _check_at_least(least, name, value):
    check_number(name, value, f"at least {least}", lambda value: value >= least)
