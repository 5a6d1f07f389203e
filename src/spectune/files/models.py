"""A model as a folder: JSON and arrays, nothing that could run.

model/
    model.json     recipe, task, axis, signal; carries its own checksum and that of the arrays
    weights.npz    weights and scaling of every member
    interval.json  what makes intervals, or sets of classes; its arrays in interval.npz
    domain.json    what spectra it knows; its arrays in domain.npz
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.assessment.conformal import Conformal, at_level, chosen_sets, ends
from spectune.assessment.flags import Domain, flags
from spectune.errors import DataError, ModelError, RunError, SettingError
from spectune.files.atomic import make_folder, write_bytes, write_text
from spectune.files.packing import array_bytes, arrays_from
from spectune.files.records import Value, keep, kept
from spectune.files.sealed import digest, read_bytes, sealed, unsealed
from spectune.networks.recipe import Recipe
from spectune.predictions import Predictions
from spectune.spectra.axis import Axis, same_axis
from spectune.spectra.select import row_ids
from spectune.spectra.spectra import Task
from spectune.spectra.table import Signal, Table
from spectune.training.fit import Fitted, answers, signal
from spectune.training.pack import from_arrays, to_arrays


@dataclass(frozen=True)
class Card:
    """What a model is and what it may be applied to."""

    recipe: Recipe
    task: Task
    axis: Axis
    signal: Signal
    arrays: str

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted ensemble with the axis it was calibrated on.

    ``interval`` and ``domain`` say how far it can be trusted; None where that was not worked out.
    """

    fitted: Fitted
    axis: Axis
    signal: Signal
    interval: Conformal | None = None
    domain: Domain | None = None

    @property
    def task(self) -> Task:
        """What it predicts."""
        return self.fitted.task

    def predict(self, table: Table, level: float | None = None) -> Predictions:
        """Answers of every member for the spectra of a table, with intervals (or sets) and flags where it has them.

        Args:
            table: spectra on the axis of the model.
            level: how often an interval is to hold the true value; by default 0.9.

        Raises:
            ModelError: spectra on another axis; the message says how they differ.
            DataError: a spectrum with a value that is no number.
            SettingError: a level that the calibration rows cannot support, or any where there are no intervals.
        """
        self.check(table)
        prepared = signal(self.fitted, table.x)
        return self.said(table, prepared, answers(self.fitted, prepared), level)

    def check(self, table: Table) -> None:
        """Nothing, for a table that can be predicted; else an error as of ``predict``."""
        if not same_axis(self.axis, table.axis):
            raise ModelError(
                f"the model was calibrated on {self.axis.describe()}, but {table.source or 'the table'} has "
                f"{table.axis.describe()}; measure on the same axis, or interpolate the spectra to it"
            )
        if not np.isfinite(table.x).all():
            row = int(np.argmin(np.isfinite(table.x).all(axis=1))) + 1
            raise DataError(
                f"spectrum {row} of {table.source or 'the table'} has a value that is no number; leave it out"
            )

    def said(
        self, table: Table, prepared: NDArray[np.float32], members: NDArray[np.float64], level: float | None = None
    ) -> Predictions:
        """What answers of the members come to, whoever computed them: intervals (or sets) and flags where it has them.

        Args:
            table: spectra on the axis of the model.
            prepared: the same as the network receives them, (rows, L, C).
            members: answers of every member, (members, rows) or (members, rows, classes).
            level: as of ``predict``.
        """
        made = _with_interval(Predictions(members, self.task.classes, row_ids(table)), self.interval, level)
        if self.domain is None:
            return made
        return replace(made, flags=flags(self.domain, self.fitted, self.axis, table.x, prepared, made.mean))


_ARRAYS = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
_CARDS = TypeAdapter(Card)
_INTERVALS = TypeAdapter(tuple[Conformal], config=_ARRAYS)
_DOMAINS = TypeAdapter(tuple[Domain], config=_ARRAYS)


def save_model(folder: Path, model: Model) -> None:
    """Writes a model folder; ``model.json`` last, so that a folder with one is whole.

    Raises:
        RunError: the folder cannot be written to.
    """
    make_folder(folder)
    data = array_bytes(to_arrays(model.fitted))
    card = Card(model.fitted.recipe, model.task, model.axis, model.signal, digest(data))
    (folder / "model.json").unlink(missing_ok=True)
    write_bytes(folder / "weights.npz", data)
    save_trust(folder, model)
    write_text(folder / "model.json", sealed("model", asdict(card)))


def save_trust(folder: Path, model: Model) -> None:
    """Writes what says how far a model can be trusted beside it; what it has not is removed."""
    for name, value in (("interval", model.interval), ("domain", model.domain)):
        for ending in (".json", ".npz"):
            (folder / name).with_suffix(ending).unlink(missing_ok=True)
        if value is not None:
            keep(folder / f"{name}.json", name, value)


def load_model(folder: Path | str) -> Model:
    """The model in a model folder, or in the ``model`` folder of a run.

    Raises:
        ModelError: no model there, or a damaged one.
    """
    folder = Path(folder)
    place = folder if (folder / "model.json").exists() else folder / "model"
    if not (place / "model.json").exists():
        raise ModelError(f"{folder} holds no model; make one with: spectune tune DATA --target NAME --out {folder}")
    try:
        card = _card(place / "model.json")
        data = read_bytes(place / "weights.npz")
        interval = _beside(place / "interval.json", "interval", _INTERVALS)
        domain = _beside(place / "domain.json", "domain", _DOMAINS)
    except RunError as error:
        raise ModelError(str(error)) from error
    if digest(data) != card.arrays:
        raise ModelError(f"{place / 'weights.npz'} is damaged: it does not fit its checksum; restore it")
    return Model(from_arrays(card.recipe, card.task, arrays_from(data)), card.axis, card.signal, interval, domain)


def _with_interval(made: Predictions, interval: Conformal | None, level: float | None) -> Predictions:
    """With intervals or sets, at a level where one is asked for."""
    if interval is None:
        if level is not None:
            raise SettingError(f"this model has no intervals, so none of level {level:g}; predict with its run folder")
        return made
    wanted = interval if level is None else at_level(interval, level)
    if made.classes:
        return replace(made, level=wanted.level, sets=chosen_sets(wanted, made.mean))
    low, high = ends(wanted, made.members)
    return replace(made, level=wanted.level, low=low, high=high)


def _beside(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value | None:
    return kept(path, name, adapter) if path.exists() else None


def _card(path: Path) -> Card:
    try:
        return _CARDS.validate_python(unsealed(path, "model"))
    except ValidationError as error:
        raise ModelError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
