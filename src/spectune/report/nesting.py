"""The page of a nested validation: both numbers of every model, and the optimism between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from spectune.assessment.nested import NETWORK, Nested, Unseen, optimism
from spectune.files.settings import Settings
from spectune.networks.space import Value
from spectune.report.figures.nested import (
    confusions_picture,
    differences_picture,
    promises_picture,
    unseen_picture,
)
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.sheets import axis_words, settings_text
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import LONG_UNIT, counted, fixed, places, plain, simulated_warning, with_unit
from spectune.spectra.channels import format_channels

SEEN = "the same, as its search saw it"


def nested_page(found: Nested, settings: Settings, command: str) -> str:
    """The page of a finished nested validation; ``command`` repeats it."""
    task, spectra = found.spectra.task, found.spectra
    head = Head(
        kind=f"spectune nested validation · {spectra.source or 'unnamed spectra'} · {axis_words(spectra.axis)}",
        title=f"{with_unit(task.target, task.unit)}: what the search believed, and what unseen rows say",
        say=found.verdict.sentence,
        reasons=found.verdict.reasons,
        warning=simulated_warning(spectra.source),
    )
    sections = (
        Section("Inner and outer error", _errors(found), "Both numbers"),
        Section("Rows that no model had seen", _rows(found), "Unseen rows"),
        Section("What each outer fold chose", _choices(found), "Choices"),
        Section("How it was done", _method(found)),
        Section("To repeat it", (Code(command), Code(settings_text(asdict(settings))))),
    )
    return page(head, sections, f"{counted(len(spectra), 'row')} in {found.outer} outer folds.")


def errors_grid(found: Nested) -> Grid:
    """Inner and outer error of every model, simplest first; the one to use stands out."""
    unit = found.spectra.task.unit
    shown = decimals(found)
    names, rows = [model.name for model in found.models], [_row(found, model.name, shown) for model in found.models]
    notes = [_steadiness(model) for model in found.models]
    if found.searched:
        names.append(SEEN)
        rows.append(_row(found, SEEN, shown))
        notes.append("lowest error of any trial; not what a run reports")
    heading = "balanced accuracy" if found.spectra.task.classes else "RMSE"
    return Grid(
        head=("model", "mean", "mean", "pooled", "outer − inner", "standard error", "from", "to"),
        rows=columns(names, rows),
        groups=(
            ("", 1),
            (f"{heading}, inner", 1),
            (with_unit(f"{heading}, outer", unit if len(unit) <= LONG_UNIT else ""), 2),
            ("optimism with 95 % interval", 4),
        ),
        notes=tuple(notes),
        marked=tuple(place for place, name in enumerate(names) if name == found.verdict.use),
    )


def decimals(found: Nested) -> int:
    """Decimals that show the smallest error with three digits; three for classes."""
    if found.spectra.task.classes:
        return 3
    return places(min(error for model in found.models for error in (*model.inner, model.error)))


def _row(found: Nested, name: str, shown: int) -> list[str]:
    model = found.network if name == SEEN else found.model(name)
    inner = found.searched if name == SEEN else model.inner
    gap = optimism(inner, model.outer)
    quality = [float(np.mean(inner)), float(np.mean(model.outer)), model.error]
    figures = [1 - error for error in quality] if found.spectra.task.classes else quality
    gaps = (gap.value, gap.deviation, gap.low, gap.high)
    return [fixed(value, shown) for value in (*figures, *gaps)]


def _steadiness(model: Unseen) -> str:
    """Whether the outer folds chose the same."""
    distinct = len(set(model.settings))
    if not any(model.settings):
        return "nothing to choose"
    if distinct == 1:
        return f"the same settings in all {len(model.settings)} outer folds"
    return f"{distinct} different settings in {len(model.settings)} outer folds"


def _errors(found: Nested) -> tuple[Part, ...]:
    error = "1 − balanced accuracy" if found.spectra.task.classes else "RMSE"
    return (
        Table(
            errors_grid(found),
            "Every model: what cross-validation inside the outer folds said (inner), and what the rows left out say "
            f"(outer); optimism is outer minus inner {error}, positive where cross-validation promised too much.",
        ),
        Picture(
            promises_picture(found),
            "Left: one line an outer fold, from the inner (hollow) to the outer (filled) error; long strokes are their "
            "means. Right: the optimism with its 95 % interval, filled where the interval excludes zero. "
            f"The {found.models[0].name} is left out.",
        ),
        Points(
            (
                "The inner error of a model that was chosen is the lowest of many looks at the same folds, so it is "
                "optimistic; the rows of an outer fold were looked at once, by what was chosen without them.",
                "Two things pull the other way and can hide optimism: the models that predict an outer fold are fitted "
                "on more rows than those inside, and a network predicts it as the mean of all its members.",
                "The outer error is the one to quote for the procedure as a whole, choices included.",
            )
        ),
    )


def _rows(found: Nested) -> tuple[Part, ...]:
    looked_at = (NETWORK, _rival(found))
    if found.spectra.task.classes:
        fit = Picture(confusions_picture(found, looked_at), "Rows of each true class (down) by what they were called.")
    else:
        fit = Picture(
            unseen_picture(found, looked_at),
            "Predicted against measured, every row once, by the model of the outer fold that left it out.",
        )
    grouped = ", whole groups resampled" if found.spectra.grouped else ""
    gaps = Picture(
        differences_picture(found),
        f"Error of the {NETWORK} minus that of each other model over all unseen rows, with 95 % bootstrap intervals"
        f"{grouped}. Hollow: the two cannot be told apart.",
    )
    return fit, gaps, Table(_folds_grid(found), "Errors of every outer fold" + _unit(found) + ".")


def _rival(found: Nested) -> str:
    """The recommended model, or the best of the others where that is the network."""
    if found.verdict.use != NETWORK:
        return found.verdict.use
    return min(found.models[:-1], key=lambda model: model.error).name


def _folds_grid(found: Nested) -> Grid:
    models = found.models[1:]
    rows = [
        [str(int((found.fold_of == fold).sum())), *(text for model in models for text in _pair(found, model, fold))]
        for fold in range(found.outer)
    ]
    return Grid(
        head=("outer fold", "rows", *(("inner", "outer") * len(models))),
        rows=columns([str(fold + 1) for fold in range(found.outer)], rows),
        groups=(("", 2), *((model.name, 2) for model in models)),
    )


def _pair(found: Nested, model: Unseen, fold: int) -> tuple[str, str]:
    shown = decimals(found)
    pair = model.inner[fold], model.outer[fold]
    inner, outer = (1 - error if found.spectra.task.classes else error for error in pair)
    return fixed(inner, shown), fixed(outer, shown)


def _unit(found: Nested) -> str:
    task = found.spectra.task
    if task.classes:
        return ", as balanced accuracy"
    return f", in {task.unit}" if task.unit else ", in the unit of the target"


def _choices(found: Nested) -> tuple[Part, ...]:
    chosen = [model for model in found.models if any(model.settings)]
    settings = Grid(
        head=("outer fold", *(model.name for model in chosen)),
        rows=tuple((str(fold + 1), *(model.settings[fold] for model in chosen)) for fold in range(found.outer)),
        words=1 + len(chosen),
    )
    names = tuple(dict.fromkeys(name for drawn in found.drawn for name in drawn))
    channels = ("channels as used", *(format_channels(recipe.channels) for recipe in found.recipes))
    drawn = Grid(
        head=("name", *(f"outer fold {fold + 1}" for fold in range(found.outer))),
        rows=(channels, *((name, *_drawn(found.drawn, name)) for name in names)),
        words=1 + found.outer,
    )
    return (
        Words("Where outer folds agree, the choice rests on the data; where they differ, it rests on chance as well."),
        Table(settings, "What cross-validation chose in each outer fold."),
        Table(drawn, "The network of each outer fold, by hyperparameter; a dash where the network does not have it."),
    )


def _drawn(drawn: Sequence[Mapping[str, Value]], name: str) -> list[str]:
    return [_word(values[name]) if name in values else "–" for values in drawn]


def _word(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return plain(value)
        case _:
            return str(value)


def _method(found: Nested) -> tuple[Part, ...]:
    closed = f"The {counted(found.closed, 'test row')} of the file stayed closed. " if found.closed else ""
    together = "Groups stay together in outer and inner folds. " if found.spectra.grouped else ""
    return (
        Words(
            f"The {counted(len(found.spectra), 'calibration row')} are shared out among {found.outer} outer folds. "
            f"{closed}{together}For each of them the whole job is done on the other rows: the search on inner folds, "
            "the choice by fresh seeds, the choice of every other model's settings. Then the rows left out are "
            "predicted once. Searches draw from different seeds, so a recipe that comes back was found again, or is "
            "one that the search space begins with. Each outer fold is a run folder of its own, with its own report."
        ),
    )
