"""What Theano knows of the shape of a result before it is computed."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check

from deeplearning_tutorial.engine.corrections.shapes import _asks_for_shape_of

V = array([1, 2, 3, 4])


@pytest.mark.parametrize("length", [3, 5])
def test_a_reshape_to_another_length_is_an_error(length):
    for optimizer in ("fast_run", "fast_compile", None):
        v, n = T.vector("v"), T.lscalar("n")
        for shape in [(length,), (n,)]:
            mode = theano.Mode("py", optimizer)
            with pytest.raises(ValueError, match="reshape"):
                theano.function([v, n], v.reshape(shape), mode=mode, on_unused_input="ignore")(V, length)


def test_a_reshape_to_its_own_shape_is_dropped():
    v = T.vector("v")
    function = theano.function([v], [(v * 2).reshape((-1,)), v.reshape(v.shape)], mode=theano.Mode("py", "fast_run"))
    assert not any(isinstance(node.op, T.Reshape) for node in function.maker.fgraph.apply_nodes)
    assert [result.tolist() for result in function(V)] == [[2, 4, 6, 8], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    "index", [np.s_[0:3:-1], np.s_[:0], np.s_[:0:3], np.s_[::-1], np.s_[0::-1], np.s_[5:], np.s_[:2:2]]
)
def test_slices_of_an_axis_of_one_element(index):
    def build(x):
        one = T.addbroadcast(x, 0)
        return [one[index], (one * 2 + one)[index], T.exp(one)[index], one[index].shape[0]]

    x = array([1])
    check([x[index], 3 * x[index], np.exp(x[index]), len(x[index])], build, x)


def test_slices_by_variable_steps():
    check(np.zeros(0), lambda x, step: T.addbroadcast(x, 0)[0:3:step], array([1]), array(-1, "int64"))


@pytest.mark.parametrize("constant", [True, False])
def test_parts_of_an_axis_of_one_element(constant):
    def build(x, axis):
        parts = T.split(T.addbroadcast(x, 0), [1, 0], 2, axis=0 if constant else axis)
        return [part * 2 for part in parts]

    check([[[2, 4]], np.zeros((0, 2))], build, [[1, 2]], array(0, "int64"))


def test_differences_along_an_axis_of_one_element():
    check(np.zeros((2, 0)), lambda x: T.extra_ops.diff(T.addbroadcast(x, 1), axis=1) * 2, [[1], [2]])


def test_a_length_that_asks_for_the_shape_of_a_variable_is_known():
    x, y = T.matrices("x", "y")
    assert _asks_for_shape_of(x, T.maximum(x.shape[0] * 2, 3))
    assert not _asks_for_shape_of(y, T.maximum(x.shape[0] * 2, 3))
    assert not _asks_for_shape_of(x, T.constant(3))
    assert not _asks_for_shape_of(x, (x * 2).sum())


def test_a_variable_keeps_its_own_shape_in_place_of_one_that_asks_for_it():
    x = T.matrix("x")
    copied = T.alloc(np.float32(1), x.shape[0] * 1, x.shape[1] * 1)
    fgraph = theano.gof.FunctionGraph([x], [copied])
    feature = T.opt.ShapeFeature()
    fgraph.attach_feature(feature)
    (x,), (copied,) = fgraph.inputs, fgraph.outputs
    before = feature.shape_of[x]
    feature.update_shape(x, copied)
    assert feature.shape_of[x] == before


def test_an_axis_of_one_element_turned_round_and_dropped():
    x = array([[1, 2, 3]])
    check([x[::-1][0], x[::-1, 1:][0]], lambda x: [T.addbroadcast(x, 0)[::-1][0], T.addbroadcast(x, 0)[::-1, 1:][0]], x)


def test_slices_beside_indices_of_an_axis_of_one_element():
    x = array([[1, 2, 3]])
    build = lambda x, i: [T.addbroadcast(x, 0)[1:, i] * 2, T.addbroadcast(x, 0)[:, i] * 2]  # noqa: E731
    check([np.zeros((0, 2)), [[6, 4]]], build, x, array([2, 1], "int64"))


def test_lengths_by_a_vector_of_one_index():
    check([3], lambda x, i: x.shape[T.addbroadcast(i, 0)], array(np.zeros((2, 3))), array([1], "int64"))


@pytest.mark.parametrize("shape", [(0, 3, 3), (3, 0, 2), (2, 3, 4), (0, 0, 0), (2, 1, 1)])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_flatten_is_a_reshape_also_of_nothing(shape, ndim):
    x = array(np.arange(np.prod(shape)).reshape(shape))
    right = x.reshape((*shape[: ndim - 1], int(np.prod(shape[ndim - 1 :]))))
    check([right, right], lambda x: [x.flatten(ndim), T.flatten(x, ndim)], x)


def test_differences_of_fewer_elements_than_are_subtracted():
    def build(x):
        return [T.extra_ops.diff(x, n=n, axis=1).shape[1] for n in (1, 2, 3)]

    check([1, 0, 0], build, array(np.zeros((2, 2))))


def test_sums_of_copies_of_a_number_into_nothing():
    check(np.zeros((0, 1)), lambda x: T.alloc(x, 0, 1) + T.alloc(x, 0, 1), [1])
    one_row = lambda p, y: T.nnet.categorical_crossentropy(T.addbroadcast(p, 0), y)[[0]]  # noqa: E731
    check([0], one_row, [[1, 1]], array([1], "int32"))
