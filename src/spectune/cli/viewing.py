"""What ``spectune dashboard`` does: read the trials of a run, and serve them to this machine until Ctrl-C."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from spectune.errors import SettingError, SpectuneError
from spectune.job.viewing import View, refresh, view

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""What this machine is called in requests from this machine."""

ELSEWHERE = b"this dashboard answers to 127.0.0.1 and localhost only\n"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    """Answers requests, and looks for new trials between them."""

    daemon_threads = True
    shown: View

    def service_actions(self) -> None:
        with suppress(SpectuneError, KeyError):  # a record that is damaged, or a study that the visitor has deleted
            refresh(self.shown)


class _Silent(WSGIRequestHandler):
    """Does not say what was asked."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def show(run: Path, port: int) -> None:
    """Serve the trials of a run until Ctrl-C; trials that end meanwhile are added.

    Raises:
        SettingError: optuna-dashboard is not installed, or the port is taken.
        RunError: no run, or a damaged record.
    """
    if find_spec("optuna_dashboard") is None:
        raise SettingError(
            "the dashboard is that of optuna-dashboard, which cannot be imported here; "
            "install it with: pip install 'spectune[dashboard]'"
        )
    from optuna_dashboard import wsgi

    shown = view(run)
    with listening(only_here(wsgi(shown.storage)), port) as server:
        server.shown = shown
        address = f"http://{HOST}:{server.server_port}/dashboard/studies/0"
        print(f"showing {len(shown.seen)} trials of {run} at {address} until Ctrl-C", flush=True)
        with suppress(KeyboardInterrupt), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Optuna says about few trials
            server.serve_forever(poll_interval=1.0)
    print("ended")


def listening(application: Application, port: int) -> _Server:
    """A server at a port of this machine that no other machine reaches.

    Raises:
        SettingError: the port is taken.
    """
    try:
        return make_server(HOST, port, application, _Server, _Silent)
    except OSError as error:
        raise SettingError(
            f"nothing can listen at port {port}: {error.strerror or error}; choose another --port, or leave it out"
        ) from error


def only_here(application: Application) -> Application:
    """The application for requests that name this machine: no page of another site reads it under its own name."""

    def guarded(asked: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if str(asked.get("HTTP_HOST", "")).rpartition(":")[0] in NAMES:
            return application(asked, start)
        start("403 Forbidden", [("Content-Type", "text/plain")])
        return [ELSEWHERE]

    return guarded
