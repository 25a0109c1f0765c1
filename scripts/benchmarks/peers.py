"""The environment of PyTorch, JAX and their NumPy: .venv/benchmark, made when it is first needed."""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent.parent / ".venv" / "benchmark"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "stamp"  # written last: the checksums of what was installed


def make_environment(device):
    """Install the peers for this device, unless that has been done."""
    wanted = ["requirements.txt", "requirements-cuda.txt"] if device == "cuda" else ["requirements.txt"]
    checksums = {hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in wanted}
    if STAMP.exists() and checksums <= set(STAMP.read_text().split()):
        return
    STAMP.unlink(missing_ok=True)
    print(
        "PyTorch and JAX are installed in .venv/benchmark, once. About 3 GB are downloaded, and 6 GB written.",
        file=sys.stderr,
    )
    # pip reports on standard output, which is for the table.
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    for command in (
        [sys.executable, "-m", "venv", VENV],
        # What was installed for another device belongs to these files too: the one for cuda holds all of the other.
        [*pip, "install", "--require-hashes", "--only-binary", ":all:", "--requirement", HERE / wanted[-1]],
    ):
        if subprocess.run(command, stdout=sys.stderr).returncode:
            sys.exit(f"{VENV} could not be made; why is said above. Delete it and try again when that is settled.")
    STAMP.write_text("\n".join(sorted(checksums)) + "\n")
