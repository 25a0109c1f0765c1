"""Answers to the exercises, as people give them.

RIGHT has pairs of an exercise's name and a right answer that is written in another way than its solution. MISTAKES has
the name, a wrong answer, and words of the diagnosis that it must get.
"""

from answers import autoencoders, convolution, gpu, logistic_regression, mlp, regularization, setup, sgd_momentum

NOTEBOOKS = [setup, logistic_regression, mlp, sgd_momentum, regularization, autoencoders, gpu, convolution]
RIGHT = [answer for notebook in NOTEBOOKS for answer in notebook.RIGHT]
MISTAKES = [mistake for notebook in NOTEBOOKS for mistake in notebook.MISTAKES]
