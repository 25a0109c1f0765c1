"""What a notebook's kernel gives back to the system while nothing is computed: after each cell.

Data that are mapped from a file need not stay in the kernel's memory: the system has them in its cache, for all who use them,
and hands them out again, quickly, when the next cell reads them. So are the large arrays that a function of Theano keeps from one call
to the next, and makes anew in the first one of a cell; and what arrays of a cell have left behind, of which the C library
otherwise keeps much for arrays to come.

Nothing that a program can see changes. While a thread of the reader's own runs, which might compute at that moment, all stays.
"""

import ctypes
import gc
import mmap
import os
import sys
import threading
import weakref

import numpy as np

# An entry of /proc/self/pagemap, 64 bits for each page, by the documentation of Linux (admin-guide/mm/pagemap).
PAGEMAP = "/proc/self/pagemap"
PRESENT, SWAPPED, OF_A_FILE = (np.uint64(1 << bit) for bit in (63, 62, 61))

# Python looks for garbage by itself, but by the number of objects and not by their size. It takes a third of a second with all
# of Theano, so that it is done where so many bytes have come.
COLLECT_FROM = 16 * 2**20

LARGE = 2**18  # bytes of an array that is worth the trouble

_least = 0  # bytes of this process after it was done last, or fewer since
_mapped = weakref.WeakSet()
_others = weakref.WeakSet(threading.enumerate())  # threads of the kernel itself, which were there before the reader's


def give_back_when_idle(memory):
    """After each cell, take the pages of a mapped file out of this process.

    Parameters
    ----------
    memory : mmap.mmap
        A private mapping of a whole file (``ACCESS_COPY``). As soon as a page of it has been written to, it stays as it is.
    """
    _mapped.add(memory)
    give_back_after_each_cell()


def give_back_after_each_cell():
    """Have IPython call `give_back`, where this is a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell and give_back not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", give_back)


def give_back(result=None):
    """Give back what is not needed until the next cell. `result` is what IPython tells of the last one."""
    global _least
    if not all(thread in _others or _only_draws(thread) for thread in threading.enumerate()):
        return
    for memory in _mapped:
        if not is_written(memory):
            memory.madvise(mmap.MADV_DONTNEED)
    _trim()
    if resident() > _least + COLLECT_FROM:
        _free_arrays_between_operations()
        gc.collect()  # functions that nobody has any more refer to each other, and to arrays
        _trim()
        _least = resident()
    _least = min(_least, resident())


def _free_arrays_between_operations():
    """Of Theano's functions. `Function.free` is meant for it, and frees the shared variables, too."""
    theano = sys.modules.get("theano")
    for function in gc.get_objects() if theano else []:
        if type(function) is not theano.compile.function_module.Function or getattr(function.fn, "allow_gc", True):
            continue
        for variable, storage in function.fn.storage_map.items():
            if variable.owner is not None and isinstance(storage[0], np.ndarray) and storage[0].nbytes >= LARGE:
                storage[0] = None  # as before the first call


def _trim():
    """Give back what is free among arrays that the C library keeps together."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # of the GNU C library
        trim(0)


def resident():
    """Memory of this process in bytes, with what it shares."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE


def _only_draws(thread):
    """tqdm's thread, which moves progress bars."""
    return type(thread).__module__.partition(".")[0] == "tqdm"


def is_written(memory):
    """Whether a private mapping has pages of its own, that are not the file's any more; True where the system does not say.

    Parameters
    ----------
    memory : mmap.mmap
    """
    size = mmap.PAGESIZE
    address = np.frombuffer(memory, np.uint8).ctypes.data
    n_pages = -(-len(memory) // size)
    try:
        with open(PAGEMAP, "rb", buffering=0) as file:
            entries = np.frombuffer(os.pread(file.fileno(), 8 * n_pages, address // size * 8), np.uint64)
    except OSError:
        return True
    own = (entries & SWAPPED != 0) | ((entries & PRESENT != 0) & (entries & OF_A_FILE == 0))
    return len(entries) < n_pages or bool(own.any())
