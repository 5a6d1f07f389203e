"""Our side: the engine on a workload, by way of ``fit``, as users come to it.

    python ours.py FOLDER MODE

FOLDER is what ``workloads.write`` wrote, MODE one of ``MODES``. The command ``trial`` starts from the recipe and raw
spectra and trains the first epoch; ``epochs N`` goes on; ``rest`` gives its memory back.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from talk import Ear, Watch
from workloads import WORKLOADS, Floats, Values, Workload

from spectune.errors import SettingError
from spectune.training.allowance import cores
from spectune.training.fit import Rehearsal, fit
from spectune.training.machine import Machine

CORES = cores()


@dataclass(frozen=True)
class Mode:
    """A way to train.

    Attributes:
        about: in words.
        members: networks trained at once, alike but for their seeds.
        machine: what trains them.
    """

    about: str
    members: int
    machine: Machine


def modes() -> dict[str, Mode]:
    """Ways to train by name; those of bfloat16 only where the machine has it."""
    one, together = "one model at a time, all cores on it", "all cores busy, a model on each"
    made = {
        "one": Mode(one, 1, Machine("core", threads=CORES)),
        "all": Mode(together, CORES, Machine("core", threads=CORES)),
        "torch": Mode("torch engine, one thread", 1, Machine("torch")),
    }
    with suppress(SettingError):
        made["one_bf16"] = Mode(f"{one}, bf16", 1, Machine("core", threads=CORES, precision="bf16"))
        made["all_bf16"] = Mode(f"{together}, bf16", CORES, Machine("core", threads=CORES, precision="bf16"))
    return made


MODES = modes()


def training(workload: Workload, x: Floats, y: Values, mode: Mode) -> Iterator[Rehearsal]:
    """Epochs of a new training, without end."""
    folds, seeds = (workload.fold,) * mode.members, range(mode.members)
    return fit(workload.recipe, x, y, workload.task, folds, seeds, machine=mode.machine)


def main(folder: Path, mode: Mode) -> None:
    """Trains for every trial that is asked for."""
    torch.set_num_threads(1)
    workload = WORKLOADS[json.loads((folder / "workload.json").read_text(encoding="utf-8"))["name"]]
    x, y = np.load(folder / "spectra.npy"), np.load(folder / "target.npy")
    ear = Ear.open(torch=torch.__version__)
    while ear.hear()[0] == "trial":
        watch = Watch.start()
        epochs = training(workload, x, y, mode)
        next(epochs)
        ear.say(watch.read())
        _go_on(epochs, ear)
        del epochs
        ear.say({})


def _go_on(epochs: Iterator[Rehearsal], ear: Ear) -> None:
    """Trains the epochs that are asked for, until something else is asked."""
    word, wanted = ear.hear()
    while word == "epochs":
        watch = Watch.start()
        for _ in range(wanted):
            next(epochs)
        ear.say(watch.read())
        word, wanted = ear.hear()


if __name__ == "__main__":
    main(Path(sys.argv[1]), MODES[sys.argv[2]])
