"""Intervals and sets in torch: what ``assessment/conformal.py`` does with NumPy, for a graph that stands alone."""

from __future__ import annotations

import torch
from torch import Tensor

from spectune.assessment.conformal import Conformal
from spectune.explanation.module import restored
from spectune.training.scaling import TargetScaling

SLACK = 1e-9
"""What a probability may lack, for rounding, to be in a set; as in ``assessment/conformal.py``."""


def interval_ends(conformal: Conformal, members: Tensor) -> tuple[Tensor, Tensor]:
    """As ``assessment.conformal.ends``: lower and upper ends, each (B,), for answers of the members (K, B)."""
    centre, scale = members.mean(dim=0), TargetScaling(conformal.transform, conformal.constant)
    middle = _transformed(_taken(conformal, centre), scale)
    room = conformal.quantity * _width(conformal, members)
    low, high = restored(middle - room, scale), restored(middle + room, scale)
    return torch.minimum(_taken(conformal, low), centre), torch.maximum(high, centre)


def in_set(conformal: Conformal, probabilities: Tensor, label: Tensor) -> Tensor:
    """As ``assessment.conformal.chosen_sets``: which classes are in the set of each row, (B, classes)."""
    classes = torch.arange(probabilities.shape[1])
    return (probabilities >= 1 - conformal.quantity - SLACK) | (classes == label[:, None])


def _width(conformal: Conformal, members: Tensor) -> Tensor | float:
    """What the room is in proportion to."""
    if conformal.kind != "scaled":
        return 1.0
    seeds = members.reshape(len(members) // conformal.folds, conformal.folds, -1)
    variance = (seeds - seeds.mean(dim=0)).square().mean(dim=0)
    return torch.sqrt(variance.mean(dim=0)) + conformal.stabiliser


def _taken(conformal: Conformal, centre: Tensor) -> Tensor:
    """Values that the transform takes: none below zero but on the scale of the unit."""
    return centre if conformal.transform == "none" else torch.clamp(centre, min=0)


def _transformed(y: Tensor, scale: TargetScaling) -> Tensor:
    match scale.transform:
        case "none":
            return y
        case "sqrt":
            return torch.sqrt(y)
        case "log":
            return torch.log1p(y / scale.constant)
        case "boxcox":
            return (torch.pow(y, scale.constant) - 1) / scale.constant if scale.constant else torch.log(y)
