"""What commands take as arguments: types for `argparse`, each of which refuses a wrong word with a sentence, and status 2.

A command that begins with a wrong argument would fail after an hour, or leave half of its work behind.
"""

import argparse
import math
import os
import re
from pathlib import Path


def whole_number(least, most=math.inf, what="a whole number"):
    """A type for whole numbers from `least` to `most`; `what` says what is counted, such as "a number of rounds"."""

    def parse(text):
        number = int(text) if re.fullmatch("-?[0-9]{1,18}", text) else None
        if number is None or not least <= number <= most:
            raise refuse(f"{text!r} is not {what} {in_words(least, most)}")
        return number

    return parse


def number(least, most=math.inf, what="a number"):
    """A type for numbers from `least` to `most`, never infinite or NaN."""

    def parse(text):
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not (math.isfinite(found) and least <= found <= most):
            raise refuse(f"{text!r} is not {what} {in_words(least, most)}")
        return found

    return parse


def some_of(choices):
    """A type for names of `choices`, with commas between them: a list of them, each once."""

    def parse(text):
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name not in choices:
                raise refuse(f"{name!r} is none of {', '.join(choices)}")
        return list(dict.fromkeys(names))

    return parse


def in_words(least, most):
    return f"from {least:,} on" if most == math.inf else f"from {least:,} to {most:,}"


seed = whole_number(0, 2**32 - 1, "a seed, a whole number")


def device(text):
    """The name of a device as Theano knows it. Whether there is one is another question."""
    if not re.fullmatch(r"cpu|cuda\d*|opencl\d+:\d+", text):
        raise refuse(f"{text!r} is no device, such as cpu, cuda, cuda1 or opencl0:0")
    return text


def address(text):
    """Where a scheduler of Dask listens."""
    found = re.fullmatch(r"(\w+://)?(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):(\d{1,5})", text)
    if not found or found[1] not in (None, "tcp://", "tls://", "ws://", "wss://", "ucx://") or int(found[3]) > 65535:
        raise refuse(f"{text!r} is no address of a scheduler, such as tcp://192.168.0.5:8786")
    return text


def file_to_read(text):
    """A file that is there and may be read."""
    path = Path(text)
    if not path.is_file():
        raise refuse(f"{text!r} is a folder, and not a file" if path.is_dir() else f"there is no file {text!r}")
    if not os.access(path, os.R_OK):
        raise refuse(f"the file {text!r} may not be read")
    return path


def file_to_write(text):
    """A file that can be written, in a folder that is there or can be made."""
    if not text or text.endswith("/") or Path(text).is_dir():
        raise refuse(f"{text!r} is a folder, and not a file")
    return writable(Path(text).parent, text)


def folder_to_write(text):
    """A folder that can be written to, or made."""
    if not text:
        raise refuse(f"{text!r} names no folder")
    if Path(text).exists() and not Path(text).is_dir():
        raise refuse(f"{text!r} is a file, and not a folder")
    return writable(Path(text), text)


def writable(folder, text):
    """The path that `text` names, if its folder is there or can be made, and can be written to."""
    if problem := unwritable(folder):
        raise refuse(f"{text!r} cannot be written: {problem}")
    return Path(text)


def unwritable(folder):
    """Why nothing can be written into a folder, which need not be there yet; None if it can."""
    above = Path(os.path.abspath(folder))
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        return f"{above} is no folder"
    if not os.access(above, os.W_OK | os.X_OK):
        return f"you may not write into {above}, or all of it is read-only"
    return None


def refuse(sentence):
    return argparse.ArgumentTypeError(sentence)
