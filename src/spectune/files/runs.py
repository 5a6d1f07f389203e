"""The folder of a run: what is kept, whose it is, and how an interrupted run goes on.

    runs/soil/
        run.toml            every setting
        identity.json       whose run this is: digests of the data with their roles, of the space; what goes on with it
        trials/0007.json    one record a trial: the truth about the search
        begun/0008.json     a trial under way, where several are
        workers.json        how many trials were under way at once, where several were
        study.db            a copy of the search for other programs
        fits/               what was trained after the search; gone when the run is finished
        outcome.json, .npz  the finished run
        predictions.csv     every row by every model
        model/, report.html

Every file is written whole or not at all; records carry the digest of their content.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pydantic import ConfigDict, TypeAdapter

from spectune.assessment.outcome import Outcome
from spectune.errors import RunError
from spectune.files.atomic import make_folder, write_text
from spectune.files.border import STRICT
from spectune.files.lock import lock
from spectune.files.packing import Arrays, pack
from spectune.files.records import keep, keep_plain, kept, kept_plain
from spectune.files.sealed import FORMAT, canonical, damaged, digest, read_bytes
from spectune.files.settings import Settings, format_settings, load_settings
from spectune.files.spaces import format_space
from spectune.files.tables import outcome_table, write_table
from spectune.networks.space import Space
from spectune.spectra.spectra import Spectra
from spectune.tuning.record import Trial

FREE = frozenset(
    {"data", "test", "out", "trials", "cores", "refit", "refit_rate", "explain", "top", "replicates", "storage"}
    | {"workers", "cluster", "per_gpu"}
)
"""Settings that may change when a run goes on: paths, copies, who does the work, and what comes after the search."""

_OWN = ("trials", "begun", "run.toml")
"""What a command that was killed at its very start may have left."""

_TRIALS = TypeAdapter(tuple[Trial], config=STRICT)
_OUTCOMES = TypeAdapter(tuple[Outcome], config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))


@dataclass(frozen=True)
class Fingerprint:
    """Digests that tell one run from another: ``data`` of spectra, targets and roles; ``space`` of the ranges."""

    data: str
    space: str


@dataclass(frozen=True)
class Run:
    """A run folder that this process may write to, until it is closed.

    Attributes:
        folder: where the run lives.
        settings: what it was told.
        continued: whether it was begun by an earlier command.
        held: the open file that keeps other commands out.
    """

    folder: Path
    settings: Settings
    continued: bool
    held: IO[bytes] = field(repr=False, compare=False)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.held.close()


def fingerprint(spectra: Spectra, space: Space) -> Fingerprint:
    """The fingerprint of a run on ``spectra`` (with roles and groups) over ``space``."""
    arrays: Arrays = {}
    words = canonical(pack([spectra.axis, spectra.task], arrays))
    columns = (spectra.x, spectra.y, spectra.groups, spectra.ids, spectra.roles)
    whole = digest("".join([words, *(digest(column.dtype.str.encode() + column.tobytes()) for column in columns)]))
    return Fingerprint(whole, digest(format_space(space)))


def open_run(folder: Path, settings: Settings, mark: Fingerprint, command: str = "") -> Run:
    """The run folder, made, or taken up again where it was left.

    Use it as a context (``with open_run(...) as run``); other commands are kept out until then. ``command`` is what
    to type to go on with it; that of ``spectune tune`` when empty.

    Raises:
        RunError: the folder holds something else, or another run (the message says what differs
            and what to do), or another command is working in it.
    """
    _check_ours(folder)
    make_folder(folder / "trials")
    held = lock(folder)
    try:
        continued = (folder / "identity.json").exists()
        if continued:
            _check_same(folder, settings, mark)
        _sweep(folder)
        write_text(folder / "run.toml", format_settings(settings, command))
        identity = {"format": FORMAT, **asdict(mark), **({"command": command} if command else {})}
        write_text(folder / "identity.json", json.dumps(identity, indent=1) + "\n")
    except BaseException:  # whatever it is, other commands may work in the folder
        held.close()
        raise
    return Run(folder, settings, continued, held)


def save_trial(run: Run, trial: Trial) -> None:
    """Keep the record of a trial that has ended as ``trials/NUMBER.json``."""
    keep_plain(_trial_file(run.folder, trial.number), "trial", trial)
    _begun_file(run.folder, trial.number).unlink(missing_ok=True)


def save_begun(run: Run, trial: Trial) -> None:
    """Keep, as ``begun/NUMBER.json``, what a trial is before its training, until it has ended."""
    path = _begun_file(run.folder, trial.number)
    make_folder(path.parent)
    keep_plain(path, "trial", trial)


def load_begun(folder: Path) -> tuple[Trial, ...]:
    """Trials whose training was begun and cut off, by number.

    Raises:
        RunError: a record is damaged.
    """
    found = [load_trial(path) for path in sorted((folder / "begun").glob("[0-9]*.json"))]
    return tuple(sorted(found, key=lambda trial: trial.number))


def load_trials(folder: Path, besides: Container[int] = ()) -> tuple[Trial, ...]:
    """All trials kept in a run folder, by number, besides some; none when there is no such folder.

    Raises:
        RunError: a record is damaged.
    """
    found = [load_trial(path) for path in _trial_files(folder) if int(path.stem) not in besides]
    return tuple(sorted(found, key=lambda trial: trial.number))


def ended_at(folder: Path, number: int) -> float | None:
    """When the record of a trial was written, in seconds since 1970; None where there is none."""
    try:
        return _trial_file(folder, number).stat().st_mtime
    except OSError:
        return None


def count_trials(folder: Path) -> int:
    """How many trials are kept in a run folder."""
    return sum(1 for _ in _trial_files(folder))


def save_outcome(run: Run, outcome: Outcome) -> None:
    """Keep a finished run as ``outcome.json`` and ``outcome.npz``, and its ``predictions.csv``.

    Until all three are written the run counts as unfinished.
    """
    (run.folder / "outcome.json").unlink(missing_ok=True)
    write_table(run.folder / "predictions.csv", outcome_table(outcome))
    keep(run.folder / "outcome.json", "outcome", outcome)


def load_outcome(folder: Path | str) -> Outcome:
    """The outcome kept in a run folder.

    Raises:
        RunError: no run folder, a run that is not finished, or a damaged file.
    """
    folder = Path(folder)
    check_run(folder)
    path = folder / "outcome.json"
    if not path.exists():
        raise RunError(f"{folder} holds no finished run; continue it with: {continue_command(folder)}")
    return kept(path, "outcome", _OUTCOMES)


def check_run(folder: Path) -> None:
    """Nothing, when the folder is that of a run.

    Raises:
        RunError: there is no such folder, or it is not that of a run.
    """
    if not folder.is_dir():
        raise RunError(
            f"there is no run folder {folder}; make one with: spectune tune DATA --target NAME --out {folder}"
        )
    if not (folder / "identity.json").exists():
        raise RunError(f"{folder} is not the folder of a run: it has no identity.json")


def data_digest(folder: Path) -> str:
    """Digest of the spectra, targets and roles that the run in a folder was begun with."""
    return str(_read_identity(folder).get("data", ""))


def space_digest(folder: Path) -> str:
    """Digest of the ranges that the run in a folder was begun with."""
    return str(_read_identity(folder).get("space", ""))


def continue_command(folder: Path) -> str:
    """What to type to go on with a run: the command that it was begun with, where that is not ``spectune tune``."""
    known = _read_identity(folder) if (folder / "identity.json").exists() else {}
    return str(known.get("command", "")) or f"spectune tune --config {folder / 'run.toml'}"


def _check_ours(folder: Path) -> None:
    if not folder.is_dir() or (folder / "identity.json").exists():
        return
    strangers = [path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name not in _OWN]
    if strangers:
        raise RunError(
            f"{folder} exists and is not the folder of a run (it holds {sorted(strangers)[0]!r}); choose another --out"
        )


def _check_same(folder: Path, settings: Settings, mark: Fingerprint) -> None:
    identity = _read_identity(folder)
    if identity.get("format") != FORMAT:
        raise RunError(f"{folder} was written by another version of spectune; choose another --out")
    there, here = asdict(load_settings(folder / "run.toml")), asdict(settings)
    differences = [
        f"{name} is {there[name]!r} there and {here[name]!r} here"
        for name in there
        if name not in FREE and there[name] != here[name]
    ]
    if not differences and identity.get("data") != mark.data:
        differences = [f"its spectra, targets or roles are not those that {settings.data} now gives"]
    if not differences and identity.get("space") != mark.space:
        differences = [f"the ranges of its search space are not those that {settings.space!r} now gives"]
    if differences:
        raise RunError(
            f"{folder} belongs to another run: {' and '.join(differences)}; "
            f"choose another --out, or repeat that run with: {continue_command(folder)}"
        )


def _read_identity(folder: Path) -> dict[str, Any]:
    path = folder / "identity.json"
    try:
        kept = json.loads(read_bytes(path))
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(kept, dict):
        raise damaged(path)
    return kept


def _sweep(folder: Path) -> None:
    """Remove what a killed command had not finished writing."""
    for place in (folder, folder / "trials", folder / "begun", folder / "fits"):
        for path in place.glob(".*.part*"):
            path.unlink(missing_ok=True)


def _begun_file(folder: Path, number: int) -> Path:
    return folder / "begun" / f"{number:04d}.json"


def _trial_file(folder: Path, number: int) -> Path:
    return folder / "trials" / f"{number:04d}.json"


def _trial_files(folder: Path) -> Iterator[Path]:
    return (folder / "trials").glob("[0-9]*.json")


def load_trial(path: Path) -> Trial:
    """The record of a trial.

    Raises:
        RunError: it is damaged, or another version wrote it.
    """
    return kept_plain(path, "trial", _TRIALS)
