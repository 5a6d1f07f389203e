"""The unit of an axis: from words beside it, otherwise from its range."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Unit

_WORDS: tuple[tuple[str, Unit], ...] = (
    (r"2[ _-]?th|2\s?θ|two.?theta|(?<![a-z])deg", "2theta"),
    (r"(?<![a-z])ppm|chemical.?shift", "ppm"),
    (r"cm\s?\^?[({]?[-−⁻][1¹]|1\s?/\s?cm|wave.?num|(?<![a-z])wn(?![a-z])|raman", "cm-1"),
    (r"(?<![a-z])[uµμ]m(?![a-z])|micron|micromet", "um"),
    (r"(?<![a-z])nm(?![a-z])|nanomet", "nm"),
    (r"wave.?len|(?<![a-z])wl(?![a-z])|lambda|(?<![a-z])wave(?![a-z])", "nm"),
)


def unit_in(words: str) -> Unit | None:
    """The unit that words name, if they do.

    >>> unit_in("Wavenumber (cm-1)"), unit_in("wl"), unit_in("deg 2-theta"), unit_in("spc.")
    ('cm-1', 'nm', '2theta', None)
    """
    text = words.casefold().replace("_", " ")
    for pattern, unit in _WORDS:
        if re.search(pattern, text):
            return unit
    return None


def unit_from_range(positions: NDArray[np.float64]) -> Unit:
    """The likeliest unit of positions in the order of the file.

    ===================================================  ======
    1, 2, 3, ... or 0, 1, 2, ...                         index
    at most 20, with a negative end or descending        ppm
    within 0.15-30, beginning below 3                    um
    within 2-180                                         2theta
    negative beginning, end at most 250                  ppm
    within 180-2650, ascending (or UV-visible backward)  nm
    anything else that ends between 180 and 16000        cm-1
    ===================================================  ======
    """
    low, high = float(positions.min()), float(positions.max())
    falling = bool(positions[0] > positions[-1])
    if counting(positions):
        return "index"
    if (high <= 20 and (low < 0 or falling)) or (low < 0 and high <= 250):
        return "ppm"
    if 0.15 <= low < 3 and high <= 30:
        return "um"
    if low >= 2 and high <= 180:
        return "2theta"
    infrared = falling and low >= 400 and high < 2300
    if low >= 180 and high <= 2650 and not infrared:
        return "nm"
    return "cm-1" if 180 < high <= 16000 else "index"


def counting(positions: NDArray[np.float64]) -> bool:
    """Whether positions merely number the points: 1, 2, 3, ... or 0, 1, 2, ..."""
    return bool(positions[0] in (0, 1) and np.all(np.diff(positions) == 1))
