"""Public files of spectra that may be fetched: where they lie, how they are told to be whole, whose they are.

The only place of the package that touches a network, and only when asked to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError
from urllib.request import urlopen

from spectune.errors import ReadError, SettingError
from spectune.files.atomic import make_folder, replacing

Digest = Literal["sha256", "git"]
"""SHA-256 of the bytes, or the SHA-1 under which git keeps a file."""

TIMEOUT = 60.0
"""Seconds without an answer after which a server is given up."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Remote:
    """One file on a server.

    Attributes:
        name: as it is saved.
        address: where it lies.
        digest: how it is checked.
        checksum: what that gives, in hexadecimal.
    """

    name: str
    address: str
    digest: Digest
    checksum: str


@dataclass(frozen=True)
class Download:
    """Files that belong together.

    Attributes:
        title: what they are.
        size: in words.
        licence: as their makers state it.
        citation: what to cite.
        files: all of them.
    """

    title: str
    size: str
    licence: str
    citation: str
    files: tuple[Remote, ...]


@dataclass(frozen=True)
class Fetched:
    """One file is there.

    Attributes:
        path: where it was put.
        size: bytes.
        before: whether it was there already.
    """

    path: Path
    size: int
    before: bool


_PASSOS = "https://raw.githubusercontent.com/dario-passos/DeepLearning_for_VIS-NIR_Spectra/master/notebooks"
_TUTORIAL = f"{_PASSOS}/Tutorial_on_DL_optimization/datasets"
_MANGO_CSV = "NAnderson2020MendeleyMangoNIRData.csv"
_MANGO_MAT = "mango_dm_full_outlier_removed2.mat"
_ANDERSON = "Anderson, Walsh & Subedi (2020), Mendeley Data, doi 10.17632/46htwnp833"

_WHEAT: Mapping[str, str] = {
    "train-1": "848fdda27b2d220f101b7baeba5c79da927a0ff8",
    "train-2": "14a95fa7ebc4b0aa409011efc31743e19aec010d",
    "train-3": "12de90ac6f944bb6d52135cce33cb747dc539a8c",
    "train-4": "aa042d6376d1490f0748c4d87f376a88931d802f",
    "train-5": "a543870ff07c09ed8ec95c8b8c96cbb85bff8ca5",
    "val-1": "fe7bc8124a5f7550b74a8cd88836ffa98f189d9a",
    "val-2": "bbd88bfe4698e8ca511fd8a82dc4dfc09dbd4f17",
    "test-1": "7e0fd210557a33068395c1bec93e0c0b9e0df5a0",
    "test-2": "7befe9228ebeb32f69da96ef3c46ea093f0e19d1",
    "test-3": "51626a95e55a938b4d75b14e8d54817d410b472a",
}

DOWNLOADS: Mapping[str, Download] = {
    "mango": Download(
        "11,691 spectra of mango with dry matter, four seasons, as measured (CSV)",
        "34 MB",
        "CC BY 4.0",
        _ANDERSON,
        (
            Remote(
                _MANGO_CSV,
                f"{_PASSOS}/Deep-Tuttifrutti_I/data/{_MANGO_CSV}",
                "git",
                "d5e8ed32d6bcae186ae9bf5b28cb12b6d5bb5e0e",
            ),
        ),
    ),
    "mango-tutorial": Download(
        "the same without 329 outliers, as Passos & Mishra (2022) tuned on it (MATLAB)",
        "size not stated",
        "made of data under CC BY 4.0; the repository states none",
        f"{_ANDERSON}; Mishra & Passos (2021), doi 10.1016/j.chemolab.2021.104287",
        (Remote(_MANGO_MAT, f"{_TUTORIAL}/{_MANGO_MAT}", "git", "ed6ca48d0a978ea06744f46c40f033ad208399fc"),),
    ),
    "wheat": Download(
        "135,096 spectra of wheat kernels of 30 varieties (ten CSV files)",
        "size not stated",
        "none stated: for your own use, not to be passed on",
        "Zhou et al. (2020), Frontiers in Plant Science 11:575810, doi 10.3389/fpls.2020.575810",
        tuple(
            Remote(f"DT_{part}.csv", f"{_TUTORIAL}/DT_{part}.csv", "git", checksum) for part, checksum in _WHEAT.items()
        ),
    ),
}


def named_download(name: str) -> Download:
    """What a name stands for.

    Raises:
        SettingError: no such name.
    """
    if name not in DOWNLOADS:
        raise SettingError(f"there is nothing called {name!r} to download; there is {', '.join(DOWNLOADS)}")
    return DOWNLOADS[name]


def fetched(download: Download, folder: Path, timeout: float = TIMEOUT) -> Iterator[Fetched]:
    """Files of a download, one after the other; those that are there already are not fetched again.

    Args:
        download: what to fetch.
        folder: where to put it; made if it is not there.
        timeout: seconds without an answer after which a server is given up.

    Raises:
        ReadError: no network, no such file on the server, other bytes than those that were published,
            or another file of that name in the folder. Nothing is left of a file that did not come whole.
        RunError: the folder cannot be made or written to.
    """
    make_folder(folder)
    for file in download.files:
        yield _fetched(file, folder / file.name, timeout)


def checksum_of(path: Path, digest: Digest) -> str:
    """Checksum of a file, in hexadecimal."""
    match digest:
        case "sha256":
            summed = hashlib.sha256()
        case "git":
            summed = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            summed.update(chunk)
    return summed.hexdigest()


def _fetched(file: Remote, path: Path, timeout: float) -> Fetched:
    if path.exists():
        if not path.is_file() or checksum_of(path, file.digest) != file.checksum:
            raise ReadError(
                f"{path} is there already, but it is not the published file; move it away or name another folder"
            )
        return Fetched(path, path.stat().st_size, before=True)
    with replacing(path) as beside:
        with beside.open("wb") as out:
            for chunk in _chunks(file, path, timeout):
                out.write(chunk)
        found = checksum_of(beside, file.digest)
        if found != file.checksum:
            raise ReadError(
                f"what came from {file.address} is not the published file (checksum {found}, expected "
                f"{file.checksum}); nothing was kept; {_by_hand(file, path)}"
            )
    return Fetched(path, path.stat().st_size, before=False)


def _chunks(file: Remote, path: Path, timeout: float) -> Iterator[bytes]:
    """Bytes of a file as they come; every trouble with the network is one sentence."""
    try:
        with urlopen(file.address, timeout=timeout) as answer:  # noqa: S310 - addresses stand in the table above
            while chunk := answer.read(_CHUNK):
                yield chunk
    except HTTPError as error:
        raise ReadError(
            f"the server has no {file.name} ({error.code} {error.reason}); {_by_hand(file, path)}"
        ) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ReadError(f"{file.name} cannot be downloaded ({reason}); {_by_hand(file, path)}") from None


def _by_hand(file: Remote, path: Path) -> str:
    return f"download it by hand from {file.address} and put it there: {path}"
