"""What has to be settled before NumPy and Theano are imported."""
import os

# Where other programs keep the processor busy, threads of OpenBLAS wait for one another: several times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import deeplearning_tutorial  # noqa: F401  (it chooses the configuration that Theano reads when it is imported)
