#!/usr/bin/env bash
# safetensors 0.8.0: a transposed NumPy array is saved with its values in another order, without a word.
#
# Expected: the array that was saved, or an error, as its sister for PyTorch raises for tensors that are not contiguous.
# Found:    the shape is written as NumPy sees it, and the values in the order in which they lie in memory. A weight matrix that a
#           program keeps transposed, or that comes from Fortran's LAPACK, is another one when it is loaded.
#           numpy.ascontiguousarray before saving is the cure. Version 0.7.0 was right. It is safetensors' issue 825
#           (github.com/safetensors/safetensors).
#
# Seen with Python 3.11.7 on 2026-11-28:
#     saved:  [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#     loaded: [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6

environment/bin/python - <<'PYTHON'
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

weights = np.arange(6, dtype="float32").reshape(2, 3).T
save_file({"weights": weights}, "network.safetensors")
loaded = load_file("network.safetensors")["weights"]
print("saved: ", weights.tolist())
print("loaded:", loaded.tolist())
if np.array_equal(weights, loaded):
    sys.exit("The values are in their places.")
PYTHON
