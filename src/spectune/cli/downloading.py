"""``spectune download``: published files into a folder, or a list of what there is."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectune.errors import Stopped
from spectune.files.downloads import DOWNLOADS, Download, Fetched, fetched, named_download


def download(name: str | None, to: Path | None) -> None:
    """Fetch what has that name and say whose it is; without a name, list what there is.

    Raises:
        SettingError: no such name.
        ReadError: no network, or not the published bytes.
        Stopped: Ctrl-C.
    """
    console = Console(highlight=False)
    if name is None:
        console.print(_listed())
        console.print("get one with: spectune download NAME", markup=False)
        return
    asked, folder = named_download(name), to or Path("data") / name
    try:
        for file in fetched(asked, folder):
            console.print(_told(file), markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; files that came whole are kept in {folder}; the same command continues") from None
    console.print(_owed(asked), markup=False, soft_wrap=True)


def _listed() -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "what", "size", "licence"):
        table.add_column(heading)
    for name, one in DOWNLOADS.items():
        table.add_row(*(Text(cell) for cell in (name, one.title, one.size, one.licence)))
    return table


def _told(file: Fetched) -> str:
    before = ", there already" if file.before else ""
    return f"{file.path} ({file.size / 1e6:.1f} MB{before})"


def _owed(asked: Download) -> str:
    return f"licence: {asked.licence}\ncite: {asked.citation}"
