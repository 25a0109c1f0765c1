"""Digits are turned, shifted, bent and made noisy, and stay digits."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import theano
import theano.tensor as T
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import augmentation
from deeplearning_tutorial.data.augmentation import (
    FreshEpochs,
    add_noise,
    distort,
    elastic_distortion,
    rotate,
    translate,
)

ONLY_AFFINE = dict(alpha=0)
ONLY_ROTATION = dict(translation=0, scaling=0, shear=0, alpha=0)


def noise_images(n=5, side=8, seed=0):
    """Images of random pixels, so that every pixel's way can be followed."""
    return np.random.RandomState(seed).rand(n, side**2).astype("float32")


def blobs(n=5, side=28):
    """Smooth images with nothing near the rim."""
    row, column = np.indices((side, side)) - (side - 1) / 2
    blob = np.exp(-(row**2 / 16 + (column - row / 3) ** 2 / 6)).astype("float32")
    return np.tile(blob.ravel(), (n, 1))


def square(images):
    side = int(images.shape[1] ** 0.5)
    return images.reshape(-1, side, side)


def rng(seed=0):
    return np.random.RandomState(seed)


# Rotation -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, 2, 7, 28])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3, 4])
def test_quarter_turns_are_numpys_counter_clockwise_ones(quarters, side):
    images = noise_images(side=side)
    wanted = np.rot90(square(images), quarters, axes=(1, 2)).reshape(len(images), -1)
    assert_allclose(rotate(images, 90 * quarters), wanted, atol=1e-6)


def test_no_turn_changes_nothing_at_all():
    assert_array_equal(rotate(noise_images(), 0), noise_images())


def test_each_image_can_have_an_angle_of_its_own():
    images = noise_images(3)
    turned = rotate(images, [0, 90, 37])
    for i, degrees in enumerate([0, 90, 37]):
        assert_allclose(turned[i : i + 1], rotate(images[i : i + 1], degrees), atol=1e-6)


def test_a_turn_is_scipys():
    # SciPy turns the array's axes, (row, column), which on the page is counter-clockwise too.
    wanted = ndimage.rotate(square(blobs(1))[0], 25, reshape=False, order=1)
    assert_allclose(square(rotate(blobs(1), 25))[0], wanted, atol=1e-4)


def test_a_turn_there_and_back_comes_home_and_keeps_the_ink():
    turned = rotate(blobs(), 30)
    assert np.abs(turned - blobs()).max() > 0.2
    assert_allclose(turned.sum(axis=1), blobs().sum(axis=1), rtol=0.01)
    assert_allclose(rotate(turned, -30), blobs(), atol=0.1)


# Translation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down, right", [(0, 0), (2, 0), (-3, 1), (0, -7), (8, 0), (3, 100), (-1e6, 0)])
def test_whole_pixels_shift_and_zeros_come_in(down, right):
    images = noise_images()
    wanted = np.zeros((5, 8, 8), "float32")
    for row in range(8):
        for column in range(8):
            if 0 <= row - down < 8 and 0 <= column - right < 8:
                wanted[:, row, column] = square(images)[:, int(row - down), int(column - right)]
    assert_array_equal(translate(images, down, right), wanted.reshape(5, -1))


def test_half_a_pixel_is_the_average_of_two():
    images = square(noise_images())
    before = np.concatenate([np.zeros((5, 8, 1)), images[:, :, :-1]], axis=2)
    assert_allclose(square(translate(noise_images(), 0, 0.5)), (images + before) / 2, rtol=1e-6)


def test_each_image_can_have_a_shift_of_its_own():
    shifted = translate(noise_images(2), down=[1, -1], right=[0.25, 0])
    assert_allclose(shifted[:1], translate(noise_images(2)[:1], 1, 0.25), rtol=1e-6)
    assert_allclose(shifted[1:], translate(noise_images(2)[1:], -1, 0), rtol=1e-6)


# Elastic distortion -------------------------------------------------------------------------------------------------


def test_displacements_are_smoothed_noise():
    draw = augmentation._displacements(rng(), noise_images(side=20), alpha=38, sigma=3)
    fields = 2 * rng().random_sample((4, 2, 20, 20)) - 1
    wanted = 38 * ndimage.gaussian_filter(fields, (0, 0, 3, 3), mode="constant", truncate=8)
    assert_allclose(draw(4).reshape(4, 2, 20, 20), wanted, atol=1e-4)


def test_displacements_are_about_as_large_as_documented():
    draw = augmentation._displacements(rng(), noise_images(side=61), alpha=38, sigma=6)
    middle = draw(400).reshape(400, 2, 61, 61)[:, :, 30, 30]
    assert_allclose(middle.std(), 38 / (6 * np.sqrt(12 * np.pi)), rtol=0.1)


def test_pixels_come_from_displaced_places():
    image = blobs(1)
    down, right = augmentation._displacements(rng(), image, alpha=38, sigma=6)(1)[0].reshape(2, 28, 28)
    row, column = np.indices((28, 28))
    wanted = ndimage.map_coordinates(square(image)[0], [row + down, column + right], order=1)
    assert_allclose(square(elastic_distortion(rng(), image))[0], wanted, atol=1e-4)


def test_alpha_0_changes_nothing():
    assert_array_equal(elastic_distortion(rng(), noise_images(), alpha=0), noise_images())


def test_a_strong_alpha_distorts_more():
    def change(alpha):
        return np.abs(elastic_distortion(rng(), blobs(), alpha=alpha) - blobs()).mean()

    assert 0 < change(5) < change(20) < change(60)


# Noise --------------------------------------------------------------------------------------------------------------


def test_noise_is_gaussian_with_the_given_standard_deviation():
    noise = add_noise(rng(), np.full((100, 784), 0.5, "float32"), std=0.05) - 0.5
    assert_allclose([noise.mean(), noise.std()], [0, 0.05], atol=1e-3)
    assert_allclose((np.abs(noise) < 0.05).mean(), 0.683, atol=0.01)


def test_noisy_pixels_stay_in_0_to_1():
    noisy = add_noise(rng(), noise_images(), std=2)
    assert (noisy.min(), noisy.max()) == (0, 1)
    assert_array_equal(add_noise(rng(), noise_images(), std=0), noise_images())


def test_noise_is_for_raw_pixels():
    with pytest.raises(ValueError, match=r"pixels must lie in \[0, 1\], not in \[-3, 2\]: .*before standardizing"):
        add_noise(rng(), np.array([[-3.0, 0, 0.5, 2]]))


# All at once --------------------------------------------------------------------------------------------------------


def test_only_turned_is_turned_by_uniform_angles():
    images = noise_images(20)
    degrees = rng().uniform(-40, 40, 20)
    assert_allclose(distort(rng(), images, rotation=40, **ONLY_ROTATION), rotate(images, degrees), atol=1e-5)


def test_only_shifted_is_shifted_by_uniform_distances():
    draws = rng()
    draws.uniform(size=20)  # the angles come first
    down, right = draws.uniform(-3, 3, 20), draws.uniform(-3, 3, 20)
    only = dict(rotation=0, scaling=0, shear=0, alpha=0)
    found = distort(rng(), noise_images(20), translation=3, **only)
    assert_allclose(found, translate(noise_images(20), down, right), atol=1e-5)


def test_only_bent_is_bent():
    off = dict(rotation=0, translation=0, scaling=0, shear=0)
    draws = rng()
    draws.uniform(size=6 * 5)
    wanted = elastic_distortion(draws, blobs(), alpha=30, sigma=5)
    assert_allclose(distort(rng(), blobs(), **off, alpha=30, sigma=5), wanted, atol=1e-6)


def test_nothing_switched_on_changes_nothing():
    off = dict(rotation=0, translation=0, scaling=0, shear=0, alpha=0)
    assert_array_equal(distort(rng(), noise_images(), **off), noise_images())


def spread(image):
    """Second moments of the ink about its centre: of rows, of columns, and mixed."""
    side = len(image)
    row, column = np.indices((side, side))
    row, column = (x - (x * image).sum() / image.sum() for x in (row, column))
    return [(a * b * image).sum() / image.sum() for a, b in [(row, row), (column, column), (row, column)]]


def test_height_and_width_are_multiplied():
    maps = augmentation._affine_maps(blobs(1), height=1.3, width=0.8)
    before, after = spread(square(blobs(1))[0]), spread(square(augmentation._warp(blobs(1), maps))[0])
    assert_allclose(np.sqrt(np.divide(after[:2], before[:2])), [1.3, 0.8], rtol=0.02)


def test_slanting_moves_upper_rows_to_the_right():
    upright = np.zeros((1, 9, 9), "float32")
    upright[0, :, 4] = 1
    maps = augmentation._affine_maps(upright.reshape(1, -1), shear=0.5)
    slanted = square(augmentation._warp(upright.reshape(1, -1), maps))[0]
    column = (slanted * np.arange(9)).sum(axis=1) / slanted.sum(axis=1)
    assert_allclose(column, 4 + 0.5 * np.arange(4, -5, -1), atol=1e-6)


def test_the_order_is_stretch_slant_turn_shift():
    # A point right of the centre: 2 -> stretched to 3 -> turned up by a quarter -> shifted down by 1.
    image = np.zeros((1, 9, 9), "float32")
    image[0, 4, 6] = 1
    maps = augmentation._affine_maps(image.reshape(1, -1), degrees=90, down=1, width=1.5, shear=0.7)
    moved = square(augmentation._warp(image.reshape(1, -1), maps))[0]
    assert np.unravel_index(moved.argmax(), (9, 9)) == (4 - 3 + 1, 4)


@pytest.mark.parametrize("bounds", [{}, ONLY_AFFINE], ids=["with bending", "affine"])
def test_the_ink_stays_about_the_same(bounds):
    ratio = distort(rng(), blobs(200), **bounds).sum(axis=1) / blobs(200).sum(axis=1)
    assert abs(ratio.mean() - 1) < 0.05
    assert ratio.min() > 0.5 and ratio.max() < 2


# What holds for all -------------------------------------------------------------------------------------------------

RANDOM = {"elastic": elastic_distortion, "noise": add_noise, "distort": distort}
ALL = {
    "rotate": lambda _, images: rotate(images, np.linspace(-40, 40, len(images))),
    "translate": lambda _, images: translate(images, np.linspace(-2, 2, len(images)), 0.3),
    **RANDOM,
}


@pytest.fixture(params=ALL.values(), ids=ALL)
def change(request):
    return request.param


@pytest.mark.parametrize("function", RANDOM.values(), ids=RANDOM)
def test_a_seed_gives_the_same_images_and_another_seed_others(function):
    assert_array_equal(function(rng(1), blobs()), function(rng(1), blobs()))
    assert np.abs(function(rng(1), blobs()) - function(rng(2), blobs())).max() > 0.05


@pytest.mark.parametrize("function", RANDOM.values(), ids=RANDOM)
def test_each_image_is_changed_in_its_own_way(function):
    changed = function(rng(), blobs(4))
    for i in range(3):
        assert np.abs(changed[i] - changed[i + 1]).max() > 0.05


def test_working_in_chunks_cannot_be_seen(change, monkeypatch):
    images = noise_images(23)
    at_once = change(rng(), images)
    for size in (1, 5, 22):
        monkeypatch.setattr(augmentation, "CHUNK", size)
        assert_allclose(change(rng(), images), at_once, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_type_and_shape_are_kept_and_the_callers_images_too(change, dtype):
    images = noise_images(3).astype(dtype)
    changed = change(rng(), images)
    assert (changed.dtype, changed.shape) == (dtype, (3, 64))
    assert_array_equal(images, noise_images(3).astype(dtype))


def test_images_need_not_lie_in_memory_one_after_the_other(change):
    images = noise_images(6)
    assert_allclose(change(rng(), images[::2]), change(rng(), images[::2].copy()), atol=1e-6)
    assert_allclose(change(rng(), np.asfortranarray(images)), change(rng(), images), atol=1e-6)


def test_no_images_are_no_trouble(change):
    assert change(rng(), np.zeros((0, 64), "float32")).shape == (0, 64)


@pytest.mark.parametrize(
    "bad, reason",
    [
        (np.zeros(64, "float32"), r"\(n_images, side \* side\), not shape \(64,\)"),
        (np.zeros((2, 8, 8), "float32"), r"not shape \(2, 8, 8\)"),
        (np.zeros((2, 64), "uint8"), "type uint8"),
        ([[0.0] * 64], "not list"),
        (np.zeros((2, 63), "float32"), "square, and 63 pixels"),
        (np.zeros((2, 0), "float32"), "square, and 0 pixels"),
    ],
)
def test_what_is_not_square_images_in_rows_is_refused(change, bad, reason):
    with pytest.raises(ValueError, match=reason):
        change(rng(), bad)


@pytest.mark.parametrize(
    "call, reason",
    [
        (lambda x: rotate(x, [1, 2]), r"degrees must be one number or 5, .* shape \(2,\)"),
        (lambda x: rotate(x, np.nan), "degrees must be finite, not nan"),
        (lambda x: translate(x, np.zeros((5, 1)), 0), r"down must be one number or 5, .* shape \(5, 1\)"),
        (lambda x: translate(x, 0, np.inf), "right must be finite, not inf"),
        (lambda x: elastic_distortion(rng(), x, alpha=-1), "alpha must be at least 0 and finite, not -1"),
        (lambda x: elastic_distortion(rng(), x, sigma=0), "sigma must be above 0 and finite, not 0; alpha=0"),
        (lambda x: elastic_distortion(rng(), x, sigma=-2), "sigma must be above 0 and finite, not -2"),
        (lambda x: add_noise(rng(), x, std=-0.1), "std must be at least 0 and finite, not -0.1"),
        (lambda x: distort(rng(), x, rotation=-1), "rotation must be at least 0 and finite, not -1"),
        (lambda x: distort(rng(), x, translation=np.inf), "translation must be at least 0 and finite, not inf"),
        (lambda x: distort(rng(), x, scaling=1), "scaling must be at least 0 and below 1, not 1"),
        (lambda x: distort(rng(), x, shear=np.nan), "shear must be at least 0 and finite, not nan"),
        (lambda x: distort(rng(), x, alpha=-3), "alpha must be at least 0"),
        (lambda x: distort(rng(), x, sigma=0), "sigma must be above 0"),
    ],
)
def test_senseless_numbers_are_refused(call, reason):
    with pytest.raises(ValueError, match=reason):
        call(noise_images(5))


def test_distorting_is_quick_enough_for_every_epoch():
    # 2,000 digits take about 0.1 s. A loop over their pixels in Python takes more than the bound.
    images, start = blobs(2000), time.process_time()
    distort(rng(), images)
    assert time.process_time() - start < 3


# Other digits in each epoch -----------------------------------------------------------------------------------------


def training_set(n=130):
    """Images with their number in the first pixel, and labels that say it too."""
    images = noise_images(n)
    images[:, 0] = np.arange(n)
    return theano.shared(images), T.cast(theano.shared(np.arange(n, dtype="float32")), "int32")


def values(x, y):
    return x.get_value(), y.eval()


def test_digits_are_shuffled_with_their_labels_in_another_way_in_each_epoch():
    x, y = training_set()
    original, _ = values(x, y)
    fresh = FreshEpochs(x, y, seed=1)
    orders = []
    for epoch in range(3):
        fresh(epoch)
        images, labels = values(x, y)
        assert_array_equal(images, original[labels])
        assert sorted(labels) == list(range(130))
        orders.append(list(labels))
    assert orders[0] != orders[1] != orders[2] and orders[0] != sorted(orders[0])


def test_labels_may_be_shared_integers_too():
    x, y = theano.shared(noise_images(5)), theano.shared(np.arange(5, dtype="int32"))
    FreshEpochs(x, y, seed=2)(0)
    assert sorted(y.get_value()) == list(range(5)) and y.get_value().dtype == "int32"


def test_an_epoch_follows_from_the_seed_and_its_number(monkeypatch):
    x, y = training_set()
    pristine = values(x, y)
    fresh = FreshEpochs(x, y, 3, distort, rotation=5, sigma=2)
    found = {}
    for epoch in [0, 1, 2]:
        fresh(epoch)
        found[epoch] = values(x, y)
    assert fresh._helper._images.shape == pristine[0].shape  # there was one

    # Another program, which goes on at some epoch, or jumps, and which has no second process.
    monkeypatch.setattr(augmentation, "_Helper", lambda *_: None)
    x, y = training_set()
    alone = FreshEpochs(x, y, 3, distort, rotation=5, sigma=2)
    for epoch in [2, 0, 1]:
        alone(epoch)
        fresh(epoch)
        for one, other in zip(values(x, y), found[epoch]):
            assert_array_equal(one, other)
        assert_array_equal(fresh._x.get_value(), found[epoch][0])
    other_seed = FreshEpochs(*training_set(), 4, distort, rotation=5, sigma=2)
    other_seed(0)
    assert not np.array_equal(other_seed._x.get_value(), found[0][0])


def test_digits_are_changed_and_none_are_changed_twice():
    x, y = training_set()
    original, _ = values(x, y)
    fresh = FreshEpochs(x, y, 5, distort)
    for epoch in range(3):
        fresh(epoch)
        images, labels = values(x, y)
        rng = np.random.RandomState([5, epoch])
        order = rng.permutation(130)
        assert_array_equal(labels, order)
        assert_array_equal(images, distort(rng, original)[order])


def test_a_share_of_the_digits_is_changed_in_each_epoch_others():
    x, y = training_set(200)
    original, _ = values(x, y)
    fresh = FreshEpochs(x, y, 5, distort, share=0.25)
    changed = []
    for epoch in range(2):
        fresh(epoch)
        images, labels = values(x, y)
        changed.append(set(labels[np.any(images != original[labels], axis=1)]))
        assert sorted(labels) == list(range(200))
    assert [len(some) for some in changed] == [50, 50] and changed[0] != changed[1]


@pytest.mark.parametrize("bad", [0, -0.5, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match=f"share must be above 0 and at most 1, not {bad}"):
        FreshEpochs(*training_set(), 1, distort, share=bad)


def test_the_next_epoch_is_made_meanwhile():
    x, y = training_set(20_000)
    fresh = FreshEpochs(x, y, 6, distort)
    fresh(0)
    deadline = time.monotonic() + 60
    while not fresh._helper._connection.poll(0.1):
        assert time.monotonic() < deadline
    started = time.process_time()  # of this process: the helper's is its own, and others do not count
    fresh(1)
    taken = time.process_time() - started
    started = time.process_time()
    fresh._make(1)
    assert taken < (time.process_time() - started) / 2


def test_without_its_helper_training_goes_on_with_the_same_digits():
    x, y = training_set()
    fresh = FreshEpochs(x, y, 7, distort)
    fresh(0)
    fresh._helper.result(1)  # now it waits to be asked, and cannot have the digits ready before it is killed
    os.kill(fresh._helper._process.pid, signal.SIGKILL)
    fresh._helper._process.join()
    expected = fresh._make(1), fresh._make(2)
    with pytest.warns(UserWarning, match="the process that changes the digits has ended"):
        fresh(1)
    assert_array_equal(x.get_value(), expected[0])
    fresh(2)  # without another word
    assert_array_equal(x.get_value(), expected[1])


def test_the_helper_leaves_the_environment_and_ignores_an_interrupt():
    before = dict(os.environ)
    x, y = training_set()
    fresh = FreshEpochs(x, y, 8, distort)
    assert dict(os.environ) == before
    fresh(0)
    os.kill(fresh._helper._process.pid, signal.SIGINT)
    fresh(1)
    fresh(2)
    assert fresh._helper is not None and fresh._helper._process.is_alive()


PARENT = """
import sys, time
import numpy as np, theano
from deeplearning_tutorial.data.augmentation import FreshEpochs, distort
if __name__ == "__main__":
    x, y = theano.shared(np.zeros((200, 784), "float32")), theano.shared(np.zeros(200, "float32"))
    fresh = FreshEpochs(x, y, 1, distort)
    fresh(0)
    print(fresh._helper._process.pid, flush=True)
    time.sleep(100)
"""


def test_the_helper_ends_with_the_program_that_was_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        helper = int(parent.stdout.readline())
        os.kill(helper, 0)
        parent.kill()
    deadline = time.monotonic() + 60
    while is_running(helper):
        assert time.monotonic() < deadline, "the helper goes on alone"
        time.sleep(0.1)


def is_running(pid):
    """Not a zombie either: whoever is there to collect it may be slow."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_only_square_images_are_distorted():
    with pytest.raises(ValueError, match="images must be square, and 3 pixels in a row are no square number"):
        FreshEpochs(theano.shared(np.zeros((4, 3), "float32")), theano.shared(np.zeros(4, "float32")), 1, distort)
