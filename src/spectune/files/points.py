"""The points of a learning curve, each kept as soon as it is done: ``RUN/learning/SHARE-REPEAT.json``.

A record says what it was made of; one that was made of something else counts as not there.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from spectune.assessment.learning import Point
from spectune.errors import RunError
from spectune.files.atomic import make_folder, write_text
from spectune.files.border import STRICT
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
    try:
        return _POINTS.validate_json(json.dumps([kept]))[0]
    except ValidationError as error:
        raise RunError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error


def _path(folder: Path, share: float, repeat: int) -> Path:
    return folder / "learning" / f"{share:.4f}-{repeat}.json"
