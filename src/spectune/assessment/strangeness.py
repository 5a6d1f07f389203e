"""How strange a spectrum is beside those of the calibration, in six numbers; none looks at the target.

Two are distances of the prepared spectrum, as the network receives it: within the main components of
the calibration spectra (Hotelling's T2) and from them (Q). One is the distance inside the network,
before its answer. Three look at the spectrum as it was measured, because preprocessing hides them:
its level, its amplitude, and single points far off their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.hidden import hidden
from spectune.assessment.subspace import Subspace, inside, outside, subspace
from spectune.spectra.marks import amplitudes, heights, levels
from spectune.spectra.spectra import Spectra
from spectune.training.fit import Fitted, signal

Array = NDArray[np.float64]
Signal = NDArray[np.float32]

Q, T2, HIDDEN, LEVEL, AMPLITUDE, SPIKE = range(6)
"""Columns of the numbers."""

EXPLAINED = 0.999
"""Share of the variance that the main components explain, where ``MOST`` of them are enough for it."""

MOST = 20
"""Components of prepared spectra; and never more than a fifth of the groups."""

MOST_HIDDEN = 10
"""Components of the outputs of a hidden layer."""

LEAST = (1e-9, 1e-3, 1e-3, 0.01, 0.01, 1e-3)
"""Numbers below these count as these: differences that are rounding, or too small to matter."""

_TINY = 1e-30
_SMOOTH = 1e-4
"""Part of the amplitude below which the height of a single point is nothing to speak of."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What the numbers are taken against, from calibration spectra alone.

    Attributes:
        blocks: (channels,) deviation of each channel of the prepared spectra, which are divided by it.
        space: main components of the prepared spectra.
        hidden: of the outputs before the answer, one for each member; none where every member has
            seen every row, for then its outputs on new rows are of another kind.
        level, amplitude: medians over the spectra, in their unit.
        heights: (points - 2,) usual height of single points above their neighbours, in the same unit.
    """

    blocks: NDArray[np.float32]
    space: Subspace
    hidden: tuple[Subspace, ...]
    level: float
    amplitude: float
    heights: Array


def reference(spectra: Spectra, prepared: Signal, seen: tuple[Signal, ...]) -> Reference:
    """The reference that calibration spectra make.

    Args:
        spectra: calibration rows.
        prepared: the same as the network receives them, (rows, L, C).
        seen: for each member the outputs before its answer on the rows it was not to hold out.
    """
    off = prepared - prepared.mean(axis=0)
    blocks = np.sqrt((off.astype(np.float64) ** 2).mean(axis=(0, 1)))
    blocks = np.where(blocks > 0, blocks, 1.0).astype(np.float32)
    fewest = np.unique(spectra.groups).size // 5
    amplitude = float(np.median(amplitudes(spectra.x))) or _TINY
    return Reference(
        blocks,
        subspace(_columns(prepared, blocks), max(1, min(MOST, fewest)), EXPLAINED),
        tuple(subspace(one, max(1, min(MOST_HIDDEN, len(one) // 10))) for one in seen),
        float(np.median(levels(spectra.x))),
        amplitude,
        _usual_heights(heights(spectra.x)) + _SMOOTH * amplitude,
    )


def strangeness(held: Reference, x: Signal, prepared: Signal, before: Signal | None) -> Array:
    """The numbers of raw spectra, (rows, 6), larger ones stranger.

    Args:
        held: what they are taken against.
        x: raw spectra, (rows, points), all finite.
        prepared: the same as the network receives them, (rows, L, C).
        before: outputs before the answers of the members in ``held``, (members, rows, units).
    """
    columns, level = _columns(prepared, held.blocks), np.abs(levels(x) - held.level) / held.amplitude
    amplitude = np.abs(np.log(np.maximum(amplitudes(x), _TINY) / held.amplitude))
    spike = (heights(x) / held.heights).max(axis=1) if x.shape[1] > 2 else np.zeros(len(x))
    found = (outside(held.space, columns), inside(held.space, columns), _inside_members(held, before, len(x)))
    return np.asarray(np.maximum(np.stack([*found, level, amplitude, spike], axis=1), LEAST))


def outputs_before(fitted: Fitted, x: Signal, wanted: bool = True) -> tuple[Signal, Signal | None]:
    """Raw spectra as the network receives them, and where wanted its outputs before the answer."""
    prepared = signal(fitted, x)
    return prepared, hidden(fitted, prepared) if wanted else None


def _inside_members(held: Reference, before: Signal | None, rows: int) -> Array:
    """Mean over members of the root of T2 in the last hidden layer; 0 where there is none to compare with."""
    if before is None or not held.hidden:
        return np.zeros(rows)
    each = [np.sqrt(inside(space, one)) for space, one in zip(held.hidden, before, strict=True)]
    return np.asarray(np.mean(each, axis=0))


def _columns(prepared: Signal, blocks: NDArray[np.float32]) -> Signal:
    """Prepared spectra as one row each, every channel of deviation 1."""
    return (prepared / blocks).reshape(len(prepared), -1)


def _usual_heights(found: Array) -> Array:
    """Mean height at each point and its neighbours, none much below that of the whole spectrum."""
    if not found.shape[1]:
        return np.ones(0)
    mean = found.mean(axis=0)
    near = np.convolve(np.pad(mean, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return np.asarray(near + 0.1 * mean.mean())
