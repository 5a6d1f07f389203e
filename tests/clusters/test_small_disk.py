"""A small disk is full when it should be, and gone afterwards."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clusters.dying import given_to_a_killed_process, soon
from clusters.small_disk import small_disk

MEGABYTE = b"x" * 2**20


def test_a_small_disk_is_full_after_its_megabytes() -> None:
    with small_disk(2) as folder:
        (folder / "one").write_bytes(MEGABYTE)
        with pytest.raises(OSError) as raised:
            (folder / "more").write_bytes(2 * MEGABYTE)
        assert raised.value.errno == errno.ENOSPC
        assert (folder / "one").read_bytes() == MEGABYTE


def test_a_small_disk_is_gone_afterwards_even_if_a_file_on_it_is_open() -> None:
    with small_disk(1) as folder, (folder / "open").open("w"):
        assert str(folder) in Path("/proc/mounts").read_text()
    assert not folder.exists()
    assert str(folder) not in Path("/proc/mounts").read_text()


def test_a_killed_test_leaves_no_disk_behind() -> None:
    with small_disk(1):
        pass
    folder = given_to_a_killed_process("from clusters.small_disk import small_disk", "small_disk(1)")
    assert folder
    assert soon(lambda: not Path(folder).exists())
    assert folder not in Path("/proc/mounts").read_text()
