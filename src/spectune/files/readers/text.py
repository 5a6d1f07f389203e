"""CSV and other delimited text: one sample per row or per column, or a list of x, y pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spectune.errors import ReadError
from spectune.files.readers.body import Body, body_of, numbers_and_words
from spectune.files.readers.dialect import Dialect, sniff
from spectune.files.readers.draft import Draft
from spectune.files.readers.header import longest_run
from spectune.files.readers.layout import Layout, find_layout
from spectune.files.readers.names import ID_WORDS, columns_of
from spectune.files.readers.plain import Lines, lines_of
from spectune.files.readers.units import unit_in


def read_text(raw: bytes) -> Draft:
    """Spectra of a text file.

    Raises:
        ReadError: no axis, ragged rows, cells that are no numbers, bytes that are no text.
    """
    lines = lines_of(raw)
    dialect = sniff(lines.texts)
    lines = _with_commented_header(_without_end_marks(lines, dialect), dialect)
    draft = draft_of(body_of(lines.texts, lines.rows, _quoting(dialect, lines.texts)))
    return replace(draft, notes=(*lines.notes, *draft.notes))


def draft_of(body: Body) -> Draft:
    """Spectra of a grid of cells, whichever way it lies."""
    header = body.cells(0)
    first = body.first()
    layout = find_layout(header, first)
    if layout.across:
        return _samples_in_rows(body, header, layout)
    return _samples_in_columns(body, header, first, layout)


def _samples_in_rows(body: Body, header: Sequence[str], layout: Layout) -> Draft:
    run = layout.run
    label = next((j for j, name in enumerate(header) if name.strip().casefold() in ID_WORDS), None)
    if len(body.lines) < 2:
        raise ReadError("there is a header but not one spectrum under it")
    x, words = numbers_and_words(body.part(1, len(body.lines)), range(run.start, run.stop), header, label)
    columns = columns_of(((header[j], words[j]) for j in words), body.dialect.comma)
    return Draft(x, run.positions, columns, run.unit, layout.notes)


def _samples_in_columns(body: Body, header: Sequence[str], first: Sequence[str], layout: Layout) -> Draft:
    run = layout.run
    named = header if run.start > 0 else [f"{j + 1}" for j in range(body.width)]
    x, _ = numbers_and_words(body.part(run.start, run.stop), range(1, body.width), named, 0)
    others = [k for k in range(len(body.lines)) if not run.start <= k < run.stop]
    corner = header[0] if run.start > 0 else ""
    metadata = [("id" if k == 0 and _is_corner(first[k]) else first[k], body.cells(k)[1:]) for k in others]
    columns = columns_of(metadata, body.dialect.comma)
    said = f"one sample per column: {body.width - 1} spectra of {len(run)} points"
    notes = (*layout.notes, said) if body.width > 2 else layout.notes
    return Draft(np.ascontiguousarray(x.T), run.positions, columns, run.unit or unit_in(corner), notes)


def _is_corner(name: str) -> bool:
    return not name.strip() or unit_in(name) is not None


def _quoting(dialect: Dialect, lines: Sequence[bytes]) -> Dialect:
    return replace(dialect, quoted=any(b'"' in line for line in lines))


def _with_commented_header(lines: Lines, dialect: Dialect) -> Lines:
    """Lines with the last comment as header, where it holds the axis (numpy.savetxt)."""
    comment = lines.comments[-1].lstrip(b"#% \t") if lines.comments else b""
    if not comment or dialect.width(comment) != dialect.width(lines.texts[0]):
        return lines
    above, below = longest_run(dialect.cells(comment)), longest_run(dialect.cells(lines.texts[0]))
    headed = below is not None and below.fault is None and below.style != ("", "")
    if above is None or above.fault is not None or headed:
        return lines
    return replace(lines, texts=[comment, *lines.texts], rows=[lines.rows[0] - 1, *lines.rows])


def _without_end_marks(lines: Lines, dialect: Dialect) -> Lines:
    """Lines without trailing comments such as ``##END=``."""
    stop = len(lines.texts)
    while stop > 1 and lines.texts[stop - 1].startswith((b"##", b"%%")) and dialect.width(lines.texts[stop - 1]) == 1:
        stop -= 1
    return replace(lines, texts=lines.texts[:stop], rows=lines.rows[:stop])
