"""Every operation of Theano, on small real inputs: what it gives is the same on each Python and NumPy."""

from . import elementwise, linear, networks, promotion, sparse, tensors  # noqa: F401
from .catalogue import GROUPS  # noqa: F401
