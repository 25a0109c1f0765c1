r"""More digits from the digits there are: turned, shifted, bent and noisy copies.

A seven that is turned by ten degrees is still a seven. A network that sees each training digit a little different
in every epoch cannot learn them by heart, and learns what a writer's hand may vary. Only training digits are changed,
never those that measure the error.

>>> rng = np.random.RandomState(1234)
>>> turned = rotate(train_x, 10)                             # (n_images, 784), counter-clockwise
>>> shifted = translate(turned, down=2, right=-1.5)
>>> bent = distort(rng, train_x)                             # each digit changed in its own way
>>> history = fit(train, validate, params, before_epoch=FreshEpochs(*train_set, seed=1234, change=distort))

An image is a row of ``side * side`` pixels, as everywhere in this package. What comes in from outside it is 0, the
background of raw pixels: distort first, standardize or whiten afterwards.

All the movements work alike. For each pixel of the new image they ask where in the old one its ink comes from; that
place lies between four pixels, and bilinear interpolation weighs them by how near they are.
"""

import contextlib
import functools
import math
import multiprocessing
import os
import pickle
import signal
import sys
import types
import warnings

import numpy as np

from deeplearning_tutorial.checks import check_callable, check_number, check_random_state

# So many images at a time keep what is computed on the way in the processor's cache.
CHUNK = 64


def rotate(images, degrees):
    """Turn images about their centre.

    Parameters
    ----------
    images : ndarray, (n_images, side * side), floating point
    degrees : float or array, (n_images,)
        Counter-clockwise as seen on the page; one angle for all images or one for each.

    Returns
    -------
    ndarray
        Of the shape and type of `images`.

    Raises
    ------
    ValueError
        If `images` are not square images in rows, or `degrees` is not a finite number or one for each image.
    """
    _check_images(images)
    degrees = _one_for_each("degrees", degrees, images)
    return _warp(images, _affine_maps(images, degrees=degrees))


def translate(images, down, right):
    """Shift images.

    Parameters
    ----------
    images : ndarray, (n_images, side * side), floating point
    down, right : float or array, (n_images,)
        In pixels; fractions and negative numbers are fine. One for all images or one for each.

    Returns
    -------
    ndarray
        Of the shape and type of `images`. What leaves the image is lost.

    Raises
    ------
    ValueError
        If `images` are not square images in rows, or `down` or `right` is not a finite number or one for each image.
    """
    _check_images(images)
    down, right = _one_for_each("down", down, images), _one_for_each("right", right, images)
    return _warp(images, _affine_maps(images, down=down, right=right))


def elastic_distortion(rng, images, alpha=38, sigma=6):
    r"""Bend images as if they were printed on rubber (Simard et al. 2003).

    Every pixel gets its ink from a place that is displaced, down and to the right, by

    .. math:: \alpha \, (G_\sigma * u), \qquad u \sim \mathrm{Uniform}(-1, 1)

    where *u* is drawn anew for each pixel and both directions, and smoothing with the Gaussian makes neighbours move
    together.

    Parameters
    ----------
    rng : numpy.random.RandomState
    images : ndarray, (n_images, side * side), floating point
    alpha : float
        Strength, at least 0. In the middle of a large image a displacement has a standard deviation of
        ``alpha / (sigma * sqrt(12 * pi))`` pixels: about 1 by default.
    sigma : float
        Standard deviation of the Gaussian in pixels. Small ones crumple the digit, large ones only shift it.

    Returns
    -------
    ndarray
        Of the shape and type of `images`.

    Raises
    ------
    ValueError
        If `images` are not square images in rows, `alpha` is negative or `sigma` is not positive.

    Notes
    -----
    The weights of the Gaussian sum to 1, and the field *u* is 0 outside the image, so that the rim moves less than
    the middle.
    """
    check_random_state(rng)
    _check_images(images)
    return _warp(images, _affine_maps(images), _displacements(rng, images, alpha, sigma))


def add_noise(rng, images, std=0.1):
    """Add Gaussian noise to each pixel, and clip the sum to [0, 1].

    Parameters
    ----------
    rng : numpy.random.RandomState
    images : ndarray, (n_images, side * side), floating point
        With pixels in [0, 1].
    std : float
        Standard deviation of the noise, at least 0.

    Returns
    -------
    ndarray
        Of the shape and type of `images`.

    Raises
    ------
    ValueError
        If `images` are not square images in rows with pixels in [0, 1], or `std` is negative.
    """
    check_random_state(rng)
    _check_images(images)
    _check_range("std", std)
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"pixels must lie in [0, 1], not in [{images.min():.4g}, {images.max():.4g}]: "
            "add noise before standardizing."
        )
    noisy = np.empty_like(images)
    for chunk in _chunks(images):
        noise = rng.normal(0, std, images[chunk].shape)
        noisy[chunk] = np.clip(images[chunk] + noise, 0, 1)
    return noisy


def distort(rng, images, rotation=12, translation=1.5, scaling=0.12, shear=0.1, alpha=38, sigma=6):
    r"""Change each image in its own random way: turned, shifted, stretched, slanted and bent, all at once.

    One interpolation does it all, and so blurs the strokes only once. Call it before every epoch.

    Parameters
    ----------
    rng : numpy.random.RandomState
    images : ndarray, (n_images, side * side), floating point
    rotation : float
        Each image is turned by an angle uniform in ± `rotation` degrees.
    translation : float
        It is shifted by up to so many pixels, vertically and horizontally.
    scaling : float
        Its height and its width are each multiplied by a number uniform in 1 ± `scaling`.
    shear : float
        It is slanted so that a pixel one row further up moves up to `shear` pixels to the side.
    alpha, sigma : float
        As for :func:`elastic_distortion`.

    Returns
    -------
    ndarray
        Of the shape and type of `images`. The same `rng` state gives the same images.

    Raises
    ------
    ValueError
        If `images` are not square images in rows, or a number is negative, not finite, `scaling` not below 1 or
        `sigma` not above 0. Any other number may be 0, which switches it off.

    Notes
    -----
    Distorting 60,000 digits takes a few seconds on one core. To measure it on yours::

        python -m timeit -n 1 -r 3 -s "import numpy as np; from deeplearning_tutorial.data.augmentation import distort; \
            rng = np.random.RandomState(0); x = rng.rand(60000, 784).astype('float32')" "distort(rng, x)"
    """
    check_random_state(rng)
    _check_images(images)
    for name, bound in [("rotation", rotation), ("translation", translation), ("shear", shear)]:
        _check_range(name, bound)
    _check_range("scaling", scaling, below=1)

    def within(bound):
        return rng.uniform(-bound, bound, len(images))

    affine_maps = _affine_maps(
        images,
        degrees=within(rotation),
        down=within(translation),
        right=within(translation),
        height=1 + within(scaling),
        width=1 + within(scaling),
        shear=within(shear),
    )
    return _warp(images, affine_maps, _displacements(rng, images, alpha, sigma))


class FreshEpochs:
    """Digits in another order in each epoch, and each of them changed anew.

    To be called before each epoch (see `training.fit`). Changing takes as long as training a small network does, so that a
    process of its own does it for the next epoch while this one trains.

    An epoch's digits follow from the seed and the epoch's number, and from nothing else: training that goes on from a
    checkpoint sees the same.

    Parameters
    ----------
    x, y : shared matrix (n_images, side * side) and vector of labels (n_images,)
        The training set, as `load_data` returns it. What they hold now is what all epochs are made from.
    seed : int
        From 0 to 2**32 - 1.
    change : callable, optional
        ``change(rng, images, **options)`` returns changed images: `distort`, or a function of a module of yours. By default the
        digits are only shuffled.
    share : float
        Of the digits, above 0 and at most 1, that are changed; in each epoch others. What has been interpolated is a little
        blurred, which matters to a network that should draw sharp digits.
    **options
        For `change`.

    Raises
    ------
    ValueError
        If the images are not square, as many as labels and in shared variables, `share` is not in (0, 1], `seed` is none,
        or `change` cannot be called or is not a function of a module.
    """

    def __init__(self, x, y, seed, change=None, share=1, **options):
        check_number("share", share, "above 0 and at most 1", lambda share: 0 < share <= 1)
        if seed not in range(2**32):
            raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}.")
        self._x, self._y = _shared("x", x), _shared("y", y)
        images, self._labels = self._x.get_value(), self._y.get_value()
        if len(self._labels) != len(images):
            raise ValueError(f"there are {len(images)} images and {len(self._labels)} labels.")
        self._make = functools.partial(_fresh_images, images, seed, change, share, options)
        self._seed = seed
        self._helper = None
        if change is not None:
            _check_images(images)
            check_callable("change", change, "a function (rng, images, **options), such as distort")
            change(np.random.RandomState(seed), images[:1], **options)  # an error now, and not in another process
            # A daemon, such as a worker of scripts/sweep, may not start a process; one of many has no processor to spare either.
            if not multiprocessing.current_process().daemon:
                with contextlib.suppress(OSError):  # no memory for two: it goes on alone, slower
                    self._helper = _Helper(self._make, images)

    def __call__(self, epoch):
        """Put the digits of an epoch into the shared variables, and let the helper begin with the next."""
        images = self._from_helper(epoch) if self._helper else None
        self._x.set_value(self._make(epoch) if images is None else images)
        self._y.set_value(self._labels[_order(_epochs_rng(self._seed, epoch), len(self._labels))])
        if self._helper:
            self._helper.begin(epoch + 1)

    def _from_helper(self, epoch):
        try:
            return self._helper.result(epoch)
        except (EOFError, OSError):
            warnings.warn(
                "the process that changes the digits has ended; this one changes them now, between epochs.",
                stacklevel=3,
            )
            self._helper = None


class _Helper:
    """A process that makes the images of one epoch after the other. It ends with the one that started it, however that ends."""

    def __init__(self, make, like):
        # Not forked: a copy of a process that computes with threads, or on a GPU, may hang.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        shared = context.RawArray("b", like.nbytes)
        self._images = np.frombuffer(shared, like.dtype).reshape(like.shape)
        self._asked_for = None
        self._process = context.Process(target=_help, args=(theirs, make, shared), daemon=True)
        with (
            _environment(
                THEANO_FLAGS=f"{os.environ.get('THEANO_FLAGS', '')},device=cpu".lstrip(","), OMP_NUM_THREADS="1"
            ),
            _no_main(),
        ):
            try:
                self._process.start()
            except (pickle.PicklingError, AttributeError) as error:
                raise ValueError(
                    f"change must be a function of a module, which another process can import ({error})."
                ) from None
        theirs.close()

    def begin(self, epoch):
        with contextlib.suppress(OSError):  # `result` will notice
            self._connection.send(epoch)
        self._asked_for = epoch

    def result(self, epoch):
        """The images, in memory that is written anew after the next `begin`."""
        if self._asked_for != epoch:
            self.begin(epoch)
        self._asked_for = None  # an interrupt may come while this waits; then it is asked for again
        while self._connection.recv() != epoch:
            pass
        return self._images


def _shared(name, variable):
    """What can be given new values: the variable, or what it is a cast of, as load_data's labels are."""
    found = variable
    while not hasattr(found, "set_value"):
        if not getattr(found, "owner", None):
            raise ValueError(
                f"{name} must be a shared variable, as load_data returns it, not {type(variable).__name__}."
            )
        found = found.owner.inputs[0]
    return found


def _help(connection, make, shared):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the one who trains
    with contextlib.suppress(EOFError, OSError):
        while True:
            epoch = connection.recv()
            images = make(epoch)
            np.frombuffer(shared, images.dtype)[:] = images.ravel()
            connection.send(epoch)


def _fresh_images(images, seed, change, share, options, epoch):
    rng = _epochs_rng(seed, epoch)
    order = _order(rng, len(images))
    if change is None:
        return images[order]
    if share == 1:
        return change(rng, images, **options)[order]
    some = rng.permutation(len(images))[: round(share * len(images))]
    fresh = images.copy()
    fresh[some] = change(rng, images[some], **options)
    return fresh[order]


def _epochs_rng(seed, epoch):
    return np.random.RandomState([seed, epoch])


def _order(rng, n):
    return rng.permutation(n)


@contextlib.contextmanager
def _no_main():
    """Python's main module is empty, so that a process that is started meanwhile does not run the user's script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _environment(**variables):
    """Variables that a process started meanwhile finds in its environment."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


# From where to fetch each pixel -------------------------------------------------------------------------------------


def _affine_maps(images, degrees=0, down=0, right=0, height=1, width=1, shear=0):
    """For each image the map from a pixel (row, column, 1), counted from the centre, to where its ink comes from.

    An array of (n_images, 2, 3). It is the inverse of stretching, slanting, turning and shifting, in this order.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    to_row = cos / height, sin / height
    to_column = (shear * cos - sin) / width, (shear * sin + cos) / width
    centre = (_side(images) - 1) / 2

    maps = np.empty((len(images), 2, 3))
    for i, (of_row, of_column) in enumerate([to_row, to_column]):
        maps[:, i, 0], maps[:, i, 1] = of_row, of_column
        maps[:, i, 2] = centre - of_row * down - of_column * right
    return maps.astype("float32")


def _displacements(rng, images, alpha, sigma):
    """A function that draws elastic displacements for the next so many images, (n, 2, side * side); or None."""
    _check_range("alpha", alpha)
    if not 0 < sigma < np.inf:
        raise ValueError(f"sigma must be above 0 and finite, not {sigma!r}; alpha=0 switches elastic distortion off.")
    if alpha == 0:
        return None
    side = _side(images)
    smooth = _smoothing_matrix(side, sigma)

    def draw(n):
        fields = (2 * rng.random_sample((n, 2, side, side)) - 1).astype("float32")
        # The Gaussian is a product of one along the rows and one along the columns: two small matrix products.
        return (np.float32(alpha) * (smooth @ (fields @ smooth))).reshape(n, 2, side * side)

    return draw


def _smoothing_matrix(side, sigma):
    """The Gaussian along one axis as a symmetric matrix, (side, side): what row i gets from row j."""

    def gaussian(distance):
        return np.exp(-0.5 * (distance / sigma) ** 2)

    reach = math.ceil(6 * sigma) + 1
    total = gaussian(np.arange(-reach, reach + 1)).sum()
    rows = np.arange(side)
    return (gaussian(rows[:, np.newaxis] - rows) / total).astype("float32")


# Interpolation ------------------------------------------------------------------------------------------------------


def _warp(images, affine_maps, draw_displacements=None):
    side = _side(images)
    from_centre = np.indices((side, side)).reshape(2, -1) - (side - 1) / 2
    page = np.vstack([from_centre, np.ones(side * side)]).astype("float32")

    warped = np.empty_like(images)
    for chunk in _chunks(images):
        places = (affine_maps[chunk].reshape(-1, 3) @ page).reshape(-1, 2, side * side)
        if draw_displacements:
            places += draw_displacements(len(places))
        warped[chunk] = _sample(images[chunk], places[:, 0], places[:, 1])
    return warped


def _sample(images, rows, columns):
    """The ink at any places between the pixels, by bilinear interpolation; `rows` and `columns` are like `images`."""
    side = _side(images)
    # A frame of zeros, one pixel wide at the top and left and two at the bottom and right: every place is moved onto
    # it or inside, and then has four neighbours.
    width = side + 3
    padded = np.zeros((len(images), width, width), images.dtype)
    padded[:, 1:-2, 1:-2] = images.reshape(-1, side, side)
    padded = padded.ravel()

    rows, columns = np.clip(rows, -1, side) + 1, np.clip(columns, -1, side) + 1
    top, left = rows.astype("int32"), columns.astype("int32")
    down, right = rows - top, columns - left

    first = np.arange(len(images))[:, np.newaxis] * width**2  # where each image begins
    corner = first + top * width + left
    upper = _between(padded, corner, right)
    lower = _between(padded, corner + width, right)
    return upper + down * (lower - upper)


def _between(pixels, left, fraction):
    here = np.take(pixels, left)
    return here + fraction * (np.take(pixels, left + 1) - here)


def _chunks(images):
    return [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]


# What is refused ----------------------------------------------------------------------------------------------------


def _side(images):
    return math.isqrt(images.shape[1])


def _check_images(images):
    if not isinstance(images, np.ndarray) or images.ndim != 2 or not np.issubdtype(images.dtype, np.floating):
        is_array = isinstance(images, np.ndarray)
        got = f"shape {images.shape} and type {images.dtype}" if is_array else type(images).__name__
        raise ValueError(f"images must be a floating-point array of shape (n_images, side * side), not {got}.")
    if images.shape[1] == 0 or _side(images) ** 2 != images.shape[1]:
        raise ValueError(f"images must be square, and {images.shape[1]} pixels in a row are no square number.")


def _one_for_each(name, value, images):
    numbers = np.asarray(value, dtype="float64")
    if numbers.shape not in [(), (len(images),)]:
        raise ValueError(
            f"{name} must be one number or {len(images)}, one for each image, not of shape {numbers.shape}."
        )
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite, not {value!r}.")
    return numbers


def _check_range(name, value, below=np.inf):
    limit = "finite" if below == np.inf else f"below {below}"
    check_number(name, value, f"at least 0 and {limit}", lambda value: 0 <= value < below)
