"""The shared module of the workshop: small enough to read in one sitting, and nothing in it hides Theano.

=================  =================================================================================
`data`             `load_data`: MNIST and your own data; pictures, preprocessing, augmentation
`layers`           `LogisticRegression`, `HiddenLayer`, `dropout`
`initialization`   where the weights of a layer begin
`mlp`              `MLP`, with any number of hidden layers
`convolution`      `LeNetConvPoolLayer`, `ConvNet`: layers that know which pixels are neighbours
`autoencoder`      `dA`, `SdA`, `DeepAutoencoder`: learning without labels
`updates`          `sgd`, `momentum`, …: what changes after each mini-batch
`regularization`   `l1`, `l2`, `max_norm`: what keeps weights small
`minibatches`      `MinibatchFunction`: a compiled function of a mini-batch
`training`         `fit` trains
`interrupts`       what happens when somebody stops it by hand
`early_stopping`   `EarlyStopping`: when to stop, and which parameters to keep
`monitoring`       `History`: what happened during training; what the hidden units do
`checkpoint`       `save`, `load`: parameters in a file, whatever happens meanwhile
`fingerprint`      whether a checkpoint is of the same run
`pretrained`       `load_pretrained`: parameters for when there is no time to train
`drawing`          `draw_digit`: a canvas in a notebook, and what a network reads on it
`backpropagation`  the chain rule in a network of two weights, drawn
`plotting`         digits, filters, curves, confusion matrices, graphs
`checks`           what is refused, and why
`conditions`       what a graph asks of its data
`exercises`        the hints and checks of the notebooks
`engine`           what makes Theano work, and work fast, on a machine of today; nobody need read it
=================  =================================================================================

Importing this package tells Theano which configuration to use: import it before `theano`. Where that configuration asks
for a GPU, the import fails if Theano does not get it. The names of the Theano tutorials can be had from here, too.
"""

import importlib

from deeplearning_tutorial import engine, moved
from deeplearning_tutorial.engine import ROOT, configure_theano, configured  # noqa: F401  for who uses this package

engine.start()
moved.install()

# Imported when they are first used, so that importing this package stays quick.
_TUTORIAL = {
    "load_data": "data",
    **dict.fromkeys(["LogisticRegression", "HiddenLayer"], "layers"),
    "MLP": "mlp",
    "LeNetConvPoolLayer": "convolution",
    **dict.fromkeys(["dA", "SdA"], "autoencoder"),
    "tile_raster_images": "plotting",
}


def __getattr__(name):
    if name in _TUTORIAL:
        return getattr(importlib.import_module(f"{__name__}.{_TUTORIAL[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_TUTORIAL])
