"""The spectra in the body of a request: text, JSON or Parquet, alone or as the file of a form.

Bytes are read where they are: no name that was sent is ever used as a path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, FailFast, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from spectune.errors import ReadError
from spectune.files.border import sentences
from spectune.files.readers.draft import Draft, table_of
from spectune.files.readers.parquet import cells_in, read_parquet
from spectune.files.readers.sidecar import Sidecar
from spectune.files.readers.text import read_text
from spectune.server.limits import Limits, check_rows, too_large
from spectune.server.parts import file_in
from spectune.spectra.axis import Unit
from spectune.spectra.table import Column, Signal, Table

Kind = Literal["text", "json", "parquet"]

KINDS: dict[str, Kind] = {
    "text/csv": "text",
    "text/plain": "text",
    "text/tab-separated-values": "text",
    "application/json": "json",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}
"""What a content type says; others are known by the content."""

UNNAMED = "the spectra"
"""How errors call a body without a file's name."""

_FOREIGN = (b"\x1f\x8b", b"PK", b"MATLAB ", b"\x89HDF", b"\xd0\xcf\x11\xe0", b"%PDF")
_EXAMPLE = '{"axis": [...], "unit": "nm", "spectra": [[...], ...]}'

LONGEST = 300
"""Letters of what is said of a body or a question that is none."""


@dataclass(frozen=True)
class Asked:
    """What is said of spectra beside them; None where they say it themselves."""

    unit: Unit | None = None
    signal: Signal | None = None


@dataclass(frozen=True)
class Body:
    """Spectra as JSON: ``axis`` (points), ``spectra`` (rows of as many points), and what may be known of them."""

    axis: Annotated[list[float], FailFast(), Field(description="Positions of the points, at least 2.")]
    spectra: Annotated[
        list[Annotated[list[float], FailFast()]],
        FailFast(),
        Field(description="A list for each spectrum, with a value for each position."),
    ]
    ids: Annotated[list[str] | None, Field(description="A name for each spectrum.")] = None
    unit: Annotated[Unit | None, Field(description="Unit of the axis.")] = None
    signal: Annotated[Signal | None, Field(description="Kind of signal.")] = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


_BODIES = TypeAdapter(Body)

JSON_SCHEMA = _BODIES.json_schema()
"""``Body``, as JSON Schema."""


def table_in(body: bytes, content_type: str, asked: Asked, limits: Limits) -> Table:
    """The spectra of a request.

    Args:
        body: what was sent.
        content_type: what its header says it is.
        asked: what is said of the spectra.
        limits: how many there may be.

    Raises:
        ReadError: spectra that cannot be read; the sentence is that of the command line.
        HTTPException: too many (413), or a file of a kind that is not taken (415).
    """
    name, essence = UNNAMED, _essence(content_type)
    try:
        if essence == "multipart/form-data":
            file = file_in(body, content_type)
            name, essence, body = _shown(file.name), _essence(file.kind), file.content
            essence = "application/json" if name.casefold().endswith(".json") else essence
        if not body:
            raise ReadError("the file is empty")
        return _table(body, _kind(body, essence), name, asked, limits)
    except ReadError as error:
        raise ReadError(f"{name}: {error}") from None


def _table(body: bytes, kind: Kind, name: str, asked: Asked, limits: Limits) -> Table:
    match kind:
        case "json":
            draft, asked = _draft(body, asked)
        case "parquet":
            if 4 * cells_in(body) > limits.bytes:
                raise too_large(limits)
            draft = read_parquet(body)
        case "text":
            draft = read_text(body)
    check_rows(len(draft.x), limits)
    if name == UNNAMED and not draft.columns:
        draft = replace(draft, columns={"id": np.arange(1.0, len(draft.x) + 1)})
    return table_of(draft, Path(name), asked.unit, asked.signal, Sidecar())


def _kind(body: bytes, essence: str) -> Kind:
    if body.startswith(b"PAR1"):
        return "parquet"
    if body.startswith(_FOREIGN):
        raise HTTPException(415, "expected CSV or other text, JSON or Parquet; read other files with spectune predict")
    return KINDS.get(essence, "json" if body.lstrip()[:1] == b"{" else "text")


def _draft(body: bytes, asked: Asked) -> tuple[Draft, Asked]:
    """The spectra of a JSON body, and what it says of them."""
    try:
        sent = _BODIES.validate_json(body)
    except ValidationError as error:
        told = sentences(error, ("axis", "spectra", "ids", "unit", "signal"))[0].removeprefix(": ")
        raise ReadError(f"{told[:LONGEST]}; expected {_EXAMPLE}") from None
    _check_shape(sent)
    positions = np.asarray(sent.axis)
    with np.errstate(over="ignore"):
        x = np.asarray(sent.spectra, dtype=np.float64).astype(np.float32)
    if not np.isfinite(x).all():
        row, point = np.argwhere(~np.isfinite(x))[0].tolist()
        raise ReadError(f"spectrum {row + 1} has at {positions[point]:g} a value that is no usable number")
    columns: dict[str, Column] = {} if sent.ids is None else {"id": np.asarray(sent.ids, dtype=np.str_)}
    return Draft(x, positions, columns), Asked(sent.unit or asked.unit, sent.signal or asked.signal)


def _check_shape(sent: Body) -> None:
    points = len(sent.axis)
    if points < 2:
        raise ReadError(f"an axis needs at least 2 points, this one has {points}")
    if not np.isfinite(sent.axis).all():
        raise ReadError("the axis holds a position that is not a finite number")
    for number, spectrum in enumerate(sent.spectra, start=1):
        if len(spectrum) != points:
            raise ReadError(f"spectrum {number} has {len(spectrum)} values and the axis has {points}")
    if sent.ids is not None and len(sent.ids) != len(sent.spectra):
        raise ReadError(f"there are {len(sent.ids)} ids for {len(sent.spectra)} spectra")


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().casefold()


def _shown(name: str) -> str:
    """A file's name as it may stand in a sentence."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:100].strip(". ") or UNNAMED
