"""Debian packages for tests, unpacked in the user's cache folder: the system stays as it is."""

from __future__ import annotations

import fcntl
import os
import platform
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

PATIENCE = 20.0
HURRIED = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5", "-o", "Acquire::https::Timeout=5")


def unpacked(*packages: str) -> Path:
    """Folder with what Debian packages hold, and all they need that the machine lacks: ``usr`` is in it.

    Fetched once and kept; a test whose packages cannot be fetched is skipped.
    """
    folder = cache_folder() / f"{_release()}-{packages[0]}"
    if not folder.is_dir() and (problem := _problem(folder, packages)):
        pytest.skip(f"the Debian package {packages[0]} cannot be fetched: {problem}")
    return folder


def cache_folder() -> Path:
    """Where tests keep what they fetched."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spectune-tests"


def require(*programs: str) -> None:
    """Skip the test if a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed")


def user() -> str:
    """Name of the user of this test, which PostgreSQL and SLURM want; without one the test is skipped."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        pytest.skip(f"the user of this test, number {os.geteuid()}, has no name")


def _release() -> str:
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return told["ID"] + told.get("VERSION_ID", "")


@cache
def _problem(folder: Path, packages: tuple[str, ...]) -> str | None:
    require("apt-get", "dpkg")
    with _alone(folder.parent):
        if folder.is_dir():
            return None
        filling = folder.parent / "filling"
        shutil.rmtree(filling, ignore_errors=True)
        (filling / "fetched").mkdir(parents=True)
        try:
            _fill(filling, packages)
        except subprocess.TimeoutExpired as error:
            return f"apt-get was not done in {error.timeout:g} s"
        except subprocess.CalledProcessError as error:
            return str(error.stderr).strip().splitlines()[-1] if error.stderr else str(error)
        else:
            filling.rename(folder)
        finally:
            shutil.rmtree(filling, ignore_errors=True)
    return None


def _fill(filling: Path, packages: Sequence[str]) -> None:
    """Fetch one package first, to learn soon whether there is a network."""
    told = _output("apt-get", "install", "--simulate", "--no-install-recommends", *packages, folder=filling)
    lacking = [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]
    names = list(dict.fromkeys([*packages, *lacking]))
    for some, patience in ((names[:1], PATIENCE), (names[1:], 10 * PATIENCE)):
        if some:
            _output("apt-get", *HURRIED, "download", *some, folder=filling / "fetched", patience=patience)
    for archive in sorted((filling / "fetched").glob("*.deb")):
        _output("dpkg", "-x", str(archive), str(filling), folder=filling)
    shutil.rmtree(filling / "fetched")
    if (filling / "lib").is_dir():
        shutil.copytree(filling / "lib", filling / "usr/lib", symlinks=True, dirs_exist_ok=True)


def _output(*command: str, folder: Path, patience: float = PATIENCE) -> str:
    english = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=patience, cwd=folder, env=english
    )
    return done.stdout


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
