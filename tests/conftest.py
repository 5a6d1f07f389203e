"""Laws are held however slow the machine is: no example fails for the time it took."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("spectune", deadline=None)
settings.load_profile("spectune")
