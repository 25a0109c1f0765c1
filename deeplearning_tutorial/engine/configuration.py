"""Tells Theano which configuration to use, before it is imported, and sees that it gets its device.

The workshop's own configuration, ``theanorc.example`` and what scripts/setup found out about this machine, goes under
whatever the user has configured: a flag in ``THEANO_FLAGS``, or a file that ``THEANORC`` names, wins over it.
"""

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from deeplearning_tutorial.engine.shared_checkout import own_compile_folder, processor_type

ROOT = Path(__file__).resolve().parents[2]


def _is_written_by_setup(path):
    """Whether this is the file ``theanorc`` of an environment of ours."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().startswith("# Written by scripts/setup")
    except OSError:
        return False


def _environment():
    """The environment that this Python runs in, if scripts/setup made it; for any other Python it is ``.venv``."""
    own = Path(sys.prefix)
    return own if _is_written_by_setup(own / "theanorc") else ROOT / ".venv"


# There can be several, each with its own Python: what was found out about the machine and compiled is in there.
VENV = _environment()

# The name of the folder for compiled code: Theano's, and the type of processor, as -march=native is for no other.
COMPILEDIR_FORMAT = f"compiledir_%(short_platform)s-{processor_type()}-%(python_version)s-%(python_bitwidth)s"

# What is compiled for a GPU is in a folder of its own: of each module there, Theano reads the key when it starts, and imports for
# it all that a GPU needs.
FOR_DEVICES = "-devices"


def configure_theano(device=None):
    """Tell Theano which configuration to use, and see that it gets its device. Importing this package does it.

    Parameters
    ----------
    device : str, optional
        ``"cpu"``, ``"cuda"`` or ``"opencl0:0"``: instead of the one in ``THEANO_FLAGS`` and the files.

    Raises
    ------
    RuntimeError
        If Theano is already imported: it reads its configuration once. Or if Theano, imported now, does not start the
        device, with the reason (`device.DeviceError`).
    """
    if "theano" in sys.modules:
        raise RuntimeError("Theano is already imported and has its device: restart the kernel to choose another.")
    if device is not None:
        _add_flag("device", device)
    _put_ours_under_the_users()
    # Set in a program that uses a GPU, and inherited by all it starts, where Theano would then refuse the GPU.
    os.environ.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)
    start_device(configured("device"))


def _put_ours_under_the_users():
    """Put the workshop's Theano configuration under the user's own.

    In Theano's list of files, ``THEANORC``, a file further right wins; `THEANO_FLAGS` wins over all files. The
    workshop's files go to the left end, so that they never override anything the user has set.
    """
    ours = [ROOT / "theanorc.example", VENV / "theanorc"]  # the second is written by scripts/setup
    ours = [str(path) for path in ours if path.exists()]
    # The parent of this process may run in another environment of ours, with a BLAS and compiled code of its own.
    users = [
        path
        for path in os.environ.get("THEANORC", "~/.theanorc").split(os.pathsep)
        if path not in ours and not _is_written_by_setup(os.path.expanduser(path))
    ]
    os.environ["THEANORC"] = os.pathsep.join(ours + users)

    shared = VENV / "theano"  # which scripts/setup has put into the second file
    if configured("base_compiledir") == str(shared) and (own := own_compile_folder(shared)) != shared:
        _add_flag("base_compiledir", shlex.quote(str(own)))
    if not configured("compiledir_format"):
        _add_flag("compiledir_format", COMPILEDIR_FORMAT + ("" if configured("device") in ("", "cpu") else FOR_DEVICES))

    # Without scripts/setup nobody has made sure that there is a BLAS to link with.
    if len(ours) < 2 and not any(os.path.exists(os.path.expanduser(path)) for path in users):
        if "blas.ldflags" not in _flags() and blas_flags() != "-lopenblas":
            _add_flag("blas.ldflags", blas_flags())


def start_device(device):
    """Import Theano and make sure that it has its device. For the CPU nothing is to be done, not even that."""
    if device not in ("", "cpu"):
        if "theano" not in sys.modules:
            _choose_folders_of_kernels(device)
        from deeplearning_tutorial.engine.device import start

        start()


def _choose_folders_of_kernels(device):
    """See to the folders in which what is compiled for a device is kept, while Theano has not read its configuration."""
    from deeplearning_tutorial.engine.libgpuarray import claim_kernel_cache, folder_for_kernels

    if device.startswith("opencl"):
        claim_kernel_cache()
    if not configured("gpuarray.cache_path") and (folder := folder_for_kernels(configured("base_compiledir"))):
        _add_flag("gpuarray.cache_path", shlex.quote(str(folder)))


def configured(option):
    """What Theano will read for one of its options, as the user or this package has set it.

    Parameters
    ----------
    option : str
        ``"device"``, or with its section ``"blas.ldflags"``.

    Returns
    -------
    str
        Empty where it is not set: for the device that means the CPU.
    """
    if option in _flags():
        return _flags()[option]
    section, _, name = option.rpartition(".")
    files = configparser.RawConfigParser()
    files.read(os.path.expanduser(path) for path in os.environ.get("THEANORC", "~/.theanorc").split(os.pathsep))
    return files.get(section or "global", name, fallback="")


def _flags():
    """``THEANO_FLAGS`` as a dictionary, read as Theano reads it: the last word on an option counts."""
    words = shlex.shlex(os.environ.get("THEANO_FLAGS", ""), posix=True)
    words.whitespace, words.whitespace_split = ",", True
    pairs = (word.strip().partition("=") for word in words)
    return {option: value for option, equals, value in pairs if equals}


def _add_flag(option, value):
    flags = os.environ.get("THEANO_FLAGS", "").rstrip(",")
    os.environ["THEANO_FLAGS"] = f"{flags},{option}={value}".lstrip(",")


def blas_flags():
    """Linker flags of a BLAS library on this machine.

    Returns
    -------
    str
        ``-lopenblas`` where the compiler finds it; else the flags of the OpenBLAS inside SciPy's wheel, which needs no
        rights to install; else the empty string, with which Theano multiplies matrices through NumPy.
    """
    compiler = shutil.which("g++")
    if compiler:
        # g++ answers with a full path when it finds the file, and with the bare name when it does not.
        answer = subprocess.run([compiler, "-print-file-name=libopenblas.so"], capture_output=True, text=True).stdout
        if os.path.isabs(answer.strip()):
            return "-lopenblas"
    for folder in map(Path, sys.path):
        for library in sorted((folder / "scipy.libs").glob("libopenblas*.so")):
            return f"-L{library.parent} -l:{library.name} -Wl,-rpath,{library.parent}"
    return ""
