"""What Theano itself chose, for all that stands on it."""

import numpy as np
import theano
import theano.tensor as T
from choices import MOMENTUM, RATES
from theano.tensor.signal.pool import pool_2d


def gradient(function, value):
    x = theano.shared(np.float32(value))
    return T.grad(function(x).sum(), x).eval().tolist()


def slopes(relu=T.nnet.relu):
    return {
        "relu at 0": gradient(relu, 0),
        "pooling at ties": gradient(lambda x: pool_2d(x, (2, 2), ignore_border=True), np.ones((2, 2))),
        "max at ties": gradient(T.max, [1, 1, 0]),
    }


def nesterov(updates):
    """The parameter after each step, where ``updates(cost, params, rate, momentum)`` is a rule of a library."""
    p, rate = theano.shared(np.float32(1)), theano.shared(np.float32(0))
    step = theano.function([], updates=updates(p**2 / 2, [p], rate, np.float32(MOMENTUM)))
    steps = []
    for value in RATES:
        rate.set_value(np.float32(value))
        step()
        steps.append(float(p.get_value()))
    return steps
