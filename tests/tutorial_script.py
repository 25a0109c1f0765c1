"""A program as a reader of the Theano deep learning tutorial would write it, with imports from this package only.

``python tutorial_script.py FOLDER`` trains logistic regression, a multi-layer perceptron and stacked denoising
autoencoders for a few epochs and prints the test errors in percent. It trains a denoising autoencoder, too, and prints
its cost in the first and the last epoch. Pictures of what the hidden units look for are saved in FOLDER.
"""
import os
import sys

import numpy
import theano
import theano.tensor as T
from PIL import Image
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

from deeplearning_tutorial.autoencoder import SdA, dA
from deeplearning_tutorial.convolution import LeNetConvPoolLayer
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


def train_denoising_autoencoder(folder, learning_rate=0.1, training_epochs=2, batch_size=20):
    n_train_batches = train_set_x.get_value(borrow=True).shape[0] // batch_size
    index = T.lscalar()
    x = T.matrix('x')
    rng = numpy.random.RandomState(123)
    theano_rng = RandomStreams(rng.randint(2 ** 30))
    da = dA(numpy_rng=rng, theano_rng=theano_rng, input=x, n_visible=28 * 28, n_hidden=100)
    cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=learning_rate)
    train_da = theano.function(
        [index], cost, updates=updates, givens={x: train_set_x[index * batch_size: (index + 1) * batch_size]}
    )
    costs = [
        numpy.mean([train_da(batch_index) for batch_index in range(n_train_batches)], dtype='float64')
        for _ in range(training_epochs)
    ]

    Image.fromarray(tile_raster_images(
        X=da.W.get_value(borrow=True).T, img_shape=(28, 28), tile_shape=(10, 10), tile_spacing=(1, 1)
    )).save(os.path.join(folder, 'filters_corruption_30.png'))

    tilde_x = da.get_corrupted_input(da.x, 0.3)
    z = da.get_reconstructed_input(da.get_hidden_values(tilde_x))
    denoised = theano.function([da.x], z)(test_set_x.get_value(borrow=True)[:20])
    assert denoised.shape == (20, 28 * 28)
    assert [p.get_value().shape for p in (da.W, da.b, da.b_prime)] == [(784, 100), (100,), (784,)]
    assert numpy.array_equal(da.W_prime.eval(), da.W.get_value().T)
    return costs[0], costs[-1]


def train_stacked_autoencoders(pretraining_epochs=1, pretrain_lr=0.1, finetune_lr=0.1, training_epochs=2):
    batch_size = 20
    n_train_batches = train_set_x.get_value(borrow=True).shape[0] // batch_size
    numpy_rng = numpy.random.RandomState(89677)
    sda = SdA(numpy_rng=numpy_rng, n_ins=28 * 28, hidden_layers_sizes=[100, 60, 40], n_outs=10)
    pretraining_fns = sda.pretraining_functions(train_set_x=train_set_x, batch_size=batch_size)
    corruption_levels = [.1, .2, .3]
    for i in range(sda.n_layers):
        for _ in range(pretraining_epochs):
            for batch_index in range(n_train_batches):
                pretraining_fns[i](index=batch_index, corruption=corruption_levels[i], lr=pretrain_lr)

    train_fn, validate_model, test_model = sda.build_finetune_functions(
        datasets=datasets, batch_size=batch_size, learning_rate=finetune_lr
    )
    for _ in range(training_epochs):
        for minibatch_index in range(n_train_batches):
            train_fn(minibatch_index)
    assert abs(numpy.mean(validate_model()) - numpy.mean(test_model())) < 0.1
    return 100 * numpy.mean(test_model(), dtype='float64')


def train_lenet(folder, nkerns=(6, 10), batch_size=100, learning_rate=0.1, n_epochs=1):
    rng = numpy.random.RandomState(23455)
    x, y = T.matrix('x'), T.ivector('y')
    layer0_input = x.reshape((batch_size, 1, 28, 28))
    layer0 = LeNetConvPoolLayer(
        rng, input=layer0_input, image_shape=(batch_size, 1, 28, 28), filter_shape=(nkerns[0], 1, 5, 5), poolsize=(2, 2)
    )
    layer1 = LeNetConvPoolLayer(
        rng, input=layer0.output, image_shape=(batch_size, nkerns[0], 12, 12),
        filter_shape=(nkerns[1], nkerns[0], 5, 5), poolsize=(2, 2)
    )
    layer2_input = layer1.output.flatten(2)
    layer2 = HiddenLayer(rng, input=layer2_input, n_in=nkerns[1] * 4 * 4, n_out=50, activation=T.tanh)
    layer3 = LogisticRegression(input=layer2.output, n_in=50, n_out=10)
    layer3.params = layer3.params + layer2.params + layer1.params + layer0.params
    cost = layer3.negative_log_likelihood(y)
    error = test_error_after_training(layer3, x, y, cost, learning_rate, batch_size, n_epochs)

    filters = layer0.W.get_value(borrow=True)
    assert filters.shape == (6, 1, 5, 5) and layer1.b.get_value().shape == (10,)
    Image.fromarray(tile_raster_images(
        X=filters, img_shape=(5, 5), tile_shape=(2, 3), tile_spacing=(1, 1)
    )).save(os.path.join(folder, 'filters_lenet.png'))
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
    print('LeNet: %f %%' % train_lenet(sys.argv[1]))
    print('mlp: %f %%' % train_mlp(sys.argv[1]))
    print('dA: cost %f, then %f' % train_denoising_autoencoder(sys.argv[1]))
    print('SdA: %f %%' % train_stacked_autoencoders())
