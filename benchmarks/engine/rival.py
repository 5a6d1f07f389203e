"""The rival: Keras ``model.fit`` on a workload, as the papers train. Runs in an environment of its own.

    python rival.py FOLDER keras|expert

FOLDER is what ``workloads.write`` wrote. ``expert`` hands a whole epoch to TensorFlow at once
(``steps_per_execution``), which the papers do not do. The command ``trial`` builds a new model and trains its first
epoch; ``epochs N`` goes on with it; ``rest`` ends it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow
from talk import Ear, Watch

WITHOUT_END = 1_000_000_000

Description = dict[str, Any]
Rows = tuple[Any, Any]


class Commanded(keras.callbacks.Callback):  # type: ignore[misc]
    """After an epoch, waits to be told whether and how long to go on."""

    def __init__(self, ear: Ear, watch: Watch) -> None:
        super().__init__()
        self.ear, self.watch, self.left = ear, watch, 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Answers when the epochs that were asked for are done."""
        self.left -= 1
        if self.left:
            return
        self.ear.say(self.watch.read())
        word, self.left = self.ear.hear()
        self.model.stop_training = word != "epochs"
        self.watch = Watch.start()


def main(folder: Path, mode: str) -> None:
    """Trains a model for every trial that is asked for."""
    description = json.loads((folder / "workload.json").read_text(encoding="utf-8"))
    train, tuning = read(folder, description)
    ear = Ear.open(keras=keras.__version__, tensorflow=tensorflow.__version__)
    while ear.hear()[0] == "trial":
        keras.backend.clear_session()
        commanded = Commanded(ear, Watch.start())
        model = built(description, train[0].shape[1:], mode)
        model.fit(
            *train,
            batch_size=description["batch"],
            epochs=WITHOUT_END,
            validation_data=tuning,
            verbose=0,
            callbacks=[*watchers(), commanded],
        )
        del model
        ear.say({})


def read(folder: Path, description: Description) -> tuple[Rows, Rows]:
    """Training and tuning rows: (signal, wanted) of each."""
    signal, wanted = np.load(folder / "signal.npy"), np.load(folder / "wanted.npy")
    if description["classes"]:
        wanted = keras.utils.to_categorical(wanted, description["classes"])
    cut = description["train"]
    return (signal[:cut], wanted[:cut]), (signal[cut:], wanted[cut:])


def watchers() -> list[keras.callbacks.Callback]:
    """The papers' callbacks; this early stopping never stops, but keeps the best weights as theirs does."""
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", min_delta=1e-4, patience=WITHOUT_END, restore_best_weights=True
    )
    slow = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=25, min_lr=1e-6)
    return [stop, slow]


def built(description: Description, shape: tuple[int, ...], mode: str) -> keras.Model:
    """The compiled model."""
    made = keras.Sequential([keras.Input(shape), *layers(description)])
    whole = -(-description["train"] // description["batch"])
    made.compile(
        optimizer=keras.optimizers.Adam(learning_rate=description["rate"]),
        loss="categorical_crossentropy" if description["classes"] else "mse",
        metrics=["accuracy" if description["classes"] else "mse"],
        steps_per_execution=whole if mode == "expert" else 1,
    )
    found = sum(int(np.prod(weight.shape)) for weight in made.trainable_weights)
    if found != description["parameters"]:
        raise SystemExit(f"Keras made {found} parameters of a network of {description['parameters']}")
    return made


def layers(description: Description) -> list[keras.layers.Layer]:
    """Keras layers; an activation belongs to the weights right before it, and the last layer's is softmax."""
    records, made = description["layers"], []
    for record, following in zip(records, [*records[1:], {"kind": "end"}], strict=True):
        name = following["name"] if following["kind"] == "act" else "linear"
        if following["kind"] == "end" and description["classes"]:
            name = "softmax"
        made.append(layer(record, {"swish": "silu"}.get(name, name), description))
        if record["kind"] in ("conv", "dense") and following["kind"] == "act":
            following["kind"] = "done"
    return [one for one in made if one is not None]


def layer(record: Description, activation: str, description: Description) -> keras.layers.Layer | None:
    """The Keras layer of one record; None for an activation that is done already."""
    penalty = keras.regularizers.L2(description["penalty"] / 2) if description["penalty"] else None
    weights = {
        "activation": activation,
        "kernel_initializer": description["start"],
        "kernel_regularizer": penalty,
    }
    match record["kind"]:
        case "conv":
            sizes = {"strides": record["stride"], "padding": record["padding"]}
            return keras.layers.Conv1D(record["filters"], record["kernel"], **sizes, **weights)
        case "dense":
            return keras.layers.Dense(record["units"], **weights)
        case "batch_norm":
            return keras.layers.BatchNormalization(momentum=record["momentum"], epsilon=record["eps"])
        case "max_pool":
            return keras.layers.MaxPooling1D(record["size"], strides=record["stride"], padding=record["padding"])
        case "act":
            return keras.layers.Activation(record["name"])
        case "dropout":
            return keras.layers.Dropout(record["rate"])
        case "flatten":
            return keras.layers.Flatten()
        case "done":
            return None
        case kind:
            raise SystemExit(f"the rival does not know layers of kind {kind!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
