#!/usr/bin/env bash
# tqdm 4.70.1 in a notebook: leave=False takes a bar away only if it was full.
#
# Expected: that a bar with leave=False is gone once it is closed, however far it came: so it is in a terminal, and so the
#           documentation of `leave` reads. Training that stops early is not a failure.
# Found:    a bar closed before its total stays, in red, and looks like one; `leave` is not looked at then. Setting the total to
#           what was reached, before `close()`, takes it away.
#
# Seen with Python 3.11.7, ipywidgets 8.1.8 on 2026-11-28:
#     closed when full: gone; closed early: there, danger; closed early, its total set before: gone
#     a terminal's, closed early: gone
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check tqdm==4.70.1 ipywidgets==8.1.8

cat >bars.py <<'PYTHON'
import io
import sys

from tqdm import tqdm
from tqdm.notebook import tqdm as notebook_tqdm


def closed(n, shorten=False):
    """Whether a notebook's bar of ten is gone after `n` steps, and how it looks if it is not."""
    bar = notebook_tqdm(total=10, leave=False, display=False)
    _, progress, _ = bar.container.children
    bar.update(n)
    if shorten:
        bar.total = bar.n
    bar.close()
    return "gone" if bar.container.layout.visibility == "hidden" or bar.container.comm is None else f"there, {progress.bar_style}"


terminal = io.StringIO()
bar = tqdm(total=10, leave=False, file=terminal)
bar.update(4)
bar.close()
last = terminal.getvalue().rstrip("\r").split("\r")[-1]

found = [closed(10), closed(4), closed(4, shorten=True), "there" if last.strip() else "gone"]
print(f"closed when full: {found[0]}; closed early: {found[1]}; closed early, its total set before: {found[2]}")
print(f"a terminal's, closed early: {found[3]}")
sys.exit(found != ["gone", "there, danger", "gone", "gone"])
PYTHON

if ! environment/bin/python bars.py; then
    echo 'It is no longer so.' >&2
    exit 1
fi
