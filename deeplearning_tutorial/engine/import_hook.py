"""Imports each part of the engine right after the module of Theano that it mends.

So a part is in place before Theano is used, whoever imports that, and costs nothing where nobody does.
"""

import importlib
import importlib.util
import sys

PACKAGE = __name__.rpartition(".")[0]

# The part of the engine on the left is imported once the module of Theano on the right is.
PARTS = {
    "compilation": "theano.gof",
    "precompilation": "theano",
    "random_streams": "theano.sandbox.rng_mrg",
    "corrections": "theano",
    "rewrites": "theano",
    "convolution": "theano",
}


def install():
    """Wait for Theano's modules; the parts that belong to those that are there already act at once."""
    if _Waiting not in sys.meta_path:
        sys.meta_path.insert(0, _Waiting)
    for module in PARTS.values():
        if module in sys.modules:
            _import_parts(module)


class _Waiting:
    """Python asks it, as the first of its finders, for each module that is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in PARTS.values():
            return None
        spec = _ask_the_others(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_mend(module):
                execute(module)
                _import_parts(name)

            spec.loader.exec_module = execute_and_mend
        return spec


def _ask_the_others(*question):
    """The answer of the first other finder that has one: the compatibility of `engine` is among them."""
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)  # which the oldest have not
        if find is not None and finder is not _Waiting and (spec := find(*question)) is not None:
            return spec
    return None


def _import_parts(module):
    for part in (f"{PACKAGE}.{part}" for part, mended in PARTS.items() if mended == module):
        if part not in sys.modules and importlib.util.find_spec(part) is not None:  # each can be taken out
            importlib.import_module(part)
