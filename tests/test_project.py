"""Promises of the project as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import spectune

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)
EXTRAS = ("python_calamine", "h5py", "onnxruntime", "dask_jobqueue")
LATE = (ROOT / "src" / "spectune" / "__init__.py", ROOT / "src" / "spectune" / "cluster" / "workers.py")
"""The package answers ``import`` at once, and Dask is loaded when workers are asked for."""


PUBLIC = re.findall(
    r"\w+",
    """
    Axis ClassScores DataError Difference Judged Model ModelError Outcome Predictions Progress
    ReadError Recipe RegressionScores Result RunError Schedule SettingError Settings ShapeError
    Space Spectra SpectralCNNClassifier SpectralCNNRegressor SpectralTuner SpectuneError
    Stopped Table Task Verdict format_channels fruit load_model load_outcome
    load_space parse_channels prepare read scores select sheet tune
""",
)


def test_the_public_names_are_those_that_are_listed() -> None:
    assert sorted(spectune.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(spectune, name) is not None
    assert not hasattr(spectune, "nothing_of_that_name")


def test_help_needs_no_framework() -> None:
    asked = ("import sys", "from spectune.cli.app import run", "run(['tune', '--help'])", "print(sorted(sys.modules))")
    out = subprocess.run([sys.executable, "-c", "\n".join(asked)], capture_output=True, text=True, check=True).stdout
    loaded = set(ast.literal_eval(out.splitlines()[-1]))
    assert not loaded & {"torch", "optuna", "sklearn", "matplotlib", "polars", "scipy"}


def test_every_pin_satisfies_its_requirement() -> None:
    for text in requires("spectune") or []:
        requirement = Requirement(text)
        if requirement.name != "spectune":
            assert requirement.specifier.contains(PINS[requirement.name]), text


def test_pins_are_exact_and_name_no_host() -> None:
    for name, pin in PINS.items():
        assert re.fullmatch(r"[a-z0-9.-]+", name)
        assert re.fullmatch(r"[0-9][0-9.a-z]*", pin), f"{name}=={pin}"


def test_the_version_is_said_once() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        said = tomllib.load(file)["project"]["version"]
    assert version("spectune") == said
    assert f"version: {said}" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_asks_for_names_that_are_there(path: Path) -> None:
    """Benchmarks are run by hand, so nothing else would say that what they import has moved."""
    asked = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    for node in asked:
        if (node.module or "").startswith("spectune"):
            module = import_module(node.module or "")
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_imports_stand_at_the_top_except_at_the_edge(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = [
        node for function in functions for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    for node in inside:
        names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
        extra = any(name.split(".")[0] in EXTRAS for name in names)
        assert extra or path.parent.name == "cli" or path in LATE, path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_no_error_is_caught_that_nobody_expected(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.id if isinstance(node.type, ast.Name) else ""
            again = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            assert node.type is not None
            assert caught not in {"Exception", "BaseException"} or again, path


def test_nothing_reads_or_writes_pickles_or_runs_text_as_code() -> None:
    forbidden = re.compile(r"\bimport pickle\b|allow_pickle=True|weights_only=False|\beval\(|(?<!\.)\bexec\(")
    for path in SOURCES:
        text = path.read_text(encoding="utf-8").replace(".eval()", "")
        assert not forbidden.search(text), path
