"""Functions of a mini-batch, compiled by Theano.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> train(0)                                                # a step with the first 20 examples; returns their cost
>>> validate.mean()
"""

import weakref

import numpy as np
import theano
import theano.tensor as T
from tqdm.auto import tqdm

from deeplearning_tutorial.checks import check_number
from deeplearning_tutorial.conditions import check_data, shape, shared_variable


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
    inputs, output, updates
        The graph, as it was given.
    data : list of shared variables
        Those that hold the rows. They can be given other rows later, but as many.
    function : theano.compile.Function
        The compiled function itself; its graph can be drawn.
    state : list of shared variables
        All that a call changes: parameters, and what else there is of velocities, learning rates, states of random numbers.
    shared : list of shared variables
        All that a call uses, data included.

    Raises
    ------
    ValueError
        If `inputs` and `dataset` do not match, in number, type or width, no whole mini-batch fits into the data, or the data
        are not what the graph needs: labels that the last layer has no unit for, pixels outside [0, 1].
    """

    def __init__(self, inputs, output, dataset, batch_size, updates=None):
        n_examples = _check(inputs, output, dataset, updates)
        self.batch_size = _whole_batch_size(batch_size, n_examples)
        self.n_batches, self.n_left_over = divmod(n_examples, self.batch_size)
        self.inputs, self.output, self.updates = inputs, output, dict(updates or {})
        self.data = [shared_variable(data) for data in dataset]
        self._n_examples = n_examples

        # As arrays: Theano takes longer to make one of a Python number than to compute a small layer.
        self._indices = [np.asarray(number, dtype="int64") for number in range(self.n_batches)]
        index = T.lscalar("index")
        givens = {variable: self._minibatches(data)[index] for variable, data in zip(inputs, dataset)}
        self.function = theano.function([index], output, updates=updates, givens=givens)
        shared = [given for given in self.function.maker.expanded_inputs if hasattr(given.variable, "get_value")]
        self.shared = [given.variable for given in shared]
        self.state = [given.variable for given in shared if given.update is not None]

    def _minibatches(self, data):
        """View of the data as (n_batches, batch_size, ...): nothing is copied.

        ``data[index * batch_size : (index + 1) * batch_size]`` is the same, but it may be cut short by the end of the
        data, so that Theano has to work out its length in every call. This shape is known when the graph is compiled.
        """
        whole = data[: self.n_batches * self.batch_size]
        return T.reshape(whole, (self.n_batches, self.batch_size, *shape(data)[1:]))

    def __call__(self, index):
        """The output for mini-batch number `index`, in ``range(n_batches)``."""
        if not 0 <= index < self.n_batches:
            raise IndexError(f"there are mini-batches 0 to {self.n_batches - 1}, and no {index}.")
        if index == 0:  # once an epoch
            self._check_rows()
        return self.function(self._indices[index])

    def mean(self):
        """Mean of the output over all mini-batches: a float. The first time it says which rows are in none of them."""
        tell_what_is_left_over({"": self})
        return float(np.mean([self(index) for index in range(self.n_batches)]))

    def _check_rows(self):
        """More rows would be passed over in silence, and of fewer the compiled function would complain, obscurely."""
        for data in self.data:
            rows = shape(data)[0]
            if rows != self._n_examples:
                raise ValueError(
                    f"{data} has {rows:,} rows now, and had {self._n_examples:,} when this function was compiled: "
                    "make the MinibatchFunction again."
                )


def tell_what_is_left_over(functions, silent=False):
    """Say how many rows are in no mini-batch, once of each function, as nobody should find out by chance.

    Parameters
    ----------
    functions : dict from str to MinibatchFunction
        By what their rows are called.
    silent : bool
        Only take note that whoever asks knows.
    """
    left_over = []
    for name, function in functions.items():
        if getattr(function, "n_left_over", 0) and function not in _told:
            _told.add(function)
            n_rows = function.n_batches * function.batch_size + function.n_left_over
            left_over.append(f"{function.n_left_over} of {n_rows:,} {name} rows".replace("  ", " "))
    if left_over and not silent:
        tqdm.write(f"Not used, as they fill no mini-batch: {' and '.join(left_over)}.")


_told = weakref.WeakSet()


def _check(inputs, output, dataset, updates):
    """All that can be wrong with them; returns the number of examples."""
    _check_graph(inputs, output, updates)
    shapes = [shape(data) for data in dataset]
    for variable, data in zip(inputs, dataset):
        _check_type(variable, data)
    n_examples = _n_examples(inputs, shapes)
    check_data(dict(zip(inputs, dataset)), [output, *dict(updates or {}).values()])
    return n_examples


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
