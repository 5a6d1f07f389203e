"""Where trials are compared before their end: at equal parts of their own epochs.

A whole training is counted in parts, whatever its number of epochs, so that recipes of different
length meet at the same rungs: half of 100 epochs is compared with half of 300.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ladder:
    """The rungs of a search, in parts of a whole training.

    Attributes:
        whole: parts of a training that runs to its end.
        least: parts before the first rung.
        reduction: how many times as many parts from one rung to the next; of Hyperband's trials one
            in so many goes on.
    """

    whole: int = 27
    least: int = 3
    reduction: int = 3

    @property
    def rungs(self) -> tuple[int, ...]:
        """Parts at each rung before the end.

        >>> Ladder().rungs, Ladder(450, 50, 4).rungs
        ((3, 9), (50, 200))
        """
        found = []
        part = self.least
        while part < self.whole:
            found.append(part)
            part *= self.reduction
        return tuple(found)

    def epoch(self, part: int, epochs: int) -> int:
        """The epoch at which so many parts of ``epochs`` epochs are done, at least the first."""
        return max(epochs * part // self.whole, 1)

    def part(self, epoch: int, epochs: int) -> int:
        """The rung, in parts, of an epoch of a training of ``epochs`` epochs."""
        return next((part for part in self.rungs if epoch <= self.epoch(part, epochs)), self.rungs[-1])


NINTHS = Ladder()
"""Rungs after a ninth and a third of the epochs."""


def rung_epochs(epochs: int, ladder: Ladder = NINTHS) -> tuple[int, ...]:
    """Epochs at which a trial of ``epochs`` epochs is compared before its end, each once.

    >>> rung_epochs(270), rung_epochs(4), rung_epochs(450, Ladder(450, 50, 4))
    ((30, 90), (1,), (50, 200))
    """
    return tuple(sorted({ladder.epoch(part, epochs) for part in ladder.rungs if epochs > 1}))
