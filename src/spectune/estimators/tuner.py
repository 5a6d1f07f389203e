"""A whole search as an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from spectune.errors import SettingError
from spectune.estimators.given import SOURCE, Array, plain, points_of, seed_of, spectra_of, whole
from spectune.estimators.networks import SpectralCNNClassifier, SpectralCNNRegressor, classes_of
from spectune.estimators.refusals import refusing
from spectune.estimators.searches import Work, best_of, folds_of, results_of, searched, space_of
from spectune.files.settings import Pruner, Sampler, Settings, checked
from spectune.networks.space import Space, Value
from spectune.spectra.axis import Unit
from spectune.spectra.folds import Fold
from spectune.spectra.select import FEWEST_ROWS
from spectune.spectra.spectra import Spectra
from spectune.training.crew import alone
from spectune.training.machine import Machine
from spectune.tuning.record import Trial
from spectune.tuning.replicates import Candidate

Kind = Literal["regression", "classification"]
Member = SpectralCNNRegressor | SpectralCNNClassifier


def _classifies(tuner: SpectralTuner) -> bool:
    return tuner.task == "classification"


class SpectralTuner(BaseEstimator):  # type: ignore[misc]
    """Searches a network for spectra, cross-validated, and predicts with the best.

    It is ``spectune.tune`` without test rows, baselines and report. It sees the rows given to ``fit``
    and no others: put it inside ``cross_val_score``, or keep rows aside, to know what its predictions
    are worth. No row that scores a trial trains a network, stops it or scales anything.

    One process trains, with as many threads as it is given: for workers and clusters there is ``spectune.tune``.

    Sample weights are not taken, for the reason told at ``SpectralCNNRegressor``.

    Args:
        task: ``"regression"`` or ``"classification"``.
        trials: networks to try.
        space: ``"auto"``, the name of a shipped search space, a TOML file, or a ``spectune.Space``.
        fix: hyperparameters that are not searched, by name.
        cv: number of folds (shuffled, groups together, classes spread), a splitter of scikit-learn or
            pairs of row numbers; every row must be held out exactly once.
        sampler, pruner: how the next network is chosen, and hopeless ones are ended early.
        epochs: upper limit.
        top, replicates: so many of the best recipes are trained so many times again with fresh seeds
            before one of them is called best.
        refit: whether the members are trained again on all rows; else those of the folds are kept.
        folder: where trials are kept as they end and a search goes on that was stopped; None for nowhere.
        wavelengths, unit: as of ``SpectralCNNRegressor``.
        random_state: of folds, search and trainings; a whole number where there is a folder.
        threads: processor cores to use.
        show: called with every trial that has ended.

    Attributes:
        best_estimator_: the best network, as a fitted estimator.
        best_params_: its hyperparameters by name.
        best_score_: minus the error of its recipe on held-out rows, mean over folds and fresh seeds: RMSE
            in the target's unit, or log-loss in which every class weighs the same. It is the best of
            many looks at the same folds, and so a little too good.
        cv_results_: all trials but impossible ones, as arrays by name; ``best_index_`` is the place of the best.
        trials_: the same trials as the package's own records, impossible ones too.
        folds_: rows that trained, chose the epoch and scored.
    """

    best_estimator_: Member
    best_params_: dict[str, Value]
    best_score_: float
    best_index_: int
    cv_results_: dict[str, Any]
    trials_: tuple[Trial, ...]
    folds_: tuple[Fold, ...]
    classes_: NDArray[Any]

    def __init__(  # noqa: PLR0913  (the parameters of one estimator)
        self,
        task: Kind = "regression",
        *,
        trials: int = 50,
        space: str | Space = "auto",
        fix: Mapping[str, Value] | None = None,
        cv: Any = 5,
        sampler: Sampler = "tpe",
        pruner: Pruner = "hyperband",
        epochs: int | None = None,
        top: int = 3,
        replicates: int = 3,
        refit: bool = False,
        folder: str | Path | None = None,
        wavelengths: ArrayLike | None = None,
        unit: Unit | None = None,
        random_state: object = None,
        threads: int = 1,
        show: Callable[[Trial], object] | None = None,
    ) -> None:
        self.task = task
        self.trials = trials
        self.space = space
        self.fix = fix
        self.cv = cv
        self.sampler = sampler
        self.pruner = pruner
        self.epochs = epochs
        self.top = top
        self.replicates = replicates
        self.refit = refit
        self.folder = folder
        self.wavelengths = wavelengths
        self.unit = unit
        self.random_state = random_state
        self.threads = threads
        self.show = show

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if _classifies(self):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def fit(self, X: Any, y: Any, groups: ArrayLike | None = None) -> Self:
        """Searches on spectra X, (rows, points), and their target or labels y, (rows,).

        Args:
            X: array or frame; columns whose names are numbers are the axis.
            y: target in its unit, or labels.
            groups: label of each row; rows with equal ones stay on one side of every cut and fold.

        Raises:
            ValueError: spectra, target or parameters that cannot be used.
            RunError: a folder that belongs to another search.
        """
        with refusing():
            x, target, names = self._checked(X, y)
            points = points_of(self.wavelengths, self.unit, getattr(self, "feature_names_in_", None), x.shape[1])
            work = self._work(spectra_of(x, target, points, names, groups))
            candidate = self._searched(work)
        self.best_estimator_ = self._estimator(work, candidate).keep(candidate.fitted, points)
        if self.refit:
            self.best_estimator_.fit(X, y, groups)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The target in its unit, or labels, by the best network; (rows,)."""
        check_is_fitted(self)
        return np.asarray(self.best_estimator_.predict(X))

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Probability of each class by the best network, (rows, classes)."""
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:
        """R² of a number, or the share of right labels, on rows that ``fit`` should not have seen."""
        return float((accuracy_score if _classifies(self) else r2_score)(y, self.predict(X)))

    def _checked(self, X: Any, y: Any) -> tuple[NDArray[np.float32], Array, list[str]]:
        """Spectra, target or numbers of classes, and names of the classes."""
        if self.task not in ("regression", "classification"):
            raise SettingError(f"task must be regression or classification, got {self.task!r}")
        numeric = not _classifies(self)
        x, target = validate_data(
            self, X, y, dtype=np.float32, y_numeric=numeric, ensure_min_samples=FEWEST_ROWS, ensure_min_features=2
        )
        if numeric:
            return x, target.astype(np.float64), []
        self.classes_, numbers = classes_of(target)
        return x, numbers, [str(label) for label in self.classes_.tolist()]

    def _work(self, spectra: Spectra) -> Work:
        """Everything that is decided before the first trial."""
        if self.folder is not None and not isinstance(self.random_state, Integral):
            raise SettingError(
                f"a search that goes on in a folder needs a whole number as random_state, got {self.random_state!r}"
            )
        seed, space = seed_of(self.random_state), space_of(self.space, plain(self.fix or {}), spectra.task)
        made = folds_of(self.cv, spectra, seed)
        folder = None if self.folder is None else Path(self.folder)
        return Work(self._settings(space.name or "own", len(made), seed), spectra, space, made, folder)

    def _settings(self, space: str, count: int, seed: int) -> Settings:
        names = ("trials", "sampler", "pruner", "epochs", "top", "replicates", "refit")
        said = plain({name: value for name in names if (value := getattr(self, name)) is not None})
        place = str(self.folder or "nowhere")
        other = {"data": SOURCE, "target": "y", "out": place, "space": space, "folds": count, "seed": seed}
        return checked({**other, **said}, "SpectralTuner")

    def _searched(self, work: Work) -> Candidate:
        """Searches, and keeps what came of it."""
        spectra, trials = work.spectra, []
        fitter = alone(spectra.x, spectra.y, spectra.task, Machine(threads=whole("threads", self.threads, 1)))
        for trial in searched(work, fitter):
            trials.append(trial)
            if self.show is not None:
                self.show(trial)
        best, candidate = best_of(work, trials, fitter)
        ended = [trial for trial in trials if trial.state != "rejected"]
        self.trials_, self.folds_ = tuple(trials), work.folds
        self.cv_results_, self.best_index_ = results_of(ended, len(work.folds)), ended.index(best)
        self.best_params_, self.best_score_ = dict(best.values), -candidate.error
        return candidate

    def _estimator(self, work: Work, candidate: Candidate) -> Member:
        """An estimator of the best recipe, which still has to be given its members."""
        recipe = candidate.recipe
        made = (SpectralCNNClassifier if _classifies(self) else SpectralCNNRegressor)(
            family=work.space.family,
            values=dict(candidate.values),
            epochs=None if self.epochs is None else recipe.schedule.epochs,
            members=len(work.folds),
            wavelengths=self.wavelengths,
            unit=self.unit,
            random_state=work.settings.seed,
            threads=self.threads,
        )
        made.n_iter_ = recipe.schedule.epochs
        for name in ("n_features_in_", "feature_names_in_", "classes_"):
            if hasattr(self, name):
                setattr(made, name, getattr(self, name))
        return made
