"""Modules that have moved are found under their old names, too: notebooks that somebody has copied use them."""

import importlib
import importlib.abc
import importlib.machinery
import sys

PACKAGE = __name__.rpartition(".")[0]

# What stood at the top of the package, and the room where it stands now.
MOVED = {
    "augmentation": "data",
    "download": "data",
    "images": "data",
    "preprocessing": "data",
    "device": "engine",
    "libgpuarray": "engine",
}


def install():
    """Have Python ask here, when none of its own finders knows a module."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        package, _, module = name.rpartition(".")
        if package == PACKAGE and module in MOVED:
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def create_module(self, spec):
        name = spec.name.rpartition(".")[2]
        module = importlib.import_module(f"{PACKAGE}.{MOVED[name]}.{name}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = module.__spec__.loader_state  # Python has put the old name's in its place
