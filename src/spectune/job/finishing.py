"""Last touch on a model: intervals and flags, at the end of a run or for one that was made without them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from spectune.assessment.flags import domain
from spectune.assessment.outcome import Outcome
from spectune.assessment.trust import expectation, held_out, network_interval
from spectune.errors import RunError
from spectune.files.lock import lock
from spectune.files.models import Model, load_model, save_trust
from spectune.files.runs import load_outcome
from spectune.spectra.table import Table


def trusted(model: Model, outcome: Outcome) -> Model:
    """The model with its intervals and flags; they are made from calibration rows alone."""
    calibration, validated = outcome.spectra.calibration, outcome.model(outcome.network).validated
    members = held_out(model.fitted, outcome)
    folds = 0 if members is None else int(outcome.fold_of.max()) + 1
    interval = network_interval(outcome, members)
    return replace(
        model, interval=interval, domain=domain(model.fitted, calibration, outcome.fold_of, validated, folds)
    )


def expected(model: Model, outcome: Outcome) -> Outcome:
    """The outcome with what intervals and flags of its finished model came to on the test rows."""
    if model.interval is None or model.domain is None:
        return outcome
    test = outcome.spectra.test
    said = model.predict(Table(test.x, outcome.spectra.axis))
    return replace(outcome, expectation=expectation(said, test, model.interval, model.domain))


def finish(folder: Path) -> Model:
    """The model of a run with intervals and flags, which are made and kept where the run was made without them.

    Raises:
        RunError: no finished run, or a damaged one.
        ModelError: no model, or a damaged one.
    """
    model = load_model(folder)
    if model.interval is not None and model.domain is not None:
        return model
    made = trusted(model, load_outcome(folder))
    with suppress(RunError), lock(folder):  # a folder that is held or guarded costs the same work again, no more
        save_trust(folder / "model", made)
    return made
