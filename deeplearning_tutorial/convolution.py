r"""Convolutional networks: layers that know which pixels are neighbours.

A unit of such a layer looks at a small window of the image only, and all units of a map look for the same thing, each in a
window of its own: they share one filter. Images are 4-dimensional here, (n_examples, n_channels, height, width).

>>> x = T.matrix("x")                                                             # (n_examples, 784)
>>> images = x.reshape((x.shape[0], 1, 28, 28))
>>> layer0 = LeNetConvPoolLayer(rng, images, filter_shape=(20, 1, 5, 5), image_shape=(None, 1, 28, 28))
>>> layer0.output_shape                                                           # 28 - 5 + 1 = 24, halved
(20, 12, 12)
>>> hidden = HiddenLayer(rng, layer0.output.flatten(2), n_in=20 * 12 * 12, n_out=500)

`ConvNet` stacks such layers as `mlp.MLP` stacks hidden ones:

>>> net = ConvNet(np.random.RandomState(1234), x, n_filters=[[32, 32], [64, 64]], n_hidden=[128], batch_normalization=True)
>>> noisy = net.in_training(MRG_RandomStreams(1234), [0.25, 0.25, 0.5])
>>> updates = sgd(noisy.negative_log_likelihood(y), net.params, 0.1)
>>> updates.update(noisy.updates)
"""

import copy
from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d

from deeplearning_tutorial.checks import (
    check_callable,
    check_images,
    check_input,
    check_number,
    check_random_state,
    checked_parameter,
    layer_sizes,
    positive_integer,
    sizes,
)
from deeplearning_tutorial.initialization import he_normal
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, dropout
from deeplearning_tutorial.regularization import l1, l2


class ConvolutionLayer:
    r"""A layer of maps, each of them a filter that is slid over the images.

    .. math:: a_{f, y, x} = s\Bigl(b_f + \sum_{c, i, j} W_{f, c, i, j} \; v_{c, \, y + k - 1 - i, \, x + l - 1 - j}\Bigr)

    for filters of :math:`k \times l` pixels. This is a true convolution, as in the Theano tutorials: the filter is turned by
    180 degrees, then laid upon the image (`T.nnet.conv2d`). Other libraries do not turn it, and learn the turned one.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the initial filters.
    input : symbolic 4-dimensional tensor, (n_examples, n_channels, height, width)
    filter_shape : (int, int, int, int)
        Number of filters, channels of the input, height and width of a filter.
    image_shape : (int or None, int, int, int)
        Number of examples, which is not looked at, channels, height and width.
    border_mode : str or (int, int)
        "valid": a filter lies wholly within the image. "half": there is a border of zeros, so that images keep their size
        if that of the filter is odd. "full": all that overlaps. Or how many rows and columns of zeros there are.
    activation : callable or None
        See `layers.HiddenLayer`.
    initialization : callable, optional
        Function ``(rng, n_in, n_out)`` as in `initialization`, of the numbers of weights into a unit and of filters.
    W : shared 4-dimensional tensor, `filter_shape`, optional
        Filters to use instead of new ones.
    b : shared vector, (n_filters,), optional

    Attributes
    ----------
    output : symbolic 4-dimensional tensor, (n_examples, `output_shape`)
    output_shape : (int, int, int)
        Number of maps, their height and width.
    params : list
        ``[W, b]``

    Raises
    ------
    ValueError
        If the shapes do not fit together, or a filter does not fit into the image.
    """

    def __init__(
        self,
        rng,
        input,
        filter_shape,
        image_shape,
        border_mode="valid",
        activation=T.nnet.relu,
        initialization=he_normal,
        W=None,
        b=None,
    ):
        self.input, self.border_mode, self.activation = input, border_mode, activation
        self.filter_shape, self.image_shape, height, width = _checked_shapes(
            input, filter_shape, image_shape, border_mode
        )
        if activation is not None:
            check_callable("activation", activation, "a function such as T.nnet.relu, or None")
        n_filters = self.filter_shape[0]
        self.output_shape = (n_filters, height, width)
        if W is None:
            check_callable("initialization", initialization, "a function (rng, n_in, n_out)")
            weights = initialization(rng, int(np.prod(self.filter_shape[1:])), n_filters)
            W = _shared(np.asarray(weights).T.reshape(self.filter_shape), "W")
        if b is None:
            b = _shared(np.zeros(n_filters), "b")
        self.W = checked_parameter("W", W, self.filter_shape)
        self.b = checked_parameter("b", b, (n_filters,))
        self.params = [self.W, self.b]

        linear = T.nnet.conv2d(input, self.W, border_mode=border_mode) + self.b.dimshuffle("x", 0, "x", "x")
        self.output = linear if activation is None else activation(linear)


class LeNetConvPoolLayer:
    r"""A convolution and max-pooling, as in the Theano tutorials' LeNet.

    .. math:: \tanh(b_f + \max_{\text{window}} (W_f * v))

    Each map is divided into windows, and of each window only the largest number is kept: where in the window it was is forgotten.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters, uniformly in :math:`\pm\sqrt{6 / (n_{in} + n_{out})}`, where :math:`n_{in}` is the number of weights into
        a unit, and :math:`n_{out}` that of units a pixel goes to, less what pooling takes away.
    input : symbolic 4-dimensional tensor, (n_examples, n_channels, height, width)
    filter_shape : (int, int, int, int)
        Number of filters, channels of the input, height and width of a filter.
    image_shape : (int or None, int, int, int)
        Number of examples, which is not looked at, channels, height and width.
    poolsize : (int, int)
        Height and width of a window. What is left at the bottom and on the right is dropped.

    Attributes
    ----------
    W : shared 4-dimensional tensor, `filter_shape`
    b : shared vector, (n_filters,)
    output : symbolic 4-dimensional tensor, (n_examples, `output_shape`)
    output_shape : (int, int, int)
        Number of maps, their height and width.
    params : list
        ``[W, b]``

    Raises
    ------
    ValueError
        If the shapes do not fit together, or a filter or a window does not fit.

    Notes
    -----
    Y. LeCun et al. (1998), "Gradient-based learning applied to document recognition". Where several numbers of a window are the
    largest, the first gets the gradient.
    """

    def __init__(self, rng, input, filter_shape, image_shape, poolsize=(2, 2)):
        check_random_state(rng)
        self.input = input
        filter_shape, _, height, width = _checked_shapes(input, filter_shape, image_shape, "valid")
        poolsize = sizes("poolsize", poolsize, 2)
        if poolsize[0] > height or poolsize[1] > width:
            raise ValueError(f"poolsize is {poolsize}, larger than a map of {height} x {width}.")
        n_filters = filter_shape[0]
        self.output_shape = (n_filters, height // poolsize[0], width // poolsize[1])

        fan_in = np.prod(filter_shape[1:])
        fan_out = n_filters * np.prod(filter_shape[2:]) // np.prod(poolsize)
        bound = np.sqrt(6.0 / (fan_in + fan_out))
        self.W = _shared(rng.uniform(low=-bound, high=bound, size=filter_shape), "W")
        self.b = _shared(np.zeros(n_filters), "b")
        self.params = [self.W, self.b]

        pooled = pool_2d(T.nnet.conv2d(input, self.W), poolsize, ignore_border=True)
        self.output = T.tanh(pooled + self.b.dimshuffle("x", 0, "x", "x"))


class BatchNormalization:
    r"""Each channel with mean 0 and variance 1, then stretched and moved as the network likes.

    .. math:: \gamma_c \frac{v - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c

    In training :math:`\mu` and :math:`\sigma^2` are those of the mini-batch, over all its images and pixels. The network itself uses
    averages of them, so that what it says of an image does not depend on the images beside it.

    Parameters
    ----------
    input : symbolic 4-dimensional tensor, (n_examples, n_channels, height, width)
    n_channels : int
    momentum : float
        How much of the averages is new after each mini-batch, in (0, 1].
    epsilon : float
        Keeps the quotient finite, above 0.

    Attributes
    ----------
    gamma, beta : shared vectors, (n_channels,)
    mean, variance : shared vectors, (n_channels,)
        The averages. The variance is that of a population of which the mini-batch is a sample.
    output : symbolic 4-dimensional tensor
        From the averages.
    params : list
        ``[gamma, beta]``

    Notes
    -----
    S. Ioffe and C. Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate shift".
    """

    def __init__(self, input, n_channels, momentum=0.1, epsilon=1e-5):
        n_channels = positive_integer("n_channels", n_channels)
        check_images(input)
        check_number("momentum", momentum, "above 0 and at most 1", lambda momentum: 0 < momentum <= 1)
        check_number("epsilon", epsilon, "above 0 and finite", lambda epsilon: 0 < epsilon < np.inf)
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma, self.beta = _shared(np.ones(n_channels), "gamma"), _shared(np.zeros(n_channels), "beta")
        self.mean, self.variance = _shared(np.zeros(n_channels), "mean"), _shared(np.ones(n_channels), "variance")
        self.params = [self.gamma, self.beta]
        self.output = self._normalized(input, self.mean, self.variance)

    def in_training(self, input):
        """The output for a mini-batch from its own mean and variance, and the updates of the averages.

        Parameters
        ----------
        input : symbolic 4-dimensional tensor, (n_examples, n_channels, height, width)

        Returns
        -------
        symbolic 4-dimensional tensor, OrderedDict
        """
        mean = input.mean(axis=(0, 2, 3))
        variance = T.sqr(input - mean.dimshuffle("x", 0, "x", "x")).mean(axis=(0, 2, 3))
        n = T.cast(input.shape[0] * input.shape[2] * input.shape[3], theano.config.floatX)
        updates = OrderedDict()
        for average, new in [(self.mean, mean), (self.variance, variance * n / T.clip(n - 1, 1, np.inf))]:
            updates[average] = T.cast((1 - self.momentum) * average + self.momentum * new, theano.config.floatX)
        return self._normalized(input, mean, variance), updates

    def _normalized(self, input, mean, variance):
        scale = self.gamma / T.sqrt(variance + np.asarray(self.epsilon, theano.config.floatX))
        shift = self.beta - mean * scale
        return input * scale.dimshuffle("x", 0, "x", "x") + shift.dimshuffle("x", 0, "x", "x")


class ConvNet:
    r"""A convolutional network: stages of convolutions, each ended by max-pooling, then hidden layers and logistic regression.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the initial weights, from the first layer to the last.
    input : symbolic matrix, (n_examples, n_channels * height * width)
        An image in each row, as `load_data` returns them.
    image_shape : (int, int, int)
        Number of channels, height and width of an image.
    n_filters : list of lists of int
        For each stage the numbers of filters of its convolutions. Each stage ends with max-pooling over 2 x 2 pixels.
    filter_size : int
        Height and width of the filters. Odd where `border_mode` is "half": images then keep their size in a convolution.
    n_hidden : int or list of int
        Units of the hidden layers. An empty list for none.
    n_out : int
        Number of classes.
    activation : callable
        Of the convolutions and the hidden layers.
    batch_normalization : bool
        Between each convolution and its activation.
    border_mode : str
        Of the convolutions, see `ConvolutionLayer`: "half", or "valid" without zeros around the images, which costs less.

    Attributes
    ----------
    convolutionLayers : list of ConvolutionLayer
    normalizations : list of BatchNormalization
        One for each convolution, or none.
    hiddenLayers : list of HiddenLayer
    logRegressionLayer : LogisticRegression
    params : list
        What is trained, from the first layer to the last.
    statistics : list
        The averages of the normalizations: no gradient trains them, and whoever keeps or saves the parameters needs them, too.
    updates : OrderedDict
        How they change in a step. Empty but in what `in_training` returns.
    L1, L2_sqr : symbolic scalars
        Sum of the absolute and of the squared weights, see `regularization`.
    p_y_given_x, y_pred, negative_log_likelihood, errors
        Those of the logistic regression on top.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, `filter_size` is even for "half", or the images are too small for so many stages.
    """

    POOL = (2, 2)

    def __init__(
        self,
        rng,
        input,
        image_shape=(1, 28, 28),
        n_filters=((32, 32), (64, 64)),
        filter_size=3,
        n_hidden=(128,),
        n_out=10,
        activation=T.nnet.relu,
        batch_normalization=False,
        border_mode="half",
    ):
        self.image_shape = sizes("image_shape", image_shape, 3)
        if positive_integer("filter_size", filter_size) % 2 == 0 and border_mode == "half":
            raise ValueError(f"filter_size must be odd, so that images keep their size, not {filter_size}.")
        if (
            not isinstance(n_filters, (list, tuple))
            or not n_filters
            or not all(isinstance(stage, (list, tuple)) for stage in n_filters)
        ):
            raise ValueError(
                f"n_filters must be a list of lists, one for each stage: [[32, 32], [64]], not {n_filters!r}."
            )
        self.stages = [layer_sizes("each list in n_filters", stage) for stage in n_filters]
        self.activation, self.input = activation, input
        self.convolutionLayers, self.normalizations, self.hiddenLayers = [], [], []
        check_input(input, int(np.prod(self.image_shape)))

        images, shape = self._images(input), self.image_shape
        for number, stage in enumerate(self.stages, 1):
            for n in stage:
                filter_shape = (n, shape[0], filter_size, filter_size)
                layer = ConvolutionLayer(rng, images, filter_shape, (None, *shape), border_mode, activation=None)
                self.convolutionLayers.append(layer)
                output, shape = layer.output, layer.output_shape
                if batch_normalization:
                    self.normalizations.append(BatchNormalization(output, n))
                    output = self.normalizations[-1].output
                images = activation(output)
            if min(shape[1:]) < 2:
                raise ValueError(
                    f"after {number - 1} stages an image has {shape[1]} x {shape[2]} pixels: nothing to pool."
                )
            images = pool_2d(images, self.POOL, ignore_border=True)
            shape = (shape[0], shape[1] // 2, shape[2] // 2)

        units, n_in = images.flatten(2), int(np.prod(shape))
        for n in layer_sizes("n_hidden", n_hidden) if np.size(n_hidden) else []:
            self.hiddenLayers.append(HiddenLayer(rng, units, n_in, n, activation=activation, initialization=he_normal))
            units, n_in = self.hiddenLayers[-1].output, n
        self._offer(LogisticRegression(units, n_in, n_out), OrderedDict())

        parts = [*self.convolutionLayers, *self.hiddenLayers, self.logRegressionLayer]
        self.L1, self.L2_sqr = l1([part.W for part in parts]), l2([part.W for part in parts])
        normalizations = self.normalizations or [None] * len(self.convolutionLayers)
        pairs = [part for pair in zip(self.convolutionLayers, normalizations) for part in pair if part is not None]
        self.params = [p for part in [*pairs, *self.hiddenLayers, self.logRegressionLayer] for p in part.params]
        self.statistics = [average for part in self.normalizations for average in (part.mean, part.variance)]

    def in_training(self, theano_rng=None, rates=None, input=None):
        """The same network as it is trained: units dropped at random, and mini-batches normalized by themselves.

        Parameters
        ----------
        theano_rng : MRG_RandomStreams, optional
            Draws which units are dropped.
        rates : list of float, optional
            Probability that a unit is dropped: one for each stage, after pooling, and one for each hidden layer. None: nothing is.
        input : symbolic matrix, (n_examples, n_channels * height * width), optional
            Other images than those of this network.

        Returns
        -------
        ConvNet
            Its ``params`` are those of this network; its ``updates`` belong into those of the training function.

        Raises
        ------
        ValueError
            If there are not as many rates as stages and hidden layers, or one is not in [0, 1).
        """
        n_rates = len(self.stages) + len(self.hiddenLayers)
        rates = [0] * n_rates if rates is None else rates
        if not isinstance(rates, (list, tuple)) or len(rates) != n_rates:
            raise ValueError(
                f"rates must be a list of {n_rates}, one for each stage and each hidden layer, not {rates!r}."
            )

        def dropped(units, rate):
            return units if rate == 0 else dropout(theano_rng, units, rate)

        network, updates = copy.copy(self), OrderedDict()
        network.input = self.input if input is None else input
        images, layers = self._images(network.input), iter(enumerate(self.convolutionLayers))
        for stage, rate in zip(self.stages, rates):
            for _ in stage:
                number, own = next(layers)
                layer = ConvolutionLayer(
                    None, images, own.filter_shape, own.image_shape, own.border_mode, None, W=own.W, b=own.b
                )
                output = layer.output
                if self.normalizations:
                    output, averages = self.normalizations[number].in_training(output)
                    updates.update(averages)
                images = self.activation(output)
            images = dropped(pool_2d(images, self.POOL, ignore_border=True), rate)
        units = images.flatten(2)
        for own, rate in zip(self.hiddenLayers, rates[len(self.stages) :]):
            layer = HiddenLayer(None, units, own.n_in, own.n_out, W=own.W, b=own.b, activation=own.activation)
            units = dropped(layer.output, rate)
        own = self.logRegressionLayer
        network._offer(LogisticRegression(units, own.n_in, own.n_out, W=own.W, b=own.b), updates)
        return network

    def _images(self, input):
        return input.reshape((input.shape[0], *self.image_shape))

    def _offer(self, output_layer, updates):
        self.logRegressionLayer, self.updates = output_layer, updates
        self.p_y_given_x = output_layer.p_y_given_x
        self.y_pred = output_layer.y_pred
        self.negative_log_likelihood = output_layer.negative_log_likelihood
        self.errors = output_layer.errors


def _shared(values, name):
    return theano.shared(np.asarray(values, dtype=theano.config.floatX), name=name, borrow=True)


def _checked_shapes(input, filter_shape, image_shape, border_mode):
    """Both shapes, the number of examples in one replaced by None, and the height and width of a map."""
    check_images(input)
    filter_shape = sizes("filter_shape", filter_shape, 4)
    if not isinstance(image_shape, (list, tuple)) or len(image_shape) != 4:
        raise ValueError(f"image_shape must be (n_examples or None, n_channels, height, width), not {image_shape!r}.")
    image_shape = (None, *sizes("image_shape without its first number", tuple(image_shape)[1:], 3))
    _, channels, height, width = image_shape
    if filter_shape[1] != channels:
        raise ValueError(f"filter_shape {filter_shape} is of {filter_shape[1]} channels, and the image has {channels}.")
    pads = _padding(border_mode, filter_shape[2:])
    height, width = (n + 2 * pad - k + 1 for n, pad, k in zip((height, width), pads, filter_shape[2:]))
    if min(height, width) < 1:
        raise ValueError(
            f"a filter of {filter_shape[2]} x {filter_shape[3]} does not fit into an image of "
            f"{image_shape[2]} x {image_shape[3]}."
        )
    return filter_shape, image_shape, height, width


def _padding(border_mode, filter_size):
    modes = {"valid": lambda k: 0, "half": lambda k: k // 2, "full": lambda k: k - 1}
    if isinstance(border_mode, str) and border_mode in modes:
        return [modes[border_mode](k) for k in filter_size]
    if isinstance(border_mode, tuple) and len(border_mode) == 2 and all(pad in range(10**6) for pad in border_mode):
        return border_mode
    raise ValueError(f'border_mode must be "valid", "half", "full" or two numbers of pixels, not {border_mode!r}.')
