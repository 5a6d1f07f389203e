"""A page made of sections: what every report but that of a single run is written with.

A part of a section is a value; what it looks like is the template's affair. Numbering, contents
and escaping are done there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spectune.report.rendering import inline, rendered
from spectune.report.sheets import Pairs
from spectune.report.tables.grid import Grid


@dataclass(frozen=True)
class Words:
    """A paragraph; ``heading`` stands above it where it begins a new thought."""

    text: str
    heading: str = ""
    kind: Literal["words"] = "words"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    sentences: tuple[str, ...]
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Terms:
    """Terms, each with its description."""

    pairs: Pairs
    kind: Literal["terms"] = "terms"


@dataclass(frozen=True)
class Picture:
    """A standalone SVG (as ``report.drawing.svg`` makes it) with what is to be seen in it."""

    svg: str
    caption: str
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True)
class Table:
    """A table with what stands in it."""

    grid: Grid
    caption: str
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Code:
    """Text to be typed or kept as it is."""

    text: str
    kind: Literal["code"] = "code"


Part = Words | Points | Terms | Picture | Table | Code


@dataclass(frozen=True)
class Section:
    """A numbered section; ``short`` is its name in the contents."""

    title: str
    parts: tuple[Part, ...]
    short: str = ""


@dataclass(frozen=True)
class Head:
    """The top of a page.

    Attributes:
        kind: small print above the title: what sort of page, of which data.
        title: of the page.
        say: the answer, in one or two sentences.
        reasons: what stands behind it.
        warning: what a reader must know before anything else, such as that data are simulated.
    """

    kind: str
    title: str
    say: str
    reasons: tuple[str, ...] = ()
    warning: str = ""


def page(head: Head, sections: Sequence[Section], footer: str) -> str:
    """One self-contained HTML page that opens without a network."""
    return rendered(
        "sections.html.jinja", {"head": head, "sections": tuple(sections), "footer": footer, "inline": inline}
    )
