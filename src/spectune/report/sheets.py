"""What a report says in words: the data sheet, the recipe, the search, and the settings to repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import tomli_w

from spectune.assessment.outcome import Outcome
from spectune.report.scored import alike
from spectune.report.wording import counted, duration, number, plain, valued
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
    return tuple((name, valued(value)) for name, value in outcome.drawn.items())


def search_sentence(outcome: Outcome) -> str:
    """How many trials there were, what became of them, and which number the search minimised."""
    counts = Counter(trial.state for trial in outcome.trials)
    seconds = sum(trial.seconds for trial in outcome.trials)
    return (
        f"{counted(len(outcome.trials), 'trial')} in {duration(seconds)} of training: {counts['complete']} complete, "
        f"{counts['pruned']} pruned at a rung, {counts['rejected']} rejected before training. "
        f"{minimised_sentence(outcome)}"
    )


def minimised_sentence(outcome: Outcome) -> str:
    """Which number the search minimised, and what decided after it."""
    regression = outcome.spectra.task.regression
    error = f"the {'RMSE' if regression else 'log-loss'} on the rows a fold holds out"
    match outcome.settings.get("objective", "error"):
        case "overfit":
            weight = float(outcome.settings.get("overfit", 0.5))
            whose = "mean squared errors" if regression else "log-losses"
            units = ", units mixed as published by Passos & Mishra (2022)" if regression else ""
            return (
                f"It minimised the mean over folds of {plain(1 - weight)} × {error} + {plain(weight)} × the distance "
                f"between the {whose} on these and on the fold's own training rows{units}. The same number chose the "
                "recipes to train again, and the best of them."
            )
        case "accuracy":
            return (
                "It minimised the part of wrong classes among the rows a fold holds out, mean over folds. The same "
                "number chose the recipes to train again, and the best of them."
            )
        case "pareto":
            return (
                f"It minimised two numbers side by side, means over folds: {error}, and its distance from that on the "
                "fold's own training rows. The recipes that different weights of the second would choose were trained "
                "again, and the lowest error on held-out rows decided."
            )
        case _:
            return f"It minimised the mean over folds of {error}."


def replicates_sentence(outcome: Outcome) -> str:
    """Whether fresh seeds can tell the top recipes apart, by their error."""
    if outcome.settings.get("objective") not in ("overfit", "accuracy"):
        return _apart(outcome, "best recipe")
    told = _apart(outcome, "recipe of lowest error")
    return f"{told} The one that is kept was chosen by the number that the search minimised."


def _apart(outcome: Outcome, best: str) -> str:
    ranked = sorted(outcome.replicates.values(), key=lambda errors: float(np.mean(errors)))
    if len(ranked) < 2:
        return "Only one recipe was run again, so there is nothing to tell apart."
    rivals = sum(alike(ranked[0], errors) for errors in ranked[1:])
    if not rivals:
        return f"The {best} stands clear of the others by more than two standard errors of their seeds."
    others = len(ranked) - 1
    whom = (
        "the other one"
        if others == 1
        else f"the other {others}"
        if rivals == others
        else f"{rivals} of the other {others}"
    )
    return (
        f"The {best} cannot be told apart from {whom}: their means lie within two standard errors "
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
