"""Refusals as scikit-learn expects them: errors of the package that are a ``ValueError`` too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spectune.errors import DataError, SettingError


class DataValueError(DataError, ValueError):
    """Spectra, targets or groups that an estimator cannot use."""


class SettingValueError(SettingError, ValueError):
    """A parameter of an estimator that makes no sense."""


@contextmanager
def refusing() -> Iterator[None]:
    """Within it, what the package refuses is refused in the way of scikit-learn.

    >>> with refusing():
    ...     raise DataError("no rows")
    Traceback (most recent call last):
        ...
    spectune.estimators.refusals.DataValueError: no rows
    """
    try:
        yield
    except SettingError as error:
        raise SettingValueError(str(error)) from error
    except DataError as error:
        raise DataValueError(str(error)) from error
