"""The machine that a command runs on: its processor, its threads, and the device that Theano is to compute on."""

import os
import platform
import re
import subprocess
from pathlib import Path


def describe_machine(device="cpu"):
    """What a reader of measurements wants to know of this machine, but not whose it is; for ``cuda`` its GPU, too."""
    names = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), flags=re.MULTILINE))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    machine = {
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{names.get('PRETTY_NAME', platform.system())}, {platform.machine()}",
        "python": platform.python_version(),
    }
    if device == "cuda":
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        machine["gpu"] = subprocess.run(query, capture_output=True, text=True).stdout.strip()
    return machine


def processor():
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def threads():
    """How many threads the processor's matrix products may use."""
    for variable in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]:
        if os.environ.get(variable):
            return int(os.environ[variable])
    return len(os.sched_getaffinity(0))


def flags_with_device(name):
    """`THEANO_FLAGS` as they are, but with this device: of two words on an option the last counts."""
    flags = os.environ.get("THEANO_FLAGS", "")
    return f"{flags.rstrip(',')},device={name}".lstrip(",")
