"""A simulated set of fruit spectra: short-wave near infrared of mango-like fruit, dry matter known.

Nothing here is measured. It is made to be like spectra that a handheld instrument takes of intact
fruit, 684 to 990 nm every 3 nm. What goes in:

* what light makes of water, carbohydrate, chlorophyll and scatter: see ``fruit_optics``. Ripe fruit
  have more sugar and less chlorophyll, and starch grains scatter, more of them with dry matter. With
  these interactions a non-linear model can beat PLS, within limits;
* handling: an additive offset (distance, gloss);
* seasons: temperature of the fruit, tilt of the baseline and the wavelength scale of the
  instrument differ; the last season is new to a model of the earlier ones;
* noise of a silicon detector, rising to both ends; faces of a fruit that differ a little in dry
  matter; the error of the oven method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table
from spectune.synthesis.fruit_optics import WAVELENGTHS, Array, Faces, absorbance, noise

FACES = 2
SEASONS = 4
CULTIVARS = ("Calypso", "Keitt", "Kensington Pride", "R2E2")
DRY_MATTER = np.array([15.0, 15.5, 17.0, 18.0])
"""Mean dry matter of the cultivars, %."""

LABORATORY = 0.25
"""Standard deviation of the reference method, % dry matter."""

TEMPERATURE = np.array([27.0, 22.0, 31.0, 29.0])
DRIFT = np.array([-0.6, 0.8, 0.1, 0.5])
"""Mean temperature of the fruit (degrees C) and drift of the instrument in each season."""


@dataclass(frozen=True, eq=False)
class _Handling:
    """How every face was measured; both (rows, 1)."""

    offset: Array
    drift: Array


def fruit(rows: int, seed: int) -> Table:
    """Simulated spectra of fruit with their dry matter (%), two faces of each fruit.

    Columns: ``fruit`` (rows of the same fruit are replicates), ``season`` (1 to 4), ``cultivar``,
    ``dry_matter`` (the same for both faces), ``split`` (``test`` for the last season, else ``cal``).

    >>> fruit(8, seed=0).x.shape
    (8, 103)

    Raises:
        SettingError: fewer rows than one fruit in each season needs.
    """
    if rows < FACES * SEASONS:
        raise SettingError(f"simulated fruit need at least {FACES * SEASONS} rows, two for each season, got {rows}")
    rng = np.random.default_rng(seed)
    count = -(-rows // FACES)
    season: NDArray[np.intp] = np.arange(count) * SEASONS // count
    cultivar = rng.integers(len(CULTIVARS), size=count)
    dry = np.clip(DRY_MATTER[cultivar] + rng.normal(0, 2.2, count) + rng.normal(0, 0.5, SEASONS)[season], 10, 24)
    reference = np.round(np.clip(dry + rng.normal(0, LABORATORY, count), 9.5, 24.5), 2)
    face = np.repeat(np.arange(count), FACES)[:rows]
    x = _measured(*_state(dry[face], face, season[face], rng), rng)
    return Table(
        x=x.astype(np.float32),
        axis=Axis(tuple(WAVELENGTHS.tolist()), "nm"),
        columns={
            "fruit": np.array([f"F{number + 1:05d}" for number in face]),
            "season": np.asarray(season[face] + 1, dtype=np.float64),
            "cultivar": np.array(CULTIVARS)[cultivar[face]],
            "dry_matter": np.asarray(reference[face], dtype=np.float64),
            "split": np.where(season[face] == SEASONS - 1, "test", "cal"),
        },
        source="simulated fruit",
        signal="absorbance",
        notes=("these spectra are simulated, not measured",),
    )


def _state(dry: Array, face: NDArray[np.intp], season: NDArray[np.intp], rng: Generator) -> tuple[Faces, _Handling]:
    """State of every face: what belongs to the fruit is shared, what belongs to the face is not."""
    rows, fruits = face.size, int(face.max()) + 1
    ripeness = np.clip(rng.beta(2, 3, fruits)[face] + rng.normal(0, 0.05, rows), 0, 1)
    grains = 0.05 * (dry - 16)
    columns = (
        dry + rng.normal(0, 0.25, rows),
        ripeness,
        TEMPERATURE[season] + rng.normal(0, 6.0, fruits)[face] + rng.normal(0, 0.5, rows),
        np.exp(rng.normal(0, 0.5, fruits)[face] - 2.0 * ripeness + rng.normal(0, 0.15, rows)),
        np.exp(grains + rng.normal(0, 0.35, fruits)[face] + rng.normal(0, 0.2, rows)),
        rng.normal(-0.7, 0.15, fruits)[face] + rng.normal(0, 0.1, rows),
        rng.normal(0, 0.05, rows),
        DRIFT[season] + rng.normal(0, 0.3, rows),
    )
    *faces, offset, drift = (column[:, None] for column in columns)
    return Faces(*faces), _Handling(offset, drift)


def _measured(faces: Faces, handling: _Handling, rng: Generator) -> Array:
    """Absorbance as the instrument gives it, (rows, points)."""
    nm = WAVELENGTHS + 0.3 * handling.drift
    clean = absorbance(faces, nm)
    tilt = 0.01 * handling.drift * (nm - 837) / 153
    return clean - 0.75 + handling.offset + tilt + rng.normal(0, 1, clean.shape) * noise(WAVELENGTHS)
