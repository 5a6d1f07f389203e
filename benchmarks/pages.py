"""What the benchmarks that write a page share."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

from spectune.progress import Progress
from spectune.report.tables.grid import Grid

T = TypeVar("T")


def last(steps: Generator[Progress | T, None, None]) -> T:
    """What work gives at its end; a line for every step on the way."""
    for step in steps:
        if not isinstance(step, Progress):
            return step
        print(f"{step.stage} {step.done}/{step.total}: {step.sentence}", flush=True)
    raise AssertionError("work ends with what it made")


def markdown(grid: Grid) -> str:
    """A grid as a table of Markdown."""
    over = [name for name, width in grid.groups for _ in range(width)] or [""] * len(grid.head)
    head = [f"{group} {name}".strip() for group, name in zip(over, grid.head, strict=True)]
    lines = [head, ["---"] * len(head), *grid.rows]
    return "\n".join(f"| {' | '.join(re.sub('<[^>]+>', '', str(cell)).strip() for cell in line)} |" for line in lines)


def write(page: Path, head: str, chapters: list[str]) -> None:
    """Writes the page; what stands below its first ``##`` that begins with "Read" is kept."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    kept = before[before.index("\n## Read") :] if "\n## Read" in before else ""
    page.write_text("\n".join([head, "\n\n".join(chapters), kept]), encoding="utf-8")
