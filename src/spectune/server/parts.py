"""The file in a form (``multipart/form-data``), taken apart in memory: nothing is written to a disk."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from spectune.errors import ReadError

_WANTED = "expected a form with one file, as curl -F file=@new.csv sends it"


@dataclass(frozen=True)
class File:
    """A file as it was sent."""

    name: str
    kind: str
    content: bytes


def file_in(body: bytes, content_type: str) -> File:
    """The first file of a form.

    Raises:
        ReadError: no form, or one without a file.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise ReadError(f"the form has no boundary in its content type; {_WANTED}")
    seen = _Seen()
    try:
        parser = MultipartParser(boundary, callbacks=seen.callbacks)  # type: ignore[arg-type]  # its type is a union of names
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise ReadError(f"the form cannot be taken apart ({error}); {_WANTED}") from None
    found = next((file for part in seen.whole if (file := _file(part)) is not None), None)
    if found is None:
        raise ReadError(f"the form holds no file; {_WANTED}")
    return found


@dataclass(eq=False)
class _Part:
    """A part of a form while it is read: its headers, and its bytes."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""
    content: bytearray = field(default_factory=bytearray)


@dataclass(eq=False)
class _Seen:
    """What the parser found so far; ``whole`` are the parts that came to their end."""

    part: _Part = field(default_factory=_Part)
    whole: list[_Part] = field(default_factory=list)

    @property
    def callbacks(self) -> dict[str, object]:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._name,
            "on_header_value": self._value,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": lambda: self.whole.append(self.part),
        }

    def _begin(self) -> None:
        self.part = _Part()

    def _name(self, data: bytes, start: int, end: int) -> None:
        self.part.name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self.part.value += data[start:end]

    def _header(self) -> None:
        self.part.headers[self.part.name.lower()] = self.part.value
        self.part.name = self.part.value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.part.content += data[start:end]


def _file(part: _Part) -> File | None:
    """A part as a file, if it is one."""
    _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
    if b"filename" not in options:
        return None
    kind = part.headers.get(b"content-type", b"").decode("latin-1")
    return File(options[b"filename"].decode("utf-8", "replace"), kind, bytes(part.content))
