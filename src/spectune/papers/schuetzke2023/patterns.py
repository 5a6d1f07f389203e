"""The data of the benchmark: a configuration, its three splits, and what parts its classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.files.patterns import named_config
from spectune.spectra.axis import Axis
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.synthesis.bayes import Pair, attainable, hardest
from spectune.synthesis.making import blocks, labels_of
from spectune.synthesis.neighbours import Parting
from spectune.synthesis.patterns import SPLITS, PatternConfig
from spectune.synthesis.published import INTENSITY, MINOR, POSITION, challenge_config

SAMPLES = 200
"""Spectra drawn of a class to find out which other is hardest to part from it."""


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
        clear: those of which it is sure and right.
        ties: those it can only guess, two or more classes being as likely.
        wrong: those of which it is sure and wrong, another class being likelier.
        outside: those that training never gives, so that its law says nothing of them.
        won: ties it has right by guessing, in the mean: 1/k of each between k classes.
        left_out: dials that hide peaks and are taken as at rest, so that accuracies are upper bounds.
    """

    clear: int
    ties: int
    wrong: int
    outside: int
    won: float
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Test spectra."""
        return self.clear + self.ties + self.wrong + self.outside

    @property
    def guessed(self) -> float:
        """Accuracy of one that guesses wherever there is a tie; NaN where training never gives some spectra."""
        return float("nan") if self.outside else (self.clear + self.won) / self.rows

    @property
    def most(self) -> float:
        """Accuracy of one that is right wherever there is a tie; NaN where training never gives some spectra."""
        return float("nan") if self.outside else (self.clear + self.ties) / self.rows

    @property
    def lines(self) -> tuple[float, ...]:
        """Accuracies to draw beside those of networks: with ties guessed and with all right, as far as they exist."""
        if self.outside:
            return ()
        return (self.guessed, self.most) if self.ties else (self.guessed,)


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the law of a configuration tells before anything is trained.

    Attributes:
        modes: classes by what parts them from the one that is hardest to part from them; empty where they are not
            of two kinds or all of one.
        reference: what can be known of the test spectra; None where that cannot be worked out.
        by_mode: the same for every failure mode.
        pairs: classes that can be mistaken for each other, the hardest first.
        unknown: why there is no ``reference``.
    """

    modes: Mapping[Parting, NDArray[np.intp]]
    reference: Reference | None
    by_mode: Mapping[Parting, Reference]
    pairs: tuple[Pair, ...]
    unknown: str = ""


def configuration(name: str, classes: int | None = None) -> PatternConfig:
    """A published configuration or that of a file; its first ``classes`` where a number is given.

    Raises:
        SettingError: no such configuration, mistakes in it, or one that holds no benchmark.
    """
    config = named_config(name)
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


def outlook(config: PatternConfig) -> Outlook:
    """What is known of test spectra and failure modes; where it cannot be worked out, why."""
    try:
        found = attainable(config, SAMPLES)
    except SettingError as error:
        return Outlook(_modes(config, ()), None, {}, (), str(error))
    chances, apart = tuple(found.chances.values()), _modes(config, found.pairs)
    by_mode = {
        mode: _reference([chances[label] for label in labels.tolist()], found.left_out)
        for mode, labels in apart.items()
    }
    return Outlook(apart, _reference(chances, found.left_out), by_mode, found.pairs)


def _reference(chances: Sequence[Sequence[float]], left_out: tuple[str, ...]) -> Reference:
    every = np.concatenate([np.asarray(each, dtype=np.float64) for each in chances])
    ties = every[(every > 0) & (every < 1)]
    clear, wrong, outside = (int(which.sum()) for which in (every == 1, every == 0, np.isnan(every)))
    return Reference(clear, ties.size, wrong, outside, float(ties.sum()), left_out)


def _modes(config: PatternConfig, pairs: tuple[Pair, ...]) -> Mapping[Parting, NDArray[np.intp]]:
    """Classes by what parts them: of the challenge as published, of others from their hardest pairs."""
    kinds = _published_kinds(config) or hardest(pairs)
    found = {mode: np.flatnonzero([kinds.get(name) == mode for name in config.names]) for mode in get_args(Parting)}
    apart = {mode: labels for mode, labels in found.items() if labels.size}
    return apart if len(apart) > 1 or len(kinds) == len(config.spectra) else {}


def _published_kinds(config: PatternConfig) -> Mapping[str, Parting]:
    """What parts the classes of the challenge, by name; none where others are among them."""
    published = challenge_config().spectra
    if not all(published.get(name) == pattern for name, pattern in config.spectra.items()):
        return {}
    groups: dict[Parting, range] = {"minor peak": MINOR, "position": POSITION, "height": INTENSITY}
    return {name: mode for mode, some in groups.items() for name in config.spectra if int(name) in some}


def _first(config: PatternConfig, classes: int) -> PatternConfig:
    if not 2 <= classes <= len(config.spectra):
        raise SettingError(f"classes must be from 2 to {len(config.spectra)}, those of the data set, got {classes}")
    names = config.names[:classes]
    return replace(
        config,
        spectra={name: config.spectra[name] for name in names},
        grids={name: grid for name, grid in config.grids.items() if name in names},
    )


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
