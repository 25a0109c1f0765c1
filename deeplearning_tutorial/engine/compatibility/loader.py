"""Imports modules of Theano from a text in which some lines are replaced; the files stay as they are.

The same goes for Lasagne and Keras, which `libraries` is about.

Compiling such a module takes as long as compiling any other, and so is done once: the bytecode goes into its package's
``__pycache__`` under a name of its own, ``basic.cpython-313.opt-compatibility.pyc``, beside the one of the file as it is.
It holds a checksum of the text with its replacements, as PEP 552 has it, and is made again when that is another.
"""

import contextlib
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import warnings

from deeplearning_tutorial.engine.compatibility import libraries, replacements

VERSIONS = {"theano": "1.0.5", **libraries.VERSIONS}

_CHECKED_HASH = b"\x03\x00\x00\x00"  # the flags of a bytecode file that holds a checksum (PEP 552)


def install():
    """Let Python ask here first for each module of Theano, and of what stands on it."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in VERSIONS or not replacements_for(name):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(name, spec.origin)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from its file's text with `replacements_for` it made."""

    def get_source(self, fullname):
        return replace_all(super().get_source(fullname), fullname, replacements_for(fullname))

    def get_code(self, fullname):
        text = self.get_source(fullname).encode()
        checksum = importlib.util.source_hash(text)
        path = importlib.util.cache_from_source(self.path, optimization="compatibility")
        header = importlib.util.MAGIC_NUMBER + _CHECKED_HASH + checksum
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            stored = self.get_data(path)
            if stored.startswith(header):
                return marshal.loads(memoryview(stored)[len(header) :])
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", SyntaxWarning
            )  # of backslashes, since Python 3.12; pip compiles as silently
            code = self.source_to_code(text, self.path)
        if not sys.dont_write_bytecode:
            _write_atomically(path, header + marshal.dumps(code))
        return code


def replacements_for(module):
    """What is to be replaced in a module of one of the packages on this Python and with this NumPy."""
    return (libraries if module.partition(".")[0] in libraries.VERSIONS else replacements).replacements_for(module)


def replace_all(text, module, those):
    """Replace each old text by the new one.

    Raises
    ------
    ImportError
        Where an old text is missing: that is another release than the one from PyPI that these texts stand in.
    """
    for replacement in those:
        if text.count(replacement.old) != replacement.times:
            package = module.partition(".")[0]
            raise ImportError(
                f"{module} has {text.count(replacement.old)} times, and not {replacement.times}, the text "
                f"{replacement.old!r}, which must be replaced since {replacement.since}: is this another "
                f"{package.capitalize()} than {VERSIONS[package]} from PyPI? "
                f"`pip install --force-reinstall {package}=={VERSIONS[package]}` gets that."
            )
        text = text.replace(replacement.old, replacement.new)
    return text


def _write_atomically(path, content):
    """Without the rights to write it, the module is compiled by each program anew."""
    unfinished = f"{path}.{os.getpid()}"
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(unfinished, "xb") as file:
            file.write(content)
        os.replace(unfinished, path)
    with contextlib.suppress(OSError):
        os.unlink(unfinished)
