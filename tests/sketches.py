"""Pictures that are drawn but not written out, for tests of what stands around them.

To arrange and write out a figure takes matplotlib longer than a tiny run takes to train; ``tests/report`` looks at
every kind of picture as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO

import pytest
from matplotlib.figure import Figure

BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt" viewBox="0 0 1 1"></svg>'


@contextmanager
def sketched() -> Iterator[None]:
    """Figures are still drawn from their data; what is written of them is blank."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", _blank)
        yield


def _blank(_: Figure, file: BytesIO | StringIO, **__: object) -> None:
    if isinstance(file, StringIO):
        file.write(BLANK)
    else:
        file.write(BLANK.encode())
