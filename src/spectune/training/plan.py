"""From layer records to the core's operations: which signal goes where, and where weights lie.

The core keeps a member's weights in one packed row: first the kernels that L2 pulls on, then
everything else. A kernel lies in panels of 32 columns, each whole in memory. ``Plan`` says where
each number of the flat rows of a ``Stack`` lies in it; places that no weight owns stay zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spectune.networks.layers import (
    Act,
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
    Residual,
    Shape,
    window,
)
from spectune.training.native import BUFFER, OP

PANEL = 32
AT_ONCE = 4
"""Panels of features whose weights the core turns together, see ``core/linear.h``."""
LINE = 16
"""Numbers of a cache line."""

CONV, DENSE, NORM, ACT, DROP, MAX_POOL, MEAN_POOL, ADD, COPY = range(9)
ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "selu", "swish", "tanh")

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Plan:
    """A network as the core runs it.

    Attributes:
        ops, buffers: as in ``core/network.h``.
        kernels, others: place in the packed row of every number of a stack's flat rows.
        packed, packed_kernels: length of the packed row, and of the part that L2 pulls on.
        derived: numbers of room for matrices made of weights.
        output: number of the buffer that holds the outputs.
    """

    ops: NDArray[np.void]
    buffers: NDArray[np.void]
    kernels: Places
    others: Places
    packed: int
    packed_kernels: int
    derived: int
    output: int


@dataclass(eq=False)
class _Signal:
    points: int
    channels: int
    left: int = 0
    right: int = 0
    by: int = -1  # kind of the operation that makes it


@dataclass(eq=False)
class _Draft:
    """What is known so far while layers are walked."""

    lanes: int
    threads: int
    signals: list[_Signal] = field(default_factory=list)
    ops: list[dict[str, int | float]] = field(default_factory=list)
    kernels: list[Places] = field(default_factory=list)
    others: list[Places] = field(default_factory=list)
    kernel_room: int = 0
    other_room: int = 0
    moments: int = 0
    derived: int = 0
    drops: int = 0

    def signal(self, points: int, channels: int) -> int:
        """Number of a new signal."""
        self.signals.append(_Signal(points, channels))
        return len(self.signals) - 1

    def op(self, kind: int, source: int, target: int, **details: int | float) -> int:
        """Notes an operation; returns its target."""
        self.ops.append(
            {"kind": kind, "in": source, "out": target, "block": 1, "forward": -1, "backward": -1} | details
        )
        self.signals[target].by = kind
        return target

    def kernel(self, rows: int, columns: int) -> int:
        """Place of a kernel (rows, columns) that L2 pulls on, by panels."""
        self.kernels.append(self.kernel_room + _panels(rows, columns))
        self.kernel_room += -(-columns // PANEL) * rows * PANEL
        return self.kernel_room - -(-columns // PANEL) * rows * PANEL

    def free_kernel(self, rows: int, columns: int) -> int:
        """Place of a kernel among the other weights, by panels."""
        self.others.append(self.other_room + _panels(rows, columns))
        self.other_room += -(-columns // PANEL) * rows * PANEL
        return self.other_room - -(-columns // PANEL) * rows * PANEL

    def vector(self, size: int) -> int:
        """Place of a vector among the other weights, padded to whole panels."""
        self.others.append(self.other_room + np.arange(size))
        self.other_room += -(-size // PANEL) * PANEL
        return self.other_room - -(-size // PANEL) * PANEL

    def room(self, numbers: int) -> int:
        """Place of a derived matrix."""
        self.derived += -(-numbers // LINE) * LINE
        return self.derived - -(-numbers // LINE) * LINE


def _panels(rows: int, columns: int) -> Places:
    """Places of a kernel's numbers from its start, row by row."""
    row, column = np.arange(rows)[:, None], np.arange(columns)
    return np.asarray(row * PANEL + (column // PANEL) * rows * PANEL + column % PANEL).ravel()


def plan(layers: Layers, shape: Shape, lanes: int, threads: int) -> Plan:
    """The plan of a network for signals of ``shape`` (channels, points).

    Args:
        layers: the architecture.
        shape: (channels, points) of the signal it receives.
        lanes: numbers in a vector of the core.
        threads: of the largest team that will work on one member.
    """
    draft = _Draft(lanes, threads)
    output = _walk(layers, draft.signal(shape[1], shape[0]), draft)
    others = draft.kernel_room
    for op in draft.ops:
        for place in ("bias", "weight") if op["kind"] == NORM or op.get("free") else ("bias",):
            op[place] = int(op.get(place, 0)) + others
    _gradients(draft)
    _derived(draft)
    empty = np.zeros(0, dtype=np.intp)
    return Plan(
        ops=np.array([tuple(op.get(str(name), 0) for name in OP.names or ()) for op in draft.ops], dtype=OP),
        buffers=np.array([_buffer(signal) for signal in draft.signals], dtype=BUFFER),
        kernels=np.concatenate([empty, *draft.kernels]),
        others=np.concatenate([empty, *draft.others]) + others,
        packed=others + draft.other_room,
        packed_kernels=others,
        derived=draft.derived,
        output=output,
    )


def _walk(layers: Layers, signal: int, draft: _Draft) -> int:
    for place, layer in enumerate(layers):
        signal = _planned(layer, layers[place + 1 :], signal, draft)
        if isinstance(layer, Conv | Dense) and isinstance((*layers, None)[place + 1], BatchNorm):
            draft.ops[-1]["detail"] = 1  # its bias is taken off again: no gradient
    return signal


def _planned(layer: Layer, rest: Layers, signal: int, draft: _Draft) -> int:
    shape = draft.signals[signal]
    match layer:
        case Conv(filters, kernel, stride, padding):
            return _conv(signal, draft, filters, kernel, stride, window(shape.points, kernel, stride, padding))
        case Dense(units, penalised):
            place = draft.kernel if penalised else draft.free_kernel
            weight, bias = place(shape.points * shape.channels, units), draft.vector(units)
            return draft.op(DENSE, signal, draft.signal(1, units), weight=weight, bias=bias, free=not penalised)
        case BatchNorm(momentum, eps):
            places = {"weight": draft.vector(shape.channels), "bias": draft.vector(shape.channels)}
            places["moments"], draft.moments = draft.moments, draft.moments + 2 * shape.channels
            target = draft.signal(shape.points, shape.channels)
            return draft.op(NORM, signal, target, momentum=momentum, eps=eps, **places)
        case Act(name, slope):
            in_place = name != "swish" and shape.by in (CONV, DENSE, NORM)
            target = signal if in_place else draft.signal(shape.points, shape.channels)
            return draft.op(ACT, signal, target, detail=ACTIVATIONS.index(name), slope=slope)
        case Dropout():
            draft.drops += 1
            target = draft.signal(shape.points, shape.channels)
            return draft.op(DROP, signal, target, detail=draft.drops - 1)
        case MaxPool(size, stride, padding) | AveragePool(size, stride, padding):
            points, left, _ = window(shape.points, size, stride, padding)
            kind = MAX_POOL if isinstance(layer, MaxPool) else MEAN_POOL
            return draft.op(kind, signal, draft.signal(points, shape.channels), size=size, step=stride, pad=left)
        case Flatten():
            return _flat(signal, rest, draft)
        case Residual(body, shortcut):
            shape.by = ADD  # two paths read it: nothing may be done in its place
            made, beside = _walk(body, signal, draft), _walk(shortcut, signal, draft)
            after = draft.signals[made]
            return draft.op(ADD, made, draft.signal(after.points, after.channels), in2=beside)
        case Branches(paths):
            shape.by = COPY
            parts = [_walk(path, signal, draft) for path in paths]
            widths = [draft.signals[part].channels for part in parts]
            joined = draft.signal(draft.signals[parts[0]].points, sum(widths))
            for part, first in zip(parts, np.cumsum([0, *widths]).tolist(), strict=False):
                draft.op(COPY, part, joined, detail=first)
            return joined


def _conv(signal: int, draft: _Draft, filters: int, kernel: int, stride: int, around: tuple[int, int, int]) -> int:
    after, left, right = around
    source = draft.signals[signal]
    source.left, source.right = max(source.left, left), max(source.right, right)
    weight, bias = draft.kernel(kernel * source.channels, filters), draft.vector(filters)
    details = {"weight": weight, "bias": bias, "size": kernel, "step": stride, "pad": left}
    block = _block(filters, kernel, stride, after, draft.lanes)
    return draft.op(CONV, signal, draft.signal(after, filters), **details | {"block": block})


def _block(filters: int, kernel: int, stride: int, after: int, lanes: int) -> int:
    """Neighbouring outputs computed together: the cheapest way to fill vectors with few filters."""

    def price(block: int) -> float:
        vectors = -(-block * filters // lanes)
        return -(-after // block) * vectors * ((block - 1) * stride + kernel)

    return min(range(1, max(2, min(PANEL // filters, after) + 1)), key=price)


def _flat(signal: int, rest: Layers, draft: _Draft) -> int:
    """Flattening costs nothing before a dense layer; before batch normalisation it makes a new shape."""
    shape = draft.signals[signal]
    following = next((layer for layer in rest if not isinstance(layer, Act | Dropout | Flatten)), None)
    if shape.points == 1 or isinstance(following, Dense):
        return signal
    return draft.op(ACT, signal, draft.signal(1, shape.points * shape.channels), detail=ACTIVATIONS.index("linear"))


def _gradients(draft: _Draft) -> None:
    """Which gradients are needed, and which add to what another consumer has given before."""
    needed = [False] * len(draft.signals)
    for op in draft.ops:
        sources = _sources(op)
        op["wanted"] = int(any(needed[source] for source in sources))
        needed[int(op["out"])] |= bool(op["wanted"]) or op["kind"] in (CONV, DENSE, NORM)
    given: set[int] = set()
    for op in reversed(draft.ops):
        if not op["wanted"] or op["in"] == op["out"]:
            continue
        for number, flag in zip(_sources(op), ("add", "add2"), strict=False):
            op[flag] = int(number in given)
            given.add(number)


def _sources(op: dict[str, int | float]) -> Sequence[int]:
    return [int(op["in"]), int(op["in2"])] if op["kind"] == ADD else [int(op["in"])]


def _derived(draft: _Draft) -> None:
    """Room for matrices made of weights: banded and transposed kernels, and slots of normalisation."""
    for op in draft.ops:
        source, made = draft.signals[int(op["in"])], draft.signals[int(op["out"])]
        match op["kind"]:
            case 0:  # CONV
                band = (int(op["block"] - 1) * int(op["step"]) + int(op["size"])) * source.channels
                columns = int(op["block"]) * made.channels
                if op["block"] > 1:
                    op["forward"] = draft.room((band + 1) * PANEL)
                if op["wanted"]:
                    op["backward"] = draft.room(-(-band // PANEL) * columns * PANEL)
            case 1:  # DENSE
                op["backward"] = draft.room(draft.threads * made.channels * PANEL * AT_ONCE)
            case 2:  # NORM
                slots = source.channels * (draft.lanes if source.channels % draft.lanes else 1)
                op["forward"] = draft.room(4 * (slots + draft.lanes))


def _buffer(signal: _Signal) -> tuple[int, int, int, int, int]:
    """A row takes an odd number of cache lines, so that columns do not fall into the same cache set."""
    lines = -(-(signal.left + signal.points + signal.right) * signal.channels // LINE)
    return signal.points, signal.channels, signal.left, signal.right, (lines | 1) * LINE
