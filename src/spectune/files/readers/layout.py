"""Which way a file lies: one sample per row, or one per column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spectune.errors import ReadError
from spectune.files.readers.header import Run, checked, longest_run, strays
from spectune.files.readers.units import unit_in

_SAMPLE_WORDS = re.compile(r"(sample|id|name|spectrum|file|no|nr|number)[ _.]?(id|name|no|nr)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the axis stands: in the header (``across``) or in the first column."""

    across: bool
    run: Run
    notes: tuple[str, ...] = ()


def find_layout(header: Sequence[str], first: Sequence[str]) -> Layout:
    """The layout of a grid of cells, from its first row and its first column.

    The header wins where both could be an axis, unless it only counts 1, 2, 3, ... (as ``s1``,
    ``s2`` for samples do) or the corner cell names a unit (``nm``, ``wavenumber``).

    Raises:
        ReadError: no axis anywhere, or an axis that is out of order.
    """
    across, down = longest_run(header), longest_run(first)
    if down is not None and _goes_down(across, down, header):
        return Layout(False, checked(down, first, "row"), _stray_notes(down, first, "row"))
    if across is None:
        raise ReadError(_no_axis(header))
    return Layout(True, checked(across, header, "column"), _stray_notes(across, header, "column"))


def _goes_down(across: Run | None, down: Run, header: Sequence[str]) -> bool:
    corner = header[0].strip()
    named = unit_in(corner) is not None and (across is None or across.start > 0)
    if named or (across is None and len(header) == 2 and not down.counts):
        return True
    if down.fault is not None or down.counts:
        return False
    if across is None:
        return True
    if not across.usual and across.positions[0] in (0, 1):
        return True
    sample_corner = bool(_SAMPLE_WORDS.fullmatch(corner))
    return not sample_corner and (across.counts or (across.fault is not None and not corner))


def _stray_notes(run: Run, names: Sequence[str], what: str) -> tuple[str, ...]:
    others = strays(run, names)
    if not others:
        return ()
    listed = ", ".join(repr(name) for name in others[:4]) + (", ..." if len(others) > 4 else "")
    return (f"{len(others)} {what}(s) named by a number apart from the axis stay data: {listed}",)


def _no_axis(header: Sequence[str]) -> str:
    shown = ", ".join(repr(name.strip()) for name in header[:4]) + (", ..." if len(header) > 4 else "")
    return (
        f"no axis found: expected wavelengths, wavenumbers or angles as column names (1100, X1100.5, 1100 nm) or as "
        f"the first column, but the first row holds {shown}; add a header line with the position of every point"
    )
