"""Passos & Mishra (2022): six blocks of one spectrum, one filter, ELU, dense layers, L2; three families.

For a number the dense layers have 128, 64 and 16 units; for classes there are up to five of searched
width, with dropout. The blocks lie end to end as published (``concatenate``: the filter runs over
their borders) or side by side (``channels``: it sees all six at one place).

``passos_regression`` and ``passos_classification`` ask for the hyperparameters of the companion
notebooks, under their names and in their order, in one of two forms. ``published`` is what the
notebooks do. Training watches the penalised loss, or for classes the accuracy, of the tuning rows;
the best weights are kept only of networks that ran out of patience; a numeric target is not scaled. A
classifier asks for ``num_FC_layers`` widths and dropouts and builds from the second on: those of index
0 touch nothing. Its output has no L2. ``corrected`` watches the tuning error, keeps the best weights,
scales the target, builds every layer it asks for, and has L2 on every kernel.

``passos`` is the same network opened for small sets: the names of the house, and more to search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from spectune.errors import SettingError
from spectune.networks.families.blocks import dense_block, dense_stack, drawn_transform, drawn_word
from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.recipe import Optimiser, Recipe, Schedule, Watch
from spectune.networks.space import Draw, GivenDraw, Value
from spectune.spectra.channels import Layout, parse_channels
from spectune.spectra.spectra import Task

Form = Literal["published", "corrected"]

FORMS: tuple[Form, ...] = get_args(Form)
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)

HIDDEN = ((128, 0.0), (64, 0.0), (16, 0.0))
"""Width and dropout of the dense layers for a number, which are not searched."""

_PUBLISHED: Mapping[str, Value] = {
    "form": "published",
    "channels": "RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2",
    "layout": "concatenate",
    "gain": 1.0,
    "standardised": True,
    "optimiser": "keras_adam",
    "rate": 2.5e-3,
    "epochs": 450,
    "plateau.factor": 0.5,
    "plateau.patience": 25,
    "plateau.min_rate": 1e-6,
    "patience": 50,
    "min_delta": 1e-4,
}

REGRESSION_OPTIMUM: Mapping[str, Value] = {
    **_PUBLISHED,
    "filter_size": 45,
    "reg_beta": 0.015,
    "batch_size": 128,
    "transform": "none",
}
"""The optimum of the published search, trial 156: ``passos_regression(GivenDraw(REGRESSION_OPTIMUM), task)``."""

CLASSIFICATION_OPTIMUM: Mapping[str, Value] = {
    **_PUBLISHED,
    "num_FC_layers": 5,
    **{f"num_FC_UNITS_{n}": units for n, units in enumerate((360, 350, 132, 442, 334))},
    "filter_size": 3,
    **{f"DROPOUT_{n}": rate for n, rate in enumerate((0.555, 0.165, 0.13, 0.46, 0.085))},
    "reg_beta": 1e-5,
    "batch_size": 896,
    "plateau.min_rate": 1e-7,
}
"""The optimum of the published search, trial 454: ``passos_classification(GivenDraw(CLASSIFICATION_OPTIMUM), task)``.

The paper prints five hidden layers; the network that was trained has the last four of them.
"""

_REGRESSION_BASE: Mapping[str, Value] = {**REGRESSION_OPTIMUM, "reg_beta": 0.0006, "batch_size": 256, "rate": 0.01}
_CLASSIFICATION_BASE: Mapping[str, Value] = {
    **CLASSIFICATION_OPTIMUM,
    "reg_beta": 0.003,
    "batch_size": 512,
    "epochs": 550,
}


def passos(draw: Draw, task: Task) -> Recipe:
    """A recipe of the family for small sets."""
    channels = parse_channels(draw.text("channels"))
    layout: Layout = "concatenate" if draw.text("layout") == "concatenate" else "channels"
    front: Layers = (Conv(1, draw.int("conv.kernel")), Act("elu")) if draw.flag("convolution") else ()
    back = dense_stack((128, 64, 16), "elu", 0.0, 1) if task.regression else _classifier(draw, task)
    schedule = Schedule(
        optimiser="adam",
        rate=draw.float("rate"),
        batch=draw.int("batch"),
        epochs=draw.int("epochs"),
        penalty=draw.float("penalty"),
        decay="plateau",
        factor=0.5,
        plateau_patience=25,
        patience=50,
    )
    return Recipe(channels, (*front, *back), schedule, layout, drawn_transform(draw, task), draw.float("gain"))


def passos_regression(draw: Draw, task: Task) -> Recipe:
    """A recipe for a number.

    Raises:
        SettingError: a target that has classes.
    """
    if not task.regression:
        raise SettingError(f"it is for a number, but {task.target!r} has classes; passos-classification is for these")
    return _recipe(draw, task, _network(draw.int("filter_size"), HIDDEN, Dense(task.outputs)))


def passos_classification(draw: Draw, task: Task) -> Recipe:
    """A recipe for classes.

    Raises:
        SettingError: a target that is a number.
    """
    if task.regression:
        raise SettingError(f"it is for classes, but {task.target!r} is a number; passos-regression is for these")
    count = draw.int("num_FC_layers")
    units = [draw.int(f"num_FC_UNITS_{number}") for number in range(count)]
    kernel = draw.int("filter_size")
    rates = [draw.float(f"DROPOUT_{number}") for number in range(count)]
    published = _form(draw) == "published"
    hidden = list(zip(units, rates, strict=True))[1 if published else 0 :]
    return _recipe(draw, task, _network(kernel, hidden, Dense(task.outputs, penalised=not published)))


def base_recipe(task: Task) -> Recipe:
    """The published network before any search, for which the learning rate was chosen."""
    base = _REGRESSION_BASE if task.regression else _CLASSIFICATION_BASE
    hidden = HIDDEN if task.regression else ((512, 0.0), (256, 0.0), (128, 0.0))
    return _recipe(GivenDraw(base), task, _network(5, hidden, Dense(task.outputs)))


def _classifier(draw: Draw, task: Task) -> Layers:
    blocks: Layers = ()
    for number in range(1, draw.int("dense.layers") + 1):
        blocks += dense_block(draw.int(f"dense.{number}.units"), "elu", draw.float(f"dense.{number}.dropout"))
    return (Flatten(), *blocks, Dense(task.outputs))


def _form(draw: Draw) -> Form:
    return drawn_word(draw, "form", FORMS)


def _network(kernel: int, hidden: Iterable[tuple[int, float]], output: Dense) -> Layers:
    """The layers, with width and dropout of the dense ones in between."""
    blocks = (layer for units, rate in hidden for layer in dense_block(units, "elu", rate))
    return (Conv(1, kernel), Act("elu"), Flatten(), *blocks, output)


def _recipe(draw: Draw, task: Task, layers: Layers) -> Recipe:
    published = _form(draw) == "published"
    return Recipe(
        parse_channels(draw.text("channels")),
        layers,
        _schedule(draw, task, published),
        drawn_word(draw, "layout", LAYOUTS),
        drawn_transform(draw, task),
        draw.float("gain"),
        standardised=draw.flag("standardised"),
        scaled_target=not (published and task.regression),
    )


def _schedule(draw: Draw, task: Task, published: bool) -> Schedule:
    watched: Watch = "loss" if task.regression else "accuracy"
    penalty, batch, delta = draw.float("reg_beta"), draw.int("batch_size"), draw.float("min_delta")
    if 0 < task.rows < batch:
        draw.repaired("the batch was larger than the calibration rows, so it holds all of them")
    return Schedule(
        optimiser=drawn_word(draw, "optimiser", OPTIMISERS),
        rate=draw.float("rate"),
        batch=min(batch, task.rows or batch),
        epochs=draw.int("epochs"),
        penalty=penalty,
        decay="plateau",
        factor=draw.float("plateau.factor"),
        plateau_patience=draw.int("plateau.patience"),
        min_delta=delta,
        min_rate=draw.float("plateau.min_rate"),
        patience=draw.int("patience"),
        best_delta=delta,
        watch=watched if published else "error",
        restore="stopped" if published else "best",
    )
