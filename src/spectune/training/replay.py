"""What a training that is over did, worked out from what was kept of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.networks.recipe import Schedule
from spectune.training.rates import planned_rate
from spectune.training.watching import Watching


def rate_curve(schedule: Schedule, tuning_curve: Sequence[float]) -> tuple[float, ...]:
    """Learning rate at the end of every epoch of a member, from its tuning error by epoch.

    After the member stopped, its last rate stays. Empty where a plateau of something else than the
    tuning error lowers the rate: the curve does not tell what that was. Curves that were rounded may
    lower it an epoch early or late.

    >>> steps = Schedule(rate=0.01, decay="plateau", plateau_patience=2)
    >>> rate_curve(steps, [0.5, 0.4, 0.4, 0.4, 0.4])
    (0.01, 0.01, 0.01, 0.01, 0.005)
    """
    if schedule.decay == "plateau" and schedule.watch != "error":
        return ()
    watching, rates, everyone = Watching(schedule, 1), list[float](), np.ones(1, dtype=np.bool_)
    for number, error in enumerate(tuning_curve, start=1):
        if watching.patient[0]:
            rates.append(planned_rate(schedule, number) * float(watching.plateau.factors[0]))
            watching.look(number, np.asarray([error]), everyone)
        else:
            rates.append(rates[-1])
    return tuple(rates)
