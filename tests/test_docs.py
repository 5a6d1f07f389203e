"""What README.md and docs/ say is so: examples run, options exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import spectune
from spectune.cli.app import app
from spectune.cli.app import run as command
from spectune.files.settings import NAMES, Settings, checked
from spectune.files.spaces import parse_space

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("sketches")
@EVERY_PAGE
def test_the_python_examples_run_as_they_stand(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = blocks(page, "python")
    if not found:
        return
    monkeypatch.chdir(tmp_path)
    assert command(["simulate", "fruit.csv", "--rows", "60", "--seed", "1"]) == 0
    names: dict[str, object] = {}
    for block in found:
        exec(compile(block, str(page), "exec"), names)  # noqa: S102
    assert capsys.readouterr().out


@EVERY_PAGE
def test_every_command_that_is_shown_exists_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"(?<!`)`spectune ([a-z][^`\n]*)`", text)
    for block in blocks(page, ""):
        shown += re.findall(r"^spectune ([a-z].*)$", block, flags=re.MULTILINE)
    for line in shown:
        words = shlex.split(line, comments=True)
        assert {word.split("=")[0] for word in words if word.startswith("-")} <= options_of(words), line


def options_of(words: list[str]) -> set[str]:
    """Options of the command that a line begins with: ``tune``, or ``paper shen2021``."""
    found = get_command(app)
    for word in words:
        if not hasattr(found, "commands"):
            break
        assert word in found.commands, words
        found = found.commands[word]
    return {flag for parameter in found.params for flag in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "-h",
    }


def test_every_option_of_a_run_file_is_explained_with_its_default() -> None:
    text = (ROOT / "docs" / "run-toml.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, flags=re.MULTILINE))
    assert set(rows) == set(NAMES)
    plain = Settings("soil.csv", "carbon")
    for name in ("test_part", "trials", "folds", "space", "sampler", "pruner", "seed", "cores", "top", "replicates"):
        assert rows[name].strip(' `"') == str(getattr(plain, name))
    assert rows["refit"] == "`false`"
    assert rows["explain"] == "`true`"


def test_the_toml_that_is_shown_reads() -> None:
    settings, space = blocks(ROOT / "docs" / "run-toml.md", "toml")
    assert checked(tomllib.loads(settings), "the page").target == "total_carbon"
    assert set(parse_space(space).ranges) == {"conv.kernel", "rate", "activation", "batch"}


@EVERY_PAGE
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_the_table_in_the_page_on_formats_reads(tmp_path: Path) -> None:
    page = ROOT / "docs" / "data-formats.md"
    (example,) = (block for block in blocks(page, "") if block.startswith("id,"))
    (beside,) = blocks(page, "json")
    path = tmp_path / "soil.csv"
    path.write_text(example)
    (tmp_path / "meta.json").write_text(beside.replace("2498", "1106"))
    table = spectune.read(path)
    assert len(table) == 3
    assert table.axis == spectune.Axis((1100.0, 1102.0, 1104.0, 1106.0), "nm")
    assert table.signal == "absorbance"
    assert list(table.columns) == ["id", "site", "split", "total_carbon"]
    assert table.units == {"total_carbon": "g/100 g"}


@pytest.mark.parametrize("name", ["{}", "X{}", "wl_{}", "{} nm", "{} cm-1"])
def test_every_form_of_name_in_the_page_on_formats_reads(name: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "data-formats.md").read_text(encoding="utf-8")
    assert f"`{name.format(1100)}`" in page
    header = ",".join(["id", *(name.format(1100 + 2 * point) for point in range(5))])
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\ns1,0.41,0.42,0.44,0.43,0.40\ns2,0.31,0.33,0.36,0.34,0.30\n")
    assert spectune.read(path).axis.values == (1100.0, 1102.0, 1104.0, 1106.0, 1108.0)
