"""Killed at any moment, a run goes on with the same command, and ends as one that was not killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from spectune.files.runs import count_trials, load_outcome, load_trials
from spectune.files.spectra_files import write_spectra
from spectune.synthesis.fruit import fruit
from zygote import Zygote, zygote

SEARCHING, AFTER, TRIALS = 16, 6, 18
"""Kills while trials are made, and at any time."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system makes no process like another")


def words(data: Path, folder: Path) -> list[str]:
    told = {"trials": TRIALS, "folds": 2, "epochs": 27, "replicates": 1, "top": 2, "cores": 1, "seed": 5}
    options = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    return ["tune", str(data), "--target", "dry_matter", "--out", str(folder), "--no-explain", *options]


def killed(made: Zygote, command: list[str], when: Callable[[], None]) -> bool:
    """Begins a command and kills it when ``when`` returns; False if it had ended by then."""
    child = made.begin(command)
    when()
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return made.end() == -signal.SIGKILL


def soon_after(folder: Path, trials: int, seconds: float) -> None:
    """Waits until a run has so many trials, and a little longer."""
    end = time.monotonic() + 60
    while count_trials(folder) < trials:
        assert time.monotonic() < end
        time.sleep(0.002)
    time.sleep(seconds)


def timeless(folder: Path) -> list[dict[str, object]]:
    return [{**vars(trial), "seconds": 0.0} for trial in load_trials(folder)]


def test_over_twenty_kills_change_nothing(tmp_path: Path) -> None:
    """A run that ends before it is killed is followed by another; all of them are the one that was left alone."""
    data, whole = tmp_path / "fruit.csv", tmp_path / "whole"
    write_spectra(data, fruit(90, 1))
    chance = random.Random(7)  # noqa: S311  (no secret)
    with zygote(tmp_path) as made:
        begun = time.monotonic()
        made.begin(words(data, whole))
        assert made.end() == 0, made.said
        needed = time.monotonic() - begun
        torn = [tmp_path / "torn-0"]
        for kill in range(SEARCHING):
            assert killed(made, words(data, torn[0]), partial(soon_after, torn[0], kill, chance.uniform(0, 0.1)))
        kills = 0
        while kills < AFTER:
            if killed(made, words(data, torn[-1]), partial(time.sleep, chance.uniform(0, 0.5) * needed)):
                kills += 1
            else:
                torn.append(tmp_path / f"torn-{len(torn)}")
        made.begin(words(data, torn[-1]))
        assert made.end() == 0, made.said
    for folder in torn:
        assert timeless(folder) == timeless(whole)
        assert (folder / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
        assert load_outcome(folder).verdict == load_outcome(whole).verdict
        assert (folder / "identity.json").read_text() == (whole / "identity.json").read_text()
        assert not [path.name for path in folder.rglob(".*.part*")]
