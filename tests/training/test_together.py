"""Many members by one operation: update rules and dropout masks from tensors of numbers are those of each number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.networks.recipe import Optimiser
from spectune.training.dropout import GOLDEN_PLACE, WORD, drop_key, dropped
from spectune.training.engine import RULES
from spectune.training.optimisers import memory, step, step_together


@pytest.mark.parametrize("optimiser", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_a_rule_for_all_members_is_that_for_each(optimiser: Optimiser, dtype: torch.dtype, tolerance: float) -> None:
    """Forty steps; one member misses every third, one has no gradient that is a number when it is not busy."""
    random = torch.Generator().manual_seed(0)
    each = torch.randn(3, 40, generator=random, dtype=torch.float64).to(dtype)
    together = each.clone()
    memories = memory(optimiser, each), memory(optimiser, together)
    rates, penalties = [0.01, 0.02, 0.005], [0.1, 0.0, 0.01]
    for turn in range(40):
        gradients = torch.randn(3, 40, generator=random, dtype=torch.float64).to(dtype)
        busy = [True, turn % 3 != 0, turn < 20]
        gradients[2] *= 1 if busy[2] else torch.nan
        step(each, gradients, memories[0], rates, penalties, busy)
        numbers = [torch.tensor(one, dtype=torch.float64) for one in (rates, penalties)]
        step_together(together, gradients, memories[1], numbers[0], numbers[1], torch.tensor(busy))
    torch.testing.assert_close(together, each, rtol=tolerance, atol=tolerance)
    assert memories[1].steps.tolist() == [40, 26, 20]


@given(st.lists(st.integers(0, (1 << 62) - 1), min_size=1, max_size=4), st.integers(0, 1 << 40), st.integers(0, 50))
@settings(max_examples=50)
def test_masks_from_tensors_are_the_counter_hash(keys: list[int], taken: int, layer: int) -> None:
    """The hash as whole numbers without end, place by place, against tensors of keys and steps."""
    rates = torch.linspace(0, 0.9, len(keys))
    steps = torch.tensor([taken + member for member in range(len(keys))])
    found = dropped(torch.ones(len(keys), 3, 7), torch.tensor(keys), steps, rates, layer) > 0
    for member, key in enumerate(keys):
        least = int(np.float32(rates[member]) * np.float32(1 << 24))
        word = drop_key(key, taken + member, layer)
        wanted = [finished(place * GOLDEN_PLACE & WORD ^ word) >> 8 >= least for place in range(21)]
        assert found[member].flatten().tolist() == wanted


def finished(word: int) -> int:
    """Wellons's lowbias32."""
    word = (word ^ word >> 16) * 0x7FEB352D & WORD
    word = (word ^ word >> 15) * 0x846CA68B & WORD
    return word ^ word >> 16
