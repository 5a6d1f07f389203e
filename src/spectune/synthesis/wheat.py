"""A simulated set like the wheat kernels of Zhou et al. (2020): near infrared of single kernels, 30 varieties.

Nothing here is measured. It stands in for the ten files that Passos & Mishra (2022) tuned on, in
shape and difficulty: 200 points, 72,000 calibration, 24,000 tuning and 39,096 test rows. What goes in:

* starch, protein, water, oil and bran with their overtones between 975 and 1642 nm; their mean
  parts differ a little between varieties, by less than between kernels of one variety;
* what has no name: slow waves in the logarithm of absorption, a pattern of its own for each variety;
* kernels lie on their back or on their crease: another pattern, more scatter and more stray light.
  A variety is therefore two clouds, which one plane cannot hold: this is why a network beats a
  linear model here;
* scatter and its slope from kernel to kernel, the law of Kubelka and Munk, an offset, and noise
  that rises to both ends.

The 30 varieties are always the same; the seed draws their kernels. Each variety has random numbers
of its own in each part of the set, and its rows in a small set are the first of those in a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table
from spectune.synthesis.chance import stream

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Places = NDArray[np.intp]

VARIETIES = (
    *("AK58", "BN207", "BN4199", "BN889", "BM218", "BM330", "BM5", "FDCM12", "FDCM20", "GM1", "HM20", "HM40"),
    *("HM41", "HM920", "JM816", "JM919", "JM211", "JM22", "LX99", "LM9", "RHM518", "SDM1", "TCAF99", "WL169"),
    *("XN20", "XN979", "XM36", "XM818", "YN19", "YN035"),
)
"""In the order of the published class numbers."""

PARTS = ("cal", "tuning", "test")
TEST = (1054, 1431, 1309, 1309, 1308, *(1341,) * 4, 1342, *(1242,) * 2, *(1243,) * 2, *(1318,) * 4, 1319)
"""Test rows of the first 19 varieties: their sums are where classes of the published file begin."""

COUNTS = np.array([[2400] * 30, [800] * 30, [*TEST, *(1311,) * 8, *(1310,) * 3]])
"""Rows of every variety in every part of the published set, (parts, varieties)."""

ROWS = int(COUNTS.sum())
FEWEST = 600
"""Rows that hold some of every variety in every part."""

WAVELENGTHS: Array = np.asarray(975 + 3.35 * np.arange(200))
"""Points of the published axis, nm."""

BANDS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "starch": ((990, 28, 0.05), (1200, 30, 0.16), (1360, 25, 0.06), (1435, 45, 0.3), (1540, 45, 0.3), (1590, 40, 0.12)),
    "protein": ((1020, 25, 0.03), (1180, 25, 0.07), (1275, 30, 0.05), (1500, 35, 0.25), (1570, 35, 0.12)),
    "water": ((975, 25, 0.12), (1190, 35, 0.1), (1450, 38, 1.6)),
    "oil": ((1040, 20, 0.02), (1212, 18, 0.12), (1390, 20, 0.06), (1415, 20, 0.05)),
    "bran": ((1000, 150, 0.1), (1220, 40, 0.08), (1490, 60, 0.15), (1620, 40, 0.1)),
}
"""Bands of what a kernel is made of: centre (nm), standard deviation (nm), absorption when pure over mean scatter."""

MEAN = np.array([0.65, 0.13, 0.11, 0.02, 0.09])
BETWEEN = np.array([0.03, 0.018, 0.006, 0.004, 0.012])
WITHIN = np.array([0.03, 0.012, 0.008, 0.003, 0.012])
"""Mean part of each, standard deviation between varieties and between kernels of a variety."""

WAVES = 10
WAVES_BETWEEN, WAVES_WITHIN, WAVES_CREASE = 0.0215, 0.01, 0.03
"""Standard deviation of the waves between varieties, between kernels, and between back and crease of a variety."""

_VARIETIES_SEED = 2020
_STATE, _NOISE = range(2)


@dataclass(frozen=True, eq=False)
class _Variety:
    """What kernels of one variety have in common.

    Attributes:
        parts: of starch, protein, water, oil and bran, (5,).
        spread: factor of their deviations between kernels, (5,).
        waves: heights of the slow waves, (waves,).
        crease: what is added to them where a kernel lies on its crease, (waves,).
        scatter: factor of scatter.
        slope: exponent of the wavelength in scatter.
    """

    parts: Array
    spread: Array
    waves: Array
    crease: Array
    scatter: float
    slope: float


def wheat(rows: int = ROWS, seed: int = 0) -> Table:
    """Simulated absorbance spectra of wheat kernels with their variety, part after part, variety after variety.

    Columns: ``id``, ``variety``, ``split`` (``cal``, ``tuning`` or ``test``).

    Args:
        rows: kernels, one spectrum each; fewer than 135,096 are fewer of every variety in every part.
        seed: of the kernels.

    >>> table = wheat(600, seed=0)
    >>> table.x.shape, table.column("variety")[0], int((table.column("split") == "cal").sum())
    ((600, 200), np.str_('AK58'), 320)

    Raises:
        SettingError: too few rows for every variety.
    """
    if rows < FEWEST:
        raise SettingError(f"simulated wheat needs at least {FEWEST} rows, some of every variety, got {rows}")
    counts = part_rows(rows)
    x = np.empty((rows, WAVELENGTHS.size), dtype=np.float32)
    start = 0
    for (part, variety), count in np.ndenumerate(counts):
        x[start : start + count] = _kernels(_variety(variety), int(count), seed, (part, variety))
        start += int(count)
    return Table(
        x=x,
        axis=Axis(tuple(WAVELENGTHS.round(2).tolist()), "nm"),
        columns={
            "id": np.array([f"K{row + 1:06d}" for row in range(rows)]),
            "variety": np.repeat(np.tile(VARIETIES, len(PARTS)), counts.ravel()),
            "split": np.repeat(PARTS, counts.sum(axis=1)),
        },
        source="simulated wheat",
        signal="absorbance",
        notes=("these spectra are simulated, not measured",),
    )


def part_rows(rows: int) -> Places:
    """Rows of every variety in every part of a set of ``rows``, (parts, varieties).

    >>> part_rows(135_096).sum(axis=1).tolist()
    [72000, 24000, 39096]
    """
    ends = np.round(COUNTS.ravel().cumsum() / ROWS * rows).astype(np.intp)
    return np.diff(ends, prepend=0).reshape(COUNTS.shape)


def _variety(number: int) -> _Variety:
    drawn = stream(_VARIETIES_SEED, number).standard_normal(12 + 2 * WAVES)
    fade = np.sqrt(np.arange(1, WAVES + 1))
    return _Variety(
        parts=MEAN + BETWEEN * drawn[:5],
        spread=np.exp(0.25 * drawn[5:10]),
        waves=WAVES_BETWEEN * drawn[12 : 12 + WAVES] / fade,
        crease=WAVES_CREASE * drawn[12 + WAVES :] / fade,
        scatter=float(np.exp(0.1 * drawn[10])),
        slope=float(-0.5 + 0.1 * drawn[11]),
    )


def _kernels(variety: _Variety, count: int, seed: int, place: tuple[int, int]) -> Single:
    """Spectra of kernels of one variety, (count, points)."""
    drawn = stream(seed, *place, _STATE).standard_normal((count, 9 + WAVES))
    crease = drawn[:, 8:9] > 0
    absorption = _absorption(variety, drawn[:, :5], drawn[:, 9:], crease)
    scatter = variety.scatter * np.exp(0.4 * drawn[:, 5:6] + 0.35 * crease)
    slope = variety.slope + 0.15 * drawn[:, 6:7] + 0.15 * crease
    ratio = absorption / (scatter * np.exp(slope * np.log(WAVELENGTHS / 1300))).astype(np.float32)
    reflectance = 1 / (1 + ratio + np.sqrt(ratio * (ratio + 2)))
    stray = (0.02 + 0.03 * crease).astype(np.float32)
    clean = -np.log10(reflectance * (1 - stray) + stray) + (0.03 * drawn[:, 7:8]).astype(np.float32)
    return np.asarray(clean + _noise(stream(seed, *place, _NOISE), count))


def _absorption(variety: _Variety, own: Array, waves: Array, crease: NDArray[np.bool_]) -> Single:
    """Absorption over mean scatter, (rows, points)."""
    parts = np.maximum(variety.parts + WITHIN * variety.spread * own, 0.002)
    named = 0.05 + _mixed(parts, _bands())
    heights = variety.waves + variety.crease * crease + WAVES_WITHIN * waves / np.sqrt(np.arange(1, WAVES + 1))
    return np.asarray(named * np.exp(_mixed(heights, _waves())))


def _mixed(amounts: Array, shapes: Single) -> Single:
    """Sum of shapes, (shapes, points), by their amounts, (rows, shapes); (rows, points)."""
    total = np.zeros((len(amounts), shapes.shape[1]), dtype=np.float32)
    for amount, shape in zip(amounts.astype(np.float32).T, shapes, strict=True):
        total += amount[:, None] * shape  # a matrix product rounds differently for other numbers of rows
    return total


def _bands() -> Single:
    """Absorption of what a kernel is made of, (5, points)."""
    shapes = [
        sum(height * np.exp(-0.5 * ((WAVELENGTHS - centre) / width) ** 2) for centre, width, height in bands)
        for bands in BANDS.values()
    ]
    return np.asarray(shapes, dtype=np.float32)


def _waves() -> Single:
    """Cosines of 1 to ``WAVES`` half periods over the axis, (waves, points)."""
    along = np.linspace(0, np.pi, WAVELENGTHS.size)
    return np.cos(np.arange(1, WAVES + 1)[:, None] * along).astype(np.float32)


def _noise(random: Generator, count: int) -> Single:
    """Noise of the camera, (count, points), three times as large at the ends."""
    size = 0.0015 * (1 + 2 * ((WAVELENGTHS - 1310) / 335) ** 4)
    return np.asarray(size.astype(np.float32) * random.standard_normal((count, WAVELENGTHS.size), dtype=np.float32))
