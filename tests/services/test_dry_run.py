"""A dry run tells what the export then does, to the letter; and neither writes nor sends anything."""

import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import Fault, NotFound, NotPermitted
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import DryRuns, DryRunTotals
from integration_admin.services.dry_run_judge import DryRunEntry, Would
from tests import canary
from tests.builders import make_claim, make_line, make_reimbursement, save_organisation
from tests.data.worlds import everything_of
from tests.sandbox.xledger import XledgerSandbox, xledger_sandbox
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.test_reimbursements import _set_up as connect_to_sandbox

NewEngine = Callable[[Database, Any, Actor], Engine]
UNMAPPED = [make_line(1, category="hotel"), make_line(2, category="meals"), make_line(3, category="meals")]


def dry_runs(engine: Engine) -> DryRuns:
    return DryRuns(engine.database, AdapterRegistry({"xledger": engine.adapter}), engine.clock)


async def pages_of(engine: Engine, integration: uuid.UUID) -> list[Sequence[DryRunEntry]]:
    return [page async for page in dry_runs(engine).pages(engine.actor, integration)]


async def tried(engine: Engine, integration: uuid.UUID) -> dict[str, DryRunEntry]:
    """Return what a dry run tells, by record, in its order."""
    return {entry.record_id: entry for page in await pages_of(engine, integration) for entry in page}


def answering(results: dict[str, Result]) -> Callable[[FakeAdapter, Sequence[Voucher]], list[Outcome]]:
    """Return a far side that answers as told by record, and books the others."""

    def behave(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        return [
            Outcome(
                voucher.reference,
                results[voucher.record_id],
                message=msg("The period is closed."),
                fault=Fault.CONFIG if results[voucher.record_id] is Result.REJECTED else Fault.TRANSIENT,
            )
            if voucher.record_id in results
            else adapter.book(voucher)
            for voucher in batch
        ]

    return behave


async def exclude(engine: Engine, integration: uuid.UUID, *names: str) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.replace_exclusions(integration, frozenset(names))


async def save_mapping(engine: Engine, integration: uuid.UUID, **changes: FieldMapping) -> None:
    version = (await engine.configuration.get(engine.actor, integration)).version
    saved = await engine.mappings.save(
        engine.actor, integration, version, MAPPING | changes, accept_warnings=True
    )
    assert saved.saved


async def test_what_is_told_is_what_the_export_then_sends(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    await engine.sync(integration)
    engine.adapter.ledger.clear()
    await engine.receive(230, first=10)
    told = await tried(engine, integration)

    run = await engine.sync(integration)

    assert run.delivered == 230
    assert [entry.would for entry in told.values()] == [Would.SEND] * 230
    sent = {voucher.record_id: voucher for voucher in engine.adapter.ledger}
    assert {name: entry.reference for name, entry in told.items()} == {
        name: voucher.reference for name, voucher in sent.items()
    }
    assert {name: entry.payload for name, entry in told.items()} == {
        name: engine.adapter.render(voucher) for name, voucher in sent.items()
    }


async def test_a_backlog_is_told_in_pages_and_summed_up(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(230)
    await engine.receive(1, first=500, currency="EUR")
    await engine.records.receive(engine.actor, [make_claim(id="EC-wrong", lines=UNMAPPED)])
    totals = DryRunTotals()
    pages = await pages_of(engine, integration)
    for page in pages:
        totals.add(page)

    assert max(len(page) for page in pages) <= 100
    assert totals.counts == {Would.SEND: 231, Would.FAIL: 1, Would.STAY: 0}
    assert [str(money.decimal()) + money.currency for money in totals.amounts] == ["412.00EUR", "94760.00NOK"]


async def test_everything_that_is_wrong_is_told_and_each_thing_once(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [make_claim(id="EC-1", lines=UNMAPPED)])
    entry = (await tried(engine, integration))["EC-1"]
    assert (entry.would, entry.payload) == (Would.FAIL, None)
    assert [str(reason) for reason in entry.reasons] == [
        "Category “Hotel” has no account yet.",
        "Category “Meals” has no account yet.",
    ]


async def test_an_account_that_was_closed_since_fails_and_the_payload_is_shown_all_the_same(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    closed = [ReferenceItem("1", "7140", "Reise", open=False), ReferenceItem("2", "2910", "Gjeld")]
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.mappings.replace_reference(integration, {"accounts": closed})
    entry = (await tried(engine, integration))["EC-1"]
    assert entry.would is Would.FAIL
    assert [str(reason) for reason in entry.reasons] == ["7140 Reise is closed in the accounting system."]
    assert entry.payload is not None


async def test_what_would_stay_is_told_with_its_reason(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    draft = make_claim(id="EC-draft", status="draft", approved_on=None)
    submitted = make_claim(id="EC-submitted", status="submitted", approved_on=None)
    await engine.records.receive(engine.actor, [draft, submitted, make_reimbursement(id="RB-1")])
    told = await tried(engine, integration)
    assert {name: entry.would for name, entry in told.items()} == {
        "EC-1": Would.SEND,
        "EC-draft": Would.STAY,
        "EC-submitted": Would.STAY,
        "RB-1": Would.STAY,
    }
    assert "not approved yet" in str(told["EC-draft"].reasons[0])
    assert "Reimbursements are not exported" in str(told["RB-1"].reasons[0])


async def test_what_nobody_knows_the_fate_of_is_told_as_such(engine: Engine) -> None:
    integration = await engine.set_up()
    fates = {
        "EC-1": Result.UNKNOWN,
        "EC-2": Result.NEEDS_PERSON,
        "EC-3": Result.REJECTED,
        "EC-4": Result.NOT_SENT,
        "EC-5": Result.REJECTED,
    }
    engine.adapter.behaviour = answering(fates)
    await engine.receive(6)
    await engine.sync(integration)
    await engine.records.receive(engine.actor, [make_claim(id="EC-5", revision=2, purpose="Rettet")])
    engine.adapter.sent.clear()
    told = await tried(engine, integration)

    assert {name: entry.would for name, entry in told.items()} == {
        "EC-5": Would.SEND,
        "EC-4": Would.SEND,
        "EC-1": Would.STAY,
        "EC-2": Would.STAY,
        "EC-3": Would.STAY,
    }
    assert "Nobody knows yet" in str(told["EC-1"].reasons[0])
    assert "until you have decided" in str(told["EC-2"].reasons[0])
    assert [str(reason) for reason in told["EC-3"].reasons][1:] == ["The period is closed."]
    assert "An earlier try" in str(told["EC-4"].reasons[0])
    assert engine.adapter.sent == []


async def test_a_claim_that_is_no_longer_approved_would_fail(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.behaviour = answering({"EC-1": Result.NOT_SENT})
    await engine.receive(1)
    await engine.sync(integration)
    await engine.records.receive(
        engine.actor, [make_claim(id="EC-1", revision=2, status="submitted", approved_on=None)]
    )
    entry = (await tried(engine, integration))["EC-1"]
    assert entry.would is Would.FAIL
    assert [str(reason) for reason in entry.reasons] == [
        "The claim is no longer approved, so it was not exported."
    ]


async def test_neither_excluded_fields_nor_secrets_are_in_what_is_told(engine: Engine) -> None:
    integration = await engine.set_up()
    await save_mapping(engine, integration, text=FieldMapping(compose="{id} {claimant.name} {purpose}"))
    await engine.receive(1)
    assert "Kari Nordmann" in repr(await tried(engine, integration))
    await exclude(engine, integration, "claimant.name", "purpose")
    told = repr(await tried(engine, integration))
    assert "EC-1" in told
    for hidden in ("Kari", "Likepersonsamling", "86011117947", "kari@example.org", canary.MARK):
        assert hidden not in told


async def test_addresses_and_account_numbers_in_a_body_are_for_administrators(engine: Engine) -> None:
    integration = await engine.set_up()
    sources = "{claimant.name} {claimant.email} {claimant.bank_account}"
    await save_mapping(engine, integration, text=FieldMapping(compose=sources))
    await engine.receive(1)
    told = (await tried(engine, integration))["EC-1"].payload
    assert told is not None
    assert told["lines"][0]["text"] == "Kari Nordmann kari@example.org 86011117947"
    daily = Actor(engine.actor.organisation_id, "Bob", Role.COORDINATOR)
    async for page in dry_runs(engine).pages(daily, integration):
        assert [entry.payload["lines"][0]["text"] for entry in page if entry.payload] == [
            "Kari Nordmann *** ***"
        ]


async def test_nothing_is_written(new_engine: NewEngine, sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    integration = await engine.set_up()
    engine.adapter.behaviour = answering({"EC-1": Result.REJECTED, "EC-2": Result.NOT_SENT})
    await engine.receive(3)
    await engine.sync(integration)
    await engine.receive(3, first=10)
    files = [Path(sqlite_database.path), Path(f"{sqlite_database.path}-wal")]
    before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    rows = await everything_of(sqlite_database, organisation.id)

    assert len(await tried(engine, integration)) == 5

    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == before
    assert await everything_of(sqlite_database, organisation.id) == rows


async def test_only_those_who_may_export_may_try_it_and_only_their_own(engine: Engine) -> None:
    integration = await engine.set_up()
    viewer = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    with pytest.raises(NotPermitted):
        await anext(dry_runs(engine).pages(viewer, integration))
    other = await save_organisation(engine.database, features=["xledger"])
    with pytest.raises(NotFound):
        await anext(dry_runs(engine).pages(Actor(other.id, "Charlie", Role.ADMINISTRATOR), integration))


async def test_a_pause_is_told_and_keeps_nobody_from_trying(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    assert await dry_runs(engine).obstacle(engine.actor, integration) is None
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    assert "paused" in str(await dry_runs(engine).obstacle(engine.actor, integration))
    assert (await tried(engine, integration))["EC-1"].would is Would.SEND


@pytest.fixture
async def sandbox() -> AsyncIterator[XledgerSandbox]:
    async with xledger_sandbox() as running:
        yield running


async def test_the_accounting_system_is_asked_nothing_and_its_own_rules_count(
    sqlite_database: Database, new_engine: NewEngine, sandbox: XledgerSandbox
) -> None:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    async with OutboundClient(allow=("127.0.0.0/8",)) as http:
        engine = new_engine(sqlite_database, XledgerAdapter(http, SystemClock(), Pace(10_000, 5.0)), actor)
        integration = await connect_to_sandbox(engine, sandbox)
        version = (await engine.configuration.get(actor, integration)).version
        mapping = (await engine.mappings.editor(actor, integration)).mapping
        dated = mapping | {"posted_date": FieldMapping(source="purpose")}
        await engine.mappings.save(actor, integration, version, dated, accept_warnings=True)
        await engine.records.receive(
            actor,
            [
                make_claim(id="EC-1", purpose="2026-11-05", lines=[make_line(project=None)]),
                make_claim(id="EC-2", purpose="i morgen", lines=[make_line(project=None)]),
            ],
        )
        asked = await sandbox.stats()
        told = await tried(engine, integration)
        assert await sandbox.stats() == asked
    assert told["EC-2"].would is Would.FAIL
    assert "is not a date" in str(told["EC-2"].reasons[0])
    assert told["EC-1"].would is Would.SEND
    assert sandbox.tokens["full"] not in repr(told)
