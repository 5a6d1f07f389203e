"""What ``spectune serve`` does: make the model of a run or an adaptation ready, and answer until told to end."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from spectune.errors import SettingError
from spectune.job.opening import check_opens

NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
"""Packages of the extra ``server`` without which there is none."""


def serve(run: Path, host: str, port: int, token_file: Path | None) -> None:
    """Serve the model of a run, or of an adaptation, until SIGTERM or Ctrl-C.

    Raises:
        SettingError: what serves is not installed; an address that cannot be had, or needs a token.
        RunError: no run and no adaptation, or not a finished one.
        ModelError: no model, or a damaged one.
    """
    check_extras()
    from spectune.server import running
    from spectune.server.app import app_of
    from spectune.server.limits import Limits
    from spectune.server.service import service_of

    token = running.token_for(host, token_file)
    check_opens(run)
    with running.listening(host, port) as place:
        print(f"making {run} ready", flush=True)
        service = service_of(run, Limits())
        print(f"answers come from {service.engine.name}: {service.engine.words}", flush=True)
        where = f"serving {service.model.task.target} at {running.url_of(place)} until Ctrl-C or SIGTERM"
        running.run(app_of(service, token), place, lambda: print(where, flush=True))
    print("ended; accepted requests were answered")


def check_extras() -> None:
    """Nothing, when what serves is installed; else a SettingError."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise SettingError(
            f"a server stands on {', '.join(NEEDED)}, and {' and '.join(absent)} cannot be imported here; "
            "install what is missing with: pip install 'spectune[server]'"
        )
