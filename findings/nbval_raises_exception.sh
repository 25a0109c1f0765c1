#!/usr/bin/env bash
# nbval 0.11.0: a cell that is tagged raises-exception, and raises nothing, passes.
#
# Expected: the cell fails, as the error that its tag promises has gone. That is how a test of "this is refused" is written.
# Found:    the tag only allows an error. If none comes, and the notebook was saved with no output there, all is well.
#           nbval's issue 108 (github.com/computationalmodelling/nbval) tells of it.
#
# Seen with Python 3.11.7 on 2026-11-27:
#     1 passed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check nbval==0.11.0 pytest==9.2.0 ipykernel==7.4.0 nbformat==5.11.1

cat >refused.ipynb <<'JSON'
{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "refused",
   "metadata": {"tags": ["raises-exception"]},
   "outputs": [],
   "source": ["accepted = 1 + 1"]
  }
 ],
 "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
JSON

status=0
environment/bin/python -m pytest -q -p no:cacheprovider --nbval --nbval-current-env refused.ipynb >said 2>&1 || status=$?
tail -n 1 said
if ((status != 0)) || ! grep -q '^1 passed' said; then
    echo 'nbval no longer lets it pass.' >&2
    exit 1
fi
