"""Train with compiled functions of a mini-batch.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> history = fit(train, validate, params)

Training that takes long can be interrupted, by a power cut too. With a checkpoint the same program goes on where it was,
and ends with the same parameters, bit for bit on the same device:

>>> history = fit(train, validate, params, checkpoint="build/mlp.npz")

Whoever stops it by hand, with the notebook's ■, finds the best parameters in place, and the curves here:

>>> history = last_history()
"""

import contextlib
import math
import os
import time

import numpy as np
from tqdm.auto import tqdm

from deeplearning_tutorial.checkpoint import TrainingCheckpoint
from deeplearning_tutorial.checks import check_callable, positive_integer
from deeplearning_tutorial.conditions import rows_not_finite
from deeplearning_tutorial.early_stopping import EarlyStopping
from deeplearning_tutorial.interrupts import Interrupts
from deeplearning_tutorial.minibatches import MinibatchFunction, tell_what_is_left_over
from deeplearning_tutorial.monitoring import History

__all__ = ["MinibatchFunction", "fit", "last_history"]

EPOCHS_VARIABLE = "DEEPLEARNING_TUTORIAL_EPOCHS"


def fit(
    train,
    validate,
    params,
    n_epochs=1000,
    patience=5000,
    patience_increase=2,
    improvement_threshold=0.995,
    progress=True,
    monitor=None,
    percent=True,
    before_epoch=None,
    checkpoint=None,
    checkpoint_seconds=60,
    label=None,
):
    """Train until the validation error stops improving, and keep the best parameters.

    When that is, and which parameters are the best, `early_stopping.EarlyStopping` says.

    Parameters
    ----------
    train : MinibatchFunction
        Returns the cost of a mini-batch and updates the parameters.
    validate : MinibatchFunction
        Returns the error on a mini-batch of the validation set.
    params : list of shared variables, or None
        Hold the parameters with the lowest validation error when `fit` returns, or ends in any other way. With None the
        last ones stay, to see what becomes of a network that nothing stops.
    n_epochs : int
        Passes through the training data at most.
    patience, patience_increase, improvement_threshold
        See `EarlyStopping`. With a patience of None all of `n_epochs` are trained.
    progress : bool
        Show a progress bar.
    monitor : dict from str to callable, optional
        What else to keep an eye on, such as ``{"training error": training_error.mean}``. Each is called without
        arguments at every validation, and ``history.monitored["training error"]`` collects what it returns.
    percent : bool
        Show the validation error in percent, as is usual for a fraction.
    before_epoch : callable, optional
        Called with the number of each epoch, from 0, before it begins: to shuffle or distort the data in their shared
        variables. What it does should depend on that number alone, or a checkpoint leads elsewhere.
    checkpoint : str or Path, optional
        An ``.npz`` file for all that it takes to go on from here. If it is there, `fit` goes on from it, with the patience
        that is saved in it, and says so. One program at a time.
    checkpoint_seconds : float
        The least time between two of them. An interrupt costs no more than that and an epoch.
    label : str, optional
        What is trained, such as ``"momentum, rate 0.1"``. The progress bar then says so, and goes when the training has come to
        its end: where one cell trains twenty networks, one bar is to be seen.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If an argument is not what it should be, such as `n_epochs` below 1 or a `train` without updates. Or if the
        environment variable ``DEEPLEARNING_TUTORIAL_EPOCHS``, a limit for all training for those who only want to see that a
        notebook runs, is no whole number of at least 1.
    FloatingPointError
        As soon as a cost or a validation error is no finite number. The best parameters so far are put back first, and
        the attribute ``history`` of the error is the `History`.
    KeyboardInterrupt
        After an interrupt from the keyboard, at the end of the step. The best parameters so far are put back, or kept as they
        are, if nothing was validated yet; `last_history` has the curves.
    CheckpointError
        If `checkpoint` is damaged, and the one before too, or of another graph, data or batch size, or something else was
        monitored; or if another program uses it.
    """
    _check_functions(train, validate, monitor, before_epoch)
    stopping = EarlyStopping([] if params is None else params, patience, patience_increase, improvement_threshold)
    if params is not None:
        _check_params(params, train, validate)
    saved = TrainingCheckpoint(checkpoint, checkpoint_seconds, train, validate, with_data=before_epoch is None)
    run = _Run(train, validate, stopping, n_epochs, progress, monitor, percent, before_epoch, saved, label)
    # A short patience must leave room for at least two validations.
    validation_frequency = int(min(train.n_batches, max(1, stopping.patience / 2)))
    with run:
        for step, index in run.steps():
            run.note_cost(train(index), step)
            if step % validation_frequency == 0:
                error = validate.mean()
                run.note_error(error)
                stopping.note(error, step)
            if stopping.is_over(step):
                break
    return run.history


def last_history():
    """The `History` of the last call of `fit` in this program, however it ended. None before the first."""
    return _Run.last_history


class _Run:
    """The care around the loop of `fit`: history, progress bar, checkpoints, and what happens on an interrupt or a NaN."""

    last_history = None

    def __init__(self, train, validate, stopping, n_epochs, progress, monitor, percent, before_epoch, saved, label):
        if not isinstance(label, (str, type(None))):
            raise ValueError(
                f"label must be a text that says what is trained, such as 'momentum, rate 0.1', not {label!r}."
            )
        self._n_epochs = _at_most(positive_integer("n_epochs", n_epochs))
        self._train, self._validate, self._stopping, self._saved = train, validate, stopping, saved
        self._monitor, self._percent, self._before_epoch = monitor or {}, percent, before_epoch
        self._costs = []  # since the last validation
        self._progress, self._label = progress, label

    def steps(self):
        """Each step's number, from 1, and that of its mini-batch; begins after the steps that the history tells of."""
        first = self.history.n_steps + 1
        last = 0 if self.history.stopped_early else self._n_epochs * self._train.n_batches
        for step in range(first, last + 1):
            epoch, index = divmod(step - 1, self._train.n_batches)
            if self._before_epoch and (index == 0 or step == first):
                self._before_epoch(epoch)
            yield step, index
            if not self._costs:  # it was validated
                self._save()
            self._move_bar()
            self._interrupts.take()

    def note_cost(self, cost, step):
        self._check_finite("cost", cost, step)
        self._costs.append(cost)
        self.history.n_steps = step

    @property
    def _kept(self):
        return f"{'best parameters so far' if self._stopping.params else 'last parameters'} are kept"

    def _check_finite(self, name, value, step):
        if not math.isfinite(value):
            cause = rows_not_finite(getattr(self._train, "data", [])) or (
                "Most often the learning rate is too large: divide it by ten."
            )
            raise FloatingPointError(f"the {name} became {float(value)} in step {step}. {cause} The {self._kept}.")

    def note_error(self, error):
        history = self.history
        self._check_finite("validation error", error, history.n_steps)
        elapsed = time.perf_counter() - self._started
        values = {name: measure() for name, measure in self._monitor.items()}
        # An interrupt while measuring must not leave lists of different lengths.
        history.epoch.append(history.n_steps / self._train.n_batches)
        history.elapsed.append(elapsed)
        history.train_cost.append(float(np.mean(self._costs)))
        history.validation_error.append(error)
        for name, value in values.items():
            history.monitored[name].append(value)
        if error < history.best_validation_error:
            history.best_validation_error, history.best_epoch = error, history.epoch[-1]
        shown = f"{100 * error:.2f} %" if self._percent else f"{error:.4g}"
        self._bar.set_postfix_str(f"cost {history.train_cost[-1]:.4f}, validation error {shown}", refresh=False)
        self._costs = []

    def __enter__(self):
        self._ending = contextlib.ExitStack()
        with self._ending:
            self._ending.enter_context(self._saved.claimed())
            self.history = self._saved.load(History(monitored={name: [] for name in self._monitor}), self._stopping)
            _Run.last_history = self.history
            self._started = time.perf_counter() - self.history.seconds
            # tqdm looks at this variable itself, but not where it draws its bars in notebooks.
            hidden, done = (
                not self._progress or "TQDM_DISABLE" in os.environ,
                self.history.n_steps // self._train.n_batches,
            )
            self._tell_from_where(done)
            self._bar = tqdm(total=self._n_epochs, initial=done, unit="epoch", disable=hidden, desc=self._label)
            rows = {"training": self._train, "validation": self._validate}
            tell_what_is_left_over(rows, silent=not self._progress)
            self._interrupts = self._ending.enter_context(Interrupts())
            self._ending = self._ending.pop_all()
        return self

    def __exit__(self, kind, error, traceback):
        self._interrupts.close()  # what follows is done to its end
        try:
            if kind is None:
                self._move_bar()
                self.history.stopped_early = self._stopping.is_over(self.history.n_steps)
                self._save(finished=True)
                if self._label is not None:
                    self._bar.leave = False
                    self._bar.total = self._bar.n  # in a notebook one that is not full would stay, in red
            elif issubclass(kind, (FloatingPointError, KeyboardInterrupt)):
                error.history = self.history
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                self._make_whole()
                self._bar.write(
                    f"Interrupted after {_epochs(self.history.n_steps / self._train.n_batches)}: the {self._kept}, "
                    "and deeplearning_tutorial.training.last_history() has the curves."
                )
        finally:
            self._bar.close()
            self._stopping.restore()
            self.history.seconds = time.perf_counter() - self._started
            self._ending.__exit__(kind, error, traceback)
        return False

    def _make_whole(self):
        """Of what was being written down when an impatient interrupt came, only what is in all lists."""
        history = self.history
        if not history.validation_error:
            self._stopping.keep()
        curves = [
            history.epoch,
            history.elapsed,
            history.train_cost,
            history.validation_error,
            *history.monitored.values(),
        ]
        n_points = min(map(len, curves))
        for curve in curves:
            del curve[n_points:]

    def _tell_from_where(self, epoch):
        if self.history.n_steps:
            finished = self.history.stopped_early or epoch >= self._n_epochs
            what = "already finished, " if finished else "going on "
            rest = " Move it away to train anew." if finished else self._saved.numbers()
            tqdm.write(
                f"{self._saved.path}: {what}after {_epochs(self.history.n_steps / self._train.n_batches)}.{rest}"
            )

    def _save(self, finished=False):
        self.history.seconds = time.perf_counter() - self._started
        self._saved.save(self.history, self._stopping, finished)

    def _move_bar(self):
        if epochs := self.history.n_steps // self._train.n_batches - self._bar.n:
            self._bar.update(epochs)


def _check_params(params, train, validate):
    """Are they what `train` changes and `validate` uses? Others would be kept, and what was trained lost."""
    trained, used = getattr(train, "state", None), getattr(validate, "shared", None)
    if not params:
        raise ValueError(
            "params must be the parameters that train changes, such as model.params, not []. With None the last values stay."
        )
    if trained is None or used is None:
        return
    again = "After a cell was run again, run those that follow it again, too: model, train, validate and params belong together."
    if not {*trained} & {*used}:
        raise ValueError(f"validate uses nothing that train changes, so that its error would never change. {again}")
    strange = [parameter for parameter in params if parameter not in {*trained, *used}]
    if strange:
        raise ValueError(f"params holds {strange}, which neither train changes nor validate uses. {again}")
    missing = [variable for variable in trained if variable in {*used} and variable not in params]
    if missing:
        raise ValueError(
            f"params lacks {missing}, which train changes and validate uses: their best values would be lost. Give all, "
            "such as model.params."
        )


def _epochs(number):
    return f"{number:.3g} epoch{'' if number == 1 else 's'}"


def _check_functions(train, validate, monitor, before_epoch):
    if not hasattr(train, "n_batches"):
        raise ValueError(f"train must be a MinibatchFunction, not {train!r}.")
    if not callable(getattr(validate, "mean", None)):
        raise ValueError(f"validate must be a MinibatchFunction, not {validate!r}.")
    if not getattr(train, "state", [True]):
        raise ValueError("train changes nothing: compile it with updates, such as sgd(cost, params, learning_rate).")
    if getattr(validate, "state", []) and {*validate.state} & {*train.state}:
        raise ValueError("validate changes what train changes: compile it without updates.")
    if not isinstance(monitor, (dict, type(None))):
        raise ValueError(
            f"monitor must be a dictionary, such as {{'training error': training_error.mean}}, not {monitor!r}."
        )
    for name, measure in (monitor or {}).items():
        check_callable(f"monitor[{name!r}]", measure, "a function without arguments")
    if before_epoch is not None:
        check_callable("before_epoch", before_epoch, "a function of the number of an epoch")


def _at_most(n_epochs):
    limit = os.environ.get(EPOCHS_VARIABLE, "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        raise ValueError(
            f"{EPOCHS_VARIABLE} must be a whole number of at least 1, not {limit!r}; unset it to train in full."
        )
    return min(n_epochs, int(limit)) if limit else n_epochs
