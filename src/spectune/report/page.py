"""The report: one finished run as one self-contained HTML page, verdict first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from markupsafe import Markup

from spectune.assessment.outcome import Outcome, Part
from spectune.report.captions import contours_caption, curves_caption, history_caption, inputs_caption, parallel_caption
from spectune.report.expecting import expected
from spectune.report.figures.classes import classes_picture
from spectune.report.figures.contours import contours_picture, surfaces
from spectune.report.figures.data import folds_picture, spectra_picture, target_picture
from spectune.report.figures.fit import confusion_picture, differences_picture, predicted_picture, residuals_picture
from spectune.report.figures.front import front_picture
from spectune.report.figures.importance import importance_picture
from spectune.report.figures.inputs import inputs_picture
from spectune.report.figures.parallel import drawn, parallel_picture
from spectune.report.figures.regions import regions_picture
from spectune.report.figures.scales import varied
from spectune.report.figures.search import history_picture, slices_picture
from spectune.report.figures.training import curves_picture, replicates_picture
from spectune.report.importance import importance_caption, importance_sentences
from spectune.report.rendering import inline, rendered
from spectune.report.scored import best_trial, looked_at, told
from spectune.report.sheets import (
    axis_words,
    data_sheet,
    drawn_sheet,
    recipe_sheet,
    replicates_sentence,
    search_sentence,
    settings_text,
)
from spectune.report.tables.front import front_grid
from spectune.report.tables.importance import interactions_grid, shares_grid
from spectune.report.tables.models import key_grid, models_grid
from spectune.report.tables.network import network_grid
from spectune.report.tables.rows import classes_grid, errors_grid, roles_grid
from spectune.report.wording import curve_name, error_name, simulated_warning
from spectune.training.replay import rate_curve
from spectune.tuning.objective import front
from spectune.tuning.record import Trial

PARTS: tuple[Part, ...] = ("cross-validated", "test")


def report(outcome: Outcome) -> str:
    """The page of a finished run: no script, no outside reference, the same text for the same outcome."""
    parts = (_numbers, _pictures, _search, _training, _words)
    return rendered("report.html.jinja", {name: value for part in parts for name, value in part(outcome).items()})


def _numbers(outcome: Outcome) -> dict[str, Any]:
    names = looked_at(outcome)
    return {
        "key": key_grid(outcome),
        "models": models_grid(outcome),
        "roles": roles_grid(outcome),
        "by_class": classes_grid(outcome, outcome.network) if outcome.spectra.task.classes else None,
        "worst": errors_grid(outcome, outcome.network),
        "network": network_grid(outcome.recipe.layers, outcome.shape),
        "looked_at": names,
        "shares": shares_grid(outcome.importance) if outcome.importance else None,
        "interactions": interactions_grid(outcome.importance) if outcome.importance else None,
    }


def _pictures(outcome: Outcome) -> dict[str, Any]:
    spectra, names, recipe, regions = outcome.spectra, looked_at(outcome), outcome.recipe, outcome.regions
    fit = predicted_picture if spectra.task.regression else confusion_picture
    return {
        "differences_svg": inline(differences_picture(outcome)) if outcome.verdict.differences else None,
        "fit_svgs": [(name, inline(fit(outcome, name))) for name in names],
        "residuals_svg": inline(residuals_picture(outcome, outcome.network)) if spectra.task.regression else None,
        "by_class_svg": None if spectra.task.regression else _by_class(outcome),
        "spectra_svg": inline(spectra_picture(spectra)),
        "target_svg": inline(target_picture(spectra)),
        "folds_svg": inline(folds_picture(outcome)),
        "inputs_svg": inline(inputs_picture(spectra.calibration, recipe.channels, recipe.layout, recipe.standardised)),
        "inputs_caption": inputs_caption(outcome),
        "regions_svg": inline(regions_picture(outcome, regions)) if regions else None,
    }


def _by_class(outcome: Outcome) -> Markup:
    parts = [part for part in PARTS if outcome.measured(part).size]
    found = {part: told(outcome, outcome.network, part) for part in parts}
    return inline(classes_picture(outcome.spectra.task.classes, found))


def _search(outcome: Outcome) -> dict[str, Any]:
    trials, importance, space = outcome.trials, outcome.importance, outcome.space
    complete, error = drawn(trials), error_name(outcome.spectra.task)
    names = varied(complete, importance)
    hills = surfaces(trials, names, space)
    two = outcome.settings.get("objective") == "pareto" and any(front(trials))
    return {
        "history_svg": inline(history_picture(outcome)) if trials else None,
        "history_caption": history_caption(outcome),
        "front_svg": inline(front_picture(outcome)) if two else None,
        "front": front_grid(outcome) if two else None,
        "importance_svg": inline(importance_picture(importance)) if importance else None,
        "slices_svg": inline(slices_picture(trials, names, space, error)) if names else None,
        "contours_svg": inline(contours_picture(hills, error)) if hills else None,
        "contours_caption": contours_caption(hills),
        "parallel_svg": inline(parallel_picture(trials, names, space, error)) if names else None,
        "parallel_caption": parallel_caption(names, trials),
        "replicates_svg": inline(replicates_picture(outcome)) if outcome.replicates else None,
    }


def _training(outcome: Outcome) -> dict[str, Any]:
    trial = best_trial(outcome)
    if trial is None or not trial.tuning_curves:
        return {"curves_svg": None, "curves_caption": ""}
    rates = _rates(outcome, trial)
    error = curve_name(outcome.spectra.task, outcome.recipe.transform)
    moving = any(len(set(curve)) > 1 for curve in rates)
    return {
        "curves_svg": inline(curves_picture(trial, error, rates if moving else ())),
        "curves_caption": curves_caption(outcome.recipe.schedule, trial, moving),
    }


def _rates(outcome: Outcome, trial: Trial) -> list[tuple[float, ...]]:
    """Learning rates of the trial's folds; none where its recipe is not the one that was kept."""
    if trial.recipe_id != outcome.recipe.id:
        return []
    return [rate_curve(outcome.recipe.schedule, curve) for curve in trial.tuning_curves]


def _words(outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "task": outcome.spectra.task,
        "warning": simulated_warning(outcome.spectra.source),
        "sheet": data_sheet(outcome),
        "recipe": recipe_sheet(outcome),
        "drawn": drawn_sheet(outcome),
        "trial": best_trial(outcome),
        "search": search_sentence(outcome),
        "refusals": Counter(trial.reason for trial in outcome.trials if trial.state == "rejected").most_common(5),
        "repairs": Counter(what for trial in outcome.trials for what in trial.repairs).most_common(5),
        "importance_caption": importance_caption(outcome.importance) if outcome.importance else "",
        "importance_words": importance_sentences(outcome.importance) if outcome.importance else (),
        "replicates": replicates_sentence(outcome),
        "settings": settings_text(outcome.settings),
        "axis": axis_words(outcome.spectra.axis),
        "expected": expected(outcome),
        "command": outcome.facts.get("command", ""),
        "facts": tuple((name, text) for name, text in outcome.facts.items() if name != "command"),
    }
