"""A comparison of search methods: the same rows and folds for all, continued after a stop, given back when finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectune.errors import RunError
from spectune.files.compare_settings import Asked, CompareSettings
from spectune.files.comparisons import load_comparison
from spectune.files.runs import load_trials
from spectune.files.settings import Settings, load_settings
from spectune.job.comparing import compare
from spectune.progress import Progress
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.tuning.compare import Comparison
from spectune.tuning.record import Trial

pytestmark = pytest.mark.usefixtures("sketches")

ASKED = Asked(("tpe", "random+hyperband"), (2,), 2)


def settings(folder: Path, asked: Asked = ASKED) -> CompareSettings:
    shared = Settings("fruit.csv", "dry_matter", str(folder), split="split", folds=2, epochs=4, cores=1, seed=5)
    return CompareSettings(replace(shared, space="passos"), asked)


def table() -> Table:
    return fruit(60, 1)


def finish(told: CompareSettings) -> Comparison:
    *_, last = compare(told, table())
    assert isinstance(last, Comparison)
    return last


def stop(told: CompareSettings, after: int) -> None:
    """Ends the comparison as Ctrl-C does, when so many trials have ended."""
    steps = compare(told, table())
    for step in steps:
        if isinstance(step, Progress) and step.stage == "compare" and step.done == after:
            steps.close()


def trials(told: CompareSettings) -> list[list[Trial]]:
    """The trials of every run, without what a clock said."""
    return [[replace(trial, seconds=0.0) for trial in load_trials(run.folder)] for _, _, run in told.runs]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompareSettings, Comparison]:
    told = settings(tmp_path_factory.mktemp("runs") / "compare")
    return told, finish(told)


def test_every_arm_and_seed_has_a_run_folder_of_its_own(done: tuple[CompareSettings, Comparison]) -> None:
    told, found = done
    assert [(one.arm, one.seed, one.trials) for one in found.courses] == [
        ("tpe", 0, 2),
        ("random+hyperband", 0, 2),
        ("tpe", 1, 2),
        ("random+hyperband", 1, 2),
    ]
    kept = load_settings(told.folder / "random+hyperband-1" / "run.toml")
    assert (kept.sampler, kept.pruner, kept.seed, kept.search_seed, kept.trials) == ("random", "hyperband", 5, 6, 2)


def test_a_comparison_is_read_back_as_it_was_made(done: tuple[CompareSettings, Comparison]) -> None:
    told, found = done
    assert load_comparison(told.folder) == found


def test_the_courses_are_those_of_the_kept_trials(done: tuple[CompareSettings, Comparison]) -> None:
    told, found = done
    for course, (_, _, run) in zip(found.courses, told.runs, strict=True):
        kept = load_trials(run.folder)
        assert course.final == min(trial.value for trial in kept if trial.value is not None)
        assert course.elapsed[-1] == pytest.approx(sum(trial.seconds for trial in kept))


def test_a_finished_comparison_is_given_back_without_work(done: tuple[CompareSettings, Comparison]) -> None:
    told, found = done
    read, last = list(compare(told, table()))
    assert isinstance(read, Progress)
    assert last == found


@pytest.mark.parametrize("after", [1, 3])
def test_a_stopped_comparison_goes_on_as_if_it_had_not_been(
    done: tuple[CompareSettings, Comparison], tmp_path: Path, after: int
) -> None:
    told = settings(tmp_path / "compare")
    stop(told, after)
    kept = [trial for run in trials(told) for trial in run]
    assert len([trial for trial in kept if trial.state != "rejected"]) == after
    finish(told)
    assert trials(told) == trials(done[0])


def test_more_trials_and_seeds_go_on_from_what_is_there(
    done: tuple[CompareSettings, Comparison], tmp_path: Path
) -> None:
    told = settings(tmp_path / "compare", Asked(("tpe", "random+hyperband"), (1, 2), 1))
    shorter = finish(told)
    before = trials(told)
    longer = finish(settings(tmp_path / "compare"))
    assert [
        run[: len(kept)] for run, kept in zip(trials(settings(tmp_path / "compare")), before, strict=False)
    ] == before
    assert trials(settings(tmp_path / "compare")) == trials(done[0])
    assert longer.courses[0].best[:1] == shorter.courses[0].best
    again = finish(told)
    assert [one.best for one in again.courses] == [one.best for one in shorter.courses]


def test_progress_counts_the_trials_of_all_searches(tmp_path: Path) -> None:
    told = settings(tmp_path / "compare", Asked(("tpe", "random"), (1, 2), 2))
    steps = [step for step in compare(told, table()) if isinstance(step, Progress) and step.stage == "compare"]
    assert [(step.done, step.total) for step in steps] == [(done, 6) for done in range(1, 7)]
    assert steps[0].sentence.startswith("tpe, seed 0: trial 0: ")
    assert all(step.left is not None for step in steps)
    assert steps[-1].left == 0


def test_test_rows_are_not_looked_at(done: tuple[CompareSettings, Comparison], tmp_path: Path) -> None:
    spectra = table()
    roles = spectra.column("split").astype(str)
    spoilt = spectra.x.copy()
    spoilt[roles == "test"] += np.linspace(0, 3, spoilt.shape[1], dtype=np.float32)
    told = settings(tmp_path / "spoilt")
    list(compare(told, replace(spectra, x=spoilt)))
    assert trials(told) == trials(done[0])


def test_a_folder_of_another_comparison_is_refused_and_left_alone(done: tuple[CompareSettings, Comparison]) -> None:
    told, found = done
    other = replace(told, shared=replace(told.shared, folds=3))
    with pytest.raises(RunError, match="holds another comparison: folds is 2 there and 3 here; choose another --out"):
        list(compare(other, table()))
    with pytest.raises(RunError, match="its spectra, roles or ranges are not those that data and space now give"):
        list(compare(told, fruit(60, 2)))
    assert load_comparison(told.folder) == found


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="exists and is not the folder of a comparison"):
        list(compare(settings(tmp_path), table()))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_without_a_finished_comparison_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no finished comparison; continue it with: spectune compare --config"):
        load_comparison(tmp_path)
