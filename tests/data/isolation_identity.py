"""For every method of the sign-in providers' repository: how one organisation could ask for another's rows, and what it gets."""

from typing import Any

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.identity import IdentityRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.factor_rows import row_id, step_of
from tests.data.identity_rows import ISSUER, SUBJECT, flow_of, identity_of, provider_of
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.worlds import World
from tests.fakes import START

IDENTITY_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (IdentityRepository, "provider"): [(lambda u, _a, _b: u.identity.provider(), OURS_ONLY)],
    (IdentityRepository, "add_provider"): [
        (lambda u, _, b: u.identity.add_provider(provider_of(b.member)), Conflict)
    ],
    (IdentityRepository, "change_provider"): [
        (lambda u, _, b: u.identity.change_provider(row_id(b.member, "provider"), required=True), False)
    ],
    (IdentityRepository, "remove_provider"): [(lambda u, _a, _b: _remove_and_put_back(u, _a), True)],
    (IdentityRepository, "connected"): [(lambda u, _a, _b: u.identity.connected(), OURS_ONLY)],
    (IdentityRepository, "of_member"): [(lambda u, _, b: u.identity.of_member(b.member.id), None)],
    (IdentityRepository, "who"): [(lambda u, _a, _b: u.identity.who(ISSUER, SUBJECT), OURS_ONLY)],
    (IdentityRepository, "member_by_email"): [
        (lambda u, _, b: u.identity.member_by_email(b.member.email), None)
    ],
    (IdentityRepository, "connect"): [
        (lambda u, _, b: u.identity.connect(identity_of(b.member, "new", "new")), NotFound)
    ],
    (IdentityRepository, "disconnect"): [(lambda u, _, b: u.identity.disconnect(b.member.id), 0)],
    (IdentityRepository, "note_used"): [
        (lambda u, _, b: u.identity.note_used(row_id(b.member, "identity"), START), None)
    ],
    (IdentityRepository, "add_flow"): [
        (lambda u, _, b: u.identity.add_flow(flow_of(b.member, "new")), NotFound)
    ],
    (IdentityRepository, "take_flow"): [
        (lambda u, _, b: u.identity.take_flow(row_id(b.member, "flow")), False)
    ],
    (IdentityRepository, "drop_flows"): [(lambda u, a, _: _drop_and_put_back(u, a), 1)],
    (IdentityRepository, "end_all_but"): [
        (lambda u, a, _: _end_and_put_back(u, a), 0),
    ],
}


async def _end_and_put_back(unit: Unit, ours: World) -> int:
    """End our own half-finished sign-ins; the tests that follow find one again."""
    ended = await unit.identity.end_all_but([ours.member.id], START)
    await unit.factors.add_step(step_of(ours.member, "step"))
    return ended


async def _drop_and_put_back(unit: Unit, ours: World) -> int:
    """Forget who of ours is on the way; the tests that follow find them again."""
    dropped = await unit.identity.drop_flows()
    await unit.identity.add_flow(flow_of(ours.member))
    return dropped


async def _remove_and_put_back(unit: Unit, ours: World) -> bool:
    """Remove our own provider; the tests that follow find it again."""
    removed = await unit.identity.remove_provider()
    await unit.identity.add_provider(provider_of(ours.member))
    await unit.identity.connect(identity_of(ours.member))
    await unit.identity.add_flow(flow_of(ours.member))
    return removed
