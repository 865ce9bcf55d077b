"""Figures for Prometheus, for whoever has the operator's token: all organisations' together, by ids and not by names."""

import hmac
from collections.abc import Callable, Iterable

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from integration_admin.api.problems import NoSuchAddress, Route
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.metrics import Figures

_PREFIX = "integration_admin"


def metrics_routes(settings: Settings) -> APIRouter:
    """Return the route; without the setting METRICS_TOKEN there is nothing at its address."""
    router = APIRouter(route_class=Route, include_in_schema=False)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        _check(request, settings.metrics_token)
        return Response(exposition(await container.current().metrics.read()), media_type=CONTENT_TYPE_LATEST)

    return router


def exposition(figures: Figures) -> bytes:
    """Write figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(figures))
    return generate_latest(registry)


class _Once(Collector):
    """Hands out the figures of one moment."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Return every metric."""
        return [family for write in _FAMILIES for family in write(self._figures)]


def _about(figures: Figures) -> list[Metric]:
    build = InfoMetricFamily(f"{_PREFIX}_build", "The release, and the database it runs on.")
    build.add_metric([], {"version": figures.version, "database": figures.database})
    states = _gauge("integrations", "Integrations by state.", "state")
    for state, count in figures.states.items():
        states.add_metric([state], count)
    notices = _gauge("notices_pending", "Notices that have not reached their recipient yet.")
    notices.add_metric([], figures.pending_notices)
    return [build, states, notices]


def _runs(figures: Figures) -> list[Metric]:
    runs = _gauge(
        "runs",
        "Runs in the history that ended, by what started them and how they ended.",
        "trigger",
        "outcome",
    )
    records = _gauge("run_records", "Records in those runs by what became of them in the run.", "outcome")
    totals = dict.fromkeys(("delivered", "rejected", "waiting", "unknown"), 0)
    for sums in figures.ended:
        runs.add_metric([sums.trigger, sums.outcome], sums.runs)
        for outcome in totals:
            totals[outcome] += getattr(sums, outcome)
    for outcome, count in totals.items():
        records.add_metric([outcome], count)
    return [runs, records]


def _queue(figures: Figures) -> list[Metric]:
    under_way = _gauge("runs_under_way", "Runs that are queued or running.", "state")
    for state, count in figures.under_way.items():
        under_way.add_metric([state], count)
    age = _gauge("queue_age_seconds", "How long the run that has waited longest has been in the queue.")
    age.add_metric([], figures.queue_age)
    locks = _gauge("lock_held", "1 for each integration whose export lock some process holds.", "integration")
    for integration in figures.held_locks:
        locks.add_metric([str(integration)], 1)
    lag = _gauge("tick_lag_seconds", "How long ago the scheduler ticked last; absent before the first tick.")
    if figures.tick_lag is not None:
        lag.add_metric([], figures.tick_lag)
    return [under_way, age, locks, lag]


def _integrations(figures: Figures) -> list[Metric]:
    waiting = _gauge(
        "deliveries", "Records that are not delivered yet, by where they are.", "integration", "state"
    )
    for (integration, state), count in figures.waiting.items():
        waiting.add_metric([str(integration), state], count)
    success = _gauge(
        "last_success_timestamp_seconds", "When a run last delivered everything, in Unix time.", "integration"
    )
    for integration, at in figures.last_success.items():
        success.add_metric([str(integration)], at.timestamp())
    left = _gauge(
        "vendor_requests_left",
        "Requests the vendor's agreement leaves this month; below zero when it is overdrawn.",
        "integration",
    )
    for integration, count in figures.requests_left.items():
        left.add_metric([str(integration)], count)
    return [waiting, success, left]


_FAMILIES: tuple[Callable[[Figures], list[Metric]], ...] = (_about, _runs, _queue, _integrations)


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", about, labels=labels)


def _check(request: Request, token: str) -> None:
    """Raise unless the caller has the operator's token; the time it takes tells nothing of it."""
    if not token:
        raise NoSuchAddress
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise SignInRequired(msg("The metrics are only for whoever has the operator's token."))
