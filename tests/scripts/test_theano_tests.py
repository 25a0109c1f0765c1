"""scripts/theano_tests: on small files of tests that stand in for Theano's, and on tables of what was found."""

import importlib.util
import json
import subprocess
import sys
import types

import numpy as np
import pytest

from scripts import ROOT
from scripts.development import theano_tests
from scripts.development.theano_plugin import Finder, Loader, outcomes
from scripts.development.theano_tests import (
    comparison,
    find_files,
    is_finished,
    new_failures,
    parse,
    read,
    run,
    run_file,
)

NAME = "theano/tensor/tests/test_it.py"
OLD_STYLE = """
import sys, unittest
from nose.plugins.attrib import attr
from nose.plugins.skip import SkipTest
from nose.tools import assert_equal, assert_equals, assert_raises, assert_true, raises
from numpy.testing import dec
from parameterized import parameterized

class T_old(unittest.TestCase):
    def setUp(self):
        self.number = 2

    def test_passes(self):
        assert_equals(self.number, 2)

    def test_fails(self):
        self.assertEqual(self.number, 3)

    @attr("slow")
    def test_is_skipped(self):
        raise SkipTest("not today")

    @parameterized.expand([(1, 2), (3, 4)], lambda test, number, values: f"{test.__name__}_{values.args[0]}")
    def test_pair(self, a, b):
        assert_equal(a + 1, b)

@dec.skipif(True, "never")
def test_is_skipped():
    assert False

pairs = parameterized.expand((a, a + 1) for a in (1, 2))

class T_pairs(unittest.TestCase):
    @pairs
    def test_one(self, a, b):
        assert a + 1 == b

    @pairs
    def test_other(self, a, b):
        assert a < b

def make_class():
    class T_made(unittest.TestCase):
        __module__ = "elsewhere"

        def test_is_here(self):
            assert sys.modules[type(self).__module__].T_here is type(self)
    return T_made

T_here = make_class()

class Test_plain(object):
    def setUp(self):
        self.number = 2

    def test_yields(self):
        for number in 2, 3:
            yield assert_true, number >= self.number

@parameterized.expand(("valid", "full"))
def test_mode(mode):
    assert mode in ["valid", "full"]

def test_yields():
    yield assert_raises, ZeroDivisionError, lambda: 1 / 0
    yield (assert_equal, 1, 2)

@raises(KeyError)
def test_raises():
    {}["x"]

def test_knows_the_cure():
    assert sys.modules["theano.scan_module.scan_perform_ext"] is None

class test_broken(object):
    def setUp(self):
        raise OSError

    def test_it(self):
        pass
"""


@pytest.fixture
def run_tests(tmp_path):
    def run_tests(text, timeout=60):
        path = tmp_path / "site" / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return run_file(NAME, tmp_path / "site", tmp_path / "folder", timeout)

    return run_tests


def test_old_tests_run_as_they_did_with_nose(run_tests):
    found = run_tests(OLD_STYLE)
    assert found.pop("seconds") > 0
    assert found == {
        "passed": 13,
        "failed": 2,
        "errors": 1,
        "skipped": 2,
        "timed_out": 0,
        "not_reached": 0,
        "tests": {
            "failed": ["T_old::test_fails", "test_yields"],
            "errors": ["test_broken::test_it"],
            "skipped": ["T_old::test_is_skipped", "test_is_skipped"],
        },
    }
    assert is_finished(found)


def test_after_a_test_that_ends_the_process_the_others_are_run(run_tests):
    found = run_tests(
        "import os\ndef test_a(): pass\ndef test_b(): os.abort()\ndef test_c(): os._exit(0)\ndef test_d(): pass\n"
    )
    assert (found["passed"], found["errors"], found["not_reached"]) == (2, 2, 0)
    assert found["tests"] == {"errors": ["test_b", "test_c"]}


def test_what_takes_too_long_is_gone_on_with_by_the_next_start(run_tests):
    text = "import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\ndef test_c(): pass\n"
    first = run_tests(text, timeout=3)
    assert (first["passed"], first["timed_out"]) == (1, 0)
    assert first["tests"] == {"not_reached": ["test_b", "test_c"]} and not is_finished(first)

    second = run_tests(text, timeout=3)  # all of the time is test_b's now
    assert second["tests"] == {"timed_out": ["test_b"], "not_reached": ["test_c"]}
    assert second["seconds"] > first["seconds"]

    third = run_tests(text, timeout=60)
    assert (third["passed"], third["timed_out"]) == (2, 1) and is_finished(third)


def test_a_file_that_cannot_be_imported_is_an_error_until_it_can(run_tests):
    found = run_tests("import no_such_module\ndef test_a(): pass\n")
    assert found["errors"] == 1 and found["tests"] == {"errors": ["(import)"]}
    assert not is_finished(found)
    found = run_tests("def test_a(): pass\n")
    assert found["passed"] == 1 and not found["tests"]


def test_a_file_without_tests_has_none(run_tests):
    found = run_tests("from nose import SkipTest\nraise SkipTest\n")
    assert found["tests"] == {} and is_finished(found)


def test_test_files_see_the_numpy_of_their_time(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import numpy as np\n"
        "from math import *\n"
        "assert np.product([2, 3]) == 6 and np.cast['int8'](2.5).dtype == np.int8 and np.complex is complex\n"
        "assert np.array([-1], dtype='uint8')[0] == 255 and np.in1d([1, 9], [9]).tolist() == [False, True]\n"
        "assert np.linalg.linalg.LinAlgError and np.find_common_type([np.int32], [np.float16]) == np.float64 and np.find_common_type([np.int32], [np.int8]) == np.int32\n"
        "assert np.unique(np.eye(2), return_inverse=True)[1].shape == (4,) and np.unique(np.eye(2)).shape == (2,)\n"
        "from numpy_itself import np\n"
    )
    sys.modules["numpy_itself"] = types.SimpleNamespace(np=np)  # as theano.tensor gives it to who imports all of it
    loader = Loader("theano.tests.test_it", str(tmp_path / "test_it.py"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("theano.tests.test_it", loader))
    loader.exec_module(module)
    del sys.modules["numpy_itself"]
    assert module.np.MAXDIMS == 64 and np.pi == module.np.pi


@pytest.mark.parametrize("name", ["theano.tests.unittest_tools", "theano.tensor.basic", "tests.test_docs", "theano"])
def test_nothing_else_sees_it(name):
    assert Finder.find_spec(name) is None


def test_an_error_after_a_test_that_passed_counts():
    begun = ['{"collected": ["a", "b"]}', '{"begun": "a"}', '{"test": "a", "outcome": "passed"}']
    assert outcomes([*begun, '{"test": "a", "outcome": "error"}'])[1:] == ({"a": "error"}, "a")
    assert outcomes([*begun, '{"ended": "a"}'])[1:] == ({"a": "passed"}, None)


def test_files_are_found_in_the_order_that_is_asked_for(tmp_path):
    names = [f"theano/{name}.py" for name in ["tensor/tests/test_b", "tensor/tests/test_a", "gof/tests/test_c"]]
    for name in [*names, "theano/gpuarray/tests/test_d.py", "theano/gof/test_e.py", "theano/gof/tests/other.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_files(tmp_path) == sorted(names)
    assert find_files(tmp_path, ["test_b", "tensor"]) == names[:2]
    assert find_files(tmp_path, ["gpuarray"]) == []


def test_files_that_have_a_result_are_not_run_again(tmp_path, monkeypatch, capsys):
    ran = []

    def finds(name, site, folder, timeout):
        ran.append(name)
        return found(passed=1, not_reached=["test_z"] if name == "b" else [])

    monkeypatch.setattr(theano_tests, "run_file", finds)
    options = ["--output", str(tmp_path / "r.json"), "--folder", str(tmp_path), "--python-name", "3.99"]
    run(["a", "b"], tmp_path, parse(options))
    run(["a", "b", "c"], tmp_path, parse(options))
    assert ran == ["a", "b", "b", "c"]
    assert "b: 1 passed, 1 not reached" in capsys.readouterr().out
    run(["a"], tmp_path, parse([*options, "--again"]))
    assert ran[-1] == "a"
    entry = read(tmp_path / "r.json")["3.99"]
    assert set(entry["files"]) == {"a", "b", "c"} and entry["numpy"] and entry["python"]


def found(passed=0, failed=(), skipped=(), not_reached=()):
    tests = {"failed": list(failed), "skipped": list(skipped), "not_reached": list(not_reached)}
    counts = dict.fromkeys(theano_tests.COUNTS, 0) | {key: len(names) for key, names in tests.items()}
    return {**counts, "passed": passed, "seconds": 1.0, "tests": {key: names for key, names in tests.items() if names}}


RESULTS = {
    "3.13": {
        "files": {
            "theano/tensor/tests/test_a.py": found(2, failed=["test_old", "test_new", "test_unknown", "test_there"]),
            "theano/tests/test_b.py": found(3),
            "theano/tensor/nnet/tests/test_c.py": found(failed=["test_d"]),
        }
    },
    "3.11": {
        "files": {
            "theano/tensor/tests/test_a.py": found(
                3, failed=["test_old"], skipped=["test_there"], not_reached=["test_unknown"]
            ),
            "theano/tests/test_b.py": found(3),
        }
    },
}


def test_only_what_passes_on_the_old_python_is_a_new_failure():
    assert new_failures(RESULTS, "3.13") == ["theano/tensor/tests/test_a.py::test_new"]
    without_c = {f"{name} without C": entry for name, entry in RESULTS.items()}
    assert new_failures(without_c, "3.13 without C") == new_failures(RESULTS, "3.13")
    assert len(comparison(RESULTS | without_c).split("| all |")) == 3


def test_the_tables_count_by_folder():
    assert comparison(RESULTS).splitlines() == [
        "Passed / did not pass / skipped / not reached:",
        "",
        "|  | 3.11 | 3.13 |",
        "|---|---|---|",
        "| tensor | 3 / 1 / 1 / 1 | 2 / 4 / 0 / 0 |",
        "| tensor/nnet | – | 0 / 1 / 0 / 0 |",
        "| theano | 3 / 0 / 0 / 0 | 3 / 0 / 0 / 0 |",
        "| all | 6 / 1 / 1 / 1 | 5 / 5 / 0 / 0 |",
        "",
        "Pass on 3.11 and not on 3.13, in 2 files: 1",
        "",
        "- tensor/tests/test_a.py::test_new",
    ]
    assert comparison({}) == "Nothing has been run yet."


def test_the_command_says_what_it_does_not_find(capsys, tmp_path):
    assert theano_tests.main(["no_such_file", "--output", str(tmp_path / "r.json")]) == 2
    assert "no_such_file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parse(["--timeout", "0"])
    assert "'0' is not a number of seconds from 1 on" in capsys.readouterr().err


def test_the_command_compares(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(RESULTS))
    command = [ROOT / "scripts" / "theano_tests", "--compare", "--output", tmp_path / "r.json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0 and "test_new" in answer.stdout, answer.stderr


def test_theanos_own_tests_are_there():
    site = theano_tests.theano_folder().parent
    assert len(find_files(site)) > 100
    assert (
        "theano"
        not in subprocess.run(
            [sys.executable, "-c", "import sys, scripts.development.theano_tests; print(*sys.modules)"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        ).stdout.split()
    )
