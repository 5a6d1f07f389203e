"""The page on what pruning threw away, and its sections for other pages."""

from __future__ import annotations

from spectune.assessment.outcome import Outcome
from spectune.report.figures.pruning import pruning_picture
from spectune.report.sections import Code, Head, Picture, Points, Section, Table, Words, page
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, fixed, number, simulated_warning, with_unit
from spectune.tuning.pruning import Regret, Share


def pruning_page(found: Regret, outcome: Outcome, command: str) -> str:
    """The page of a look at pruned trials; ``command`` repeats it."""
    task = outcome.spectra.task
    head = Head(
        kind=f"spectune pruning · {outcome.spectra.source or 'unnamed spectra'}",
        title=f"{with_unit(task.target, task.unit)}: what pruning threw away",
        say=headline(found),
        warning=simulated_warning(outcome.spectra.source),
    )
    minimised = minimised_name(str(outcome.settings.get("objective", "error")))
    how = Section("How it was done", (Words(_method()), Code(command)))
    footer = f"{counted(len(found.again), 'pruned trial')} of {found.pruned} trained to the end."
    return page(head, (*pruning_sections(found, minimised), how), footer)


def pruning_sections(found: Regret, minimised: str = "error") -> tuple[Section, ...]:
    """What became of pruned trials, for any page; ``minimised`` names what the search minimised."""
    parts = (
        Points(reasons(found)),
        Table(rungs_grid(found), "How well the value at a rung tells the order at the end (Spearman)."),
        Picture(
            pruning_picture(found, minimised),
            "Every dot is a trial. Hollow dots below the solid line would have been the best of the search; where "
            "dots rise from left to right, the rung tells the end.",
        ),
    )
    return (Section("What pruning threw away", parts, "Pruning"),)


def minimised_name(objective: str) -> str:
    """A word for what a search minimised."""
    return {"overfit": "error with over-fit term", "accuracy": "part of wrong classes"}.get(objective, "error")


def headline(found: Regret) -> str:
    """The answer in a sentence."""
    best = found.below(found.best)
    again = counted(best.of, "pruned trial")
    if not best.count:
        return f"Of {again} that went on to the end, none would have been the best of the search."
    return f"Of {again} that went on to the end, {best.count} would have been better than the best of the search."


def reasons(found: Regret) -> tuple[str, ...]:
    """What stands behind the answer."""
    best, median = found.below(found.best), found.below(found.median)
    diverged = sum(one.final is None for one in found.again)
    told = (
        f"{counted(found.pruned, 'trial')} ended at a rung, {len(found.complete)} ran to the end; "
        f"{best.of} of the pruned ones, drawn at random, were trained on.",
        f"Better than the best complete trial ({number(found.best)}): {_share(best)}.",
        f"Better than the median complete trial ({number(found.median)}): {_share(median)}.",
    )
    return (*told, f"{counted(diverged, 'trial')} of them diverged on the way.") if diverged else told


def rungs_head() -> tuple[str, ...]:
    """Names of the columns of ``rungs_rows``."""
    return "rung", "trials", "rank correlation"


def rungs_rows(found: Regret) -> list[list[str]]:
    """Of every rung: how many trials reached it and the end, and how far their orders agree."""
    return [
        [
            f"{100 * part:.0f} % of the epochs",
            str(tie.trials),
            "too few" if tie.correlation is None else fixed(tie.correlation, 2),
        ]
        for part, tie in zip(found.parts, found.ties, strict=True)
    ]


def rungs_grid(found: Regret) -> Grid:
    """``rungs_rows`` as a table of a page."""
    rows = rungs_rows(found)
    return Grid(rungs_head(), columns([row[0] for row in rows], [row[1:] for row in rows]))


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.count} of {share.of} (95 % interval of the share {100 * low:.0f} to {100 * high:.0f} %)"


def _method() -> str:
    return (
        "Trials that a rung had ended were drawn at random and trained to their end with their own values and seeds, "
        "on the same rows and folds, so that the training is the one the search had begun. Trials that diverged were "
        "not ended by a rung and are left out. The correlation is taken over all complete trials and those that were "
        "trained on; because only a sample of the pruned ones is, good trials weigh more in it than in the search. "
        "Test rows stay closed."
    )
