"""Numbers and names as a reader sees them: three significant digits, a unit, ``n.a.`` for nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

from spectune.assessment.outcome import Difference, Part
from spectune.networks.recipe import Transform
from spectune.networks.space import Value
from spectune.spectra.spectra import Task

NOT_AVAILABLE = "n.a."
LONG_UNIT = 12
"""Characters of the longest unit that stands behind a number; longer ones stand in a heading."""

PARTS: tuple[Part, ...] = ("calibration", "cross-validated", "test")
ERROR_NAMES: dict[Part, str] = {"calibration": "RMSEC", "cross-validated": "RMSECV", "test": "RMSEP"}

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "−"


def number(value: float, digits: int = 3) -> str:
    """A number with ``digits`` significant digits, never fewer than its whole part.

    >>> number(0.60321), number(12345.6), number(-0.000012345), number(float("nan"))
    ('0.603', '12346', '−1.23×10⁻⁵', 'n.a.')
    """
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0:
        return "0"
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(power) < 7:
        return fixed(value, max(0, digits - 1 - int(power)))
    return f"{mantissa}×10{str(int(power)).translate(_SUPERSCRIPT)}".replace("-", _MINUS)


def fixed(value: float, places: int) -> str:
    """A number with ``places`` decimals; a rounded zero has no sign.

    >>> fixed(-0.1234, 2), fixed(-0.001, 2)
    ('−0.12', '0.00')
    """
    if not math.isfinite(value):
        return _not_finite(value)
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", _MINUS)


def places(value: float, digits: int = 3) -> int:
    """Decimals that show ``value`` with ``digits`` significant digits (at most 8).

    >>> places(0.0123), places(123.0)
    (4, 0)
    """
    if value == 0 or not math.isfinite(value):
        return digits - 1
    return min(8, max(0, digits - 1 - int(f"{value:.{digits - 1}e}".split("e")[1])))


def plain(value: float) -> str:
    """A number of three significant digits without trailing zeros: a tick, or a value that was drawn.

    >>> plain(0.0032), plain(20.0), plain(1e-5)
    ('0.0032', '20', '10⁻⁵')
    """
    text = number(value)
    digits, times, power = text.partition("×")
    short = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return power if times and short == "1" else short + times + power


def valued(value: Value) -> str:
    """A hyperparameter's value as a run file says it, numbers with three significant digits.

    >>> valued(True), valued(16), valued(0.0031249), valued("SNV+D1")
    ('true', '16', '0.00312', 'SNV+D1')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return plain(value)
        case str():
            return value


def difference(found: Difference) -> str:
    """A difference with its 95 % interval, to two digits of the interval's width.

    >>> difference(Difference("CNN", "PLS", "test", -1.7123, -2.0981, -1.3311))
    '−1.71 (−2.10 to −1.33)'
    """
    width = found.high - found.low
    return interval(found.value, found.low, found.high, places(width if math.isfinite(width) else found.value, 2))


def interval(value: float, low: float, high: float, shown: int) -> str:
    """A value with its interval in brackets, to so many decimals.

    >>> interval(0.5, 0.25, 1.0, 2), interval(0.5, -math.inf, math.inf, 2)
    ('0.50 (0.25 to 1.00)', '0.50 (no interval from one group)')
    """
    if not math.isfinite(high):
        return f"{fixed(value, shown)} (no interval from one group)"
    return f"{fixed(value, shown)} ({fixed(low, shown)} to {fixed(high, shown)})"


def duration(seconds: float) -> str:
    """A time span in words.

    >>> duration(0.04), duration(12.3), duration(200), duration(4000)
    ('0.04 s', '12 s', '3 min 20 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{number(seconds, 1 if seconds < 1 else 2)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def aligned(texts: Sequence[str]) -> tuple[Markup, ...]:
    """Numbers of one column, padded so that their decimal points stand below one another.

    The padding is a margin, not characters, so a copied number stays a number.
    """
    tails = [_tail(text) for text in texts]
    longest = max(tails, default=0.0)
    return tuple(
        Markup('<span class="number" style="margin-right:{}ch">{}</span>').format(f"{longest - tail:g}", text)
        for text, tail in zip(texts, tails, strict=True)
    )


def shortened(text: str, most: int) -> str:
    """A name that fits a figure: at most ``most`` characters, the middle left out, on one line.

    >>> shortened("polyethylene terephthalate", 12)
    'polyet…alate'
    """
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    if len(line) <= most:
        return line
    return f"{line[: most // 2]}…{line[len(line) - (most - most // 2 - 1) :]}"


def with_unit(name: str, unit: str) -> str:
    """A quantity with its unit in brackets, where it has one."""
    return f"{name} ({unit})" if unit else name


def beside(text: str, unit: str) -> str:
    """A number with its unit behind it, where the unit is short enough to stand there."""
    return f"{text} {unit}" if 0 < len(unit) <= LONG_UNIT and text != NOT_AVAILABLE else text


def breakable(text: str) -> Markup:
    """A long name that may be broken after underscores and slashes."""
    return Markup("<wbr>").join(re.split(r"(?<=[_/\\])(?=.)", text))


def simulated_warning(source: str) -> str:
    """What a page of spectra that were made up begins with; nothing for others. The name of the source tells.

    >>> simulated_warning("runs/shen/simulated-soil-600-0.parquet")
    'These spectra are simulated: nothing on this page was measured.'
    """
    named = "simulated" in source.replace("\\", "/").rsplit("/", 1)[-1].lower()
    return "These spectra are simulated: nothing on this page was measured." if named else ""


def error_name(task: Task) -> str:
    """What the search calls the error of a fold, with its unit where that is short."""
    if not task.regression:
        return "log-loss"
    return with_unit("RMSE", task.unit) if len(task.unit) <= LONG_UNIT else "RMSE"


def curve_name(task: Task, transform: Transform) -> str:
    """What the tuning error of a learning curve is called: it is taken on the scale that is trained."""
    if not task.regression:
        return "log-loss"
    return "RMSE (SD of the target)" if transform == "none" else f"RMSE (SD of the target, {transform})"


def counted(count: int, what: str, plural: str = "") -> str:
    """A count and its noun.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{count:,} {what if count == 1 else plural or what + 's'}".replace(",", "\u202f")


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return NOT_AVAILABLE
    return "∞" if value > 0 else f"{_MINUS}∞"


def _tail(text: str) -> float:
    """Width in digits of what follows the whole part; a decimal point is half a digit wide."""
    return len(text.partition(".")[2]) + 0.5 if "." in text and text != NOT_AVAILABLE else 0.0
