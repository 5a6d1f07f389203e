"""R's own files (.RData, .rda, .rds) through rdata, an optional extra.

The spectra are a matrix that is a column of a data frame, as in the LUCAS topsoil library
(``LUCAS.SOIL$spc``) or ``prospectr``'s ``NIRsoil``: its column names are the axis, the other columns
of the frame stand beside. rdata's parser is enough: what R would make of classes is not asked.
"""

from __future__ import annotations

import bz2
import io
import lzma
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.arrays import finite_rows
from spectune.files.readers.draft import Draft
from spectune.files.readers.header import checked, longest_run
from spectune.files.readers.names import ID_WORDS
from spectune.files.readers.plain import MOST_BYTES, unpacked
from spectune.files.readers.units import unit_in
from spectune.spectra.table import Column

try:
    import rdata as library
except ImportError:
    library = None

SUFFIXES = (".rdata", ".rda", ".rds")

_MARKS = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"RDB2\n", b"RDB3\n", b"X\n", b"A\n", b"B\n")
_LONGEST = 10**8
"""Values that a sequence may stand for which R keeps as its ends only."""


@dataclass(frozen=True, eq=False)
class _Spectra:
    """A matrix of numbers in a data frame: its name, values, column names, and the frame's other columns."""

    name: str
    x: NDArray[np.float64]
    titles: list[str]
    columns: Mapping[str, Column]


def is_r(raw: bytes) -> bool:
    """Whether unpacked bytes begin as R's files do; the short marks of .rds are not looked for."""
    return raw[:5] in _MARKS[:6]


def read_r(raw: bytes, chosen: str | None) -> Draft:
    """Spectra of a data frame in a file of R.

    Args:
        raw: the file, compressed or not.
        chosen: object, column, or ``object$column``, where there are several.

    Raises:
        ReadError: rdata is missing, a damaged file, or no matrix of spectra in it.
    """
    if library is None:
        raise ReadError(
            "reading R's .RData and .rds files needs rdata: pip install 'spectune[rdata]'; "
            "or write the table in R with write.csv() and read that"
        )
    try:
        found = [one for name, frame in _objects(_parsed(raw)) for one in _matrices(name, frame)]
    except _FAULTS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise ReadError(f"the file of R is damaged or cut short ({reason}); save it again with save()") from None
    return _draft(_chosen(found, chosen))


_FAULTS = (
    ValueError,  # also UnicodeDecodeError
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NameError,  # a type that rdata passes over without a value
    AssertionError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    EOFError,
    OSError,
    RecursionError,
)
"""What rdata raises for a file that breaks off, or whose lengths and types are not what they were."""


def _parsed(raw: bytes) -> Any:
    content = _content(raw)
    if not content.startswith(_MARKS):
        raise ReadError("the file does not begin as a file of R does; save it again with save() or saveRDS()")
    known = dict(library.parser.DEFAULT_ALTREP_MAP)
    known |= {name: _bounded(known[name]) for name in (b"compact_intseq", b"compact_realseq")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extension = ".rda" if is_r(content) else ".rds"
        return library.parser.parse_data(content, extension=extension, altrep_constructor_dict=known).object


def _content(raw: bytes) -> bytes:
    """The file without its compression; R knows three kinds."""
    if raw.startswith(b"\x1f\x8b"):
        return unpacked(raw)
    if not raw.startswith((b"BZh", b"\xfd7zXZ\x00")):
        return raw
    packed = io.BytesIO(raw)
    try:
        with bz2.open(packed) if raw.startswith(b"BZh") else lzma.open(packed) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, lzma.LZMAError):
        raise ReadError("the file of R is damaged or cut short; copy it again") from None
    if len(content) > MOST_BYTES:
        raise ReadError(f"the file unpacks to more than {MOST_BYTES / 2**30:g} GB, which is more than is read at once")
    return content


def _bounded(expand: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def made(state: Any) -> Any:
        if not 0 <= float(state.value[0]) <= _LONGEST:
            raise ValueError(f"a sequence claims {float(state.value[0]):g} values")
        return expand(state)

    return made


def _objects(whole: Any) -> Iterator[tuple[str, Any]]:
    """Objects by name; that of an .rds file has none."""
    if whole.info.type.name != "LIST":
        yield "", whole
        return
    yield from _pairs(whole)


def _pairs(cell: Any) -> Iterator[tuple[str, Any]]:
    while cell is not None and cell.info.type.name == "LIST":
        yield _symbol(cell.tag), cell.value[0]
        cell = cell.value[1]


def _symbol(tag: Any) -> str:
    symbol = tag.referenced_object if tag.info.type.name == "REF" else tag
    return _text(symbol.value)


def _text(letters: Any) -> str:
    """A CHAR of R; a missing one is the empty text."""
    if letters.value is None:
        return ""
    try:
        return str(letters.value.decode("utf-8"))
    except UnicodeDecodeError:
        return str(letters.value.decode("latin-1"))


def _matrices(name: str, frame: Any) -> Iterator[_Spectra]:
    """Matrices of numbers that are columns of a data frame, three columns wide and wider."""
    attributes = dict(_pairs(frame.attributes))
    if frame.info.type.name != "VEC" or "names" not in attributes:
        return
    cells = dict(zip(_words(attributes["names"]), frame.value, strict=True))
    vectors = _vectors(cells, attributes.get("row.names"))
    for title, cell in cells.items():
        known = dict(_pairs(cell.attributes))
        if cell.info.type.name not in ("REAL", "INT") or "dim" not in known:
            continue
        rows, width = (int(one) for one in known["dim"].value)
        columns = {one: column for one, column in vectors.items() if column.shape == (rows,)}
        x = _numbers(cell).reshape((rows, width), order="F")
        if width >= 3:
            yield _Spectra(f"{name}${title}".removeprefix("$"), x, _titles(known), columns)


def _vectors(cells: Mapping[str, Any], labels: Any) -> dict[str, Column]:
    """Plain columns by name; names of rows that are words become ids where there are none."""
    made = {title: column for title, cell in cells.items() if (column := _column(cell)) is not None}
    named = {title.casefold() for title in made}
    if labels is None or labels.info.type.name != "STR" or named & set(ID_WORDS):
        return made
    return {"id": np.asarray(_words(labels), dtype=np.str_), **made}


def _titles(attributes: Mapping[str, Any]) -> list[str]:
    names = attributes.get("dimnames")
    return [] if names is None or names.value[1].info.type.name != "STR" else _words(names.value[1])


def _words(cell: Any) -> list[str]:
    return [_text(letters) for letters in cell.value]


def _numbers(cell: Any) -> NDArray[np.float64]:
    return np.ma.filled(np.ma.asarray(cell.value).astype(np.float64), np.nan)


def _column(cell: Any) -> Column | None:
    """A plain column of a frame: numbers, words, or a factor as its words; None for anything else."""
    known = dict(_pairs(cell.attributes))
    if "dim" in known:
        return None
    match cell.info.type.name:
        case "STR":
            return np.asarray(_words(cell), dtype=np.str_)
        case "INT" if "levels" in known:
            levels = ["", *_words(known["levels"])]
            return np.asarray([levels[int(code)] for code in np.nan_to_num(_numbers(cell))], dtype=np.str_)
        case "INT" | "REAL" | "LGL":
            return _numbers(cell)
        case _:
            return None


def _chosen(found: list[_Spectra], chosen: str | None) -> _Spectra:
    contents = ", ".join(f"{one.name} ({one.x.shape[0]} x {one.x.shape[1]})" for one in found) or "none"
    fitting = [one for one in found if chosen is None or chosen in (one.name, *one.name.split("$"))]
    with_axis = [one for one in fitting if (run := longest_run(one.titles)) and len(run) == one.x.shape[1]]
    best = with_axis or fitting
    if len(best) == 1:
        return best[0]
    if best:
        raise ReadError(f"several matrices could be the spectra: {contents}; name one of them with sheet")
    wanted = f" called {chosen!r}" if chosen else ""
    raise ReadError(
        f"no spectra found: expected a data frame with a column{wanted} that is a matrix of numbers, one row per "
        f"sample, but the matrices in the file are: {contents}"
    )


def _draft(found: _Spectra) -> Draft:
    notes = (f"the spectra are {found.name}",)
    width = found.x.shape[1]
    run = longest_run(found.titles)
    if found.titles and (run is None or len(run) != width):
        odd = next(title for k, title in enumerate(found.titles) if run is None or not run.start <= k < run.stop)
        raise ReadError(f"the column names of {found.name} should be the axis, but {odd!r} is no position")
    if run is None:
        return Draft(*_finite(found.x, np.arange(1.0, width + 1)), found.columns, None, notes)
    positions = checked(run, found.titles, "column").positions
    return Draft(*_finite(found.x, positions), found.columns, run.unit or unit_in(found.name), notes)


def _finite(x: NDArray[np.float64], positions: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    return finite_rows(x, positions), positions
