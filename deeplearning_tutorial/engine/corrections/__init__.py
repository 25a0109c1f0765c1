"""What Theano 1.0.5 computes wrongly, made right."""

import sys

from deeplearning_tutorial.engine.corrections import (  # noqa: F401
    arithmetic,
    comparisons,
    cross_entropy,
    indexing,
    products,
    reductions,
    scan,
    shapes,
    stability,
)

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):
    from deeplearning_tutorial.engine.corrections import gpu  # noqa: F401
