"""What outputs are worth: the error that is reported, the one that curves show, and the value that is watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from spectune.networks.recipe import Watch
from spectune.spectra.spectra import Rows
from spectune.training.material import Errors, Material

Values = NDArray[np.float64]


def errors(made: Sequence[Values], material: Material, rows: Sequence[Rows], members: Sequence[int]) -> Errors:
    """Error of each member: RMSE in the target's unit, or log-loss; (members,), infinite when diverged."""

    def error(output: Values, y: Values, member: int) -> float:
        if material.classes:
            each = _log_losses(output, y)
            return float(np.mean([each[y == label].mean() for label in np.unique(y)]))
        return float(np.sqrt(np.mean((material.targets[member].inverse(output[:, 0]) - y) ** 2)))

    return _each(error, made, material, rows, members)


def stopping_errors(made: Sequence[Values], material: Material, rows: Sequence[Rows], members: Sequence[int]) -> Errors:
    """Error that chooses the best epoch: on the scale that is trained, in the target's standard deviations.

    Without a transform it is ``errors`` in another unit. With one it keeps the few largest targets
    from choosing the epoch alone: on soil carbon, RMSE of ensembles on rows that no one had seen
    fell by 5 to 11 % (three pairs of set and channels, log and Box-Cox). Log-loss for classes.
    """
    if material.classes:
        return errors(made, material, rows, members)

    def error(output: Values, y: Values, member: int) -> float:
        return float(np.sqrt(np.mean((output[:, 0] - material.targets[member].forward(y)) ** 2)))

    return _each(error, made, material, rows, members)


def watched_values(
    watch: Watch,
    made: Sequence[Values],
    material: Material,
    rows: Sequence[Rows],
    members: Sequence[int],
    shown: Errors,
    penalties: Errors,
) -> Errors:
    """Value that decides, (members,): lower is better, infinite when diverged.

    Args:
        watch: which value, see ``Schedule``.
        made: outputs of each member on its own rows, [(rows, outputs)].
        material: what the members are trained on.
        rows: of each member.
        members: their numbers.
        shown: ``stopping_errors`` of these outputs.
        penalties: of each member.
    """
    match watch:
        case "error":
            return shown
        case "loss" if not material.classes:
            return np.asarray(shown**2 + penalties)
        case "loss":
            return np.asarray(_each(_log_loss, made, material, rows, members) + penalties)
        case "accuracy":
            return _each(_missed, made, material, rows, members)


def _each(
    error: Callable[[Values, Values, int], float],
    made: Sequence[Values],
    material: Material,
    rows: Sequence[Rows],
    members: Sequence[int],
) -> Errors:
    """An error of outputs, targets and member for each member that has rows and has not diverged, else infinity."""
    found = np.full(len(rows), np.inf)
    for place, (output, chosen, member) in enumerate(zip(made, rows, members, strict=True)):
        if chosen.size and np.isfinite(output).all():
            found[place] = error(output, material.y[chosen], member)
    return found


def _missed(output: Values, y: Values, _member: int) -> float:
    """Part of the rows that are given a wrong class."""
    return float(np.mean(output.argmax(axis=1) != y))


def _log_loss(output: Values, y: Values, _member: int) -> float:
    """Mean log-loss, every row counting the same."""
    return float(_log_losses(output, y).mean())


def _log_losses(output: Values, y: Values) -> Values:
    """Log-loss of each row, (rows,)."""
    return cross_entropy(torch.as_tensor(output), torch.as_tensor(y).long(), reduction="none").numpy()
