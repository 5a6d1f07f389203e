"""A run keeps a copy of its search where it is told to, and every command makes it whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from copies import held, said_of
from spectune.errors import RunError, SettingError
from spectune.files.runs import load_trials
from spectune.files.settings import Settings, load_settings
from spectune.files.spaces import load_space
from spectune.job import Result, run
from spectune.job.copying import about
from spectune.progress import Progress
from spectune.synthesis.fruit import fruit
from spectune.tuning.book import words
from spectune.tuning.places import Journal, SQLite

pytestmark = pytest.mark.usefixtures("sketches")

SMALL = Settings("fruit.csv", "dry_matter", out="-", trials=3, folds=3, epochs=3, replicates=0, top=1, explain=False)


def name_of(settings: Settings) -> str:
    return about(settings, load_space("default"), settings.folder).name


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = replace(SMALL, out=str(tmp_path_factory.mktemp("runs") / "fruit"))
    *_, last = run(settings, fruit(90, 1))
    assert isinstance(last, Result)
    return settings


def test_the_copy_of_a_run_is_what_its_files_say(done: Settings) -> None:
    found = held(SQLite(), done.folder.absolute(), name_of(done))
    kept = load_trials(done.folder)
    assert [trial.user_attrs["trial"] for trial in found] == [trial.number for trial in kept]
    for copied, trial in zip(found, kept, strict=True):
        assert copied.user_attrs["recipe"] == trial.recipe_id
        assert copied.value == (trial.value if trial.state == "complete" else copied.value)
        assert copied.params.items() <= dict(trial.values).items()
        at = (done.folder / "trials" / f"{trial.number:04d}.json").stat().st_mtime
        assert copied.datetime_complete is not None
        assert copied.datetime_complete.timestamp() == pytest.approx(at, abs=1e-5)


def test_a_finished_run_makes_its_copy_elsewhere_or_again_without_training(done: Settings) -> None:
    before = held(SQLite(), done.folder.absolute(), name_of(done))
    (done.folder / "study.db").unlink()
    for storage in ("journal", "none", "sqlite"):
        steps = list(run(replace(done, storage=storage), fruit(90, 1)))
        assert [type(step) for step in steps] == [Progress, Result]
        assert load_settings(done.folder / "run.toml").storage == storage
        assert (done.folder / "study.db").exists() == (storage == "sqlite")
    for where in (SQLite(), Journal()):
        after = held(where, done.folder.absolute(), name_of(done))
        assert said_of(after) == said_of(before)
        assert [trial.datetime_start for trial in after] == [trial.datetime_start for trial in before]


def test_a_search_goes_on_with_another_storage(tmp_path: Path) -> None:
    """It was stopped when the file of its second trial was written, and the copy not yet told of it."""
    settings = replace(SMALL, out=str(tmp_path / "run"), storage="journal")
    steps = run(settings, fruit(90, 1))
    for step in steps:
        if isinstance(step, Progress) and step.stage == "search" and step.done == 2:
            steps.close()
    *_, last = run(replace(settings, storage="sqlite"), fruit(90, 1))
    assert isinstance(last, Result)
    journal, database = (held(where, tmp_path / "run", name_of(settings)) for where in (Journal(), SQLite()))
    assert [words(trial) for trial in journal] == [words(trial) for trial in database[:1]]
    assert len(database) == len(load_trials(tmp_path / "run")) == 3


def test_a_second_command_on_a_run_is_refused_and_leaves_its_copy_alone(tmp_path: Path) -> None:
    settings = replace(SMALL, out=str(tmp_path / "run"))
    steps = run(settings, fruit(90, 1))
    for step in steps:
        if isinstance(step, Progress) and step.stage == "search" and step.done == 1:
            with pytest.raises(RunError, match="another command is working in"):
                list(run(settings, fruit(90, 1)))
    assert len(held(SQLite(), tmp_path / "run", name_of(settings))) == 3


def test_a_server_that_is_not_there_is_refused_before_there_is_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra postgresql is not installed: pip install 'spectune[postgresql]'")
    settings = replace(SMALL, out=str(tmp_path / "run"), storage="postgresql://ann@127.0.0.1:1/spectra")
    with pytest.raises(SettingError, match="cannot be used"):
        list(run(settings, fruit(90, 1)))
    assert not (tmp_path / "run").exists()
