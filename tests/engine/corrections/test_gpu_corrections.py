"""On OpenCL an operation gives what NumPy gives, or an error in words: gpu_cases.py runs there."""

import json

import gpu_cases
import numpy as np
import pytest
from gpu_cases import CASES, CHANCES, HALVES, MANY, SPECIAL, TABLE, WINDOWS
from own_process import start

pytestmark = pytest.mark.slow(1)


@pytest.fixture(scope="module")
def found(opencl):
    """What came of all cases."""
    process = start([gpu_cases.__file__], f"device={opencl}")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def results(found, name):
    """For each call the arrays that it returned, or the error that it raised."""
    return [
        call if isinstance(call, dict) else [np.array(values, dtype).reshape(shape) for dtype, shape, values in call]
        for call in found["cases"][name]["calls"]
    ]


def check(arrays, right, rtol=1e-5):
    right = right if isinstance(right, list | tuple) else [right]
    assert isinstance(arrays, list), arrays
    assert len(arrays) == len(right)
    for array, wanted in zip(arrays, right):
        assert array.shape == np.shape(wanted)
        np.testing.assert_allclose(array.astype("float64"), np.asarray(wanted, "float64"), rtol=rtol, atol=1e-6)


def check_calls(found, name, numpys, rtol=1e-5):
    """Compare all calls of a case with NumPy: where that raises, Theano has to raise the same error."""
    _, calls, times, _ = CASES[name]
    got = results(found, name)
    assert len(got) == len(calls) * times
    for arrays, values in zip(got, calls * times):
        values = [value.astype("float64") if value.dtype.kind == "f" else value for value in values]
        try:
            with np.errstate(all="ignore"):
                right = numpys(*values)
        except Exception as error:
            assert isinstance(arrays, dict) and arrays["error"] == type(error).__name__, (arrays, error)
        else:
            check(arrays, right, rtol)


def on_device(found, name):
    return {operation for operation in found["cases"][name]["operations"] if operation.startswith("Gpu")}


# Products -----------------------------------------------------------------------------------------------------------


def test_a_matrix_times_a_vector_forgets_what_came_before(found):
    check_calls(found, "a_matrix_times_a_vector_after_infinity", np.dot)
    assert "GpuGemv" in on_device(found, "a_matrix_times_a_vector_after_infinity")


@pytest.mark.parametrize(
    "name",
    ["a_matrix_times_a_vector", "a_vector_times_a_matrix", "a_vector_times_a_vector", "a_product_of_float64"],
)
def test_a_product_sees_nothing_of_what_lay_in_memory(found, name):
    check_calls(found, name, np.dot)


def test_products_of_matrices_see_nothing_either(found):
    check_calls(
        found,
        "products_of_matrices",
        lambda A, B: [A @ B, 3 * A @ B, A[::2, ::-1] @ B[::-1], A[::-1] @ B[:, 1], (A @ B).T],
    )
    check_calls(found, "products_of_stacks", np.matmul)


def test_lengths_of_zero_are_lengths_like_others(found):
    check_calls(found, "a_matrix_times_a_vector_of_no_length", lambda A, w, v: [A @ w, 2 * v + 3 * A @ w])
    check_calls(found, "products_of_matrices_of_no_length", lambda A, B, C: [A @ B, 3 * A @ B, 2 * C + 3 * A @ B])
    check_calls(found, "outer_products_of_no_length", lambda v, w, A: [np.outer(v, w), A + 2 * np.outer(v, w)])
    check_calls(found, "products_of_stacks_of_no_length", np.matmul)


def test_lengths_that_differ_are_an_error_also_where_one_is_zero(found):
    for call in results(found, "lengths_that_do_not_fit"):
        assert call["error"] == "ValueError" and "Shape mismatch: the lengths" in call["says"]
    for call in results(found, "a_sum_that_does_not_fit"):
        assert "mismatched shapes" in call["says"]


# Max-pooling ----------------------------------------------------------------------------------------------------------


def first_maxima(x, size, stride, pad):
    """The gradient of the maxima of windows, each times its number, and the maxima: those first in each window."""
    n_windows = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(x.shape[2:], size, stride, pad)]
    gradient, maxima = np.zeros_like(x), np.zeros((*x.shape[:2], *n_windows))
    for number, (i, c, *window) in enumerate(np.ndindex(*maxima.shape), 1):
        starts = [k * s - p for k, s, p in zip(window, stride, pad)]
        part = (i, c, *(slice(max(start, 0), start + k) for start, k in zip(starts, size)))
        gradient[part][np.unravel_index(x[part].argmax(), x[part].shape)] += number
        maxima[(i, c, *window)] = x[part].max()
    return [gradient, maxima]


def test_the_first_of_several_maxima_has_the_gradient(found):
    check_calls(found, "maxima_of_windows", lambda x: [a for window in WINDOWS for a in first_maxima(x, *window)])
    assert {"GpuMaxPoolGrad", "GpuDownsampleFactorMaxGradGrad"} <= on_device(found, "maxima_of_windows")


# Indices ------------------------------------------------------------------------------------------------------------


def test_the_indices_of_each_axis_are_checked(found):
    check_calls(found, "elements", lambda x, i, j: x[i, j])
    assert results(found, "elements")[1]["says"] == "index 3 is out of bounds for axis 1 with size 3"
    assert "GpuAdvancedSubtensor" in on_device(found, "elements")


def test_small_integers_are_indices_of_large_arrays(found):
    check_calls(found, "elements_by_small_integers", lambda x, i, j: x[i, j])


def test_indices_of_many_axes_are_numpys(found):
    check_calls(
        found,
        "elements_of_many_axes",
        lambda x, i, j: [
            x[:, i, j],
            x[i, :, j],
            x[i, 1, j],
            x[i, None, j],
            x[i[:, None], j],
            x[i[:, None], :, j[None, :]],
        ],
    )


def test_masks_are_numpys(found):
    check_calls(found, "masks", lambda x, mask: [x[mask], np.where(mask, 9, x)])
    check_calls(found, "masks_of_rows", lambda x, mask: x[mask])


def test_the_gradient_goes_to_the_elements_that_were_taken(found):
    def gradient(x, i, j):
        result = np.zeros_like(x)
        np.add.at(result, (i, j), 2 * x[i, j])
        return result

    check_calls(found, "the_gradient_of_elements", gradient)


def test_rows_are_added_to_only_where_the_shapes_fit(found):
    def added(x, i, y):
        result = x.copy()
        np.add.at(result, i, y)
        return result

    check_calls(found, "rows_added_to", added)
    check_calls(found, "layers_added_to", added)
    assert "GpuAdvancedIncSubtensor1_dev20" in on_device(found, "rows_added_to")
    assert "GpuAdvancedIncSubtensor1" in on_device(found, "layers_added_to")
    _, _, _, *wrong, _ = results(found, "rows_added_to")
    assert [call["says"].split(",")[0] for call in wrong] == [
        f"Shape mismatch: 2 values along axis {axis}" for axis in (0, 1)
    ]


def test_diagonals_beside_a_matrix_are_empty(found):
    check_calls(found, "diagonals", lambda x: [np.diagonal(x, offset) for offset in (-3, -1, 0, 1, 3)])


def test_rows_of_small_integers_are_added_to(found):
    check(results(found, "small_integers_added_to")[0], TABLE + [[0], [2], [0], [1]])


# A negative log likelihood ------------------------------------------------------------------------------------------


def test_a_label_that_is_no_class_is_an_error(found):
    check_calls(found, "log_likelihood", lambda p, y: np.log(p + 1e-9)[np.arange(len(y)), y])
    right, wrong = results(found, "cross_entropy")
    check(right, -np.log(CHANCES[[0, 1], [0, 2]]))
    assert wrong["error"] == "IndexError"


def test_the_gradient_with_constant_rows_is_right(found):
    (gradient,) = results(found, "gradient_of_a_likelihood_with_constant_rows")
    check(gradient, np.array([[-1, 1 / (1 + np.e), np.e / (1 + np.e)]]))


# Integers divided ---------------------------------------------------------------------------------------------------


def test_integers_are_not_divided_by_zero(found):
    for name in ("integers_divided", "integers_divided_in_a_sum"):
        right, wrong = results(found, name)
        assert wrong["error"] == "ZeroDivisionError" and "by zero" in wrong["says"]
        check(right, [[3, -4, -2], [1, 1, -1]] if name == "integers_divided" else [[7, -7, -5]])


def test_integers_are_divided_by_a_number_on_the_device(found):
    check_calls(found, "integers_divided_by_a_number", lambda x: [x // 2, x % 3])
    assert "GpuElemwise" in on_device(found, "integers_divided_by_a_number")


# The largest --------------------------------------------------------------------------------------------------------


def test_the_largest_is_nan_where_there_is_one(found):
    check_calls(found, "largest", lambda x: [x.max(), x.argmax()])
    assert np.isnan(SPECIAL).any()
    check_calls(
        found,
        "largest_of_rows",
        lambda x: [
            *(x.max(axis=1), x.argmax(axis=1), x.max(axis=0), x.argmax(axis=0)),
            *(x.min(axis=1), x.argmin(axis=1)),
        ],
    )


# Sums ---------------------------------------------------------------------------------------------------------------


def test_sums_are_as_exact_as_was_asked_for(found):
    (arrays,) = results(found, "sums")
    check(arrays, [0.1, MANY.size / 10, MANY.size / 10, MANY.size * float(MANY[0]), 0], rtol=2e-7)
    assert "GpuCAReduceCPY" in on_device(found, "sums")


def test_a_float32_sum_in_float32_would_be_noticed():
    with pytest.raises(AssertionError):
        check([np.float32(0.09999894)], 0.1, rtol=2e-7)


def test_products_and_sums_of_columns_are_exact_too(found):
    (products,) = results(found, "a_product_of_many")
    check(products, [float(np.float32(1.01)) ** 1000] * 2, rtol=2e-7)
    (columns,) = results(found, "sums_of_columns")
    check(columns, [[1e4] * 3, [0.1] * 3], rtol=2e-7)


def test_sums_of_nothing_are_zero(found):
    check_calls(
        found,
        "sums_of_nothing",
        lambda x: (
            [x.sum(axis=axis) for axis in (0, 1, 2, (0, 1), (0, 2), (1, 2), None)] + [x[::-1, :, ::2].prod(axis=1)]
        ),
    )


def test_sums_of_reversed_views_are_numpys(found):
    def sums(x):
        views = x[::-1], x[:, ::-2], x[:, :, ::-1], x.transpose(2, 0, 1)[::-1], x[1:, 2:, ::3]
        return [view.sum(axis=axis) for view in views for axis in (0, 1, 2, None)]

    check_calls(found, "sums_of_views", sums)
    assert {"GpuSubtensor", "GpuCAReduceCPY"} <= on_device(found, "sums_of_views")


# Without an OpenCL version ------------------------------------------------------------------------------------------


def test_what_opencl_cannot_round_or_cast_is_computed_on_the_host(found):
    x = HALVES
    away = np.copysign(np.floor(abs(x) + 0.5), x)
    (arrays,) = results(found, "rounded")
    check(arrays, [np.round(x), np.round(x), x // 2, np.trunc(x), x != 0, np.where(x, 1, x - 1)])
    assert not np.array_equal(away, np.round(x))
    assert "Elemwise" in found["cases"]["rounded"]["operations"]


def test_functions_of_integers_and_of_two_types_are_numpys(found):
    check_calls(
        found,
        "integers_as_floats",
        lambda x: [np.trunc(x), np.sqrt(abs(x)), np.exp(1.0 * x), x / 2, x % 2.5],
        rtol=1e-3,
    )
    check_calls(found, "floats_of_two_types", lambda x, y: [x % y, np.arctan2(x, y), x + y])


def test_special_functions_are_scipys(found):
    from scipy import special

    check_calls(found, "special_functions", lambda x: [special.erfinv(x / 3), special.gammainc(2, abs(x))])


def test_cumulated_and_sorted_arrays_are_numpys(found):
    check_calls(
        found,
        "cumulated_and_sorted",
        lambda x: [x.cumsum(axis=0), x.cumprod(), np.sort(x), np.argsort(x, kind="stable")],
    )


def test_scan_is_computed(found):
    (arrays,) = results(found, "recurrent")
    states, s = [], np.zeros(2)
    for x_t in (0.5, -1, 2):
        states.append(s := np.tanh(s + x_t))
    factors = 1 - np.array(states)[:, 0] ** 2
    gradient = 2 * np.array([factors.prod(), factors[1:].prod(), factors[2]])
    check(arrays, [states, gradient])


def test_maximum_and_minimum_see_nan(found):
    check_calls(found, "maximum_and_minimum", lambda x, y: [np.maximum(x, y), np.minimum(x, y), np.maximum(x, 0)])
    assert "GpuElemwise" in on_device(found, "maximum_and_minimum")
    assert not found["refused"]["a sum is rewritten as switches"]


def test_float16_is_computed_on_the_host(found):
    check(results(found, "a_product_of_float16")[0], np.array([[5], [11]]))
    check(results(found, "a_sum_of_float16")[0], 4)


def test_what_somebody_puts_onto_the_device_by_hand_is_refused_in_words(found):
    refused = found["refused"]
    assert refused["cumulated"]["error"] == "NotImplementedError"
    assert "no OpenCL version" in refused["cumulated"]["says"]
    assert refused["rounded"]["error"] == "RuntimeError"
    assert "refuses the kernel of RoundHalfToEven (float32)" in refused["rounded"]["says"]
    assert refused["exponential"] == {}


def test_the_compiler_is_asked_what_it_takes(found):
    assert not found["refused"]["takes round"] and found["refused"]["takes floor"]


# The checks see what is wrong ---------------------------------------------------------------------------------------


def changed(found, name, call):
    """What was found, with another result of a case's first call."""
    case = found["cases"][name]
    return found | {"cases": found["cases"] | {name: case | {"calls": [call, *case["calls"][1:]]}}}


def test_another_number_an_error_and_a_missing_error_are_noticed(found):
    name = "elements"
    dtype, shape, (value,) = found["cases"][name]["calls"][0][0]
    for call in [[[dtype, shape, [value + 1]]], [[dtype, [1, 1], [value]]], {"error": "IndexError", "says": ""}]:
        with pytest.raises(AssertionError):
            check_calls(changed(found, name, call), name, lambda x, i, j: x[i, j])
    with pytest.raises(AssertionError):
        check_calls(found, name, lambda x, i, j: x[i % 4, j % 3])
