"""Some of the digits in one small file, for a machine that only tries out whether it can train a network.

``python -m scripts.offline.digits FILE.npz`` writes that file.
"""

import sys

import numpy as np

from deeplearning_tutorial.data import load_arrays

ROWS = {"train": 10_000, "valid": 2_000, "test": 2_000}


def main(path):
    arrays = {}
    for (name, rows), (x, y) in zip(ROWS.items(), load_arrays()):
        arrays[f"x_{name}"] = (x[:rows] * 256).astype(np.uint8)
        arrays[f"y_{name}"] = y[:rows].astype(np.uint8)
        print(f"      {len(x[:rows]):,} digits as x_{name}, y_{name}")
    np.savez(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
