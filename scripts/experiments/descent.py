"""The training function that all experiments share: momentum, with a learning rate that falls."""

import numpy as np
import theano

from deeplearning_tutorial.regularization import max_norm
from deeplearning_tutorial.training import MinibatchFunction
from deeplearning_tutorial.updates import linear_decay, momentum, sgd


def compile_training(
    inputs,
    cost,
    params,
    dataset,
    batch_size,
    n_epochs,
    learning_rate,
    decay=False,
    mu=0.0,
    limited=(),
    limit=None,
    averages=None,
):
    """A function that trains on a mini-batch.

    Parameters
    ----------
    inputs, cost, params, dataset, batch_size
        As for `MinibatchFunction` and `sgd`.
    n_epochs : int
    learning_rate : float
    decay : bool
        Whether the learning rate falls on a straight line, to zero after `n_epochs`.
    mu : float
        The momentum; 0 is plain stochastic gradient descent.
    limited : list of shared matrices
        Weights whose columns stay shorter than `limit`.
    limit : float, optional
    averages : dict, optional
        What else a step changes, with its next values: the averages of batch normalization.

    Returns
    -------
    MinibatchFunction
    """
    rate = theano.shared(np.float32(learning_rate), name="learning rate")
    updates = momentum(cost, params, rate, mu) if mu else sgd(cost, params, rate)
    if limit:
        updates = max_norm(updates, limited, limit)
    updates.update(averages or {})
    if decay:
        n_examples = dataset[0].get_value(borrow=True, return_internal_type=True).shape[0]
        updates.update(linear_decay(rate, n_epochs * (n_examples // batch_size)))
    return MinibatchFunction(inputs, cost, dataset, batch_size, updates)
