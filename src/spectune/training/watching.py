"""What a watched value decides, epoch by epoch: whose weights are kept, who stops, and at what rate they go on.

Nothing here trains: a sequence of values in, decisions out, for K members at once as arrays. The
rules are those of Keras's EarlyStopping, ReduceLROnPlateau and ModelCheckpoint, see ``Schedule``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spectune.networks.recipe import Schedule
from spectune.training.rates import Plateau

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(eq=False)
class Watching:
    """State of the rules after some epochs; arrays are (K,).

    Attributes:
        schedule: says which rules.
        members: K.
        lowest: watched value of the best epoch, ``best_delta`` considered.
        waited: epochs since then.
        kept, kept_epoch: watched value and number of the epoch whose weights are kept.
        filed: lowest value, by ``keep_by``, after epoch ``keep_from``.
        plateau: lowers rates.
    """

    schedule: Schedule
    members: int
    lowest: Values = field(init=False)
    waited: NDArray[np.intp] = field(init=False)
    kept: Values = field(init=False)
    kept_epoch: NDArray[np.intp] = field(init=False)
    filed: Values = field(init=False)
    plateau: Plateau = field(init=False)

    def __post_init__(self) -> None:
        self.lowest, self.kept, self.filed = (np.full(self.members, np.inf) for _ in range(3))
        self.waited, self.kept_epoch = (np.zeros(self.members, dtype=np.intp) for _ in range(2))
        self.plateau = Plateau(self.schedule, np.ones(self.members))

    def look(self, number: int, watched: Values, present: Flags, losses: Values | None = None) -> Flags:
        """Takes note of an epoch's values; says whose present weights are to be kept.

        Args:
            number: of the epoch, from 1.
            watched: values, lower is better, (K,); infinite when a member has diverged.
            present: members that took part, (K,).
            losses: as ``watched``, for a schedule that keeps weights by them, (K,).
        """
        better = present & (watched + self.schedule.best_delta < self.lowest)
        self.lowest, self.waited = np.where(better, watched, self.lowest), np.where(better, 0, self.waited + 1)
        self.plateau.look(watched)
        filing = losses if losses is not None and self.schedule.keep_by == "loss" else watched
        keep = self._keep(number, watched, filing, present, better)
        self.kept, self.kept_epoch = np.where(keep, watched, self.kept), np.where(keep, number, self.kept_epoch)
        return keep

    @property
    def patient(self) -> Flags:
        """Members that have not run out of patience."""
        patience = self.schedule.patience
        return self.waited < patience if patience else np.ones(self.members, dtype=np.bool_)

    def _keep(self, number: int, watched: Values, filing: Values, present: Flags, better: Flags) -> Flags:
        schedule = self.schedule
        if 0 < schedule.keep_from < number:
            lower = present & (filing < self.filed)
            self.filed = np.where(lower, filing, self.filed)
            return lower
        if schedule.restore == "stopped" and number == schedule.epochs:
            return better | (present & self.patient & np.isfinite(watched))
        return better
