"""Functions of a mini-batch, compiled by Theano.

>>> train = MinibatchFunction([x, y], cost, train_set, 20, updates=sgd(cost, params, 0.01))
>>> validate = MinibatchFunction([x, y], classifier.errors(y), valid_set, 20)
>>> train(0)                                                # a step with the first 20 examples; returns their cost
>>> validate.mean()
"""

import numpy as np
import theano
import theano.tensor as T
from theano.tensor.nnet.nnet import CrossentropySoftmaxArgmax1HotWithBias

from deeplearning_tutorial.checks import check_number


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
        n_examples = _check(inputs, output, dataset, updates)
        self.batch_size = _whole_batch_size(batch_size, n_examples)
        self.n_batches, self.n_left_over = divmod(n_examples, self.batch_size)

        # As arrays: Theano takes longer to make one of a Python number than to compute a small layer.
        self._indices = [np.asarray(number, dtype="int64") for number in range(self.n_batches)]
        index = T.lscalar("index")
        givens = {variable: self._minibatches(data)[index] for variable, data in zip(inputs, dataset)}
        self.function = theano.function([index], output, updates=updates, givens=givens)
        self.state = [given.variable for given in self.function.maker.expanded_inputs if given.update is not None]

    def _minibatches(self, data):
        """View of the data as (n_batches, batch_size, ...): nothing is copied.

        ``data[index * batch_size : (index + 1) * batch_size]`` is the same, but it may be cut short by the end of the
        data, so that Theano has to work out its length in every call. This shape is known when the graph is compiled.
        """
        whole = data[: self.n_batches * self.batch_size]
        return T.reshape(whole, (self.n_batches, self.batch_size, *_shape(data)[1:]))

    def __call__(self, index):
        """The output for mini-batch number `index`, in ``range(n_batches)``."""
        if not 0 <= index < self.n_batches:
            raise IndexError(f"there are mini-batches 0 to {self.n_batches - 1}, and no {index}.")
        return self.function(self._indices[index])

    def mean(self):
        """Mean of the output over all mini-batches: a float."""
        return float(np.mean([self(index) for index in range(self.n_batches)]))


def _check(inputs, output, dataset, updates):
    """All that can be wrong with them; returns the number of examples."""
    _check_graph(inputs, output, updates)
    shapes = [_shape(data) for data in dataset]
    for variable, data in zip(inputs, dataset):
        _check_type(variable, data)
    n_examples = _n_examples(inputs, shapes)
    _check_sizes(dict(zip(inputs, dataset)), output)
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
    if variable.owner and _is_copy_from_gpu(variable.owner.op):
        variable = variable.owner.inputs[0]
    if isinstance(variable, theano.compile.SharedVariable):
        return variable.get_value(borrow=True, return_internal_type=True).shape[0]


def _is_copy_from_gpu(operation):
    """By its name: to import Theano's part for GPUs takes a while, also where there is none."""
    return type(operation).__name__ == "HostFromGpu"


def _shape(data):
    """Shape of the array in a shared variable, or in a cast of one."""
    variable = data
    while not hasattr(variable, "get_value"):
        node = getattr(variable, "owner", None)
        # A cast keeps the shape, and so does fetching a GPU's array for it; a transposition, say, would not.
        if node is None or len(node.inputs) != 1 or not (isinstance(node.op, T.Elemwise) or _is_copy_from_gpu(node.op)):
            raise ValueError(f"data must be shared variables, as load_data returns them, not {data!r}.")
        variable = node.inputs[0]
    return variable.get_value(borrow=True, return_internal_type=True).shape
