"""What a run trained after its search is trained once, whenever the run is stopped; files decide nothing else."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.assessment.outcome import Outcome
from spectune.files.atomic import write_bytes
from spectune.files.packing import Arrays, pack
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings, format_settings
from spectune.job import Result, run
from spectune.job.fits import Shelf, cleared, keeping
from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.synthesis.fruit import fruit
from spectune.training.checkpoint import Checkpoint, Checkpoints
from spectune.training.crew import Completed, Fitting, Reached, Resumable, alone
from spectune.training.fit import Fitted
from spectune.training.pack import to_arrays

TASK = Task("t", rows=40, points=12)
RECIPE = Recipe(
    parse_channels("SNV"), (Flatten(), Dense(5), Act("elu"), Dense(1)), Schedule("rmsprop", epochs=8, batch=8)
)
SEEDS = [3, 4]


def folds(first: int = 0) -> list[Fold]:
    rows = np.roll(np.arange(40), first)
    return [Fold(rows[8 + k :], rows[4 + k : 8 + k], rows[: 4 + k]) for k in range(2)]


class Trainer:
    """A fitter in this process that notes the epochs it trains, and can be cut off after some of them."""

    def __init__(self, last: int | None = None) -> None:
        random, ticks = np.random.default_rng(3), count()
        x = random.normal(size=(40, 12)).cumsum(axis=1).astype(np.float32)
        self._inner = alone(x, x[:, 3].astype(np.float64), TASK, clock=lambda: float(next(ticks)))
        self._last = last
        self.epochs: list[int] = []

    def __call__(
        self,
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        /,
        start: Fitted | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Fitting:
        self.epochs.append(0)
        for report in self._inner(recipe, folds, seeds, rungs, start, checkpoints):
            yield report
            if isinstance(report, Checkpoint):
                self.epochs[-1] = report.past.epochs
                if report.past.epochs == self._last:
                    raise KeyboardInterrupt


def shelf_in(folder: Path, seconds: float = 0) -> Shelf:
    return Shelf(folder / "fits", "data and engine", seconds)


def trained(fitter: Resumable, shelf: Shelf, recipe: Recipe = RECIPE) -> Completed:
    *_, last = keeping(fitter, TASK, shelf)(recipe, folds(), SEEDS, ())
    assert isinstance(last, Completed)
    return last


def cut_off(folder: Path, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(Trainer(after), shelf_in(folder))


def arrays(done: Completed) -> Iterator[NDArray[np.generic]]:
    yield from to_arrays(done.fitted).values()
    yield from done.held_out
    yield from (getattr(done, part.name) for part in fields(done)[2:])


def assert_equal(one: Completed, other: Completed) -> None:
    for left, right in zip(arrays(one), arrays(other), strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


@pytest.fixture(scope="module")
def whole() -> Completed:
    """The fit that nobody stopped, and nobody kept."""
    *_, last = Trainer()(RECIPE, folds(), SEEDS, ())
    assert isinstance(last, Completed)
    return last


def test_a_complete_fit_is_read_and_not_trained_again(tmp_path: Path, whole: Completed) -> None:
    first, second = Trainer(), Trainer()
    assert_equal(trained(first, shelf_in(tmp_path)), whole)
    again = trained(second, shelf_in(tmp_path))
    assert (len(first.epochs), len(second.epochs)) == (1, 0)
    assert_equal(again, whole)
    assert again.fitted.recipe == RECIPE
    assert [path.suffix for path in (tmp_path / "fits").iterdir()] == [".fit"]


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_fit_that_was_cut_off_goes_on_to_the_same_end(tmp_path: Path, whole: Completed, after: int) -> None:
    cut_off(tmp_path, after)
    later = Trainer(None)
    assert_equal(trained(later, shelf_in(tmp_path, seconds=1e9)), whole)
    assert later.epochs == [0]  # it came to no checkpoint: the rest was done in one go
    assert [path.suffix for path in (tmp_path / "fits").iterdir()] == [".fit"]


def test_a_short_fit_writes_nothing_on_its_way(tmp_path: Path) -> None:
    fitting = keeping(Trainer(), TASK, shelf_in(tmp_path, 1e9))(RECIPE, folds(), SEEDS, ())
    assert isinstance(next(fitting), Completed)
    assert len(list((tmp_path / "fits").iterdir())) == 1


def test_nothing_of_another_recipe_fold_seed_start_or_run_is_used(tmp_path: Path) -> None:
    cut_off(tmp_path, 4)
    shelf = shelf_in(tmp_path, 1e9)
    start = next(keeping(Trainer(), TASK, shelf)(RECIPE, folds(), SEEDS, ()))
    assert isinstance(start, Completed)
    others: list[tuple[Shelf, Recipe, list[Fold], list[int], Fitted | None]] = [
        (shelf, replace(RECIPE, schedule=replace(RECIPE.schedule, rate=0.002)), folds(), SEEDS, None),
        (shelf, RECIPE, folds(1), SEEDS, None),
        (shelf, RECIPE, folds(), [3, 5], None),
        (shelf, RECIPE, folds(), SEEDS, start.fitted),
        (replace(shelf, about="other data"), RECIPE, folds(), SEEDS, None),
    ]
    for place, recipe, cuts, seeds, begun in others:
        for trainer, wanted in ((Trainer(), 1), (Trainer(), 0)):
            list(keeping(trainer, TASK, place)(recipe, cuts, seeds, (), begun))
            assert len(trainer.epochs) == wanted


@pytest.mark.parametrize("place", [0, 40, -40])
def test_a_damaged_file_is_not_used_and_said_in_one_line(tmp_path: Path, whole: Completed, place: int) -> None:
    cut_off(tmp_path / "checkpoint", 5)
    trained(Trainer(), shelf_in(tmp_path / "fit"))
    for kind in ("checkpoint", "fit"):
        [path] = (tmp_path / kind / "fits").glob(f"*.{kind}")
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        later = Trainer()
        with pytest.warns(RuntimeWarning, match=r"is damaged or cannot be read, and is not used.*again") as said:
            assert_equal(trained(later, shelf_in(tmp_path / kind)), whole)
        assert (len(said), later.epochs) == (1, [7])
        assert_equal(trained(Trainer(), shelf_in(tmp_path / kind)), whole)


def test_a_full_disk_ends_no_training(tmp_path: Path, whole: Completed, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(RuntimeWarning, match="cannot write .*No space left on device; the training goes on"):
        assert_equal(trained(Trainer(), shelf_in(tmp_path)), whole)
    monkeypatch.undo()
    assert not list((tmp_path / "fits").iterdir())


def test_a_checkpoint_takes_the_place_of_the_one_before_in_one_step(
    tmp_path: Path, whole: Completed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one at any moment: a command that dies while it writes leaves the older one."""
    cut_off(tmp_path, 3)

    def died(path: Path, _: Path) -> Path:
        raise KeyboardInterrupt(path)

    monkeypatch.setattr(Path, "replace", died)
    with pytest.raises(KeyboardInterrupt):
        trained(Trainer(), shelf_in(tmp_path))
    monkeypatch.undo()
    later = Trainer()
    [found] = (tmp_path / "fits").glob("*.checkpoint")
    assert_equal(trained(later, shelf_in(tmp_path)), whole)
    assert not found.exists()


def test_a_fit_with_rungs_belongs_to_a_search_and_is_left_alone(tmp_path: Path) -> None:
    reports = list(keeping(Trainer(), TASK, shelf_in(tmp_path))(RECIPE, folds(), SEEDS, (2, 4)))
    assert [type(report) for report in reports] == [Reached, Reached, Completed]
    assert not (tmp_path / "fits").exists()


def test_clearing_is_of_fits_alone_and_asks_for_none(tmp_path: Path) -> None:
    cut_off(tmp_path, 2)
    write_bytes(tmp_path / "run.toml", b"")
    cleared(tmp_path)
    cleared(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.toml"]


SETTINGS = Settings(
    "fruit.csv", "dry_matter", out="-", trials=2, folds=2, epochs=12, replicates=2, top=2, cores=1, seed=5,
    refit=True, explain=False, pruner="none",
)  # fmt: skip

COMMAND = """
import os, signal, sys
from spectune.files.settings import parse_settings
from spectune.job import fits, run
from spectune.progress import Progress
from spectune.synthesis.fruit import fruit

fatal, write, written = (sys.argv[2], int(sys.argv[3])), fits.keep_in_one, 0


def die_at(*point):
    if point == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


def counted(path, name, value):
    global written
    write(path, name, value)
    if path.suffix == ".checkpoint":
        written += 1
        die_at("checkpoint", written)


fits.keep_in_one = counted
for step in run(parse_settings(sys.argv[1]), fruit(120, 1), checkpoint_seconds=0.0):
    if isinstance(step, Progress):
        die_at(step.stage, step.done)
"""


def told(outcome: Outcome) -> tuple[object, dict[str, bytes]]:
    """All of an outcome but times, places and what was typed."""
    found: Arrays = {}
    tree = pack(outcome, found)
    for tables, names in ((tree["facts"], ("time", "command")), (tree["settings"], ("out",))):
        for name in names:
            del tables[name]
    for timed in (*tree["models"], *tree["trials"]):
        del timed["seconds"]
    return tree, {name: values.tobytes() for name, values in found.items()}


def test_a_run_that_is_killed_again_and_again_after_its_search_ends_as_one_that_was_not(tmp_path: Path) -> None:
    """Between fits and in the midst of them; no file of an earlier command is written again."""
    settings, shelf = replace(SETTINGS, out=str(tmp_path / "killed")), tmp_path / "killed" / "fits"
    before: dict[str, int] = {}
    for stage, number, fits, checkpoints, models in (
        ("replicates", 2, 2, 0, 0), ("checkpoint", 17, 3, 1, 0), ("baselines", 3, 8, 0, 3),
    ):  # fmt: skip
        words = [format_settings(settings), stage, str(number)]
        ended = subprocess.run([sys.executable, "-c", COMMAND, *words], check=False)
        assert ended.returncode == -signal.SIGKILL
        there = {path.name: path.stat().st_mtime_ns for path in shelf.iterdir()}
        endings = [path.suffix for path in shelf.iterdir()]
        assert [endings.count(one) for one in (".fit", ".checkpoint", ".model")] == [fits, checkpoints, models]
        assert all(there[name] == written for name, written in before.items() if not name.endswith(".checkpoint"))
        before = there
    *_, last = run(settings, fruit(120, 1))
    *_, wanted = run(replace(SETTINGS, out=str(tmp_path / "whole")), fruit(120, 1))
    assert isinstance(last, Result)
    assert isinstance(wanted, Result)
    assert told(last.outcome) == told(wanted.outcome) == told(load_outcome(last.folder))
    tables = [(one.folder / "predictions.csv").read_bytes() for one in (last, wanted)]
    assert tables[0] == tables[1]
    assert not shelf.exists()
