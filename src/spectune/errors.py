"""Everything that can go wrong for a user, as one outline.

    SpectuneError            a sentence for the person who can act
    ├── DataError            spectra, targets, groups or splits that cannot be used
    │   └── ReadError        a file that cannot be read, or is not what it seems
    ├── SettingError         an option, a run file, a recipe or a search space that makes no sense
    │   └── ShapeError       a layer that does not fit the signal it receives
    ├── RunError             a run folder that is missing, foreign or incomplete
    ├── ModelError           a model that does not fit the spectra, or a damaged model folder
    └── Stopped              work ended early on request; what exists is kept

Each message says what was expected, what came, where, and what to do. The command line
prints it as one sentence and leaves with exit code 2.
"""

from __future__ import annotations

import warnings


class SpectuneError(Exception):
    """Root of all errors a user can meet."""


class DataError(SpectuneError):
    """Spectra, targets, groups or splits that cannot be used."""


class ReadError(DataError):
    """A file that cannot be read, or is not what it seems."""


class SettingError(SpectuneError):
    """An option, a run file, a recipe or a search space that makes no sense."""


class ShapeError(SettingError):
    """A layer that does not fit the signal it receives."""


class RunError(SpectuneError):
    """A run folder that is missing, foreign or incomplete."""


class ModelError(SpectuneError):
    """A model that does not fit the spectra, or a damaged model folder."""


class Stopped(SpectuneError):  # noqa: N818 - it is no mistake
    """Work ended early on request (Ctrl-C); the message says how to continue."""


class Notice(RuntimeWarning):
    """Something a user should know that ends no work."""


def notice(sentence: str) -> None:
    """Tells a user something that ends no work; the command line prints it as one plain line."""
    warnings.warn(sentence, Notice, stacklevel=1000)  # above all callers: no line of code is shown with it
