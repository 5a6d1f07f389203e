"""Templates to pages: one environment for every page, figures put inside, no script and no outside reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import Namespace
from markupsafe import Markup

from spectune.report.wording import breakable


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """The page that a template of this folder makes of ``values``; the same text for the same values."""
    environment = Environment(
        loader=PackageLoader("spectune", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template(template).render({**values, "count": Namespace(figure=0, table=0, section=0)})


def inline(svg: str) -> Markup:
    """A standalone SVG as a part of a page: without namespaces, which only a file of its own needs.

    Matplotlib has escaped every text in it.
    """
    opening, rest = svg.split(">", 1)
    return Markup(re.sub(r' (xmlns(:xlink)?|version|width|height)="[^"]*"', "", opening) + ">" + rest)  # noqa: S704 - escaped, see above
