"""What to use: a more complicated model must earn its place.

The models are climbed from the simplest to the most complicated; a model replaces the one that
holds the place below it only if it is

* better in cross-validation *and* better on the test rows, and
* clearly better in at least one of three: cross-validation, the test rows, both together. *Clearly*
  means that the 95 % interval of the paired difference excludes 0, and that the gain is at least
  5 % of the simpler model's error: less is not worth a more complicated model.

Both parts are needed because each has a weakness. A cross-validated error is the lowest of a
search, so it flatters whoever searched longest, a network most of all; and test rows are few. The
test rows are opened once, choose no setting, and can only confirm or veto. Where cross-validation
is clear they need only not to contradict it. Where it is not, often because a few odd rows carry
the error of every model, the test rows count if both point the same way. Whatever does not
replace a simpler model is not shown to be better, and the simpler one is recommended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spectune.assessment.intervals import difference, error_value, paired
from spectune.assessment.outcome import CNN, DENSE, Judged, Verdict
from spectune.assessment.wording import Comparison, reasons, sentence
from spectune.spectra.spectra import Spectra


def verdict(
    spectra: Spectra, models: Sequence[Judged], seed: int, draws: int = 2000, network: str | None = None
) -> Verdict:
    """Which of at least two judged models to use, in a sentence, with the reasons.

    ``spectra`` are all rows with their roles; every model has outputs for the calibration and the
    test rows. Whole groups are resampled, ``draws`` times. ``differences`` are those of the tuned
    network, called ``network`` (the most complicated model unless said), to each other model,
    cross-validated and on the test rows.
    """
    climbed = sorted(models, key=lambda model: model.rank)
    tuned = next((model for model in climbed if model.name == network), climbed[-1])

    def versus(one: Judged, other: Judged) -> Comparison:
        return compared(spectra, one, other, seed, draws)

    used = climb(climbed, versus)
    against = versus(used, _counterpart(spectra, climbed, used, tuned))
    pairs = [versus(tuned, other) for other in climbed if other is not tuned]
    named = {model.name: model for model in climbed}
    control = versus(named[CNN], named[DENSE]) if CNN in named and DENSE in named else None
    return Verdict(
        use=used.name,
        sentence=sentence(spectra.task, against),
        reasons=reasons(spectra, against, control),
        differences=tuple(part for pair in pairs for part in (pair.validated, pair.tested)),
    )


def climb(models: Sequence[Judged], versus: Callable[[Judged, Judged], Comparison]) -> Judged:
    """The last model that earned its place over the one that held it, the simplest first."""
    holder = models[0]
    for model in models[1:]:
        if versus(model, holder).earned:
            holder = model
    return holder


def compared(spectra: Spectra, one: Judged, other: Judged, seed: int, draws: int) -> Comparison:
    """Errors of two models and their paired differences: cross-validated, on test rows, on both."""
    classes = len(spectra.task.classes)
    calibration, test = spectra.calibration, spectra.test
    y, groups = np.concatenate([calibration.y, test.y]), np.concatenate([calibration.groups, test.groups])
    both = tuple(np.concatenate([model.validated, model.test]) for model in (one, other))
    return Comparison(
        one,
        other,
        difference(one, other, calibration.y, calibration.groups, "cross-validated", classes, seed, draws),
        difference(one, other, test.y, test.groups, "test", classes, seed, draws),
        paired((both[0], both[1]), y, groups, classes, seed, draws),
        tuple(error_value(model.validated, calibration.y, classes) for model in (one, other)),
        tuple(error_value(model.test, test.y, classes) for model in (one, other)),
        tuple(error_value(output, y, classes) for output in both),
    )


def _counterpart(spectra: Spectra, climbed: Sequence[Judged], used: Judged, tuned: Judged) -> Judged:
    """What the verdict compares with: the tuned network, or the best of the others.

    The best of the others is meant by cross-validation; it stands beside a model that is no
    simpler than the tuned network, and beside the mean.
    """
    if 0 < used.rank < tuned.rank:
        return tuned
    y, classes = spectra.calibration.y, len(spectra.task.classes)
    others = [model for model in climbed if model is not used]
    return min(others, key=lambda model: error_value(model.validated, y, classes))
