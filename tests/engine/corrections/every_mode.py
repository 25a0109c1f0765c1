"""Compiles a graph with all of Theano's rewrites, with the few of FAST_COMPILE, and with none: all must give what is right."""

import numpy as np
import theano
import theano.tensor as T

IN_PYTHON = {
    "FAST_RUN": theano.Mode("py", "fast_run").excluding("gpuarray"),
    "FAST_COMPILE": theano.Mode("py", "fast_compile").excluding("gpuarray"),
    "no rewrites": theano.Mode("py", None),
}
COMPILED = {"compiled": theano.Mode("cvm", "fast_run").excluding("gpuarray", "elemwise_fusion")}


def array(values, dtype="float32"):
    return np.asarray(values, dtype)


def variable_of(value):
    return T.TensorType(value.dtype, (False,) * value.ndim)()


def outcomes(build, *values, modes=IN_PYTHON):
    """By mode, what the graph that `build` makes of variables gives for values: a list of arrays."""
    values = [value if hasattr(value, "dtype") else array(value) for value in values]
    found = {}
    for name, mode in modes.items():
        variables = [variable_of(value) for value in values]
        outputs = build(*variables)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        with np.errstate(all="ignore"):
            found[name] = theano.function(variables, outputs, mode=mode, on_unused_input="ignore")(*values)
    return found


def check(right, build, *values, modes=IN_PYTHON, rtol=1e-6, dtype=None):
    """See that each mode gives `right`: an array, or a list of them for several outputs."""
    for name, arrays in outcomes(build, *values, modes=modes).items():
        for found, wanted in zip(arrays, right if len(arrays) > 1 else [right], strict=True):
            np.testing.assert_allclose(found, wanted, rtol=rtol, err_msg=name)
            assert np.shape(found) == np.shape(wanted), name
            assert dtype is None or found.dtype == dtype, name


def check_compiled_too(right, build, *values, **options):
    check(right, build, *values, modes=IN_PYTHON | COMPILED, **options)
