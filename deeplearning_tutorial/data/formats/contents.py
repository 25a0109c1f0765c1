"""What kind of file it is, by its first bytes; and for kinds that are not read here, what to do with them."""

import csv
import re

from deeplearning_tutorial.data.formats import npz
from deeplearning_tutorial.data.formats.idx import is_idx
from deeplearning_tutorial.data.formats.streams import first_bytes

DATA = ("idx", "npz", "npy", "table", "libsvm", "pickle")  # read here, from files
BEGIN = 2**18  # bytes that are looked at: the names of 128 x 128 columns are some 160,000

# (where, which bytes, kind)
MAGIC = [
    (0, b"\x93NUMPY", "npy"),
    (0, b"MATLAB 7.3 MAT-file", "matlab73"),
    (0, b"MATLAB 5.0 MAT-file", "matlab"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"PK", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"Rar!\x1a\x07", "archive"),
    (257, b"ustar", "tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
    (0, b"SQLite format 3\0", "sqlite"),
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch"),  # PyTorch before 1.6: a number of ten bytes
    (0, b"%PDF", "pdf"),
]
PICTURES = rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\0\0\0\0|II\*\0|MM\0\*|RIFF....WEBP|P[1-6]\s|qoif|....ftyp|\0\0\x01\0[\x01-\x20]\0"
PICKLE = rb"[(\]}]*(c[\w.]+\n\w+\n|[(\]}][dlpq])"  # of the protocols 0 and 1; the others begin with a byte of 0x80

SAVE = "numpy.savez('my_data.npz', x_train=..., y_train=..., x_test=..., y_test=...)"
OTHERS = {
    "matlab": ("a MATLAB file", f"Read it with scipy.io.loadmat(path), and save its arrays with {SAVE}"),
    "matlab73": ("a MATLAB 7.3 file, which is HDF5", f"Read it with h5py.File(path) where h5py is installed, and save its arrays with {SAVE}; or save it in MATLAB with '-v7' and use scipy.io.loadmat(path)"),
    "hdf5": ("an HDF5 file", f"Read it with h5py.File(path) where h5py is installed, and save its arrays with {SAVE}"),
    "parquet": ("a Parquet file", "Where pandas is installed, pandas.read_parquet(path).to_csv('my_data.csv', index=False) makes a CSV of a table; a column of pictures has to be saved as picture files"),
    "arrow": ("an Arrow (Feather) file", "Where pandas is installed, pandas.read_feather(path).to_csv('my_data.csv', index=False) makes a CSV of it"),
    "torch": ("a PyTorch file, which is a pickle", f"Nothing is unpickled here: where PyTorch is installed, torch.load(path, weights_only=True) gives its tensors; save them with .numpy() and {SAVE}"),
    "tfrecord": ("a TFRecord file", f"Where TensorFlow is installed, read it with tf.data.TFRecordDataset(path), and save the arrays with {SAVE}"),
    "arff": ("a Weka file (ARFF)", "Where it is not sparse, it is a CSV file after the line '@data': save those lines as my_data.csv, below a line with the names of the columns"),
    "zip": ("a zip archive", "Unpack it, and name the folder that comes out"),
    "tar": ("a tar archive", "Unpack it (tar -xf), and name the folder that comes out"),
    "archive": ("an archive", "Unpack it, and name the folder that comes out"),
    "excel": ("an Excel workbook", "Save the sheet as CSV (UTF-8)"),
    "sqlite": ("an SQLite database", "Export the table as CSV"),
    "pdf": ("a PDF document", "Save its pictures as PNG files, in one folder for each class"),
    "picture": ("a single picture", "A data set is a folder that has one folder of pictures for each class, named as the class; for one digit use deeplearning_tutorial.data.images.read_picture(path)"),
    "empty": ("an empty file", "Copy it again"),
    "text": ("text, but no table of numbers", "A table has a row a line, the same number of columns in each, and a label in one of them"),
    "": ("of an unknown kind", f"Save its arrays with {SAVE}"),
}  # fmt: skip


def kind_of(path):
    """What kind of file it is: one of `DATA`, or of `OTHERS`."""
    begin = first_bytes(path, BEGIN)
    if not begin:
        return "empty"
    if is_idx(begin):
        return "idx"
    for place, magic, kind in MAGIC:
        if begin.startswith(magic, place):
            return _kind_of_zip(path) if kind == "zip" else kind
    if re.match(PICTURES, begin, re.DOTALL):
        return "picture"
    if begin[:1] == b"\x80" and begin[1:2] in b"\x02\x03\x04\x05" or re.match(PICKLE, begin):
        return "pickle"
    if len(begin) > 12 and begin[12] == 0x0A and 0 < int.from_bytes(begin[:8], "little") < 2**40:
        return "tfrecord"
    return _kind_of_text(begin)


def refusal(path, kind):
    """Why a file of another kind is not read, and what to do."""
    what, cure = OTHERS[kind]
    return ValueError(f"{path} is {what}. {cure}.")


def _kind_of_zip(path):
    names = npz.names_in_zip(path)
    if any(name.endswith(".npy") for name in names):
        return "npz"
    if any(re.search(r"(^|/)data\.pkl$", name) for name in names):
        return "torch"
    if "xl/workbook.xml" in names:
        return "excel"
    return "zip" if names or path.suffix.lower() != ".npz" else "npz"


def text_of(begin):
    """The whole lines of text with which a file begins, or `None` if it is no text."""
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = begin.decode("utf-16", "ignore")
    else:
        if b"\0" in begin:
            return None
        text = begin.decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(begin) == BEGIN and len(lines) > 1:
        lines.pop()  # cut off
    return lines if lines and sum(not c.isprintable() and c != "\t" for c in "".join(lines[:5])) == 0 else None


def _kind_of_text(begin):
    lines = text_of(begin)
    if lines is None:
        return ""
    data = [line for line in lines if not line.startswith(("%", "#"))]
    if data and data[0].lower().startswith("@relation"):
        return "arff"
    if any(re.match(r"[-+]?[\d.e+-]+(\s+\d+:\S+)+\s*(#.*)?$", line) for line in lines[:20]):
        return "libsvm"
    return "table" if delimiter_of(lines) else "text"


def delimiter_of(lines):
    """What stands between the columns of a table: "," or ";" or a tab, " " for any spaces; "" if it is no table."""
    numbers = {}
    for delimiter in (",", ";", "\t", " "):
        rows = [split(line, delimiter) for line in lines[:5]]
        found = sum(is_number(field) for field in rows[-1])
        if len(rows[-1]) > 1 and 2 * found >= len(rows[-1]) and len({len(row) for row in rows[1:] or rows}) == 1:
            numbers[delimiter] = found
    return max(numbers, key=numbers.get, default="")


def split(line, delimiter):
    """The fields of a line of a table."""
    if delimiter == " ":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # a field of more than 131,072 characters: these are no columns
        return [line]


def is_number(field):
    """Whether a field is a number, with a point or a comma before its fraction."""
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True
