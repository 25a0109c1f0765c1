"""What makes a library of 2020 work, and work fast, on a machine of today: the workshop's engine room.

Whoever learns here need not read it. `mlp.py` and its neighbours, one floor up, are the workshop; they use Theano as if
it were new, and ask this package only for what is imported below.

When somebody types ``import deeplearning_tutorial``, its parts act in this order::

    import deeplearning_tutorial
     │
     ├─ compatibility      Theano's modules will be read with what this Python and this NumPy need
     ├─ onednn             the library that multiplies matrices is loaded (sgemm.cpp, built by scripts/setup)
     │   └─ threads            how many threads that may be (threads.h: how they wait)
     ├─ import_hook        waits for Theano
     ├─ configuration      Theano will read theanorc.example, then .venv/theanorc, then the user's own files and flags
     │   └─ shared_checkout   who cannot write into .venv gets a folder of their own for compiled code
     └─ device             only where a GPU is asked for: Theano is imported now, and must start it, or say why not
         └─ libgpuarray       which devices are here, and what the others lack

    import theano
     │
     ├─ compilation        once theano.gof is there: compiled code is found again, and nobody waits long
     ├─ precompilation     once all of theano is there: what a graph lacks is compiled at once, on all cores
     ├─ corrections        once all of theano is there: what it computes wrongly is computed right
     ├─ rewrites           likewise: fewer passes over memory in training
     ├─ convolution        likewise: images in blocks of eight, for convolutional networks
     │   └─ scalar_code        what these two can make into one loop
     └─ random_streams     whenever theano.sandbox.rng_mrg is imported: random numbers are drawn in vectors

Where Theano was imported first, the parts of the second picture act at once.

Each part is one file, or a folder, which begins by saying what is wrong or slow without it. Delete compilation, precompilation,
corrections, convolution, random_streams or rewrites, or the library that is built from sgemm.cpp, and everything still runs,
slower or with Theano's fault back.

Nothing in here imports anything of the workshop, so that it serves programs that never heard of it.
"""

import importlib
import sys

from deeplearning_tutorial.engine import compatibility, configuration, import_hook, onednn, threads
from deeplearning_tutorial.engine.configuration import ROOT, blas_flags, configure_theano, configured

__all__ = ["ROOT", "blas_flags", "configure_theano", "configured", "start"]

PYTHONS = [(3, 11), (3, 12), (3, 13), (3, 14)]

# The rest of the door. These modules import Theano, or take a while, and so are imported when first used.
_LATER = {
    "Check": "device",
    "check_machine": "device",
    "count_gpu_operations": "device",
    "device_in_use": "device",
    "uses_gpu": "device",
    "Device": "libgpuarray",
    "DeviceError": "libgpuarray",
    "driver_version": "libgpuarray",
    "environment": "libgpuarray",
    "find_devices": "libgpuarray",
    "try_device": "libgpuarray",
}
__all__ += _LATER


def __getattr__(name):
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def start():
    """Do all of it. Importing `deeplearning_tutorial` calls it.

    Raises
    ------
    ImportError
        If this Python is none that Theano 1.0.5 works with.
    DeviceError
        If a GPU is asked for, and Theano does not get it.
    """
    if sys.version_info[:2] not in PYTHONS:
        raise ImportError(
            f"deeplearning_tutorial needs Python 3.11 to 3.14, and this is Python {sys.version.split()[0]}. scripts/setup "
            "finds or installs the right one."
        )
    compatibility.install()
    onednn.load(threads.at_most()[0])
    import_hook.install()
    if "theano" not in sys.modules:
        configure_theano()
    else:  # imported by others, or by us when the device did not start, and someone tries again
        configuration.start_device(sys.modules["theano"].config.device)
