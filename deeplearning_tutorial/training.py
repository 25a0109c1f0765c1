"""Compile functions of a mini-batch, and train with them.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> history = fit(train, validate, params)
"""

import os
import time

import numpy as np
import theano
import theano.tensor as T
from theano.gpuarray.basic_ops import HostFromGpu
from tqdm.auto import tqdm

import deeplearning_tutorial.rewrites  # noqa: F401  so that what is compiled here is faster
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
        tutorial: 50,000 rows make 83 mini-batches of 600.
    updates : OrderedDict, optional
        What each call changes, see `updates`.

    Attributes
    ----------
    n_batches : int
    function : theano.compile.Function
        The compiled function itself; its graph can be drawn.

    Raises
    ------
    ValueError
        If `inputs` and `dataset` do not match, or no whole mini-batch fits into the data.
    """

    def __init__(self, inputs, output, dataset, batch_size, updates=None):
        shapes = [_shape(data) for data in dataset]
        n_examples = _n_examples(inputs, shapes)
        self.batch_size = _whole_batch_size(batch_size, n_examples)
        self.n_batches = n_examples // self.batch_size

        # Theano takes an array as it is; to make one of a Python number takes it longer than a small layer does.
        self._indices = [np.asarray(number, dtype="int64") for number in range(self.n_batches)]
        index = T.lscalar("index")
        givens = {
            variable: self._minibatches(data, shape)[index]
            for variable, data, shape in zip(inputs, dataset, shapes)
        }
        self.function = theano.function([index], output, updates=updates, givens=givens)

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

    Returns
    -------
    History
        An interrupt from the keyboard ends training, not the program: history and best parameters are kept.

    Raises
    ------
    ValueError
        If `n_epochs` or `patience` is below 1, or ``DEEPLEARNING_TUTORIAL_EPOCHS`` is no such number: a limit for all
        training, for those who only want to see that a notebook runs.
    FloatingPointError
        If the cost is no longer a finite number. The best parameters so far are put back first.
    """
    for name, value in [("n_epochs", n_epochs), ("patience", patience)]:
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value!r}.")
    n_epochs = _at_most(n_epochs)
    patience = np.inf if patience is None else patience
    # A short patience must leave room for at least two validations.
    validation_frequency = int(min(train.n_batches, max(1, patience / 2)))

    monitor = {} if monitor is None else monitor
    history = History(monitored={name: [] for name in monitor})
    best = [parameter.get_value() for parameter in params]
    started = time.perf_counter()
    # tqdm looks at this variable itself, but not where it draws its bars in notebooks.
    bar = tqdm(total=n_epochs, unit="epoch", disable=not progress or "TQDM_DISABLE" in os.environ)
    try:
        for step, costs in _steps(train, n_epochs, validation_frequency):
            history.n_steps = step
            if costs:
                _check_finite(costs, step)
                error = validate.mean()
                _record(history, step / train.n_batches, costs, error, monitor)
                status = f"cost {np.mean(costs):.4f}, validation error {100 * error:.2f} %"
                bar.set_postfix_str(status, refresh=False)
                if error < improvement_threshold * history.best_validation_error:
                    patience = max(patience, (step - 1) * patience_increase)
                if error < history.best_validation_error:
                    history.best_validation_error, history.best_epoch = error, history.epoch[-1]
                    best = [parameter.get_value() for parameter in params]
            if step % train.n_batches == 0:
                bar.update()
            if step - 1 >= patience:
                history.stopped_early = True
                break
    except KeyboardInterrupt:
        bar.write("Interrupted: the best parameters so far are kept.")
    finally:
        bar.close()
        for parameter, value in zip(params, best):
            parameter.set_value(value)
        history.seconds = time.perf_counter() - started
    return history


def _at_most(n_epochs):
    limit = os.environ.get(EPOCHS_VARIABLE, "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit) > 0):
        raise ValueError(f"{EPOCHS_VARIABLE} must be a whole number of at least 1, not {limit!r}; unset it to train in full.")
    return min(n_epochs, int(limit)) if limit else n_epochs


def _steps(train, n_epochs, validation_frequency):
    """Train step by step: yields each step's number, from 1, and the costs to report when a validation is due."""
    costs = []
    for epoch in range(n_epochs):
        for index in range(train.n_batches):
            costs.append(train(index))
            step = epoch * train.n_batches + index + 1
            if step % validation_frequency == 0:
                yield step, costs
                costs = []
            else:
                yield step, None


def _record(history, epoch, costs, error, monitor):
    values = {name: measure() for name, measure in monitor.items()}
    # An interrupt while measuring must not leave lists of different lengths.
    history.epoch.append(epoch)
    history.train_cost.append(float(np.mean(costs)))
    history.validation_error.append(error)
    for name, value in values.items():
        history.monitored[name].append(value)


def _check_finite(costs, step):
    if not np.all(np.isfinite(costs)):
        raise FloatingPointError(
            f"the cost became {float(np.mean(costs))} before step {step}. Most often the learning rate is too large: "
            "divide it by ten. The best parameters so far were put back."
        )


def _n_examples(inputs, shapes):
    if len(inputs) != len(shapes):
        raise ValueError(f"{len(inputs)} inputs need as many arrays of data, and there are {len(shapes)}.")
    lengths = {shape[0] for shape in shapes}
    if len(lengths) != 1:
        raise ValueError(
            f"the arrays of a data set must have equally many rows, and they have {sorted(lengths)}."
        )
    return lengths.pop()


def _whole_batch_size(batch_size, n_examples):
    if int(batch_size) != batch_size or not 1 <= batch_size <= n_examples:
        raise ValueError(
            f"batch_size must be a whole number from 1 to {n_examples}, the number of rows, not {batch_size!r}."
        )
    return int(batch_size)


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
