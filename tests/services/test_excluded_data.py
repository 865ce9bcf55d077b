"""What is left out: it is not sent, nothing can be left out that is needed, and a change says what it does."""

import uuid
from collections.abc import Collection

import pytest
from sqlalchemy import select

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, Role, RunState
from integration_admin.data.models import Delivery
from integration_admin.data.models_access import AuditEvent
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.dry_run_judge import Would
from integration_admin.services.excluded_data import ExcludedData, SavedExclusions
from integration_admin.services.exclusion_effects import refusals
from integration_admin.services.mapping_resolver import compile_mapping
from integration_admin.services.preview import Previews
from integration_admin.services.run_exclusions import LeftOut, left_out_of, scope_with
from integration_admin.services.settings_files import SettingsFiles
from tests.builders import make_claim, make_line, save_organisation
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import FakeAdapter

NAMED = MAPPING | {"text": FieldMapping(compose="{id} {claimant.name} {line.description}")}
MEALS = "category:meals"


def excluded_data(engine: Engine) -> ExcludedData:
    return ExcludedData(engine.database, AdapterRegistry({"xledger": engine.adapter}), engine.clock)


async def leave_out(engine: Engine, integration: uuid.UUID, names: Collection[str]) -> SavedExclusions:
    service = excluded_data(engine)
    version = (await service.read(engine.actor, integration)).version
    return await service.save(engine.actor, integration, version, names)


async def left_out(engine: Engine, integration: uuid.UUID) -> set[str]:
    view = await excluded_data(engine).read(engine.actor, integration)
    return {choice.name for choice in view.choices if choice.left_out}


async def map_fields(engine: Engine, integration: uuid.UUID, mapping: dict[str, FieldMapping]) -> None:
    version = (await engine.configuration.get(engine.actor, integration)).version
    saved = await engine.mappings.save(engine.actor, integration, version, mapping, accept_warnings=True)
    assert saved.saved


async def receive_meal(engine: Engine, record: str = "EC-meal", **changes: object) -> None:
    lines = [make_line(), make_line(2, category="meals", amount="99.00")]
    await engine.records.receive(engine.actor, [make_claim(id=record, lines=lines, **changes)])


async def with_meals(engine: Engine) -> uuid.UUID:
    """Set up an integration that has accounts for both categories, with one claim of each."""
    integration = await engine.set_up()
    accounts = {"travel.public_transport": "7140", "meals": "7140"}
    await map_fields(
        engine, integration, MAPPING | {"account": FieldMapping(source="line.category", values=accounts)}
    )
    await engine.receive(1)
    await receive_meal(engine)
    return integration


async def delivery_states(engine: Engine) -> dict[int, DeliveryState]:
    async with engine.database.system() as system:
        rows = (await system._session.scalars(select(Delivery))).all()
    return {row.record_id: row.state for row in rows}


def said(saved: SavedExclusions) -> list[str]:
    return [str(sentence) for sentence in saved.sentences]


def booked(engine: Engine) -> list[str]:
    return [voucher.record_id for voucher in engine.adapter.ledger]


async def test_what_can_be_left_out_says_what_that_does_to_the_mapping(engine: Engine) -> None:
    integration = await engine.set_up()
    await map_fields(engine, integration, NAMED)
    await engine.receive(1)
    view = await excluded_data(engine).read(engine.actor, integration)
    choices = {choice.name: choice for choice in view.choices}
    assert {"claimant.name", "claimant.email", "claimant.bank_account", "purpose", "line.description"} <= set(
        choices
    )
    assert {"activities", "draft_activities", "category:travel.public_transport"} <= set(choices)
    assert not any(choice.left_out for choice in view.choices)
    assert [str(effect) for effect in choices["claimant.name"].effects] == [
        "Left out, “Text” is sent without it."
    ]
    assert [str(effect) for effect in choices["claimant.email"].effects] == [
        "The mapping does not use it, so it is not sent in any case."
    ]
    sent = {str(label): [str(origin) for origin in origins] for label, origins in view.sent}
    assert sent["Text"] == ["Claim number", "Claimant’s name", "Description of the outlay"]


async def test_a_field_left_out_is_not_sent_and_the_answer_says_how_many_records_it_concerns(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await map_fields(engine, integration, NAMED)
    await engine.receive(1)
    await engine.sync(integration)
    await engine.receive(2, first=2)

    saved = await leave_out(engine, integration, ["claimant.name", "claimant.email", "draft_activities"])

    assert said(saved) == [
        "Waiting records that will be sent without “Claimant’s name”: 2.",
        "What was sent already stays as it is.",
    ]
    assert await left_out(engine, integration) == {"claimant.name", "claimant.email", "draft_activities"}
    await engine.sync(integration)
    first, *later = engine.adapter.ledger
    assert "Kari Nordmann" in repr(first)
    assert len(later) == 2
    assert "Kari" not in repr(later)

    await engine.receive(1, first=9)
    again = await leave_out(engine, integration, [])
    assert said(again)[0] == "Waiting records that will be sent with “Claimant’s name” again: 1."


async def test_nothing_can_be_left_out_without_which_every_record_would_fail(engine: Engine) -> None:
    integration = await engine.set_up()
    person = MAPPING | {"account": FieldMapping(source="claimant.name", values={"Kari Nordmann": "7140"})}
    await map_fields(engine, integration, person)
    with pytest.raises(InvalidInput) as refused:
        await leave_out(engine, integration, ["claimant.name", "purpose"])
    assert list(refused.value.fields) == ["claimant.name"]
    assert "must not be empty" in str(refused.value.fields["claimant.name"])
    assert await left_out(engine, integration) == set()


async def test_no_mapping_is_saved_that_needs_what_is_left_out(engine: Engine) -> None:
    integration = await engine.set_up()
    await leave_out(engine, integration, ["claimant.name"])
    person = MAPPING | {"account": FieldMapping(source="claimant.name", values={"Kari Nordmann": "7140"})}
    with pytest.raises(InvalidInput) as refused:
        await map_fields(engine, integration, person)
    assert "“Claimant’s name”, which it is read from, is excluded" in str(refused.value.fields["account"])


async def test_a_settings_file_can_leave_out_categories_but_nothing_that_is_needed(engine: Engine) -> None:
    integration = await engine.set_up()
    adapters = AdapterRegistry({"xledger": engine.adapter})
    files = SettingsFiles(engine.database, adapters, engine.credentials._secrets, engine.runs, engine.clock)
    about = "type: xledger\nname: Regnskap\nexcluded: "
    await files.apply(engine.actor, f"{about}['category:meals', activities]".encode(), {})
    assert await left_out(engine, integration) == {MEALS, "activities"}
    for said in ("[line.category]", "['category:']"):
        with pytest.raises(InvalidInput) as refused:
            await files.apply(engine.actor, f"{about}{said}".encode(), {})
        (place,) = refused.value.fields
        assert place.startswith("excluded.")
    assert await left_out(engine, integration) == {MEALS, "activities"}


async def test_an_unknown_name_is_refused(engine: Engine) -> None:
    integration = await engine.set_up()
    with pytest.raises(InvalidInput) as refused:
        await leave_out(engine, integration, ["category:never.used", "password"])
    assert set(refused.value.fields) == {"category:never.used", "password"}


async def test_two_people_who_change_at_once_do_not_overwrite_each_other(engine: Engine) -> None:
    integration = await engine.set_up()
    service = excluded_data(engine)
    version = (await service.read(engine.actor, integration)).version
    await service.save(engine.actor, integration, version, ["purpose"])
    with pytest.raises(Conflict):
        await service.save(engine.actor, integration, version, ["claimant.name"])
    assert await left_out(engine, integration) == {"purpose"}


async def test_a_change_is_in_the_audit_log(engine: Engine) -> None:
    integration = await engine.set_up()
    await leave_out(engine, integration, ["purpose", "claimant.email"])
    async with engine.database.system() as system:
        rows = (await system._session.scalars(select(AuditEvent))).all()
    (row,) = [row for row in rows if row.action == "exclusions.save"]
    assert row.actor == "Alice"
    assert row.detail == {"old": {"categories": []}, "new": {"categories": ["claimant.email", "purpose"]}}


async def test_all_about_the_claimant_in_a_settings_file_is_shown_field_by_field(engine: Engine) -> None:
    integration = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.replace_exclusions(integration, frozenset({"claimant", "department"}))
    assert await left_out(engine, integration) == {
        "claimant.id",
        "claimant.name",
        "claimant.email",
        "claimant.bank_account",
        "department",
    }


async def test_a_claim_with_a_line_in_an_excluded_category_stays_whole_and_goes_out_when_it_is_let_in(
    engine: Engine,
) -> None:
    integration = await with_meals(engine)
    saved = await leave_out(engine, integration, [MEALS])
    assert said(saved)[0] == (
        "Waiting claims that stay, because they have a line in a category that is left out: 1."
    )

    run = await engine.sync(integration)
    assert booked(engine) == ["EC-1"]
    assert (run.state, run.delivered, run.rejected) == (RunState.SUCCEEDED, 1, 0)
    again = await engine.sync(integration)
    assert (again.state, again.delivered, again.rejected) == (RunState.SUCCEEDED, 0, 0)
    assert str(again.message).endswith("Records that stay because an expense category is left out: 1.")
    assert set((await delivery_states(engine)).values()) == {DeliveryState.DELIVERED, DeliveryState.READY}
    health = await engine.health.of(engine.actor, integration)
    assert (health.waiting, health.failed, health.failures) == (1, 0, ())
    assert " ".join(str(sentence) for sentence in health.held_back) == (
        "Claims with a line in the category “Meals” are left out: they and their reimbursements are not exported,"
        " and count as waiting."
    )

    freed = await leave_out(engine, integration, [])
    assert said(freed)[0] == "Waiting claims that were left out and now go with the next export: 1."
    await engine.sync(integration)
    assert booked(engine) == ["EC-1", "EC-meal"]


async def test_what_was_sent_before_its_category_was_excluded_is_never_sent_again_or_taken_back(
    engine: Engine,
) -> None:
    integration = await with_meals(engine)
    await engine.sync(integration)
    before = list(engine.adapter.ledger)
    saved = await leave_out(engine, integration, [MEALS])
    assert said(saved) == ["Nothing that waits to be sent changes.", "What was sent already stays as it is."]
    await engine.sync(integration)
    assert engine.adapter.ledger == before


async def test_a_claim_that_waited_for_another_try_is_ready_and_stays_once_its_category_is_excluded(
    engine: Engine,
) -> None:
    integration = await with_meals(engine)
    await engine.sync(integration)
    await receive_meal(engine, "EC-again")
    async with engine.database.read(engine.actor.organisation_id) as unit:
        record = await unit.records.get("expense_claim", "EC-again")
    await leave_out(engine, integration, [MEALS])
    await engine.sync(integration)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        (delivery,) = await unit.deliveries.of_record(record.id)
        delivery.state, delivery.due_at, delivery.attempts = (
            DeliveryState.RETRY_WAIT,
            engine.clock.now(),
            1,
        )
    run = await engine.sync(integration)
    assert (await delivery_states(engine))[record.id] is DeliveryState.READY
    assert (run.state, run.waiting) == (RunState.SUCCEEDED, 0)
    assert "EC-again" not in booked(engine)


async def test_the_dry_run_and_the_preview_say_that_such_a_claim_stays_and_why(engine: Engine) -> None:
    integration = await with_meals(engine)
    await leave_out(engine, integration, [MEALS])
    adapters = AdapterRegistry({"xledger": engine.adapter})
    entries = [
        entry
        async for page in DryRuns(engine.database, adapters, engine.clock).pages(engine.actor, integration)
        for entry in page
    ]
    shown = await Previews(engine.database, adapters, engine.clock).of(engine.actor, integration, "EC-meal")
    assert {entry.record_id: entry.would for entry in entries} == {"EC-1": Would.SEND, "EC-meal": Would.STAY}
    for entry in (entries[1], shown.entry):
        assert str(entry.reasons[0]) == (
            "The claim is left out, because the category “Meals” is excluded from what is sent."
        )
    assert shown.entry.would is Would.STAY
    assert shown.postings == ()


async def test_a_claim_that_is_not_approved_any_more_is_refused_for_that_reason(engine: Engine) -> None:
    integration = await with_meals(engine)
    await leave_out(engine, integration, [MEALS])
    await engine.sync(integration)
    await receive_meal(engine, revision=2, status="draft", approved_on=None)
    run = await engine.sync(integration)
    assert run.rejected == 1
    (failure,) = await engine.history.failures_of(engine.actor, run.id)
    assert "no longer approved" in str(failure.message)


async def test_a_running_export_is_said_to_go_on_as_it_began(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.runs.start(engine.actor, integration)
    saved = await leave_out(engine, integration, ["purpose"])
    assert said(saved)[0].startswith("An export is under way.")


async def test_a_long_category_can_be_left_out(engine: Engine) -> None:
    integration = await engine.set_up()
    longest = "x" * 64
    await engine.records.receive(
        engine.actor, [make_claim(id="EC-long", lines=[make_line(category=longest)])]
    )
    await leave_out(engine, integration, [f"category:{longest}"])
    assert await left_out(engine, integration) == {f"category:{longest}"}


async def test_each_run_keeps_what_it_left_out_and_could_not_read(engine: Engine) -> None:
    integration = await engine.set_up()
    await map_fields(engine, integration, NAMED)
    await engine.receive(1)
    assert (await engine.sync(integration)).left_out is None
    await leave_out(engine, integration, ["claimant.name", "claimant.email", "draft_activities"])
    await engine.receive(1, first=2)
    run = await engine.sync(integration)
    await leave_out(engine, integration, [])
    kept = (await engine.runs.get(engine.actor, run.id)).left_out
    assert kept == LeftOut(("claimant.email", "claimant.name", "draft_activities"), 0)
    page = await engine.history.page(engine.actor, integration)
    assert {shown.id: shown.left_out for shown in page.runs}[run.id] == kept


async def test_a_date_that_a_voucher_needs_is_counted_as_sent_although_it_was_to_be_left_out(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.replace_exclusions(integration, frozenset({"approved_on", "claimant"}))
    await engine.receive(1)
    run = await engine.sync(integration)
    assert run.left_out == LeftOut(("approved_on", "claimant"), 1)


def test_what_was_read_is_compared_with_what_was_excluded_at_that_moment() -> None:
    mapping = NAMED | {"credit_account": FieldMapping(constant="2910")}
    targets = FakeAdapter().target_fields
    first = frozenset({"claimant.name"})
    scope = scope_with(None, compile_mapping(mapping, targets, first), first)
    then = frozenset({"line.description"})
    taken_up_again = scope_with(scope, compile_mapping(mapping, targets, then), then)
    assert left_out_of(taken_up_again) == LeftOut(("claimant.name", "line.description"), 0)
    # As it would be if a mapping read what it may not.
    leaking = scope_with(None, compile_mapping(mapping, targets, frozenset()), first)
    assert left_out_of(leaking) == LeftOut(("claimant.name",), 1)
    assert left_out_of(None) is None


def test_who_the_money_is_owed_to_cannot_be_left_out_where_no_account_says_it() -> None:
    owed = TargetField("credit_account", msg("Credit"), msg("Owed."), Level.VOUCHER, reference="accounts")
    employee = TargetField("employee", msg("Employee"), msg("Who."), Level.VOUCHER, reference="employees")
    mapping = {"employee": FieldMapping(source="claimant.email")}
    wrong = refusals(mapping, (owed, employee), frozenset({"claimant.email", "purpose"}))
    assert list(wrong) == ["claimant.email"]
    assert "must be mapped" in str(wrong["claimant.email"])
    with_account = mapping | {"credit_account": FieldMapping(constant="2910")}
    assert refusals(with_account, (owed, employee), frozenset({"claimant.email"})) == {}


async def test_who_may_not_configure_changes_nothing_and_strangers_find_nothing(engine: Engine) -> None:
    integration = await engine.set_up()
    service = excluded_data(engine)
    coordinator = Actor(engine.actor.organisation_id, "Bob", Role.COORDINATOR)
    with pytest.raises(NotPermitted):
        await service.save(coordinator, integration, 1, ["purpose"])
    other = await save_organisation(engine.database, features=["xledger"])
    stranger = Actor(other.id, "Charlie", Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await service.read(stranger, integration)
    with pytest.raises(NotFound):
        await service.save(stranger, integration, 1, ["purpose"])
    assert await left_out(engine, integration) == set()
