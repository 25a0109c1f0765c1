"""Answers to the exercises, as people give them.

RIGHT has pairs of an exercise's name and a right answer that is written in another way than its solution. MISTAKES has
the name, a wrong answer, and words of the diagnosis that it must get.
"""
from answers import logistic_regression, mlp, setup

RIGHT = [*setup.RIGHT, *logistic_regression.RIGHT, *mlp.RIGHT]
MISTAKES = [*setup.MISTAKES, *logistic_regression.MISTAKES, *mlp.MISTAKES]
