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

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import onednn

HAS_ONEDNN = (Path(sys.prefix) / "lib" / "libdnnl.so.3").exists()
needs_onednn = pytest.mark.skipif(not HAS_ONEDNN, reason="there is no oneDNN for this machine")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    folder = tmp_path / "blas"
    folder.mkdir()
    (tmp_path / "lib").symlink_to(Path(sys.prefix) / "lib")
    monkeypatch.setattr(onednn, "FOLDER", folder)
    monkeypatch.setattr(onednn, "LIBRARY", folder / "libsgemm_onednn.so")
    return folder


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


def compiled(folder, source, name="library.so", libraries=()):
    library = folder / name
    command = ["g++", "-std=c++20", "-shared", "-fPIC", "-fopenmp", "-I", onednn.SOURCE.parent, "-x", "c++", "-"]
    command += ["-x", "none", *libraries, "-o", library]
    subprocess.run(command, input=source, text=True, check=True)
    return library


def broken(line, by="", of="sgemm.cpp"):
    """The source of the library, in one piece, with one mistake in one of its files."""
    assert onednn.SOURCE.with_name(of).read_text().count(line) == 1
    source = onednn.SOURCE.read_text()
    for header in ("blas.h", "threads.h"):
        code = onednn.SOURCE.with_name(header).read_text().replace("#pragma once", "")
        source = source.replace(f'#include "{header}"', code)
    return source.replace(line, by)


@needs_onednn
def test_it_is_built_and_found_right(folder):
    assert onednn.build() == onednn.FLAG
    onednn.check(onednn.LIBRARY)
    assert list(folder.iterdir()) == [onednn.LIBRARY]


def check(library, n_threads):
    """Whether `onednn.check` is content, in a process with this number of threads."""
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    answer = subprocess.run([sys.executable, onednn.__file__, library], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0 or "ArithmeticError: sgemm_ in" in answer.stderr, answer.stderr
    return answer.returncode == 0


@needs_onednn
@pytest.mark.parametrize("n_threads", [1, 2, 3, 4, 5])
def test_any_number_of_threads_multiplies_right(n_threads):
    assert check(onednn.LIBRARY, n_threads)


# Each alone would only be noticed where threads share a product.
MISTAKES = [
    ("part.a += transa == 'N' ? first * lda : first;", ""),  # rows
    ("part.b += transb == 'N' ? first : first * ldb;", ""),  # columns
    ("part.a += transa == 'N' ? first : first * lda;", ""),  # terms
    ("part.beta = 0;", ""),
    ("product.c[row * product.ldc + column] +=", "product.c[row * product.ldc + column] ="),
]


LIB = Path(sys.prefix) / "lib"
ONEDNN = [LIB / "libdnnl.so.3", "-Xlinker", "-rpath", "-Xlinker", LIB]


@needs_onednn
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_how_threads_share_is_noticed(folder, mistake):
    library = compiled(folder, broken(*mistake), libraries=ONEDNN)
    assert check(library, 1)
    assert not check(library, 2)


ONLY_SEEN_WITH_AVX512 = [("return k == 0 || alpha == 0;", "return k == 0;")]


@needs_onednn
@pytest.mark.parametrize(
    "mistake",
    [
        ("if (product.adds_nothing()) return product.scale();",),
        *ONLY_SEEN_WITH_AVX512,
        ("beta == 0 ? 0 : beta * *number", "beta * *number"),
        ("        return report(&PyExc_ValueError, message);", "        return;"),
    ],
    ids=["empty sums", "times 0", "nan", "errors"],
)
def test_a_mistake_in_what_onednn_is_not_asked_for_is_noticed(folder, mistake):
    if mistake in ONLY_SEEN_WITH_AVX512 and "avx512f" not in Path("/proc/cpuinfo").read_text().split():
        pytest.skip("oneDNN's code for processors without AVX-512 is right about this")
    assert not check(compiled(folder, broken(*mistake), libraries=ONEDNN), 1)


def sgemm(library, m, n, k, arrays, leading, alpha=1, beta=0):
    """Call it as Fortran would; with Python's lock where the library was loaded as a `ctypes.PyDLL`."""
    a, b, c = (array.ctypes.data_as(ctypes.c_void_p) for array in arrays)
    m, n, k, lda, ldb, ldc = (ctypes.byref(ctypes.c_int(number)) for number in (m, n, k, *leading))
    alpha, beta = (ctypes.byref(ctypes.c_float(factor)) for factor in (alpha, beta))
    library.sgemm_(b"N", b"N", m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)


SQUARES = [np.ones((2, 2), "float32") for _ in range(3)]


@needs_onednn
@pytest.mark.parametrize(
    "sizes, leading, parameter",
    [
        ((2, 2, 2), (1, 2, 2), 8),
        ((2, 2, 2), (2, 1, 2), 10),
        ((2, 2, 2), (2, 2, 1), 13),
        ((-1, 2, 2), (2, 2, 2), 3),
        ((2, -1, 2), (2, 2, 2), 4),
        ((2, 2, -1), (2, 2, 2), 5),
    ],
)
def test_a_parameter_that_makes_no_sense_is_an_error(sizes, leading, parameter):
    with pytest.raises(ValueError, match=f"BLAS cannot compute SGEMM: its parameter number {parameter} has an illegal"):
        sgemm(ctypes.PyDLL(str(onednn.LIBRARY)), *sizes, SQUARES, leading)


@needs_onednn
@pytest.mark.parametrize("sizes", [(0, 2, 2), (2, 0, 2), (0, 0, 0), (2, 2, 0)])
def test_an_empty_matrix_is_none(sizes):
    """However short its rows are said to be."""
    result = np.full((2, 2), np.nan, "float32")
    sgemm(ctypes.PyDLL(str(onednn.LIBRARY)), *sizes, [*SQUARES[:2], result], (0, 0, 2))
    assert np.isnan(result).all() if 0 in sizes[:2] else (result == 0).all()


@needs_onednn
def test_an_error_in_a_thread_that_python_knows_nothing_of_is_raised_in_the_main_thread():
    with pytest.raises(RuntimeError, match="BLAS cannot compute SGEMM"):
        sgemm(ctypes.CDLL(str(onednn.LIBRARY)), 2, 2, 2, SQUARES, (1, 2, 2))  # without Python's lock
        for _ in range(1000):  # Python looks for such errors now and then
            pass


# A oneDNN that has no memory, for the last of the parts of a product.
FAILING = """
extern "C" int dnnl_sgemm(char, char, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*, int64_t, float,
                          float*, int64_t)
{
    static std::atomic<int> calls(0);
    return ++calls % std::atoi(std::getenv("OMP_NUM_THREADS")) == 0 ? 1 : 0;
}
"""


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_of_onednn_is_one_of_python(folder, n_threads):
    library = compiled(folder, onednn.SOURCE.read_text() + FAILING)
    program = f"""
import ctypes, sys
sys.path[:0] = {[str(ROOT), str(ROOT / "tests" / "engine")]}
from test_onednn import np, sgemm
library = ctypes.PyDLL({str(library)!r})
library.threads_heed_others(0)
for m, n, k in [(20, 300, 100), (300, 20, 100), (300, 100, 20), (400, 400, 400)]:
    try:
        sgemm(library, m, n, k, [np.ones((400, 400), "float32")] * 3, (400, 400, 400))
    except RuntimeError as error:
        assert str(error).endswith("dnnl_sgemm reports status 1."), error
    else:
        raise AssertionError((m, n, k))
"""
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)


@needs_onednn
def test_steps_with_several_threads_train_as_numpy_does():
    """All that a step multiplies: forward, backward, and a gradient added to the weights in place."""
    program = """
import deeplearning_tutorial, numpy as np, theano, theano.tensor as T
rng = np.random.RandomState(0)
x, W, V = (rng.normal(size=shape).astype("float32") / 10 for shape in [(20, 300), (300, 200), (200, 100)])
data, first, second = theano.shared(x), theano.shared(W), theano.shared(V)
cost = T.sum(T.dot(T.dot(data, first), second) ** 2)
step = theano.function([], cost, updates=[(p, p - np.float32(0.01) * T.grad(cost, p)) for p in (first, second)])
for i in range(3):
    h = x @ W
    o = h @ V
    np.testing.assert_allclose(step(), (o**2).sum(), rtol=1e-4)
    W, V = W - 0.02 * x.T @ (o @ V.T), V - 0.02 * h.T @ o
    np.testing.assert_allclose(first.get_value(), W, atol=1e-5)
    np.testing.assert_allclose(second.get_value(), V, atol=1e-5)
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)


@needs_onednn
def test_a_forked_child_does_not_wait_for_its_parents_threads():
    program = """
import deeplearning_tutorial, multiprocessing, numpy as np, theano, theano.tensor as T
x, W = (theano.shared(np.ones(shape, "float32")) for shape in [(20, 300), (300, 200)])
function = theano.function([], T.dot(x, W).sum())

def product():
    return float(function())

assert product() == 20 * 300 * 200  # with threads
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.apply_async(product).get(timeout=120) == 20 * 300 * 200
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2", "THEANO_FLAGS": "device=cpu"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, timeout=120)


@needs_onednn
def test_a_library_that_does_not_work_is_not_left_behind(folder, monkeypatch):
    onednn.LIBRARY.write_text("of an earlier set-up")
    source = folder.parent / "broken.cpp"
    source.write_text(broken("beta == 0 ? 0 : beta * *number", "beta * *number"))
    monkeypatch.setattr(onednn, "SOURCE", source)
    with pytest.raises(OSError, match="does not work: .*does not multiply as NumPy does"):
        onednn.build()
    assert list(folder.iterdir()) == []


def test_without_onednn_the_reason_is_told(folder, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(folder))
    with pytest.raises(OSError, match="there is no oneDNN"):
        onednn.build()


def test_loading_tells_the_compiler_where_it_is_once(folder, monkeypatch):
    compiled(folder, "int nothing;", onednn.LIBRARY.name)
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path: loaded.append(path))  # as if an earlier version had built it
    monkeypatch.setenv("LIBRARY_PATH", "/somewhere")
    onednn.load(2)
    onednn.load(2)
    assert os.environ["LIBRARY_PATH"] == f"{folder}:/somewhere"
    assert set(loaded) == {str(onednn.LIBRARY)}


def test_without_the_library_nothing_changes(folder, monkeypatch):
    monkeypatch.setenv("LIBRARY_PATH", "/somewhere")
    onednn.load(2)
    assert os.environ["LIBRARY_PATH"] == "/somewhere"
