"""Comparisons of a variable with itself."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check, check_compiled_too

NAN = np.nan


@pytest.mark.parametrize(
    "comparison, of_nan, of_1",
    [
        (T.eq, False, True),
        (T.neq, True, False),
        (T.le, False, True),
        (T.ge, False, True),
        (T.lt, False, False),
        (T.gt, False, False),
    ],
)
def test_a_nan_is_not_equal_to_itself(comparison, of_nan, of_1):
    check([of_nan, of_1], lambda x: comparison(x, x), [NAN, 1])


def test_a_nan_is_replaced():
    check_compiled_too([1, 0, 3], lambda x: T.switch(T.eq(x, x), x, 0), [1, NAN, 3])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
def test_integers_are_equal_to_themselves_without_a_comparison(dtype):
    x = T.vector("x", dtype)
    function = theano.function([x], [T.eq(x, x), T.neq(x, x), x <= x], mode=theano.Mode("py", "fast_run"))
    operations = [getattr(node.op, "scalar_op", None) for node in function.maker.fgraph.apply_nodes]
    assert not any(isinstance(operation, theano.scalar.basic.LogicalComparison) for operation in operations)
    assert [result.tolist() for result in function(array([0, 1], dtype))] == [[1, 1], [0, 0], [1, 1]]


def test_a_constant_array_keeps_its_shape_in_and_and_or():
    zeros, ones = T.constant(np.zeros(3, bool)), T.constant(np.ones(3, bool))

    def build(x):
        return [T.or_(x.dimshuffle("x"), zeros), T.and_(x.dimshuffle("x"), ones)]

    check([[1, 1, 1], [1, 1, 1]], build, array(True, bool))


@pytest.mark.parametrize("closed_first", [True, False])
def test_ranges_with_and_without_their_bounds_are_two(closed_first):
    ranges = [T.Elemwise(theano.scalar.inclosedrange), T.Elemwise(theano.scalar.inopenrange)]
    right = [[1, 1, 1], [0, 1, 0]]
    if not closed_first:
        ranges, right = ranges[::-1], right[::-1]
    check_compiled_too(right, lambda x: [inside(x, np.float32(0), np.float32(1)) for inside in ranges], [0, 0.5, 1])


def test_a_range_of_booleans():
    check(
        [0, 1],
        lambda x: T.Elemwise(theano.scalar.inclosedrange)(x, np.array(True), np.array(True)),
        array([False, True], bool),
    )
