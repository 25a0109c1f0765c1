"""What is asked of each library's choices: numbers that `choices` of its module gives back. Needs NumPy only.

==================  ==================================================================================================
`initial weights`   of a layer from 784 to 500 units, as the library makes it: standard deviation, and the largest
`Nesterov`          p after each of four steps from 1, cost p² / 2, momentum 0.9, learning rates `RATES`
`dropout`           which numbers come of ones at rate 0.5, in training and in use
`relu at 0`         its gradient
`pooling at ties`   the gradients of four equal numbers
`max at ties`       the gradients of 1, 1, 0
`labels`            the cost of a label that is none of 0 to 9, given `SCORES`, or the error
==================  ==================================================================================================
"""

import numpy as np

RATES = [0.2, 0.2, 0.1, 0.1]
MOMENTUM = 0.9
SCORES = np.arange(10, dtype="float32")[None] / 10  # of ten classes, the largest of the last
ONES = np.ones((100, 100), "float32")


def spread(weights):
    weights = np.asarray(weights)
    return {"deviation": float(weights.std()), "largest": float(np.abs(weights).max())}


def distinct(values):
    return sorted({round(float(value), 6) for value in np.unique(np.asarray(values))})


def labels(cost_of):
    """The outcome of ``cost_of(label)``, an int32 array of one label, for -1 and for 10."""
    return {str(label): outcome(cost_of, np.array([label], "int32")) for label in (-1, 10)}


def outcome(function, *arguments):
    try:
        return f"{float(np.asarray(function(*arguments)).reshape(())):.4f}"
    except Exception as error:
        return type(error).__name__
