"""The memory of the digits, which all kernels of a machine share."""

from deeplearning_tutorial.data.download import DATA_FOLDER
from deeplearning_tutorial.data.loading import MAPPED_FILE


def digits_in_cache(folder=DATA_FOLDER):
    """MiB that the digits take in the system's cache of files, once for all kernels; 0 where there is no such file."""
    try:
        return (folder / MAPPED_FILE).stat().st_size / 2**20
    except OSError:
        return 0


def text_of_digits(folder=DATA_FOLDER):
    """The same for the reader."""
    if size := digits_in_cache(folder):
        return f"{size:.0f} MiB in the system's cache of files, once for all kernels"
    return f"{folder / MAPPED_FILE} is not there: each kernel has digits of its own"
