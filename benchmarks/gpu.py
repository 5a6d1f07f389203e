"""Members on a GPU: captured steps against direct calls, a plain torch loop and what the GPU could do at best.

    python benchmarks/gpu.py [--seconds 3]
    python benchmarks/gpu.py --rehearse

Prints a table. ``--rehearse`` runs everything once in small on the processor: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent / "engine"))

from workloads import WORKLOADS, Workload, arrays, epoch_flops

from spectune.networks.layers import (
    Act,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Shape,
    parameters,
    shapes,
    window,
)
from spectune.spectra.channels import prepare
from spectune.training.build import begin
from spectune.training.loop import train
from spectune.training.material import Material, material_of
from spectune.training.members import Stack
from spectune.training.resident import Products, Resident
from spectune.training.signals import Held

CASES = {"P1_256": 64, "S1": 10, "Z_CNN6": 5}
"""Members of each workload: seeds of trials, folds, seeds."""

PRECISIONS: tuple[Products, ...] = ("float32", "tf32", "bf16")
UNCOUNTED = 3
GIB = 1 << 30

HEAD = """
| workload | members | products | captured, s | direct, s | plain torch, s | direct / captured | plain / captured | at best, s | part of it | peak, GiB |
|---|---|---|---|---|---|---|---|---|---|---|"""  # noqa: E501

FOOT = """
Seconds per epoch of all members, validation included. *Plain torch* is one network after another, a loop over batches
on the GPU with its own layers and fused Adam: the time of one, times the members. *At best*: arithmetic at the rate of
a large product, or the weights' traffic at the rate of a large copy, whichever takes longer, both as measured here."""

REHEARSED = " This was a rehearsal: nothing was captured, and no figure means anything."


@dataclass(frozen=True)
class Limits:
    """What the device itself does: operations and bytes per second."""

    flops: float
    bytes: float


def main() -> None:
    """Measures every case in every precision."""
    words = argparse.ArgumentParser(description="Members on a GPU.")
    words.add_argument("--seconds", type=float, default=3.0, help="that every way is measured for")
    words.add_argument("--rehearse", action="store_true", help="everything in small, on the processor")
    asked = words.parse_args()
    if not asked.rehearse and not torch.cuda.is_available():
        raise SystemExit("There is no GPU that torch can use here, so there is nothing to measure; try --rehearse.")
    device = torch.device("cpu" if asked.rehearse else "cuda")
    print(f"torch {torch.__version__}, {'a rehearsal' if asked.rehearse else torch.cuda.get_device_name()}", HEAD)
    for name, members in CASES.items():
        workload, count = (_small(WORKLOADS[name]), 2) if asked.rehearse else (WORKLOADS[name], members)
        for precision in PRECISIONS:
            row = measured(workload, count, precision, device, 0.0 if asked.rehearse else asked.seconds)
            print(f"| {name} | {count} | {precision} | {' | '.join(row)} |", flush=True)
    print(FOOT + (REHEARSED if asked.rehearse else ""))


def measured(workload: Workload, members: int, precision: Products, device: torch.device, seconds: float) -> list[str]:
    """Cells of one row."""
    _forget(device)
    captured = _seconds(resident(workload, members, precision, device, device.type == "cuda"), seconds)
    peak = torch.cuda.max_memory_allocated(device) / GIB if device.type == "cuda" else 0.0
    _forget(device)
    direct = _seconds(resident(workload, members, precision, device, False), seconds)
    _forget(device)
    with _allowed(precision):
        alone = members * _seconds(plain(workload, precision, device), seconds)
        best = at_best(workload, members, limits(precision, device))
    figures = (captured, direct, alone, direct / captured, alone / captured, best, best / captured, peak)
    return [f"{one:.3g}" for one in figures]


def resident(
    workload: Workload, members: int, precision: Products, device: torch.device, capture: bool
) -> Iterator[object]:
    """Epochs of our engine."""
    stack, material = _members(workload, members)
    schedule = workload.recipe.schedule
    yield from train(Resident(stack, material, schedule, device, precision, capture), material, schedule)


def plain(workload: Workload, precision: Products, device: torch.device) -> Iterator[object]:
    """Epochs of one network as one would write it in torch."""
    _, material = _members(workload, 1)
    rows = torch.cat([torch.as_tensor(part[0]) for part in (material.train, material.tuning)])
    x = material.inputs.apply(material.table.take(rows))[0].transpose(1, 2).contiguous().to(device)
    y = torch.as_tensor(material.y)[rows].to(device, torch.long if workload.classes else torch.float32)
    network, cut = nn.Sequential(*_modules(workload)).to(device), workload.train
    rule = torch.optim.Adam(network.parameters(), workload.rate, eps=1e-7, weight_decay=workload.penalty, fused=True)
    loss: Callable[[Tensor, Tensor], Tensor] = (
        nn.functional.cross_entropy
        if workload.classes
        else lambda made, wanted: nn.functional.mse_loss(made[:, 0], wanted)
    )
    half = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
    while True:
        network.train()
        total = torch.zeros((), device=device)
        for index in torch.split(torch.randperm(cut, device=device), workload.batch):
            rule.zero_grad()
            with half:
                found = loss(network(x[index]), y[index])
            found.backward()  # type: ignore[no-untyped-call]
            rule.step()
            total += found.detach()
        network.eval()
        with torch.no_grad(), half:
            made = torch.cat([network(part) for part in torch.split(x[cut:], 512)])
        yield total.item(), made.float().cpu()


def limits(precision: Products, device: torch.device) -> Limits:
    """Rates of one large product and of one large copy, best of some."""
    size = 8192 if device.type == "cuda" else 256
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    other = torch.randn_like(one)
    product = min(_timed(lambda: torch.mm(one, other), device) for _ in range(5))
    copy = min(_timed(lambda: other.copy_(one), device) for _ in range(5))
    return Limits(2.0 * size**3 / product, 2.0 * one.nbytes / copy)


def at_best(workload: Workload, members: int, limit: Limits) -> float:
    """Seconds per epoch below which no way can come.

    Adam reads a weight, its gradient and two memories, and writes the weight and the memories: 28 bytes in a step.
    """
    steps = -(-workload.train // workload.batch)
    traffic = 28.0 * parameters(workload.layers, workload.shape) * steps
    return members * max(epoch_flops(workload) / limit.flops, traffic / limit.bytes)


def _members(workload: Workload, members: int) -> tuple[Stack, Material]:
    x, y = arrays(workload)
    streams = tuple(torch.Generator().manual_seed(seed) for seed in range(members))
    table = Held(torch.from_numpy(prepare(x, workload.recipe.channels, workload.recipe.layout)))
    stack = begin(workload.layers, workload.shape, streams)
    return stack, material_of(table, y, workload.task, (workload.fold,) * members, streams, workload.recipe)


def _modules(workload: Workload) -> list[nn.Module]:
    signals = pairwise((workload.shape, *shapes(workload.layers, workload.shape)))
    return [one for layer, pair in zip(workload.layers, signals, strict=True) for one in _module(layer, *pair)]


def _module(layer: Layer, before: Shape, after: Shape) -> list[nn.Module]:
    """What torch has in place of one of ours, on (B, C, L)."""
    channels, points = before
    match layer:
        case Conv(filters, kernel, stride, padding):
            _, left, right = window(points, kernel, stride, padding)
            return [nn.ConstantPad1d((left, right), 0.0), nn.Conv1d(channels, filters, kernel, stride)]
        case Dense(units):
            return [nn.Linear(channels, units)]
        case BatchNorm(momentum, eps):
            return [nn.BatchNorm1d(channels, eps, 1 - momentum)]
        case MaxPool(size, stride, padding):
            _, left, right = window(points, size, stride, padding)
            return [nn.ConstantPad1d((left, right), float("-inf")), nn.MaxPool1d(size, stride)]
        case Act(name):
            return [{"elu": nn.ELU, "selu": nn.SELU, "relu": nn.ReLU, "swish": nn.SiLU}[name]()]
        case Dropout(rate):
            return [nn.Dropout(rate)]
        case Flatten():
            return [nn.Flatten()]
    raise TypeError(type(layer).__name__)


@contextmanager
def _allowed(precision: Products) -> Iterator[None]:
    """The plain loop's products, and cuDNN's convolutions, in the same precision as ours."""
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [place.fp32_precision for place in places]
    for place in places:
        place.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        for place, one in zip(places, before, strict=True):
            place.fp32_precision = one


def _small(workload: Workload) -> Workload:
    """The same network on a few rows."""
    return replace(workload, train=6, tuning=2, batch=4)


def _seconds(epochs: Iterator[object], seconds: float) -> float:
    """Median seconds per epoch while ``seconds`` last, and once at least."""
    for _ in range(UNCOUNTED if seconds else 1):
        next(epochs)
    every: list[float] = []
    while not every or sum(every) < seconds:
        start = time.perf_counter()
        next(epochs)
        every.append(time.perf_counter() - start)
    return median(every)


def _timed(way: Callable[[], object], device: torch.device) -> float:
    """Seconds of a way, awaited."""
    _wait(device)
    start = time.perf_counter()
    way()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _forget(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


if __name__ == "__main__":
    main()
