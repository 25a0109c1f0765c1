"""Train with compiled functions of a mini-batch.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> history = fit(train, validate, params)

Training that takes long can be interrupted, by a power cut too. With a checkpoint the same program goes on where it was,
and ends with the same parameters, bit for bit on the same device:

>>> history = fit(train, validate, params, checkpoint="build/mlp.npz")
"""

import math
import os
import time

import numpy as np
from tqdm.auto import tqdm

from deeplearning_tutorial.checkpoint import TrainingCheckpoint
from deeplearning_tutorial.checks import check_callable, positive_integer
from deeplearning_tutorial.early_stopping import EarlyStopping
from deeplearning_tutorial.minibatches import MinibatchFunction
from deeplearning_tutorial.monitoring import History

__all__ = ["MinibatchFunction", "fit"]

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
):
    """Train until the validation error stops improving, and keep the best parameters.

    When that is, and which parameters are the best, `early_stopping.EarlyStopping` says.

    Parameters
    ----------
    train : MinibatchFunction
        Returns the cost of a mini-batch and updates the parameters.
    validate : MinibatchFunction
        Returns the error on a mini-batch of the validation set.
    params : list of shared variables
        Hold the parameters with the lowest validation error when `fit` returns.
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
        that is saved in it.
    checkpoint_seconds : float
        The least time between two of them. An interrupt costs no more than that and an epoch.

    Returns
    -------
    History
        An interrupt from the keyboard ends training, not the program: history and best parameters are kept, or those
        there are, if nothing was validated yet. With `checkpoint` the interrupt is passed on.

    Raises
    ------
    ValueError
        If an argument is not what it should be, such as `n_epochs` below 1 or a `train` without updates. Or if the
        environment variable ``DEEPLEARNING_TUTORIAL_EPOCHS``, a limit for all training for those who only want to see that a
        notebook runs, is no whole number of at least 1.
    FloatingPointError
        As soon as a cost or a validation error is no finite number. The best parameters so far are put back first, and
        the attribute ``history`` of the error is the `History`.
    CheckpointError
        If `checkpoint` is damaged, and the one before too, or of another network, or something else was monitored.
    """
    stopping = EarlyStopping(params, patience, patience_increase, improvement_threshold)
    saved = TrainingCheckpoint(checkpoint, checkpoint_seconds, train)
    run = _Run(train, validate, stopping, n_epochs, progress, monitor, percent, before_epoch, saved)
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


class _Run:
    """The care around the loop of `fit`: history, progress bar, checkpoints, and what happens on an interrupt or a NaN."""

    def __init__(self, train, validate, stopping, n_epochs, progress, monitor, percent, before_epoch, saved):
        self._n_epochs = _at_most(positive_integer("n_epochs", n_epochs))
        _check_functions(train, validate, monitor, before_epoch)
        self._train, self._validate, self._stopping, self._saved = train, validate, stopping, saved
        self._monitor, self._percent, self._before_epoch = monitor or {}, percent, before_epoch
        self._costs = []  # since the last validation
        self._progress = progress

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

    def note_cost(self, cost, step):
        _check_finite("cost", cost, step)
        self._costs.append(cost)
        self.history.n_steps = step

    def note_error(self, error):
        history = self.history
        _check_finite("validation error", error, history.n_steps)
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
        self.history = self._saved.load(History(monitored={name: [] for name in self._monitor}), self._stopping)
        self._started = time.perf_counter() - self.history.seconds
        # tqdm looks at this variable itself, but not where it draws its bars in notebooks.
        hidden, done = not self._progress or "TQDM_DISABLE" in os.environ, self.history.n_steps // self._train.n_batches
        self._bar = tqdm(total=self._n_epochs, initial=done, unit="epoch", disable=hidden)
        if self._progress:
            _tell_what_is_left_over(self._train, self._validate)
        return self

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None:
                self._move_bar()
                self.history.stopped_early = self._stopping.is_over(self.history.n_steps)
                self._save(finished=True)
            elif issubclass(kind, FloatingPointError):
                error.history = self.history
            elif issubclass(kind, KeyboardInterrupt) and self._saved.path is None:
                if not self.history.validation_error:
                    self._stopping.keep()
                self._bar.write("Interrupted: the best parameters so far are kept.")
                return True  # which ends training, not the program
        finally:
            self._bar.close()
            self._stopping.restore()
            self.history.seconds = time.perf_counter() - self._started
        return False

    def _save(self, finished=False):
        self.history.seconds = time.perf_counter() - self._started
        self._saved.save(self.history, self._stopping, finished)

    def _move_bar(self):
        if epochs := self.history.n_steps // self._train.n_batches - self._bar.n:
            self._bar.update(epochs)


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


def _check_finite(name, value, step):
    if not math.isfinite(value):
        raise FloatingPointError(
            f"the {name} became {float(value)} in step {step}. Most often the learning rate is too large: divide it by ten. "
            "The best parameters so far were put back."
        )


def _tell_what_is_left_over(*functions):
    """The rows that are in no mini-batch, as nobody should find out by chance."""
    left_over = [
        f"{function.n_left_over} of {function.n_batches * function.batch_size + function.n_left_over:,} {rows} rows"
        for function, rows in zip(functions, ["training", "validation"])
        if getattr(function, "n_left_over", 0)
    ]
    if left_over:
        tqdm.write(f"Not used, as they fill no mini-batch: {' and '.join(left_over)}.")
