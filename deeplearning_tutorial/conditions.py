"""What a graph asks of its data, looked at when a function is compiled for them, once, and at no cost for a step.

Theano does not know the sizes of symbolic variables, nor what is in them. Without this, a wrong number of columns shows in the
midst of training, and labels that no unit stands for, or pixels outside [0, 1], do not show at all.

>>> ask_range(cost, x, 0, 1, "the cross-entropy of x is no distance there: standardized features need the squared error")
>>> check_data({x: shared_x, y: shared_y}, [cost])
"""

import numpy as np
import theano
import theano.tensor as T
from theano.tensor import nnet

from deeplearning_tutorial.checks import count_not_finite


def ask_range(result, x, low, high, otherwise):
    """Note that a symbolic result is what it should be only where the numbers of `x` are from `low` to `high`.

    Parameters
    ----------
    result, x : symbolic variables
    low, high : float
    otherwise : str
        What is wrong outside, and what to do.
    """
    result.tag.asked_range = (x, low, high, otherwise)


def check_data(data, outputs):
    """Do the data have as many columns as the weights have rows, the classes that the last layer has, and the range asked for?

    Parameters
    ----------
    data : dict from symbolic variables to shared ones, or casts of them
    outputs : list of symbolic variables

    Raises
    ------
    ValueError
        That names what is wrong, and what the graph is made for.
    """
    for node in theano.gof.graph.io_toposort([], outputs):
        if isinstance(node.op, T.Dot) and node.inputs[0] in data:
            _check_columns(node, data)
        classes, labels = _classes_and_labels(node, data)
        if classes is not None:
            _check_labels(labels, data[labels], classes)
    for variable in theano.gof.graph.ancestors(outputs):
        if hasattr(variable.tag, "asked_range"):
            _check_range(data, *variable.tag.asked_range)


def rows_not_finite(data):
    """Which of some shared variables hold NaN or infinity: a sentence that says in how many rows, or "" for none."""
    for variable in data:
        values = variable.get_value(borrow=True)
        if rows := count_not_finite(values):
            return (
                f"The data in {variable} hold NaN or infinity in {rows:,} of {len(values):,} rows: leave those rows out, or fill "
                "in the mean of the others."
            )
    return ""


def shared_variable(data):
    """The shared variable that holds the data: `data` itself, or what it is a cast of, as load_data's labels are."""
    variable = data
    while not hasattr(variable, "get_value"):
        node = getattr(variable, "owner", None)
        # A cast keeps the shape, and so does fetching a GPU's array for it; a transposition, say, would not.
        if node is None or len(node.inputs) != 1 or not (isinstance(node.op, T.Elemwise) or _is_copy_from_gpu(node.op)):
            raise ValueError(f"data must be shared variables, as load_data returns them, not {data!r}.")
        variable = node.inputs[0]
    return variable


def shape(data):
    """Of the array in a shared variable, or in a cast of one. Of one on a GPU without a copy of it."""
    return shared_variable(data).get_value(borrow=True, return_internal_type=True).shape


# Columns ------------------------------------------------------------------------------------------------------------


def _check_columns(node, data):
    x, W = node.inputs
    columns, W_shape = shape(data[x])[-1], _shape_if_shared(W)
    if W_shape and columns != W_shape[0]:
        raise ValueError(
            f"the data of {x} have {columns} columns, and the layer that takes them is made for {W_shape[0]} (n_in)."
        )


# Labels -------------------------------------------------------------------------------------------------------------


def _classes_and_labels(node, data):
    """Where a node compares labels with a layer's classes: how many there are, and the variable of the labels; else None, None."""
    op, inputs = node.op, [_before_cast(variable) for variable in node.inputs]
    pair = ()
    if isinstance(op, nnet.nnet.CrossentropySoftmaxArgmax1HotWithBias):
        pair = inputs[1], inputs[2]
    elif isinstance(op, nnet.nnet.CrossentropyCategorical1Hot):
        pair = inputs
    elif isinstance(op, T.AdvancedSubtensor) and len(inputs) == 3:  # p_y_given_x[T.arange(y.shape[0]), y]
        pair = inputs[0], inputs[2]
    elif isinstance(op, T.Elemwise) and op in (T.neq, T.eq):  # y_pred and y
        for guess, labels in (inputs, inputs[::-1]):
            if guess.owner and isinstance(guess.owner.op, (T.Argmax, T.MaxAndArgmax)):
                pair = guess.owner.inputs[0], labels
    if pair and pair[1] in data:
        return _columns(pair[0]), pair[1]
    return None, None


def _check_labels(y, data, n_out):
    labels = shared_variable(data).get_value(borrow=True)
    if not 0 <= labels.min() <= labels.max() < n_out:
        raise ValueError(
            f"the labels of {y} run from {labels.min():g} to {labels.max():g}, and the layer has {n_out} units (n_out), "
            f"for 0 to {n_out - 1}."
        )
    broken = labels[labels != np.floor(labels)]
    if len(broken):
        raise ValueError(
            f"the labels of {y} must be whole numbers from 0 to {n_out - 1}, and {len(broken):,} of {len(labels):,} are not, such as "
            f"{broken[0]:g}: what is measured, and no class, is no label."
        )


def _columns(variable):
    """How many columns the scores or probabilities of a layer have, where shared weights or biases say so; else None."""
    found = _shape_if_shared(variable)
    if found is not None:
        return found[-1] if found else None
    node = variable.owner
    if node is None:
        return None
    if isinstance(node.op, T.Dot):
        return _columns(node.inputs[1])
    if isinstance(node.op, (T.Elemwise, T.DimShuffle, nnet.Softmax, nnet.SoftmaxWithBias, nnet.LogSoftmax)):
        return max((number for number in map(_columns, node.inputs) if number is not None), default=None)
    return None


def _before_cast(variable):
    while variable.owner and isinstance(variable.owner.op, T.Elemwise) and _is_cast(variable.owner.op):
        variable = variable.owner.inputs[0]
    return variable


def _is_cast(op):
    return isinstance(op.scalar_op, theano.scalar.Cast)


# Range --------------------------------------------------------------------------------------------------------------


def _check_range(data, x, low, high, otherwise):
    found = _range(data, x)
    if found and not low <= found[0] <= found[1] <= high:
        raise ValueError(
            f"{x} must hold numbers from {low:g} to {high:g}, and its data run from {found[0]:.4g} to {found[1]:.4g}: {otherwise}."
        )


def _range(data, x):
    """Least and greatest number of x with these data; None where a sigmoid or a softmax makes it, which knows its range."""
    if x in data:
        values = shared_variable(data[x]).get_value(borrow=True)
        return values.min(), values.max()
    op = x.owner and x.owner.op
    if isinstance(op, nnet.Softmax) or isinstance(getattr(op, "scalar_op", None), nnet.sigm.ScalarSigmoid):
        return None
    # Once, with all rows. No random number is drawn that training would miss.
    compute = theano.function(
        [], [T.min(x), T.max(x)], givens=data, mode="FAST_COMPILE", no_default_updates=True, on_unused_input="ignore"
    )
    return compute()


# Shared variables ---------------------------------------------------------------------------------------------------


def _shape_if_shared(variable):
    if variable.owner and _is_copy_from_gpu(variable.owner.op):
        variable = variable.owner.inputs[0]
    if isinstance(variable, theano.compile.SharedVariable) and hasattr(variable, "ndim"):
        return variable.get_value(borrow=True, return_internal_type=True).shape
    return None


def _is_copy_from_gpu(operation):
    """By its name: to import Theano's part for GPUs takes a while, also where there is none."""
    return type(operation).__name__ == "HostFromGpu"
