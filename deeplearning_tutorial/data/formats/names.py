"""What the names of files and arrays say: of which set they are, and whether they hold pictures or labels.

>>> parse_name("emnist-letters-train-images-idx3-ubyte.gz")
Name(part='train', role='x', of='emnist-letters')
>>> parse_name("X_test")
Name(part='test', role='x', of='')
"""

import hashlib
import re
import typing

from deeplearning_tutorial.data.formats.streams import compression, unpacked

# What a word of a name stands for. "t10k": the ten thousand test digits of MNIST; "test10k": of QMNIST; "t": of libsvm.
PART_WORDS = {
    "train": "train|training|trn|tra|tr",
    "test": r"t10k|test|testing|tst|tes|te|t|test\d+k",
    "valid": "valid|validation|val|validate|dev",
}
ROLE_WORDS = {
    "x": "x|images?|imgs?|pictures?|pixels|data|features?|inputs?|samples",
    "y": "y|labels?|lbls?|targets?|class|classes|answers|outputs?",
}
ENDINGS = r"(idx\d?)?(ubyte|byte|sbyte|int|short|float|double)|idx\d?|np[yz]|[ct]sv|txt|amat|dat|libsvm|gz|bz2|xz"
SILENT_WORDS = rf"{ENDINGS}|data|set|arr|0"


class Name(typing.NamedTuple):
    """What a name says: `part` "train", "valid", "test" or ""; `role` "x", "y" or ""; `of` what is left of it."""

    part: str
    role: str
    of: str


def parse_name(text):
    """A `Name` from a name of a file (without its folder) or of an array."""
    words = re.findall(r"[a-z]+\d*[a-z]*|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", text).lower())
    words = [piece for word in words for piece in _pieces(word)]
    left = [word for word in words if not re.fullmatch("|".join([*PART_WORDS.values(), SILENT_WORDS]), word)]
    role = _meaning(left, ROLE_WORDS) or _meaning(words, ROLE_WORDS)
    of = [word for word in left if not re.fullmatch("|".join(ROLE_WORDS.values()), word)]
    return Name(_meaning(words, PART_WORDS), role, "-".join(of))


def _pieces(word):
    """`["x", "train"]` of "xtrain", `["train", "images"]` of "trainimages"; another word as it is."""
    for pattern in (r"(x|y)(train|test|valid|val)", r"(train|test|t10k|valid|val)(x|y|images|labels|data)"):
        if match := re.fullmatch(pattern, word):
            return list(match.groups())
    return [word]


def _meaning(words, meanings):
    """What the first word that has a meaning stands for; "" if none has."""
    return next((key for word in words for key, pattern in meanings.items() if re.fullmatch(pattern, word)), "")


# Files that belong together -----------------------------------------------------------------------------------------


def one_set(files, path, kind):
    """Those of some files that make one data set.

    Parameters
    ----------
    files : list of path
    path : path
        The folder that was asked for, or the one of the files whose set is wanted.
    kind : str
        What errors call the files.

    Returns
    -------
    dict
        From (part, role), as in `Name`, to a file. A set without a part "train" has it from the files without one.

    Raises
    ------
    ValueError
        If there are several such sets, or two files for one place.
    """
    sets = {}
    for file in files:
        name = parse_name(file.name)
        sets.setdefault(name.of, {}).setdefault((name.part, name.role), []).append(file)
    if path in files:
        chosen = sets[parse_name(path.name).of]
    elif len(sets) == 1:
        chosen = next(iter(sets.values()))
    else:
        trained = [found for found in sets.values() if any(part == "train" for part, _ in found)]
        if len(trained) != 1:
            ways = [next(iter(found.values()))[0] for found in trained or sets.values()]
            raise ValueError(
                f"{path}: holds {len(ways)} sets of {kind} files. Name one file of the one you want: "
                f"{', '.join(map(str, ways[:20]))}{', …' if len(ways) > 20 else ''}."
            )
        chosen = trained[0]
    chosen = {key: _one_file(copies, path) for key, copies in chosen.items()}
    if not any(part == "train" for part, _ in chosen):
        chosen = {(part or "train", role): file for (part, role), file in chosen.items()}
    return {key: file for key, file in chosen.items() if key[0]}


def _one_file(copies, path):
    """One of files for the same place, which have to be the same file compressed and not, or twice."""
    if path in copies:
        return path
    if len(copies) > 1 and len({_digest(file) for file in copies}) > 1:
        raise ValueError(
            f"{path}: two files for one place, and they differ: {copies[0]} and {copies[1]}. Take one of them away."
        )
    return next((file for file in copies if not compression(file)), copies[0])


def _digest(file):
    """SHA-256 of what is in a file, unpacked."""
    found = hashlib.sha256()
    with unpacked(file) as content:
        while block := content.read(2**20):
            found.update(block)
    return found.hexdigest()


# What pictures and labels are called side by side.
PAIRS = {"images": "labels", "image": "label", "imgs": "labels", "data": "target", "features": "targets", "x": "y"}
PAIRS |= {label: pictures for pictures, label in reversed(PAIRS.items())} | {
    "X": "y",
    "idx3": "idx1",
    "idx2": "idx3",
    "idx1": "idx3",
}


def partner(name):
    """What the labels are called that belong to pictures of this name, and the other way round.

    >>> partner("t10k-images-idx3-ubyte"), partner("x_test")
    ('t10k-labels-idx1-ubyte', 'y_test')
    """
    name = re.sub(r"\.(gz|bz2|xz)$", "", name, flags=re.IGNORECASE)
    words = "|".join(sorted(PAIRS, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z])({words})(?![a-z0-9])", lambda match: PAIRS[match[0]], name)


def called(name, files):
    """A number of files in words: "four IDX files"."""
    numbers = ["no", "one", "two", "three", "four", "five", "six"]
    return f"{numbers[files] if files < len(numbers) else files} {name}{'s' if files != 1 else ''}"


def listed(files, most=12):
    """The names of some files, or other names, for a sentence."""
    names = [getattr(file, "name", file) for file in files]
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "") or "nothing"
