"""``spectune lr-range``: between which learning rates a network trains."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectune.cli.options import DATA, OUTPUT, SEARCH, Words, settings_command
from spectune.errors import SettingError
from spectune.files.settings import checked, default_out, load_settings

WORDS = """Say between which learning rates a network trains: a short test while the rate climbs.

Without --run the network is the first start, or else the middle, of the search space.

Only training rows of the folds are used; the test rows stay closed.

[bold]Examples:[/bold]

[cyan]spectune lr-range soil.csv --target total_carbon --space passos --fix batch=64[/cyan]

[cyan]spectune lr-range --run runs/soil --seeds 10[/cyan]
"""

NAMES = (
    *("data", "target", "where", "classes", "unit", "signal", "sheet", "split", "test", "test_part", "group"),
    *("folds", "space", "fix", "seed", "cores"),
)
"""Settings that are options of this command."""

OWN: Mapping[str, tuple[Any, Words]] = {
    "run": (Path, Words(DATA, "Test the winner of this finished run on its own data instead.", metavar="RUN")),
    "seeds": (int, Words(SEARCH, "Members, each with a seed of its own.", default="5", metavar="N")),
    "steps": (int, Words(SEARCH, "Learning rates, a batch at each.", default="200", metavar="N")),
    "from_": (float, Words(SEARCH, "First learning rate.", default="1e-5", metavar="RATE")),
    "to": (float, Words(SEARCH, "Last learning rate.", default="1", metavar="RATE")),
    "published": (bool, Words(SEARCH, "Show the procedure of Passos & Mishra (2022) too; it takes longer.")),
    "out": (Path, Words(OUTPUT, "Folder.", "-o", "runs/lr-range-DATA-TARGET, or that of --run", "FOLDER")),
}
"""Options that are not as in ``spectune tune``."""

ASKED = {"seeds": "seeds", "steps": "steps", "from_": "low", "to": "high", "published": "published", "seed": "seed"}
"""Options that say how the test is made, and what they are called there."""


def lr_range(said: Mapping[str, Any], config: Path | None) -> None:
    """Make a range test as said on the command line, on top of a ``run.toml``.

    Raises:
        SettingError: neither data nor a run, or both; options that make no sense.
    """
    asked = {ASKED[name]: value for name, value in said.items() if name in ASKED}
    command = repeated(said, config)
    if "run" in said:
        others = [name for name in said if name in NAMES and name not in ("seed", "cores")]
        if others or config:
            raise SettingError(
                f"--run has its own data, folds and network; leave out {', '.join(others) or '--config'}, or --run"
            )
        from spectune.cli import lr_ranging

        lr_ranging.measure_winner(said["run"], asked, command, said.get("out", said["run"]), said.get("cores"))
        return
    told = {name: value for name, value in said.items() if name in NAMES}
    if config is None and not {"data", "target"} <= told.keys():
        raise SettingError(
            "spectune lr-range needs a file of spectra and a target, spectune lr-range FILE --target COLUMN, "
            "or a finished run, spectune lr-range --run RUN"
        )
    settings = load_settings(config, told) if config else checked(told, "spectune lr-range")
    out = said.get("out") or default_out(settings.data, settings.target).replace("runs/", "runs/lr-range-", 1)
    from spectune.cli import lr_ranging

    lr_ranging.measure_space(settings, {"seed": settings.seed, **asked}, command, Path(out))


def repeated(said: Mapping[str, Any], config: Path | None) -> str:
    """The command line that says the same.

    >>> repeated({"data": "my soil.csv", "target": "SOC", "from_": 1e-6, "published": True}, None)
    "spectune lr-range 'my soil.csv' --target SOC --from 1e-06 --published"
    """
    words = [] if config is None else ["--config", str(config)]
    for name, value in said.items():
        words += [str(value)] if name == "data" else _option(name.rstrip("_").replace("_", "-"), value)
    return shlex.join(["spectune", "lr-range", *words])


def _option(name: str, value: object) -> list[str]:
    match value:
        case bool():
            return [f"--{name}" if value else f"--no-{name}"]
        case list() | tuple():
            return [word for one in value for word in _option(name, one)]
        case _:
            return [f"--{name}", str(value)]


command = settings_command(lr_range, WORDS, NAMES, OWN)
