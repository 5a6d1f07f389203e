"""Dropout by counter: whether a value is dropped depends on key, step, layer and place only.

Nothing is stored and nothing is drawn in order, so the mask is the same in a stack, alone, in
another process and in the compiled core (``core/rowwise.h``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WORD = 0xFFFFFFFF
GOLDEN_PLACE, GOLDEN_LAYER = 0x9E3779B1, 0x9E3779B9
"""Odd constants that spread neighbouring numbers over all 32 bits."""


def dropped(
    signal: Tensor, keys: Sequence[int], steps: Sequence[int], rates: NDArray[np.float32], layer: int
) -> Tensor:
    """Signal (K, B, ...) after a dropout layer.

    Args:
        signal: what comes in.
        keys: 64 bits of each member.
        steps: taken by each member so far.
        rates: part of the values that each member drops, (K,).
        layer: number of the dropout layer.
    """
    places = torch.arange(signal[0].numel()).view(signal.shape[1:])
    kept = [
        hashed(places, drop_key(key, taken, layer)) >> 8 >= int(np.float32(rate) * np.float32(1 << 24))
        for key, taken, rate in zip(keys, steps, rates, strict=True)
    ]
    scale = torch.from_numpy(1 / (1 - rates)).to(signal.dtype).view(-1, *(1 for _ in signal.shape[1:]))
    return torch.where(torch.stack(kept), signal * scale, 0.0)


def drop_key(key: int, taken: int, layer: int) -> int:
    """Key of one layer's mask in one step, 32 bits."""
    mixed = _mix(key & WORD ^ _mix(key >> 32 & WORD))
    mixed = _mix(mixed ^ _mix(taken & WORD))
    return _mix(mixed ^ _mix(layer + GOLDEN_LAYER & WORD))


def hashed(places: Tensor, key: int) -> Tensor:
    """32 random-looking bits for every place, as int64; the finaliser of Wellons's ``lowbias32``."""
    mixed = (places * GOLDEN_PLACE & WORD) ^ key
    mixed = (mixed ^ mixed >> 16) * 0x7FEB352D & WORD
    mixed = (mixed ^ mixed >> 15) * 0x846CA68B & WORD
    return mixed ^ mixed >> 16


def _mix(word: int) -> int:
    word = (word ^ word >> 16) * 0x7FEB352D & WORD
    word = (word ^ word >> 15) * 0x846CA68B & WORD
    return word ^ word >> 16
