"""The run folder: what is kept comes back, and nobody else's run is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.errors import RunError
from spectune.files.atomic import write_text
from spectune.files.packing import Arrays, pack
from spectune.files.runs import (
    FREE,
    Run,
    continue_command,
    count_trials,
    fingerprint,
    load_outcome,
    load_trials,
    open_run,
    save_outcome,
    save_trial,
)
from spectune.files.sealed import sealed
from spectune.files.settings import NAMES, Settings
from spectune.networks.space import IntRange, Space
from spectune.tuning.record import Rung, Trial

SETTINGS = Settings("soil.csv", "carbon")
SPACE = Space("funnel", {"width": IntRange(1, 9)})
MADE = outcome(Wish(rows=24, test_rows=8, points=12, trials=6))
MARK = fingerprint(MADE.spectra, SPACE)
FLOATS = st.floats(width=64)
CURVES = st.lists(st.lists(FLOATS, max_size=4).map(tuple), max_size=3).map(tuple)
TRIALS = st.builds(
    Trial,
    number=st.integers(0, 20000),
    state=st.sampled_from(["complete", "pruned", "rejected"]),
    values=st.dictionaries(st.text(max_size=9), st.booleans() | st.integers(-999, 999) | FLOATS | st.text(max_size=9)),
    recipe_id=st.text(max_size=12),
    value=st.none() | FLOATS,
    pooled=st.none() | FLOATS,
    rungs=st.lists(st.builds(Rung, st.integers(1, 300), st.lists(FLOATS).map(tuple)), max_size=3).map(tuple),
    tuning_curves=CURVES,
    training_curves=CURVES,
    best_epochs=st.lists(st.integers(1, 300), max_size=5).map(tuple),
    parameters=st.integers(0, 10**9),
    seed=st.integers(0, 2**31),
    seconds=FLOATS,
    reason=st.text(max_size=30),
    repairs=st.lists(st.text(max_size=30), max_size=2).map(tuple),
)


def begin(folder: Path, settings: Settings = SETTINGS) -> Run:
    return open_run(folder, settings, MARK)


def same(one: Any, other: Any) -> bool:
    """Whether two records hold the same, arrays and NaN included."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, np.generic):
        return same(one.item(), other)
    if is_dataclass(one):
        return type(one) is type(other) and same(vars(one), vars(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list):
        pairs = zip(one, other, strict=False)
        return type(one) is type(other) and len(one) == len(other) and all(same(*pair) for pair in pairs)
    if isinstance(one, float) and isinstance(other, float) and np.isnan(one):
        return bool(np.isnan(other))
    return type(one) is type(other) and bool(one == other)


@given(trial=TRIALS)
def test_a_trial_comes_back_as_it_was_kept(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> None:
    with begin(tmp_path_factory.mktemp("run")) as run:
        save_trial(run, trial)
    (again,) = load_trials(run.folder)
    assert same(trial, again)


@pytest.mark.parametrize(
    "wish",
    [Wish(rows=30, trials=5), Wish(classes=("a", "b", "c"), regions=False, importance=False), Wish(replicates=3)],
)
def test_an_outcome_comes_back_as_it_was_kept(wish: Wish, tmp_path: Path) -> None:
    made = outcome(wish)
    with begin(tmp_path / "run") as run:
        save_outcome(run, made)
    again = load_outcome(run.folder)
    assert isinstance(again, Outcome)
    assert same(made, again)
    assert again.recipe.id == made.recipe.id
    assert again.scores("CNN", "test") == made.scores("CNN", "test")


def test_a_trial_kept_before_repairs_were_is_read_as_one_without(tmp_path: Path) -> None:
    record = asdict(Trial(7, "pruned", {"rate": 0.1}))
    assert record.pop("repairs") == ()
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "0007.json").write_text(sealed("trial", record))
    assert load_trials(tmp_path) == (Trial(7, "pruned", {"rate": 0.1}),)


def test_an_outcome_kept_before_tasks_knew_the_signal_is_read_as_one_of_an_unknown_signal(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        save_outcome(run, MADE)
    body = json.loads((run.folder / "outcome.json").read_text())["outcome"]
    assert body["record"]["spectra"]["task"].pop("signal") == MADE.spectra.task.signal
    (run.folder / "outcome.json").write_text(sealed("outcome", body))
    assert load_outcome(run.folder).spectra.task == replace(MADE.spectra.task, signal="unknown")


def test_trials_come_back_in_order(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        for number in (11, 2, 10001):
            save_trial(run, Trial(number, "pruned", {}))
    assert [trial.number for trial in load_trials(run.folder)] == [2, 11, 10001]
    assert count_trials(run.folder) == 3
    assert load_trials(tmp_path / "nothing") == ()


def test_the_same_command_continues(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        assert not run.continued
        save_trial(run, Trial(0, "pruned", {}))
    with begin(tmp_path / "run") as run:
        assert run.continued
        assert count_trials(run.folder) == 1


def test_more_trials_and_other_paths_continue_a_run(tmp_path: Path) -> None:
    begin(tmp_path / "run").held.close()
    more = replace(SETTINGS, trials=200, data="moved/soil.csv", cores=1, refit=True)
    with begin(tmp_path / "run", more) as run:
        assert run.continued


def test_a_run_of_other_settings_is_refused_and_left_alone(tmp_path: Path) -> None:
    begin(tmp_path / "run").held.close()
    before = {path: path.read_bytes() for path in (tmp_path / "run").glob("*.*")}
    with pytest.raises(RunError, match="folds is 5 there and 4 here and seed is 0 there and 7 here") as caught:
        begin(tmp_path / "run", replace(SETTINGS, seed=7, folds=4))
    assert "choose another --out" in str(caught.value)
    assert continue_command(tmp_path / "run") in str(caught.value)
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").glob("*.*")}


def test_a_run_on_other_data_is_refused(tmp_path: Path) -> None:
    begin(tmp_path / "run").held.close()
    x = MADE.spectra.x.copy()
    x[3, 4] += 1e-3
    with pytest.raises(RunError, match="spectra, targets or roles are not those"):
        open_run(tmp_path / "run", SETTINGS, fingerprint(replace(MADE.spectra, x=x), SPACE))
    roles = MADE.spectra.roles[::-1].copy()
    with pytest.raises(RunError, match="spectra, targets or roles are not those"):
        open_run(tmp_path / "run", SETTINGS, fingerprint(replace(MADE.spectra, roles=roles), SPACE))


def test_a_run_over_another_space_is_refused(tmp_path: Path) -> None:
    begin(tmp_path / "run").held.close()
    other = Space("funnel", {"width": IntRange(1, 10)})
    with pytest.raises(RunError, match="ranges of its search space"):
        open_run(tmp_path / "run", SETTINGS, fingerprint(MADE.spectra, other))


def test_every_free_setting_exists() -> None:
    assert set(NAMES) >= FREE


def test_a_folder_that_is_no_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(RunError, match=r"is not the folder of a run \(it holds 'thesis.docx'\)"):
        begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="cannot make the folder"):
        begin(tmp_path / "run")


def test_two_commands_on_one_run_get_one_sentence(tmp_path: Path) -> None:
    with begin(tmp_path / "run"), pytest.raises(RunError, match="another command is working in"):
        begin(tmp_path / "run")
    begin(tmp_path / "run").held.close()


HOLD = """
import sys, time
from pathlib import Path
from spectune.files.lock import lock
held = lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_command_leaves_no_lock(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder).held.close()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunError, match="another command is working in"):
            begin(folder)
        os.kill(process.pid, signal.SIGKILL)
    begin(folder).held.close()


def test_what_a_killed_command_left_half_written_is_swept_away(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder).held.close()
    (folder / "trials" / ".0003.123.part.json").write_text('{"tri')
    with begin(folder):
        assert load_trials(folder) == ()
    assert list((folder / "trials").iterdir()) == []


def test_a_run_killed_before_its_identity_was_written_starts_afresh(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder).held.close()
    (folder / "identity.json").unlink()
    with begin(folder, replace(SETTINGS, seed=5)) as run:
        assert not run.continued


def test_a_damaged_trial_is_told_from_a_good_one(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        save_trial(run, Trial(0, "complete", {"rate": 0.1}, value=0.5))
    path = run.folder / "trials" / "0000.json"
    path.write_text(path.read_text().replace("0.5", "0.4"))
    with pytest.raises(RunError, match=r"0000\.json is damaged"):
        load_trials(run.folder)


@pytest.mark.parametrize("name", ["outcome.json", "outcome.npz", "identity.json"])
@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_damage_to_a_kept_run_is_one_sentence(tmp_path: Path, name: str, harm: str) -> None:
    with begin(tmp_path / "run") as run:
        save_outcome(run, MADE)
    path = run.folder / name
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle] ^= 0xFF
    path.write_bytes({"cut": bytes(data[:middle]), "flip": bytes(data), "empty": b""}[harm])
    used = begin if name == "identity.json" else load_outcome
    with pytest.raises(RunError, match=r"is damaged|belongs to another run|another version"):
        used(run.folder)


def test_a_run_that_is_not_finished_says_how_to_continue(tmp_path: Path) -> None:
    begin(tmp_path / "run").held.close()
    with pytest.raises(RunError, match="holds no finished run; continue it with: spectune tune --config"):
        load_outcome(tmp_path / "run")
    with pytest.raises(RunError, match="there is no run folder"):
        load_outcome(tmp_path / "nothing")
    (tmp_path / "other").mkdir()
    with pytest.raises(RunError, match="is not the folder of a run"):
        load_outcome(tmp_path / "other")


def test_between_the_two_files_of_an_outcome_the_run_is_unfinished(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        save_outcome(run, MADE)
        (run.folder / "outcome.json").unlink()
        with pytest.raises(RunError, match="holds no finished run"):
            load_outcome(run.folder)
        save_outcome(run, MADE)
    assert load_outcome(run.folder).members == MADE.members


def test_predictions_hold_every_row_once_by_every_model(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        save_outcome(run, MADE)
    lines = (run.folder / "predictions.csv").read_text().splitlines()
    assert len(lines) == 1 + len(MADE.spectra)
    names = [f"predicted by {model.name}" for model in MADE.models]
    assert lines[0].split(",") == ["id", "role", "fold", "measured", *names, f"spread of {MADE.network}"]
    last = dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))
    assert last["role"] == "test"
    assert last["fold"] == ""
    assert float(last["predicted by PLS"]) == MADE.model("PLS").test[-1]
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert int(first["fold"]) == MADE.fold_of[0] + 1
    assert float(first["predicted by PLS"]) == MADE.model("PLS").validated[0]


def test_no_array_of_objects_is_ever_written(tmp_path: Path) -> None:
    arrays: Arrays = {}
    pack(MADE, arrays)
    assert {array.dtype.kind for array in arrays.values()} <= set("fiUbu")
    with begin(tmp_path / "run") as run, pytest.raises(ValueError, match="allow_pickle"):
        save_outcome(run, replace(MADE, spread=np.asarray([None] * 8)))
    assert not (run.folder / "outcome.json").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot write .*no/where\.txt: No such file or directory"):
        write_text(tmp_path / "no" / "where.txt", "text")
    assert list(tmp_path.iterdir()) == []


WRITE = """
import sys
from pathlib import Path
from spectune.files.atomic import write_text
for number in range(10**6):
    write_text(Path(sys.argv[1]), str(number % 10) * 200_000)
    print(flush=True)
"""


def test_a_write_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "record"
    for pause in (0.0, 0.003, 0.007, 0.012):
        with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pause)
            process.kill()
        text = path.read_text()
        assert len(text) == 200_000
        assert len(set(text)) == 1


def test_the_kept_records_are_plain_json(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        save_trial(run, Trial(0, "complete", {"rate": 0.1}, value=0.5))
    kept = json.loads((run.folder / "trials" / "0000.json").read_text())
    assert set(kept) == {"format", "sha256", "trial"}
    assert kept["trial"] == json.loads(json.dumps(asdict(Trial(0, "complete", {"rate": 0.1}, value=0.5))))
