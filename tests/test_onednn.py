"""The library that takes Theano's products of matrices to oneDNN."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial import onednn

HAS_ONEDNN = (Path(sys.prefix) / "lib" / "libdnnl.so.3").exists()
needs_onednn = pytest.mark.skipif(not HAS_ONEDNN, reason="there is no oneDNN for this machine")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(onednn, "FOLDER", tmp_path)
    monkeypatch.setattr(onednn, "LIBRARY", tmp_path / "libsgemm_onednn.so")
    return tmp_path


def test_where_there_is_a_wheel_of_onednn_it_is_installed():
    assert HAS_ONEDNN == (sys.platform == "linux" and os.uname().machine == "x86_64")


@needs_onednn
def test_set_up_has_put_it_before_the_other_libraries():
    assert onednn.LIBRARY.exists()
    configuration = (Path(sys.prefix) / "theanorc").read_text()
    assert f"ldflags = {onednn.FLAG} -l" in configuration


@needs_onednn
@pytest.mark.parametrize("transposed", ["", "x", "w", "xw"])
def test_theano_multiplies_through_it(transposed):
    rng = np.random.RandomState(0)
    x, w = rng.normal(size=(20, 30)).astype("float32"), rng.normal(size=(30, 40)).astype("float32")
    a, b = T.matrices("a", "b")
    product = theano.function([a, b], T.dot(a.T if "x" in transposed else a, b.T if "w" in transposed else b))
    result = product(x.T.copy() if "x" in transposed else x, w.T.copy() if "w" in transposed else w)
    np.testing.assert_allclose(result, x @ w, rtol=1e-4, atol=1e-5)
    if theano.config.blas.ldflags.startswith(onednn.FLAG):
        assert "libdnnl" in Path("/proc/self/maps").read_text()


def compiled(folder, source, name="library.so"):
    library = folder / name
    subprocess.run(["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", library], input=source, text=True, check=True)
    return library


@needs_onednn
def test_it_is_built_and_found_right(folder, monkeypatch):
    monkeypatch.setattr(onednn, "LIBRARY", Path(sys.prefix) / "blas" / "libsgemm_test.so")
    try:
        assert onednn.build() == onednn.FLAG
        onednn.check(onednn.LIBRARY)
    finally:
        onednn.LIBRARY.unlink(missing_ok=True)
    assert not onednn.LIBRARY.with_suffix(".unfinished").exists()


def test_a_wrong_product_is_noticed(folder):
    wrong = onednn.SOURCE.replace("dnnl_sgemm(*transb", "// dnnl_sgemm(*transb")
    with pytest.raises(ArithmeticError, match="does not multiply as NumPy does"):
        onednn.check(compiled(folder, wrong))


def test_a_library_that_does_not_work_is_not_left_behind(folder, monkeypatch):
    if not HAS_ONEDNN:
        pytest.skip("there is no oneDNN for this machine")
    onednn.LIBRARY.write_text("of an earlier set-up")
    monkeypatch.setattr(onednn, "SOURCE", onednn.SOURCE.replace("dnnl_sgemm(*transb", "// dnnl_sgemm(*transb"))
    with pytest.raises(OSError, match="does not work: .*"):
        onednn.build()
    assert list(folder.iterdir()) == []


def test_without_onednn_the_reason_is_told(folder, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(folder))
    with pytest.raises(OSError, match="there is no oneDNN"):
        onednn.build()


def test_loading_tells_the_compiler_where_it_is_once(folder, monkeypatch):
    compiled(folder, "int nothing;", onednn.LIBRARY.name)
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", loaded.append)
    monkeypatch.setenv("LIBRARY_PATH", "/somewhere")
    onednn.load()
    onednn.load()
    assert os.environ["LIBRARY_PATH"] == f"{folder}:/somewhere"
    assert set(loaded) == {str(onednn.LIBRARY)}


def test_without_the_library_nothing_changes(folder, monkeypatch):
    monkeypatch.setenv("LIBRARY_PATH", "/somewhere")
    onednn.load()
    assert os.environ["LIBRARY_PATH"] == "/somewhere"
