"""The numbers of MRG_RandomStreams, computed in vectors, are those of Theano's own definition."""

import numpy as np
import pytest
import theano
from theano.sandbox import rng_mrg
from theano.sandbox.rng_mrg import MRG_RandomStreams, mrg_uniform

from deeplearning_tutorial.engine import random_streams

pytestmark = pytest.mark.skipif(theano.config.device != "cpu", reason="a GPU draws with code of Theano's own")

# Fewer elements than streams, as many, more, and streams that fill no whole block of 64.
SIZES = [(1,), (7,), (63,), (20, 30), (65, 7), (100, 784)]


def drawn(size, dtype="float32", mode=None, calls=3):
    """What `calls` calls return, and the state after them."""
    streams = MRG_RandomStreams(1234)
    function = theano.function([], streams.uniform(size, dtype=dtype), mode=mode)
    return np.concatenate([function().ravel() for _ in range(calls)]), streams.state_updates[0][0].get_value()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES[:-1])
def test_numbers_and_states_are_those_of_theanos_python_code(size, dtype):
    in_python = theano.Mode(linker="py", optimizer="fast_run")
    (numbers, state), (theanos_numbers, theanos_state) = drawn(size, dtype), drawn(size, dtype, mode=in_python)
    np.testing.assert_array_equal(state, theanos_state)
    # Python multiplies by 2^-31 before it rounds to float32, and C afterwards.
    np.testing.assert_allclose(numbers, theanos_numbers, rtol=2e-7)


def recurrence(state, n):
    """MRG31k3p from its formulas, in Python's unlimited integers."""
    x, y = [int(v) for v in state[:3]], [int(v) for v in state[3:]]
    numbers = []
    for _ in range(n):
        x = [(2**22 * x[1] + (2**7 + 1) * x[2]) % (2**31 - 1), *x[:2]]
        y = [(2**15 * y[0] + (2**15 + 1) * y[2]) % (2**31 - 21069), *y[:2]]
        numbers.append((x[0] - y[0]) % (2**31 - 1) or 2**31 - 1)
    return np.array(numbers)


def test_one_stream_follows_the_formulas():
    streams = MRG_RandomStreams(1234)
    uniform = streams.uniform((500,), dtype="float64", nstreams=1)
    state = streams.state_updates[0][0].get_value()[0]
    np.testing.assert_allclose(theano.function([], uniform)(), recurrence(state, 500) / 2**31, rtol=1e-9)


def test_numbers_are_in_the_open_unit_interval_and_uniform():
    numbers, _ = drawn((100, 784), calls=5)
    assert numbers.dtype == "float32" and numbers.min() > 0 and numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    expected = numbers.size / 20
    assert np.sum((counts - expected) ** 2 / expected) < 43.8  # chi-squared, 19 degrees of freedom, 0.1 %


def test_theanos_op_has_the_code_of_this_module():
    assert mrg_uniform.c_support_code is random_streams._support_code
    uniform = MRG_RandomStreams(1234).uniform((3,))
    op = next(
        node.op for node in theano.function([], uniform).maker.fgraph.apply_nodes if isinstance(node.op, mrg_uniform)
    )
    assert "in blocks of streams" in op.c_code_cache_version()


def test_another_recurrence_would_be_noticed(monkeypatch):
    wrong = random_streams._CODE.replace("x3[i];", "x2[i];", 1)
    assert wrong != random_streams._CODE
    monkeypatch.setattr(random_streams, "_CODE", wrong)
    monkeypatch.setattr(rng_mrg.mrg_uniform, "c_code_cache_version", lambda self: ())
    _, state = drawn((65, 7))
    _, theanos_state = drawn((65, 7), mode=theano.Mode(linker="py", optimizer="fast_run"))
    assert not np.array_equal(state, theanos_state)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_only_floats_are_drawn(distribution):
    draw = getattr(MRG_RandomStreams(1), distribution)
    with pytest.raises(ValueError, match="dtype is int64: draw them with dtype='float"):
        draw((3,), dtype="int64")
    numbers = draw((3,), dtype="float16")
    assert numbers.dtype == "float16"
    assert theano.function([], numbers, mode=theano.Mode("py", "fast_run").excluding("gpuarray"))().dtype == "float16"
