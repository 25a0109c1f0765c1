"""Theano 1.0.5 on the Pythons and the NumPys that came after it: 3.11 to 3.14, and NumPy 2.

Theano's last release is of 2020. Since then Python dropped `distutils` and `imp`, and NumPy dropped names, hid fields of
its C structures, and changed what ``np.float32(1) / 3.0`` is. Theano's files stay as PyPI has them: where a line needs
another one, the module is compiled from a text in which that line is replaced, and what Python compiled is kept beside
Theano's own bytecode.

==================  ==================================================================================
`replacements`      the lines: for each the old text, the new one, and the release that made it necessary
`libraries`         the same for Lasagne 0.1 and Keras 2.3.1, which stand on Theano
`loader`            reads a module of these with its replacements; raises an error where an old text is missing
`numpy_rules`       what NumPy 1 did and NumPy 2 does otherwise, as functions that the new texts call
`c_code`            the same for the C++ code that Theano generates
==================  ==================================================================================

On Python 3.11 with NumPy 1.23 only imports of SciPy are replaced, and indexing by a list of slices. What Theano computes
there is the measure for newer pairs: tests/engine/test_operations.py compares each operation, value and type.
"""

import sys

from deeplearning_tutorial.engine.compatibility import loader

__all__ = ["install"]


# Theano's compiled `scan` needs a header that Python 3.11 took away. Its Python version would do, but Theano takes that only
# after an ImportError, and gets another error. None in sys.modules raises an ImportError, when Theano first runs a scan.
DOES_NOT_BUILD = "theano.scan_module.scan_perform_ext"


def install():
    """Load modules of Theano with their replacements from now on."""
    sys.modules.setdefault(DOES_NOT_BUILD, None)
    loader.install()
