"""What the network of a finished run looks at: attributions beside PLS, a page and a table."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectune.assessment.outcome import Outcome
from spectune.assessment.pls_weights import PlsWeights, pls_weights
from spectune.explanation.attribution import METHODS, Attribution, Case
from spectune.explanation.explaining import Explanation, Silence, explained, single_cases, spectra_of, usual_cases
from spectune.explanation.sanity import FRESH, Survival
from spectune.files.atomic import write_text
from spectune.files.models import load_model
from spectune.files.runs import load_outcome
from spectune.files.tables import write_table
from spectune.progress import Progress
from spectune.report.explaining import explanation_page
from spectune.report.tables.explanation import explanation_table

PAGE, TABLE = "explanation.html", "explanation.csv"


@dataclass(frozen=True, eq=False)
class Shown:
    """What the network of a run (``network``, as it is called there) looks at, beside what its PLS does."""

    network: str
    explanation: Explanation
    pls: PlsWeights | None


def explained_run(
    folder: Path, rows: int | None = None, classes: Sequence[str] = ()
) -> Generator[Progress | Shown, None, None]:
    """Explains the model of a run, writes page and table; yields progress and last what was found.

    Test rows are explained where there are enough: the run has opened them, and nothing is chosen here.

    Args:
        folder: of a finished run.
        rows: so many single rows, instead of classes or quarters of the target.
        classes: only these.

    Raises:
        RunError, ModelError: no finished run there, or a damaged one.
        SettingError: rows or classes that do not exist.
    """
    outcome, model = load_outcome(folder), load_model(folder)
    spectra, seed = outcome.spectra, int(outcome.settings.get("seed", 0))
    cases: tuple[Case, ...] = usual_cases(spectra, classes) if rows is None else single_cases(spectra, rows)
    yield Progress(
        "read", 1, 1, f"{len(cases)} cases of {len(spectra_of(spectra))} rows, {model.fitted.members} members"
    )
    shown = yield from _followed(outcome, explained(model.fitted, spectra, cases, seed), len(cases))
    _write(shown, outcome, folder, explain_command(folder, rows, classes))
    yield Progress("report", 1, 1, f"report: {folder / PAGE}")
    yield shown


def chosen_pls(outcome: Outcome) -> PlsWeights | None:
    """What the PLS of a run uses, at the rows that are explained; None where the run has no PLS."""
    found = next((model for model in outcome.models if model.name in ("PLS", "PLS-DA")), None)
    if found is None:
        return None
    return pls_weights(outcome.spectra.calibration, found.settings, spectra_of(outcome.spectra).x)


def explain_command(folder: Path, rows: int | None, classes: Sequence[str]) -> str:
    """What to type to explain the run again."""
    chosen = [f"--rows {rows}"] if rows is not None else [f"--of {shlex.quote(name)}" for name in classes]
    return " ".join(["spectune explain", shlex.quote(str(folder)), *chosen])


def _followed(
    outcome: Outcome, steps: Iterator[Silence | Attribution | Survival | Explanation], cases: int
) -> Generator[Progress, None, Shown]:
    each, done = cases + 1 + len(FRESH), 0
    total = each * len(METHODS)
    for step in steps:
        match step:
            case Silence():
                total -= each
            case Attribution():
                done += 1
                yield Progress("explanation", done, total, f"{step.method}: {step.case}")
            case Survival():
                done += 1
                words = f"{step.method}: rank correlation {step.mean:.2f}, {step.beside}"
                yield Progress("explanation", done, total, words)
            case Explanation():
                return Shown(outcome.network, step, chosen_pls(outcome))
    raise AssertionError("an explanation ends with all of it")


def _write(shown: Shown, outcome: Outcome, folder: Path, command: str) -> None:
    page = explanation_page(shown.explanation, shown.pls, outcome.network, outcome.spectra.source, command)
    write_table(folder / TABLE, explanation_table(shown.explanation, shown.pls))
    write_text(folder / PAGE, page)
