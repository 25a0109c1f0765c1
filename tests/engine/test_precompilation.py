"""What a graph lacks is compiled at once, from a precompiled header: the same modules, results and errors as one by one."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import theano.tensor as T
from theano.gof import cc
from theano.gof.fg import FunctionGraph

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import precompilation

BEGIN = """
import json, os, sys, threading, time
import deeplearning_tutorial, theano
import numpy as np
import theano.tensor as T
from theano.gof import cmodule
from theano.gof.cc import get_module_cache
from deeplearning_tutorial.engine import precompilation
"""
# Four modules.
GRAPH = """
x, y = T.matrix("x"), T.matrix("y")
outputs = [T.dot(x, y), T.exp(x) / y, x.sum(axis=0), T.nnet.softmax(y)]
f = theano.function([x, y], outputs, mode="FAST_RUN")
result = [float(np.sum(value)) for value in f([[1, 2], [3, 4]], [[1, 1], [1, 2]])]
"""
EXPECTED = [26.0, np.exp([1, 2, 3]).sum() + np.exp(4) / 2, 10.0, 2.0]


def start(script, folder, **environment):
    """A new interpreter with a compile folder of its own and a compiler that does not optimize."""
    flags = f"device=cpu,base_compiledir={folder},gcc.cxxflags=-O0"
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + script],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "THEANO_FLAGS": flags, **environment},
    )


def answer(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def modules_in(folder):
    return len(list(folder.glob("*/tmp*/key.pkl")))


# Counts how many compilers run at a time.
COUNT = """
running, most, used = 0, 0, 0
lock = threading.Lock()
compile_str = cmodule.GCC_compiler.compile_str
def count(*arguments, **options):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    try:
        return compile_str(*arguments, **options)
    finally:
        with lock:
            running -= 1
cmodule.GCC_compiler.compile_str = staticmethod(count)
os.sched_getaffinity = lambda process: {0, 1, 2}
"""
REPORT = """
headers = [name for name in os.listdir(theano.config.compiledir) if name.endswith(".gch")]
print(json.dumps([result, get_module_cache().stats[2], headers]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder that a program has compiled into, and what it said; three compilers could run at a time."""
    folder = tmp_path_factory.mktemp("compiled")
    return folder, answer(start(COUNT + GRAPH + "result = [result, most]\n" + REPORT, folder))


def test_the_modules_of_a_graph_are_compiled_side_by_side_once_each(compiled):
    folder, ((result, most), count, _) = compiled
    np.testing.assert_allclose(result, EXPECTED, rtol=1e-6)
    assert most == 3
    assert count == modules_in(folder) == 4


def test_a_second_program_compiles_nothing(compiled):
    folder, ((result, _), _, headers) = compiled
    assert answer(start(GRAPH + REPORT, folder)) == [result, 0, headers]


def test_without_it_the_same_modules_are_compiled(compiled, tmp_path):
    """By name, which is made from the code."""
    folder, ((result, _), count, _) = compiled
    script = "precompilation._missing = lambda *arguments: []\n" + GRAPH + REPORT
    assert answer(start(script, tmp_path)) == [result, count, []]
    names = [{path.name for path in place.glob("*/tmp*/m*.so")} for place in (folder, tmp_path)]
    assert names[0] == names[1]


def test_programs_side_by_side_share_the_work(tmp_path):
    programs = [start(GRAPH + REPORT, tmp_path) for _ in range(2)]
    answers = [answer(program) for program in programs]
    for result, _, _ in answers:
        np.testing.assert_allclose(result, EXPECTED, rtol=1e-6)
    assert sum(count for _, count, _ in answers) == modules_in(tmp_path)


# Python's first look at its own configuration takes long, as on a slow disk; another thread gets None meanwhile.
SLOW_LOOK = """
import sysconfig
asked = []
init = sysconfig._init_posix
def slowly(variables):
    asked.append(threading.current_thread() is threading.main_thread())
    time.sleep(2)
    init(variables)
sysconfig._init_posix = slowly
for name in ("_CONFIG_VARS", "_CONFIG_VARS_INITIALIZED"):
    if hasattr(sysconfig, name):
        setattr(sysconfig, name, None if name == "_CONFIG_VARS" else False)
cmodule.std_lib_dirs_and_libs.data = None
os.sched_getaffinity = lambda process: {0, 1, 2}
x = T.matrix("x")
f = theano.function([x], [T.exp(x), x.sum(axis=0), T.nnet.softmax(x)], mode="FAST_RUN")
print(json.dumps([len(f(np.ones((2, 2), dtype=x.dtype))), asked]))
"""


@pytest.mark.parametrize("first", [True, False], ids=["looked_up_first", "looked_up_by_each"])
def test_where_python_is_is_looked_up_before_threads_ask_for_it(tmp_path, first):
    without = "" if first else "precompilation._look_up_python = lambda: None\n"
    program = start(without + SLOW_LOOK, tmp_path)
    if first:
        assert answer(program) == [3, [True]]
    elif sys.version_info < (3, 12):  # or the test could not fail
        assert "NoneType" in program.communicate(timeout=300)[1]
    else:
        assert answer(program)[0] == 3


# One operation's code does not compile; it stands in the graph after others.
BROKEN = """
class Broken(theano.Op):
    __props__ = ()
    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])
    def c_code(self, *arguments):
        return "this is no C;"
    def c_code_cache_version(self):
        return (1,)
x = T.vector("x")
try:
    theano.function([x], [x + 1, T.exp(x), Broken()(T.tanh(x))], mode="FAST_RUN")
    said = None
except Exception as error:
    said = str(error)
left = [name for name in os.listdir(theano.config.compiledir) if name.startswith("tmp")]
empty = [name for name in left if "key.pkl" not in os.listdir(os.path.join(theano.config.compiledir, name))]
print(json.dumps([said, empty, os.path.exists(os.path.join(theano.config.compiledir, "lock_dir"))]))
"""


@pytest.mark.slow(8)
def test_an_error_of_the_compiler_is_told_as_theano_tells_it(compiled):
    folder, _ = compiled
    ours = answer(start(BROKEN, folder))
    theanos = answer(start("precompilation._missing = lambda *arguments: []\n" + BROKEN, folder))
    assert "Compilation failed" in ours[0] and "while compiling the node" in ours[0] and "Broken" in ours[0]
    without_folders = [re.sub(r"/\S*/tmp\w+/", "", said) for said in (ours[0], theanos[0])]
    assert without_folders[0] == without_folders[1]
    assert ours[1:] == theanos[1:] == [[], False]


WAIT = """
import subprocess
def compile_str(*arguments, **options):
    print("compiling", flush=True)
    time.sleep(600)
cmodule.GCC_compiler.compile_str = staticmethod(compile_str)
precompilation.WORTHWHILE = 100
"""


@pytest.mark.slow(5)
def test_a_program_that_is_killed_keeps_nobody_from_compiling(tmp_path):
    program = start(WAIT + GRAPH, tmp_path)
    for line in program.stdout:
        if "compiling" in line:  # two threads may write at once
            break
    time.sleep(0.2)
    program.send_signal(signal.SIGKILL)
    program.communicate()
    result, count, _ = answer(start(GRAPH + REPORT, tmp_path))
    np.testing.assert_allclose(result, EXPECTED, rtol=1e-6)
    assert count == modules_in(tmp_path)


INTERRUPTED = """
import _thread
def compile_str(*arguments, **options):
    _thread.interrupt_main()
    time.sleep(0.2)
compile_, cmodule.GCC_compiler.compile_str = cmodule.GCC_compiler.compile_str, staticmethod(compile_str)
try:
    exec(GRAPH)
    result = "not interrupted"
except KeyboardInterrupt:
    left = [name for name in os.listdir(theano.config.compiledir) if name.startswith("tmp")]
    assert not left and not os.path.exists(os.path.join(theano.config.compiledir, "lock_dir")), left
    cmodule.GCC_compiler.compile_str = staticmethod(compile_)
    exec(GRAPH)
"""


@pytest.mark.slow(5)
def test_an_interrupt_leaves_nothing_half_done(tmp_path):
    result, _, _ = answer(start(f"GRAPH = '''{GRAPH}'''" + INTERRUPTED + REPORT, tmp_path))
    np.testing.assert_allclose(result, EXPECTED, rtol=1e-6)


# The header --------------------------------------------------------------------------------------------------------


def flags():
    x = T.vector()
    return cc.CLinker().accept(FunctionGraph([x], [x + x])).compile_args()


def test_the_header_is_for_these_flags_this_compiler_and_this_python(monkeypatch):
    path = precompilation.Header(flags()).path
    assert precompilation.Header([*flags(), "-Lfolder", "-lsgemm", "-Wl,-rpath,folder"]).path == path
    assert precompilation.Header([*flags(), "-O1"]).path != path
    monkeypatch.setattr(precompilation.sys, "version", "3.14.0 of tomorrow")
    assert precompilation.Header(flags()).path != path


def test_a_graph_of_some_size_has_the_header_made(compiled):
    _, (_, _, headers) = compiled
    assert len(headers) == 1


COMPILE_ONE = """
x = T.vector("x")
result = float(theano.function([x], T.exp(x) + 2, mode="FAST_RUN")([0])[0])
"""


@pytest.mark.parametrize("content", [b"", b"no header at all", b"gpch.014 cut short"], ids=["empty", "another", "half"])
def test_a_header_that_is_of_no_use_does_no_harm(tmp_path, content):
    script = f"""
from theano.gof import cc
from theano.gof.fg import FunctionGraph
v = T.vector()
header = precompilation.Header(cc.CLinker().accept(FunctionGraph([v], [v + v])).compile_args())
open(header.text, "w").write(header.code)
open(header.path, "wb").write({content!r})
"""
    result, count, _ = answer(start(script + COMPILE_ONE + REPORT, tmp_path))
    assert result == 3 and count == modules_in(tmp_path)


@pytest.mark.slow(5)
def test_a_header_whose_flags_do_not_fit_is_read_as_text(tmp_path):
    """g++ itself refuses what was made with another optimization."""
    script = """
from theano.gof import cc
from theano.gof.fg import FunctionGraph
v = T.vector()
header = precompilation.Header(cc.CLinker().accept(FunctionGraph([v], [v + v])).compile_args())
other = precompilation.Header([*header.flags, "-O2", "-DNDEBUG", "-mavx"])
other.make()
os.replace(other.path, header.path)
open(header.text, "w").write(header.code)
"""
    result, _, _ = answer(start(script + COMPILE_ONE + REPORT, tmp_path))
    assert result == 3


def test_where_the_header_cannot_be_written_modules_are_compiled_without(tmp_path):
    script = """
def run(*arguments, **options):
    raise OSError("no space left")
precompilation.subprocess.run = run
"""
    result, count, headers = answer(start(script + GRAPH + REPORT, tmp_path))
    np.testing.assert_allclose(result, EXPECTED, rtol=1e-6)
    assert headers == [] and count == modules_in(tmp_path)
