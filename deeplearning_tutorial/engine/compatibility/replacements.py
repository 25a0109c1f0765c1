"""The lines of Theano 1.0.5 that newer releases of Python and NumPy make wrong, and what stands in their place.

`REPLACEMENTS` names for each module of Theano the old text, the new one, and the release since which the old one fails,
or silently gives something else. Only what the running Python and NumPy need is replaced. None of it runs on Python 2.
"""

import functools
import sys
from typing import NamedTuple

PACKAGE = __name__.rpartition(".")[0]


class Replacement(NamedTuple):
    since: str  # the release, such as "NumPy 2.0"
    old: str
    new: str
    times: int = 1  # how often the old text stands there


# Beside NumPy, what NumPy 1 did.
IMPORT_NUMPY_1 = Replacement(
    "NumPy 2.0", "import numpy as np\n", f"import numpy as np\nfrom {PACKAGE} import numpy_rules as numpy_1\n"
)


REPLACEMENTS = {
    # --- Python
    "theano.configdefaults": [
        Replacement(
            "Python 3.12",  # without distutils
            "    import distutils.spawn\n    newp = distutils.spawn.find_executable(param)\n",
            "    import shutil\n    newp = shutil.which(param)\n",
        ),
        Replacement("Python 3.12", "    del newp\n    del distutils\n", "    del newp\n    del shutil\n"),
        Replacement(  # Theano goes on with -lblas, where the configuration names no library
            "Python 3.12",
            "        if (hasattr(np.distutils, '__config__') and\n                np.distutils.__config__):\n",
            "        raise KeyError('numpy.distutils is gone')\n        if True:\n",
        ),
    ],
    "theano.gof.cmodule": [
        Replacement("Python 3.12", "import distutils.sysconfig\n", "import sysconfig\n"),
        Replacement("Python 3.12", "import numpy.distutils\n", "import numpy\n"),
        Replacement("NumPy 2.0", "import theano\n", f"import theano\nfrom {PACKAGE} import c_code\n"),
        Replacement(  # through here goes all C++ code that Theano writes
            "NumPy 2.0",
            "            cppfile.write(src_code)\n",
            "            cppfile.write(c_code.modernized(src_code))\n",
        ),
        Replacement("NumPy 2.0", "        return cxxflags\n", "        return cxxflags + [c_code.FLAG]\n"),
        Replacement("Python 3.12", "distutils.sysconfig.get_config_var(", "sysconfig.get_config_var(", times=5),
        Replacement("Python 3.12", "numpy.distutils.misc_util.get_numpy_include_dirs()", "[numpy.get_include()]"),
        Replacement("Python 3.12", "distutils.sysconfig.get_python_inc()", 'sysconfig.get_path("include")', times=2),
        Replacement(
            "Python 3.12",
            "distutils.sysconfig.get_python_inc(plat_specific=True)",
            'sysconfig.get_path("platinclude")',
        ),
        Replacement("Python 3.12", "distutils.sysconfig.get_python_version()", "sysconfig.get_python_version()"),
        Replacement(
            "Python 3.12",
            "distutils.sysconfig.get_python_lib(plat_specific=1,\n"
            "                                                    standard_lib=1)",
            'sysconfig.get_path("stdlib")',
        ),
        Replacement("Python 3.12", "distutils.sysconfig.get_config_h_filename()", "sysconfig.get_config_h_filename()"),
    ],
    "theano.tensor.blas": [
        Replacement(
            "Python 3.12",
            "import numpy.distutils\ntry:\n    import numpy.distutils.__config__  # noqa\nexcept ImportError:\n    pass\n",
            "",
        ),
        Replacement("NumPy 2.0", "z.itemset(z * a + b * np.dot(x, y))", "z[()] = z * a + b * np.dot(x, y)"),
    ],
    "theano.compile.function_module": [  # Python calls of its own take longer: few functions have a default to put back
        Replacement(
            "Python 3.12",
            "        self.defaults = defaults\n",
            "        self.defaults = defaults\n        self.has_defaults = any(refeed for _, refeed, _ in defaults)\n",
        ),
        Replacement(
            "Python 3.12",
            "        # Put default values back in the storage\n        restore_defaults()\n",
            "        if self.has_defaults:\n            restore_defaults()\n",
        ),
    ],
    "theano.tests.breakpoint": [  # which gpuarray imports, which scan imports
        Replacement("Python 3.12", "import imp\n", "from importlib.util import find_spec\n"),
        Replacement("Python 3.12", "imp.find_module(", "find_spec(", times=2),
    ],
    "theano.scalar.basic_scipy": [  # SciPy imports its parts when they are first used, and few who import Theano use these
        Replacement("SciPy 1.10", "    import scipy.special\n    import scipy.stats\n", "    import scipy\n"),
    ],
    # --- NumPy: names
    "theano.scalar.basic": [
        IMPORT_NUMPY_1,
        Replacement("NumPy 1.24", "np.complex)", "builtin_complex)", times=2),
        Replacement("NumPy 1.24", "np.complex(", "builtin_complex(", times=3),
        Replacement("NumPy 2.0", "np.product(inputs)", "np.prod(inputs)"),
        Replacement("NumPy 2.0", "np.cast[x.type](2)", "np.asarray(2, dtype=x.type.dtype)"),
        Replacement("NumPy 2.0", "np.cast[x.type](1)", "np.asarray(1, dtype=x.type.dtype)", times=6),
        Replacement("NumPy 2.0", ", sig='f')", ", dtype='f')", times=23),
        # --- rules
        Replacement("NumPy 2.0", "if np.all(x == x_):", "if np.all(numpy_1.typed(x) == x_):"),
        Replacement("NumPy 2.0", "np.float32(1.0) / x", "np.float32(1.0) / numpy_1.typed(x)"),
        Replacement(
            "NumPy 2.0",
            """            struct theano_complex%(nbits)s : public npy_complex%(nbits)s
            {
""",
            """            struct theano_complex%(nbits)s
            {
                npy_float%(half_nbits)s real, imag;
""",
        ),
    ],
    "theano.tensor.basic": [
        Replacement("NumPy 1.24", "np.complex(data)", "builtins.complex(data)"),
        Replacement("NumPy 2.0", "axis = NPY_MAXDIMS;", "axis = NPY_RAVEL_AXIS;", times=2),
    ],
    "theano.tensor.extra_ops": [
        Replacement("NumPy 2.0", "np.MAXDIMS", "-2147483648"),
        Replacement("NumPy 2.0", "NPY_MAXDIMS", "NPY_RAVEL_AXIS", times=3),
    ],
    "theano.tensor.subtensor": [
        Replacement("NumPy 2.0", "NPY_MAXDIMS", "NPY_RAVEL_AXIS", times=2),
        Replacement(  # without PyArray_MapIter*. np.add.at in `perform` is as fast since NumPy 1.25.
            "NumPy 2.0",
            "        if bool(numpy_ver < [1, 8]):\n",
            "        if bool(numpy_ver >= [2, 0]):\n",
        ),
        Replacement("NumPy 2.0", "        return inc_code()\n", "        return ''\n"),
    ],
    "theano.tensor.elemwise": [
        Replacement("NumPy 2.0", "np.sctype2char(out_dtype)", "np.dtype(out_dtype).char"),
    ],
    "theano.tensor.slinalg": [Replacement("NumPy 2.0", "np.ComplexWarning", "np.exceptions.ComplexWarning")],
    "theano.tensor.nnet.conv": [
        Replacement(  # since 1.8 without these names, which Theano does without; before it says so, it imports half of SciPy
            "SciPy 1.10",
            "    from scipy.signal.signaltools import _valfrommode",
            "    raise ImportError\n    from scipy.signal.signaltools import _valfrommode",
        ),
        Replacement("NumPy 2.0", "np.ComplexWarning", "np.exceptions.ComplexWarning"),
    ],
    "theano.tensor.nnet.abstract_conv": [
        Replacement(  # since 1.8 without these names, which Theano does without; before it says so, it imports half of SciPy
            "SciPy 1.10",
            "    from scipy.signal.signaltools import _valfrommode",
            "    raise ImportError\n    from scipy.signal.signaltools import _valfrommode",
        ),
        Replacement("NumPy 2.0", "np.ComplexWarning", "np.exceptions.ComplexWarning"),
    ],
    "theano.tensor.nnet.bn": [
        Replacement(
            "NumPy 2.0",
            "np.cast[theano.config.floatX](epsilon)",
            "np.asarray(epsilon, dtype=theano.config.floatX)",
            times=2,
        )
    ],
    "theano.tensor.nnet.sigm": [
        Replacement("NumPy 2.0", ", sig='f')", ", dtype='f')", times=2),
        Replacement("NumPy 2.0", "1.0 / (1.0 + np.exp(-x", "1.0 / (np.float64(1.0) + np.exp(-x", times=2),
    ],
    "theano.misc.safe_asarray": [
        IMPORT_NUMPY_1,
        Replacement(
            "NumPy 2.0", "rval = np.asarray(a, dtype=dtype, order=order)", "rval = numpy_1.asarray(a, dtype, order)"
        ),
    ],
    "theano.printing": [Replacement("NumPy 2.3", "x.tostring()", "x.tobytes()")],
    "theano.compile.debugmode": [
        Replacement("NumPy 2.0", "storage_map[r][0].itemset(dr_vals[r][0])", "storage_map[r][0][()] = dr_vals[r][0]")
    ],
    "theano.gpuarray.linalg": [
        Replacement("Python 3.12", "import pkg_resources\n", ""),  # which setuptools 82 no longer has
        Replacement("Python 3.12", ", pkg_resources.DistributionNotFound)", ")", times=2),
        Replacement("NumPy 2.0", "from numpy.linalg.linalg import LinAlgError", "from numpy.linalg import LinAlgError"),
    ],
    "theano.tensor.raw_random": [  # a copy of a RandomState shares its state, so that both would go on together
        Replacement("NumPy 1.24", "            r = copy(r)\n", "            r = deepcopy(r)\n"),
        Replacement("NumPy 1.24", "from copy import copy\n", "from copy import deepcopy\n"),
    ],
    "theano.sandbox.rng_mrg": [
        Replacement("NumPy 2.0", "mask = 0xffffffff", "mask = np.int64(0xffffffff)", times=2),
    ],
}


@functools.cache
def replacements_for(module):
    """What is to be replaced in a module of Theano on this Python and with this NumPy."""
    return tuple(r for r in REPLACEMENTS.get(module, ()) if is_here(r.since))


def is_here(release):
    """Whether this is that release or a later one: ``"Python 3.12"``, ``"NumPy 2.0"``, ``"SciPy 1.10"``."""
    name, _, number = release.partition(" ")
    return _versions()[name] >= tuple(map(int, number.split(".")))


@functools.cache
def _versions():
    import numpy  # both are imported by Theano in any case, and not before that is
    import scipy

    versions = {"Python": sys.version_info[:2]}
    for name, package in {"NumPy": numpy, "SciPy": scipy}.items():
        versions[name] = tuple(map(int, package.__version__.split(".")[:2]))
    return versions
