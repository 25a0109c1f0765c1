"""The bundle of a GPU node: it is made, and trains where there is no network."""

import ast
import os
import shlex
import shutil

import pytest
from bundling import SCRIPT, call, folder_of_programs, namespace, run

from deeplearning_tutorial import ROOT

pytestmark = pytest.mark.slow(9.3)  # each, on average

# What a machine that is offline, or has not Debian 12's packages, says. Anything else is a failure.
NOT_HERE = [
    "could not be fetched",
    "could not be downloaded",
    "has no package",
    "There is no apt-get here",
    "xz is missing",
    "for x86-64",
]

TRAIN = """
import deeplearning_tutorial
import numpy as np, os, pygpu, sys, theano, theano.tensor as T
from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import sgd

for module in [np, pygpu, theano, deeplearning_tutorial, os]:
    assert module.__file__.startswith(sys.argv[1]), module.__file__
train, valid, test = load_data(sys.argv[1] + "/digits.npz")
x, y = T.matrix("x"), T.ivector("y")
mlp = MLP(np.random.RandomState(1), x, 784, 50, 10)
cost = mlp.negative_log_likelihood(y)
step = MinibatchFunction([x, y], cost, train, 20, updates=sgd(cost, mlp.params, 0.1))
history = fit(step, MinibatchFunction([x, y], mlp.errors(y), valid, 20), mlp.params, n_epochs=3, progress=False)
assert type(step.function.maker.linker).__name__ == "VM_Linker" and theano.config.cxx
assert history.best_validation_error < 0.15, history.best_validation_error
assert len(open("/proc/net/route").readlines()) <= 1, "there is a network"
print("trained on", theano.config.device)
"""


def missing_modules(folder):
    """What the modules of scripts/ in this folder import from scripts/, and is not in this folder."""
    missing = set()
    for path in folder.glob("scripts/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("scripts."):
                package = folder.joinpath(*node.module.split("."))
                # A name that is imported from a package is a module; but ROOT is what __init__.py holds.
                modules = [package / name.name for name in node.names if name.name != "ROOT"]
                for module in modules if package.is_dir() else [package]:
                    if not module.with_suffix(".py").exists():
                        missing.add(module.name)
    return missing


def test_a_node_gets_every_module_that_it_needs(tmp_path):
    call("gather_module", tmp_path)
    assert (tmp_path / "scripts/benchmarks/compare_devices.py").exists()
    assert missing_modules(tmp_path) == set()
    (tmp_path / "scripts/machine.py").unlink()
    (tmp_path / "scripts/benchmarks/networks.py").unlink()
    assert missing_modules(tmp_path) == {"machine", "networks"}


def test_a_node_gets_no_notebook_and_nothing_that_is_compiled(tmp_path):
    call("gather_module", tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".py", ".cpp", ".h", ".example", ""}
    assert sum(path.stat().st_size for path in files) < 2**20


@pytest.fixture(scope="module")
def node_bundle(tmp_path_factory):
    """The bundle of a GPU node, made with whatever network there is."""
    file = tmp_path_factory.mktemp("node") / "node.run"
    answer = run(SCRIPT, "node", file, cwd=ROOT)
    if answer.returncode:
        for reason in NOT_HERE:
            if reason in answer.stdout:
                pytest.skip(f"the bundle cannot be made here: {answer.stdout.strip().splitlines()[-1]}")
        pytest.fail(answer.stdout)
    return file


@pytest.fixture(scope="module")
def node(node_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a node") / "theano-node"
    answer = run("sh", node_bundle, "--extract-only", "--to", folder, cwd="/")
    assert answer.returncode == 0, answer.stdout
    return folder


def on_the_node(node, *arguments):
    """Run the bundle where there is no network, and nothing of this environment but what was compiled there before."""
    offline = namespace("--net")
    return run(
        "env",
        "-i",
        f"THEANO_FLAGS=base_compiledir={shlex.quote(f'{ROOT}/.venv/cache/offline/compiled')}",
        f"PATH={os.environ['PATH']}",
        f"HOME={node.parent}",
        *offline,
        node / "start",
        *arguments,
        cwd=node.parent,
    )


def test_the_node_bundle_has_at_most_20_mebibytes(node_bundle):
    assert node_bundle.stat().st_size <= 20 * 2**20


def test_the_node_bundle_knows_nothing_of_this_machine(node):
    for path in node.rglob("*"):
        assert path.name not in ("__pycache__", "direct_url.json"), path
        if path.is_symlink():
            assert not os.path.isabs(os.readlink(path)) and path.exists(), path
        elif path.is_file():
            text = path.read_bytes()
            assert os.fsencode(ROOT) + b"/" not in text, path


def test_the_node_bundle_trains_without_a_network(node):
    assert shutil.which("g++")
    (node.parent / "train.py").write_text(TRAIN)
    answer = on_the_node(node, "--", "python", "train.py", node)
    assert answer.returncode == 0, answer.stdout
    assert "trained on cpu" in answer.stdout


def test_the_node_bundle_compares_devices(node):
    answer = on_the_node(node, "--device", "cpu", "--help")
    assert answer.returncode == 0, answer.stdout
    assert "--device" in answer.stdout and "--data" in answer.stdout


def test_the_node_bundle_says_when_there_is_no_compiler(node, tmp_path):
    programs = folder_of_programs(tmp_path, "sh", "dirname", "cat", "mkdir", "sed")
    answer = run(node / "start", "--device", "cpu", cwd=tmp_path, PATH=programs)
    assert answer.returncode == 1
    assert "there is no g++ here" in answer.stdout
