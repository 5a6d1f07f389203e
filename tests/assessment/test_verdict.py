"""A more complicated model must earn its place, and the sentence says which number is which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.assessment.outcome import Judged, Verdict
from spectune.assessment.verdict import verdict
from spectune.spectra.axis import Axis
from spectune.spectra.spectra import Spectra, Task

Array = NDArray[np.float64]

RANKS = {"mean": 0, "PLS": 1, "ridge": 2, "SVR": 3, "network without convolution": 4, "CNN": 5}
RANKS |= {"majority class": 0, "PLS-DA": 1}


def plain(cal: int = 200, test: int = 80, classes: tuple[str, ...] = (), grouped: bool = False) -> Spectra:
    rows = cal + test
    y: Array = np.random.default_rng(0).normal(10, 2, rows)
    if classes:
        y = np.asarray(np.arange(rows) % len(classes), dtype=np.float64)
    return Spectra(
        x=np.zeros((rows, 3), dtype=np.float32),
        axis=Axis((1.0, 2.0, 3.0)),
        y=y,
        task=Task("protein", "%", classes),
        ids=np.arange(rows).astype(str),
        groups=np.arange(rows) // 2 if grouped else np.arange(rows),
        roles=np.where(np.arange(rows) < cal, "cal", "test"),
    )


def model(spectra: Spectra, name: str, validated: float, tested: float, settings: str = "") -> Judged:
    """A model with exactly these errors: RMSE, or share of wrong rows; errors vary by row and are shared."""

    def output(y: Array, error: float) -> Array:
        if spectra.task.classes:
            wrong = np.random.default_rng(1).permutation(y.size) < round(error * y.size)
            said = np.where(wrong, (y + 1) % spectra.task.outputs, y).astype(int)
            return np.asarray(np.eye(spectra.task.outputs)[said])
        own = np.random.default_rng(RANKS[name]).normal(size=y.size)
        shape = np.random.default_rng(99).normal(size=y.size) + 0.3 * own
        return np.asarray(y + error * shape / np.sqrt((shape**2).mean()))

    cal, test = spectra.calibration.y, spectra.test.y
    return Judged(name, settings, RANKS[name], cal, output(cal, validated), output(test, tested), (), 1.0)


def judged(spectra: Spectra, *models: Judged) -> Verdict:
    return verdict(spectra, models, seed=0, draws=500)


def test_pls_is_recommended_where_it_is_as_good() -> None:
    rows = plain()
    pls = model(rows, "PLS", 0.46, 0.42, "9 latent variables, DT+SNV")
    found = judged(rows, model(rows, "mean", 2.0, 2.0), pls, model(rows, "CNN", 0.455, 0.43))
    assert found.use == "PLS"
    assert found.sentence == (
        "Use PLS (9 latent variables, DT+SNV): its RMSEP of 0.420 % is as good as the CNN's 0.430 %, and it is simpler."
    )


def test_the_network_is_recommended_where_it_is_clearly_better() -> None:
    rows = plain()
    found = judged(rows, model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.9, 0.73), model(rows, "CNN", 0.5, 0.40))
    assert found.use == "CNN"
    assert found.sentence.startswith(
        "Use the CNN: RMSEP 0.400 % against 0.730 for PLS (difference -0.330, 95 % interval"
    )


def test_the_test_rows_veto() -> None:
    rows = plain()
    found = judged(rows, model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.9, 0.50), model(rows, "CNN", 0.5, 0.52))
    assert found.use == "PLS"
    assert any("opposite directions" in reason for reason in found.reasons)


def test_a_clear_test_counts_where_cross_validation_points_the_same_way() -> None:
    rows = plain()
    mean, pls = model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.80, 0.73)
    network = model(rows, "CNN", 0.78, 0.40)
    undecided = judged(rows, mean, pls, network)
    assert not next(d for d in undecided.differences if d.other == "PLS" and d.part == "cross-validated").clear
    assert undecided.use == "CNN"
    contradicted = judged(rows, mean, pls, model(rows, "CNN", 0.82, 0.40))
    assert contradicted.use == "PLS"
    assert "cross-validation points the other way" in contradicted.sentence


def test_a_gain_clear_only_in_cross_validation_is_said_so() -> None:
    rows = plain(test=12)
    found = judged(rows, model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.9, 0.50), model(rows, "CNN", 0.5, 0.48))
    assert found.use == "CNN"
    assert "RMSEP 0.480 % against 0.500 for PLS, and RMSECV 0.500 against 0.900" in found.sentence
    assert any("With 12 rows" in reason for reason in found.reasons)


def test_two_unclear_parts_may_be_clear_together() -> None:
    rows = plain(cal=40, test=40)
    found = judged(rows, model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.80, 0.80), model(rows, "CNN", 0.70, 0.70))
    assert not any(d.clear for d in found.differences if d.other == "PLS")
    assert found.use == "CNN"
    assert "and RMSECV 0.700 against 0.800 (together difference -0.100" in found.sentence
    assert any(reason.startswith("Both together: difference -0.100") for reason in found.reasons)


def test_a_gain_that_is_clear_but_tiny_is_not_worth_a_more_complicated_model() -> None:
    rows = plain(cal=4000, test=2000)
    found = judged(
        rows, model(rows, "mean", 2.0, 2.0), model(rows, "PLS", 0.50, 0.50), model(rows, "CNN", 0.485, 0.485)
    )
    assert all(d.clear for d in found.differences)
    assert found.use == "PLS"
    assert "its RMSEP of 0.500 % is nearly as good as the CNN's 0.485 %" in found.sentence


def test_small_steps_add_up() -> None:
    rows = plain()
    steps = [("mean", 2.0), ("PLS", 0.80), ("ridge", 0.79), ("SVR", 0.78), ("CNN", 0.5)]
    found = judged(rows, *(model(rows, name, error, error) for name, error in steps))
    assert found.use == "CNN"
    assert "0.780 for SVR" in found.sentence


def test_a_better_control_takes_the_place_of_the_network() -> None:
    rows = plain()
    steps = [("mean", 2.0), ("PLS", 0.80), ("network without convolution", 0.5), ("CNN", 0.51)]
    found = judged(rows, *(model(rows, name, error, error) for name, error in steps))
    assert found.use == "network without convolution"
    assert found.sentence.startswith(
        "Use the network without convolution: its RMSEP of 0.500 % is as good as the CNN's"
    )
    assert any(reason.endswith("convolution does not earn its place here.") for reason in found.reasons)


def test_where_the_mean_is_as_good_nothing_is_predicted() -> None:
    rows = plain()
    found = judged(
        rows, *(model(rows, name, error, error) for name, error in [("mean", 2.0), ("PLS", 1.99), ("CNN", 2.02)])
    )
    assert found.use == "mean"
    assert found.sentence == (
        "These spectra do not predict protein: no model is shown to be better than the mean of the calibration rows "
        "(RMSEP 2.00 % against 1.99 for PLS)."
    )


def test_classes_are_compared_by_balanced_accuracy() -> None:
    rows = plain(classes=("a", "b"), grouped=True)
    mean = model(rows, "majority class", 0.5, 0.5)
    same = judged(rows, mean, model(rows, "PLS-DA", 0.10, 0.10, "3 latent variables"), model(rows, "CNN", 0.10, 0.10))
    assert same.use == "PLS-DA"
    assert "its test balanced accuracy of 0.900 is as good as the CNN's 0.900" in same.sentence
    better = judged(rows, mean, model(rows, "PLS-DA", 0.40, 0.40), model(rows, "CNN", 0.05, 0.05))
    assert better.use == "CNN"
    assert "test balanced accuracy 0.950 against 0.600 for PLS-DA (difference +0.350" in better.sentence
    assert "200 rows in 100 groups" in better.reasons[0]


def test_differences_are_of_the_network_to_each_other_model_in_both_parts() -> None:
    rows = plain()
    names = ["PLS", "CNN", "mean", "SVR"]
    found = judged(rows, *(model(rows, name, 0.5, 0.5) for name in names))
    assert [(d.one, d.other, d.part) for d in found.differences] == [
        ("CNN", other, part) for other in ("mean", "PLS", "SVR") for part in ("cross-validated", "test")
    ]


def test_reasons_are_a_few_sentences_that_name_their_numbers() -> None:
    rows = plain()
    steps = [("mean", 2.0), ("PLS", 0.80), ("network without convolution", 0.7), ("CNN", 0.5)]
    found = judged(rows, *(model(rows, name, error, error) for name, error in steps))
    assert 2 <= len(found.reasons) <= 5
    assert found.reasons[0].startswith("Cross-validation on 200 rows: RMSECV 0.500 % for the CNN and 0.700 % for")
    assert found.reasons[1].startswith("Test on 80 rows, opened once: RMSEP")
    assert any("convolution earns its place" in reason for reason in found.reasons)
    assert all(reason.endswith(".") for reason in found.reasons)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_figures_have_three_digits_whatever_the_unit(scale: float) -> None:
    rows = plain()
    rows = replace(rows, y=rows.y * scale)
    found = judged(
        rows,
        model(rows, "mean", 2 * scale, 2 * scale),
        model(rows, "PLS", 0.4 * scale, 0.4 * scale),
        model(rows, "CNN", 0.4 * scale, 0.4 * scale),
    )
    assert {1e-3: "0.000400 %", 1.0: "0.400 %", 1e4: "4000 %"}[scale] in found.sentence
