"""The environments of other libraries, made when they are first needed: .venv/benchmark, and those in .venv/libraries."""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent.parent / ".venv" / "benchmark"
PYTHON = VENV / "bin" / "python"
TENSORFLOW = VENV.with_name("libraries") / "tensorflow"
TENSORFLOW_PYTHON = TENSORFLOW / "bin" / "python"
# No environment, but a folder of packages for the Python that runs Theano.
ON_THEANO = Path(sys.prefix) / "libraries" / "theano"

PIP = ["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
LOCKED = ["install", "--require-hashes", "--only-binary", ":all:", "--requirement"]


def make_environment(device):
    """Install PyTorch, JAX and their NumPy for this device, unless that has been done."""
    wanted = ["requirements.txt", "requirements-cuda.txt"] if device == "cuda" else ["requirements.txt"]
    _make(
        VENV,
        wanted,
        "PyTorch and JAX are installed in .venv/benchmark, once. About 3 GB are downloaded, and 6 GB written.",
        [sys.executable, "-m", "venv", VENV],
        # What was installed for another device belongs to these files too: the one for cuda holds all of the other.
        [PYTHON, *PIP, *LOCKED, HERE / wanted[-1]],
    )


def make_libraries(tensorflow=True):
    """Install what stands on Theano, and TensorFlow if wanted, each apart from all else, unless that has been done."""
    name = "requirements-theano.txt"
    _make(
        ON_THEANO,
        [name],
        "Lasagne and Keras 2.3 are installed in .venv/libraries, once: 12 MB.",
        # Lasagne has no wheel. To build one takes setuptools, which is there.
        [sys.executable, *PIP, *LOCKED, HERE / name, "--no-binary", "lasagne", "--no-build-isolation", "--no-deps"]
        + ["--upgrade", "--target", ON_THEANO],
    )
    if not tensorflow:
        return
    name = "requirements-tensorflow.txt"
    _make(
        TENSORFLOW,
        [name],
        "TensorFlow is installed in .venv/libraries, once. About 400 MB are downloaded, and 1.6 GB written.",
        [sys.executable, "-m", "venv", TENSORFLOW],
        [TENSORFLOW_PYTHON, *PIP, *LOCKED, HERE / name],
    )


def _make(folder, wanted, sentence, *commands):
    """Run commands that install these lists into a folder, unless its stamp says that this has been done."""
    stamp = folder / "stamp"  # written last: the checksums of what was installed
    checksums = {hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in wanted}
    if stamp.exists() and checksums <= set(stamp.read_text().split()):
        return
    stamp.unlink(missing_ok=True)
    print(sentence, file=sys.stderr)
    for command in commands:
        # pip reports on standard output, which is for the table.
        if subprocess.run(command, stdout=sys.stderr).returncode:
            sys.exit(f"{folder} could not be made; why is said above. Delete it and try again when that is settled.")
    stamp.write_text("\n".join(sorted(checksums)) + "\n")
