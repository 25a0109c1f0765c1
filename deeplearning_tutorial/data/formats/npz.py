"""NumPy's ``.npz`` and ``.npy``: arrays by the names that Keras, MedMNIST, KMNIST and people give them.

>>> found = read([Path("own.npz")], Path("own.npz"))       # x_train, y_train, x_test, y_test, perhaps x_valid, y_valid
>>> x, y = found.sets["train"]

MedMNIST: https://github.com/MedMNIST/MedMNIST (J. Yang et al., 2023), ``train_images``, ``train_labels`` of shape
(rows, 1), ``val_images``, …. KMNIST: four files, each with an array ``arr_0``.
"""

import re
import zipfile

import numpy as np

from deeplearning_tutorial.data.formats import colours, known
from deeplearning_tutorial.data.formats.found import PARTS, checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.names import called, listed, one_set, parse_name, partner

NAMES_OF_CLASSES = r"(class|label|target|category|categories)_?(names|words)|class_?labels|names"


def read(files, path, colour=None):
    """What is in ``.npz`` files, or in ``.npy`` files that belong together.

    Parameters
    ----------
    files : list of path
        One file with all arrays, a file for each set, or a file for each array.
    path : path
        The folder or file that was asked for.
    colour : str, optional
        "grey" or "rgb", of pictures in colour.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        If an array is missing or not what it should be, or pictures are in colour and `colour` does not say what to
        make of them. Nothing is unpickled: arrays of Python objects are refused.
    """
    arrays, names, unused = {}, {}, []
    classes = None
    chosen = _files_of_one_set(files, path)
    for file in chosen:
        of_file = parse_name(file.name)
        for key, array in read_arrays(file).items():
            if re.fullmatch(NAMES_OF_CLASSES, key.lower()) and array.ndim == 1 and array.dtype.kind == "U":
                classes = dict(enumerate(array.tolist()))
                continue
            place = _place(key, array, of_file if len(chosen) > 1 else None)
            if not place[1] or place in arrays:
                unused.append(key)
            else:
                arrays[place], names[place] = array, key if len(chosen) == 1 else file.name
    sets = _sets(arrays, names, unused, path)
    notes = [f"Arrays that are not used: {', '.join(sorted(unused))}."] if unused else []
    # Pictures in colour under these names were taken as they are before there was a choice.
    as_ever = all(re.fullmatch(r"[xy]_[a-z]+", name) for name in names.values())
    sets, more = colours.chosen(sets, path, colour, must_choose=not as_ever)
    found = checked(path, _layout(chosen, names), sets, classes, [*notes, *more])
    return found if classes else known.recognized(found, chosen)


def read_arrays(path):
    """The arrays in an ``.npz`` or ``.npy`` file that pictures, labels and names of classes can be in.

    Returns
    -------
    dict
        From name to array; "" is the name of the one in an ``.npy`` file.
    """
    with open(path, "rb") as file:  # which says so where it may not be read; is_zipfile does not
        is_array = file.read(6) == b"\x93NUMPY"
        is_archive = not is_array and zipfile.is_zipfile(file)
    if not is_array and not is_archive:
        raise ValueError(f"{path}: not an .npz file; write one with numpy.savez(path, x_train=..., y_train=..., ...).")
    try:
        if is_array:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            check_memory(array.nbytes, "it")
            return {"": np.array(array)}
        with np.load(path, allow_pickle=False) as file:
            wanted = [name for name in file.files if _may_be_wanted(name)]
            check_memory(sum(member.file_size for member in file.zip.infolist()), "it")
            return {name: file[name] for name in wanted}
    except Exception as error:  # whatever zipfile, zlib and NumPy make of a damaged file, or of Python objects in it
        raise ValueError(f"{path}: cannot be read: {error}") from None


def names_in_zip(path):
    """The names in a zip archive; none if it is none, or damaged."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.namelist()
    except Exception:  # as above; whoever reads the file says what is wrong
        return []


def _may_be_wanted(name):
    return bool(parse_name(name).role or re.fullmatch(rf"arr_\d+|{NAMES_OF_CLASSES}", name.lower()))


def _files_of_one_set(files, path):
    """`path` itself if it says in itself what is what; else all files whose names do."""
    if path in files:
        says_all = any(parse_name(name).part for name in names_in_zip(path)) or not parse_name(path.name).part
        if says_all and path.suffix != ".npy":
            return [path]
    chosen = list(one_set(files, path, ".npz").values())
    if chosen[0].suffix == ".npy" and len(chosen) == 1:
        raise ValueError(
            f"{path}: one array, pictures without labels or labels without pictures. Put the others beside it, named "
            "x_train.npy, y_train.npy, x_test.npy, y_test.npy, or write one file of all with "
            "numpy.savez('my_data.npz', x_train=..., y_train=..., x_test=..., y_test=...)."
        )
    return chosen


def _place(key, array, of_file):
    """(part, role) of an array, from its own name and, where it is one of several files, from the file's."""
    name = parse_name(key)
    role = name.role
    if re.fullmatch(r"arr_[01]", key) and not (of_file and of_file.role):  # numpy.savez(path, x, y)
        role = ["x", "y"][int(key[-1])]
    part = name.part or (of_file.part if of_file else "") or "train"
    return part, role or (of_file.role if of_file else "")


def _sets(arrays, names, unused, path):
    missing = []
    for part in PARTS:
        here = [role for role in ("x", "y") if (part, role) in arrays]
        if len(here) == 1:
            missing.append(partner(names[part, here[0]]))
    if not any(part == "train" for part, _ in arrays):
        missing += ["x_train", "y_train"]
    if missing:
        has = listed(sorted([*names.values(), *unused]))
        raise ValueError(f"{path}: has {has.replace('nothing', 'no arrays')}; missing {', '.join(missing)}.")
    return {part: (arrays[part, "x"], arrays[part, "y"]) for part in PARTS if (part, "x") in arrays}


def _layout(chosen, names):
    if len(chosen) > 1:
        return called(f"{chosen[0].suffix} file", len(chosen))
    owner = "MedMNIST's" if {"train_images", "val_images"} <= set(names.values()) else "NumPy's"
    return f"{owner} .npz"
