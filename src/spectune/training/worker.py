"""A worker process: ``python -m spectune.training.worker ADDRESS``, its key on standard input."""

from __future__ import annotations

import sys

from spectune.training.crew import work

if __name__ == "__main__":
    work(sys.argv[1], bytes.fromhex(sys.stdin.read()))
