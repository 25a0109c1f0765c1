"""Right and wrong answers to the exercises of notebook 00."""

import math

import numpy as np
import theano
import theano.tensor as T

z = T.vector("z")


RIGHT = [
    ("logistic", lambda x: T.nnet.sigmoid(x)),
    ("logistic", lambda x: T.exp(x) / (1 + T.exp(x))),
    ("logistic", lambda x: (1 + T.tanh(x / 2)) / 2),
]

MISTAKES = [
    ("logistic", lambda x: 1 / (1 + T.exp(x)), "Is the minus in the exponent missing?"),
    ("logistic", lambda x: 1 / 1 + T.exp(-x), "`1 + T.exp(-x)` is below the line: put brackets around it"),
    ("logistic", lambda x: 1 / T.exp(-x), "1 is missing in the denominator"),
    ("logistic", lambda x: T.tanh(x), "That is tanh"),
    ("logistic", lambda x: x, "It is `x` as it came in"),
    ("logistic", lambda x: 1 / (1 + T.exp(-2 * x)), "At -3, 0 and 4 it should be 0.047, 0.5 and 0.982"),
    ("logistic", lambda x: 0.5, "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + np.exp(-1)), "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + T.exp(-z)), "symbolic variable from elsewhere"),
    ("logistic", lambda x: 1 / (1 + T.exp(-T.sum(x))), "makes an array of the shape ()"),
    ("logistic", lambda x: 1 / (1 + math.exp(-x)), "Use Theano's: `T.exp`"),
    ("logistic", lambda x: 1 / (1 + math.exp(-float(x[0]))), "Use Theano's: `T.exp`"),
    ("logistic", lambda x: np.where(x > 0, x, 0), "Use Theano's: `T.exp`"),
    ("logistic", lambda x: np.isnan(x), "Use Theano's: `T.exp`"),
    ("logistic", lambda x: np.maximum(x, 0), "`T.switch` or `T.maximum`"),
    ("logistic", lambda x: x if x > 0 else -x, "`T.switch` or `T.maximum`"),
    ("logistic", lambda x: 1 / (1 + T.exp(-x)).eval(), "Compute nothing here"),
    ("logistic", lambda x: theano.function([z], 1 / (1 + T.exp(-x)))(z), "Compute nothing here"),
    ("logistic", lambda x: theano.function([x], 1 / (1 + T.exp(-x)), mode="FAST_COMPILE")(x), "Compute nothing here"),
    ("logistic", lambda x: x.reshape((3, 4)), "An array of the shape (5,) does not fill the shape [3 4]."),
    ("logistic", lambda x: 1 / (1 + T.exp(-undefined)), "Nothing is called `undefined`."),  # noqa: F821
    ("logistic", lambda: 0, "with 1 arguments, and takes nothing"),
    ("logistic", lambda x: 1 // (1 + T.exp(-x)), "as after `//`"),
    ("logistic", lambda x: T.exp(-x), "That is the exponential only"),
    ("logistic", lambda x: 1 / (1 - T.exp(-x)), "Below the line is a sum"),
    ("logistic", lambda x: 1 / (1 + 2.7**-x), "Is the number e rounded?"),
    (
        "logistic",
        lambda x: theano.function([x], 1 / (1 + T.exp(-x)), mode="FAST_COMPILE"),
        "leave `theano.function` out",
    ),
    ("logistic", lambda x: (x, 1 / (1 + T.exp(-x))), "a tuple of 2. Return one expression"),
    ("logistic", lambda x: T.exp, "call it, with its arguments"),
    ("logistic", lambda x: 1 / (1 + T.exp) - x, "It computes with a function itself"),
    ("logistic", lambda x: 1 / (1 + exp(-x)), "Nothing is called `exp`. If the function is meant, it is `T.exp`."),  # noqa: F821
    ("logistic", lambda x: 1 / (1 + e**-x), "The power of e with the exponent x is `T.exp(x)`"),  # noqa: F821
    ("logistic", lambda x: 1 / (1 + T.exp(-X)), "Is `x` meant?"),  # noqa: F821
]
