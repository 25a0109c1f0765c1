"""What Theano 1.0.5 computes wrongly, made right: nothing is changed on disk, and without this folder everything still runs.

=================  ==================================================================================================
`rewriting`        how a rewrite of Theano's is restricted, replaced or left out; all others use it
`arithmetic`       sums, products, quotients and powers of elements: infinity, NaN, 0, integers that wrap around
`comparisons`      of a variable with itself, and with two bounds
`reductions`       sums, products and minima of arrays, and their gradients
`stability`        logarithms of sums, sigmoid, softplus, relu, digamma: as exact as a float, and right at infinity
`cross_entropy`    the logarithm of a softmax, of which some elements are picked
`indexing`         elements that are read and written by index, some of them more than once
`shapes`           what is known of the shape of a result before it is computed
`pooling`          the gradient of max-pooling where a window has several maxima
`scan`             how often a loop runs
`products`         products of matrices that are any view that NumPy can make (with products.cpp)
`gpu`              only where Theano uses a GPU or an OpenCL device
=================  ==================================================================================================

docs/theano-corrections.md has all of it in tables: what Theano gives, what is right, the test and the source.
"""

import sys

from deeplearning_tutorial.engine.corrections import (  # noqa: F401
    arithmetic,
    comparisons,
    cross_entropy,
    indexing,
    pooling,
    products,
    reductions,
    scan,
    shapes,
    stability,
)

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):
    from deeplearning_tutorial.engine.corrections import gpu  # noqa: F401
