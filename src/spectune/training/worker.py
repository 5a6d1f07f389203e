"""A worker process: ``python -m spectune.training.worker ADDRESS``, its key on standard input."""

from __future__ import annotations

import signal
import sys
from dataclasses import fields
from multiprocessing.connection import Client, Connection

import torch

from spectune.errors import SpectuneError
from spectune.training.crew import Completed, Fitting, Reached, alone
from spectune.training.pack import from_arrays, to_arrays


def work(address: str, key: bytes) -> None:
    """Fits what it is told, in one thread, until its line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
    torch.set_num_threads(1)
    line: Connection = Client(address, authkey=key)
    fitter = alone(*line.recv())
    while True:
        try:
            recipe, folds, seeds, rungs, start, checkpoints = line.recv()
            begun = None if start is None else from_arrays(*start)
            _serve(line, fitter(recipe, folds, seeds, rungs, begun, checkpoints))
        except (EOFError, ConnectionError):
            return
        except SpectuneError as error:
            line.send(error)


def _serve(line: Connection, fitting: Fitting) -> None:
    """Sends reports; after a rung waits for leave to go on."""
    for report in fitting:
        if isinstance(report, Completed):
            line.send((to_arrays(report.fitted), *(getattr(report, part.name) for part in fields(report)[1:])))
            continue
        line.send(report)
        if isinstance(report, Reached) and not line.recv():
            return


if __name__ == "__main__":
    work(sys.argv[1], bytes.fromhex(sys.stdin.read()))
