"""The PostgreSQL server of a test is a real one, is its own, and is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import create_engine, make_url, text

from clusters.dying import given_to_a_killed_process, soon
from clusters.postgres import postgres

pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres() as given:
        yield given


def folder(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


def trials(url: str, wanted: int) -> list[int]:
    study = optuna.load_study(study_name="both", storage=RDBStorage(url))
    numbers = []
    for _ in range(wanted):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0.0, 1.0))
        numbers.append(trial.number)
    return numbers


def test_two_connections_at_once_add_trials_to_one_study(url: str) -> None:
    study = optuna.create_study(study_name="both", storage=RDBStorage(url))
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(trials, (url, url), (4, 4))
    assert sorted(one + other) == list(range(8))
    assert [trial.state for trial in study.get_trials()] == [TrialState.COMPLETE] * 8


def test_a_server_is_empty_and_knows_nothing_of_another(url: str) -> None:
    with postgres() as second, create_engine(second).connect() as connection:
        assert connection.execute(text("select count(*) from pg_stat_user_tables")).scalar() == 0
        assert folder(second) != folder(url)
    assert not folder(second).exists()


def test_a_killed_test_leaves_no_server_behind(url: str) -> None:
    left = given_to_a_killed_process("from clusters.postgres import postgres", "postgres()")
    assert folder(left) != folder(url)
    assert soon(lambda: not folder(left).exists())
