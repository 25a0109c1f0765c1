"""What has to be settled before NumPy and Theano are imported, and what tests of several files need."""

import os
import shutil
import subprocess

# Where other programs keep the processor busy, threads of OpenBLAS wait for one another: several times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

import deeplearning_tutorial  # noqa: F401  (it chooses the configuration that Theano reads when it is imported)


@pytest.fixture
def own_mounts(tmp_path):
    """The beginning of a command that can mount what it likes, and nobody else sees that."""
    alone = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    if (
        not shutil.which("unshare")
        or subprocess.run([*alone, "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True).returncode
    ):
        pytest.skip("nothing can be mounted here")
    return alone


@pytest.fixture(scope="session")
def opencl():
    """The name of an OpenCL device that Theano can compute on; tests are skipped where there is none."""
    from deeplearning_tutorial.engine.libgpuarray import try_device

    # This Python can have no pygpu: scripts/test runs these in another environment too.
    if elsewhere := os.environ.get("DEEPLEARNING_TUTORIAL_OPENCL_IN"):
        pytest.skip(f"tested in {elsewhere}")
    device = try_device("opencl0:0")
    # PoCL that finds no /sys has a problem of its own; any other driver that ends the process has a fault.
    assert not device.problem.startswith("the driver ended the process"), device.problem
    if not device.works and os.environ.get("CI"):
        pytest.fail(f"In continuous integration these tests have to run, and {device.problem}.", pytrace=False)
    if not device.works:
        pytest.skip(device.problem)
    return device.name


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, the slowest before all: on several cores no long one is left for the end."""
    seconds = {}
    for item in items:
        slow = item.get_closest_marker("slow")
        seconds[item.path] = seconds.get(item.path, 0) + (slow.args[0] if slow else 0)
    items.sort(key=lambda item: -seconds[item.path])
