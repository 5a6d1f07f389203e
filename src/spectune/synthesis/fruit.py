"""A simulated set of fruit spectra: short-wave near infrared of mango-like fruit, dry matter known.

Everything here is invented to be like real handheld spectra of intact fruit (684 to 990 nm every
3 nm), not measured. What goes in:

* water: O-H overtones at 740, 840 and 970 nm; the last moves to shorter wavelengths and sharpens
  as the fruit gets warmer;
* carbohydrate: C-H and O-H overtones at 890, 910 and 984 nm, of starch and, riper, of sugar at 3 nm less;
* chlorophyll of the skin: the red tail of its band at 678 nm, less in ripe fruit;
* scatter: cell structure spreads light; it differs from fruit to fruit and face to face, weakens
  with wavelength and grows with dry matter (starch grains);
* the law of Kubelka and Munk turns absorption over scatter into reflectance: high absorption saturates, and
  scatter multiplies inside a curve. This is why a non-linear model can beat PLS, within limits;
* handling: an additive offset (distance, gloss) and stray light;
* seasons: warmer or cooler, offset, tilt and wavelength of the instrument drift; the last one most;
* noise of a silicon detector, rising to both ends; two faces of a fruit that differ a little; an
  error of the oven method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Axis
from spectune.spectra.table import Table

Array = NDArray[np.float64]

WAVELENGTHS = np.arange(684.0, 991.0, 3.0)
SEASONS = 4
CULTIVARS = ("Calypso", "Keitt", "Kensington Pride", "R2E2")
DRY_MATTER = np.array([15.0, 15.5, 17.0, 18.5])
"""Mean dry matter of the cultivars, %."""

FACES = 2
LABORATORY = 0.25
"""Error of the reference method, standard deviation, % dry matter."""


@dataclass(frozen=True, eq=False)
class _Face:
    """Physical state of every spectrum; all (rows,)."""

    dry_matter: Array
    ripeness: Array
    temperature: Array
    chlorophyll: Array
    scatter: Array
    offset: Array
    tilt: Array
    shift: Array


def fruit(rows: int, seed: int) -> Table:
    """Simulated spectra of fruit with dry matter (%), two faces of each fruit.

    Columns: ``fruit`` (two rows with the same name are replicates), ``season`` (1 to 4),
    ``cultivar``, ``dry_matter``, and ``split``: ``test`` for the last season, else ``cal``.

    >>> fruit(8, seed=0).x.shape
    (8, 103)
    """
