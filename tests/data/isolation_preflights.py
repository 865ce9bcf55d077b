"""For every method of the preflights' repository: how one organisation could ask for another's rows, and what it gets."""

from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.preflights import PreflightRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.worlds import EVENING, LATER
from tests.fakes import START

_BEGUN: dict[str, Any] = {"due_at": LATER, "version": 1, "now": LATER, "given_up_before": LATER}


async def theirs_noticed(unit: Unit) -> int:
    """Note of every check there may be that somebody was told; answer how many of them were not ours."""
    ours = {preflight.id for preflight in await unit.preflights.unnoticed(START)}
    assert ours
    others = set(range(1, 20)) - ours
    return sum([await unit.preflights.note_noticed(one, START) for one in others])


PREFLIGHT_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (PreflightRepository, "claim"): [
        (lambda u, _, b: u.preflights.claim(b.integration.id, EVENING, **_BEGUN), False),
        (lambda u, _, b: u.preflights.claim(b.integration.id, "2026-11-22", **_BEGUN), NotFound),
    ],
    (PreflightRepository, "finish"): [
        (lambda u, _, b: u.preflights.finish(b.integration.id, START, LATER, would_fail=9), False)
    ],
    (PreflightRepository, "newest"): [(lambda u, _, b: u.preflights.newest(b.integration.id), None)],
    (PreflightRepository, "unnoticed"): [(lambda u, _a, _b: u.preflights.unnoticed(START), OURS_ONLY)],
    (PreflightRepository, "note_noticed"): [(lambda u, _a, _b: theirs_noticed(u), 0)],
}
