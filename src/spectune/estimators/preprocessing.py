"""Row-wise preprocessing as transformers: the very steps that networks have inside, in float64.

Each looks at one spectrum only, so none has anything to learn: ``transform`` works without ``fit``,
which only looks at whether the step fits the spectra. Names of columns stay wavelengths.

>>> from sklearn.pipeline import make_pipeline
>>> steps = make_pipeline(SNV(), SavitzkyGolay(window=5, derivative=1))
>>> steps.fit_transform(np.arange(20.0).reshape(2, 10) ** 2).shape
(2, 10)
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import validate_data

from spectune.errors import SettingError
from spectune.estimators.given import whole
from spectune.estimators.refusals import refusing
from spectune.spectra import steps
from spectune.spectra.channels import Layout, format_channel, parse_channels, prepared_shape

Array = NDArray[np.float64]
Names = NDArray[np.object_]


class RowWise(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What all transformers have in common; use one of those."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Looks at whether spectra X, (rows, points), can be transformed; nothing is learned.

        Raises:
            ValueError: parameters that make no sense, or spectra too short for them.
        """
        x = validate_data(self, X, dtype=np.float64)
        with refusing():
            self._applied(x[:1])
        return self

    def transform(self, X: Any) -> Any:
        """Transformed spectra, (rows, points), float64.

        Raises:
            ValueError: spectra that cannot be transformed.
        """
        x = validate_data(self, X, dtype=np.float64, reset=False)
        with refusing():
            return self._applied(x)

    def get_feature_names_out(self, input_features: Any = None) -> Names:
        """Names of the columns that ``transform`` makes."""
        return self._named(super().get_feature_names_out(input_features))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def _applied(self, x: Array) -> Array:
        return steps.apply([self._step()], x)

    def _step(self) -> steps.Step:
        """The step that is applied."""
        raise NotImplementedError

    def _named(self, names: Names) -> Names:
        return names


class SNV(RowWise):
    """Standard normal variate: each spectrum to mean 0 and deviation 1."""

    def _step(self) -> steps.Step:
        return steps.SNV()


class MaximumScaling(RowWise):
    """Each spectrum divided by its largest value; one without a value above zero stays as it is."""

    def _step(self) -> steps.Step:
        return steps.Maximum()


class Reflectance(RowWise):
    """Reflectance 10^-A of an absorbance A."""

    def _step(self) -> steps.Step:
        return steps.Reflectance()


class Absorbance(RowWise):
    """Apparent absorbance log10(1/R) of a reflectance or transmittance.

    Args:
        floor: values below it are taken as it; None refuses values that are not above zero, as runs do.
    """

    def __init__(self, floor: float | None = None) -> None:
        self.floor = floor

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.floor is None
        return tags

    def _applied(self, x: Array) -> Array:
        if self.floor is not None and not (isinstance(self.floor, Real) and self.floor > 0):
            raise SettingError(f"floor must be above 0, or None, got {self.floor!r}")
        return super()._applied(x if self.floor is None else np.maximum(x, self.floor))

    def _step(self) -> steps.Step:
        return steps.Absorbance()


class Detrend(RowWise):
    """Subtracts the least-squares polynomial of a degree over the points."""

    def __init__(self, degree: int = 2) -> None:
        self.degree = degree

    def _step(self) -> steps.Step:
        return steps.Detrend(whole("degree", self.degree, 0))


class SavitzkyGolay(RowWise):
    """Savitzky-Golay smoothing or derivative, per point; edges by polynomial fit.

    Args:
        window: points, odd; longer than the spectrum it shrinks to what fits.
        order: of the polynomial, below the window.
        derivative: 0 smooths.
    """

    def __init__(self, window: int = 13, order: int = 2, derivative: int = 0) -> None:
        self.window = window
        self.order = order
        self.derivative = derivative

    def _step(self) -> steps.Step:
        window, order = whole("window", self.window, 1), whole("order", self.order, 0)
        return steps.SavGol(window, order, whole("derivative", self.derivative, 0))


class Bin(RowWise):
    """Mean of every ``width`` neighbouring points; a bin is named by the mean of its wavelengths."""

    def __init__(self, width: int = 2) -> None:
        self.width = width

    def _step(self) -> steps.Step:
        return steps.Bin(whole("width", self.width, 1))

    def _named(self, names: Names) -> Names:
        return _shortened(names, [self._step()])


class Decimate(RowWise):
    """Every ``width``-th point, the first one included."""

    def __init__(self, width: int = 2) -> None:
        self.width = width

    def _step(self) -> steps.Step:
        return steps.Decimate(whole("width", self.width, 1))

    def _named(self, names: Names) -> Names:
        return _shortened(names, [self._step()])


class Channels(RowWise):
    """All channels of a network, in one table.

    Args:
        channels: words such as ``"SNV+D1 | RAW"``, see ``spectune.parse_channels``.
        layout: ``"concatenate"`` lays channels end to end; ``"channels"`` lays the values of all
            channels at one point side by side, as a network's first dense layer sees them.

    >>> names = Channels("SNV | BIN(2)", "concatenate").fit(np.eye(4)).get_feature_names_out(["2", "4", "6", "8"])
    >>> " ".join(names[3:])
    'SNV 8 BIN(2) 3 BIN(2) 7'
    """

    def __init__(self, channels: str = "RAW", layout: Layout = "channels") -> None:
        self.channels = channels
        self.layout = layout

    def _applied(self, x: Array) -> Array:
        channels = parse_channels(self.channels)
        prepared_shape(channels, self._layout(), x.shape[1])
        return self._laid([steps.apply(channel, x) for channel in channels])

    def _named(self, names: Names) -> Names:
        channels = parse_channels(self.channels)
        if len(channels) == 1:
            return _shortened(names, channels[0])
        views = [[f"{format_channel(channel)} {name}" for name in _shortened(names, channel)] for channel in channels]
        return np.asarray(self._laid([np.asarray([view], dtype=object) for view in views])[0])

    def _laid(self, views: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Views (rows, points) as one table."""
        if self._layout() == "concatenate":
            return np.concatenate(views, axis=1)
        return np.stack(views, axis=2).reshape(len(views[0]), -1)

    def _layout(self) -> Layout:
        if self.layout not in ("channels", "concatenate"):
            raise SettingError(f"layout must be channels or concatenate, got {self.layout!r}")
        return self.layout


def _shortened(names: Names, channel: Sequence[steps.Step]) -> Names:
    """Names of the points after the steps."""
    for step in channel:
        match step:
            case steps.Bin(width):
                names = np.asarray([_mean(names[at : at + width]) for at in range(0, len(names), width)], dtype=object)
            case steps.Decimate(width):
                names = names[::width]
    return names


def _mean(names: Names) -> str:
    """The mean of names that are numbers; otherwise the first and the last of them."""
    try:
        positions = [float(name) for name in names]
    except ValueError:
        return str(names[0]) if len(names) == 1 else f"{names[0]}..{names[-1]}"
    return f"{np.mean(positions):.10g}"
