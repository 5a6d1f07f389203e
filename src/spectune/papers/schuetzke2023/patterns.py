"""The data of the benchmark: a configuration, its three splits, and what parts its classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.files.border import close_to
from spectune.files.patterns import load_config
from spectune.spectra.axis import Axis
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.synthesis.bayes import attainable
from spectune.synthesis.making import blocks, labels_of
from spectune.synthesis.neighbours import Parting
from spectune.synthesis.patterns import SPLITS, PatternConfig
from spectune.synthesis.published import INTENSITY, MINOR, POSITION, PUBLISHED, challenge_config

SAMPLES = 2000
"""Spectra drawn of a class to find out what can be attained."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """Spectra of a configuration, split after split: training, validation, test.

    Attributes:
        name: ``benchmark``, ``challenge``, or the file the configuration came from.
        config: classes and law.
        x: spectra as high as they were drawn, (rows, points), float32.
        y: number of the class, (rows,).
    """

    name: str
    config: PatternConfig
    x: NDArray[np.float32]
    y: NDArray[np.float64]

    @property
    def task(self) -> Task:
        """Which of the classes it is."""
        return Task("class", classes=self.config.names, rows=self.fold.train.size, points=self.config.datapoints)

    @property
    def fold(self) -> Fold:
        """Rows of the splits: training rows train, validation rows stop, test rows are scored."""
        ends = np.cumsum([labels_of(self.config, split).size for split in SPLITS])
        train, tuning, scored = np.split(np.arange(ends[-1]), ends[:-1])
        return Fold(train, tuning, scored)

    @property
    def axis(self) -> Axis:
        """Positions of the points, or their numbers from 0."""
        return self.config.axis or Axis(tuple(float(point) for point in range(self.config.datapoints)), "index")


@dataclass(frozen=True)
class Reference:
    """What a classifier that knows the law of training makes of test spectra.

    Attributes:
        rows: test spectra.
        clear: those of which it is sure and right.
        ties: those it can only guess, one of two or more classes being as likely.
    """

    rows: int
    clear: int
    ties: int

    @property
    def guessed(self) -> float:
        """Accuracy of one that guesses between two classes wherever there is a tie."""
        return (self.clear + self.ties / 2) / self.rows

    @property
    def most(self) -> float:
        """Accuracy of one that is right wherever there is a tie."""
        return (self.clear + self.ties) / self.rows


def configuration(name: str, classes: int | None = None) -> PatternConfig:
    """A published configuration or that of a file; its first ``classes`` where a number is given.

    Raises:
        SettingError: no such configuration, mistakes in it, or one that holds no benchmark.
    """
    config = PUBLISHED[name]() if name in PUBLISHED else _from_file(name)
    if classes is not None:
        config = _first(config, classes)
    _check(config, name)
    return config


def made(name: str, config: PatternConfig) -> Patterns:
    """All spectra of a configuration, made block by block: no more than one copy is in memory."""
    y = np.concatenate([labels_of(config, split) for split in SPLITS]).astype(np.float64)
    x = np.empty((y.size, config.datapoints), dtype=np.float32)
    first = 0
    for block in blocks(config):
        x[first : first + len(block.x)] = block.x
        first += len(block.x)
    return Patterns(name, config, x, y)


def truth(config: PatternConfig) -> NDArray[np.int64]:
    """Class numbers of the test spectra, (rows,)."""
    return labels_of(config, "test")


def modes(config: PatternConfig) -> Mapping[Parting, NDArray[np.intp]]:
    """Classes of the challenge by what parts them; none for other configurations."""
    published = challenge_config().spectra
    if not all(published.get(name) == pattern for name, pattern in config.spectra.items()):
        return {}
    groups: dict[Parting, range] = {"minor peak": MINOR, "position": POSITION, "height": INTENSITY}
    found = {mode: np.flatnonzero(np.isin(config.names, [str(one) for one in some])) for mode, some in groups.items()}
    return {mode: classes for mode, classes in found.items() if classes.size}


def reference(config: PatternConfig) -> Reference | None:
    """What can be known of the test spectra; None where the law has dials turned."""
    if not config.published:
        return None
    found = attainable(config, SAMPLES)
    rows = found.clear + found.ties + found.wrong + found.outside
    return Reference(rows, found.clear, found.ties) if rows else None


def of_classes(config: PatternConfig, labels: NDArray[np.intp]) -> PatternConfig:
    """The configuration with the chosen classes only."""
    names = [config.names[label] for label in labels.tolist()]
    return replace(
        config,
        spectra={name: config.spectra[name] for name in names},
        grids={name: grid for name, grid in config.grids.items() if name in names},
    )


def _from_file(name: str) -> PatternConfig:
    path = Path(name)
    if not path.suffix and not path.exists():
        known = ", ".join(PUBLISHED)
        raise SettingError(
            f"there is no data set {name!r}{close_to(name, PUBLISHED)}; give a JSON configuration or one of: {known}"
        )
    return load_config(path)


def _first(config: PatternConfig, classes: int) -> PatternConfig:
    if not 2 <= classes <= len(config.spectra):
        raise SettingError(f"classes must be from 2 to {len(config.spectra)}, those of the data set, got {classes}")
    return of_classes(config, np.arange(classes))


def _check(config: PatternConfig, name: str) -> None:
    if len(config.spectra) < 2:
        raise SettingError(f"{name} has one class; a benchmark needs at least 2")
    if config.dials.phases > 1:
        raise SettingError(
            f"{name} mixes up to {config.dials.phases} classes in a spectrum; a benchmark needs phases 1"
        )
    short = [split for split in SPLITS if np.unique(labels_of(config, split)).size < len(config.spectra)]
    if short:
        raise SettingError(f"{name} has classes without a {short[0]} spectrum; give every class at least one")
