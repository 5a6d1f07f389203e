"""Tables of the experiment: models (table 3), ranges and optima (table 1), and what became of the draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spectune.assessment.outcome import Judged, Outcome
from spectune.networks.families.shen import OPTIMUM
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Value
from spectune.papers.shen2021.experiment import ARMS, Experiment
from spectune.report.scored import regression
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, number, plain
from spectune.tuning.record import Trial


def models_grid(found: Experiment) -> Grid:
    """Every model and the published optimum: cross-validated and test figures."""
    models = (*found.outcome.models, found.optimum)
    rows = [_scores(replace(found.outcome, models=models), model) for model in models]
    return Grid(
        head=("model", "mean of folds", "± sd", "RMSECV", "R²", "RMSEP", "R²", "bias"),
        rows=columns([model.name for model in models], rows),
        groups=(("", 1), ("cross-validated", 4), ("test", 3)),
        notes=tuple(model.settings for model in models),
        marked=tuple(place for place, model in enumerate(models) if model.name == found.outcome.verdict.use),
    )


def _scores(outcome: Outcome, model: Judged) -> list[str]:
    validated, tested = (regression(outcome, model.name, part) for part in ("cross-validated", "test"))
    errors = np.asarray(model.fold_errors)
    return [
        number(float(errors.mean())),
        number(float(errors.std(ddof=1))),
        number(validated.rmse),
        number(validated.r2),
        number(tested.rmse),
        number(tested.r2),
        number(tested.bias),
    ]


def ranges_grid(found: Experiment) -> Grid:
    """Every searched hyperparameter: range, the paper's optimum, ours (table 1)."""
    drawn = found.outcome.drawn
    names = [name for name, given in found.space.ranges.items() if not isinstance(given, Fixed)]
    asked = [own for name in names for own in _instances(name, (*OPTIMUM, *drawn))]
    rows = tuple((name, _range(found, name), _said(OPTIMUM.get(name)), _said(drawn.get(name))) for name in asked)
    return Grid(("hyperparameter", "range", "the paper's optimum", "best here"), rows, words=4)


def rules(found: Experiment) -> tuple[str, ...]:
    """How many draws were repaired or rejected, and by which rule."""
    trials = [trial for arm in ARMS for trial in found.trials[arm]]
    repaired = Counter(repair for trial in trials for repair in trial.repairs)
    rejected = [trial for trial in trials if trial.state == "rejected"]
    deep = {blocks: _rejected(trials, blocks) for blocks in range(1, 5)}
    return (
        f"{counted(len(rejected), 'draw')} of {len(trials)} gave networks that cannot be built (a window longer than "
        "what is left of the signal) and were rejected before training, at no cost; they do not count as trials.",
        "By number of Conv-blocks, the share rejected is "
        + ", ".join(f"{blocks}: {share:.0%}" for blocks, share in deep.items())
        + ". A search therefore sees fewer deep networks than it asks for.",
        *(f"{counted(times, 'draw')} repaired: {repair}." for repair, times in repaired.most_common()),
    )


def _rejected(trials: Sequence[Trial], blocks: int) -> float:
    asked = [trial for trial in trials if trial.values.get("conv.blocks") == blocks]
    return sum(trial.state == "rejected" for trial in asked) / max(len(asked), 1)


def _instances(name: str, known: Sequence[str]) -> list[str]:
    """The names a pattern stands for in the two networks; the name itself where it is none."""
    if "*" not in name:
        return [name]
    head, tail = name.split("*", 1)
    return sorted(
        {one for one in known if one.startswith(head) and one.endswith(tail) and one.count(".") == name.count(".")}
    )


def _range(found: Experiment, name: str) -> str:
    match found.space.range(name):
        case IntRange(low, high):
            return f"{low} to {high}"
        case FloatRange(low, high):
            return f"{plain(low)} to {plain(high)}"
        case Choice(options):
            return ", ".join(_said(option) for option in options)
        case Fixed(value):
            return _said(value)


def _said(value: Value | None) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "on" if value else "off"
        case float():
            return plain(value)
        case _:
            return str(value)
