"""Laws are held however slow the machine is: no example fails for the time it took. Nothing reports to anyone.

Examples are the same in every run, so that a change is judged by what it changes; ``make laws`` looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile("spectune", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("spectune")
