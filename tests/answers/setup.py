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
    ("logistic", lambda x: 1 / (1 + T.exp(x)), "minus in the exponent is missing"),
    ("logistic", lambda x: 1 / 1 + T.exp(-x), "`1 + T.exp(-x)` is below the line: put brackets around it"),
    ("logistic", lambda x: 1 / T.exp(-x), "1 is missing in the denominator"),
    ("logistic", lambda x: T.tanh(x), "That is tanh"),
    ("logistic", lambda x: x, "it is -3.000, 0.000, 4.000"),
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
    ("logistic", lambda x: x.reshape((3, 4)), "Computing what it returns raised `ValueError"),
    ("logistic", lambda x: 1 / (1 + T.exp(-undefined)), "`NameError: name 'undefined' is not defined`"),  # noqa: F821
    ("logistic", lambda: 0, "raised `TypeError"),
]
