"""The lines of Theano 1.0.5 that newer releases of Python and NumPy make wrong, and what stands in their place.

`REPLACEMENTS` names for each module of Theano the old text, the new one, and the release since which the old one fails,
or silently gives something else. Only what the running Python and NumPy need is replaced. None of it runs on Python 2.
"""

import contextlib
import functools
import importlib
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
            "Python 3.11",  # without distutils
            "    import distutils.spawn\n    newp = distutils.spawn.find_executable(param)\n",
            "    import shutil\n    newp = shutil.which(param)\n",
        ),
        Replacement("Python 3.11", "    del newp\n    del distutils\n", "    del newp\n    del shutil\n"),
        Replacement(  # Theano goes on with -lblas, where the configuration names no library
            "Python 3.11",
            "        if (hasattr(np.distutils, '__config__') and\n                np.distutils.__config__):\n",
            "        raise KeyError('numpy.distutils is gone')\n        if True:\n",
        ),
    ],
    "theano.gof.cmodule": [
        Replacement("Python 3.11", "import distutils.sysconfig\n", "import sysconfig\n"),
        Replacement("Python 3.11", "import numpy.distutils\n", "import numpy\n"),
        Replacement("NumPy 2.0", "import theano\n", f"import theano\nfrom {PACKAGE} import c_code\n"),
        Replacement(  # through here goes all C++ code that Theano writes
            "NumPy 2.0",
            "            cppfile.write(src_code)\n",
            "            cppfile.write(c_code.modernized(src_code))\n",
        ),
        Replacement("NumPy 2.0", "        return cxxflags\n", "        return cxxflags + [c_code.FLAG]\n"),
        Replacement("Python 3.11", "distutils.sysconfig.get_config_var(", "sysconfig.get_config_var(", times=5),
        Replacement("Python 3.11", "numpy.distutils.misc_util.get_numpy_include_dirs()", "[numpy.get_include()]"),
        Replacement("Python 3.11", "distutils.sysconfig.get_python_inc()", 'sysconfig.get_path("include")', times=2),
        Replacement(
            "Python 3.11",
            "distutils.sysconfig.get_python_inc(plat_specific=True)",
            'sysconfig.get_path("platinclude")',
        ),
        Replacement("Python 3.11", "distutils.sysconfig.get_python_version()", "sysconfig.get_python_version()"),
        Replacement(
            "Python 3.11",
            "distutils.sysconfig.get_python_lib(plat_specific=1,\n"
            "                                                    standard_lib=1)",
            'sysconfig.get_path("stdlib")',
        ),
        Replacement("Python 3.11", "distutils.sysconfig.get_config_h_filename()", "sysconfig.get_config_h_filename()"),
    ],
    "theano.tensor.blas": [
        Replacement(  # SciPy imports its parts when they are first used: these are for products without C code
            "SciPy 1.10",
            "    import scipy.linalg.blas\n    have_fblas = True\n    try:\n        fblas = scipy.linalg.blas.fblas\n",
            "    import scipy\n"
            "    have_fblas = True\n"
            "    class Later:\n"
            "        def __getattr__(self, name):\n"
            "            return lambda *args, **kwargs: getattr(scipy.linalg.blas, name)(*args, **kwargs)\n"
            "    try:\n        fblas = Later()\n",
        ),
        Replacement(
            "Python 3.11",
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
    "theano.misc.pkl_utils": [  # attributes of a pickler can no longer be set
        Replacement(
            "Python 3.13",
            "            p = pickle.Pickler(f, protocol=protocol)\n            p.persistent_id = persistent_id(zip_file)\n",
            "            persist = {'persistent_id': staticmethod(persistent_id(zip_file))}\n"
            "            p = type('Pickler', (pickle.Pickler,), persist)(f, protocol=protocol)\n",
        ),
        Replacement(
            "Python 3.13",
            "        p = pickle.Unpickler(BytesIO(zip_file.open('pkl').read()))\n"
            "        p.persistent_load = persistent_load(zip_file)\n",
            "        persist = {'persistent_load': staticmethod(persistent_load(zip_file))}\n"
            "        p = type('Unpickler', (pickle.Unpickler,), persist)(BytesIO(zip_file.open('pkl').read()))\n",
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
        Replacement("NumPy 2.0", "return np.angle(x)", "return np.angle(x if np.iscomplexobj(x) else np.float64(x))"),
        Replacement("NumPy 2.4", "180, gz.type)", "180, gz.type.dtype)"),
        Replacement("NumPy 2.4", "np.pi, gz.type)", "np.pi, gz.type.dtype)"),
        # --- rules
        Replacement("NumPy 2.0", "if np.all(x == x_):", "if np.all(numpy_1.typed(x) == x_):"),
        Replacement("NumPy 2.0", "return self.ctor(input)", "return numpy_1.scalar(input, self.o_type.dtype)"),
        Replacement("NumPy 2.0", "data == converted_data):", "numpy_1.typed(data) == converted_data):"),
        Replacement(  # what a scalar operation computes in Python has the type that the graph says
            "NumPy 2.0",
            "            output_storage[0][0] = self.impl(*inputs)\n",
            "            output_storage[0][0] = numpy_1.scalar(self.impl(*inputs), node.outputs[0].type.dtype)\n",
        ),
        Replacement("NumPy 2.0", "np.float32(1.0) / x", "np.float32(1.0) / numpy_1.typed(x)"),
        Replacement(
            "NumPy 2.0",
            """            struct theano_complex%(nbits)s : public npy_complex%(nbits)s
            {
""",
            """            struct theano_complex%(nbits)s
            {
                npy_float%(half_nbits)s real, imag;

                operator npy_complex%(nbits)s() const {
                    npy_complex%(nbits)s same;
                    memcpy(&same, this, sizeof same);
                    return same;
                }
""",
        ),
    ],
    "theano.tensor.basic": [
        Replacement("NumPy 2.0", "upper_idx = lower_idx + splits[i]", "upper_idx = lower_idx + int(splits[i])"),
        Replacement(  # which compared a type with a variable
            "NumPy 2.4",
            "scal.upcast(div.owner.inputs[0], div.owner.inputs[1])",
            "scal.upcast(div.owner.inputs[0].dtype, div.owner.inputs[1].dtype)",
        ),
        Replacement("NumPy 1.24", "np.complex(data)", "builtins.complex(data)"),
        Replacement("NumPy 2.0", "axis = NPY_MAXDIMS;", "axis = NPY_RAVEL_AXIS;", times=2),
    ],
    "theano.tensor.extra_ops": [
        Replacement(  # where each number stands is a vector, also for a matrix
            "NumPy 2.0",
            "                z[i][0] = outs[i]\n",
            "                z[i][0] = outs[i] if i == 0 else outs[i].reshape(-1)\n",
        ),
        Replacement(
            "NumPy 2.0",
            "        height, width = a.shape\n",
            "        height, width = a.shape\n        offset = int(offset)\n",
        ),
        Replacement("NumPy 2.0", "np.MAXDIMS", "-2147483648"),
        Replacement("NumPy 2.0", "NPY_MAXDIMS", "NPY_RAVEL_AXIS", times=3),
    ],
    "theano.tensor.subtensor": [
        Replacement(  # a number of an integer type that is wider, or has a sign
            "NumPy 2.0",
            "                sub_x += y\n",
            "                sub_x += y.astype(sub_x.dtype) if y.ndim == 0 and y.dtype.kind in 'iu' else y\n",
        ),
        Replacement("NumPy 2.0", "NPY_MAXDIMS", "NPY_RAVEL_AXIS", times=2),
        Replacement("NumPy 2.0", "from .inc_code import inc_code\n", f"from {PACKAGE} import c_code\n"),
        Replacement("NumPy 2.0", "        return inc_code()\n", "        return c_code.INCREMENT\n"),
    ],
    "theano.tensor.elemwise": [
        Replacement(
            "NumPy 2.0",
            "variable.fill(self.scalar_op.identity)",
            "variable.fill(np.asarray(self.scalar_op.identity).astype(variable.dtype))",
        ),
        IMPORT_NUMPY_1,
        Replacement("NumPy 2.0", "np.sctype2char(out_dtype)", "np.dtype(out_dtype).char"),
        Replacement("NumPy 2.0", "np.asarray(variable, dtype=nout.dtype)", "numpy_1.asarray(variable, nout.dtype)"),
    ],
    "theano.tensor.opt": [  # -1 of an unsigned type
        IMPORT_NUMPY_1,
        Replacement(
            "NumPy 2.0",
            "np.array(-1, dtype=node.inputs[0].dtype)",
            "numpy_1.asarray(-1, node.inputs[0].dtype)",
        ),
        Replacement(
            "NumPy 2.0", "np.asarray(-1, dtype=node.outputs[0].dtype)", "numpy_1.asarray(-1, node.outputs[0].dtype)"
        ),
    ],
    "theano.tensor.slinalg": [
        Replacement("NumPy 2.0", "np.ComplexWarning", "np.exceptions.ComplexWarning"),
        Replacement("SciPy 1.10", "    import scipy.linalg\n", "    import scipy\n"),
    ],
    "theano.tensor.signal.pool": [  # a list of slices is no tuple of slices any more
        Replacement(
            "NumPy 1.23",
            "yk[[region_slices[i][r[i]] for i in xrange(nd)]]",
            "yk[tuple([region_slices[i][r[i]] for i in xrange(nd)])]",
            times=3,
        ),
        Replacement("NumPy 1.23", "gxk[region_slice] += val", "gxk[tuple(region_slice)] += val"),
    ],
    "theano.tensor.nnet.conv": [
        Replacement("NumPy 2.0", "'<numpy/noprefix.h>'", "'<numpy/arrayobject.h>'"),
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
        Replacement(
            "NumPy 2.0",
            "        x = 0.5 * x\n",
            "        x = (0.5 if isinstance(x, complex) else np.float64(0.5)) * x\n",
        ),
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
    "theano.tensor.raw_random": [
        Replacement("NumPy 2.0", "high=high[hi] + 1", "high=int(high[hi]) + 1"),
        # a copy of a RandomState shares its state, so that both would go on together
        Replacement("NumPy 1.24", "            r = copy(r)\n", "            r = deepcopy(r)\n"),
        Replacement("NumPy 1.24", "from copy import copy\n", "from copy import deepcopy\n"),
    ],
    # An integer constant of a graph is of the smallest type that holds it, and since NumPy 2.0 stays of that type beside a
    # Python integer: what is counted with it wrapped around, or ended in an error.
    "theano.sandbox.multinomial": [
        Replacement("NumPy 2.0", "!= pvals.shape[0] * n_samples:", "!= pvals.shape[0] * int(n_samples):", times=2),
    ],
    "theano.tensor.nnet.neighbours": [
        Replacement("NumPy 2.0", "        c, d = neib_shape\n", "        c, d = map(int, neib_shape)\n"),
        Replacement(
            "NumPy 2.0", "        step_x, step_y = neib_step\n", "        step_x, step_y = map(int, neib_step)\n"
        ),
    ],
    "theano.gradient": [
        Replacement("NumPy 2.4", "g_out.zeros_like(g_out)", "g_out.zeros_like()", times=2),  # its argument is a type
    ],
    "theano.sandbox.rng_mrg": [
        Replacement("NumPy 2.0", "n_elements *= s\n", "n_elements *= int(s)\n"),
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
    """What is here, of those that Theano imports in any case. What is not here is older than anything."""
    # Theano itself has only one version here: it is newer than what stands on it expects.
    versions = {"Python": sys.version_info[:2], "SciPy": (), "Theano": (1, 0)}
    for name in ("NumPy", "SciPy"):
        with contextlib.suppress(ImportError):
            package = importlib.import_module(name.lower())
            versions[name] = tuple(map(int, package.__version__.split(".")[:2]))
    return versions
