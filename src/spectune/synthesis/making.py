"""Spectra of a configuration: sparse as a whole, or dense block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectune.errors import SettingError
from spectune.synthesis.dials import scene, spectra_of, stream
from spectune.synthesis.painting import painted
from spectune.synthesis.patterns import SPLITS, PatternConfig, Split
from spectune.synthesis.profiles import measured, rendered
from spectune.synthesis.stream import peaks_of

Precision = type[np.float32] | type[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive spectra of one split.

    Attributes:
        split: where they belong.
        x: spectra, as high as they were drawn, (rows, points).
        labels: place of their class in the configuration; of a mixture the largest, (rows,).
        fractions: share of every class, (rows, classes); None where classes are not mixed.
    """

    split: Split
    x: NDArray[np.floating]
    labels: NDArray[np.int64]
    fractions: NDArray[np.float64] | None = None


def labels_of(config: PatternConfig, split: Split) -> NDArray[np.int64]:
    """Labels of the spectra of a split, class by class, (rows,)."""
    counts = [spectra_of(config, label, split) for label in range(len(config.spectra))]
    return np.repeat(np.arange(len(counts)), counts)


def sparse_spectra(config: PatternConfig, split: Split, dtype: Precision = np.float32) -> csr_array:
    """All spectra of a split as a sparse matrix, (rows, points): a fiftieth of the dense one.

    >>> from spectune.synthesis.patterns import random_config
    >>> sparse_spectra(random_config(2, seed=1), "test").shape
    (18, 5000)

    Raises:
        SettingError: a dial is turned, so that spectra are not zero between their peaks.
    """
    if not config.published:
        raise SettingError("sparse spectra are made by the published law only; use blocks for a law with dials")
    return painted(peaks_of(config, split), config.datapoints, dtype)


def blocks(
    config: PatternConfig, splits: Sequence[Split] = SPLITS, dtype: Precision = np.float32, rows: int | None = None
) -> Iterator[Block]:
    """Dense spectra, some rows at a time, split by split and class by class.

    The published law gives the published numbers. How many rows are made at once changes nothing.

    Args:
        config: classes and law.
        splits: in this order.
        dtype: of the spectra; they are computed in float64.
        rows: rows at most in a block; as many as hold five million points by default.
    """
    rows = rows or max(1, 5_000_000 // config.datapoints)
    for split in splits:
        yield from (_published if config.published else _beyond)(config, split, dtype, rows)


def _published(config: PatternConfig, split: Split, dtype: Precision, rows: int) -> Iterator[Block]:
    peaks, labels = peaks_of(config, split), labels_of(config, split)
    for first in range(0, labels.size, rows):
        some = np.arange(first, min(first + rows, labels.size))
        yield Block(split, painted(peaks.rows(some), config.datapoints, dtype).toarray(), labels[some])


def _beyond(config: PatternConfig, split: Split, dtype: Precision, rows: int) -> Iterator[Block]:
    dials, points = config.dials, config.datapoints
    for label in range(len(config.spectra)):
        whole, count = scene(config, label, split), spectra_of(config, label, split)
        photons, noise = (stream(config, label, split, purpose) for purpose in (1, 2))
        for first in range(0, count, rows):
            last = min(first + rows, count)
            part = whole.rows(first, last)
            x = measured(rendered(part, last - first, points, dials), dials, photons, noise)
            yield Block(split, x.astype(dtype), np.full(last - first, label), part.fractions)
