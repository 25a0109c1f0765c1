"""How a rewrite of Theano's is corrected: the same object, under the same name in Theano's databases, does something else."""

from theano.tensor import NotScalarConstantError, get_scalar_constant_value


def only_where(rewrite, *conditions):
    """Let a rewrite act only on nodes that meet all conditions."""
    theanos = rewrite.transform

    def transform(node):
        return theanos(node) if all(condition(node) for condition in conditions) else False

    rewrite.transform = transform


def instead_of(rewrite):
    """Decorate the function that a rewrite is to call instead of its own."""

    def replace(transform):
        rewrite.transform = transform
        return transform

    return replace


def leave_out(rewrite):
    """Let a rewrite do nothing."""
    rewrite.transform = lambda node: False


def keep_type(rewrite):
    """Leave out the results of a rewrite that have another type, for which Theano prints an error, and takes none of them."""
    theanos = rewrite.transform

    def transform(node):
        results = theanos(node)
        if not isinstance(results, list | tuple):
            return results
        pairs = zip(node.outputs, results)
        return (
            results if all(new is None or old.type.convert_variable(new) is not None for old, new in pairs) else False
        )

    rewrite.transform = transform


def is_constantly(variable, number):
    """Whether a variable is known to hold one number everywhere."""
    try:
        return bool(get_scalar_constant_value(variable) == number)
    except NotScalarConstantError:
        return False


def is_float(variable):
    return _dtype(variable).startswith("float")


def is_discrete(variable):
    """Whether it holds integers or booleans."""
    return _dtype(variable).startswith(("int", "uint", "bool"))


def _dtype(variable):
    """Empty for what is no number or array: a slice."""
    return getattr(variable, "dtype", "")


def of_one_type(node):
    """Whether all inputs of a node have the type of number of its output."""
    return all(_dtype(variable) == _dtype(node.outputs[0]) for variable in node.inputs)


def of_floats(node):
    return all(map(is_float, node.inputs))


def of_integers(node):
    return all(map(is_discrete, node.inputs))
