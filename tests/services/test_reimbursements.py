"""Reimbursements go out like claims, against the simulated Xledger: once, balanced, and the right way round."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.statuses import DeliveryState, Role
from integration_admin.data.database import Database
from integration_admin.services.mapping_form import target_rows
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.timetable import read_timetable
from tests.builders import make_claim, make_line, make_reimbursement, save_organisation
from tests.sandbox.xledger import XledgerSandbox, xledger_sandbox
from tests.services.conftest import Engine

MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2400"),
    "subledger": FieldMapping(source="claimant.id"),
}
"""Account 2400 is kept by person: the sandbox refuses an entry on it that does not say whose it is."""
PAID_FROM = {"payment_account": FieldMapping(constant="1920")}
NewEngine = Callable[[Database, Any, Actor], Engine]


@pytest.fixture
async def sandbox() -> AsyncIterator[XledgerSandbox]:
    async with xledger_sandbox() as running:
        yield running


@pytest.fixture
async def connected(
    database: Database, new_engine: NewEngine, sandbox: XledgerSandbox
) -> AsyncIterator[tuple[Engine, uuid.UUID]]:
    """An engine whose only integration exports to the sandbox, once on each database."""
    organisation = await save_organisation(database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    async with OutboundClient(allow=("127.0.0.0/8",)) as http:
        adapter = XledgerAdapter(http, SystemClock(), Pace(10_000, 5.0))
        engine = new_engine(database, adapter, actor)
        yield engine, await _set_up(engine, sandbox)


async def _set_up(engine: Engine, sandbox: XledgerSandbox) -> uuid.UUID:
    actor = engine.actor
    integration = await engine.configuration.begin(actor, "xledger")
    typed = {"environment": "custom", "endpoint": f"{sandbox.url}/graphql", "token": sandbox.tokens["full"]}
    version = await engine.credentials.store(actor, integration, 1, typed)
    assert (await engine.credentials.test(actor, integration)).passed
    await engine.mappings.refresh(actor, integration)
    saved = await engine.mappings.save(actor, integration, version, MAPPING, accept_warnings=True)
    nightly = read_timetable(kind="daily", at="02:00", time_zone="Europe/Oslo")
    version = await engine.schedules.save(actor, integration, saved.version, nightly)
    await engine.configuration.save(actor, integration, version, "Regnskap")
    return integration


async def map_payments(engine: Engine, integration: uuid.UUID, **changes: FieldMapping) -> None:
    version = (await engine.configuration.get(engine.actor, integration)).version
    mapping = MAPPING | PAID_FROM | changes
    saved = await engine.mappings.save(engine.actor, integration, version, mapping, accept_warnings=True)
    assert saved.saved


async def receive_claims_and_payments(engine: Engine, count: int) -> None:
    claims = [
        make_claim(id=f"EC-{n}", lines=[make_line(project=None), make_line(2, amount="88.50", project=None)])
        for n in range(1, count + 1)
    ]
    payments = [
        make_reimbursement(id=f"RB-{n}", claim_id=f"EC-{n}", amount="500.50", reference=f"P-{n}")
        for n in range(1, count + 1)
    ]
    receipts = await engine.records.receive(engine.actor, [*claims, *payments])
    assert {str(receipt.result) for receipt in receipts} == {"created"}


async def booked(sandbox: XledgerSandbox) -> list[tuple[tuple[str, str], ...]]:
    """Return (account, amount) of the lines of each booked voucher; all balance and none is booked twice."""
    entries = await sandbox.ledger()
    assert all(entry["balanced"] and entry["count"] == 1 for entry in entries)
    return [tuple((line["account"], line["amount"]) for line in entry["lines"]) for entry in entries]


CLAIM = (("7140", "412.00"), ("7140", "88.50"), ("2400", "-500.50"))
PAYMENT = (("2400", "500.50"), ("1920", "-500.50"))


async def test_claims_and_their_payments_are_booked_once_and_settle_what_was_owed(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    await map_payments(engine, integration)
    await receive_claims_and_payments(engine, 7)
    first, second = await engine.sync(integration), await engine.sync(integration)
    assert (first.delivered, first.rejected, first.sums) == (14, 0, {"NOK": 14 * 50_050})
    assert second.delivered == 0
    vouchers = await booked(sandbox)
    assert sorted(vouchers) == sorted([CLAIM] * 7 + [PAYMENT] * 7)
    health = await engine.health.of(engine.actor, integration)
    assert (health.delivered_total, health.waiting, health.left_out) == (14, 0, None)


async def test_where_a_reimbursement_is_can_be_told(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    await map_payments(engine, integration)
    await receive_claims_and_payments(engine, 1)
    await engine.sync(integration)
    tracked = await RecordTracking(engine.database).get(engine.actor, "reimbursement", "RB-1")
    (delivery,) = tracked.deliveries
    assert (delivery.state, delivery.integration_name) == (DeliveryState.DELIVERED, "Regnskap")
    (entry,) = await sandbox.ledger(delivery.reference)
    assert (entry["posted_date"], entry["lines"][0]["text"]) == ("2026-11-08", "P-1 EC-1")
    assert entry["lines"][1]["text"] == "RB-1"


async def test_without_an_account_they_were_paid_from_reimbursements_stay_and_health_says_why(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    assert (await engine.health.of(engine.actor, integration)).left_out is None, "none has come in"
    await receive_claims_and_payments(engine, 3)
    assert (await engine.health.of(engine.actor, integration)).waiting == 3
    assert (await engine.sync(integration)).delivered == 3
    assert await booked(sandbox) == [CLAIM] * 3
    health = await engine.health.of(engine.actor, integration)
    assert health.waiting == 0
    assert str(health.left_out) == (
        "Reimbursements are not exported. To have them booked too, map “Account the money was paid from”."
    )
    await map_payments(engine, integration)
    health = await engine.health.of(engine.actor, integration)
    assert (health.waiting, health.left_out) == (3, None), "they are exported from now on"
    assert (await engine.sync(integration)).delivered == 3
    assert (await booked(sandbox))[3:] == [PAYMENT] * 3


async def test_a_lost_answer_is_looked_up_and_nothing_is_paid_twice(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    await map_payments(engine, integration)
    await receive_claims_and_payments(engine, 4)
    await sandbox.change("faults", {"spec": "drop_after=1"})
    lost = await engine.sync(integration)
    assert (lost.delivered, lost.unknown) == (0, 8)
    await sandbox.change("faults", {"spec": ""})
    engine.clock.advance(600)
    assert (await engine.sync(integration)).delivered == 8
    assert sorted(await booked(sandbox)) == sorted([CLAIM] * 4 + [PAYMENT] * 4)


async def test_what_keeps_a_reimbursement_back_is_told_about_it_alone(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    by_currency = FieldMapping(source="currency", values={"EUR": "1921"})
    await map_payments(engine, integration, payment_account=by_currency)
    await receive_claims_and_payments(engine, 1)
    await engine.records.receive(engine.actor, [make_reimbursement(id="RB-0", amount="0.00", currency="EUR")])
    run = await engine.sync(integration)
    assert (run.delivered, run.rejected) == (1, 2)
    assert await booked(sandbox) == [CLAIM]
    failures = (await engine.health.of(engine.actor, integration)).failures
    told = {(item.record_kind, item.record_id): (item.field, str(item.message)) for item in failures}
    assert told == {
        ("reimbursement", "RB-1"): (
            "payment_account",
            "“NOK” has no entry in the value map of “Account the money was paid from” yet.",
        ),
        ("reimbursement", "RB-0"): (
            "",
            "The reimbursement is 0.00 EUR. Only a reimbursement above zero can be exported.",
        ),
    }
    await map_payments(engine, integration)
    await engine.runs.retry(engine.actor, integration, "RB-1", "reimbursement")
    await engine.work_off()
    assert (await booked(sandbox))[1:] == [PAYMENT]


async def test_a_reimbursement_taken_up_before_its_account_was_unmapped_says_so(
    connected: tuple[Engine, uuid.UUID], sandbox: XledgerSandbox
) -> None:
    engine, integration = connected
    await map_payments(
        engine, integration, payment_account=FieldMapping(source="currency", values={"EUR": "1921"})
    )
    await receive_claims_and_payments(engine, 1)
    await engine.sync(integration)
    version = (await engine.configuration.get(engine.actor, integration)).version
    await engine.mappings.save(engine.actor, integration, version, MAPPING, accept_warnings=True)
    await engine.runs.retry(engine.actor, integration)
    await engine.work_off()
    health = await engine.health.of(engine.actor, integration)
    assert [str(item.message) for item in health.failures] == [
        "“Account the money was paid from” must be mapped before a reimbursement can be exported."
    ]
    assert await booked(sandbox) == [CLAIM]


async def test_the_mapping_page_offers_the_account_and_the_fields_of_a_payment(
    connected: tuple[Engine, uuid.UUID],
) -> None:
    engine, integration = connected
    editor = await engine.mappings.editor(engine.actor, integration)
    rows = {
        row.target.name: row for row in target_rows(editor.targets, editor.mapping, editor.reference_counts)
    }
    assert (rows["payment_account"].origin, rows["payment_account"].usual) == ("", True)
    assert {"claim_id", "paid_on", "reference"} < set(rows["invoice_number"].origins)
