"""`/metrics` in Prometheus' format: numbers and fixed names, no secret, no text and no name that a person gave."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import counted
from backend import __version__
from backend.services.operations import figures

TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Installation(Collector):
    """What the database and this process count, read when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        counts = figures.read()
        yield _gauge("rondo_info", "The version that runs", {__version__: 1}, "version")
        yield _gauge("rondo_jobs", "Jobs by queue and status", counts.jobs, "queue", "status")
        yield _gauge("rondo_rounds", "Rounds by status", counts.rounds, "status")
        yield _gauge("rondo_workers", "Workers alive by queue", counts.workers, "queue")
        waits = "Seconds since the oldest waiting job of the queue was made"
        yield _gauge("rondo_queue_age_seconds", waits, counts.queue_ages, "queue")
        yield GaugeMetricFamily("rondo_newest_sample_id", "Id of the newest sample", counts.newest_sample)
        yield GaugeMetricFamily("rondo_newest_decision_id", "Id of the newest decision", counts.newest_decision)
        requests = CounterMetricFamily(
            "rondo_requests", "Requests that this process answered", labels=("kind", "method", "status")
        )
        for labels, number in sorted(counted.requests.items()):
            requests.add_metric(labels, number)
        yield requests


registry = CollectorRegistry(auto_describe=False)
registry.register(Installation())


def text() -> bytes:
    """All figures. Raises `SQLAlchemyError` where the database does not answer."""
    return generate_latest(registry)


def _gauge(name: str, what: str, values: Mapping[Any, float], *labels: str) -> Metric:
    """A value for each label, or tuple of labels."""
    family = GaugeMetricFamily(name, what, labels=labels)
    for label, value in values.items():
        family.add_metric(label if isinstance(label, tuple) else (label,), value)
    return family
