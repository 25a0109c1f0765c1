#!/usr/bin/env bash
# NumPy 2.4.6: copy.copy of a RandomState draws from the same stream as the original; NumPy 1.26.4 gave it one of its own.
#
# Expected: a copy draws the numbers that the original would draw next, whatever the original does meanwhile.
# Found:    both draw from one stream in turn, without a warning; copy.deepcopy still separates them.
#
# Seen with Python 3.11.7 on 2026-11-27:
#     NumPy 1.26.4: copy repeats the original: True, deepcopy: True
#     NumPy 2.4.6: copy repeats the original: False, deepcopy: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"

cat >copies.py <<'PYTHON'
import copy

import numpy as np


def repeats(copy_of):
    original = np.random.RandomState(0)
    copied = copy_of(original)
    return bool(original.uniform() == copied.uniform())


print(f"NumPy {np.__version__}: copy repeats the original: {repeats(copy.copy)}, deepcopy: {repeats(copy.deepcopy)}")
PYTHON
cat >expected <<'TEXT'
NumPy 1.26.4: copy repeats the original: True, deepcopy: True
NumPy 2.4.6: copy repeats the original: False, deepcopy: True
TEXT

for version in numpy==1.26.4 numpy==2.4.6; do
    "${PYTHON:-python3}" -m venv --clear environment
    environment/bin/pip install --quiet --disable-pip-version-check "$version"
    environment/bin/python copies.py
done | tee said
if ! cmp -s said expected; then
    echo 'NumPy does something else now.' >&2
    exit 1
fi
