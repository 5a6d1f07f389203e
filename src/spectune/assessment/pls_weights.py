"""What PLS uses of a spectrum: its coefficients on the raw axis, and the importance of every point.

The model is that of a finished run: preprocessing, latent variables and transform as its words say, fitted to
the calibration rows.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression

from spectune.assessment.choice import TARGETS
from spectune.errors import RunError
from spectune.explanation.folding import owners, pulled_channel
from spectune.explanation.module import restored
from spectune.networks.recipe import Transform
from spectune.spectra.channels import Channel, parse_channel
from spectune.spectra.spectra import Spectra
from spectune.spectra.steps import apply
from spectune.training.scaling import TargetScaling, target_scaling

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlsSettings:
    """What cross-validation chose for PLS: latent variables, preprocessing, transform of the target."""

    latent: int
    view: Channel
    transform: Transform


@dataclass(frozen=True, eq=False)
class PlsWeights:
    """What PLS uses, on the points of the raw spectrum.

    Attributes:
        settings: in words.
        coefficients: derivative of the prediction by the raw spectrum, mean over the rows asked about,
            (outputs, points); in the target's unit (of an indicator for PLS-DA) per unit of signal.
        over_rows: deviation of the same over the rows; zero for linear preprocessing, (outputs, points).
        importance: VIP of the preprocessed variable each point goes into, (points,).
    """

    settings: str
    coefficients: Array
    over_rows: Array
    importance: Array


def pls_settings(words: str) -> PlsSettings:
    """Settings from the words of an outcome.

    >>> pls_settings("9 latent variables, SNV+D1(7,2), log of the target")
    ... # doctest: +NORMALIZE_WHITESPACE
    PlsSettings(latent=9, view=(SNV(kind='snv'), SavGol(window=7, order=2, derivative=1, kind='savgol')),
    transform='log')

    Raises:
        RunError: words that no PLS of this version has.
    """
    latent, view, *_ = [*words.split(", "), ""]
    count = re.match(r"(\d+) latent variables?$", latent)
    if count is None or not view:
        raise RunError(
            f"the settings of PLS, {words!r}, were written by another version of spectune; repeat the run with this one"
        )
    named: list[Transform] = [name for name, ending in TARGETS.items() if ending and words.endswith(ending)]
    return PlsSettings(int(count[1]), parse_channel(view), *(named or ("none",)))


def pls_weights(calibration: Spectra, words: str, x: NDArray[np.floating]) -> PlsWeights:
    """Coefficients and importance of the PLS of a run.

    Args:
        calibration: rows it is fitted to.
        words: its settings, as the outcome says them.
        x: raw spectra at which coefficients are taken, (rows, points); they differ between rows
            where the preprocessing is not linear.

    Raises:
        RunError: words that no PLS of this version has.
    """
    settings, task = pls_settings(words), calibration.task
    prepared, new = apply(settings.view, calibration.x), apply(settings.view, x)
    scaling = target_scaling(calibration.y, settings.transform) if task.regression else TargetScaling()
    target = scaling.forward(calibration.y)[:, None] if task.regression else _indicators(calibration)
    model = fitted_pls(prepared, target, settings.latent)
    slopes = _slopes(model.predict(new), scaling)
    raw = np.asarray(x, dtype=np.float64)
    pulled = [
        pulled_channel(slope[:, None] * weights, settings.view, raw)
        for slope, weights in zip(slopes, np.asarray(model.coef_), strict=True)
    ]
    return PlsWeights(
        words,
        np.stack([one.mean(axis=0) for one in pulled]),
        np.stack([one.std(axis=0) for one in pulled]),
        variable_importance(model)[owners(settings.view, x.shape[1])],
    )


def fitted_pls(x: Array, y: Array, latent: int) -> PLSRegression:
    """PLS of centred spectra (rows, points) and targets (rows, targets), as ``assessment.pls`` fits it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing left to explain, or a power iteration at its limit
        return PLSRegression(min(latent, len(x) - 1, x.shape[1]), scale=False).fit(x, y)


def variable_importance(model: PLSRegression) -> Array:
    """Variable importance in projection (Wold et al. 1993, in the form of Chong & Jun 2005), (points,).

    VIP_j² = p · Σ_a s_a (w_ja / |w_a|)² / Σ_a s_a, where s_a is the sum of squares of the targets that latent
    variable a explains, w_a its weights and p the number of variables. Squares add up to p: 1 is the average.
    """
    weights = np.asarray(model.x_weights_) / np.linalg.norm(model.x_weights_, axis=0)
    scores, loadings = np.asarray(model.x_scores_), np.asarray(model.y_loadings_)
    explained = (scores**2).sum(axis=0) * (loadings**2).sum(axis=0)
    return np.asarray(np.sqrt(len(weights) * (weights**2 @ explained) / explained.sum()))


def _indicators(calibration: Spectra) -> Array:
    return np.asarray(np.eye(calibration.task.outputs)[calibration.y.astype(int)])


def _slopes(predicted: Array, scaling: TargetScaling) -> Array:
    """Derivative of the prediction in the target's unit by that on the scale of the fit, (targets, rows)."""
    outputs = torch.tensor(np.asarray(predicted).reshape(len(predicted), -1), requires_grad=True)
    (made,) = torch.autograd.grad(restored(outputs, scaling).sum(), outputs)
    return np.asarray(made.numpy().T, dtype=np.float64)
