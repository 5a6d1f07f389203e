"""The compiled core and its plain twin over the same members, and networks to try them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.networks.layers import (
    Act,
    Activation,
    AveragePool,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Layers,
    MaxPool,
    Padding,
    Residual,
    Shape,
    out_shape,
)
from spectune.networks.recipe import Schedule
from spectune.training.build import begin
from spectune.training.eager import Eager
from spectune.training.engine import Core, Engine
from spectune.training.material import Material
from spectune.training.members import Stack, drop_rates, slots
from spectune.training.scaling import InputScaling, TargetScaling
from spectune.training.signals import Held, Signals

Rows = Sequence[NDArray[np.intp]]
HUGE = 2.0**40
"""A learning rate that makes a step so long that the weights before it are lost in its rounding."""

WHOLE = Schedule("sgd", batch=100)
"""All rows in one step."""

SMOOTH: tuple[Activation, ...] = ("linear", "elu", "swish", "tanh")
BENT: tuple[Activation, ...] = ("relu", "leaky_relu", "selu")


@dataclass(frozen=True, eq=False)
class Case:
    """Members of one network and what they are trained on.

    Attributes:
        layers, shape: the network, and the (channels, points) it receives.
        train: number of training rows of each member.
        schedule: how they are trained.
        classes: number of classes, 0 for regression.
        penalties: of each member; empty for none.
        drops: rates of each member, (K, layers); None for those of the layers.
        seed: of weights, rows and orders.
    """

    layers: Layers
    shape: Shape
    train: tuple[int, ...] = (6,)
    schedule: Schedule = WHOLE
    classes: int = 0
    penalties: tuple[float, ...] = ()
    drops: NDArray[np.float32] | None = None
    seed: int = 0

    @property
    def members(self) -> range:
        """Numbers of the members."""
        return range(len(self.train))

    def stack(self) -> Stack:
        """Members with nothing at zero: biases, scales and running moments are random too."""
        random = torch.Generator().manual_seed(self.seed)
        made = begin(self.layers, self.shape, [random] * len(self.train))
        others = made.others + 0.3 * torch.randn(made.others.shape, generator=random)
        moments = (made.moments + 0.5 * torch.rand(made.moments.shape, generator=random)).abs()
        return replace(made, others=others, moments=moments)

    def material(self, spare: int = 3) -> Material:
        """Rows, of which each member trains on some and ``spare`` are left over; equal at every call."""
        random = np.random.default_rng(self.seed)
        count, size = max(self.train) + spare, (len(self.train), self.shape[1], self.shape[0])
        y = random.integers(self.classes, size=count) if self.classes else random.normal(size=count)
        orders = [random.permutation(count) for _ in self.train]
        wanted = np.full((len(self.train), count), -1.0 if self.classes else np.nan)
        for member, (order, rows) in enumerate(zip(orders, self.train, strict=True)):
            wanted[member, order[:rows]] = y[order[:rows]] + (0 if self.classes else 0.3 * member)
        weights = random.uniform(0.3, 2, (len(self.train), self.classes))
        rates = np.tile(np.asarray(drop_rates(self.layers), np.float32), (len(self.train), 1))
        return Material(
            table=Held(_single(random.normal(size=(count, self.shape[1], self.shape[0])))),
            y=y.astype(np.float64),
            classes=self.classes,
            train=tuple(order[:rows] for order, rows in zip(orders, self.train, strict=True)),
            tuning=tuple(order[rows:] for order, rows in zip(orders, self.train, strict=True)),
            inputs=InputScaling(
                _single(random.uniform(0.5, 1.5, size))[:, None], _single(random.normal(size=size))[:, None]
            ),
            targets=tuple(TargetScaling() for _ in self.train),
            streams=tuple(torch.Generator().manual_seed(100 * self.seed + member) for member in self.members),
            keys=tuple(int(key) for key in random.integers(1 << 62, size=len(self.train))),
            weights=_single(weights),
            wanted=_single(wanted),
            penalties=self.penalties or (self.schedule.penalty,) * len(self.train),
            drops=rates if self.drops is None else self.drops,
        )

    def core(self, threads: int = 1, only: Sequence[int] = ()) -> Core:
        """The members, or only some of them, in the compiled core."""
        chosen = list(only or self.members)
        stack, material = self.stack().take(torch.as_tensor(chosen)), self.material().take(chosen)
        return Core(stack, material, self.schedule, threads)

    def single(self) -> Eager:
        """The members in torch, in single precision."""
        return Eager(self.stack(), self.material(), self.schedule)

    def exact(self, nudge: float = 0.0) -> Eager:
        """The members in torch, in double precision; every input and weight changed by about ``nudge`` of itself."""
        stack, material = self.stack(), self.material()
        random = torch.Generator().manual_seed(self.seed)

        def nudged(numbers: torch.Tensor) -> torch.Tensor:
            return numbers.double() * (1 + nudge * torch.randn(numbers.shape, generator=random, dtype=torch.float64))

        return Eager(
            replace(stack, kernels=nudged(stack.kernels), others=nudged(stack.others), moments=stack.moments.double()),
            replace(
                material,
                table=Held(nudged(held(material.table))),
                inputs=InputScaling(material.inputs.factor.double(), material.inputs.offset.double()),
                weights=material.weights.double(),
                wanted=material.wanted.double(),
            ),
            self.schedule,
        )

    def rates(self, rate: float) -> NDArray[np.float64]:
        """The same rate for every step and member, (steps, members)."""
        return np.full((-(-max(self.train) // self.schedule.batch), len(self.train)), rate)

    def after(self, engine: Engine, epochs: int, rate: float) -> Stack:
        """The members after some epochs."""
        for _ in range(epochs):
            engine.epoch(self.members, self.rates(rate))
        engine.keep(self.members)
        return engine.best()

    def gradients(self, engine: Engine) -> list[NDArray[np.float64]]:
        """What one step of plain descent takes from every array of weights, [(K, numbers)]."""
        before, after = self.stack(), self.after(engine, 1, HUGE)
        parts = ((before.kernels, after.kernels), (before.others, after.others))
        kernels, others = (((one.double() - other.detach().double()) / HUGE).numpy() for one, other in parts)
        return self.arrays(kernels, others)

    def arrays(self, kernels: NDArray[np.float64], others: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Flat rows cut into arrays of weights, in the order of the signal."""
        made, at = [], {True: 0, False: 0}
        for slot in slots(self.layers, self.shape):
            flat = kernels if slot.penalised else others
            made.append(flat[:, at[slot.penalised] : at[slot.penalised] + slot.size])
            at[slot.penalised] += slot.size
        return made


def misfit(found: Sequence[NDArray[np.float64]], wanted: Sequence[NDArray[np.float64]]) -> float:
    """Largest error, as a part of the largest number of its own layer.

    Two neighbouring arrays are one layer. Where exact numbers are zero (all that lies before a
    batch normalisation of two rows, or a bias just before any) a part of the largest number of the
    network takes their place.
    """
    whole = max((float(np.abs(one).max()) for one in wanted if one.size), default=0.0)
    worst = 0.0
    for place in range(0, len(wanted), 2):
        largest = max(float(np.abs(one).max()) for one in wanted[place : place + 2])
        for one, other in zip(found[place : place + 2], wanted[place : place + 2], strict=True):
            error = float(np.abs(one - other).max())
            if not error <= 1e-12:
                worst = max(worst, error / max(largest, 1e-3 * whole, 1e-12))
    return worst


@st.composite
def networks(draw: st.DrawFn, activations: Sequence[Activation] = SMOOTH) -> tuple[Layers, Shape]:
    """Any sensible network of up to four parts before and after flattening, with one to three outputs."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 40)))
    body = draw(_bodies(shape, activations, 2))
    head: list[Layer] = draw(st.lists(_elementwise(activations), max_size=2))
    dense = st.builds(Dense, st.integers(1, 70), st.booleans())
    for _ in range(draw(st.integers(0, 1))):
        head += [draw(dense), *draw(st.lists(_elementwise(activations), max_size=2))]
    return (*body, Flatten(), *head, Dense(1, draw(st.booleans()))), shape


@st.composite
def _bodies(draw: st.DrawFn, shape: Shape, activations: Sequence[Activation], depth: int) -> Layers:
    made: list[Layer] = []
    for _ in range(draw(st.integers(0, 4))):
        made.append(draw(_layers(out_shape(tuple(made), shape), activations, depth)))
    return tuple(made)


@st.composite
def _layers(draw: st.DrawFn, shape: Shape, activations: Sequence[Activation], depth: int) -> Layer:
    points = shape[1]
    padding: Padding = draw(st.sampled_from(["same", "valid"]))
    size = draw(st.integers(1, points if padding == "valid" else points + 3))
    stride = draw(st.integers(1, 5))
    kind = draw(st.sampled_from(["conv", "pool", "mean", "small", "residual", "branches"][: 6 if depth else 4]))
    match kind:
        case "conv":
            return Conv(draw(st.integers(1, 20)), min(size, 40), stride, padding)
        case "pool":
            return MaxPool(size, stride, padding)
        case "mean":
            return AveragePool(size, stride, padding)
        case "residual":
            return draw(_residuals(shape, activations, depth))
        case "branches":
            paths = draw(st.lists(_keeping(shape, activations, depth), min_size=1, max_size=3))
            return Branches(tuple(paths))
    return draw(_elementwise(activations))


@st.composite
def _residuals(draw: st.DrawFn, shape: Shape, activations: Sequence[Activation], depth: int) -> Layer:
    body = draw(_keeping(shape, activations, depth))
    if draw(st.booleans()):
        return Residual((*body, Conv(shape[0], draw(st.integers(1, 4)))), draw(st.sampled_from([(), (BatchNorm(),)])))
    filters, stride = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    return Residual((*body, Conv(filters, 3, stride)), (Conv(filters, draw(st.integers(1, 3)), stride), BatchNorm()))


@st.composite
def _keeping(draw: st.DrawFn, shape: Shape, activations: Sequence[Activation], depth: int) -> Layers:
    """Layers that keep the number of points."""
    made: list[Layer] = []
    for _ in range(draw(st.integers(0, 2))):
        layer: Layer = draw(_layers(out_shape(tuple(made), shape), activations, depth - 1))
        if out_shape((*made, layer), shape)[1] == shape[1]:
            made.append(layer)
    return tuple(made)


def _elementwise(activations: Sequence[Activation]) -> st.SearchStrategy[Layer]:
    return st.one_of(
        st.builds(BatchNorm, st.sampled_from([0.99, 0.5])),
        st.builds(Act, st.sampled_from(activations)),
        st.builds(Dropout, st.sampled_from([0.0, 0.25, 0.6])),
    )


def _single(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values).float()


def held(table: Signals) -> torch.Tensor:
    """The tensor of signals that are held in memory."""
    assert isinstance(table, Held)
    return table.table
