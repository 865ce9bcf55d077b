"""The cases of isolation_cases.py for the repositories of search, of a run's records and of retention."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.models import ScheduleSlot
from integration_admin.data.models_notices import Notice
from integration_admin.data.repositories.backlog import BacklogRepository
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.retention import RetentionRepository
from integration_admin.data.repositories.run_records import RunRecordRepository
from integration_admin.data.repositories.runs import RunRepository
from integration_admin.data.repositories.search import SearchRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.worlds import LATER, World

MUCH_LATER = LATER + timedelta(days=365)
_WAYS: dict[str, Any] = {
    "folded_id": "ec-",
    "claimant": "kari",
    "claimant_turned": "nordmann",
    "amount_minor": 41_200,
    "reference": "ref-0",
    "external_id": "1",
    "status": "approved",
    "state": DeliveryState.READY,
    "newest": None,
}


def ids_of(world: World) -> list[int]:
    return [record.id for record in world.records]


async def found_of(unit: Unit, theirs: World) -> list[int]:
    """Search along every way; answer what was found that is not ours, and that something was."""
    found = [hit.id for by, value in _WAYS.items() for hit in await unit.search.along(by, value, None, 100)]
    assert len(found) > len(_WAYS)
    return [record_id for record_id in found if record_id in ids_of(theirs)]


async def numbered_of(unit: Unit, theirs: World) -> list[int]:
    """The same by numbers both organisations have given out."""
    number = theirs.deliveries[DeliveryState.READY].voucher_number
    found = [hit.id for hit in await unit.search.along("voucher_number", number, None, 100)]
    found += [hit.id for hit in await unit.search.along("id_number", "1", None, 100)]
    assert found
    return [record_id for record_id in found if record_id in ids_of(theirs)]


async def beyond_ours(unit: Unit) -> int:
    """Return how many records are told of that are not ours; more than there are is asked for."""
    return len(await unit.search.newest_received(10_000)) - len(await unit.records.page(None, 0, 10_000))


async def old_runs_of(unit: Unit, theirs: World) -> list[Any]:
    runs = await unit.retention.old_runs(MUCH_LATER, None, 100)
    assert runs
    return [run for run in runs if run.id in {theirs.run.id, theirs.ended_run.id}]


async def removes_only_ours(unit: Unit, model: Any, remove: Callable[[datetime, int], Awaitable[int]]) -> int:
    """Delete all there is of what we own; the refusal takes it back where it was ours alone."""
    ours = len(await unit.retention._all(unit.retention._select(model)))
    assert ours
    if (removed := await remove(MUCH_LATER, 100)) != ours:
        return removed
    raise NotFound(msg("There is nothing more."))


async def compared_by_them(unit: Unit, theirs: World) -> bool:
    """Tell whether another organisation's comparison is among those that are old."""
    old = await unit.retention.old_reconciliations(MUCH_LATER)
    assert old
    return theirs.reconciliation.id in old


HISTORY_CASES: dict[
    tuple[type[Repository], str], list[tuple[Callable[[Unit, World, World], Awaitable[Any]], Any]]
] = {
    (BacklogRepository, "due"): [(lambda u, _, b: u.backlog.due(b.integration.id, MUCH_LATER), 0)],
    (SearchRepository, "along"): [
        (lambda u, _, b: found_of(u, b), []),
        (lambda u, _, b: numbered_of(u, b), []),
    ],
    (SearchRepository, "newest_received"): [(lambda u, _a, _b: beyond_ours(u), 0)],
    (SearchRepository, "places"): [(lambda u, _, b: u.search.places(ids_of(b)), [])],
    (RunRecordRepository, "failed"): [(lambda u, _, b: u.run_records.failed(b.run.id, 0, 10), ([], 0))],
    (RunRecordRepository, "sent"): [(lambda u, _, b: u.run_records.sent(b.run.id, 0, 10), ([], 0))],
    (RunRecordRepository, "sent_lately"): [(lambda u, _, b: u.run_records.sent_lately(b.run.id, 10), [])],
    (RunRecordRepository, "failures_of"): [
        (lambda u, _, b: u.run_records.failures_of(b.run.id, ids_of(b)), {})
    ],
    (RunRecordRepository, "story_of"): [(lambda u, _, b: u.run_records.story_of(b.records[3].id), [])],
    (RetentionRepository, "old_runs"): [(lambda u, _, b: old_runs_of(u, b), [])],
    (RetentionRepository, "remove_finished"): [
        (lambda u, _, b: u.retention.remove_finished(b.run.id, MUCH_LATER, 0, 10), (0, 0))
    ],
    (RetentionRepository, "remove_run"): [(lambda u, _, b: u.retention.remove_run(b.ended_run.id), False)],
    (RetentionRepository, "old_reconciliations"): [(lambda u, _, b: compared_by_them(u, b), False)],
    (RetentionRepository, "remove_reconciliation"): [
        (lambda u, _, b: u.retention.remove_reconciliation(b.reconciliation.id, 9), True)
    ],
    (RetentionRepository, "remove_notices"): [
        (lambda u, _a, _b: removes_only_ours(u, Notice, u.retention.remove_notices), NotFound)
    ],
    (RetentionRepository, "remove_slots"): [
        (lambda u, _a, _b: removes_only_ours(u, ScheduleSlot, u.retention.remove_slots), NotFound)
    ],
    (RunRepository, "by_ids"): [(lambda u, _, b: u.runs.by_ids([b.run.id, b.ended_run.id]), {})],
}
