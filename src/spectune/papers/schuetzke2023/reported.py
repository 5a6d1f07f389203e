"""Published figures of the benchmark, as data: they stand beside those made here and never among them.

The general benchmark: tables that the authors logged (`synthetic-spectra-benchmark`, first commit). The
challenge: read off their swarm plot, whose points lie on multiples of 1/162, and the medians of the
paper's table of modifications. Epochs are counted from 0 there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, median_low

BENCHMARK_ROWS, CHALLENGE_ROWS = 4500, 162

SOURCE = "Schuetzke, Szymanski & Reischl (2023)"


@dataclass(frozen=True)
class Logged:
    """Five published runs of one network on the general benchmark, seeds 0 to 4.

    Attributes:
        wrong: test spectra of 4,500.
        last_epoch: from 0.
        seconds: of the whole training, on a GPU that is not named.
    """

    wrong: tuple[int, ...]
    last_epoch: tuple[int, ...]
    seconds: tuple[int, ...]

    @property
    def median(self) -> int:
        """Median of the misclassifications."""
        return median_low(self.wrong)

    @property
    def epochs(self) -> tuple[int, ...]:
        """How many every run had."""
        return tuple(last + 1 for last in self.last_epoch)


@dataclass(frozen=True)
class Modified:
    """Medians over five seeds on the challenge, per cent of 162; which activation the original had is not said."""

    original: float
    modified: float


LOGGED: Mapping[str, Logged] = {
    "cnn2": Logged((34, 39, 31, 50, 36), (79, 62, 73, 73, 65), (368, 295, 343, 344, 306)),
    "cnn3": Logged((34, 27, 31, 25, 25), (71, 77, 84, 69, 59), (554, 601, 653, 540, 465)),
    "cnn6": Logged((6, 8, 9, 12, 7), (119, 87, 92, 93, 89), (2308, 1695, 1764, 1800, 1731)),
    "vgg": Logged((19, 31, 26, 16, 16), (109, 141, 84, 106, 86), (406, 524, 316, 396, 324)),
    "resnet": Logged((22, 20, 20, 22, 22), (52, 52, 44, 48, 46), (3043, 3042, 2571, 2792, 2702)),
    "cnn_bn": Logged((45, 33, 44, 49, 50), (49, 66, 52, 79, 65), (341, 452, 360, 537, 443)),
    "inc3": Logged((12, 18, 20, 19, 17), (70, 64, 55, 53, 55), (952, 869, 751, 725, 751)),
    "inc6": Logged((12, 10, 11, 11, 13), (55, 67, 50, 60, 64), (1218, 1472, 1110, 1324, 1409)),
}

BEST: Mapping[str, Mapping[tuple[str, str], int]] = {
    "cnn2": {("8", "318"): 3, ("15", "482"): 3, ("39", "305"): 2, ("59", "167"): 3, ("123", "247"): 1,
             ("164", "281"): 6, ("206", "403"): 6, ("219", "347"): 3, ("246", "382"): 1, ("336", "421"): 1,
             ("428", "468"): 2},
    "cnn3": {("8", "318"): 3, ("15", "482"): 3, ("39", "305"): 1, ("59", "167"): 3, ("164", "281"): 6,
             ("206", "403"): 3, ("219", "347"): 3, ("246", "382"): 1, ("336", "421"): 1, ("428", "468"): 1},
    "cnn6": {("8", "318"): 3, ("164", "281"): 2, ("206", "403"): 1},
    "vgg": {("8", "318"): 3, ("15", "482"): 3, ("39", "305"): 1, ("133", "358"): 1, ("164", "281"): 1,
            ("206", "403"): 2, ("219", "347"): 3, ("222", "482"): 1, ("246", "382"): 1},
    "resnet": {("8", "318"): 3, ("15", "482"): 3, ("59", "167"): 1, ("94", "215"): 3, ("164", "281"): 7,
               ("219", "347"): 3},
    "inc3": {("8", "318"): 1, ("15", "482"): 3, ("94", "215"): 1, ("164", "281"): 2, ("206", "403"): 1,
             ("219", "347"): 3, ("246", "382"): 1},
    "inc6": {("8", "318"): 3, ("15", "482"): 2, ("164", "281"): 2, ("206", "403"): 1, ("219", "347"): 1,
             ("246", "382"): 1},
}  # fmt: skip
"""Confused pairs of classes and wrong test spectra of the best run of each network; CNN BN was left out."""

CHALLENGE: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("cnn2", "linear"): (93, 96, 100, 103, 103),
    ("cnn2", "relu"): (101, 105, 107, 111, 113),
    ("cnn3", "linear"): (84, 88, 89, 95, 99),
    ("cnn3", "relu"): (97, 97, 98, 103, 105),
    ("cnn6", "linear"): (124, 127, 129, 130, 133),
    ("cnn6", "relu"): (127, 131, 138, 138, 141),
    ("inc3", "linear"): (94, 96, 97, 103, 109),
    ("inc3", "relu"): (102, 104, 106, 107, 110),
    ("inc6", "linear"): (110, 116, 119, 121, 125),
    ("inc6", "relu"): (119, 123, 124, 127, 130),
}
"""Right of 162 by network and activation of the hidden dense layers, ascending; no others were published."""

MODIFIED: Mapping[str, Modified] = {
    "cnn_bn_mod": Modified(52.47, 58.64),
    "resnet_mod": Modified(3.70, 80.74),
    "cnn6_bn": Modified(67.90, 85.19),
    "vgg_mod": Modified(68.52, 83.95),
    "cnn6_convdo": Modified(79.63, 85.19),
}
"""By the modified network; for ``cnn6_bn`` and ``cnn6_convdo`` the paper's "modified" is plain CNN6 with ReLU.

80.74 % of 162 spectra is no whole number; it is 218 of the 270 validation spectra.
"""


ONLY_MEDIAN: Mapping[str, float] = {
    "resnet": MODIFIED["resnet_mod"].original,
    "vgg_mod-relu": MODIFIED["vgg_mod"].modified,
    "cnn_bn_mod-relu": MODIFIED["cnn_bn_mod"].modified,
    "cnn6_bn-relu": MODIFIED["cnn6_bn"].original,
    "cnn6_convdo-relu": MODIFIED["cnn6_convdo"].original,
}
"""Right of the challenge's test spectra, per cent, by entrant: networks of whose single runs nothing was published.

Not among them: ``resnet_mod``, whose figure is of validation spectra; VGG and CNN BN, as which dense layers they had is
not said.
"""


def published(dataset: str, network: str, activation: str) -> tuple[float, ...]:
    """Published accuracies of a network that is not modified, one a run; none where there are none.

    >>> published("benchmark", "cnn6", "relu")[0] == 1 - 6 / 4500
    True
    >>> published("benchmark", "cnn6", "linear")
    ()
    """
    if dataset == "benchmark" and network in LOGGED and activation == as_run(network):
        return tuple(1 - wrong / BENCHMARK_ROWS for wrong in LOGGED[network].wrong)
    if dataset == "challenge":
        return tuple(right / CHALLENGE_ROWS for right in CHALLENGE.get((network, activation), ()))
    return ()


def as_run(network: str) -> str:
    """Activation of the hidden dense layers in the runs of the general benchmark."""
    return {"cnn6": "relu", "resnet": ""}.get(network, "linear")


def published_median(dataset: str, name: str, accuracies: Sequence[float]) -> float | None:
    """Published median of an entrant whose single published runs have these accuracies; none where there is none.

    >>> published_median("challenge", "vgg_mod-relu", ())
    0.8395
    """
    if accuracies:
        return float(median(accuracies))
    if dataset == "challenge" and name in ONLY_MEDIAN:
        return round(ONLY_MEDIAN[name] / 100, 4)
    return None


def logged(dataset: str, name: str) -> Logged | None:
    """Published runs of an entrant on the general benchmark; none of others, and none on other data."""
    network = name.partition("-")[0]
    as_published = network in LOGGED and name == f"{network}-{as_run(network)}".rstrip("-")
    return LOGGED[network] if dataset == "benchmark" and as_published else None
