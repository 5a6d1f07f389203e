"""Draws from an Optuna trial: the same family function searches, replays and tests."""

from __future__ import annotations

from optuna import Trial

from spectune.networks.space import Choice, Drawing, Fixed, FloatRange, IntRange, Space, Value


class TrialDraw(Drawing):
    """Values suggested by a study; fixed values never reach it. ``drawn`` holds all of them."""

    def __init__(self, space: Space, trial: Trial) -> None:
        super().__init__()
        self.space = space
        self.trial = trial
        self.drawn: dict[str, Value] = {}

    def value(self, name: str) -> Value:
        """The suggested value of a hyperparameter."""
        if name not in self.drawn:
            self.drawn[name] = self._suggest(name)
        return self.drawn[name]

    def _suggest(self, name: str) -> Value:
        match self.space.range(name):
            case Fixed(value):
                return value
            case Choice(options):
                return options[options.index(self.trial.suggest_categorical(name, options))]
            case IntRange(low, high, step, log):
                return self.trial.suggest_int(name, low, high, step=step, log=log)
            case FloatRange(low, high, step, log):
                return self.trial.suggest_float(name, low, high, step=step, log=log)
