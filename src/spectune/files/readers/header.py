"""Names that hold an axis: ``1100``, ``X1100.5``, ``nm_1100``, ``1100 nm``, ``wn_1896.8 cm-1``, ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.units import counting, unit_in
from spectune.spectra.axis import Unit

FEWEST = 3
"""Neighbouring names with numbers that make an axis; ten where the prefix is not a usual one."""

_USUAL = frozenset(
    (
        *("x", "w", "l", "v", "r", "a", "t", "wl", "wn", "nm", "um", "ppm", "spc", "spec", "spectra", "spectrum"),
        *("abs", "absorbance", "refl", "reflectance", "wave", "wavelength", "wavelengths", "wavenumber", "wavenumbers"),
        *(
            "raman",
            "ramanshift",
            "shift",
            "lambda",
            "2theta",
            "2th",
            "2θ",
            "twotheta",
            "theta",
            "nir",
            "mir",
            "ir",
            "band",
        ),
    )
)
_NAME = re.compile(
    r"(?P<prefix>2[ _-]?th(?:eta)?[ _.:=-]*|2θ[ _.:=-]*|two[ _-]?theta[ _.:=-]*|\D*?)"
    r"(?P<number>[-+−]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)"
    r"(?P<suffix>[ _.]*[\[(]?(?:nm|um|µm|μm|micron|cm-1|cm\^-1|cm⁻¹|1/cm|cm\.1|ppm|deg|°|2theta|2θ)?[\])]?)"
)


@dataclass(frozen=True, eq=False)
class Run:
    """Neighbouring names that hold numbers in one style.

    Attributes:
        start, stop: first name of the run, and the one after its last.
        positions: the numbers, in the order of the file.
        unit: the unit their prefix or suffix names, if any.
        style: prefix and suffix, cleaned.
    """

    start: int
    stop: int
    positions: NDArray[np.float64]
    unit: Unit | None
    style: tuple[str, str]

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def fault(self) -> int | None:
        """Number (in the run) of the first position that breaks the order, if one does."""
        steps = np.diff(self.positions)
        rising = np.median(steps) > 0
        wrong = steps <= 0 if rising else steps >= 0
        return int(np.argmax(wrong)) + 1 if wrong.any() else None

    @property
    def usual(self) -> bool:
        """Whether axes are usually written in this style."""
        return _usual(self.style)

    @property
    def counts(self) -> bool:
        """Whether the numbers only count 1, 2, 3, ..."""
        return counting(self.positions)


def longest_run(names: Sequence[str]) -> Run | None:
    """The longest run of neighbouring names that looks like an axis (the first of equals), or None."""
    return max(_runs(names), key=len, default=None)


def checked(run: Run, names: Sequence[str], what: str) -> Run:
    """The run, if it is a sound axis; ``what`` says whether names are ``column`` or ``row``.

    Raises:
        ReadError: positions that repeat or change direction, a name that parts the axis in two,
            or a second block that could be the spectra as well.
    """
    at = run.fault
    if at is not None:
        raise ReadError(_order_fault(run, at, names, what))
    _check_whole(run, names, what)
    _check_alone(run, names, what)
    return run


def strays(run: Run, names: Sequence[str]) -> list[str]:
    """Names outside the run that are bare numbers too."""
    outside = [*names[: run.start], *names[run.stop :]]
    return [name.strip() for name in outside if (one := _parse(name)) and one[1] == ("", "")]


def _order_fault(run: Run, at: int, names: Sequence[str], what: str) -> str:
    here, before = run.start + at, run.start + at - 1
    same = np.flatnonzero(run.positions[:at] == run.positions[at])
    if same.size:
        twin = run.start + int(same[0])
        return (
            f"the position {names[here].strip()!r} stands twice in the axis ({what}s {twin + 1} and {here + 1}); "
            f"every point needs its own wavelength"
        )
    return (
        f"the axis must ascend or descend throughout, but {names[here].strip()!r} follows {names[before].strip()!r} "
        f"({what}s {before + 1} and {here + 1}); correct the header, or rename columns that are no wavelengths"
    )


def _check_whole(run: Run, names: Sequence[str], what: str) -> None:
    step = float(np.median(np.abs(np.diff(run.positions))))
    for side, edge, order in (
        (range(run.stop, len(names)), run.positions[-1], 1),
        (_before(run), run.positions[0], -1),
    ):
        for away, k in enumerate(side, start=1):
            found = _parse(names[k])
            if not found or found[1] != run.style:
                continue
            gap = (found[0] - edge) * order * np.sign(run.positions[-1] - run.positions[0])
            if 0 < gap <= 3 * away * step:
                parted = names[side[0]].strip()
                raise ReadError(
                    f"the axis is parted by {parted!r} ({what} {side[0] + 1}): {names[k].strip()!r} goes on behind it; "
                    f"is it a damaged wavelength, or a column that should stand elsewhere?"
                )


def _check_alone(run: Run, names: Sequence[str], what: str) -> None:
    for other in _runs(names):
        alike = len(other) >= 10 and other.style == run.style
        if other.start != run.start and (alike or len(other) == len(run)):
            raise ReadError(
                f"two blocks of {what}s could be the spectra, {names[run.start].strip()!r} to "
                f"{names[run.stop - 1].strip()!r} ({len(run)} {what}s) and {names[other.start].strip()!r} to "
                f"{names[other.stop - 1].strip()!r} ({len(other)} {what}s); keep one of them in the file"
            )


def _before(run: Run) -> range:
    return range(run.start - 1, -1, -1)


def _runs(names: Sequence[str]) -> list[Run]:
    parsed = [_parse(name) for name in names]
    runs: list[Run] = []
    for style, group in groupby(enumerate(parsed), key=lambda item: item[1][1] if item[1] else None):
        members = [(k, found[0]) for k, found in group if found]
        if style is None or len(members) < (FEWEST if _usual(style) else 10):
            continue
        positions = np.asarray([value for _, value in members], dtype=np.float64)
        words = f"{style[0]} {style[1]}"
        runs.append(Run(members[0][0], members[-1][0] + 1, positions, unit_in(words), style))
    return runs


def _usual(style: tuple[str, str]) -> bool:
    prefix, suffix = style
    return bool(suffix) or not prefix or re.sub(r"[ _.-]", "", prefix) in _USUAL


def _parse(name: str) -> tuple[float, tuple[str, str]] | None:
    found = _NAME.fullmatch(name.strip())
    if not found:
        return None
    prefix, text = found["prefix"], found["number"].replace(",", ".").replace("−", "-")
    if prefix and prefix[-1].isalnum() and text[0] in "+-":
        text = text[1:]
    value = float(text)
    if not np.isfinite(value):
        return None
    return value, (prefix.strip(" _.:=-([").casefold(), found["suffix"].strip(" _.()[]").casefold())
