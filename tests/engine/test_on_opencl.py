"""The same training through libgpuarray: every part of the module on OpenCL, which PoCL offers on any processor."""

import importlib
import inspect
import json

import numpy as np
import opencl_cases
import pytest
from opencl_cases import CASES, PAIRS, REASONS
from own_process import start

pytestmark = pytest.mark.slow(0.5)  # each, on average

# Both devices round to float32, and add up in different orders: some 1e-7 apart after 20 steps.
TOLERANCE = 1e-5


def answer_of(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


@pytest.fixture(scope="module")
def processes(opencl):
    """All that takes long, side by side."""
    started = {
        "opencl": start([opencl_cases.__file__], f"device={opencl}"),
        "cpu": start([opencl_cases.__file__], "device=cpu"),
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

# These only look at their arguments, or back, in Python.
NO_GRAPH = {"positive_integer", "checked_parameter", "last_history"}
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
