"""Elements that are read and written by index, some of them more than once."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from every_mode import array, check, outcomes

V, INDICES, Y = array([1, 2, 3, 4]), array([1, 1, 2], "int64"), array([10, 20, 30])
ROWS = array(np.arange(9).reshape(3, 3))


def test_what_is_set_twice_is_not_added():
    check([1, 22, 33, 4], lambda v, i, y: T.set_subtensor(v[i], v[i] + y), V, INDICES, Y)


def test_what_is_added_twice_is_added_twice():
    check([1, 32, 33, 4], lambda v, i, y: T.inc_subtensor(v[i], y), V, INDICES, Y)


def test_what_is_set_once_is_added_in_place_of_that():
    v, y = T.vectors("v", "y")
    function = theano.function([v, y], T.set_subtensor(v[[0, 2]], v[[0, 2]] + y), mode=theano.Mode("py", "fast_run"))
    operations = [node.op for node in function.maker.fgraph.apply_nodes]
    assert [type(op).__name__ for op in operations] == ["AdvancedIncSubtensor1"]
    assert not operations[0].set_instead_of_inc
    np.testing.assert_array_equal(function(V, array([10, 20])), [11, 2, 23, 4])


@pytest.mark.parametrize("indices", [[1, 1], [1, -3]])
@pytest.mark.parametrize("constant", [True, False])
def test_the_last_is_read_of_what_was_set_twice(indices, constant):
    def build(v, i, y):
        i = np.array(indices) if constant else i
        return T.set_subtensor(v[i], y)[i]

    check([20, 20], build, V, array(indices, "int64"), array([10, 20]))


@pytest.mark.parametrize("value", [0, [5]])
@pytest.mark.parametrize("indices", [[1, 2], [1, 1]])
def test_one_number_for_all_is_read_for_each(value, indices):
    read = [np.ravel(value)[0]] * 2
    check(read, lambda v, y: T.set_subtensor(v[np.array(indices)], y)[np.array(indices)], V, array(value))
    check(read, lambda v, y: T.set_subtensor(v[:2], y)[:2], V, array(value))


def test_what_was_set_is_not_read_again():
    v = T.vector("v")
    function = theano.function([v], T.set_subtensor(v[:], v * 2)[:], mode=theano.Mode("py", "fast_run"))
    assert "IncSubtensor" not in [type(node.op).__name__ for node in function.maker.fgraph.apply_nodes]
    np.testing.assert_array_equal(function(V), [2, 4, 6, 8])


# Gradients -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indices, right", [([1, 1, 2], [0, 1, 2]), ([0, 1, 2], [0, 1, 2]), ([3, -1, 3], [0, 0, 3])])
def test_the_gradient_of_setting_goes_to_the_last(indices, right):
    def build(y, v, i):
        return T.grad(T.sum(T.set_subtensor(v[i], y) * np.arange(4, dtype="float32")), y)

    check(right, build, Y, V, array(indices, "int64"))


def test_the_gradient_of_setting_rows():
    def build(y, rows, i):
        return T.grad(T.sum(T.set_subtensor(rows[i], y) * ROWS), y)

    check([[0, 0, 0], [3, 4, 5]], build, ROWS[:2], ROWS, array([1, 1], "int64"))


def test_the_gradient_of_setting_by_two_indices():
    def build(y, rows, i):
        return T.grad(T.sum(T.set_subtensor(rows[i, i], y) * ROWS), y)

    check([0, 4, 8], build, Y, ROWS, array([1, 1, 2], "int64"))


def test_the_gradient_of_one_number_for_all():
    def build(y, v, i):
        return T.grad(T.sum(T.set_subtensor(v[i], y) * np.arange(4, dtype="float32")), y)

    check(3.0, build, array(5), V, INDICES)  # 1 for the second element, once, and 2 for the third


def test_the_gradient_of_what_is_overwritten_is_0():
    def build(v, y, i):
        return T.grad(T.sum(T.set_subtensor(v[i], y) * np.arange(4, dtype="float32")), v)

    check([0, 0, 0, 3], build, V, Y, INDICES)


def test_the_gradient_of_adding_goes_to_all():
    found = outcomes(
        lambda y, v, i: T.grad(T.sum(T.inc_subtensor(v[i], y) * np.arange(4, dtype="float32")), y), Y, V, INDICES
    )
    assert all(gradients[0].tolist() == [1, 1, 2] for gradients in found.values())


# Slices and rolls -----------------------------------------------------------------------------------------------------------


def test_a_slice_of_constants_beside_a_vector_of_indices():
    check(ROWS[::-1, [1, 1, 2]], lambda rows, i: rows[::-1, i], ROWS, INDICES)


@pytest.mark.parametrize(
    "shape, axis", [((0,), 0), ((0,), None), ((5,), 0), ((2, 3), 1), ((2, 3), -1), ((2, 3), None), ((2, 0), 1)]
)
@pytest.mark.parametrize("shift", [-6, 0, 1, 7])
def test_roll_is_numpys(shape, axis, shift):
    values = array(np.arange(np.prod(shape)).reshape(shape))
    check(np.roll(values, shift, axis), lambda x: T.roll(x, shift, axis), values)


@pytest.mark.parametrize(
    "index",
    [
        np.s_[None],
        np.s_[None, 0],
        np.s_[None, 1:],
        np.s_[1:, None],
        np.s_[..., None],
        np.s_[None, :, 1:],
        np.s_[1, None],
    ],
)
def test_new_axes_where_others_are_not_named(index):
    check(ROWS[index], lambda rows: rows[index], ROWS)


def test_a_new_axis_before_an_axis_of_one_element():
    check(array([[1], [2]])[None, :4:3], lambda x: T.addbroadcast(x, 1)[None, :4:3], [[1], [2]])


def test_the_absolute_value_of_what_is_taken_by_slices_and_indices():
    check(ROWS[::-1, [1, 1, 2]], lambda rows, i: abs(rows[::-1, i]), ROWS, INDICES)
