"""TensorFlow, as Keras 3 writes it: the stack of layers of Keras 2, and a graph that TensorFlow traces."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow
from keras.layers import Activation, Conv2D, Dense, Flatten, Input, MaxPool2D, Reshape


def mlp(params, learning_rate):
    model = keras.Sequential([Input((784,)), Dense(500, activation="tanh"), Dense(10)])
    return train_function(model, params, learning_rate)


def lenet(params, learning_rate):
    model = keras.Sequential([Input((784,)), Reshape((28, 28, 1))])
    for n_filters in 20, 50:
        model.add(Conv2D(n_filters, 5))
        model.add(MaxPool2D(2))
        model.add(Activation("tanh"))
    model.add(Flatten())
    model.add(Dense(500, activation="tanh"))
    model.add(Dense(10))
    # On a processor channels come last, in filters and in what is flattened.
    params = [p.transpose(2, 3, 1, 0) if p.ndim == 4 else p for p in params]
    params[4] = params[4].reshape(50, 4, 4, 500).transpose(1, 2, 0, 3).reshape(800, 500)
    return train_function(model, params, learning_rate)


def train_function(model, params, learning_rate):
    model.set_weights(params)
    cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(learning_rate), cost)
    return model.train_on_batch


# --- what is told about it


def version():
    return f"TensorFlow {tensorflow.__version__}, Keras {keras.__version__}"


def graph(train, x, y):
    from graphs import tensorflow_graph

    return tensorflow_graph(train.__self__, x, y)


def choices():
    from choices import MOMENTUM, ONES, RATES, SCORES, distinct, labels, spread

    def gradient(function, value):
        x = tensorflow.constant(value)
        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            result = function(x)
        return tape.gradient(result, x).numpy().tolist()

    p = tensorflow.Variable(1.0)
    optimizer = keras.optimizers.SGD(RATES[0], momentum=MOMENTUM, nesterov=True)
    nesterov = []
    for rate in RATES:
        optimizer.learning_rate = rate
        optimizer.apply([tensorflow.convert_to_tensor(p)], [p])
        nesterov.append(float(p.numpy()))
    layer, dropout = Dense(500), keras.layers.Dropout(0.5)
    layer.build((None, 784))
    cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    pool = MaxPool2D(2)
    return {
        "initial weights": spread(layer.get_weights()[0]),
        "Nesterov": nesterov,
        "dropout": [distinct(dropout(ONES, training=True)), distinct(dropout(ONES, training=False))],
        "relu at 0": gradient(keras.activations.relu, 0.0),
        "pooling at ties": gradient(lambda x: pool(x[None, :, :, None]), [[1.0, 1.0], [1.0, 1.0]]),
        "max at ties": gradient(keras.ops.max, [1.0, 1.0, 0.0]),
        "labels": labels(lambda label: cost(label, SCORES)),
    }
