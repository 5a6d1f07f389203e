"""What a process may use is what the narrowest of its control groups leaves it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from spectune.training.allowance import cores, memory

MANY = 1000
"""Cores that no machine of these tests has: a group with so many limits nothing."""


def written(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def bound() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def test_a_machine_that_tells_nothing_gives_all_its_cores_and_no_bound_on_memory(tmp_path: Path) -> None:
    assert cores(tmp_path, tmp_path) == bound()
    assert memory(tmp_path, tmp_path) is None


def test_a_group_gives_no_more_than_the_groups_around_it(tmp_path: Path) -> None:
    """Version 2: the inner group has no limit, the one around it half a core."""
    written(
        tmp_path,
        {
            "self/cgroup": "0::/outer/inner\n",
            "groups/outer/inner/cpu.max": "max 100000\n",
            "groups/outer/cpu.max": "50000 100000\n",
            "groups/outer/inner/memory.max": "max\n",
            "groups/outer/memory.max": "1000\n",
            "groups/outer/memory.current": "700\n",
            "groups/outer/memory.stat": "anon 500\ninactive_file 200\n",
            "meminfo": "MemTotal: 9 kB\nMemAvailable: 8 kB\n",
        },
    )
    assert cores(tmp_path, tmp_path / "groups") == 1
    assert memory(tmp_path, tmp_path / "groups") == 500


def test_older_groups_are_read_too(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n2:cpuset:/\n1:name=systemd:/\n",
            "groups/cpu/job/cpu.cfs_quota_us": "100000\n",
            "groups/cpu/job/cpu.cfs_period_us": "100000\n",
            "groups/cpu/cpu.cfs_quota_us": "-1\n",
            "groups/memory/job/memory.limit_in_bytes": "5000\n",
            "groups/memory/job/memory.usage_in_bytes": "4000\n",
            "groups/memory/job/memory.stat": "total_inactive_file 100\n",
            "groups/memory/memory.limit_in_bytes": f"{(1 << 63) - 4096}\n",
            "groups/memory/memory.usage_in_bytes": "4000\n",
        },
    )
    assert cores(tmp_path, tmp_path / "groups") == 1
    assert memory(tmp_path, tmp_path / "groups") == 1100


@given(st.lists(st.integers(1, 100 * MANY), min_size=1, max_size=4))
def test_there_is_always_a_core_and_never_a_part_of_one_too_many(shares: list[int]) -> None:
    with TemporaryDirectory() as made:
        root = Path(made)
        place = "/".join(f"level{number}" for number in range(len(shares)))
        files = {
            f"groups/{place.rsplit('/', number)[0]}/cpu.max": f"{share} 100" for number, share in enumerate(shares)
        }
        written(root, {"self/cgroup": f"0::/{place}\n", **files})
        found = cores(root, root / "groups")
        assert 1 <= found <= bound()
        assert found == 1 or found <= min(shares) / 100
