"""Memory, asked for before a file is read."""

import psutil


def check_memory(n_bytes, name):
    """Refuse what this machine has no room for, before it is tried: a system without memory ends any program it likes.

    Parameters
    ----------
    n_bytes : int
    name : str
        What would take so much, as the subject of a sentence.

    Raises
    ------
    ValueError
        If fewer bytes are free.
    """
    free = psutil.virtual_memory().available
    if n_bytes > free:
        raise ValueError(f"{name} takes {n_bytes / 2**30:,.1f} GiB of memory, and only {free / 2**30:,.1f} are free.")
