"""Which functions of numbers have code in C++."""

import pytest
import theano.scalar
from theano.scalar.basic_scipy import erf, erfinv

from deeplearning_tutorial.engine.scalar_code import has_c_code


@pytest.mark.parametrize(
    ("function", "dtypes", "expected"),
    [
        (theano.scalar.tanh, ["float32"], True),
        (theano.scalar.tanh, ["complex64"], False),
        (theano.scalar.add, ["float32"] * 3, True),
        (theano.scalar.switch, ["bool", "float32", "float32"], True),
        (erf, ["float32"], True),
        (erfinv, ["float32"], False),
    ],
)
def test_what_has_c_code(function, dtypes, expected):
    assert has_c_code(function, dtypes) == expected


def test_all_of_a_loop_must_have_it():
    x = theano.scalar.float32("x")
    assert has_c_code(theano.scalar.Composite([x], [theano.scalar.exp(x)]), ["float32"])
    assert not has_c_code(theano.scalar.Composite([x], [theano.scalar.exp(erfinv(x))]), ["float32"])
