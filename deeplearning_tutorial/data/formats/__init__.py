"""Files of data in the layouts that people have, each recognized by what is in it and not by its name.

>>> found = read("data/fashion")                            # four IDX files
>>> x, y = found.sets["train"]                              # (60000, 28, 28), uint8; (60000,), uint8

============  =========================================================================================
`idx`         MNIST's layout, of all types: MNIST, Fashion-MNIST, EMNIST, QMNIST, KMNIST
`npz`         arrays of NumPy: Keras's ``mnist.npz``, MedMNIST, KMNIST's four files, your own
`tables`      CSV (Kaggle's, scikit-learn's, your own), ``.amat``
`libsvm`      "label index:value …"
`folders`     a folder of pictures for each class
`pickled`     ``mnist.pkl.gz`` of the Theano tutorials, read without running the pickle
`door`        which of these readers is asked
`contents`    what kind of file it is, and what to do with those that are not read
`names`       what the names of files and arrays say; files that belong together
`known`       EMNIST, KMNIST, Fashion-MNIST: how their pictures lie, what their classes are called
`colours`     pictures in colour
`streams`     gzip, bzip2, xz
`text`        lines of text
`memory`      asked for before it is used
`found`       what a reader returns
============  =========================================================================================

What is read is checked, and refused with the file's name and the cure. Nothing is ever unpickled, and of a file that
announces more than there is memory for, nothing is read.
"""

from pathlib import Path

from deeplearning_tutorial.data.formats.found import Found
from deeplearning_tutorial.data.formats.idx import IDX_FILES, parse_idx
from deeplearning_tutorial.data.formats.memory import check_memory

__all__ = ["IDX_FILES", "Found", "check_memory", "parse_idx", "read"]


def read(path, label=None, colour=None):
    """What is in a file, a set of files or a folder.

    Parameters
    ----------
    path : str or path
        A file, one of several that belong together, or a folder.
    label : str or int, optional
        Which column of a table holds the labels: its name, or its number from 0 (negative: from the end).
    colour : {None, "grey", "rgb"}
        What to make of pictures in colour.

    Returns
    -------
    Found
        Arrays of the type and on the scale that the file has.

    Raises
    ------
    ValueError
        If it is of no layout that is known here, or not what it should be: with the name, what was found, and the cure.
    OSError
        If a file may not be read.
    """
    # Imported here, as loading MNIST itself needs nothing of it.
    from deeplearning_tutorial.data.formats.door import open_door

    return open_door(Path(path), label, colour)
