"""For every method of the reconciliations' repository: how one organisation could ask for another's rows, and what it gets."""

from datetime import timedelta
from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.reconciliations import ReconciliationRepository, Span
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.worlds import HOLDER, LATER, PERIOD, World
from tests.fakes import START

_EVER = LATER + timedelta(days=1)
_SPAN = Span(START - timedelta(days=1), _EVER)


async def ours_delivered(unit: Unit, ours: World, theirs: World) -> list[bool]:
    """Tell of our integration and of theirs whether anything is delivered, and how much there is of any state."""
    both = (ours.integration.id, theirs.integration.id)
    some = [await unit.reconciliations.any_delivered(one, _SPAN) for one in both]
    return some + [await unit.reconciliations.count(one, _SPAN) > 0 for one in both]


async def vouchers_of(unit: Unit, world: World) -> int:
    """Return how many delivered vouchers of an integration can be seen."""
    about = (world.integration.id, _SPAN, _EVER, DeliveryState.DELIVERED, 0, 9)
    return len(await unit.reconciliations.vouchers(*about))


async def supersede(unit: Unit, ours: World, theirs: World) -> int:
    """Let a comparison of ours, said to be of their integration, take the place of earlier ones."""
    newer = await unit.reconciliations.get(ours.reconciliation.id)
    unit.reconciliations._session.expunge(newer)
    newer.integration_id, newer.version = theirs.integration.id, 9
    return await unit.reconciliations.supersede(newer)


RECONCILIATION_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (ReconciliationRepository, "add"): [
        (lambda u, _, b: u.reconciliations.add(b.integration.id, PERIOD, "Alice", START), NotFound)
    ],
    (ReconciliationRepository, "get"): [
        (lambda u, a, _: u.reconciliations.get(a.reconciliation.id), OURS_ONLY),
        (lambda u, _, b: u.reconciliations.get(b.reconciliation.id), NotFound),
    ],
    (ReconciliationRepository, "of"): [
        (lambda u, a, _: u.reconciliations.of(a.integration.id), OURS_ONLY),
        (lambda u, _, b: u.reconciliations.of(b.integration.id), []),
    ],
    (ReconciliationRepository, "differing"): [
        (lambda u, a, _: u.reconciliations.differing(a.integration.id), OURS_ONLY),
        (lambda u, _, b: u.reconciliations.differing(b.integration.id), None),
    ],
    (ReconciliationRepository, "hold"): [
        (lambda u, _, b: u.reconciliations.hold(b.reconciliation.id, HOLDER, LATER, LATER), None)
    ],
    (ReconciliationRepository, "take_over"): [
        (lambda u, _, b: u.reconciliations.take_over(b.reconciliation.id, HOLDER, LATER), None)
    ],
    (ReconciliationRepository, "change"): [
        (lambda u, _, b: u.reconciliations.change(b.reconciliation.id, HOLDER, tries=9), False)
    ],
    (ReconciliationRepository, "keep"): [
        (lambda u, _, b: u.reconciliations.keep(b.reconciliation.id, 9, "", []), NotFound)
    ],
    (ReconciliationRepository, "pages"): [
        (lambda u, a, _: u.reconciliations.pages(a.reconciliation.id, 0, 9), [(1, "")]),
        (lambda u, _, b: u.reconciliations.pages(b.reconciliation.id, 0, 9), []),
    ],
    (ReconciliationRepository, "lines"): [
        (lambda u, a, _: u.reconciliations.lines(a.reconciliation.id, 0, 9), OURS_ONLY),
        (lambda u, _, b: u.reconciliations.lines(b.reconciliation.id, 0, 9), []),
    ],
    (ReconciliationRepository, "supersede"): [(supersede, 0)],
    (ReconciliationRepository, "sign"): [
        (lambda u, _, b: u.reconciliations.sign(b.reconciliation.id, "Alice", START, ""), False)
    ],
    (ReconciliationRepository, "vouchers"): [
        (lambda u, a, _: vouchers_of(u, a), 1),
        (lambda u, _, b: vouchers_of(u, b), 0),
    ],
    (ReconciliationRepository, "count"): [(ours_delivered, [True, False, True, False])],
    (ReconciliationRepository, "any_delivered"): [(ours_delivered, [True, False, True, False])],
    (ReconciliationRepository, "unchanged"): [
        (
            lambda u, _, b: u.reconciliations.unchanged([one.id for one in b.deliveries.values()], _EVER),
            frozenset(),
        )
    ],
}
