"""Pixels of every range end between 0 and 1, what is no pixel stays, and sets on different scales do not go unseen."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import deeplearning_tutorial  # noqa: F401
from deeplearning_tutorial.data.scale import as_features, find_scales

RNG = np.random.RandomState(0)
BYTES = RNG.randint(0, 256, (20, 8, 8)).astype("uint8")
BYTES[0, 0, :2] = 0, 255
IRIS = RNG.uniform(0.1, 7.9, (20, 4))
STANDARDIZED = RNG.normal(0, 1, (20, 64))


def found(scale=None, **sets):
    return find_scales({key: (x, None) for key, x in sets.items()}, "own.npz", scale)


def flat(x):
    return x.reshape(len(x), -1)


PIXELS = {
    "bytes": (BYTES, 256, "pixels 0 to 255, divided by 256"),
    "bytes in rows": (flat(BYTES), 256, "pixels 0 to 255, divided by 256"),
    "bytes of few features": (flat(BYTES)[:, :5], 256, "divided by 256"),
    "int64": (BYTES.astype("int64"), 256, "pixels 0 to 255, divided by 256"),
    "int64 in rows": (flat(BYTES).astype("int64"), 256, "divided by 256"),
    "int16": (BYTES.astype("int16"), 256, "divided by 256"),
    "float32 to 255": (BYTES.astype("float32"), 256, "divided by 256"),
    "float64 to 255 in rows": (flat(BYTES).astype("float64"), 256, "divided by 256"),
    "resized": (BYTES * 0.997, 256, "pixels 0 to 254, divided by 256"),
    "binarized bytes": ((BYTES > 127).astype("uint8"), 1, "pixels 0 and 1"),
    "binarized floats": ((BYTES > 127).astype("float64"), 1, "pixels 0 and 1"),
    "True and False": (BYTES > 127, 1, "pixels 0 and 1"),
    "fractions": (BYTES / 255, 1, "pixels 0 to 1"),
    "fractions in rows": (flat(BYTES) / 256, 1, "pixels 0 to 0.996"),
    "scikit-learn's digits": (flat(BYTES // 15).astype("float64").clip(0, 16), 16, "pixels 0 to 16, divided by 16"),
    "digits as bytes": ((BYTES // 15).clip(0, 16).astype("uint8"), 16, "divided by 16"),
    "16 bits": (BYTES.astype("uint16") * 257, 65536, "pixels 0 to 65,535, divided by 65,536"),
    "16 bits in rows": (flat(BYTES).astype("int32") * 257, 65536, "divided by 65,536"),
    "12 bits": (BYTES.astype("uint16") * 16, 4096, "divided by 4,096"),
}


@pytest.mark.parametrize("x, divisor, text", PIXELS.values(), ids=PIXELS)
def test_pixels_of_every_range_end_between_0_and_1(x, divisor, text):
    scales = found(train=x, test=x[:3])
    assert scales.divisors == {"train": divisor, "test": divisor}
    assert text in scales.text and scales.notes == []
    features = as_features(x, divisor, "x")
    assert features.shape == (20, x[0].size) and 0 <= features.min() and 0.9 < features.max() <= 1
    assert_array_equal(features, (flat(x).astype("float64") / divisor).astype(features.dtype))


OTHERS = {
    "measurements": (IRIS, "features 0.249 to 7.77"),
    "standardized": (STANDARDIZED, "features -"),
    "counts": (RNG.poisson(3, (20, 500)), "features 0 to"),
    "a table of small whole numbers": (RNG.randint(0, 100, (20, 14)).astype("uint8"), "features 0 to"),
    "a table of people": (RNG.randint(0, 100_000, (20, 14)), "kept as they are"),
    "whole numbers, one negative": (flat(BYTES).astype("int64") - 1, "features -1 to 254, kept as they are"),
}


@pytest.mark.parametrize("x, text", OTHERS.values(), ids=OTHERS)
def test_what_is_no_pixel_is_kept_and_that_is_said(x, text):
    scales = found(train=x)
    assert scales.divisors == {"train": 1}
    assert text in scales.text and "kept as they are" in scales.text
    assert_array_equal(as_features(x, 1, "x"), x.astype("float32"))


def test_a_range_that_is_none_of_pixels_is_said_with_the_cure():
    assert any("scale=12.75 divides them" in note for note in found(train=BYTES / 20).notes)
    assert found(train=BYTES / 256).notes == []


ON_TWO_SCALES = {
    "bytes and fractions": (BYTES, BYTES / 255, {"train": 256, "test": 1}),
    "fractions and bytes": (BYTES / 255, BYTES, {"train": 1, "test": 256}),
    "fractions and floats to 255": (BYTES / 255, BYTES.astype("float32"), {"train": 1, "test": 256}),
    "16 and 8 bits": (BYTES.astype("uint16") * 257, BYTES, {"train": 65536, "test": 256}),
    "digits to 16 and to 1": ((BYTES // 15).clip(0, 16), BYTES / 256, {"train": 16, "test": 1}),
}


@pytest.mark.parametrize("train, test, divisors", ON_TWO_SCALES.values(), ids=ON_TWO_SCALES)
def test_sets_on_two_scales_are_brought_to_one_where_it_is_plain(train, test, divisors):
    scales = found(train=train, test=test)
    assert scales.divisors == divisors
    assert "training" in scales.text and "test" in scales.text
    assert any("different scales" in note for note in scales.notes)
    one, other = (as_features(x, scales.divisors[key], key) for key, x in [("train", train), ("test", test)])
    assert np.abs(one - other).max() < 1 / 15


NOT_PLAIN = {
    "bytes and standardized": (BYTES, STANDARDIZED),
    "standardized and bytes": (STANDARDIZED, flat(BYTES)),
    "standardized and not": (STANDARDIZED, STANDARDIZED * 100),
    "measured in other units": (IRIS, IRIS * 100),
    "from -1 and from 0": (BYTES / 127.5 - 1, BYTES / 255),
    "from 0 and from -1": (BYTES / 255, BYTES / 127.5 - 1),
    "by other numbers than the deviation": ((BYTES / 255 - 0.13) / 0.31, BYTES / 255),
    "measurements, standardized and not": ((IRIS - 4) / 2, IRIS),
}


@pytest.mark.parametrize("train, test", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_sets_on_two_scales_are_refused_where_it_is_not(train, test):
    with pytest.raises(ValueError, match=r"own.npz: training features .*not the same scale.*scale="):
        found(train=train, test=test)


def test_dark_blank_and_few_rows_are_no_other_scale():
    assert found(train=BYTES, test=BYTES[:2] * 0).divisors == {"train": 256, "test": 256}
    assert found(train=BYTES, test=(BYTES // 2)).divisors == {"train": 256, "test": 256}
    sixteen_bits = BYTES.astype("uint16") * 257
    assert found(train=sixteen_bits, test=sixteen_bits // 3).divisors == {"train": 65536, "test": 65536}
    assert found(train=BYTES / 256, test=BYTES / 256 * 1.01 - 0.005).divisors == {"train": 1, "test": 1}
    assert found(train=STANDARDIZED, test=abs(STANDARDIZED[:9])).divisors == {"train": 1, "test": 1}
    assert found(train=STANDARDIZED[:, :4], test=abs(STANDARDIZED[:10, :4])).divisors == {"train": 1, "test": 1}


def test_a_scale_of_ones_own_is_used():
    scales = found(scale=255, train=BYTES, test=STANDARDIZED)
    assert scales.divisors == {"train": 255, "test": 255} and "divided by 255 as you said" in scales.text
    assert as_features(BYTES, 255, "x").max() == 1


@pytest.mark.parametrize("scale", [0, -1, np.inf, np.nan, "256"])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be a number above 0"):
        found(scale=scale, train=BYTES)


def test_what_no_network_can_learn_from_is_refused_or_said():
    with pytest.raises(ValueError, match="own.npz: test features: 1 of 20 rows hold NaN"):
        found(train=IRIS, test=np.where(np.arange(80).reshape(20, 4) == 5, np.nan, IRIS))
    with pytest.raises(ValueError, match="type complex"):
        found(train=IRIS + 1j)
    with pytest.raises(ValueError, match=r"shape \(0, 4\)"):
        found(train=IRIS[:0])
    assert any("nothing can be learned" in note for note in found(train=IRIS * 0 + 3).notes)
    assert any("that small" in note for note in found(train=IRIS * 1e-6).notes)


@pytest.mark.parametrize(
    "x, message",
    [
        (BYTES * 1e300, r"x go up to 2.55e\+302, and float32 holds no number above 3.4e\+38"),
        (BYTES * -1e300, r"x go up to 2.55e\+302"),
        (BYTES * 1e-300, "are all 0 as float32"),
        (1e9 + BYTES / 256, "are all 1e"),
    ],
)
def test_what_is_lost_in_the_cast_is_refused(x, message):
    import theano

    with theano.configparser.change_flags(floatX="float32"), pytest.raises(ValueError, match=message):
        as_features(x, 1, "x")
    with theano.configparser.change_flags(floatX="float64"):
        assert_array_equal(as_features(x, 1, "x"), flat(x))


def test_a_scale_can_save_what_would_be_too_large():
    assert_array_equal(as_features(np.array([[0, 2.0**200]]), 2.0**199, "x"), [[0, 2]])


def test_features_are_a_copy_even_where_nothing_is_divided():
    x = IRIS.astype("float32")
    as_features(x, 1, "x")[:] = 0
    assert x.max() > 0
