"""What a graph lacks is compiled at once, on all cores, and from a header that is compiled already.

Theano makes a function operation by operation: each that has no module yet waits for a g++ of its own, while the other cores
have nothing to do; and half of each g++'s time goes into reading the same headers of Python, NumPy and C++. Here

* the first operation of a graph whose module is missing makes all that are missing in that graph be compiled, as many at a time
  as there are cores (`_compile_missing`). They are published as Theano does it, under its lock, which others get between two
  handfuls, so that two programs share the work. What Theano asks for afterwards is there;
* that beginning which nearly all modules share, to the letter, is compiled once for each set of flags, into a file in the
  compile folder (`Header`). g++ takes it where it fits, and otherwise reads the headers.

The modules' code, keys and flags are the same as without it. A module that cannot be compiled raises its error where Theano
would have met it.

Importing this module is all there is to do; whoever imports `deeplearning_tutorial` and `theano` has done it. scripts/setup
compiles the header ahead of time::

    python -m deeplearning_tutorial.engine.precompilation
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait

import numpy
from theano import config
from theano.gof import cc, cmodule, compilelock, op, vm
from theano.gof.fg import FunctionGraph

MOST_COMPILERS = 8  # at a time: each takes some 150 MiB
HANDFUL = 2  # modules for each core between two looks at who else waits for the lock
WORTHWHILE = 4  # modules for which the header pays even if nobody uses it again

# ----------------------------------------------------------------------------------------------------------------------
# The header

INCLUDES = [
    "<Python.h>",
    "<iostream>",
    '"theano_mod_helper.h"',
    "<math.h>",
    "<numpy/arrayobject.h>",
    "<numpy/arrayscalars.h>",
]
BEGINNING = "".join(f"#include {name}\n" for name in INCLUDES)
MOSTLY_NEXT = "#include <vector>\n#include <algorithm>\n"  # in each elementwise operation, and harmless in others

WITHOUT_EFFECT = ("-I", "-L", "-l", "-W")  # on what the compiler makes of the headers


class Header:
    """The precompiled header for some flags of the compiler, if it is there. `text` is beside it, under its name less ".gch"."""

    def __init__(self, flags):
        self.flags = [flag for flag in flags if not flag.startswith(WITHOUT_EFFECT)]
        # With what NumPy 2 needs, as the modules have it.
        modernized = getattr(getattr(cmodule, "c_code", None), "modernized", str)
        self.code = modernized(BEGINNING + MOSTLY_NEXT)
        made_for = [
            config.cxx,
            cmodule.gcc_version(),
            self.flags,
            cmodule.std_include_dirs(),
            sys.version,
            numpy.__version__,
        ]
        checksum = hashlib.sha256(repr((made_for, self.code)).encode()).hexdigest()[:16]
        self.text = os.path.join(config.compiledir, f"precompiled_{checksum}.h")
        self.path = f"{self.text}.gch"

    def exists(self):
        return os.path.exists(self.path)

    def make(self):
        """Compile it, once, or leave it: whatever is wrong will be said when a module is compiled."""
        if self.exists() or cmodule.gcc_llvm():  # clang refuses to compile where such a header does not fit
            return
        unfinished = f"{self.text}.{os.getpid()}"
        includes = [f"-I{folder}" for folder in cmodule.std_include_dirs()]
        command = [config.cxx, "-g", *self.flags, *includes, "-fvisibility=hidden", "-x", "c++-header"]
        with contextlib.suppress(OSError):
            try:
                with open(unfinished, "w") as file:
                    file.write(self.code)
                os.replace(unfinished, self.text)
                result = subprocess.run(
                    [*command, self.text, "-o", unfinished], capture_output=True, stdin=subprocess.DEVNULL
                )
                if result.returncode == 0:
                    os.replace(unfinished, self.path)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(unfinished)

    def remove(self):
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def _compile_str(module_name, src_code, *arguments, _theanos=cmodule.GCC_compiler.compile_str, preargs=None, **options):
    """Theano's call of the compiler, with the header where the code begins with it."""
    flags = preargs or []
    if src_code.startswith(BEGINNING) and not arguments:
        header = Header(flags)
        if header.exists():
            try:
                return _theanos(module_name, src_code, preargs=["-include", header.text, *flags], **options)
            except Exception as error:
                if "PCH" not in str(error) and ".gch" not in str(error):
                    raise
                header.remove()
    return _theanos(module_name, src_code, *arguments, preargs=preargs, **options)


# ----------------------------------------------------------------------------------------------------------------------
# The modules of a graph

_linkers = []  # of the functions that are being made, the innermost last; None where the missing modules were compiled
_errors = {}  # those of modules that could not be compiled, by key, until Theano asks for them


class _Module:
    """A module that is missing: its key, the checksum that Theano knows its code by, and what compiles it."""

    def __init__(self, node):
        node.op.prepare_node(node, None, None, "c")
        self.linker = cc.CLinker().accept(FunctionGraph(node.inputs, node.outputs))
        self.key = self.linker.cmodule_key()
        self.hash = None
        self.folder = None

    def is_in(self, cache):
        if self.key is None or self.key in cache.entry_from_key:
            return True
        if self.hash is None:
            self.hash = cmodule.get_module_hash(self.linker.get_src_code(), self.key)
        return self.hash in cache.module_hash_to_key_data

    def prepare(self, cache):
        """Everything that Theano is asked for is asked here, as only the compiler runs beside it."""
        code = self.linker.get_dynamic_module()
        self.folder = cmodule.dlimport_workdir(cache.dirname)
        self.name = code.code_hash
        self.compiler = self.linker.c_compiler()
        self.arguments = {
            "module_name": self.name,
            "src_code": code.code(),
            "location": self.folder,
            "include_dirs": self.linker.header_dirs(),
            "lib_dirs": self.linker.lib_dirs(),
            "libs": self.linker.libraries(),
            "preargs": self.linker.compile_args(),
        }

    def compile(self):
        self.compiler.compile_str(**self.arguments, py_module=False)

    def publish(self, cache):
        """What `ModuleCache.module_from_key` does with a module that it has compiled."""
        open(os.path.join(self.folder, "__init__.py"), "w").close()
        module = cmodule.dlimport(os.path.join(self.folder, f"{self.name}.{cmodule.get_lib_extension()}"))
        cache.module_from_name[module.__file__] = module
        cache.module_hash_to_key_data[self.hash] = cache._add_to_cache(module, self.key, self.hash)
        cache.stats[2] += 1
        self.folder = None

    def clean_up(self):
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _missing(cache, linker):
    """The modules that a graph needs and the cache has not, each code once."""
    modules = {}
    for node in linker.schedule(linker.fgraph):
        if type(node.op).make_thunk is not op.Op.make_thunk or _is_half_precision(node):
            continue
        with contextlib.suppress(Exception):  # without C code, or with an error that Theano will meet
            module = _Module(node)
            if not module.is_in(cache):
                modules.setdefault(module.hash, module)
    return list(modules.values())


def _is_half_precision(node):
    """Whether Theano refuses to compile it, as the code would be wrong."""
    variables = [*node.inputs, *node.outputs]
    return not getattr(node.op, "_f16_ok", False) and any(getattr(v.type, "dtype", "") == "float16" for v in variables)


def _compile_missing(cache, linker):
    modules = _missing(cache, linker)
    _look_up_python()
    if len(modules) >= WORTHWHILE:
        Header(modules[0].linker.compile_args()).make()
    compilers = min(len(os.sched_getaffinity(0)), MOST_COMPILERS)
    with ThreadPoolExecutor(compilers) as pool:
        for first in range(0, len(modules), HANDFUL * compilers):
            with compilelock.lock_ctx():
                cache.refresh(cleanup=False)  # others may have compiled some
                _compile([m for m in modules[first : first + HANDFUL * compilers] if not m.is_in(cache)], cache, pool)


def _look_up_python():
    """Where Python's headers and library are. Looked up once, by one thread: before Python 3.12 another that asks meanwhile
    gets None (https://github.com/python/cpython/issues/92452)."""
    cmodule.std_include_dirs()
    cmodule.std_lib_dirs_and_libs()


def _compile(modules, cache, pool):
    tasks = []
    try:
        for module in modules:
            module.prepare(cache)
            tasks.append(pool.submit(module.compile))
        for module, task in zip(modules, tasks):
            try:
                task.result()
                module.publish(cache)
            except Exception as error:
                error.args += (str(module.linker.fgraph),)
                _errors[module.key] = error
    finally:  # at an interrupt, too
        for task in tasks:
            task.cancel()
        wait(tasks)
        for module in modules:
            module.clean_up()


def _make_all(self, *arguments, _theanos=vm.VM_Linker.make_all, **options):
    compiles = config.cxx and self.c_thunks is not False
    _linkers.append(self if compiles else None)
    try:
        return _theanos(self, *arguments, **options)
    finally:
        _linkers.pop()
        _errors.clear()


def _module_from_key(self, key, *arguments, _theanos=cmodule.ModuleCache.module_from_key, **options):
    if _linkers and _linkers[-1] is not None and key not in self.entry_from_key:
        linker, _linkers[-1] = _linkers[-1], None
        _compile_missing(self, linker)
    if key in _errors:
        raise _errors.pop(key)
    return _theanos(self, key, *arguments, **options)


cmodule.GCC_compiler.compile_str = staticmethod(_compile_str)
cmodule.ModuleCache.module_from_key = _module_from_key
vm.VM_Linker.make_all = _make_all

if __name__ == "__main__":
    from theano import tensor

    x = tensor.vector()
    Header(cc.CLinker().accept(FunctionGraph([x], [x + x])).compile_args()).make()
