"""Published files are fetched whole and as published, or not at all; nothing else touches a network."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from spectune.cli.app import run
from spectune.errors import ReadError, RunError, SettingError
from spectune.files.downloads import DOWNLOADS, Download, Fetched, Remote, checksum_of, fetched, named_download

CONTENT = b"684,687\n0.1,0.2\n" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SOURCES = sorted((Path(__file__).parents[2] / "src").rglob("*.py"))


class Served(BaseHTTPRequestHandler):
    """Serves one file, one that ends too early, one that never comes, and nothing else."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/slow.csv":
            self.rfile.read(1)
            return
        if self.path not in ("/spectra.csv", "/short.csv"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/spectra.csv" else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Address of a server on this machine."""
    Served.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()
        thread.join()


def one(address: str, checksum: str = SHA256) -> Download:
    return Download("spectra", "1.6 MB", "CC0", "Nobody (2022)", (Remote("spectra.csv", address, "sha256", checksum),))


def refused(download: Download, folder: Path, timeout: float = 10) -> str:
    """The one sentence; nothing is left of the file."""
    with pytest.raises(ReadError) as caught:
        list(fetched(download, folder, timeout))
    assert not list(folder.iterdir())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_published_file_comes_whole(server: str, tmp_path: Path) -> None:
    (done,) = fetched(one(f"{server}/spectra.csv"), tmp_path / "a" / "b")
    assert done == Fetched(tmp_path / "a" / "b" / "spectra.csv", len(CONTENT), before=False)
    assert done.path.read_bytes() == CONTENT
    assert [path.name for path in done.path.parent.iterdir()] == ["spectra.csv"]


def test_what_is_there_already_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    wanted = one(f"{server}/spectra.csv")
    assert [done.before for _ in range(2) for done in fetched(wanted, tmp_path)] == [False, True]
    assert Served.asked == ["/spectra.csv"]


def test_another_file_of_that_name_is_left_alone(server: str, tmp_path: Path) -> None:
    (tmp_path / "spectra.csv").write_text("mine")
    with pytest.raises(ReadError, match=r"is there already, but it is not the published file; move it away"):
        list(fetched(one(f"{server}/spectra.csv"), tmp_path))
    assert (tmp_path / "spectra.csv").read_text() == "mine"
    assert not Served.asked


@pytest.mark.parametrize("name", ["spectra.csv", "short.csv"])
def test_other_bytes_than_the_published_ones_leave_nothing(name: str, server: str, tmp_path: Path) -> None:
    address = f"{server}/{name}"
    said = refused(one(address, SHA256 if name == "short.csv" else "0" * 64), tmp_path)
    assert f"by hand from {address} and put it there: {tmp_path / 'spectra.csv'}" in said
    assert name == "short.csv" or f"not the published file (checksum {SHA256}, expected {'0' * 64})" in said


def test_a_file_that_is_gone_is_said_to_be_gone(server: str, tmp_path: Path) -> None:
    said = refused(one(f"{server}/gone.csv"), tmp_path)
    assert said.startswith("the server has no spectra.csv (404 Not Found); download it by hand from")


def test_without_a_network_the_address_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/spectra.csv"
    said = refused(one(address), tmp_path)
    assert said.startswith("spectra.csv cannot be downloaded (")
    assert f"download it by hand from {address} and put it there: {tmp_path / 'spectra.csv'}" in said


def test_a_server_that_does_not_answer_is_given_up(server: str, tmp_path: Path) -> None:
    assert "timed out" in refused(one(f"{server}/slow.csv"), tmp_path, timeout=0.2)


def test_a_folder_that_cannot_be_made_is_said(server: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RunError, match="cannot make the folder"):
        list(fetched(one(f"{server}/spectra.csv"), tmp_path / "taken"))


def test_files_that_came_before_trouble_are_kept(server: str, tmp_path: Path) -> None:
    (good,) = one(f"{server}/spectra.csv").files
    both = replace(one(""), files=(good, replace(good, name="gone.csv", address=f"{server}/gone.csv")))
    with pytest.raises(ReadError, match=r"no gone\.csv"):
        list(fetched(both, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["spectra.csv"]


def test_the_checksum_of_git_is_that_of_git(tmp_path: Path) -> None:
    """The example of Chacon & Straub, Pro Git (2014), chapter 10.2: "test content" and a line end."""
    (tmp_path / "a").write_bytes(b"test content\n")
    assert checksum_of(tmp_path / "a", "git") == "d670460b4b4aece5915caf5c68d12f560a9fe3e4"
    assert checksum_of(tmp_path / "a", "sha256") == hashlib.sha256(b"test content\n").hexdigest()


def test_every_download_says_whose_it_is_and_how_it_is_checked() -> None:
    for name, download in DOWNLOADS.items():
        assert re.fullmatch(r"[a-z-]+", name)
        assert download.licence
        assert "doi" in download.citation
        assert len({file.name for file in download.files}) == len(download.files)
        for file in download.files:
            assert file.address.startswith("https://")
            assert file.address.endswith(f"/{file.name}")
            assert re.fullmatch(r"[0-9a-f]{64}" if file.digest == "sha256" else r"[0-9a-f]{40}", file.checksum)
    assert [len(download.files) for download in DOWNLOADS.values()] == [1, 1, 10]


def test_what_has_no_name_is_refused() -> None:
    with pytest.raises(SettingError, match="nothing called 'lucas' to download; there is mango, mango-tutorial, wheat"):
        named_download("lucas")


def test_nothing_else_of_the_package_fetches_anything() -> None:
    fetching = re.compile(r"^\s*(?:from|import) (?:urllib\.request|http\.client|ftplib|requests|httpx|urllib3)\b", re.M)
    assert [path.name for path in SOURCES if fetching.search(path.read_text(encoding="utf-8"))] == ["downloads.py"]


def test_the_command_fetches_and_says_what_is_owed(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(DOWNLOADS, "mango", one(f"{server}/spectra.csv"))
    monkeypatch.chdir(tmp_path)
    assert run(["download", "mango"]) == 0
    said = capsys.readouterr().out
    assert f"{Path('data') / 'mango' / 'spectra.csv'} (1.6 MB)" in said
    assert "licence: CC0" in said
    assert "cite: Nobody (2022)" in said
    assert run(["download", "mango", "--to", str(tmp_path / "here")]) == 0
    assert (tmp_path / "here" / "spectra.csv").read_bytes() == CONTENT


def test_the_command_alone_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["download"]) == 0
    said = capsys.readouterr().out
    for name in DOWNLOADS:
        assert name in said
    assert "CC BY" in said
    assert "34 MB" in said


def test_trouble_is_one_sentence_and_two(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(DOWNLOADS, "mango", one(f"{server}/gone.csv"))
    assert run(["download", "mango", "--to", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: the server has no spectra.csv (404 Not Found)")
    assert shown.count("\n") == 1
    assert run(["download", "lucas"]) == 2
    assert "nothing called 'lucas'" in capsys.readouterr().err
