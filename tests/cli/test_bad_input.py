"""What bad input gets: one clear sentence, exit code 2, and nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from sketches import sketched
from spectune.cli.app import run
from spectune.files.runs import load_trials

ROWS, POINTS = 40, 30


def lines(rows: int = ROWS) -> list[list[str]]:
    """A small, good file: id, class, target, spectra."""
    random = np.random.default_rng(3)
    wavelengths = [f"{1100 + 2 * point}" for point in range(POINTS)]
    made = [["id", "origin", "fat", "moisture", *wavelengths]]
    peak = np.exp(-(((np.arange(POINTS) - 12) / 5) ** 2))
    for row in range(rows):
        fat = random.uniform(1, 9)
        spectrum = 0.5 + 0.1 * fat * peak + random.normal(0, 0.003, POINTS) + random.normal(0, 0.05)
        moisture = "" if row % 5 == 0 else f"{random.uniform(60, 80):.2f}"
        made.append([f"s{row}", "AB"[row % 2], f"{fat:.3f}", moisture, *(f"{value:.5f}" for value in spectrum)])
    return made


def written(path: Path, made: list[list[str]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in made) + "\n")
    return path


def changed(change: Callable[[list[list[str]]], None], rows: int = ROWS) -> list[list[str]]:
    made = lines(rows)
    change(made)
    return made


def set_cell(row: int, column: int, text: str) -> Callable[[list[list[str]]], None]:
    def change(made: list[list[str]]) -> None:
        made[row][column] = text

    return change


def set_column(column: int, text: str) -> Callable[[list[list[str]]], None]:
    def change(made: list[list[str]]) -> None:
        for row in made[1:]:
            row[column] = text

    return change


def no_wavelengths(made: list[list[str]]) -> None:
    made[0][4:] = [f"band {chr(97 + point % 26)}{point // 26}" for point in range(POINTS)]


def refused(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence a command ends with; the folder is as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert shown.count("\n") == 1, shown
    assert len(shown) < 600
    assert "Traceback" not in shown
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return shown


@pytest.fixture
def tune(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Refusal of ``spectune tune`` on a file, which must not leave a run folder."""
    monkeypatch.chdir(tmp_path)

    def refusal(path: Path, *options: str, target: str = "fat") -> str:
        said = refused(["tune", str(path), "--target", target, "--out", "run", *options], tmp_path, capsys)
        assert not (tmp_path / "run").exists()
        return said

    return refusal


def test_a_missing_file(tune: Callable[..., str]) -> None:
    assert "nothing.csv" in tune(Path("nothing.csv"))


@pytest.mark.parametrize("name", ["empty.csv", "empty.mat", "empty.parquet", "empty.npz", "empty.xlsx"])
def test_an_empty_file(tune: Callable[..., str], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert name in tune(tmp_path / name)


@pytest.mark.parametrize("name", ["noise.csv", "noise.mat", "noise.parquet", "noise.npz", "noise.xlsx", "noise"])
def test_binary_garbage(tune: Callable[..., str], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(1).bytes(5000))
    assert name in tune(tmp_path / name)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
def test_a_truncated_mat(tune: Callable[..., str], tmp_path: Path, part: float) -> None:
    path = tmp_path / "cut.mat"
    savemat(path, {"x": np.random.default_rng(1).random((40, 30)), "fat": np.arange(40.0), "wave": np.arange(30.0)})
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    assert "cut.mat" in tune(path)


def test_a_header_without_numbers(tune: Callable[..., str], tmp_path: Path) -> None:
    tune(written(tmp_path / "a.csv", changed(no_wavelengths)))


@pytest.mark.parametrize("wrong", ["1100", "1500", "1102"])
def test_wavelengths_that_repeat_or_jump(tune: Callable[..., str], tmp_path: Path, wrong: str) -> None:
    tune(written(tmp_path / "a.csv", changed(set_cell(0, 12, wrong))))


@pytest.mark.parametrize("wrong", ["", "nan", "n.d.", "inf"])
def test_a_wrong_value_inside_a_spectrum_is_named_by_row_and_column(
    tune: Callable[..., str], tmp_path: Path, wrong: str
) -> None:
    said = tune(written(tmp_path / "a.csv", changed(set_cell(7, 12, wrong))))
    assert "1116" in said


def test_a_target_that_does_not_exist(tune: Callable[..., str], tmp_path: Path) -> None:
    said = tune(written(tmp_path / "a.csv", lines()), target="fatt")
    assert "'fatt'" in said
    assert "moisture" in said


def test_a_target_that_is_constant(tune: Callable[..., str], tmp_path: Path) -> None:
    assert "fat" in tune(written(tmp_path / "a.csv", changed(set_column(2, "5.0"))))


def test_a_target_that_is_missing_everywhere(tune: Callable[..., str], tmp_path: Path) -> None:
    assert "fat" in tune(written(tmp_path / "a.csv", changed(set_column(2, ""))))


def test_fewer_rows_than_folds(tune: Callable[..., str], tmp_path: Path) -> None:
    tune(written(tmp_path / "a.csv", lines(12)), "--folds", "20")


def test_a_class_with_one_member(tune: Callable[..., str], tmp_path: Path) -> None:
    said = tune(written(tmp_path / "a.csv", changed(set_cell(5, 1, "C"))), target="origin")
    assert "'C'" in said


def test_a_rule_for_rows_that_is_no_rule_and_one_that_fits_no_row(tune: Callable[..., str], tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", lines())
    tune(path, "--where", "origin = = 'A'")
    tune(path, "--where", "__import__('os').system('true')")
    tune(path, "--where", "origin == 'Z'")
    tune(path, "--where", "colour == 'A'")


def test_columns_for_roles_that_do_not_exist(tune: Callable[..., str], tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", lines())
    assert "'part'" in tune(path, "--split", "part")
    assert "'sample'" in tune(path, "--group", "sample")
    assert "nothing.csv" in tune(path, "--test", "nothing.csv")
    assert "'nowhere'" in tune(path, "--space", "nowhere")


def test_inspect_refuses_what_tune_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["inspect", str(tmp_path / "nothing.csv")], tmp_path, capsys)
    path = written(tmp_path / "a.csv", changed(set_cell(7, 12, "n.d.")))
    refused(["inspect", str(path)], tmp_path, capsys)
    good = written(tmp_path / "b.csv", lines())
    refused(["inspect", str(good), "--target", "fatt"], tmp_path, capsys)


def test_folders_that_are_no_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(written(tmp_path / "a.csv", lines()))
    out = str(tmp_path / "p.csv")
    assert "there is no run folder" in refused(["report", str(tmp_path / "no")], tmp_path, capsys)
    assert "is not the folder of a run" in refused(["report", str(tmp_path)], tmp_path, capsys)
    assert "there is no run folder" in refused(["predict", str(tmp_path / "no"), good, "-o", out], tmp_path, capsys)
    said = refused(["tune", good, "-t", "fat", "--out", str(tmp_path)], tmp_path, capsys)
    assert "is not the folder of a run" in said


QUICK = ("--trials", "1", "--folds", "2", "--epochs", "3", "--replicates", "0", "--no-explain", "--cores", "1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny finished run."""
    folder = tmp_path_factory.mktemp("finished")
    path = written(folder / "a.csv", lines())
    with sketched():
        assert run(["tune", str(path), "-t", "fat", "--out", str(folder / "run"), *QUICK]) == 0
    return folder / "run"


def test_an_out_that_belongs_to_another_run(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    path = finished.parent / "a.csv"
    command = ["tune", str(path), "-t", "fat", "--out", str(finished), *QUICK]
    assert "seed is 0 there and 9 here" in refused([*command, "--seed", "9"], finished.parent, capsys)
    other = written(finished.parent / "other.csv", changed(set_cell(3, 2, "8.5")))
    said = refused(["tune", str(other), *command[2:]], finished.parent, capsys)
    assert "belongs to another run" in said


def test_a_model_on_another_axis(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    def moved(made: list[list[str]]) -> None:
        made[0][4:] = [f"{1101 + 2 * point}" for point in range(POINTS)]

    path = written(tmp_path / "moved.csv", changed(moved))
    refused(["predict", str(finished), str(path), "-o", str(tmp_path / "p.csv")], tmp_path, capsys)
    assert not (tmp_path / "p.csv").exists()


def test_predictions_never_overwrite_the_spectra(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    path = str(written(tmp_path / "new.csv", lines()))
    assert "would overwrite" in refused(["predict", str(finished), path, "-o", path], tmp_path, capsys)
    assert "must end in .csv" in refused(["predict", str(finished), path, "-o", "p.xlsx"], tmp_path, capsys)


def test_a_damaged_model(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    path = str(written(tmp_path / "new.csv", lines()))
    for file in (finished / "model").iterdir():
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        try:
            refused(["predict", str(finished), path, "-o", str(tmp_path / "p.csv")], tmp_path, capsys)
        finally:
            file.write_bytes(whole)


def test_ctrl_c_while_tuning_keeps_what_exists_and_says_how_to_go_on(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", lines())
    folder = tmp_path / "run"
    words = ["tune", str(path), "-t", "fat", "--out", str(folder), "--trials", "500", "--folds", "2", "--cores", "1"]
    command = [sys.executable, "-c", "from spectune.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: len(list((folder / "trials").glob("*.json"))) >= 2, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.startswith("error: stopped; ")
    assert said.count("\n") == 1, said
    assert f"continue with: spectune tune --config {folder / 'run.toml'}" in said
    assert len(load_trials(folder)) >= 2
    assert not (folder / "outcome.json").exists()


def wait_for(fact: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < end
        time.sleep(0.2)
