"""A model as the bytes of one ONNX file: the same model and facts give the same bytes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch

from spectune.assessment.conformal import Conformal
from spectune.errors import SettingError
from spectune.export.whole import WholeModel
from spectune.training.fit import Fitted

OPSET = 20
"""Version of ONNX's operators; ONNX Runtime reads it since 1.17 (2024)."""

INPUT = "spectra"
"""Name of the input."""

EXTRAS = ("onnx", "onnxscript")
"""Packages that make the file and come with ``spectune[onnx]``."""


def onnx_bytes(fitted: Fitted, interval: Conformal | None = None, facts: Mapping[str, str] | None = None) -> bytes:
    """The ONNX file of an ensemble.

    Args:
        fitted: the members.
        interval: makes intervals, or sets of classes.
        facts: what the file shall say of itself, see ``facts``.

    Raises:
        SettingError: a package that makes the file is not installed.
    """
    check_extras()
    model = WholeModel(fitted, interval).eval()
    graph = _exported(model)
    _rename(graph.graph, model.names)
    _strip(graph)
    for name, words in sorted((facts or {}).items()):
        graph.metadata_props.add(key=name, value=words)
    return bytes(graph.SerializeToString(deterministic=True))


def check_extras() -> None:
    """Nothing, when what makes the file is installed; else a SettingError."""
    absent = [name for name in EXTRAS if find_spec(name) is None]
    if absent:
        raise SettingError(
            f"an ONNX file is made by {' and '.join(EXTRAS)}, and {' and '.join(absent)} cannot be imported here; "
            "install what is missing with: pip install 'spectune[onnx]'"
        )


def _exported(model: WholeModel) -> Any:
    """The ``onnx.ModelProto`` of a module, for any number of rows."""
    few = torch.ones(3, model.fitted.task.points)
    with _quiet():
        program: Any = torch.onnx.export(
            model,
            (few,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            external_data=False,
            verbose=False,
        )
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says to its developers."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [one.level for one in loggers]
    try:
        for one in loggers:
            one.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


def _rename(graph: Any, outputs: tuple[str, ...]) -> None:
    """Numbers for the names of values, but of input and outputs: the exporter's own could be theirs too."""
    names = {"": "", INPUT: INPUT, **{value.name: name for value, name in zip(graph.output, outputs, strict=True)}}

    def renamed(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    for node in graph.node:
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    for value in (*graph.initializer, *graph.output):
        value.name = renamed(value.name)


def _strip(graph: Any) -> None:
    """Takes out what differs from machine to machine: names, and where in the source a node came from."""
    graph.graph.name = graph.producer_name = "spectune"
    graph.producer_version = version("spectune")
    for part in (*graph.graph.node, *graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for node in graph.graph.node:
        node.ClearField("name")
    del graph.graph.value_info[:]
    del graph.graph.metadata_props[:]
    del graph.metadata_props[:]
