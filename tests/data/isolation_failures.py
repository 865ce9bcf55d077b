"""The cases of isolation_cases.py for the repositories of failures by cause and of trends."""

from collections.abc import Awaitable, Callable
from typing import Any

from integration_admin.core.failure_causes import cause_of
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.repositories.backlog import BacklogRepository
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.failures import Dismissal, FailureRepository
from integration_admin.data.repositories.trends import TrendRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.worlds import World
from tests.fakes import START

REFUSED = FailureState.REFUSED
CAUSE = cause_of("config", "account", msg("The account is closed.").to_json())
"""The cause of the one failure each world has."""
WHY = Dismissal("Alice", START, "It is paid.")

FAILURE_CASES: dict[
    tuple[type[Repository], str], list[tuple[Callable[[Unit, World, World], Awaitable[Any]], Any]]
] = {
    (FailureRepository, "causes"): [
        (lambda u, _, b: u.failures.causes(b.integration.id, REFUSED, "", 9), []),
        (lambda u, a, _: u.failures.causes(a.integration.id, REFUSED, "", 9), [CAUSE]),
    ],
    (FailureRepository, "extent"): [
        (lambda u, _, b: u.failures.extent(b.integration.id, REFUSED, CAUSE, 9), None)
    ],
    (FailureRepository, "latest"): [
        (lambda u, _, b: u.failures.latest(b.integration.id, REFUSED, CAUSE), None)
    ],
    (FailureRepository, "of_cause"): [
        (lambda u, _, b: u.failures.of_cause(b.integration.id, REFUSED, CAUSE, 0, 9), [])
    ],
    (FailureRepository, "ended"): [(lambda u, _, b: u.failures.ended(b.integration.id, None, 9), [])],
    (FailureRepository, "retry"): [
        (lambda u, _, b: u.failures.retry(b.integration.id, REFUSED, CAUSE, 0, 9, START), (0, 0))
    ],
    (FailureRepository, "dismiss"): [
        (lambda u, _, b: u.failures.dismiss(b.integration.id, CAUSE, 0, 9, WHY), (0, 0))
    ],
    (FailureRepository, "dismiss_record"): [
        (lambda u, _, b: u.failures.dismiss_record(b.integration.id, b.records[3].id, WHY), False)
    ],
    (FailureRepository, "take_back"): [
        (lambda u, _, b: u.failures.take_back(b.integration.id, b.records[3].id, START), False)
    ],
    (FailureRepository, "take_back_together"): [
        (lambda u, _, b: u.failures.take_back_together(b.integration.id, START, 0, 9, START), (0, 0))
    ],
    (FailureRepository, "dismissals"): [
        (lambda u, _, b: u.failures.dismissals(b.integration.id, [b.records[3].id]), {})
    ],
    (BacklogRepository, "up_to"): [
        (lambda u, _, b: u.backlog.up_to(b.integration.id, tuple(DeliveryState), 9), {})
    ],
    (TrendRepository, "by_day"): [(lambda u, _, b: u.trends.by_day(b.integration.id, [START]), {})],
}
