"""Right and wrong answers to the exercises of notebook 00."""
import numpy as np
import theano.tensor as T

z = T.vector("z")


RIGHT = [
    ("logistic", lambda x: T.nnet.sigmoid(x)),
    ("logistic", lambda x: T.exp(x) / (1 + T.exp(x))),
    ("logistic", lambda x: (1 + T.tanh(x / 2)) / 2),
]

MISTAKES = [
    ("logistic", lambda x: 1 / (1 + T.exp(x)), "minus in the exponent is missing"),
    ("logistic", lambda x: 1 / 1 + T.exp(-x), "what is divided by what"),
    ("logistic", lambda x: 1 / T.exp(-x), "1 is missing in the denominator"),
    ("logistic", lambda x: T.tanh(x), "That is tanh"),
    ("logistic", lambda x: x, "it is -3.000, 0.000, 4.000"),
    ("logistic", lambda x: 1 / (1 + T.exp(-2 * x)), "At -3, 0 and 4 it should be 0.047, 0.5 and 0.982"),
    ("logistic", lambda x: 0.5, "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + np.exp(-1)), "no symbolic expression"),
    ("logistic", lambda x: 1 / (1 + T.exp(-z)), "symbolic variable from elsewhere"),
    ("logistic", lambda x: x.reshape((3, 4)), "Computing what it returns raised `ValueError"),
    ("logistic", lambda x: 1 / (1 + T.exp(-undefined)), "`NameError: name 'undefined' is not defined`"),  # noqa: F821
    ("logistic", lambda: 0, "raised `TypeError"),
]
