"""The same training through libgpuarray: on OpenCL, which PoCL offers on any processor."""
import json
import os
import subprocess
import sys

import pytest

# A process of its own for each device, as Theano chooses it once, when it is imported.
TRAIN = """
import json
import deeplearning_tutorial
import numpy as np, theano, theano.tensor as T
from deeplearning_tutorial.device import device_in_use, uses_gpu
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.training import MinibatchFunction
from deeplearning_tutorial.updates import sgd

rng = np.random.RandomState(0)
dataset = (
    theano.shared(rng.uniform(size=(60, 30)).astype("float32")),
    T.cast(theano.shared(rng.randint(10, size=60).astype("float32")), "int32"),
)
x, y = T.matrix("x"), T.ivector("y")
classifier = LogisticRegression(x, n_in=30, n_out=10)
cost = classifier.negative_log_likelihood(y)
train = MinibatchFunction([x, y], cost, dataset, 20, sgd(cost, classifier.params, 0.5))
costs = [float(train(step % 3)) for step in range(20)]
print(json.dumps({"device": device_in_use(), "gpu": uses_gpu(train.function), "costs": costs}))
"""
# The graph's softmax stays on the host: theanorc.example says why.
OPENCL = (
    "device=opencl0:0,optimizer_excluding=elemwise_fusion:local_gpua_crossentropysoftmaxargmax1hotwithbias:"
    "local_gpua_crossentropysoftmax1hotwithbiasdx"
)


def trained_with(flags):
    environment = {**os.environ, "THEANO_FLAGS": flags}
    environment.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)
    done = subprocess.run([sys.executable, "-c", TRAIN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def on_opencl():
    pytest.importorskip("pygpu", reason="pygpu is not installed (scripts/setup says how to get it)")
    # Not in this process: a driver that aborts would take all the tests with it.
    probe = [sys.executable, "-c", "import pygpu; pygpu.init('opencl0:0')"]
    found = subprocess.run(probe, capture_output=True, text=True)
    # PoCL asks /sys for the machine's memory, and aborts where there is none, as in a plain chroot.
    if found.returncode > 0 or "Not enough memory to run on this device" in found.stderr:
        pytest.skip(f"no OpenCL device: {found.stderr.strip()[-200:]}")
    assert found.returncode == 0, f"the OpenCL driver ended the process with signal {-found.returncode}: {found.stderr}"
    return trained_with(OPENCL)


def test_opencl_is_really_used(on_opencl):
    assert on_opencl["device"].startswith("opencl0:0") and on_opencl["gpu"]


def test_training_on_opencl_is_training_on_the_cpu(on_opencl):
    on_the_cpu = trained_with("device=cpu")
    assert on_the_cpu["device"] == "cpu" and not on_the_cpu["gpu"]
    assert on_opencl["costs"] == pytest.approx(on_the_cpu["costs"], rel=1e-4)
    assert on_opencl["costs"][-1] < on_opencl["costs"][0]
