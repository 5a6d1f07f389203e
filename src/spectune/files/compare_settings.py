"""Everything ``spectune compare`` can be told, and its file ``compare.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import tomli_w
from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.errors import SettingError
from spectune.files.border import STRICT, as_json, close_to, read_toml, refusal, sentences
from spectune.files.settings import BOUNDS, NAMES, Pruner, Sampler, Settings, checked, default_out
from spectune.tuning.compare import MOST_SEEDS

OWN = frozenset(
    {
        "trials",
        "sampler",
        "pruner",
        "search_seed",
        "objective",
        "overfit",
        "top",
        "replicates",
        "refit",
        "refit_rate",
        "explain",
    }
    | {"workers", "cluster", "per_gpu"}
)
"""Settings that a comparison sets itself, or that come after the search; methods are compared by the error, and
their times by trials that have all cores."""

SHARED: tuple[str, ...] = tuple(name for name in NAMES if name not in OWN)
"""Settings that all runs of a comparison have in common."""

_ASKED_NAMES = ("arms", "trials", "seeds")


@dataclass(frozen=True)
class Arm:
    """A search method: how the next network is chosen, and how hopeless ones are ended early."""

    sampler: Sampler
    pruner: Pruner = "none"

    def __str__(self) -> str:
        return self.sampler if self.pruner == "none" else f"{self.sampler}+{self.pruner}"


Search = tuple[Arm, int, Settings]
"""An arm, the number of its seed, and what the run of both is told."""


@dataclass(frozen=True)
class Asked:
    """What a comparison is told beside the settings that its runs share.

    Attributes:
        arms: search methods, such as ``"tpe"`` or ``"random+hyperband"``.
        trials: networks to try: one number for all arms, or one for each.
        seeds: searches of every arm.

    Raises:
        SettingError: a value that makes no sense; the message names all that do not.
    """

    arms: tuple[str, ...] = ("tpe", "random")
    trials: tuple[int, ...] = (80,)
    seeds: int = 3

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        mistakes = list(_senseless(self))
        if mistakes:
            raise refusal("this comparison", mistakes)


@dataclass(frozen=True)
class CompareSettings:
    """Search methods to be compared, and what all their searches have in common.

    Attributes:
        shared: data, roles, space and folds; its ``out`` is the folder of the comparison.
        asked: arms, trials, seeds.
    """

    shared: Settings
    asked: Asked = field(default_factory=Asked)

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The search methods."""
        return tuple(parse_arm(word) for word in self.asked.arms)

    @property
    def runs(self) -> tuple[Search, ...]:
        """Every search; those of one seed together, so that a part is balanced."""
        trials = self.asked.trials * (len(self.arms) // len(self.asked.trials))
        return tuple(
            (arm, seed, self._run(arm, seed, most))
            for seed in range(self.asked.seeds)
            for arm, most in zip(self.arms, trials, strict=True)
        )

    @property
    def folder(self) -> Path:
        """Folder of the comparison."""
        return self.shared.folder

    def _run(self, arm: Arm, seed: int, trials: int) -> Settings:
        """Only the search has the seed: rows, roles and folds are the same for all."""
        return replace(
            self.shared,
            out=str(self.folder / f"{arm}-{seed}"),
            sampler=arm.sampler,
            pruner=arm.pruner,
            trials=trials,
            search_seed=self.shared.seed + seed,
        )


_ASKED = TypeAdapter(Asked)


def parse_arm(word: str) -> Arm:
    """An arm from its word, a sampler or ``sampler+pruner``; the inverse of ``str``.

    >>> parse_arm("tpe+hyperband")
    Arm(sampler='tpe', pruner='hyperband')

    Raises:
        SettingError: another word.
    """
    for arm in known_arms():
        if str(arm) == word.strip():
            return arm
    words = [str(arm) for arm in known_arms()]
    raise SettingError(
        f"{word!r} is not a search method{close_to(word, words)}; search methods are: {', '.join(words)}"
    )


def known_arms() -> tuple[Arm, ...]:
    """Every sampler, without and with every pruner."""
    pruners = sorted(get_args(Pruner), key=lambda pruner: pruner != "none")
    return tuple(Arm(sampler, pruner) for pruner in pruners for sampler in get_args(Sampler))


def arms_and_trials(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Arms and trials as lists, where they were said as words with commas between.

    >>> arms_and_trials({"arms": "tpe, random", "trials": "80,250"})
    {'arms': ['tpe', 'random'], 'trials': [80, 250]}

    Raises:
        SettingError: trials that are not whole numbers.
    """
    parts = {name: [part.strip() for part in said[name].split(",")] for name in ("arms", "trials") if name in said}
    strange = [part for part in parts.get("trials", ()) if not part.isdecimal()]
    if strange:
        raise SettingError(f"trials must be a whole number, or one for each arm as in 80,250; got {strange[0]!r}")
    return {name: [int(part) for part in found] if name == "trials" else found for name, found in parts.items()}


def load_compare_settings(path: Path, override: Mapping[str, Any] | None = None) -> CompareSettings:
    """Settings from a ``compare.toml``; values of ``override`` go before those of the file.

    Raises:
        SettingError: no such file, not TOML, or mistakes in it; one message names them.
    """
    values = {name: value for name, value in read_toml(path).items() if name != "identity"}
    return checked_comparison({**values, **(override or {})}, str(path))


def checked_comparison(values: Mapping[str, Any], source: str) -> CompareSettings:
    """Settings of a comparison from names and values of unknown origin; ``source`` names it in errors.

    Raises:
        SettingError: an option that does not exist or makes no sense.
    """
    mine = {name: value for name, value in values.items() if name in _ASKED_NAMES}
    rest = {name: value for name, value in values.items() if name not in _ASKED_NAMES}
    strange = [name for name in rest if name in OWN]
    if strange:
        raise refusal(source, [f"{name} is no option of a comparison" for name in strange])
    try:
        asked = _ASKED.validate_json(as_json(mine))
    except ValidationError as error:
        raise refusal(source, sentences(error, _ASKED_NAMES)) from error
    if not rest.get("out") and isinstance(rest.get("data"), str) and isinstance(rest.get("target"), str):
        rest["out"] = default_compare_out(rest["data"], rest["target"])
    return CompareSettings(checked(rest, source), asked)


def default_compare_out(data: str, target: str) -> str:
    """Folder of a comparison that was given none.

    >>> default_compare_out("field/soil.csv", "total carbon (%)")
    'runs/compare-soil-total_carbon'
    """
    return default_out(data, target).replace("runs/", "runs/compare-", 1)


def format_compare_settings(settings: CompareSettings, identity: Mapping[str, str]) -> str:
    """Text of a ``compare.toml``, with the digests that tell one comparison from another."""
    said = {name: value for name, value in asdict(settings.shared).items() if name in SHARED and value is not None}
    tables = {**asdict(settings.asked), **said, "identity": dict(identity)}
    return f"# repeat this: spectune compare --config compare.toml --out another/folder\n{tomli_w.dumps(tables)}"


def _senseless(asked: Asked) -> Iterator[str]:
    """A sentence for every value that has the right kind but makes no sense."""
    yield from _senseless_arms(asked.arms)
    low, high = BOUNDS["trials"]
    for trials in asked.trials:
        if not low <= trials <= high:
            yield f"trials must be from {low} to {high}, got {trials}"
    if len(asked.trials) not in (1, len(asked.arms)):
        yield f"trials must be one number, or one for each of {len(asked.arms)} arms; got {len(asked.trials)} numbers"
    if not 1 <= asked.seeds <= MOST_SEEDS:
        yield f"seeds must be from 1 to {MOST_SEEDS}, got {asked.seeds}"


def _senseless_arms(arms: Sequence[str]) -> Iterator[str]:
    for arm in arms:
        try:
            parse_arm(arm)
        except SettingError as error:
            yield str(error)
    if len(set(arms)) < max(len(arms), 2):
        yield f"arms must be at least two different search methods, got {', '.join(arms) or 'none'}"
