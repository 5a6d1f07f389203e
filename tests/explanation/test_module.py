"""The module that is explained says what the model says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explaining import CLASSES, NUMBER, ONE_FILTER, network, spectra
from spectune.explanation.module import Network, exact, restored, single
from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Transform
from spectune.training.fit import predict
from spectune.training.scaling import target_scaling


@pytest.mark.parametrize("layout", ["channels", "concatenate"])
def test_classes_are_answered_as_the_model_does(layout: str) -> None:
    fitted = network(ONE_FILTER, CLASSES, layout=layout)  # type: ignore[arg-type]
    x = spectra()
    signal = torch.tensor(exact(x, fitted.recipe.channels, fitted.recipe.layout))
    for member, wanted in zip(single(fitted), predict(fitted, x.astype(np.float32)), strict=True):
        logits = Network(member)(signal)
        assert torch.softmax(logits, dim=1).numpy() == pytest.approx(wanted, abs=1e-5)
        assert logits.sum(dim=1).numpy() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("transform", ["none", "sqrt", "log", "boxcox"])
def test_numbers_are_answered_in_the_unit_of_the_target(transform: Transform) -> None:
    scaling = target_scaling(np.random.default_rng(0).gamma(2.0, 3.0, 50), transform)
    fitted = network((Flatten(), Dense(1)), NUMBER, target=scaling)
    x = spectra()
    signal = torch.tensor(exact(x, fitted.recipe.channels, fitted.recipe.layout))
    wanted = predict(fitted, x.astype(np.float32)).mean(axis=0)
    assert Network(fitted)(signal)[:, 0].numpy() == pytest.approx(wanted, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("transform", ["none", "sqrt", "log", "boxcox"])
def test_the_transform_of_a_target_is_undone_alike_in_autograd(transform: Transform) -> None:
    scaling = target_scaling(np.random.default_rng(1).gamma(2.0, 3.0, 50), transform)
    outputs = np.linspace(-4, 4, 33)
    assert restored(torch.tensor(outputs), scaling).numpy() == pytest.approx(scaling.inverse(outputs), rel=1e-9)


def test_single_members_are_the_members_in_order() -> None:
    fitted = network(ONE_FILTER)
    x = spectra().astype(np.float32)
    alone = np.concatenate([predict(member, x) for member in single(fitted)])
    assert alone == pytest.approx(predict(fitted, x), abs=1e-6)
