"""Tables of numbers as text: CSV of any kind, and the Montreal lab's ``.amat``.

>>> found = read([Path("train.csv")], Path("train.csv"), label="digit")

Columns stand between commas, semicolons, tabs or spaces, with names above them or not. The labels are the column of that
name, or of one such as "label", "class" or "target". Without names above the columns, they are the first (Kaggle's and
other MNIST in CSV) or the last one (``.amat``, scikit-learn's and UCI's digits), whichever can be.
"""

import dataclasses
import itertools
import re
import warnings

import numpy as np

from deeplearning_tutorial.data.formats import known
from deeplearning_tutorial.data.formats.contents import delimiter_of, is_number, split
from deeplearning_tutorial.data.formats.found import checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.names import listed, one_set, parse_name
from deeplearning_tutorial.data.formats.text import blocks_of, lines_of

LABEL_NAMES = r"(class|target)?[ _.-]?labels?|class(es)?|targets?|y|digits?|species|categor(y|ies)|variety|letters?"
ROW_NAMES = r"|unnamed: ?0|id|index|row_?(names?|ids?)?|image_?id"  # of columns that only number the rows


@dataclasses.dataclass
class Table:
    """A table as it stands in a file.

    Parameters
    ----------
    path : path
    names : list of str or None
        What stands above the columns.
    values : ndarray, (rows, columns)
        uint8 if all are whole and from 0 to 255, else float64. Of a column of words, which of them.
    words : dict
        From the number of a column to its words, in the order in which they come.
    classes : list of str
        Names of the classes, which scikit-learn's own files have in their first line.
    """

    path: object
    names: list
    values: np.ndarray
    words: dict
    classes: list

    def title(self, column):
        if self.names:
            return f"column {self.names[column]!r}"
        return {0: "the first column", self.values.shape[1] - 1: "the last column"}.get(column, f"column {column}")


def read(files, path, label=None):
    """What is in a table, or in tables that belong together.

    Parameters
    ----------
    files : list of path
        A file for each set.
    path : path
        The folder or file that was asked for.
    label : str or int, optional
        The column of labels, by its name or its number from 0.

    Returns
    -------
    Found
        Numbers of text are uint8 where all of a file are whole and from 0 to 255, else float64.

    Raises
    ------
    ValueError
        If it is not plain which column holds the labels, or something is no number.
    """
    chosen = {"train": path} if path in files and not parse_name(path.name).part else _parts(files, path)
    train = read_table(chosen["train"], label)
    column = _label_column(train, label)
    keep, notes = _features(train, column)
    sets, more = {"train": (train.values[:, keep], _labels(train, column))}, []
    for part in [part for part in chosen if part != "train"]:
        table = read_table(chosen[part], label if train.names else column, of=train)
        places = _same_columns(table, train, column, keep)
        if places is None:
            more.append(f"The {len(table.values):,} rows of {chosen[part].name} have no labels and are not used.")
        else:
            _refuse_words(table, places[1:], places[0])
            sets[part] = table.values[:, places[1:]], _labels(table, places[0])
    layout = f"{'.amat' if '.amat' in chosen['train'].name.lower() else 'CSV'}, labels in {train.title(column)}"
    classes = dict(enumerate(train.classes)) or None
    found = checked(path, layout, _as_pictures(sets, train, keep), classes, notes + more)
    return _recognized(found, list(chosen.values()))


def _parts(files, path):
    chosen = {part: file for (part, _), file in one_set(files, path, "CSV").items()}
    if "train" not in chosen:
        raise ValueError(f"{path}: no table of training rows beside {listed(files)}; name it train.csv.")
    return chosen


def _same_columns(table, train, label, keep):
    """Where the columns of the training set, labels first, are in another table; `None` if it has no labels."""
    wanted, columns = [label, *keep], table.values.shape[1]
    if table.names and train.names:
        places = {name: place for place, name in enumerate(table.names)}
        missing = [train.names[column] for column in wanted if train.names[column] not in places]
        if missing == [train.names[label]]:
            return None
        if missing:
            raise ValueError(f"{table.path}: has no column {listed(missing, 5)}, which the training set has.")
        return [places[train.names[column]] for column in wanted]
    if columns == train.values.shape[1] - 1:
        return None
    if columns != train.values.shape[1]:
        raise ValueError(f"{table.path}: has {columns:,} columns, and the training set {train.values.shape[1]:,}.")
    return wanted


def _as_pictures(sets, train, keep):
    """Rows as pictures, where the names of the columns say it: pixel0 …, 1x1 …"""
    side = round(len(keep) ** 0.5)
    is_picture = train.names and side > 1 and re.match(r"pixel|1x1$", train.names[keep[0]]) and side**2 == len(keep)
    return {part: (x.reshape(-1, side, side) if is_picture else x, y) for part, (x, y) in sets.items()}


def _recognized(found, files):
    x, y = found.sets["train"]
    is_digits = x.shape[1:] == (64,) and x.dtype == np.uint8 and x.max() == 16 and y.dtype.kind in "iu"
    if is_digits and (0 <= y).all() and (y <= 9).all():  # C. Kaynak, E. Alpaydin, 1998, archive.ics.uci.edu/dataset/80
        sets = {part: (x.reshape(-1, 8, 8), y) for part, (x, y) in found.sets.items()}
        return dataclasses.replace(
            found, layout=f"Digits of 8 x 8 pixels, as scikit-learn's, {found.layout}", sets=sets
        )
    return known.recognized(found, files)


# Which column is what -----------------------------------------------------------------------------------------------


def _label_column(table, label):
    columns = table.values.shape[1]
    if label is not None:
        return _named_column(table.path, table.names, columns, label)
    if table.names:
        by_name = [c for c, name in enumerate(table.names) if re.fullmatch(LABEL_NAMES, name.lower())]
        if len(by_name) == 1:
            return by_name[0]
        candidates = by_name or sorted(table.words)
    elif table.words:
        candidates = sorted(table.words)
    elif table.classes:
        return columns - 1
    else:
        candidates = [c for c in (0, columns - 1) if _may_be_labels(table.values[:, c])]
        if len(candidates) > 1:  # a class has several rows
            candidates = [
                c for c in candidates if 3 * len(np.unique(table.values[:, c])) <= len(table.values)
            ] or candidates
        if len(candidates) > 1 and ".amat" in table.path.name.lower():
            return columns - 1
    if len(candidates) == 1:
        return candidates[0]
    named = listed([repr(name) for name in table.names]) if table.names else f"{columns:,}, without names"
    may_be = f" ({listed([table.title(c) for c in candidates])} may be)" if candidates else ""
    raise ValueError(
        f"{table.path}: cannot tell which column holds the labels{may_be}. Say label=... with its "
        f"{'name' if table.names else 'number: 0 for the first, -1 for the last'}. Its columns: {named}."
    )


def _named_column(path, names, columns, label):
    if isinstance(label, str):
        found = [c for c, name in enumerate(names or []) if name == label]
        found = found or [c for c, name in enumerate(names or []) if name.lower() == label.lower().strip()]
        if len(found) == 1:
            return found[0]
        has = f"its columns: {listed(names, 30)}" if names else "its columns have no names: say label=0, or label=-1"
        raise ValueError(f"{path}: label={label!r} is {'no column' if not found else 'several columns'} of it; {has}.")
    if isinstance(label, bool) or not hasattr(label, "__index__") or not -columns <= label.__index__() < columns:
        raise ValueError(
            f"{path}: label={label!r}, expected the name of a column or a number from 0 to {columns - 1:,}."
        )
    return label.__index__() % columns


def _may_be_labels(values):
    return bool((values == np.floor(values)).all() and values.min() != values.max())


def _labels(table, column):
    values = table.values[:, column]
    if column in table.words:
        return np.array(table.words[column])[values.astype(np.intp)]
    return values.copy()


def _features(table, label):
    """The columns of features, and what is to be said about others."""
    keep, notes = [], []
    for column in range(table.values.shape[1]):
        if column != label:
            if (
                table.names
                and re.fullmatch(ROW_NAMES, table.names[column].lower())
                and _differ(table.values[:, column])
            ):
                notes.append(f"Column {table.names[column]!r} only numbers the rows and is not used.")
            else:
                keep.append(column)
    _refuse_words(table, keep, label)
    return keep, notes


def _differ(values):
    return len(np.unique(values)) == len(values)


def _refuse_words(table, features, label):
    for column in features:
        if column in table.words:
            raise ValueError(
                f"{table.path}: {table.title(column)} holds words such as {table.words[column][0]!r}, and features have to "
                f"be numbers: take it out, or say label=... if it is the labels (now {table.title(label)})."
            )


# Numbers ------------------------------------------------------------------------------------------------------------


def read_table(path, label=None, of=None):
    """A `Table`. Columns are of words if the first row's are, or if they are the labels and one of them is.

    Parameters
    ----------
    path : path
    label : str or int, optional
        As of `read`.
    of : Table, optional
        Whose columns of words these are too.
    """
    first = [line.rstrip("\r\n") for _, line in itertools.islice(lines_of(path), 5)]
    delimiter = delimiter_of(first)
    if not delimiter:
        raise ValueError(f"{path}: its lines are no rows of a table, with as many columns in each.")
    rows = [split(line, delimiter) for line in first]
    names, classes, skipped = _heading(rows)
    decimal = delimiter != "," and any(re.fullmatch(r"\s*-?\d+,\d+", field) for row in rows for field in row)
    columns = len(rows[-1])
    words = {c for c, field in enumerate(rows[-1]) if not is_number(field) and field.strip()}
    maybe = _maybe_words(path, names, columns, label)
    if of:
        words |= {column for column in range(columns) if _is_of_words(column, names, of)}
    while True:
        try:
            values, found = _parse(path, delimiter, decimal, skipped, columns, words)
        except _NoNumberError as error:
            if error.column not in maybe:
                title = f"column {names[error.column]!r}" if names else f"column {error.column} (from 0)"
                what = f"{error.field!r} is no number" if error.field.strip() else "a value is missing"
                raise ValueError(
                    f"{path}: line {error.line}, {title}: {what}. Mend that row, or leave it out."
                ) from None
            words, maybe = words | {error.column}, maybe - {error.column}
        else:
            return Table(path, names, values, found, classes)


def _is_of_words(column, names, of):
    """Whether a column is of words in another table, where it may stand in another place."""
    if names and of.names:
        return names[column] in {of.names[other] for other in of.words}
    return column in of.words


def _maybe_words(path, names, columns, label):
    """Columns that may turn out to be of words: the labels."""
    if label is not None and (names or not isinstance(label, str)):
        try:
            return {_named_column(path, names, columns, label)}
        except ValueError:  # a table without labels; whoever wants them says so
            return set()
    return {c for c, name in enumerate(names or []) if re.fullmatch(LABEL_NAMES, name.lower())}


def _heading(rows):
    """Names of the columns, names of the classes, and how many lines these take."""
    first, second = rows[0], rows[1] if len(rows) > 1 else rows[0]
    # scikit-learn's own files begin with rows, features and names of classes, of which there may be as many as columns.
    counts, classes = [field.strip() for field in first[:2]], [field.strip() for field in first[2:]]
    if classes and counts[0].isdigit() and counts[1] == str(len(second) - 1) and not any(map(is_number, classes)):
        return None, classes, 1
    if len(first) != len(second):
        return None, [], 0
    are_names = any(not is_number(above) and is_number(below) for above, below in zip(first, second))
    are_places = len(rows) > 1 and [field.strip() for field in first] == [str(n) for n in range(len(first))]
    if are_names or are_places:
        return [name.strip() for name in first], [], 1
    return None, [], 0


class _NoNumberError(Exception):
    def __init__(self, line, column, field):
        self.line, self.column, self.field = line, column, field


def _parse(path, delimiter, decimal, skipped, columns, words):
    """All rows as numbers, and the words of the columns that have words."""
    seen = {column: {} for column in words}
    converters = {
        c: lambda field, words=words: words.setdefault(field.strip(), len(words)) for c, words in seen.items()
    }
    parts, size = [], 0
    for block in blocks_of(itertools.islice(lines_of(path), skipped, None)):
        texts = [line.replace(",", ".") if decimal else line for _, line in block]
        part = _numbers_of(texts, delimiter, converters)
        if part is None or part.shape[1] != columns:
            _explain(path, block, delimiter, decimal, columns, words)
        parts.append(part)
        size += part.nbytes
        check_memory(size, f"{path}: what was read of it")
    if not parts:
        raise ValueError(f"{path}: has names of columns, and no rows.")
    return np.concatenate(parts), {column: list(found) for column, found in seen.items()}


def _numbers_of(lines, delimiter, converters):
    """A block as uint8 where that is all of it, else as float64; `None` if something is no number."""
    options = dict(
        delimiter=None if delimiter == " " else delimiter, comments=None, quotechar='"', ndmin=2, encoding=None
    )
    for dtype in (np.uint8, np.float64):  # bytes are read eight times as fast
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                values = np.loadtxt(lines, dtype, converters=converters, **options)
        except (ValueError, OverflowError, Warning):
            continue
        whole = dtype == np.float64 and ((values >= 0) & (values <= 255) & (values == np.floor(values))).all()
        return values.astype(np.uint8) if whole else values
    return None


def _explain(path, block, delimiter, decimal, columns, words):
    """Raise what is wrong with a block."""
    for number, line in block:
        fields = split(line.rstrip("\r\n"), delimiter)
        if len(fields) != columns:
            raise ValueError(f"{path}: line {number} has {len(fields):,} columns, and the others have {columns:,}.")
        for column, field in enumerate(fields):
            try:
                column in words or float(field.replace(",", ".") if decimal else field)
            except ValueError:
                raise _NoNumberError(number, column, field) from None
    raise ValueError(f"{path}: lines {block[0][0]} to {block[-1][0]} are no rows of numbers.")
