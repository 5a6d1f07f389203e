"""The copy of a search: it is what the files say, each trial once, whatever happened to it before."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from clusters.postgres import postgres
from clusters.small_disk import small_disk
from copies import ABOUT, ENDED, ended_at, held, keep, said_of, storage, tell, told, trials
from spectune.errors import SettingError
from spectune.tuning import storages
from spectune.tuning.ledger import ledger
from spectune.tuning.objective import gap
from spectune.tuning.places import Journal, Nowhere, Postgres, SQLite, place_of
from spectune.tuning.record import Trial
from spectune.tuning.rows import add

FILES = pytest.mark.parametrize("where", [SQLite(), Journal()], ids=["sqlite", "journal"])
ROOT = Path(__file__).parents[2]

NUMBERS = st.floats(allow_nan=False) | st.sampled_from([float("inf"), float("-inf"), 0.0])


@st.composite
def frozen(draw: st.DrawFn) -> FrozenTrial:
    """Trials that have ended, with numbers of all kinds."""
    state = draw(st.sampled_from([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL]))
    ranges = {
        "a": IntDistribution(1, 9, step=2),
        "b": FloatDistribution(1e-9, 1e9, log=True),
        "c": CategoricalDistribution((None, True, 1.5, "x")),
    }
    values = {
        "a": draw(st.integers(0, 4)) * 2 + 1,
        "b": draw(st.floats(1e-9, 1e9)),
        "c": draw(st.sampled_from([None, 1.5, "x"])),
    }
    known = draw(st.sets(st.sampled_from(sorted(ranges))))
    return create_trial(
        state=state,
        values=[draw(NUMBERS)] if state == TrialState.COMPLETE else None,
        params={name: values[name] for name in known},
        distributions={name: ranges[name] for name in known},
        intermediate_values=draw(st.dictionaries(st.integers(0, 500), NUMBERS | st.just(float("nan")), max_size=4)),
        user_attrs=draw(st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.text(), max_size=3)),
        system_attrs=draw(st.dictionaries(st.text(max_size=9), st.floats(allow_nan=False), max_size=2)),
    )


@pytest.fixture(scope="module")
def database() -> RDBStorage:
    return RDBStorage("sqlite:///:memory:")


@given(st.lists(frozen(), max_size=4))
@settings(max_examples=20)
def test_rows_are_those_that_optuna_itself_writes(database: RDBStorage, made: list[FrozenTrial]) -> None:
    ours, theirs = (database.create_new_study([StudyDirection.MINIMIZE]) for _ in range(2))
    add(database, ours, made)
    for trial in made:
        database.create_new_trial(theirs, trial)
    found, expected = database.get_all_trials(ours), database.get_all_trials(theirs)
    assert [_fields(trial) for trial in found] == [_fields(trial) for trial in expected]


def _fields(trial: FrozenTrial) -> list[str]:
    return [f"{name}: {value!r}" for name, value in sorted(vars(trial).items()) if name != "_trial_id"]


@FILES
def test_a_copy_holds_every_trial_with_its_values_reports_notes_and_times(
    where: SQLite | Journal, tmp_path: Path
) -> None:
    assert keep(where, tmp_path, trials(7)) == []
    found = held(where, tmp_path)
    assert said_of(found) == said_of(told(trials(7)))
    assert [trial.state.name for trial in found[:3]] == ["COMPLETE", "PRUNED", "FAIL"]
    complete, pruned, rejected = found[:3]
    assert complete.params == {"channels": "SNV", "dense.width": 4, "rate": 0.01, "convolution": True}
    assert pruned.intermediate_values == {3: pytest.approx(1 + 1.25 / 3)}
    notes = {"trial": 1, "seconds": 1.5, "recipe": "71b8236dfca0", "parameters": 480}
    assert pruned.user_attrs == notes
    assert rejected.user_attrs["reason"] == "a window of 9 does not fit in 5 points"
    assert complete.datetime_complete is not None
    assert complete.datetime_complete.timestamp() == ENDED
    assert [trial.duration.total_seconds() for trial in found[:3] if trial.duration] == [2.0, 1.5, 0.25]


@FILES
def test_a_search_for_two_numbers_is_copied_with_both(where: SQLite | Journal, tmp_path: Path) -> None:
    two = replace(trials(1)[0], objective=None, calibrated=(0.25, 0.25))
    keep(where, tmp_path, [two], replace(ABOUT, measures=("error", "distance")))
    (found,) = held(where, tmp_path)
    assert found.values == [two.value, gap(two)]
    assert said_of([found]) == said_of(told([two], 2))


@FILES
def test_a_copy_says_whose_it_is(where: SQLite | Journal, tmp_path: Path) -> None:
    keep(where, tmp_path, trials(1))
    keep(where, tmp_path, trials(1), replace(ABOUT, name="moved", facts={"target": "total_carbon", "folder": "new"}))
    with storage(where, tmp_path) as found:
        (study,) = optuna.get_all_study_summaries(found)
        assert optuna.load_study(study_name=ABOUT.name, storage=found).metric_names == ["error on held-out rows"]
    assert study.user_attrs == {"identity": ABOUT.identity, "target": "total_carbon", "folder": "new"}


@FILES
@pytest.mark.parametrize("before", [[], trials(3), trials(7), trials(9)], ids=len)
def test_a_search_that_goes_on_makes_its_copy_whole(
    where: SQLite | Journal, before: list[Trial], tmp_path: Path
) -> None:
    """It was deleted, is older, is whole, or knows trials that are no longer there."""
    if before:
        keep(where, tmp_path, before)
    assert keep(where, tmp_path, trials(7)) == []
    assert said_of(held(where, tmp_path)) == said_of(told(trials(7)))


@FILES
def test_a_copy_of_other_trials_is_written_anew(where: SQLite | Journal, tmp_path: Path) -> None:
    made = trials(7)
    keep(where, tmp_path, [*made[:3], replace(made[3], value=99.0), *made[4:6]])
    assert keep(where, tmp_path, made) == []
    assert said_of(held(where, tmp_path)) == said_of(told(made))


@FILES
def test_a_trial_that_is_there_twice_is_there_once_afterwards(where: SQLite | Journal, tmp_path: Path) -> None:
    keep(where, tmp_path, trials(4))
    with storage(where, tmp_path) as found:
        add(found, found.get_study_id_from_name(ABOUT.name), told(trials(4))[2:3])
    keep(where, tmp_path, trials(5))
    assert said_of(held(where, tmp_path)) == said_of(told(trials(5)))


@FILES
def test_trials_that_end_in_another_order_keep_their_numbers_as_a_note(where: SQLite | Journal, tmp_path: Path) -> None:
    found: list[FrozenTrial] = []
    tell(found.append, trials(5))
    with ledger(where, tmp_path, ABOUT, ended_at, found.append) as copy:  # type: ignore[arg-type]
        for place in (1, 0, 4, 2, 3):
            copy(found[place])
    assert [trial.user_attrs["trial"] for trial in held(where, tmp_path)] == [1, 0, 4, 2, 3]
    keep(where, tmp_path, trials(5))
    assert [trial.user_attrs["trial"] for trial in held(where, tmp_path)] == [1, 0, 4, 2, 3]


@given(st.data())
@settings(max_examples=30)
def test_a_journal_that_was_cut_anywhere_is_made_whole(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "study.journal"
        keep(Journal(), path.parent, trials(4))
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        path.write_bytes(whole[:at])
        path.with_name("study.journal.lock").touch()
        keep(Journal(), path.parent, trials(5))
        assert said_of(held(Journal(), path.parent)) == said_of(told(trials(5)))
        torn = path.with_name("study.journal.torn")
        rest = whole[:at].rpartition(b"\n")[2]
        assert (torn.read_bytes() if torn.exists() else b"") == rest


@FILES
@pytest.mark.parametrize("damage", ["text", "bytes", "empty", "other"])
def test_a_damaged_copy_is_set_aside_and_made_anew(where: SQLite | Journal, damage: str, tmp_path: Path) -> None:
    path = tmp_path / where.file
    keep(where, tmp_path, trials(9), replace(ABOUT, identity="other") if damage == "other" else ABOUT)
    content = bytearray(path.read_bytes())
    match damage:
        case "text":
            path.write_text("this is no copy of a search\n" * 300)
        case "bytes":
            content[200 : len(content) // 2] = b"?" * (len(content) // 2 - 200)
            path.write_bytes(content)
        case "empty":
            path.write_bytes(b"")
    said = keep(where, tmp_path, trials(9))
    assert said_of(held(where, tmp_path)) == said_of(told(trials(9)))
    aside = tmp_path / f"{where.file}.damaged"
    assert aside.exists() == (damage != "empty")
    assert [sentence.count(f"it is now {aside.name}") for sentence in said] == [1] * (damage != "empty")


KILLED = """
import sys
from pathlib import Path
from copies import ABOUT, ended_at, tell, trials
from spectune.tuning.ledger import ledger
from spectune.tuning.places import place_of
with ledger(place_of(sys.argv[1]), Path(sys.argv[2]), ABOUT, ended_at, print) as copy:
    print("begun", flush=True)
    for more in range(1, 10_000):
        tell(copy, trials(more)[-1:])
"""


@pytest.mark.parametrize("word", ["sqlite", "journal"])
def test_a_copy_whose_writer_was_killed_is_made_whole(word: str, tmp_path: Path) -> None:
    where = place_of(word)
    assert isinstance(where, SQLite | Journal)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    words_of_it = [sys.executable, "-c", KILLED, word, str(tmp_path)]
    with subprocess.Popen(words_of_it, env=environment, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        end = time.monotonic() + 30
        while not (tmp_path / where.file).exists() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)
        writer.send_signal(signal.SIGKILL)
    assert keep(where, tmp_path, trials(9)) == []
    assert said_of(held(where, tmp_path)) == said_of(told(trials(9)))


@FILES
def test_a_full_disk_ends_no_search_is_said_once_and_the_next_command_repairs(where: SQLite | Journal) -> None:
    with small_disk(1) as folder:
        keep(where, folder, trials(2))
        filling = folder / "filling"
        with filling.open("wb") as file:
            while file.write(b"x" * 4096) and _free(folder) > 4096:
                file.flush()
        (sentence,) = keep(where, folder, trials(300))
        assert f"{folder / where.file} is behind: " in sentence
        assert "no trial is lost" in sentence
        filling.unlink()
        assert keep(where, folder, trials(300)) == []
        assert said_of(held(where, folder)) == said_of(told(trials(300)))


def _free(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


@FILES
def test_a_copy_that_cannot_be_opened_is_said_once_and_no_trial_waits_for_it(
    where: SQLite | Journal, tmp_path: Path
) -> None:
    (tmp_path / where.file).mkdir()
    (sentence,) = keep(where, tmp_path, trials(9))
    assert "is behind: " in sentence


def test_a_search_without_a_copy_leaves_nothing(tmp_path: Path) -> None:
    assert keep(Nowhere(), tmp_path, trials(3)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_database_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    """The journal of the database is a file beside it while the search goes on, and gone afterwards."""
    with ledger(SQLite(), tmp_path, ABOUT, ended_at, print) as copy:
        tell(copy, trials(3))
        end = time.monotonic() + 30
        while time.monotonic() < end and _counted(tmp_path / "study.db") < 3:
            time.sleep(0.02)
        assert _counted(tmp_path / "study.db") == 3
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def _counted(path: Path) -> int:
    try:
        with closing(sqlite3.connect(path)) as database:
            return int(database.execute("SELECT count(*) FROM trials").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8), st.sampled_from(["user", "query", "port"])
)
def test_a_password_is_refused_and_never_repeated(secret: str, place: str) -> None:
    said = {
        "user": f"postgresql://ann:{secret}@lab/spectra",
        "query": f"postgresql://ann@lab/spectra?password={secret}",
        "port": f"mysql://ann:{secret}@lab/spectra",
    }[place]
    with pytest.raises(SettingError) as refused:
        place_of(said)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "said", ["", "sqlite:///x.db", "postgresql", "postgresql://", "postgresql://a@b:c/d", "redis://x"]
)
def test_a_place_that_is_none_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises(SettingError, match="storage "):
        place_of(said)


def test_a_server_that_is_not_there_is_refused_in_a_sentence_within_seconds(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra postgresql is not installed: pip install 'spectune[postgresql]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(
        SettingError, match=rf"server at 127\.0\.0\.1:{port} cannot be used: .*refused; check"
    ) as refused:
        keep(place_of(f"postgresql://ann@127.0.0.1:{port}/spectra"), tmp_path, trials(1))
    assert time.monotonic() - begun < 10
    assert "\n" not in str(refused.value)


def test_a_server_that_never_answers_is_given_up_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storages.CONNECTING["connect_timeout"] <= 8
    monkeypatch.setitem(storages.CONNECTING, "connect_timeout", 2)
    pytest.importorskip("psycopg", reason="the extra postgresql is not installed: pip install 'spectune[postgresql]'")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        with pytest.raises(SettingError, match="timeout"):
            keep(place_of(f"postgresql://ann@127.0.0.1:{silent.getsockname()[1]}/spectra"), tmp_path, trials(1))
    assert time.monotonic() - begun < 6


def test_searches_share_a_server_and_each_ends_whole(tmp_path: Path) -> None:
    """Two coordinators make their tables and write at once; then one goes on, and one is stopped by the server."""
    with postgres() as url:
        where = place_of(url)
        assert isinstance(where, Postgres)
        both = [replace(ABOUT, name=f"soil-{number}", identity=str(number)) for number in (0, 1)]
        at_once = [threading.Thread(target=keep, args=(where, tmp_path, trials(25), about)) for about in both]
        for thread in at_once:
            thread.start()
        for thread in at_once:
            thread.join()
        for about in both:
            assert said_of(held(where, tmp_path, about.name)) == said_of(told(trials(25)))
        assert keep(where, tmp_path, trials(30), both[0]) == []
        assert said_of(held(where, tmp_path, "soil-0")) == said_of(told(trials(30)))
        with pytest.raises(SettingError, match="a study 'soil-1' of another search"):
            keep(where, tmp_path, trials(30), replace(both[0], name="soil-1"))
        _gone_and_back(where, tmp_path)


HAS_TRIALS = f"SELECT 1 FROM studies JOIN trials USING (study_id) WHERE study_name = '{ABOUT.name}'"  # noqa: S608


def _gone_and_back(where: Postgres, folder: Path) -> None:
    import psycopg

    url = where.url.replace("+psycopg", "")
    said: list[str] = []
    with psycopg.connect(url, autocommit=True) as server:
        with ledger(where, folder, ABOUT, ended_at, said.append) as copy:
            tell(copy, trials(3))
            while not server.execute(HAS_TRIALS).fetchone():
                time.sleep(0.02)
            server.execute("ALTER ROLE spectune NOLOGIN")
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            tell(copy, trials(8))
        server.execute("ALTER ROLE spectune LOGIN")
    (sentence,) = said
    assert "is behind: " in sentence
    assert keep(where, folder, trials(8)) == []
    assert said_of(held(where, folder)) == said_of(told(trials(8)))


def test_times_are_those_of_the_training_where_no_file_tells_them(tmp_path: Path) -> None:
    before = datetime.now()
    with ledger(SQLite(), tmp_path, ABOUT, lambda number: None, print) as copy:
        tell(copy, trials(1))
    (trial,) = held(SQLite(), tmp_path)
    assert trial.datetime_complete is not None
    assert before <= trial.datetime_complete <= datetime.now()
