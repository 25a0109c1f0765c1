"""Fetches MNIST: the command ``python -m deeplearning_tutorial.data``."""

import sys

from deeplearning_tutorial.data.loading import main

if __name__ == "__main__":
    sys.exit(main())
