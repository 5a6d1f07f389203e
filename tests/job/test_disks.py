"""A disk that is full, and a folder that nobody may write to: one sentence, and nothing lost."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.small_disk import small_disk
from spectune.errors import RunError
from spectune.files.runs import load_trials
from spectune.files.settings import Settings
from spectune.job import Result, run
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit

SETTINGS = Settings(
    "fruit.csv", "dry_matter", out="-", trials=6, folds=2, epochs=9, replicates=1, top=1, cores=1, seed=5, explain=False
)


def done(folder: Path, table: Table, room: Path | None = None) -> Result:
    """The result of a run; ``room`` is a file that gives up its space when the first trials are kept."""
    for step in run(replace(SETTINGS, out=str(folder)), table):
        if isinstance(step, Result):
            return step
        if room is not None and step.stage == "search" and step.done == 2:
            room.write_bytes(b"")
            fill(room)
    raise AssertionError("a run ends with its result")


def fill(file: Path) -> None:
    """Takes all space of a disk."""
    with file.open("ab", buffering=0) as opened, suppress(OSError):
        while True:
            opened.write(b"x" * 512)


def test_a_full_disk_is_told_and_once_there_is_room_the_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    table = fruit(90, 1)
    whole = done(tmp_path / "whole", table).outcome
    with small_disk(8) as disk:
        folder, ballast = disk / "run", disk / "ballast"
        with pytest.raises(RunError, match=r"cannot write .*: No space left on device") as told:
            done(folder, table, ballast)
        assert "\n" not in str(told.value)
        kept = load_trials(folder)
        assert 2 <= len(kept) < SETTINGS.trials
        assert not [path.name for path in folder.rglob(".*.part*")]
        ballast.unlink()
        again = done(folder, table).outcome
    assert [replace(one, seconds=0.0) for one in again.trials] == [replace(one, seconds=0.0) for one in whole.trials]
    assert again.verdict == whole.verdict


def test_a_disk_nobody_may_write_to_is_refused_before_any_work() -> None:
    with small_disk(1) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)  # noqa: S607
        with pytest.raises(RunError, match=re.escape(f"cannot make the folder {disk / 'run'}")) as told:
            done(disk / "run", fruit(60, 1))
    assert "Read-only file system" in str(told.value)


def test_a_folder_that_is_a_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="cannot make the folder"):
        done(tmp_path / "run", fruit(60, 1))
    assert (tmp_path / "run").read_text() == "mine"
