"""A program as a reader of the Theano deep learning tutorial would write it, with imports from this package only.

``python tutorial_script.py FOLDER`` trains logistic regression and a multi-layer perceptron for a few epochs, saves a
picture of what the hidden units look for in FOLDER, and prints both test errors in percent.
"""
import os
import sys

import numpy
import theano
import theano.tensor as T
from PIL import Image

from deeplearning_tutorial.data import load_data
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.plotting import tile_raster_images

datasets = load_data('mnist.pkl.gz')
train_set_x, train_set_y = datasets[0]
test_set_x, test_set_y = datasets[2]


def test_error_after_training(classifier, x, y, cost, learning_rate, batch_size, n_epochs):
    index = T.lscalar('index')

    def batch_of(data_x, data_y):
        rows = slice(index * batch_size, (index + 1) * batch_size)
        return {x: data_x[rows], y: data_y[rows]}

    gparams = [T.grad(cost=cost, wrt=param) for param in classifier.params]
    updates = [(param, param - learning_rate * gparam) for param, gparam in zip(classifier.params, gparams)]
    train_model = theano.function([index], cost, updates=updates, givens=batch_of(train_set_x, train_set_y))
    test_model = theano.function([index], classifier.errors(y), givens=batch_of(test_set_x, test_set_y))

    n_train_batches = train_set_x.get_value(borrow=True).shape[0] // batch_size
    n_test_batches = test_set_x.get_value(borrow=True).shape[0] // batch_size
    for _ in range(n_epochs):
        for minibatch_index in range(n_train_batches):
            train_model(minibatch_index)
    return 100 * numpy.mean([test_model(i) for i in range(n_test_batches)])


def train_logistic_regression():
    x, y = T.matrix('x'), T.ivector('y')
    classifier = LogisticRegression(input=x, n_in=28 * 28, n_out=10)
    cost = classifier.negative_log_likelihood(y)
    error = test_error_after_training(classifier, x, y, cost, learning_rate=0.13, batch_size=600, n_epochs=10)

    predict_model = theano.function(inputs=[classifier.input], outputs=classifier.y_pred)
    predicted = predict_model(test_set_x.get_value()[:500])
    assert (predicted == test_set_y.eval()[:500]).mean() > 0.7
    return error


def train_mlp(folder, L1_reg=0.00001, L2_reg=0.0001):
    x, y = T.matrix('x'), T.ivector('y')
    rng = numpy.random.RandomState(1234)
    classifier = MLP(rng=rng, input=x, n_in=28 * 28, n_hidden=25, n_out=10)
    cost = classifier.negative_log_likelihood(y) + L1_reg * classifier.L1 + L2_reg * classifier.L2_sqr
    error = test_error_after_training(classifier, x, y, cost, learning_rate=0.1, batch_size=20, n_epochs=3)

    assert classifier.params == classifier.hiddenLayer.params + classifier.logRegressionLayer.params
    filters = classifier.hiddenLayer.W.get_value(borrow=True).T
    Image.fromarray(tile_raster_images(
        X=filters, img_shape=(28, 28), tile_shape=(5, 5), tile_spacing=(1, 1)
    )).save(os.path.join(folder, 'filters.png'))
    return error


def stack_layers():
    """The same network from its layers, untrained: ten equal probabilities."""
    x = T.matrix('x')
    rng = numpy.random.RandomState(1234)
    hidden = HiddenLayer(rng=rng, input=x, n_in=28 * 28, n_out=25, activation=T.tanh)
    output = LogisticRegression(input=hidden.output, n_in=25, n_out=10)
    probabilities = theano.function([x], output.p_y_given_x)(test_set_x.get_value(borrow=True)[:20])
    assert numpy.allclose(probabilities, numpy.full((20, 10), 0.1))


if __name__ == '__main__':
    stack_layers()
    print('logistic regression: %f %%' % train_logistic_regression())
    print('mlp: %f %%' % train_mlp(sys.argv[1]))
