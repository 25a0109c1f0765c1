#!/usr/bin/env bash
# SciPy 1.17.1 with NumPy 2.4.6: importing scipy.special imports a Fortran compiler's front end and a test framework.
#
# Expected: that special functions need NumPy's arrays and ufuncs, and SciPy's own compiled code.
# Found:    scipy.special asks for array_api_compat.numpy, which begins with `from numpy import *`. The star takes each name
#           in numpy.__all__, and NumPy 2 has its lazy submodules among them: numpy.f2py with its parser of Fortran,
#           numpy.testing, numpy.ctypeslib are imported, though nobody uses them. `import numpy` alone imports none.
#
# Seen with Python 3.13.0 on 2026-11-27:
#     numpy alone: none
#     scipy.special: numpy.ctypeslib numpy.f2py numpy.testing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

cat >imported.py <<'PYTHON'
import sys

LAZY = ("numpy.ctypeslib", "numpy.f2py", "numpy.testing")


def imported():
    return " ".join(name for name in LAZY if name in sys.modules) or "none"


import numpy

print("numpy alone:", imported())
import scipy.special

print("scipy.special:", imported())
PYTHON
cat >expected <<'TEXT'
numpy alone: none
scipy.special: numpy.ctypeslib numpy.f2py numpy.testing
TEXT
environment/bin/python imported.py | tee found
diff expected found
