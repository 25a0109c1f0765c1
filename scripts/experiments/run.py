"""One run of an experiment: where its checkpoints are, and what comes of it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deeplearning_tutorial.training import fit


@dataclass
class Run:
    """What a run needs besides its configuration and seed.

    Attributes
    ----------
    folder : Path
        Of its checkpoints: one for each call of `fit`, which goes on from it if it is there.
    dataset : str
        What `load_data` takes.
    progress : bool
    histories : dict from str to History
        What happened in each call of `fit`.
    """

    folder: Path
    dataset: str = "mnist"
    progress: bool = True
    checkpoint_seconds: float = 60
    histories: dict = field(default_factory=dict)

    def fit(self, phase, *arguments, **options):
        """`training.fit` with a checkpoint for this phase of the run."""
        if self.progress:
            print(phase, flush=True)
        path = self.folder / f"{phase.replace(' ', '-')}.npz"
        history = fit(
            *arguments, **options, progress=self.progress, checkpoint=path, checkpoint_seconds=self.checkpoint_seconds
        )
        self.histories[phase] = history
        return history

    def part(self, name):
        """A run within this run, such as one of several networks."""
        if self.progress:
            print(name, flush=True)
        return Run(self.folder / name, self.dataset, self.progress, self.checkpoint_seconds)

    @property
    def seconds(self):
        return sum(history.seconds for history in self.histories.values())


@dataclass
class Trained:
    """A trained model.

    Attributes
    ----------
    params : dict from str to shared variable
    validation_error : float
        In percent; of an autoencoder the squared error.
    test_set : pair of shared variables
        Which nobody has looked at so far.
    classify : callable, optional
        From digits (n, 784) to the probability of each class (n, 10).
    reconstruct : callable, optional
        From digits (n, 784) to their reconstructions (n, 784).
    n_test : callable
        How many of so many test digits count.
    """

    params: dict
    validation_error: float
    test_set: tuple
    classify: object = None
    reconstruct: object = None
    n_test: object = lambda n: n

    def test(self):
        """Look at the test set.

        Returns
        -------
        dict
            ``test_error`` in percent with the numbers of the digits that are ``wrong`` and what they were taken for; or
            ``test_squared_error``, summed over the pixels of a digit, mean over digits.
        """
        x = self.test_set[0].get_value()
        x = x[: self.n_test(len(x))]
        if self.reconstruct is not None:
            return {
                "test_squared_error": float(
                    np.mean(np.sum((x - in_batches(self.reconstruct, x)) ** 2, axis=1, dtype="float64"))
                )
            }
        predictions = in_batches(self.classify, x).argmax(axis=1)
        labels = self.test_set[1].eval()[: len(x)]
        wrong = np.flatnonzero(predictions != labels)
        return {
            "test_error": round(100 * len(wrong) / len(x), 6),
            "test_digits": len(x),
            "wrong": {str(number): int(predictions[number]) for number in wrong},
        }


def error_rate(classify, x, y):
    """How many of the digits in these shared variables are taken for another, in percent."""
    return float(100 * np.mean(in_batches(classify, x.get_value()).argmax(axis=1) != y.eval()))


def in_batches(function, x, batch_size=1000):
    return np.concatenate([function(x[first : first + batch_size]) for first in range(0, len(x), batch_size)])
