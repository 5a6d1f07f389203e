"""The page as a whole: complete, self-contained, harmless, always the same, small."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from outcomes import Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.assessment.verdict import verdict
from spectune.report.page import report
from spectune.report.wording import number

VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}
HOSTILE = "<script>alert('1')</script>&\"$\\frac{"
REGRESSION = Wish()
CLASSES = Wish(
    target="country",
    unit="",
    classes=("Greece", "Italy", "Portugal", "Spain"),
    rows=76,
    test_rows=44,
    points=120,
    axis_unit="cm-1",
    first=798.0,
    last=1897.0,
    replicates=2,
    use="PLS-DA",
)
LARGE = Wish(
    target="total_organic_carbon_by_dry_combustion",
    unit="g per 100 g of oven-dry fine earth",
    rows=900,
    test_rows=3,
    points=2100,
    signal="reflectance",
    folds=10,
    trials=200,
    use="PLS",
    replicates=3,
)
BARE = Wish(classes=(), rows=30, test_rows=3, points=12, trials=5, folds=3, importance=False, regions=False)


class Reader(HTMLParser):
    """Follows open and closed elements, and keeps text and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, name: str) -> list[str]:
        return [found[name] for _, found in self.seen if name in found]


PAGES: dict[Wish, str] = {}


def page_of(wish: Wish) -> str:
    """A page, made once for all tests."""
    if wish not in PAGES:
        PAGES[wish] = report(outcome(wish))
    return PAGES[wish]


WISHES = {"numbers": REGRESSION, "classes": CLASSES, "large": LARGE, "bare": BARE}
every_page = pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)


@every_page
def test_every_element_that_opens_closes(wish: Wish) -> None:
    assert Reader(page_of(wish)).open == []


@every_page
def test_a_page_refers_to_nothing_outside_itself(wish: Wish) -> None:
    page = page_of(wish)
    read = Reader(page)
    assert "://" not in page
    references = read.attributes("href") + read.attributes("xlink:href") + read.attributes("src")
    assert all(found.startswith(("#", "data:image/png;base64,")) for found in references)
    assert {tag for tag, _ in read.seen}.isdisjoint({"script", "link", "img", "iframe", "form", "object"})


@every_page
def test_every_reference_inside_a_page_finds_its_one_identifier(wish: Wish) -> None:
    page = page_of(wish)
    read = Reader(page)
    identifiers = read.attributes("id")
    assert len(identifiers) == len(set(identifiers))
    wanted = {found[1:] for name in ("href", "xlink:href") for found in read.attributes(name) if found[0] == "#"}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert wanted <= set(identifiers)


@every_page
def test_a_page_stays_small(wish: Wish) -> None:
    assert len(page_of(wish).encode()) < 1_500_000


@every_page
def test_a_page_shows_every_model_with_its_settings(wish: Wish) -> None:
    text = Reader(page_of(wish)).text
    for model in outcome(wish).models:
        assert model.name in text
        assert model.settings in text


@every_page
def test_every_figure_and_table_has_a_number_and_every_picture_a_description(wish: Wish) -> None:
    read = Reader(page_of(wish))
    pictures = [found for tag, found in read.seen if tag == "svg"]
    assert all(found["aria-label"] and found["role"] == "img" for found in pictures)
    figures = [int(found) for found in re.findall(r"Figure (\d+)\.", read.text)]
    tables = [int(found) for found in re.findall(r"Table (\d+)\.", read.text)]
    assert figures == list(range(1, len(pictures) + 1))
    assert tables == list(range(1, len(tables) + 1))


def test_a_page_shows_every_error_of_a_regression() -> None:
    made, text = outcome(REGRESSION), Reader(page_of(REGRESSION)).text
    for model in made.models:
        for part in ("calibration", "cross-validated", "test"):
            assert number(made.scores(model.name, part).rmse) in text  # type: ignore[union-attr]
        assert number(float(np.mean(model.fold_errors))) in text


def test_a_page_shows_every_accuracy_of_a_classification() -> None:
    made, text = outcome(CLASSES), Reader(page_of(CLASSES)).text
    for model in made.models:
        for part in ("cross-validated", "test"):
            scores = made.scores(model.name, part)
            for share in (scores.accuracy, scores.balanced_accuracy, scores.macro_f1):  # type: ignore[union-attr]
                assert f"{share:.3f}" in text


def test_the_verdict_stands_before_everything_else() -> None:
    text = Reader(page_of(REGRESSION)).text
    verdict = text.index(outcome(REGRESSION).verdict.sentence)
    assert verdict < text.index("Table 1.")
    assert verdict < text.index("Figure 1.")


def test_the_same_outcome_makes_the_same_page_to_the_byte() -> None:
    assert report(outcome(BARE)) == page_of(BARE)


def test_a_page_says_what_it_cannot_show() -> None:
    text = Reader(page_of(BARE)).text
    assert "Importance of hyperparameters is not given" in text
    assert "Regions of the axis were not computed" in text


def test_names_from_a_file_never_become_markup() -> None:
    page = report(hostile())
    assert "<script" not in page
    assert "alert(&#39;1&#39;)" in page
    assert Reader(page).open == []


def test_a_run_without_test_rows_trials_or_facts_still_makes_a_page() -> None:
    made = outcome(replace(BARE, test_rows=0))
    empty = replace(made.verdict, differences=(), reasons=())
    page = report(replace(made, verdict=empty, trials=(), replicates={}, facts={}, drawn={}, settings={}))
    assert Reader(page).open == []
    assert "n.a." in page


def test_trials_that_diverged_do_not_spoil_the_page() -> None:
    made = outcome(BARE)
    nan, inf = float("nan"), float("inf")
    lost = replace(made.trials[0], value=nan, tuning_curves=((inf, nan),), recipe_id="lost")
    worse = replace(made.trials[1], value=inf, rungs=(), recipe_id="worse")
    page = report(replace(made, trials=(lost, worse, *made.trials[2:]), replicates={"lost": (nan, inf)}))
    assert Reader(page).open == []


@pytest.mark.usefixtures("sketches")
def test_repairs_and_rejections_are_listed_with_their_counts() -> None:
    made = outcome(BARE)
    first, second, third, *rest = made.trials
    refused = replace(third, state="rejected", value=None, reason="a window of 9 does not fit in 5 points")
    mended = (replace(first, repairs=("all on", "cut short")), replace(second, repairs=("all on",)), refused)
    text = Reader(report(replace(made, trials=(*mended, *rest)))).text
    assert "Why trials were rejected" in text
    assert "a window of 9 does not fit in 5 points (1 ×)" in text
    after = text.split("Draws that were repaired")[1]
    assert after.index("all on (2 ×)") < after.index("cut short (1 ×)")
    assert "Draws that were repaired" not in Reader(report(replace(made, trials=tuple(rest)))).text


def hostile() -> Outcome:
    """A run in which whatever a user can name is an attack."""
    wish = Wish(target=HOSTILE, unit=HOSTILE, classes=(HOSTILE, f"{HOSTILE}2"), source=HOSTILE, rows=30, test_rows=6)
    made = outcome(replace(wish, points=12, folds=3, trials=6, regions=False))
    spectra = replace(made.spectra, notes=(HOSTILE,), ids=np.asarray([HOSTILE] * len(made.spectra)))
    trials = tuple(replace(trial, values={**trial.values, "channels": HOSTILE}) for trial in made.trials)
    verdict = replace(made.verdict, sentence=HOSTILE, reasons=(HOSTILE,))
    return replace(
        made,
        spectra=spectra,
        trials=trials,
        verdict=verdict,
        drawn={HOSTILE: HOSTILE},
        settings={"where": HOSTILE},
        facts={"command": HOSTILE, HOSTILE: HOSTILE},
    )


@pytest.mark.parametrize("wish", [REGRESSION, CLASSES], ids=["number", "classes"])
def test_test_rows_of_one_group_give_a_difference_and_no_interval(wish: Wish) -> None:
    """Such as a season: how others would differ from it cannot be seen in it, so nothing there is clear."""
    made = outcome(wish)
    groups = np.where(made.spectra.roles == "test", 0, np.arange(1, len(made.spectra) + 1))
    spectra = replace(made.spectra, groups=groups)
    found = verdict(spectra, made.models, 0, network=made.network)
    tested = [one for one in found.differences if one.part == "test"]
    assert tested
    assert not any(one.clear for one in tested)
    assert any(one.clear for one in found.differences if one.part == "cross-validated")
    said = " ".join([found.sentence, *found.reasons])
    assert "no interval from one group, not clear" in said
    assert "in 1 group," in said
    page = report(replace(made, spectra=spectra, verdict=found))
    assert "(no interval from one group)" in page
    assert "inf" not in Reader(page).text.replace("information", "").replace("influence", "")
