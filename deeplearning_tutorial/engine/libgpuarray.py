"""Which devices libgpuarray can start on this machine, and what the others lack.

>>> from deeplearning_tutorial.engine.libgpuarray import try_device
>>> print(try_device("cuda"))
cuda         yes  NVIDIA H100 80GB HBM3, 79 GiB

libgpuarray is the library through which Theano reaches a GPU, and pygpu is its Python part. It opens the libraries of a
driver by name when a device starts, so nothing is known about a device before it is tried. It is tried in a process of
its own here: that leaves Theano alone, and a driver that aborts ends that process only.

pygpu is for Python 3.11. Where the workshop's environment, ``.venv``, has a newer Python, scripts/setup makes a second one for
devices, ``.venv-gpu``. `environment` says which one this is.

``python -m deeplearning_tutorial.engine.libgpuarray`` prints all devices; ``scripts/setup --gpu`` ends with that.
"""

import argparse
import contextlib
import ctypes
import fcntl
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deeplearning_tutorial.engine.shared_checkout import cache_folder

ROOT = Path(__file__).resolve().parents[2]

# Uses the device as Theano will: a kernel is compiled, and a matrix multiplied. `sys.argv[1]` is its name.
PROBE = """
import json, sys
import numpy as np, pygpu, pygpu.blas, pygpu.elemwise
context = pygpu.init(sys.argv[1])
a = pygpu.asarray(np.eye(2, dtype="float32"), context=context)
a = pygpu.elemwise.elemwise2(a, "+", a, a)
product = np.asarray(pygpu.blas.gemm(1, a, a, 0, a))
assert (product == 4 * np.eye(2)).all(), f"it computes 2 I times 2 I as {product}"
print(json.dumps([context.devname, context.total_gmem]))
"""
NVIDIA = {
    "libcuda.so": "NVIDIA's driver",
    "libnvrtc.so": "CUDA's run-time compiler NVRTC",
    "libcublas.so": "CUDA's matrix library cuBLAS",
}


class DeviceError(RuntimeError):
    """The device that was asked for cannot be used. The message says why, and what to do."""


@dataclass
class Device:
    """What came of trying a device.

    Attributes
    ----------
    name : str
        As Theano calls it: ``"cuda"``, ``"cuda1"``, ``"opencl0:0"``.
    description : str
        The name that its driver gives it.
    memory : int
        Bytes.
    problem : str
        Why it does not work; empty when it does.
    cure : str
    """

    name: str
    description: str = ""
    memory: int = 0
    problem: str = ""
    cure: str = ""

    @property
    def works(self):
        return not self.problem

    def __str__(self):
        if self.works:
            is_processor = re.match("(pthread|basic|cpu)-", self.description)
            note = ": PoCL, on the processor; a check, not an accelerator" if is_processor else ""
            return f"{self.name:11}  yes  {self.description}, {self.memory / 2**30:.0f} GiB{note}"
        return f"{self.name:11}  NO   {self.problem}\n{'':11}       -> {self.cure}"


def try_device(name):
    """Start a device in a process of its own, and compute something on it.

    Parameters
    ----------
    name : str
        ``"cuda"``, ``"cuda1"``, ``"opencl0:0"``.

    Returns
    -------
    Device
    """
    folder, plain = _folders_of_pocl()
    variables = {**os.environ, **({} if plain == folder else {"POCL_CACHE_DIR": str(plain)})}
    child = subprocess.run([sys.executable, "-c", PROBE, name], capture_output=True, text=True, env=variables)
    if child.returncode == 0:
        description, memory = json.loads(child.stdout.splitlines()[-1])
        return Device(name, description, memory)
    last_words = child.stderr.strip().splitlines()[-1:]
    if child.returncode < 0:
        last_words.insert(0, f"the driver ended the process with signal {-child.returncode}")
    problem, cure = explain(name, ": ".join(last_words))
    return Device(name, problem=problem, cure=cure)


def claim_kernel_cache():
    """Let no other program compile into the folder where PoCL, which runs OpenCL on a processor, keeps this one's kernels.

    Of programs that compiled into one folder at the same time, one was seen to end now and then: PoCL 3.1 did not give it its
    kernel, and libgpuarray does not survive that. The first program to come has the folder of ``POCL_CACHE_DIR`` (``~/.cache/pocl/kcache`` if
    that is not set), the next one that folder's name with ``-2``, and so on; each is free again when its program ends.
    To be called before a device is started.
    """
    _, base = _folders_of_pocl()
    for number in itertools.count(1):
        folder = Path(base if number == 1 else f"{base}-{number}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = open(folder / "in-use.lock", "a")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        except OSError:  # where nothing can be written, or locked, PoCL has its own ways
            return
        _claimed.append(lock)
        os.environ["POCL_CACHE_DIR"] = str(folder)
        return


_claimed = []


def folder_for_kernels(compiled):
    """A folder for what libgpuarray compiles, which takes a path of ASCII only; Theano would give it one in its own folder.

    Parameters
    ----------
    compiled : str
        Theano's folder of compiled code.

    Returns
    -------
    Path or None
        What to set ``gpuarray.cache_path`` to; None where Theano's folder will do.
    """
    return None if compiled.isascii() else _folder_with_a_plain_name(compiled, "libgpuarray", str.isascii)


def _folders_of_pocl():
    """Where PoCL would keep kernels, and where it can: it cuts its options at spaces and quotes, and then compiles nothing."""
    folder = Path(os.environ.get("POCL_CACHE_DIR") or cache_folder() / "pocl" / "kcache")
    return folder, _folder_with_a_plain_name(folder, "pocl", lambda path: not re.search(r'[\s"]', path))


def _folder_with_a_plain_name(folder, name, is_plain):
    """This folder, if its path is plain; else one in the user's cache, or of the user's own among the temporary files."""
    own = Path(tempfile.gettempdir()) / f"deeplearning_tutorial-{os.getuid()}"
    if is_plain(str(folder)):
        return Path(folder)
    if is_plain(str(cache_folder())):
        return cache_folder() / "deeplearning_tutorial" / name
    with contextlib.suppress(OSError):
        own.mkdir(mode=0o700, exist_ok=True)
        if own.stat().st_uid == os.getuid() and is_plain(str(own)):
            return own / name
    return Path(folder)


def environment():
    """Which Python this is, and why it is this one.

    Returns
    -------
    str
        Such as ``"Python 3.11.2 of .venv-gpu, as there is no pygpu for the Python 3.13.5 of .venv"``.
    """
    prefix = Path(sys.prefix)
    name = prefix.relative_to(ROOT) if prefix.is_relative_to(ROOT) else prefix
    text = f"Python {platform.python_version()} of {name}"
    version = _version_of_venv()
    if name == Path(".venv") or sys.version_info[:2] != (3, 11):
        return text
    if version and not version.startswith("3.11."):
        text += f", as there is no pygpu for the Python {version} of .venv"
    elif name == Path(".venv-gpu") and not version:
        text += ", as pygpu is for Python 3.11"
    return text


def _version_of_venv():
    """The version of the Python in .venv, such as ``"3.13.5"``; empty where there is no .venv."""
    with contextlib.suppress(OSError):
        settings = (ROOT / ".venv" / "pyvenv.cfg").read_text(errors="replace")
        if found := re.search(r"^version(?:_info)? *= *(\d+\.\d+\.\d+)", settings, re.MULTILINE):
            return found[1]
    return ""


def find_devices():
    """Try every device: all GPUs of CUDA, and all devices of all OpenCL platforms.

    Returns
    -------
    list of Device
        Those that work. Where there is no CUDA or no OpenCL, its first device with what it lacks.
    """
    groups = [_works_from(f"cuda{number}" for number in itertools.count())]
    for number_of_platform in itertools.count():
        group = _works_from(f"opencl{number_of_platform}:{number}" for number in itertools.count())
        if number_of_platform > 0 and not group[0].works:
            return list(itertools.chain(*groups))
        groups.append(group)


def _works_from(names):
    """The devices up to the first that does not work; or that one, to say why."""
    devices = []
    for name in names:
        device = try_device(name)
        if not device.works:
            return devices or [device]
        devices.append(device)


def explain(name, error):
    """Why a device did not start, for someone who wants it to.

    Parameters
    ----------
    name : str
        The device, such as ``"cuda"``.
    error : str
        What pygpu, or the loader, said.

    Returns
    -------
    (str, str)
        The problem and its cure.
    """
    if "No module named 'pygpu" in error:
        return _explain_missing_pygpu(name, error)
    if "libgpuarray.so.3: cannot open shared object file" in error:
        return (
            "libgpuarray is not found, although pygpu is here",
            "start with scripts/workshop or scripts/test, or begin with `. scripts/environment.sh`, which says where it is; "
            "if it is nowhere, scripts/setup --gpu gets it.",
        )
    missing = re.search(r'Could not load "(lib\w+\.so)', error)
    if missing and missing[1] in NVIDIA:
        return _explain_missing(missing[1])
    if missing and "OpenCL" in missing[1]:
        return "there is no OpenCL on this machine: libOpenCL.so is missing", _cure_of_opencl()
    if "clGetPlatformIDs" in error:
        return "there is no OpenCL platform on this machine", _cure_of_opencl()
    if "Platform ID out of range" in error or "Device ID out of range" in error:
        return f"there is no {name} on this machine", "scripts/setup --gpu lists the devices that there are."
    if "name incorrect" in error or "Unknown device format" in error:
        return (
            f"{name} is not the name of a device",
            "the first CUDA device is cuda, the second cuda1; the first device of the first OpenCL platform is opencl0:0.",
        )
    if "Not enough memory to run on this device" in error:
        return (
            f"PoCL does not find out how much memory there is ({error})",
            "PoCL reads /sys, which a plain chroot does not have: mount it, or start with scripts/workshop or scripts/test.",
        )
    if "Missing Blas library" in error or "CLBlast" in error:
        return (
            "no library multiplies matrices on OpenCL",
            "install CLBlast (on Debian: apt-get install libclblast-dev).",
        )
    return (
        error or "it did not start, and nothing said why",
        "scripts/setup --gpu lists the devices that work; docs/gpu.md says what each needs.",
    )


def _explain_missing_pygpu(name, error):
    if sys.version_info[:2] != (3, 11):
        return (
            f"pygpu, the Python part of libgpuarray, is for Python 3.11, and this is {environment()}",
            "scripts/setup --gpu makes a second environment for devices, .venv-gpu, with a Python 3.11; "
            f"THEANO_FLAGS=device={name} scripts/workshop then uses that one, and so does every other script.",
        )
    if "No module named 'pygpu'" in error:
        problem = "pygpu, the Python part of libgpuarray, is not installed"
    else:
        problem = f"pygpu is here for another Python than {environment()}"
    return (
        problem,
        "run scripts/setup --gpu: on Debian and Ubuntu it installs python3-pygpu and libgpuarray-dev, or fetches them from Debian 12.",
    )


def _explain_missing(library):
    what = NVIDIA[library]
    if versioned := _find_versioned(library):
        return (
            f"libgpuarray opens {library}, and {what} is here as {versioned[0].name} only",
            "run scripts/setup --gpu, which makes a link of that name, and start with scripts/workshop or scripts/test.",
        )
    if library == "libcuda.so":
        return (
            f"{what} is not on this machine ({library})",
            "on a machine with an NVIDIA GPU, install the driver (nvidia-smi must list the GPU); "
            "on any other, leave device=cuda out of THEANO_FLAGS, and Theano computes on the CPU.",
        )
    return (
        f"{what} is not on this machine ({library})",
        "install the CUDA toolkit, not newer than the driver, or NVIDIA's wheels: "
        f".venv/bin/python -m pip install {_wheels_for_the_driver()}. Then run scripts/setup --gpu.",
    )


def _cure_of_opencl():
    return (
        "install your GPU's OpenCL driver; or PoCL, which makes the processor an OpenCL device "
        "(on Debian: apt-get install pocl-opencl-icd ocl-icd-opencl-dev libclblast-dev)."
    )


# ----------------------------------------------------------------------------------------------------------------------
# NVIDIA's libraries, under the names that libgpuarray opens


def link_libraries(folder):
    """Give NVIDIA's libraries the names that libgpuarray opens, where they have a version in their name only.

    Parameters
    ----------
    folder : Path
        The links are made in it. It has to be in ``LD_LIBRARY_PATH`` when Python starts; `scripts/environment.sh`
        puts `.venv/cuda` there.

    Returns
    -------
    list of Path
        The links made.
    """
    links = []
    for library in NVIDIA:
        versioned = [] if _loads(library) else _find_versioned(library)
        if not versioned:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        links.append(_link(folder / library, versioned[0]))
        # They look for their own parts beside themselves: libcublasLt, libnvrtc-builtins.
        for part in versioned[0].parent.glob(f"{Path(library).stem}[L-]*.so.*"):
            links.append(_link(folder / part.name, part))
    return links


def _link(link, target):
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return link


def _loads(library):
    try:
        return bool(ctypes.CDLL(library))
    except OSError:
        return False


def _find_versioned(library):
    """Files such as libnvrtc.so.12 for libnvrtc.so that the driver can use, the best first."""
    found = {path for folder in _library_folders() for path in folder.glob(f"{library}.[0-9]*")}
    driver = driver_version()
    fitting = [path for path in found if library == "libcuda.so" or driver is None or _version_of(path) <= driver]
    # libcuda.so.1 is the driver, whatever its version, and libcuda.so.550.54 need not be there after an update.
    return sorted(fitting, key=lambda path: (path.name == "libcuda.so.1", _version_of(path), str(path)), reverse=True)


def _library_folders():
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
    known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True).stdout if ldconfig else ""
    folders = [Path(path).parent for path in re.findall("=> (/.+)", known)]
    folders += [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if folder]
    folders += Path(sysconfig.get_path("purelib")).glob("nvidia/*/lib")  # NVIDIA's wheels
    folders += [Path(sys.prefix) / "lib", *Path("/usr/local").glob("cuda*/lib64")]
    folders += [Path("/usr/local/nvidia/lib64"), Path("/usr/lib/wsl/lib")]
    # The libraries in CUDA's folder of stubs are there to link with, and do nothing.
    return {folder for folder in folders if "stubs" not in folder.parts and folder.is_dir()}


def _version_of(path):
    """Version of CUDA that a library belongs to, such as (12, 4)."""
    if path.name.startswith("libnvrtc.so"):
        try:
            major, minor = ctypes.c_int(), ctypes.c_int()
            ctypes.CDLL(str(path)).nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
            return major.value, minor.value
        except (OSError, AttributeError):
            pass
    return tuple(int(number) for number in re.findall(r"\d+", path.name.partition(".so.")[2]))[:1]


def driver_version():
    """The newest CUDA that the NVIDIA driver of this machine can run.

    Returns
    -------
    (int, int) or None
        Such as (12, 4); None where there is no driver.
    """
    for library in ["libcuda.so.1", "libcuda.so"]:
        try:
            version = ctypes.c_int()
            ctypes.CDLL(library).cuDriverGetVersion(ctypes.byref(version))
            return version.value // 1000, version.value % 1000 // 10
        except (OSError, AttributeError):
            pass
    return None


def _wheels_for_the_driver():
    major, minor = driver_version() or (12, 4)
    return f'"nvidia-cuda-nvrtc-cu{major}=={major}.{minor}.*" "nvidia-cublas-cu{major}"'


def main(arguments=None):
    """The command ``python -m deeplearning_tutorial.engine.libgpuarray``."""
    parser = argparse.ArgumentParser(description="Tries the devices that Theano can compute on through libgpuarray.")
    parser.add_argument("device", nargs="?", help="only this one, such as cuda or opencl0:0")
    parser.add_argument("--link", metavar="FOLDER", type=Path, help="only make links to NVIDIA's libraries there")
    asked = parser.parse_args(arguments)
    if asked.link:
        for link in link_libraries(asked.link):
            print(f"{link.name} -> {link.readlink()}")
        return 0
    devices = [try_device(asked.device)] if asked.device else find_devices()
    print(environment(), *devices, sep="\n")
    working = [device.name for device in devices if device.works]
    if working:
        print(f"To use it: THEANO_FLAGS=device={working[0]} scripts/workshop")
    return 0 if working else 1


if __name__ == "__main__":
    sys.exit(main())
