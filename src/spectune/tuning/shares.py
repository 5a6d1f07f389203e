"""What is known of the importance of hyperparameters: plain numbers and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["training", "input channels", "Conv-block", "FC-block"]

GROUPS: tuple[Group, ...] = ("training", "input channels", "Conv-block", "FC-block")
"""The groups of Shen & Viscarra Rossel (2021, figure 3)."""

_BEGINNINGS: dict[str, Group] = {
    "channel": "input channels",
    "points": "input channels",
    "window": "input channels",
    "conv": "Conv-block",
    "filter": "Conv-block",
    "dense": "FC-block",
    "fc": "FC-block",
    "num_FC": "FC-block",
    "DROPOUT": "FC-block",
}


@dataclass(frozen=True)
class Share:
    """Share of one hyperparameter in the variance of the results.

    Attributes:
        name: of the hyperparameter.
        group: what it belongs to, by its name.
        mean, spread: mean and standard deviation of the share over forest seeds.
        ped_anova: its share by PED-ANOVA, the second opinion.
        conditional: whether some complete trials do without it.
        matters: whether ``mean`` lies above the floor.
    """

    name: str
    group: Group
    mean: float
    spread: float
    ped_anova: float
    conditional: bool
    matters: bool


@dataclass(frozen=True)
class GroupShare:
    """The shares of a group's members together; mean and standard deviation over forest seeds."""

    group: Group
    mean: float
    spread: float


@dataclass(frozen=True)
class Interaction:
    """What two hyperparameters explain together beyond what each explains by itself.

    Attributes:
        one, other: names of the two.
        mean, spread: mean and standard deviation of the share over forest seeds.
        floor: what this pair reaches in forests of the same trials without interactions in their
            results, mean and three standard deviations: forests see some between strong
            hyperparameters even then. Never below the floor of single shares.
    """

    one: str
    other: str
    mean: float
    spread: float
    floor: float

    @property
    def matters(self) -> bool:
        """Whether the share lies above its floor."""
        return self.mean > self.floor


@dataclass(frozen=True)
class Importance:
    """Which hyperparameters explain the spread of the results.

    Attributes:
        method: of the shares, in words.
        sampler: that chose the trials; shares hold for what it looked at.
        trials: how many complete trials there were.
        forests: over how many forest seeds means and spreads are taken.
        shares: largest mean first.
        groups: shares by group, in the order of ``GROUPS``; those without a member are left out.
        interactions: of the strongest pairs, largest mean first.
        floor: highest share of a dummy hyperparameter, which touches nothing, in any forest.
    """

    method: str
    sampler: str
    trials: int
    forests: int
    shares: tuple[Share, ...]
    groups: tuple[GroupShare, ...]
    interactions: tuple[Interaction, ...]
    floor: float


def group_of(name: str) -> Group:
    """The group of a hyperparameter by the beginning of its name; training, if nothing else fits.

    >>> [group_of(name) for name in ("channel.1.state", "conv.2.kernel", "dense.blocks", "rate")]
    ['input channels', 'Conv-block', 'FC-block', 'training']
    """
    return next((group for beginning, group in _BEGINNINGS.items() if name.startswith(beginning)), "training")
