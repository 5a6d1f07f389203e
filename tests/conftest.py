"""Laws are held however slow the machine is: no example fails for the time it took. Nothing reports to anyone."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile("spectune", deadline=None)
settings.load_profile("spectune")
