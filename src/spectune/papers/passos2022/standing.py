"""How searches stand to one another, in sentences.

Several published ones, ours beside the published optimum, and ours beside the published procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectune.metrics import RegressionScores, Scores
from spectune.papers.passos2022.experiment import Experiment
from spectune.papers.passos2022.tables import stage_scores
from spectune.report.wording import beside, counted, duration, fixed, number
from spectune.tuning.record import Trial


@dataclass(frozen=True)
class Standing:
    """A search after some time.

    Attributes:
        ended: trials that had ended, complete or pruned.
        seconds: that its trials had taken, one after the other.
        best: the complete trial of lowest objective until then; None where none was complete.
    """

    ended: int
    seconds: float
    best: Trial | None


def standing(trials: Sequence[Trial], within: float = float("inf")) -> Standing:
    """Where a search stood when its trials, in their order, had taken so many seconds.

    >>> standing([Trial(0, "complete", {}, value=2.0, seconds=5.0), Trial(1, "pruned", {}, seconds=5.0)], 7).ended
    1
    """
    ended, spent, best = 0, 0.0, None
    for trial in trials:
        if spent + trial.seconds > within:
            break
        ended, spent = ended + (trial.state != "rejected"), spent + trial.seconds
        if trial.minimised is not None and (best is None or trial.minimised < (best.minimised or 0.0)):
            best = trial
    return Standing(ended, spent, best)


def spread_words(found: Experiment) -> str:
    """How far several searches of the published procedure lie apart; nothing for one."""
    searches = found.procedure.searches if found.procedure else ()
    if len(searches) < 2:
        return ""
    regression = found.rows.task.regression
    tests = [_main(stage_scores(one.last, found.rows)[2]) for one in searches]
    objectives = [one.winner.minimised for one in searches if one.winner.minimised is not None]
    objective, test = ("objective", "test RMSE") if regression else ("part of wrong tuning rows", "test accuracy")
    return (
        f"{counted(len(searches), 'search', 'searches')} of the published procedure, which differ in their seed "
        f"alone (of draws, weights and order of rows): {objective} {number(min(objectives))} to "
        f"{number(max(objectives))}, {test} {number(min(tests))} to {number(max(tests))} after the last training "
        f"(standard deviation {number(float(np.std(tests, ddof=1)))})."
    )


def reached_words(found: Experiment) -> str:
    """After how many trials ours was as good as the published best hyperparameters on the same folds."""
    if found.ours is None:
        return ""
    goal, trials = float(np.mean(found.ours.optimum.fold_errors)), found.ours.outcome.trials
    there = f"On the folds of ours the published best hyperparameters reach {_error(found, goal)}"
    first = next((place for place, one in enumerate(trials) if one.value is not None and one.value <= goal), None)
    if first is None:
        return f"{there}; none of our {counted(standing(trials).ended, 'trial')} did."
    then = standing(trials[: first + 1])
    return f"{there}; our search was there after {counted(then.ended, 'trial')} and {duration(then.seconds)}."


def beside_words(found: Experiment) -> str:
    """How ours stands to the published procedure on the test rows and in time; nothing unless both are there."""
    if found.ours is None or found.procedure is None:
        return ""
    return f"{_tested(found)} {_timed(found)}".strip()


def _tested(found: Experiment) -> str:
    """Test errors of the network of ours, of what ours recommends, and of the last published network."""
    if found.ours is None or found.procedure is None:
        return ""
    outcome = found.ours.outcome
    theirs = _missed(stage_scores(found.procedure.searches[0].last, found.rows)[2])
    own = _missed(outcome.scores(outcome.network, "test"))
    use = outcome.verdict.use
    other = (
        ""
        if use == outcome.network
        else f"; {use}, which ours recommends, {_shown(found, _missed(outcome.scores(use, 'test')))}"
    )
    what = "an RMSE of" if found.rows.task.regression else "a wrong class for"
    return (
        f"On the test rows the last network of the published procedure has {what} {_shown(found, theirs)}, the "
        f"{outcome.network} of ours {_shown(found, own)}{_relative(own, theirs)}{other}."
    )


def _timed(found: Experiment) -> str:
    """When ours had its best trial, and where it stood when the published search was over."""
    if found.ours is None or found.procedure is None:
        return ""
    trials, published = found.ours.outcome.trials, standing(found.procedure.searches[0].trials)
    end = standing(trials)
    if end.best is None or end.best.value is None:
        return ""
    place = next(place for place, one in enumerate(trials) if one is end.best)
    had = standing(trials[: place + 1])
    first = (
        f"Our search had its final best, {_error(found, end.best.value)}, with trial {end.best.number}, after "
        f"{duration(had.seconds)} of trial time; "
    )
    if end.seconds <= published.seconds:
        return (
            f"{first}its {counted(end.ended, 'trial')} took {duration(end.seconds)} altogether, those of the "
            f"published search {duration(published.seconds)}."
        )
    then = standing(trials, published.seconds)
    at = _error(found, then.best.value) if then.best and then.best.value is not None else "no complete trial"
    return (
        f"{first}after the {duration(published.seconds)} that the published search took it stood at {at}, "
        f"with {counted(then.ended, 'trial')} of {end.ended} ended."
    )


def _error(found: Experiment, value: float) -> str:
    """A fold error by its name; that of class folds is a log-loss."""
    if found.rows.task.regression:
        return f"an RMSE of {beside(number(value), found.spectra.unit)} (mean of folds)"
    return f"a log-loss of {number(value)} (mean of folds)"


def _shown(found: Experiment, missed: float) -> str:
    return beside(number(missed), found.spectra.unit) if found.rows.task.regression else f"{number(100 * missed)} %"


def _relative(own: float, theirs: float) -> str:
    """By how much an error is lower or higher than another, in brackets; nothing where that says nothing."""
    if not (theirs > 0 and np.isfinite(own)):
        return ""
    change = 100 * (own / theirs - 1)
    return (
        f" ({fixed(abs(change), 0)} % {'lower' if change < 0 else 'higher'})" if abs(change) >= 0.5 else " (the same)"
    )


def _missed(one: Scores) -> float:
    """The error of a test: RMSE, or the part of rows given a wrong class."""
    return one.rmse if isinstance(one, RegressionScores) else 1 - one.accuracy


def _main(one: Scores) -> float:
    return one.rmse if isinstance(one, RegressionScores) else one.accuracy
