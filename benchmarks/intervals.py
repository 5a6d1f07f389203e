"""How often intervals hold and flags ring, on real sets and on spectra that were spoilt on purpose.

    python benchmarks/intervals.py DATA_FOLDER

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. One small recipe is trained shortly for every
set; what is asked is whether intervals keep their promise, not how narrow they can be made. Intervals and
flags are made from calibration rows alone. The tables go to ``benchmarks/intervals.md``.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.conformal import (
    Conformal,
    chosen_sets,
    class_sets,
    covered,
    ends,
    interval_kinds,
    members_held_out,
    regression_interval,
)
from spectune.assessment.flags import Domain, domain, flags
from spectune.estimators.recipes import Said, recipe_of
from spectune.files.read import read
from spectune.metrics import score_interval
from spectune.spectra.folds import folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra
from spectune.training.fit import Fitted, answers, fit, predict, signal
from spectune.training.machine import Machine

Matrix = NDArray[np.float32]

FOLDS, SEEDS, EPOCHS = 5, 3, 40

SETS = (
    ("cassava", "beta_carotene", None),
    ("corn", "moisture", "sample"),
    ("diesel_swri", "cetane_number", None),
    ("diesel_swri", "total_aromatics", None),
    ("soil_geeves", "total_carbon", None),
    ("soil_nirsoil", "total_carbon", None),
    ("soil_nirsoil", "cec", None),
    ("tablets_2002", "assay", "tablet"),
    ("tecator", "fat", "spectrum_group"),
    ("wheat_kernels", "protein", None),
    ("xrd_fegapd", "ga", None),
    ("fruit_puree", "label", None),
    ("olive_oil", "country", "oil"),
    ("plastics_nir", "polymer", "item"),
    ("raman_microplastics", "polymer", None),
    ("xrd_fegapd", "dft_region", None),
)


@dataclass(frozen=True, eq=False)
class Done:
    """A set with its quick model and what can be said of it."""

    name: str
    spectra: Spectra
    fitted: Fitted
    intervals: tuple[Conformal, ...]
    taken: Conformal
    known: Domain


def main(data: Path) -> None:
    """Trains, tries and writes the tables."""
    begun = time.process_time()
    every = [done(data, *words) for words in SETS]
    numbers = [number_row(one) for one in every if one.spectra.task.regression]
    classes = [class_row(one) for one in every if one.spectra.task.classes]
    alarms = [alarm_row(one, every[(place + 3) % len(every)]) for place, one in enumerate(every)]
    rung = np.concatenate([flagged(one, one.spectra.test.x) for one in every])
    page = TITLE.format(
        day=date.today().isoformat(),
        machine=f"{os.cpu_count()} cores, {platform.machine()}",
        minutes=(time.process_time() - begun) / 60,
        numbers=table(NUMBER_HEAD, numbers),
        classes=table(CLASS_HEAD, classes),
        flagged=int(rung.sum()),
        rows=rung.size,
        part=100 * rung.mean(),
        alarms=table(("set, target", "test rows", "calibration", "test", *SPOILT, "another product"), alarms),
    )
    (Path(__file__).parent / "intervals.md").write_text(page)
    print(page)


def done(data: Path, name: str, target: str, group: str | None) -> Done:
    """A set with its quick model, intervals of every kind and flags."""
    spectra = select(read(data / name / "spectra.parquet"), target, group=group)
    calibration, task = spectra.calibration, spectra.task
    recipe = recipe_of(Said("funnel", epochs=EPOCHS), task)
    if task.regression and task.positive and task.skew > 1:
        recipe = replace(recipe, transform="log")
    cuts = folds(calibration, FOLDS, 0)
    *_, last = fit(
        recipe,
        calibration.x,
        calibration.y,
        task,
        [*cuts] * SEEDS,
        range(FOLDS * SEEDS),
        machine=Machine(threads=1),
    )
    fold_of = np.zeros(len(calibration), dtype=np.intp)
    for number, cut in enumerate(cuts):
        fold_of[cut.scored] = number
    members = members_held_out(predict(last.fitted, calibration.x), fold_of)
    validated = members.mean(axis=0)
    known = domain(last.fitted, calibration, fold_of, validated, FOLDS)
    if task.classes:
        taken = class_sets(calibration.y, validated, calibration.groups)
        return Done(f"{name}, {target}", spectra, last.fitted, (taken,), taken, known)
    given = (calibration.y, members, calibration.groups, FOLDS, recipe.transform)
    return Done(f"{name}, {target}", spectra, last.fitted, interval_kinds(*given), regression_interval(*given), known)


NUMBER_HEAD = (
    "set, target",
    "groups",
    "test rows",
    "coverage (95 % interval)",
    "mean width",
    "taken",
    "constant",
    "trained scale",
    "scaled by spread",
)


def number_row(one: Done) -> tuple[str, ...]:
    """Coverage and mean width on the test rows, of the kind that is taken and of all of them."""
    test = one.spectra.test
    members = predict(one.fitted, test.x)

    def tried(conformal: Conformal) -> tuple[NDArray[np.bool_], float]:
        found = ends(conformal, members)
        return covered(test.y, found), float(np.mean(found[1] - found[0]))

    holds, width = tried(one.taken)
    kinds = {words(kind): kind for kind in one.intervals}
    shown = []
    for name in ("constant", "trained scale", "scaled"):
        if name not in kinds:
            shown.append("")
            continue
        there, wide = tried(kinds[name])
        shown.append(f"{100 * there.mean():.0f} %, {wide:.3g}")
    groups = np.unique(test.groups).size
    return (one.name, *counts(one), share(holds, groups), f"{width:.3g}", words(one.taken), *shown)


CLASS_HEAD = (
    "set, target",
    "groups",
    "test rows",
    "coverage (95 % interval)",
    "mean classes in a set",
    "sets of one class",
    "accuracy",
)


def class_row(one: Done) -> tuple[str, ...]:
    """Coverage and size of the sets on the test rows."""
    test = one.spectra.test
    mean = predict(one.fitted, test.x).mean(axis=0)
    chosen = chosen_sets(one.taken, mean)
    holds = chosen[np.arange(len(test)), test.y.astype(int)]
    sizes, right = chosen.sum(axis=1), mean.argmax(axis=1) == test.y
    figures = (f"{sizes.mean():.2f}", f"{100 * np.mean(sizes == 1):.0f} %", f"{right.mean():.3f}")
    return (one.name, *counts(one), share(holds, np.unique(test.groups).size), *figures)


def counts(one: Done) -> tuple[str, str]:
    """Calibration groups, and test rows."""
    return str(one.taken.groups), str(len(one.spectra.test))


def words(conformal: Conformal) -> str:
    """What a kind of interval is called here."""
    return conformal.kind if conformal.transform == "none" else "trained scale"


def share(holds: NDArray[np.bool_], groups: int) -> str:
    """A share of rows in per cent with the score interval of as many groups."""
    low, high = score_interval(float(holds.mean()), groups)
    return f"{100 * holds.mean():.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def moved(spectra: Spectra, by: float) -> Matrix:
    """Spectra as an axis that is off by so much would give them."""
    at = spectra.axis.positions
    return np.stack([np.interp(at - by, at, row) for row in spectra.x]).astype(np.float32)


def spiked(spectra: Spectra) -> Matrix:
    """One point of each spectrum higher by three tenths of its range."""
    x, random = spectra.x.copy(), np.random.default_rng(0)
    x[np.arange(len(x)), random.integers(1, x.shape[1] - 1, len(x))] += 0.3 * np.ptp(x, axis=1)
    return x


def noisy(spectra: Spectra) -> Matrix:
    """Noise of a hundredth of the range of each spectrum."""
    noise = np.random.default_rng(0).normal(size=spectra.x.shape)
    return np.asarray(spectra.x + 0.01 * np.ptp(spectra.x, axis=1, keepdims=True) * noise, dtype=np.float32)


def clipped(spectra: Spectra) -> Matrix:
    """The highest tenth of each spectrum cut off."""
    return np.minimum(spectra.x, np.quantile(spectra.x, 0.9, axis=1, keepdims=True)).astype(np.float32)


SPOILT: dict[str, Callable[[Spectra], Matrix]] = {
    "x 10": lambda spectra: spectra.x * 10,
    "x 0.1": lambda spectra: spectra.x * np.float32(0.1),
    "axis off by 1 %": lambda spectra: moved(spectra, 0.01 * float(np.ptp(spectra.axis.positions))),
    "by 3 points": lambda spectra: moved(spectra, 3 * float(np.median(np.diff(spectra.axis.positions)))),
    "spike": spiked,
    "noise": noisy,
    "clipped": clipped,
}


def foreign(spectra: Spectra, other: Spectra) -> Matrix:
    """Spectra of another product, stretched over the axis of this one."""
    here, there = (np.linspace(0, 1, len(one.axis)) for one in (spectra, other))
    return np.stack([np.interp(here, there, row) for row in other.x]).astype(np.float32)


def alarm_row(one: Done, other: Done) -> tuple[str, ...]:
    """Share of flagged rows: sound ones, and spoilt ones."""
    test = one.spectra.test
    found = flagged(one, test.x)
    spoilt = [flagged(one, made(test)) for made in SPOILT.values()]
    strange = flagged(one, foreign(test, other.spectra.test))
    sound = f"{found.sum()}: {share(found, np.unique(test.groups).size)}"
    cells = (f"{100 * part.mean():.0f}" for part in (*spoilt, strange))
    return (one.name, str(len(test)), f"{100 * one.known.alarms:.1f} %", sound, *cells)


def flagged(one: Done, x: Matrix) -> NDArray[np.bool_]:
    """Which spectra are flagged."""
    prepared = signal(one.fitted, x)
    told = flags(one.known, one.fitted, one.spectra.axis, x, prepared, answers(one.fitted, prepared).mean(axis=0))
    return np.asarray([bool(row) for row in told])


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table as Markdown."""

    def lines() -> Iterator[str]:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        for row in rows:
            yield f"| {' | '.join(row)} |"

    return "\n".join(lines())


TITLE = """# Intervals and flags on real sets

`python benchmarks/intervals.py DATA`, {day}, {machine}, {minutes:.1f} minutes of processor time. A small network of the
house family, 40 epochs, 5 folds and 3 seeds, with channels and rates as they come. Intervals of 90 % and flags are made
from calibration rows; test rows are the published ones. In brackets 95 % score intervals (Wilson 1927) over groups.

## Intervals

Width is upper minus lower end in the unit of the target. *Taken* is the kind that calibration rows chose. The last
columns give coverage and mean width of each kind; *scaled* with its best stabiliser on calibration rows.

{numbers}

## Sets of classes

{classes}

## Flags

Share of rows with a flag, in per cent: calibration rows (each by what the other folds know), test rows, and test rows
that were spoilt: all values times 10 or 0.1; the axis off by 1 % of its range or by 3 points, interpolated; one point
higher by 0.3 of the range; noise of 0.01 of the range; the highest tenth cut off; and spectra of another set stretched
over the axis.

{alarms}

All sets together: {flagged} of {rows} test rows are flagged, {part:.1f} %.

## What is missed

- **cassava**: the test rows are the harvest of another year. Their spectra look like those of the calibration, no flag
  rings, and the intervals hold too rarely. What changes the relation and not the spectrum cannot be seen.
- **wheat_kernels**: test kernels were stored for two months longer, and their spectra differ; the flags say so, though
  the predictions are still good. That is why more than 5 % of these rows are flagged.
- **xrd_fegapd**: narrow diffraction peaks are single points far off their neighbours; a few more of them in the test
  rows ring the flag for spikes, and real spikes, noise and shifts pass more easily.
- **plastics_nir**, **raman_microplastics**: materials that differ this much leave room for a shifted axis. Dark
  plastics are so usual among the former that a tenth of the signal is too.
- **tecator**: 1 % of its axis is one point, which is less than its spectra differ by.
- **soil_nirsoil, cec** is covered a little less often than promised, within what so few test rows can tell.
- The spread of the members hardly ever tells the error: intervals in proportion to it are rarely narrower, and none was
  taken. On a skewed target the trained scale is worth it where errors grow with the value, as with carbon.
"""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
