"""The same training through libgpuarray: every part of the module on OpenCL, which PoCL offers on any processor."""

import importlib
import inspect
import json
import os
import subprocess
import sys

import numpy as np
import opencl_cases
import pytest
from opencl_cases import CASES, PAIRS, REASONS

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine.libgpuarray import Device, try_device
from scripts.benchmarks import compare_devices

# Both devices round to float32, and add up in different orders: some 1e-7 apart after 20 steps.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def opencl():
    device = try_device("opencl0:0")
    # PoCL that finds no /sys has a problem of its own; any other driver that ends the process has a fault.
    assert not device.problem.startswith("the driver ended the process"), device.problem
    if not device.works and os.environ.get("CI"):
        pytest.fail(f"In continuous integration these tests have to run, and {device.problem}.", pytrace=False)
    if not device.works:
        pytest.skip(device.problem)
    return device.name


def start(program, flags=None):
    """Python in a process of its own, as Theano chooses its device once; with no `THEANO_FLAGS` but these."""
    # Unbuffered, Python loses the rest of a long output when a process that waits for its reader is paused.
    not_ours = {"THEANO_FLAGS", "PYTHONUNBUFFERED"}
    environment = {name: value for name, value in os.environ.items() if name not in not_ours}
    if flags is not None:
        environment["THEANO_FLAGS"] = flags
    return subprocess.Popen(
        [sys.executable, *program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def answer_of(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


@pytest.fixture(scope="module")
def processes(opencl, digits):
    """All that takes long, side by side."""
    script = ["-m", "scripts.benchmarks.compare_devices", "--quick", "--steps", "5", "--device", opencl]
    started = {
        "opencl": start([opencl_cases.__file__], f"device={opencl}"),
        "cpu": start([opencl_cases.__file__], "device=cpu"),
        "comparison": start([*script, "--data", str(digits), "--out", str(digits.with_suffix(".json"))]),
    }
    yield started
    for process in started.values():
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def found(processes):
    """What came of all cases on OpenCL and on the CPU."""
    return {device: answer_of(processes[device]) for device in ("opencl", "cpu")}


# Every case, on both devices ----------------------------------------------------------------------------------------


def check_values(on_opencl, on_the_cpu):
    assert on_opencl["functions"].keys() == on_the_cpu["functions"].keys()
    for name, function in on_the_cpu["functions"].items():
        values = on_opencl["functions"][name]["values"]
        np.testing.assert_allclose(values, function["values"], rtol=TOLERANCE, err_msg=name)
    for ours, theirs in zip(on_opencl["params"], on_the_cpu["params"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def check_gpu(result):
    for name, function in result["functions"].items():
        assert function.get("gpu_nodes", 1), f"{name} computes nothing on the device"


def check_copies(result, listed):
    copies = {name: function["copies"] for name, function in result["functions"].items() if "copies" in function}
    assert copies.keys() == listed.keys()
    for name in listed:
        assert copies[name] == sorted(listed[name]), f"{name} copies what is not listed, or the reverse"


@pytest.mark.parametrize("name", CASES)
def test_twenty_steps_on_opencl_are_those_on_the_cpu(found, name):
    check_values(found["opencl"]["cases"][name], found["cpu"]["cases"][name])


@pytest.mark.parametrize("name", CASES)
def test_each_function_computes_on_the_device(found, name):
    check_gpu(found["opencl"]["cases"][name])


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_copied_but_what_has_to_be(found, name):
    _, listed = CASES[name]
    check_copies(found["opencl"]["cases"][name], listed)
    assert all(REASONS[copy] for copies in listed.values() for copy in copies)


@pytest.mark.parametrize("name", CASES)
def test_the_steps_change_the_values(found, name):
    for function in found["cpu"]["cases"][name]["functions"].values():
        assert len(set(function["values"])) > 1


def test_the_devices_are_these(found, opencl):
    assert found["opencl"]["device"].startswith(opencl) and found["cpu"]["device"] == "cpu"


# The table of cases is complete -------------------------------------------------------------------------------------

# These two only look at their arguments, in Python.
NO_GRAPH = {"positive_integer", "checked_parameter"}
MODULES = ["initialization", "layers", "mlp", "updates", "regularization", "autoencoder", "training"]


def public_names(module):
    """Its functions, its classes and their methods: ``sgd``, ``MLP.__init__``, ``MLP.with_dropout``."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            methods = {method for method, function in vars(thing).items() if inspect.isfunction(function)}
            yield from (f"{name}.{method}" for method in methods if method == "__init__" or not method.startswith("_"))
        else:
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_is_called_by_a_case(found, name):
    module = importlib.import_module(f"deeplearning_tutorial.{name}")
    wanted = set(public_names(module)) - NO_GRAPH
    assert wanted and wanted <= set(found["cpu"]["names"])


def test_a_function_without_a_case_would_be_noticed(found):
    module = importlib.import_module("deeplearning_tutorial.data.download")
    assert not set(public_names(module)) & set(found["cpu"]["names"])


# The checks see what is wrong ---------------------------------------------------------------------------------------


def changed(result, **changes):
    """A case's result with changes to its function `train`."""
    return result | {"functions": {"train": result["functions"]["train"] | changes}}


def test_a_wrong_loss_is_noticed(found):
    right = found["cpu"]["cases"]["classifier"]
    *values, last = right["functions"]["train"]["values"]
    check_values(right, right)
    for wrong in (last * 1.0001, float("nan")):
        with pytest.raises(AssertionError, match="train"):
            check_values(changed(right, values=[*values, wrong]), right)


def test_a_wrong_parameter_is_noticed(found):
    right = found["cpu"]["cases"]["classifier"]
    W, b = right["params"]
    with pytest.raises(AssertionError):
        check_values(right | {"params": [W, [b[0] + 0.001, *b[1:]]]}, right)


def test_a_function_of_the_cpu_does_not_pass_for_one_of_a_device(found):
    with pytest.raises(AssertionError, match="train computes nothing on the device"):
        check_gpu(found["cpu"]["cases"]["classifier"])


def test_a_step_that_passes_through_the_host_is_noticed(found):
    drawn_on_the_host = {"functions": {"train": found["opencl"]["dropout drawn on the host"]}}
    _, listed = CASES["dropout of the input"]
    with pytest.raises(AssertionError, match="matrix to the device, from RandomFunction"):
        check_copies(drawn_on_the_host, listed)


def test_a_listed_copy_that_is_not_made_is_noticed(found):
    with pytest.raises(AssertionError, match="copies what is not listed, or the reverse"):
        check_copies(found["cpu"]["cases"]["classifier"], CASES["classifier"][1])


# What else has to work on a device ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
def test_maximum_and_minimum_are_numpys(found, name):
    maximum, minimum, gpu_nodes = found["opencl"]["maxima and minima"][name]
    for (dtype, values), expected in zip((maximum, minimum), (np.maximum(*PAIRS[name]), np.minimum(*PAIRS[name]))):
        # Theano makes a float64 of a float32 and an int32, as NumPy does.
        assert dtype == expected.dtype and gpu_nodes
        np.testing.assert_array_equal(values, expected)


def test_maximum_has_its_gradient(found):
    assert found["opencl"]["maxima and minima"]["slope"] == [0, 0, 1, 1]


def test_fast_compile_works(found):
    values, gpu_nodes = found["opencl"]["fast compile"]
    np.testing.assert_allclose(values, np.tanh(np.eye(2)), rtol=1e-6)
    assert gpu_nodes


def test_operations_are_fused_on_the_device_though_not_on_the_cpu(found):
    n_fused, excluded = found["opencl"]["fused"]
    assert n_fused and "elemwise_fusion" in excluded.split(":")


def test_a_process_started_from_one_on_the_device_can_use_it_too(found, opencl):
    assert not found["opencl"]["marked as active"]
    assert found["opencl"]["device of a child"].startswith(opencl)


# Choosing the device ------------------------------------------------------------------------------------------------

LOSS_OF_A_SOFTMAX = """
import theano, theano.tensor as T
from deeplearning_tutorial.engine.device import device_in_use
from deeplearning_tutorial.layers import LogisticRegression
x, y = T.matrix(), T.ivector()
layer = LogisticRegression(T.tanh(x + x), 2, 2)
function = theano.function([x, y], layer.negative_log_likelihood(y))
fused = "Composite" in str(function.maker.fgraph.toposort())
loss = float(function([[1, 2], [3, 4]], [0, 1]))
print(json.dumps([device_in_use(), theano.config.optimizer_excluding.split(":"), fused, loss]))
"""


def test_configure_theano_starts_a_device(opencl):
    program = "import json, deeplearning_tutorial as d; d.configure_theano('opencl0:0')" + LOSS_OF_A_SOFTMAX
    device, excluded, fused, loss = answer_of(start(["-c", program]))
    assert device.startswith(opencl) and fused and loss == pytest.approx(np.log(2))
    assert "elemwise_fusion" in excluded


def test_what_the_user_excludes_stays_excluded(opencl):
    program = "import json, deeplearning_tutorial" + LOSS_OF_A_SOFTMAX
    flags = f"device={opencl},optimizer_excluding=fusion"
    device, excluded, fused, loss = answer_of(start(["-c", program], flags))
    assert device.startswith(opencl) and not fused and loss == pytest.approx(np.log(2))
    assert excluded == ["fusion"]


# scripts/compare_devices --------------------------------------------------------------------------------------------


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
def comparison(processes, digits):
    """The script's exit status, what it prints, and the results that it writes."""
    output, errors = processes["comparison"].communicate()
    assert digits.with_suffix(".json").exists(), errors
    return processes["comparison"].returncode, output, json.loads(digits.with_suffix(".json").read_text())


def test_the_comparison_finds_no_difference(comparison, opencl):
    status, output, _ = comparison
    assert status == 0 and f"On {opencl} the losses of 5 steps are those of the CPU" in output
    assert "logistic regression 50-10 |" in output and output.count("validation error") == 2


def test_its_results_are_written(comparison, opencl):
    _, _, results = comparison
    assert results["device"]["name"] == opencl and results["device"]["memory"] > 0 and results["device"]["description"]
    assert results["versions"].keys() == {"Python", "NumPy", "Theano", "pygpu"}
    assert results["processor"] and results["threads"] >= 1
    assert len(results["models"]) == 6
    for model in results["models"].values():
        assert model[opencl]["gpu_nodes"] > 0 and model["cpu"]["gpu_nodes"] == 0
        assert len(model[opencl]["losses"]) == 5 and model[opencl]["microseconds"] > 0
        assert model["largest_difference"] < TOLERANCE
    assert all(0 <= fitted["validation_error"][-1] <= 1 for fitted in results["fit"].values())


def test_its_results_name_neither_machine_nor_folder(comparison):
    _, _, results = comparison
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


def problems_of(results, tolerance=compare_devices.TOLERANCE):
    return compare_devices.find_problems(results, tolerance)


def test_a_difference_above_the_tolerance_is_a_problem(comparison):
    _, _, results = comparison
    assert problems_of(results) == []
    problems = problems_of(results, tolerance=0)
    assert problems and all("does not learn on opencl0:0 what it learns on the CPU" in text for text in problems)


def test_a_network_that_is_not_trained_on_the_device_is_a_problem(comparison):
    _, _, results = comparison
    results = json.loads(json.dumps(results))
    name, model = next(iter(results["models"].items()))
    model["opencl0:0"] = model["cpu"]
    assert problems_of(results) == [f"{name} was not trained on opencl0:0: no operation of its function runs there."]


@pytest.mark.parametrize("losses", [[1, 2.01], [1, float("nan")], [1, float("inf")]])
def test_a_wrong_loss_differs(losses):
    assert compare_devices.largest_difference([1, 2], [1, 2]) == 0
    assert compare_devices.largest_difference([1, 2], losses) > compare_devices.TOLERANCE


def test_a_difference_ends_the_script_with_status_1(comparison, monkeypatch, capsys):
    _, _, results = comparison
    runs = iter(["cpu", "opencl0:0"])

    def run_again(flags, arguments):
        name = next(runs)
        models = {model: found[name] for model, found in results["models"].items()}
        return {"models": models, "fit": results["fit"][name], "seconds": 1, "versions": {}}

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
    assert process.returncode == 1 and "No data set 'missing.npz'" in errors and "Traceback" not in errors
    assert "training on cpu failed" in output
