"""Page, figures and table of an explanation."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest

from explaining import CLASSES, LINEAR, NUMBER, ONE_FILTER, POINTS, network, spectra
from spectune.assessment.pls_weights import PlsWeights
from spectune.explanation.explaining import Explanation, explain
from spectune.explanation.sanity import Survival
from spectune.report.explaining import explanation_page, explanation_sections, headline, reasons, survival_words
from spectune.report.figures.explanation import LEVELS, blocks_picture, effects_picture, maps_picture, sanity_picture
from spectune.report.tables.explanation import blocks_grid, explanation_table, regions, regions_grid
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.spectra import Spectra, Task


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]  # noqa: S314


def some(task: Task, unit: Unit = "nm", rows: int = 24) -> Spectra:
    random = np.random.default_rng(0)
    y = (np.arange(rows) % 3).astype(float) if task.classes else random.normal(10, 3, rows)
    axis = Axis(tuple(1000.0 + 10 * point for point in range(POINTS)), unit)
    roles = np.repeat(["cal", "test"], [rows - 12, 12])
    ids = np.asarray([f"s{row}" for row in range(rows)])
    return Spectra(spectra(rows).astype(np.float32), axis, y, task, ids, np.arange(rows), roles)


@cache
def classes(unit: Unit = "nm") -> Explanation:
    return explain(network(ONE_FILTER, CLASSES), some(CLASSES, unit))


@cache
def number() -> Explanation:
    return explain(network(LINEAR, NUMBER), some(NUMBER))


def pls(outputs: int) -> PlsWeights:
    weights = np.random.default_rng(0).normal(size=(outputs, POINTS))
    return PlsWeights("4 latent variables, SNV", weights, 0 * weights, np.ones(POINTS))


@pytest.mark.parametrize(("found", "outputs"), [(classes, 3), (number, 1)])
def test_a_page_says_where_beside_what_and_whether_it_is_the_model(found: object, outputs: int) -> None:
    made = found()  # type: ignore[operator]
    page = explanation_page(made, pls(outputs), "CNN", "soil.csv", "spectune explain runs/soil")
    for word in ("Where it looks", "Beside PLS", "Channel by channel", "Does it tell of the model?", "Adebayo"):
        assert word in page
    assert "spectune explain runs/soil" in page
    assert "<script" not in page
    for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(svg.replace("xlink:", ""))  # noqa: S314


@pytest.mark.usefixtures("sketches")
def test_sections_fit_another_page_and_leave_pls_out_where_there_is_none() -> None:
    shorts = [section.short for section in explanation_sections(classes())]
    assert shorts == ["Where", "Signs", "Channels", "Check"]
    assert [section.short for section in explanation_sections(classes(), pls(3))][2] == "PLS"


def test_methods_that_say_nothing_are_named_with_the_reason() -> None:
    page = explanation_page(number(), None, "CNN", "", "spectune explain x")
    assert "not shown: a class activation map needs a network with a convolution" in page


def test_every_method_has_a_panel_and_every_case_a_spectrum_in_it() -> None:
    shown = texts(maps_picture(classes()))
    for method in classes().methods:
        assert shown.count(method) == 1
    for name in CLASSES.classes:
        assert shown.count(name) == len(classes().methods)


def test_a_coloured_spectrum_has_as_many_lines_as_it_has_turns_of_shade() -> None:
    picture = maps_picture(classes())
    turns = 0
    for one in classes().attributions:
        shades = np.minimum((one.importance * LEVELS).astype(int), LEVELS - 1)
        turns += 1 + int(np.count_nonzero(np.diff(shades)))
    assert picture.count("stroke-linecap: round") == turns


def test_wavenumbers_descend_in_every_figure() -> None:
    found = classes("cm-1")
    for picture in (
        maps_picture(found),
        effects_picture(found, "occlusion"),
        blocks_picture(found, "integrated gradients"),
    ):
        root = ElementTree.fromstring(picture)  # noqa: S314
        places = {
            element.text: float(re.findall(r"-?[\d.]+", element.get("transform") or element.get("x") or "0")[0])
            for element in root.iter()
            if element.tag.endswith("}text") and element.text in ("1050", "1100", "1200")
        }
        ordered = [places[text] for text in ("1100", "1200") if text in places]
        assert ordered == sorted(ordered, reverse=True)


def test_a_region_is_where_the_strength_is_at_least_half() -> None:
    axis = Axis(tuple(1000.0 + 10 * point for point in range(6)), "nm")
    found = regions(axis, np.asarray([0.1, 0.6, 1.0, 0.4, 0.2, 0.7]))
    assert [(one.low, one.high, one.strongest) for one in found] == [(1010.0, 1020.0, 1020.0), (1050.0, 1050.0, 1050.0)]
    assert [one.words(axis) for one in found] == ["1010–1020 nm", "1050 nm"]
    assert found[0].words(Axis(axis.values, "cm-1")) == "1020–1010 cm⁻¹"


def test_the_answer_names_every_class_with_its_place_and_a_number_with_several() -> None:
    assert re.match(
        r"The CNN knows PE at .*, PP at .* and PS at .* \(integrated gradients, test rows\)", headline(classes(), "CNN")
    )
    assert headline(number(), "CNN").startswith("For fat the CNN looks most at ")


@pytest.mark.parametrize(
    ("between", "fresh", "words"),
    [
        (0.9, 0.1, "change when the weights do"),
        (0.9, 0.7, "explains the data, not the model"),
        (0.1, 0.3, "no more than"),
    ],
)
def test_the_check_is_told_in_words(between: float, fresh: float, words: str) -> None:
    values = (("another member", between), ("last layer fresh", fresh), ("all layers fresh", fresh))
    survivals = tuple(
        Survival(method, beside, (value, value))  # type: ignore[arg-type]
        for method in classes().methods
        for beside, value in values
    )
    found = replace(classes(), survivals=survivals)
    assert words in survival_words(found)
    assert survival_words(found) in reasons(found, None)
    assert "another member" in texts(sanity_picture(found))


def test_every_point_of_every_method_and_case_has_a_row_and_pls_has_too() -> None:
    table = explanation_table(classes(), pls(3))
    rows = list(zip(*table.values, strict=True))
    cases = {(row[1], row[2]) for row in rows}
    assert len(rows) == POINTS * len(cases)
    assert len(cases) == 3 * len(classes().methods) + 3 + 1
    occlusion = [row for row in rows if row[1:3] == ("occlusion", "PP")]
    assert [row[0] for row in occlusion] == list(classes().axis.values)
    assert [row[3] for row in occlusion] == pytest.approx(classes().of("occlusion")[1].mean, rel=1e-5)
    importances = [row for row in rows if row[1] == "PLS VIP"]
    assert all(row[3] == 1 and np.isnan(row[4]) for row in importances)


def test_shares_of_channels_add_up_to_the_whole() -> None:
    grid = blocks_grid(classes(), "integrated gradients")
    shares = [float(re.sub(r"<[^>]*>|[^\d.]", "", str(row[1]))) for row in grid.rows]
    assert [row[0] for row in grid.rows] == ["RAW", "SNV+D1"]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert len(regions_grid(classes()).rows) == 3
