"""What happened during training."""

from dataclasses import dataclass, field


@dataclass
class History:
    """The record of one training run, as `training.fit` returns it.

    Attributes
    ----------
    epoch : list of float
        When each validation happened, in epochs since the start; 0.5 is half-way through the first.
    train_cost : list of float
        Mean cost of the mini-batches since the previous validation.
    validation_error : list of float
        Fraction of validation examples that were wrong, in [0, 1].
    best_epoch : float
        When the validation error was lowest: the parameters of that moment are kept.
    best_validation_error : float
        Infinite as long as nothing was validated.
    n_steps : int
        Mini-batches trained on.
    seconds : float
        Time spent, validations included.
    stopped_early : bool
        Whether patience ran out before the last epoch.
    """

    epoch: list = field(default_factory=list)
    train_cost: list = field(default_factory=list)
    validation_error: list = field(default_factory=list)
    best_epoch: float = 0.0
    best_validation_error: float = float("inf")
    n_steps: int = 0
    seconds: float = 0.0
    stopped_early: bool = False
