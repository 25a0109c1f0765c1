"""Which reader is asked: by the kinds of the files that are there."""

import dataclasses
import re

from deeplearning_tutorial.data.formats import colours, contents, folders, idx, libsvm, npz, pickled, tables
from deeplearning_tutorial.data.formats.names import listed, parse_name

DEPTH = 3  # folders within folders in which files are looked for: data/MNIST/raw
MOST_FILES = 200  # of a folder that are looked into


def open_door(path, label, colour):
    """As :func:`deeplearning_tutorial.data.formats.read`."""
    colours.check_colour(colour)
    found = _read_folder(path, label, colour) if path.is_dir() else _read_file(path, label, colour)
    return dataclasses.replace(found, layout=found.layout[:1].upper() + found.layout[1:])


def _read_file(path, label, colour):
    if not path.exists():
        raise ValueError(f"{path}: there is no such file or folder.")
    if not path.is_file():  # to open a pipe would wait for somebody to write
        raise ValueError(f"{path}: is neither a file nor a folder.")
    kind = contents.kind_of(path)
    if kind not in contents.DATA:
        if kind in ("", "empty"):
            _refuse_damaged_idx({path: kind})
        raise contents.refusal(path, kind)
    of = parse_name(path.name).of
    beside = [file for file in folders.visible(path.parent)[0] if file != path and parse_name(file.name).of == of]
    files = [path, *(file for file in beside[:MOST_FILES] if _kind_if_readable(file) == kind)]
    return _read_files(kind, files, path, label, colour)


def _read_folder(path, label, colour):
    level, looked_at = [path], {}
    for depth in range(DEPTH):
        kinds = {}
        for folder in level:
            for file in sorted(folders.visible(folder)[0], key=_training_first)[:MOST_FILES]:
                kinds[file] = contents.kind_of(file)
                if kinds[file] == "picture" and depth:
                    break  # the others will be pictures too
        looked_at |= kinds
        for kind in contents.DATA:
            files = [file for file, its in kinds.items() if its == kind]
            if files:
                if kind == "idx":
                    _refuse_damaged_idx(kinds)
                return _read_files(kind, files, path, label, colour)
        _refuse_damaged_idx(kinds)
        if depth and "picture" in kinds.values():
            if label is not None:
                raise _no_label(path, "a folder of pictures")
            return folders.read(path, colour)
        level = [folder for upper in level for folder in folders.visible(upper)[1]][:MOST_FILES]
    raise _nothing(path, looked_at)


def _read_files(kind, files, path, label, colour):
    if kind == "table":
        return tables.read(files, path, label)
    if label is not None:
        raise _no_label(path, files[0].name)
    if kind in ("npz", "npy"):
        return npz.read(files, path, colour)
    return {"idx": idx.read, "libsvm": libsvm.read, "pickle": pickled.read}[kind](files, path)


def _kind_if_readable(file):
    """The kind of a file that nobody asked for: it may be damaged, or not for us to read."""
    try:
        return contents.kind_of(file)
    except (OSError, ValueError):
        return ""


def _training_first(file):
    return parse_name(file.name).part != "train", file.name


def _refuse_damaged_idx(kinds):
    for file, kind in kinds.items():
        if kind not in contents.DATA and re.search(r"idx\d|ubyte", file.name.lower()):
            idx.refuse(file)


def _no_label(path, what):
    return ValueError(f"{path}: label=... names the column of a table, and {what} is none; leave it out.")


def _nothing(path, kinds):
    if not kinds:
        return ValueError(f"{path} is an empty folder.")
    for file, kind in kinds.items():
        if kind not in ("picture", "text", "", "empty") and len(kinds) <= 3:
            return contents.refusal(file, kind)
    if "picture" in kinds.values():
        return ValueError(
            f"{path}: holds pictures, and no folders. Put those of each class into a folder of its own, named as the class; "
            f"if this is such a folder, name the one above, {str(path.resolve().parent)!r}."
        )
    return ValueError(
        f"{path}: no data found in it, only {listed(kinds)}. Expected one of: four files named as MNIST's "
        f"({', '.join(idx.IDX_FILES)}, compressed or not); an .npz file with x_train, y_train, x_test, y_test; a CSV file "
        "(train.csv, test.csv); or a folder of pictures for each class, named as the class."
    )
