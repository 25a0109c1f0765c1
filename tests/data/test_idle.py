"""What a kernel gives back after a cell, and what it must not."""

import gc
import mmap
import re
import sys
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import theano
import theano.tensor as T
from IPython.core.events import EventManager, available_events
from numpy.testing import assert_array_equal

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import idle, loading
from deeplearning_tutorial.data.download import DATA_FOLDER
from scripts.notebooks.client import notebook_client

NUMBERS = np.arange(2**18, dtype=np.float32)  # 1 MiB


@pytest.fixture(autouse=True)
def only_threads_of_the_kernel(monkeypatch):
    """Threads that other tests have left behind are none of the reader's."""
    monkeypatch.setattr(idle, "_others", weakref.WeakSet(threading.enumerate()))


@pytest.fixture
def memory(tmp_path):
    """A mapped file of `NUMBERS`, all of them read."""
    NUMBERS.tofile(tmp_path / "numbers")
    with open(tmp_path / "numbers", "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    numbers_in(memory).sum()
    return memory


def numbers_in(memory):
    return np.frombuffer(memory, np.float32)


def in_memory(memory):
    """How many bytes of a mapping this process has in memory, as Linux tells it."""
    start = numbers_in(memory).ctypes.data
    text = Path("/proc/self/smaps").read_text()
    inside = re.search(rf"^{start:x}-.*?^Rss: +(\d+) kB", text, re.M | re.S)
    return 1024 * int(inside[1])


def test_pages_that_were_only_read_are_given_back_and_can_be_read_again(memory):
    idle.give_back_when_idle(memory)
    assert in_memory(memory) == NUMBERS.nbytes
    idle.give_back()
    assert in_memory(memory) == 0
    assert_array_equal(numbers_in(memory), NUMBERS)
    assert in_memory(memory) == NUMBERS.nbytes


def test_what_was_written_stays(memory):
    idle.give_back_when_idle(memory)
    assert not idle.is_written(memory)
    numbers_in(memory)[70_000] = -1
    assert idle.is_written(memory)
    for _ in range(2):
        idle.give_back()
    assert numbers_in(memory)[70_000] == -1
    numbers_in(memory)[70_000] = 70_000
    assert_array_equal(numbers_in(memory), NUMBERS)


@pytest.mark.parametrize("pagemap", ["/proc/self/no-pagemap", "/dev/null"])
def test_where_the_system_does_not_say_what_was_written_all_stays(memory, monkeypatch, pagemap):
    monkeypatch.setattr(idle, "PAGEMAP", pagemap)
    assert idle.is_written(memory)
    idle.give_back_when_idle(memory)
    idle.give_back()
    assert in_memory(memory) == NUMBERS.nbytes


def test_nothing_is_given_back_while_a_thread_of_the_readers_own_may_write(memory):
    idle.give_back_when_idle(memory)
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    idle.give_back()
    assert in_memory(memory) == NUMBERS.nbytes
    end.set()
    thread.join()
    idle.give_back()
    assert in_memory(memory) == 0


def test_a_mapping_ends_with_the_last_array():
    memory = mmap.mmap(-1, 4096)
    idle.give_back_when_idle(memory)
    gone = weakref.ref(memory)
    del memory
    assert gone() is None


class Cycle:
    def __init__(self, n_bytes):
        self.numbers, self.me = np.ones(n_bytes, np.uint8), self


@pytest.mark.parametrize("n_bytes, goes", [(2 * idle.COLLECT_FROM, True), (2**20, False)])
def test_garbage_is_looked_for_where_much_has_come(monkeypatch, n_bytes, goes):
    gc.collect()
    idle.give_back()
    monkeypatch.setattr(idle, "_least", idle.resident())
    gc.disable()
    try:
        gone = weakref.ref(Cycle(n_bytes))
        idle.give_back()
        assert (gone() is None) == goes
    finally:
        gc.enable()


def arrays_between_operations(function):
    return [
        storage[0].nbytes
        for variable, storage in function.fn.storage_map.items()
        if variable.owner is not None and isinstance(storage[0], np.ndarray)
    ]


def softmax_regression():
    """A function that takes a step, the parameters, and a function without updates whose result somebody keeps."""
    rng = np.random.RandomState(0)
    x = theano.shared(rng.rand(10_000, 20).astype("float32"))
    W = theano.shared(np.zeros((20, 10), dtype="float32"))
    p = T.nnet.softmax(T.dot(x, W))
    cost = -T.mean(T.log(p[:, 0]))
    return theano.function([], cost, updates=[(W, W - np.float32(0.1) * T.grad(cost, W))]), W, theano.function([], p)


@pytest.mark.slow(10)
def test_functions_of_theano_give_back_their_arrays_where_much_has_come(monkeypatch):
    step, *_ = softmax_regression()
    step()
    assert max(arrays_between_operations(step)) >= idle.LARGE  # or this would test nothing
    monkeypatch.setattr(idle, "_least", idle.resident())
    idle.give_back()
    assert max(arrays_between_operations(step)) >= idle.LARGE
    monkeypatch.setattr(idle, "_least", 0)
    idle.give_back()
    assert max(arrays_between_operations(step), default=0) < idle.LARGE


def test_what_functions_compute_does_not_depend_on_it():
    results = []
    for give_back in (lambda: None, idle._free_arrays_between_operations):
        step, W, probabilities = softmax_regression()
        costs = []
        for _ in range(4):
            costs.append(float(step()))
            give_back()
        results.append((costs, W.get_value(), probabilities()))
    assert results[0][0] == results[1][0]
    assert_array_equal(results[0][1], results[1][1])
    assert_array_equal(results[0][2], results[1][2])


@pytest.mark.slow(15)
def test_functions_with_a_loop_compute_on():
    x = T.matrix("x")
    total, _ = theano.scan(lambda row, so_far: so_far + row, sequences=x, outputs_info=T.zeros_like(x[0]))
    function = theano.function([x], [total[-1], T.exp(x).sum()])
    values = np.random.RandomState(0).rand(500, 300).astype("float32")
    expected = [result.copy() for result in function(values)]
    for _ in range(3):
        idle._free_arrays_between_operations()
        for result, before in zip(function(values), expected):
            assert_array_equal(result, before)


def test_a_notebook_calls_it_after_each_cell_once(monkeypatch):
    shell = SimpleNamespace(events=EventManager(None, available_events))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    for _ in range(2):
        idle.give_back_after_each_cell()
    assert shell.events.callbacks["post_run_cell"] == [idle.give_back]


def test_elsewhere_nothing_calls_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    idle.give_back_after_each_cell()
    monkeypatch.delitem(sys.modules, "IPython")
    idle.give_back_after_each_cell()


# A kernel -----------------------------------------------------------------------------------------------------------

OWN = "import psutil\nprint(psutil.Process().memory_full_info().uss)"
CELLS = [
    "from deeplearning_tutorial.data import load_data\n"
    "import theano, theano.tensor as T\n"
    "a = theano.shared(theano._asarray([[1]], 'float32'))\n"
    "theano.function([], T.sum(a, dtype='float64'))()",  # what is compiled stays, and is none of the digits
    OWN,
    "(x, y), _, _ = load_data('mnist')\n"
    "total = theano.function([], T.sum(x, dtype='float64'))\n"
    "print(float(total()) * 256, len(x.get_value()))",  # a copy, too, which nobody keeps
    OWN,
    "pixels = x.get_value(borrow=True)\npixels += 1",
    OWN,
]


@pytest.mark.slow(12)
def test_a_kernel_that_has_read_all_digits_holds_none():
    if loading._stored_mnist(DATA_FOLDER)[0] != "mnist":
        pytest.skip("the full MNIST is not in data/mnist: run scripts/setup --data")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook_client(notebook, ROOT).execute()
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    assert "1309089051.0 50000" in printed[2]
    before, read, written = (int(printed[number]) for number in (1, 3, 5))
    assert read - before < 10 * 2**20  # all are 209 MiB
    assert written - read > 140 * 2**20  # and 150 MiB that are the kernel's own would be seen
