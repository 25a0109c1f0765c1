"""Theano's files, with what newer Pythons and NumPys need."""

import base64
import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.extra_ops import Unique, fill_diagonal_offset
from theano.tensor.shared_randomstreams import RandomStreams

from deeplearning_tutorial import ROOT, engine
from deeplearning_tutorial.engine.compatibility import c_code, loader, numpy_rules, replacements
from deeplearning_tutorial.engine.compatibility.replacements import REPLACEMENTS, Replacement
from tests.own_process import start

THEANO = Path(importlib.util.find_spec("theano").submodule_search_locations[0])
ALL = [(module, replacement) for module, those in REPLACEMENTS.items() for replacement in those]


def text_of(module):
    path = THEANO.parent / module.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


# --- what is replaced


@pytest.mark.parametrize("module", REPLACEMENTS)
def test_each_old_text_stands_in_theano_and_all_new_ones_together_are_python(module):
    # On every Python, those for other releases too.
    compile(loader.replace_all(text_of(module), module, REPLACEMENTS[module]), module, "exec")


def test_a_missing_old_text_is_an_error_that_names_it():
    module, replacement = ALL[0]
    changed = text_of(module).replace(replacement.old, "")
    with pytest.raises(
        ImportError, match=r"theano\.configdefaults has 0 times, and not 1, .*distutils.*theano==1\.0\.5"
    ):
        loader.replace_all(changed, module, [replacement])


def test_an_old_text_that_stands_there_more_often_is_an_error_too():
    with pytest.raises(ImportError, match="has 2 times, and not 1"):
        loader.replace_all("a a", "theano.x", [Replacement("NumPy 2.0", "a", "b")])


@pytest.mark.parametrize(("module", "replacement"), ALL)
def test_each_replacement_names_a_release_and_changes_something(module, replacement):
    name, number = replacement.since.split()
    assert name in {"Python", "NumPy", "SciPy"} and [int(part) for part in number.split(".")]
    assert replacement.new != replacement.old


@pytest.mark.parametrize(
    ("release", "versions", "here"),
    [
        ("Python 3.12", {"Python": (3, 11)}, False),
        ("Python 3.12", {"Python": (3, 12)}, True),
        ("NumPy 2.0", {"NumPy": (1, 26)}, False),
        ("NumPy 2.0", {"NumPy": (2, 0)}, True),
        ("NumPy 1.24", {"NumPy": (2, 10)}, True),
        ("SciPy 1.10", {"SciPy": (1, 9)}, False),
        ("SciPy 1.10", {"SciPy": ()}, False),  # Theano can do without it
    ],
)
def test_only_what_the_running_releases_need_is_replaced(monkeypatch, release, versions, here):
    monkeypatch.setattr(replacements, "_versions", lambda: versions)
    assert replacements.is_here(release) == here


def test_the_running_releases_are_these(monkeypatch):
    read = replacements._versions.__wrapped__
    assert read() == {
        "Theano": (1, 0),
        "Python": sys.version_info[:2],
        **{n: release_of(n) for n in ("NumPy", "SciPy")},
    }
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert read()["SciPy"] == ()


def release_of(package):
    return tuple(map(int, importlib.metadata.version(package).split(".")[:2]))


def test_theano_is_the_one_of_pypi_with_its_files_untouched():
    files = [file for file in importlib.metadata.files("theano") if file.hash and file.suffix in {".py", ".c", ".h"}]
    assert len(files) > 300
    for file in files:
        content = file.locate().read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest()).decode().rstrip("=")
        assert digest == file.hash.value, f"{file} was changed"


# --- how it is loaded


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module with a replacement, and a function that loads it as a new process would and returns its ``x``."""
    path = tmp_path / "theano_like.py"
    path.write_text("x = old\n")
    monkeypatch.setattr(loader, "replacements_for", lambda name: (Replacement("NumPy 2.0", "old", "'new'"),))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def load():
        namespace = {}
        exec(loader.Loader("theano_like", str(path)).get_code("theano_like"), namespace)
        return namespace["x"]

    load.path = path
    load.cache = Path(importlib.util.cache_from_source(str(path), optimization="compatibility"))
    return load


def test_a_module_runs_with_its_replacement_and_its_file_stays(module):
    assert module() == "new"
    assert module.path.read_text() == "x = old\n"


def test_bytecode_is_kept_and_used(module, monkeypatch):
    module()
    assert [path.name for path in module.cache.parent.iterdir()] == [module.cache.name]
    monkeypatch.setattr(loader.Loader, "source_to_code", None)  # compiling again would fail
    assert module() == "new"


def test_bytecode_is_made_again_when_the_file_or_the_replacement_changes(module, monkeypatch):
    module()
    module.path.write_text("x = old + ' file'\n")
    assert module() == "new file"
    monkeypatch.setattr(loader, "replacements_for", lambda name: (Replacement("NumPy 2.0", "old", "'newer'"),))
    assert module() == "newer file"


@pytest.mark.parametrize("broken", [b"", b"\0" * 40, "half"])
def test_broken_bytecode_is_made_again(module, broken):
    module()
    whole = module.cache.read_bytes()
    module.cache.write_bytes(whole[:-10] if broken == "half" else broken)
    assert module() == "new"
    assert module.cache.read_bytes() == whole


def test_a_folder_without_the_rights_to_write_is_no_error(module):
    module.cache.parent.write_text("no folder")
    assert module() == "new"


def test_other_bytecode_of_theano_stays_as_it_is(module):
    plain = Path(importlib.util.cache_from_source(str(module.path)))
    plain.parent.mkdir()
    plain.write_bytes(b"Theano's own")
    module()
    assert plain.read_bytes() == b"Theano's own"


def test_an_error_names_the_line_of_the_file(module):
    module.path.write_text("x = old\n1 / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        module()
    assert caught.traceback[-1].path == module.path


# --- what NumPy 1 did


def test_python_numbers_count_as_numbers_of_their_own_type():
    assert numpy_rules.typed(0.1) != np.float32(0.1)
    assert (np.float32(1) / numpy_rules.typed(3.0)).dtype == np.float64
    assert numpy_rules.typed(3).dtype == np.int64
    assert numpy_rules.typed(-(2**63) - 1) != np.float32(-(2**63))
    number = np.float32(3)
    assert numpy_rules.typed(number) is number


@pytest.mark.filterwarnings("ignore:.*out-of-bound Python integers:DeprecationWarning")
@pytest.mark.parametrize(
    ("value", "dtype", "right"),
    # Right as NumPy 1.23.5 has it.
    [
        (300, "int8", 44),
        (-1, "uint8", 255),
        ([1, 200], "int8", [1, -56]),
        (2**31, "int32", -(2**31)),
        (2**63 - 1, "int64", 2**63 - 1),
        (2**63, "uint64", 2**63),
        (1.5, "int8", 1),
        (65505.0, "int8", -31),
        ([2**63, -1], "uint64", [2**63, 2**64 - 1]),
        ([[300], [-1]], "uint8", [[44], [255]]),
        ([], "float32", []),
    ],
)
def test_asarray_wraps_around_as_it_did(value, dtype, right):
    found = numpy_rules.asarray(value, dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize(("value", "dtype"), [(2**63, "int8"), (2**64, "uint64"), (-(2**63) - 1, "int64")])
def test_asarray_refuses_what_no_integer_of_c_holds(value, dtype):
    with pytest.raises(OverflowError):
        numpy_rules.asarray(value, dtype)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises((OverflowError, ValueError)):
        numpy_rules.asarray(value, "int8")
    with pytest.raises((OverflowError, ValueError)):
        numpy_rules.scalar(value, "int8")


@pytest.mark.parametrize(
    ("value", "dtype", "right"),
    [
        (300, "int8", 44),
        (300.7, "int8", 44),
        (True, "float32", 1),
        (2, "bool", True),
        (0.1, "float32", np.float32(0.1)),
    ],
)
def test_scalars_wrap_around_as_they_did(value, dtype, right):
    found = numpy_rules.scalar(value, dtype)
    assert found == right and found.dtype == dtype


PYTHON = theano.compile.Mode(linker="py", optimizer="fast_run")
A = T.dmatrix("A")
B = T.dvector("B")
SIZES = T.bvector("sizes")
# With integer constants of a graph, which are of the smallest type that holds them: value, and what it should be.
SMALL_CONSTANTS = {
    "the diagonal above, of a large matrix": (
        lambda: theano.function([A], fill_diagonal_offset(A, 5, 3))(np.zeros((300, 300))).sum(),
        5 * 297,
    ),
    "parts whose sizes add up to more than 127": (
        lambda: [len(part) for part in theano.function([B, SIZES], T.split(B, SIZES, 3), mode=PYTHON)(np.arange(250.0), [100, 100, 50])],
        [100, 100, 50],
    ),
    "random integers up to 127": (
        lambda: theano.function([], RandomStreams(1).random_integers((50,), low=T.constant(126), high=T.constant(127)))().max(),
        127,
    ),
    "more random numbers than 127": (
        lambda: theano.function([], MRG_RandomStreams(1).uniform((T.constant(100), T.constant(3))), mode=PYTHON)().shape,
        (100, 3),
    ),
    "the gradient of degrees": (lambda: theano.function([B], T.grad(T.deg2rad(B).sum(), B))([1.0])[0], np.pi / 180),
    "where each number stands": (
        lambda: theano.function([A], Unique(return_inverse=True)(A)[1])([[3, 1], [1, 3]]).tolist(),
        [1, 0, 0, 1],
    ),
    "minus an unsigned number": (
        lambda: theano.function([SIZES], -T.cast(SIZES, "uint8"), mode=PYTHON)([1, 2]).tolist(),
        [255, 254],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL_CONSTANTS)
def test_what_is_counted_with_a_small_constant_is_right(name):
    compute, right = SMALL_CONSTANTS[name]
    np.testing.assert_allclose(compute(), right)


# --- C++ code


def test_fields_that_numpy_2_hides_are_asked_for():
    code = c_code.modernized("npy_intp s = PyArray_STRIDES(%(x)s)[0] / PyArray_DESCR(V3)->elsize;")
    assert code.endswith("npy_intp s = PyArray_STRIDES(%(x)s)[0] / PyArray_ITEMSIZE(V3);")
    assert code.startswith("#define NPY_PY3K 1\n")


def test_complex_numbers_are_numpys_in_c():
    # Among them a scalar, which NumPy takes out of Theano's structure.
    x = T.zscalar()
    scalar = T.scalar_from_tensor(x)
    f = theano.function([x], [T.tensor_from_scalar(scalar * scalar + 1), x * 2, abs(x)], mode="FAST_RUN")
    for found, right in zip(f(1 + 2j), [-2 + 4j, 2 + 4j, abs(1 + 2j)], strict=True):
        np.testing.assert_allclose(found, right)


@pytest.mark.parametrize("dtype", ["float32", "int8", "complex128"])
@pytest.mark.parametrize(("shape", "of_y"), [((5,), (4,)), ((5, 3), (3,)), ((5, 2, 3), (4, 1, 3))])
def test_rows_that_are_named_twice_get_both(dtype, shape, of_y):
    rng = np.random.RandomState(1)
    values, increments = ((100 * rng.rand(*s)).astype(dtype) for s in (shape, of_y))
    rows = np.array([0, -1, 2, 2])
    x, y, i = T.TensorType(dtype, [False] * len(shape))(), T.TensorType(dtype, [n == 1 for n in of_y])(), T.lvector()
    f = theano.function([x, y, i], [T.inc_subtensor(x[i], y), T.set_subtensor(x[i], y)], mode="FAST_RUN")
    for view in (values, values[::-1], np.asfortranarray(values)):
        added, replaced = view.copy(), view.copy()
        np.add.at(added, rows, increments)
        replaced[rows] = increments
        found = f(view, increments, rows)
        np.testing.assert_array_equal(found[0], added)
        np.testing.assert_array_equal(found[1], replaced)


@pytest.mark.parametrize("row", [5, -6])
def test_a_row_that_is_not_there_is_an_error(row):
    x, i = T.fvector(), T.lvector()
    f = theano.function([x, i], T.inc_subtensor(x[i], 1), mode="FAST_RUN")
    with pytest.raises(IndexError, match=f"index {row} is out of bounds"):
        f(np.zeros(5, "float32"), [row])
    np.testing.assert_array_equal(f(np.zeros(5, "float32"), [4, -5]), [1, 0, 0, 0, 1])


# --- who asks


def test_a_python_that_nobody_tried_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    with pytest.raises(ImportError, match=r"needs Python 3\.11 to 3\.14.*scripts/setup"):
        engine.start()


@pytest.mark.parametrize("first", ["", "import deeplearning_tutorial; "])
def test_a_program_that_begins_with_theano_has_what_the_workshop_has(first):
    program = f"{first}import theano, sys; print(theano.config.floatX, 'deeplearning_tutorial.engine.rewrites' in sys.modules)"
    process = start(["-c", program], "device=cpu")
    assert process.communicate() == ("float32 True\n", "")


FAKES = {
    "theano/__init__.py": "import deeplearning_tutorial\nname = 'theano'\ncount = deeplearning_tutorial.counted()\n",
    "deeplearning_tutorial.py": "import os\nn = 0\ndef counted():\n    global n\n    n += 1\n    return n\n"
    "if os.environ.get('GPU'): import theano\n",
}


@pytest.mark.parametrize("gpu", ["", "1"])
def test_theano_is_imported_once_also_where_a_gpu_needed_it_before(tmp_path, gpu):
    for name, text in FAKES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    folder = ROOT / "scripts" / "installation" / "site-packages"
    program = (
        "import theano_compatibility, sys; import theano, deeplearning_tutorial as d; import theano.sub;"
        "print(theano.name, d.n, sys.modules['theano'] is theano, theano.sub.x)"
    )
    (tmp_path / "theano" / "sub.py").write_text("x = 3\n")
    # Isolated, so that no .pth file of this environment acts.
    result = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(folder)!r}]; {program}"],
        env={**os.environ, "GPU": gpu},
        capture_output=True,
        text=True,
    )
    assert (result.stdout, result.stderr) == ("theano 1 True 3\n", "")
