"""Whatever is in a file, its reader says ValueError or OSError with the file's name, and nothing else happens.

The same 200 files are tried each time. FUZZ_EXAMPLES=20000 scripts/test -k test_fuzz tries so many others of each kind.
"""

import functools
import gzip
import hashlib
import io
import os
import pickle
import random
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import theano
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from deeplearning_tutorial import checkpoint, pretrained
from deeplearning_tutorial.data import formats, loading
from deeplearning_tutorial.data.formats import memory
from deeplearning_tutorial.data.images import centred_digit, read_picture

# Pillow warns of pictures that are damaged a little, and `checkpoint` when it takes the file before.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning", "ignore::DeprecationWarning")
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", 200)),
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype("uint8").tobytes()


def saved(save, *arrays, **named):
    content = io.BytesIO()
    save(content, *arrays, **named)
    return content.getvalue()


DIGITS = np.random.RandomState(0).randint(0, 256, (12, 2, 3)).astype("uint8")
IDX = {name: idx(DIGITS if ndim == 3 else np.arange(12) % 3) for name, ndim in formats.IDX_FILES.items()}
NAMED = {"x_train": DIGITS, "y_train": np.arange(12) % 3, "x_test": DIGITS / 256, "y_test": np.arange(12) % 3}
NPZ = [saved(np.savez, **NAMED), saved(np.savez_compressed, **NAMED)]


def written_checkpoint():
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"W1": np.eye(6, 3, dtype="float32"), "b1": np.zeros(3, "float32")}
        checkpoint.save(Path(folder) / "a.npz", arrays, {"seconds": 1, "device": "a", "title": "b"})
        return (Path(folder) / "a.npz").read_bytes()


CHECKPOINT = written_checkpoint()
PICTURES = [
    saved(lambda file, kind: Image.fromarray(np.repeat(DIGITS[0], 9, axis=0)).save(file, kind), kind)
    for kind in ["png", "jpeg", "gif", "bmp", "tiff", "webp"]
]


@st.composite
def damaged(draw, contents):
    """One of some files, cut anywhere, with bytes changed, taken out and put in; or other bytes altogether."""
    content = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        what = draw(st.sampled_from(["cut", "change", "change", "insert", "remove", "copy"]))
        some = draw(st.binary(min_size=1, max_size=8))
        if what == "cut":
            del content[place:]
        elif what == "change":
            content[place : place + len(some)] = some
        elif what == "insert":
            content[place:place] = some
        elif what == "remove":
            del content[place : place + draw(st.integers(1, 40))]
        else:
            content[place:place] = content[: draw(st.integers(0, 200))]
    return draw(
        st.one_of(st.just(bytes(content)), st.just(bytes(content)), st.just(bytes(content)), st.binary(max_size=300))
    )


def read(reader, name, content):
    """Read a file with this content; a refusal must name the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        refused(reader, path, path.name)


def refused(reader, path, name):
    try:
        reader(path)
    except (ValueError, OSError) as error:
        assert name in str(error), f"{error!r} does not name {name}"


def test_another_error_or_one_without_the_name_would_be_noticed():
    def raises(error):
        def reader(path):
            raise error

        return reader

    refused(raises(ValueError("a.npz is bad")), None, "a.npz")
    with pytest.raises(AssertionError, match="does not name a.npz"):
        refused(raises(OSError("it is bad")), None, "a.npz")
    with pytest.raises(KeyError):
        refused(raises(KeyError("a.npz")), None, "a.npz")


@fuzz
@given(content=damaged([IDX["train-images-idx3-ubyte"], IDX["train-labels-idx1-ubyte"]]), ndim=st.sampled_from([1, 3]))
def test_idx(content, ndim):
    def reader(content):
        array = formats.parse_idx(content, "the-file", ndim)
        assert array.ndim == ndim and array.nbytes == len(content) - 4 - 4 * ndim

    refused(reader, content, "the-file")


@fuzz
@given(
    content=damaged([IDX["train-images-idx3-ubyte"], gzip.compress(IDX["train-images-idx3-ubyte"])]),
    zipped=st.booleans(),
)
def test_folders_of_idx_files(content, zipped):
    with tempfile.TemporaryDirectory() as folder:
        for name, good in IDX.items():
            (Path(folder) / name).write_bytes(good)
        first = Path(folder) / "train-images-idx3-ubyte"
        if zipped:
            first.unlink()
            first = first.with_name(f"{first.name}.gz")
        first.write_bytes(content)
        refused(loading.load_arrays, Path(folder), folder)


@fuzz
@given(content=damaged(NPZ))
def test_npz_files(content):
    read(loading.load_arrays, "own.npz", content)


ROWS = np.column_stack([DIGITS.reshape(12, 6), np.arange(12) % 3])
NAMES = ",".join([*(f"pixel{i}" for i in range(6)), "label"])
PAIRS = tuple((DIGITS.reshape(12, 6) / np.float32(256), np.arange(12) % 3) for _ in range(3))
# Each with its name, which is no matter but for tables.
OTHERS = {
    "csv": ("own.csv", ["\n".join([NAMES, *(",".join(map(str, row)) for row in ROWS)]).encode()]),
    "words": ("own.csv", ["\n".join(f"{row[0]};{row[1]},5;class {row[-1]}" for row in ROWS).encode("utf-16")]),
    "amat": ("own.amat", ["\n".join(" ".join(map(str, row)) for row in ROWS).encode()]),
    "libsvm": ("own", ["\n".join(f"{y} 1:{a} 3:{b} # c" for a, b, *_, y in ROWS.tolist()).encode()]),
    "pickle": ("own.pkl", [pickle.dumps(PAIRS, protocol) for protocol in range(6)]),
    "npy": ("y_train.npy", [saved(np.save, np.arange(12) % 3)]),
}


@pytest.fixture(scope="module")
def little_memory():
    """What would need more than so much has to be refused before it is tried."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=2**26))
        yield


@pytest.mark.parametrize("name, contents", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "compressed"])
def test_other_files(little_memory, name, contents, pack):
    @fuzz
    @given(content=damaged(contents))
    def try_it(content):
        read(loading.load_arrays, name, pack(content))

    try_it()


@fuzz
@given(content=damaged([gzip.compress(contents[0]) for _, contents in OTHERS.values()]))
def test_damaged_compressed_files(content):
    read(loading.load_arrays, "own", content)


@fuzz
@given(content=damaged(PICTURES), colour=st.sampled_from([None, "grey", "rgb"]))
def test_folders_of_pictures(content, colour):
    with tempfile.TemporaryDirectory() as folder:
        for label in "abc":
            for number in range(3):
                picture = Path(folder) / label / f"{number}.png"
                picture.parent.mkdir(exist_ok=True)
                picture.write_bytes(PICTURES[0])
        (Path(folder) / "a" / "1.png").write_bytes(content)
        refused(functools.partial(loading.load_arrays, colour=colour), Path(folder), folder)


@fuzz
@given(content=damaged([CHECKPOINT, *NPZ]))
def test_checkpoints(content):
    read(checkpoint.load, "mlp.npz", content)


@fuzz
@given(content=damaged([CHECKPOINT]))
def test_parameters(content):
    def reader(path):
        digest = hashlib.sha256(CHECKPOINT).hexdigest()
        path.with_name("SHA256SUMS").write_text(f"{digest}  {path.name}\n")
        pretrained.load_pretrained("own", [theano.shared(np.zeros((6, 3))), theano.shared(np.zeros(3))], path.parent)
        assert content == CHECKPOINT

    read(reader, "own.npz", content)


@fuzz
@given(content=damaged(PICTURES))
def test_pictures(content):
    read(read_picture, "digit.png", content)


@fuzz
@given(
    size=st.tuples(st.integers(0, 70), st.integers(0, 70)),
    mode=st.sampled_from(
        ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16"]
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_pictures_of_any_size_and_mode(size, mode, seed):
    n_bytes = len(Image.new(mode, size).tobytes()) if all(size) else 0
    picture = Image.frombytes(mode, size, random.Random(seed).randbytes(n_bytes)) if n_bytes else Image.new(mode, size)
    try:
        digit = centred_digit(picture)
    except ValueError as error:
        assert "picture" in str(error)
    else:
        assert digit.shape == (28, 28) and np.isfinite(digit).all() and digit.min() >= 0 and digit.max() <= 255
