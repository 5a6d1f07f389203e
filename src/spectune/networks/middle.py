"""The network in the middle of a space: what is looked at before a search has tried any.

The middle of a range of numbers is its median, on a log scale that of the logarithms; of a choice it
is the option in the middle of the list, the earlier of two.
"""

from __future__ import annotations

from math import sqrt

from spectune.networks.space import Choice, Drawing, Fixed, FloatRange, IntRange, Range, Space, Value


class MiddleDraw(Drawing):
    """Values of the space's first start, and the middle of every range that it leaves out."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.start = space.starts[0] if space.starts else {}

    def value(self, name: str) -> Value:
        """The value of the start, or the middle of the range."""
        return self.start[name] if name in self.start else middle(self.space.range(name))


def middle(found: Range) -> Value:
    """The middle of a range.

    >>> middle(IntRange(64, 256, 64)), middle(FloatRange(1e-4, 1e-2, log=True)), middle(Choice(("a", "b", "c", "d")))
    (128, 0.001, 'b')
    """
    match found:
        case Fixed(value):
            return value
        case Choice(options):
            return options[(len(options) - 1) // 2]
        case IntRange(low, high, step, log):
            if log:
                return round(sqrt(low * high))
            return low + (high - low) // step // 2 * step
        case FloatRange(low, high, step, log):
            if log:
                return float(f"{sqrt(low * high):.12g}")
            return (low + high) / 2 if step is None else low + int((high - low) / step + 1e-9) // 2 * step


def spread(found: Range) -> tuple[int, ...]:
    """Smallest, middle and largest of the whole numbers that a range can give, each once; none for other ranges.

    >>> spread(IntRange(64, 256, 64)), spread(Choice((128, 32, 64))), spread(Fixed(1105))
    ((64, 128, 256), (32, 64, 128), (1105,))
    """
    match found:
        case Fixed(int() as value) if not isinstance(value, bool):
            return (value,)
        case Choice(options):
            numbers = sorted(one for one in options if isinstance(one, int) and not isinstance(one, bool))
            return tuple(sorted({numbers[0], numbers[(len(numbers) - 1) // 2], numbers[-1]})) if numbers else ()
        case IntRange(low, high, step):
            return tuple(sorted({low, int(middle(found)), high - (high - low) % step}))
        case _:
            return ()
