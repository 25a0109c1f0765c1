"""What is refused: each check names the value and the cure, where the mistake is made and not deep in compiled code.

All raise ValueError.
"""

import numpy as np

# Theano is imported by the checks that need it: a process that only distorts digits then does without.


def check_number(name, value, wanted, allowed):
    """A number, Python's or NumPy's, that is `allowed`; `wanted` says in words which these are."""
    if not isinstance(value, (int, float, np.number)) or not allowed(value):
        raise ValueError(f"{name} must be {wanted}, not {value!r}.")


def positive_integer(name, value):
    """The value as an int, if it is a whole number of at least 1."""
    check_number(name, value, "a whole number of at least 1", lambda number: number % 1 == 0 and number >= 1)
    return int(value)


def count_not_finite(values):
    """In how many rows of an array there is a NaN or an infinity."""
    return int((~np.isfinite(values.reshape(len(values), -1)).all(axis=1)).sum())


def layer_sizes(name, sizes):
    """The sizes of layers as a list of int: one number, or a list of at least one."""
    sizes = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
    if not sizes:
        raise ValueError(f"{name} must name at least one hidden layer, not [].")
    return [positive_integer(name, size) for size in sizes]


def sizes(name, values, n):
    """`n` whole numbers of at least 1 as a tuple of int."""
    if not isinstance(values, (list, tuple)) or len(values) != n:
        raise ValueError(f"{name} must be {n} whole numbers of at least 1, not {values!r}.")
    return tuple(positive_integer(f"each number in {name}", value) for value in values)


def check_images(input):
    """Symbolic images, (n_examples, n_channels, height, width), that do not make anything wider than floatX."""
    import theano

    if not isinstance(input, theano.Variable):
        raise ValueError(f"the input must be symbolic images, such as T.tensor4('x'), not {_shown(input)}.")
    if input.ndim != 4:
        raise ValueError(
            f"the input must be 4-dimensional, (n_examples, n_channels, height, width), and {input} is {input.ndim}-dimensional: "
            "x.reshape((x.shape[0], 1, 28, 28)) makes images of the rows of a matrix."
        )
    _check_type(input, "T.tensor4")


def checked_parameter(name, parameter, shape):
    """The parameter, if it is a shared variable of this shape and of type floatX."""
    import theano

    check_params([parameter], name)
    found = tuple(parameter.get_value(borrow=True).shape)
    if found != shape:
        raise ValueError(f"{name} must have the shape {shape} in a layer of this size, not {found}.")
    if parameter.dtype != theano.config.floatX:
        raise ValueError(
            f"{name} is {parameter.dtype}, and floatX is {theano.config.floatX}: "
            "make it with theano.shared(np.asarray(values, dtype=theano.config.floatX))."
        )
    return parameter


def check_params(params, name="a parameter"):
    """A list of shared variables."""
    import theano

    if not isinstance(params, (list, tuple)):
        raise ValueError(
            f"the parameters must be a list of shared variables, such as model.params, not {_shown(params)}."
        )
    for parameter in params:
        if not isinstance(parameter, theano.compile.SharedVariable):
            raise ValueError(f"{name} must be a shared variable, made with theano.shared, not {_shown(parameter)}.")


def check_input(input, n_in):
    """A symbolic matrix that does not make anything wider than floatX, with `n_in` columns as far as that is known."""
    import theano

    if not isinstance(input, theano.Variable):
        raise ValueError(f"the input must be a symbolic matrix, such as T.matrix('x'), not {_shown(input)}.")
    if input.ndim != 2:
        raise ValueError(
            f"the input must be a matrix, an example in each row, and {input} is {input.ndim}-dimensional."
        )
    _check_type(input, "T.matrix")
    n_columns = getattr(input.tag, "n_columns", n_in)  # a layer says so of its output
    if n_columns != n_in:
        raise ValueError(f"n_in is {n_in}, and the layer before has {n_columns} units.")


def _check_type(input, maker):
    import theano

    found = theano.scalar.upcast(input.dtype, theano.config.floatX)
    if found != theano.config.floatX:
        raise ValueError(
            f"{input} is {input.dtype} and would make all that follows {found}, where floatX is {theano.config.floatX}: "
            f"use {maker}, or T.cast(input, theano.config.floatX)."
        )


def check_labels(y):
    """A symbolic vector of integers."""
    import theano

    if not isinstance(y, theano.Variable):
        raise ValueError(f"the labels y must be symbolic, such as T.ivector('y'), not {_shown(y)}.")
    if y.ndim != 1 or y.dtype not in theano.tensor.integer_dtypes:
        raise ValueError(
            f"the labels y must be a vector of integers, such as T.ivector('y'), not {y.ndim}-dimensional {y.dtype}. "
            "Labels that a shared variable holds as floats are cast: T.cast(shared_y, 'int32')."
        )


def check_cost(cost):
    """A symbolic scalar."""
    import theano

    if not isinstance(cost, theano.Variable):
        raise ValueError(
            f"the cost must be a symbolic scalar, such as model.negative_log_likelihood(y), not {_shown(cost)}."
        )
    if cost.ndim != 0:
        raise ValueError(f"the cost must be a scalar, not {cost.ndim}-dimensional: take its mean over the mini-batch.")


def check_updates(updates):
    """A dictionary from shared variables to their next values."""
    if not isinstance(updates, dict):
        raise ValueError(f"the updates must be what sgd or another rule returns, not {_shown(updates)}.")
    check_params(list(updates), "what is updated")


def check_random_state(rng):
    """A generator of NumPy's random numbers, of the kind that gives the same ones in all its versions."""
    if not isinstance(rng, np.random.RandomState):
        raise ValueError(
            f"rng must be a numpy.random.RandomState, such as np.random.RandomState(1234), not {_shown(rng)}."
        )


def check_callable(name, value, wanted):
    """A function, or another thing that can be called."""
    if not callable(value):
        raise ValueError(f"{name} must be {wanted}, not {_shown(value)}.")


def _shown(value):
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
