"""Measures the training engine against Keras ``model.fit`` on the same work, in alternation, and writes it down.

    python -m venv .venv-rival && .venv-rival/bin/pip install tensorflow-cpu
    python benchmarks/engine/run.py --rival .venv-rival/bin/python

Writes ``engine.md``, ``engine.svg`` and ``engine.json``. Every way to train is a process of its own, and only one
works at a time. What ``engine.json`` already holds of this machine, measured for as long and in all ways, is not
measured again; so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import host
import page
from ours import CORES, MODES
from results import Result, Timing, load, save
from talk import Side
from workloads import WORKLOADS, Workload, epoch_flops, write

HERE = Path(__file__).parent
RIVALS = ("keras", "expert")
PLAIN, FEW = "torch", 2
"""What is shown only for comparison, and can take minutes, takes part in the first rounds only."""

UNCOUNTED = 3
"""Epochs after a trial's first that no one's time counts: ours tries how best to share its threads."""

COMMAND = "python benchmarks/engine/run.py --rival .venv-rival/bin/python --seconds {0.seconds:g} --rounds {0.rounds}"
"""As the page says it, wherever the rival lies."""

OURS_ALONE = {"OMP_NUM_THREADS": "1"}
"""Torch works beside the core's own threads and must not start others."""


@dataclass(frozen=True)
class Sample:
    """One round of one way to train: seconds of a trial's first epoch, and of a later one."""

    trial: float
    epoch: float
    cpu: float
    others: float


def main() -> None:
    """Measures what is asked for and not yet known; writes the page after every workload."""
    asked = _arguments()
    kept = asked.out / "engine.json"
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.only:
        known = load(kept)
        if name in known and not asked.again and _finished(known[name], asked.seconds):
            print(f"{name}: measured on {known[name].day}, kept")
            continue
        known[name] = measured(WORKLOADS[name], asked)
        save(kept, {one: known[one] for one in WORKLOADS if one in known})
    page.write([known for name, known in load(kept).items() if name in WORKLOADS], asked.out)


def measured(workload: Workload, asked: argparse.Namespace) -> Result:
    """The result of one workload."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        write(workload, Path(folder))
        with _sides(Path(folder), asked.rival) as sides:
            limit = sides.pop("limit")
            versions = {word: str(one) for side in sides.values() for word, one in side.about.items()}
            samples: dict[str, list[Sample]] = {name: [] for name in sides}
            limits: dict[str, list[float]] = {"one": [], "all": []}
            counts = dict.fromkeys(sides, 1)
            for number in range(asked.rounds + 1):
                for threads, found in limit.ask("limit").items():
                    limits[threads].append(float(found))
                for name, side in sides.items():
                    if name == PLAIN and not 1 <= number <= FEW:
                        continue
                    sample = _sample(side, counts[name], 0 if name == PLAIN else UNCOUNTED)
                    counts[name] = max(1, round(asked.seconds / asked.rounds / sample.epoch))
                    if number:  # the first round only wakes everything up
                        samples[name].append(sample)
                        _tell(workload, number, name, sample)
    return Result(
        workload.name,
        date.today().isoformat(),
        COMMAND.format(asked),
        asked.seconds,
        host.facts(CORES),
        versions,
        epoch_flops(workload),
        limits,
        {name: _timing(name, every) for name, every in samples.items()},
    )


@contextmanager
def _sides(folder: Path, rival: Path) -> Iterator[dict[str, Side]]:
    """A waiting process for every way to train, ours and the rival's in turn, and one for the machine's limit."""
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    own, place = [sys.executable], str(folder)
    commands: dict[str, tuple[list[str], str, list[str], dict[str, str]]] = {"limit": (own, "limit.py", [], free)}
    for name in _in_turn(list(MODES)):
        if name in RIVALS:
            commands[name] = ([str(rival)], "rival.py", [place, name], {**free, "PYTHONPATH": ""})
        else:
            commands[name] = (own, "ours.py", [place, name], free | OURS_ALONE)
    with ExitStack() as stack:
        sides = {}
        for name, (program, script, words, environment) in commands.items():
            command = [*program, str(HERE / script), *words]
            sides[name] = Side(command, environment, folder / f"{name}.txt")
            stack.callback(sides[name].close)
        yield sides


def _in_turn(modes: list[str]) -> list[str]:
    """Ours and the rival's, in turn."""
    return [RIVALS[0], *modes[:1], RIVALS[1], *modes[1:]]


def _sample(side: Side, count: int, uncounted: int) -> Sample:
    first = side.ask("trial")
    if uncounted:
        side.ask(f"epochs {uncounted}")
    busy = host.Busy.now()
    later = side.ask(f"epochs {count}")
    wall, cpu = float(later["wall"]), float(later["cpu"])
    others = busy.others(wall, cpu)
    side.ask("rest")
    return Sample(float(first["wall"]), wall / count, cpu / count, others)


def _timing(name: str, samples: list[Sample]) -> Timing:
    return Timing(
        MODES[name].members if name in MODES else 1,
        [one.trial for one in samples],
        [one.epoch for one in samples],
        [one.cpu for one in samples],
        [one.others for one in samples],
    )


def _tell(workload: Workload, number: int, name: str, sample: Sample) -> None:
    models = MODES[name].members if name in MODES else 1
    print(
        f"{workload.name} round {number}, {name}: {sample.epoch / models:.4f} s per epoch and model, "
        f"first epoch with all before it {sample.trial:.2f} s, others used {sample.others:.2f} cores",
        flush=True,
    )


def _finished(known: Result, seconds: float) -> bool:
    everything = {*MODES, *RIVALS} <= set(known.timings)
    return everything and known.seconds >= seconds and known.host == host.facts(CORES)


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description="The training engine against Keras.")
    words.add_argument("--rival", type=Path, required=True, help="python of an environment with tensorflow-cpu")
    words.add_argument("--only", type=_names, default=list(WORKLOADS), help="workloads, separated by commas")
    words.add_argument("--seconds", type=float, default=10.0, help="that every way to train is measured for")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--out", type=Path, default=HERE, help="folder of engine.md, engine.svg and engine.json")
    words.add_argument("--again", action="store_true", help="measure also what is known already")
    asked = words.parse_args()
    if not asked.rival.exists():
        words.error(
            f"there is no {asked.rival}; make it with: "
            "python -m venv .venv-rival && .venv-rival/bin/pip install tensorflow-cpu"
        )
    return asked


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"unknown workloads {unknown}; there are {', '.join(WORKLOADS)}")
    return names


if __name__ == "__main__":
    main()
