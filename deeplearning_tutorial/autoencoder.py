r"""Autoencoders: networks that learn to reproduce their input by way of a code.

No labels are needed. What comes in is what should come out, so that the hidden layer in between has to keep what
matters about the input. Here the second half of the network uses the weights of the first half, transposed: tied
weights.

>>> x = T.matrix("x")                                                     # (n_examples, 784), pixels from 0 to 1
>>> da = dA(numpy_rng=np.random.RandomState(123), input=x, n_visible=784, n_hidden=500)
>>> code = da.get_hidden_values(x)                                        # (n_examples, 500)
>>> reconstruction = da.get_reconstructed_input(code)                     # (n_examples, 784)
>>> cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.1)
>>> train = MinibatchFunction([x], cost, [train_set_x], 20, updates=updates)

Autoencoders on top of each other make a deep network, in two ways: `SdA` puts a classifier on the last code,
`DeepAutoencoder` goes back down from it to a picture. Both train one layer after the other first (`pretrain`), and
then all layers together.
"""

import functools
import os

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from tqdm.auto import tqdm

from deeplearning_tutorial.checks import (
    check_number,
    check_random_state,
    checked_parameter,
    layer_sizes,
    positive_integer,
)
from deeplearning_tutorial.conditions import ask_range, check_data, shape
from deeplearning_tutorial.interrupts import Interrupts
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression
from deeplearning_tutorial.minibatches import MinibatchFunction, tell_what_is_left_over
from deeplearning_tutorial.updates import sgd


def _with_checked_level(get_corrupted_input):
    """A corruption level out of range is refused; where it is 0, no numbers are drawn that change nothing."""

    @functools.wraps(get_corrupted_input)
    def checked(self, input, corruption_level):
        _check_corruption_level(corruption_level)
        if not isinstance(corruption_level, theano.Variable) and corruption_level == 0:
            return input
        return get_corrupted_input(self, input, corruption_level)

    return checked


class dA:
    r"""Denoising autoencoder with tied weights.

    .. math::

        y &= s(\tilde{x} W + b) \\
        z &= \sigma(y W^T + b')

    From :math:`\tilde{x}`, a copy of the input :math:`x` with some pixels set to zero, it computes the code
    :math:`y`, and from the code the reconstruction :math:`z`, which should be like :math:`x` itself. To fill in
    what is missing, it has to learn how pixels depend on one another (Vincent et al. 2008, "Extracting and composing
    robust features with denoising autoencoders"). With nothing set to zero it is a plain autoencoder.

    Parameters
    ----------
    numpy_rng : numpy.random.RandomState
        Draws the initial weights, as `HiddenLayer` does.
    theano_rng : MRG_RandomStreams, optional
        Draws which pixels to set to zero; by default a new one with a seed from `numpy_rng`, drawn before the weights.
    input : symbolic matrix, (n_examples, n_visible), optional
        By default a new one: the attribute `x`.
    n_visible, n_hidden : int
        Number of pixels (or other features) and of hidden units.
    W : shared matrix, (n_visible, n_hidden), optional
        Weights to use instead of new ones, for example those of a layer of another network.
    bhid : shared vector, (n_hidden,), optional
    bvis : shared vector, (n_visible,), optional
    activation : callable or None
        Element-wise function :math:`s` of the hidden units; None makes the code linear. The reconstruction goes
        through the sigmoid in any case, as pixels are numbers from 0 to 1.

    Attributes
    ----------
    x : symbolic matrix, (n_examples, n_visible)
    W : shared matrix, (n_visible, n_hidden)
    b : shared vector, (n_hidden,)
        Biases of the hidden units.
    W_prime : symbolic matrix, (n_hidden, n_visible)
        ``W.T``
    b_prime : shared vector, (n_visible,)
        Biases of the reconstruction.
    params : list
        ``[W, b, b_prime]``
    """

    def __init__(
        self,
        numpy_rng,
        theano_rng=None,
        input=None,
        n_visible=784,
        n_hidden=500,
        W=None,
        bhid=None,
        bvis=None,
        activation=T.nnet.sigmoid,
    ):
        self.n_visible = positive_integer("n_visible", n_visible)
        self.n_hidden = positive_integer("n_hidden", n_hidden)
        self.theano_rng = _theano_rng(numpy_rng, theano_rng)
        self.x = T.matrix("input") if input is None else input
        layer = HiddenLayer(numpy_rng, self.x, self.n_visible, self.n_hidden, W=W, b=bhid, activation=activation)
        self.W, self.b, self._activation = layer.W, layer.b, activation or _linear
        self.W_prime = self.W.T
        self.b_prime = _visible_biases(bvis, self.n_visible)
        self.params = [self.W, self.b, self.b_prime]

    @_with_checked_level
    def get_corrupted_input(self, input, corruption_level):
        """Masking noise: each pixel is set to zero with probability `corruption_level`, and kept otherwise.

        Parameters
        ----------
        input : symbolic matrix, (n_examples, n_visible)
        corruption_level : float or symbolic scalar
            In [0, 1).

        Returns
        -------
        symbolic matrix, (n_examples, n_visible)
            Other pixels are missing each time it is computed.

        Raises
        ------
        ValueError
            If `corruption_level` is not in [0, 1), or not a scalar.
        """
        kept = self.theano_rng.binomial(size=input.shape, n=1, p=1 - corruption_level, dtype=theano.config.floatX)
        # In this order: Theano asks the first factor for the shape, and of the random one that means to copy it from a GPU.
        return input * kept

    def get_hidden_values(self, input):
        """The code of each example: symbolic, (n_examples, n_hidden)."""
        return self._activation(T.dot(input, self.W) + self.b)

    def get_reconstructed_input(self, hidden):
        """What the codes stand for: symbolic, (n_examples, n_visible), in [0, 1]."""
        return T.nnet.sigmoid(self._scores(hidden))

    def _scores(self, hidden):
        return T.dot(hidden, self.W_prime) + self.b_prime

    def reconstruction_cost(self, corruption_level=0, loss="cross-entropy"):
        r"""How far the reconstructions are from the input: summed over pixels, mean over examples.

        =================  ==========================================================
        cross-entropy      :math:`-\sum_k [x_k \log z_k + (1 - x_k) \log (1 - z_k)]`
        squared-error      :math:`\sum_k (x_k - z_k)^2`
        =================  ==========================================================

        The cross-entropy takes each pixel as the probability of a white dot, and so needs an input from 0 to 1: where
        `MinibatchFunction` or `pretrain` finds other data, it says so. It
        is computed from the score :math:`a`, before the sigmoid, as :math:`\log(1 + e^a) - x a`: the same number, but
        finite even where :math:`z` is rounded to 0 or 1, which have no logarithm.

        Parameters
        ----------
        corruption_level : float or symbolic scalar
            In [0, 1), see `get_corrupted_input`. The reconstruction is compared with the input before corruption.
        loss : "cross-entropy" or "squared-error"

        Returns
        -------
        symbolic scalar

        Raises
        ------
        ValueError
            If `corruption_level` is not in [0, 1) or `loss` is not one of the two.
        """
        code = self.get_hidden_values(self.get_corrupted_input(self.x, corruption_level))
        return _mean_loss(self.x, self._scores(code), loss)

    def get_cost_updates(self, corruption_level, learning_rate, loss="cross-entropy"):
        """The cost, and one step of stochastic gradient descent down it.

        Parameters
        ----------
        corruption_level : float or symbolic scalar
        learning_rate : float or symbolic scalar
        loss : "cross-entropy" or "squared-error"

        Returns
        -------
        cost : symbolic scalar
            `reconstruction_cost`
        updates : OrderedDict
            From each parameter to its next value. For another rule, such as momentum, call `reconstruction_cost` and
            a function of `updates`.
        """
        cost = self.reconstruction_cost(corruption_level, loss)
        return cost, sgd(cost, self.params, learning_rate)


class SdA:
    r"""Stacked denoising autoencoders with a classifier on top.

    The hidden layers of a multi-layer perceptron with sigmoid units, each with the weights and biases of a denoising
    autoencoder. First each autoencoder learns to reconstruct the output of the layers below it, without labels; then
    the network is fine-tuned to classify, all layers together (Bengio et al. 2007, "Greedy layer-wise training of deep
    networks"; Vincent et al. 2008).

    Parameters
    ----------
    numpy_rng : numpy.random.RandomState
        Draws the initial weights.
    theano_rng : MRG_RandomStreams, optional
        Draws the corruption; by default a new one with a seed from `numpy_rng`.
    n_ins : int
        Number of features of an example.
    hidden_layers_sizes : list of int
        Number of units in each hidden layer.
    n_outs : int
        Number of classes.
    corruption_levels : list of float, or float
        For each layer, or for all of them; in [0, 1). A pre-training function that is called without `corruption`
        uses its layer's.

    Attributes
    ----------
    x : symbolic matrix, (n_examples, n_ins)
    y : symbolic vector of int32, (n_examples,)
        The labels.
    sigmoid_layers : list of HiddenLayer
    dA_layers : list of dA
        Their `W` and `b` are those of the sigmoid layers.
    logLayer : LogisticRegression
    n_layers : int
        Number of hidden layers.
    params : list
        All weights and biases of the classifier, from the first layer to the last.
    finetune_cost, errors : symbolic scalars
        Mean negative log likelihood of the labels `y`, and the fraction predicted wrongly.

    Raises
    ------
    ValueError
        If there is no hidden layer, a size is not a whole number of at least 1, or the corruption levels are not one
        number in [0, 1) for each layer.
    """

    def __init__(
        self,
        numpy_rng,
        theano_rng=None,
        n_ins=784,
        hidden_layers_sizes=(500, 500),
        n_outs=10,
        corruption_levels=0.1,
    ):
        sizes = layer_sizes("hidden_layers_sizes", hidden_layers_sizes)
        self.corruption_levels = _levels(corruption_levels, len(sizes))
        theano_rng = _theano_rng(numpy_rng, theano_rng)
        self.n_layers = len(sizes)
        self.x = T.matrix("x")
        self.y = T.ivector("y")

        self.sigmoid_layers = []
        self.dA_layers = []
        input, n_in = self.x, n_ins
        for size in sizes:
            layer = HiddenLayer(numpy_rng, input, n_in, size, activation=T.nnet.sigmoid)
            self.sigmoid_layers.append(layer)
            self.dA_layers.append(dA(numpy_rng, theano_rng, input, n_in, size, W=layer.W, bhid=layer.b))
            input, n_in = layer.output, size
        self.logLayer = LogisticRegression(input, n_in, n_outs)

        layers = [*self.sigmoid_layers, self.logLayer]
        self.params = [parameter for layer in layers for parameter in layer.params]
        self.finetune_cost = self.logLayer.negative_log_likelihood(self.y)
        self.errors = self.logLayer.errors(self.y)

    def pretraining_functions(self, train_set_x, batch_size):
        """One function for each layer, that trains its autoencoder on a mini-batch.

        ``functions[0](index=i, corruption=0.3, lr=0.1)`` is a step of stochastic gradient descent with mini-batch
        number i and returns its cost. It changes nothing but the parameters of that autoencoder. `corruption` and `lr`
        can be left out: they are the layer's corruption level and 0.1.

        Parameters
        ----------
        train_set_x : shared matrix, (n_examples, n_ins)
        batch_size : int

        Returns
        -------
        list of compiled functions
        """
        return _pretraining_functions(self, train_set_x, batch_size)

    def build_finetune_functions(self, datasets, batch_size, learning_rate):
        """Compile what fine-tuning needs, all layers together.

        Parameters
        ----------
        datasets : list of three pairs
            Training, validation and test set as `load_data` returns them.
        batch_size : int
        learning_rate : float or symbolic scalar

        Returns
        -------
        train_fn : MinibatchFunction
            ``train_fn(index)`` is a step of stochastic gradient descent and returns the cost.
        valid_score, test_score : callable
            Without arguments; the list of the errors in each mini-batch of the validation set and of the test set.
        """
        updates = sgd(self.finetune_cost, self.params, learning_rate)
        train, valid, test = datasets
        train_fn = MinibatchFunction([self.x, self.y], self.finetune_cost, train, batch_size, updates)
        valid_errors = MinibatchFunction([self.x, self.y], self.errors, valid, batch_size)
        test_errors = MinibatchFunction([self.x, self.y], self.errors, test, batch_size)
        tell_what_is_left_over({"training": train_fn, "validation": valid_errors, "test": test_errors})
        return train_fn, _score(valid_errors), _score(test_errors)


class DeepAutoencoder:
    r"""An autoencoder of many layers: down to a small code and back.

    The encoder's layers are autoencoders on top of each other, with sigmoid units and a linear code. After each has
    been trained on the output of the layers below, they are unrolled: the decoder runs the same layers backwards, the
    last first (Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks"). Then the
    whole is fine-tuned as one network, down its `reconstruction_cost`.

    The weights stay tied in fine-tuning: the decoder uses those of the encoder, transposed. Hinton and Salakhutdinov
    let the two halves drift apart from here on; tied, there are half as many weights, and the network remains the
    stack of autoencoders that it is made of.

    Parameters
    ----------
    numpy_rng : numpy.random.RandomState
        Draws the initial weights.
    theano_rng : MRG_RandomStreams, optional
        Draws the corruption; by default a new one with a seed from `numpy_rng`.
    n_visible : int
        Number of pixels.
    hidden_layers_sizes : list of int
        Number of units in each layer of the encoder; the last is the size of the code.
    corruption_levels : list of float, or float
        Of each layer in pre-training, or of all of them; in [0, 1).

    Attributes
    ----------
    x : symbolic matrix, (n_examples, n_visible)
        Pixels from 0 to 1.
    code : symbolic matrix, (n_examples, hidden_layers_sizes[-1])
    reconstruction : symbolic matrix, (n_examples, n_visible)
        ``decode(code)``
    dA_layers : list of dA
    n_layers : int
        Number of layers of the encoder.
    params : list
        ``W``, ``b`` and ``b_prime`` of each autoencoder, from the first to the last.

    Raises
    ------
    ValueError
        If there is no hidden layer, a size is not a whole number of at least 1, or the corruption levels are not one
        number in [0, 1) for each layer.
    """

    def __init__(
        self,
        numpy_rng,
        theano_rng=None,
        n_visible=784,
        hidden_layers_sizes=(1000, 500, 250, 2),
        corruption_levels=0.0,
    ):
        sizes = layer_sizes("hidden_layers_sizes", hidden_layers_sizes)
        self.corruption_levels = _levels(corruption_levels, len(sizes))
        theano_rng = _theano_rng(numpy_rng, theano_rng)
        self.n_layers = len(sizes)
        self.x = T.matrix("x")

        self.dA_layers = []
        input, n_in = self.x, n_visible
        for number, size in enumerate(sizes, start=1):
            activation = T.nnet.sigmoid if number < len(sizes) else None
            layer = dA(numpy_rng, theano_rng, input, n_in, size, activation=activation)
            self.dA_layers.append(layer)
            input, n_in = layer.get_hidden_values(input), size
        self.code = input
        self.reconstruction = self.decode(self.code)
        self.params = [parameter for layer in self.dA_layers for parameter in layer.params]

    def decode(self, code):
        """The picture that each code stands for.

        Parameters
        ----------
        code : symbolic matrix, (n_codes, hidden_layers_sizes[-1])
            Codes of examples, or any others.

        Returns
        -------
        symbolic matrix, (n_codes, n_visible)
            In [0, 1].
        """
        return T.nnet.sigmoid(self._scores(code))

    def _scores(self, code):
        first, *others = self.dA_layers
        for layer in reversed(others):
            code = layer.get_reconstructed_input(code)
        return first._scores(code)

    def reconstruction_cost(self, loss="cross-entropy"):
        """How far the reconstructions are from the input: summed over pixels, mean over examples.

        Parameters
        ----------
        loss : "cross-entropy" or "squared-error"
            See `dA.reconstruction_cost`.

        Returns
        -------
        symbolic scalar

        Raises
        ------
        ValueError
            If `loss` is not one of the two.
        """
        return _mean_loss(self.x, self._scores(self.code), loss)

    def pretraining_functions(self, train_set_x, batch_size):
        """One function for each layer, that trains its autoencoder on a mini-batch: see `SdA.pretraining_functions`."""
        return _pretraining_functions(self, train_set_x, batch_size)


def pretrain(model, train_set_x, batch_size, n_epochs, learning_rate=0.1, progress=True):
    """Train the autoencoders of a deep network one after the other, from the first to the last.

    Each has its layer's corruption level.

    Parameters
    ----------
    model : SdA or DeepAutoencoder
    train_set_x : shared matrix, (n_examples, n_features)
    batch_size : int
        Rows left over after the last whole mini-batch are not used.
    n_epochs : int
        Passes through the data for each layer.
    learning_rate : float or list of float
        For all layers, or for each. A linear code needs a much smaller one than sigmoid units.
    progress : bool
        Show a progress bar.

    Returns
    -------
    numpy.ndarray, (n_layers, n_epochs)
        Mean cost in each epoch. The layers' costs are sums over different numbers of units: compare epochs, not layers.

    Raises
    ------
    ValueError
        If no whole mini-batch fits into the data, `n_epochs` is not a whole number of at least 1, or there is not one
        learning rate for each layer, above 0.
    FloatingPointError
        If the cost is no longer a finite number. Its layer has no use any more: make the model anew.
    """
    n_epochs = positive_integer("n_epochs", n_epochs)
    rates = _for_each_layer("learning_rate", learning_rate, model.n_layers)
    if not all(rate > 0 for rate in rates):
        raise ValueError(f"learning_rate must be above 0, not {learning_rate!r}.")
    functions = model.pretraining_functions(train_set_x, batch_size)
    n_batches = shape(train_set_x)[0] // int(batch_size)

    costs = np.zeros((model.n_layers, n_epochs), theano.config.floatX)
    # tqdm looks at this variable itself, but not where it draws its bars in notebooks.
    disable = not progress or "TQDM_DISABLE" in os.environ
    with tqdm(total=costs.size, unit="epoch", disable=disable) as bar, Interrupts() as interrupts:
        for layer, train in enumerate(functions):
            for epoch in range(n_epochs):
                steps = []
                for index in range(n_batches):
                    steps.append(train(index, lr=rates[layer]))
                    interrupts.take()
                costs[layer, epoch] = np.mean(steps)
                _check_finite(costs[layer, epoch], layer, rates[layer])
                bar.set_postfix_str(f"layer {layer + 1}, cost {costs[layer, epoch]:.2f}", refresh=False)
                bar.update()
    return costs


def _score(errors):
    """A function without arguments: the list of the errors in each mini-batch."""
    return lambda: [errors(index) for index in range(errors.n_batches)]


def _check_finite(cost, layer, rate):
    if not np.isfinite(cost):
        raise FloatingPointError(
            f"the cost of layer {layer + 1} became {cost}. Most often the learning rate, here {rate!r}, is too large: "
            "make the model anew and divide it by ten. The linear code of a DeepAutoencoder needs a smaller one than "
            "the layers below."
        )


def _pretraining_functions(model, train_set_x, batch_size):
    _check_matrix(train_set_x)
    n_examples, n_columns = shape(train_set_x)
    batch_size = positive_integer("batch_size", batch_size)
    if batch_size > n_examples:
        raise ValueError(f"batch_size must be at most {n_examples}, the number of rows, not {batch_size!r}.")

    index = T.lscalar("index")
    corruption = T.scalar("corruption")
    learning_rate = T.scalar("lr")
    # Of a length that is known when the graph is compiled, as in MinibatchFunction.
    n_batches, n_features = n_examples // batch_size, model.dA_layers[0].n_visible
    if n_columns != n_features:
        raise ValueError(f"train_set_x has {n_columns} columns, and the model is made for {n_features}.")
    minibatch = train_set_x[: n_batches * batch_size].reshape((n_batches, batch_size, n_features))[index]
    functions = []
    for autoencoder, level in zip(model.dA_layers, model.corruption_levels):
        cost, updates = autoencoder.get_cost_updates(corruption, learning_rate)
        check_data({model.x: train_set_x}, [cost])
        inputs = [
            index,
            theano.In(corruption, value=level, allow_downcast=True),
            theano.In(learning_rate, value=0.1, allow_downcast=True),
        ]
        functions.append(theano.function(inputs, cost, updates=updates, givens={model.x: minibatch}))
    return functions


def _mean_loss(x, scores, loss):
    """Of each example the sum over pixels, and of these the mean. `scores` go through the sigmoid."""
    if loss == "cross-entropy":
        losses = T.nnet.softplus(scores) - x * scores
    elif loss == "squared-error":
        losses = (x - T.nnet.sigmoid(scores)) ** 2
    else:
        raise ValueError(f'loss must be "cross-entropy" or "squared-error", not {loss!r}.')
    mean = T.mean(T.sum(losses, axis=1))
    return _with_minimum(mean, x) if loss == "cross-entropy" else mean


def _with_minimum(cross_entropy, x):
    """The same, for features from 0 to 1 only: of others the cross-entropy falls for ever, as the scores grow.

    Who compiles a function without looking at the data, by Theano alone, is told when it has fallen below 0: that is a comparison
    of one number in a step. On a GPU it would be a copy, too, which costs more, and is left out.
    """
    problem = (
        "the cross-entropy has no minimum there: bring the features to [0, 1] (standardized ones are not), or take "
        'loss="squared-error"'
    )
    ask_range(cross_entropy, x, 0, 1, problem)
    if theano.config.device != "cpu":
        return cross_entropy
    otherwise = f"the cross-entropy became negative, so that the input is not from 0 to 1, and {problem}"
    # Rounding may take a perfect reconstruction a little below 0. NaN, which is not below anything, is another matter.
    return T.opt.Assert(otherwise)(cross_entropy, T.eq(T.lt(cross_entropy, -1), 0))


def _check_matrix(train_set_x):
    if not hasattr(train_set_x, "get_value") or train_set_x.ndim != 2:
        raise ValueError(f"train_set_x must be a shared matrix, such as load_data returns, not {train_set_x!r}.")


def _theano_rng(numpy_rng, theano_rng):
    if theano_rng is not None:
        return theano_rng
    check_random_state(numpy_rng)
    return MRG_RandomStreams(numpy_rng.randint(2**30))


def _visible_biases(bvis, n_visible):
    if bvis is None:
        bvis = theano.shared(np.zeros(n_visible, theano.config.floatX), name="b'", borrow=True)
    return checked_parameter("bvis", bvis, (n_visible,))


def _linear(sums):
    return sums


def _levels(levels, n_layers):
    levels = _for_each_layer("corruption_levels", levels, n_layers)
    for level in levels:
        _check_corruption_level(level)
    return levels


def _for_each_layer(name, values, n_layers):
    values = [values] * n_layers if np.isscalar(values) else list(values)
    if len(values) != n_layers:
        raise ValueError(f"{name} must be one number for each of the {n_layers} layers, not {values!r}.")
    return values


def _check_corruption_level(level):
    if isinstance(level, theano.Variable):
        if level.ndim != 0:
            raise ValueError(f"the corruption level must be a scalar, not {level.ndim}-dimensional.")
    else:
        wanted = "the fraction of pixels set to zero, from 0 to below 1"
        check_number("the corruption level", level, wanted, lambda level: 0 <= level < 1)
