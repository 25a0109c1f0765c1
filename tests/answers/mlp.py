"""Right and wrong answers to the exercises of notebook 02."""

import numpy as np
import theano
import theano.tensor as T

from deeplearning_tutorial.mlp import MLP


def W_of(network):
    return network.hiddenLayer.W.get_value()


def b_of(network):
    return network.hiddenLayer.b.get_value()


def hidden_of(network, digits):
    return np.tanh(digits @ W_of(network) + b_of(network))


x = T.matrix("x")


def drawn_weights(n_in, n_out):
    bound = np.sqrt(6 / (n_in + n_out))
    return np.random.RandomState(0).uniform(-bound, bound, size=(n_in, n_out))


RIGHT = [
    ("neuron", lambda x, w, b: 1 / (1 + T.exp(-T.sum(x * w) - b))),
    ("tanh_slope", lambda h: (1 - h) * (1 + h)),
    ("glorot_bound", lambda n_in, n_out: 6**0.5 / (n_in + n_out) ** 0.5),
    ("hidden_activations", lambda network, digits: network.hiddenLayers[0].output.eval({network.input: digits})),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, (200, 100), 10)),
]

MISTAKES = [
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x)), "bias is not used"),
    ("neuron", lambda x, w, b: T.dot(w, x) + b, "activation function is missing"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x)) + b, "added too late"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(w * x + b), "an answer for each input"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.sum(w * x + b)), "added once for each input"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(w @ x + b), "do not know `@`: write `T.dot(a, b)`"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(np.sum(w * x) + b), "Use Theano's: `T.exp`, `T.sqrt`, `T.sum`"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(np.matmul(w, x) + b), "Use Theano's: `T.exp`, `T.sqrt`, `T.sum`"),
    ("neuron", lambda x, w, b: T.tanh(T.dot(w, x) + b), "That is tanh"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.dot(w, x) - b), "bias is subtracted"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(2 * T.dot(w, x) + b), "not the sigmoid of the bias plus"),
    ("neuron", lambda x, w, b: 0.5, "no symbolic expression"),
    ("tanh_slope", lambda h: 1 - np.tanh(h) ** 2, "is the tanh of the sum already"),
    ("tanh_slope", lambda h: np.cosh(h) ** -2, "is the tanh of the sum already"),
    ("tanh_slope", np.tanh, "That is tanh again"),
    ("tanh_slope", lambda h: h * (1 - h), "slope of the sigmoid"),
    ("tanh_slope", lambda h: 1 - h, "The square is missing"),
    ("tanh_slope", lambda h: 1 - abs(h), "It is symmetric"),
    ("tanh_slope", lambda h: (1 - h) ** 2, "The square is of `h` alone"),
    ("tanh_slope", lambda h: h**2, "grows where tanh is flat"),
    ("tanh_slope", lambda h: 1 + h**2, "subtracted from one"),
    ("tanh_slope", lambda h: h**2 - 1, "The sign is wrong"),
    ("tanh_slope", lambda h: -2 * h, "the slope of one minus h squared"),
    ("tanh_slope", lambda h: 1 - 2 * h, "is doubled"),
    ("tanh_slope", lambda h: h, "It comes back as it went in"),
    ("tanh_slope", lambda h: 1 / (1 - h**2), "how fast `z` changes"),
    ("tanh_slope", lambda h: (1 - h**2) ** 0.5, "no square root"),
    ("tanh_slope", lambda h: 0.5, "its slope is 0.36, and not 0.5"),
    ("tanh_slope", lambda h: 1 - np.sum(h) ** 2, "not for an array of them"),
    ("tanh_slope", lambda h: 1 - T.sqr(h), "plain numbers or arrays: use NumPy"),
    ("glorot_bound", lambda n_in, n_out: 6 / (n_in + n_out), "square root is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6) / (n_in + n_out), "square root is of 6 only"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / (n_in * n_out)), "not the product"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in), "Only the inputs are counted"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in + n_out), "brackets around"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(1 / (n_in + n_out)), "The 6 is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(2 / n_in), "it should be 0.0824, and it is 0.05051"),
    ("glorot_bound", lambda n_in, n_out: [6, n_in], "It returns two numbers, 6 and 784"),
    ("glorot_bound", lambda n_in, n_out: np.ones(n_in), "one number, and returns an array of the shape (784,)."),
    ("glorot_bound", drawn_weights, "Return the bound `r`, one number; the weights are drawn below"),
    ("glorot_bound", lambda n_in, n_out: T.sqrt(6 / (n_in + n_out)), "plain numbers or arrays: use NumPy, `np.sqrt`"),
    ("hidden_activations", lambda network, digits: network.hiddenLayer.output, "symbolic expression"),
    (
        "hidden_activations",
        lambda network, digits: theano.function([x], network.hiddenLayer.output)(digits),
        "The input here is `network.input`",
    ),
    (
        "hidden_activations",
        lambda network, digits: network.hiddenLayer.output.eval(),
        "not given. The input here is `network.input`",
    ),
    (
        "hidden_activations",
        lambda network, digits: network.hiddenLayers.output,
        "`hiddenLayer`, without s, is the layer",
    ),
    ("hidden_activations", lambda network, digits: digits @ network.hiddenLayer.W, "do not know `@`"),
    ("hidden_activations", lambda network, digits: digits @ W_of(network) + b_of(network), "before the activation"),
    ("hidden_activations", lambda network, digits: np.tanh(digits @ W_of(network)), "biases are missing"),
    ("hidden_activations", lambda network, digits: hidden_of(network, digits).T, "exchanged"),
    ("hidden_activations", lambda network, digits: network.p_y_given_x.eval({network.input: digits}), "probabilities"),
    ("hidden_activations", lambda network, digits: W_of(network), "the same for all digits"),
    ("hidden_activations", lambda network, digits: hidden_of(network, digits)[1], "returns the shape (4,)"),
    ("hidden_activations", lambda network, digits: abs(hidden_of(network, digits)), "not the activations"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [100, 200], 10), "wrong order"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 300, 10), "one layer of 300 units"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 100, 10), "have [100] units"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 28, [200, 100], 10), "takes 28 pixels"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [200, 100], 2), "knows 2 classes"),
    ("deeper_network", lambda rng, x: MLP(rng, T.matrix("x"), 784, [200, 100], 10), "another input"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 200, 100, 10), "one argument, a list: `[200, 100]`"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 200, 100, n_out=10), "one argument, a list: `[200, 100]`"),
    ("deeper_network", lambda rng, x: [200, 100], "returns a list"),
    ("neuron", lambda x, w, b: 1 / (1 + T.exp(T.dot(w, x) + b)), "the sigmoid of *minus* the sum"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.mean(w * x) + b), "the mean of the products"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.outer(w, x) + b), "an outer product"),
    ("neuron", lambda x, w, b: T.nnet.sigmoid(T.sum(x) + b), "The weights are not used"),
    ("neuron", lambda x, w, b: T.dot(w, T.nnet.sigmoid(x)) + b, "The sigmoid is taken of the inputs"),
    ("neuron", lambda x, w, b: T.sigmoid(T.dot(w, x) + b), "but there is `T.nnet.sigmoid`"),
    ("glorot_bound", lambda n_in, n_out: (6 / (n_in + n_out)) ** 1 / 2, "half of the fraction"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 // (n_in + n_out)), "as after `//`"),
    ("glorot_bound", lambda n_in, n_out: (6 / (n_in + n_out)) ^ 0.5, "`^` is no power in Python"),
    ("glorot_bound", lambda n_in, n_out: np.nan, "It returns nan"),
    ("glorot_bound", lambda n_in, n_out: math.sqrt(6 / (n_in + n_out)), "It has to be imported first"),  # noqa: F821
    (
        "hidden_activations",
        lambda network, digits: 1 / (1 + np.exp(-digits @ W_of(network) - b_of(network))),
        "is tanh",
    ),
    (
        "hidden_activations",
        lambda network, digits: network.y_pred.eval({network.input: digits}),
        "These are the labels",
    ),
    ("hidden_activations", lambda network, digits: network.hiddenlayer, "Is `hiddenLayer` meant?"),
    ("hidden_activations", lambda network, digits: network.hiddenLayer.eval(), "is no expression"),
    ("deeper_network", lambda rng, x: MLP, "the class `MLP` itself, and not an `MLP`. Call it"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [784, 200, 100], 10), "The pixels are `n_in`"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [200, 100, 10], 10), "The classes are `n_out`"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, 200, 10), "The second, of 100, is missing"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, hidden=[200, 100], n_out=10), "`MLP` has no argument `hidden`"),
    ("deeper_network", lambda rng, x: MLP(rng, x, 784, [200, 100]), "`MLP` is not given 'n_out'"),
]
