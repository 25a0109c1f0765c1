"""What one program has compiled the next one finds, and programs that compile side by side hand the folder on at once."""

import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time

import pytest
import theano
from theano.gof import cmodule, compilelock

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import compilation

IMPORT = "import deeplearning_tutorial, theano\n"
# The same, but for `compilation`.
IMPORT_WITHOUT_CURE = """
import sys, types
sys.modules["deeplearning_tutorial.engine.compilation"] = types.ModuleType("nothing")
import deeplearning_tutorial, theano
"""
# A product of matrices is without parameters, and the code of `x.T` is in a file.
GRAPH = """
import json
import theano.tensor as T
x = T.matrix("x")
result = theano.function([x], T.dot(x, x.T), mode="FAST_RUN")([[1, 2]]).tolist()
"""
# Counts since the program began: modules found in this process, loaded from the disk, compiled.
REPORT = "\nprint(json.dumps([result, *theano.gof.cc.get_module_cache().stats[1:]]))\n"


def start(script, folder, *arguments, **environment):
    """A new interpreter that runs a script, with a compile folder of its own and a compiler that does not optimize."""
    flags = f"{os.environ.get('THEANO_FLAGS', '')},device=cpu,base_compiledir={folder},gcc.cxxflags=-O0".lstrip(",")
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "THEANO_FLAGS": flags, **environment},
    )


def answer(process):
    """What a script prints as JSON."""
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output.splitlines()[-1])


# What is compiled, and what is found ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def side_by_side(tmp_path_factory):
    """A compile folder that was empty when two programs began to fill it, and what they said."""
    folder = tmp_path_factory.mktemp("compiled")
    programs = [start(IMPORT + GRAPH + REPORT, folder, PYTHONHASHSEED="0") for _ in range(2)]
    return folder, [answer(program) for program in programs]


def test_programs_side_by_side_compile_everything_once(side_by_side):
    folder, ((result, *_, compiled), (other_result, *_, other_compiled)) = side_by_side
    assert result == other_result == [[5]]
    modules = list(folder.glob("*/tmp*/key.pkl"))
    assert compiled + other_compiled == len(modules) == 2


def test_a_second_program_compiles_nothing(side_by_side):
    folder, answers = side_by_side
    modules = len(list(folder.glob("*/tmp*")))
    for seed in "1", "2":  # of Python's hashes
        result, loaded, compiled = answer(start(IMPORT + GRAPH + REPORT, folder, PYTHONHASHSEED=seed))
        assert result == [[5]]
        assert (loaded, compiled) == (modules, 0)
    assert len(list(folder.glob("*/tmp*"))) == modules


@pytest.mark.slow(4)
def test_without_the_cure_it_would(side_by_side):
    folder, _ = side_by_side
    # Other hashes than those of the programs before: by chance two can be alike. One after the other: side by side, without
    # the cure, one may look into a folder that the other has just removed.
    answers = [answer(start(IMPORT_WITHOUT_CURE + GRAPH + REPORT, folder, PYTHONHASHSEED=seed)) for seed in ("3", "4")]
    assert [compiled for *_, compiled in answers] == [2, 2]


READ_KEYS = """
import pickle, sys
print("reading", flush=True)
cut_short = 0
for _ in range(20_000):
    try:
        with open(sys.argv[1], "rb") as file:
            pickle.load(file)
    except (EOFError, pickle.UnpicklingError):
        cut_short += 1
print(cut_short)
"""


@pytest.mark.parametrize("import_", [IMPORT, IMPORT_WITHOUT_CURE], ids=["ours", "Theano's"])
def test_who_reads_keys_while_they_are_written_finds_them_whole(side_by_side, tmp_path, import_):
    script = """
import sys
from theano.gof.cmodule import KeyData
data = KeyData({(number, "x" * 100) for number in range(2000)}, "hash", sys.argv[1], "entry.so")
data.save_pkl()
print("written", flush=True)
while True:
    data.save_pkl()
"""
    path = tmp_path / "key.pkl"
    with start(import_ + script, side_by_side[0], path) as writer:
        try:
            assert writer.stdout.readline() == "written\n"
            reader = start("import theano" + READ_KEYS.replace("20_000", "300"), side_by_side[0], path)
            cut_short = answer(reader)
        finally:
            writer.kill()
    assert (cut_short == 0) == (import_ == IMPORT)


def test_keys_that_cannot_be_written_leave_those_that_are_there(tmp_path):
    path = tmp_path / "key.pkl"
    cmodule.KeyData({1}, "hash", str(path), "entry.so").save_pkl()
    before = path.read_bytes()
    with pytest.raises((AttributeError, pickle.PicklingError)):
        cmodule.KeyData({lambda: 2}, "hash", str(path), "entry.so").save_pkl()
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["key.pkl"]


OPERATIONS = """
import theano
import theano.tensor as T

class Plus(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [T.dscalar()])

    def c_code(self, node, name, inputs, outputs, sub):
        return '''
            Py_XDECREF(%s);
            %s = (PyArrayObject*) PyArray_EMPTY(0, NULL, NPY_FLOAT64, 0);
            *(double*) PyArray_DATA(%s) = *(double*) PyArray_DATA(%s) + %d;
        ''' % (outputs[0], outputs[0], outputs[0], inputs[0], self.number)

class PlusOne(Plus):
    number = 1

    def c_code_cache_version(self):
        return (1,)

class PlusTwo(PlusOne):
    number = 2

class PlusThreeWithoutVersion(Plus):
    number = 3

    def c_code_cache_version(self):
        return ()
"""
USE_OPERATIONS = """
import json, sys
import theano.tensor as T
sys.path.insert(0, sys.argv[1])
from operations import PlusOne, PlusTwo, PlusThreeWithoutVersion
x = T.dscalar()
result = [float(theano.function([x], operation()(x))(10)) for operation in [PlusOne, PlusTwo, PlusThreeWithoutVersion]]
"""


@pytest.mark.slow(4)
def test_operations_without_parameters_do_not_share_a_module(side_by_side, tmp_path):
    folder, _ = side_by_side
    (tmp_path / "operations.py").write_text(OPERATIONS)
    assert answer(start(IMPORT + USE_OPERATIONS + REPORT, folder, tmp_path)) == [[11, 12, 13], 0, 3]
    # The one that gives no version is compiled each time, as it should be.
    assert answer(start(IMPORT + USE_OPERATIONS + REPORT, folder, tmp_path)) == [[11, 12, 13], 2, 1]


def test_the_version_of_code_in_a_file_is_its_own():
    def version(code):
        operation = theano.tensor.DimShuffle((False,), (0,))
        operation.func_codes = [code]
        return operation.c_code_cache_version()

    assert version("x = 1;") == version("x = 1;") != version("x = 2;")


@pytest.mark.parametrize("import_", [IMPORT, IMPORT_WITHOUT_CURE], ids=["ours", "Theano's"])
def test_parameters_have_one_name_in_each_process(side_by_side, import_):
    script = """
import json
from theano.gof.params_type import ParamsType
from theano.gof.type import EnumList, Type

class Context(Type):  # without a text of its own, like the type of a GPU's context
    def __eq__(self, other):
        return type(self) == type(other)

    def __hash__(self):
        return 0

names = [ParamsType(context=type_).name for type_ in (Context(), Context(), EnumList("A"), EnumList("B"))]
print(json.dumps(names))
"""
    context, same_context, enumeration, other_enumeration = answer(start(import_ + script, side_by_side[0]))
    assert (context == same_context) == (import_ == IMPORT)
    assert len({context, enumeration, other_enumeration}) == 3


# When it is applied --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        "deeplearning_tutorial, theano",
        "theano, deeplearning_tutorial",
        "deeplearning_tutorial.engine.compilation, theano",
    ],
)
def test_it_works_whatever_is_imported_first(side_by_side, first):
    script = f"import {first}\nimport json\nprint(json.dumps(theano.gof.compilelock.lock.__module__))"
    folder, _ = side_by_side
    assert answer(start(script, folder)) == "deeplearning_tutorial.engine.compilation"


def test_the_package_alone_does_not_import_theano(tmp_path):
    script = "import deeplearning_tutorial, sys, json\nprint(json.dumps('theano' in sys.modules))"
    assert answer(start(script, tmp_path)) is False


# The lock ------------------------------------------------------------------------------------------------------------

# Takes the lock, says so, and gives it back when its standard input ends.
HOLD = """
import sys
from theano.gof import cmodule, compilelock
with compilelock.lock_ctx(lock_dir=sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock_dir(tmp_path):
    """Theano's own lock, in a folder where nothing is compiled."""
    return tmp_path / "lock_dir"


@pytest.fixture
def hold(side_by_side, lock_dir):
    """Starts another program that holds the lock."""
    with contextlib.ExitStack() as programs:

        def hold(script=IMPORT + HOLD):
            program = programs.enter_context(start(script, side_by_side[0], lock_dir))
            programs.callback(program.kill)
            assert program.stdout.readline() == "locked\n"
            return program

        yield hold


AT_ONCE = 4  # seconds at most; Theano alone would look again after 5 to 10


def seconds_to_lock(lock_dir, started=None):
    started = started or time.perf_counter()
    with compilelock.lock_ctx(lock_dir=str(lock_dir)):
        seconds = time.perf_counter() - started
        assert (lock_dir / "lock").read_text().startswith(f"{os.getpid()}_")
    assert not lock_dir.exists()
    return seconds


def test_the_lock_is_free_again_after_it_was_held(lock_dir):
    for _ in range(3):
        assert seconds_to_lock(lock_dir) < AT_ONCE


def test_what_is_not_locked_is_not_unlocked(lock_dir):
    seconds_to_lock(lock_dir)
    lock_dir.mkdir()  # another program begins to lock
    compilelock.get_lock.unlocker.unlock()
    assert lock_dir.exists()


@pytest.mark.parametrize("script", [IMPORT + HOLD, IMPORT_WITHOUT_CURE + HOLD], ids=["ours", "Theano's"])
def test_the_lock_is_handed_on_at_once_and_not_earlier(lock_dir, hold, script, caplog):
    program = hold(script)
    started = time.perf_counter()
    threading.Timer(0.5, program.stdin.close).start()
    assert 0.4 < seconds_to_lock(lock_dir, started) < AT_ONCE
    assert not caplog.records


@pytest.mark.parametrize("script", [IMPORT + HOLD, IMPORT_WITHOUT_CURE + HOLD], ids=["ours", "Theano's"])
def test_the_lock_of_a_program_that_is_killed_is_free(lock_dir, hold, script, caplog):
    program = hold(script)
    started = time.perf_counter()
    threading.Timer(0.5, lambda: (program.kill(), program.wait())).start()
    assert 0.4 < seconds_to_lock(lock_dir, started) < AT_ONCE
    assert not caplog.records


def test_the_lock_of_a_program_long_dead_is_free(lock_dir, caplog):
    program = subprocess.Popen(["true"])
    program.wait()
    lock_dir.mkdir()
    (lock_dir / "lock").write_text(f"{program.pid}_0123456789_{socket.gethostname()}\n")
    assert seconds_to_lock(lock_dir) < AT_ONCE
    assert not caplog.records


def test_a_long_wait_is_explained(lock_dir, hold, monkeypatch, caplog):
    monkeypatch.setattr(compilation, "PATIENCE", 0.2)
    program = hold()

    def let_go():
        deadline = time.monotonic() + 60
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.01)
        program.stdin.close()

    threading.Thread(target=let_go).start()
    seconds_to_lock(lock_dir)
    (said,) = [record.getMessage() for record in caplog.records]
    assert f"process {program.pid}," in said and str(lock_dir.parent) in said and "end it" in said


def test_after_an_error_the_lock_is_free(lock_dir):
    with pytest.raises(ZeroDivisionError), compilelock.lock_ctx(lock_dir=str(lock_dir)):
        raise ZeroDivisionError
    assert not lock_dir.exists() and compilation._queue is None


def test_locks_within_locks_are_one(lock_dir):
    with compilelock.lock_ctx(lock_dir=str(lock_dir)), compilelock.lock_ctx(lock_dir=str(lock_dir)):
        pass
    assert not lock_dir.exists()


def test_a_file_system_without_flock_has_theanos_lock(lock_dir, monkeypatch):
    def flock(*arguments):
        raise OSError("no locks available")

    monkeypatch.setattr(compilation.fcntl, "flock", flock)
    assert seconds_to_lock(lock_dir) < AT_ONCE


def test_a_lock_can_be_broken(lock_dir, hold):
    hold()
    compilelock.get_lock(lock_dir=str(lock_dir), min_wait=0, max_wait=0.001, timeout=0)
    compilelock.release_lock()
    assert not lock_dir.exists()
