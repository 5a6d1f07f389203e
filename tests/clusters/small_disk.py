"""Small disks made up: file systems in memory that are soon full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusters.held import RefusedError, held
from clusters.packages import require

# Only root mounts where other processes see it. A lazy unmount succeeds while a file is open.
SCRIPT = """
trap : HUP INT PIPE TERM
folder=$(mktemp -d -t disk-XXXXXX) || exit
if mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$folder"; then
    echo "$folder"
    read -r _
    umount --lazy "$folder"
fi
rmdir "$folder"
"""


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """An empty file system that holds so many megabytes (of 1024 * 1024 bytes), and vanishes after the test.

    Where the user is not root, or may not mount, the test is skipped.

    Yields:
        its folder.
    """
    require("mount", "umount")
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    try:
        with held(["sh", "-c", SCRIPT, "sh", str(megabytes)]) as disk:
            yield Path(disk.answer)
    except RefusedError as refused:
        pytest.skip(f"this machine mounts no small disk: {refused}")
