"""The C++ code that Theano generates, for the headers of NumPy 2.

All of it passes through one function of Theano, which calls `modernized`: that puts a few definitions before it, and
replaces what a definition cannot. What is wrong in one place only is mended in `replacements`.
"""

import hashlib
import re
from pathlib import Path

# NumPy 2.0 took these names of Python 2 out of npy_3kcompat.h. Without NPY_PY3K Theano takes its code for Python 2.
DEFINITIONS = """\
#define NPY_PY3K 1
#define PyInt_Check PyLong_Check
#define PyInt_AsLong PyLong_AsLong
#define PyInt_FromLong PyLong_FromLong
"""

# NumPy 2.0 hides the fields of a type's description behind functions.
PATTERNS = [(re.compile(r"PyArray_DESCR\(([^()]*)\)->elsize"), r"PyArray_ITEMSIZE(\1)")]

# x[rows] += y, in place of the code for which NumPy 2.0 took the functions away.
INCREMENT = Path(__file__).with_name("increment.cpp").read_text(encoding="utf-8")

# A part of what compiled modules are found by, so that those of another version of this file are not taken.
FLAG = "-DTHEANO_COMPATIBILITY=" + hashlib.sha256(f"{DEFINITIONS}{PATTERNS}{INCREMENT}".encode()).hexdigest()[:8]


def modernized(code):
    """C++ code that Theano 1.0.5 wrote for NumPy 1, for NumPy 2."""
    for pattern, new in PATTERNS:
        code = pattern.sub(new, code)
    return DEFINITIONS + code
