"""scripts/benchmark: what it trains, what it checks and what it computes; its peers, PyTorch and JAX, are not needed."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deeplearning_tutorial import ROOT
from scripts.benchmarks import (
    benchmark,
    busy,
    measure,
    numpy_engine,
    peers,
    processes,
    report,
    scale,
    start,
    theano_engine,
)
from scripts.benchmarks.workloads import WORKLOADS, Workload

TINY = Workload("tiny", (30,), 20, 0.1)
FOLDER = ROOT / "scripts" / "benchmarks"


@pytest.fixture(scope="module")
def digits():
    """Pixels and labels of 1,200 rows: a bright spot for each label, in noise."""
    rng = np.random.RandomState(0)
    labels = rng.randint(10, size=1200).astype("int32")
    pixels = rng.uniform(size=(1200, 784)) * (rng.uniform(size=(1200, 784)) < 0.2)
    pixels[np.arange(1200), 70 * labels] = 1
    return pixels.astype("float32"), labels


@pytest.fixture
def small(monkeypatch, digits):
    """Nothing is installed, no MNIST is read, and NumPy's worker runs in the Python of these tests."""

    def save(path, n_rows):
        np.savez(path, pixels=digits[0][:n_rows], labels=digits[1][:n_rows])
        return path

    monkeypatch.setattr(measure, "save_digits", save)
    monkeypatch.setattr(peers, "make_environment", lambda device: None)
    monkeypatch.setattr(peers, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(benchmark, "WORKLOADS", {"tiny": TINY})
    monkeypatch.setattr(measure, "WORKLOADS", {"tiny": TINY})
    monkeypatch.setattr(measure, "PRODUCT_SIZE", 64)


@pytest.fixture
def small_run(small, tmp_path):
    def run(*arguments):
        return benchmark.main(
            ["--quick", "--rounds", "2", "--threads", "1", "--workloads", "tiny", "--output", str(tmp_path), *arguments]
        )

    return run


def losses(engine, workload, digits, params=None, n_steps=20):
    n_batches = len(digits[0]) // workload.batch_size
    quiet = engine.Engine(workload.without_noise(), *digits, params or workload.initial_params())
    return quiet.run([step % n_batches for step in range(n_steps)])


# Workloads ------------------------------------------------------------------------------------------------------------


def test_flops_of_logistic_regression_are_those_of_two_products():
    # Forward, and the gradient of the weights; nobody needs that of the pixels.
    assert WORKLOADS["logistic"].flops == 2 * (2 * 600 * 784 * 10)


def test_flops_of_an_mlp_are_three_products_a_layer_but_two_for_the_first():
    assert WORKLOADS["mlp-100"].flops == 2 * 20 * (2 * 784 * 100 + 3 * 100 * 10)


def test_flops_of_an_autoencoder_are_five_products_of_the_tied_weights():
    # Encode, decode, the hidden units' gradient, and that of the weights from both sides.
    assert WORKLOADS["dA"].flops == 5 * (2 * 20 * 784 * 500)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_a_workload_survives_the_way_to_another_process(workload):
    assert Workload.from_json(workload.to_json()) == workload


def test_parameters_are_float32_and_the_same_each_time():
    first, second = (WORKLOADS["mlp-momentum"].initial_params() for _ in range(2))
    assert [p.shape for p in first] == [(784, 200), (200,), (200, 100), (100,), (100, 10), (10,)]
    assert all(p.dtype == "float32" for p in first)
    assert all((p == q).all() for p, q in zip(first, second))


# Engines --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORKLOADS)
def test_theano_and_the_formulas_in_numpy_have_the_same_losses(name, digits):
    workload = WORKLOADS[name]
    if name == "deep":
        workload = replace(workload, n_hidden=(60, 50, 40, 30, 20))
    expected = losses(numpy_engine, workload, digits)
    assert measure.find_difference(losses(theano_engine, workload, digits), expected) is None
    assert expected[-1] != expected[0]


@pytest.mark.parametrize(
    "workload",
    [
        TINY,
        replace(TINY, n_hidden=(12, 7), activation="sigmoid"),
        replace(TINY, n_hidden=(12, 7), activation="relu", dropout=(0.2, 0.5, 0.5)),
        replace(TINY, activation="sigmoid", corruption=0.3),
    ],
    ids=["tanh", "sigmoid", "relu with dropout", "autoencoder"],
)
def test_gradients_in_numpy_are_the_slopes_of_the_cost(workload, digits):
    x, y = digits[0][:20].astype("float64"), digits[1][:20]
    rng = np.random.RandomState(2)
    # With biases of zero, a unit whose inputs are all dropped would sit on the kink of the ReLU.
    params = [p + rng.normal(0, 0.05, p.shape) for p in workload.initial_params()]
    engine = numpy_engine.Engine(workload, *digits, params)

    def cost_and_gradients():
        engine.rng = np.random.default_rng(1)  # the same units are dropped each time
        return engine.gradients_of(x, y)

    _, gradients = cost_and_gradients()
    for parameter, gradient in zip(engine.params, gradients):
        for _ in range(5):
            # An input that is never on has a gradient of 0: look where it is not.
            place = tuple(rng.permutation(np.argwhere(gradient))[0])
            middle, costs = parameter[place], []
            for shift in (1e-5, -1e-5):
                parameter[place] = middle + shift
                costs.append(cost_and_gradients()[0])
            parameter[place] = middle
            assert (costs[0] - costs[1]) / 2e-5 == pytest.approx(gradient[place], rel=1e-4, abs=1e-8)


def test_a_step_with_momentum_in_numpy_is_velocity_then_parameter(digits):
    engine = numpy_engine.Engine(replace(TINY, momentum=0.5), *digits, [np.float32([1.0]), np.float32([2.0])])
    for _ in range(2):
        engine.update([np.float32([10.0]), np.float32([0.0])])
    # velocity: -1, then -0.5 - 1
    assert [p.item() for p in engine.params] == pytest.approx([1 - 1 - 1.5, 2.0])


# The check of the losses ----------------------------------------------------------------------------------------------


def test_an_engine_with_other_weights_is_caught(digits):
    params = TINY.initial_params()
    params[0] = params[0] * np.float32(1.01)
    problem = measure.find_difference(losses(numpy_engine, TINY, digits, params), losses(numpy_engine, TINY, digits))
    assert "the loss of step 1 is" in problem


@pytest.mark.parametrize(
    "wrong, said",
    [
        ([2.0, np.nan], "step 2 is nan and NumPy's 1"),
        ([2.0, 1.0002], "step 2 is 1.0002 and NumPy's 1"),
        ([2.0], "1 losses came back, and NumPy has 2"),
    ],
)
def test_losses_that_differ_are_named(wrong, said):
    assert said in measure.find_difference(wrong, [2.0, 1.0])


def test_losses_may_differ_by_rounding():
    assert measure.find_difference([2.0, 1.00009], [2.0, 1.0]) is None


# Ratios and tables ----------------------------------------------------------------------------------------------------


def test_ratios_are_taken_round_by_round():
    # The machine was ten times slower in the second round, and the ratio does not see it.
    assert report.ratios([3.0, 30.0, 3.0], [2.0, 20.0, 2.0]) == [1.5, 1.5, 1.5]


def test_the_geometric_mean_of_twice_and_half_is_one():
    assert report.geometric_mean([2, 0.5]) == pytest.approx(1)
    assert report.geometric_mean([2, 4, 8]) == pytest.approx(4)


def test_the_spread_is_half_the_range_between_the_quartiles():
    assert report.spread([8, 9, 10, 11, 12]) == pytest.approx(0.1)


def found(*microseconds):
    return {"import_s": 1.0, "first_result_s": 3.5, "seconds": [1e-6 * t for t in microseconds], "steps": 9}


@pytest.fixture
def results():
    return {
        "date": "2030-01-02", "machine": {"processor": "Abacus", "processors": 2}, "device": "cpu",
        "versions": {"Theano": "Theano 1", "PyTorch": "PyTorch 2", "PyTorch compiled": "PyTorch 2", "JAX": "JAX 3"},
        "rounds": 3, "product_size": 100, "engines": ["Theano", "PyTorch", "PyTorch compiled", "JAX"],
        "workloads": {
            "a": {"title": "net A, batch 1", "flops": 2_000_000, "theano_cold_first_result_s": 12.25},
            "b": {"title": "net B, batch 1", "flops": 4_000_000, "theano_cold_first_result_s": None},
        },
        "threads": [{
            "threads": 2, "product_s": {"Theano": 1e-4, "JAX": 5e-5},
            "workloads": {
                "a": {"Theano": found(100, 100, 100), "PyTorch": found(300, 500, 620), "JAX": found(200, 200, 200)},
                "b": {"Theano": found(1000, 1000, 1000), "PyTorch": found(500, 500, 500), "JAX": found(900, 900, 900)},
            },
        }],
        "problems": ["PyTorch compiled, a, threads 2: gone"],
    }  # fmt: skip


def test_the_summary_names_the_fastest_peer_of_each_workload(results):
    (summary,) = report.summarize(results)
    assert summary["fastest_peer"]["a"] == {"engine": "JAX", "ratio": pytest.approx(2)}
    assert summary["fastest_peer"]["b"] == {"engine": "PyTorch", "ratio": pytest.approx(0.5)}
    assert summary["fastest_peer_geometric_mean"] == pytest.approx(1)
    assert summary["geometric_means"] == {"PyTorch": pytest.approx(2.5**0.5), "JAX": pytest.approx((2 * 0.9) ** 0.5)}
    assert summary["peak_gflops"] == pytest.approx(40)


def test_the_tables_say_what_was_measured(results):
    lines = report.tables(results).splitlines()
    assert "| net A, batch 1 | **100 ±0 %** | 500 ±16 % | failed | 200 ±0 % | 2.00 |" in lines
    assert "| net B, batch 1 | 1,000 ±0 % | **500 ±0 %** | failed | 900 ±0 % | 0.50 |" in lines
    assert "| geometric mean, relative to Theano | 1 | 1.58 |  | 1.34 | **1.00** |" in lines
    assert "| net A, batch 1 | 2.0 | 20.0 (50 %) | 4.0 (10 %) | failed | 10.0 (25 %) |" in lines
    assert "| net A, batch 1 | 12.2 | 3.5 (2.5) | 3.5 (2.5) | failed | 3.5 (2.5) |" in lines
    assert "| net B, batch 1 | not measured | 3.5 (2.5) | 3.5 (2.5) | failed | 3.5 (2.5) |" in lines
    assert lines[0].startswith("Theano 1, PyTorch 2, JAX 3; on 2 processors of an Abacus, 2030-01-02.")
    assert lines[-1] == "Failed: PyTorch compiled, a, threads 2: gone."


def test_how_images_lie_in_memory_is_asked_only_where_there_are_convolutions():
    engines = ["Theano", "PyTorch", "PyTorch channels last"]
    assert measure.engines_for(TINY, engines) == engines[:2]
    assert measure.engines_for(WORKLOADS["lenet-20"], engines) == engines
    assert report.in_columns({"Theano": "1"}, {"engines": engines}) == ["1", "failed", "–"]


def test_the_arithmetic_of_a_convolution_is_counted():
    """LeNet as the notebook counts it: 288,000, 1,600,000, 400,000 and 5,000 multiplications, and no gradient of the digits."""
    lenet = WORKLOADS["lenet-20"]
    assert lenet.flops == 2 * 20 * (3 * (288_000 + 1_600_000 + 400_000 + 5_000) - 288_000)
    assert lenet.maps == [(1, 28), (20, 12), (50, 4)] and lenet.sizes == (800, 500, 10)
    assert [p.shape for p in lenet.initial_params()[:5]] == [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), (800, 500)]
    assert Workload.from_json(WORKLOADS["convnet"].to_json()) == WORKLOADS["convnet"]


def test_a_workload_that_this_project_failed_has_no_ratio(results):
    del results["threads"][0]["workloads"]["a"]["Theano"]
    (summary,) = report.summarize(results)
    assert list(summary["fastest_peer"]) == ["b"]
    assert report.draw(results).get_axes()


def test_the_figure_has_a_panel_for_each_number_of_threads(results):
    results["threads"] = [results["threads"][0], json.loads(json.dumps(results["threads"][0]))]
    results["threads"][1]["workloads"]["a"]["JAX"] = found(10, 10, 10)
    panels = report.draw(results).get_axes()
    low, high = panels[0].get_xlim()
    assert low < 0.1 and high > 5  # every bar is there in full
    assert [panel.get_title() for panel in panels] == ["2 threads", "2 threads"]
    texts = [text.get_text() for text in panels[0].texts]
    assert sorted(texts) == ["0.50", "0.90", "2.00", "5.00"]


# The whole way, with NumPy alone --------------------------------------------------------------------------------------


def test_what_was_measured_is_written_and_can_be_printed_again(small_run, tmp_path, capfd):
    assert small_run("--engines", "NumPy") == 0
    table, progress = capfd.readouterr()
    # Whoever stops a long run has seen this.
    assert re.search(r"^  µs a step: \w+ [\d,]+", progress, re.MULTILINE)
    text = (tmp_path / "benchmark.json").read_text()
    measured = json.loads(text)["threads"][0]["workloads"]["tiny"]["NumPy"]
    assert len(measured["seconds"]) == 2 and min(measured["seconds"]) > 0
    assert len(measured["losses"]) == 20 and measured["steps"] >= 5 and measured["memory_mib"] > 1
    assert str(tmp_path) not in text and str(ROOT) not in text and os.uname().nodename not in text
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["benchmark.json", "benchmark.png"]

    assert benchmark.main(["--report", str(tmp_path / "benchmark.json")]) == 0
    assert capfd.readouterr().out == table


def test_an_engine_that_computes_something_else_fails_by_name(small_run, tmp_path, monkeypatch, capfd):
    changed = shutil.copytree(FOLDER, tmp_path / "changed", ignore=shutil.ignore_patterns("__pycache__"))
    source = (changed / "workloads.py").read_text()
    assert "np.sqrt(6 /" in source
    (changed / "workloads.py").write_text(source.replace("np.sqrt(6 /", "np.sqrt(6.01 /"))
    monkeypatch.setattr(processes, "WORKER", changed / "worker.py")
    assert small_run("--engines", "NumPy") == 1
    assert "NumPy, tiny, threads 1: the loss of step 1 is 2." in capfd.readouterr().err
    assert json.loads((tmp_path / "benchmark.json").read_text())["threads"][0]["workloads"]["tiny"] == {}


def test_a_worker_that_dies_is_named_with_its_last_words_and_the_others_go_on(small_run, tmp_path, monkeypatch, capfd):
    # PyTorch is not in the Python of these tests; where it were, a folder that shadows it would not have its parts.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("raise ImportError('no such library')\n")
    assert small_run("--engines", "PyTorch,NumPy") == 1
    said = capfd.readouterr()
    assert "PyTorch, tiny, threads 1: the worker ended (exit status 1)" in said.err
    assert "ImportError: no such library" in said.err
    assert "failed" in said.out
    written = json.loads((tmp_path / "benchmark.json").read_text())
    assert list(written["threads"][0]["workloads"]["tiny"]) == ["NumPy"]
    assert str(ROOT) not in json.dumps(written)


def test_noise_of_another_rate_is_caught(tmp_path, digits):
    np.savez(tmp_path / "digits.npz", pixels=digits[0], labels=digits[1])
    workload = replace(TINY, dropout=(0.5, 0.5))
    expected, less_noise = (
        measure.expected_costs(replace(workload, dropout=(rate, rate)), tmp_path / "digits.npz") for rate in (0.5, 0.2)
    )
    contest = measure.Contest("tiny", workload, ["JAX"], tmp_path / "digits.npz", None)
    contest.expected = expected

    class StandIn:
        def __init__(self, answers):
            self.answers = answers

        def ask(self, command, number):
            return self.answers[0] if command == "check" else [self.answers[1]] * number

    contest.found = {"JAX": {}}
    contest.check("JAX", StandIn(expected))
    with pytest.raises(processes.WorkerError, match="the mean cost of 200 steps is"):
        contest.check("JAX", StandIn([expected[0], less_noise[1]]))


# Bad arguments and locks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--workloads", "mlp-100,nothing"], "'nothing' is none of logistic, mlp-100"),
        (["--engines", "Torch"], "'Torch' is none of Theano, NumPy, PyTorch"),
        (["--threads", "0"], "'0' is no number of threads from 1 to"),
        (["--threads", "1,9999"], "'9999' is no number of threads from 1 to"),
        (["--rounds", "0"], "'0' is no number of rounds"),
        (["--device", "tpu"], "'tpu'"),
        (["--device", "cuda", "--engines", "NumPy"], "NumPy computes on the CPU only"),
    ],
)
def test_a_bad_argument_is_named_with_the_choices(arguments, said, capsys):
    with pytest.raises(SystemExit) as error:
        benchmark.main(arguments)
    assert error.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("content, said", [("{", "cannot be read"), ("{}", "no file that scripts/benchmark wrote")])
def test_a_report_of_something_else_is_refused(content, said, tmp_path):
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(SystemExit, match=said):
        benchmark.main(["--report", str(path)])


def test_quick_writes_nothing_unless_told():
    assert benchmark.parse(["--quick"]).output is None
    assert benchmark.parse([]).output == ROOT / "results"


def test_each_thing_that_grows_changes_its_workload():
    for values, case in scale.GROWTH.values():
        assert len({case(value) for value in values}) == len(values)


def test_the_peers_are_locked_and_cuda_adds_to_them():
    pinned = {}
    for name in ("requirements", "requirements-cuda"):
        text = (FOLDER / f"{name}.txt").read_text()
        pinned[name] = {line.split()[0] for line in text.splitlines() if "==" in line and not line.startswith("#")}
        assert text.count("--hash=sha256:") >= len(pinned[name])
        assert "http" not in text and "file:" not in text
    assert {"torch==2.15.0", "jax==0.10.2"} <= pinned["requirements"] < pinned["requirements-cuda"]


def test_the_figure_of_what_grows_has_four_panels_and_the_table_every_point():
    growth = {
        what: [
            {"value": n, "flops": 1e6 * n, "seconds": [1e-3 * n] * 3, "memory_mib": 100.0 + n, "steps": 5}
            for n in (1, 4)
        ]
        for what in scale.GROWTH
    }
    measured = {
        "machine": {"processor": "Abacus", "processors": 2}, "date": "2030-01-02", "threads": 2, "product_size": 100,
        "product_s": {"Theano": 1e-3}, "growth": growth, "problems": [],
    }  # fmt: skip
    assert scale.tables(measured).count("| 4 | 4,000 | 1.0 | 50 % | 104 |") == 4
    assert len(scale.draw(measured).get_axes()) == 2 * 4


# The start -----------------------------------------------------------------------------------------------------------


def test_a_set_up_is_timed_in_its_parts(capfd):
    script = "echo hello; echo '[1/2] Packages'; sleep 1; echo '      many'; echo '[2/2] Data'"
    parts = start.time_setup(["bash", "-c", script])
    assert list(parts) == ["Packages", "Data"]
    assert 0 <= parts["Data"] < 1 <= parts["Packages"]
    assert "      many" in capfd.readouterr().err


def test_a_set_up_that_fails_is_no_measurement():
    with pytest.raises(subprocess.CalledProcessError):
        start.time_setup(["bash", "-c", "echo '[1/2] Packages'; exit 3"])


def test_the_cells_that_are_timed_are_in_the_notebook():
    notebook = json.loads((ROOT / start.NOTEBOOK).read_text())
    assert set(start.MILESTONES) - {"all"} <= {cell["id"] for cell in notebook["cells"]}


def test_cells_are_timed_from_before_the_kernel_starts(tmp_path):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

    cells = [
        new_code_cell("import time", id="imports"),
        new_markdown_cell("Wait.", id="text"),
        new_code_cell("time.sleep(0.3)", id="wait"),
    ]
    path = tmp_path / "tiny.ipynb"
    path.write_text(writes(new_notebook(cells=cells)))
    answer = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.start", path], capture_output=True, text=True, check=True
    )
    times = json.loads(answer.stdout)
    assert list(times) == ["imports", "wait", "all"]
    assert 0 < times["imports"] < times["wait"] - 0.3 and times["wait"] <= times["all"]


def test_a_start_is_measured_reported_and_written(monkeypatch, tmp_path, capsys):
    environments = []
    monkeypatch.setenv("THEANORC", str(ROOT / "theanorc.example"))

    def set_up(command, environment):
        environments.append(environment)
        return {"Python": 2.0, "Data": 3.0}

    monkeypatch.setattr(start, "time_setup", set_up)
    seconds = {"imports": 1.0, "batch-descent": 2.5, "tutorial-run": 4.0, "all": 9.0}

    def run(command, env=None, **_):
        environments.append(env or {})
        return subprocess.CompletedProcess(command, 0, stdout=json.dumps(seconds))

    monkeypatch.setattr(start.subprocess, "run", run)
    assert benchmark.main(["--start", "--output", str(tmp_path)]) == 0
    # What is set up in this folder must not help the clone.
    assert len(environments) == 4 and not any(str(ROOT) in value for each in environments for value in each.values())
    printed = capsys.readouterr().out
    assert "| Data | 3.0 |" in printed and "| a first network is trained | 2.5 | 2.5 |" in printed
    assert "| **ready to begin** | **5.0** |" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["benchmark-start.json"]
    assert benchmark.main(["--report", str(tmp_path / "benchmark-start.json")]) == 0
    assert capsys.readouterr().out == printed


# A busy machine -------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy_run(small, monkeypatch, tmp_path):
    monkeypatch.setattr(busy, "WORKLOADS", {"tiny": TINY})
    monkeypatch.setattr(busy, "QUICK_N_PROGRAMS", [0, 1])
    monkeypatch.setattr(busy, "TURN", 0.1)

    def run(*arguments):
        return benchmark.main(
            ["--busy", "--quick", "--rounds", "2", "--workloads", "tiny", "--output", str(tmp_path), *arguments]
        )

    return run


@pytest.mark.slow(4)
def test_engines_are_measured_beside_a_program_with_the_threads_that_they_take_by_themselves(
    busy_run, tmp_path, monkeypatch, capfd
):
    # Other tests may have left more such variables, as workers of Dask do.
    for name in os.environ.keys() - processes.without_threads(os.environ).keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("import os, sys; sys.exit(f'told: {os.environ.get(\"OMP_NUM_THREADS\")}')\n")
    assert busy_run("--engines", "PyTorch,NumPy") == 1
    said = capfd.readouterr()
    assert "choose their threads by themselves here, without your OMP_NUM_THREADS" in said.err
    assert "told: None" in said.err
    assert "PyTorch, tiny, alone: the worker ended" in said.out and "| PyTorch | failed | failed |" in said.out
    written = json.loads((tmp_path / "benchmark-busy.json").read_text())
    alone, beside = written["busy"]["tiny"]["programs"]
    assert alone["programs"] == 0 and alone["shares"] == []
    assert beside["programs"] == 1 and 0.05 < beside["shares"][0] <= 1.05
    for case in (alone, beside):
        assert list(case["engines"]) == ["NumPy"]
        assert len(case["engines"]["NumPy"]["seconds"]) == 2 and min(case["engines"]["NumPy"]["seconds"]) > 0
    assert written["kernels"] == []  # these are this project's
    assert (tmp_path / "benchmark-busy.png").read_bytes().startswith(b"\x89PNG")
    assert benchmark.main(["--report", str(tmp_path / "benchmark-busy.json")]) == 0
    assert capfd.readouterr().out.partition("Failed:")[0] == said.out.partition("Failed:")[0] != ""


@pytest.mark.slow(2)
def test_this_project_is_measured_with_one_thread_too_and_its_kernels_side_by_side(busy_run, monkeypatch, tmp_path):
    seen = []

    def run_side_by_side(n_kernels, n_programs):
        seen.append((n_kernels, n_programs))
        raise busy.kernels.KernelError("gone")

    class StandIn:
        def __init__(self, engine, workload, data, setting):
            assert setting.n_processors == len(os.sched_getaffinity(0))
            seen.append((engine, setting.n_threads))

        def first_answer(self):
            return {"version": "Theano 1", "import_s": 1.0, "first_result_s": 2.0}

        def ask(self, command, number):
            if command == "check":
                return []
            assert (command, number) == ("settle", 100)
            time.sleep(0.1)
            return {"seconds": 1e-4, "processor_s": 2e-4, "steps": 1000}

        def close(self):
            pass

    monkeypatch.setattr(busy, "Worker", StandIn)
    monkeypatch.setattr(measure, "expected_costs", lambda *_: ([], None))
    monkeypatch.setattr(busy.kernels, "run_side_by_side", run_side_by_side)
    assert busy_run("--engines", "Theano") == 1
    assert seen == [("Theano", None), ("Theano", 1), *busy.QUICK_N_KERNELS]
    written = json.loads((tmp_path / "benchmark-busy.json").read_text())
    assert written["problems"] == [
        "notebook 01 in 1 kernel, beside 2 programs: gone",
        "notebook 01 in 2 kernels, alone: gone",
    ]
    assert list(written["busy"]["tiny"]["programs"][1]["engines"]) == ["Theano", "Theano, one thread"]
