"""``spectune bench schuetzke2023``: follow the benchmark, then say which network is right most often."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectune.cli.following import follow
from spectune.errors import SettingError, Stopped
from spectune.files.atomic import write_text
from spectune.papers.schuetzke2023.benchmark import Benchmark, benchmark
from spectune.papers.schuetzke2023.claims import Finding, claims, summary
from spectune.papers.schuetzke2023.entrants import EIGHT, Entrant, activations, entrants, networks
from spectune.papers.schuetzke2023.folder import PAGE
from spectune.papers.schuetzke2023.page import benchmark_page, headline
from spectune.papers.schuetzke2023.patterns import configuration
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import AS_RUN, Protocol
from spectune.papers.schuetzke2023.questions import Question, asked
from spectune.papers.schuetzke2023.scores import by_name, contests
from spectune.papers.schuetzke2023.tables import STANDING, standing_rows
from spectune.synthesis.patterns import PatternConfig
from spectune.training.allowance import cores
from spectune.training.machine import Machine


@dataclass(frozen=True)
class Asked:
    """What was said on the command line."""

    dataset: str = "challenge"
    classes: int | None = None
    models: str | None = None
    fc: str | None = None
    question: Question | None = None
    seeds: int = 5
    factor: float = AS_RUN
    epochs: int = 500
    cores: int = 0
    device: str = "cpu"
    memory: float = 8.0
    out: Path | None = None


SHOWN = 8
"""Columns of the table of networks that fit a terminal."""

HELD = 1 << 28
"""Bytes of spectra that are held divided by their maximum; larger sets are divided row by row, when needed."""

LIMITS: Mapping[str, tuple[float, float]] = {"seeds": (1, 1000), "cores": (0, 1024), "memory": (0.001, 1e6)}


def follow_benchmark(said: Asked) -> None:
    """Run the benchmark, write its page, and print what came of it.

    Raises:
        SettingError: options that make no sense, or a device that is not here.
        Stopped: Ctrl-C; the message says how to continue.
    """
    plan, console = planned(said), Console(highlight=False)
    try:
        with closing(benchmark(plan)) as steps:
            found: Benchmark = follow(steps, console)
    except KeyboardInterrupt:
        kept = f"finished seeds, and how far the others are, are kept in {plan.folder}"
        raise Stopped(f"stopped; {kept}; the same command continues") from None
    write_text(plan.folder / PAGE, benchmark_page(found, command_of(said)))
    _show(found, console)


def planned(said: Asked) -> Plan:
    """What is to be done.

    Raises:
        SettingError: no such data set, network or device, or options that exclude each other.
    """
    if said.question and (said.models or said.fc):
        raise SettingError("--question brings its own networks; leave out --models and --fc, or --question")
    for name, (low, high) in LIMITS.items():
        value = getattr(said, name)
        if not low <= value <= high:
            raise SettingError(f"--{name} must be from {low:.10g} to {high:.10g}, got {value:.10g}")
    protocol, config = Protocol(said.factor, said.epochs), configuration(said.dataset, said.classes)
    return Plan(
        Path(said.dataset).stem,
        config,
        _entrants(said, config),
        protocol,
        said.seeds,
        said.out or Path("runs") / f"schuetzke2023-{Path(said.dataset).stem}",
        said.question,
        said.memory,
        Machine(threads=said.cores or cores(), memory=HELD, device=said.device),
    )


def command_of(said: Asked) -> str:
    """What to type to repeat the benchmark.

    >>> command_of(Asked(models="cnn2"))
    'spectune bench schuetzke2023 --dataset challenge --models cnn2 --seeds 5 --factor 0.1 --epochs 500'
    """
    told = {
        "dataset": said.dataset,
        "classes": said.classes,
        "models": said.models,
        "fc": said.fc,
        "question": said.question,
        "seeds": said.seeds,
        "factor": said.factor,
        "epochs": said.epochs,
        "out": said.out and f"{said.out}-again",
    }
    words = [word for name, value in told.items() if value is not None for word in (f"--{name}", str(value))]
    return shlex.join(["spectune", "bench", "schuetzke2023", *words])


def _entrants(said: Asked, config: PatternConfig) -> tuple[Entrant, ...]:
    shape, outputs = (1, config.datapoints), len(config.spectra)
    if said.question:
        return asked(said.question, shape, outputs)
    names = EIGHT if said.models is None else networks(said.models)
    return entrants(names, activations(said.fc or "published"), shape, outputs)


def _show(found: Benchmark, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(STANDING[:SHOWN]):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in standing_rows(found):
        table.add_row(*(Text(cell) for cell in row[:SHOWN]))
    say, *reasons = headline(found, contests(by_name(found.runs), found.truth))
    console.print(f"\n{say}", style="bold", markup=False, soft_wrap=True)
    for reason in reasons:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    console.print(table)
    _show_claims(claims(found), console)
    console.print(f"report: {found.plan.folder / PAGE}", markup=False, soft_wrap=True)


def _show_claims(judged: tuple[Finding, ...], console: Console) -> None:
    if judged:
        table = Table("the paper found", "judgement", box=SIMPLE_HEAD, pad_edge=False)
        for one in judged:
            table.add_row(Text(one.claim), Text(one.judgement))
        console.print(summary(judged), markup=False, soft_wrap=True)
        console.print(table)
