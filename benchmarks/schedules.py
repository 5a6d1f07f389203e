"""How many epochs a schedule needs: the papers' constant rates against a range test, a warm-up and a cosine.

    python benchmarks/schedules.py DATA_FOLDER OUT_FOLDER [SET ...]

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column; only calibration rows are used. Every
training is kept under OUT_FOLDER and is not done again. The tables go to ``benchmarks/schedules.md``; what
stands below its first ``##`` is kept.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.files.read import read
from spectune.files.spaces import load_space
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Value
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra
from spectune.spectra.steps import Bin
from spectune.training.fit import fit
from spectune.training.range_test import range_test, shortened
from spectune.tuning.study import draw_recipe

Array = NDArray[np.float64]

SETS = {"tecator": "fat", "wheat_kernels": "protein", "soil_nirsoil": "total_carbon", "cassava": "beta_carotene"}
FOLDS, SEEDS, TESTED = 3, 5, 2
"""Folds, seeds of every training, seeds of the range test."""

BATCH, SMALL = 64, 16
"""Rows per step of the papers' schedules, and of ours."""

EVERY = 10
"""Epochs between looks at the held-out rows, where a schedule has no end in sight."""

LADDER = (8, 10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300)
NEAR = 1.01
"""An error this many times the lowest is as good as the lowest."""


@dataclass(frozen=True)
class Network:
    """A network and the constant schedule of its paper."""

    name: str
    space: str
    values: Mapping[str, Value]
    rate: float
    epochs: int
    plateau: bool


SIX = "RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2"
PASSOS: dict[str, Value] = {"channels": SIX, "layout": "concatenate", "transform": "none", "convolution": True}
PASSOS |= {"conv.kernel": 5, "penalty": 6e-4, "gain": 1.0, "epochs": 450}
FUNNEL: dict[str, Value] = {**load_space("default").starts[0], "points.most": 350, "updates": 6000}

NETWORKS = (
    Network("Passos", "passos", PASSOS, rate=2.5e-3, epochs=450, plateau=True),
    Network("funnel", "default", FUNNEL, rate=1e-3, epochs=1000, plateau=False),
)


@dataclass(frozen=True, eq=False)
class Course:
    """A training of all seeds and folds.

    Attributes:
        tuning: lowest tuning error so far after each epoch, (epochs, seeds), means over folds.
        looks: epochs after which the held-out rows were looked at, (looks,).
        held: error there by the best weights so far, (looks, seeds).
        seconds: of processor time per epoch and member.
    """

    tuning: Array
    looks: NDArray[np.intp]
    held: Array
    seconds: float

    @property
    def lowest(self) -> float:
        """The lowest tuning error it ever reaches."""
        return float(self.tuning[-1].mean())

    @property
    def arrival(self) -> int:
        """First epoch with a tuning error as good as the lowest."""
        return 1 + int(np.argmax(self.tuning.mean(axis=1) <= NEAR * self.lowest))

    @property
    def held_arrival(self) -> int:
        """First look with a held-out error as good as the lowest."""
        means = self.held.mean(axis=1)
        return int(self.looks[np.argmax(means <= NEAR * means.min())])

    def held_at(self, epoch: int) -> Array:
        """Held-out error at the first look from ``epoch`` on, (seeds,)."""
        return np.asarray(self.held[min(int(np.searchsorted(self.looks, epoch)), self.looks.size - 1)])


@dataclass(frozen=True, eq=False)
class Case:
    """A set and a network on it."""

    name: str
    network: Network
    spectra: Spectra
    folds: tuple[Fold, ...]
    out: Path

    @property
    def recipe(self) -> Recipe:
        """The network with its paper's constant rate."""
        values = {**self.network.values, "rate": self.network.rate, "batch": BATCH}
        recipe = draw_recipe(load_space(self.network.space), self.spectra.task, values)
        plain = Schedule("adam", self.network.rate, BATCH, self.network.epochs, recipe.schedule.penalty)
        binned = (Bin(-(-self.spectra.task.points // 350)),)
        if self.network.name == "Passos" and binned[0].width > 1:
            recipe = replace(recipe, channels=tuple(binned + channel for channel in recipe.channels))
        return replace(recipe, schedule=plain)

    def course(self, label: str, schedule: Schedule, looks: Sequence[int] = ()) -> Course:
        """The training by a schedule, from its file if it was done before."""
        path = self.out / f"{self.name}-{self.network.name}-{label}.npz"
        if not path.is_file():
            made = self._trained(replace(self.recipe, schedule=schedule), looks)
            np.savez(path, tuning=made.tuning, looks=made.looks, held=made.held, seconds=made.seconds)
            print(path.stem, flush=True)
        with np.load(path) as kept:
            return Course(kept["tuning"], kept["looks"], kept["held"], float(kept["seconds"]))

    def _trained(self, recipe: Recipe, looks: Sequence[int]) -> Course:
        x, y, task = self.spectra.x, self.spectra.y, self.spectra.task
        begun, lowest, held = time.process_time(), [], {}
        members = list(self.folds) * SEEDS
        seeds = [1000 * seed + fold for seed in range(SEEDS) for fold in range(FOLDS)]
        for rehearsal in fit(recipe, x, y, task, members, seeds, looks):
            lowest.append(rehearsal.epoch.best.reshape(SEEDS, FOLDS).mean(axis=1))
            if rehearsal.scored is not None:
                held[rehearsal.epoch.number] = rehearsal.scored.reshape(SEEDS, FOLDS).mean(axis=1)
        seconds = (time.process_time() - begun) / (len(lowest) * len(members))
        return Course(np.stack(lowest), np.asarray(list(held)), np.stack(list(held.values())), seconds)


def constants(case: Case) -> dict[str, Course]:
    """Constant rates around the paper's, the plateau, and one constant rate at the batch of ours."""
    plain = case.recipe.schedule
    looks = range(EVERY, plain.epochs + 1, EVERY)
    made = {}
    for times in (1.0, 0.4, 2.5):
        schedule = replace(plain, rate=plain.rate * times)
        made[f"constant {schedule.rate:g}"] = case.course(f"constant-{schedule.rate:g}", schedule, looks)
    if case.network.plateau:
        made["plateau"] = case.course("plateau", replace(plain, decay="plateau"), looks)
    label = f"constant {plain.rate:g}, batch {SMALL}"
    made[label] = case.course("constant-small", replace(plain, batch=SMALL), looks)
    return made


@dataclass(frozen=True, eq=False)
class Ladder:
    """Trainings by their number of epochs, the rate the range test suggests, and its cost in epochs of all members."""

    courses: dict[int, Course]
    rate: float
    cost: float


def ladder(case: Case, batch: int) -> Ladder:
    """Range test, then warm-up and cosine over ever more epochs, up to a third of the constant schedule's."""
    x, y, task = case.spectra.x, case.spectra.y, case.spectra.task
    recipe = replace(case.recipe, schedule=replace(case.recipe.schedule, batch=batch))
    members = list(case.folds) * TESTED
    test = range_test(recipe, x, y, task, members, [77_000 + place for place in range(len(members))])
    cost = TESTED / SEEDS * test.rates.size * batch / float(np.mean([fold.train.size for fold in case.folds]))
    courses = {
        epochs: case.course(f"ours-{batch}-{test.high:.3g}-{epochs}", shortened(recipe.schedule, test, epochs))
        for epochs in LADDER
        if epochs <= case.network.epochs / 3
    }
    return Ladder(courses, test.high, cost)


def reached(course: Course, rival: Course, by: int) -> bool:
    """Whether a training came as near to a rival's lowest errors as the rival at epoch ``by``, on both kinds of rows.

    Tuning: within one per cent of the lowest. Held out: not worse by more than a standard error, seed by seed.
    """
    worse = course.held[-1] - rival.held_at(by)
    return course.lowest <= NEAR * rival.lowest and worse.mean() <= error_of_mean(worse)


def shortest(made: Ladder, rival: Course, by: int) -> int | None:
    """Fewest epochs from which on every longer training of the ladder reached the rival."""
    found = None
    for epochs in sorted(made.courses, reverse=True):
        if not reached(made.courses[epochs], rival, by):
            break
        found = epochs
    return found


def passing(course: Course, rival: Course, by: int) -> int | None:
    """First look at which a training without an end in sight has reached a rival."""
    for epoch, held in zip(course.looks, course.held, strict=True):
        if reached(Course(course.tuning[:epoch], course.looks, held[None], 0.0), rival, by):
            return int(epoch)
    return None


def lines(case: Case) -> Iterator[str]:
    """Lines of the table: every constant schedule against ours."""
    rivals = constants(case)
    *_, small = rivals.values()
    ours, schedule_only = ladder(case, SMALL), ladder(case, BATCH)
    for label, rival in rivals.items():
        by = rival.arrival
        alone, sooner = shortest(schedule_only, rival, by), passing(small, rival, by)
        cells = (
            f"{case.name}, {case.network.name}",
            label,
            f"{by} ({rival.held_arrival})",
            f"{figure(rival.tuning[-1])}; {figure(rival.held_at(by))}",
            *_ours(ours, rival, by),
            f"{by / (alone + schedule_only.cost):.1f}" if alone else "-",
            f"{by / sooner:.1f}" if sooner else "-",
        )
        yield f"| {' | '.join(cells)} |"


def _ours(made: Ladder, rival: Course, by: int) -> tuple[str, str, str, str]:
    found = shortest(made, rival, by)
    if found is None:
        best = min(made.courses.values(), key=lambda one: one.lowest)
        return f"not reached at {made.rate:.2g}", _errors(best), "-", "-"
    course, spent = made.courses[found], found + made.cost
    return (
        f"{found} + {made.cost:.0f} at {made.rate:.2g}",
        _errors(course),
        f"**{by / spent:.1f}** ({rival.held_arrival / spent:.1f})",
        f"{by * rival.seconds / (spent * course.seconds):.1f}",
    )


def _errors(course: Course) -> str:
    return f"{figure(course.tuning[-1])}; {figure(course.held[-1])}"


def error_of_mean(values: Array) -> float:
    """Standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(values.size))


def figure(values: Array) -> str:
    """Mean over seeds and its standard error."""
    return f"{values.mean():.4g} ± {error_of_mean(values):.2g}"


TITLE = """# Epochs to the same error

`python benchmarks/schedules.py`, {day}, {machine}. Calibration rows only, {folds} folds x {seeds} seeds; means over
seeds and their standard errors.
"""

COLUMNS = (
    "set, network | schedule | epochs (by held-out rows) | tuning; held-out error | ours: epochs + test, peak rate | "
    "ours: tuning; held-out error | fewer epochs (by held-out rows) | less time | by the schedule alone | "
    "by the batch alone"
)


def main(data: Path, out: Path, names: Sequence[str]) -> None:
    """Runs the cases and writes the table."""
    out.mkdir(parents=True, exist_ok=True)
    page = Path(__file__).with_suffix(".md")
    kept = page.read_text().partition("\n## ") if page.is_file() else ("", "", "")
    table = [f"| {COLUMNS} |", f"|{'---|' * (COLUMNS.count('|') + 1)}"]
    for name in names or SETS:
        spectra = select(read(data / name / "spectra.parquet"), SETS[name]).calibration
        for network in NETWORKS:
            table += lines(Case(name, network, spectra, folds(spectra, FOLDS, 0), out))
            machine = f"{os.cpu_count()} cores, {platform.machine()}"
            title = TITLE.format(day=date.today(), machine=machine, folds=FOLDS, seeds=SEEDS)
            page.write_text("\n".join([title, *table, kept[1] + kept[2]]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
