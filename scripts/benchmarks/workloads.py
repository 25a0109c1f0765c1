"""What the benchmark trains: the networks of the notebooks, their initial weights and the arithmetic in a step.

Needs NumPy only, and any version of it: every engine reads this, each in its own environment.
"""

import json
from dataclasses import asdict, dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A network and how it is trained, on digits of 784 pixels.

    The cost is the mean over the mini-batch: of the negative log likelihood for a classifier; for a denoising
    autoencoder, where `corruption` is a rate, of the cross-entropy summed over the pixels.
    """

    title: str
    n_hidden: tuple
    batch_size: int
    learning_rate: float
    activation: str = "tanh"
    momentum: float = 0.0
    dropout: tuple = ()  # of the input, then of each hidden layer
    corruption: float | None = None
    convolutions: tuple = ()  # before the hidden layers: of each the filters, their side, zeros around, and the side of pooling windows
    pools_first: bool = False  # before the activation, which comes to the same, as all of these increase

    @property
    def is_autoencoder(self):
        return self.corruption is not None

    @property
    def is_noisy(self):
        """Whether a step draws random numbers, each engine with its own generator."""
        return bool(self.corruption) or any(self.dropout)

    @property
    def sizes(self):
        n_channels, side = self.maps[-1]
        units = (n_channels * side**2, *self.n_hidden)
        return units if self.is_autoencoder else (*units, 10)

    @property
    def maps(self):
        """Channels and side of the images that come into the first convolution, and that come out of each."""
        maps = [(1, 28)]
        for n_filters, size, padding, pool in self.convolutions:
            maps.append((n_filters, (maps[-1][1] + 2 * padding - size + 1) // pool))
        return maps

    @property
    def flops(self):
        """Floating-point operations of a step's matrix products and convolutions; everything else is small beside them.

        A layer multiplies three times: forward, for the gradient of its weights, and for that of its input, which the
        first layer does not need. Each product of (m, k) and (k, n) takes 2 m k n operations. Tied weights are used
        twice, and their decoder needs the gradient of its input too.
        """
        products = [
            2 * self.batch_size * n_filters * n_channels * size**2 * (side + 2 * padding - size + 1) ** 2
            for (n_filters, size, padding, _), (n_channels, side) in zip(self.convolutions, self.maps)
        ]
        products += [2 * self.batch_size * n_in * n_out for n_in, n_out in zip(self.sizes, self.sizes[1:])]
        if self.is_autoencoder:
            return 5 * products[0]
        return 3 * sum(products) - products[0]

    def initial_params(self):
        """Weights and biases of each layer in turn, float32; for the autoencoder W, b and b'."""
        rng = np.random.RandomState(1234)
        params = []
        for (n_filters, size, *_), (n_channels, _) in zip(self.convolutions, self.maps):
            high = np.sqrt(6 / ((n_channels + n_filters) * size**2))
            filters = rng.uniform(-high, high, (n_filters, n_channels, size, size)).astype("float32")
            # Where there is nothing but paper, a ReLU that sums to exactly 0 would have one slope here and another there.
            params += [filters, np.full(n_filters, 0.01, "float32")]
        for n_in, n_out in zip(self.sizes, self.sizes[1:]):
            # Glorot's range: units neither saturate nor fall silent, in networks of five layers too.
            high = np.sqrt(6 / (n_in + n_out)) * (4 if self.activation == "sigmoid" else 1)
            params += [rng.uniform(-high, high, (n_in, n_out)).astype("float32"), np.zeros(n_out, "float32")]
        if self.is_autoencoder:
            params.append(np.zeros(784, "float32"))
        return params

    def to_json(self):
        """A text from which `from_json`, in another process, makes the same workload."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text):
        return cls(**{name: _tuple(value) for name, value in json.loads(text).items()})

    def without_noise(self):
        """The same with nothing drawn at random, so that all engines must compute the same numbers."""
        return replace(self, dropout=tuple(0.0 for _ in self.dropout), corruption=0.0 if self.is_autoencoder else None)


def _tuple(value):
    """A list, and those in it, as tuples."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


# At a rate of 0.1 the losses of two libraries part at 1e-4 after 13 steps: where the two largest numbers of a pooling window
# differ by less than float32 rounds, another order of adding up sends the gradient to the other one.
LENET = {"n_hidden": (500,), "convolutions": ((20, 5, 0, 2), (50, 5, 0, 2)), "pools_first": True, "learning_rate": 0.02}

WORKLOADS = {
    "logistic": Workload("logistic regression, batch 600", (), 600, 0.13),
    "mlp-100": Workload("MLP 100, batch 20", (100,), 20, 0.01),
    "mlp-500": Workload("MLP 500, batch 20", (500,), 20, 0.01),
    "mlp-momentum": Workload("MLP 200, 100 with momentum, batch 20", (200, 100), 20, 0.01, momentum=0.9),
    "mlp-500-large-batch": Workload("MLP 500, batch 600", (500,), 600, 0.1),
    "mlp-dropout": Workload(
        "MLP 800, 800 ReLU with dropout, batch 100", (800, 800), 100, 0.05, activation="relu", dropout=(0.2, 0.5, 0.5)
    ),
    "dA": Workload("denoising autoencoder 500, batch 20", (500,), 20, 0.1, activation="sigmoid", corruption=0.3),
    "deep": Workload("MLP 2500, 2000, 1500, 1000, 500, batch 100", (2500, 2000, 1500, 1000, 500), 100, 0.05),
    "lenet-500": Workload("LeNet, batch 500", batch_size=500, **LENET),
    "lenet-100": Workload("LeNet, batch 100", batch_size=100, **LENET),
    "lenet-20": Workload("LeNet, batch 20", batch_size=20, **LENET),
    "convnet": Workload(
        "3 × 3: 32, 32, pool, 64, 64, pool, batch 100",
        (),
        100,
        0.05,
        activation="relu",
        convolutions=((32, 3, 1, 1), (32, 3, 1, 2), (64, 3, 1, 1), (64, 3, 1, 2)),
    ),
}
