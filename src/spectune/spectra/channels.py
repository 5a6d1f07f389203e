"""Channels: preprocessed views of a spectrum, and the words for them.

A channel is a sequence of steps joined by ``+``, applied from left to right; several channels
are separated by ``|``:

    RAW                the spectrum as it came
    SNV+D1             SNV, then the first Savitzky-Golay derivative (window 13, order 2)
    DT+SNV | D2(17,3)  two channels: detrend and SNV; second derivative, window 17, order 3
    BIN(20)+REF        means of 20 neighbouring points of absorbance, then as reflectance
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.spectra.steps import (
    SNV,
    Absorbance,
    Bin,
    Decimate,
    Detrend,
    Maximum,
    Reflectance,
    SavGol,
    Step,
    apply,
    points_after,
)

Channel = tuple[Step, ...]
Channels = tuple[Channel, ...]
Layout = Literal["channels", "concatenate"]
"""Channels side by side (a filter sees all of them) or end to end along the axis (Passos & Mishra)."""

_WORD = re.compile(r"^([A-Z]+[0-9]?)(?:\(([0-9, ]*)\))?$")
_WORDS = "RAW, ABS, REF, SNV, MAX (by the maximum), DT (detrend), SG (smoothing), D1, D2, D3, BIN, DEC (decimation)"


def parse_channels(text: str) -> Channels:
    """Channels from their words.

    >>> [len(channel) for channel in parse_channels("RAW | SNV+D1")]
    [0, 2]

    Raises:
        SettingError: a word that is not a step, or arguments that do not fit it.
    """
    return tuple(parse_channel(part) for part in text.split("|"))


def parse_channel(text: str) -> Channel:
    """One channel from its words; the inverse of ``format_channel``."""
    words = [word.strip() for word in text.split("+")]
    if words == ["RAW"]:
        return ()
    return tuple(_parse_step(word) for word in words)


def format_channels(channels: Channels) -> str:
    """Words of channels.

    >>> format_channels(parse_channels("RAW|DT+SNV|D2(17,3)"))
    'RAW | DT+SNV | D2(17,3)'
    """
    return " | ".join(format_channel(channel) for channel in channels)


def format_channel(channel: Channel) -> str:
    """Words of one channel."""
    return "+".join(_format_step(step) for step in channel) or "RAW"


def with_window(channels: Channels, window: int) -> Channels:
    """The same channels with every Savitzky-Golay window (odd, points) set to ``window``."""
    return tuple(
        tuple(replace(step, window=window) if isinstance(step, SavGol) else step for step in channel)
        for channel in channels
    )


def prepared_shape(channels: Channels, layout: Layout, points: int) -> tuple[int, int]:
    """(channels, points) of the signal that ``prepare`` makes of spectra with ``points`` points.

    Raises:
        SettingError: channels of unequal length that are to stand side by side.
    """
    lengths = [points_after(channel, points) for channel in channels]
    if layout == "concatenate":
        return 1, sum(lengths)
    if len(set(lengths)) > 1:
        raise SettingError(f"channels that stand side by side need equal lengths, these have {lengths}")
    return len(lengths), lengths[0]


def prepare(x: NDArray[np.floating], channels: Channels, layout: Layout) -> NDArray[np.float32]:
    """The signal a network receives: (rows, points, channels), float32, channel last."""
    prepared_shape(channels, layout, x.shape[1])
    views = [apply(channel, x) for channel in channels]
    if layout == "concatenate":
        return np.concatenate(views, axis=1, dtype=np.float32, casting="same_kind")[:, :, None]
    return np.stack(views, axis=2, dtype=np.float32, casting="same_kind")


def _parse_step(word: str) -> Step:
    found = _WORD.match(word)
    numbers = _numbers(found.group(2)) if found else ()
    match (found.group(1) if found else word), numbers:
        case "ABS", ():
            return Absorbance()
        case "REF", ():
            return Reflectance()
        case "SNV", ():
            return SNV()
        case "MAX", ():
            return Maximum()
        case "DT", ():
            return Detrend()
        case "DT", (degree,):
            return Detrend(degree)
        case "BIN", (width,) if width > 0:
            return Bin(width)
        case "DEC", (width,) if width > 0:
            return Decimate(width)
        case ("SG" | "D1" | "D2" | "D3") as name, (() | (_,) | (_, _)):
            derivative = 0 if name == "SG" else int(name[1])
            window, order = (*numbers, *(13, max(2, derivative))[len(numbers) :])
            return SavGol(window, order, derivative)
    raise SettingError(f"{word!r} is not a preprocessing step with sensible numbers; steps are {_WORDS}")


def _numbers(text: str | None) -> Sequence[int]:
    parts = [part for part in (text or "").split(",") if part.strip()]
    return tuple(int(part) for part in parts)


def _format_step(step: Step) -> str:
    match step:
        case Absorbance():
            return "ABS"
        case Reflectance():
            return "REF"
        case SNV():
            return "SNV"
        case Maximum():
            return "MAX"
        case Detrend(degree):
            return "DT" if degree == 2 else f"DT({degree})"
        case Bin(width):
            return f"BIN({width})"
        case Decimate(width):
            return f"DEC({width})"
        case SavGol(window, order, derivative):
            name = f"D{derivative}" if derivative else "SG"
            usual = (window, order) == (13, max(2, derivative))
            return name if usual else f"{name}({window},{order})"
