"""Loops: how often they run."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check, outcomes


def doubled(x, n):
    return theano.scan(lambda v: v * 2, outputs_info=x, n_steps=n)[0]


@pytest.mark.parametrize("n", [0, -1])
@pytest.mark.parametrize("take", [lambda rows: rows, lambda rows: rows[-1], lambda rows: rows.sum()])
def test_steps_below_1_are_an_error(n, take):
    with pytest.raises(ValueError, match=f"n_steps below 1.*n_steps={n}"):
        doubled(T.vector(), n)
    for mode in ("fast_run", "fast_compile", None):
        x, steps = T.vector("x"), T.lscalar("n")
        function = theano.function([x, steps], take(doubled(x, steps)), mode=theano.Mode("py", mode))
        with pytest.raises(AssertionError, match="n_steps below 1"):
            function(array([1, 2]), n)


@pytest.mark.parametrize("n", [5, T.constant(5)])
@pytest.mark.parametrize("taps", [None, [0, 1], [-1, 0]])
def test_a_sequence_that_is_too_short_is_an_error(n, taps):
    for mode in ("fast_run", "fast_compile", None):
        x = T.vector("x")
        sequence = x if taps is None else {"input": x, "taps": taps}
        rows, _ = theano.scan(lambda *values: sum(values), sequences=sequence, n_steps=n)
        function = theano.function([x], rows, mode=theano.Mode("py", mode))
        enough = 5 if taps is None else 6
        assert len(function(np.ones(enough, "float32"))) == 5
        with pytest.raises(AssertionError, match="fewer elements than n_steps"):
            function(np.ones(enough - 1, "float32"))


def test_fewer_steps_than_elements():
    check([2, 4], lambda x: theano.scan(lambda v: v * 2, sequences=x, n_steps=2)[0], [1, 2, 3])


def test_the_shortest_sequence_decides():
    check([1, 4], lambda x, y: theano.scan(lambda v, w: v * w, sequences=[x, y])[0], [1, 2, 3], [1, 2])


def test_map_reduce_and_fold_take_it_too():
    check([2, 4], lambda x: theano.map(lambda v: v * 2, x)[0], [1, 2])
    check(6, lambda x: theano.reduce(lambda v, total: v + total, x, T.constant(np.float32(0)))[0], [1, 2, 3])


def test_gradients_through_a_loop():
    def build(x):
        products, _ = theano.scan(
            lambda v, total: v * total, sequences=x, outputs_info=T.constant(np.float32(1)), n_steps=3
        )
        return T.grad(products[-1], x)

    check([12, 8, 6], build, [2, 3, 4])


def test_a_symbolic_number_of_steps():
    found = outcomes(lambda x, n: doubled(x, n)[-1], array([1, 2]), array(3, "int64"))
    assert all(rows[0].tolist() == [8, 16] for rows in found.values())


def test_a_number_of_steps_that_is_no_integer_is_theanos_error():
    with pytest.raises(ValueError, match="n_steps must be an int"):
        doubled(T.vector(), T.scalar())
