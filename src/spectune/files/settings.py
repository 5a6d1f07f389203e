"""Everything ``spectune tune`` can be told, and its file ``run.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

import tomli_w
from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.errors import SettingError
from spectune.files.border import STRICT, as_json, parse_toml, read_toml, refusal, sentences
from spectune.networks.precision import Precision
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal
from spectune.tuning.places import place_of
from spectune.tuning.plan import too_late, two_numbers
from spectune.tuning.record import Objective

Sampler = Literal["tpe", "random"]
Pruner = Literal["hyperband", "median", "none"]
Rate = Literal["space", "auto"]
Workers = int | Literal["auto"]

BOUNDS: Mapping[str, tuple[int, int]] = {
    "trials": (1, 100_000),
    "folds": (2, 50),
    "seed": (0, 2_000_000_000),
    "search_seed": (0, 2_000_000_000),
    "epochs": (1, 100_000),
    "startup": (1, 100_000),
    "least": (1, 100_000),
    "reduction": (2, 100),
    "replicates": (0, 50),
    "top": (1, 50),
    "cores": (0, 1024),
    "workers": (1, 1024),
    "per_gpu": (1, 64),
}


@dataclass(frozen=True)
class Settings:
    """Everything a run can be told; what is not said is right for a first look.

    Attributes:
        data: file of spectra.
        target: column to predict.
        out: folder of the run; ``runs/<data>-<target>`` when empty.
        test: file whose rows are the test set.
        split: column that says which rows are ``cal`` and which ``test``.
        group: column whose equal values stay on one side of every split.
        where: which rows to use, such as ``instrument == "m5"``.
        classes: whether the target is a class; None to see from its values.
        unit, signal: of the axis and of the spectra, where the file does not tell.
        sheet: of an Excel file.
        test_part: share of rows cut off as test set when neither ``test`` nor ``split`` is given.
        trials: networks to try.
        folds: of cross-validation.
        seed: of everything drawn at random.
        search_seed: of the search alone, where several searches are to have the same folds; None for ``seed``.
        space: name of a shipped search space, a TOML file, or ``"auto"``.
        fix: hyperparameters of the space that are not searched, each ``"NAME=VALUE"``.
        sampler: how the next network is chosen.
        pruner: how hopeless networks are ended early.
        epochs: upper limit that overrides the space's; None to keep it.
        objective: what the search minimises: the ``"error"`` on held-out rows, that and how far it lies from
            the error on training rows (``"overfit"``), the part of wrong classes (``"accuracy"``), or error and
            distance side by side (``"pareto"``, without a pruner).
        overfit: weight of the over-fit term, from 0 to 1; the error has the rest.
        startup: networks drawn at random before the sampler learns from them.
        least: epochs before the first rung, at which networks are compared; None for a ninth of them.
        reduction: how many times as many epochs to the next rung; with ``"hyperband"`` one network in so many goes on.
        lr: whether learning rates are as the space says, or found by a range test before the search.
        replicates: trainings with fresh seeds of each of the ``top`` recipes, before one is called best.
        top: recipes that are trained again.
        refit: whether the members are trained again on all calibration rows, instead of keeping the
            fold members of the best recipe.
        refit_rate: part of the recipe's learning rate with which they go on from their best weights; 0 to
            begin anew.
        cores: cores to use, shared by the workers; 0 for all. With ``cluster`` those of each worker, 0 for one.
        workers: processes that train trials at the same time; ``"auto"`` to find out how many are fastest here.
        cluster: where they are, if not on this machine: ``"slurm"``, a Dask scheduler's address, or its file.
        device: what trains: ``"cpu"``, or a GPU such as ``"cuda"`` or ``"cuda:1"``.
        per_gpu: trials that share one GPU.
        precision: of the products while the search trains; ``bf16`` is faster on processors made for it.
            Networks that are reported and kept are trained in float32 in any case.
        explain: whether to work out which regions of the spectrum matter.
        storage: where trials are copied to for other programs: ``"sqlite"``, ``"journal"``, the address of a
            PostgreSQL server, or ``"none"``.

    Raises:
        SettingError: a value out of its bounds; the message names all that are.
    """

    data: str
    target: str
    out: str = ""
    test: str | None = None
    split: str | None = None
    group: str | None = None
    where: str | None = None
    classes: bool | None = None
    unit: Unit | None = None
    signal: Signal | None = None
    sheet: str | None = None
    test_part: float = 0.2
    trials: int = 50
    folds: int = 5
    seed: int = 0
    search_seed: int | None = None
    space: str = "auto"
    fix: tuple[str, ...] = ()
    sampler: Sampler = "tpe"
    pruner: Pruner = "hyperband"
    epochs: int | None = None
    objective: Objective = "error"
    overfit: float = 0.5
    startup: int = 10
    least: int | None = None
    reduction: int = 3
    lr: Rate = "space"
    replicates: int = 3
    top: int = 3
    refit: bool = False
    refit_rate: float = 0.1
    cores: int = 0
    workers: Workers = 1
    cluster: str | None = None
    device: str = "cpu"
    per_gpu: int = 1
    precision: Precision = "float32"
    explain: bool = True
    storage: str = "sqlite"

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        mistakes = list(_senseless(vars(self)))
        if mistakes:
            raise refusal("these settings", mistakes)
        if not self.out:
            object.__setattr__(self, "out", default_out(self.data, self.target))

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.out)


_ADAPTER = TypeAdapter(Settings)
NAMES: tuple[str, ...] = tuple(field.name for field in fields(Settings))


def default_out(data: str, target: str) -> str:
    """Folder of a run that was given none.

    >>> default_out("field/soil.csv", "total carbon (%)")
    'runs/soil-total_carbon'
    """
    return "runs/" + re.sub(r"[^\w.-]+", "_", f"{Path(data).stem}-{target}").strip("._")


def load_settings(path: str | Path, override: Mapping[str, Any] | None = None) -> Settings:
    """Settings from a ``run.toml``; values of ``override`` go before those of the file.

    Raises:
        SettingError: no such file, not TOML, an option that does not exist, or a value of the
            wrong kind or out of bounds; one message names all mistakes.
    """
    return checked({**read_toml(Path(path)), **(override or {})}, str(path))


def parse_settings(text: str, source: str = "run.toml") -> Settings:
    """Settings from the text of a ``run.toml``; the inverse of ``format_settings``."""
    return checked(parse_toml(text, source), source)


def checked(values: Mapping[str, Any], source: str) -> Settings:
    """Settings from names and values of unknown origin; ``source`` names it in errors.

    >>> checked({"data": "soil.csv", "target": "carbon", "trails": 9}, "run.toml")
    Traceback (most recent call last):
        ...
    spectune.errors.SettingError: run.toml: 'trails' is not an option (did you mean trials?)
    """
    try:
        return _ADAPTER.validate_json(as_json(values))
    except ValidationError as error:
        mistakes = sentences(error, NAMES)
    except SettingError:
        mistakes = []
    raise refusal(source, [*mistakes, *_senseless(values)])


def format_settings(settings: Settings, command: str = "") -> str:
    """Text of a ``run.toml`` that says every option, defaults included.

    A later version with other defaults repeats the run all the same. ``command`` goes on with a run that
    ``spectune tune`` cannot repeat.
    """
    said = {name: value for name, value in asdict(settings).items() if value is not None}
    told = "repeat this run: spectune tune --config run.toml --out another/folder"
    if command:
        told = f"part of a larger whole, which goes on with: {' '.join(command.splitlines())}"
    return f"# {told}\n{tomli_w.dumps(said)}"


def _senseless(values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for every value that has the right kind but makes no sense."""
    for name in ("data", "target"):
        if values.get(name) == "":
            yield f"{name} is empty"
    for name, (low, high) in BOUNDS.items():
        value = values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and not low <= value <= high:
            yield f"{name} must be from {low} to {high}, got {value}"
    yield from _unfit(values.get("fix"))
    yield from _unplaced(values.get("storage"))
    yield from _unsearchable(values)
    yield from _unstaffed(values)
    part = values.get("test_part")
    if isinstance(part, int | float) and not 0 < part < 0.9:
        yield f"test_part must be above 0 and below 0.9, got {part}"
    rate = values.get("refit_rate")
    if isinstance(rate, int | float) and not 0 <= rate <= 1:
        yield f"refit_rate must be from 0 to 1, got {rate}"
    if values.get("test") and values.get("split"):
        yield "test and split both name the test rows; keep one of them"


def _unsearchable(values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for every setting of the search that does not go with the others."""
    weight, least, epochs = values.get("overfit"), values.get("least"), values.get("epochs")
    if isinstance(weight, int | float) and not isinstance(weight, bool) and not 0 <= weight <= 1:
        yield f"overfit must be from 0 to 1, got {weight}"
    pruner = values.get("pruner", Settings.pruner)
    if values.get("objective") == "pareto" and pruner in ("hyperband", "median"):
        yield two_numbers(pruner)
    if isinstance(least, int) and isinstance(epochs, int) and least >= epochs:
        yield too_late(least, epochs)


def _unstaffed(values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for workers, a cluster or a device that cannot be."""
    cluster, device = values.get("cluster"), values.get("device", "cpu")
    if isinstance(cluster, str) and not re.fullmatch(r"(tls|tcp)://\S+:\d+|(?!.*://).+", cluster):
        yield (
            f"cluster must be slurm, a scheduler's address such as tls://host:8786, or the path of its file; "
            f"got {cluster!r}"
        )
    if cluster is not None and values.get("workers") == "auto":
        yield "workers auto measures this machine, and cluster trains elsewhere; say how many workers"
    if isinstance(device, str) and not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        yield f"device must be cpu, cuda, or one of several GPUs such as cuda:1; got {device!r}"
    if device == "cpu" and values.get("per_gpu", 1) != 1:
        yield "per_gpu says how many trials share a GPU, and device is cpu; set device to cuda, or leave per_gpu out"


def _unplaced(storage: object) -> Iterator[str]:
    """A sentence for a place that no copy can be kept at."""
    try:
        place_of(storage if isinstance(storage, str) else Settings.storage)
    except SettingError as error:
        yield str(error)


def _unfit(fix: object) -> Iterator[str]:
    """A sentence for everything in ``fix`` that is no NAME=VALUE, or fixes a name again."""
    said = [one for one in fix if isinstance(one, str)] if isinstance(fix, list | tuple) else []
    names = [one.partition("=")[0].strip() for one in said]
    for place, (name, one) in enumerate(zip(names, said, strict=True)):
        if not name or "=" not in one:
            yield f"fix must be NAME=VALUE, such as batch=64, got {one!r}"
        elif name in names[:place]:
            yield f"fix gives {name!r} twice; keep one of them"
