"""What this process may use of its machine: fewer cores and less memory than there are, where it is so confined.

Containers, batch systems and ``systemd`` confine processes by control groups; a process that starts a thread
for every core of the machine then spends its share waiting.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROCESSES, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")

NO_LIMIT = 1 << 60
"""Bytes from which on an older control group means that it has no limit."""


def cores(processes: Path = PROCESSES, groups: Path = GROUPS) -> int:
    """Processor cores that this process may use: those it is bound to, or what its control groups' shares come to."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = [share for folder in _folders(processes, groups, "cpu") for share in _share(folder)]
    return max(1, int(min([bound, *shares])))


def memory(processes: Path = PROCESSES, groups: Path = GROUPS) -> int | None:
    """Bytes of memory that are left for this process; None where the system does not tell."""
    left = [bytes_left for folder in _folders(processes, groups, "memory") for bytes_left in _left(folder)]
    with suppress(OSError, ValueError, StopIteration):
        lines = (processes / "meminfo").read_text().splitlines()
        left.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024)
    return max(0, min(left)) if left else None


def _folders(processes: Path, groups: Path, kind: str) -> Iterator[Path]:
    """Folders of the control groups that confine this process, the innermost first."""
    with suppress(OSError, ValueError):
        for line in (processes / "self" / "cgroup").read_text().splitlines():
            _, kinds, place = line.split(":", 2)
            if kinds and kind not in kinds.split(","):
                continue
            root = groups / kind if kinds else groups
            inner = root / place.lstrip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(root))


def _share(folder: Path) -> Iterator[float]:
    """Cores that a control group has, if they are limited."""
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text().split()
        yield int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota = (folder / "cpu.cfs_quota_us").read_text()
        if int(quota) > 0:
            yield int(quota) / int((folder / "cpu.cfs_period_us").read_text())


def _left(folder: Path) -> Iterator[int]:
    """Bytes that a control group has left, if they are limited; what only files are held in is free."""
    for most, used, held in (
        ("memory.max", "memory.current", "inactive_file "),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
    ):
        with suppress(OSError, ValueError):
            limit = int((folder / most).read_text())
            if limit < NO_LIMIT:
                lines = (folder / "memory.stat").read_text().splitlines()
                files = sum(int(line.split()[1]) for line in lines if line.startswith(held))
                yield limit - int((folder / used).read_text()) + files
