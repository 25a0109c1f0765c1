"""Modules that have moved are found under their old names, too: notebooks that somebody has copied use them."""

import importlib
import importlib.abc
import importlib.machinery
import sys

PACKAGE = __name__.rpartition(".")[0]

MOVED = {
    f"{PACKAGE}.{name}": f"{PACKAGE}.{room}.{name}"
    for room, names in {
        "data": ["augmentation", "download", "images", "preprocessing"],
        "engine": ["device", "libgpuarray"],
    }.items()
    for name in names
}


def install():
    """Have Python ask here, when none of its own finders knows a module."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name in MOVED else None

    def create_module(self, spec):
        module = importlib.import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = module.__spec__.loader_state  # Python has put the old name's in its place
