"""A ``meta.json`` beside a file: unit of the axis, kind of signal, units of the targets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.files.readers.units import unit_in
from spectune.spectra.axis import UNITS, Unit
from spectune.spectra.table import SIGNALS, Signal

_NO_UNIT = frozenset({"", "-", "as in source", "unknown"})


@dataclass(frozen=True)
class Sidecar:
    """What is known from the file beside; empty where there is none."""

    unit: Unit | None = None
    signal: Signal | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def beside(path: Path, positions: NDArray[np.float64]) -> Sidecar:
    """What ``meta.json`` in the folder of ``path`` says, if it speaks of this axis.

    Keys: ``x_unit``, ``signal``, ``x_range`` (first and last position; must agree where given),
    ``targets`` (name -> {"unit": ...}). A damaged or foreign file is passed over.
    """
    known = _content(path.parent / "meta.json")
    if not known or not _same_range(known.get("x_range"), positions):
        return Sidecar()
    unit, signal = _unit(known.get("x_unit")), _signal(known.get("signal"))
    units = _target_units(known.get("targets"))
    if unit is None and signal is None and not units:
        return Sidecar()
    told = [f"axis in {unit}"] * bool(unit) + [f"signal {signal}"] * bool(signal) + ["units of targets"] * bool(units)
    return Sidecar(unit, signal, units, (f"from meta.json beside the file: {', '.join(told)}",))


def _content(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > 1_000_000:
            return {}
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _same_range(given: object, positions: NDArray[np.float64]) -> bool:
    if given is None:
        return True
    if not isinstance(given, list) or len(given) != 2 or not all(isinstance(one, int | float) for one in given):
        return False
    ends = [float(positions.min()), float(positions.max())]
    return bool(np.allclose(sorted(given), ends, rtol=1e-6, atol=1e-6))


def _unit(text: object) -> Unit | None:
    if not isinstance(text, str):
        return None
    return next((unit for unit in UNITS if unit == text), None) or unit_in(text)


def _signal(text: object) -> Signal | None:
    if not isinstance(text, str):
        return None
    return next((kind for kind in SIGNALS if kind != "unknown" and text.casefold().startswith(kind)), None)


def _target_units(targets: object) -> dict[str, str]:
    if not isinstance(targets, dict):
        return {}
    named = {name: facts.get("unit") for name, facts in targets.items() if isinstance(facts, dict)}
    short = {name: unit.split(" (")[0].strip() for name, unit in named.items() if isinstance(unit, str)}
    return {name: unit for name, unit in short.items() if unit not in _NO_UNIT}
