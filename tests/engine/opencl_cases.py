"""Every part of the module, 20 steps each, on whatever device Theano has: test_on_opencl.py compares two devices.

A case builds and compiles something, and returns what to call: one function, or several by name, in the order in which
to call them. Each is called with the numbers of mini-batches and returns a number, such as the cost. Beside a case
stands what its functions copy between host and device in every call, so that a test fails when somebody adds a copy.

``THEANO_FLAGS=device=opencl0:0 python tests/opencl_cases.py`` prints what came of all cases, as JSON.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import deeplearning_tutorial

# isort: split
import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

from deeplearning_tutorial.autoencoder import DeepAutoencoder, SdA, dA, pretrain
from deeplearning_tutorial.engine.device import count_gpu_operations, device_in_use
from deeplearning_tutorial.initialization import glorot_uniform, he_normal
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, dropout
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.regularization import adversarial_examples, l1, l2, max_norm
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import (
    apply_momentum,
    apply_nesterov_momentum,
    exponential_decay,
    linear_decay,
    momentum,
    nesterov_momentum,
    sgd,
)

N_STEPS, N_EXAMPLES, BATCH_SIZE, N_IN, N_OUT = 20, 60, 20, 30, 10
N_BATCHES = N_EXAMPLES // BATCH_SIZE


# What is copied, and why it has to be -------------------------------------------------------------------------------

LOSS, ITS_GRADIENT = "CrossentropySoftmaxArgmax1HotWithBias", "CrossentropySoftmax1HotWithBiasDx"
REASONS = {
    f"matrix to the host, for {LOSS}": "The scores. On OpenCL the cross-entropy of a softmax is the host's.",
    f"vector to the host, for {LOSS}": "The biases of the scores; and the labels, where no gradient is asked for.",
    f"vector to the host, for {ITS_GRADIENT} and {LOSS}": "The labels.",
    f"matrix to the device, from {ITS_GRADIENT}": "The gradient of the scores.",
    f"vector to the device, from {LOSS}": "The losses of the examples, where their mean is added to sums of weights.",
    "scalar to the host, for the output": "The cost, or what else the function returns.",
    "scalar to the device, from a variable": "A learning rate or a corruption level: Theano keeps single numbers on the host.",
    "matrix to the host, for Argmax": "The scores. Theano has no argmax of its own for a GPU.",
    "vector to the device, from Argmax": "The predictions, to be compared with the labels.",
}
OUTPUT = ["scalar to the host, for the output"]
NUMBER = ["scalar to the device, from a variable"]
CLASSIFIER = [
    f"matrix to the host, for {LOSS}",
    f"vector to the host, for {LOSS}",
    f"vector to the host, for {ITS_GRADIENT} and {LOSS}",
    f"matrix to the device, from {ITS_GRADIENT}",
]
WITH_PENALTY = [*CLASSIFIER, f"vector to the device, from {LOSS}", *OUTPUT]
LIKELIHOOD = [f"matrix to the host, for {LOSS}", f"vector to the host, for {LOSS}", f"vector to the host, for {LOSS}"]
ERRORS = ["matrix to the host, for Argmax", "vector to the device, from Argmax", *OUTPUT]

CASES = {}


def case(**copies):
    """Enter a function among the cases; for each function that it compiles, by name, what every call copies."""

    def enter(build):
        CASES[build.__name__.replace("_", " ")] = build, copies
        return build

    return enter


# Layers and initializations -----------------------------------------------------------------------------------------


def digits():
    """Examples as `load_data` returns them, and labels that can be learned."""
    rng = np.random.RandomState(0)
    features = rng.uniform(size=(N_EXAMPLES, N_IN)).astype("float32")
    labels = (features @ rng.normal(size=(N_IN, N_OUT))).argmax(axis=1).astype("float32")
    return theano.shared(features), T.cast(theano.shared(labels), "int32")


def x_and_y():
    return T.matrix("x"), T.ivector("y")


def trained(x, y, network, rule=sgd, penalty=0, **options):
    """The function that trains a classifier on the digits, and its parameters."""
    cost = network.negative_log_likelihood(y) + penalty
    updates = rule(cost, network.params, **options)
    return MinibatchFunction([x, y], cost, digits(), BATCH_SIZE, updates), network.params


def mlp(n_hidden, activation, initialization=None):
    x, y = x_and_y()
    network = MLP(np.random.RandomState(1), x, N_IN, n_hidden, N_OUT, activation, initialization)
    return trained(x, y, network, learning_rate=0.3)


def logistic_regression(rule, **options):
    x, y = x_and_y()
    return trained(x, y, LogisticRegression(x, N_IN, N_OUT), rule, **options)


@case(train=CLASSIFIER)
def classifier():
    return logistic_regression(sgd, learning_rate=0.5)


@case(train=CLASSIFIER)
def mlp_with_tanh():
    return mlp(12, T.tanh)


@case(train=CLASSIFIER)
def mlp_with_sigmoid():
    return mlp(12, T.nnet.sigmoid)


@case(train=CLASSIFIER)
def mlp_with_relu():
    return mlp([12, 8], T.nnet.relu, he_normal)


@case(train=CLASSIFIER)
def linear_hidden_layer():
    x, y = x_and_y()
    hidden = HiddenLayer(np.random.RandomState(1), x, N_IN, 12, activation=None, initialization=glorot_uniform)
    network = LogisticRegression(hidden.output, 12, N_OUT)
    network.params += hidden.params
    return trained(x, y, network, learning_rate=0.3)


@case(train=CLASSIFIER)
def dropout_of_the_input():
    x, y = x_and_y()
    return trained(x, y, LogisticRegression(dropout(MRG_RandomStreams(5), x, 0.3), N_IN, N_OUT), learning_rate=0.3)


@case(train=CLASSIFIER)
def mlp_with_dropout():
    x, y = x_and_y()
    network = MLP(np.random.RandomState(1), x, N_IN, 12, N_OUT, T.nnet.relu, he_normal)
    return trained(x, y, network.with_dropout(MRG_RandomStreams(5), [0.2, 0.5]), learning_rate=0.1)


@case(train=[*CLASSIFIER, f"matrix to the host, for {LOSS}", f"matrix to the device, from {ITS_GRADIENT}"])
def mlp_on_adversarial_examples():
    x, y = x_and_y()
    network = MLP(np.random.RandomState(1), x, N_IN, 12, N_OUT, T.tanh)
    worse = adversarial_examples(network.negative_log_likelihood(y), x, 0.1)
    return trained(x, y, network.with_dropout(MRG_RandomStreams(5), [0.2, 0.5], worse), learning_rate=0.1)


# Updates and regularizers -------------------------------------------------------------------------------------------


@case(train=CLASSIFIER)
def one_rate_for_each_parameter():
    return logistic_regression(sgd, learning_rate=[0.5, 0.1])


@case(train=CLASSIFIER)
def gradient_descent_with_momentum():
    return logistic_regression(momentum, learning_rate=0.1)


@case(train=CLASSIFIER)
def gradient_descent_with_nesterov_momentum():
    return logistic_regression(nesterov_momentum, learning_rate=0.1)


@case(train=CLASSIFIER)
def momentum_of_other_updates():
    return logistic_regression(lambda cost, params: apply_momentum(sgd(cost, params, [0.2, 0.1]), 0.5))


@case(train=CLASSIFIER)
def nesterov_momentum_of_other_updates():
    return logistic_regression(lambda cost, params: apply_nesterov_momentum(sgd(cost, params, [0.2, 0.1]), 0.5))


@case(train=CLASSIFIER + NUMBER)
def a_rate_that_decays():
    rate = theano.shared(np.float32(0.5))
    train, params = logistic_regression(lambda cost, params: sgd(cost, params, rate) | exponential_decay(rate, 0.9))
    return train, [*params, rate]


@case(train=CLASSIFIER + NUMBER)
def a_rate_that_falls_to_zero():
    rate = theano.shared(np.float32(0.5))
    train, params = logistic_regression(lambda cost, params: sgd(cost, params, rate) | linear_decay(rate, 9))
    return train, [*params, rate]


@case(train=WITH_PENALTY)
def penalties():
    x, y = x_and_y()
    network = LogisticRegression(x, N_IN, N_OUT)
    return trained(x, y, network, penalty=0.01 * l1([network.W]) + 0.02 * l2([network.W]), learning_rate=0.3)


@case(train=CLASSIFIER)
def columns_of_limited_length():
    return logistic_regression(lambda cost, params: max_norm(sgd(cost, params, 0.5), params[:1], limit=0.1))


# Autoencoders -------------------------------------------------------------------------------------------------------


def autoencoder(corruption_level, loss):
    da = dA(np.random.RandomState(1), n_visible=N_IN, n_hidden=12)
    cost, updates = da.get_cost_updates(corruption_level, 0.1, loss)
    return MinibatchFunction([da.x], cost, digits()[:1], BATCH_SIZE, updates), da.params


@case(train=OUTPUT)
def autoencoder_with_cross_entropy():
    return autoencoder(0, "cross-entropy")


@case(train=OUTPUT)
def denoising_autoencoder_with_cross_entropy():
    return autoencoder(0.3, "cross-entropy")


@case(train=OUTPUT)
def denoising_autoencoder_with_squared_error():
    return autoencoder(0.3, "squared-error")


@case(train=OUTPUT)
def linear_code_with_momentum():
    da = dA(np.random.RandomState(1), n_visible=N_IN, n_hidden=4, activation=None)
    cost = da.reconstruction_cost()
    return MinibatchFunction([da.x], cost, digits()[:1], BATCH_SIZE, momentum(cost, da.params, 0.01)), da.params


@case(layer_1=OUTPUT + 2 * NUMBER, layer_2=OUTPUT + 2 * NUMBER, finetune=CLASSIFIER)
def stacked_autoencoders():
    sda = SdA(np.random.RandomState(1), None, N_IN, [12, 8], N_OUT, corruption_levels=[0.1, 0.3])
    layer_1, layer_2 = sda.pretraining_functions(digits()[0], BATCH_SIZE)
    finetune, validate, test = sda.build_finetune_functions([digits()] * 3, BATCH_SIZE, 0.3)
    functions = {"layer_1": layer_1, "layer_2": layer_2, "finetune": finetune}
    functions["validate and test"] = lambda index: validate()[index] + test()[index]
    return functions, sda.params


@case(finetune=OUTPUT, reconstruct=OUTPUT)
def deep_autoencoder():
    deep = DeepAutoencoder(np.random.RandomState(1), None, N_IN, [12, 3], corruption_levels=0.2)
    costs = pretrain(deep, digits()[0], BATCH_SIZE, N_STEPS, [0.1, 0.02], progress=False)
    cost = deep.reconstruction_cost()
    finetune = MinibatchFunction([deep.x], cost, digits()[:1], BATCH_SIZE, sgd(cost, deep.params, 0.02))
    reconstruct = MinibatchFunction([deep.x], T.sum(deep.reconstruction**2), digits()[:1], BATCH_SIZE)
    return {"pretrain": costs.ravel(), "finetune": finetune, "reconstruct": reconstruct}, deep.params


# Training and validating --------------------------------------------------------------------------------------------


@case(train=CLASSIFIER, errors=ERRORS, likelihood=LIKELIHOOD, probability=OUTPUT)
def early_stopping():
    x, y = x_and_y()
    network = MLP(np.random.RandomState(1), x, N_IN, 12, N_OUT)
    train, params = trained(x, y, network, learning_rate=0.3)

    def computing(output, inputs):
        return MinibatchFunction(inputs, output, digits()[: len(inputs)], BATCH_SIZE)

    functions = {
        "errors": computing(network.errors(y), [x, y]),
        "likelihood": computing(network.negative_log_likelihood(y), [x, y]),
        "probability": computing(T.sum(network.p_y_given_x**2), [x]),
    }
    history = fit(train, functions["errors"], params, n_epochs=N_STEPS, patience=None, progress=False)
    return {"fit": history.train_cost + history.validation_error, "train": train, **functions}, params


# What comes of a case -----------------------------------------------------------------------------------------------


def run(build):
    functions, params = build()
    if not isinstance(functions, dict):
        functions = {"train": functions}
    found = {name: called(function) for name, function in functions.items()}
    return {"functions": found, "params": [np.asarray(parameter.get_value()).tolist() for parameter in params]}


def called(function):
    """What a function returns in 20 calls; of a compiled one also what it copies, and how much runs on a GPU."""
    if not callable(function):
        return {"values": [float(value) for value in function]}
    values = [float(function(step % N_BATCHES)) for step in range(N_STEPS)]
    compiled = getattr(function, "function", function)
    if not hasattr(compiled, "maker"):
        return {"values": values}
    return {"values": values, "copies": copies_in(compiled), "gpu_nodes": count_gpu_operations(compiled)}


def nodes(function):
    return [(type(node.op).__name__, node) for node in function.maker.fgraph.toposort()]


def copies_in(function):
    """In words, and in the order of the alphabet: what a function copies between host and device."""
    copies = []
    for name, node in nodes(function):
        (copy, *_) = node.outputs
        if name == "HostFromGpu":
            users = ["the output" if user == "output" else type(user.op).__name__ for user, _ in copy.clients]
            copies.append(f"{kind_of(copy)} to the host, for {' and '.join(sorted(set(users)))}")
        elif name == "GpuFromHost":
            source = node.inputs[0].owner
            copies.append(f"{kind_of(copy)} to the device, from {type(source.op).__name__ if source else 'a variable'}")
    return sorted(copies)


def kind_of(variable):
    return ["scalar", "vector", "matrix", "tensor3"][variable.ndim]


# What else has to work on a GPU -------------------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")
PAIRS = {
    "floats": (np.float32([1, NAN, 3, NAN, -INF, 2, -0.5]), np.float32([2, 1, NAN, NAN, INF, 2, -0.25])),
    "a float and a whole number": (np.float32([1, NAN, -3, INF]), np.int32([0, 0, 0, 0])),
    "whole numbers": (np.int32([1, -5, 7]), np.int32([3, -8, 7])),
}


def maxima_and_minima():
    found = {}
    for name, (a, b) in PAIRS.items():
        x, y = T.vector(dtype=a.dtype), T.vector(dtype=b.dtype)
        function = theano.function([x, y], [T.maximum(x, y), T.minimum(x, y)])
        results = [np.asarray(result) for result in function(a, b)]
        found[name] = [[str(result.dtype), result.tolist()] for result in results] + [count_gpu_operations(function)]
    x = T.vector()
    slope = theano.function([x], T.grad(T.maximum(x, 0).sum(), x))
    return found | {"slope": np.asarray(slope(np.float32([-2, -1, 1, 2]))).tolist()}


def fast_compile():
    x = T.matrix("x")
    function = theano.function([x], T.tanh(T.dot(x, x)), mode="FAST_COMPILE")
    return [np.asarray(function(np.eye(2, dtype="float32"))).tolist(), count_gpu_operations(function)]


def fused():
    train, _ = mlp_with_tanh()
    fused_on_the_gpu = sum(
        name == "GpuElemwise" and "Composite" in str(node.op) for name, node in nodes(train.function)
    )
    return [fused_on_the_gpu, theano.config.optimizer_excluding]


def a_process_of_a_process():
    program = "import deeplearning_tutorial; from deeplearning_tutorial.engine.device import device_in_use; print(device_in_use())"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return child.stdout.strip() or child.stderr


def dropout_drawn_on_the_host():
    """What one would rather not do: these random numbers exist on the host only."""
    x, y = x_and_y()
    return trained(x, y, LogisticRegression(dropout(RandomStreams(5), x, 0.3), N_IN, N_OUT), learning_rate=0.3)


def what_else():
    return {
        "maxima and minima": maxima_and_minima(),
        "fast compile": fast_compile(),
        "fused": fused(),
        "device of a child": a_process_of_a_process(),
        "marked as active": "THEANO_GPU_IS_ALREADY_ACTIVE" in os.environ,
        "dropout drawn on the host": run(dropout_drawn_on_the_host)["functions"]["train"],
    }


def main():
    folder, names = str(Path(deeplearning_tutorial.__file__).parent), set()

    def remember(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(folder):
            names.add(frame.f_code.co_qualname)

    on_the_cpu = device_in_use() == "cpu"
    # Once is enough, and it takes time.
    sys.setprofile(remember if on_the_cpu else None)
    cases = {name: run(build) for name, (build, _) in CASES.items()}
    sys.setprofile(None)
    results = {"device": device_in_use(), "cases": cases, "names": sorted(names)}
    print(json.dumps(results if on_the_cpu else results | what_else()))


if __name__ == "__main__":
    main()
