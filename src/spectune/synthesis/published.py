"""The two published configurations of Schuetzke, Szymanski & Reischl (2023)."""

from __future__ import annotations

from dataclasses import replace

from spectune.synthesis.patterns import Grid, Law, Pattern, PatternConfig, random_config

POINTS = 5000

MINOR, POSITION, INTENSITY = range(9), range(9, 18), range(18, 27)
"""Classes of the challenge by what parts them: a minor peak, a position, a height."""

_MINOR_PEAKS = (
    Pattern((700, 3000), (0.7, 1.0)),
    Pattern((700, 1800, 3000), (0.7, 0.035, 1.0)),
    Pattern((700, 3000, 4200), (0.7, 1.0, 0.035)),
    Pattern((920, 1115), (1.0, 0.4)),
    Pattern((923, 1112, 1500), (1.0, 0.4, 0.035)),
    Pattern((918, 1116, 1630), (1.0, 0.4, 0.035)),
    Pattern((500, 2100), (0.9, 1.0)),
    Pattern((500, 2100, 2260), (0.9, 1.0, 0.035)),
    Pattern((500, 2100, 2260, 2750), (0.9, 1.0, 0.035, 0.035)),
)
_POSITIONS = (
    Pattern((700, 3000), (1.0, 0.7)),
    Pattern((700, 3070), (1.0, 0.7)),
    Pattern((700, 3140), (1.0, 0.7)),
    Pattern((1230, 2103), (0.15, 1.0)),
    Pattern((1300, 2101), (0.15, 1.0)),
    Pattern((1370, 2098), (0.15, 1.0)),
    Pattern((1230, 1750, 4700), (0.15, 0.2, 1.0)),
    Pattern((1300, 1820, 4700), (0.15, 0.2, 1.0)),
    Pattern((1370, 1890, 4700), (0.15, 0.2, 1.0)),
)
_INTENSITIES = (
    Pattern((920, 1500), (0.08, 1.0)),
    Pattern((920, 1500), (0.155, 1.0)),
    Pattern((920, 1500), (0.23, 1.0)),
    Pattern((1147, 2261), (1.0, 0.2)),
    Pattern((1151, 2258), (1.0, 0.275)),
    Pattern((1153, 2262), (1.0, 0.35)),
    Pattern((302, 2750, 4198), (0.08, 1.0, 0.22)),
    Pattern((300, 2750, 4200), (0.155, 1.0, 0.21)),
    Pattern((299, 2750, 4202), (0.23, 1.0, 0.23)),
)

_EXACT_AND_LOWER = ((0, 0), (-1, 0), (1, 0), (0, -1), (-1, -1), (1, -1))
_EXACT_AND_HIGHER = ((0, 0), (-1, 0), (1, 0), (0, 1), (-1, 1), (1, 1))
_LOWER_AND_HIGHER = ((0, -1), (-1, -1), (1, -1), (0, 1), (-1, 1), (1, 1))
_BY_POSITION = (
    ((0, 0), (1, 0), (0, 1), (1, 1), (0, -1), (1, -1)),
    ((-1, 0), (1, 0), (-1, 1), (1, 1), (-1, -1), (1, -1)),
    ((0, 0), (-1, 0), (0, 1), (-1, 1), (0, -1), (-1, -1)),
)
"""Signs for the class of a triplet that lies lowest, in the middle and highest."""

_BY_HEIGHT = (_EXACT_AND_HIGHER, _LOWER_AND_HIGHER, _EXACT_AND_LOWER)


def benchmark_config() -> PatternConfig:
    """The 500 classes of the general benchmark, with the six whose test spectra vary less.

    >>> len(benchmark_config().spectra)
    500
    """
    nearer = dict.fromkeys(("8", "318"), Grid(17, 0.04))
    closer = dict.fromkeys(("164", "281", "219", "347"), Grid(30, 0.025))
    return replace(random_config(500, 2022, POINTS), grids=nearer | closer)


def challenge_config() -> PatternConfig:
    """The 27 classes of the challenge: nine triplets of which two classes overlap each.

    >>> challenge_config().spectra["26"].positions
    (299, 2750, 4202)
    """
    patterns = (*_MINOR_PEAKS, *_POSITIONS, *_INTENSITIES)
    grids = {str(name): Grid(30, 0.03, _cells(name)) for name in (*POSITION, *INTENSITY)}
    return PatternConfig(
        POINTS,
        {str(name): pattern for name, pattern in enumerate(patterns)},
        boundary=100,
        law=Law(tops_vary=False),
        grid=Grid(30, 0.03, _EXACT_AND_LOWER),
        grids=grids,
    )


def _cells(name: int) -> tuple[tuple[int, int], ...]:
    return (_BY_POSITION if name in POSITION else _BY_HEIGHT)[name % 3]


PUBLISHED = {"benchmark": benchmark_config, "challenge": challenge_config}
"""Published configurations by name."""


def published_peaks(config: PatternConfig) -> str | None:
    """Name of the published set with these peaks, whose law or test spectra a plain configuration lacks.

    The published files hold peaks only. None where the law is not the plain one, or nothing is missing.

    >>> published_peaks(replace(challenge_config(), law=Law(), grid=Grid(), grids={}))
    'challenge'
    """
    plain = PatternConfig(config.datapoints, config.spectra)
    if (config.law, config.dials, config.grid, config.grids) != (plain.law, plain.dials, plain.grid, plain.grids):
        return None
    there = {name: made() for name, made in PUBLISHED.items()}
    peaks = (config.datapoints, config.spectra)
    return next((name for name, one in there.items() if peaks == (one.datapoints, one.spectra)), None)
