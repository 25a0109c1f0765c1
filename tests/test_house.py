"""The rooms of the package: who may import whom, and what is found where."""

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import deeplearning_tutorial
from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import import_hook

PACKAGE = "deeplearning_tutorial"
FOLDER = ROOT / PACKAGE


def module_name(path, folder):
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join([PACKAGE, *(part for part in parts if part != "__init__")])


def imports(path, modules):
    """The modules of the package that a file imports anywhere in it, also where a line is seldom reached."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            # A name that is no module is one of the module before it.
            found |= {next((m for m in (name, name.rpartition(".")[0]) if m in modules), None)}
    return found - {None}


def graph(folder=FOLDER):
    """All modules of a package, with what each imports of it."""
    paths = {module_name(path, folder): path for path in folder.rglob("*.py")}
    return {name: imports(path, paths) - {name} for name, path in paths.items()}


GRAPH = graph()


def find_circle(graph):
    """Modules that import one another in a circle, or nothing. Who imports a module does not import its package's page."""
    finished = set()

    def visit(name, way):
        if name in way:
            return [*way[way.index(name) :], name]
        if name not in finished:
            for other in sorted(graph[name]):
                if circle := visit(other, [*way, name]):
                    return circle
            finished.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), [])


def in_engine(name):
    return name.startswith(f"{PACKAGE}.engine")


def ways_out_of_the_engine(graph):
    return [(name, other) for name in graph if in_engine(name) for other in graph[name] if not in_engine(other)]


def ways_past_the_door(graph):
    """Imports of a part of the engine by the workshop, which should ask the engine itself."""
    return [
        (name, other)
        for name in graph
        if not in_engine(name)
        for other in graph[name]
        if in_engine(other) and other != f"{PACKAGE}.engine"
    ]


def test_there_are_modules_and_imports():
    assert len(GRAPH) > 30 and sum(map(len, GRAPH.values())) > 40
    assert f"{PACKAGE}.checks" in GRAPH[f"{PACKAGE}.mlp"]


def test_the_engine_imports_nothing_of_the_workshop():
    assert ways_out_of_the_engine(GRAPH) == []


def test_the_workshop_comes_to_the_engine_by_its_door():
    assert ways_past_the_door(GRAPH) == []


def test_nothing_in_the_package_needs_the_package_itself():
    assert [name for name in GRAPH if PACKAGE in GRAPH[name]] == []


def test_no_module_imports_itself_by_way_of_others():
    assert find_circle(GRAPH) == []


@pytest.mark.parametrize(
    "find, module, line, found",
    [
        (ways_out_of_the_engine, "engine/device.py", f"from {PACKAGE}.mlp import MLP", True),
        (ways_out_of_the_engine, "engine/device.py", f"from {PACKAGE} import mlp", True),
        (ways_past_the_door, "mlp.py", f"from {PACKAGE}.engine.device import device_in_use", True),
        (find_circle, "checks.py", f"    from {PACKAGE}.mlp import MLP", True),
        (find_circle, "checks.py", "import numpy", False),
    ],
)
def test_a_wrong_import_is_found(tmp_path, find, module, line, found):
    folder = tmp_path / PACKAGE
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / module).read_text(encoding="utf-8")
    indented = line.startswith(" ")
    (folder / module).write_text(text + (f"\n\ndef f():\n{line}\n" if indented else f"\n{line}\n"), encoding="utf-8")
    assert bool(find(graph(folder))) == found


# The front door -----------------------------------------------------------------------------------------------------

TUTORIAL_NAMES = ["LogisticRegression", "HiddenLayer", "MLP", "dA", "SdA", "load_data", "tile_raster_images"]


def run(program, folder=ROOT, **environment):
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def test_the_page_of_the_package_fits_on_a_screen():
    assert len((FOLDER / "__init__.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_each_module_is_on_the_page_of_its_room():
    for page, folder in [
        (deeplearning_tutorial, FOLDER),
        (importlib.import_module(f"{PACKAGE}.data"), FOLDER / "data"),
    ]:
        here = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__", "moved"}
        here |= {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
        assert [name for name in sorted(here) if f"`{name}`" not in page.__doc__] == []


def test_each_part_of_the_engine_is_in_its_picture():
    parts = {path.stem for path in (FOLDER / "engine").glob("*.py")} - {"__init__"}
    page = importlib.import_module(f"{PACKAGE}.engine").__doc__
    assert [part for part in sorted(parts) if part not in page] == []


@pytest.mark.parametrize("name", TUTORIAL_NAMES)
def test_the_tutorials_names_can_be_had_from_the_root(name):
    assert getattr(deeplearning_tutorial, name).__name__ == name
    assert name in dir(deeplearning_tutorial)


def test_another_name_cannot():
    with pytest.raises(AttributeError, match="no attribute 'MPL'"):
        _ = deeplearning_tutorial.MPL


def test_importing_the_package_imports_neither_numpy_nor_theano():
    program = f"import json, sys, {PACKAGE}; print(json.dumps([name in sys.modules for name in ('numpy', 'theano')]))"
    assert run(program, THEANO_FLAGS="device=cpu") == [False, False]


# Old names ----------------------------------------------------------------------------------------------------------

OLD_NAMES = [
    ("data", "load_data", "data.loading"),
    ("device", "check_machine", "engine.device"),
    ("libgpuarray", "find_devices", "engine.libgpuarray"),
    ("download", "fetch", "data.download"),
    ("images", "read_picture", "data.images"),
    ("preprocessing", "whiten", "data.preprocessing"),
    ("augmentation", "distort", "data.augmentation"),
    ("training", "MinibatchFunction", "minibatches"),
]


@pytest.mark.parametrize("old, name, new", OLD_NAMES, ids=lambda text: text)
def test_what_has_moved_is_found_under_its_old_name_too(old, name, new):
    old_one, new_one = (importlib.import_module(f"{PACKAGE}.{module}") for module in (old, new))
    assert getattr(old_one, name) is getattr(new_one, name)
    assert new_one.__spec__.name == f"{PACKAGE}.{new}"


def test_a_module_has_moved_once_and_not_become_two():
    program = (
        f"import json, {PACKAGE}.device as old, {PACKAGE}.engine.device as new, {PACKAGE}\n"
        f"print(json.dumps([old is new, {PACKAGE}.device is new, new.__name__, new.__spec__.name]))"
    )
    assert run(program, THEANO_FLAGS="device=cpu") == [True, True, *[f"{PACKAGE}.engine.device"] * 2]


# The engine's parts -------------------------------------------------------------------------------------------------

TRAIN = f"""
import json, sys
import {PACKAGE}
import numpy as np, theano, theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from {PACKAGE}.mlp import MLP
from {PACKAGE}.training import MinibatchFunction
from {PACKAGE}.updates import momentum
x, y, rng = T.matrix("x"), T.ivector("y"), np.random.RandomState(0)
mlp = MLP(rng, x, 6, 5, 3)
cost = mlp.with_dropout(MRG_RandomStreams(1), [0.1, 0.5]).negative_log_likelihood(y)
data = theano.shared(rng.normal(size=(40, 6)).astype("float32")), T.cast(theano.shared(np.arange(40.) % 3), "int32")
train = MinibatchFunction([x, y], cost, data, 20, momentum(cost, mlp.params, 0.1))
costs = [float(train(index % 2)) for index in range(6)]
parts = [name.rpartition(".")[2] for name in sys.modules if name.startswith("{PACKAGE}.engine.")]
print(json.dumps([costs, parts]))
"""


# Without `compilation`, each program compiles anew what this one needs; so that it is little.
MULTIPLY = f"""
import json, sys
import {PACKAGE}
import theano, theano.tensor as T
x = T.matrix("x")
result = theano.function([x], T.dot(x, x))([[1, 2], [3, 4]]).tolist()
parts = [name.rpartition(".")[2] for name in sys.modules if name.startswith("{PACKAGE}.engine.")]
print(json.dumps([result, parts]))
"""


def test_the_parts_act_when_theano_is_imported():
    _, parts = run(TRAIN, THEANO_FLAGS="device=cpu")
    assert set(parts) >= {"configuration", "onednn", *import_hook.PARTS}


@pytest.mark.slow(4)
@pytest.mark.parametrize("part", sorted(import_hook.PARTS))
def test_a_part_can_be_taken_out_and_the_numbers_stay(tmp_path, part):
    shutil.copytree(FOLDER, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / PACKAGE / "engine" / part
    shutil.rmtree(path) if path.is_dir() else path.with_suffix(".py").unlink()
    shutil.copy(ROOT / "theanorc.example", tmp_path)
    program = MULTIPLY if part == "compilation" else TRAIN
    flags = f"device=cpu,base_compiledir={compiledir()}"
    numbers, parts = run(program, tmp_path, PYTHONPATH=str(tmp_path), THEANO_FLAGS=flags)
    assert part not in parts
    wanted, all_parts = run(program, THEANO_FLAGS="device=cpu")
    assert part in all_parts
    np.testing.assert_allclose(numbers, wanted, rtol=1e-5)


def compiledir():
    import theano

    return theano.config.base_compiledir
