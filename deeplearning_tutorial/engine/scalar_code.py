"""Which functions of numbers Theano can write in C++: only those can be made into one loop."""

from theano.gof.utils import MethodNotDefined
from theano.scalar import get_scalar_type


def has_c_code(function, dtypes):
    """Whether a function of numbers can be written in C++. That of erfinv, for one, cannot.

    Parameters
    ----------
    function : theano.scalar.ScalarOp
    dtypes : list of str
        Of its arguments. The code may be there for some types only.
    """
    node = function.make_node(*[get_scalar_type(dtype).make_variable() for dtype in dtypes])
    names = [
        [f"{kind}{i}" for i, _ in enumerate(variables)] for kind, variables in zip("xz", (node.inputs, node.outputs))
    ]
    try:
        function.c_code(node, "function", *names, {"fail": ""})
    except (MethodNotDefined, NotImplementedError):
        return False
    return True
