"""A plugin for nbval: a kernel that dies before it has answered is started once more.

pytest -p tests.nbval_start --nbval-lax notebooks/00_setup.ipynb

Jupyter chooses the ports of a kernel before that takes them, so that another program may be faster (jupyter_client's issue
487). That is rare, and says nothing of the notebook; with two notebooks side by side it was seen once.
"""

import functools

from nbval import kernel


def once_more(start):
    """A function that starts a kernel, and tries it a second time."""

    @functools.wraps(start)
    def start_or_try_again(*arguments, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError:  # what jupyter_client raises for a kernel that died
            return start(*arguments, **options)

    return start_or_try_again


kernel.start_new_kernel = once_more(kernel.start_new_kernel)
