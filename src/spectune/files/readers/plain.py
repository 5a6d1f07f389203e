"""Bytes of a text file to clean lines: encoding, line ends, comments, empty rows."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass

from spectune.errors import ReadError

MOST_BYTES = 8 * 2**30
"""A file (unpacked) beyond this is refused rather than allowed to fill the memory."""

_CONTROL = bytes([*range(0x09), *range(0x0E, 0x20)])
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, eq=False)
class Lines:
    """Rows of a text file that hold cells, as UTF-8.

    Attributes:
        texts: the lines without their ends.
        rows: the number each has in the file, counted from 1.
        comments: comment lines that stood in front.
        notes: what was left out.
    """

    texts: list[bytes]
    rows: list[int]
    comments: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


def lines_of(raw: bytes) -> Lines:
    """Lines of a text file without comments in front (``#``, ``%``) and without empty rows.

    Raises:
        ReadError: nothing but white space and delimiters, or bytes that are no text.
    """
    text = utf8(raw)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    numbered = [(k, line) for k, line in enumerate(text.split(b"\n"), start=1)]
    last = max((k for k, line in numbered if line.strip()), default=0)
    if not last:
        raise ReadError("the file is empty; expected a header line and one line per sample")
    start = next(
        (k for k, (_, line) in enumerate(numbered) if line.strip() and line.lstrip()[:1] not in (b"#", b"%")), 0
    )
    filled = [(k, line) for k, line in numbered[start:last] if line.strip(b" \t;,|\x0b\x0c")]
    if not filled:
        raise ReadError(
            "the file holds delimiters but not one filled cell; expected a header line and one line per sample"
        )
    skipped = last - start - len(filled)
    comments = tuple(line for _, line in numbered[:start] if line.strip())
    notes = (f"{skipped} empty row(s) were skipped",) if skipped else ()
    return Lines([line for _, line in filled], [k for k, _ in filled], comments, notes)


def utf8(raw: bytes) -> bytes:
    """Text as UTF-8 without a byte order mark; Latin-1 where it is not Unicode.

    Raises:
        ReadError: bytes that stand in no text, with the line of the first.
    """
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            raw = _recoded(raw[len(mark) :], encoding)
    if len(raw.translate(None, _CONTROL)) < len(raw):
        at = next(k for k, byte in enumerate(raw) if byte in _CONTROL)
        line = raw.count(b"\n", 0, at) + 1
        raise ReadError(
            f"expected text, but line {line} holds the byte 0x{raw[at]:02x}; the file is binary or damaged, "
            f"readable kinds are CSV, Excel, Parquet, .npz and .mat"
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1").encode("utf-8")
    return raw


def unpacked(raw: bytes) -> bytes:
    """Content of a gzip file.

    Raises:
        ReadError: a damaged file, or content beyond ``MOST_BYTES``.
    """
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error):
        raise ReadError("the gzip file is damaged or cut short; copy it again") from None
    if len(content) > MOST_BYTES:
        raise ReadError(f"the file unpacks to more than {MOST_BYTES / 2**30:g} GB, which is more than is read at once")
    return content


def _recoded(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).encode("utf-8")
    except UnicodeError:
        raise ReadError(f"the file claims to be {encoding} text but is damaged or cut short") from None
