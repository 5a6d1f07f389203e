"""The published networks: the compiled core trains them as torch does in double precision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from spectune.networks.published import ZOO
from spectune.networks.recipe import Schedule
from spectune.training.native import core
from twins import WHOLE, Case, misfit

pytestmark = pytest.mark.skipif(core() is None, reason="the compiled core was not built here")

EVERY_NETWORK = pytest.mark.parametrize("name", ZOO)
POINTS = 20
"""Enough for the longest of the shortest signals that they take."""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Torch's threads wait for each other longer than its small products take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@EVERY_NETWORK
def test_a_published_classifier_has_the_gradient_of_autograd(name: str) -> None:
    """Twenty-five normalised convolutions of few values: there torch's own single precision is the measure."""
    case = Case(ZOO[name](3), (1, POINTS), (7,), WHOLE, classes=3)
    exact = case.gradients(case.exact())
    error = misfit(case.gradients(case.core()), exact)
    assert error <= 1e-5 or error <= 20 * misfit(case.gradients(case.single()), exact) <= 0.01


@EVERY_NETWORK
def test_a_published_network_is_trained_for_numbers_as_in_torch(name: str) -> None:
    """Losses of whole and short batches, and outputs by the running moments.

    Steps of the deepest networks are shorter: in long ones single precision, of torch too, goes another way.
    """
    points, rate = (80, 1e-6) if name in ("resnet", "resnet_mod", "cnn6_bn") else (POINTS, 1e-5)
    case = Case(ZOO[name](1, "tanh"), (1, points), (9,), Schedule("sgd", batch=6))
    rows = [np.arange(12)]
    compiled, exact = case.core(threads=2), case.exact()
    for _ in range(2):
        found, wanted = (engine.epoch(case.members, case.rates(rate)) for engine in (compiled, exact))
        np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert misfit(compiled.outputs(case.members, rows), exact.outputs(case.members, rows)) <= 1e-4
