#!/usr/bin/env bash
# scikit-learn 1.9.1: load_svmlight_file reads back what dump_svmlight_file wrote with all columns moved by one, if the first is empty.
#
# Expected: the matrix that was written, as both functions are called with their defaults.
# Found:    dump_svmlight_file counts columns from 0, and load_svmlight_file guesses: where no row has a column 0, it takes the
#           numbers for such that count from 1. In pictures of digits the first pixel is always empty, so that each pixel
#           becomes its left neighbour. Both pass zero_based=True, and all is well; n_features=784 alone does not help.
#
# Seen with Python 3.11.7 on 2026-11-28:
#     written:   [[0, 7, 0, 9], [0, 0, 5, 0]]
#     read back: [[7, 0, 9], [0, 5, 0]]
#     with n_features=4: [[7, 0, 9, 0], [0, 5, 0, 0]]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

environment/bin/python - <<'PYTHON'
import sys

import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

written = np.array([[0, 7, 0, 9], [0, 0, 5, 0]])
dump_svmlight_file(written, [0, 1], "digits.txt")
read = load_svmlight_file("digits.txt")[0].toarray().astype(int)
padded = load_svmlight_file("digits.txt", n_features=4)[0].toarray().astype(int)
told = load_svmlight_file("digits.txt", zero_based=True)[0].toarray().astype(int)
print("written:  ", written.tolist())
print("read back:", read.tolist())
print("with n_features=4:", padded.tolist())
if read.shape == written.shape or np.array_equal(padded, written):
    sys.exit("What was written is read back.")
if not np.array_equal(told, written):
    sys.exit("Not even with zero_based=True is it read back.")
PYTHON
