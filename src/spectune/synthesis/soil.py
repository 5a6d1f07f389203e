"""A simulated library of European topsoils: visible and near infrared reflectance, organic carbon known.

Nothing here is measured. It is made to be like the LUCAS 2009 library (Stevens et al. 2013): one
air-dry sample a point, 400 to 2499.5 nm every 0.5 nm, mineral and organic soils together. What goes in:

* regions and land covers that go together as in Europe: forest in the north, cropland and carbonate
  in the south;
* organic carbon: log-normal in mineral soils, more of it under grass and trees, in cold regions and
  in clay; about one soil in fourteen is organic (peat, forest floor), with 120 to 587 g/kg;
* nitrogen by a ratio of carbon to nitrogen that widens from cropland to forest and peat; texture;
  carbonate; pH, low under forest and in peat, near 8 with carbonate;
* what no laboratory told and light meets all the same: the carbon in organic matter, how far it is
  humified and what it is made of, clay minerals, iron oxides, dark rock, air-dry water, grain;
* errors of the laboratory.

What light makes of it stands in ``soil_optics``. Every soil has random numbers of its own, from the
seed and its place: a small set is the beginning of a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, softmax

from spectune.errors import SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Column, Table
from spectune.synthesis.chance import stream
from spectune.synthesis.soil_optics import FINEST, OTHERS, Array, Soils, measured, wavelengths

Places = NDArray[np.intp]

REGIONS = ("boreal", "atlantic", "continental", "mediterranean", "alpine")
COVERS = ("cropland", "grassland", "woodland", "shrubland", "wetland")
UNITS = dict.fromkeys(("organic_carbon", "nitrogen", "caco3"), "g/kg") | dict.fromkeys(("clay", "silt", "sand"), "%")

REGION_SHARES = np.array([0.16, 0.19, 0.31, 0.26, 0.08])
COVER_SHARES = np.array(
    [
        [0.15, 0.08, 0.67, 0.04, 0.06],
        [0.39, 0.42, 0.12, 0.05, 0.02],
        [0.55, 0.20, 0.23, 0.01, 0.01],
        [0.58, 0.14, 0.14, 0.14, 0.00],
        [0.10, 0.40, 0.42, 0.07, 0.01],
    ]
)
"""Share of every land cover in every region, (regions, covers)."""

ORGANIC = np.array([0.01, 0.05, 0.12, 0.08, 0.70])
ORGANIC_FACTOR = np.array([2.5, 1.4, 0.35, 0.05, 0.8])
"""Share of organic soils under every land cover, and its factor in every region."""

CARBON = np.array([13.0, 22.5, 27.0, 19.0, 60.0])
CARBON_FACTOR = np.array([1.4, 1.25, 1.05, 0.75, 1.6])
"""Median organic carbon of mineral soils under every land cover, g/kg, and its factor in every region."""

CARBON_TO_NITROGEN = np.array([10.3, 11.2, 17.0, 13.5, 17.0])
HUMIFIED = np.array([1.2, 0.6, -0.4, 0.0, -0.2])
"""Ratio of carbon to nitrogen, and logit of the humified part, under every land cover."""

CLAY_TO_SAND = np.array([-2.0, -0.8, -0.5, -0.1, -0.6])
SILT_TO_SAND = np.array([-0.7, 0.0, 0.3, 0.1, 0.2])
KAOLINITE_TO_ILLITE = np.array([-1.0, 0.2, 0.0, 0.3, -0.3])
SMECTITE_TO_ILLITE = np.array([-1.5, -0.7, 0.2, 0.4, -0.8])
HAEMATITE_TO_GOETHITE = np.array([-3.2, -2.6, -2.0, -0.3, -2.4])
"""Mean logarithms of ratios in every region."""

LIMED = np.array([0.02, 0.12, 0.20, 0.60, 0.25])
"""Share of soils with carbonate in every region."""

OTHERS_MEDIAN = np.array([0.0015, 0.006, 0.03, 0.012, 0.03])
"""Median parts of the minerals that few soils have much of, in the order of ``OTHERS``."""

WAVES = 8
DRAWS = (
    *("region", "cover", "organic", "carbon", "nitrogen", "clay", "silt", "limed", "carbonate", "ph"),
    *(
        "matter",
        "humified",
        "aliphatic",
        "cellulose",
        "lignin",
        "kaolinite",
        "smectite",
        "chlorite",
        "iron",
        "haematite",
    ),
    *OTHERS,
    *("dark_rock", "water", "grain", "slope", "gain", "step"),
    *("carbon_error", "nitrogen_error", "carbonate_error", "clay_error", "silt_error"),
    *(f"wave_{wave}" for wave in range(WAVES)),
)
"""What is decided by chance, each by one standard normal number."""


@dataclass(frozen=True, eq=False)
class _Land:
    """Where soils lie, what chance brought them, and their organic carbon (g/kg); all (rows,)."""

    drawn: Mapping[str, Array]
    region: Places
    cover: Places
    organic: NDArray[np.bool_]
    clay: Array
    silt: Array
    carbon: Array


def soil(rows: int, seed: int, step: float = FINEST) -> Table:
    """Simulated reflectance spectra of topsoils with their organic carbon and what goes with it.

    Columns: ``id``, ``region``, ``land_cover``, ``organic_carbon``, ``nitrogen`` and ``caco3`` (g/kg),
    ``clay``, ``silt`` and ``sand`` (whole %, together 100), ``ph``.

    Args:
        rows: soils, one spectrum each.
        seed: of everything drawn at random.
        step: distance of the points, nm; the soils are the same whatever it is.

    >>> soil(3, seed=0, step=10).x.shape
    (3, 210)

    Raises:
        SettingError: no row, or a step that does not divide the range of the instrument.
    """
    if rows < 1:
        raise SettingError(f"simulated soils need at least one row, got {rows}")
    nm = wavelengths(step)
    land = _land(rows, seed)
    soils = _soils(land)
    return Table(
        x=measured(soils, nm, seed),
        axis=Axis(tuple(nm.tolist()), "nm"),
        columns=_columns(land, soils),
        source="simulated soil",
        signal="reflectance",
        notes=("these spectra are simulated, not measured",),
        units=UNITS,
    )


def _land(rows: int, seed: int) -> _Land:
    numbers = np.stack([stream(seed, row, 0).standard_normal(len(DRAWS)) for row in range(rows)])
    drawn = dict(zip(DRAWS, numbers.T, strict=True))
    region = _chosen(np.tile(REGION_SHARES, (rows, 1)), drawn["region"])
    cover = _chosen(COVER_SHARES[region], drawn["cover"])
    organic = ndtr(drawn["organic"]) < ORGANIC[cover] * ORGANIC_FACTOR[region]
    ratios = [CLAY_TO_SAND[region] + 0.8 * drawn["clay"], SILT_TO_SAND[region] + 0.7 * drawn["silt"]]
    clay, silt, _ = 100 * softmax([*ratios, np.zeros(rows)], axis=0)
    usual = CARBON[cover] * CARBON_FACTOR[region] * np.exp(0.012 * (clay - 20) + 0.5 * drawn["carbon"])
    carbon = np.where(organic, 120 + 467 * ndtr(drawn["carbon"] + 0.3), np.minimum(usual, 200))
    return _Land(drawn, region, cover, organic, clay, silt, carbon)


def _chosen(shares: Array, drawn: Array) -> Places:
    """A place in every row of ``shares``, (rows, choices), by a standard normal number."""
    return np.asarray((ndtr(drawn)[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1))


def _soils(land: _Land) -> Soils:
    """What light meets in these soils."""
    z, region, clay = land.drawn, land.region, land.clay
    # Organic matter has 1.4 to 2.5 times the mass of its carbon (Pribyl 2010).
    matter = np.minimum(1.75 * np.exp(0.15 * z["matter"]) * land.carbon / 1000, 0.99)
    mineral = 1 - matter
    kaolinite, smectite, chlorite = _clay_minerals(land)
    iron = mineral * (0.004 + 0.0006 * clay) * np.exp(0.5 * z["iron"])
    red = expit(HAEMATITE_TO_GOETHITE[region] + 0.9 * z["haematite"])
    water = 0.004 + mineral * clay / 100 * (0.02 + 0.08 * smectite) + 0.09 * matter
    limed = (ndtr(z["limed"]) < LIMED[region]) & ~land.organic
    ratio = (CARBON_TO_NITROGEN[land.cover] + 6 * land.organic) * np.exp(0.15 * z["nitrogen"])
    return Soils(
        matter=matter,
        humified=expit(HUMIFIED[land.cover] - 0.6 * land.organic + 1.5 * z["humified"]),
        aliphatic=np.exp(0.7 * z["aliphatic"]),
        cellulose=np.exp(0.8 * z["cellulose"]),
        lignin=np.exp(0.6 * z["lignin"]),
        nitrogen=land.carbon / ratio,
        carbonate=limed * mineral * np.minimum(60 * np.exp(1.2 * z["carbonate"]), 700),
        clay=clay,
        silt=land.silt,
        kaolinite=kaolinite,
        smectite=smectite,
        chlorite=chlorite,
        goethite=iron * (1 - red),
        haematite=iron * red,
        dark_rock=mineral * 0.03 * np.exp(0.8 * z["dark_rock"]),
        others=mineral[:, None] * OTHERS_MEDIAN * np.exp(1.3 * np.stack([z[name] for name in OTHERS], axis=1)),
        water=water * np.exp(0.4 * z["water"]),
        grain=np.exp(0.33 * z["grain"]),
        slope=0.3 + 0.12 * z["slope"],
        waves=0.22 * np.stack([z[f"wave_{wave}"] / (wave + 1) for wave in range(WAVES)], axis=1),
        gain=np.exp(0.02 * z["gain"]),
        step=0.004 * z["step"],
    )


def _clay_minerals(land: _Land) -> tuple[Array, Array, Array]:
    """Parts of kaolinite, smectite and chlorite in the clay; the rest is illite."""
    kaolinite = KAOLINITE_TO_ILLITE[land.region] + 0.7 * land.drawn["kaolinite"]
    smectite = SMECTITE_TO_ILLITE[land.region] + 0.9 * land.drawn["smectite"]
    chlorite = -1.2 + 0.8 * land.drawn["chlorite"]
    parts = softmax([kaolinite, smectite, chlorite, np.zeros(land.clay.size)], axis=0)
    return parts[0], parts[1], parts[2]


def _columns(land: _Land, soils: Soils) -> dict[str, Column]:
    """What a laboratory writes down, with its errors and rounded as it rounds."""
    z = land.drawn
    clay = np.round(np.clip(land.clay + z["clay_error"], 1, 90))
    silt = np.round(np.clip(land.silt + z["silt_error"], 1, 99 - clay))
    forest = land.cover == COVERS.index("woodland")
    acid = 6.1 - forest - 0.4 * np.log(land.carbon / 20) + 0.6 * z["ph"]
    return {
        "id": np.array([f"P{row + 1:05d}" for row in range(clay.size)]),
        "region": np.array(REGIONS)[land.region],
        "land_cover": np.array(COVERS)[land.cover],
        "organic_carbon": np.round(np.clip(land.carbon * (1 + 0.04 * z["carbon_error"]), 0.5, 587), 1),
        "nitrogen": np.round(soils.nitrogen * (1 + 0.05 * z["nitrogen_error"]), 1),
        "caco3": np.round(soils.carbonate * (1 + 0.05 * z["carbonate_error"])),
        "clay": clay,
        "silt": silt,
        "sand": 100 - clay - silt,
        "ph": np.round(np.clip(np.where(soils.carbonate > 0, 7.7 + 0.15 * z["ph"], acid), 3.2, 9), 2),
    }
