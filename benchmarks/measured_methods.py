"""Methods of ``measured_patterns.py``: what is made of spectra before, and who says which polymer they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_opening, uniform_filter1d
from scipy.signal import find_peaks
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu

from spectune.assessment.choice import Method, judge
from spectune.assessment.classifiers import RADIAL_SCREEN, RADIALS, radial_words, support_vectors
from spectune.assessment.pls import latent_grid, latent_words, pls_classes
from spectune.files.read import read
from spectune.files.spaces import load_space
from spectune.networks.published import network
from spectune.networks.recipe import Recipe
from spectune.papers.schuetzke2023.protocol import Protocol, recipe
from spectune.spectra.axis import Axis
from spectune.spectra.channels import parse_channel
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Task
from spectune.spectra.steps import apply
from spectune.spectra.table import Table, as_text
from spectune.synthesis.library import from_spectra
from spectune.synthesis.making import blocks
from spectune.synthesis.patterns import Dials, PatternConfig
from spectune.training.fit import fit, predict
from spectune.training.machine import Machine
from spectune.tuning.study import draw_recipe

Real = NDArray[np.float64]
Labels = NDArray[np.int64]

RANGE = (250.0, 3500.0)
"""cm-1 that are used: below lies the edge of the laser line's filter, above a rise of the detector."""

SEEDS, EPOCHS, UPDATES = 5, 60, 1500
NEAR = 4
"""Points within which a peak is the reference's: 9 cm-1."""

DIALS: tuple[tuple[str, dict[str, float], dict[str, object]], ...] = (
    ("shifts of 2 points", {"shift": 2}, {}),
    ("heights by 0.15", {"variation": 0.15}, {}),
    ("widths by half, pseudo-Voigt", {}, {"shape": "pseudo_voigt", "width_spread": 0.5}),
    ("noise 0.03, baseline 0.5", {}, {"noise": 0.03, "baseline": 0.5}),
    ("up to 8 foreign peaks", {}, {"impurities": 8, "impurity_height": 1.0}),
)
"""Dials by what they bring, in the unit of ``synth config``; a width is drawn where widths vary, else their mean."""

ALL = tuple(range(len(DIALS)))


def opened(x: Real, width: int = 51) -> Real:
    """Spectra without what is left of them where a flat piece of ``width`` points fits below, and SNV."""
    below = uniform_filter1d(grey_opening(x, size=(1, width)), width, axis=1)
    return apply(parse_channel("SNV"), x - below)


def asymmetric(x: Real, stiffness: float = 1e5, above: float = 0.01) -> Real:
    """Spectra without a smooth line that gives points above it little weight (Eilers, 2003), and SNV."""
    points = x.shape[1]
    second = diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(points - 2, points))
    rough = stiffness * (second.T @ second)
    return apply(parse_channel("SNV"), np.stack([row - _line(row, rough, above) for row in x]))


def _line(row: Real, rough: object, above: float) -> Real:
    weights = np.ones(row.size)
    for _ in range(10):
        line = splu((diags_array(weights) + rough).tocsc()).solve(weights * row)  # type: ignore[operator]
        weights = np.where(row > line, above, 1 - above)
    return np.asarray(line)


VIEWS: Mapping[str, Callable[[Real], Real]] = {
    "maximum": partial(apply, parse_channel("MAX")),
    "SNV": partial(apply, parse_channel("SNV")),
    "first derivative (25 points), SNV": partial(apply, parse_channel("D1(25,2)+SNV")),
    "opening (51 points) subtracted, SNV": opened,
    "asymmetric least squares subtracted, SNV": asymmetric,
}
CHOSEN, QUICK = "opening (51 points) subtracted, SNV", 4
"""The view chosen on calibration rows, and how many views are quick enough for everything."""

SMALL, MEASURED = "small CNN", "Trained on the 88 measured calibration spectra"


@dataclass(frozen=True, eq=False)
class Data:
    """One reference spectrum a polymer, and all others; ``test``: which of the others are test rows, (rows,)."""

    references: Table
    others: Table
    test: NDArray[np.bool_]

    @property
    def names(self) -> list[str]:
        """Polymers in the order of their labels."""
        return [str(name) for name in self.references.column("polymer").tolist()]

    @property
    def truth(self) -> Labels:
        """Labels of the other spectra, (rows,)."""
        return np.asarray([self.names.index(name) for name in as_text(self.others.column("polymer")).tolist()])


@dataclass(frozen=True, eq=False)
class Answers:
    """What a method says of the other spectra: one row a seed, and the vote of all of them."""

    method: str
    view: str
    said: Labels
    vote: Labels


def data(folder: Path, with_test: bool) -> Data:
    """The set, cut to ``RANGE``; the reference is the pristine spectrum, which is a calibration row."""
    whole = read(folder / "raman_microplastics" / "spectra.parquet")
    inside = (whole.axis.positions >= RANGE[0]) & (whole.axis.positions <= RANGE[1])
    axis = Axis(tuple(whole.axis.positions[inside].tolist()), whole.axis.unit)
    table = replace(whole, x=np.ascontiguousarray(whole.x[:, inside]), axis=axis)
    calibration, pristine = table.column("split") == "cal", table.column("water") == "pristine"
    others = table.rows(~(calibration & pristine) & (calibration | with_test))
    return Data(table.rows(calibration & pristine), others, np.asarray(others.column("split") == "test"))


def library(known: Data, turned: Sequence[int]) -> PatternConfig:
    """The configuration with some dials turned; peaks and widths are those of the references."""
    law: dict[str, float] = {"shift": 0, "variation": 0.0}
    dials: dict[str, object] = {"noise": 1e-6}
    for place in turned:
        law, dials = law | DIALS[place][1], dials | DIALS[place][2]
    found = from_spectra(known.references, "polymer")
    middle = float(np.mean(found.law.width))
    width = found.law.width if "width_spread" in dials else (middle, middle)
    return replace(found, law=replace(found.law, width=width, train=50, val=10, **law), dials=Dials(**dials))  # type: ignore[arg-type]


def generated(config: PatternConfig) -> tuple[Real, Labels, Fold]:
    """Patterns for training and tuning, their labels and roles."""
    made = list(blocks(config, ("train", "val")))
    x = np.concatenate([block.x for block in made]).astype(np.float64)
    first = sum(len(block.x) for block in made if block.split == "train")
    rows = np.arange(len(x))
    return x, np.concatenate([block.labels for block in made]), Fold(rows[:first], rows[first:], rows[:0])


def nearest(known: Data, view: str) -> Answers:
    """The reference with the highest correlation."""
    sides = [
        apply(parse_channel("SNV"), VIEWS[view](table.x.astype(float))) for table in (known.others, known.references)
    ]
    said = (sides[0] @ sides[1].T).argmax(axis=1)
    return Answers("nearest reference (correlation)", view, said[None], said)


def matched(known: Data) -> Answers:
    """The reference whose peaks are there: shared height within ``NEAR`` points, as a cosine."""
    lists = [[_peaks(row) for row in opened(table.x.astype(float))] for table in (known.others, known.references)]
    scores = [[_cosine(one, other) for other in lists[1]] for one in lists[0]]
    said = np.asarray(scores).argmax(axis=1)
    return Answers("lists of peaks, matched", CHOSEN, said[None], said)


def _peaks(row: Real) -> dict[int, float]:
    places, facts = find_peaks(row, prominence=0.05 * np.ptp(row))
    return dict(zip(places.tolist(), facts["prominences"].tolist(), strict=True))


def _cosine(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    shared = 0.0
    for place, height in other.items():
        near = [found for at, found in one.items() if abs(at - place) <= NEAR]
        shared += height * max(near, default=0.0)
    return shared / float(np.linalg.norm(list(one.values())) * np.linalg.norm(list(other.values())))


def classical(known: Data, view: str, x: Real, labels: Labels) -> Iterator[Answers]:
    """PLS-DA and SVC on given rows, their settings by five folds of these rows."""
    names = np.asarray(known.names)
    axis = Axis(tuple(float(point) for point in range(x.shape[1])), "index")
    rows = Table(VIEWS[view](x).astype(np.float32), axis, {"polymer": names[labels]})
    asked = Table(VIEWS[view](known.others.x.astype(float)).astype(np.float32), axis, {"polymer": names[known.truth]})
    spectra = select(rows, "polymer", test=asked)
    order = np.asarray([spectra.task.classes.index(name) for name in known.names])
    cut = folds(spectra.calibration, 5, 0)
    grid = latent_grid(min(fold.train.size for fold in cut), x.shape[1])
    for method in (
        Method("PLS-DA", 1, partial(pls_classes, classes=len(names)), latent_words, grid, tolerance=0.02),
        Method("SVC", 3, partial(support_vectors, classes=len(names)), radial_words, RADIALS, screen=RADIAL_SCREEN),
    ):
        said = judge(method, spectra, cut, 0).test[:, order].argmax(axis=1)
        yield Answers(method.name, view, said[None], said)


def small(known: Data, points: int) -> Recipe:
    """The small CNN the default space begins with, on one channel that is not standardised by columns."""
    space, task = load_space("default"), Task("polymer", classes=tuple(known.names), rows=550, points=points)
    start = next(one for one in space.starts if one["convolution"])
    values = {**start, "channels": "SNV", "points.most": 400, "updates": UPDATES}
    return replace(draw_recipe(space, task, values), standardised=False, channels=(parse_channel("BIN(4)"),))


def published(name: str, points: int) -> Recipe:
    """A published network with its own training, but for the view and fewer epochs."""
    return replace(recipe(network(name, (1, points), 11, "relu"), Protocol(epochs=EPOCHS)), channels=((),))


def trained(known: Data, name: str, turned: Sequence[int], view: str, words: str) -> Answers:
    """A network on generated patterns: what each seed says, and what their mean probability says."""
    x, labels, fold = generated(library(known, turned))
    told = small(known, x.shape[1]) if name == SMALL else published(name, x.shape[1])
    task = Task("polymer", classes=tuple(known.names), rows=fold.train.size, points=x.shape[1])
    signal = VIEWS[view](x).astype(np.float32)
    *_, last = fit(told, signal, labels.astype(float), task, [fold] * SEEDS, range(SEEDS), machine=Machine(threads=1))
    odds = predict(last.fitted, VIEWS[view](known.others.x.astype(float)).astype(np.float32))
    return Answers(f"{name}, {words}", view, odds.argmax(axis=2), odds.mean(axis=0).argmax(axis=1))
