"""LIBSVM's sparse text: "label index:value index:value …", indices from 1, zeros left out.

>>> found = read([Path("mnist.scale.bz2"), Path("mnist.scale.t.bz2")], Path("mnist.scale.bz2"))

The layout is that of the README of LIBSVM (C.-C. Chang, C.-J. Lin, https://www.csie.ntu.edu.tw/~cjlin/libsvm/), as in its
data sets; the test set is the file whose name ends in ``.t``.
"""

import numpy as np

from deeplearning_tutorial.data.formats import known
from deeplearning_tutorial.data.formats.found import checked
from deeplearning_tutorial.data.formats.memory import check_memory
from deeplearning_tutorial.data.formats.names import called, listed, one_set
from deeplearning_tutorial.data.formats.text import lines_of

SIDE = 28  # pixels of MNIST's digits


def read(files, path):
    """What is in files of LIBSVM's layout that belong together.

    Parameters
    ----------
    files : list of path
        A file for each set.
    path : path
        The folder or file that was asked for.

    Returns
    -------
    Found
        With as many features as the largest index of all sets says. uint8 where all numbers are whole and from 0 to 255,
        else float64.

    Raises
    ------
    ValueError
        If a line is not of that layout.
    """
    chosen = {part: file for (part, _), file in one_set(files, path, "LIBSVM").items()}
    if "train" not in chosen:
        raise ValueError(f"{path}: no file of training rows beside {listed(files)}.")
    read_all = {part: _read_sparse(file) for part, file in chosen.items()}
    lowest = min((int(columns.min()) for _, _, columns, _ in read_all.values() if len(columns)), default=1)
    features = max((int(columns.max()) for _, _, columns, _ in read_all.values() if len(columns)), default=0)
    notes = []
    if lowest == 0:
        features += 1
        notes.append("Its indices begin with 0, not with 1.")
    if "mnist" in chosen["train"].name.lower() and SIDE * (SIDE - 1) < features < SIDE**2:
        notes.append(
            f"The last pixels are 0 in all rows, and not written: {features} became {SIDE**2} ({SIDE} x {SIDE})."
        )
        features = SIDE**2
    sets = {}
    for part, (y, rows, columns, values) in read_all.items():
        wanted = len(y) * features * (values.itemsize + 4)  # as it is, and then as floatX
        check_memory(wanted, f"{path}: {len(y):,} rows of {features:,} features, which")
        x = np.zeros((len(y), features), values.dtype)
        x[rows, columns - (lowest > 0)] = values
        sets[part] = x, y
    layout = called("LIBSVM file", len(chosen))
    return known.recognized(checked(path, layout, sets, notes=notes), list(chosen.values()))


def _read_sparse(path):
    """Labels, and of each value that is written its row, its index and itself."""
    labels, lengths, indices, values, size = [], [], [], [], 0
    for number, line in lines_of(path):
        row = line.partition("#")[0]
        if not row.strip():
            continue
        label, *pairs = row.replace(":", " ").split() or [""]
        try:
            numbers = np.array(pairs, dtype=np.float64)
            labels.append(float(label))
            column = numbers[::2].astype(np.int64)
            if row.count(":") * 2 != len(pairs) or (column != numbers[::2]).any() or (np.diff(column) <= 0).any():
                raise ValueError
        except (ValueError, OverflowError):
            raise ValueError(f"{path}: line {number} is no row as LIBSVM has it ({_wrong(line)}).") from None
        if len(column) and not 0 <= column[0] <= column[-1] < 2**31:
            raise ValueError(f"{path}: line {number} has index {column[0] if column[0] < 0 else column[-1]}.")
        lengths.append(len(column))
        indices.append(column.astype(np.int32))
        values.append(_smallest(numbers[1::2]))
        size += 16 * len(column) + 200
        if number % 1000 == 0:
            check_memory(size, f"{path}: what was read of it")
    if not labels:
        raise ValueError(f"{path}: has no rows, only comments.")
    rows = np.repeat(np.arange(len(labels)), lengths)
    kind = np.result_type(np.uint8, *{part.dtype for part in values})
    return np.array(labels), rows, np.concatenate(indices), np.concatenate(values).astype(kind)


def _smallest(numbers):
    whole = ((numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))).all()
    return numbers.astype(np.uint8) if whole else numbers


def _wrong(line):
    first = line.split(None, 1)[0]
    if "," in first:
        return f"{first!r} are several labels, and a row has one here"
    if "qid:" in line:
        return "rows with qid: are for ranking, and have no classes"
    return "a label, then index:value with growing whole indices"
