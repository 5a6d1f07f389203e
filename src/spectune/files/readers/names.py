"""Names of metadata columns: none empty, none twice."""

from __future__ import annotations

from collections.abc import Iterable

from spectune.errors import ReadError
from spectune.files.readers.cells import column
from spectune.spectra.table import Column

ID_WORDS = ("id", "sample", "sample_id", "sampleid", "sample id", "sample_name", "name")


def columns_of(cells: Iterable[tuple[str, list[str]]], comma: bool) -> dict[str, Column]:
    """Metadata columns from (name, cells) in the order of the file.

    A column without a name and without a value is dropped; the first without a name but with
    values is called ``id`` where no other is.

    Raises:
        ReadError: a name that occurs twice.
    """
    made: dict[str, Column] = {}
    listed = [(name.strip(), values) for name, values in cells]
    taken = {name.casefold() for name, _ in listed}
    for k, (name, values) in enumerate(listed):
        if not name and not any(value.strip() for value in values):
            continue
        name = name or ("id" if k == 0 and not taken & set(ID_WORDS) else f"column_{k + 1}")
        if name in made:
            raise ReadError(f"two columns are called {name!r}; give every column a name of its own")
        made[name] = column(values, comma)
    return made
