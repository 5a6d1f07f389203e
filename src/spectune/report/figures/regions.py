"""Figure of the regions of the axis that the network needs."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from spectune.assessment.outcome import Outcome, Regions
from spectune.report.drawing import BLUE, INK, outline, spectral, svg
from spectune.report.wording import shortened, with_unit


def regions_picture(outcome: Outcome, regions: Regions) -> str:
    """Growth of the error when a region is shuffled, with its spread over members, under the mean spectrum."""
    spectra = outcome.spectra
    unit = spectra.task.unit if spectra.task.regression else "log-loss"
    mean, spread = regions.growth.mean(axis=0), regions.growth.std(axis=0)
    strength = np.clip(mean / max(float(mean.max()), 1e-12), 0, 1)
    edges = regions.edges

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.1))
        for low, high, level in zip(edges[:-1], edges[1:], strength, strict=True):
            upper.axvspan(low, high, color=BLUE, alpha=0.45 * float(level), lw=0)
        upper.plot(*outline(spectra.axis.positions, spectra.calibration.x.mean(axis=0)), color=INK, lw=1.3)
        upper.set_ylabel("mean spectrum")
        lower.bar(edges[:-1], mean, np.diff(edges), align="edge", color=BLUE, alpha=0.75, edgecolor="white", lw=0.5)
        middle = (edges[:-1] + edges[1:]) / 2
        lower.errorbar(middle, mean, spread, fmt="none", ecolor=INK, elinewidth=0.9)
        lower.axhline(0, color=INK, lw=0.6)
        lower.set_ylabel(shortened(with_unit("growth of error", unit), 40))
        spectral(lower, spectra.axis)

    return svg(draw, "regions", "Growth of the error when a region of the axis is shuffled", 3.7)
