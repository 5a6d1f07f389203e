"""Random numbers that belong to a place, whatever is made beside it."""

from __future__ import annotations

from numpy.random import Generator, SeedSequence, default_rng


def stream(seed: int, *place: int) -> Generator:
    """Random numbers of one place of a set, such as a row and what they are for.

    >>> [int(stream(0, 7, use).integers(100)) for use in (0, 1, 0)]
    [80, 16, 80]
    """
    return default_rng(SeedSequence(seed, spawn_key=place))
