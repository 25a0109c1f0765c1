"""scripts/compare_devices: the same training on the CPU and on an OpenCL device, which PoCL offers on any processor."""

import json

import numpy as np
import pytest
from own_process import start

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine.libgpuarray import Device
from scripts.benchmarks import compare_devices, comparison

pytestmark = pytest.mark.slow(2.0)  # each, on average

TOLERANCE = 1e-5  # both devices round to float32, and add up in different orders


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A data set that learns smoothly, so that differences do not grow."""
    rng = np.random.RandomState(0)
    arrays = {}
    for name, n_rows in [("train", 300), ("valid", 100), ("test", 100)]:
        arrays[f"x_{name}"] = (rng.uniform(size=(n_rows, 50)) < 0.2).astype("float32")
        arrays[f"y_{name}"] = arrays[f"x_{name}"][:, :10].argmax(axis=1)
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def compared(opencl, digits):
    """The script's exit status, what it prints, and the results that it writes."""
    program = ["-m", "scripts.benchmarks.compare_devices", "--quick", "--steps", "5", "--device", opencl]
    process = start([*program, "--data", str(digits), "--out", str(digits.with_suffix(".json"))])
    output, errors = process.communicate()
    assert digits.with_suffix(".json").exists(), errors
    return process.returncode, output, json.loads(digits.with_suffix(".json").read_text())


def test_the_comparison_finds_no_difference(compared, opencl):
    status, output, _ = compared
    assert status == 0 and f"On {opencl} the losses of 5 steps are those of the CPU" in output
    assert "logistic regression 50-10 |" in output and output.count("validation error") == 2


def test_its_results_are_written(compared, opencl):
    _, _, results = compared
    assert results["device"]["name"] == opencl and results["device"]["memory"] > 0 and results["device"]["description"]
    assert results["versions"].keys() == {"Python", "NumPy", "Theano", "pygpu"}
    assert results["processor"] and results["threads"] >= 1
    assert len(results["models"]) == 6
    for model in results["models"].values():
        assert model[opencl]["gpu_nodes"] > 0 and model["cpu"]["gpu_nodes"] == 0
        assert len(model[opencl]["losses"]) == 5 and model[opencl]["microseconds"] > 0
        assert model["largest_difference"] < TOLERANCE
    assert all(0 <= fitted["validation_error"][-1] <= 1 for fitted in results["fit"].values())


def test_its_results_name_neither_machine_nor_folder(compared):
    _, _, results = compared
    assert results.keys() == {
        "device",
        "cuda_of_the_driver",
        "processor",
        "threads",
        "versions",
        "steps",
        "batch_size",
        "models",
        "fit",
        "seconds",
    }
    assert str(ROOT) not in json.dumps(results)


def problems_of(results, tolerance=comparison.TOLERANCE):
    return comparison.find_problems(results, tolerance)


def test_a_difference_above_the_tolerance_is_a_problem(compared):
    _, _, results = compared
    assert problems_of(results) == []
    problems = problems_of(results, tolerance=0)
    assert problems and all("does not learn on opencl0:0 what it learns on the CPU" in text for text in problems)


def test_a_network_that_is_not_trained_on_the_device_is_a_problem(compared):
    _, _, results = compared
    results = json.loads(json.dumps(results))
    name, model = next(iter(results["models"].items()))
    model["opencl0:0"] = model["cpu"]
    assert problems_of(results) == [f"{name} was not trained on opencl0:0: no operation of its function runs there."]


@pytest.mark.parametrize("losses", [[1, 2.01], [1, float("nan")], [1, float("inf")]])
def test_a_wrong_loss_differs(losses):
    assert comparison.largest_difference([1, 2], [1, 2]) == 0
    assert comparison.largest_difference([1, 2], losses) > comparison.TOLERANCE


def test_a_difference_ends_the_script_with_status_1(compared, monkeypatch, capsys):
    _, _, results = compared

    def run_again(name, arguments):
        models = {model: found[name] for model, found in results["models"].items()}
        return {"models": models, "fit": results["fit"][name], "seconds": 1, "versions": {}, "batch_size": 100}

    monkeypatch.setenv("THEANO_FLAGS", "")
    monkeypatch.setattr(compare_devices, "run_apart", run_again)
    monkeypatch.setattr(compare_devices, "find", lambda name: Device(name, "a processor", 1))
    assert compare_devices.main(["--device", "opencl0:0", "--tolerance", "0"]) == 1
    assert "does not learn on opencl0:0" in capsys.readouterr().out


def test_a_device_that_does_not_work_is_named_without_a_traceback():
    program = ["-m", "scripts.benchmarks.compare_devices", "--device", "cuda1000"]
    process = start(program, flags="device=cuda1000")
    output, errors = process.communicate()
    assert process.returncode == 1 and output.startswith("cuda1000     NO") and "Traceback" not in errors


def test_data_that_are_not_there_are_named_without_a_traceback():
    program = ["-m", "scripts.benchmarks.compare_devices", "--device", "cpu", "--data", "missing.npz"]
    process = start(program, flags="")
    output, errors = process.communicate()
    assert process.returncode == 2 and "there is no file or folder 'missing.npz'" in errors and not output


def test_data_that_cannot_be_read_are_named_without_a_traceback(tmp_path):
    (tmp_path / "digits.npz").write_bytes(b"nothing of the kind")
    program = ["-m", "scripts.benchmarks.compare_devices", "--device", "cpu", "--data", str(tmp_path / "digits.npz")]
    process = start(program, flags="")
    output, errors = process.communicate()
    assert process.returncode == 1 and str(tmp_path / "digits.npz") in errors and "Traceback" not in errors
    assert "training on cpu failed" in output
