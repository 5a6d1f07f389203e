"""Requests that wait together are answered together, each with its own answer."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import Wish
from served import CLASSES, NUMBER, made, spectra
from spectune.errors import SettingError
from spectune.predictions import Predictions
from spectune.server.desk import Desk, joined
from spectune.server.engine import Ready, predictions, ready


async def asked(wish: Wish, sizes: list[int], together: int) -> tuple[list[Predictions], list[int]]:
    """Answers to requests of so many rows that come at once, and the rows of each batch."""
    service, _ = made(wish)
    batches: list[int] = []

    def predict(known: Ready, level: float | None) -> Predictions:
        batches.append(len(known))
        return predictions(service.model, service.engine, known, level)

    desk = Desk(predict, together)
    work = asyncio.create_task(desk.work())
    tables = [ready(service.model, spectra(wish, size)) for size in sizes]
    answers = await asyncio.gather(*(desk.ask(table, None) for table in tables))
    work.cancel()
    desk.close()
    return list(answers), batches


@pytest.mark.parametrize("wish", [NUMBER, CLASSES], ids=["number", "classes"])
@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=8), together=st.integers(1, 12))
@settings(max_examples=15)
def test_an_answer_does_not_depend_on_who_waits_beside_it(wish: Wish, sizes: list[int], together: int) -> None:
    answers, batches = asyncio.run(asked(wish, sizes, together))
    model = made(wish)[0].model
    for size, answer in zip(sizes, answers, strict=True):
        alone = model.predict(spectra(wish, size))
        np.testing.assert_allclose(answer.members, alone.members, rtol=1e-4, atol=1e-4)
        assert answer.ids.tolist() == alone.ids.tolist()
        assert answer.flags == alone.flags
        if wish.classes:
            np.testing.assert_array_equal(answer.sets, alone.sets)
        else:
            np.testing.assert_allclose(answer.low, alone.low, rtol=1e-4, atol=1e-3)  # type: ignore[arg-type]
    assert max(batches) <= together
    assert sum(batches) == sum(sizes)


def test_small_requests_share_a_batch() -> None:
    _, batches = asyncio.run(asked(NUMBER, [1] * 10, 256))
    assert len(batches) < 10


def test_an_error_reaches_those_who_asked_for_it_and_nobody_else() -> None:
    service, _ = made(NUMBER)

    async def both() -> list[Predictions | BaseException]:
        desk = Desk(lambda known, level: predictions(service.model, service.engine, known, level), 256)
        work = asyncio.create_task(desk.work())
        known = ready(service.model, spectra())
        found = await asyncio.gather(desk.ask(known, None), desk.ask(known, 0.9999), return_exceptions=True)
        work.cancel()
        desk.close()
        return list(found)

    good, bad = asyncio.run(both())
    assert isinstance(good, Predictions)
    assert isinstance(bad, SettingError)


def test_parts_join_to_what_they_were_parts_of() -> None:
    service, _ = made(NUMBER)
    known = ready(service.model, spectra())
    parts = [predictions(service.model, service.engine, known.rows(rows), None) for rows in (slice(0, 5), slice(5, 12))]
    whole = predictions(service.model, service.engine, known, None)
    together = joined(parts)
    np.testing.assert_allclose(together.members, whole.members, rtol=1e-5)
    np.testing.assert_allclose(together.high, whole.high, rtol=1e-5)  # type: ignore[arg-type]
    assert together.ids.tolist() == whole.ids.tolist()
