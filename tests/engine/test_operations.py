"""Theano's operations give the same on each Python and NumPy: value and type, compiled and in Python.

The measure, `expected_operations.json.gz`, is what they give on Python 3.11 with NumPy 1.23. `python -m
tests.engine.operations` makes it there.
"""

import importlib
import json
import pkgutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
import theano
from operations import GROUPS, expected
from operations.catalogue import C, Group, array_of, case, difference, operation_name, written_down
from operations.exceptions import NOT_IN_CATALOGUE, OTHER_NUMBERS
from theano.gof.op import PureOp

from deeplearning_tutorial import ROOT

pytestmark = pytest.mark.skipif(theano.config.device != "cpu", reason="a GPU has operations of its own")

IS_MEASURE = (
    f"{sys.version_info[0]}.{sys.version_info[1]}",
    ".".join(np.__version__.split(".")[:2]),
) == expected.MEASURE


@pytest.fixture(scope="module")
def content():
    return expected.load()


def compare(content, group, mode):
    """Run a group, and say what is different."""
    names = group.names(mode)
    wanted = {name: expected.values(content, group.name, mode, name) for name in names}
    raises = [name for name, values in wanted.items() if isinstance(values, dict)]
    found = group.results(mode, alone=raises)
    differences = []
    for name in names:
        ulp, least = group.nearness(name)
        said = difference(wanted[name], found[name].values, ulp, group.of_largest, least)
        if said and not is_known(group.name, name, wanted[name], found[name].values):
            error = found[name].exception
            differences.append(f"{name}: {said}" + (f" ({type(error).__name__}: {error})"[:500] if error else ""))
    return differences


def is_known(group, name, wanted, found):
    """Whether NumPy or SciPy is the reason."""
    if IS_MEASURE or (group, name) not in OTHER_NUMBERS:
        return False
    return isinstance(found, list) and [value["array"] for value in wanted] == [value["array"] for value in found]


def _cases(modes):
    for group in GROUPS.values():
        for mode in group.modes:
            if mode in modes:
                core = "-core" if mode == C and group.core else ""
                marks = [pytest.mark.slow(group.seconds)] if mode == C else []
                yield pytest.param(group.name, mode, id=f"{group.name}{core}-{mode}".replace(" ", "_"), marks=marks)


@pytest.mark.parametrize(("name", "mode"), list(_cases(["FAST_COMPILE", "python"])))
def test_python_code_gives_what_it_gives_on_3_11(content, name, mode):
    assert not (said := compare(content, GROUPS[name], mode)), "\n".join(said)


@pytest.mark.skipif(not theano.config.cxx, reason="there is no C++ compiler")
@pytest.mark.parametrize(("name", "mode"), list(_cases([C])))
def test_compiled_code_gives_what_it_gives_on_3_11(content, name, mode):
    assert not (said := compare(content, GROUPS[name], mode)), "\n".join(said)


# --- Nothing is forgotten -------------------------------------------------------------------------


def all_operations():
    """The classes of all operations of Theano that are for a CPU."""
    skipped = ("tests", "gpuarray", "misc", "minimal", "cuda", "test_sp", "truedot", "scan_perform_ext")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(theano.__path__, "theano."):
            if not set(skipped) & set(module.name.split(".")):
                importlib.import_module(module.name)

    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    modules = ("theano.gpuarray", "theano.misc", "theano.tests")
    return {
        operation_name(kind)
        for kind in below(PureOp)
        if kind.__module__.startswith("theano.") and not kind.__module__.startswith(modules)
    }


def in_cases(content, groups=GROUPS):
    """The operations that the cases pass through."""
    return {
        operation
        for group in groups.values()
        for name in group.cases
        for operation in content["operations"][group.name][name]
    }


def test_every_operation_is_in_the_catalogue_or_has_a_reason_not_to_be(content):
    there = in_cases(content)
    assert all_operations() - there - set(NOT_IN_CATALOGUE) == set()
    assert set(NOT_IN_CATALOGUE) & there == set(), "an exception that is none any more"
    assert set(NOT_IN_CATALOGUE) - all_operations() == set(), "an exception for what Theano does not have"


@pytest.mark.parametrize(
    ("group", "name", "operations"),
    [
        ("sorting", "counting", {"tensor.extra_ops.RavelMultiIndex", "tensor.extra_ops.UnravelIndex"}),
        ("linear algebra", "hints", {"sandbox.linalg.ops.Hint"}),
        ("activations", "normalization_spatial", set()),  # another case passes through the same
    ],
)
def test_a_case_that_is_taken_out_is_missed(content, group, name, operations):
    groups = {key: type("Group", (), {"name": key, "cases": dict(value.cases)}) for key, value in GROUPS.items()}
    del groups[group].cases[name]
    missing = all_operations() - in_cases(content, groups) - set(NOT_IN_CATALOGUE)
    assert missing == operations


def test_the_file_has_each_case_and_no_other(content):
    for group in GROUPS.values():
        assert set(content["operations"][group.name]) == set(group.cases)
        for mode in group.modes:
            assert set(content["results"][group.name][mode]) == set(group.names(mode))
    assert set(content["results"]) == set(GROUPS)


def test_every_exception_is_a_case():
    assert all(name in GROUPS[group].cases for group, name in OTHER_NUMBERS)


def test_an_exception_is_for_numbers_and_not_for_types(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "IS_MEASURE", False)
    right, other, wider = ([written_down(array)] for array in (ONE, ONE * np.float32(2), ONE.astype("float64")))
    assert is_known("elementwise", "gamma float32", right, other)
    assert not is_known("elementwise", "gamma float32", right, wider)
    assert not is_known("elementwise", "gamma float32", right, {"error": "TypeError"})
    assert not is_known("elementwise", "add float32 float32", right, other)


def test_the_file_is_small():
    assert expected.FILE.stat().st_size < 300_000


# --- The comparison itself ------------------------------------------------------------------------

ONE = np.array([1.0, 2.0], dtype="float32")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (ONE.astype("float64"), "float64 [2], not float32 [2]"),
        (ONE[:1], "float32 [1], not float32 [2]"),
        (ONE * np.float32(1 + 1e-5), "at [0], not 1.0"),
        (np.array([1, np.nan], "float32"), "nan at [1], not 2.0"),
        ("TypeError", "TypeError"),
    ],
)
def test_what_differs_is_seen(other, said):
    assert said in difference([written_down(ONE)], [written_down(other)], ulp=8)


@pytest.mark.parametrize(
    "values", [[1.0, np.nan, np.inf, -0.0], [True], [2**64 - 1, 3], [1 + 2j, complex(np.nan, 1)], [], 0.1]
)
def test_numbers_are_written_without_a_loss(values):
    for kind in ("float16", "float32", "float64", "complex64", "uint64", "bool"):
        if (
            np.array(values).dtype.kind in "fc"
            and kind in ("uint64", "bool")
            or "complex" not in kind
            and np.iscomplexobj(values)
        ):
            continue
        if kind != "uint64" and 2**64 - 1 in np.atleast_1d(np.array(values, dtype=object)):
            continue
        array = np.array(values, dtype=kind)
        again = array_of(json.loads(json.dumps(written_down(array))))
        assert again.dtype == array.dtype
        np.testing.assert_array_equal(again, array)


def test_a_few_units_in_the_last_place_are_allowed_and_no_more():
    near, far = ONE * np.float32(1 + 3e-7), ONE * np.float32(1 + 3e-6)
    assert not difference(written_down(ONE), written_down(near), ulp=8)
    assert difference(written_down(ONE), written_down(far), ulp=8)
    assert not difference(written_down(ONE), written_down(far), ulp=8, least=1e-3)
    cancelled = np.array([1e-9, 2.0], dtype="float32"), np.array([2e-9, 2.0], dtype="float32")
    assert difference(*map(written_down, cancelled), ulp=8)
    assert not difference(*map(written_down, cancelled), ulp=8, of_largest=True)


def test_integers_are_compared_exactly():
    large = np.array([2**62, 2**62 + 1])
    assert difference(written_down(large), written_down(large + 1), ulp=1000)


def test_a_case_that_raises_spoils_no_other():
    group = Group("for a test", modes=["FAST_COMPILE"])
    try:

        @case("for a test")
        def right(given):
            return given([1.0]) * 2

        @case("for a test")
        def wrong(given):
            return given([1.0, 2.0]) + given([1.0, 2.0, 3.0])

        @case("for a test")
        def cannot_be_built(given):
            raise KeyError

        found = group.results("FAST_COMPILE")
    finally:
        del GROUPS["for a test"]
    assert array_of(found["right"].values[0]) == [2.0]
    assert found["wrong"].values == {"error": "ValueError"}
    assert found["cannot_be_built"].values == {"error": "KeyError"}


def test_two_cases_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two cases of sets are called one"):
        try:
            group = Group("sets")
            group.add("one", None)
            group.add("one", None)
        finally:
            del GROUPS["sets"]


@pytest.mark.skipif(IS_MEASURE, reason="here the command would make it")
def test_the_measure_is_made_on_3_11_only():
    ran = subprocess.run([sys.executable, "-m", "tests.engine.operations"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "make it with" in ran.stderr


def test_an_unfinished_file_is_not_left_behind(tmp_path):
    path = tmp_path / "expected.json.gz"
    path.write_bytes(b"as it was")

    class Broken:
        name, modes = "broken", ["python"]

        def results(self, mode):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expected.make([Broken()], path, say=lambda text: None)
    assert [file.name for file in tmp_path.iterdir()] == [path.name] and path.read_bytes() == b"as it was"
