"""What networks are made of: activations, costs, convolutions, pooling, normalization, scan; and random numbers."""

import numpy as np
import theano
import theano.sparse
import theano.tensor as T
from theano.ifelse import ifelse
from theano.sandbox import multinomial
from theano.sandbox.rng_mrg import MRG_RandomStreams, mrg_uniform  # noqa: F401
from theano.tensor import nnet, raw_random
from theano.tensor.nnet import abstract_conv, blocksparse, conv, conv3d2d, corr, corr3d, neighbours
from theano.tensor.shared_randomstreams import RandomStreams
from theano.tensor.signal import pool
from theano.tensor.signal.conv import conv2d as signal_conv2d

from .catalogue import Group, attempt, case, gradients
from .linear import numbers
from .tensors import matrix

Group("activations", ulp=32, of_largest=True, seconds=40, core=True)
Group("convolutions", ulp=64, of_largest=True, seconds=80)
Group("control", ulp=64, of_largest=True, seconds=30)
Group("random", ulp=16, calls=2, seconds=40, core=True)

FLOATS = ["float32", "float64"]


# --- Activations and costs ------------------------------------------------------------------------


def _activations(kind):
    def build(given):
        x, b = given(matrix(kind)), given(matrix(kind, 1)[0])
        for function in (
            nnet.sigmoid, nnet.hard_sigmoid, nnet.ultra_fast_sigmoid, nnet.softplus, nnet.softsign, nnet.relu, nnet.elu, nnet.selu,
            lambda x: nnet.relu(x, 0.1), lambda x: nnet.relu(x, 2.5), T.tanh, nnet.softmax, nnet.logsoftmax,
        ):  # fmt: skip
            yield function(x)
            yield from gradients(function(x), x) if function is not nnet.ultra_fast_sigmoid else ()  # which has none
        yield nnet.softmax_with_bias(x, b)
        yield from gradients(nnet.softmax_with_bias(x, b), x, b)
        yield from (nnet.nnet.softmax_graph(x), T.log(nnet.softmax(x)), T.clip(x, 0.1, 0.9))

    build.__name__ = f"activations_of_{kind}"
    return build


def _costs(kind):
    def build(given):
        x, b, t = given(matrix(kind)), given(matrix(kind, 1)[0]), given(abs(matrix(kind)) / 4)
        y = given([1, 3, 0], "int32")
        p = nnet.softmax(x)
        log_likelihood = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
        yield from (log_likelihood, *T.grad(log_likelihood, [x]))
        cost = nnet.categorical_crossentropy(p, y)
        yield from (cost, *gradients(cost, x))
        cost = nnet.categorical_crossentropy(nnet.softmax(x + b), y)
        yield from (cost, *gradients(cost, x, b))
        cost = nnet.categorical_crossentropy(p, t)
        yield from (cost, *gradients(cost, x))
        s = nnet.sigmoid(x)
        cost = nnet.binary_crossentropy(s, t)
        yield from (
            cost,
            *gradients(cost, x),
            nnet.sigmoid_binary_crossentropy(x, t),
            *gradients(nnet.sigmoid_binary_crossentropy(x, t), x),
        )
        yield from nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)
        yield from nnet.crossentropy_softmax_1hot(x, y)
        yield from (
            nnet.nnet.crossentropy_softmax_max_and_argmax_1hot(x, y)[2],
            nnet.nnet.prepend_1_to_each_row(x),
            nnet.nnet.prepend_0_to_each_row(x),
        )
        yield nnet.nnet.Prepend_scalar_to_each_row()(x[0, 0], x)
        yield nnet.confusion_matrix(y, given([1, 0, 0], "int32"))[0]
        yield T.neq(T.argmax(p, axis=1), y).mean()

    build.__name__ = f"costs_of_{kind}"
    return build


for _kind in FLOATS:
    case("activations", compiled=False)(_activations(_kind))
    case("activations", compiled=_kind == "float32")(_costs(_kind))


@case("activations", alone=True)
def a_label_that_is_no_class(given):
    return nnet.categorical_crossentropy(nnet.softmax(given(matrix())), given([1, 4, 0], "int32"))


@case("activations", compiled=False)
def of_integers(given):
    x = given(matrix("int8"))
    return [
        nnet.sigmoid(x),
        nnet.softplus(x),
        nnet.relu(x),
        nnet.relu(x, 0.1),
        nnet.hard_sigmoid(x),
        attempt(nnet.softmax, x),
        T.tanh(x),
    ]


def _normalization(axes):
    def build(given):
        for kind in FLOATS:
            x = given(numbers(3, 2, 2, 2, kind=kind))
            shape = (1, 2, 1, 1) if axes == "spatial" else (1, 2, 2, 2)
            broadcastable = tuple(length == 1 for length in shape)
            gamma, beta, mean, var = (
                given(abs(numbers(*shape, kind=kind, seed=s)) + 0.5, broadcastable=broadcastable) for s in range(4)
            )
            yield from nnet.bn.batch_normalization_train(x, gamma, beta, axes, running_mean=mean, running_var=var)
            yield from gradients(nnet.bn.batch_normalization_train(x, gamma, beta, axes)[0], x, gamma, beta)
            test = nnet.bn.batch_normalization_test(x, gamma, beta, mean, var, axes)
            yield from (test, *gradients(test, x, gamma, mean, var))
            yield nnet.bn.batch_normalization(x, gamma, beta, mean, var, mode="low_mem")
            yield nnet.bn.batch_normalization(x, gamma, beta, mean, var, mode="high_mem")

    build.__name__ = f"normalization_{axes.replace('-', '_')}"
    return build


for _axes in ("per-activation", "spatial"):
    case("activations", compiled=False)(_normalization(_axes))


# --- Convolutions and pooling ---------------------------------------------------------------------


@case("convolutions")
def convolutions(given):
    x, w = given(numbers(2, 2, 5, 4)), given(numbers(3, 2, 2, 3))
    yield from gradients(nnet.conv2d(x, w), x, w)
    for options in (
        {"border_mode": "half"}, {"border_mode": "full"}, {"subsample": (2, 1)}, {"border_mode": (1, 0), "filter_flip": False},
        {"filter_dilation": (2, 1)},
    ):  # fmt: skip
        yield nnet.conv2d(x, w, **options)


@case("convolutions", compiled=False)
def more_convolutions(given):
    x, w = given(numbers(2, 2, 5, 4)), given(numbers(3, 2, 2, 3))
    d, e = given(numbers(2, 2, 5, 4, kind="float64")), given(numbers(3, 2, 2, 3, kind="float64"))
    for mode in ("valid", "full", "half", (1, 2), 1):
        yield from (nnet.conv2d(x, w, border_mode=mode), *gradients(nnet.conv2d(d, e, border_mode=mode), d, e))
    grouped = given(numbers(4, 1, 2, 2))
    yield from gradients(nnet.conv2d(x, grouped, num_groups=2), x, grouped)
    yield abstract_conv.conv2d_grad_wrt_inputs(nnet.conv2d(x, w), w, input_shape=(2, 2, 5, 4))
    yield abstract_conv.conv2d_grad_wrt_weights(x, nnet.conv2d(x, w), filter_shape=(3, 2, 2, 3))
    yield abstract_conv.bilinear_upsampling(x, 2)
    yield (
        nnet.conv2d_transpose(nnet.conv2d(x, w), w, output_shape=(2, 2, 5, 4))
        if hasattr(nnet, "conv2d_transpose")
        else x
    )
    yield abstract_conv.separable_conv2d(x, given(numbers(4, 1, 2, 2)), given(numbers(3, 4, 1, 1)), num_channels=2)
    y = given(numbers(1, 2, 3, 4, 3))
    v = given(numbers(2, 2, 2, 2, 2))
    yield from (nnet.conv3d(y, v), *gradients(nnet.conv3d(y, v, border_mode="half"), y, v))
    yield from (corr.CorrMM()(x, w), corr3d.Corr3dMM()(y, v), corr.CorrMM(subsample=(2, 2))(x, w))


@case("convolutions")
def convolutions_in_three_dimensions(given):
    y, v = given(numbers(1, 2, 3, 4, 3)), given(numbers(2, 2, 2, 2, 2))
    return gradients(nnet.conv3d(y, v), y, v)


@case("convolutions")
def convolutions_of_old(given):
    x, w = given(numbers(2, 2, 5, 4)), given(numbers(3, 2, 2, 3))
    yield conv.conv2d(x, w)
    yield conv.ConvOp(output_mode="full")(x, w)
    yield signal_conv2d(x[0, 0], w[0, 0])
    yield conv3d2d.conv3d(
        given(numbers(1, 3, 2, 4, 3)), given(numbers(2, 2, 2, 2, 2)), (1, 3, 2, 4, 3), (2, 2, 2, 2, 2)
    )


@case("convolutions")
def diagonals_of_time(given):
    """What a convolution in three dimensions is made of, where there are those in two only."""
    z = given(numbers(3, 2, 2, 4, 3))
    yield from gradients(conv3d2d.DiagonalSubtensor()(z, 0, 1), z)
    yield conv3d2d.IncDiagonalSubtensor()(z, 0, 1, conv3d2d.DiagonalSubtensor()(z, 0, 1))


def _pooling(kind):
    def build(given):
        x, y = given(numbers(1, 2, 5, 4, kind=kind)), given(numbers(1, 1, 4, 4, 3, kind=kind))
        for mode in ("max", "sum", "average_inc_pad", "average_exc_pad"):
            for options in ({}, {"ignore_border": False, "stride": (1, 2)}):
                pooled = pool.pool_2d(x, (2, 2), mode=mode, **{"ignore_border": True, **options})
                yield from (pooled, *gradients(pooled, x))
            padded = pool.pool_2d(x, (3, 2), ignore_border=True, pad=(1, 1), mode=mode)
            yield from (padded, *gradients(padded, x))
            yield pool.pool_3d(y, (2, 2, 1), ignore_border=True, mode=mode)
        yield pool.max_pool_2d_same_size(x, (2, 2))
        g = T.grad(pool.pool_2d(x, (2, 2), ignore_border=True).sum(), x)
        yield T.grad((g * x).sum(), x)
        yield T.Rop(pool.pool_2d(x, (2, 2), ignore_border=True), x, x * 0.5)

    build.__name__ = f"pooling_{kind}"
    return build


for _kind in FLOATS:
    case("convolutions", compiled=False)(_pooling(_kind))


@case("convolutions")
def max_and_average_pooling(given):
    x, y = given(numbers(1, 2, 5, 4)), given(numbers(1, 1, 4, 4, 3))
    for mode in ("max", "average_exc_pad"):
        pooled = pool.pool_2d(x, (2, 2), mode=mode, ignore_border=True)
        yield from (pooled, *gradients(pooled, x))
    yield pool.pool_3d(y, (2, 2, 1), ignore_border=True)
    g = T.grad(pool.pool_2d(x, (2, 2), ignore_border=True).sum(), x)
    yield T.grad((g * x).sum(), x)
    yield T.Rop(pool.pool_2d(x, (2, 2), ignore_border=True), x, x * 0.5)


@case("convolutions")
def change_of_max_pooling(given):
    x = given(numbers(1, 2, 5, 4))
    return pool.MaxPoolRop(ignore_border=True)(x, x * 0.5, [2, 2])


@case("convolutions")
def neighbourhoods(given):
    x = given(numbers(1, 2, 4, 4))
    for mode, shape in (
        ("valid", (2, 2)),
        ("ignore_borders", (3, 3)),
        ("wrap_centered", (3, 3)),
        ("half", (3, 3)),
        ("full", (2, 2)),
    ):
        yield neighbours.images2neibs(x, shape, mode=mode)
    y = neighbours.images2neibs(x, (2, 2))
    yield from (neighbours.neibs2images(y, (2, 2), (1, 2, 4, 4)), *gradients(y, x))


@case("convolutions")
def products_of_blocks(given):
    w, h, b = given(numbers(2, 3, 2, 4)), given(numbers(2, 2, 2)), given(numbers(3, 4))
    inputs, outputs = given([[0, 1], [1, 0]], "int32"), given([[2, 0], [1, 1]], "int32")
    y = blocksparse.sparse_block_dot(w, h, inputs, b, outputs)
    yield from (y, *gradients(y, w, h, b))
    yield blocksparse.sparse_block_gemv(numbers(2, 2, 4), w, h, inputs, outputs)
    yield blocksparse.sparse_block_outer(w, h, numbers(2, 2, 4), inputs, outputs)


# --- Control --------------------------------------------------------------------------------------


@case("control")
def conditions(given):
    x, y = given(matrix()), given(matrix() * 2)
    z = ifelse(x.sum() > 0, x * 2, y)
    yield from (
        z,
        *gradients(z, x, y),
        *ifelse(T.constant(0), [x, y], [y, x]),
        ifelse(given(1, "int8"), x, y),
        T.switch(x > y, x, 0.1),
    )


def _cell(given, kind):
    """One step of an LSTM."""
    w, u = given(numbers(2, 12, kind=kind)), given(numbers(3, 12, kind=kind))

    def step(x, h, c):
        gates = T.dot(x, w) + T.dot(h, u)
        i, f, o, new = gates[:3], gates[3:6], gates[6:9], gates[9:]
        c = nnet.sigmoid(f) * c + nnet.sigmoid(i) * T.tanh(new)
        return nnet.sigmoid(o) * T.tanh(c), c

    return step, w, u


@case("control", compiled=False)
def recurrence(given):
    for kind in FLOATS[:1]:
        step, w, u = _cell(given, kind)
        x = given(numbers(5, 2, kind=kind))
        zeros = T.zeros((3,), kind)
        (h, c), _ = theano.scan(step, x, [zeros, zeros], mode=given.mode)
        yield from (h, c[-1], *gradients(h[-1], x, w, u))


@case("control", compiled=False)
def other_scans(given):
    x, n, k = given(matrix("float64")[0]), given(4, "int64"), given(3, "int8")
    power, _ = theano.scan(
        lambda before, a: before * a, outputs_info=T.ones_like(x), non_sequences=x, n_steps=n, mode=given.mode
    )
    fibonacci, _ = theano.scan(
        lambda a, b: a + b,
        outputs_info=[{"initial": T.constant([0, 1], dtype="int64"), "taps": [-2, -1]}],
        n_steps=8,
        mode=given.mode,
    )
    until, _ = theano.scan(
        lambda a: (a * 2, theano.scan_module.until(a > 20)), outputs_info=T.constant(1.5), n_steps=20, mode=given.mode
    )
    yield from (power, power[-1], fibonacci, until, *gradients(power[-1], x))
    yield from (
        theano.map(lambda a: a**2, x, mode=given.mode)[0],
        theano.reduce(lambda a, b: a + b, x, T.constant(0.0, dtype="float64"), mode=given.mode)[0],
    )
    yield from (
        theano.foldl(lambda a, b: b - a, x, T.constant(1.0, dtype="float64"), mode=given.mode)[0],
        theano.scan(lambda i: i * k, T.arange(n), mode=given.mode)[0],
    )
    s = theano.shared(np.float64(1.0))
    result, updates = theano.scan(lambda: (s * 2, {s: s * 3}), n_steps=3, mode=given.mode)
    given.update(updates)
    yield result


@case("control", compiled=False)
def derivatives_of_gradients(given):
    x = given([0.5, -1.5, 2.0], "float64")
    y = (x**3).sum() + x[0] * x[1]
    yield from (
        theano.gradient.hessian(y, x),
        theano.gradient.jacobian(x**2 * x.sum(), x),
        T.Rop(x**2 * x.sum(), x, x + 1),
    )
    yield from (T.Lop(x**2, x, T.ones_like(x)), T.grad(T.grad(y, x).sum(), x), theano.clone(y, {x: x * 2}))


@case("control", compiled=False)
def graphs_as_operations(given):
    x, y = T.fvector(), T.fvector()
    op = theano.OpFromGraph([x, y], [x * y + 0.1, x.sum()])
    a, b = given([1.5, 2], "float32"), given([3, 4], "float32")
    yield from op(a, b)
    single = theano.OpFromGraph([x, y], [x * y + 0.1])
    yield from gradients(single(a, b), a, b)
    inlined = theano.OpFromGraph([x, y], [x - y], inline=True)
    yield inlined(a, b)


def twice(x):
    """What a user's own operation computes."""
    return x * 2


@case("control", compiled=False)
def operations_in_python(given):
    from theano.misc.doubleop import DoubleOp
    from theano.printing import Print

    x = given(matrix())
    yield from (DoubleOp()(x), Print("", attrs=())(x), theano.as_op([T.fmatrix], [T.fmatrix])(twice)(x))
    yield from gradients(DoubleOp()(x), x)


@case("control", alone=True)
def raising(given):
    from theano.raise_op import Raise

    return Raise("this is wrong", ValueError)(given(1.0))


# --- Random numbers -------------------------------------------------------------------------------


@case("random")
def random_streams(given):
    streams = RandomStreams(42)
    yield from (
        streams.uniform((3,)),
        streams.uniform((2,), 1, 5, dtype="float64"),
        streams.normal((2, 2), 1, 0.1),
        streams.normal(avg=[0.5, 5]),
    )
    yield from (
        streams.binomial((4,), 10, 0.3),
        streams.binomial((2,), p=[0.2, 0.9], dtype="int8"),
        streams.random_integers((4,), 2, 9),
    )
    yield from (
        streams.poisson((3,), 2.5),
        streams.permutation((2,), 5),
        streams.permutation(n=4),
        streams.choice((4,), 5),
        streams.choice(a=[3.5, 7], size=(3,)),
    )
    yield from (
        streams.multinomial((2,), 5, [0.2, 0.3, 0.5]),
        streams.multinomial(n=[2, 4], pvals=[[0.5, 0.5], [0.1, 0.9]]),
    )
    yield streams.shuffle_row_elements(given(matrix()))
    given.update(streams.updates())


@case("random", compiled=False)
def random_states(given):
    """Without updates: the same numbers again, and the state as it was."""
    state = given.as_it_is(raw_random.random_state_type(), np.random.RandomState(7))
    for draw in (
        lambda s: raw_random.uniform(s, (3,)), lambda s: raw_random.normal(s, (3,)), lambda s: raw_random.random_integers(s, (3,), 0, 100),
        lambda s: raw_random.binomial(s, (3,), 5, 0.5), lambda s: raw_random.permutation(s, (1,), 5), lambda s: raw_random.poisson(s, (3,)),
    ):  # fmt: skip
        after, numbers_ = draw(state)
        later, more = draw(after)
        yield from (numbers_, more, after, later)


@case("random", compiled=False)
def a_generator_that_is_copied(given):
    shared = theano.shared(np.random.RandomState(5), borrow=False)
    after, x = raw_random.uniform(shared, (2,))
    yield from (x, shared.get_value(borrow=False), np.random.RandomState(5))
    given.update({shared: after})


@case("random")
def numbers_of_mrg(given):
    streams = MRG_RandomStreams(1234)
    yield from (
        streams.uniform((5,), dtype="float32"),
        streams.uniform((3, 2), 1, 3, dtype="float64", nstreams=2),
        streams.normal((4,), dtype="float32"),
    )
    yield from (
        streams.binomial((6,), p=0.3, dtype="int64"),
        streams.binomial((3,), p=0.7),
        streams.uniform((70,))[60:],
    )
    yield from (
        streams.multinomial(pvals=given([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]], "float32")),
        streams.normal((3,), 1, 2, truncate=True, dtype="float64"),
    )
    yield streams.choice(2, replace=False, p=given([[0.2, 0.3, 0.5]], "float32"))
    yield streams.multinomial(n=3, pvals=given([[0.2, 0.3, 0.5]], "float32"))


@case("random", compiled=False)
def states_of_mrg(given):
    from theano.sandbox import rng_mrg

    streams = MRG_RandomStreams([1, 2, 3, 4, 5, 6])
    yield from (
        rng_mrg.ff_2p134(np.arange(1, 7, dtype="int32")),
        rng_mrg.ff_2p72(np.full(6, 2**31 - 30000, "int32")),
        np.array(streams.get_substream_rstates(3, "float32")),
    )
    a, s = T.constant(np.array([[1, 2, 3], [4, 5, 6], [7, 8, 2**30]], "int64")), given([2**30, 2**30 - 1, 5], "int32")
    m = T.constant(np.int32(2**31 - 1))
    yield rng_mrg.DotModulo()(a, s, m, a, s, T.constant(np.int32(2**31 - 21069)))
    yield rng_mrg.multMatVect(
        np.array([2**30, 1, 5, 3, 4, 2**31 - 30000], "int32"), rng_mrg.A1p72, rng_mrg.M1, rng_mrg.A2p72, rng_mrg.M2
    )


@case("random")
def samples_from_uniform_numbers(given):
    p, u = given([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]], "float32"), given([0.4, 0.95], "float32")
    yield from (
        multinomial.MultinomialFromUniform("auto")(p, u, 1),
        multinomial.MultinomialFromUniform("int8")(p, u, 1),
    )
    yield from (
        multinomial.ChoiceFromUniform("auto")(p, u, 1),
        multinomial.ChoiceFromUniform("int64", True)(p, given([0.4, 0.95, 0.1, 0.2], "float32"), 2),
    )
    yield multinomial.MultinomialWOReplacementFromUniform("auto")(p, given([0.4, 0.95], "float32"), 1)
