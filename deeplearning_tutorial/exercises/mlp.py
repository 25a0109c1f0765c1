"""The exercises of notebook 02."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    diagnose,
    number_of,
    result_of,
    same,
    sigmoid,
    values_of,
    without_own_input,
)
from deeplearning_tutorial.mlp import MLP

EXERCISES = {}

# --- An artificial neuron --------------------------------------------------------------------------------------------


def neuron(x, w, b):
    """The answer of a neuron with the sigmoid as its activation function."""
    return T.nnet.sigmoid(b + T.dot(w, x))


def _examine_neuron(answer):
    x, w, b = T.vector("x"), T.vector("w"), T.scalar("b")
    found = result_of(answer, x, w, b)
    if not isinstance(found, theano.Variable):
        raise Wrong(
            "It returns no symbolic expression. Use `x`, `w` and `b` as they are: arithmetic on them builds the graph."
        )
    inputs, weights, bias = (np.array(v, dtype=theano.config.floatX) for v in ([1, -2, 0.5], [0.3, 0.4, -1], 0.7))
    found = values_of(found, [x, w, b], [inputs, weights, bias])
    total = weights @ inputs
    diagnose(
        found,
        (sigmoid(total), "The bias is not used: it is added to the weighted sum."),
        (
            total + bias,
            "That is the weighted sum with the bias. The activation function is missing: `T.nnet.sigmoid`.",
        ),
        (
            sigmoid(total) + bias,
            "The bias is added too late. It belongs to the sum, inside the activation function.",
        ),
        (
            sigmoid(weights * inputs + bias),
            "It gives an answer for each input: the products must be added up, by `T.dot`.",
        ),
        (
            sigmoid(total + len(inputs) * bias),
            "The bias is added once for each input. Add it once, outside the sum: `T.sum(w*x) + b`.",
        ),
        (np.tanh(total + bias), "That is tanh. It would do as well, but this neuron is to have the sigmoid."),
        (sigmoid(total - bias), "The bias is subtracted: it is added to the weighted sum."),
    )
    if not same(found, sigmoid(total + bias)):
        raise Wrong("It is not the sigmoid of the bias plus the weighted sum of the inputs.")
    return "it weighs, adds up with the bias, and squeezes the sum into an answer from 0 to 1."


EXERCISES["neuron"] = Exercise(
    "The weighted sum of the inputs is a dot product: `T.dot`. The bias is added to it, and `T.nnet.sigmoid` is applied to "
    "the whole.",
    neuron,
    _examine_neuron,
)


# --- The range of initial weights ------------------------------------------------------------------------------------


def glorot_bound(n_in, n_out):
    """Initial weights are uniform from minus this to this (Glorot and Bengio 2010)."""
    return np.sqrt(6 / (n_in + n_out))


def _examine_glorot_bound(answer):
    if np.ndim(array_of(answer, 784, 100)) == 2:
        raise Wrong("It returns a matrix. Return the bound `r`, one number; the weights are drawn below.")
    found = np.array([number_of(answer, *sizes) for sizes in [(784, 100), (30, 10)]])
    n_in, n_out = np.array([784, 30]), np.array([100, 10])
    diagnose(
        found,
        (6 / (n_in + n_out), "The square root is missing: `np.sqrt`."),
        (np.sqrt(6) / (n_in + n_out), "The square root is of 6 only. It goes over the whole fraction."),
        (np.sqrt(6 / (n_in * n_out)), "Below the line is the *sum* of inputs and units, not the product."),
        (np.sqrt(6 / n_in), "Only the inputs are counted. Below the line is the sum of inputs and units."),
        (np.sqrt(6 / n_in + n_out), "The division comes before the sum: put brackets around `n_in + n_out`."),
        (np.sqrt(1 / (n_in + n_out)), "The 6 is missing."),
    )
    if not same(found, np.sqrt(6 / (n_in + n_out))):
        raise Wrong(f"For 784 inputs and 100 units it should be 0.0824, and it is {found[0]:.4g}.")
    return "large layers start with small weights, so that sums over many inputs stay moderate."


EXERCISES["glorot_bound"] = Exercise(
    "`np.sqrt` takes the square root. Below the line stands a sum, which needs brackets in Python.",
    glorot_bound,
    _examine_glorot_bound,
)


# --- What the hidden units say ---------------------------------------------------------------------------------------


def hidden_activations(network, digits):
    """The activations of the hidden units for the rows of an array."""
    return theano.function([network.input], network.hiddenLayer.output)(digits)


def _examine_hidden_activations(answer):
    x = T.matrix("x")
    network = MLP(np.random.RandomState(0), x, n_in=3, n_hidden=4, n_out=2)
    network.hiddenLayer.b.set_value(np.array([0.1, -0.2, 0.3, 0], dtype=theano.config.floatX))
    digits = np.random.RandomState(1).normal(size=(5, 3)).astype(theano.config.floatX)
    W, b = (parameter.get_value() for parameter in network.hiddenLayer.params)
    found = array_of(
        answer,
        network,
        digits,
        known=[
            *without_own_input("network.input"),
            (
                "'list' object has no attribute",
                "`hiddenLayer`, without s, is the layer; `hiddenLayers` is a list of layers.",
            ),
        ],
    )
    wanted = np.tanh(digits @ W + b)
    diagnose(
        found,
        (
            digits @ W + b,
            "These are the sums before the activation function. The hidden layer's `output` has it applied.",
        ),
        (np.tanh(digits @ W), "The biases are missing. The hidden layer's `output` is all that is needed."),
        (wanted.T, "Rows and columns are exchanged: a row for each digit, a column for each hidden unit."),
        (
            network.p_y_given_x.eval({x: digits}),
            "These are the probabilities of the classes, the last thing the network computes. The hidden layer is before that.",
        ),
        (
            W,
            "These are the weights of the hidden layer, the same for all digits. Its `output` depends on the digits.",
        ),
    )
    if found.shape != wanted.shape:
        raise Wrong(f"For 5 digits and 4 hidden units it returns the shape {found.shape}, and not {wanted.shape}.")
    if not same(found, wanted):
        raise Wrong("They are not the activations of the network's hidden layer for these digits.")
    return "a row for each digit, a column for each hidden unit."


EXERCISES["hidden_activations"] = Exercise(
    "It is `predict` from the notebook before with another output. The network has `input`, and `hiddenLayer`, and that has "
    "`output`: compile a function from the first to the last, and call it with `digits`.",
    hidden_activations,
    _examine_hidden_activations,
)


# --- A deeper network ------------------------------------------------------------------------------------------------


def deeper_network(rng, x):
    """An MLP with hidden layers of 200 and 100 units, for MNIST."""
    return MLP(rng=rng, input=x, n_in=784, n_hidden=[200, 100], n_out=10)


def _examine_deeper_network(answer):
    x = T.matrix("x")
    two_numbers = "Two hidden layers are one argument, a list: `[200, 100]`."
    network = result_of(
        answer,
        np.random.RandomState(0),
        x,
        known=[
            ("activation must be a function", two_numbers),
            ("multiple values for argument 'n_out'", two_numbers),
        ],
    )
    if not isinstance(network, MLP):
        raise Wrong(f"It returns a {type(network).__name__}, and not an `MLP`.")
    sizes = [layer.b.get_value().size for layer in network.hiddenLayers]
    if sizes == [100, 200]:
        raise Wrong("The layers are in the wrong order: 200 units come first, next to the pixels, then 100.")
    if sizes == [300]:
        raise Wrong("That is one layer of 300 units. Two layers are a list of two numbers.")
    if sizes != [200, 100]:
        raise Wrong(f"Its hidden layers have {sizes} units, and not [200, 100].")
    n_in, n_out = network.params[0].get_value().shape[0], network.params[-1].get_value().size
    if (n_in, n_out) != (784, 10):
        raise Wrong(f"It takes {n_in} pixels and knows {n_out} classes. MNIST has 784 pixels and 10 classes.")
    if network.input is not x:
        raise Wrong("It is built on another input than `x`. Use the argument.")
    return "784 pixels, 200 units, 100 units, ten classes."


EXERCISES["deeper_network"] = Exercise(
    "`MLP` takes `rng`, `input`, `n_in`, `n_hidden` and `n_out`. For several hidden layers `n_hidden` is a list of their "
    "sizes, beginning next to the pixels.",
    deeper_network,
    _examine_deeper_network,
)
