"""The file answers as the package does, to rounding in single precision, on 1,000 spectra."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from explaining import CLASSES, NUMBER, network, spectra
from spectune.assessment.conformal import Conformal, ends, regression_interval
from spectune.errors import ModelError, SettingError
from spectune.export import graph
from spectune.export.checking import answers_of, check, misfit
from spectune.networks.layers import (
    Act,
    AveragePool,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layers,
    MaxPool,
    Residual,
)
from spectune.networks.published import ZOO
from spectune.networks.recipe import Transform
from spectune.spectra.channels import Layout
from spectune.spectra.spectra import Task
from spectune.training.fit import Fitted, predict, signal
from spectune.training.members import forward, slots
from spectune.training.scaling import InputScaling, target_scaling

pytest.importorskip("onnx", reason="onnx is not installed: pip install 'spectune[onnx]'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'spectune[onnx]'")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

ROWS, POINTS = 1000, 97

EVERY_LAYER: Layers = (
    Conv(4, 5, stride=2),
    Act("elu"),
    BatchNorm(),
    Residual((Conv(6, 4), Act("selu")), (Conv(6, 1), BatchNorm())),
    MaxPool(3, 2, "same"),
    Branches(((Conv(3, 3), Act("tanh")), (AveragePool(4, 1, "same"), Conv(2, 1), Act("leaky_relu")))),
    Residual((Conv(5, 3), Act("swish"))),
    AveragePool(3, 3),
    Dropout(0.3),
    Flatten(),
    Dense(12),
    BatchNorm(),
    Act("relu"),
)
SHORT: Layers = (Conv(1, 9), Act("elu"), Flatten(), Dense(16), Act("elu"))


@dataclass(frozen=True)
class Case:
    """A model to export."""

    layers: Layers
    task: Task = NUMBER
    words: str = "RAW"
    layout: Layout = "channels"
    transform: Transform = "none"
    members: int = 2

    def fitted(self) -> Fitted:
        """Members with random weights, whose outputs are of the size of those that were trained."""
        target = target_scaling(np.random.default_rng(3).lognormal(1, 0.5, 80), self.transform)
        task = replace(self.task, points=POINTS)
        made = network((*self.layers, Dense(task.outputs)), task, self.words, self.layout, self.members, target, POINTS)
        stack, prepared = made.stack, torch.as_tensor(signal(made, sample(200)))
        factor = (1 / prepared.std(dim=0))[None, None].repeat(self.members, 1, 1, 1)
        made = replace(made, inputs=InputScaling(factor, -prepared.mean(dim=0) * factor))
        with torch.no_grad():
            raw = forward(stack, made.inputs.apply(prepared))
        last = slots(stack.layers, stack.shape)[-2].size
        kernels, others, size = stack.kernels.clone(), stack.others.clone(), raw.std(dim=1).amax()
        kernels[:, -last:] /= size
        others[:, -task.outputs :] -= raw.mean(dim=1) / size
        return replace(made, stack=replace(stack, kernels=kernels, others=others))


CASES = {
    "every layer": Case(EVERY_LAYER, words="RAW | SNV+D1 | D2(17,3)"),
    "every step": Case(
        SHORT,
        words="RAW | ABS | REF | MAX | DT+SNV | SG(7,2) | D1 | D3(11,4) | BIN(4)+SNV | DEC(5) | ABS+SNV+BIN(2)+D1(5,2)",
        layout="concatenate",
        transform="log",
    ),
    "Box-Cox": Case(SHORT, words="SNV+D1", transform="boxcox", members=3),
    "classes": Case(SHORT, CLASSES, "MAX | SNV"),
    "cnn2": Case(ZOO["cnn2"](3)[:-1], CLASSES, "MAX", members=1),
    "resnet": Case(ZOO["resnet"](3)[:-1], CLASSES, "MAX", members=1),
    "inc3": Case(ZOO["inc3"](3)[:-1], CLASSES, "MAX", members=1),
}


def sample(rows: int, seed: int = 0) -> np.ndarray:
    return spectra(rows, POINTS, seed).astype(np.float32)


@pytest.mark.parametrize("name", CASES)
def test_the_file_answers_as_the_package_does(name: str) -> None:
    fitted = CASES[name].fitted()
    x = sample(ROWS)
    members = predict(fitted, x)
    spread = 1.0 if fitted.task.classes else float(members.std())
    assert np.isfinite(members).all()
    assert members.std(axis=1).max() > 0.01
    assert misfit(graph.onnx_bytes(fitted), fitted, x, spread) < 1e-5


@pytest.fixture(scope="module")
def small() -> Fitted:
    return Case((Conv(2, 5), Act("elu"), Flatten()), words="SNV+D1").fitted()


@pytest.fixture(scope="module")
def interval() -> Conformal:
    held_out = np.random.default_rng(2).lognormal(1, 0.6, (1, 60))
    return regression_interval(held_out[0] + np.linspace(-1, 1, 60), held_out, np.arange(60))


@pytest.fixture(scope="module")
def data(small: Fitted, interval: Conformal) -> bytes:
    return graph.onnx_bytes(small, interval, {"target": "fat", "axis": "[1, 2]"})


@pytest.mark.parametrize("rows", [1, 2, 5, 300])
def test_any_number_of_rows_is_answered_row_by_row(data: bytes, small: Fitted, interval: Conformal, rows: int) -> None:
    x = sample(rows)
    made, members = answers_of(data, x), predict(small, x)
    low, high = ends(interval, members)
    for name, wanted in (
        ("members", members),
        ("mean", members.mean(axis=0)),
        ("spread", members.std(axis=0)),
        ("low", low),
        ("high", high),
    ):
        assert made[name].dtype == np.float32
        np.testing.assert_allclose(made[name], wanted, atol=1e-5)


def test_a_row_without_an_answer_spoils_no_other(data: bytes, small: Fitted) -> None:
    x = sample(4)
    x[2, 9] = np.nan
    made = answers_of(data, x)
    for name in ("mean", "spread", "low", "high"):
        np.testing.assert_array_equal(np.isnan(made[name]), [False, False, True, False])
    np.testing.assert_allclose(made["members"][:, [0, 1, 3]], predict(small, x[[0, 1, 3]]), atol=1e-5)


def test_the_same_model_gives_the_same_bytes(data: bytes, small: Fitted, interval: Conformal) -> None:
    other = graph.onnx_bytes(small, interval, {"axis": "[1, 3]", "target": "fat"})
    assert other != data
    assert other.replace(b"[1, 3]", b"[1, 2]") == data


def test_the_file_is_sound_and_tells_nothing_of_where_it_was_made(data: bytes) -> None:
    import onnx

    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"target": "fat", "axis": "[1, 2]"}
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert model.producer_name == "spectune"
    for word in (b".py", b"site-packages", b"spectune/", b"torch"):
        assert word not in data


def test_a_file_that_answers_otherwise_is_refused(data: bytes, small: Fitted) -> None:
    others = small.stack.others + 0.1
    with pytest.raises(ModelError, match="answers differ from the model's by up to"):
        check(data, replace(small, stack=replace(small.stack, others=others)), sample(9), 1.0)
    assert check(data, small, sample(9), 1.0) < 1e-5


def test_what_is_missing_is_named(small: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(SettingError, match=r"and onnxscript cannot be imported here.*pip install 'spectune\[onnx\]'"):
        graph.onnx_bytes(small)
