"""The tutorial of Passos & Mishra (2022): the published procedure and ours, simulated and measured spectra.

    python benchmarks/passos2022.py DATA_FOLDER OUT_FOLDER [NAME ...]

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. Every step is kept under OUT_FOLDER and is not done
again; with names, only those chapters are worked on, and the page has those that are complete. The tables go to
``benchmarks/passos2022.md``; what stands below its first ``##`` that begins with "Read" is kept.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from pages import last, markdown, write

from spectune.files.read import read
from spectune.files.settings import Settings
from spectune.papers.passos2022.data import simulated_mango, simulated_wheat
from spectune.papers.passos2022.experiment import Experiment, Plan, experiment
from spectune.papers.passos2022.material import Published
from spectune.papers.passos2022.ordinary import Further, from_table
from spectune.papers.passos2022.page import experiment_page, headline
from spectune.papers.passos2022.standing import beside_words, reached_words, spread_words
from spectune.papers.passos2022.tables import further_grids, models_grid, searches_grid
from spectune.report.pruning import headline as regret_headline
from spectune.report.pruning import reasons

PAGE = Path(__file__).with_suffix(".md")
Source = Callable[[Settings], tuple[Published, Mapping[str, Further]]]


@dataclass(frozen=True)
class Chapter:
    """One set of spectra: trials of the published search, searches of it, and trials of ours."""

    kind: str
    source: Source
    settings: Settings
    published: int
    seeds: int
    ours: int
    words: str


def measured(settings: Settings) -> tuple[Published, Mapping[str, Further]]:
    """Spectra of a file."""
    return from_table(read(settings.data), settings)


def mango(rows: int, settings: Settings) -> tuple[Published, Mapping[str, Further]]:
    """Simulated mango."""
    return simulated_mango(rows, settings.seed), {}


def wheat(rows: int, settings: Settings) -> tuple[Published, Mapping[str, Further]]:
    """Simulated wheat."""
    return simulated_wheat(rows, settings.seed), {}


def chapters(data: Path, out: Path) -> dict[str, Chapter]:
    """Every chapter of the page by its name."""

    def told(name: str, target: str, kind: str, **more: object) -> Settings:
        source = str(data / name / "spectra.parquet") if (data / name).exists() else f"simulated {name}"
        base = Settings(source, target, str(out / name), space=f"passos-{kind}", lr="auto", split="split")
        return replace(base, **more)  # type: ignore[arg-type]

    number, classes = "regression", "classification"
    return {
        "mango": Chapter(number, partial(mango, 11_362), told("mango", "dry_matter", number), 500, 1, 60, "full shape"),
        "mango-seeds": Chapter(
            number, partial(mango, 11_362), told("mango-seeds", "dry_matter", number), 100, 3, 0, "three searches"
        ),
        "cassava": Chapter(
            number, measured, told("cassava", "beta_carotene", number), 100, 1, 100, "test rows are another year"
        ),
        "plastics_nir": Chapter(
            classes, measured, told("plastics_nir", "polymer", classes, group="item", classes=True), 50, 1, 50,
            "groups are items; rows called shift are another session",
        ),
        "raman_microplastics": Chapter(
            classes, measured, told("raman_microplastics", "polymer", classes, classes=True), 50, 1, 50, "11 polymers"
        ),
        "wheat": Chapter(
            classes, partial(wheat, 27_019), told("wheat", "variety", classes), 50, 1, 0, "a fifth of the shape"
        ),
    }  # fmt: skip


def worked(chapter: Chapter) -> Experiment:
    """Both procedures on one set, or what is left of them."""
    spectra, further = chapter.source(chapter.settings)
    settings = replace(chapter.settings, target=spectra.target)
    plan = Plan(replace(settings, trials=chapter.published), True, chapter.seeds)
    found = last(experiment(plan, spectra, further))
    if chapter.ours:
        plan = Plan(replace(settings, trials=chapter.ours))
        found = last(experiment(plan, spectra, further))
    command = f"python benchmarks/passos2022.py DATA OUT {plan.folder.name}"
    (plan.folder / "report.html").write_text(experiment_page(found, command), encoding="utf-8")
    return found


def said(name: str, chapter: Chapter, found: Experiment) -> str:
    """One set in tables."""
    counts = ", ".join(f"{part.size:,} {role}" for role, part in found.rows.roles.items())
    parts = [
        f"## {name}: {chapter.kind}, {counts} rows; {chapter.words}",
        headline(found),
        markdown(models_grid(found)),
        markdown(searches_grid(found)),
        *(words for words in (spread_words(found), reached_words(found), beside_words(found)) if words),
    ]
    if found.ours is not None and found.ours.regret is not None:
        parts.append(f"Pruning: {regret_headline(found.ours.regret)} {' '.join(reasons(found.ours.regret))}")
    if found.ours is not None:
        parts += [f"Rows called {label!r}:\n\n{markdown(grid)}" for label, grid in further_grids(found.ours)]
    return "\n\n".join(parts)


def main() -> None:
    """Do what is missing and write the page."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    every = chapters(data, out)
    asked = sys.argv[3:] or list(every)
    made = []
    for name, chapter in every.items():
        done = out / name / "report.html"
        if name in asked or done.exists():
            made.append(said(name, chapter, worked(chapter)))
    head = (
        f"# Passos & Mishra (2022): the published procedure and ours\n\n{date.today()}, {platform.machine()}, "
        f"{os.cpu_count()} cores; `python benchmarks/passos2022.py DATA OUT`. Simulated mango and wheat stand in for "
        "the paper's; published figures are of its own spectra. Test rows are opened once by each procedure.\n"
    )
    write(PAGE, head, made)
    print(PAGE)


if __name__ == "__main__":
    main()
