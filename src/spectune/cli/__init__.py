"""The command line: each command parses, calls one inner function, and shows what came back."""

from spectune.cli.app import main

__all__ = ["main"]
