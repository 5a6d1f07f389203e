"""One network recipe as an estimator of scikit-learn, for a number or for classes.

What is fitted is kept as plain arrays and records, so it can be copied, stored by joblib and sent
to other processes. No step of ``fit`` sees rows other than those it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from spectune.errors import DataError
from spectune.estimators.given import Array, Points, points_of, seed_of, spectra_of, whole
from spectune.estimators.recipes import Said, recipe_of
from spectune.estimators.refusals import refusing
from spectune.files.models import Model
from spectune.networks.recipe import Recipe
from spectune.networks.space import Value
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.folds import Fold, refit_fold
from spectune.spectra.spectra import Spectra, Task
from spectune.training.crew import Completed, alone
from spectune.training.fit import Fitted, predict
from spectune.training.machine import Machine
from spectune.training.members import Stack
from spectune.training.pack import Arrays, from_arrays, to_arrays
from spectune.tuning.replicates import FRESH
from spectune.tuning.study import member_seeds

FEWEST_ROWS = 4
"""Rows without which there are none to train on beside those that choose the epoch."""

STREAM = FRESH - 1
"""Random stream of the members: the one that a search refits with."""


class SpectralCNN(BaseEstimator):  # type: ignore[misc]
    """What the estimator of a number and that of classes have in common; use one of those."""

    recipe_: Recipe
    task_: Task
    weights_: Arrays
    axis_: Axis
    descending_: bool
    n_iter_: int
    best_epochs_: NDArray[np.intp]
    training_curves_: Array
    tuning_curves_: Array

    def __init__(  # noqa: PLR0913  (the parameters of one estimator)
        self,
        channels: str | None = None,
        *,
        family: str = "funnel",
        values: Mapping[str, Value] | None = None,
        rate: float | None = None,
        batch: int | None = None,
        penalty: float | None = None,
        epochs: int | None = None,
        members: int = 5,
        wavelengths: ArrayLike | None = None,
        unit: Unit | None = None,
        random_state: object = None,
        threads: int = 1,
    ) -> None:
        self.channels = channels
        self.family = family
        self.values = values
        self.rate = rate
        self.batch = batch
        self.penalty = penalty
        self.epochs = epochs
        self.members = members
        self.wavelengths = wavelengths
        self.unit = unit
        self.random_state = random_state
        self.threads = threads

    @property
    def fitted_(self) -> Fitted:
        """The members as the rest of the package knows them."""
        check_is_fitted(self)
        return from_arrays(self.recipe_, self.task_, self.weights_)

    @property
    def model_(self) -> Model:
        """The members with their axis: what a folder of a model holds."""
        return Model(self.fitted_, self.axis_, "unknown")

    def keep(self, fitted: Fitted, points: Points) -> Self:
        """Takes fitted members over; returns the estimator."""
        self.recipe_, self.task_ = fitted.recipe, fitted.task
        self.weights_ = {name: np.array(array) for name, array in to_arrays(fitted).items()}
        self.axis_, self.descending_ = points.axis, points.descending
        return self

    def predict_members(self, X: Any) -> Array:
        """What every member says: (members, rows) in the target's unit, or (members, rows, classes) probabilities.

        Raises:
            ValueError: spectra with other columns than those of ``fit``, or that cannot be prepared.
        """
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float32, reset=False)
        with refusing():
            return predict(_exact(self.fitted_), Points(self.axis_, self.descending_).ascending(x))

    def _trained(self, x: NDArray[np.float32], y: Array, classes: Sequence[str], groups: ArrayLike | None) -> Self:
        """Trains the members and keeps them."""
        with refusing():
            points = points_of(self.wavelengths, self.unit, getattr(self, "feature_names_in_", None), x.shape[1])
            spectra = spectra_of(x, y, points, classes, groups)
            recipe = recipe_of(self._said(), spectra.task)
            seed, members = seed_of(self.random_state), whole("members", self.members, 1)
            done = trained(recipe, spectra, seed, members, whole("threads", self.threads, 1))
        self.n_iter_, self.best_epochs_ = done.training.shape[1], done.best_epochs
        self.training_curves_, self.tuning_curves_ = done.training, done.tuning
        return self.keep(done.fitted, points)

    def _said(self) -> Said:
        named = {"rate": self.rate, "batch": self.batch, "penalty": self.penalty}
        given = {name: value for name, value in named.items() if value is not None}
        epochs = None if self.epochs is None else whole("epochs", self.epochs, 1)
        return Said(self.family, {**(self.values or {}), **given}, self.channels, epochs)


class SpectralCNNRegressor(RegressorMixin, SpectralCNN):  # type: ignore[misc]
    """A number from spectra, by the mean of some networks of one recipe.

    ``fit`` cuts an eighth of its rows for each member by itself (whole groups, where ``groups`` are
    given); they choose the epoch whose weights are kept, the others are trained on. Scaling of
    inputs and target is fitted on those others alone and is part of the member.

    Sample weights are not taken: they would have to count in the loss, in the scaling, in the cut of
    the tuning rows and in the error that chooses the epoch, and a weight that counts in some of these
    only is worse than none.

    Args:
        channels: preprocessed views of a spectrum, such as ``"SNV+D1 | RAW"``, see
            ``spectune.parse_channels``; by default three with detrending or derivatives.
        family: of networks; ``"funnel"`` is the one of the house, with a default for everything.
        values: hyperparameters by the names that search spaces have, such as ``{"dense.width": 64}``,
            or the ``best_params_`` of a ``SpectralTuner``.
        rate, batch, penalty: learning rate, rows per step and L2; they go before ``values``.
        epochs: of training; by default as many as make 6,000 steps, but 60 to 300.
        members: networks whose mean is the prediction.
        wavelengths: position of each column, rising or falling; by default what the names of the
            columns say, or 0, 1, 2, ...
        unit: of the wavelengths: ``"nm"``, ``"cm-1"``, ``"um"``, ``"ppm"``, ``"2theta"`` or ``"index"``; by
            default what the names of the columns say, or what their range suggests.
        random_state: of starting weights, orders of rows and cuts.
        threads: processor cores to use.

    Attributes:
        recipe_, task_, weights_: what the members are made of; ``fitted_`` puts it together.
        axis_, descending_: positions of the points, and whether the columns of X descend.
        best_epochs_: (members,) epoch whose weights are kept; ``n_iter_`` is how long the longest trained.
        training_curves_, tuning_curves_: (members, epochs) loss and tuning error.

    >>> import spectune
    >>> fruit = spectune.fruit(rows=60, seed=1)
    >>> cnn = SpectralCNNRegressor("SNV+D1", epochs=30, members=2, wavelengths=fruit.axis.values, random_state=0)
    >>> cnn.fit(fruit.x, fruit.columns["dry_matter"]).predict(fruit.x).shape
    (60,)
    """

    def fit(self, X: Any, y: Any, groups: ArrayLike | None = None) -> Self:
        """Trains on spectra X, (rows, points), and their target y, (rows,).

        Args:
            X: array or frame; columns whose names are numbers are the axis.
            y: target in its unit.
            groups: label of each row; rows with equal ones stay on one side of every cut.

        Raises:
            ValueError: spectra, target or parameters that cannot be used.
        """
        checked = {"dtype": np.float32, "ensure_min_samples": FEWEST_ROWS, "ensure_min_features": 2}
        x, target = validate_data(self, X, y, y_numeric=True, **checked)
        return self._trained(x, target.astype(np.float64), (), groups)

    def predict(self, X: Any, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Mean over members, (rows,); with ``return_std`` also their standard deviation.

        The deviation says where members disagree; it is no interval of prediction.
        """
        members = self.predict_members(X)
        mean = np.asarray(members.mean(axis=0))
        return (mean, np.asarray(members.std(axis=0))) if return_std else mean


class SpectralCNNClassifier(ClassifierMixin, SpectralCNN):  # type: ignore[misc]
    """Classes from spectra, by the mean probability of some networks of one recipe.

    Every class weighs the same in the loss and in the choice of the epoch, however rare it is. All
    else, parameters included, is as of ``SpectralCNNRegressor``.

    Attributes:
        classes_: labels, in the order of the columns of ``predict_proba``.
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any, groups: ArrayLike | None = None) -> Self:
        """Trains on spectra X, (rows, points), and their labels y, (rows,); see ``SpectralCNNRegressor.fit``."""
        checked = {"dtype": np.float32, "ensure_min_samples": FEWEST_ROWS, "ensure_min_features": 2}
        x, labels = validate_data(self, X, y, **checked)
        with refusing():
            self.classes_, numbers = classes_of(labels)
        return self._trained(x, numbers, [str(label) for label in self.classes_.tolist()], groups)

    def predict_proba(self, X: Any) -> Array:
        """Mean probability over members of each class, (rows, classes)."""
        return np.asarray(self.predict_members(X).mean(axis=0))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable label, (rows,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])


def classes_of(labels: NDArray[Any]) -> tuple[NDArray[Any], Array]:
    """Distinct labels, sorted, and the number of each row's.

    Raises:
        DataError: fewer than two classes.
    """
    check_classification_targets(labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if classes.size < 2:
        raise DataError(
            f"classes need at least 2 labels to tell apart, but all rows are of one class, {classes.tolist()[0]!r}"
        )
    return classes, numbers.astype(np.float64)


def cuts(spectra: Spectra, seed: int, members: int) -> list[Fold]:
    """Rows to train on and rows that choose the epoch, for each member.

    Raises:
        DataError: a class of which no row would be left to train on.
    """
    made = [refit_fold(spectra, seed + number) for number in range(members)]
    for label, name in enumerate(spectra.task.classes):
        if not all((spectra.y[fold.train] == label).any() for fold in made):
            raise DataError(f"no row of class {name!r} would be left to train on, as all are of one group; group finer")
    return made


def trained(recipe: Recipe, spectra: Spectra, seed: int, members: int, threads: int) -> Completed:
    """Members of a recipe on calibration spectra, each with its own cut and random stream.

    Raises:
        DataError: rows that cannot be cut or prepared, or a training that diverged.
    """
    fitter = alone(spectra.x, spectra.y, spectra.task, Machine(threads=threads))
    folds = cuts(spectra, seed, members)
    (done,) = (
        report
        for report in fitter(recipe, folds, member_seeds(seed, STREAM, members), ())
        if isinstance(report, Completed)
    )
    lost = int(((done.best_epochs == 0) | ~np.isfinite(done.calibrated)).sum())
    if lost:
        raise DataError(f"the training of {lost} of {members} members diverged; lower the rate, or look for outliers")
    return done


def _exact(fitted: Fitted) -> Fitted:
    """The members in double precision, so that a row's answer does not depend on the rows beside it."""
    stack = fitted.stack
    parts = (part.double() for part in (stack.kernels, stack.others, stack.moments))
    return replace(fitted, stack=Stack(stack.layers, stack.shape, *parts), inputs=fitted.inputs.of(torch.float64))
