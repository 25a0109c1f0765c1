"""The scale of pixels and other features: looked at, not guessed from the type that they are stored in.

>>> scales = find_scales({"train": (images, labels)}, "digits.npz")      # images from 0 to 255, of whatever type
>>> scales.divisors, scales.text
({'train': 256}, 'pixels 0 to 255, divided by 256')
>>> as_features(images, scales.divisors["train"], "digits.npz: training images")
array([[0., 0., 0.015625, …

====================================  =======================================================================
what there is                         what becomes of it
====================================  =======================================================================
0 and 1, or fractions between         stays
whole numbers to 16                   divided by 16: scikit-learn's digits
0 to 255, whole or not                divided by 256, which is exact, and what the Theano tutorials have
whole numbers to 1,023, …, 65,535     divided by the next power of two: 10 to 16 bits a pixel
negative, or measurements             stays: standardized already, or to be (`preprocessing`)
====================================  =======================================================================

Numbers are pixels where rows are images, or have 64 features at least (8 x 8) that use most of such a range. Bytes are, where
either holds; a few that stay small are a table of whole numbers.
"""

import functools
import math
import operator
from dataclasses import dataclass

import numpy as np

from deeplearning_tutorial.checks import check_number, count_not_finite
from deeplearning_tutorial.data.labels import TITLES

# As many features as the smallest images have that people classify, 8 x 8 pixels.
FEWEST_PIXELS = 64

# What pixels of 0 to 1 are less than in no data set: two that differ by this factor are not of one scale.
ANOTHER_SCALE = 16

# What the largest of so many pixels reaches, by the bits of a pixel.
FULL = {4: 15, 8: 128, 16: 2**15}

# Rows that are enough to tell how far features spread, and that are too few.
SOME_ROWS, FEWEST_ROWS = 1000, 10

# Where more features of one set are well below 0, and none of another, only one of them was standardized.
MANY_NEGATIVES = 0.05


@dataclass
class Scales:
    """What the sets are divided by.

    divisors : dict from the name of a set to a number
    text : str, for a sentence: "pixels 0 to 255, divided by 256"
    notes : list of str, sentences
    """

    divisors: dict
    text: str
    notes: list


@dataclass
class _Range:
    low: float
    high: float
    whole: bool
    bytes: bool  # stored as uint8
    image: bool  # rows are images by their shape
    wide: bool  # rows have as many features as a small image

    def __or__(self, other):
        return _Range(
            min(self.low, other.low),
            max(self.high, other.high),
            self.whole and other.whole,
            self.bytes and other.bytes,
            self.image or other.image,
            self.wide or other.wide,
        )


def find_scales(sets, name, scale=None):
    """Look at the range of the features of each set, and bring them to one scale.

    Parameters
    ----------
    sets : dict
        From "train", and perhaps "valid" and "test", to ``(x, y)`` as they are stored, ``x`` of shape (rows, …).
    name : str or path
        What errors call the data.
    scale : float, optional
        What to divide by, instead of looking.

    Returns
    -------
    Scales

    Raises
    ------
    ValueError
        If features are no real numbers, not finite, or one set is on another scale than the training set and it is not plain
        on which.
    """
    ranges = {key: _look(x, f"{name}: {TITLES[key]} features") for key, (x, _) in sets.items()}
    if scale is not None:
        check_number("scale", scale, "a number above 0 to divide the features by", lambda number: 0 < number < math.inf)
        divisors = dict.fromkeys(sets, scale)
    else:
        divisors = _divisors(ranges, name)
        _check_alike(sets, divisors, name)
    return Scales(divisors, _text(ranges, divisors, scale), _notes(ranges, divisors, scale))


def as_features(x, divisor, name):
    """Rows as a matrix of floatX, divided.

    Parameters
    ----------
    x : ndarray, (rows, ...), of numbers that are finite
    divisor : number
    name : str
        What errors call it.

    Returns
    -------
    ndarray, (rows, features)
        A new one, also where nothing is divided.

    Raises
    ------
    ValueError
        If a number is too large for floatX, or all are one number in it.
    """
    import theano

    floatX = np.dtype(theano.config.floatX)
    x = x.reshape(len(x), math.prod(x.shape[1:]))
    with np.errstate(over="ignore"):  # said below, with the name
        if x.dtype.itemsize <= 2 or divisor == 1:
            features = x.astype(floatX)
            if divisor != 1:
                features /= floatX.type(divisor)
        else:  # in the precision of what is stored, and without a second copy of it
            features = np.divide(x, divisor, out=np.empty(x.shape, floatX), casting="unsafe")
    if x.dtype.itemsize > 2:  # of bytes nothing is lost
        _check_precision(x, features, name)
    return features


def _check_precision(x, features, name):
    """What was finite still is, and what differed still does: the smallest and the largest number say so of all."""
    if not features.size:
        return
    low, high = features.min(), features.max()
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"{name} go up to {max(abs(float(x.min())), abs(float(x.max()))):.3g}, and {features.dtype} holds no number above "
            f"{np.finfo(features.dtype).max:.2g}: divide them before you store them, or by scale=… here."
        )
    if low == high and x.min() != x.max():
        raise ValueError(
            f"{name} from {x.min():.9g} to {x.max():.9g} are all {low:.9g} as {features.dtype}: bring them to another scale "
            "before you store them, such as mean 0 and standard deviation 1."
        )


def _together(ranges):
    return functools.reduce(operator.or_, ranges.values())


# Looking ------------------------------------------------------------------------------------------------------------


def _look(x, name):
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{name} have type {x.dtype}; expected numbers: whole, floating point, or True and False.")
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(f"{name} have shape {x.shape}; expected (rows, …), an image a row, and at least one.")
    low, high = float(x.min()), float(x.max())
    if not math.isfinite(low) or not math.isfinite(high):
        rows = count_not_finite(x)
        raise ValueError(
            f"{name}: {rows:,} of {len(x):,} rows hold NaN or infinity, which is often a value that is missing. Leave those "
            "rows out, or fill in the mean of the others."
        )
    return _Range(low, high, _is_whole(x), x.dtype == np.uint8, x.ndim > 2, math.prod(x.shape[1:]) >= FEWEST_PIXELS)


def _is_whole(x):
    """Whether all numbers are whole; a block of rows at a time, and no further than to the first that is not."""
    if x.dtype.kind != "f":
        return True
    blocks = (x[start : start + SOME_ROWS] for start in range(0, len(x), SOME_ROWS))
    return all(np.array_equal(block, np.floor(block)) for block in blocks)


def _divisor(found):
    """What numbers in a range are divided by; None where they are no pixels, or it is not plain of which kind."""
    if found.low < 0:
        return None
    if found.high <= 1:
        return 1
    if found.bytes and (found.image or found.wide or found.high >= FULL[8]):
        return 16 if found.high <= 16 else 256
    if not (found.image or found.wide):
        return None
    if found.whole and found.high <= 65535:
        bits = 4 if found.high <= 16 else max(8, int(found.high).bit_length())
        # Of rows that may be anything else, only those that use a range as pixels do: most of it.
        return 2**bits if found.image or (bits in (4, 8, 16) and found.high >= FULL[bits]) else None
    return 256 if 128 <= found.high < 256 else None  # 0 to 255, resized


def _divisors(ranges, name):
    """For each set; one that is far below the others is on a scale of its own."""
    own = {key: _divisor(found) for key, found in ranges.items() if found.high > 0 or found.low < 0}
    plain = own and None not in own.values()
    one = max(own.values()) if plain else _divisor(_together(ranges))
    if one is None:
        if any(divisor and divisor > 1 for divisor in own.values()):
            described = "; ".join(f"{TITLES[key]} features run {_span(found)}" for key, found in ranges.items())
            raise ValueError(
                f"{name}: {described}: not the same scale. Bring them to one before you store them, or name a number to "
                "divide all by, such as scale=255."
            )
        return dict.fromkeys(ranges, 1)
    return {key: own[key] if own.get(key) and own[key] * ANOTHER_SCALE <= one else one for key in ranges}


def _check_alike(sets, divisors, name):
    """Sets that were made in the same way are alike in how far features spread, and in how many are well below 0."""
    spreads, negatives, looked_at = {}, {}, {}
    for key, (x, _) in sets.items():
        some = x[:: -(-len(x) // SOME_ROWS)].astype(np.float64) / divisors[key]
        with np.errstate(over="ignore", invalid="ignore"):
            spreads[key] = float(some.std())
        negatives[key] = float((some < -spreads[key] / 10).mean())  # resizing makes a few that are hardly below 0
        looked_at[key] = some.size
    cure = "not the same scale. Bring them to one before you store them, or name a number to divide all by, scale=…"
    for key in sets:
        if len(sets[key][0]) < FEWEST_ROWS or key == "train":
            continue
        train, spread = spreads["train"], spreads[key]
        if train > 0 < spread < math.inf and not 1 / ANOTHER_SCALE < spread / train < ANOTHER_SCALE:
            raise ValueError(
                f"{name}: training features vary by {train:.3g} (standard deviation), {TITLES[key]} features by {spread:.3g}: {cure}"
            )
        train, other = negatives["train"], negatives[key]
        expected = max(train, other) * min(looked_at["train"], looked_at[key])
        if min(train, other) == 0 and max(train, other) > MANY_NEGATIVES and expected > 30:
            raise ValueError(
                f"{name}: training features are below 0 in {train:.0%} of all places, {TITLES[key]} features in {other:.0%}: {cure}"
            )


# Saying -------------------------------------------------------------------------------------------------------------


def _text(ranges, divisors, scale):
    if len(set(divisors.values())) == 1:
        return _one_text(_together(ranges), divisors["train"], scale)
    return "; ".join(f"{TITLES[key]} {_one_text(ranges[key], divisors[key], scale)}" for key in ranges)


def _one_text(found, divisor, scale):
    pixels = found.low >= 0 and (divisor > 1 or found.image or (found.wide and found.high <= 1))
    what = "pixels" if pixels else "features"
    if found.low == 0 and found.high == 1 and found.whole and divisor == 1:
        return f"{what} 0 and 1"
    done = (
        f", divided by {divisor:,}"
        if divisor != 1
        else ""
        if found.low >= 0 and found.high <= 1
        else ", kept as they are"
    )
    return f"{what} {_span(found)}{done}{' as you said' if scale is not None else ''}"


def _span(found):
    return f"{_shown(found.low)} to {_shown(found.high)}"


def _shown(value):
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e6 else f"{value:.3g}"


def _notes(ranges, divisors, scale):
    notes = []
    if len(set(divisors.values())) > 1:
        notes.append("The sets were on different scales, and are on one now.")
    found = ranges["train"]
    if scale is None and divisors["train"] == 1 and found.high > 1 and found.low >= 0 and (found.image or found.wide):
        notes.append(
            f"These are no pixels of a range that is known: scale={found.high:.9g} divides them by their largest number."
        )
    if found.low == found.high:
        notes.append(f"All training features are {_shown(found.low)}: nothing can be learned from them.")
    elif 0 <= found.low and found.high / divisors["train"] < 0.01:
        notes.append(
            f"The largest feature is {found.high / divisors['train']:.2g}: little is learned from numbers that small."
        )
    return notes
