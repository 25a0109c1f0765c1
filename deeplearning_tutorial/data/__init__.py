"""Data: MNIST and your own, pictures of your own, and what is done to them before a network learns from them.

===============  ======================================================================================
`loading`        `load_data`, `load_arrays`: MNIST and data of your own, in three sets
`formats`        what is in a file or folder, in whichever of many layouts
`arrays`         what is in arrays that are in memory already
`labels`         words and numbers of any kind as classes 0 to n - 1
`splits`         the sets that are missing, made so that each has every class
`scale`          which range pixels have, and what they are divided by
`mapped`         the digits in a file that all kernels of a machine share
`idle`           what a notebook's kernel gives back after each cell
`description`    `describe`: how many rows, of which classes, and how they look
`download`       where MNIST comes from, and how it is verified
`images`         a picture of your own as a digit
`ink`            where the ink of that digit is, in a photograph or a drawing
`preprocessing`  `standardize`, `whiten`: features that are easier to learn from
`augmentation`   turned, shifted, bent and noisy copies of the digits
===============  ======================================================================================

>>> from deeplearning_tutorial.data import load_data
>>> (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_data("mnist")
"""

from deeplearning_tutorial.data.description import describe
from deeplearning_tutorial.data.loading import load_arrays, load_data

__all__ = ["describe", "load_arrays", "load_data"]
