"""Pickles of pairs of arrays are read without being run; of anything else, what it would do is named."""

import gzip
import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deeplearning_tutorial.data.formats import read
from deeplearning_tutorial.data.formats.pickled import read_pickle

X = np.random.RandomState(0).uniform(size=(6, 4)).astype("f4")
Y = np.arange(6) % 3
ARRAYS = {
    "float32": X,
    "Fortran's order": np.asfortranarray(X),
    "float64": X.astype("f8"),
    "big-endian": X.astype(">f4"),
}


def put(folder, content, name="own.pkl"):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("x", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("protocol", range(6))
def test_pairs_of_arrays(tmp_path, x, protocol):
    for pack in (bytes, gzip.compress):
        found = read(put(tmp_path, pack(pickle.dumps(((x, Y), (x[:2], Y[:2]), [x, Y]), protocol))))
        assert list(found.sets) == ["train", "valid", "test"]
        for of in found.sets["train"], found.sets["test"]:
            assert_array_equal(of[0], x)
            assert_array_equal(of[1], Y)
        assert found.notes == ["The pickle was read without being run."]


def test_what_is_no_array(tmp_path):
    plain = ([1, -5, 2**70, 0.5, "a", None, True], (), ("b",))
    for protocol in range(6):
        assert read_pickle(put(tmp_path, pickle.dumps(plain, protocol))) == plain


BAD = {
    "a function": (print, "it would call (builtins|__builtin__).print"),
    "a class": (OrderedDict(a=1), "it would call collections.OrderedDict"),
    "a dictionary": ({"x": 1}, "EMPTY_DICT"),
    "objects": (np.array([None]), r"an array of type 'O8'"),
    "complex numbers": (np.zeros(2, complex), "an array of type 'c16'"),
    "records": (np.zeros(2, "i4,f4"), "an array of type 'V8'"),
    "a pair only": ((X, Y), "not of three pairs of arrays"),
    "numbers": (((1, 2), (3, 4)), "not of three pairs of arrays"),
}


@pytest.mark.parametrize("content, reason", BAD.values(), ids=BAD)
def test_what_is_no_pairs_of_arrays_is_refused(tmp_path, content, reason):
    with pytest.raises(ValueError, match=rf"own.pkl.*{reason}.* Nothing is unpickled here.*numpy.savez"):
        read(put(tmp_path, pickle.dumps(content, 2)))


DAMAGED = {
    "cut": (pickle.dumps(((X, Y), (X, Y)), 2)[:-20], "it ends too early"),
    "more follows": (pickle.dumps(((X, Y), (X, Y)), 2) + b"more", "more follows after its end"),
    "nothing to take": (b"\x80\x02\x87.", "a damaged pickle"),
    "announces much": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x00.", "own.pkl: what it announces takes .* GiB"),
    "long": (b"\x80\x02" + b"N" * 10_000 + b".", "more than 10,000 operations"),
    "shape of words": (None, "an array whose shape is a tuple"),
}


@pytest.mark.parametrize("content, reason", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_said(tmp_path, content, reason):
    if content is None:
        good = pickle.dumps(((X, Y), (X, Y)), 2)
        content = good.replace(b"K\x06K\x04\x86", b"K\x06U\x01a\x86", 1)
        assert content != good
    with pytest.raises(ValueError, match=reason) as caught:
        read(put(tmp_path, content))
    assert "own.pkl" in str(caught.value)


def test_several_pickles_are_to_be_named(tmp_path):
    content = io.BytesIO()
    pickle.dump(((X, Y), (X, Y)), content)
    put(tmp_path, content.getvalue(), "a.pkl")
    put(tmp_path, content.getvalue(), "b.pkl")
    with pytest.raises(ValueError, match="holds 2 pickles; name one of them: .*a.pkl, .*b.pkl"):
        read(tmp_path)
    assert read(tmp_path / "b.pkl").sets
