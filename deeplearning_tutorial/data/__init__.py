"""Data: MNIST and your own, pictures of your own, and what is done to them before a network learns from them.

===============  ======================================================================================
`loading`        `load_data`, `load_arrays`: MNIST and data of your own, in three sets
`formats`        what is in a file: IDX, ``.npz``
`download`       where MNIST comes from, and how it is verified
`images`         a picture of your own as a digit
`preprocessing`  `standardize`, `whiten`: features that are easier to learn from
`augmentation`   turned, shifted, bent and noisy copies of the digits
===============  ======================================================================================

>>> from deeplearning_tutorial.data import load_data
>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_data("mnist")
"""

from deeplearning_tutorial.data.loading import load_arrays, load_data

__all__ = ["load_arrays", "load_data"]
