"""The compiled core: finding it, and its structures as Python sees them.

The core is plain C without Python's headers, built with the package where a compiler is at hand
and called through ctypes, which lets other threads run meanwhile. Three builds lie side by side;
the widest that the processor understands is taken. Without any, torch does the work.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec

import numpy as np
import torch

VERSION = 6
"""Of the structures below; a core built for others is as good as none."""

BUILDS = {"AVX512": ("v4", "v3", "base"), "AVX2": ("v3", "base")}
"""Builds by what torch says of the processor, widest first."""

OP = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind", "in", "in2", "out", "weight", "bias", "moments", "size", "step", "pad", "block",
            "add", "add2", "wanted", "detail", "forward", "backward",
        )
    ]
    + [(name, np.float64) for name in ("momentum", "eps", "slope")]
)  # fmt: skip
"""An operation, as ``Op`` in ``core/network.h``."""

BUFFER = np.dtype([(name, np.int64) for name in ("points", "channels", "left", "right", "stride")])
"""A signal, as ``Buffer`` in ``core/network.h``."""


class PlanStruct(ctypes.Structure):
    """``Plan`` of ``core/network.h``."""

    _fields_ = (
        *(
            (name, ctypes.c_int64)
            for name in (
                "ops", "buffers", "rows", "weights", "kernels", "derived", "input", "output", "classes",
                "rule", "half",
            )
        ),
        ("op", ctypes.c_void_p),
        ("buffer", ctypes.c_void_p),
    )  # fmt: skip


class MemberStruct(ctypes.Structure):
    """``Member`` of ``core/network.h``."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in (
                "weights", "gradients", "first", "second", "moments", "factor", "offset", "wanted", "class_weights",
                "drops", "order",
            )
        ),
        ("rows", ctypes.c_int64),
        ("rates", ctypes.c_void_p),
        ("penalty", ctypes.c_double),
        ("taken", ctypes.c_uint64),
        ("key", ctypes.c_uint64),
        ("loss", ctypes.c_double),
        ("answers", ctypes.c_void_p),
    )  # fmt: skip


class SourceStruct(ctypes.Structure):
    """``Source`` of ``core/network.h``."""

    _fields_ = (
        ("table", ctypes.c_void_p),
        ("file", ctypes.c_int64),
        ("start", ctypes.c_int64),
        ("views", ctypes.c_void_p),
    )


@cache
def core() -> ctypes.CDLL | None:
    """The loaded core, or None where it was not built."""
    for build in BUILDS.get(torch.backends.cpu.get_cpu_capability(), ("base",)):
        found = find_spec(f"spectune.training._core_{build}")
        if found is not None and found.origin is not None:
            library = ctypes.CDLL(found.origin)
            if getattr(library, "spectune_version", lambda: 0)() == VERSION:
                return _declared(library)
    return None


def halves() -> bool:
    """Whether the core is there and this processor multiplies pairs of bfloat16."""
    library = core()
    return library is not None and bool(library.spectune_halves())


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    library.spectune_open.argtypes, library.spectune_open.restype = (pointer, integer), pointer
    library.spectune_close.argtypes, library.spectune_close.restype = (pointer,), None
    library.spectune_run.argtypes = (pointer, integer, integer, pointer, integer, pointer, ctypes.c_int64)
    library.spectune_run.restype = integer
    library.spectune_lanes.argtypes, library.spectune_lanes.restype = (), integer
    library.spectune_halves.argtypes, library.spectune_halves.restype = (), integer
    return library
