"""Reference peaks of many classes and the law by which spectra vary about them.

The universal generator of Schuetzke, Szymanski & Reischl (2023): a class is a handful of peaks, a
spectrum of it has them moved and changed in height at random, and a few fixed test spectra probe
the variations. ``Law`` holds what they published, ``Dials`` what goes beyond; with all dials at
rest a configuration gives their spectra bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.random import PCG64, Generator

from spectune.spectra.axis import Axis

Shape = Literal["gaussian", "lorentz", "pseudo_voigt", "asymmetric"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

PLAIN_CELLS = ((0, 0), (-1, 0), (1, 0), (0, 1), (-1, 1), (1, 1), (0, -1), (-1, -1), (1, -1))
"""Signs of shift and of change in height of the nine published test spectra of a class."""

HIGHEST = 2.0
"""Heights are clipped to 0 and this, as published."""


@dataclass(frozen=True)
class Pattern:
    """Reference peaks of a class.

    Attributes:
        positions: points (from 0), ascending.
        heights: the highest is 1 in published configurations.
    """

    positions: tuple[int, ...]
    heights: tuple[float, ...]


@dataclass(frozen=True)
class Grid:
    """Test spectra of a class: all its peaks moved by ``shift`` points and changed by ``variation`` in height.

    Peaks of height exactly 1 keep it. ``cells`` has a pair of signs for every spectrum.
    """

    shift: int = 30
    variation: float = 0.04
    cells: tuple[tuple[int, int], ...] = PLAIN_CELLS


@dataclass(frozen=True)
class Law:
    """How training and validation spectra vary, and with which peaks test spectra are drawn.

    Attributes:
        train, val: spectra of a class.
        seed: of everything drawn.
        shift: every peak moves by its own whole number of points, from ``-shift`` to ``shift - 1``.
        variation: every height changes by up to this, up or down; below 0 the peak is gone.
        tops_vary: whether peaks of height exactly 1 change too.
        width: lowest and highest standard deviation of the peaks of a spectrum, in points.
        test_width: the one of test spectra.
    """

    train: int = 50
    val: int = 10
    seed: int = 2022
    shift: int = 50
    variation: float = 0.05
    tops_vary: bool = True
    width: tuple[float, float] = (2.0, 5.0)
    test_width: float = 2.0


@dataclass(frozen=True)
class Dials:
    """What goes beyond the published law; all at rest by default.

    With any of them turned, shifts are real numbers, not whole ones. Test spectra keep the positions,
    heights and width of their grid; noise, baselines, impurities and mixtures they have too.

    Attributes:
        common: all peaks of a spectrum move together, by up to this many points.
        stretch: the axis is stretched about its middle by up to this share, as strain does.
        shape: of a peak; width is that of the Gaussian with the same half-width.
        lorentz: share of the Lorentzian in a pseudo-Voigt peak.
        asymmetry: an asymmetric peak is wider by this share on its right, narrower on its left.
        width_spread: widths differ from peak to peak by up to this share.
        noise: standard deviation of white noise, as a share of the highest point.
        counts: mean photon count at the highest point (Poisson noise); 0 for none.
        baseline: height of a smooth baseline, up to this share of the highest point.
        impurities: up to this many foreign peaks anywhere.
        impurity_height: their height at most.
        phases: up to this many classes are mixed in a spectrum, with fractions that sum to 1.
    """

    common: float = 0.0
    stretch: float = 0.0
    shape: Shape = "gaussian"
    lorentz: float = 0.5
    asymmetry: float = 0.0
    width_spread: float = 0.0
    noise: float = 0.0
    counts: float = 0.0
    baseline: float = 0.0
    impurities: int = 0
    impurity_height: float = 0.1
    phases: int = 1


@dataclass(frozen=True)
class PatternConfig:
    """Classes by name with everything their spectra are made from.

    Attributes:
        datapoints: points of a spectrum.
        spectra: reference peaks by class, in the order of the labels.
        boundary, min_peaks, max_peaks, max_height: how the peaks were drawn; told on, not used.
        law: variation of the spectra.
        dials: variation beyond the published law.
        grid: test spectra of a class.
        grids: those of classes that differ from the others.
        axis: positions of the points; None where they are only numbered, from 0.
    """

    datapoints: int
    spectra: Mapping[str, Pattern]
    boundary: int = 0
    min_peaks: int = 2
    max_peaks: int = 10
    max_height: int = 100
    law: Law = field(default_factory=Law)
    dials: Dials = field(default_factory=Dials)
    grid: Grid = field(default_factory=Grid)
    grids: Mapping[str, Grid] = field(default_factory=dict)
    axis: Axis | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes; the label of a class is its place here."""
        return tuple(self.spectra)

    @property
    def published(self) -> bool:
        """Whether the law is the published one, with no dial turned."""
        return self.dials == Dials()

    def grid_of(self, name: str) -> Grid:
        """Test spectra of a class."""
        return self.grids.get(name, self.grid)


def grid_for(law: Law) -> Grid:
    """Plain test spectra within a law: six tenths of its shift and eight of its variation, as published.

    >>> grid_for(Law()) == Grid()
    True
    """
    return Grid(round(0.6 * law.shift), round(0.8 * law.variation, 6))


def random_config(
    classes: int,
    seed: int,
    points: int = 5000,
    boundary: int = 100,
    max_peaks: int = 10,
    law: Law | None = None,
) -> PatternConfig:
    """Classes drawn as published: seed 2022 and 500 classes give the peaks of their benchmark.

    A class has 2 peaks and a Gamma(1.2, 1.2) more, anywhere but for ``boundary`` points at both
    ends, with heights from 1 to 100 as shares of the highest. Nothing keeps two classes, or two
    peaks of one, apart: see ``describe``.

    >>> random_config(500, 2022).spectra["1"]
    Pattern(positions=(508, 1588, 1645, 4378), heights=(0.368, 0.947, 1.0, 0.768))
    """
    random, law = Generator(PCG64(seed)), law or Law()
    spectra = {str(name): _random_pattern(random, (boundary, points - boundary), max_peaks) for name in range(classes)}
    return PatternConfig(points, spectra, boundary, max_peaks=max_peaks, law=law, grid=grid_for(law))


def _random_pattern(random: Generator, ends: tuple[int, int], most: int) -> Pattern:
    count = int(np.rint(2 + random.gamma(1.2, 1.2)))
    # Peaks beyond the most are drawn too, and dropped: the published stream has them.
    positions = random.integers(*ends, size=count)[:most]
    heights = random.integers(1, 100, size=count, endpoint=True)[:most]
    order = np.argsort(positions, kind="stable")
    shares = np.round(heights / heights.max(), 3)
    return Pattern(tuple(positions[order].tolist()), tuple(shares[order].tolist()))


def faults(config: PatternConfig) -> Iterator[str]:
    """A sentence for everything in a configuration that could not be drawn."""
    if not 2 <= config.datapoints <= 1_000_000:
        yield f"datapoints must be from 2 to 1000000, got {config.datapoints}"
    if not config.spectra:
        yield "spectra must hold at least one class"
    if config.axis is not None and len(config.axis) != config.datapoints:
        yield f"the axis has {len(config.axis)} positions for {config.datapoints} datapoints"
    for name, pattern in config.spectra.items():
        yield from _pattern_faults(name, pattern, config.datapoints)
    yield from _law_faults(config.law)
    yield from _dial_faults(config.dials, len(config.spectra))
    for name in config.grids:
        if name not in config.spectra:
            yield f"grids names the class {name!r}, which is not among the spectra"
    for place, grid in (("grid", config.grid), *((f"grids.{name}", grid) for name, grid in config.grids.items())):
        yield from _grid_faults(place, grid)


def _pattern_faults(name: str, pattern: Pattern, points: int) -> Iterator[str]:
    positions, heights = pattern.positions, pattern.heights
    if not positions:
        yield f"class {name!r} has no peak"
    if len(positions) != len(heights):
        yield f"class {name!r} has {len(positions)} peak_positions but {len(heights)} peak_heights"
    outside = [position for position in positions if not 0 <= position < points]
    if outside:
        yield f"class {name!r} has a peak at {outside[0]}, outside 0 to {points - 1}"
    if list(positions) != sorted(positions):
        yield f"peak_positions of class {name!r} must ascend"
    wrong = [height for height in heights if not 0 < height <= HIGHEST]
    if wrong:
        yield f"class {name!r} has a peak of height {wrong[0]:g}; heights are above 0 and at most {HIGHEST:g}"


def _law_faults(law: Law) -> Iterator[str]:
    yield from _outside("law", law, {"train": (0, 10**6), "val": (0, 10**6), "seed": (0, 2**63 - 1)})
    yield from _outside("law", law, {"shift": (0, 10**6), "variation": (0, HIGHEST), "test_width": (0.05, 10**4)})
    low, high = law.width
    if not 0.05 <= low <= high <= 10**4:
        yield f"law.width must be two widths from 0.05 to 10000, the lower first, got {low:g} and {high:g}"


def _dial_faults(dials: Dials, classes: int) -> Iterator[str]:
    shares = dict.fromkeys(("lorentz", "asymmetry", "width_spread"), (0.0, 0.95)) | {"lorentz": (0.0, 1.0)}
    sizes = dict.fromkeys(("noise", "baseline"), (0.0, 100.0)) | {"counts": (0.0, 1e12), "common": (0.0, 1e6)}
    numbers = {"stretch": (0.0, 0.5), "impurities": (0, 1000), "impurity_height": (0.0, HIGHEST)}
    wrong = list(_outside("dials", dials, shares | sizes | numbers | {"phases": (1, max(1, classes))}))
    yield from wrong or _idle(dials)


def _idle(dials: Dials) -> Iterator[str]:
    """A sentence for every dial that was turned and does nothing, because of another."""
    plain, shape = Dials(), dials.shape
    needs = (
        ("lorentz", dials.lorentz != plain.lorentz, shape == "pseudo_voigt", "dials.shape pseudo_voigt"),
        ("asymmetry", dials.asymmetry > 0, shape == "asymmetric", "dials.shape asymmetric"),
        ("shape", shape == "pseudo_voigt", dials.lorentz > 0, "dials.lorentz above 0"),
        ("shape", shape == "asymmetric", dials.asymmetry > 0, "dials.asymmetry above 0"),
        ("impurity_height", dials.impurity_height != plain.impurity_height, dials.impurities > 0, "dials.impurities"),
        ("impurities", dials.impurities > 0, dials.impurity_height > 0, "dials.impurity_height above 0"),
    )
    for name, turned, works, needed in needs:
        if turned and not works:
            value, rest = getattr(dials, name), getattr(plain, name)
            yield f"dials.{name} is {value} and does nothing without {needed}: set that too, or leave it at {rest}"


def _grid_faults(place: str, grid: Grid) -> Iterator[str]:
    yield from _outside(place, grid, {"shift": (0, 10**6), "variation": (0, HIGHEST)})
    if any(sign not in (-1, 0, 1) for cell in grid.cells for sign in cell):
        yield f"{place}.cells must be pairs of -1, 0 or 1"


def _outside(place: str, record: object, limits: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    for name, (low, high) in limits.items():
        value = getattr(record, name)
        if not low <= value <= high:
            yield f"{place}.{name} must be from {_digits(low)} to {_digits(high)}, got {_digits(value)}"


def _digits(number: float) -> str:
    if isinstance(number, int):
        return str(number)
    return f"{number:.0f}" if number.is_integer() else f"{number:g}"
