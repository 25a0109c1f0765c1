"""Convolutional networks on a CPU, in about half the time.

Theano convolves one image after the other: it copies each window of an image into the column of a matrix (im2col), 25 numbers for each
pixel if filters have 5 x 5, and multiplies. Its max-pooling computes the place of each number in memory anew, and the gradient of that
takes a quarter of a training step.

Here eight images lie side by side, and no number is copied (`blocks.h`, which says how); filters of 3 x 3 pixels need less than half
of the multiplications. A rewrite puts images into that form before the first convolution, and takes them out after the last pooling
(`rewriting`); in between there are operations for all that convolutional networks usually do (`operations`). Threads are those of the
products (../threads.h). What there is no operation for, such as a convolution that leaves out pixels, stays Theano's.

`scripts/benchmark --workloads lenet-500,lenet-20,convnet` measures what it is worth.
"""

from deeplearning_tutorial.engine.convolution import rewriting  # noqa: F401
