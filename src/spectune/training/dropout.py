"""Dropout by counter: whether a value is dropped depends on key, step, layer and place only.

Nothing is stored and nothing is drawn in order, so the mask is the same in a stack, alone, in
another process, on a GPU and in the compiled core (``core/rowwise.h``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WORD = 0xFFFFFFFF
Word = TypeVar("Word", int, Tensor)
"""One number, or int64 tensors of many: the arithmetic is the same."""

GOLDEN_PLACE, GOLDEN_LAYER = 0x9E3779B1, 0x9E3779B9
"""Odd constants that spread neighbouring numbers over all 32 bits."""


def dropped(
    signal: Tensor,
    keys: Sequence[int] | Tensor,
    steps: Sequence[int] | Tensor,
    rates: NDArray[np.float32] | Tensor,
    layer: int,
) -> Tensor:
    """Signal (K, B, ...) after a dropout layer.

    Args:
        signal: what comes in.
        keys: 64 bits of each member, (K,).
        steps: taken by each member so far, (K,).
        rates: part of the values that each member drops, (K,), float32.
        layer: number of the dropout layer.
    """
    words = drop_key(torch.as_tensor(keys), torch.as_tensor(steps), torch.tensor(layer))
    return masked(signal, words, torch.as_tensor(rates))


def masked(signal: Tensor, words: Tensor, rates: Tensor) -> Tensor:
    """Signal (K, B, ...) after the dropout layer of these ``drop_key``s, (K,), and float32 rates, (K,)."""
    many = (-1, *(1 for _ in signal.shape[1:]))
    places = torch.arange(signal.shape[1:].numel(), device=signal.device).view(signal.shape[1:])
    kept = hashed(places, words.view(many)) >> 8 >= (rates * (1 << 24)).long().view(many)
    scale = (1 / (1 - rates)).to(signal.dtype).view(many)
    return torch.where(kept, signal * scale, 0.0)


def drop_key(key: Word, taken: Word, layer: Word) -> Word:
    """Key of one layer's mask in one step, 32 bits."""
    mixed = _mix(key & WORD ^ _mix(key >> 32 & WORD))
    mixed = _mix(mixed ^ _mix(taken & WORD))
    return _mix(mixed ^ _mix(layer + GOLDEN_LAYER & WORD))


def hashed(places: Tensor, key: int | Tensor) -> Tensor:
    """32 random-looking bits for every place, as int64; the finaliser of Wellons's ``lowbias32``."""
    mixed = (places * GOLDEN_PLACE & WORD) ^ key
    mixed = (mixed ^ mixed >> 16) * 0x7FEB352D & WORD
    mixed = (mixed ^ mixed >> 15) * 0x846CA68B & WORD
    return mixed ^ mixed >> 16


def _mix(word: Word) -> Word:
    word = (word ^ word >> 16) * 0x7FEB352D & WORD
    word = (word ^ word >> 15) * 0x846CA68B & WORD
    return word ^ word >> 16
