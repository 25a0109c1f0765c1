"""Data sets that are known by name: how their pictures lie, and what their classes are called.

=========  =========================================================================================
EMNIST     https://www.nist.gov/itl/products-and-services/emnist-dataset (G. Cohen, S. Afshar, J. Tapson, A. van Schaik,
           2017, arXiv:1702.05373): pictures are stored column by column, letters are counted from 1
KMNIST     https://github.com/rois-codh/kmnist (T. Clanuwat et al., 2018, arXiv:1812.01718)
Fashion    https://github.com/zalandoresearch/fashion-mnist (H. Xiao, K. Rasul, R. Vollgraf, 2017, arXiv:1708.07747)
=========  =========================================================================================
"""

import dataclasses
import re
import string

import numpy as np

DIGITS, UPPER, LOWER = string.digits, string.ascii_uppercase, string.ascii_lowercase
EMNIST = {  # the names of the classes, in their order, and the first label
    "byclass": (DIGITS + UPPER + LOWER, 0),
    "bymerge": (DIGITS + UPPER + "abdefghnqrt", 0),  # letters whose two cases look alike are one class
    "balanced": (DIGITS + UPPER + "abdefghnqrt", 0),
    "letters": (UPPER, 1),
    "digits": (DIGITS, 0),
    "mnist": (DIGITS, 0),
}
FASHION = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot".split(", ")
KMNIST = "o ki su tsu na ha ma ya re wo".split()  # the ten hiragana, in Latin letters
EMNIST_LETTERS = (124_800, 88_800)  # training pictures, of the second and the first edition
PERHAPS_EMNIST = (
    "If these are EMNIST's letters, they lie on their sides: put emnist-letters- before the names of the files."
)
UPRIGHT = "EMNIST's files hold the pictures column by column: they were turned upright."


def recognized(found, files, by_labels=False):
    """`found` as what it is, if it is a known data set.

    Parameters
    ----------
    found : Found
    files : list of path
        Its files, whose last names are looked at: ``FashionMNIST/raw/train-images-idx3-ubyte``.
    by_labels : bool, optional
        Whether these are IDX files, of which as many pictures as EMNIST's letters have, with labels from 1 to 26, are these.

    Returns
    -------
    Found
        EMNIST's pictures upright, with a note; classes with names.
    """
    pictures = {x.shape[1:] for x, _ in found.sets.values()} <= {(28, 28), (784,)}
    labels = [y for _, y in found.sets.values()]
    if not pictures or any(y.dtype.kind not in "iu" for y in labels):
        return found
    lowest, highest = min(int(y.min()) for y in labels), max(int(y.max()) for y in labels)
    # The file's own name says more than those of the folders that it is in.
    words = " ".join([*(file.name for file in files), *("/".join(file.parts[-3:-1]) for file in files)]).lower()
    are_letters = by_labels and (lowest, highest) == (1, 26)
    if re.search(r"(?<![a-z])emnist", words) or are_letters and len(found.sets["train"][1]) in EMNIST_LETTERS:
        return _emnist(found, words, lowest, highest)
    if are_letters:
        return dataclasses.replace(found, notes=[*found.notes, PERHAPS_EMNIST])
    for word, title, classes in [("fashion", "Fashion-MNIST", FASHION), ("kmnist", "KMNIST", KMNIST)]:
        if word in words and 0 <= lowest and highest < len(classes):
            return dataclasses.replace(found, layout=f"{title}, {found.layout}", classes=dict(enumerate(classes)))
    return found


def _emnist(found, words, lowest, highest):
    kinds = [*re.findall("|".join(EMNIST), words.replace("emnist", "")), "letters", "digits", "balanced", "byclass"]
    fits = [kind for kind in kinds if EMNIST[kind][1] <= lowest and highest < EMNIST[kind][1] + len(EMNIST[kind][0])]
    sets = {part: (_upright(x), y) for part, (x, y) in found.sets.items()}
    kind = fits[0] if fits else ""
    classes = dict(enumerate(EMNIST[kind][0], EMNIST[kind][1])) if kind else None
    layout = f"EMNIST {kind}, {found.layout}".replace(" ,", ",")
    return dataclasses.replace(found, layout=layout, sets=sets, classes=classes, notes=[*found.notes, UPRIGHT])


def _upright(x):
    return np.ascontiguousarray(x.reshape(-1, 28, 28).transpose(0, 2, 1)).reshape(x.shape)
