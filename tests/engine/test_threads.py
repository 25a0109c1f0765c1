"""How many threads compute, and how they wait."""

import contextlib
import ctypes
import math
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from test_onednn import HAS_ONEDNN, ONEDNN, broken, compiled, needs_onednn, sgemm

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import onednn, threads

# How many -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def processors(monkeypatch):
    def have(n, quota=math.inf, wanted=None):
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(n)))
        monkeypatch.setattr(threads, "cpu_quota", lambda: quota)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if wanted is not None:
            monkeypatch.setenv("OMP_NUM_THREADS", wanted)

    return have


@pytest.mark.parametrize(
    "n, quota, wanted, most, reason",
    [
        (4, math.inf, None, 4, "4 processors"),
        (1, math.inf, None, 1, "1 processor"),
        (8, 2.0, None, 2, "this container may use 2 of 8 processors"),
        (8, 1.5, None, 2, "this container may use 1.5 of 8 processors"),
        (8, 0.25, None, 1, "this container may use 0.25 of 8 processors"),
        (2, 16.0, None, 2, "2 processors"),
        (8, 4.0, "3", 3, "OMP_NUM_THREADS=3"),
        (8, 2.0, "4", 2, "this container may use 2 of 8 processors"),
        (2, math.inf, "1,2", 1, "OMP_NUM_THREADS=1"),
        (2, math.inf, "many", 2, "2 processors"),
        (2, math.inf, "0", 2, "2 processors"),
    ],
)
def test_as_many_threads_as_there_are_processors_for(processors, n, quota, wanted, most, reason):
    processors(n, quota, wanted)
    assert threads.at_most() == (most, reason)


def control_groups(tmp_path, groups, files):
    (tmp_path / "cgroup").write_text(groups)
    for name, text in files.items():
        file = tmp_path / "fs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return threads.cpu_quota(tmp_path / "cgroup", tmp_path / "fs")


@pytest.mark.parametrize(
    "groups, files, quota",
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "200000 100000\n"}, 2),
        ("0::/a/b\n", {"a/b/cpu.max": "50000 100000\n", "a/cpu.max": "200000 100000\n"}, 0.5),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, math.inf),
        ("0::/a\n", {"a/cpu.max": "nonsense\n"}, math.inf),
        (
            "5:memory:/m\n3:cpu,cpuacct:/c\n0::/\n",
            {"cpu,cpuacct/c/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/c/cpu.cfs_period_us": "100000\n"},
            3,
        ),
        ("3:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ("0::/nowhere\n", {}, math.inf),
    ],
)
def test_a_container_s_share_of_the_processors_is_read(tmp_path, groups, files, quota):
    assert control_groups(tmp_path, groups, files) == quota


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert threads.cpu_quota(tmp_path / "none", tmp_path) == math.inf


# While others compute -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def programs_that_compute(n):
    # They end by themselves should this one be killed.
    program = "import time; end = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(n)]
    time.sleep(0.5)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def in_a_process(code, **environment):
    environment = {**os.environ, "OMP_NUM_THREADS": "2", **environment}
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests' / 'engine')!r})\n{code}"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


# What threads.look() says where other programs take all processors. The library may be another one.
LOOK = """
import ctypes
from deeplearning_tutorial.engine import onednn, threads
if {library!r}:
    onednn._library = ctypes.CDLL({library!r})
    onednn._library.threads_others.restype = ctypes.c_double
print(threads.look())
"""

needs_two_processors = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor")


@needs_onednn
@needs_two_processors
def test_fewer_threads_compute_while_other_programs_take_the_processors():
    with programs_that_compute(2 * len(os.sched_getaffinity(0))):
        said = in_a_process(LOOK.format(library=""))
    assert said.startswith("1 of 2 (") and "this machine is busy, other programs use" in said


@needs_onednn
@needs_two_processors
def test_a_library_that_does_not_look_is_noticed(tmp_path):
    blind = compiled(
        tmp_path, broken("limit + A_THIRD - others->processors()", "limit", of="threads.h"), libraries=ONEDNN
    )
    with programs_that_compute(2 * len(os.sched_getaffinity(0))):
        said = in_a_process(LOOK.format(library=str(blind)))
    assert said.startswith("2 (")


def test_without_the_library_nobody_looks(monkeypatch, processors):
    processors(4)
    monkeypatch.setattr(onednn, "_library", None)
    assert str(threads.look()) == "4 (4 processors)"


def test_what_is_said_of_a_busy_machine():
    said = str(threads.Threads(1, 2, "2 processors", 1.63))
    assert said == "1 of 2 (2 processors): this machine is busy, other programs use 1.6 processors"


# How they wait --------------------------------------------------------------------------------------------------------

# Seconds that a thousand small products take with two threads that have one processor between them: nobody else is there to
# be waited for. And with one thread.
ONE_PROCESSOR = """
import ctypes, os, time
from test_onednn import np, sgemm
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
library = ctypes.PyDLL({library!r})
library.threads_heed_others(0)
a, b, c = (np.ones(shape, "float32") for shape in [(100, 784), (784, 20), (100, 20)])
def product():
    sgemm(library, 100, 20, 784, [a, b, c], (100, 784, 100))
product()
begin = time.perf_counter()
for _ in range(1000):
    product()
print(time.perf_counter() - begin)
"""


def slowdown(library):
    """How many times as long it takes with a second thread that gets no processor: the least of three."""
    code = ONE_PROCESSOR.format(library=str(library))
    return min(
        float(in_a_process(code)) / float(in_a_process(code, OMP_NUM_THREADS="1", GOMP_SPINCOUNT="0")) for _ in range(3)
    )


@needs_onednn
@pytest.mark.slow(11)
def test_nobody_waits_for_a_thread_that_gets_no_processor():
    assert slowdown(onednn.LIBRARY) < 5


@needs_onednn
@pytest.mark.slow(16)
def test_a_library_that_waits_is_noticed(tmp_path):
    """Each thread keeps its own part, and nobody takes it."""
    taking = "const int part = std::countr_zero(mine_and_after ? mine_and_after : left);"
    waiting = broken(taking, "if (!(left >> first & 1)) return; const int part = first;", of="threads.h")
    assert slowdown(compiled(tmp_path, waiting, libraries=ONEDNN)) > 5


@needs_onednn
def test_threads_of_the_program_that_multiply_at_once_get_what_is_right(request):
    """One of them has the others' help, and the rest do without."""
    rng = np.random.RandomState(0)
    library = ctypes.CDLL(str(onednn.LIBRARY))  # without Python's lock
    library.threads_heed_others(0)
    request.addfinalizer(lambda: library.threads_heed_others(1))
    a, b = rng.normal(size=(784, 300)).astype("float32"), rng.normal(size=(20, 784)).astype("float32")
    results = [np.zeros((20, 300), "float32") for _ in range(4)]

    def multiply(result):
        for _ in range(200):
            result[:] = np.nan
            sgemm(library, 300, 20, 784, [a, b, result], (300, 784, 300))

    at_once = [threading.Thread(target=multiply, args=[result]) for result in results]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join()
    for result in results:
        np.testing.assert_allclose(result, b @ a, rtol=1e-3, atol=1e-3)


@needs_onednn
def test_openblas_is_under_the_same_rule():
    """Beside others it is told to use one thread, and again two when they have ended."""
    said = in_a_process(
        """
import deeplearning_tutorial, ctypes, numpy as np, subprocess, sys, theano, theano.tensor as T, time
from test_threads import programs_that_compute
m, v = theano.shared(np.ones((300, 300))), theano.shared(np.ones(300))
product = theano.function([], T.dot(m, v).sum())
names = [line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line and "numpy" not in line]
libraries = [ctypes.CDLL(name) for name in set(names)]
asked = [getattr(library, name) for library in libraries
         for name in ["openblas_get_num_threads", "scipy_openblas_get_num_threads"] if hasattr(library, name)]
def threads_after_a_while():
    for _ in range(8):
        assert product() == 90000
        time.sleep(0.1)
    return min(ask() for ask in asked)
with programs_that_compute(4):
    print(threads_after_a_while())
"""
    )
    assert said.strip() == "1"


def test_there_is_a_library_where_there_is_onednn():
    assert (onednn.loaded() is not None) == HAS_ONEDNN


# What a product comes to, in all its digits, whatever `threads_heed_others` is told while others compute.
SAME_DIGITS = """
import ctypes, time
from test_onednn import np, sgemm
library = ctypes.PyDLL({library!r})
library.threads_others.restype = ctypes.c_double
rng = np.random.RandomState(0)
def products():
    for m, n, k in [(100, 20, 784), (500, 20, 784), (784, 20, 100), (100, 784, 20), (300, 300, 300)]:
        a, b, c = (rng.normal(size=shape).astype("float32") for shape in [(m, k), (k, n), (m, n)])
        sgemm(library, m, n, k, [a, b, c], (m, k, m))
        yield c
rng.seed(0)
library.threads_heed_others(0)
quiet = list(products())
rng.seed(0)
library.threads_heed_others(1)
library.threads_others()
time.sleep(0.3)
assert library.threads_now() == 1, library.threads_others()
print(all((a == b).all() for a, b in zip(quiet, products())))
"""


@needs_onednn
@needs_two_processors
def test_no_digit_depends_on_what_other_programs_do():
    with programs_that_compute(2 * len(os.sched_getaffinity(0))):
        assert in_a_process(SAME_DIGITS.format(library=str(onednn.LIBRARY))) == "True\n"


@needs_onednn
@needs_two_processors
def test_digits_that_depend_on_it_are_noticed(tmp_path):
    source = broken(
        "return {limit, is_much ? std::min(limit, 2 * free) : free, BUSY}", "return {free, free, BUSY}", of="threads.h"
    )
    library = compiled(tmp_path, source, libraries=ONEDNN)
    with programs_that_compute(2 * len(os.sched_getaffinity(0))):
        assert in_a_process(SAME_DIGITS.format(library=str(library))) == "False\n"
