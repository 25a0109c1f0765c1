"""Files are known by what is in them; a file of another kind is refused with what it is and what to do."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from deeplearning_tutorial.data import formats
from deeplearning_tutorial.data.formats import read


def made(write, *arguments, **options):
    content = io.BytesIO()
    write(content, *arguments, **options)
    return content.getvalue()


def in_zip(name):
    with zipfile.ZipFile(content := io.BytesIO(), "w") as file:
        file.writestr(name, "text")
    return content.getvalue()


def in_tar():
    with tarfile.open(fileobj=(content := io.BytesIO()), mode="w") as file:
        file.addfile(tarfile.TarInfo("a.png"))
    return content.getvalue()


KINDS = {
    "MATLAB": (made(scipy.io.savemat, {"x": np.eye(3)}), "a MATLAB file. Read it with scipy.io.loadmat"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5 file. Read it with h5py"),
    "Parquet": (b"PAR1" + bytes(40), "a Parquet file. .*read_parquet"),
    "zip": (in_zip("digits/0/a.png"), "a zip archive. Unpack it"),
    "Excel": (in_zip("xl/workbook.xml"), "an Excel workbook. Save the sheet as CSV"),
    "PyTorch": (in_zip("archive/data.pkl"), "a PyTorch file, which is a pickle. .*weights_only=True"),
    "tar": (in_tar(), "a tar archive. Unpack it"),
    "ARFF": (b"% a comment\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n", "a Weka file"),
    "picture": (
        made(Image.new("L", (4, 4)).save, "png"),
        "a single picture. .*a folder that has one folder of pictures",
    ),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\n", "a PDF document. Save its pictures as PNG"),
    "nothing": (b"", "an empty file. Copy it again"),
    "prose": (b"Once upon a time\n", "text, but no table of numbers"),
    "unknown": (bytes(range(256)), "of an unknown kind. Save its arrays with numpy.savez"),
}


@pytest.mark.parametrize("content, reason", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", ["own.csv", "own"])
def test_other_kinds_are_named_with_the_cure(tmp_path, content, reason, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is {reason}"):
        read(tmp_path / name)
    if content and not content.startswith(b"PK"):  # whose names stand at its end
        (tmp_path / name).write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match=f"{name} is {reason}"):
            read(tmp_path / name)


def test_a_folder_without_data_says_what_is_in_it_and_what_is_expected(tmp_path):
    for name in ("notes.txt", "letter.txt", "a.bin"):
        (tmp_path / name).write_bytes(b"Once upon a time\n")
    with pytest.raises(
        ValueError, match="only a.bin, letter.txt, notes.txt. Expected one of: four files named as MNIST's"
    ):
        read(tmp_path)
    (tmp_path / "own.csv").write_text("a,label\n1,2\n3,1\n")
    assert read(tmp_path).layout == "CSV, labels in column 'label'"


def test_a_folder_that_is_empty_or_of_one_class_is_told_so(tmp_path):
    with pytest.raises(ValueError, match="is an empty folder"):
        read(tmp_path)
    folder = tmp_path / "pictures" / "circle"
    folder.mkdir(parents=True)
    Image.new("L", (4, 4)).save(folder / "1.png")
    with pytest.raises(ValueError, match="circle: holds pictures, and no folders. .*name the one above, '.*pictures'"):
        read(folder)


def test_all_but_folders_of_pictures_is_read_without_pillow(tmp_path):
    """As on a machine for which a bundle was made: it has NumPy, SciPy and Theano."""
    np.savez(tmp_path / "own.npz", x=np.eye(9), y=np.arange(9) % 3)
    program = "import sys; sys.modules['PIL'] = None; from deeplearning_tutorial.data.formats import read; print(read(sys.argv[1]).layout)"
    said = subprocess.run([sys.executable, "-c", program, tmp_path / "own.npz"], capture_output=True, text=True)
    assert "x and y" in said.stdout or said.stdout.startswith("NumPy"), said.stderr
    Image.new("L", (4, 4)).save(tmp_path / "1.png")
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            program.replace("read(sys", "folders.read_one(sys").replace("import read", "import folders"),
            tmp_path / "1.png",
        ],
        capture_output=True,
        text=True,
    )
    assert "PIL" in said.stderr


def test_what_is_neither_a_file_nor_a_folder(tmp_path):
    with pytest.raises(ValueError, match="none: there is no such file or folder"):
        read(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for ever
    with pytest.raises(ValueError, match="pipe: is neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_a_label_is_for_tables_only(tmp_path):
    np.savez(tmp_path / "own.npz", x=np.eye(3), y=np.arange(3))
    with pytest.raises(ValueError, match="label=.* names the column of a table, and own.npz is none"):
        read(tmp_path / "own.npz", label="y")


@pytest.mark.parametrize("pack, end", [(gzip.compress, -3), (gzip.compress, 30)])
def test_a_compressed_file_that_is_cut_is_named(tmp_path, pack, end):
    text = "a,label\n" + "".join(f"{i},{i % 2}\n" for i in range(100))
    (tmp_path / "own.csv").write_bytes(pack(text.encode())[:end])
    with pytest.raises(ValueError, match="own.csv is not a whole gzip file .*Copy it again"):
        read(tmp_path / "own.csv")


def test_each_module_is_on_the_page_of_the_package():
    modules = {path.stem for path in Path(formats.__file__).parent.glob("*.py")} - {"__init__"}
    assert [name for name in sorted(modules) if f"`{name}`" not in formats.__doc__] == []
