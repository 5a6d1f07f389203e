"""Silence of the libraries that carry messages: what a user must know, spectune says in its own sentences."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

CHATTER = ("distributed", "dask", "dask_jobqueue", "tornado", "asyncio")
SILENT = logging.CRITICAL + 1


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged, and nothing warned of, by who carries messages, until the end."""
    loggers = [logging.getLogger(name) for name in _names()]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for name in CHATTER:
            warnings.filterwarnings("ignore", module=rf"{name}(\.|$)")
        for logger in loggers:
            logger.setLevel(SILENT)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)


def _names() -> set[str]:
    """Of all loggers of these libraries: some have a level of their own."""
    known = {name for name in logging.root.manager.loggerDict if name.partition(".")[0] in CHATTER}
    return known | set(CHATTER)
