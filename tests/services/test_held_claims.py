"""A reimbursement stays as long as its claim is left out, and every place that shows either says why."""

import dataclasses
import uuid
from collections.abc import Callable

import pytest

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.actor import Actor
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, Role, RunState
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.dry_run_judge import Would
from integration_admin.services.record_tracking import RecordTracking
from tests.builders import make_claim, make_line, make_reimbursement, save_organisation
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.test_excluded_data import MEALS, booked, leave_out, map_fields, said

WHY_CLAIM = "The claim is left out, because the category “Meals” is excluded from what is sent."
WHY_PAYMENT = "The reimbursement waits, because its claim is left out: the category “Meals” is excluded from what is sent."


@pytest.fixture
async def engine(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> Engine:
    """An engine whose accounting system takes reimbursements too."""
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    adapter = FakeAdapter()
    kinds = frozenset({"expense_claim", "reimbursement"})
    adapter.capabilities = dataclasses.replace(adapter.capabilities, kinds=kinds)
    paid = TargetField(
        "payment_account", msg("Paid from"), msg("The bank."), Level.VOUCHER, reference="accounts"
    )
    adapter.target_fields = (*FakeAdapter.target_fields, paid)
    return new_engine(sqlite_database, adapter, Actor(organisation.id, "Alice", Role.ADMINISTRATOR))


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An integration that exports reimbursements; a paid meal has come in, and a paid journey."""
    integration = await engine.set_up()
    accounts = {"travel.public_transport": "7140", "meals": "7140"}
    mapping = MAPPING | {
        "account": FieldMapping(source="line.category", values=accounts),
        "payment_account": FieldMapping(constant="6800"),
    }
    await map_fields(engine, integration, mapping)
    meal = make_claim(id="EC-meal", status="paid", lines=[make_line(), make_line(2, category="meals")])
    payments = [
        make_reimbursement(id="RB-meal", claim_id="EC-meal"),
        make_reimbursement(id="RB-trip", claim_id="EC-trip"),
        make_reimbursement(id="RB-unknown", claim_id="EC-never-seen"),
    ]
    await engine.records.receive(engine.actor, [meal, make_claim(id="EC-trip", status="paid"), *payments])
    return integration


async def reason(engine: Engine, kind: str, record: str) -> tuple[DeliveryState, str]:
    tracked = await RecordTracking(engine.database).get(engine.actor, kind, record)
    (delivery,) = tracked.deliveries
    return delivery.state, str(delivery.reason or "")


async def test_a_reimbursement_waits_with_its_claim_and_goes_out_with_it(
    engine: Engine, integration: uuid.UUID
) -> None:
    saved = await leave_out(engine, integration, [MEALS])
    assert said(saved)[:2] == [
        "Waiting claims that stay, because they have a line in a category that is left out: 1.",
        "Waiting reimbursements that stay, because their claim is left out: 1.",
    ]
    run = await engine.sync(integration)
    assert (run.state, sorted(booked(engine))) == (RunState.SUCCEEDED, ["EC-trip", "RB-trip", "RB-unknown"])
    assert await reason(engine, "expense_claim", "EC-meal") == (DeliveryState.READY, WHY_CLAIM)
    assert await reason(engine, "reimbursement", "RB-meal") == (DeliveryState.READY, WHY_PAYMENT)
    assert await reason(engine, "reimbursement", "RB-trip") == (DeliveryState.DELIVERED, "")
    assert str((await engine.sync(integration)).message).endswith("an expense category is left out: 2.")

    freed = await leave_out(engine, integration, [])
    assert said(freed)[:2] == [
        "Waiting claims that were left out and now go with the next export: 1.",
        "Waiting reimbursements that stayed with their claim and now go with the next export: 1.",
    ]
    await engine.sync(integration)
    assert sorted(booked(engine))[:2] == ["EC-meal", "EC-trip"]
    assert "RB-meal" in booked(engine)


async def test_a_reimbursement_of_a_claim_sent_before_its_category_was_excluded_goes_out(
    engine: Engine, integration: uuid.UUID
) -> None:
    await engine.sync(integration)
    await leave_out(engine, integration, [MEALS])
    later = make_reimbursement(id="RB-later", claim_id="EC-meal")
    await engine.records.receive(engine.actor, [later])
    await engine.sync(integration)
    assert "RB-later" in booked(engine)


async def test_the_dry_run_says_that_it_waits_and_why(engine: Engine, integration: uuid.UUID) -> None:
    await leave_out(engine, integration, [MEALS])
    runs = DryRuns(engine.database, AdapterRegistry({"xledger": engine.adapter}), engine.clock)
    entries = {
        entry.record_id: (entry.would, [str(reason) for reason in entry.reasons])
        async for page in runs.pages(engine.actor, integration)
        for entry in page
    }
    assert entries["RB-meal"] == (Would.STAY, [WHY_PAYMENT])
    assert entries["EC-meal"] == (Would.STAY, [WHY_CLAIM])
    assert entries["RB-trip"][0] is Would.SEND


async def test_a_record_that_failed_is_tracked_with_what_was_said(
    engine: Engine, integration: uuid.UUID
) -> None:
    unmapped = make_claim(id="EC-hotel", lines=[make_line(category="hotel")])
    await engine.records.receive(engine.actor, [unmapped])
    await engine.sync(integration)
    state, why = await reason(engine, "expense_claim", "EC-hotel")
    assert state is DeliveryState.REJECTED
    assert "hotel" in why.lower()
