"""For every method of every repository: how one organisation could ask for another's rows, and what it gets."""

from collections.abc import Awaitable, Callable
from typing import Any

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import DeliveryState, FateState, RunState
from integration_admin.data.models import Failure, Run
from integration_admin.data.models_access import Session
from integration_admin.data.repositories.backlog import BacklogRepository
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.decisions import DecisionRepository
from integration_admin.data.repositories.deliveries import (
    DeliveryRepository,
    Intent,
    NewDelivery,
    Outgoing,
    Settlement,
    Suspicion,
)
from integration_admin.data.repositories.fates import FateRepository, Postponed, Seen
from integration_admin.data.repositories.integrations import IntegrationRepository
from integration_admin.data.repositories.mappings import MappingRepository
from integration_admin.data.repositories.organisations import OrganisationRepository
from integration_admin.data.repositories.records import RecordRepository
from integration_admin.data.repositories.runs import RunRepository
from integration_admin.data.repositories.schedules import ScheduleRepository
from integration_admin.data.repositories.unit import Unit
from tests.builders import make_claim, make_record, make_run
from tests.data.worlds import LATER, SLOT, World, make_credential, make_failure, make_schedule
from tests.fakes import START

Call = Callable[[Unit, World, World], Awaitable[Any]]
RETRYABLE = [DeliveryState.REJECTED, DeliveryState.RETRY_WAIT]
CLAIM = "expense_claim"
OURS_ONLY = object()
"""Expect an answer with rows in it; that all of them are ours is checked for every answer."""
ENTRY = ReferenceItem("a-2", "6800", "Kontorrekvisita")


NOBODY: frozenset[int] = frozenset()


def intents(world: World) -> list[Intent]:
    """Return what would begin to be sent if it were the asking organisation's."""
    ready = world.deliveries[DeliveryState.READY]
    return [Intent(ready.id, DeliveryState.READY, 0, ready.revision, "h")]


def delivered_by(world: World) -> Outgoing:
    return world.deliveries[DeliveryState.DELIVERED]


def intake(world: World) -> NewDelivery:
    return NewDelivery(world.records[4].id, "ref-4", 900, 1)


def settlements(world: World) -> list[Settlement]:
    """Return what would be settled if it were the asking organisation's."""
    return [
        Settlement(world.deliveries[was].id, was, 1, DeliveryState.DELIVERED, "stolen")
        for was in (DeliveryState.SENDING, DeliveryState.UNKNOWN)
    ]


def browser(world: World) -> Session:
    return Session(
        member_id=world.member.id,
        token_hash="hash",
        created_at=START,
        last_seen_at=START,
        expires_at=LATER,
    )


def failure(world: World, run: Run, of: World) -> Failure:
    return make_failure(world.integration.id, run.id, of.records[0].id)


async def leftovers(unit: Unit, theirs: World) -> list[int]:
    """Ask for what another organisation's integration has left; answer those that are not ours."""
    rows = await unit.records.without_delivery(theirs.integration.id, [CLAIM], ["approved"], 0, 100)
    assert rows
    return [row[0] for row in rows if row[0] in {record.id for record in theirs.records}]


async def newest_but_ours(unit: Unit, theirs: World) -> list[int]:
    """Ask for the newest records; answer those that are not ours."""
    rows = await unit.records.newest([CLAIM], 1000)
    assert rows
    return [row[0] for row in rows if row[0] in {record.id for record in theirs.records}]


async def new_beyond_ours(unit: Unit, theirs: World) -> int:
    """The same by the quick count."""
    ours = await unit.records.page("approved", 0, 1000)
    return await unit.backlog.not_taken_up(theirs.integration.id, [CLAIM], ["approved"], 0) - len(ours)


# Each method with arguments that name the other organisation's rows, and what must come of it. Where a
# method takes no such argument, both organisations hold rows of the same name and only ours may answer.
CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (DeliveryRepository, "add"): [
        (lambda u, _, b: u.deliveries.add(b.integration.id, [intake(b)], START), NotFound),
        (lambda u, a, b: u.deliveries.add(a.integration.id, [intake(b)], START), NotFound),
    ],
    (DeliveryRepository, "ready"): [
        (lambda u, _, b: u.deliveries.ready(b.integration.id, Suspicion(), 0, 10), [])
    ],
    (DeliveryRepository, "waited"): [
        (lambda u, _, b: u.deliveries.waited(b.integration.id, Suspicion(), LATER, 0, 10), [])
    ],
    (DeliveryRepository, "begin_sending"): [
        (lambda u, a, b: u.deliveries.begin_sending(intents(b), a.run.id, START), NOBODY)
    ],
    (DeliveryRepository, "settle"): [(lambda u, _, b: u.deliveries.settle(settlements(b), START), NOBODY)],
    (DeliveryRepository, "interrupted"): [
        (lambda u, _, b: u.deliveries.interrupted(b.integration.id, 0, 100), [])
    ],
    (DeliveryRepository, "unknown_due"): [
        (lambda u, _, b: u.deliveries.unknown_due(b.integration.id, LATER, 0, 10), [])
    ],
    (DeliveryRepository, "retry"): [
        (lambda u, _, b: u.deliveries.retry(b.integration.id, RETRYABLE, START), 0),
        (lambda u, _, b: u.deliveries.retry(b.integration.id, RETRYABLE, START, b.records[0].id), 0),
    ],
    (DeliveryRepository, "revised"): [(lambda u, _, b: u.deliveries.revised(b.integration.id), [])],
    (DeliveryRepository, "revive_revised"): [
        (
            lambda u, _, b: u.deliveries.revive_revised(
                b.integration.id, [b.deliveries[DeliveryState.REJECTED].id], START
            ),
            0,
        )
    ],
    (DeliveryRepository, "counts"): [(lambda u, _, b: u.deliveries.counts(b.integration.id), {})],
    (DeliveryRepository, "of_record"): [(lambda u, _, b: u.deliveries.of_record(b.records[0].id), [])],
    (DecisionRepository, "waiting"): [(lambda u, _, b: u.decisions.waiting(b.integration.id, 0, 10), [])],
    (DecisionRepository, "held"): [
        (lambda u, _, b, state=state: u.decisions.held(b.integration.id, state, 0, 10), [])
        for state in DeliveryState
    ],
    (DecisionRepository, "reasons"): [
        (lambda u, _, b: u.decisions.reasons(b.integration.id, [record.id for record in b.records]), {})
    ],
    (DecisionRepository, "states_of"): [
        (lambda u, _, b: u.decisions.states_of(b.integration.id, [record.id for record in b.records]), {})
    ],
    (DecisionRepository, "found"): [
        (lambda u, _, b: u.decisions.found(b.integration.id, b.records[0].id, "stolen", START), None)
    ],
    (DecisionRepository, "send_again"): [
        (lambda u, _, b: u.decisions.send_again(b.integration.id, b.records[0].id, START), None)
    ],
    (BacklogRepository, "by_state"): [(lambda u, _, b: u.backlog.by_state(b.integration.id), {})],
    (BacklogRepository, "by_fate"): [(lambda u, _, b: u.backlog.by_fate(b.integration.id, FateState), {})],
    (FateRepository, "due"): [(lambda u, _, b: u.fates.due(b.integration.id, LATER, 10), [])],
    (FateRepository, "postpone"): [
        (lambda u, _, b: u.fates.postpone([Postponed(delivered_by(b).id, START, LATER)]), NOBODY)
    ],
    (FateRepository, "note"): [
        (lambda u, _, b: u.fates.note([Seen(delivered_by(b).id, FateState.BOOKED, "stolen")], START), NOBODY)
    ],
    (FateRepository, "put_right"): [
        (lambda u, _, b: u.fates.put_right(b.integration.id, delivered_by(b).record_id, START), None)
    ],
    (FateRepository, "of_records"): [
        (lambda u, _, b: u.fates.of_records(b.integration.id, [record.id for record in b.records]), {})
    ],
    (BacklogRepository, "left_by_run"): [
        (lambda u, _, b: u.backlog.left_by_run(b.integration.id, b.run.id), (0, 0))
    ],
    (BacklogRepository, "not_taken_up"): [(lambda u, _, b: new_beyond_ours(u, b), 0)],
    (IntegrationRepository, "everything"): [(lambda u, _a, _b: u.integrations.everything(), OURS_ONLY)],
    (IntegrationRepository, "get"): [(lambda u, _, b: u.integrations.get(b.integration.id), NotFound)],
    (IntegrationRepository, "add"): [(lambda u, _, b: u.integrations.add(b.integration), ValueError)],
    (IntegrationRepository, "change"): [
        (lambda u, _, b: u.integrations.change(b.integration.id, 1, START, name="Taken"), Conflict)
    ],
    (IntegrationRepository, "note"): [
        (lambda u, _, b: u.integrations.note(b.integration.id, name="Taken"), None)
    ],
    (IntegrationRepository, "note_at"): [
        (lambda u, _, b: u.integrations.note_at(b.integration.id, b.integration.version, name="Taken"), False)
    ],
    (IntegrationRepository, "count_requests"): [
        (lambda u, _, b: u.integrations.count_requests(b.integration.id, "2026-11", 5), None)
    ],
    (IntegrationRepository, "lets"): [
        (lambda u, _, b: u.integrations.lets(b.integration.id, b.ended_run.id), False),
        (lambda u, a, b: u.integrations.lets(a.integration.id, b.ended_run.id), False),
        (lambda u, a, b: u.integrations.lets(b.integration.id, a.ended_run.id), False),
    ],
    (IntegrationRepository, "sharing_ledger"): [
        (
            lambda u, _, b: u.integrations.sharing_ledger(b.integration, b.integration.tested_entity),
            OURS_ONLY,
        ),
        (lambda u, _, b: u.integrations.sharing_ledger(b.integration, "", "E-1"), OURS_ONLY),
    ],
    (IntegrationRepository, "has_deliveries"): [
        (lambda u, _, b: u.integrations.has_deliveries(b.integration.id), False)
    ],
    (IntegrationRepository, "take_voucher_numbers"): [
        (lambda u, _, b: u.integrations.take_voucher_numbers(b.integration.id, 1), NotFound)
    ],
    (IntegrationRepository, "remove"): [(lambda u, _, b: u.integrations.remove(b.integration.id), None)],
    (IntegrationRepository, "credentials"): [
        (lambda u, _, b: u.integrations.credentials(b.integration.id), [])
    ],
    (IntegrationRepository, "put_credential"): [
        (
            lambda u, _, b: u.integrations.put_credential(make_credential(b.integration.id, field="x")),
            NotFound,
        ),
        (lambda u, _, b: u.integrations.put_credential(make_credential(b.integration.id)), Conflict),
    ],
    (IntegrationRepository, "remove_credentials"): [
        (lambda u, _, b: u.integrations.remove_credentials(b.integration.id), None)
    ],
    (IntegrationRepository, "with_secrets_until"): [
        (lambda u, _a, _b: u.integrations.with_secrets_until(LATER.date()), OURS_ONLY)
    ],
    (IntegrationRepository, "note_reminded"): [
        (lambda u, _, b: u.integrations.note_reminded(b.integration.id, LATER.date(), 30), False)
    ],
    (IntegrationRepository, "exclusions"): [
        (lambda u, _, b: u.integrations.exclusions(b.integration.id), frozenset())
    ],
    (IntegrationRepository, "replace_exclusions"): [
        (lambda u, _, b: u.integrations.replace_exclusions(b.integration.id, frozenset()), None),
        (lambda u, _, b: u.integrations.replace_exclusions(b.integration.id, frozenset({"x"})), NotFound),
    ],
    (MappingRepository, "maps"): [(lambda u, _, b: u.mappings.maps(b.integration.id, "account"), False)],
    (MappingRepository, "get"): [(lambda u, _, b: u.mappings.get(b.integration.id), {})],
    (MappingRepository, "replace"): [
        (lambda u, _, b: u.mappings.replace(b.integration.id, {}), None),
        (lambda u, _, b: u.mappings.replace(b.integration.id, {"x": FieldMapping(constant="1")}), NotFound),
    ],
    (MappingRepository, "keep_version"): [
        (lambda u, _, b: u.mappings.keep_version(b.integration.id, START, "Alice", {}), Conflict)
    ],
    (MappingRepository, "versions"): [(lambda u, _, b: u.mappings.versions(b.integration.id, 9), [])],
    (MappingRepository, "version"): [(lambda u, _, b: u.mappings.version(b.integration.id, 1), NotFound)],
    (MappingRepository, "replace_reference"): [
        (lambda u, _, b: u.mappings.replace_reference(b.integration.id, {}), None),
        (lambda u, _, b: u.mappings.replace_reference(b.integration.id, {"accounts": [ENTRY]}), NotFound),
    ],
    (MappingRepository, "search_reference"): [
        (lambda u, _, b: u.mappings.search_reference(b.integration.id, "accounts"), [])
    ],
    (MappingRepository, "reference_codes"): [
        (lambda u, _, b: u.mappings.reference_codes(b.integration.id, "accounts", ["7140"]), {"7140": []})
    ],
    (MappingRepository, "neighbouring_codes"): [
        (lambda u, _, b: u.mappings.neighbouring_codes(b.integration.id, "accounts", "1", 9), [])
    ],
    (MappingRepository, "reference_ids"): [
        (lambda u, _, b: u.mappings.reference_ids(b.integration.id, "accounts", ["a-1"]), {})
    ],
    (MappingRepository, "reference_counts"): [
        (lambda u, _, b: u.mappings.reference_counts(b.integration.id), {})
    ],
    (OrganisationRepository, "get"): [(lambda u, _a, _b: u.organisations.get(), OURS_ONLY)],
    (OrganisationRepository, "members"): [(lambda u, _a, _b: u.organisations.members(), OURS_ONLY)],
    (OrganisationRepository, "member"): [(lambda u, _, b: u.organisations.member(b.member.id), NotFound)],
    (OrganisationRepository, "add_member"): [
        (lambda u, _, b: u.organisations.add_member(b.member), ValueError)
    ],
    (OrganisationRepository, "add_session"): [
        (lambda u, _, b: u.organisations.add_session(browser(b)), NotFound)
    ],
    (OrganisationRepository, "note_authenticated"): [
        (lambda u, _, b: u.organisations.note_authenticated(b.session.id, LATER), None)
    ],
    (OrganisationRepository, "add_token"): [(lambda u, _, b: u.organisations.add_token(b.token), ValueError)],
    (OrganisationRepository, "language_of"): [
        (lambda u, _, b: u.organisations.language_of(b.member.id), NotFound)
    ],
    (OrganisationRepository, "set_language"): [
        (lambda u, _, b: u.organisations.set_language(b.member.id, "nn"), None)
    ],
    (RecordRepository, "get"): [(lambda u, _a, _b: u.records.get(CLAIM, "EC-0"), OURS_ONLY)],
    (RecordRepository, "known"): [(lambda u, _a, _b: u.records.known([(CLAIM, "EC-0")]), OURS_ONLY)],
    (RecordRepository, "found_as"): [(lambda u, _a, _b: u.records.found_as(["ec-0"]), [(CLAIM, "EC-0")])],
    (OrganisationRepository, "take_turns"): [(lambda u, _a, _b: u.organisations.take_turns(), None)],
    (RecordRepository, "add_all"): [
        (lambda u, _a, _b: u.records.add_all([make_record(make_claim(id="EC-2026-9001"))]), None)
    ],
    (RecordRepository, "add"): [(lambda u, _, b: u.records.add(b.records), ValueError)],
    (RecordRepository, "page"): [(lambda u, _a, _b: u.records.page(None, 0, 100), OURS_ONLY)],
    (RecordRepository, "by_ids"): [
        (lambda u, _, b: u.records.by_ids([record.id for record in b.records]), {})
    ],
    (RecordRepository, "newest"): [(lambda u, _, b: newest_but_ours(u, b), [])],
    (RecordRepository, "without_delivery"): [(lambda u, _, b: leftovers(u, b), [])],
    (RecordRepository, "categories"): [
        (lambda u, _a, _b: u.records.categories(CLAIM), ["travel.public_transport"])
    ],
    (RecordRepository, "note_categories"): [
        (lambda u, _a, _b: u.records.note_categories([(CLAIM, "travel.public_transport")], LATER), None)
    ],
    (RunRepository, "add"): [
        (lambda u, _, b: u.runs.add(make_run(b.integration.id)), NotFound),
        (lambda u, _, b: u.runs.add(b.run), ValueError),
    ],
    (RunRepository, "take_turns"): [(lambda u, _, b: u.runs.take_turns(b.integration.id), None)],
    (RunRepository, "get"): [(lambda u, _, b: u.runs.get(b.run.id), NotFound)],
    (RunRepository, "by_idempotency_key"): [
        (lambda u, _, b: u.runs.by_idempotency_key(b.integration.id, "key-1"), None)
    ],
    (RunRepository, "active"): [(lambda u, _, b: u.runs.active(b.integration.id), None)],
    (RunRepository, "latest_finished"): [(lambda u, _, b: u.runs.latest_finished(b.integration.id), None)],
    (RunRepository, "history"): [
        (lambda u, _, b: u.runs.history(b.integration.id, None, 10), []),
        (lambda u, _, b: u.runs.history(b.integration.id, (LATER, b.run.id), 10), []),
    ],
    (RunRepository, "start"): [(lambda u, _, b: u.runs.start(b.run.id, START), False)],
    (RunRepository, "finish"): [(lambda u, _, b: u.runs.finish(b.run.id, RunState.FAILED, START), False)],
    (RunRepository, "ask_to_stop"): [(lambda u, _, b: u.runs.ask_to_stop(b.run.id), False)],
    (RunRepository, "progress"): [(lambda u, _, b: u.runs.progress(b.run.id, delivered=9), None)],
    (RunRepository, "cancel_requested"): [(lambda u, _, b: u.runs.cancel_requested(b.run.id), False)],
    (RunRepository, "add_failures"): [
        (lambda u, a, b: u.runs.add_failures([failure(a, b.run, a)]), NotFound),
        (lambda u, a, b: u.runs.add_failures([failure(a, a.run, b)]), NotFound),
    ],
    (RunRepository, "failures"): [
        (lambda u, _, b: u.runs.failures(b.integration.id), []),
        (lambda u, _, b: u.runs.failures(b.integration.id, run_id=b.run.id), []),
    ],
    (RunRepository, "resolve_failures"): [
        (
            lambda u, _, b: u.runs.resolve_failures(
                b.integration.id, [record.id for record in b.records], LATER
            ),
            {},
        )
    ],
    (ScheduleRepository, "get"): [(lambda u, _, b: u.schedules.get(b.integration.id), None)],
    (ScheduleRepository, "put"): [
        (lambda u, _, b: u.schedules.put(make_schedule(b.integration.id)), Conflict),
        (lambda u, _, b: u.schedules.put(b.schedule), ValueError),
    ],
    (ScheduleRepository, "take_turn"): [(lambda u, _, b: u.schedules.take_turn(b.integration.id), None)],
    (ScheduleRepository, "ask"): [(lambda u, _, b: u.schedules.ask(b.schedule.id, START), None)],
    (ScheduleRepository, "close_question"): [
        (lambda u, _, b: u.schedules.close_question(b.schedule.id), False)
    ],
    (ScheduleRepository, "remove"): [(lambda u, _, b: u.schedules.remove(b.integration.id), None)],
    (ScheduleRepository, "win_slot"): [
        (lambda u, _, b: u.schedules.win_slot(b.schedule.id, SLOT, LATER), False),
        (lambda u, _, b: u.schedules.win_slot(b.schedule.id, "2026-12-01T02:00", LATER), NotFound),
    ],
    (ScheduleRepository, "dates_done"): [
        (lambda u, _, b: u.schedules.dates_done(b.schedule.id, SLOT[:10]), frozenset())
    ],
    (ScheduleRepository, "used_slots"): [
        (lambda u, _, b: u.schedules.used_slots(b.schedule.id, SLOT[:10]), {})
    ],
    (ScheduleRepository, "checked"): [
        (lambda u, _, b: u.schedules.checked(b.schedule.id, START, LATER), False)
    ],
}
