"""A file's bytes, unpacked where it is compressed: by its first bytes, whatever its name says."""

import bz2
import contextlib
import gzip
import lzma
import zlib

# How a compressed file begins (RFC 1952; the bzip2 and .xz format descriptions), what it is called, and who reads it.
COMPRESSIONS = {b"\x1f\x8b": ("gzip", gzip.open), b"BZh": ("bzip2", bz2.open), b"\xfd7zXZ\0": ("xz", lzma.open)}
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, OSError)


def compression(path):
    """`("gzip", gzip.open)` or the like of a compressed file, `None` of another."""
    with open(path, "rb") as file:
        begin = file.read(6)
    return next((found for magic, found in COMPRESSIONS.items() if begin.startswith(magic)), None)


@contextlib.contextmanager
def unpacked(path):
    """The bytes of a file as a stream; what is damaged within a compressed one is refused with its name.

    >>> with unpacked("train-images-idx3-ubyte.gz") as file:
    ...     header = file.read(16)
    """
    name, reader = compression(path) or ("", open)
    with reader(path, "rb") as file:
        try:
            yield file
        except DAMAGED as error:
            if not name or getattr(error, "errno", None):
                raise
            raise ValueError(f"{path} is not a whole {name} file ({error}). Copy it again.") from None


def first_bytes(path, number):
    """The first bytes of a file, unpacked; fewer where there are not so many."""
    with unpacked(path) as file:
        return file.read(number)


def read_exactly(file, number):
    """So many bytes of a stream, or all that are left: nothing is set aside for more than there is."""
    parts = []
    while number > 0 and (part := file.read(min(number, 2**26))):
        parts.append(part)
        number -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
