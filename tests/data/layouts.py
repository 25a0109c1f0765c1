"""Files in the layouts that people have, written from each layout's description, and with none of the package's code.

Each `write_…(folder, sets)` writes one data set into a folder and returns the path by which to load it. `sets` is
`{"train": (x, y), "test": (x, y)}` and perhaps `"valid"`: pictures, uint8 of shape (rows, height, width), and classes from
0, whole numbers.
"""

import bz2
import csv
import gzip
import lzma
import pickle
import struct

import numpy as np
from PIL import Image

# IDX ----------------------------------------------------------------------------------------------------------------

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(values, code="u1"):
    """The bytes of an IDX file: zero, zero, type, dimensions; each length; the values. All big-endian."""
    values = np.asarray(values)
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, CODES[code], values.ndim, *values.shape)
    return header + values.astype(f">{code}").tobytes()


def write_idx(folder, sets, pattern="{}-{}-idx{}-ubyte", code="u1", pack=bytes, test="t10k"):
    """MNIST's files. `pattern` is how they are called, `pack` what is done to their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        for role, values, of in [("images", x, code), ("labels", y, "u1")]:
            name = pattern.format({"test": test}.get(part, part), role, np.ndim(values))
            (folder / name).write_bytes(pack(idx(values, of)))
    return folder


def write_idx_with_dots(folder, sets):
    return write_idx(folder, sets, "{}-{}.idx{}-ubyte")


def write_idx_in_capitals(folder, sets):
    """Upper case, and an ending that says gzip where the file is not."""
    write_idx(folder, sets, "{}-{}-idx{}-ubyte.gz")
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.upper()))
    return folder


def write_fashion(folder, sets):
    """As torchvision leaves it: compressed, and unpacked beside that, two folders down."""
    write_idx(folder / "FashionMNIST" / "raw", sets)
    write_idx(folder / "FashionMNIST" / "raw", sets, "{}-{}-idx{}-ubyte.gz", pack=gzip.compress)
    return folder


def write_emnist(folder, sets, kind="letters"):
    """EMNIST: pictures lie on their side; the letters are counted from 1."""
    turned = {part: (x.transpose(0, 2, 1), np.add(y, kind == "letters")) for part, (x, y) in sets.items()}
    return write_idx(folder, turned, f"emnist-{kind}-{{}}-{{}}-idx{{}}-ubyte.gz", pack=gzip.compress, test="test")


def write_qmnist(folder, sets):
    """QMNIST: eight columns of labels, of which the first is the class."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        columns = np.random.RandomState(0).randint(0, 3600, (len(y), 8))
        columns[:, 0] = y
        (folder / f"qmnist-{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(x)))
        (folder / f"qmnist-{part}-labels-idx2-int.gz").write_bytes(gzip.compress(idx(columns, "i4")))
    return folder


# NumPy --------------------------------------------------------------------------------------------------------------


def write_keras(folder, sets):
    """mnist.npz as Keras has it: x_train, y_train, x_test, y_test."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"{role}_{part}": values for part, pair in sets.items() for role, values in zip("xy", pair)}
    np.savez(folder / "mnist.npz", **arrays)
    return folder / "mnist.npz"


def write_kmnist(folder, sets, prefix="kmnist"):
    """KMNIST: a file for each array, which is called arr_0 in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        np.savez_compressed(folder / f"{prefix}-{part}-imgs.npz", x)
        np.savez_compressed(folder / f"{prefix}-{part}-labels.npz", np.asarray(y, "u1"))
    return folder


def write_medmnist(folder, sets, channels=None):
    """MedMNIST: train_images, train_labels of shape (rows, 1), val_…, test_…; perhaps in colour."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for part, (x, y) in sets.items():
        part = {"valid": "val"}.get(part, part)
        arrays[f"{part}_images"] = (
            x if channels is None else np.stack([factor * x for factor in channels], axis=-1).astype("u1")
        )
        arrays[f"{part}_labels"] = np.asarray(y, "u1")[:, None]
    np.savez(folder / "medmnist.npz", **arrays)
    return folder / "medmnist.npz"


def write_npy(folder, sets):
    """A file of NumPy's for each array."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        np.save(folder / f"X_{part}.npy", x)
        np.save(folder / f"y_{part}.npy", y)
    return folder


# Text ---------------------------------------------------------------------------------------------------------------


def write_rows(path, rows, header=None, **style):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, **style)
        writer.writerows(([header] if header else []) + [list(row) for row in rows])
    return path


def write_kaggle(folder, sets):
    """Kaggle's Digit Recognizer: train.csv, the label before 784 pixels; test.csv has none, so train.csv is all that counts."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = (np.concatenate(arrays) for arrays in zip(*sets.values()))
    pixels = [f"pixel{i}" for i in range(x[0].size)]
    write_rows(folder / "train.csv", (np.r_[label, row.ravel()] for row, label in zip(x, y)), ["label", *pixels])
    write_rows(folder / "test.csv", (row.ravel() for row in x[:5]), pixels)
    write_rows(folder / "sample_submission.csv", [(1, 0), (2, 0)], ["ImageId", "Label"])
    return folder


def write_mnist_in_csv(folder, sets):
    """mnist_train.csv and mnist_test.csv: the label, then the pixels; no names."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        write_rows(folder / f"mnist_{part}.csv", (np.r_[label, row.ravel()] for row, label in zip(x, y)))
    return folder


def write_own_csv(folder, sets):
    """A semicolon between the columns, quotes, a byte-order mark, and words for labels: as spreadsheets write it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        names = [f"feature {i}" for i in range(x[0].size)]
        rows = ([*row.ravel(), f"class {label}"] for row, label in zip(x, y))
        path = write_rows(folder / f"{part}.csv", rows, [*names, "Class"], delimiter=";", quoting=csv.QUOTE_ALL)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return folder


def write_amat(folder, sets):
    """The Montreal lab's files: numbers in [0, 1] between spaces, the label last."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        rows = np.column_stack([x.reshape(len(x), -1) / 255, y])
        (folder / f"mnist_{part}.amat").write_text(
            "".join("   " + "   ".join(f"{v:.8g}" for v in row) + "\n" for row in rows)
        )
    return folder


def write_sklearn_digits(folder, sets):
    """scikit-learn's digits.csv.gz: 64 shades from 0 to 16 and the digit, as numpy.savetxt writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = (np.concatenate(arrays) for arrays in zip(*sets.values()))
    rows = np.column_stack([x.reshape(len(x), -1), y])
    np.savetxt(folder / "digits.csv.gz", rows, delimiter=",")
    return folder / "digits.csv.gz"


def write_optdigits(folder, sets):
    """UCI's optdigits.tra and optdigits.tes: 64 counts from 0 to 16 and the digit."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        write_rows(folder / f"optdigits.{part[:3]}", (np.r_[row.ravel(), label] for row, label in zip(x, y)))
    return folder


def write_libsvm(folder, sets, pack=bz2.compress, ending=".bz2"):
    """LIBSVM's data sets: "label index:value …" from 1, without zeros; the test set's name ends in .t."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in sets.items():
        lines = []
        for row, label in zip(x.reshape(len(x), -1), y):
            lines.append(" ".join([str(label), *(f"{i + 1}:{v}" for i, v in enumerate(row) if v)]) + " \n")
        name = {"train": "mnist", "test": "mnist.t", "valid": "mnist.val"}[part] + ending
        (folder / name).write_bytes(pack("".join(lines).encode()))
    return folder


def write_libsvm_xz(folder, sets):
    return write_libsvm(folder, sets, lzma.compress, ".xz")


# Pictures -----------------------------------------------------------------------------------------------------------


def write_folders(folder, sets, ending="png", name=str, above=True):
    """A folder of pictures for each class, below one for each set."""
    for part, (x, y) in sets.items():
        for number, (picture, label) in enumerate(zip(x, y)):
            place = (folder / part if above else folder) / name(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(place / f"{part}{number:05}.{ending}")
    return folder


# Pickles ------------------------------------------------------------------------------------------------------------


def theano_pairs(sets):
    """What is in mnist.pkl.gz: float32 in [0, 1) and int64."""
    return tuple(
        ((x.reshape(len(x), -1) / np.float32(256)).astype("f4"), np.asarray(y, "i8")) for x, y in sets.values()
    )


def write_pickle(folder, sets, protocol=2):
    """mnist.pkl.gz as a Python of today writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "mnist.pkl.gz", "wb", compresslevel=1) as file:
        pickle.dump(theano_pairs(sets), file, protocol)
    return folder / "mnist.pkl.gz"


def python2_pickle(arrays):
    """The bytes of protocol 2 as Python 2 and NumPy 1.6 wrote a tuple of pairs: strings of bytes, names of Python 2."""

    def string(data):
        return (b"U" + struct.pack("<B", len(data)) if len(data) < 256 else b"T" + struct.pack("<I", len(data))) + data

    def whole(number):
        return b"K" + struct.pack("<B", number) if number < 256 else b"J" + struct.pack("<i", number)

    def array(values):
        kind = values.dtype.str[1:].encode()
        shape = whole(values.shape[0]) + (whole(values.shape[1]) + b"\x86" if values.ndim == 2 else b"\x85")
        return b"".join(
            [
                b"cnumpy.core.multiarray\n_reconstruct\n",
                b"cnumpy\nndarray\n" + b"K\x00\x85" + string(b"b") + b"\x87R",
                b"(K\x01" + shape,
                b"cnumpy\ndtype\n" + string(kind) + b"K\x00K\x01\x87R",
                b"(K\x03" + string(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
                b"\x89" + string(values.tobytes()) + b"tb",
            ]
        )

    pairs = [array(x) + array(y) + b"\x86" for x, y in arrays]
    return b"\x80\x02" + b"".join(pairs) + {1: b"\x85", 2: b"\x86", 3: b"\x87"}[len(pairs)] + b"."


def write_python2_pickle(folder, sets):
    """mnist.pkl.gz as the Theano tutorials had it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mnist.pkl.gz").write_bytes(gzip.compress(python2_pickle(theano_pairs(sets))))
    return folder / "mnist.pkl.gz"
