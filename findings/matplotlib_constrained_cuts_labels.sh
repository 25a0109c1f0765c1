#!/usr/bin/env bash
# Matplotlib 3.10.9: layout="constrained" cuts long labels off beside a picture, though there is room on the other side.
#
# Expected: no label leaves the figure, as constrained layout makes room for labels.
# Found:    room is made beside the box that the axes would fill. A picture keeps its aspect, so that its axes are narrower than
#           that box and stand in the middle of it; labels that are wider than what is left stick out. layout="compressed" is
#           right. Names of classes beside rows of digits are such labels.
#
# Seen with Python 3.11.7 on 2026-11-28 (pixels of 600):
#     constrained: labels begin at -24, the picture ends at 547
#     compressed: labels begin at 15, the picture ends at 585
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check matplotlib==3.10.9 numpy==2.4.6

MPLBACKEND=agg MPLCONFIGDIR=. environment/bin/python - <<'PYTHON'
import sys

import matplotlib.pyplot as plt
import numpy as np

begin = {}
for layout in ("constrained", "compressed"):
    fig, ax = plt.subplots(figsize=(6, 3), layout=layout)
    ax.imshow(np.zeros((347, 299)))
    ax.set_yticks([0, 100, 200], 3 * ["a class with a rather long name, as folders have"])
    fig.savefig("picture.png")
    begin[layout] = round(min(label.get_window_extent().x0 for label in ax.get_yticklabels()))
    print(f"{layout}: labels begin at {begin[layout]}, the picture ends at {round(ax.get_window_extent().x1)}")
if begin["constrained"] >= 0:
    sys.exit("All labels are inside.")
if begin["compressed"] < 0:
    sys.exit('layout="compressed" cuts them off, too.')
PYTHON
