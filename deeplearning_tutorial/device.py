"""What Theano really runs on, and what is missing from this machine.

Theano falls back silently: to the CPU when there is no GPU, to interpreted Python when there is no compiler. So
nothing here trusts the configuration: each answer comes from what happened.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass

import matplotlib
import numpy as np
import scipy
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


def uses_gpu(function):
    """Whether any node of a compiled function runs on a GPU (or another libgpuarray device).

    Parameters
    ----------
    function : theano.compile.Function

    Returns
    -------
    bool
    """
    return any(type(node.op).__name__.startswith("Gpu") for node in function.maker.fgraph.toposort())


def device_in_use():
    """Name of the device that compiled functions run on.

    Returns
    -------
    str
        ``"cpu"``, or the configured device with the name its driver gives, such as ``"cuda (NVIDIA H100)"``.
    """
    # After a failed start theano.config.device still names the GPU; this flag does not lie.
    if not theano.gpuarray.pygpu_activated:
        return "cpu"
    context = theano.gpuarray.type.get_context(None)
    return f"{theano.config.device} ({context.devname})"


def check_machine():
    """Look at everything the workshop needs, by using it.

    Returns
    -------
    list of Check
    """
    return [_check_versions(), _check_compiler(), _check_blas(), _check_device(), _check_graphviz()]


def _check_versions():
    found = [
        (name, module.__version__)
        for name, module in [("Theano", theano), ("NumPy", np), ("SciPy", scipy), ("Matplotlib", matplotlib)]
    ]
    text = f"Python {sys.version.split()[0]}, " + ", ".join(f"{name} {version}" for name, version in found)
    ok = theano.__version__.startswith("1.0.5") and np.__version__.startswith("1.23.")
    return Check(
        "versions",
        ok,
        text,
        "Theano 1.0.5 works with NumPy 1.23: run scripts/setup and start with scripts/workshop.",
    )


def _check_compiler():
    cure = "install one (on Debian: apt-get install g++) and restart the kernel; without it everything is some tens of times slower."
    if not theano.config.cxx:
        return Check("C++ compiler", False, "none: Theano interprets its graphs in Python", cure)
    # The path may hold spaces, the version line is the first of several.
    try:
        version = subprocess.run(
            [theano.config.cxx, "--version"], capture_output=True, text=True
        ).stdout.splitlines()
    except OSError:
        version = []
    if not version:
        return Check("C++ compiler", False, f"{theano.config.cxx} does not run", cure)
    return Check("C++ compiler", True, version[0])


def _check_blas():
    flags = theano.config.blas.ldflags
    cure = "install OpenBLAS (on Debian: apt-get install libopenblas-dev), then run scripts/setup and restart the kernel."
    if not flags:
        return Check("BLAS", False, "none linked: matrices are multiplied through NumPy", cure)
    a = T.matrix("a")
    try:
        product = theano.function([a], T.dot(a, a))(np.eye(3, dtype=theano.config.floatX))
    except Exception as error:  # whatever the compiler or the linker says
        return Check("BLAS", False, f"{flags} does not link ({type(error).__name__})", cure)
    libraries = " ".join(flag for flag in flags.split() if flag.startswith("-l"))
    return Check("BLAS", bool(np.all(product == np.eye(3))), libraries, cure)


def _check_device():
    asked, used = theano.config.device, device_in_use()
    if used.split(" ")[0] == asked:
        return Check("device", True, used)
    cure = 'Theano fell back to the CPU. README.md, "On a GPU", says what each device needs.'
    return Check("device", False, f"{used}, and {asked} was asked for", cure)


def _check_graphviz():
    cure = "graphs are printed as text until you install it (on Debian: apt-get install graphviz)."
    return Check(
        "Graphviz", shutil.which("dot") is not None, "draws graphs" if shutil.which("dot") else "none", cure
    )
