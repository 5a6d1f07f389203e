"""Places where workers are: this machine, a scheduler that is there already, or the queue of SLURM."""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Security

from spectune.cluster.local import here
from spectune.cluster.slurm import jobs, ready
from spectune.errors import RunError, SettingError

PATIENCE = 120.0
"""Seconds that are waited for a first worker, and for another when all are gone."""

QUEUE = 7 * 24 * 3600.0
"""The same where workers wait in a queue."""

RETURNS = 600.0
"""Seconds that are waited for a scheduler that is gone to come back."""


@dataclass(frozen=True)
class Local:
    """Processes of this machine, each of which trains ``threads`` trials at once."""

    workers: int
    threads: int
    resources: dict[str, float]


@dataclass(frozen=True)
class Address:
    """A scheduler at an address, with whatever workers it has."""

    url: str


@dataclass(frozen=True)
class File:
    """A scheduler that wrote its address into a file."""

    path: Path


@dataclass(frozen=True)
class Slurm:
    """Jobs of SLURM, with ``cores`` cores and a worker each."""

    jobs: int
    cores: int
    threads: int
    resources: dict[str, float]


Place = Local | Address | File | Slurm


@dataclass(frozen=True)
class Door:
    """How a scheduler is reached, and what is waited for there.

    Attributes:
        address: says where it is now.
        security: certificate and key that let in; None where none are needed.
        words: what and where it is.
        advice: what to look at when no worker comes.
        patience: seconds without any worker.
        returns: seconds that it may be gone.
        folder: that all workers see; None where there may be none.
    """

    address: Callable[[], str]
    security: Security | None
    words: str
    advice: str
    patience: float = PATIENCE
    returns: float = RETURNS
    folder: Path | None = None


def place_of(where: str | None, workers: int, cores: int, per_gpu: int = 0) -> Place:
    """The place that a setting means.

    Raises:
        SettingError: fewer than one worker, or the extra for SLURM is not installed.
    """
    threads, resources = max(per_gpu, 1), {"gpu": 1.0} if per_gpu else {}
    if where in (None, "slurm") and workers < 1:
        raise SettingError(f"workers must be 1 or more, got {workers}")
    if where is None:
        return Local(workers, threads, resources)
    if where == "slurm":
        ready()
        return Slurm(workers, cores, threads, resources)
    return Address(where) if "://" in where else File(Path(where))


@asynccontextmanager
async def opened(place: Place, report: Callable[[RunError], None]) -> AsyncIterator[Door]:
    """The door of a place; what was started for it ends with it.

    Raises:
        SettingError: a scheduler that others could enter, or no certificates to enter it.
        RunError: a scheduler file that is not there, or a queue that refuses.
    """
    match place:
        case Local(workers, threads, resources):
            async with here(workers, threads, resources, report) as post:
                advice = "is the machine out of memory? do without: --workers 1"
                words = f"{workers} worker processes"
                yield Door(lambda: post.address, post.security, words, advice, folder=post.folder)
        case Address(url):
            yield Door(lambda: url, entrance(url), f"the scheduler at {url}", started_by(url))
        case File(path):
            url = written(path)
            advice = f"start one with: dask worker --nthreads 1 --scheduler-file {path}"
            yield Door(lambda: written(path), entrance(url), f"the scheduler of {path}", advice)
        case Slurm(number, cores, threads, resources):
            async with jobs(number, cores, threads, resources) as (address, security):
                advice = "see what squeue says of the jobs"
                yield Door(lambda: address, security, f"{number} jobs of SLURM", advice, QUEUE)


def started_by(url: str) -> str:
    """How a worker comes to a scheduler, in words."""
    return f"start one with: dask worker --nthreads 1 {url}"


def written(path: Path) -> str:
    """The address in a scheduler file.

    Raises:
        RunError: a file that is not there, or holds none.
    """
    try:
        address = json.loads(path.read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        raise RunError(
            f"there is no scheduler file {path}; start a scheduler with: dask scheduler --scheduler-file {path}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(
            f"{path} is no scheduler file; one is written by: dask scheduler --scheduler-file {path}"
        ) from None
    return str(address)


def entrance(url: str) -> Security | None:
    """What lets into the scheduler at an address.

    Raises:
        SettingError: a plain address that is not on this machine, certificates that are missing, or no address.
    """
    protocol, _, rest = url.partition("://")
    match protocol:
        case "tcp" if loopback(rest):
            return None
        case "tcp":
            raise SettingError(
                f"whoever reaches {url} could run programs there; use a scheduler with certificates, at tls://{rest}"
            )
        case "tls":
            return certificates(url)
    raise SettingError(
        f"cluster must be slurm, a scheduler's address such as tls://host:8786, or its file; got {url!r}"
    )


def loopback(host: str) -> bool:
    """Whether only this machine is there.

    >>> loopback("127.0.0.1:8786"), loopback("[::1]:8786"), loopback("node7:8786")
    (True, True, False)
    """
    name = host.rpartition(":")[0].strip("[]") or host
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def certificates(url: str) -> Security:
    """Certificates of dask's own configuration.

    Raises:
        SettingError: they are not there, or cannot be read.
    """
    security = Security(require_encryption=True)
    where = "distributed.comm.tls (ca-file, client.cert, client.key) of dask's configuration"
    named = security.get_tls_config_for_role("client")
    if not (named["ca_file"] and named["cert"]):
        raise SettingError(f"{url} asks for certificates, and none are named in {where}")
    try:
        security.get_connection_args("client")
    except (OSError, ssl.SSLError) as error:
        raise SettingError(f"the certificates for {url} cannot be used ({error}); see {where}") from None
    return security
