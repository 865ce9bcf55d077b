"""For every method of the audit log: how one organisation could ask for another's lines, and what it gets."""

from typing import Any

from integration_admin.data.repositories.audit import AuditFilter, AuditRepository
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.worlds import World
from tests.fakes import START


async def beyond_our_log(unit: Unit) -> set[Any]:
    """Ask for the whole audit log; answer whose lines it has besides ours."""
    lines = await unit.audit.after(0, 1000)
    assert lines
    return {line.organisation_id for line, _ in lines} - {unit.organisation_id}


async def is_our_head(unit: Unit) -> bool:
    """Tell whether the audit log's head is that of its last line."""
    return (await unit.audit.head())[1] == (await unit.audit.latest(1))[0].hash


async def is_named(unit: Unit, theirs: World) -> bool:
    """Tell whether another organisation's person is among those who did something."""
    return theirs.member.name in await unit.audit.actors()


AUDIT_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (AuditRepository, "add"): [(lambda u, _a, _b: u.audit.add(START, "Alice", "look"), None)],
    (AuditRepository, "latest"): [(lambda u, _a, _b: u.audit.latest(), OURS_ONLY)],
    (AuditRepository, "page"): [
        (lambda u, _a, _b: u.audit.page(AuditFilter(), None, 9), OURS_ONLY),
        (lambda u, _a, b: u.audit.page(AuditFilter(actors=[b.member.name]), None, 9), []),
    ],
    (AuditRepository, "after"): [
        (lambda u, _a, _b: beyond_our_log(u), set()),
    ],
    (AuditRepository, "head"): [(lambda u, _a, _b: is_our_head(u), True)],
    (AuditRepository, "actors"): [(lambda u, _a, b: is_named(u, b), False)],
}
