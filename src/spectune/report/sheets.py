"""What a report says in words: the data sheet, the recipe, the search, and the settings to repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import tomli_w

from spectune.assessment.outcome import Outcome
from spectune.networks.space import Value
from spectune.report.scored import alike
from spectune.report.wording import counted, duration, number, plain
from spectune.spectra.axis import Axis
from spectune.spectra.channels import format_channels
from spectune.spectra.spectra import Spectra

Pairs = tuple[tuple[str, str], ...]
"""A list of terms, each with its description."""


def data_sheet(outcome: Outcome) -> Pairs:
    """What was measured, in what unit, how many rows, and how they belong together."""
    spectra = outcome.spectra
    groups = np.unique(spectra.groups).size
    together = f"{counted(groups, 'group')}, kept on one side of every split" if spectra.grouped else "none known"
    return (
        ("source", spectra.source or "not named"),
        (
            "rows",
            f"{counted(len(spectra.calibration), 'row')} for calibration, {counted(len(spectra.test), 'row')} for test",
        ),
        ("axis", axis_words(spectra.axis)),
        ("signal", spectra.signal),
        ("target", _target(spectra)),
        ("groups", together),
        ("folds", f"{int(outcome.fold_of.max()) + 1}, over the calibration rows"),
    )


def axis_words(axis: Axis) -> str:
    """Range and step of an axis, with a superscript where it belongs."""
    return axis.describe().replace("cm-1", "cm⁻¹")


def recipe_sheet(outcome: Outcome) -> Pairs:
    """What the best recipe does apart from its layers."""
    recipe, schedule = outcome.recipe, outcome.recipe.schedule
    side = {"channels": "side by side", "concatenate": "end to end along the axis"}[recipe.layout]
    transform = {"none": "none", "sqrt": "square root", "log": "logarithm", "boxcox": "Box-Cox"}[recipe.transform]
    decay = {"constant": "constant", "cosine": "falling as a cosine", "plateau": "lowered on a plateau"}[schedule.decay]
    warmup = f", rising over {counted(schedule.warmup, 'epoch')}" if schedule.warmup else ""
    return (
        ("recipe", recipe.id),
        ("channels", f"{format_channels(recipe.channels)}, {side}"),
        ("target transform", transform),
        ("optimiser", f"{schedule.optimiser}, batches of {counted(schedule.batch, 'row')}"),
        ("learning rate", f"{plain(schedule.rate)}, {decay}{warmup}"),
        ("L2 penalty", plain(schedule.penalty)),
        ("epochs", f"at most {schedule.epochs}; the epoch of lowest tuning error is kept"),
        ("members", f"{outcome.members}; their mean is the prediction, their deviation the spread"),
    )


def drawn_sheet(outcome: Outcome) -> Pairs:
    """The hyperparameters of the best recipe by name, as a run file calls them."""
    return tuple((name, _value(value)) for name, value in outcome.drawn.items())


def search_sentence(outcome: Outcome) -> str:
    """How many trials there were and what became of them."""
    counts = Counter(trial.state for trial in outcome.trials)
    seconds = sum(trial.seconds for trial in outcome.trials)
    return (
        f"{counted(len(outcome.trials), 'trial')} in {duration(seconds)} of training: {counts['complete']} complete, "
        f"{counts['pruned']} pruned at a rung, {counts['rejected']} rejected before training."
    )


def replicates_sentence(outcome: Outcome) -> str:
    """Whether fresh seeds can tell the top recipes apart."""
    ranked = sorted(outcome.replicates.values(), key=lambda errors: float(np.mean(errors)))
    if len(ranked) < 2:
        return "Only one recipe was run again, so there is nothing to tell apart."
    rivals = sum(alike(ranked[0], errors) for errors in ranked[1:])
    if not rivals:
        return "The best recipe stands clear of the others by more than two standard errors of their seeds."
    others = len(ranked) - 1
    whom = (
        "the other one"
        if others == 1
        else f"the other {others}"
        if rivals == others
        else f"{rivals} of the other {others}"
    )
    return (
        f"The best recipe cannot be told apart from {whom}: their means lie within two standard errors "
        "of one another, so the choice between them is a matter of chance."
    )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as TOML; what is not set is left out, because TOML has no word for nothing."""
    return tomli_w.dumps(_told(settings))


def _target(spectra: Spectra) -> str:
    task = spectra.task
    if not task.regression:
        return f"{task.target}, {counted(len(task.classes), 'class', 'classes')}"
    spread = f"{number(float(spectra.y.min()))} to {number(float(spectra.y.max()))} {task.unit}".rstrip()
    return f"{task.target}, {spread}, skewness {number(task.skew, 2)}"


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return plain(value)
        case str():
            return value


def _told(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(name): _told(inner) for name, inner in value.items() if inner is not None}
        case list() | tuple():
            return [_told(inner) for inner in value if inner is not None]
        case bool() | int() | float() | str():
            return value
        case _:
            return str(value)
