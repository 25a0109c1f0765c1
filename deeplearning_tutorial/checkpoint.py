"""Parameters in a file: of a network that is trained, or of one that is to be trained further.

>>> save("mlp.npz", {"W": W.get_value(), "b": b.get_value()}, {"n_hidden": [500], "epoch": 12})
>>> arrays, about = load("mlp.npz")
>>> W.set_value(arrays["W"])

With `TrainingCheckpoint`, `training.fit` goes on where it was interrupted.

The file is NumPy's ``.npz``, a zip archive of arrays with a checksum (CRC-32) of each, which ``numpy.load`` opens too.
Nothing in it is ever unpickled. A program that is killed while it saves, or a full disk, costs nothing that was there:
the new file takes the old one's place when it is complete, and the old one stays beside it as ``mlp.previous.npz``.
"""

import contextlib
import dataclasses
import fcntl
import io
import json
import os
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np

from deeplearning_tutorial.checks import check_number
from deeplearning_tutorial.fingerprint import changes, fingerprint
from deeplearning_tutorial.monitoring import History

FORMAT = 1
ABOUT = "checkpoint"  # the member that holds the rest, as text


class CheckpointError(ValueError):
    """A file that cannot be used, and why."""


def save(path, arrays, about=None):
    """Write arrays, and what there is to say about them.

    Parameters
    ----------
    path : str or Path
        Should end in ``.npz``. A file that is there becomes the previous one.
    arrays : dict from str to ndarray
        Of numbers; names as you like, but for ``"checkpoint"``.
    about : dict, optional
        Anything that JSON can hold; NumPy's numbers and arrays too, which become Python's numbers and lists.

    Raises
    ------
    ValueError
        If an array holds something else than numbers, or a name is taken. Nothing is written then.
    OSError
        If the file cannot be written; what was there is still there.
    """
    path = Path(path)
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name!r} cannot be saved: it holds {array.dtype}, not numbers.")
        if name == ABOUT or "/" in name or not name:
            raise ValueError(f"an array cannot be called {name!r}.")
    text = json.dumps({"format": FORMAT, "about": about or {}}, default=_plain)
    members = {ABOUT: np.frombuffer(text.encode(), dtype="uint8"), **arrays}

    content = io.BytesIO()
    np.savez(content, **members)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with open(unfinished, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    # Between these two, after a kill, there is only the previous one, and `load` takes it.
    if path.exists():
        os.replace(path, previous(path))
    os.replace(unfinished, path)


def load(path):
    """Read what `save` wrote; what the one before wrote, with a warning, if the file is missing or damaged.

    Returns
    -------
    arrays : dict from str to ndarray
    about : dict

    Raises
    ------
    CheckpointError
        If there is no file that can be used, with the reason.
    """
    path = Path(path)
    try:
        return _read(path)
    except (OSError, CheckpointError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        if not previous(path).exists():
            raise CheckpointError(f"{path} cannot be used: {reason}.") from None
        result = _read_previous(path, reason)
        warnings.warn(
            f"{path} cannot be used: {reason}. The one before, {previous(path).name}, is used instead.", stacklevel=2
        )
        return result


def previous(path):
    """Where the checkpoint before this one is."""
    path = Path(path)
    return path.with_name(f"{path.stem}.previous{path.suffix}")


class TrainingCheckpoint:
    """All that it takes to go on training: what a step changes, the best parameters, the history and the patience.

    Parameters
    ----------
    path : str, Path or None
        An ``.npz`` file. With None nothing is saved, and there is nothing to go on from.
    seconds : float
        The least time between two of them.
    train, validate : MinibatchFunction
        The ``state`` of `train` is what a step changes. A checkpoint of another graph, batch size, learning rate or of other data is
        refused, see `fingerprint`.
    with_data : bool
        False where the data change from epoch to epoch: then only their shapes have to be the same.

    Raises
    ------
    ValueError
        If `seconds` is no number of at least 0.
    """

    def __init__(self, path, seconds, train, validate, with_data=True):
        check_number("checkpoint_seconds", seconds, "a number of at least 0", lambda seconds: seconds >= 0)
        self.path = None if path is None else Path(path)
        self._seconds, self._train = seconds, train
        self._saved_at = -np.inf
        # In every run, resumed or not: what is saved must say what it is of.
        self._fingerprint = None if path is None else fingerprint(train, validate, with_data)

    @contextlib.contextmanager
    def claimed(self):
        """Keep other programs away from this checkpoint. One that is killed leaves it free.

        Raises
        ------
        CheckpointError
            If another program, or another call of `fit` in this one, uses it.
        """
        if self.path is None:
            yield
            return
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = _open_locked(lock)
        except BlockingIOError:
            raise CheckpointError(
                f"{self.path} is being used by another program, or another cell: wait for it, or end it, or name another file."
            ) from None
        except (
            OSError
        ):  # a folder that may not be written, which `save` will tell, or a network file system without locks
            yield
            return
        with file:
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    def load(self, history, stopping):
        """Put back what was saved.

        Parameters
        ----------
        history : History
        stopping : EarlyStopping
            Gets the patience and the best parameters that were saved.

        Returns
        -------
        History
            The one that was saved; `history`, if nothing was.

        Raises
        ------
        CheckpointError
            If the file is damaged, and the one before too, or of another network. Nothing is changed then.
        """
        if self.path is None or not (self.path.exists() or previous(self.path).exists()):
            return history
        arrays, about = load(self.path)
        self._check(arrays, about, history, stopping)
        self._check_fingerprint(about.get("fingerprint"))
        for number, variable in enumerate(self._train.state):
            variable.set_value(arrays[f"state {number}"])
        history = History(**about["history"])
        stopping.best_values = [arrays[f"best {number}"] for number in range(len(stopping.best_values))]
        stopping.best_error, stopping.patience = history.best_validation_error, about["patience"]
        return history

    def _check(self, arrays, about, history, stopping):
        ours = self._arrays(stopping)
        if {name: array.shape for name, array in arrays.items()} != {name: array.shape for name, array in ours.items()}:
            raise CheckpointError(
                f"{self.path} is of another network. Move it away to begin anew, or name another file."
            )
        if about["n_batches"] != self._train.n_batches:
            raise CheckpointError(
                f"{self.path} was made with {about['n_batches']} mini-batches in an epoch, and now there are "
                f"{self._train.n_batches}. Move it away to begin anew, or name another file."
            )
        saved, asked = list(about["history"]["monitored"]), list(history.monitored)
        if sorted(saved) != sorted(asked):
            raise CheckpointError(
                f"{self.path} was made with {saved or 'nothing'} monitored, and now it is {asked or 'nothing'}: curves would "
                "have gaps. Monitor the same, move the file away to begin anew, or name another file."
            )

    def _check_fingerprint(self, saved):
        # One that an older version of this module wrote has none.
        found = changes(saved, self._fingerprint) if saved and self._fingerprint else []
        if found:
            raise CheckpointError(
                f"{self.path} is of another run: {'; '.join(found)}. Make it as it was to go on, move the file away to begin "
                "anew, or name another file."
            )

    def numbers(self):
        """The shared scalars that training changes, such as a learning rate that falls, as they are now: in words."""
        scalars = [variable for variable in self._train.state if getattr(variable, "ndim", None) == 0]
        named = [f"{variable.name or 'a shared scalar'} is {variable.get_value():.4g}" for variable in scalars]
        return f" Now {', '.join(named)}." if named else ""

    def save(self, history, stopping, finished=False):
        """Write it, unless that was done a moment ago; when training is `finished`, in any case."""
        now = time.perf_counter()
        if self.path is None or (now - self._saved_at < self._seconds and not finished):
            return
        about = {
            "history": dataclasses.asdict(history),
            "patience": stopping.patience,
            "n_batches": self._train.n_batches,
            "fingerprint": self._fingerprint,
        }
        try:
            save(self.path, self._arrays(stopping), about)
        except OSError as error:
            # A full disk is no reason to lose what was trained, and perhaps it is full for now only.
            from tqdm.auto import tqdm

            tqdm.write(
                f"{self.path} could not be written ({error.strerror}); training goes on without a new checkpoint."
            )
        self._saved_at = now

    def _arrays(self, stopping):
        arrays = {f"state {number}": variable.get_value() for number, variable in enumerate(self._train.state)}
        return arrays | {f"best {number}": value for number, value in enumerate(stopping.best_values)}


def _open_locked(path):
    """The file, locked until it is closed. Its last user deletes it, so that it may no longer be the one of this name."""
    while True:
        file = open(path, "a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()


def _plain(value):
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"JSON cannot hold {value!r}.")


def _read_previous(path, reason):
    try:
        return _read(previous(path))
    except (OSError, CheckpointError) as error:
        raise CheckpointError(f"{path} cannot be used: {reason}; and the one before neither: {error}.") from None


def _read(path):
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                arrays = {Path(member.filename).stem: _array(archive, member) for member in archive.infolist()}
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"it is damaged, or no .npz file ({error})") from None
    if ABOUT not in arrays:
        raise CheckpointError("it was not written by deeplearning_tutorial.checkpoint")
    try:
        text = json.loads(arrays.pop(ABOUT).tobytes())
        version, about = text["format"], text["about"]
    except (ValueError, KeyError, TypeError):
        raise CheckpointError("it was not written by deeplearning_tutorial.checkpoint") from None
    if version != FORMAT:
        raise CheckpointError(f"its format is {version!r}, and this version reads format {FORMAT}")
    return arrays, about


def _array(archive, member):
    """An array, but only if it is one of numbers and as large as the file says: neither pickles nor bombs."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise CheckpointError(f"{member.filename} is compressed, which `save` does not do")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise CheckpointError(f"{member.filename} has an unknown version")
        shape, columns_first, dtype = read_header[version](file)
        if dtype.kind not in "biuf":
            raise CheckpointError(f"{member.filename} holds {dtype}, not numbers")
        content = file.read()  # ends with a look at the checksum
    count = int(np.prod(shape, dtype="object"))
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(content):
        raise CheckpointError(f"{member.filename} has another size than it says")
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if columns_first else "C").copy()
