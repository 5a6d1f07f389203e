"""The report: one finished run as one self-contained HTML page, verdict first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from spectune.assessment.outcome import Outcome
from spectune.report.figures.data import channels_picture, folds_picture, spectra_picture, target_picture
from spectune.report.figures.fit import confusion_picture, differences_picture, predicted_picture, residuals_picture
from spectune.report.figures.importance import importance_picture
from spectune.report.figures.regions import regions_picture
from spectune.report.figures.search import history_picture, slices_picture
from spectune.report.figures.training import curves_picture, replicates_picture
from spectune.report.importance import importance_caption, importance_sentences
from spectune.report.rendering import inline, rendered
from spectune.report.scored import best_trial, looked_at
from spectune.report.sheets import (
    axis_words,
    data_sheet,
    drawn_sheet,
    recipe_sheet,
    replicates_sentence,
    search_sentence,
    settings_text,
)
from spectune.report.tables.importance import interactions_grid, shares_grid
from spectune.report.tables.models import key_grid, models_grid
from spectune.report.tables.network import network_grid
from spectune.report.tables.rows import classes_grid, errors_grid, roles_grid
from spectune.report.wording import curve_name, simulated_warning


def report(outcome: Outcome) -> str:
    """The page of a finished run: no script, no outside reference, the same text for the same outcome."""
    return rendered("report.html.jinja", _numbers(outcome) | _pictures(outcome) | _words(outcome))


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
    spectra, names = outcome.spectra, looked_at(outcome)
    importance, regions, trial = outcome.importance, outcome.regions, best_trial(outcome)
    fit = predicted_picture if spectra.task.regression else confusion_picture
    return {
        "differences_svg": inline(differences_picture(outcome)) if outcome.verdict.differences else None,
        "fit_svgs": [(name, inline(fit(outcome, name))) for name in names],
        "residuals_svg": inline(residuals_picture(outcome, outcome.network)) if spectra.task.regression else None,
        "spectra_svg": inline(spectra_picture(spectra)),
        "target_svg": inline(target_picture(spectra)),
        "folds_svg": inline(folds_picture(outcome)),
        "channels_svg": inline(channels_picture(outcome)),
        "history_svg": inline(history_picture(outcome)) if outcome.trials else None,
        "importance_svg": inline(importance_picture(importance)) if importance else None,
        "slices_svg": inline(slices_picture(outcome, importance)) if importance else None,
        "replicates_svg": inline(replicates_picture(outcome)) if outcome.replicates else None,
        "curves_svg": inline(curves_picture(trial, curve_name(spectra.task, outcome.recipe.transform)))
        if trial and trial.tuning_curves
        else None,
        "regions_svg": inline(regions_picture(outcome, regions)) if regions else None,
    }


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
        "command": outcome.facts.get("command", ""),
        "facts": tuple((name, text) for name, text in outcome.facts.items() if name != "command"),
    }
