"""The hints and the checks of the exercises.

A notebook calls two functions of this package. ``hint("normalize")`` shows a hint, folded, for whoever wants it.
``normalize = check("normalize", normalize)`` looks at an answer and says what is right or wrong with it. A right
answer comes back; for one that is missing or wrong the solution kept here comes back instead, so that the rest of the
notebook runs in any case.

An exercise is a solution, and an examination that raises `Wrong` with a diagnosis, or passes. The exercises of a notebook
are in the file of its name.
"""

import html

from IPython import get_ipython
from IPython.display import display

from deeplearning_tutorial.exercises import (
    autoencoders,
    convolution,
    gpu,
    logistic_regression,
    mlp,
    regularization,
    setup,
    sgd_momentum,
)
from deeplearning_tutorial.exercises.examination import Unsolved, Wrong

EXERCISES = {
    **setup.EXERCISES,
    **logistic_regression.EXERCISES,
    **mlp.EXERCISES,
    **sgd_momentum.EXERCISES,
    **regularization.EXERCISES,
    **autoencoders.EXERCISES,
    **gpu.EXERCISES,
    **convolution.EXERCISES,
}
"""All exercises by name, in the order of the notebooks."""


def hint(name):
    """Show the hint of an exercise, folded.

    Where the cell with the answer ended in an error, or was never run, the name of the answer means nothing yet. It is made
    to mean None then, so that the check, the next cell, can say so instead of ending in an error itself.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    exercise = _find(name)
    if shell := get_ipython():
        shell.user_ns.setdefault(name, None)
    display(_Message("Hint", exercise.hint, color="#0072B2", folded=True))


def check(name, answer):
    """Examine an answer, say what is right or wrong with it, and return something to go on with.

    Parameters
    ----------
    name : str
        Of the exercise.
    answer : callable
        What the attendee wrote.

    Returns
    -------
    callable
        `answer` if it is right, else the solution.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    exercise = _find(name)
    go_on = "Until then the notebook goes on with a solution of its own."
    try:
        if answer is None or answer is ...:
            raise Unsolved(
                f"There is no function `{name}` yet. Run the cell with your answer. If it ends in an error, mend that first; and "
                "leave its line with `def` as it was."
            )
        if answer is exercise.solution:
            raise Unsolved(
                "This is the solution that stood in for yours. Run the cell with your answer, then this one. If that cell ends in "
                "an error, your answer has not arrived: mend the error first."
            )
        praise = exercise.examine(answer)
    except Unsolved as missing:
        display(_Message("Not solved yet", f"{missing} {go_on}", color="#0072B2"))
        return exercise.solution
    except Wrong as diagnosis:
        display(_Message("Not quite", f"{diagnosis} {go_on}", color="#D55E00"))
        return exercise.solution
    display(_Message("Right", praise, color="#009E73"))
    return answer


def _find(name):
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; there are {', '.join(EXERCISES)}.")
    return EXERCISES[name]


class _Message:
    """A remark with a coloured edge in a notebook, and plain text elsewhere."""

    def __init__(self, title, text, color, folded=False):
        self.title, self.text, self.color, self.folded = title, text, color, folded

    def __repr__(self):
        return f"{self.title}: {self.text}"

    def _repr_html_(self):
        # Text between backquotes is code.
        parts = html.escape(self.text, quote=False).split("`")
        text = "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
        title = f"<strong>{self.title}</strong>"
        body = f"<details><summary>{title}</summary>{text}</details>" if self.folded else f"{title}: {text}"
        return f'<div style="border-left: 4px solid {self.color}; padding: 0.4em 0.8em">{body}</div>'
