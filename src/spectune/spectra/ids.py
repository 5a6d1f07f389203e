"""Names of rows: which columns hold them, and what they tell about replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.table import Table, as_text

ID_NAMES = ("id", "sample", "sample_id", "sampleid", "sample id", "sample_name", "name")
"""Columns that name a row, the surest first; capitals do not matter."""

REPLICATE_NAMES = ID_NAMES[:-1]
"""Columns whose equal values mean replicates of one sample."""


def row_ids(table: Table) -> NDArray[np.str_]:
    """A name for every row, (rows,): the first id column without repeats, or any, or row numbers."""
    columns = [labels(table, name) for name in present(table, ID_NAMES)]
    columns.sort(key=lambda column: np.unique(column).size < column.size)
    numbers = np.asarray([str(k + 1) for k in range(len(table))], dtype=np.str_)
    return np.where(columns[0] == "", numbers, columns[0]) if columns else numbers


def present(table: Table, names: tuple[str, ...]) -> list[str]:
    """Those columns of ``table`` that are called one of ``names``, in the order of ``names``."""
    folded = {name.casefold(): name for name in table.columns}
    return [folded[name] for name in names if name in folded]


def labels(table: Table, name: str) -> NDArray[np.str_]:
    """A column as labels without blanks around them, (rows,); missing as the empty string."""
    return np.char.strip(as_text(table.column(name)))
