"""Lines of text files, of any encoding that tells itself, compressed or not, and never more of them than asked for."""

import io
import itertools

from deeplearning_tutorial.data.formats.streams import first_bytes, unpacked

LONGEST_LINE = 2**23  # characters; a row of a million numbers
BLOCK = 2**23  # characters that are worked on at a time


def lines_of(path):
    """The lines of a text file with their numbers, those left out that are blank.

    Yields
    ------
    (int, str)

    Raises
    ------
    ValueError
        If it is not UTF-8 (or UTF-16 that says so), or a line is longer than any row.
    """
    encoding = "utf-16" if first_bytes(path, 2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with unpacked(path) as file, io.TextIOWrapper(file, encoding=encoding) as text:
        for number in itertools.count(1):
            try:
                line = text.readline(LONGEST_LINE)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}: line {number} is no text in UTF-8 ({error.reason}): save it as UTF-8."
                ) from None
            if not line:
                return
            if len(line) == LONGEST_LINE:
                raise ValueError(f"{path}: line {number} has more than {LONGEST_LINE:,} characters, and is no row.")
            if not line.isspace():
                yield number, line


def blocks_of(lines):
    """Some lines at a time, as lists of (number, line)."""
    block, size = [], 0
    for number, line in lines:
        block.append((number, line))
        size += len(line)
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block
