"""The cases of isolation_cases.py for what an integration's page is read from first."""

from collections.abc import Awaitable, Callable
from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.health import HealthRepository, LatestRuns
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY
from tests.data.worlds import World

HEALTH_CASES: dict[
    tuple[type[Repository], str], list[tuple[Callable[[Unit, World, World], Awaitable[Any]], Any]]
] = {
    (HealthRepository, "head"): [
        (lambda u, _, b: u.health.head(b.integration.id, "account", REIMBURSEMENT), NotFound),
        (lambda u, a, _: u.health.head(a.integration.id, "account", REIMBURSEMENT), OURS_ONLY),
    ],
    (HealthRepository, "heads"): [(lambda u, _a, _b: u.health.heads("account", REIMBURSEMENT), OURS_ONLY)],
    (HealthRepository, "runs"): [
        (lambda u, _, b: u.health.runs(b.integration.id), LatestRuns(None, None)),
        (lambda u, a, _: u.health.runs(a.integration.id), OURS_ONLY),
    ],
}
