"""scripts/libraries: the same network in each library; what needs none of them but Theano is tried here."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from scripts.benchmarks import libraries, numpy_engine
from scripts.benchmarks.worker import LIBRARIES


@pytest.fixture(scope="module", autouse=True)
def one_network():
    """The folder that workers import from."""
    folders = [str(libraries.CODE), str(libraries.CODE.parent)]
    sys.path[:0] = folders
    yield
    for folder in folders:
        sys.path.remove(folder)


RNG = np.random.RandomState(1)


def digits(n):
    return RNG.rand(n, 784).astype("float32"), RNG.randint(0, 10, n).astype("int32")


def losses_of(library, network, n_steps):
    """Those of a library on a network, and those that NumPy gives."""
    from engine import Engine

    workload = libraries.NETWORKS[network]
    data = digits(n_steps * workload.batch_size)
    module = __import__(library)
    found = Engine(module, workload, *data, workload.initial_params())
    expected = numpy_engine.Engine(workload, *data, workload.initial_params())
    return found.run(range(n_steps)), expected.run(range(n_steps))


@pytest.mark.slow(30)
@pytest.mark.parametrize("network", libraries.NETWORKS)
@pytest.mark.parametrize("library", ["by_hand", "by_module"])
def test_a_step_on_theano_is_that_of_the_formulas(library, network):
    found, expected = losses_of(library, network, 3)
    assert libraries.largest_difference(found, expected) < 1e-5
    assert libraries.largest_difference([2 * loss for loss in found], expected) == pytest.approx(1, rel=1e-4)


def test_a_graph_comes_with_inputs_before_what_uses_them():
    from engine import Engine

    module = __import__("by_hand")
    workload = libraries.NETWORKS["mlp"]
    nodes = Engine(module, workload, *digits(20), workload.initial_params()).graph()
    assert all(i < place for place, (_, inputs) in enumerate(nodes) for i in inputs)
    labels = [label for label, _ in nodes]
    assert {"input x", "input y"} <= set(labels) and labels.count("weights") == 4
    assert any("tanh" in label for label in labels)


def test_what_theano_chose():
    from theano_choices import gradient, nesterov

    assert gradient(lambda x: x**2, 3) == 6
    plain = nesterov(lambda cost, params, rate, momentum: [(p, p - rate * p) for p in params])
    np.testing.assert_allclose(plain, np.cumprod([0.8, 0.8, 0.9, 0.9]), rtol=1e-6)


def test_labels_that_none_of_the_classes_has_give_a_cost_or_the_name_of_an_error():
    from choices import distinct, labels, spread

    assert labels(lambda label: np.arange(10.0)[label]) == {"-1": "9.0000", "10": "IndexError"}
    assert distinct([[1, 0], [0, 1]]) == [0, 1]
    assert spread([[1, -1]]) == {"deviation": 1, "largest": 1}


@pytest.mark.parametrize("library", LIBRARIES)
def test_code_is_shown_without_what_is_told_about_it_and_its_lines_are_counted(library):
    code = libraries.code_of(library)
    assert "def mlp(" in code and "def lenet(" in code and "def version" not in code
    assert 20 < len(libraries.lines_of_code(library)) < 45


def test_words_for_libraries():
    options = libraries.parse(["--libraries", "lasagne, hand,lasagne"])
    assert options.libraries == ["by_lasagne", "by_hand"]
    assert libraries.parse([]).libraries == list(LIBRARIES)


# --- what came of it


def results():
    found = {
        "losses": [2.0, 1.0],
        "seconds": [0.002, 0.003, 0.001],
        "import_s": 1.0,
        "first_result_s": 0.5,
        "memory_mib": 99.6,
    }
    return {
        "date": "2030-01-02", "threads": 1, "load_before": 0.1, "machine": {"processor": "Abacus"}, "problems": [],
        "versions": {"by_hand": "Theano 1.0.5", "by_jax": "JAX 9"}, "graphs": {"by_hand": [["input x", []], ["tanh", [0]]]},
        "networks": {
            "mlp": {
                "title": "MLP", "expected": [2.0, 1.0],
                "libraries": {"by_hand": {**found, "cold_s": 60.0}, "by_jax": {**found, "losses": [2.0, 1.1]}},
            }
        },
    }  # fmt: skip


def test_the_table_has_a_line_for_each_library():
    table = libraries.tables(results())
    assert "| Theano by hand | 0e+00 | 2,000 | 1.5 | 60 | 100 |" in table
    assert "| JAX | 1e-01 | 2,000 | 1.5 |  | 100 |" in table
    assert "Failed: JAX fell." in libraries.tables({**results(), "problems": ["JAX fell"]})


def test_what_is_written_is_read_again_without_paths_of_this_machine(tmp_path):
    libraries.write({**results(), "problems": ["it fell\n/at/some/path"]}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "libraries-graphs.png",
        "libraries.json",
        "libraries.png",
    ]
    assert libraries.read(tmp_path / "libraries.json")["problems"] == ["it fell"]


@pytest.mark.parametrize("text", ["{}", "[", json.dumps({"threads": 1})])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(SystemExit, match="cannot be read|no file that scripts/libraries wrote"):
        libraries.read(path)


def test_each_node_is_drawn_below_its_inputs():
    texts = {}
    panel = SimpleNamespace(
        plot=lambda *_, **__: None, set=lambda **_: None, axis=lambda _: None,
        text=lambda x, y, label, **_: texts.update({label: (x, y)}),
    )  # fmt: skip
    libraries.draw_graph(panel, [["input x", []], ["weights", []], ["dot", [0, 1]], ["tanh", [2]]])
    assert texts["input x"][1] == texts["weights"][1] > texts["dot"][1] > texts["tanh"][1]


def test_the_lists_of_packages_are_locked():
    for name, pin in ("theano", "lasagne==0.1"), ("theano", "keras==2.3.1"), ("tensorflow", "tensorflow-cpu==2.21.0"):
        text = (libraries.CODE.parent / f"requirements-{name}.txt").read_text()
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith(("#", " "))]
        assert any(line.startswith(pin) for line in pins)
        assert text.count("--hash=sha256:") >= len(pins) and "http" not in text and "file:" not in text
