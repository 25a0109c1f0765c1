#!/usr/bin/env bash
# CPython 3.11.7, 3.12.1 and 3.13.0: a module that a finder imports by itself is executed twice, whatever spec the finder returns.
#
# Expected: a finder in sys.meta_path, asked for a module, may find that something it had to import has imported that module
#           already. It returns a spec whose loader hands out the module that is there, and does not execute it again.
# Found:    importlib does not use that spec. Where the module has come into sys.modules while a finder was asked, it takes the
#           __spec__ of the module in there instead, and executes the file a second time, in a second module object.
#           The spec that a finder returns counts only once it is put into the module's __spec__, too.
#
# Seen with Python 3.11.7 on 2026-11-27 (and with 3.12.1 and 3.13.0):
#     the loader that was returned was asked: False
#     the module was executed 2 times
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"

cat >counted.py <<'PYTHON'
import sys

sys.times = getattr(sys, "times", 0) + 1
PYTHON
cat >finder.py <<'PYTHON'
import importlib
import importlib.machinery
import sys


class Loader:
    asked = False

    @classmethod
    def create_module(cls, spec):
        cls.asked = True
        return sys.modules[spec.name]

    @staticmethod
    def exec_module(module):
        pass


class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "counted" and cls in sys.meta_path:
            sys.meta_path.remove(cls)
            importlib.import_module(name)
            return importlib.machinery.ModuleSpec(name, Loader)
        return None


sys.meta_path.insert(0, Finder)
import counted

print("the loader that was returned was asked:", Loader.asked)
print("the module was executed", sys.times, "times")
PYTHON
cat >expected <<'TEXT'
the loader that was returned was asked: False
the module was executed 2 times
TEXT
"${PYTHON:-python3}" finder.py | tee found
diff expected found
