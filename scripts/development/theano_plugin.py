"""What Theano's test files of 2020 need of a pytest of today: a plugin, in each process that scripts/theano_tests starts.

- They import nose, which has not worked since Python 3.10, parameterized, and NumPy's decorators for nose, which are gone
  since 1.25. The few names that they use are lent here, in that process only.
- They use names that NumPy and unittest had then. These too are lent to them only, and not to Theano.
- nose ran what a generator yields as tests of its own. Here the generator is one test, and all that it yields is run.
- nose called ``setUp`` of any class, pytest that of a `unittest.TestCase`; and for it a class belonged to the module that it
  was found in.
- What has been done is written into a file as it happens, for a test may end the process, or never end.

The file, named in ``THEANO_TESTS_PROGRESS``, has a line of JSON for each event. Tests that have a result in it are not
run again.
"""

import functools
import importlib.machinery
import inspect
import json
import os
import re
import sys
import types
import unittest
from pathlib import Path

import numpy.testing
import scipy.linalg

from scripts import ROOT

PROGRESS = "THEANO_TESTS_PROGRESS"


def outcomes(lines):
    """What a progress file says.

    Parameters
    ----------
    lines : iterable of str

    Returns
    -------
    collected : list of str
        Names of all tests, as pytest runs them.
    found : dict
        Test: ``"passed"``, ``"failed"``, ``"error"``, ``"skipped"`` or ``"timed out"``.
    running : str or None
        The test that had begun, and not ended, when the file was written last.
    """
    collected, found, running = [], {}, None
    for event in map(json.loads, lines):
        if "collected" in event:
            collected = event["collected"]
        elif "begun" in event:
            running = event["begun"]
        elif "ended" in event:
            running = None
        elif "test" in event:
            if found.get(event["test"], "passed") == "passed":  # what passed may fail while it is cleaned up
                found[event["test"]] = event["outcome"]
    return collected, found, running


def write_event(path, **event):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


# What pytest asks ---------------------------------------------------------------------------------------------------


def pytest_configure(config):
    lend_nose()
    lend_parameterized()
    lend_decorators()
    lend_assertions()
    lend_kron()
    if not hasattr(numpy, "product"):
        sys.meta_path.insert(0, Finder)
    cure_theano()


def pytest_pycollect_makeitem(collector, name, obj):
    import pytest

    if inspect.isclass(obj) and not issubclass(obj, unittest.TestCase) and hasattr(obj, "setUp"):
        if not hasattr(obj, "setup_method"):
            obj.setup_method = lambda self: self.setUp()
    if inspect.isclass(obj) and issubclass(obj, unittest.TestCase):
        obj.__module__ = collector.obj.__name__
    if inspect.isgeneratorfunction(obj) and collector.funcnamefilter(name):
        owner = collector.obj
        setattr(owner, name, run_all(obj))
        return pytest.Function.from_parent(collector, name=name)
    return None


def pytest_collectreport(report):
    if report.failed:
        write_event(os.environ[PROGRESS], test="(import)", outcome="error")


def pytest_collection_modifyitems(items):
    path = Path(os.environ[PROGRESS])
    _, found, _ = outcomes(path.read_text(encoding="utf-8").splitlines() if path.exists() else [])
    write_event(path, collected=[short_name(item.nodeid) for item in items])
    items[:] = [item for item in items if short_name(item.nodeid) not in found]


def pytest_runtest_logstart(nodeid):
    write_event(os.environ[PROGRESS], begun=short_name(nodeid))


def pytest_runtest_logreport(report):
    outcome = "error" if report.failed and report.when != "call" else report.outcome
    if report.when == "call" or outcome != "passed":
        write_event(os.environ[PROGRESS], test=short_name(report.nodeid), outcome=outcome)


def pytest_runtest_logfinish(nodeid):
    write_event(os.environ[PROGRESS], ended=short_name(nodeid))


def short_name(nodeid):
    """The name of a test without its file: ``Class::test``."""
    return nodeid.partition("::")[2]


# What Theano's tests import -----------------------------------------------------------------------------------------


def run_all(generator):
    """A test that runs all that a generator yields: functions with their arguments."""

    @functools.wraps(generator)
    def test(*arguments):
        for yielded in generator(*arguments):
            function, *values = yielded if isinstance(yielded, tuple) else (yielded,)
            function(*values)

    return test


def lend(module, **names):
    sys.modules[module] = types.ModuleType(module)
    vars(sys.modules[module]).update(names)
    return sys.modules[module]


def lend_nose():
    """Put modules that are called nose in place, with the names that Theano's tests use."""
    case = unittest.TestCase()

    def attr(*names, **values):
        return lambda function: function

    def raises(*errors):
        def decorate(function):
            @functools.wraps(function)
            def test(*arguments):
                with case.assertRaises(errors):
                    function(*arguments)

            return test

        return decorate

    lend("nose", plugins=lend("nose.plugins"), SkipTest=unittest.SkipTest)
    lend("nose.plugins.skip", SkipTest=unittest.SkipTest)
    lend("nose.plugins.attrib", attr=attr)
    sys.modules["nose"].tools = lend(
        "nose.tools",
        assert_equal=case.assertEqual,
        assert_equals=case.assertEqual,
        assert_raises=case.assertRaises,
        assert_true=case.assertTrue,
        raises=raises,
    )


def lend_parameterized():
    """Put a module in place that is called parameterized: ``@parameterized.expand`` makes a test of each set of values."""

    class parameterized:
        @staticmethod
        def to_safe_name(text):
            return re.sub("[^a-zA-Z0-9_]+", "_", str(text))

        @classmethod
        def expand(cls, sets, name_func=None):
            sets = list(sets)  # for all functions that the decorator is used on

            def decorate(function):
                names = sys._getframe(1).f_locals  # of the class, or the module
                for number, values in enumerate(sets):
                    values = tuple(values) if isinstance(values, (tuple, list)) else (values,)
                    if name_func:
                        name = name_func(function, number, types.SimpleNamespace(args=values, kwargs={}))
                    else:
                        first = f"_{cls.to_safe_name(values[0])}" if values and isinstance(values[0], str) else ""
                        name = f"{function.__name__}_{number}{first}"
                    names[name] = with_values(function, values, name)

            return decorate

    lend("parameterized", parameterized=parameterized)


def with_values(function, values, name):
    def test(*arguments):
        return function(*arguments, *values)

    test.__name__ = test.__qualname__ = name
    test.__doc__ = function.__doc__
    return test


def lend_decorators():
    """Put ``numpy.testing.dec`` in place: NumPy's own, where there still is one, needs more of nose."""
    numpy.testing.dec = types.SimpleNamespace(skipif=unittest.skipIf)


def lend_kron():
    """Put ``scipy.linalg.kron`` in place, which SciPy dropped in 1.17."""

    def kron(a, b):  # of more than two dimensions another one than NumPy's
        product = numpy.multiply.outer(a, b)
        return numpy.concatenate(numpy.concatenate(product, axis=1), axis=1)

    if not hasattr(scipy.linalg, "kron"):
        scipy.linalg.kron = kron


def lend_assertions():
    """Give `unittest.TestCase` the names that it had until Python 3.12."""
    for old, new in [("assert_", "True"), ("assertEquals", "Equal"), ("assertNotEquals", "NotEqual")]:
        if not hasattr(unittest.TestCase, old):
            setattr(unittest.TestCase, old, getattr(unittest.TestCase, f"assert{new}"))


class NumPy1(types.ModuleType):
    """NumPy, and the names that it had when Theano's tests were written."""

    complex = complex
    float = float
    MAXDIMS = 64  # NumPy 2's

    def __getattr__(self, name):
        return getattr(numpy, name)

    linalg = types.SimpleNamespace(**(vars(numpy.linalg) | {"linalg": numpy.linalg}))
    product = staticmethod(numpy.prod)

    @staticmethod
    def array(values, dtype=None, **options):
        try:
            return numpy.array(values, dtype=dtype, **options)
        except OverflowError:  # -1 as uint8: NumPy 1 wrapped around
            return numpy.array(values, **options).astype(dtype)

    @staticmethod
    def unique(*arguments, **options):
        found = numpy.unique(*arguments, **options)
        if not isinstance(found, tuple):
            return found
        values, *others = found  # the inverse had one dimension
        return (values, *(other.reshape(-1) for other in others))

    @staticmethod
    def in1d(*arguments, **options):
        return numpy.isin(*arguments, **options)

    @staticmethod
    def find_common_type(array_types, scalar_types):
        arrays, scalars = numpy.result_type(*array_types), numpy.result_type(*scalar_types)
        kinds = "buifc"  # a scalar counts only where its kind is a higher one
        higher = kinds.index(scalars.kind) > kinds.index(arrays.kind)
        return numpy.result_type(arrays, scalars) if higher else arrays

    class cast:
        def __class_getitem__(cls, dtype):
            return lambda values: numpy.asarray(values).astype(dtype)


class Finder:
    """Lends `NumPy1` to Theano's test files, where NumPy is a newer one. Python asks it for each module."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not re.fullmatch(r"theano\.(.+\.)?tests\.test_\w+", name):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        text = self.get_source(name).replace(
            "import numpy as np\n", f"from {__name__} import NumPy1; np = NumPy1('numpy')\n"
        )
        return compile(text, self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        super().exec_module(module)
        if vars(module).get("np") is numpy:  # from theano.tensor import *
            module.np = NumPy1("numpy")


# What Theano needs --------------------------------------------------------------------------------------------------


def cure_theano():
    """Use what lets Theano run on this Python, and nothing of the engine that makes it faster: that changes graphs."""
    for name in ["deeplearning_tutorial", "deeplearning_tutorial.engine"]:  # whose own code would start the engine
        lend(name, __path__=[str(ROOT.joinpath(*name.split(".")))])
    # What scripts/setup has put into the environment would import all of the package before Theano.
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__module__ != "theano_compatibility"]
    from deeplearning_tutorial.engine import compatibility

    compatibility.install()
