"""A model as one torch module: raw spectra to everything that ``Predictions`` says of them, but flags."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from spectune.assessment.conformal import Conformal
from spectune.explanation.module import restored, single
from spectune.export.interval import in_set, interval_ends
from spectune.export.network import network
from spectune.export.preparing import preparing
from spectune.training.fit import Fitted


class WholeModel(nn.Module):
    """An ensemble with its preprocessing, scaling, averages and intervals.

    A spectrum that cannot be prepared gets NaN, -1 as its label and no class in its set: activations
    would turn what is no number into numbers that look like answers.

    Attributes:
        fitted: the members; each is a network of its own in the graph, which needs the least memory.
        interval: makes intervals, or sets of classes; None for none.
    """

    def __init__(self, fitted: Fitted, interval: Conformal | None = None) -> None:
        super().__init__()
        self.fitted, self.interval = fitted, interval
        self.prepare = preparing(fitted.recipe.channels, fitted.recipe.layout, fitted.task.points)
        self.networks = [network(one) for one in single(fitted)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs, in their order."""
        if self.fitted.task.regression:
            return "mean", "members", "spread", *(("low", "high") if self.interval else ())
        return "probabilities", "members", "spread", "label", *(("set",) if self.interval else ())

    def forward(self, spectra: Tensor) -> tuple[Tensor, ...]:
        """Outputs by ``names`` for raw spectra, (B, points) float32.

        Returns:
            For numbers mean (B,), members (K, B), spread (B,) and ends of the interval (B,), in the
            target's unit. For classes probabilities (B, classes), members (K, B, classes), spread of the
            chosen class's probability (B,), its number (B,), and which classes are in the set (B, classes).
        """
        signal = self.prepare(spectra)
        usable = torch.isfinite(signal).flatten(1).all(dim=1)
        raw = torch.stack([one(signal) for one in self.networks]).double()
        if self.fitted.task.regression:
            return tuple(torch.where(usable, one, torch.nan).float() for one in self._numbers(raw[:, :, 0]))
        return tuple(self._classes(raw, usable))

    def _numbers(self, raw: Tensor) -> Iterator[Tensor]:
        members = torch.stack([restored(one, target) for one, target in zip(raw, self.fitted.targets, strict=True)])
        yield members.mean(dim=0)
        yield members
        yield _deviation(members)
        if self.interval is not None:
            yield from interval_ends(self.interval, members)

    def _classes(self, raw: Tensor, usable: Tensor) -> Iterator[Tensor]:
        members = torch.where(usable[:, None], torch.softmax(raw, dim=2), torch.nan)
        mean = members.mean(dim=0)
        label = mean.argmax(dim=1)
        yield mean.float()
        yield members.float()
        yield _deviation(members).gather(1, label[:, None])[:, 0].float()
        yield torch.where(usable, label, -1)
        if self.interval is not None:
            yield in_set(self.interval, mean, label) & usable[:, None]


def _deviation(members: Tensor) -> Tensor:
    """Standard deviation over all members, not that of a sample of them."""
    return (members - members.mean(dim=0)).square().mean(dim=0).sqrt()
