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
    ("glorot_bound", lambda n_in, n_out: 6 / (n_in + n_out), "square root is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6) / (n_in + n_out), "square root is of 6 only"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / (n_in * n_out)), "not the product"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in), "Only the inputs are counted"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(6 / n_in + n_out), "brackets around"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(1 / (n_in + n_out)), "The 6 is missing"),
    ("glorot_bound", lambda n_in, n_out: np.sqrt(2 / n_in), "it should be 0.0824, and it is 0.05051"),
    ("glorot_bound", lambda n_in, n_out: [6, n_in], "one number, and returns [6, 784]"),
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
    ("hidden_activations", lambda network, digits: hidden_of(network, digits)[0], "returns the shape (4,)"),
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
]
