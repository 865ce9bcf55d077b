"""An organisation that has something of everything, to be put beside another one."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, Uuid, bindparam, select

from faults.looking import looking
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import (
    DeliveryState,
    FateState,
    Finding,
    NoticeChannel,
    NoticeKind,
    ReconciliationState,
    RunState,
)
from integration_admin.data.columns import owned_models
from integration_admin.data.database import Database
from integration_admin.data.models import (
    Credential,
    Failure,
    Integration,
    Organisation,
    RecordRow,
    Run,
    Schedule,
)
from integration_admin.data.models_access import ApiToken, Member, Session
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings
from integration_admin.data.models_reconciliations import Reconciliation, ReconciliationLine
from integration_admin.data.repositories.deliveries import (
    Intent,
    NewDelivery,
    Outgoing,
    Settlement,
    Suspicion,
)
from integration_admin.data.repositories.fates import Seen
from integration_admin.data.repositories.unit import Unit
from tests.builders import make_claim, make_integration, make_member, make_record, make_run, save_organisation
from tests.data.factor_rows import give_factors
from tests.data.identity_rows import give_provider
from tests.data.people_rows import give_links
from tests.fakes import START

LATER = START + timedelta(days=30)
"""When everything that waits in a world is due."""
SLOT = "2026-11-22T02:00"
EVENING = "2026-11-21"
PERIOD = "2026-11"
HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class World:
    """One organisation with a row in every table; its natural keys are the same in every world.

    Its five deliveries are ready, sending, unknown, rejected with a newer revision, and delivered but refused
    after import.
    """

    organisation: Organisation
    member: Member
    integration: Integration
    records: list[RecordRow]
    run: Run
    ended_run: Run
    schedule: Schedule
    token: ApiToken
    session: Session
    deliveries: dict[DeliveryState, Outgoing]
    reconciliation: Reconciliation
    """One that has ended; another one of the month has not."""

    @property
    def id(self) -> uuid.UUID:
        return self.organisation.id


Everything = dict[str, list[Any]]
"""All rows of an organisation by table."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """An open database with two organisations that must not see each other."""

    database: Database
    ours: World
    theirs: World
    as_filled: Everything
    """What the other organisation has, and shall keep."""


async def fill(database: Database, member_name: str) -> World:
    """Store a new organisation with a row in every table."""
    member = make_member(member_name)
    organisation = await save_organisation(database, member)
    async with database.write(organisation.id) as unit:
        integration, token, session = await _connect(unit, member)
        run, ended_run = await _run(unit, integration.id)
        records, deliveries = await _export(unit, integration.id, run.id)
        schedule = await _plan(unit, integration.id, run.id)
        await _tell(unit, integration.id)
        reconciliation = await _compare(unit, integration.id)
        await give_factors(unit, member)
        await give_links(unit, member)
        await give_provider(unit, member)
        await unit.audit.add(START, member_name, "world.fill")
    return World(
        organisation, member, integration, records, run, ended_run, schedule, token, session, deliveries,
        reconciliation,
    )  # fmt: skip


async def everything_of(database: Database, organisation_id: uuid.UUID) -> Everything:
    """Return all rows of an organisation by table, as they are stored."""
    async with looking(database) as connection:
        return {
            name: list(await connection.execute(statement, {"organisation": organisation_id}))
            for name, statement in _everything().items()
        }


@cache
def _everything() -> dict[str, Select[Any]]:
    """Return what asks for an organisation's rows, by table; made once, for some tests ask hundreds of times."""
    organisation = bindparam("organisation", type_=Uuid())
    statements = {"organisations": select(Organisation.__table__).where(Organisation.id == organisation)}
    for model in owned_models():
        table = model.__table__  # type: ignore[attr-defined]  # every Owned is a mapped class
        assert isinstance(table, Table)
        rows = select(table).where(table.c.organisation_id == organisation)
        statements[table.name] = rows.order_by(*table.primary_key)
    return statements


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open a database and give its connections back at the end."""
    database = Database(url)
    yield database
    await database.close()


async def _connect(unit: Unit, member: Member) -> tuple[Integration, ApiToken, Session]:
    integration = make_integration(name="Accounting", secrets_expire_on=LATER.date())
    token = ApiToken(name="Expense system", token_hash=uuid.uuid4().hex, scopes=[], created_at=START)
    await unit.integrations.add(integration)
    await unit.organisations.add_token(token)
    session = Session(
        member_id=member.id,
        token_hash=uuid.uuid4().hex,
        created_at=START,
        last_seen_at=START,
        expires_at=LATER,
    )
    await unit.organisations.add_session(session)
    await unit.integrations.put_credential(make_credential(integration.id))
    await unit.integrations.replace_exclusions(integration.id, frozenset({"claimant.email"}))
    account = FieldMapping(source="line.category", values={"travel.public_transport": "7140"})
    await unit.mappings.replace(integration.id, {"account": account})
    await unit.mappings.keep_version(integration.id, START, member.name, {"account": account})
    await unit.mappings.replace_reference(
        integration.id, {"accounts": [ReferenceItem("a-1", "7140", "Reisekostnader")]}
    )
    return integration, token, session


def make_credential(integration_id: uuid.UUID, **changes: Any) -> Credential:
    """Build a credential whose envelope nobody can open."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "integration_id": integration_id,
        "field": "token",
        "envelope": "v1.k1.nonce.ciphertext",
        "stored_by": "Alice",
        "stored_at": START,
    }
    return Credential(**(values | changes))


async def _run(unit: Unit, integration_id: uuid.UUID) -> tuple[Run, Run]:
    run = make_run(integration_id, idempotency_key="key-1", cancel_requested=True)
    earlier = START - timedelta(days=1)
    ended = make_run(integration_id, state=RunState.FAILED, requested_at=earlier, finished_at=earlier)
    await unit.runs.add(run)
    await unit.runs.add(ended)
    return run, ended


async def _export(
    unit: Unit, integration_id: uuid.UUID, run_id: uuid.UUID
) -> tuple[list[RecordRow], dict[DeliveryState, Outgoing]]:
    records = [make_record(make_claim(id=f"EC-{number}", revision=2)) for number in range(6)]
    await unit.records.add(records)
    await unit.records.note_categories([("expense_claim", "travel.public_transport")], START)
    first = await unit.integrations.take_voucher_numbers(integration_id, 6)
    new = [NewDelivery(records[n].id, f"ref-{n}", first + n, 1) for n in (0, 1, 2, 3, 5)]
    await unit.deliveries.add(integration_id, new, START)
    ready, sending, unknown, rejected, followed = await unit.deliveries.ready(
        integration_id, Suspicion(), 0, 10
    )
    begun = [sending, unknown, rejected, followed]
    intents = [Intent(row.id, DeliveryState.READY, 0, row.revision, "hash") for row in begun]
    assert len(await unit.deliveries.begin_sending(intents, run_id, START)) == 4
    outcomes = [
        Settlement(unknown.id, DeliveryState.SENDING, 1, DeliveryState.UNKNOWN, due_at=START),
        Settlement(rejected.id, DeliveryState.SENDING, 1, DeliveryState.REJECTED),
        Settlement(followed.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED, "1", follow_at=START),
    ]
    assert len(await unit.deliveries.settle(outcomes, START)) == 3
    assert await unit.fates.note([Seen(followed.id, FateState.REJECTED)], START) == {followed.id}
    records[3].revision = 3
    await unit.runs.add_failures([make_failure(integration_id, run_id, rejected.record_id)])
    rows = {
        DeliveryState.READY: ready,
        DeliveryState.SENDING: sending,
        DeliveryState.UNKNOWN: unknown,
        DeliveryState.REJECTED: rejected,
        DeliveryState.DELIVERED: followed,
    }
    return records, rows


async def _tell(unit: Unit, integration_id: uuid.UUID) -> None:
    kind, notice_id = NoticeKind.FAILED, uuid.uuid4()
    await unit.notices.add_settings(
        NoticeSettings(
            kinds=[kind], deputy_email="deputy@example.org", webhook_url="", envelope="", version=1
        )
    )
    await unit.notices.open_trouble(integration_id, kind, START)
    notice = Notice(
        id=notice_id,
        integration_id=integration_id,
        integration_name="Accounting",
        kind=kind,
        cause="cause",
        sentence=msg("The last export failed.").to_json(),
        counts={"failed": 1},
        created_at=START,
    )
    way = NoticeDelivery(
        notice_id=notice_id,
        channel=NoticeChannel.EMAIL,
        address="deputy@example.org",
        language="nb",
        attempts=0,
        due_at=LATER,
    )
    await unit.notices.add(notice, [way])


def make_failure(integration_id: uuid.UUID, run_id: uuid.UUID, record_id: int, **changes: Any) -> Failure:
    """Build an open failure."""
    values: dict[str, Any] = {
        "integration_id": integration_id,
        "run_id": run_id,
        "record_id": record_id,
        "fault": "config",
        "field": "account",
        "message": msg("The account is closed.").to_json(),
        "created_at": START,
    }
    return Failure(**(values | changes))


async def _plan(unit: Unit, integration_id: uuid.UUID, run_id: uuid.UUID) -> Schedule:
    schedule = make_schedule(integration_id)
    await unit.schedules.put(schedule)
    assert await unit.schedules.win_slot(schedule.id, SLOT, LATER, run_id)
    assert await unit.preflights.claim(
        integration_id, EVENING, due_at=LATER, version=1, now=START, given_up_before=START
    )
    assert await unit.preflights.finish(integration_id, START, START, would_fail=1, needs_person=True)
    return schedule


async def _compare(unit: Unit, integration_id: uuid.UUID) -> Reconciliation:
    """Leave a comparison that ended, one that did not, a page of the file and a line."""
    ended = await unit.reconciliations.add(integration_id, PERIOD, "Somebody", START)
    line = ReconciliationLine(
        reconciliation_id=ended.id,
        finding=Finding.MISSING,
        kind="expense_claim",
        record="EC-1",
        reference="IA1",
        state_here=DeliveryState.DELIVERED,
        currency="NOK",
        amount_minor=41200,
        count_there=0,
        sums_there={},
    )
    await unit.reconciliations.keep(ended.id, 1, "", [line])
    assert await unit.reconciliations.hold(ended.id, HOLDER, START, START)
    assert await unit.reconciliations.change(
        ended.id, HOLDER, state=ReconciliationState.DIFFERS, finished_at=START
    )
    await unit.reconciliations.add(integration_id, PERIOD, "Somebody", START)
    return ended


def make_schedule(integration_id: uuid.UUID, **changes: Any) -> Schedule:
    """Build a daily schedule."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "integration_id": integration_id,
        "kind": "daily",
        "time_zone": "Europe/Oslo",
        "checked_until": START,
    }
    return Schedule(**(values | changes))
