"""The exercises of notebook 02."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.exercises.examination import (
    Exercise,
    Wrong,
    array_of,
    compare,
    describe,
    diagnose,
    number_of,
    result_of,
    same,
    sigmoid,
    symbolic,
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
    found = symbolic(
        result_of(answer, x, w, b), "Use `x`, `w` and `b` as they are: arithmetic on them builds the graph."
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
        (
            sigmoid(-total - bias),
            "It is the sigmoid of *minus* the sum: the exponent of the sigmoid has a minus, which is for the whole sum.",
        ),
        (
            sigmoid(bias - total),
            "The weighted sum has the wrong sign: the minus in the exponent of the sigmoid belongs to the whole sum, the bias too.",
        ),
        (total, "That is the weighted sum alone. The bias and the activation function are missing."),
        (sigmoid(np.mean(weights * inputs) + bias), "It takes the mean of the products. Add them up: `T.dot`."),
        (sigmoid(weights.sum() * inputs.sum() + bias), "It multiplies two sums. Multiply first, then add up: `T.dot`."),
        (sigmoid(inputs.sum() + bias), "The weights are not used: each input is multiplied by its weight."),
        (sigmoid(weights.sum() + bias), "The inputs are not used: each weight is multiplied by its input."),
        (sigmoid(np.sum(weights + inputs) + bias), "Weights and inputs are added. Multiply each input by its weight."),
        (
            sigmoid(np.outer(weights, inputs) + bias),
            "It multiplies each weight by every input, which is an outer product. Each belongs to one input: `T.dot`.",
        ),
        (
            sigmoid(np.outer(inputs, weights) + bias),
            "It multiplies each input by every weight, which is an outer product. Each belongs to one weight: `T.dot`.",
        ),
        (sigmoid(total) * bias, "The bias multiplies. It is added to the weighted sum, inside the sigmoid."),
        (
            sigmoid(weights * inputs + bias).sum(),
            "The sigmoid is taken of each product. Add the products up first: `T.dot`.",
        ),
        *[
            (
                values,
                "The sigmoid is taken of the inputs. It is taken of the whole sum, the last thing that happens.",
            )
            for values in (
                weights @ sigmoid(inputs) + bias,
                sigmoid(weights @ sigmoid(inputs) + bias),
                weights @ sigmoid(inputs + bias),
            )
        ],
        (
            1 / (1 + np.exp(-total) + bias),
            "The bias is added below the line. It belongs to the weighted sum, in the exponent.",
        ),
        (sigmoid(weights[0] * inputs[0] + bias), "Only the first input is used. Add the products of all up: `T.dot`."),
        (weights * inputs + bias, "The products are not added up, by `T.dot`, and the activation function is missing."),
        (sigmoid(total * bias), "The bias multiplies the sum. It is added to it."),
        (np.maximum(total + bias, 0), "That is ReLU. This neuron is to have the sigmoid, `T.nnet.sigmoid`."),
        (float(total + bias > 0), "That is a step, 0 or 1. This neuron is to have the sigmoid, `T.nnet.sigmoid`."),
        (
            sigmoid(sigmoid(total + bias)),
            "The sigmoid is taken twice. `T.nnet.sigmoid` is the whole formula, its exponential included.",
        ),
    )
    compare(found, sigmoid(total + bias), "It is not the sigmoid of the bias plus the weighted sum of the inputs.")
    return "it weighs, adds up with the bias, and squeezes the sum into an answer from 0 to 1."


EXERCISES["neuron"] = Exercise(
    "The weighted sum of the inputs is a dot product: `T.dot`. The bias is added to it, and `T.nnet.sigmoid` is applied to "
    "the whole.",
    neuron,
    _examine_neuron,
)


# --- A local slope ---------------------------------------------------------------------------------------------------


def tanh_slope(h):
    """The slope of tanh where its value is `h`."""
    return 1 - h**2


def _examine_tanh_slope(answer):
    h = np.array([0.8, -0.6, 0.1])
    found = np.array([number_of(answer, value) for value in h])
    diagnose(
        found,
        (
            1 - np.tanh(h) ** 2,
            "`h` is the tanh of the sum already, and here its tanh is taken once more: square `h` itself.",
        ),
        (np.tanh(h), "That is tanh again, of `h`. Wanted is its slope: how fast it rises where its value is `h`."),
        (h * (1 - h), "That is the slope of the sigmoid. For tanh it is one minus the square."),
        (1 - h, "The square is missing: at h = -0.6 and at h = 0.6 tanh is equally steep."),
        (1 - abs(h), "It is symmetric, as it should be. But `h` is squared in the formula, not made positive."),
        ((1 - h) ** 2, "The square is of `h` alone: first `h` squared, then one minus that."),
        (h**2, "That grows where tanh is flat. One minus that is the slope."),
        (1 + h**2, "It is steepest in the middle, where h = 0: the square is subtracted from one."),
        (h**2 - 1, "The sign is wrong: tanh rises everywhere, so its slope is never negative."),
        (-2 * h, "That is the slope of one minus h squared. The slope of tanh is one minus h squared itself."),
        (1 - 2 * h, "`h` is doubled. It should be squared: `h**2` in Python."),
        (h, "It comes back as it went in."),
        (1 / (1 - h**2), "That is how fast `z` changes with `h`. Wanted is how fast `h` changes with `z`."),
        (np.sqrt(1 - h**2), "There is no square root in it: one minus the square of `h`."),
    )
    if not same(found, 1 - h**2):
        raise Wrong(f"Where tanh has the value 0.8 its slope is 0.36, and not {found[0]:.4g}.")
    if np.ndim(array_of(answer, h)) != 1:
        raise Wrong("It works for one number, and not for an array of them.")
    return "steepest, 1, where tanh is 0, and flat where it comes close to 1 or -1."


EXERCISES["tanh_slope"] = Exercise(
    "In formulas: with h = tanh(z), the derivative is dh/dz = 1 - tanh²(z). You are handed `h`, so nothing is left to do but "
    "to put it in the place of tanh(z).",
    tanh_slope,
    _examine_tanh_slope,
)


# --- The range of initial weights ------------------------------------------------------------------------------------


def glorot_bound(n_in, n_out):
    """Initial weights are uniform from minus this to this (Glorot and Bengio 2010)."""
    return np.sqrt(6 / (n_in + n_out))


def _examine_glorot_bound(answer):
    first = array_of(answer, 784, 100)
    if np.ndim(first) == 2:
        raise Wrong("It returns a matrix. Return the bound `r`, one number; the weights are drawn below.")
    if np.shape(first) == (2,):
        raise Wrong(f"It returns two numbers, {first[0]:.4g} and {first[1]:.4g}. Return the bound `r` alone.")
    if not np.isfinite(number_of(answer, 784, 100)):
        raise Wrong(f"It returns {float(first)}, as after a division by zero, or the root of a negative number.")
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
        (
            3 / (n_in + n_out),
            "It is half of the fraction: `a**1/2` is a to the power 1, divided by 2. Write `a**0.5`, or `np.sqrt(a)`.",
        ),
        (0 * n_in, "It is 0, as after `//` or `int`, which drop the fraction. Divide with `/`, and leave it as it is."),
        (
            np.sqrt(12 / (n_in + n_out)),
            "It is too large by a factor of 1.414: 6 is divided by the *sum* of both, not by their mean.",
        ),
        (np.cbrt(6 / (n_in + n_out)), "That is the third root. The square root is the power 0.5."),
        *[
            (
                values,
                "Each number has a root of its own. The square root goes over the whole fraction, with a sum below the line.",
            )
            for values in (np.sqrt(6 / n_in) + np.sqrt(6 / n_out), np.sqrt(6) / (np.sqrt(n_in) + np.sqrt(n_out)))
        ],
        (np.sqrt(6 / np.abs(n_in - n_out)), "Below the line is the *sum* of inputs and units, not the difference."),
        (
            np.sqrt(2 / (n_in + n_out)),
            "Above the line is a 2, and should be a 6. (The 2 is for drawing from a normal distribution.)",
        ),
        (np.sqrt(3 / (n_in + n_out)), "Above the line is a 3, and should be a 6."),
        (np.sqrt(6 / n_out), "Only the units are counted. Below the line is the sum of inputs and units."),
        ((6 / (n_in + n_out)) ** 2, "It squares the fraction. Take the square root, `np.sqrt`, or the power 0.5."),
        (np.sqrt((n_in + n_out) / 6), "The fraction is upside down: 6 stands above the line."),
        (np.sqrt(6 * (n_in + n_out)), "It multiplies 6 by the sum. Divide it by the sum."),
        (-np.sqrt(6 / (n_in + n_out)), "That is $-r$. The bound is positive."),
        (2 * np.sqrt(6 / (n_in + n_out)), "That is the whole range from $-r$ to $r$. The bound is half of it."),
        (6 / np.sqrt(n_in + n_out), "The square root is of the sum only. It goes over the whole fraction, 6 included."),
        (np.sqrt(6) / n_in + n_out, "The division comes before the sum: put brackets around `n_in + n_out`."),
        (
            6 / n_in + n_out,
            "The division comes before the sum: put brackets around `n_in + n_out`. And the square root is missing.",
        ),
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
            (
                "but y has 784 rows",
                "It uses another network than `network`, one for 784 pixels. This one reads 3 pixels.",
            ),
            (
                "no attribute 'eval'",
                "A layer, or a network, is no expression. What a layer says is its `output`, and that can be computed.",
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
    diagnose(
        found,
        (
            sigmoid(digits @ W + b),
            "That is the sigmoid of the sums. This layer's activation function is tanh, and its `output` has it applied.",
        ),
        (network.y_pred.eval({x: digits}), "These are the labels. The hidden layer comes before them."),
        (wanted[0], "That is the first digit only: one row. Return a row for each digit."),
        (digits, "Those are the digits, as they came in."),
        (np.sign(wanted), "Those are the signs of the activations only. Return them as they are."),
        (wanted.mean(axis=0), "That is the mean over the digits. Return a row for each of them."),
        (b, "These are the biases of the hidden layer, the same for all digits. Its `output` depends on the digits."),
        (
            network.logRegressionLayer.W.get_value(),
            "These are the weights of the output layer. The `output` of the hidden layer is wanted.",
        ),
        (digits @ W, "These are weighted sums. The biases and the activation function are missing."),
    )
    if found.shape != wanted.shape:
        raise Wrong(f"For 5 digits and 4 hidden units it returns the shape {found.shape}, and not {wanted.shape}.")
    compare(found, wanted, "They are not the activations of the network's hidden layer for these digits.")
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
        call = " Call it, with its arguments in round brackets." if isinstance(network, type) else ""
        raise Wrong(f"It returns {describe(network)}, and not an `MLP`.{call}")
    sizes = [layer.b.get_value().size for layer in network.hiddenLayers]
    if sizes == [100, 200]:
        raise Wrong("The layers are in the wrong order: 200 units come first, next to the pixels, then 100.")
    if sizes == [300]:
        raise Wrong("That is one layer of 300 units. Two layers are a list of two numbers.")
    if sizes == [784, 200, 100]:
        raise Wrong("Its first hidden layer has 784 units. The pixels are `n_in`, and no layer.")
    if sizes == [200, 100, 10]:
        raise Wrong("Its last hidden layer has 10 units. The classes are `n_out`, and no hidden layer.")
    if sizes == [200]:
        raise Wrong(
            "It has one hidden layer, of 200 units. The second, of 100, is missing: give it a list of two numbers."
        )
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
