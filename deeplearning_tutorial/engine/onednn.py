r"""Products of matrices through oneDNN, for Theano: on a CPU nearly all the time of training is spent in them.

Theano multiplies matrices with BLAS's function ``sgemm_``, and takes it from the libraries that its flag ``blas.ldflags``
names. OpenBLAS is at its best when all sizes are large. In a network one of them is the mini-batch, 20 or 100 examples,
and there oneDNN needs up to half the time: it writes machine code for the very sizes it meets. Its function takes the same
arguments another way, and rows first; so a library of one function, sgemm.cpp, passes them on, and stands before
OpenBLAS, which does the rest::

    [blas]
    ldflags = -lsgemm_onednn -lopenblas

With several threads, that function also sees to it that each of them keeps its own part of a weight matrix, and that none
waits for another in vain: threads.h. What OpenBLAS does is under the same rule.

`build` compiles that library into the environment, beside the oneDNN that requirements.txt brings, and tries it; scripts/setup
calls it. Where there is no oneDNN for a machine, there is no such library, and nothing changes. `scripts/benchmark` measures
what it is worth.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

FLAG = "-lsgemm_onednn"
FOLDER = Path(sys.prefix) / "blas"
LIBRARY = FOLDER / "libsgemm_onednn.so"
SOURCE = Path(__file__).with_name("sgemm.cpp")

_library = None


def load(n_threads):
    """Make the library known, if there is one: to the compiler by its folder, and to this process by loading it.

    Theano's linker flags are split at spaces, so that no path can stand in them.

    Parameters
    ----------
    n_threads : int
        How many threads it may use at most.
    """
    global _library
    if not LIBRARY.exists():
        return
    folders = os.environ.get("LIBRARY_PATH", "").split(os.pathsep)
    if str(FOLDER) not in folders:
        os.environ["LIBRARY_PATH"] = os.pathsep.join([str(FOLDER), *filter(None, folders)])
    # What Theano compiles asks for it by its name, and the system's linker then takes the one that is loaded.
    library = ctypes.CDLL(str(LIBRARY))
    if hasattr(library, "threads_use_at_most"):  # not so where an earlier version of this module has built it
        library.threads_others.restype = ctypes.c_double
        library.threads_use_at_most(n_threads)
        _library = library


def loaded():
    """The library, if this process has it, else None."""
    return _library


def build(openblas="-lopenblas"):
    """Compile the library and try it.

    Parameters
    ----------
    openblas : str
        The flags that link OpenBLAS.

    Returns
    -------
    str
        What to put before the other flags in ``blas.ldflags``.

    Raises
    ------
    OSError
        If there is no oneDNN, no compiler, or the library does not multiply as NumPy does; nothing is left behind then.
    """
    onednn = Path(sys.prefix) / "lib" / "libdnnl.so.3"
    if not onednn.exists():
        raise OSError("there is no oneDNN in the environment.")
    FOLDER.mkdir(exist_ok=True)
    LIBRARY.unlink(missing_ok=True)
    unfinished = LIBRARY.with_suffix(".unfinished")
    command = ["g++", "-std=c++20", "-O3", "-fopenmp", "-shared", "-fPIC", str(SOURCE), str(onednn)]
    command += ["-Wl,--no-as-needed", *openblas.split()]
    # The loader finds oneDNN from where the library is, also after the folder was moved.
    command += [f"-Wl,-soname,{LIBRARY.name}", "-Wl,-rpath,$ORIGIN/../lib", "-o", str(unfinished)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        # In a process of its own: a processor that it cannot serve would end this one.
        subprocess.run([sys.executable, __file__, str(unfinished)], check=True, capture_output=True, text=True)
        unfinished.rename(LIBRARY)
    except subprocess.CalledProcessError as error:
        last_words = error.stderr.strip().splitlines()[-1:] or [f"exit status {error.returncode}"]
        raise OSError(f"the library for oneDNN does not work: {last_words[0]}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return FLAG


def check(library):
    """Multiply matrices with a library's ``sgemm_``, each as it is and transposed, and compare with NumPy.

    Raises
    ------
    ArithmeticError
        If a result is another one, or an error of BLAS is not one of Python.
    """
    import numpy as np

    library = ctypes.PyDLL(str(library))
    library.threads_heed_others(0)  # all its threads, also where set-up runs beside other programs
    sgemm = library.sgemm_
    rng = np.random.RandomState(0)

    def multiply(transa, transb, alpha, a, b, beta, c, k, lda=None):
        numbers = [
            ctypes.byref(ctypes.c_int(n))
            for n in (*c.shape, k, max(1, len(a)) if lda is None else lda, max(1, len(b)), len(c))
        ]
        factors = [ctypes.byref(ctypes.c_float(factor)) for factor in (alpha, beta)]
        a, b, c = (array.ctypes.data_as(ctypes.c_void_p) for array in (a, b, c))
        sgemm(transa, transb, *numbers[:3], factors[0], a, numbers[3], b, numbers[4], factors[1], c, numbers[5])

    # Small, and large enough for threads to share: a mini-batch of 20 in each of the three places. And an empty sum.
    # And a large batch, whose sums threads share.
    for m, n, k in [(20, 40, 30), (20, 300, 100), (300, 20, 100), (300, 100, 20), (20, 40, 0), (300, 280, 300)]:
        for transa, transb in [(b"N", b"N"), (b"T", b"N"), (b"N", b"T"), (b"T", b"T")]:
            a = rng.normal(size=(m, k) if transa == b"N" else (k, m)).astype("float32", order="F")
            b = rng.normal(size=(k, n) if transb == b"N" else (n, k)).astype("float32", order="F")
            product = (a if transa == b"N" else a.T) @ (b if transb == b"N" else b.T)
            for alpha, beta in [(0.5, 2), (0.5, 0), (0, 2), (0, 0)]:
                c = rng.normal(size=(m, n)).astype("float32", order="F")
                wanted = alpha * product + beta * c
                if beta == 0:
                    c[:] = np.nan  # it must not be read
                multiply(transa, transb, alpha, a, b, beta, c, k)
                if not np.allclose(c, wanted, atol=1e-3):
                    raise ArithmeticError(f"sgemm_ in {library._name} does not multiply as NumPy does.")
    try:
        multiply(b"N", b"N", 1, a, a, 0, np.zeros((20, 40), "float32", order="F"), 20, lda=4)  # of rows that overlap
    except ValueError:
        return
    raise ArithmeticError(f"sgemm_ in {library._name} does not report an error.")


if __name__ == "__main__":
    check(sys.argv[1])
