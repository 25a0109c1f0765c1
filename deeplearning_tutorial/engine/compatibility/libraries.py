"""The lines of libraries on top of Theano that newer releases make wrong: Lasagne 0.1 and Keras 2.3.1.

Both are as PyPI has them, and stay so on disk. Their replacements are as those of Theano itself, in `replacements`. Of
another version of them nothing is replaced: Lasagne from its repository needs less, and Keras 3 does not know Theano.
"""

import functools

from deeplearning_tutorial.engine.compatibility.replacements import Replacement, is_here

# The versions that these texts stand in.
VERSIONS = {"lasagne": "0.1", "keras": "2.3.1", "keras_preprocessing": "1.1.2"}

REPLACEMENTS = {
    "lasagne": [
        Replacement(  # setuptools 82 no longer has it
            "Python 3.11",
            'import pkg_resources\n__version__ = pkg_resources.get_distribution("Lasagne").version\ndel pkg_resources\n',
            'import importlib.metadata\n__version__ = importlib.metadata.version("Lasagne")\ndel importlib\n',
        ),
    ],
    "lasagne.layers.pool": [  # the module has another name, and so have its arguments
        Replacement(
            "Theano 1.0",
            "from theano.tensor.signal import downsample\n",
            "from theano.tensor.signal import pool as downsample\n",
        ),
        Replacement("Theano 1.0", "downsample.max_pool_2d(", "downsample.pool_2d(", times=2),
        Replacement("Theano 1.0", "  ds=", "  ws=", times=2),
        Replacement("Theano 1.0", "  st=", "  stride=", times=2),
        Replacement("Theano 1.0", "  padding=", "  pad=", times=2),
    ],
    "keras.callbacks.callbacks": [
        Replacement("Python 3.10", "from collections import Iterable\n", "from collections.abc import Iterable\n"),
        Replacement("NumPy 2.0", "np.Inf", "np.inf", times=8),
    ],
    "keras.engine.saving": [  # h5py 3, the first for Python 3.9, gives texts where 2 gave bytes
        Replacement(
            "Python 3.9",
            "import yaml\n",
            "import yaml\n\n\ndef _text(value):\n    return value if isinstance(value, str) else value.decode('utf8')\n\n\n",
        ),
        Replacement("Python 3.9", "n.decode('utf8')", "_text(n)", times=3),
        Replacement("Python 3.9", "model_config.decode('utf-8')", "_text(model_config)"),
        Replacement("Python 3.9", "training_config.decode('utf-8')", "_text(training_config)"),
        *(
            Replacement("Python 3.9", f"{group}['{name}'].decode('utf8')", f"_text({group}['{name}'])", times)
            for group, times in (("model_weights_group", 1), ("f.attrs", 2))
            for name in ("keras_version", "backend")
        ),
    ],
    "keras_preprocessing.sequence": [Replacement("NumPy 2.0", "np.unicode_", "np.str_")],
    "keras.utils.io_utils": [
        Replacement("Python 3.9", "[x.decode('utf8') for x", "[x if isinstance(x, str) else x.decode('utf8') for x"),
        Replacement("NumPy 2.0", "np.string_", "np.bytes_"),
    ],
    "keras.engine.training_utils": [  # all that it takes from there are abstract classes
        Replacement(
            "Python 3.10", "import collections\nimport copy\n", "import collections.abc as collections\nimport copy\n"
        ),
    ],
    "keras.utils.generic_utils": [
        Replacement(
            "Python 3.11",
            "arg_spec = inspect.ArgSpec(\n",
            "arg_spec = collections.namedtuple('ArgSpec', 'args varargs keywords defaults')(\n",
        ),
    ],
}


@functools.cache
def replacements_for(module):
    """What is to be replaced in a module of these libraries; nothing where another version of them is installed."""
    found = tuple(replacement for replacement in REPLACEMENTS.get(module, ()) if is_here(replacement.since))
    package = module.partition(".")[0]
    return found if found and _installed(package) == VERSIONS[package] else ()


def _installed(package):
    """The version of a package, or None where it lies somewhere without saying which it is."""
    import importlib.metadata  # which takes longer than this module, and few who import Theano need it

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
