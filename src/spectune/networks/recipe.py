"""A recipe: everything that determines a training, apart from data and seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spectune.errors import SettingError
from spectune.networks.layers import Layers
from spectune.spectra.channels import Channels, Layout

Optimiser = Literal["adam", "rmsprop", "adagrad", "sgd", "keras_adam"]
Decay = Literal["constant", "cosine", "plateau"]
Watch = Literal["error", "loss", "accuracy"]
Restore = Literal["best", "stopped"]
KeepBy = Literal["watched", "loss"]
Transform = Literal["none", "sqrt", "log", "boxcox"]
Start = Literal["he_normal", "glorot_uniform"]

LATER: Mapping[str, object] = {
    "slope": 0.3,
    "best_delta": 0.0,
    "start": "he_normal",
    "standardised": True,
    "watch": "error",
    "restore": "best",
    "keep_from": 0,
    "keep_by": "watched",
    "scaled_target": True,
    "penalised": True,
}
"""Values of fields that the first recipes did not have: left out of an identity, so that older ones hold.

They are those of recipes, schedules and layers alike: a name means the same in all of them.
"""


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Attributes:
        optimiser: which update rule. ``keras_adam`` adds its small constant to the root of the
            squares as they are, as Keras does; ``adam`` to the corrected root, as its paper does.
        rate: the largest learning rate.
        batch: rows per step.
        epochs: upper limit of epochs.
        penalty: L2, as gradient ``penalty * weight`` on kernels only (never on biases).
        warmup: epochs over which the rate rises from zero.
        decay: ``constant``, ``cosine`` to zero at ``epochs``, or ``plateau`` (Keras's
            ReduceLROnPlateau: ``factor`` after ``plateau_patience`` epochs that do not lower
            the watched value by ``min_delta``, not below ``min_rate``).
        patience: epochs without a lower watched value before a member stops (0: never).
        best_delta: by how much more than this an epoch's watched value must lie below that of the
            best epoch to become the best itself (``min_delta`` of Keras's EarlyStopping).
        watch: what is looked at on the tuning rows after every epoch; lower is better. ``error``
            as curves show it; ``loss``, Keras's ``val_loss``: mean loss on the scale that is
            trained, plus the penalty; ``accuracy``: the part of rows given a wrong class.
        restore: which weights are kept. ``best``: those of the best epoch. ``stopped``: those of
            the best epoch if the member ran out of patience, else of its last (Keras's EarlyStopping
            with ``restore_best_weights``). Of a member that diverges the best in any case.
        keep_from: if not 0, those of the lowest value (``keep_by``) among epochs after this one instead,
            whatever ``best_delta`` and ``restore`` say (Keras's ModelCheckpoint). A member that ends
            earlier keeps what ``restore`` says.
        keep_by: the value that ``keep_from`` means: the ``watched`` one, or the ``loss`` as ``watch``
            knows it, whatever else is watched (a ModelCheckpoint left at its default ``val_loss``).
    """

    optimiser: Optimiser = "adam"
    rate: float = 1e-3
    batch: int = 64
    epochs: int = 300
    penalty: float = 0.0
    warmup: int = 0
    decay: Decay = "constant"
    factor: float = 0.5
    plateau_patience: int = 25
    min_delta: float = 1e-4
    min_rate: float = 1e-6
    patience: int = 0
    best_delta: float = 0.0
    watch: Watch = "error"
    restore: Restore = "best"
    keep_from: int = 0
    keep_by: KeepBy = "watched"

    def __post_init__(self) -> None:
        if self.batch < 1 or self.epochs < 1:
            raise SettingError(
                f"a schedule needs at least 1 row per batch and 1 epoch; got {self.batch} and {self.epochs}"
            )
        if not (self.rate > 0 and self.penalty >= 0):
            raise SettingError(
                f"a learning rate must be above 0 and a penalty not below; got {self.rate} and {self.penalty}"
            )
        if self.keep_from < 0:
            raise SettingError(f"the epoch after which weights are kept must not lie below 0; got {self.keep_from}")


@dataclass(frozen=True)
class Recipe:
    """Channels, layers and schedule of a network; the last layer makes the outputs.

    ``transform`` is applied to the target before it is standardised, inside the network;
    errors are always taken in the target's own unit. ``gain`` scales the starting kernels: the
    papers use 1; on spectra, whose columns are strongly correlated, smaller starts often
    generalise far better. ``balanced`` gives every class the same weight in the loss, whatever
    its number of rows. ``start`` says how kernels are drawn: He-normal, or uniform as Glorot &
    Bengio (2010). ``standardised`` brings every column of the signal to mean 0 and deviation 1 over
    a member's training rows; without it the network receives what the channels make. With
    ``scaled_target`` the target is standardised too; without it it is trained in its own unit.

    Raises:
        SettingError: a transform of a target that is to be trained in its own unit.
    """

    channels: Channels
    layers: Layers
    schedule: Schedule = Schedule()
    layout: Layout = "channels"
    transform: Transform = "none"
    gain: float = 1.0
    balanced: bool = False
    start: Start = "he_normal"
    standardised: bool = True
    scaled_target: bool = True

    def __post_init__(self) -> None:
        if not self.scaled_target and self.transform != "none":
            raise SettingError(
                f"a target that is trained in its own unit takes no transform, but {self.transform} was asked for; "
                "set scaled_target, or transform to none"
            )

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that are the same for equal recipes on any machine."""
        text = json.dumps(asdict(self, dict_factory=_identity), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _identity(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Fields that belong to the identity of a record."""
    return {name: value for name, value in fields if name not in LATER or value != LATER[name]}
