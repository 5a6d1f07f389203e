"""An old model on new spectra: what is learnt from which rows, what is kept, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.assessment.adaptation import AS_IS, BIAS, FEW, FINE, POOLED, SLOPE, Adapted
from spectune.cli.app import run as command
from spectune.errors import DataError, RunError, SettingError
from spectune.files.adaptations import load_adapted
from spectune.files.models import load_model
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings
from spectune.files.tables import spectra_table, write_table
from spectune.job import run
from spectune.job.adapting import adapt
from spectune.job.new_rows import Asked, cuts, final_cut, joined, member_fold, new_spectra
from spectune.job.rivals import gentler
from spectune.progress import Progress
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit

pytestmark = pytest.mark.usefixtures("sketches")

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", group="fruit", trials=2, folds=2, epochs=8, replicates=1, top=1, cores=1,
    explain=False, pruner="none",
)  # fmt: skip


def words(table: Table) -> Table:
    """The same with two classes of dry matter."""
    kinds = np.where(table.column("dry_matter").astype(float) > 15.5, "ripe", "green")
    return replace(table, columns={**table.columns, "kind": kinds})


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Fewer steps of fine-tuning, and PLS of raw spectra alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectune.job.rivals.UPDATES", 60)
        patch.setattr("spectune.job.rivals.FEW", ("RAW",))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny finished run."""
    folder = tmp_path_factory.mktemp("runs") / "fruit"
    with sketched():
        list(run(replace(SMALL, out=str(folder)), fruit(100, 1)))
    return folder


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny finished run of a classification."""
    folder = tmp_path_factory.mktemp("runs") / "kinds"
    list(run(replace(SMALL, target="kind", out=str(folder)), words(fruit(100, 1))))
    return folder


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> tuple[Asked, Adapted]:
    """An adaptation to a target that the model hits but for offset and slope."""
    table = affine(finished, fruit(40, 7))
    asked = Asked(finished, "new.csv", tmp_path_factory.mktemp("adapted") / "out", group="fruit", cores=1, curve=True)
    return asked, done(asked, table)


def affine(finished: Path, table: Table) -> Table:
    """The table with a target that is 3 + 2 times what the model predicts."""
    y = 3 + 2 * load_model(finished).predict(table).mean
    return replace(table, columns={**table.columns, "dry_matter": y})


def done(asked: Asked, table: Table) -> Adapted:
    *_, last = adapt(asked, table)
    assert isinstance(last, Adapted)
    return last


def test_the_model_as_it_is_says_what_predict_says(finished: Path, shifted: tuple[Asked, Adapted]) -> None:
    table = affine(finished, fruit(40, 7))
    said, first = load_model(finished).predict(table).mean, shifted[1].rival(AS_IS)
    test = table.column("split") == "test"
    np.testing.assert_allclose(first.test, said[test])
    np.testing.assert_allclose(first.validated, np.tile(said[~test], shifted[1].repeats))


def test_an_affine_shift_is_found_corrected_and_kept_as_a_model(finished: Path, shifted: tuple[Asked, Adapted]) -> None:
    asked, found = shifted
    assert found.use == found.kept == SLOPE
    assert found.standing(SLOPE).validated.value < 1e-4 * found.standing(BIAS).validated.value
    assert found.rival(SLOPE).settings == "slope 2, offset 3"
    again = affine(finished, fruit(20, 9))
    wanted = again.column("dry_matter").astype(float)
    np.testing.assert_allclose(load_model(asked.out).predict(again).mean, wanted, rtol=1e-4)


def test_what_was_found_is_kept_and_shown(shifted: tuple[Asked, Adapted]) -> None:
    asked, found = shifted
    kept = load_adapted(asked.out)
    assert kept.standings == found.standings
    np.testing.assert_array_equal(kept.rival(FINE).validated, found.rival(FINE).validated)
    page = (asked.out / "adapting.html").read_text().replace("<wbr>", "")
    for said in ("Use a slope/bias correction", "How many new samples are needed", f"spectune adapt {asked.run}"):
        assert said in page
    assert "no intervals and no flags" in page
    assert round(found.curve[0].groups) == 5
    assert found.curve[0].groups < found.curve[-1].groups
    record = asked.out / "adaptation.json"
    whole = record.read_text()
    record.write_text(whole.replace('"kept": "', '"kept": "x'))
    try:
        with pytest.raises(RunError, match="damaged"):
            load_adapted(asked.out)
    finally:
        record.write_text(whole)


def test_test_targets_change_nothing_but_the_test_errors(finished: Path, tmp_path: Path) -> None:
    table = fruit(20, 7)
    other = table.column("dry_matter").astype(float) + 7.0 * (table.column("split") == "test")
    changed = replace(table, columns={**table.columns, "dry_matter": other})
    one, two = (
        done(Asked(finished, "new.csv", tmp_path / name, group="fruit", cores=1), rows)
        for name, rows in (("one", table), ("two", changed))
    )
    assert (one.use, one.kept) == (two.use, two.kept)
    for here, there in zip(one.rivals, two.rivals, strict=True):
        assert here.settings == there.settings
        np.testing.assert_array_equal(here.validated, there.validated)
        np.testing.assert_array_equal(here.test, there.test)
    assert one.standing(AS_IS).tested != two.standing(AS_IS).tested
    weights = [(tmp_path / name / "model" / "weights.npz").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


def test_scored_rows_and_their_groups_never_train_nor_stop_and_old_rows_never_stop(finished: Path) -> None:
    outcome, model = load_outcome(finished), load_model(finished)
    table = fruit(60, 7)
    rows = joined(
        outcome.spectra,
        new_spectra(Asked(finished, "-", finished, group="fruit"), model, "dry_matter", table),
        model.task,
    )
    held, folds, repeats = cuts(rows, 0)
    groups = rows.spectra.groups
    assert len(held) == folds * repeats
    for repeat in range(repeats):
        scored = np.concatenate([cut.scored for cut in held[repeat * folds : (repeat + 1) * folds]])
        assert sorted(scored) == rows.new.tolist()
    for cut in (*held, final_cut(rows, 0)):
        for old in (False, True):
            fold = member_fold(rows, cut, 1, old)
            assert not set(groups[fold.scored]) & set(groups[np.concatenate([fold.train, fold.tuning])])
            assert not set(groups[fold.train]) & set(groups[fold.tuning])
            assert set(fold.tuning) <= set(rows.new)
            assert set(rows.old) & set(fold.train) == (set(rows.old) if old else set())
            assert not set(rows.test) & set(np.concatenate([fold.train, fold.tuning]))


def test_old_rows_with_the_id_of_a_scored_row_are_left_out_and_a_warning_is_given(
    finished: Path, tmp_path: Path
) -> None:
    outcome, model = load_outcome(finished), load_model(finished)
    old = replace(outcome.spectra, ids=np.asarray([f"s{row}" for row in range(len(outcome.spectra))]))
    table = fruit(40, 7)
    named = replace(table, columns={**table.columns, "id": old.calibration.ids[:40]})
    new = new_spectra(Asked(finished, "-", tmp_path, group="fruit"), model, "dry_matter", named)
    rows = joined(old, new, model.task)
    for cut in cuts(rows, 0)[0]:
        fold = member_fold(rows, cut, 0, True)
        assert not set(rows.spectra.ids[fold.train]) & set(rows.spectra.ids[cut.scored])
    assert rows.shared.size == 40


def test_fewer_than_eight_groups_are_left_out_one_by_one(finished: Path, tmp_path: Path) -> None:
    table = fruit(200, 7)
    few = table.rows(np.flatnonzero(table.column("split") == "cal")[:10])
    found = done(Asked(finished, "new.csv", tmp_path / "few", group="fruit", cores=1), few)
    assert (found.groups, found.folds, found.repeats) == (5, 5, 1)
    assert found.groups < FEW
    assert not found.test.measured.size
    assert found.standing(AS_IS).tested is None
    assert "each group left out once" in (tmp_path / "few" / "adapting.html").read_text()


def test_classes_are_adapted_without_a_line_and_in_the_order_of_the_model(classes: Path, tmp_path: Path) -> None:
    table = words(fruit(40, 7))
    found = done(Asked(classes, "new.csv", tmp_path / "kinds", group="fruit", cores=1), table)
    assert not {SLOPE, BIAS} & {rival.name for rival in found.rivals}
    assert found.rival(POOLED).validated.shape[1] == 2
    model = load_model(classes)
    truth = np.asarray([model.task.classes[int(label)] for label in found.calibration.measured])
    np.testing.assert_array_equal(truth, table.column("kind")[table.column("split") == "cal"])
    strange = replace(
        table, columns={**table.columns, "kind": np.where(table.column("kind") == "ripe", "blue", "green")}
    )
    with pytest.raises(DataError, match="does not know the class 'blue'"):
        list(adapt(Asked(classes, "new.csv", tmp_path / "blue", group="fruit"), strange))


def test_fine_tuning_is_gentler_than_the_recipe(finished: Path) -> None:
    recipe = load_outcome(finished).recipe
    gentle = gentler(recipe, 0.1, 12)
    assert gentle.schedule.rate == pytest.approx(0.1 * recipe.schedule.rate)
    assert gentle.schedule.batch <= 4
    assert (gentle.layers, gentle.channels, gentle.transform) == (recipe.layers, recipe.channels, recipe.transform)


def test_what_cannot_be_adapted_is_said_in_one_sentence(finished: Path, tmp_path: Path) -> None:
    table = fruit(40, 7)
    asked = Asked(finished, "new.csv", tmp_path / "out", group="fruit", cores=1)
    with pytest.raises(SettingError, match="is the run itself"):
        list(adapt(replace(asked, out=finished), table))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="not the folder of an adaptation"):
        list(adapt(replace(asked, out=tmp_path / "full"), table))
    six = table.rows(np.flatnonzero(table.column("split") == "cal")[:6])
    refused = (
        ("only 3 groups of new calibration rows", six),
        ("only 3 calibration rows", six.rows(np.arange(3))),
    )
    for sentence, rows in refused:
        with pytest.raises(DataError, match=sentence):
            list(adapt(asked, rows))
    assert not (tmp_path / "out").exists()


def test_a_target_in_another_unit_is_refused(finished: Path) -> None:
    model = load_model(finished)
    known = replace(model, fitted=replace(model.fitted, task=replace(model.task, unit="%")))
    table = replace(fruit(40, 7), units={"dry_matter": "g/kg"})
    asked = Asked(finished, "-", finished, group="fruit")
    assert len(new_spectra(asked, model, "dry_matter", table)) == 40
    with pytest.raises(DataError, match="bring it to %"):
        new_spectra(asked, known, "dry_matter", table)


def test_the_command_adapts_and_predict_reads_what_it_keeps(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, out = tmp_path / "new.csv", tmp_path / "out"
    write_table(new, spectra_table(affine(finished, fruit(20, 7))))
    assert command(["adapt", str(finished), str(new), "--group", "fruit", "-j", "1", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for said in ("Use a slope/bias correction", "fine-tuning", "95 % interval", "adapting.html", "spectune predict"):
        assert said in shown
    assert "no intervals and no flags" in shown
    assert command(["predict", str(out), str(new), "-o", str(tmp_path / "p.csv")]) == 0
    shown = capsys.readouterr().out
    assert "20 spectra predicted" in shown
    assert "flagged" not in shown
    assert command(["predict", str(out), str(new), "-o", str(tmp_path / "p.csv"), "--level", "0.9"]) == 2
    assert "no intervals" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{no}", "{new}"], "there is no run folder"),
        (["{run}", "{no}"], "there is no such file"),
        (["{run}", "{new}", "--target", "fat"], "'fat'"),
        (["{run}", "{new}", "--split", "split", "--test", "{new}"], "choose one"),
        (["{run}", "{new}", "--seed", "-1"], "seed"),
        (["{run}"], "NEW"),
    ],
)
def test_bad_input_gets_one_sentence(
    words: list[str], said: str, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.csv"
    write_table(new, spectra_table(fruit(24, 7)))
    places = {"run": finished, "new": new, "no": tmp_path / "nowhere"}
    filled = [word.format(**places) for word in words]
    assert command(["adapt", *filled, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_ctrl_c_says_that_nothing_was_written(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Progress]:
        yield Progress("read", 1, 1, "read")
        raise KeyboardInterrupt

    monkeypatch.setattr("spectune.cli.adapted.steps_of", interrupted)
    assert command(["adapt", str(finished), "new.csv", "--out", str(tmp_path / "out")]) == 2
    assert "nothing was written" in capsys.readouterr().err


def test_new_spectra_on_another_axis_are_brought_to_that_of_the_model(finished: Path) -> None:
    table, model = fruit(40, 7), load_model(finished)
    wide = replace(table.axis, values=tuple(float(value) for value in np.linspace(684, 990, 150)))
    x = np.stack([np.interp(wide.positions, table.axis.positions, row) for row in table.x]).astype(np.float32)
    other = Table(x, wide, table.columns)
    found = new_spectra(Asked(finished, "-", finished, group="fruit"), model, "dry_matter", other)
    assert found.axis == model.axis
