"""Keras 2.3 on Theano: a stack of layers; compile and train_on_batch hide the rest."""

import os

os.environ["KERAS_BACKEND"] = "theano"

import deeplearning_tutorial  # noqa: F401, I001  before theano: it mends Theano, and Keras, for this Python
import keras
import theano
from keras.layers import Activation, Conv2D, Dense, Flatten, MaxPool2D, Reshape
from keras.models import Sequential

keras.backend.set_image_data_format("channels_first")


def mlp(params, learning_rate):
    model = Sequential([Dense(500, activation="tanh", input_shape=(784,)), Dense(10, activation="softmax")])
    return train_function(model, params, learning_rate)


def lenet(params, learning_rate):
    model = Sequential([Reshape((1, 28, 28), input_shape=(784,))])
    for n_filters in 20, 50:
        model.add(Conv2D(n_filters, 5))
        model.add(MaxPool2D(2))
        model.add(Activation("tanh"))
    model.add(Flatten())
    model.add(Dense(500, activation="tanh"))
    model.add(Dense(10, activation="softmax"))
    # Filters have their channels last, and Theano's convolution turns them round; what is flattened has its channels last.
    params = [p[:, :, ::-1, ::-1].transpose(2, 3, 1, 0) if p.ndim == 4 else p for p in params]
    params[4] = params[4].reshape(50, 4, 4, 500).transpose(1, 2, 0, 3).reshape(800, 500)
    return train_function(model, params, learning_rate)


def train_function(model, params, learning_rate):
    model.set_weights(params)
    model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
    return model.train_on_batch


# --- what is told about it


def version():
    return f"Keras {keras.__version__}, Theano {theano.__version__}"


def graph(train, x, y):
    from graphs import theano_graph

    return theano_graph(train.__self__.train_function.function)


def choices():
    from choices import MOMENTUM, ONES, RATES, SCORES, distinct, labels, spread
    from theano_choices import slopes

    K = keras.backend
    optimizer = keras.optimizers.SGD(RATES[0], momentum=MOMENTUM, nesterov=True)
    p = K.variable(1.0)
    step = K.function([], [p], updates=optimizer.get_updates(p**2 / 2, [p]))
    nesterov = []
    for rate in RATES:
        K.set_value(optimizer.lr, rate)
        step([])
        nesterov.append(float(K.get_value(p)))
    top = Sequential([Activation("softmax", input_shape=(10,))])
    top.compile("sgd", "sparse_categorical_crossentropy")
    layer = Dense(500, input_shape=(784,))
    Sequential([layer])
    dropout = Sequential([keras.layers.Dropout(0.5, input_shape=(100,))])
    in_training = K.function([dropout.input, K.learning_phase()], [dropout.output])
    return {
        "initial weights": spread(layer.get_weights()[0]),
        "Nesterov": nesterov,
        "dropout": [distinct(in_training([ONES, 1])[0]), distinct(dropout.predict(ONES))],
        **slopes(K.relu),
        "labels": labels(lambda label: top.test_on_batch(SCORES, label)),
    }
