"""Attributions on the axis of the spectrum: every method, every member, every case, in one form.

A *case* is a question about some rows: what speaks for this class on its rows, what makes the
target low, or high. A method answers it for every row and member; means and spreads follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ModelError
from spectune.explanation.folding import columns, folded
from spectune.explanation.gradcam import gradient_activation, published_gradcam
from spectune.explanation.gradients import integrated_gradients, occlusion, raw_coefficients
from spectune.explanation.module import Network, exact, single
from spectune.spectra.channels import Channels, Layout
from spectune.spectra.spectra import Rows
from spectune.spectra.steps import points_after
from spectune.training.fit import Fitted

Array = NDArray[np.float64]

Method = Literal[
    "integrated gradients", "occlusion", "gradient × activation", "grad-CAM as published", "regression coefficients"
]
METHODS: tuple[Method, ...] = get_args(Method)

PART = 1000
"""Calibration spectra that are prepared at once."""

WINDOWS = 25
"""A window of occlusion is about this part of the axis."""


@dataclass(frozen=True, eq=False)
class Case:
    """A question about rows.

    Attributes:
        name: such as a class, ``"low fat"`` or the id of a row.
        rows: numbers of the rows that are asked about.
        output: number of the class, 0 for a numeric target.
    """

    name: str
    rows: Rows
    output: int


@dataclass(frozen=True, eq=False)
class Subject:
    """Spectra to be explained, as they came and as the network receives them.

    Attributes:
        x: raw spectra, (rows, points), float64.
        signal: prepared, (rows, L, C), float64.
        background: mean of the prepared calibration spectra, (L, C).
        channels, layout: what was made of them.
        window: points that occlusion hides together.
    """

    x: Array
    signal: Array
    background: Array
    channels: Channels
    layout: Layout
    window: int

    def rows(self, chosen: Rows) -> Subject:
        """The same with the chosen rows only."""
        return Subject(self.x[chosen], self.signal[chosen], self.background, self.channels, self.layout, self.window)


@dataclass(frozen=True, eq=False)
class Attribution:
    """What one method says of one case; points are those of the raw spectrum.

    Attributes:
        method: how it was found.
        case: name of the case.
        output: number of the class that was asked about, 0 for a numeric target.
        blocks: mean over the rows, signed, (members, blocks, points); one block where the network
            does not keep channels apart.
        strengths: mean over the rows of absolute values, (members, blocks, points).
        net: mean over the rows of the absolute value of the sum over blocks, (members, points): what
            one block says and another takes back does not count.
        over_rows: deviation over the rows of the members' mean, blocks added up, (points,).
        empty: share of rows and members for which the published grad-CAM has no map.
    """

    method: Method
    case: str
    output: int
    blocks: Array
    strengths: Array
    net: Array
    over_rows: Array
    empty: float = 0.0

    @property
    def mean(self) -> Array:
        """Mean over members, blocks added up, signed, (points,)."""
        return np.asarray(self.blocks.sum(axis=1).mean(axis=0))

    @property
    def spread(self) -> Array:
        """Deviation over members, blocks added up, (points,)."""
        return np.asarray(self.blocks.sum(axis=1).std(axis=0))

    @property
    def strength(self) -> Array:
        """Mean over members of ``net``, (points,)."""
        return np.asarray(self.net.mean(axis=0))

    @property
    def gross(self) -> Array:
        """Mean over members of absolute values added up over blocks, (points,)."""
        return np.asarray(self.strengths.sum(axis=1).mean(axis=0))

    @property
    def importance(self) -> Array:
        """``strength`` as a part of its largest value, (points,)."""
        return np.asarray(self.strength / (self.strength.max() or 1.0))


def subject(fitted: Fitted, x: NDArray[np.floating], calibration: NDArray[np.floating], window: int | None) -> Subject:
    """Raw spectra (rows, points) as a subject; the background comes from ``calibration`` rows."""
    channels, layout = fitted.recipe.channels, fitted.recipe.layout
    parts = [
        exact(part, channels, layout).sum(axis=0) for part in np.array_split(calibration, -(-len(calibration) // PART))
    ]
    background = np.sum(parts, axis=0) / len(calibration)
    raw = np.asarray(x, dtype=np.float64)
    return Subject(raw, exact(raw, channels, layout), background, channels, layout, window or usual_window(x.shape[1]))


def usual_window(points: int) -> int:
    """Points that occlusion hides together unless told otherwise.

    >>> usual_window(100), usual_window(12)
    (4, 2)
    """
    return max(2, round(points / WINDOWS))


def maps(method: Method, network: Network, asked: Subject, output: int) -> Array:
    """A method's map of every row, (rows, blocks, points); NaN for rows of which it says nothing.

    Raises:
        ModelError: a network that the method cannot explain.
    """
    channels, layout, points = asked.channels, asked.layout, asked.x.shape[1]
    together = channels[:1] if layout == "channels" else channels
    match method:
        case "integrated gradients":
            made = integrated_gradients(network, asked.signal, asked.background, output)
            return folded(made, channels, layout, points)
        case "occlusion":
            places = columns(channels, layout, points)
            return occlusion(network, asked.signal, asked.background, output, places, asked.window)[:, None]
        case "gradient × activation":
            made = gradient_activation(network, asked.signal, output)[:, :, None]
            return folded(made, together, layout, points)
        case "grad-CAM as published":
            lengths = tuple(points_after(channel, points) for channel in together)
            return folded(published_gradcam(network, asked.signal, lengths)[:, :, None], together, layout, points)
        case "regression coefficients":
            return raw_coefficients(network, asked.x, asked.signal, channels, layout, output)


def speechless(method: Method, fitted: Fitted, asked: Subject) -> str:
    """Why a method says nothing of a network, in a sentence; empty where it does."""
    try:
        maps(method, Network(next(single(fitted))), asked.rows(np.zeros(1, dtype=np.intp)), 0)
    except ModelError as error:
        return str(error)
    return ""


def attributions(
    fitted: Fitted, asked: Subject, cases: Sequence[Case], methods: Sequence[Method]
) -> Iterator[Attribution]:
    """Every method's answer to every case, member by member; rows of cases are those of ``asked``."""
    networks = [Network(member) for member in single(fitted)]
    for method in methods:
        for case in cases:
            rows = asked.rows(case.rows)
            yield gathered(method, case, [maps(method, network, rows, case.output) for network in networks])


def gathered(method: Method, case: Case, made: Sequence[Array]) -> Attribution:
    """Maps of every member, (rows, blocks, points) each, as one answer; rows without a map count as zero."""
    empty = float(np.mean([np.isnan(one).any(axis=(1, 2)) for one in made]))
    whole = [np.nan_to_num(one) for one in made]
    return Attribution(
        method,
        case.name,
        case.output,
        np.stack([one.mean(axis=0) for one in whole]),
        np.stack([np.abs(one).mean(axis=0) for one in whole]),
        np.stack([np.abs(one.sum(axis=1)).mean(axis=0) for one in whole]),
        np.mean([one.sum(axis=1) for one in whole], axis=0).std(axis=0),
        empty,
    )
