"""The points of a learning curve, each kept as soon as it is done: ``RUN/learning/SHARE-REPEAT.json``.

A record says what it was made of; one that was made of something else counts as not there.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from spectune.assessment.learning import Point
from spectune.files.atomic import make_folder, write_text
from spectune.files.border import STRICT
from spectune.files.records import plain
from spectune.files.sealed import sealed, unsealed

_POINTS = TypeAdapter(tuple[Point], config=STRICT)


def save_point(folder: Path, point: Point, mark: str) -> None:
    """Keep a point; ``mark`` is the digest of what it was made of."""
    make_folder(folder / "learning")
    write_text(_path(folder, point.share, point.repeat), sealed("point", {"mark": mark, **asdict(point)}))


def load_point(folder: Path, share: float, repeat: int, mark: str) -> Point | None:
    """The point of a size and subset, if it is kept and was made of the same.

    Raises:
        RunError: a record that is damaged.
    """
    path = _path(folder, share, repeat)
    if not path.exists():
        return None
    kept = unsealed(path, "point")
    if not isinstance(kept, dict) or kept.pop("mark", "") != mark:
        return None
    return plain(path, kept, _POINTS)


def _path(folder: Path, share: float, repeat: int) -> Path:
    return folder / "learning" / f"{share:.4f}-{repeat}.json"
