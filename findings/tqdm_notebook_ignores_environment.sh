#!/usr/bin/env bash
# tqdm 4.70.1: TQDM_DISABLE=1 hides the bars on a terminal, and not those in a notebook.
#
# Expected: no bar from any of tqdm's classes. Version 4.66.0 made each of tqdm's options a variable of the environment.
# Found:    the class of notebooks looks at its own arguments before it calls the one that looks at the environment. So the
#           same program, run with the same variable, is silent as a script and draws bars as a notebook.
#           tqdm's issue 612 (github.com/tqdm/tqdm) tells of the variables.
#
# Seen with Python 3.11.7 on 2026-11-28:
#     terminal: hidden, notebook: shown
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check tqdm==4.70.1 ipywidgets==8.1.9

TQDM_DISABLE=1 environment/bin/python - 2>/dev/null <<'PYTHON' | tee said
import tqdm.notebook

names = {True: "hidden", False: "shown"}
terminal, notebook = tqdm.tqdm(total=3), tqdm.notebook.tqdm(total=3, display=False)
print(f"terminal: {names[terminal.disable]}, notebook: {names[notebook.disable]}")
PYTHON
if ! grep -qx 'terminal: hidden, notebook: shown' said; then
    echo 'Both do the same now.' >&2
    exit 1
fi
