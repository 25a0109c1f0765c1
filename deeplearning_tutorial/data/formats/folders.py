"""A folder of pictures for each class, and perhaps train, valid and test above these.

>>> found = read(Path("digits"))                            # digits/train/0/1.png, …, digits/test/9/10000.png
>>> found.sets["train"][0].shape
(60000, 28, 28)
"""

import re

import numpy as np

from deeplearning_tutorial.data.formats import colours
from deeplearning_tutorial.data.formats.found import PARTS, checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.names import listed, parse_name

# What systems and programs leave beside the files that people put there.
INVISIBLE = r"\..*|__macosx|thumbs\.db|desktop\.ini|ehthumbs\.db|icon\r|__pycache__"
BESIDE_PICTURES = r".*\.(txt|md|csv|tsv|json|xml|html?|ya?ml|pdf|db|py)"


def visible(folder):
    """Files and folders in a folder, in the order of their names, but those that systems leave there."""
    entries = sorted(entry for entry in folder.iterdir() if not re.fullmatch(INVISIBLE, entry.name.lower()))
    return [entry for entry in entries if entry.is_file()], [entry for entry in entries if entry.is_dir()]


def read(path, colour=None):
    """What is in folders of pictures.

    Parameters
    ----------
    path : path
        Of the folder that holds a folder for each class, or folders train, test and perhaps valid with these in them.
    colour : str, optional
        "grey" or "rgb", of pictures in colour. Those whose red, green and blue are equal are grey ones.

    Returns
    -------
    Found
        Pictures of shape (rows, height, width) or (rows, height, width, 3), the way up that the camera noted; labels are
        the names of the folders, as numbers if all are.

    Raises
    ------
    ValueError
        If a picture is damaged or of another size than the first one, or one is in colour and `colour` does not say what
        to make of it.
    """
    top = path
    while len(visible(top)[1]) == 1 and not _pictures(top) and not _pictures(visible(top)[1][0]):
        top = visible(top)[1][0]  # a folder that only holds a folder: what unpacking leaves
    parts = {}
    for folder in visible(top)[1]:
        part = "" if _pictures(folder) else parse_name(folder.name).part  # what holds pictures is a class
        parts.setdefault(part, []).append(folder)
    notes = []
    if "train" not in parts:
        parts = {"train": [folder for folders in parts.values() for folder in folders]}
    else:
        if others := parts.pop("", []):
            notes.append(f"Folders that are not used: {listed(others)}.")
        for part, folders in parts.items():
            if len(folders) > 1:
                raise ValueError(f"{path}: has {listed(folders)} for one set. Put their pictures into one of them.")
            parts[part] = visible(folders[0])[1]
    files = {
        part: [(f, folder.name) for folder in sorted(parts[part]) for f in _pictures(folder)]
        for part in PARTS
        if part in parts
    }
    empty = [part for part, found in files.items() if not found]
    if empty:
        raise ValueError(f"{path}: its folder {empty[0]} has no folder of pictures for each class in it.")
    sets = _read_sets(files, path, colour)
    classes = len({name for found in files.values() for _, name in found})
    empty = [folder.name for folder in parts["train"] if not _pictures(folder)]
    if empty:
        notes.append(f"No pictures are in {listed(empty)}.")
    return checked(path, f"pictures in {classes:,} folders, one for each class", sets, None, notes)


def _pictures(folder):
    """The files of a folder that have to be pictures."""
    return [file for file in visible(folder)[0] if not re.fullmatch(BESIDE_PICTURES, file.name.lower())]


def _read_sets(files, path, colour):
    first = read_one(files["train"][0][0], colour)
    total = sum(map(len, files.values()))
    check_memory(total * first.nbytes, f"{path}: {total:,} pictures of shape {first.shape}, which")
    numbers = all(re.fullmatch(r"\d{1,9}", name) for found in files.values() for _, name in found)
    sets = {}
    for part, found in files.items():
        x = np.empty((len(found), *first.shape), first.dtype)
        for row, (file, _) in enumerate(found):
            picture = read_one(file, colour, first.shape[:2], files["train"][0][0])
            if picture.dtype != x.dtype or picture.shape != x.shape[1:]:
                raise ValueError(
                    f"{file} has {8 * picture.dtype.itemsize} bits for each shade, and {files['train'][0][0]} has "
                    f"{8 * first.dtype.itemsize}: save all in one way."
                )
            x[row] = picture
        sets[part] = x, np.array([int(name) if numbers else name for _, name in found])
    return sets


def read_one(file, colour=None, size=None, as_that=None):
    """A picture as an array.

    Parameters
    ----------
    file : path
    colour : {None, "grey", "rgb"}
    size : (int, int), optional
        Height and width that it has to have.
    as_that : path, optional
        Which picture has that size.

    Returns
    -------
    ndarray
        (height, width) or (height, width, 3), uint8; uint16 of a grey picture of 16 bits, float32 of
        one of floating point.
    """
    # Only here: all other layouts are read without Pillow, too.
    from deeplearning_tutorial.data.images import read_picture

    picture = read_picture(file, "Take it out.")
    if size and picture.size != size[::-1]:
        raise ValueError(
            f"{file} has {picture.width} x {picture.height} pixels, and {as_that} has {size[1]} x {size[0]}: all pictures "
            "of a data set have one size. Make them so, for example with picture.resize((28, 28)) of Pillow."
        )
    try:
        array = _shades(picture, colour)
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} is a picture that cannot be used: {error}. Take it out.") from None
    if array.ndim == 3 and colour is None:
        raise ValueError(f"{file}: {colours.ask_for_colour('this picture is in colour')}")
    return array


def _shades(picture, colour):
    if picture.mode.startswith("I"):
        shades = np.asarray(picture)
        if shades.min() < 0 or shades.max() > 65535:
            raise ValueError("its shades do not fit into 16 bits")
        return shades.astype(np.uint16)
    if picture.has_transparency_data:
        from PIL import Image

        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    if picture.mode == "F":  # of any range
        return np.asarray(picture)
    if colour == "grey" or (picture.mode in ("1", "L") and colour != "rgb"):
        return np.asarray(picture.convert("L"))
    shades = np.asarray(picture.convert("RGB"))
    if colour == "rgb":
        return shades
    equal = (shades == shades[..., :1]).all()
    return shades[..., 0] if equal else shades
