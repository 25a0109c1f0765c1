#!/usr/bin/env bash
# PyTensor 3.0.7: softmax of a matrix, without an axis, is over all its numbers, and not over each row.
#
# Expected: what Theano's T.nnet.softmax does, of which PyTensor is the successor: a matrix is a mini-batch, and each row sums to 1.
#           So many a line of old code is carried over as pt.special.softmax(scores).
# Found:    all rows together sum to 1, as in SciPy. A cost from it is finite and falls in training, so nothing fails: the
#           probabilities are only too small, by about the number of rows. pt.special.softmax(scores, axis=-1) is the old one.
#
# Seen with Python 3.11.7 on 2026-11-28, rows [0, 1] twice:
#     without an axis 0.134 0.366 0.134 0.366, sums of rows 0.5 0.5; with axis=-1 sums of rows 1.0 1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check pytensor==3.0.7

cat >rows.py <<'PYTHON'
import sys

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

scores = pt.matrix("scores")
rows = np.array([[0.0, 1.0], [0.0, 1.0]])
plain = Mode(linker="py", optimizer=None)  # no compiler is needed
everything, each_row = (
    probabilities.eval({scores: rows}, mode=plain)
    for probabilities in (pt.special.softmax(scores), pt.special.softmax(scores, axis=-1))
)
print("without an axis", *everything.round(3).ravel(), end=", ")
print("sums of rows", *everything.sum(axis=1).round(3), end="; ")
print("with axis=-1 sums of rows", *each_row.sum(axis=1).round(3))
sys.exit(not (np.allclose(everything.sum(axis=1), 0.5) and np.allclose(each_row.sum(axis=1), 1)))
PYTHON

if ! environment/bin/python rows.py; then
    echo 'It is no longer so.' >&2
    exit 1
fi
