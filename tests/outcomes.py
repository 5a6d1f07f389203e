"""Realistic finished runs, made up: what the report and the command line are tried on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.outcome import Difference, Judged, Outcome, Part, Regions, Verdict
from spectune.metrics import ClassScores, RegressionScores, scores
from spectune.networks.layers import Act, Conv, Dense, Dropout, Flatten, Layer
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Space, Value
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.channels import parse_channels, prepared_shape
from spectune.spectra.spectra import Spectra, Task
from spectune.spectra.table import Signal
from spectune.tuning.record import Rung, State, Trial
from spectune.tuning.shares import GROUPS, GroupShare, Importance, Interaction, Share, group_of

Array = NDArray[np.float64]
RUNGS = (11, 33, 100, 300)
CHANNELS = ("RAW", "SNV", "SNV+D1", "RAW | SNV+D1 | SNV+D2", "DT+SNV | D2(17,3)")
SPACE = Space(
    "passos",
    {
        "channels": Choice(CHANNELS),
        "conv.count": IntRange(0, 2),
        "conv.*.kernel": IntRange(3, 30),
        "conv.*.filters": IntRange(2, 23),
        "rate": FloatRange(1e-4, 0.04, log=True),
        "penalty": FloatRange(1e-5, 0.1, log=True),
        "batch": Choice((16, 32, 64)),
        "dense.*.units": IntRange(8, 127, log=True),
        "augment": Choice((False, True)),
        "layout": Fixed("channels"),
    },
    "made up",
    ({"rate": 1e-3},),
)


@dataclass(frozen=True)
class Wish:
    """What the made-up run shall look like; ``classes`` names make it a classification."""

    target: str = "fat"
    unit: str = "%"
    classes: tuple[str, ...] = ()
    source: str = "tecator.csv"
    rows: int = 160
    test_rows: int = 43
    points: int = 100
    axis_unit: Unit = "nm"
    first: float = 850.0
    last: float = 1050.0
    signal: Signal = "absorbance"
    replicates: int = 1
    folds: int = 5
    trials: int = 50
    importance: bool = True
    regions: bool = True
    use: str = "CNN"
    seed: int = 1


def outcome(wish: Wish | None = None) -> Outcome:
    """A finished run as wished; the same wish gives the same run."""
    wish = wish or Wish()
    random = np.random.default_rng(wish.seed)
    spectra = _spectra(wish, random)
    fold_of = _fold_of(spectra.calibration, wish.folds, random)
    channels = parse_channels("SNV | SNV+D1 | SNV+D2")
    shape = prepared_shape(channels, "channels", wish.points)
    recipe = Recipe(channels, _layers(spectra.task.outputs), Schedule(rate=1.7e-3, penalty=3.2e-3, decay="cosine"))
    models = tuple(_judged(kind, spectra, fold_of, random) for kind in _kinds(wish))
    trials = _trials(wish, recipe, random)
    return Outcome(
        spectra=spectra,
        fold_of=fold_of,
        models=models,
        verdict=_verdict(wish, spectra, models),
        recipe=recipe,
        drawn=next(trial.values for trial in trials if trial.recipe_id == recipe.id),
        shape=shape,
        members=wish.folds,
        trials=trials,
        replicates=_replicates(wish, trials, random),
        importance=_importance(wish, trials),
        regions=_regions(wish, spectra.axis, random),
        spread=np.abs(random.normal(0, 0.05 if wish.classes else 0.4, wish.test_rows)),
        settings=_settings(wish),
        space=SPACE,
        facts={
            "command": f"spectune tune {wish.source} --target {wish.target} --trials {wish.trials} --out runs/demo",
            "spectune": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0",
            "machine": "x86_64, 2 cores, no GPU",
            "search": "6 min 12 s",
            "whole run": "8 min 3 s",
        },
    )


def _spectra(wish: Wish, random: np.random.Generator) -> Spectra:
    count = wish.rows + wish.test_rows
    groups = np.arange(count) // wish.replicates
    content = random.gamma(2.2, 8.0, groups.max() + 1)[groups]
    numbers = (groups * 7 + groups // 3) % max(1, len(wish.classes))
    at = np.linspace(0, 1, wish.points)
    y = numbers.astype(float) if wish.classes else content
    amount = numbers / max(1, len(wish.classes) - 1) if wish.classes else content / 40
    peaks = [np.exp(-(((at - centre) / width) ** 2)) for centre, width in ((0.3, 0.12), (0.42, 0.05), (0.75, 0.1))]
    base = 2.5 + 0.6 * at + 0.8 * peaks[0] + 0.5 * peaks[2]
    x = base + np.outer(amount, 0.7 * peaks[1] - 0.25 * peaks[0]) + random.normal(0, 0.25, (count, 1))
    x = x * random.normal(1, 0.05, (count, 1)) + random.normal(0, 0.004, x.shape)
    if wish.signal == "reflectance":
        x = 10 ** (-x / 3)
    roles = np.repeat(["cal", "test"], [wish.rows, wish.test_rows])
    return Spectra(
        x=x.astype(np.float32),
        axis=Axis(tuple(float(v) for v in np.linspace(wish.first, wish.last, wish.points)), wish.axis_unit),
        y=y,
        task=Task(wish.target, wish.unit, wish.classes, wish.rows, wish.points, skew=1.2, positive=True),
        ids=np.asarray([f"sample {row + 1}" for row in range(count)]),
        groups=groups.astype(np.intp),
        roles=roles,
        source=wish.source,
        signal=wish.signal,
        notes=(
            "The column 'split' names 160 calibration and 43 test rows; 7 rows named 'dup' were left out.",
            "The target is skewed (skewness 1.2): a logarithm was offered to the search.",
        ),
    )


def _fold_of(calibration: Spectra, folds: int, random: np.random.Generator) -> NDArray[np.intp]:
    names = np.unique(calibration.groups)
    fold = random.permutation(np.arange(names.size) % folds)
    return np.asarray(fold[np.searchsorted(names, calibration.groups)], dtype=np.intp)


def _layers(outputs: int) -> tuple[Layer, ...]:
    return (
        Conv(12, kernel=9, stride=2),
        Act("elu"),
        Flatten(),
        Dense(64),
        Act("elu"),
        Dropout(0.1),
        Dense(outputs),
    )


@dataclass(frozen=True)
class Kind:
    name: str
    settings: str
    calibration: float
    validated: float
    test: float
    seconds: float


def _kinds(wish: Wish) -> tuple[Kind, ...]:
    """Errors in the target's unit, or the share of wrong rows."""
    if wish.classes:
        return (
            Kind("majority class", f"always {wish.classes[0]!r}", 1, 1, 1, 0.001),
            Kind("PLS-DA", "12 latent variables, SNV", 0.05, 0.12, 0.13, 4.1),
            Kind("logistic regression", "C = 10, raw", 0.02, 0.15, 0.14, 6.3),
            Kind("network without convolution", "the best recipe, its convolutions left out", 0.01, 0.1, 0.11, 9.9),
            Kind("CNN", "5 members, 1 convolution, 39,000 weights", 0.005, 0.07, 0.08, 372.0),
        )
    return (
        Kind("mean", "mean of the calibration rows", 12.7, 12.8, 12.3, 0.001),
        Kind("PLS", "13 latent variables, SNV+D1", 1.61, 1.98, 2.28, 3.2),
        Kind("ridge", "alpha = 1e-3, SNV", 1.72, 2.05, 2.4, 0.4),
        Kind("SVR", "RBF, C = 1000, gamma = 0.01, SNV+D1", 0.31, 0.72, 0.608, 11.2),
        Kind("network without convolution", "the best recipe, its convolutions left out", 0.3, 0.82, 0.66, 8.8),
        Kind("CNN", "5 members, 1 convolution, 39,000 weights", 0.28, 0.69, 0.571, 372.0),
    )


def _judged(kind: Kind, spectra: Spectra, fold_of: NDArray[np.intp], random: np.random.Generator) -> Judged:
    classes = len(spectra.task.classes)
    cal, test = spectra.calibration.y, spectra.test.y

    def output(y: Array, error: float) -> Array:
        if not classes:
            return np.full(y.size, cal.mean()) if kind.name == "mean" else y + random.normal(0, error, y.size)
        wrong = random.random(y.size) < error
        said = np.where(wrong, (y + 1 + random.integers(0, max(1, classes - 1), y.size)) % classes, y).astype(int)
        said = np.zeros_like(said) if kind.name == "majority class" else said
        chance = np.full((y.size, classes), 0.3 / classes)
        chance[np.arange(y.size), said] += 0.7
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))

    errors = np.abs(random.normal(kind.validated, kind.validated / 8, int(fold_of.max()) + 1))
    names = ("mean", "majority class", "PLS", "PLS-DA", "ridge", "logistic regression", "SVR")
    rank = names.index(kind.name) if kind.name in names else 8 + (kind.name == "CNN")
    parts = (output(cal, kind.calibration), output(cal, kind.validated), output(test, kind.test))
    return Judged(
        kind.name,
        kind.settings,
        rank,
        *parts,
        tuple(min(1.0, float(e)) if classes else float(e) for e in errors),
        kind.seconds,
    )


def _verdict(wish: Wish, spectra: Spectra, models: tuple[Judged, ...]) -> Verdict:
    differences = []
    parts: tuple[Part, ...] = ("cross-validated", "test") if wish.test_rows else ("cross-validated",)
    for model in models[:-1]:
        for part in parts:
            value = _error(models[-1], spectra, part) - _error(model, spectra, part)
            half = 0.25 * abs(value) + (0.03 if wish.classes else 0.12) * (2 if part == "test" else 1)
            differences.append(Difference("CNN", model.name, part, value, value - half, value + half))
    sentences = {
        "CNN": f"Use the CNN: its error on the test rows is below that of every simpler model for {wish.target}.",
        "PLS": f"Use PLS: the CNN is not clearly better for {wish.target}, and PLS is far simpler.",
        "PLS-DA": f"Use PLS-DA: the CNN is not clearly better for {wish.target}, and PLS-DA is far simpler.",
    }
    reasons = (
        "The difference is judged on cross-validated rows, pooled over folds; the test rows agree.",
        "The convolution earns its place only narrowly: the same network without it is close.",
    )
    return Verdict(wish.use, sentences[wish.use], reasons, tuple(differences))


def _error(model: Judged, spectra: Spectra, part: Part) -> float:
    measured = spectra.test.y if part == "test" else spectra.calibration.y
    match scores(measured, model.output(part), len(spectra.task.classes)):
        case RegressionScores(rmse=rmse):
            return rmse
        case ClassScores(balanced_accuracy=balanced):
            return 1 - balanced


def _trials(wish: Wish, best: Recipe, random: np.random.Generator) -> tuple[Trial, ...]:
    made = [_trial(number, wish, random) for number in range(wish.trials)]
    complete = [trial for trial in made if trial.value is not None]
    winner = min(complete, key=lambda trial: trial.value or 0.0)
    return tuple(replace(trial, recipe_id=best.id) if trial is winner else trial for trial in made)


def _trial(number: int, wish: Wish, random: np.random.Generator) -> Trial:
    values: dict[str, Value] = {
        "channels": str(random.choice(CHANNELS)),
        "conv.count": int(random.integers(0, 3)),
        "rate": float(10 ** random.uniform(-4, -1.5)),
        "penalty": float(10 ** random.uniform(-5, -1)),
        "batch": int(random.choice([16, 32, 64])),
        "dense.1.units": int(random.integers(8, 128)),
        "augment": bool(random.integers(2)),
    }
    if values["conv.count"]:
        values["conv.1.kernel"] = int(random.integers(3, 31))
        values["conv.1.filters"] = int(random.integers(2, 24))
    state: State = "complete" if number < 4 else random.choice(["complete", "pruned", "rejected"], p=[0.5, 0.42, 0.08])
    if state == "rejected":
        return Trial(number, state, values, reason="layer 1 (max_pool): a window of 9 does not fit in 5 points")
    scale = 0.05 if wish.classes else 0.7
    away = 0.35 * (np.log10(float(values["rate"])) + 2.8) ** 2 + 0.1 * random.gamma(2.0, 1.0)
    final = scale * (1 + 2.5 * away * np.exp(-number / 60))
    stop = 300 if state == "complete" else int(random.choice(RUNGS[:3]))
    rungs = tuple(
        Rung(epoch, tuple(float(v) for v in final * (1 + 8 / epoch) * random.normal(1, 0.08, wish.folds)))
        for epoch in RUNGS
        if epoch <= stop
    )
    epochs = np.arange(1, stop + 1)
    tuning = [final * (1 + 9 / epochs) * np.exp(random.normal(0, 0.05, stop)) for _ in range(wish.folds)]
    training = [1.5 / (1 + epochs / 3) ** 1.3 * np.exp(random.normal(0, 0.05, stop)) + 0.002 for _ in range(wish.folds)]
    return Trial(
        number=number,
        state=state,
        values=values,
        recipe_id=f"{number:012x}",
        value=rungs[-1].mean if state == "complete" else None,
        pooled=rungs[-1].mean * 1.02 if state == "complete" else None,
        rungs=rungs,
        tuning_curves=tuple(tuple(float(v) for v in curve) for curve in tuning),
        training_curves=tuple(tuple(float(v) for v in curve) for curve in training),
        best_epochs=tuple(int(np.argmin(curve)) + 1 for curve in tuning),
        parameters=39_000,
        seed=1000 + number,
        seconds=stop / 40,
    )


def _replicates(wish: Wish, trials: tuple[Trial, ...], random: np.random.Generator) -> dict[str, tuple[float, ...]]:
    ranked = sorted((trial for trial in trials if trial.value is not None), key=lambda trial: trial.value or 0.0)
    return {
        trial.recipe_id: tuple(float(v) for v in (trial.value or 0.0) * random.normal(1.05, 0.06, 3))
        for trial in ranked[:3]
    }


def _importance(wish: Wish, trials: tuple[Trial, ...]) -> Importance | None:
    if not wish.importance:
        return None
    means = {"rate": 0.41, "channels": 0.16, "conv.1.kernel": 0.09, "penalty": 0.07}
    means |= {"batch": 0.04, "conv.count": 0.03, "dense.1.units": 0.02, "augment": 0.01}
    shares = tuple(
        Share(name, group_of(name), mean, mean / 8, 0.7 * mean + 0.03, name == "conv.1.kernel", mean > 0.03)
        for name, mean in means.items()
    )
    groups = tuple(
        GroupShare(group, sum(share.mean for share in shares if share.group == group), 0.02) for group in GROUPS
    )
    pairs = (
        Interaction("rate", "penalty", 0.03, 0.004, 0.012),
        Interaction("rate", "conv.1.kernel", 0.01, 0.003, 0.011),
    )
    complete = sum(trial.value is not None for trial in trials)
    return Importance("functional ANOVA", "tpe", complete, 5, shares, groups, pairs, 0.031)


def _regions(wish: Wish, axis: Axis, random: np.random.Generator) -> Regions | None:
    if not wish.regions:
        return None
    edges = np.linspace(axis.positions[0], axis.positions[-1], 21)
    middle = (np.arange(20) + 0.5) / 20
    mean = (0.3 if wish.classes else 3.0) * np.exp(-(((middle - 0.42) / 0.08) ** 2)) + 0.05
    return Regions(edges, mean * random.lognormal(0, 0.25, (wish.folds, 20)))


def _settings(wish: Wish) -> dict[str, object]:
    return {
        "source": wish.source,
        "target": wish.target,
        "startup": 10,
        "seed": wish.seed,
        "out": "runs/demo",
        "search": {"trials": wish.trials, "folds": wish.folds, "sampler": "tpe", "pruner": "hyperband"},
        "space": {
            "family": "passos",
            "ranges": {
                "rate": {"kind": "float", "low": 1e-4, "high": 0.03, "log": True},
                "channels": {"kind": "choice", "options": list(CHANNELS)},
            },
        },
    }
