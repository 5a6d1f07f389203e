"""Packages that cannot be fetched skip a test, and leave nothing in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.packages import cache_folder, require, unpacked


def test_an_unknown_package_skips_the_test_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("apt-get", "dpkg")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="no-package-of-that-name cannot be fetched: E: Unable to locate"):
        unpacked("no-package-of-that-name")
    assert [path.name for path in cache_folder().iterdir() if path.name != "lock"] == []


def test_what_is_kept_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("clusters.packages._release", lambda: "debian12")
    kept = tmp_path / "spectune-tests" / "debian12-kept"
    kept.mkdir(parents=True)
    assert unpacked("kept", "and-more") == kept
