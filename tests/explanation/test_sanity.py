"""The randomised-weights check: what has no weights in it survives, what was learned does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from explaining import CLASSES, ONE_FILTER, network, spectra
from spectune.explanation.attribution import METHODS, subject
from spectune.explanation.sanity import Survival, randomised, rank_correlation, survivals, tells
from spectune.networks.layers import Act, BatchNorm, Conv, Dense, Flatten
from spectune.training.fit import predict
from spectune.training.members import slots


def test_rank_correlation_is_spearmans() -> None:
    one, other = np.random.default_rng(0).integers(0, 9, (2, 5, 30)).astype(float)
    wanted = [spearmanr(left, right).statistic for left, right in zip(one, other, strict=True)]
    assert rank_correlation(one, other) == pytest.approx(wanted)
    assert np.isnan(rank_correlation(np.ones((1, 4)), other[:1, :4])).all()


def test_a_fresh_last_layer_leaves_all_others_as_they_were() -> None:
    layers = (Conv(2, 3), BatchNorm(), Act("elu"), Flatten(), Dense(4), Act("elu"), Dense(3))
    fitted = network(layers, members=1)
    made = randomised(fitted, "last layer fresh", 7)
    last = slots(layers, fitted.stack.shape)[-2:]
    kernels, others = last[0].size, last[1].size
    for name, count in (("kernels", kernels), ("others", others)):
        before, after = getattr(fitted.stack, name), getattr(made.stack, name)
        assert torch.equal(before[:, :-count], after[:, :-count])
        assert not torch.equal(before[:, -count:], after[:, -count:])


def test_the_same_seed_draws_the_same_fresh_weights_and_another_seed_others() -> None:
    fitted = network(ONE_FILTER, members=1)
    x = spectra().astype(np.float32)
    first, again, other = (predict(randomised(fitted, "all layers fresh", seed), x) for seed in (1, 1, 2))
    assert first == pytest.approx(again, abs=0)
    assert np.abs(first - other).max() > 1e-3


def test_fresh_weights_that_equal_the_old_ones_survive_completely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectune.explanation.sanity.randomised", lambda member, which, seed: member)
    fitted = network(ONE_FILTER, CLASSES)
    found = list(survivals(fitted, subject(fitted, spectra(), spectra(9), None), [0, 1, 2, 0, 1, 2], METHODS, 0))
    assert {(one.method, one.beside) for one in found} == {
        (method, beside) for method in METHODS for beside in ("another member", "last layer fresh", "all layers fresh")
    }
    for one in found:
        if one.beside != "another member":
            assert np.asarray(one.correlations) == pytest.approx(1, nan_ok=True)


def test_members_are_compared_with_one_another_and_a_single_one_with_none() -> None:
    for members in (1, 3):
        fitted = network(ONE_FILTER, members=members)
        first, *_ = survivals(fitted, subject(fitted, spectra(), spectra(9), None), [0] * 6, METHODS[:1], 0)
        assert len(first.correlations) == (members if members > 1 else 0)


@pytest.mark.parametrize(
    ("between", "fresh", "wanted"),
    [(0.8, 0.1, "the model"), (0.8, 0.6, "the data"), (0.1, 0.2, "chance"), (np.nan, 0.2, "the model")],
)
def test_maps_tell_of_the_model_only_if_fresh_weights_change_them(between: float, fresh: float, wanted: str) -> None:
    values = (("another member", between), ("last layer fresh", 0.0), ("all layers fresh", fresh))
    found = [Survival("occlusion", beside, (value,)) for beside, value in values]  # type: ignore[arg-type]
    assert tells(found) == wanted
