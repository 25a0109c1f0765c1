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
