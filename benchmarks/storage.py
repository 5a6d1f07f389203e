"""What the copy of a search costs, by where it is kept.

    python benchmarks/storage.py [POSTGRESQL_URL]

Trials as those of the default space: 22 hyperparameters, six reports, five notes. They end one at a time, and
each waits until the one before is written. Optuna's own calls, one trial a call, stand beside. The table goes
to ``benchmarks/storage.md``; PostgreSQL is measured where an address is given, and its study removed.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from pages import markdown, write

from spectune.report.tables.grid import Grid, columns
from spectune.tuning.book import About, Book, book_at, book_in, entered, number
from spectune.tuning.ledger import ledger
from spectune.tuning.places import Journal, Postgres, SQLite, place_of

TRIALS, MANY = 100, 1000
ABOUT = About("benchmark-of-storage", "benchmark", ("error",), {})
RANGES: dict[str, BaseDistribution] = {
    **{f"conv.{place}.kernel": IntDistribution(2, 30) for place in range(8)},
    **{f"rate.{place}": FloatDistribution(1e-5, 1e-1, log=True) for place in range(8)},
    **{f"form.{place}": CategoricalDistribution(("a", "b", "c")) for place in range(6)},
}

Kept = SQLite | Journal | Postgres


@dataclass(frozen=True)
class Cost:
    """What a copy costs: milliseconds of processor time and of waiting, a trial or once."""

    search: float
    processor: float
    written: float
    optunas: float
    opening: float
    many: float


def trials(count: int) -> list[FrozenTrial]:
    """Trials that have ended."""
    chance = np.random.default_rng(1)
    return [_trial(place, chance) for place in range(count)]


def _trial(place: int, chance: np.random.Generator) -> FrozenTrial:
    values = {name: _drawn(drawn, chance) for name, drawn in RANGES.items()}
    notes = {"trial": place, "seconds": 1.0, "recipe": "84f11255d01f", "parameters": 48_001, "reason": ""}
    reports = {part: float(chance.random()) for part in (1, 3, 9, 27, 81, 243)}
    return create_trial(
        state=TrialState.COMPLETE,
        value=float(chance.random()),
        params=values,
        distributions=RANGES,
        user_attrs=notes,
        intermediate_values=reports,
    )


def _drawn(drawn: BaseDistribution, chance: np.random.Generator) -> object:
    match drawn:
        case IntDistribution(low=low, high=high):
            return int(chance.integers(low, high + 1))
        case CategoricalDistribution(choices=choices):
            return choices[chance.integers(len(choices))]
    return float(chance.uniform(1e-4, 1e-2))


def book(where: Kept, folder: Path) -> AbstractContextManager[Book]:
    """The copy at a place, open."""
    return book_at(where, ABOUT) if isinstance(where, Postgres) else book_in(folder, where, ABOUT, print)


def cost(where: Kept, folder: Path) -> Cost:
    """What a copy there costs."""
    made = trials(TRIALS)
    opening, processor, written = _one_by_one(where, folder, made)
    search = _in_the_search(where, folder, made)
    optunas = _by_optuna(where, folder, made)
    begun = time.perf_counter()
    with ledger(where, folder, ABOUT, lambda _: None, print) as copy:
        for trial in trials(MANY):
            copy(trial)
    many = time.perf_counter() - begun
    _removed(where, folder)
    return Cost(search, processor, written, optunas, opening, many)


def _one_by_one(where: Kept, folder: Path, made: list[FrozenTrial]) -> tuple[float, float, float]:
    """Milliseconds to open an empty copy, and a trial: of processor time, and until it is written (the median)."""
    begun, waits, handed = time.perf_counter(), [], {number(trial): trial for trial in made}
    with book(where, folder) as open_book:
        opening, busy = time.perf_counter() - begun, time.process_time()
        for trial in made:
            since = time.perf_counter()
            open_book = entered(open_book, ABOUT, handed, [trial])
            waits.append(time.perf_counter() - since)
        busy = time.process_time() - busy
    _removed(where, folder)
    return 1e3 * opening, 1e3 * busy / len(made), 1e3 * sorted(waits)[len(waits) // 2]


def _in_the_search(where: Kept, folder: Path, made: list[FrozenTrial]) -> float:
    """Milliseconds a trial that the search itself waits, while the thread beside it writes."""
    waits = []
    with ledger(where, folder, ABOUT, lambda _: None, print) as copy:
        for trial in made:
            since = time.perf_counter()
            copy(trial)
            waits.append(time.perf_counter() - since)
            time.sleep(0.02)
    _removed(where, folder)
    return 1e3 * sum(waits) / len(waits)


def _by_optuna(where: Kept, folder: Path, made: list[FrozenTrial]) -> float:
    """Milliseconds of processor time a trial by the storage's own call."""
    with book(where, folder) as open_book:
        busy = time.process_time()
        for trial in made:
            open_book.storage.create_new_trial(open_book.study, template_trial=trial)
        busy = time.process_time() - busy
    _removed(where, folder)
    return 1e3 * busy / len(made)


def _removed(where: Kept, folder: Path) -> None:
    match where:
        case SQLite(file) | Journal(file):
            (folder / file).unlink()
        case Postgres():
            with book_at(where, ABOUT) as open_book:
                open_book.storage.delete_study(open_book.study)


def table(measured: dict[str, Cost]) -> str:
    """All costs, a row a place."""
    head = (
        "storage",
        "search waits, ms",
        "processor, ms",
        "written in, ms",
        "Optuna's call: processor, ms",
        "opened empty in, ms",
        f"{MANY} trials made whole in, s",
    )
    return markdown(Grid(head, columns(list(measured), [_cells(one) for one in measured.values()])))


def _cells(one: Cost) -> tuple[str, ...]:
    per_trial = (f"{one.search:.3f}", f"{one.processor:.1f}", f"{one.written:.1f}", f"{one.optunas:.1f}")
    return (*per_trial, f"{one.opening:.0f}", f"{one.many:.1f}")


def places(urls: list[str]) -> Iterator[tuple[str, Kept]]:
    """What is measured."""
    yield "sqlite", SQLite()
    yield "journal", Journal()
    for url in urls:
        where = place_of(url)
        if isinstance(where, Postgres):
            yield "postgresql", where


def main() -> None:
    """Measure all places and write the page."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    measured = {}
    for name, where in places(sys.argv[1:]):
        with TemporaryDirectory(dir=Path.cwd()) as folder:
            measured[name] = cost(where, Path(folder))
            print(name, measured[name], flush=True)
    versions = f"Optuna {version('optuna')}, SQLAlchemy {version('sqlalchemy')}"
    head = f"""# The copy of a search: what it costs

{date.today()}, {platform.machine()}, {versions}; `python benchmarks/storage.py [POSTGRESQL_URL]`

{TRIALS} trials of 22 hyperparameters, six reports and five notes, one after another. A thread beside the search writes
them: the search itself waits only as long as the first column says. The processor time is what that thread takes from
the training of a trial.
"""
    write(Path(__file__).with_suffix(".md"), head, [table(measured)])


if __name__ == "__main__":
    main()
