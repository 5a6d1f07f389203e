"""What a server counts, for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REASONS = {
    400: "unreadable",
    401: "token",
    403: "host",
    408: "slow",
    413: "size",
    415: "kind",
    422: "spectra",
    503: "busy",
}
"""Why a request was refused, by the status of its answer."""

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


def _registry() -> CollectorRegistry:
    return CollectorRegistry(auto_describe=True)


@dataclass(frozen=True, eq=False)
class Counts:
    """Requests by path and status, refusals by reason, predicted and flagged rows, seconds, and work under way."""

    registry: CollectorRegistry = field(default_factory=_registry)
    requests: Counter = field(init=False)
    refusals: Counter = field(init=False)
    rows: Counter = field(init=False)
    flagged: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    busy: Gauge = field(init=False)

    def __post_init__(self) -> None:
        where = self.registry
        made = {
            "requests": Counter("spectune_requests", "Answered requests.", ["path", "status"], registry=where),
            "refusals": Counter("spectune_refusals", "Refused requests.", ["reason"], registry=where),
            "rows": Counter("spectune_rows", "Predicted spectra.", registry=where),
            "flagged": Counter("spectune_flagged_rows", "Predicted spectra with a flag.", registry=where),
            "seconds": Histogram(
                "spectune_predict_seconds",
                "From the head of a request for predictions to the end of its answer.",
                buckets=_SECONDS,
                registry=where,
            ),
            "busy": Gauge("spectune_predictions_under_way", "Requests for predictions under way.", registry=where),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def refused(self, status: int) -> None:
        """One more that was refused."""
        self.refusals.labels(REASONS.get(status, "other")).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
