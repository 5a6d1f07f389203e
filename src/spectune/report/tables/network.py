"""The network as a table."""

from __future__ import annotations

from spectune.networks.layers import Branches, Layers, Residual, Shape, describe, parameters, shapes
from spectune.report.tables.grid import Grid


def network_grid(layers: Layers, shape: Shape) -> Grid:
    """The network layer by layer: words, output shape, parameters; nested layers are indented."""
    rows = [
        ("spectrum after its channels", _shape(shape), "0"),
        *_layer_rows(layers, shape, 0),
        ("together", "", f"{parameters(layers, shape):,}".replace(",", "\u202f")),
    ]
    return Grid(("layer", "output (channels × points)", "parameters"), tuple(rows), marked=(len(rows) - 1,))


def _layer_rows(layers: Layers, shape: Shape, depth: int) -> list[tuple[str, str, str]]:
    rows = []
    for layer, after in zip(layers, shapes(layers, shape), strict=True):
        held = f"{parameters((layer,), shape):,}".replace(",", "\u202f")
        rows.append(("\u2003" * depth + describe(layer), _shape(after), held))
        match layer:
            case Residual(body, shortcut):
                nested: tuple[Layers, ...] = (body, shortcut)
            case Branches(paths):
                nested = paths
            case _:
                nested = ()
        for path in nested:
            rows += _layer_rows(path, shape, depth + 1)
        shape = after
    return rows


def _shape(shape: Shape) -> str:
    return f"{shape[0]} × {shape[1]}"
