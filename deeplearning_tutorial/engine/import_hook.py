"""Has each part of the engine that mends a module of Theano imported right after that module.

So they are in place before Theano is used, whoever imports it, and cost nothing where it is not.
"""

import importlib
import importlib.machinery
import importlib.util
import sys

PACKAGE = __name__.rpartition(".")[0]

# Once the module on the left is imported, the part of the engine on the right is.
PARTS = {
    "theano.gof": "compilation",
    "theano.sandbox.rng_mrg": "random_streams",
    "theano": "rewrites",
}

# Theano's compiled `scan` does not build on Python 3.11, and what it raises is not the ImportError that would make it
# use its Python version. None in sys.modules raises just that; Theano looks when it first runs a scan.
DOES_NOT_BUILD = "theano.scan_module.scan_perform_ext"


def install():
    """Wait for Theano's modules; the parts that belong to those that are there already act at once."""
    sys.modules.setdefault(DOES_NOT_BUILD, None)
    if _Waiting not in sys.meta_path:
        sys.meta_path.insert(0, _Waiting)
    for module in PARTS:
        if module in sys.modules:
            _act(module)


class _Waiting:
    """Python asks it, as the first of its finders, for each module that is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in PARTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_act(module):
                execute(module)
                _act(name)

            spec.loader.exec_module = execute_and_act
        return spec


def _act(module):
    part = f"{PACKAGE}.{PARTS[module]}"
    if part not in sys.modules and importlib.util.find_spec(part) is not None:  # each can be taken out
        importlib.import_module(part)
