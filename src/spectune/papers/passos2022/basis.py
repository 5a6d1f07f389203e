"""What an experiment's folder stands on: no page mixes two sets of spectra, or networks cut in two ways.

``published/basis.json`` is kept before anything is trained, and compared before anything is loaded. A folder of an
earlier version has none: there the first search, which is an ordinary run, tells whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from spectune.errors import RunError
from spectune.files.atomic import make_folder
from spectune.files.records import keep_plain, kept_plain
from spectune.files.runs import continue_command, data_digest, fingerprint
from spectune.files.sealed import canonical, digest
from spectune.files.settings import Settings, load_settings
from spectune.job.data import Prepared
from spectune.networks.families.passos import base_recipe
from spectune.papers.passos2022.material import Published
from spectune.papers.passos2022.procedure import Sets
from spectune.papers.passos2022.published import bare, kept_base, search_work

RECORD = "basis.json"
OPTIMUM = "optimum.json"


@dataclass(frozen=True)
class Basis:
    """What the published procedure stands on.

    Attributes:
        data: digest of spectra, targets and roles.
        spectra: the same for a reader.
        epochs: upper limit; None as published.
        command: what to type to go on.
    """

    data: str
    spectra: str
    epochs: int | None
    command: str = ""


@dataclass(frozen=True)
class _Footing:
    """Digest of what the network of the published optimum was trained on, and how often."""

    digest: str


_BASES = TypeAdapter(tuple[Basis], config=ConfigDict(extra="forbid"))
_FOOTINGS = TypeAdapter(tuple[_Footing], config=ConfigDict(extra="forbid"))


def basis(spectra: Published, epochs: int | None, command: str = "") -> Basis:
    """What the published procedure would stand on with these spectra."""
    columns = (spectra.x, spectra.y, spectra.roles)
    words = canonical([spectra.axis.values, spectra.axis.unit, spectra.target, spectra.unit, spectra.classes])
    whole = digest(
        "".join([words, *(digest(f"{one.dtype.str}{one.shape}".encode() + one.tobytes()) for one in columns)])
    )
    counts = " + ".join(f"{int(np.sum(spectra.roles == role)):,}" for role in ("cal", "tuning", "test"))
    said = f"{counts} calibration, tuning and test rows of {spectra.target} from {spectra.source or 'unnamed spectra'}"
    return Basis(whole, said, epochs, command)


def keep_basis(folder: Path, here: Basis) -> None:
    """Keep what the published procedure in a folder stands on, before anything is trained."""
    make_folder(folder)
    keep_plain(folder / RECORD, "basis", here)


def check_basis(folder: Path, here: Basis, rows: Sets, going_on: bool) -> None:
    """Nothing, when the published procedure in a folder, if any, stands on these spectra.

    Args:
        folder: of the published procedure.
        here: what the present command gives.
        rows: the same spectra, stacked.
        going_on: whether it is to go on here, so that its epochs count too.

    Raises:
        RunError: it stands on other spectra, has other epochs, or does not tell; the message says what to do.
    """
    if not any((folder / name).exists() for name in (RECORD, "base.json", "climb.json", "search-0")):
        return
    there = kept_plain(folder / RECORD, "basis", _BASES) if (folder / RECORD).exists() else _told(folder, here, rows)
    if there.data != here.data and there.spectra != here.spectra:
        raise _another(folder, f"it stands on {there.spectra}, and here are {here.spectra}", there.command)
    if there.data != here.data:
        raise _another(folder, f"its spectra, targets or roles are not those of {here.spectra}", there.command)
    if going_on and there.epochs != here.epochs:
        raise _another(folder, f"epochs is {_epochs(there)} there and {_epochs(here)} here", there.command)


def check_ours(work: Prepared) -> None:
    """Nothing, when our run, if there is one, was begun with these spectra.

    Raises:
        RunError: it was begun with others.
    """
    folder, source = work.settings.folder, work.spectra.source or "unnamed spectra"
    if (folder / "identity.json").exists() and data_digest(folder) != fingerprint(work.spectra, work.space).data:
        command = continue_command(folder)
        known = command if command.startswith("spectune paper") else ""
        raise _another(folder, f"its spectra, targets, roles or groups are not those of {source}", known)


def settle_optimum(folder: Path, work: Prepared, known: bool) -> Path:
    """Where the network of the published optimum is kept; one that was trained on something else is removed.

    Args:
        folder: of the experiment.
        work: spectra and folds of ours.
        known: whether ours was finished before, so that an optimum of an earlier version belongs to it.
    """
    path, record, told = folder / OPTIMUM, folder / f"optimum-{RECORD}", work.settings
    mark = fingerprint(work.spectra, work.space).data
    here = _Footing(digest(canonical([mark, told.folds, told.seed, told.epochs, told.replicates])))
    same = kept_plain(record, "basis", _FOOTINGS) == here if record.exists() else known
    if not same:
        path.unlink(missing_ok=True)
    keep_plain(record, "basis", here)
    return path


def _told(folder: Path, here: Basis, rows: Sets) -> Basis:
    """What a folder of an earlier version stands on; no digest where that is not what is here.

    Raises:
        RunError: it cannot be told, or not all of it stands on the same.
    """
    first = folder / "search-0"
    if not (first / "identity.json").exists() or not (folder / "base.json").exists():
        raise RunError(
            f"{folder} does not tell which spectra its networks were trained on, because an earlier version of "
            f"spectune began it; choose another --out, or remove {folder} and begin again"
        )
    told: Settings = load_settings(first / "run.toml")
    work, base = search_work(rows, told, first, 0), kept_base(folder)
    if data_digest(first) != fingerprint(work.spectra, work.space).data:
        return replace(here, data="", epochs=told.epochs, command="")
    if len(base.output) != len(rows.y) or base.recipe != bare(base_recipe(rows.task), told.epochs):
        raise RunError(
            f"the base network in {folder} was not trained on the rows or epochs of the search beside it; "
            f"choose another --out, or remove {folder} and begin again"
        )
    return replace(here, epochs=told.epochs, command="")


def _another(folder: Path, differs: str, command: str) -> RunError:
    again = (
        f"repeat that experiment with: {command}" if command else "give that experiment its own data and epochs again"
    )
    return RunError(f"{folder} belongs to another experiment: {differs}; choose another --out, or {again}")


def _epochs(one: Basis) -> str:
    return "as published" if one.epochs is None else str(one.epochs)
