"""What Theano really runs on, and what is missing from this machine.

Theano falls back silently: to the CPU when there is no GPU, to interpreted Python when there is no compiler. So
nothing here trusts the configuration: each answer comes from what happened.
"""

import importlib
import importlib.metadata
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deeplearning_tutorial.engine import threads
from deeplearning_tutorial.engine.libgpuarray import DeviceError, environment, explain

# When a GPU does not start, Theano logs a traceback and goes on with the CPU. `start` says it better.
logging.getLogger("theano.gpuarray").disabled = True

import theano
import theano.gpuarray
import theano.tensor as T


@dataclass
class Check:
    """One line of `check_machine`'s answer.

    Attributes
    ----------
    what : str
    ok : bool
    found : str
    cure : str
        What to do when it is not ok.
    """

    what: str
    ok: bool
    found: str
    cure: str = ""

    def __str__(self):
        line = f"{'yes' if self.ok else 'NO ':3}  {self.what:15}  {self.found}"
        return line if self.ok else f"{line}\n     {'':15}  -> {self.cure}"


def count_gpu_operations(function):
    """How many nodes of a compiled function compute on a GPU (or another libgpuarray device).

    Those that only copy between it and the host do not count.

    Parameters
    ----------
    function : theano.compile.Function

    Returns
    -------
    int
    """
    names = [type(node.op).__name__ for node in function.maker.fgraph.toposort()]
    return sum(name.startswith(("Gpu", "GPUA")) and name != "GpuFromHost" for name in names)


def uses_gpu(function):
    """Whether any node of a compiled function computes on a GPU, as `count_gpu_operations` counts them: a bool."""
    return count_gpu_operations(function) > 0


def device_in_use():
    """Name of the device that compiled functions run on.

    Returns
    -------
    str
        ``"cpu"``, or the configured device with the name its driver gives and its memory, such as
        ``"cuda (NVIDIA H100 80GB HBM3, 79 GiB)"``.
    """
    # After a failed start theano.config.device still names the GPU; this flag does not lie.
    if not theano.gpuarray.pygpu_activated:
        return "cpu"
    context = theano.gpuarray.type.get_context(None)
    return f"{theano.config.device} ({context.devname}, {context.total_gmem / 2**30:.0f} GiB)"


def start():
    """Make sure that Theano uses the device that its configuration asks for, and prepare it for the notebooks.

    Importing this package calls it, where a GPU is asked for.

    Raises
    ------
    DeviceError
        If Theano fell back to the CPU, with the reason and the cure.
    """
    if not theano.gpuarray.pygpu_activated:
        problem, cure = explain(theano.config.device, _why_not_started())
        raise DeviceError(
            f"Theano cannot use device={theano.config.device}: {problem}.\nWhat to do: {cure}\n"
            f"It was tried with {environment()}."
        )
    # Programs started from here may use the GPU too.
    os.environ.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)
    # Theano's own FAST_COMPILE runs operations in Python, and those of a GPU have no Python version.
    theano.compile.mode.predefined_modes["FAST_COMPILE"] = theano.compile.Mode("cvm", "fast_compile")


def _why_not_started():
    """Try what Theano tried, and see it fail again."""
    try:
        importlib.import_module("pygpu")
        theano.gpuarray.use(theano.config.device)
    except Exception as error:
        return str(error)


def check_machine():
    """Look at everything the workshop needs, by using it.

    Returns
    -------
    list of Check
    """
    return [_check_versions(), _check_compiler(), _check_blas(), _check_threads(), _check_device(), _check_graphviz()]


def _check_versions():
    found = {"Python": sys.version.split()[0], "Theano": theano.__version__, "NumPy": np.__version__}
    found |= {name: importlib.metadata.version(name) for name in ["SciPy", "Matplotlib"]}
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    numpy_version = "1.23" if sys.version_info < (3, 12) else "2.4"
    ok = theano.__version__.startswith("1.0.5") and np.__version__.startswith(f"{numpy_version}.")
    return Check(
        "versions",
        ok,
        text,
        f"Theano 1.0.5 with NumPy {numpy_version} is what was tried on this Python: run scripts/setup and start with "
        "scripts/workshop.",
    )


def _check_compiler():
    cure = "install one (on Debian: apt-get install g++) and restart the kernel; without it everything is some tens of times slower."
    if not theano.config.cxx:
        return Check("C++ compiler", False, "none: Theano interprets its graphs in Python", cure)
    # The path may hold spaces, the version line is the first of several.
    try:
        version = subprocess.run([theano.config.cxx, "--version"], capture_output=True, text=True).stdout.splitlines()
    except OSError:
        version = []
    if not version:
        return Check("C++ compiler", False, f"{theano.config.cxx} does not run", cure)
    return Check("C++ compiler", True, version[0])


def _check_blas():
    flags = theano.config.blas.ldflags
    cure = (
        "install OpenBLAS (on Debian: apt-get install libopenblas-dev), then run scripts/setup and restart the kernel."
    )
    if not flags:
        return Check("BLAS", False, "none linked: matrices are multiplied through NumPy", cure)
    a = T.matrix("a")
    try:
        product = theano.function([a], T.dot(a, a))(np.eye(3, dtype=theano.config.floatX))
    except Exception as error:  # whatever the compiler or the linker says
        return Check("BLAS", False, f"{flags} does not link ({type(error).__name__})", cure)
    libraries = " ".join(flag for flag in flags.split() if flag.startswith("-l"))
    return Check("BLAS", bool(np.all(product == np.eye(3))), libraries, cure)


def _check_threads():
    return Check("threads", True, str(threads.look()))


def _check_device():
    asked, used = theano.config.device, device_in_use()
    if used.split(" ")[0] == asked:
        return Check("device", True, used if Path(sys.prefix).name == ".venv" else f"{used}, with {environment()}")
    cure = "Theano fell back to the CPU. docs/gpu.md says what each device needs."
    return Check("device", False, f"{used}, and {asked} was asked for", cure)


def _check_graphviz():
    cure = "graphs are printed as text until you install it (on Debian: apt-get install graphviz)."
    return Check("Graphviz", shutil.which("dot") is not None, "draws graphs" if shutil.which("dot") else "none", cure)
