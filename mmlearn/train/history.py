"""What a training run leaves behind, besides the model."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """One number of each kind for every finished step, and why the run ended early, if it did.

    Args:
        losses: loss of each step's batch, before that step's update.
        rates: learning rate of each step (of the optimiser's first group).
        gradient_norms: length of the whole gradient, before it was clipped.
        stopped: the reason for an early end, "" after a whole run.

    >>> history = History()
    >>> history.add(2.5, 0.01, 1.2)
    >>> history.step, history.losses, history.stopped
    (1, [2.5], '')

    Built in: lesson 06.
    """

    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    stopped: str = ""

    @property
    def step(self) -> int:
        """How many steps are done, which is the number of the next one."""
        return len(self.losses)

    def add(self, loss: float, rate: float, gradient_norm: float) -> None:
        """One more finished step."""
        self.losses.append(loss)
        self.rates.append(rate)
        self.gradient_norms.append(gradient_norm)

    def require_whole(self) -> None:
        """RuntimeError with the reason if the run ended early: for what should not be kept half trained."""
        if self.stopped:
            raise RuntimeError(f"not kept: {self.stopped}")

    def copy(self) -> History:
        """The same steps in lists of their own, with no reason to stop."""
        return History([*self.losses], [*self.rates], [*self.gradient_norms])
