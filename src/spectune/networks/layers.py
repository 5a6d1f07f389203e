"""Ten layer records, the shapes they make and the parameters they hold.

A network is a tuple of records. Records are plain values: hashable, JSON-able, the same for one
network or for K of them. Shapes are (channels, points); after ``Flatten`` they are
(features, 1), in position-major order as Keras flattens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spectune.errors import ShapeError

Shape = tuple[int, int]
Padding = Literal["same", "valid"]
Activation = Literal["linear", "relu", "leaky_relu", "elu", "selu", "swish", "tanh"]


@dataclass(frozen=True)
class Conv:
    """1-D convolution with bias; ``same`` padding as in Keras (the extra cell on the right)."""

    filters: int
    kernel: int
    stride: int = 1
    padding: Padding = "same"
    kind: Literal["conv"] = "conv"


@dataclass(frozen=True)
class MaxPool:
    """Largest value of each window."""

    size: int
    stride: int
    padding: Padding = "valid"
    kind: Literal["max_pool"] = "max_pool"


@dataclass(frozen=True)
class AveragePool:
    """Mean of each window; padded cells do not count."""

    size: int
    stride: int
    padding: Padding = "valid"
    kind: Literal["average_pool"] = "average_pool"


@dataclass(frozen=True)
class Dense:
    """Every output is a weighted sum of all inputs, plus a bias; L2 pulls on the weights if ``penalised``."""

    units: int
    penalised: bool = True
    kind: Literal["dense"] = "dense"


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation over rows and points, per channel, with Keras's momentum and eps."""

    momentum: float = 0.99
    eps: float = 1e-3
    kind: Literal["batch_norm"] = "batch_norm"


@dataclass(frozen=True)
class Act:
    """Activation; ``slope`` is that of a leaky ReLU below zero, 0.3 in Keras."""

    name: Activation
    slope: float = 0.3
    kind: Literal["act"] = "act"


@dataclass(frozen=True)
class Dropout:
    """Sets this part of the values to zero while training and scales the rest up."""

    rate: float
    kind: Literal["dropout"] = "dropout"


@dataclass(frozen=True)
class Flatten:
    """(channels, points) to (features, 1), position-major."""

    kind: Literal["flatten"] = "flatten"


@dataclass(frozen=True)
class Residual:
    """Sum of a body and a shortcut (empty: the signal itself); both must make the same shape."""

    body: Layers
    shortcut: Layers = ()
    kind: Literal["residual"] = "residual"


@dataclass(frozen=True)
class Branches:
    """Several paths over the same signal, joined along channels; all must make equal points."""

    paths: tuple[Layers, ...]
    kind: Literal["branches"] = "branches"


Layer = Conv | MaxPool | AveragePool | Dense | BatchNorm | Act | Dropout | Flatten | Residual | Branches
Layers = tuple[Layer, ...]


def out_shape(layers: Layers, shape: Shape) -> Shape:
    """Shape of the signal after ``layers``.

    The published optimum of Shen & Viscarra Rossel (2021, table 2) flattens to 2915 features:

    >>> out_shape((Conv(55, kernel=5, stride=4), Flatten()), (4, 210))
    (2915, 1)

    Raises:
        ShapeError: a layer that does not fit, named by its place and kind.
    """
    return shapes(layers, shape)[-1] if layers else shape


def shapes(layers: Layers, shape: Shape) -> tuple[Shape, ...]:
    """Shape after every layer.

    >>> shapes((Conv(8, kernel=3, padding="valid"), MaxPool(2, 2)), (1, 10))
    ((8, 8), (8, 4))
    """
    made: list[Shape] = []
    for place, layer in enumerate(layers, start=1):
        try:
            shape = _after(layer, shape)
        except ShapeError as error:
            raise ShapeError(f"layer {place} ({layer.kind}): {error}") from None
        made.append(shape)
    return tuple(made)


def parameters(layers: Layers, shape: Shape) -> int:
    """Number of trainable parameters.

    The base network of Passos & Mishra (2022) has 88,551:

    >>> network = (Conv(1, 5), Flatten(), Dense(128), Dense(64), Dense(16), Dense(1))
    >>> parameters(network, (1, 618))
    88551
    """
    total = 0
    for layer, before in zip(layers, _before(layers, shape), strict=True):
        total += _parameters(layer, before)
    return total


def running(layers: Layers, shape: Shape) -> int:
    """Number of running means and variances of batch normalisation: kept, but not trained.

    >>> running((Conv(16, 21), BatchNorm(), Act("relu")), (1, 5000))
    32
    """
    return sum(_running(layer, before) for layer, before in zip(layers, _before(layers, shape), strict=True))


def window(points: int, size: int, stride: int, padding: Padding) -> tuple[int, int, int]:
    """(points after, cells padded left, cells padded right) of a sliding window.

    ``same`` makes ceil(points / stride) points and puts the odd cell on the right, as Keras does:

    >>> window(210, 5, 4, "same")
    (53, 1, 2)

    Raises:
        ShapeError: a ``valid`` window longer than the signal.
    """
    if padding == "same":
        after = -(-points // stride)
        pad = max(0, (after - 1) * stride + size - points)
        return after, pad // 2, pad - pad // 2
    if size > points:
        raise ShapeError(f"a window of {size} does not fit in {points} points")
    return (points - size) // stride + 1, 0, 0


def describe(layer: Layer) -> str:
    """A layer in words, as a row of a table shows it.

    >>> describe(Conv(55, kernel=5, stride=4))
    'convolution, 55 filters of 5, stride 4, same'
    """
    match layer:
        case Conv(filters, kernel, stride, padding):
            plural = "" if filters == 1 else "s"
            return f"convolution, {filters} filter{plural} of {kernel}, stride {stride}, {padding}"
        case MaxPool(size, stride, padding):
            return f"max pooling of {size}, stride {stride}, {padding}"
        case AveragePool(size, stride, padding):
            return f"average pooling of {size}, stride {stride}, {padding}"
        case Dense(units, penalised):
            return f"dense, {units} unit{'' if units == 1 else 's'}" + ("" if penalised else ", no penalty")
        case BatchNorm():
            return "batch normalisation"
        case Act("leaky_relu", slope):
            return "leaky ReLU" if slope == Act("leaky_relu").slope else f"leaky ReLU of slope {slope:.3g}"
        case Act(name):
            return {"elu": "ELU", "selu": "SELU", "relu": "ReLU"}.get(name, name)
        case Dropout(rate):
            return f"dropout {rate:.3g}"
        case Flatten():
            return "flatten"
        case Residual(body, shortcut):
            return f"residual of {len(body)} layers" + (f" and a shortcut of {len(shortcut)}" if shortcut else "")
        case Branches(paths):
            return f"{len(paths)} branches"


def _before(layers: Layers, shape: Shape) -> tuple[Shape, ...]:
    return (shape, *shapes(layers, shape)[:-1]) if layers else ()


def _after(layer: Layer, shape: Shape) -> Shape:
    channels, points = shape
    match layer:
        case Conv(filters, kernel, stride, padding):
            return filters, window(points, kernel, stride, padding)[0]
        case MaxPool(size, stride, padding) | AveragePool(size, stride, padding):
            return channels, window(points, size, stride, padding)[0]
        case Dense(units):
            if points != 1:
                raise ShapeError(
                    f"a dense layer needs a flat signal, this one has {points} points; put flatten before it"
                )
            return units, 1
        case Flatten():
            return channels * points, 1
        case BatchNorm() | Act() | Dropout():
            return shape
        case Residual(body, shortcut):
            after, beside = out_shape(body, shape), out_shape(shortcut, shape)
            if after != beside:
                raise ShapeError(f"the body makes {after} but the shortcut {beside}")
            return after
        case Branches(paths):
            made = [out_shape(path, shape) for path in paths]
            if len({path[1] for path in made}) != 1:
                raise ShapeError(f"paths make {[path[1] for path in made]} points, they must agree")
            return sum(path[0] for path in made), made[0][1]


def _parameters(layer: Layer, shape: Shape) -> int:
    channels, _ = shape
    match layer:
        case Conv(filters, kernel):
            return filters * (channels * kernel + 1)
        case Dense(units):
            return units * (channels + 1)
        case BatchNorm():
            return 2 * channels
        case Residual(body, shortcut):
            return parameters(body, shape) + parameters(shortcut, shape)
        case Branches(paths):
            return sum(parameters(path, shape) for path in paths)
        case _:
            return 0


def _running(layer: Layer, shape: Shape) -> int:
    match layer:
        case BatchNorm():
            return 2 * shape[0]
        case Residual(body, shortcut):
            return running(body, shape) + running(shortcut, shape)
        case Branches(paths):
            return sum(running(path, shape) for path in paths)
        case _:
            return 0
