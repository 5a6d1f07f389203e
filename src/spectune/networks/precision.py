"""Precision of the factors of matrix products while a network is trained; sums and weights are float32 in any case."""

from typing import Literal

Precision = Literal["float32", "bf16"]
