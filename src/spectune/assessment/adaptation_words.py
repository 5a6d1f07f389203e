"""An adaptation in words: what to do with the model, why, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import numpy as np

from spectune.assessment.adaptation import AS_IS, FEW, SLOPE, Adapted, Standing
from spectune.assessment.intervals import Interval
from spectune.assessment.wording import Figures, figures


def written(found: Adapted) -> Figures:
    """How errors of an adaptation are written: as the smallest of them need it."""
    smallest = min(standing.validated.value for standing in found.standings)
    return figures(found.task, (smallest,))


def headline(found: Adapted) -> str:
    """What to do, in one sentence."""
    shown, used, best = written(found), found.standing(found.use), found.best
    own = f"its {shown.name('validated')} of {shown.full(used.validated.value)} is"
    if used.name == best.name:
        simpler = "" if used.name == AS_IS else ", and everything simpler is clearly worse"
        return f"Use {called(used.name)}: {own} the {'highest' if shown.classes else 'lowest'}{simpler}."
    other = f"the {shown.bare(best.validated.value)} of {called(best.name)}"
    return f"Use {called(used.name)}: {own} not clearly worse than {other}, and it is simpler."


def reasons(found: Adapted) -> tuple[str, ...]:
    """What stands behind it, and what does not."""
    return tuple(_reasons(found))


def kept_instead(found: Adapted) -> tuple[str, ...]:
    """Which model is in the folder, where what to use is none."""
    if found.use == found.kept:
        return ()
    shown, error = written(found), found.standing(found.kept).validated.value
    return (
        f"PLS is not kept as a model; the folder holds that of {called(found.kept)}, "
        f"{shown.name('validated')} {shown.full(error)}.",
    )


def lineage(found: Adapted) -> str:
    """What the model in the folder is: adapted from which, how, with how many new rows, and without what."""
    rows = _counted(found.calibration.measured.size, found.groups, found.grouped)
    old, new = f"the model of {run_name(found)}", f"{rows} of {found.source or 'unnamed spectra'}"
    made = f"{old} as it is, tried" if found.kept == AS_IS else f"adapted from {old} by {called(found.kept)},"
    return f"{made} with {new}; it has no intervals and no flags, since those of the run stand on the old spectra"


def run_name(found: Adapted) -> str:
    """Name of the run whose model was adapted, without its place on a disk."""
    return PurePath(found.run).name or found.run


def called(name: str) -> str:
    """A rival inside a sentence."""
    return f"a {name}" if name.endswith("correction") else name


def design(found: Adapted) -> str:
    """How the new calibration rows were cross-validated."""
    rows = _counted(found.calibration.measured.size, found.groups, found.grouped)
    if found.groups < FEW:
        return f"{rows}, each {'group ' if found.grouped else ''}left out once"
    times = "" if found.repeats == 1 else f", {found.repeats} times"
    return f"{rows} in {found.folds} folds{times}"


def gap(shown: Figures, found: Interval) -> str:
    """A difference with its interval, and whether it is clear."""
    clear = "clear" if found.low > 0 or found.high < 0 else "not clear"
    return f"{shown.difference(found)}, {clear}"


def _reasons(found: Adapted) -> Iterator[str]:
    shown, used, first = written(found), found.standing(found.use), found.standing(AS_IS)
    yield (
        f"Cross-validation on {design(found)}: {shown.name('validated')} {shown.full(first.validated.value)} for the "
        f"model as it is{_beside(shown, used)}."
    )
    yield _tested(found, shown, used, first)
    yield from kept_instead(found)
    if found.groups < FEW:
        yield from _few(found)
    yield from (note for note in found.notes if note.startswith("warning"))


def _few(found: Adapted) -> Iterator[str]:
    yield (
        f"{found.groups} new samples tell whether the model is far off, and hardly more: not whether a slope "
        f"differs from 1, not which of two good ways is better, and not how large the error of the next sample will be."
    )
    if found.use == SLOPE:
        yield "A slope from so few samples is uncertain; predict between the lowest and highest of them only."


def _beside(shown: Figures, used: Standing) -> str:
    if used.name == AS_IS:
        return ""
    return f", {shown.full(used.validated.value)} for {called(used.name)} ({gap(shown, used.gain)})"


def _tested(found: Adapted, shown: Figures, used: Standing, first: Standing) -> str:
    if used.tested is None or first.tested is None or used.tested_gain is None:
        return "There are no new test rows, so nothing confirms it on rows that took no part."
    rows = _counted(found.test.measured.size, int(np.unique(found.test.groups).size), found.grouped)
    as_is = f"{shown.name('tested')} {shown.full(first.tested.value)} for the model as it is"
    more = (
        ""
        if used.name == AS_IS
        else (f", {shown.full(used.tested.value)} for {called(used.name)} ({gap(shown, used.tested_gain)})")
    )
    return f"New test rows, opened once and part of no choice: {rows}, {as_is}{more}."


def _counted(rows: int, groups: int, grouped: bool) -> str:
    within = f" in {groups} groups" if grouped else ""
    return f"{rows} new row{'' if rows == 1 else 's'}{within}"
