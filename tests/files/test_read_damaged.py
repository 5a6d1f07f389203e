"""Damaged files: a table with the right number of rows or one clear sentence, never anything else.

Over 300 mutations of files in seven formats, and in R's where rdata is installed: cut short, bits
flipped, garbage put in or written over, lines deleted or doubled, delimiters swapped, headers damaged.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from rwriting import rda, soil
from spectune.errors import DataError
from spectune.files.read import read
from spectune.spectra.table import Table
from writing import as_csv, as_mat5, as_mat73, as_npz, as_parquet, as_xlsx, sheet_rows, small

TABLE = small(rows=12, points=20)
Mutation = Callable[[bytes, random.Random], bytes]


def chance_of(seed: object) -> random.Random:
    return random.Random(str(seed))  # noqa: S311  (no secret)


def cut_short(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def bits_flipped(content: bytes, chance: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    return bytes(made)


def garbage_put_in(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(chance.randint(1, 40)) + content[at:]


def garbage_written_over(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(min(chance.randint(1, 60), len(content) - at)) + content[at + 60 :]


def line_deleted(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def line_doubled(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def delimiter_swapped(content: bytes, chance: random.Random) -> bytes:
    places = [k for k, byte in enumerate(content) if byte == ord(",")]
    at = chance.choice(places)
    return content[:at] + chance.choice([b";", b"\t", b" ", b".", b""]) + content[at + 1 :]


def header_damaged(content: bytes, chance: random.Random) -> bytes:
    end = content.index(b"\n")
    at = chance.randrange(end)
    return content[:at] + chance.choice([b"", b"x", b"9", b"-", b",", b"\xff", b" "]) + content[at + 1 :]


def cell_replaced(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = chance.randrange(1, len(lines) - 1)
    cells = lines[at].split(b",")
    cells[chance.randrange(2, len(cells))] = chance.choice([b"", b"NaN", b"inf", b"abc", b"1,5", b"#REF!", b"1e99"])
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


BYTES: list[Mutation] = [cut_short, bits_flipped, garbage_put_in, garbage_written_over]
LINES: list[Mutation] = [line_deleted, line_doubled, delimiter_swapped, header_damaged, cell_replaced]
ROW_KEEPING = {delimiter_swapped, header_damaged}

FILES: dict[str, tuple[bytes, list[Mutation], int]] = {
    "file.csv": (as_csv(TABLE), BYTES + LINES, 30),
    "file.xlsx": (as_xlsx(sheet_rows(TABLE)), BYTES, 20),
    "file.parquet": (as_parquet(TABLE), BYTES, 30),
    "file.npz": (as_npz(TABLE), BYTES, 20),
    "plain.mat": (as_mat5(TABLE), BYTES, 40),
    "packed.mat": (as_mat5(TABLE, compressed=True), BYTES, 20),
    "hdf5.mat": (as_mat73(TABLE), BYTES, 40),
    **({"soil.RData": (rda({"soil": soil(TABLE)}), BYTES, 100)} if find_spec("rdata") else {}),
}


def outcome(path: Path) -> Table | str:
    """The table, or the sentence that stands for it; any other exception is a failure of the test."""
    try:
        return read(path)
    except DataError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert "\n" not in message
        assert len(message) < 900
        return message


def naive_rows(content: bytes) -> int:
    """Spectra in a text file as anyone would count them: lines that hold more than delimiters, but the header."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return sum(bool(line.strip(b" \t;,|\x0b\x0c")) for line in lines) - 1


@pytest.mark.parametrize(
    ("name", "mutation"), [(name, one) for name, (_, mutations, _) in FILES.items() for one in mutations]
)
def test_a_damaged_file_is_a_table_or_a_sentence(tmp_path: Path, name: str, mutation: Mutation) -> None:
    content, _, times = FILES[name]
    path = tmp_path / name
    for seed in range(times):
        damaged = mutation(content, chance_of(f"{name} {mutation.__name__} {seed}"))
        path.write_bytes(damaged)
        found = outcome(path)
        if isinstance(found, str):
            continue
        if name == "file.csv":
            assert len(found) == naive_rows(damaged), (seed, found.notes)
        else:
            assert len(found) == len(TABLE.ids), (seed, found.notes)
        if mutation in ROW_KEEPING:
            assert len(found) == len(TABLE.ids), (seed, found.notes)


def test_there_are_at_least_300_mutations() -> None:
    assert sum(len(mutations) * times for _, mutations, times in FILES.values()) >= 300


def test_a_cell_that_is_no_number_is_always_told(tmp_path: Path) -> None:
    for seed in range(60):
        (tmp_path / "a.csv").write_bytes(cell_replaced(as_csv(TABLE), chance_of(seed)))
        assert "row " in str(outcome(tmp_path / "a.csv"))


def test_a_file_cut_at_any_line_keeps_the_rows_it_has(tmp_path: Path) -> None:
    lines = as_csv(TABLE).splitlines(keepends=True)
    for count in range(2, len(lines) + 1):
        (tmp_path / "a.csv").write_bytes(b"".join(lines[:count]))
        assert len(read(tmp_path / "a.csv")) == count - 1
