"""NumPy archives (``.npz``), never with pickled objects."""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np

from spectune.errors import ReadError
from spectune.files.readers.arrays import draft_of_arrays
from spectune.files.readers.draft import Draft
from spectune.files.readers.plain import MOST_BYTES


def read_npz(raw: bytes, chosen: str | None) -> Draft:
    """Spectra of a NumPy archive; see ``draft_of_arrays`` for the names it understands.

    Raises:
        ReadError: a damaged archive, pickled objects, or no spectra.
    """
    return draft_of_arrays(_arrays(raw), chosen)


def _arrays(raw: bytes) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise ReadError(f"the archive unpacks to more than {MOST_BYTES / 2**30:g} GB")
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (
        zipfile.BadZipFile,
        zlib.error,
        tokenize.TokenError,
        ValueError,  # also UnicodeDecodeError, and pickled objects
        NotImplementedError,
        KeyError,
        OSError,  # also EOFError's cousins at the end of a file
        EOFError,
        RuntimeError,
        MemoryError,
        OverflowError,
    ) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise ReadError(f"the .npz archive is damaged, or holds more than plain arrays ({reason})") from None
