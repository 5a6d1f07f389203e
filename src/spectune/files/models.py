"""A model as a folder: JSON and arrays, nothing that could run.

model/
    model.json     recipe, task, axis, signal; carries its own checksum and that of the arrays
    weights.npz    weights and scaling of every member
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.errors import ModelError, RunError
from spectune.files.atomic import make_folder, write_bytes, write_text
from spectune.files.packing import array_bytes, arrays_from
from spectune.files.sealed import digest, read_bytes, sealed, unsealed
from spectune.networks.recipe import Recipe
from spectune.predictions import Predictions
from spectune.spectra.axis import Axis, same_axis
from spectune.spectra.select import row_ids
from spectune.spectra.spectra import Task
from spectune.spectra.table import Signal, Table
from spectune.training.fit import Fitted, predict
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
    """A fitted ensemble with the axis it was calibrated on."""

    fitted: Fitted
    axis: Axis
    signal: Signal

    @property
    def task(self) -> Task:
        """What it predicts."""
        return self.fitted.task

    def predict(self, table: Table) -> Predictions:
        """Answers of every member for the spectra of a table.

        Raises:
            ModelError: spectra on another axis; the message says how they differ.
        """
        if not same_axis(self.axis, table.axis):
            raise ModelError(
                f"the model was calibrated on {self.axis.describe()}, but {table.source or 'the table'} has "
                f"{table.axis.describe()}; measure on the same axis, or interpolate the spectra to it"
            )
        return Predictions(predict(self.fitted, table.x), self.task.classes, row_ids(table))


_CARDS = TypeAdapter(Card)


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
    write_text(folder / "model.json", sealed("model", asdict(card)))


def load_model(folder: Path) -> Model:
    """The model in a model folder, or in the ``model`` folder of a run.

    Raises:
        ModelError: no model there, or a damaged one.
    """
    place = folder if (folder / "model.json").exists() else folder / "model"
    if not (place / "model.json").exists():
        raise ModelError(f"{folder} holds no model; make one with: spectune tune DATA --target NAME --out {folder}")
    try:
        card = _card(place / "model.json")
        data = read_bytes(place / "weights.npz")
    except RunError as error:
        raise ModelError(str(error)) from error
    if digest(data) != card.arrays:
        raise ModelError(f"{place / 'weights.npz'} is damaged: it does not fit its checksum; restore it")
    return Model(from_arrays(card.recipe, card.task, arrays_from(data)), card.axis, card.signal)


def _card(path: Path) -> Card:
    try:
        return _CARDS.validate_python(unsealed(path, "model"))
    except ValidationError as error:
        raise ModelError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
