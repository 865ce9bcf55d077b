"""Replacing secrets that are in use: tested first, swapped at once, and nowhere to be found afterwards."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from integration_admin.adapters.base import Connection, Credentials
from integration_admin.core.actor import Actor
from integration_admin.core.errors import (
    AdapterError,
    Conflict,
    Fault,
    InvalidInput,
    NotPermitted,
)
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, Role, RunState
from integration_admin.services.connection_attempt import attempt
from tests.fakes import FakeClock
from tests.services.conftest import Engine
from tests.services.held_back import HeldBack
from tests.services.secret_watcher import (
    NEW,
    OLD,
    SecretWatcher,
    audit,
    everything_in,
    rotate,
    stored,
    view_of,
)
from tests.services.secret_watcher import watched as watched  # noqa: PLC0414, a fixture
from tests.services.secret_watcher import watcher as watcher  # noqa: PLC0414, a fixture


async def test_a_new_secret_is_tested_and_then_in_use(watched: Engine, watcher: SecretWatcher) -> None:
    integration = await watched.set_up()
    before = await view_of(watched, integration)
    slots = (await watched.schedules.get(watched.actor, integration)).next_slots
    watched.clock.advance(60)
    report = await rotate(watched, integration)
    assert (report.passed, str(report.message)) == (True, "Connected to Fake AS.")
    assert watcher.tested_with == [OLD, NEW]
    assert await stored(watched, integration) == NEW
    after = await view_of(watched, integration)
    assert (after.state, after.version) == (IntegrationState.ACTIVE, before.version + 1)
    assert after.tested_at == watched.clock.now()
    assert (await watched.schedules.get(watched.actor, integration)).next_slots == slots
    form = await watched.credentials.form(watched.actor, integration)
    told = {field.field.name: field.stored for field in form.fields}["token"]
    assert told is not None
    assert (told.stored_at, told.stored_by, told.ending) == (watched.clock.now(), "Alice", NEW[-4:])
    assert (await audit(watched))[0] == ("credentials.rotate", {"fields": ["token"], "passed": True})


async def test_a_secret_that_does_not_work_leaves_the_old_one_in_place_and_says_why(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    before = await view_of(watched, integration)
    watcher.taken = {OLD}
    report = await rotate(watched, integration)
    assert (report.passed, str(report.message)) == (False, "The token is not known.")
    assert await stored(watched, integration) == OLD
    assert await view_of(watched, integration) == before
    assert (await audit(watched))[0] == ("credentials.rotate", {"fields": ["token"], "passed": False})
    await watched.receive(2)
    assert (await watched.sync(integration)).delivered == 2


async def test_a_test_nobody_answers_ends_in_time_and_says_so(
    watcher: SecretWatcher, clock: FakeClock
) -> None:
    async def silent(_: Credentials) -> Connection:
        await asyncio.Event().wait()
        raise AssertionError

    watcher.test_connection = silent  # type: ignore[method-assign]  # this test's own far side
    report = await attempt(watcher, Credentials({}), clock, seconds=0.05)
    assert not report.passed
    assert "did not answer within ten seconds" in str(report.message)


async def test_a_run_under_way_ends_on_the_old_secret_and_the_next_one_uses_the_new(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    await watched.receive(25)
    held = watcher.behaviour = HeldBack()
    running = asyncio.create_task(watched.sync(integration))
    await held.begun.wait()
    assert (await rotate(watched, integration)).passed
    held.go_on.set()
    run = await running
    assert (run.state, run.delivered) == (RunState.SUCCEEDED, 25)
    assert watcher.sent_with == [OLD] * 3
    assert (await view_of(watched, integration)).state is IntegrationState.ACTIVE

    watcher.taken = {NEW}
    await watched.receive(3, first=100)
    assert (await watched.sync(integration)).delivered == 3
    assert watcher.sent_with == [OLD] * 3 + [NEW]
    assert len({voucher.record_id for voucher in watcher.ledger}) == len(watcher.ledger) == 28


async def test_an_old_secret_withdrawn_during_the_run_does_not_stop_what_has_a_new_one(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    await watched.receive(25)
    held = watcher.behaviour = HeldBack()
    running = asyncio.create_task(watched.sync(integration))
    await held.begun.wait()
    watched.clock.advance(1)
    assert (await rotate(watched, integration)).passed
    watcher.taken = {NEW}
    held.go_on.set()
    assert (await running).state is RunState.PARTLY_FAILED
    assert (await view_of(watched, integration)).state is IntegrationState.ACTIVE
    watched.clock.advance(3600)
    await watched.sync(integration)
    assert len({voucher.record_id for voucher in watcher.ledger}) == len(watcher.ledger) == 25


async def test_an_integration_stopped_for_its_credentials_goes_on_after_a_rotation(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    await watched.receive(2)
    watcher.taken = {NEW}
    assert (await watched.sync(integration)).state is RunState.FAILED
    assert (await view_of(watched, integration)).state is IntegrationState.STOPPED
    assert (await rotate(watched, integration)).passed
    view = await view_of(watched, integration)
    assert (view.state, view.stop_message) == (IntegrationState.ACTIVE, None)
    assert (await watched.sync(integration)).delivered == 2


async def test_one_that_a_person_has_paused_stays_paused(watched: Engine) -> None:
    integration = await watched.set_up()
    await watched.configuration.set_paused(watched.actor, integration, paused=True)
    assert (await rotate(watched, integration)).passed
    assert (await view_of(watched, integration)).state is IntegrationState.PAUSED


async def test_a_secret_of_another_company_is_not_stored_and_stops_nothing(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    await watched.receive(1)
    await watched.sync(integration)
    watcher.connect = lambda _: Connection("Another AS", entity_id="8")
    report = await rotate(watched, integration)
    assert str(report.message) == (
        "These credentials reach Another AS, but this integration has exported to Fake AS. "
        "Use credentials for Fake AS, or set up a new integration."
    )
    assert await stored(watched, integration) == OLD
    assert (await view_of(watched, integration)).state is IntegrationState.ACTIVE


async def test_a_company_that_was_renamed_is_the_same_and_keeps_its_lists(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    await watched.receive(1)
    await watched.sync(integration)
    watcher.connect = lambda _: Connection("Renamed AS", entity_id="7")
    assert (await rotate(watched, integration)).passed
    assert (await view_of(watched, integration)).tested_entity == "Renamed AS"
    editor = await watched.mappings.editor(watched.actor, integration)
    assert editor.reference_counts == {"accounts": 3}


async def test_the_lists_of_another_company_are_forgotten_where_nothing_was_exported(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    watcher.connect = lambda _: Connection("Another AS", entity_id="8")
    assert (await rotate(watched, integration)).passed
    assert (await watched.mappings.editor(watched.actor, integration)).reference_counts == {}


async def test_a_secret_is_never_tried_at_an_address_its_person_has_not_seen(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    version = (await view_of(watched, integration)).version
    elsewhere = {"address": "https://another.example", "token": "a-token-for-there"}
    await watched.credentials.store(watched.actor, integration, version, elsewhere)
    with pytest.raises(Conflict):
        await watched.rotation.rotate(watched.actor, integration, version, {"token": NEW})
    assert NEW not in watcher.tested_with


async def test_of_two_who_change_it_at_once_the_second_is_told_and_nothing_is_half_stored(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    version = (await view_of(watched, integration)).version

    async def slow(_: Credentials) -> Connection:
        await watched.expiry.set(watched.actor, integration, version, date(2027, 1, 1))
        return Connection("Fake AS", entity_id="7")

    watcher.test_connection = slow  # type: ignore[method-assign]  # this test's own far side
    with pytest.raises(Conflict):
        await watched.rotation.rotate(watched.actor, integration, version, {"token": NEW})
    assert await stored(watched, integration) == OLD


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "Type the new secret here."),
        ({"token": "  "}, "Type the new secret here."),
        ({"token": "two\nlines"}, "line break"),
        ({"token": "x" * 501}, "too long"),
    ],
)
async def test_what_cannot_be_a_secret_is_told_before_anything_is_tried(
    watched: Engine, watcher: SecretWatcher, typed: dict[str, str], told: str
) -> None:
    integration = await watched.set_up()
    version = (await view_of(watched, integration)).version
    with pytest.raises(InvalidInput) as caught:
        await watched.rotation.rotate(watched.actor, integration, version, typed)
    assert told in str(caught.value.fields["token"])
    assert watcher.tested_with == [OLD]


async def test_an_expiry_date_that_is_over_is_told_before_anything_is_tried(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    with pytest.raises(InvalidInput) as caught:
        await rotate(watched, integration, expires_on=watched.clock.now().date() - timedelta(days=1))
    assert "expires_on" in caught.value.fields
    assert watcher.tested_with == [OLD]


async def test_the_old_secrets_date_goes_with_it(watched: Engine) -> None:
    integration = await watched.set_up()
    version = (await view_of(watched, integration)).version
    await watched.expiry.set(watched.actor, integration, version, date(2026, 12, 24))
    assert (await rotate(watched, integration)).passed
    assert (await watched.expiry.of(watched.actor, integration)).expires_on is None
    assert (await rotate(watched, integration, OLD, expires_on=date(2027, 11, 21))).passed
    known = await watched.expiry.of(watched.actor, integration)
    assert (known.expires_on, known.told_by) == (date(2027, 11, 21), "Alice")


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.VIEWER])
async def test_only_who_may_configure_may_rotate_remove_or_date(watched: Engine, role: Role) -> None:
    integration = await watched.set_up()
    actor = Actor(watched.actor.organisation_id, "Bob", role)
    version = (await view_of(watched, integration)).version
    tries = (
        watched.rotation.rotate(actor, integration, version, {"token": NEW}),
        watched.rotation.remove(actor, integration, version),
        watched.expiry.set(actor, integration, version, None),
    )
    for one in tries:
        with pytest.raises(NotPermitted):
            await one
    assert await stored(watched, integration) == OLD


async def test_the_secret_is_in_no_log_table_or_message(watched: Engine, watcher: SecretWatcher) -> None:
    integration = await watched.set_up()
    with capture_logs() as logs:
        passed = await rotate(watched, integration)
        watcher.taken = set()
        refused = await rotate(watched, integration, NEW + "-again")
        watcher.connect = broken
        down = await rotate(watched, integration, NEW + "-again")
    told = repr([logs, passed, refused, down, await audit(watched)])
    assert (passed.passed, refused.passed, down.passed) == (True, False, False)
    assert NEW not in told
    assert NEW not in await everything_in(watched.database)
    if watched.database.is_sqlite:
        file = Path(watched.database.path)
        for part in (file, file.with_name(f"{file.name}-wal")):
            assert NEW.encode() not in part.read_bytes()


def broken(_: Credentials) -> Connection:
    raise AdapterError(msg("Down."), Fault.UPSTREAM)
