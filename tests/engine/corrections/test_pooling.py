"""Of several largest numbers of a window the first has max-pooling's gradient, with the compiler and without, in images and volumes."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d, pool_3d

from deeplearning_tutorial.engine.corrections import pooling

MODES = {"compiled": theano.Mode("cvm", "fast_run"), "python": theano.Mode("py", "fast_compile")}
# Whole numbers: many windows have several maxima.
VALUES = np.random.RandomState(0).randint(-2, 3, (2, 3, 4, 5, 7)).astype("float32")
WEIGHTS = np.random.RandomState(1).normal(size=(2, 3, 4, 6, 7)).astype("float32")


def by_hand(images, size, stride, pad, weights):
    """The gradient of the weighted sum of all maxima. Windows may overlap."""
    gradient = np.zeros(images.shape)
    n_windows = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(images.shape[-len(size) :], size, stride, pad)]
    for place in np.ndindex(*images.shape[: -len(size)], *n_windows):
        plane, window = place[: -len(size)], place[-len(size) :]
        starts = [i * s - p for i, s, p in zip(window, stride, pad)]
        part = tuple(slice(max(start, 0), start + k) for start, k in zip(starts, size))
        values = images[plane][part]
        first = np.unravel_index(values.argmax(), values.shape)
        gradient[plane][part][first] += weights[place]
    return gradient


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "size, stride, pad",
    [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (0, 0)), ((3, 3), (2, 2), (1, 1)), ((2, 2, 2), (2, 2, 2), (0, 0, 0))],
    ids=str,
)
def test_the_first_has_the_gradient(size, stride, pad, mode):
    images = VALUES[0] if len(size) == 2 else VALUES
    x, pool = T.TensorType("float32", (False,) * images.ndim)(), pool_2d if len(size) == 2 else pool_3d
    maxima = pool(x, size, ignore_border=True, stride=stride, pad=pad)
    weights = WEIGHTS.ravel()[: np.prod(theano.function([x], maxima.shape)(images))]
    weights = weights.reshape(theano.function([x], maxima.shape)(images))
    found = theano.function([x], T.grad((maxima * weights).sum(), x), mode=MODES[mode])(images)
    np.testing.assert_allclose(found, by_hand(images, size, stride, pad, weights), rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_and_so_has_the_gradient_of_the_gradient(mode):
    x, w = T.ftensor4(), T.ftensor4()
    maxima = pool_2d(x, (2, 2), ignore_border=True)
    gradient = T.grad(None, x, known_grads={maxima: w})
    direction = np.random.RandomState(2).normal(size=VALUES[0].shape).astype("float32")
    images = VALUES[0]
    outer = T.grad((gradient * direction).sum(), w)
    weights = np.ones((3, 4, 2, 3), "float32")
    found = theano.function([x, w], outer, mode=MODES[mode], on_unused_input="ignore")(images, weights)
    assert found.shape == weights.shape
    for place in np.ndindex(*found.shape):
        one = np.zeros_like(weights)
        one[place] = 1
        wanted = (by_hand(images, (2, 2), (2, 2), (0, 0), one) * direction).sum()
        np.testing.assert_allclose(found[place], wanted, rtol=1e-5)


def test_a_tie_of_two_is_not_counted_twice():
    """Theano gives 2 in all here: of the maximum of two equal numbers no subgradient sums up to that."""
    x = T.ftensor4()
    gradient = theano.function([x], T.grad(pool_2d(x, (1, 2), ignore_border=True).sum(), x), mode=MODES["compiled"])
    np.testing.assert_array_equal(gradient(np.ones((1, 1, 1, 2), "float32")), [[[[1, 0]]]])


def test_another_code_than_theanos_is_refused():
    class Other:
        def c_code(self):
            return "if (a > maximum){"

        def c_code_cache_version(self):
            return (1,)

    pooling._mend(Other, None, "gz")
    with pytest.raises(AssertionError, match="Theano 1.0.5"):
        Other().c_code()
