"""Soil as light meets it: from what is in a soil to the reflectance that an instrument measures.

Absorption adds up over constituents, each a sum of bands (positions and assignments after Clark et
al. 1990, Viscarra Rossel & Behrens 2010 and Stenberg et al. 2010; widths and heights are ours, set
beside measured soils):

* water: O-H at 1414 and 1916 nm where it is bound, broader at 1455 and 1940 nm where it is not, and
  the foot of the fundamental beyond 2500 nm;
* clay minerals: O-H at 1395 to 1414 nm, Al-OH at 2162 and 2207 nm (the doublet of kaolinite) or 2204
  to 2207 nm alone (illite, smectite), Mg-OH at 2345 nm (illite), Fe-OH and Mg-OH at 2255 and 2335 nm
  (chlorite), and less common ones with bands near those of organic matter;
* carbonate: 2338 nm with a shoulder at 2305 nm, weaker at 1875, 1990 and 2155 nm;
* iron oxides: goethite at 480, 650 and 920 nm, haematite at 530, 650 and 870 nm, both with an edge
  towards the ultraviolet;
* organic matter: a dark tail, short and brown while it is fresh, long and black when it is humified;
  C-H at 1200, 1730, 1765, 2310 and 2350 nm, cellulose and lignin at 1490, 1680, 2100, 2270 and
  2335 nm, amide at 1510, 2055 and 2180 nm.

Humified matter also darkens by coating the grains: the same carbon coats all of a sand and little of
a clay, and what is coated gets no darker. Absorption over scatter becomes reflectance by the law of
Kubelka and Munk (1931). Both make the way back to carbon curved and dependent on everything else.

The instrument is like the one of the LUCAS library: a silicon detector below 1100 nm and lead
sulphide above, which do not quite meet, and noise that rises to both ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.synthesis.chance import stream

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Curves = Mapping[str, tuple[tuple[float, float, float], ...]]

FIRST, LAST = 400.0, 2500.0
"""Range of the instrument, nm; the last position is not measured."""

FINEST, COARSEST = 0.5, 50.0
"""Distance of its points, nm: as it measures, and as far as a spectrum is still one."""

SEAM = 1100.0
"""Where the two detectors meet, nm."""

PROTEIN = 6.25
"""Protein over its nitrogen."""

_CHUNK = 256
"""Spectra made at once, so that memory does not grow with the number of rows."""

BANDS: Curves = {
    "free water": ((1455, 45, 3.5), (1940, 45, 7.0)),
    "bound water": ((1414, 16, 1.5), (1916, 22, 5.0), (1970, 50, 2.5)),
    "kaolinite": ((1396, 8, 0.2), (1414, 9, 0.35), (2162, 11, 0.3), (2207, 12, 0.6), (2312, 12, 0.1), (2380, 15, 0.12)),
    "smectite": ((1412, 12, 0.15), (2207, 18, 0.35)),
    "chlorite": ((1395, 12, 0.1), (2255, 15, 0.25), (2335, 22, 0.4)),
    "illite": ((1410, 14, 0.12), (2204, 18, 0.3), (2345, 18, 0.15), (2440, 20, 0.12)),
    "carbonate": ((1875, 15, 0.03), (1990, 20, 0.05), (2155, 20, 0.05), (2305, 30, 0.15), (2338, 20, 0.45)),
    "goethite": ((480, 35, 35.0), (650, 45, 4.0), (920, 65, 7.0)),
    "haematite": ((530, 40, 120.0), (650, 45, 12.0), (870, 45, 18.0)),
    "gypsum": ((1449, 14, 0.8), (1534, 18, 0.5), (1750, 18, 0.4), (1943, 16, 1.2), (2215, 18, 0.5), (2265, 14, 0.3)),
    "talc": ((1393, 6, 0.5), (2312, 12, 1.0), (2385, 14, 0.7)),
    "mica": ((1408, 12, 0.2), (2198, 14, 0.6), (2350, 16, 0.5), (2440, 20, 0.4)),
    "epidote": ((1542, 25, 0.4), (2256, 16, 0.6), (2338, 18, 1.0)),
    "ferrous rock": ((1040, 140, 1.5), (1900, 250, 0.8)),
    "organic matter": ((1930, 45, 0.25),),
    "aliphatic": ((1200, 25, 0.03), (1730, 16, 0.12), (1765, 14, 0.08), (2310, 16, 0.25), (2350, 14, 0.18)),
    "cellulose": ((1490, 55, 0.4), (2100, 45, 0.5), (2335, 25, 0.25)),
    "lignin": ((1680, 20, 0.15), (2270, 25, 0.3)),
    "protein": ((1510, 30, 0.3), (2055, 20, 0.6), (2180, 20, 0.8)),
}
"""Bands of a constituent: centre (nm), standard deviation (nm), absorption when pure over mean scatter."""

TAILS: Curves = {
    "free water": ((2500, 180, 6.0),),
    "bound water": ((2500, 150, 4.0),),
    "smectite": ((2500, 60, 0.4),),
    "carbonate": ((2500, 40, 0.5),),
    "goethite": ((400, -75, 130.0),),
    "haematite": ((400, -110, 200.0),),
    "organic matter": ((2500, 150, 0.3),),
    "fresh matter": ((400, -170, 8.0),),
    "humus": ((400, -2000, 11.0),),
    "coating": ((400, -600, 2.0),),
    "dark rock": ((400, -2000, 3.0),),
    "silicate": ((400, -150, 0.5), (400, -5000, 0.05)),
}
"""Exponentials of a constituent: where (nm) it has its height, growth by a factor e (nm; below 0: decline), height."""


OTHERS = ("gypsum", "talc", "mica", "epidote", "ferrous rock")
"""Minerals that few soils have much of."""


@dataclass(frozen=True, eq=False)
class Soils:
    """What light meets in every soil, and how the instrument stood; (rows,) unless said otherwise.

    Attributes:
        matter: organic matter, part of the dry mass.
        humified: part of the organic matter.
        aliphatic: factor of its C-H bands.
        cellulose: factor of its bands in what is not humified.
        lignin: factor of its bands in all organic matter.
        nitrogen: g/kg.
        carbonate: g/kg.
        clay: % of the mineral part.
        silt: % of the mineral part.
        kaolinite: part of the clay.
        smectite: part of the clay.
        chlorite: part of the clay; the rest is illite.
        goethite: part of the dry mass.
        haematite: part of the dry mass.
        dark_rock: part of the dry mass.
        others: gypsum, talc, mica, epidote and ferrous rock, parts of the dry mass, (rows, 5).
        water: mass of the water in air-dry soil over dry mass.
        grain: factor of scatter from grain and packing.
        slope: exponent by which scatter falls with wavelength.
        waves: heights of slow waves in the logarithm of absorption, (rows, waves): what has no name.
        gain: factor of all reflectances.
        step: relative difference of the second detector.
    """

    matter: Array
    humified: Array
    aliphatic: Array
    cellulose: Array
    lignin: Array
    nitrogen: Array
    carbonate: Array
    clay: Array
    silt: Array
    kaolinite: Array
    smectite: Array
    chlorite: Array
    goethite: Array
    haematite: Array
    dark_rock: Array
    others: Array
    water: Array
    grain: Array
    slope: Array
    waves: Array
    gain: Array
    step: Array

    def part(self, rows: slice) -> Soils:
        """Some of the soils."""
        return Soils(*(getattr(self, field.name)[rows] for field in fields(self)))


def wavelengths(step: float = FINEST) -> Array:
    """Positions at which the instrument measures, nm.

    >>> wavelengths().size, float(wavelengths(10)[-1])
    (4200, 2490.0)

    Raises:
        SettingError: a step beyond its limits, or one that does not divide the range.
    """
    points = (LAST - FIRST) / min(max(step, FINEST), COARSEST)
    if not FINEST <= step <= COARSEST or abs(points - round(points)) > 1e-9:
        raise SettingError(
            f"the step of simulated soil spectra must divide {LAST - FIRST:g} nm and lie between {FINEST:g} and "
            f"{COARSEST:g} nm, such as 0.5, 1, 2, 5 or 10; got {step:g}"
        )
    return np.asarray(FIRST + step * np.arange(round(points)))


def reflectance(soils: Soils, nm: Array) -> Single:
    """Reflectance of soils as they are, without an instrument, (rows, points).

    The law of Kubelka and Munk for a thick layer, in the form that loses no digits.
    """
    ratio = _absorption(soils, nm) / _scatter(soils, nm)
    return np.asarray(1 / (1 + ratio + np.sqrt(ratio * (ratio + 2))))


def measured(soils: Soils, nm: Array, seed: int) -> Single:
    """Reflectance as the instrument gives it, (rows, points), above 0 and below 1."""
    made = np.empty((soils.matter.size, nm.size), dtype=np.float32)
    noise, second = _noise(nm), (nm >= SEAM).astype(np.float32)
    for start in range(0, len(made), _CHUNK):
        some = soils.part(slice(start, start + _CHUNK))
        clean = reflectance(some, nm) * _down(some.gain) * (1 + _down(some.step) * second)
        rows = range(start, start + len(clean))
        drawn = np.stack([stream(seed, row, 1).standard_normal(nm.size, dtype=np.float32) for row in rows])
        made[start : start + _CHUNK] = np.clip(clean + noise * drawn, 1e-3, 1 - 1e-3)
    return made


def _absorption(soils: Soils, nm: Array) -> Single:
    """Absorption over mean scatter, (rows, points)."""
    total = np.zeros((soils.matter.size, nm.size), dtype=np.float32)
    for name, amount in _amounts(soils).items():
        total += _down(amount) * _spectrum(name, nm)
    unnamed = np.zeros_like(total)
    for place, height in enumerate(soils.waves.T, start=1):
        unnamed += _down(height) * np.cos(place * np.pi * (nm - FIRST) / (LAST - FIRST)).astype(np.float32)
    return np.asarray(total * np.exp(unnamed))


def _amounts(soils: Soils) -> dict[str, Array]:
    """Parts of the dry mass by constituent, and the part of the grains that is coated; each (rows,)."""
    carbonate = np.minimum(soils.carbonate / 1000, 1 - soils.matter)
    silicate = 1 - soils.matter - carbonate
    clay = silicate * soils.clay / 100
    bound = np.minimum(soils.water, 0.15 * clay)
    humus = soils.matter * soils.humified
    return {
        "free water": soils.water - bound,
        "bound water": bound,
        "kaolinite": clay * soils.kaolinite,
        "smectite": clay * soils.smectite,
        "chlorite": clay * soils.chlorite,
        "illite": clay * (1 - soils.kaolinite - soils.smectite - soils.chlorite),
        "carbonate": carbonate,
        "goethite": soils.goethite,
        "haematite": soils.haematite,
        "dark rock": soils.dark_rock,
        "silicate": silicate,
        "organic matter": soils.matter,
        "aliphatic": soils.matter * soils.aliphatic,
        "fresh matter": soils.matter - humus,
        "cellulose": (soils.matter - humus) * soils.cellulose,
        "lignin": soils.matter * soils.lignin,
        "protein": PROTEIN * soils.nitrogen / 1000,
        **dict(zip(OTHERS, soils.others.T, strict=True)),
        "humus": humus,
        "coating": 1 - np.exp(-humus / (0.008 + 0.10 * clay)),
    }


def _scatter(soils: Soils, nm: Array) -> Single:
    """Scatter over its mean, (rows, points): fine grains spread light more, fibres of peat less."""
    texture = 0.75 + 0.45 * soils.silt / 100 + 0.35 * soils.clay / 100 + 0.5 * soils.carbonate / 1000
    level = soils.grain * texture * (1 - 0.45 * soils.matter)
    return np.asarray(_down(level) * np.exp(-_down(soils.slope) * np.log(nm / 1000).astype(np.float32)))


def _spectrum(name: str, nm: Array) -> Single:
    """Absorption of a pure constituent over mean scatter, (points,)."""
    total = np.zeros(nm.size)
    for centre, width, height in BANDS.get(name, ()):
        total += height * np.exp(-0.5 * ((nm - centre) / width) ** 2)
    for where, growth, height in TAILS.get(name, ()):
        total += height * np.exp((nm - where) / growth)
    return total.astype(np.float32)


def _noise(nm: Array) -> Single:
    """Standard deviation of the noise in reflectance, (points,); a coarser step is the mean of more readings."""
    ends = 1 + 3 * np.exp((FIRST - nm) / 40) + 3 * np.exp((nm - LAST) / 60)
    return np.asarray(4e-4 * np.sqrt(FINEST / (nm[1] - nm[0])) * ends, dtype=np.float32)


def _down(values: Array) -> Single:
    """One value a row, (rows, 1)."""
    return values.astype(np.float32)[:, None]
