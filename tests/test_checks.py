"""A wrong call is refused where it is made, by a ValueError that names what is wrong and what would be right."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from deeplearning_tutorial.autoencoder import DeepAutoencoder, SdA, dA, pretrain
from deeplearning_tutorial.checkpoint import save
from deeplearning_tutorial.data.augmentation import (
    FreshEpochs,
    add_noise,
    distort,
    elastic_distortion,
    rotate,
    translate,
)
from deeplearning_tutorial.data.images import centred_digit
from deeplearning_tutorial.data.preprocessing import mean_and_std, standardize, whiten, whitening_matrix
from deeplearning_tutorial.initialization import glorot_uniform, glorot_uniform_sigmoid, he_normal
from deeplearning_tutorial.layers import HiddenLayer, LogisticRegression, dropout
from deeplearning_tutorial.mlp import MLP
from deeplearning_tutorial.monitoring import History, mean_absolute_correlation, unit_correlation, unit_variance
from deeplearning_tutorial.plotting import (
    draw_graph,
    plot_confusion,
    plot_history,
    plot_signed_tiles,
    plot_tiles,
    tile_raster_images,
)
from deeplearning_tutorial.pretrained import load_pretrained
from deeplearning_tutorial.regularization import adversarial_examples, l1, l2, max_norm
from deeplearning_tutorial.training import MinibatchFunction, fit
from deeplearning_tutorial.updates import (
    apply_momentum,
    apply_nesterov_momentum,
    exponential_decay,
    linear_decay,
    momentum,
    nesterov_momentum,
    sgd,
)

rng = np.random.RandomState(0)
theano_rng = MRG_RandomStreams(1234)
x, y = T.matrix("x"), T.ivector("y")
DIGITS = rng.rand(30, 16).astype("float32")
DATA = theano.shared(DIGITS, name="train_x")
SHARED_LABELS = theano.shared(np.arange(30, dtype="float32") % 3)
LABELS = T.cast(SHARED_LABELS, "int32")
classifier = LogisticRegression(x, 16, 3)
cost = classifier.negative_log_likelihood(y)
params = classifier.params
rate = theano.shared(np.float32(0.1), name="rate")
NAN = float("nan")


def minibatches(inputs=(x, y), output=cost, data=(DATA, LABELS), batch_size=10, updates=None):
    return MinibatchFunction(inputs, output, data, batch_size, updates)


def training(**options):
    train, validate = minibatches(updates=sgd(cost, params, 0.1)), minibatches(output=classifier.errors(y))
    arguments = {"train": train, "validate": validate, "params": params, "n_epochs": 1, "progress": False} | options
    return fit(**arguments)


def of(array):
    return theano.shared(np.asarray(array))


def autoencoder(**options):
    return dA(rng, n_visible=16, n_hidden=3, **options)


def stack(**options):
    return SdA(rng, **{"n_ins": 16, "hidden_layers_sizes": [3], "corruption_levels": [0.1], "n_outs": 3} | options)


# What is called, and what is said.
WRONG = {
    # Dimensions, types and shapes of symbols
    "an array for a symbol": (
        lambda: LogisticRegression(DIGITS, 16, 3),
        r"T.matrix\('x'\), not an array of shape \(30, 16\)",
    ),
    "a vector for a matrix": (
        lambda: LogisticRegression(T.vector("v"), 16, 3),
        "an example in each row, and v is 1-dimensional",
    ),
    "images that are not flat": (lambda: HiddenLayer(rng, T.tensor3("images"), 16, 3), "images is 3-dimensional"),
    "float64 input": (
        lambda: LogisticRegression(T.dmatrix("d"), 16, 3),
        "d is float64 and would make all that follows float64",
    ),
    "input of long integers": (lambda: HiddenLayer(rng, T.lmatrix("i"), 16, 3), "i is int64 .* T.cast"),
    "layers that do not fit": (
        lambda: LogisticRegression(HiddenLayer(rng, x, 16, 5).output, 6, 3),
        "n_in is 6, and the layer before has 5 units",
    ),
    "float64 weights": (
        lambda: LogisticRegression(x, 16, 3, W=of(np.zeros((16, 3)))),
        "W is float64, and floatX is float32",
    ),
    "weights of another shape": (
        lambda: LogisticRegression(x, 16, 3, W=of(DIGITS)),
        r"W must have the shape \(16, 3\).*not \(30, 16\)",
    ),
    "weights that are not shared": (
        lambda: HiddenLayer(rng, x, 16, 3, W=np.zeros((16, 3))),
        "W must be a shared variable.*not an array",
    ),
    "no units": (lambda: HiddenLayer(rng, x, 16, 0), "n_out must be a whole number of at least 1, not 0"),
    "half a unit": (lambda: MLP(rng, x, 16, [2.5], 3), "n_hidden must be a whole number of at least 1, not 2.5"),
    "units in words": (lambda: MLP(rng, x, 16, "100", 3), "n_hidden .* not '100'"),
    "n_in is NaN": (lambda: LogisticRegression(x, NAN, 3), "n_in .* not nan"),
    "labels as floats": (
        lambda: cost_of(T.vector("y")),
        r"vector of integers.*1-dimensional float32.*T.cast\(shared_y, 'int32'\)",
    ),
    "one-hot labels": (lambda: cost_of(T.imatrix("y")), "2-dimensional int32"),
    "an array of labels": (
        lambda: classifier.errors(np.zeros(3, "int32")),
        r"the labels y must be symbolic.*shape \(3,\)",
    ),
    "a seed for a generator": (lambda: HiddenLayer(1234, x, 16, 3), r"np.random.RandomState\(1234\), not 1234"),
    "a generator of another kind": (
        lambda: MLP(np.random.default_rng(0), x, 16, 3, 3),
        "rng must be a numpy.random.RandomState",
    ),
    "the name of an activation": (
        lambda: HiddenLayer(rng, x, 16, 3, activation="tanh"),
        "a function such as T.tanh, or None, not 'tanh'",
    ),
    "the name of an initialization": (
        lambda: MLP(rng, x, 16, 3, 3, initialization="he"),
        "initialization must be a function .* not 'he'",
    ),
    "glorot_uniform": (lambda: glorot_uniform(None, 3, 3), "rng must be .* not None"),
    "glorot_uniform_sigmoid": (lambda: glorot_uniform_sigmoid(rng, -1, 3), "n_in .* not -1"),
    "he_normal": (lambda: he_normal(rng, 3, 0), "n_out .* not 0"),
    "all units dropped": (lambda: dropout(theano_rng, x, 1), "rate must be at least 0 and below 1, not 1"),
    "dropped with NumPy": (lambda: dropout(rng, x, 0.5), "MRG_RandomStreams"),
    "one rate of dropout": (
        lambda: MLP(rng, x, 16, 3, 3).with_dropout(theano_rng, 0.5),
        "rates must be a list of 2, one for the input",
    ),
    "dropout of another width": (
        lambda: MLP(rng, HiddenLayer(rng, x, 16, 5).output, 5, 3, 3).with_dropout(
            theano_rng, [0, 0], HiddenLayer(rng, x, 16, 4).output
        ),
        "n_in is 5, and the layer before has 4",
    ),
    # Autoencoders
    "an autoencoder without a generator": (lambda: dA(None), "rng must be .* not None"),
    "an autoencoder of a vector": (lambda: autoencoder(input=T.vector("v")), "v is 1-dimensional"),
    "a bias of another shape": (
        lambda: autoencoder(bvis=of(np.zeros(3, "float32"))),
        r"bvis must have the shape \(16,\)",
    ),
    "all pixels corrupted": (lambda: autoencoder().reconstruction_cost(1.0), "corruption level .* not 1.0"),
    "corruption in words": (lambda: autoencoder().get_corrupted_input(x, "much"), "not 'much'"),
    "another loss": (lambda: autoencoder().reconstruction_cost(0.1, "mse"), "\"squared-error\", not 'mse'"),
    "steps that go up": (
        lambda: autoencoder().get_cost_updates(0.1, -1),
        "learning_rate must be above 0 and finite, not -1",
    ),
    "no layers": (lambda: stack(hidden_layers_sizes=[]), "at least one hidden layer"),
    "too few corruption levels": (lambda: stack(hidden_layers_sizes=[3, 3]), "one number for each of the 2 layers"),
    "pre-training with an array": (
        lambda: stack().pretraining_functions(DIGITS, 10),
        "train_set_x must be a shared matrix",
    ),
    "pre-training with other digits": (
        lambda: stack(n_ins=15).pretraining_functions(DATA, 10),
        "16 columns, and the model is made for 15",
    ),
    "pre-training with too large a batch": (
        lambda: stack().pretraining_functions(DATA, 31),
        "at most 30, the number of rows, not 31",
    ),
    "fine-tuning with other digits": (
        lambda: stack(n_ins=15).build_finetune_functions([(DATA, LABELS)] * 3, 10, 0.1),
        r"16 columns, .* for 15 \(n_in\)",
    ),
    "no epoch of pre-training": (lambda: pretrain(stack(), DATA, 10, 0), "n_epochs .* not 0"),
    "a rate that is NaN": (lambda: pretrain(stack(), DATA, 10, 1, NAN), "learning_rate must be above 0, not nan"),
    "too few rates": (lambda: pretrain(stack(), DATA, 10, 1, [0.1, 0.2]), "one number for each of the 1 layers"),
    "a code of no units": (
        lambda: DeepAutoencoder(rng, hidden_layers_sizes=[3, 0]),
        "whole number of at least 1, not 0",
    ),
    # Functions of a mini-batch
    "mini-batches of none": (lambda: minibatches(batch_size=0), "from 1 to 30, the number of rows, not 0"),
    "mini-batches larger than the data": (
        lambda: minibatches(batch_size=31),
        "from 1 to 30, the number of rows, not 31",
    ),
    "mini-batches of NaN": (lambda: minibatches(batch_size=NAN), "not nan"),
    "mini-batches of nothing": (lambda: minibatches(batch_size=None), "not None"),
    "no list of inputs": (lambda: minibatches(inputs=x), r"a list of symbolic variables, such as \[x, y\], not x"),
    "an input that is not needed": (
        lambda: minibatches(output=T.mean(x)),
        "nothing depends on the input y: leave it out",
    ),
    "an input that is missing": (
        lambda: minibatches(inputs=[x], data=[DATA]),
        r"depends on y, which is not among the inputs \[x\]",
    ),
    "fewer data than inputs": (
        lambda: minibatches(data=[DATA]),
        "2 inputs need as many arrays of data, and there are 1",
    ),
    "a number for a cost": (lambda: minibatches(output=3), "the output must be symbolic, .* not 3"),
    "data that are not shared": (lambda: minibatches(data=[DIGITS, LABELS]), "data must be shared variables"),
    "labels that are not cast": (
        lambda: minibatches(data=[DATA, SHARED_LABELS]),
        r"y is int32, and its data are float32: .* T.cast\(data, 'int32'\)",
    ),
    "float64 data": (
        lambda: minibatches(data=[of(DIGITS.astype("float64")), LABELS]),
        "x is float32, and its data are float64",
    ),
    "data and labels exchanged": (
        lambda: minibatches(data=[LABELS, DATA]),
        "x is 2-dimensional, and its data are 1-dimensional",
    ),
    "data of another width": (
        lambda: minibatches(data=[of(DIGITS[:, :9]), LABELS]),
        r"data of x have 9 columns, .* made for 16 \(n_in\)",
    ),
    "fewer labels than digits": (
        lambda: minibatches(data=[DATA, T.cast(of(np.zeros(29, "float32")), "int32")]),
        r"equally many rows, and they have \[29, 30\]",
    ),
    "a label of no class": (
        lambda: minibatches(data=[DATA, T.cast(of(np.full(30, 3, "float32")), "int32")]),
        r"labels of y run from 3 to 3, and the layer has 3 units \(n_out\), for 0 to 2",
    ),
    "a negative label": (
        lambda: minibatches(data=[DATA, T.cast(of(np.full(30, -1, "float32")), "int32")]),
        "labels of y run from -1 to -1",
    ),
    # Training
    "training and validation exchanged": (
        lambda: training(train=minibatches(), validate=minibatches(updates=sgd(cost, params, 0.1))),
        "train changes nothing: compile it with updates",
    ),
    "validation that trains": (
        lambda: training(validate=minibatches(updates=sgd(cost, params, 0.1))),
        "validate changes what train changes",
    ),
    "no function to train": (lambda: training(train=lambda index: 0), "train must be a MinibatchFunction"),
    "no function to validate": (lambda: training(validate=0.1), "validate must be a MinibatchFunction, not 0.1"),
    "no epochs": (lambda: training(n_epochs=0), "n_epochs .* not 0"),
    "no patience": (lambda: training(patience=0), "patience must be at least 1, not 0"),
    "patience of NaN": (lambda: training(patience=NAN), "patience must be at least 1, not nan"),
    "patience that shrinks": (lambda: training(patience_increase=-1), "patience_increase must be at least 0, not -1"),
    "a threshold in words": (lambda: training(improvement_threshold="1 %"), "improvement_threshold .* not '1 %'"),
    "monitoring a number": (
        lambda: training(monitor={"a": 3}),
        r"monitor\['a'\] must be a function without arguments, not 3",
    ),
    "monitoring without a name": (lambda: training(monitor=[min]), "monitor must be a dictionary"),
    "nothing before an epoch": (
        lambda: training(before_epoch=3),
        "before_epoch must be a function of the number of an epoch, not 3",
    ),
    "one parameter": (lambda: training(params=classifier.W), "list of shared variables, such as model.params, not W"),
    "arrays for parameters": (lambda: training(params=[DIGITS]), "a parameter must be a shared variable"),
    # Updates
    "no gradient of a number": (lambda: sgd(3, params, 0.1), "the cost must be a symbolic scalar.*not 3"),
    "no gradient of a vector": (lambda: sgd(T.vector(), params, 0.1), "scalar, not 1-dimensional: take its mean"),
    "nothing to update": (lambda: sgd(cost, None, 0.1), "list of shared variables.*not None"),
    "a rate of 0": (lambda: sgd(cost, params, 0), "learning_rate must be above 0 and finite, not 0"),
    "a negative rate": (lambda: momentum(cost, params, -0.1), "above 0 and finite, not -0.1"),
    "an infinite rate": (lambda: nesterov_momentum(cost, params, float("inf")), "above 0 and finite, not inf"),
    "a rate of NaN": (lambda: sgd(cost, params, [0.1, NAN]), r"learning_rate\[1\] must be above 0 and finite, not nan"),
    "momentum that never ends": (
        lambda: apply_momentum(sgd(cost, params, 0.1), 1),
        "momentum must be at least 0 and below 1, not 1",
    ),
    "momentum of NaN": (lambda: apply_nesterov_momentum(sgd(cost, params, 0.1), NAN), "momentum .* not nan"),
    "momentum of parameters": (lambda: apply_momentum(params), "updates must be what sgd or another rule returns"),
    "a number that decays": (lambda: exponential_decay(0.1, 0.9), "what decays must be a shared variable.*not 0.1"),
    "decay that grows": (lambda: exponential_decay(rate, 1.1), "factor must be above 0 and at most 1, not 1.1"),
    "decay in no steps": (lambda: linear_decay(rate, 0), "n_steps .* not 0"),
    # Regularization
    "a penalty of nothing": (lambda: l1([]), "at least one weight matrix"),
    "a penalty of an array": (lambda: l2([DIGITS]), "weights must be Theano variables"),
    "a limit of 0": (
        lambda: max_norm(sgd(cost, params, 0.1), [classifier.W], 0),
        "limit must be above 0 and finite, not 0",
    ),
    "a limit for no updates": (
        lambda: max_norm([], [classifier.W], 1),
        "updates must be what sgd or another rule returns",
    ),
    "an adversary of nobody": (
        lambda: adversarial_examples(cost, T.matrix("other"), 0.1),
        "the cost does not depend on other",
    ),
    "an adversary that does nothing": (
        lambda: adversarial_examples(cost, x, 0),
        "size must be above 0 and finite, not 0",
    ),
    # Arrays
    "digits that are no matrix": (lambda: mean_and_std(DIGITS[0]), r"shape \(rows, features\), got shape \(16,\)"),
    "digits as integers": (lambda: standardize(np.zeros((3, 4), "int64")), "type int64"),
    "digits that are NaN": (lambda: standardize(np.full((3, 4), np.nan)), "NaN or infinity"),
    "sets of other widths": (lambda: whiten(DIGITS, DIGITS[:, :3]), "Expected 16 columns"),
    "another way to whiten": (lambda: whitening_matrix(DIGITS, kind="svd"), "kind must be 'zca' or 'pca', not 'svd'"),
    "images that are not square": (lambda: rotate(DIGITS[:, :15], 3), "15 pixels in a row are no square number"),
    "as many angles as images": (lambda: rotate(DIGITS, [1, 2]), "one number or 30, one for each image"),
    "a shift of NaN": (lambda: translate(DIGITS, NAN, 0), "down must be finite"),
    "negative rotation": (lambda: distort(rng, DIGITS, rotation=-1), "rotation must be at least 0 and finite, not -1"),
    "rotation in words": (lambda: distort(rng, DIGITS, rotation="a little"), "rotation .* not 'a little'"),
    "images and generator exchanged": (lambda: distort(DIGITS, rng), "rng must be .* not an array"),
    "noise without a generator": (lambda: add_noise(None, DIGITS), "rng must be .* not None"),
    "rubber of another generator": (lambda: elastic_distortion(np.random.default_rng(0), DIGITS), "rng must be"),
    "fresh epochs of arrays": (lambda: FreshEpochs(DIGITS, np.zeros(30), 1), "x must be a shared variable"),
    "fresh epochs with a wrong seed": (lambda: FreshEpochs(DATA, LABELS, -1), r"from 0 to 2\*\*32 - 1, not -1"),
    "fresh epochs with fewer labels": (lambda: FreshEpochs(DATA, of(np.zeros(3)), 1), "30 images and 3 labels"),
    "fresh epochs changed by a name": (
        lambda: FreshEpochs(DATA, LABELS, 1, change="distort"),
        "change must be a function .* not 'distort'",
    ),
    "fresh epochs changed by nobody's function": (
        lambda: FreshEpochs(DATA, LABELS, 1, change=lambda rng, images: images),
        "change must be a function of a module",
    ),
    "fresh epochs of a share of 0": (lambda: FreshEpochs(DATA, LABELS, 1, share=0), "share must be above 0"),
    "a picture in words": (lambda: centred_digit("my_digit.png"), "picture must be what read_picture"),
    "tiles of one image": (lambda: plot_tiles(DIGITS[0]), r"\(n_images, side \* side\), not an array of shape \(16,\)"),
    "signed tiles of a list": (lambda: plot_signed_tiles([1, 2]), "not list"),
    "tiles of another shape": (lambda: tile_raster_images(DIGITS, (5, 5), (5, 6)), "5"),
    "the history itself": (lambda: plot_history(History()), "histories must be a dictionary"),
    "a curve that is none": (lambda: plot_history({"a": History()}, "accuracy"), "the run 'a' has no curve 'accuracy'"),
    "confusion that is not square": (lambda: plot_confusion(np.zeros((2, 3))), r"\(2, 3\)"),
    "a graph of a number": (lambda: draw_graph(3), "of a compiled function or of a symbolic variable, not of 3"),
    "the variance of one unit": (lambda: unit_variance(np.zeros(3)), r"\(n_examples, n_units\).* not \(3,\)"),
    "the correlation of one example": (lambda: unit_correlation(np.zeros((1, 3))), r"not \(1, 3\)"),
    "the correlation of one unit": (lambda: mean_absolute_correlation(np.zeros((3, 1))), "at least 2 units"),
    "saving text": (lambda: save("a.npz", {"W": "text"}), "'W' cannot be saved"),
    "parameters of no model": (
        lambda: load_pretrained("alexnet", params),
        "there are no trained parameters 'alexnet'; there are: ",
    ),
    "parameters of another model": (lambda: load_pretrained("logistic", params), "this model's are"),
}


def cost_of(labels):
    return classifier.negative_log_likelihood(labels)


@pytest.mark.parametrize("call, said", WRONG.values(), ids=WRONG)
def test_a_wrong_call_is_refused_with_the_value_and_the_cure(call, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = [parameter.get_value() for parameter in params]
    with pytest.raises(ValueError, match=f"(?s){said}") as caught:
        call()
    assert "deeplearning_tutorial" in str(caught.traceback[-1].path), (
        "it should be noticed by this package, not deep in another"
    )
    assert all((parameter.get_value() == value).all() for parameter, value in zip(params, before))


def test_right_calls_are_not_refused():
    assert minibatches()(0) > 0
    assert training().n_steps == 3
    assert minibatches(batch_size=10.0).n_batches == 3
    assert LogisticRegression(T.bmatrix("bytes"), 16, 3).p_y_given_x.dtype == "float32"
    distort(rng, DIGITS, rotation=np.float32(3))
    own = autoencoder()
    dA(None, theano_rng, n_visible=16, n_hidden=3, W=own.W, bhid=own.b, bvis=own.b_prime)  # nothing is to be drawn


def test_what_follows_from_a_float64_number_is_float32():
    updates = momentum(
        cost + 0.1 * l2([classifier.W]), params, theano.shared(np.float64(0.1)), T.constant(np.float64(0.9))
    )
    assert {next_value.dtype for next_value in updates.values()} == {"float32"}
    step = minibatches(updates=updates)
    assert step(0).dtype == "float32"
    assert not any(
        "float64" in str(node.outputs[0].type)
        for node in step.function.maker.fgraph.toposort()
        if node.outputs[0].ndim > 0
    )
