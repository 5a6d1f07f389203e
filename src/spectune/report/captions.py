"""What is to be seen in a figure, where that depends on the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.assessment.outcome import Outcome
from spectune.networks.recipe import Schedule
from spectune.report.figures.contours import LEAST_POINTS, Surface
from spectune.report.figures.inputs import CLASSES, MOST_BLOCKS
from spectune.report.figures.parallel import BEST, MOST_LINES, MOST_ROWS
from spectune.report.figures.search import origins_of
from spectune.report.scored import looked_at
from spectune.report.wording import counted, number
from spectune.tuning.record import Trial


def history_caption(outcome: Outcome) -> str:
    """States, shapes and lines of the history."""
    said = [
        "Left: error of every trial, mean over folds; a pruned trial stands at the error it had when it was stopped.",
        "Rings: trials that were the best so far.",
    ]
    origins = origins_of(outcome)
    if "random" in origins:
        count = counted(origins.count("random"), "trial")
        said.append(f"Squares: the {count} whose values were drawn at random, before the sampler began to learn.")
    if any(trial.objective not in (None, trial.value) for trial in outcome.trials):
        said.append("The search minimised an objective beyond the error, so the error of the best so far may rise.")
    if len(looked_at(outcome)) > 1 and outcome.spectra.task.regression:
        rival = looked_at(outcome)[1]
        said.append(f"Dashed, where the axis reaches it: the mean of fold errors of {rival} on the same folds.")
    said.append("Right: the same trials at the rungs where they were compared. Triangles: worse than the axis shows.")
    return " ".join(said)


def contours_caption(surfaces: Sequence[Surface]) -> str:
    """How surfaces are made, or why there are none."""
    if not surfaces:
        return (
            f"No surface of the error over two hyperparameters is drawn: no two of them that have an order were tried "
            f"at {LEAST_POINTS} different places or more by complete trials."
        )
    return (
        "Error over pairs of the most important hyperparameters that have an order, interpolated linearly between the "
        "complete trials (dots); star: the best of them. Everything else differs from dot to dot, so only broad "
        "valleys mean something; white: where no trial was complete."
    )


def parallel_caption(names: Sequence[str], trials: Sequence[Trial]) -> str:
    """How to follow a trial, and what is left out."""
    complete = sum(trial.value is not None for trial in trials)
    said = [
        "Every complete trial is a line from its error at the top through the value it had of each hyperparameter; "
        f"dark is low. Thick: the {BEST} of lowest error, red the lowest. Where the thick lines come together, good "
        "networks have the value in common; where they are spread, they do without agreeing on it.",
    ]
    if len(names) > MOST_ROWS:
        said.append(f"The first {MOST_ROWS} of {len(names)} hyperparameters are drawn, the most important ones first.")
    if complete > MOST_LINES:
        said.append(f"Of {complete} trials the best and an even choice of the others are drawn.")
    if any(name not in trial.values for trial in trials if trial.value is not None for name in names[:MOST_ROWS]):
        said.append("A line that passes a circle at the right does without that hyperparameter.")
    return " ".join(said)


def inputs_caption(outcome: Outcome) -> str:
    """What the rows and colours are."""
    recipe, task = outcome.recipe, outcome.spectra.task
    blocks = len(recipe.channels)
    what = "blocks, which stand end to end in the network" if recipe.layout == "concatenate" else "channels"
    first = f"The first {MOST_BLOCKS} of {blocks} {what}" if blocks > MOST_BLOCKS else f"The {what}"
    colour = "target" if task.regression else "class" if len(task.classes) <= len(CLASSES) else "class number"
    below = (
        "Below: every column brought to mean 0 and deviation 1 over the calibration rows; each member does this with "
        "the rows it is trained on."
        if recipe.standardised
        else "The network receives them as they are."
    )
    return f"{first}, for some calibration spectra, coloured by their {colour}. {below}"


def curves_caption(schedule: Schedule, trial: Trial, moving: bool) -> str:
    """Which epoch is kept, what the rate does and what the penalty adds."""
    watched = {
        "error": "",
        "loss": " by the loss with its L2 penalty",
        "accuracy": " by the part of rows that are named rightly",
    }[schedule.watch]
    said = [
        f"Trial {trial.number}, a line for each fold. Circles: the epoch whose weights are kept, chosen on the tuning "
        f"rows of the fold{watched}; those rows never score.",
    ]
    if moving:
        said.append("Below: the learning rate of each fold.")
    if trial.penalties and max(trial.penalties) > 0:
        low, high = float(np.min(trial.penalties)), float(np.max(trial.penalties))
        said.append(f"Neither curve contains the L2 penalty, which is {number(low)} to {number(high)} at these epochs.")
    return " ".join(said)
