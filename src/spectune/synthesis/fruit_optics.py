"""Fruit as light meets it: from what is in a face of a fruit to absorbance, without an instrument.

* Water: O-H overtones at 740, 840 and 970 nm; the last moves to shorter wavelengths, sharpens and
  grows as the fruit gets warmer.
* Carbohydrate: overtones at 890, 910 and 984 nm; as starch turns to sugar with ripeness they move
  by up to 5 nm and lose up to half their height, so that the same dry matter looks different.
* Chlorophyll of the skin: the red tail of its band at 678 nm.
* Scatter: the cells spread light, less at long wavelengths; the law of Kubelka and Munk (1931) makes
  reflectance of absorption over scatter; a part of the light strays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WAVELENGTHS: Array = np.arange(684.0, 991.0, 3.0)
"""Points of a handheld instrument with a silicon detector, nm."""

STRAY = 0.03
"""Part of the light that never met the fruit."""


@dataclass(frozen=True, eq=False)
class Faces:
    """What light meets at every face; all (rows, 1).

    Attributes:
        dry_matter: %.
        ripeness: 0 (starch) to 1 (sugar).
        temperature: of the fruit, degrees C.
        chlorophyll: of the skin, relative.
        scatter: relative.
        slope: exponent of the wavelength in scatter.
    """

    dry_matter: Array
    ripeness: Array
    temperature: Array
    chlorophyll: Array
    scatter: Array
    slope: Array


def absorbance(faces: Faces, nm: Array) -> Array:
    """Absorbance of faces at positions ``nm``, (points,) or (rows, points); (rows, points)."""
    ratio = _absorption(faces, nm) / (faces.scatter * (nm / 800) ** faces.slope)
    reflectance = 1 + ratio - np.sqrt(ratio**2 + 2 * ratio)
    return np.asarray(-np.log10(reflectance * (1 - STRAY) + STRAY))


def noise(nm: Array) -> Array:
    """Standard deviation of the noise, (points,), three times as large at the ends."""
    return np.asarray(1e-3 * (1 + 2 * ((nm - 837) / 153) ** 4))


def _absorption(faces: Faces, nm: Array) -> Array:
    """Absorption coefficient in arbitrary units, from the shares of water and carbohydrate."""
    water, carbohydrate = 1 - faces.dry_matter / 100, faces.dry_matter / 100
    warm = faces.temperature - 25
    overtones = (
        0.50 * (1 + 0.004 * warm) * _band(nm, 970 - 0.15 * warm, 24 - 0.08 * warm)
        + 0.025 * _band(nm, 840, 18)
        + 0.025 * _band(nm, 740, 16)
    )
    sugar = 5.0 * faces.ripeness
    solids = 0.20 * _band(nm, 910 - sugar, 15) + 0.06 * _band(nm, 890 - sugar, 12) + 0.30 * _band(nm, 984 - sugar, 18)
    skin = 3.0 * faces.chlorophyll * _band(nm, 678, 14)
    return 0.012 + water * overtones + carbohydrate * (1 - 0.5 * faces.ripeness) * solids + skin


def _band(nm: Array, centre: Array | float, width: Array | float) -> Array:
    """A Gaussian of height 1; ``width`` is its standard deviation."""
    return np.asarray(np.exp(-0.5 * ((nm - centre) / width) ** 2))
