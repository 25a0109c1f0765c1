"""Compile functions of a mini-batch, and train with them.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> history = fit(train, validate, params)

Training that takes long can be interrupted, by a power cut too. With a checkpoint the same program goes on where it was,
and ends with the same parameters, bit for bit on the same device:

>>> history = fit(train, validate, params, checkpoint="build/mlp.npz")
"""

import dataclasses
import math
import os
import time
from pathlib import Path

import numpy as np
import theano
import theano.tensor as T
from theano.gpuarray.basic_ops import HostFromGpu
from theano.tensor.nnet.nnet import CrossentropySoftmaxArgmax1HotWithBias
from tqdm.auto import tqdm

from deeplearning_tutorial import checkpoint as files
from deeplearning_tutorial.checks import check_callable, check_number, check_params, positive_integer
from deeplearning_tutorial.monitoring import History

EPOCHS_VARIABLE = "DEEPLEARNING_TUTORIAL_EPOCHS"


class MinibatchFunction:
    """A compiled Theano function of the number of a mini-batch.

    The data stay in shared variables, on the GPU if there is one; ``givens`` puts the slice that an index selects in
    the place of the symbolic inputs. So a call passes one integer, and no data.

    Parameters
    ----------
    inputs : list of symbolic variables
        Such as ``[x, y]``.
    output : symbolic variable
        What to compute of a mini-batch: a cost, an error.
    dataset : sequence of shared (or cast shared) variables
        One for each input; their rows are the examples.
    batch_size : int
        Examples in a mini-batch. Rows left over after the last whole mini-batch are not used, as in the Theano
        tutorial: 50,000 rows make 83 mini-batches of 600. `fit` says so.
    updates : OrderedDict, optional
        What each call changes, see `updates`.

    Attributes
    ----------
    n_batches : int
    n_left_over : int
        Rows that are in no mini-batch.
    function : theano.compile.Function
        The compiled function itself; its graph can be drawn.
    state : list of shared variables
        All that a call changes: parameters, and what else there is of velocities, learning rates, states of random numbers.

    Raises
    ------
    ValueError
        If `inputs` and `dataset` do not match, in number, type or width, or no whole mini-batch fits into the data.
    """

    def __init__(self, inputs, output, dataset, batch_size, updates=None):
        _check_graph(inputs, output, updates)
        shapes = [_shape(data) for data in dataset]
        n_examples = _n_examples(inputs, shapes)
        self.batch_size = _whole_batch_size(batch_size, n_examples)
        self.n_batches, self.n_left_over = divmod(n_examples, self.batch_size)
        for variable, data in zip(inputs, dataset):
            _check_type(variable, data)
        _check_sizes(dict(zip(inputs, dataset)), output)

        # Theano takes an array as it is; to make one of a Python number takes it longer than a small layer does.
        self._indices = [np.asarray(number, dtype="int64") for number in range(self.n_batches)]
        index = T.lscalar("index")
        givens = {
            variable: self._minibatches(data, shape)[index] for variable, data, shape in zip(inputs, dataset, shapes)
        }
        self.function = theano.function([index], output, updates=updates, givens=givens)
        self.state = [given.variable for given in self.function.maker.expanded_inputs if given.update is not None]

    def _minibatches(self, data, shape):
        """View of the data as (n_batches, batch_size, ...): nothing is copied.

        ``data[index * batch_size : (index + 1) * batch_size]`` is the same, but it may be cut short by the end of the
        data, so that Theano has to work out its length in every call. This shape is known when the graph is compiled.
        """
        whole = data[: self.n_batches * self.batch_size]
        return T.reshape(whole, (self.n_batches, self.batch_size, *shape[1:]))

    def __call__(self, index):
        """The output for mini-batch number `index`, in ``range(n_batches)``."""
        if not 0 <= index < self.n_batches:
            raise IndexError(f"there are mini-batches 0 to {self.n_batches - 1}, and no {index}.")
        return self.function(self._indices[index])

    def mean(self):
        """Mean of the output over all mini-batches: a float."""
        return float(np.mean([self(index) for index in range(self.n_batches)]))


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

    Early stopping as in the Theano tutorial: training goes on for at least `patience` mini-batches. When the
    validation error falls noticeably after step t, patience becomes at least ``patience_increase * t``: a model that
    still learns late is given more time.

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
    patience : int or None
        Steps to look at in any case. None trains for all of `n_epochs`.
    patience_increase : float
    improvement_threshold : float
        An error below this fraction of the best so far is a noticeable improvement.
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
        An ``.npz`` file for all that it takes to go on from here. If it is there, `fit` goes on from it.
    checkpoint_seconds : float
        The least time between two of them. An interrupt costs no more than that and an epoch.

    Returns
    -------
    History
        An interrupt from the keyboard ends training, not the program: history and best parameters are kept, or those
        there are, if nothing was validated yet. But if there is a checkpoint to go on from, the interrupt is passed on.

    Raises
    ------
    ValueError
        If an argument is not what it should be, such as `n_epochs` below 1 or a `train` without updates, or ``DEEPLEARNING_TUTORIAL_EPOCHS`` is no
        such number: a limit for all training, for those who only want to see that a notebook runs.
    FloatingPointError
        As soon as a cost or a validation error is no finite number. The best parameters so far are put back first, and
        the attribute ``history`` of the error is the `History`.
    CheckpointError
        If `checkpoint` is damaged, and the one before too, or of another network.
    """
    n_epochs = _at_most(positive_integer("n_epochs", n_epochs))
    _check_functions(train, validate, monitor, before_epoch)
    check_params(params)
    patience = np.inf if patience is None else patience
    _check_at_least(1, patience=patience)
    _check_at_least(0, patience_increase=patience_increase, improvement_threshold=improvement_threshold)
    # A short patience must leave room for at least two validations.
    validation_frequency = int(min(train.n_batches, max(1, patience / 2)))

    monitor = {} if monitor is None else monitor
    history = History(monitored={name: [] for name in monitor})
    best = [parameter.get_value() for parameter in params]
    saved = _Checkpoint(checkpoint, checkpoint_seconds, train)
    history, best, patience = saved.load(history, best, patience)
    started = time.perf_counter() - history.seconds
    # tqdm looks at this variable itself, but not where it draws its bars in notebooks.
    hidden, done = not progress or "TQDM_DISABLE" in os.environ, history.n_steps // train.n_batches
    bar = tqdm(total=n_epochs, initial=done, unit="epoch", disable=hidden)
    if progress:
        _tell_what_is_left_over(train, validate)
    try:
        for step, costs in _steps(train, history, n_epochs, validation_frequency, before_epoch):
            history.n_steps = step
            if costs:
                error = validate.mean()
                _check_finite("validation error", error, step)
                _record(history, step / train.n_batches, time.perf_counter() - started, costs, error, monitor)
                bar.set_postfix_str(_status(costs, error, percent), refresh=False)
                if error < improvement_threshold * history.best_validation_error:
                    patience = max(patience, (step - 1) * patience_increase)
                if error < history.best_validation_error:
                    history.best_validation_error, history.best_epoch = error, history.epoch[-1]
                    best = [parameter.get_value() for parameter in params]
            history.stopped_early = step - 1 >= patience
            if costs:
                history.seconds = time.perf_counter() - started
                saved.save(history, best, patience)
            if step % train.n_batches == 0:
                bar.update()
            if history.stopped_early:
                break
        history.seconds = time.perf_counter() - started
        saved.save(history, best, patience, finished=True)
    except KeyboardInterrupt:
        if checkpoint is not None:
            raise
        if not history.validation_error:
            best = [parameter.get_value() for parameter in params]
        bar.write("Interrupted: the best parameters so far are kept.")
    except FloatingPointError as error:
        error.history = history
        raise
    finally:
        bar.close()
        for parameter, value in zip(params, best):
            parameter.set_value(value)
        history.seconds = time.perf_counter() - started
    return history


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


def _check_at_least(least, **numbers):
    for name, value in numbers.items():
        check_number(name, value, f"at least {least}", lambda value: value >= least)


def _at_most(n_epochs):
    limit = os.environ.get(EPOCHS_VARIABLE, "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        raise ValueError(
            f"{EPOCHS_VARIABLE} must be a whole number of at least 1, not {limit!r}; unset it to train in full."
        )
    return min(n_epochs, int(limit)) if limit else n_epochs


def _steps(train, history, n_epochs, validation_frequency, before_epoch):
    """Train step by step: yields each step's number, from 1, and the costs to report when a validation is due.

    Begins after the steps that `history` tells of, whose last was validated.
    """
    costs = []
    first = history.n_steps + 1
    last = 0 if history.stopped_early else n_epochs * train.n_batches
    for step in range(first, last + 1):
        epoch, index = divmod(step - 1, train.n_batches)
        if before_epoch and (index == 0 or step == first):
            before_epoch(epoch)
        cost = train(index)
        _check_finite("cost", cost, step)
        costs.append(cost)
        if step % validation_frequency == 0:
            yield step, costs
            costs = []
        else:
            yield step, None


class _Checkpoint:
    """All that it takes to go on training: what a step changes, the best parameters, the history and the patience."""

    def __init__(self, path, seconds, train):
        self._path = None if path is None else Path(path)
        self._seconds, self._train = seconds, train
        self._saved_at = -np.inf

    def load(self, history, best, patience):
        """What was saved, with the state put back; what is passed, if nothing was."""
        if self._path is None or not (self._path.exists() or files.previous(self._path).exists()):
            return history, best, patience
        arrays, about = files.load(self._path)
        ours = self._arrays(best)
        if {name: array.shape for name, array in arrays.items()} != {name: array.shape for name, array in ours.items()}:
            raise files.CheckpointError(
                f"{self._path} is of another network. Move it away to begin anew, or name another file."
            )
        if about["n_batches"] != self._train.n_batches:
            raise files.CheckpointError(
                f"{self._path} was made with {about['n_batches']} mini-batches in an epoch, and now there are "
                f"{self._train.n_batches}. Move it away to begin anew, or name another file."
            )
        for number, variable in enumerate(self._train.state):
            variable.set_value(arrays[f"state {number}"])
        best = [arrays[f"best {number}"] for number in range(len(best))]
        return History(**about["history"]), best, about["patience"]

    def save(self, history, best, patience, finished=False):
        """Write it, unless that was done a moment ago."""
        now = time.perf_counter()
        if self._path is None or (now - self._saved_at < self._seconds and not finished):
            return
        about = {"history": dataclasses.asdict(history), "patience": patience, "n_batches": self._train.n_batches}
        try:
            files.save(self._path, self._arrays(best), about)
        except (
            OSError
        ) as error:  # A full disk is no reason to lose what was trained, and perhaps it is full for now only.
            tqdm.write(
                f"{self._path} could not be written ({error.strerror}); training goes on without a new checkpoint."
            )
        self._saved_at = now

    def _arrays(self, best):
        arrays = {f"state {number}": variable.get_value() for number, variable in enumerate(self._train.state)}
        return arrays | {f"best {number}": value for number, value in enumerate(best)}


def _status(costs, error, percent):
    error = f"{100 * error:.2f} %" if percent else f"{error:.4g}"
    return f"cost {np.mean(costs):.4f}, validation error {error}"


def _record(history, epoch, elapsed, costs, error, monitor):
    values = {name: measure() for name, measure in monitor.items()}
    # An interrupt while measuring must not leave lists of different lengths.
    history.epoch.append(epoch)
    history.elapsed.append(elapsed)
    history.train_cost.append(float(np.mean(costs)))
    history.validation_error.append(error)
    for name, value in values.items():
        history.monitored[name].append(value)


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


def _check_graph(inputs, output, updates):
    if not isinstance(inputs, (list, tuple)):
        raise ValueError(f"inputs must be a list of symbolic variables, such as [x, y], not {inputs!r}.")
    if not isinstance(output, theano.Variable):
        raise ValueError(f"the output must be symbolic, a cost or an error, not {output!r}.")
    needed = theano.gof.graph.inputs([output, *dict(updates or {}).values()])
    for variable in needed:
        given = isinstance(variable, (theano.Constant, theano.compile.SharedVariable))
        if not given and variable not in inputs:
            raise ValueError(f"the output depends on {variable}, which is not among the inputs {list(inputs)}.")
    for variable in inputs:
        if variable not in needed:
            raise ValueError(f"nothing depends on the input {variable}: leave it out, and its data.")


def _n_examples(inputs, shapes):
    if len(inputs) != len(shapes):
        raise ValueError(f"{len(inputs)} inputs need as many arrays of data, and there are {len(shapes)}.")
    lengths = {shape[0] for shape in shapes}
    if len(lengths) != 1:
        raise ValueError(f"the arrays of a data set must have equally many rows, and they have {sorted(lengths)}.")
    return lengths.pop()


def _whole_batch_size(batch_size, n_examples):
    wanted = f"a whole number from 1 to {n_examples}, the number of rows"
    check_number("batch_size", batch_size, wanted, lambda size: size % 1 == 0 and 1 <= size <= n_examples)
    return int(batch_size)


def _check_type(variable, data):
    if variable.ndim != data.ndim:
        raise ValueError(f"{variable} is {variable.ndim}-dimensional, and its data are {data.ndim}-dimensional.")
    if not np.can_cast(data.dtype, variable.dtype):
        wanted = (
            "as load_data does it" if variable.dtype == theano.config.floatX else f"T.cast(data, {variable.dtype!r})"
        )
        raise ValueError(f"{variable} is {variable.dtype}, and its data are {data.dtype}: convert them, {wanted}.")


def _check_sizes(data, output):
    """Do the data have as many columns as the weights have rows, and the classes that the last layer has?

    Theano does not know the sizes of symbolic variables, and without this would say so in the midst of training.
    """
    for node in theano.gof.graph.io_toposort(list(data), [output]):
        if isinstance(node.op, T.Dot) and node.inputs[0] in data:
            x, W = node.inputs[0], _length(node.inputs[1])
            columns = _shape(data[x])[1]
            if W is not None and columns != W:
                raise ValueError(
                    f"the data of {x} have {columns} columns, and the layer that takes them is made for {W} (n_in)."
                )
        if isinstance(node.op, CrossentropySoftmaxArgmax1HotWithBias) and node.inputs[2] in data:
            y, b = node.inputs[2], _length(node.inputs[1])
            labels = data[y].eval()
            if b is not None and not 0 <= labels.min() <= labels.max() < b:
                raise ValueError(
                    f"the labels of {y} run from {labels.min()} to {labels.max()}, and the layer has {b} units (n_out), "
                    f"for 0 to {b - 1}."
                )


def _length(variable):
    """Rows of a shared variable; None for another one."""
    if variable.owner and isinstance(variable.owner.op, HostFromGpu):
        variable = variable.owner.inputs[0]
    if isinstance(variable, theano.compile.SharedVariable):
        return variable.get_value(borrow=True, return_internal_type=True).shape[0]


def _shape(data):
    """Shape of the array in a shared variable, or in a cast of one."""
    variable = data
    while not hasattr(variable, "get_value"):
        node = getattr(variable, "owner", None)
        # A cast keeps the shape, and so does fetching a GPU's array for it; a transposition, say, would not.
        if node is None or len(node.inputs) != 1 or not isinstance(node.op, (T.Elemwise, HostFromGpu)):
            raise ValueError(f"data must be shared variables, as load_data returns them, not {data!r}.")
        variable = node.inputs[0]
    return variable.get_value(borrow=True, return_internal_type=True).shape
