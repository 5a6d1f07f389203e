"""A simulated set like the mango of Anderson et al. (2020): four seasons, dry matter known, the last one new.

Nothing here is measured. It stands in for the file that Passos & Mishra (2022) tuned on, in its
shape and its difficulty: 103 points of absorbance, 9,914 spectra of three seasons, to be cut into
calibration and tuning rows, and 1,448 of a fourth. The optics are those of ``fruit_optics``. What goes in:

* populations (an orchard on a day): cultivar, region, and levels of dry matter, ripeness and
  temperature, so that fruit of one population are more alike than others; the oven was not quite
  the same for each of them;
* fruit, two or three spectra each: the reference is that of the fruit, with the error of the
  method; every face differs a little;
* starch grains: scatter grows with dry matter, in the last season less than before;
* an instrument that is not the same in every season: wavelengths, tilt, gain and offset drift. The
  last season is warmer, riper, of other cultivars, and its oven reads low. This is why a model of
  the earlier seasons is worse in the last one, and why tuning rows do not say so.

Every population, fruit and face has random numbers of its own, from the seed and its place: each
season of a small set is the beginning of that season in a large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from spectune.errors import SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Column, Table
from spectune.synthesis.chance import stream
from spectune.synthesis.fruit_optics import WAVELENGTHS, Array, Faces, absorbance, noise

Places = NDArray[np.intp]

ROWS, TEST = 11_362, 1_448
"""Spectra of the published file, and those of its last season."""

FEWEST = 40
"""Rows that hold some of every season."""

POPULATIONS = (27, 17, 47, 21)
CULTIVARS = ("Calypso", "Honey Gold", "Keitt", "Kensington Pride", "R2E2")
DRY_MATTER = np.array([15.3, 17.3, 16.0, 17.0, 15.2])
RIPER = np.array([0.0, 0.2, -0.1, 0.1, -0.3])
"""Mean dry matter of the cultivars (%), and how much riper they are picked (logit)."""

_POPULATION, _FRUIT, _FACE = range(3)
"""What random numbers are for."""

_POPULATION_DRAWS, _FRUIT_DRAWS, _FACE_DRAWS = 6, 7, 8


@dataclass(frozen=True)
class _Season:
    """What one season was like.

    Attributes:
        year: of the harvest.
        share: of all rows.
        northern: part of the populations from the Northern Territory; the others are from Queensland.
        cultivars: their shares, in the order of ``CULTIVARS``.
        temperature: mean of the fruit, degrees C.
        ripeness: mean, as a logit.
        grains: growth of log scatter with one % of dry matter.
        oven: by how much the reference reads high, % dry matter.
        shift: of the wavelengths, nm.
        tilt: of the baseline, absorbance from the middle to an end.
        gain: factor of absorbance.
        offset: of absorbance.
    """

    year: int
    share: float
    northern: float
    cultivars: tuple[float, ...]
    temperature: float
    ripeness: float
    grains: float
    oven: float
    shift: float
    tilt: float
    gain: float
    offset: float


_EARLIER = (ROWS - TEST) / ROWS / 10_243
"""Share of one of the 10,243 spectra of the first three seasons, before outliers were left out."""

SEASONS = (
    _Season(2015, 3914 * _EARLIER, 0.65, (0.45, 0.15, 0.10, 0.25, 0.05), 27, -0.5, 0.05, 0.0, -0.3, -0.01, 1.0, 0.0),
    _Season(2016, 1363 * _EARLIER, 0.60, (0.40, 0.20, 0.05, 0.25, 0.10), 24, -0.3, 0.05, 0.1, 0.3, 0.01, 1.02, 0.01),
    _Season(2017, 4966 * _EARLIER, 0.55, (0.40, 0.20, 0.05, 0.25, 0.10), 29, -0.5, 0.05, -0.1, 0.0, 0.0, 0.99, 0.0),
    _Season(2018, TEST / ROWS, 0.50, (0.20, 0.25, 0.0, 0.30, 0.25), 34, 0.1, 0.03, -0.5, 1.0, 0.02, 1.04, 0.02),
)


@dataclass(frozen=True, eq=False)
class _Harvest:
    """Spectra of one season and what is known of them; (rows, points) and (rows,)."""

    x: Array
    fruit: Places
    population: Places
    cultivar: Places
    northern: NDArray[np.bool_]
    temperature: Array
    reference: Array


def mango(rows: int = ROWS, seed: int = 0) -> Table:
    """Simulated spectra of mango with their dry matter (%), two or three of each fruit, over four seasons.

    Columns: ``fruit`` (rows of the same fruit are replicates), ``population``, ``season`` (the year),
    ``region``, ``cultivar``, ``temperature`` (degrees C), ``dry_matter`` (the same for all spectra of a
    fruit), ``split`` (``test`` for the last season, else ``cal``).

    Args:
        rows: spectra; fewer than 11,362 are fewer in every season.
        seed: of everything drawn at random.

    >>> table = mango(100, seed=0)
    >>> table.x.shape, int((table.column("split") == "test").sum())
    ((100, 103), 13)

    Raises:
        SettingError: too few rows for four seasons.
    """
    if rows < FEWEST:
        raise SettingError(f"simulated mango needs at least {FEWEST} rows, some for each season, got {rows}")
    counts = season_rows(rows)
    harvests = [_harvest(seed, number, count) for number, count in enumerate(counts)]
    return Table(
        x=np.concatenate([harvest.x for harvest in harvests]).astype(np.float32),
        axis=Axis(tuple(WAVELENGTHS.tolist()), "nm"),
        columns=_columns(harvests, np.repeat(np.arange(len(SEASONS)), counts)),
        source="simulated mango",
        signal="absorbance",
        notes=("these spectra are simulated, not measured",),
        units={"dry_matter": "%", "temperature": "°C"},
    )


def season_rows(rows: int) -> tuple[int, ...]:
    """Spectra of every season in a set of ``rows``.

    >>> season_rows(11_362)
    (3788, 1320, 4806, 1448)
    """
    ends = np.round(np.cumsum([season.share for season in SEASONS]) * rows).astype(int)
    return tuple(np.diff(ends, prepend=0).tolist())


def _harvest(seed: int, number: int, rows: int) -> _Harvest:
    """One season: populations take turns, and fruit have two and three spectra in turn."""
    season = SEASONS[number]
    fruit = 2 * (np.arange(rows) // 5) + (np.arange(rows) % 5 >= 2)
    draw = partial(_drawn, seed, number)
    orchard = draw(_POPULATION, POPULATIONS[number], _POPULATION_DRAWS)
    own = draw(_FRUIT, int(fruit[-1]) + 1, _FRUIT_DRAWS)
    face = draw(_FACE, rows, _FACE_DRAWS + WAVELENGTHS.size)
    population = np.arange(len(own)) % POPULATIONS[number]
    cultivar = (ndtr(orchard[:, 0])[:, None] > np.cumsum(season.cultivars)[:-1]).sum(axis=1)[population]
    level = orchard[population]
    dry = np.clip(DRY_MATTER[cultivar] + level[:, 2] + 2.0 * own[:, 0], 9.6, 24.4)
    ripe = season.ripeness + RIPER[cultivar] + 0.9 * level[:, 3] + 1.4 * own[:, 1]
    warm = season.temperature + 5 * level[:, 4] + own[:, 2]
    faces = _faces(season, dry[fruit], expit(ripe)[fruit], warm[fruit], own[fruit], face)
    reference = dry + season.oven + 0.25 * level[:, 5] + 0.3 * own[:, 6]
    return _Harvest(
        x=_measured(season, faces, face[:, -WAVELENGTHS.size - 3 :]),
        fruit=fruit,
        population=population[fruit],
        cultivar=cultivar[fruit],
        northern=(ndtr(level[:, 1]) < season.northern)[fruit],
        temperature=np.round(warm, 1)[fruit],
        reference=np.round(np.clip(reference, 9.5, 24.6), 2)[fruit],
    )


def _drawn(seed: int, season: int, use: int, count: int, width: int) -> Array:
    """Standard normal numbers of the populations, the fruit or the faces of a season, (count, width)."""
    return np.stack([stream(seed, season, use, place).standard_normal(width) for place in range(count)])


def _faces(season: _Season, dry: Array, ripe: Array, warm: Array, own: Array, face: Array) -> Faces:
    """What light meets at every face: that of the fruit, and a little of its own; all arguments by rows."""
    here = dry + 0.4 * face[:, 0]
    ripeness = np.clip(ripe + 0.03 * face[:, 1], 0, 1)
    columns = (
        here,
        ripeness,
        warm,
        np.exp(0.7 + 0.5 * own[:, 3] - 2 * ripeness + 0.1 * face[:, 2]),
        np.exp(season.grains * (here - 16) + 0.45 * own[:, 4] + 0.15 * face[:, 3]),
        -0.7 + 0.1 * own[:, 5] + 0.05 * face[:, 4],
    )
    return Faces(*(column[:, None] for column in columns))


def _measured(season: _Season, faces: Faces, drawn: Array) -> Array:
    """Absorbance as the instrument of a season gives it, (rows, points)."""
    shift, tilt, offset = (column[:, None] for column in drawn[:, :3].T)
    clean = absorbance(faces, WAVELENGTHS + season.shift + 0.1 * shift) - 0.75
    baseline = season.offset + 0.03 * offset + (season.tilt + 0.004 * tilt) * (WAVELENGTHS - 837) / 153
    return np.asarray(season.gain * clean + baseline + 0.4 * noise(WAVELENGTHS) * drawn[:, 3:])


def _columns(harvests: list[_Harvest], season: Places) -> dict[str, Column]:
    """What is written down beside the spectra."""
    numbered = ((before, harvest) for before, harvest in zip(np.cumsum((0, *POPULATIONS)), harvests, strict=False))
    population = np.concatenate([before + harvest.population for before, harvest in numbered])
    year = np.array([float(one.year) for one in SEASONS])[season]
    fruit = np.concatenate([harvest.fruit for harvest in harvests])
    names = zip(year, fruit, strict=True)
    return {
        "fruit": np.array([f"{when:.0f}-{number + 1:05d}" for when, number in names]),
        "population": np.array([f"P{number + 1:03d}" for number in population]),
        "season": year,
        "region": np.where(np.concatenate([harvest.northern for harvest in harvests]), "NT", "QLD"),
        "cultivar": np.array(CULTIVARS)[np.concatenate([harvest.cultivar for harvest in harvests])],
        "temperature": np.concatenate([harvest.temperature for harvest in harvests]),
        "dry_matter": np.concatenate([harvest.reference for harvest in harvests]),
        "split": np.where(season == len(SEASONS) - 1, "test", "cal"),
    }
