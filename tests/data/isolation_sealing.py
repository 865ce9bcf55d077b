"""For every method of the repository about sealing: keys are the installation's, so there is nothing of a neighbour's in them."""

from typing import Any

from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.sealing import SealingRepository
from tests.data.isolation_cases import Call

SEALING_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (SealingRepository, "active_key"): [(lambda u, _a, _b: u.sealing.active_key(), None)],
}
