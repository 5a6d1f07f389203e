"""In which way the published procedure was made smaller than published, in words."""

from __future__ import annotations

from spectune.networks.families.passos import CLASSIFICATION_OPTIMUM, REGRESSION_OPTIMUM
from spectune.papers.passos2022.procedure import CHECKPOINT_FROM, REFIT_EPOCHS
from spectune.papers.passos2022.published import PublishedRun
from spectune.papers.passos2022.reported import MANGO_SEARCH, WHEAT_SEARCH


def cut_words(run: PublishedRun, regression: bool) -> str:
    """What it was cut to, and whether its checkpoint ever looked; nothing where it is as published."""
    first, published = run.searches[0], MANGO_SEARCH if regression else WHEAT_SEARCH
    whole = (REGRESSION_OPTIMUM if regression else CLASSIFICATION_OPTIMUM)["epochs"]
    cut = []
    if first.told.epochs is not None and first.told.epochs < REFIT_EPOCHS:
        cut.append(f"{first.told.epochs} epochs (published {whole}, and {REFIT_EPOCHS} in the last training)")
    if first.told.trials < published.trials:
        cut.append(f"{first.told.trials} trials (published {published.trials})")
    said = [f"The published procedure is cut to {' and '.join(cut)}."] if cut else []
    ended = len(first.checkpoint.training)
    if ended <= CHECKPOINT_FROM:
        said.append(
            f"The training of its best trial ends at epoch {ended}, and the checkpoint looks after epoch "
            f"{CHECKPOINT_FROM}: the row '{first.checkpoint.name}' is the state that was scored."
        )
    return " ".join(said)
