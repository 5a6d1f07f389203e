"""How threads share members: chosen by trying, while training goes on.

No result depends on the number of threads, so there is no need to guess and none to try out on
the side: the first epochs of a training are done in different ways, the fastest is kept, and now
and then the others get another chance, since neighbours on the machine come and go.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AGAIN = 50
"""Epochs after which the other ways are tried again."""

HOPELESS = 1.5
"""A way this much slower than the best is not tried again."""


@dataclass(frozen=True)
class Teams:
    """So many teams of threads, each on one member at a time."""

    number: int
    size: int


Way = tuple[tuple[int, Teams], ...]
"""Members in a row, and the teams that train them: ((4, two teams of one), (1, one team of two))."""


def ways(members: int, threads: int) -> tuple[Way, ...]:
    """Ways to share members among at most ``threads`` threads, the most promising first.

    >>> [[(count, (teams.number, teams.size)) for count, teams in way] for way in ways(5, 2)]
    [[(4, (2, 1)), (1, (1, 2))], [(5, (2, 1))], [(5, (1, 2))], [(5, (1, 1))]]
    """
    apart, together, single = Teams(min(threads, members), 1), Teams(1, threads), Teams(1, 1)
    whole = members // threads * threads
    found: list[Way] = []
    if members < threads:
        found += [((members, Teams(members, threads // members)),), ((members, together),)]
    if 0 < whole < members:
        found.append(((whole, apart), (members - whole, together)))
    found += [((members, apart),), ((members, together),), ((members, single),)]
    return tuple(dict.fromkeys(found))


@dataclass(eq=False)
class Sharing:
    """Which way to go, by the seconds each way has taken.

    Attributes:
        threads: at most.
        seconds: what each way took when it was last tried, by number of members.
    """

    threads: int
    seconds: dict[int, dict[Way, float]] = field(default_factory=dict)
    epochs: int = 0

    def way(self, members: int) -> Way:
        """The way for the next epoch."""
        known = self.seconds.setdefault(members, {})
        if self.epochs and self.epochs % AGAIN == 0:
            best = min(known.values(), default=0.0)
            self.seconds[members] = known = {way: took for way, took in known.items() if took > HOPELESS * best}
        untried = [way for way in ways(members, self.threads) if way not in known]
        return untried[0] if untried else min(known, key=lambda way: known[way])

    def took(self, members: int, way: Way, seconds: float) -> None:
        """Notes how long an epoch took."""
        self.seconds.setdefault(members, {})[way] = seconds
        self.epochs += 1
