"""What is saved is loaded again, whatever happens in between; and nothing else is."""

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.checkpoint import CheckpointError, load, previous, save

ARRAYS = {
    "W": np.arange(6, dtype="float32").reshape(2, 3) / 7,
    "F": np.asfortranarray(np.arange(6, dtype="float32").reshape(2, 3)),
    "step": np.array(12),
    "kept": np.array([True, False]),
    "state": np.array([[1, 2, 3]], dtype="int32"),
    "none": np.zeros((0, 4), dtype="float32"),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "mlp.npz"


def same(loaded, arrays):
    assert list(loaded) == list(arrays)
    for name in arrays:
        assert loaded[name].dtype == arrays[name].dtype
        np.testing.assert_array_equal(loaded[name], arrays[name])
    return True


def test_what_is_saved_is_loaded(path):
    save(path, ARRAYS, {"n_hidden": [500], "name": "Übung"})
    arrays, about = load(str(path))
    assert same(arrays, ARRAYS)
    assert about == {"n_hidden": [500], "name": "Übung"}
    arrays["W"] += 1  # they are ours, and can be changed


def test_numpy_opens_it_without_pickles(path):
    save(path, ARRAYS)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["W"], ARRAYS["W"])


def test_nothing_that_is_not_a_number_comes_back_as_one(path):
    values = np.float32([np.nan, np.inf, -np.inf, -0.0, 1e-42])
    save(path, {"x": values})
    assert load(path)[0]["x"].tobytes() == values.tobytes()


def test_the_one_before_is_kept(path):
    for number in range(3):
        save(path, {"x": np.array(number)}, {"number": number})
    assert load(path)[1] == {"number": 2}
    assert load(previous(path))[1] == {"number": 1}
    assert sorted(file.name for file in path.parent.iterdir()) == ["mlp.npz", "mlp.previous.npz"]


# What cannot be used -------------------------------------------------------------------------------------------------


def test_a_file_that_ends_anywhere_is_refused(path):
    save(path, {"W": ARRAYS["W"]})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"mlp\.npz cannot be used: it is damaged, or no \.npz file"):
            load(path)


def test_a_changed_number_is_noticed(path):
    save(path, {"W": ARRAYS["W"]})
    content = path.read_bytes()
    where = content.index(ARRAYS["W"].tobytes()) + 5
    path.write_bytes(content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :])
    with pytest.raises(CheckpointError, match="Bad CRC-32"):
        load(path)


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(path.read_bytes()[:-30]), os.unlink], ids=["damaged", "gone"]
)
def test_the_one_before_is_used_instead_and_that_is_said(path, damage):
    for number in range(2):
        save(path, {"x": np.array(number)})
    damage(path)
    with pytest.warns(
        UserWarning, match=r"mlp\.npz cannot be used: .*The one before, mlp\.previous\.npz, is used instead"
    ):
        arrays, _ = load(path)
    assert arrays["x"] == 0


def test_two_bad_files_are_both_named(path):
    for number in range(2):
        save(path, {"x": np.array(number)})
    path.unlink()
    previous(path).write_bytes(b"")
    with pytest.raises(CheckpointError, match="No such file or directory; and the one before neither: it is damaged"):
        load(path)


def test_a_file_that_is_not_there(path):
    with pytest.raises(CheckpointError, match=r"mlp\.npz cannot be used: No such file or directory"):
        load(path)


def members(path, **contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)


def npy(descr="<f4", shape="(2,)", content=b"\0" * 8):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def about(text):
    content = text if isinstance(text, bytes) else json.dumps(text).encode()
    return npy("|u1", f"({len(content)},)", content)


class Evil:
    def __reduce__(self):
        return (os._exit, (1,))


FOREIGN = {
    "a pickle": (lambda path: path.write_bytes(pickle.dumps(Evil())), "no .npz file"),
    "a pickle in an array": (
        lambda path: np.savez(path, x=np.array([Evil()], dtype=object)),
        "holds object, not numbers",
    ),
    "somebody else's": (lambda path: np.savez(path, x=np.zeros(3)), "not written by deeplearning_tutorial.checkpoint"),
    "no arrays": (lambda path: members(path, x=b"hello"), "damaged, or no .npz file"),
    "a promise of terabytes": (
        lambda path: members(path, x=npy(shape="(1099511627776,)")),
        "another size than it says",
    ),
    "a negative size": (lambda path: members(path, x=npy(shape="(-1, -2)")), "another size than it says"),
    "text for numbers": (lambda path: members(path, x=npy("<U2")), "holds <U2, not numbers"),
    "a header of another kind": (lambda path: members(path, x=npy(descr="nonsense")), "damaged, or no .npz file"),
    "an unknown version": (lambda path: members(path, x=b"\x93NUMPY\x09\x00" + bytes(80)), "unknown version"),
    "compressed": (lambda path: np.savez_compressed(path, x=np.zeros(10**6)), "compressed, which `save` does not do"),
    "another format": (
        lambda path: members(path, checkpoint=about({"format": 2, "about": {}})),
        "its format is 2, and this version reads format 1",
    ),
    "no JSON": (
        lambda path: members(path, checkpoint=about(b"\xff")),
        "not written by deeplearning_tutorial.checkpoint",
    ),
    "other JSON": (
        lambda path: members(path, checkpoint=about([1])),
        "not written by deeplearning_tutorial.checkpoint",
    ),
}


@pytest.mark.parametrize("write, reason", FOREIGN.values(), ids=FOREIGN)
def test_what_somebody_else_wrote_is_refused(path, write, reason):
    path.parent.mkdir()
    write(path)
    with pytest.raises(CheckpointError, match=r"mlp\.npz cannot be used: ") as refusal:
        load(path)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "name, array, reason",
    [
        ("x", np.array([Evil()]), "'x' cannot be saved: it holds object, not numbers"),
        ("x", np.array("text"), "'x' cannot be saved: it holds <U4"),
        ("checkpoint", np.zeros(1), "cannot be called 'checkpoint'"),
        ("../x", np.zeros(1), r"cannot be called '\.\./x'"),
    ],
)
def test_what_cannot_be_saved_changes_nothing(path, name, array, reason):
    save(path, {"x": np.array(1)})
    with pytest.raises(ValueError, match=reason):
        save(path, {"y": np.zeros(2), name: array})
    assert load(path)[0]["x"] == 1 and not previous(path).exists()


# What can happen while it is written ---------------------------------------------------------------------------------


def test_a_full_disk_costs_nothing(path):
    save(path, {"x": np.array(1)})
    size = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, size[1]))  # no file may get larger, as if the disk were full
    try:
        with pytest.raises(OSError):
            save(path, {"x": np.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, size)
        signal.signal(signal.SIGXFSZ, handler)
    assert load(path)[0]["x"] == 1
    assert [file.name for file in path.parent.iterdir()] == ["mlp.npz"]


ON_A_FULL_DISK = """
import os, sys
from pathlib import Path
import numpy as np
import theano
import theano.tensor as T
from deeplearning_tutorial.checkpoint import load
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd

path, junk, freed_after = Path(sys.argv[1]) / "softmax.npz", Path(sys.argv[1]) / "junk", int(sys.argv[2])
rng = np.random.RandomState(0)
data = theano.shared(rng.rand(40, 900).astype("float32")), T.cast(theano.shared((np.arange(40) % 10).astype("float32")), "int32")
x, y = T.matrix("x"), T.ivector("y")
classifier = LogisticRegression(x, 900, 10)
cost = classifier.negative_log_likelihood(y)
train = MinibatchFunction([x, y], cost, data, 20, updates=sgd(cost, classifier.params, 0.1))
validate = MinibatchFunction([x, y], classifier.errors(y), data, 20)

def before_epoch(epoch):
    if epoch == 3:
        with open(junk, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                print(error.strerror, "for the junk", flush=True)
    if epoch == freed_after:
        junk.unlink()

fit(train, validate, classifier.params, n_epochs=6, progress=False, checkpoint=path, checkpoint_seconds=0, before_epoch=before_epoch)
arrays, about = load(path)
print("epochs", round(about["history"]["epoch"][-1]), "files", *sorted(os.listdir(path.parent)))
"""


@pytest.mark.parametrize(
    "freed_after, epochs, files",
    [(5, 6, "softmax.npz softmax.previous.npz"), (9, 3, "junk softmax.npz softmax.previous.npz")],
)
def test_a_file_system_that_gets_full_loses_nothing(tmp_path, own_mounts, freed_after, epochs, files):
    """On a file system of its own, of 400 kB in memory, where two checkpoints of 140 kB fit and not a third beside junk."""
    in_it = f'mount -t tmpfs -o size=400k none "{tmp_path}" && exec "$0" -c "$1" "{tmp_path}" {freed_after}'
    process = subprocess.run(
        [*own_mounts, "sh", "-c", in_it, sys.executable, ON_A_FULL_DISK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    first, *told, last = process.stdout.splitlines()
    assert first == "No space left on device for the junk"
    assert told and all(
        "softmax.npz could not be written (No space left on device); training goes on" in line for line in told
    )
    assert last == f"epochs {epochs} files {files}"


@pytest.mark.filterwarnings("ignore:.*The one before, mlp.previous.npz, is used")
def test_a_program_that_is_killed_while_it_saves_leaves_a_file_that_can_be_loaded(path):
    program = """
import sys, numpy as np
from deeplearning_tutorial.checkpoint import save
for number in range(10**6):
    save(sys.argv[1], {"x": np.full(50_000, number)}, {"number": number})
    print(number, flush=True)
"""
    last = -1
    rng = np.random.RandomState(0)
    for _ in range(10):
        for file in path.parent.glob("mlp*"):
            file.unlink()
        with subprocess.Popen(
            [sys.executable, "-c", program, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
            last = max([0, *map(int, process.stdout.read().split())])
        arrays, about = load(path)
        assert about["number"] >= last and (arrays["x"] == about["number"]).all()
    save(path, {"x": np.array(1)})
    assert sorted(file.name for file in path.parent.iterdir()) == ["mlp.npz", "mlp.previous.npz"]
