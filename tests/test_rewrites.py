"""Momentum is computed in place, and is the same momentum."""

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.updates import apply_momentum, apply_nesterov_momentum, sgd


def network():
    rng = np.random.RandomState(0)
    x, t = T.matrix("x"), T.matrix("t")
    W = theano.shared(rng.normal(size=(6, 4)).astype("float32"), name="W")
    b = theano.shared(np.zeros(4, "float32"), name="b")
    return [x, t], T.mean((T.tanh(T.dot(x, W) + b) - t) ** 2), [W, b]


def trained(rule, excluded, n_steps=20):
    """The compiled function and the parameters after some steps."""
    inputs, cost, params = network()
    mode = theano.Mode(optimizer="fast_run").excluding(excluded) if excluded else theano.Mode(optimizer="fast_run")
    step = theano.function(inputs, cost, updates=rule(sgd(cost, params, 0.1), 0.9), mode=mode)
    rng = np.random.RandomState(1)
    for _ in range(n_steps):
        step(rng.normal(size=(5, 6)).astype("float32"), rng.uniform(-1, 1, (5, 4)).astype("float32"))
    return step, [parameter.get_value() for parameter in params]


def operations(function):
    return [type(node.op).__name__ for node in function.maker.fgraph.toposort()]


@pytest.mark.skipif(theano.config.device != "cpu", reason="on a GPU the sums are fused into one loop instead")
def test_momentum_adds_the_gradient_to_the_velocity_in_place():
    step, _ = trained(apply_momentum, None, n_steps=0)
    assert operations(step).count("Gemm") == 1
    assert "Dot22Scalar" not in operations(step)


def test_without_the_rewrite_it_does_not():
    step, _ = trained(apply_momentum, "reuse_difference", n_steps=0)
    assert "Gemm" not in operations(step)


@pytest.mark.parametrize("rule", [apply_momentum, apply_nesterov_momentum])
def test_parameters_are_the_same_without_it(rule):
    for ours, theanos in zip(trained(rule, None)[1], trained(rule, "reuse_difference")[1]):
        np.testing.assert_allclose(ours, theanos, rtol=1e-4, atol=1e-6)


def compiled(outputs, inputs):
    return theano.function(inputs, outputs, mode=theano.Mode(linker="py", optimizer="fast_run").excluding("gpuarray"))


def test_a_difference_that_is_there_is_used():
    p, a, b = T.vectors("p", "a", "b")
    function = compiled([a - b, p + a - b], [p, a, b])
    assert len(function.maker.fgraph.apply_nodes) == 2
    values = np.float32([1, 2]), np.float32([3, 5]), np.float32([7, 11])
    np.testing.assert_array_equal(function(*values)[1], [-3, -4])


def test_several_terms_stay_terms():
    p, q, a, b = T.vectors("p", "q", "a", "b")
    function = compiled([a - b, p + q + a - b], [p, q, a, b])
    result = function(*np.float32([[1], [10], [100], [1000]]))
    assert [float(value[0]) for value in result] == [-900, -889]


def test_a_difference_that_is_not_there_is_not_made():
    p, a, b = T.vectors("p", "a", "b")
    function = compiled([b - a, p + a - b], [p, a, b])
    result = function(*np.float32([[1], [100], [1000]]))
    assert [float(value[0]) for value in result] == [900, -899]


def test_a_sum_that_others_need_is_kept():
    p, a, b = T.vectors("p", "a", "b")
    function = compiled([p + a, a - b, p + a - b], [p, a, b])
    assert [float(value[0]) for value in function(*np.float32([[1], [10], [100]]))] == [11, -90, -89]
