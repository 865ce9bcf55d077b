"""Two transactions that decide about one integration at the same moment: the second sees what the first has done."""

from collections.abc import Callable

import pytest

from integration_admin.adapters.base import Connection
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, Role, RunState
from integration_admin.data.database import Database
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.data.repositories.unit import Unit
from tests.builders import make_run, save_organisation
from tests.data.worlds import make_credential
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.turns import one_after_the_other


@pytest.fixture
async def engine(
    postgresql_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> Engine:
    """An engine on PostgreSQL; SQLite has one writer at a time anyway."""
    organisation = await save_organisation(postgresql_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    return new_engine(postgresql_database, FakeAdapter(), actor)


async def test_pausing_does_not_hide_that_the_credentials_were_refused(engine: Engine) -> None:
    integration = await engine.set_up()

    async def stop(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.STOPPED)

    pause = engine.configuration.set_paused(engine.actor, integration, paused=True)
    with pytest.raises(Conflict):
        await one_after_the_other(engine.database, engine.actor, stop, pause)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.STOPPED


@pytest.mark.parametrize("deed", ["store", "remove"])
async def test_one_that_is_resumed_while_its_secrets_change_is_stopped_all_the_same(
    engine: Engine, deed: str
) -> None:
    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    version = (await engine.configuration.get(engine.actor, integration)).version

    async def resume(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.ACTIVE)

    change = (
        engine.credentials.store(engine.actor, integration, version, {"token": "another-token"})
        if deed == "store"
        else engine.rotation.remove(engine.actor, integration, version)
    )
    await one_after_the_other(engine.database, engine.actor, resume, change)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.STOPPED


async def test_a_run_whose_credentials_are_being_replaced_stops_nothing(engine: Engine) -> None:
    integration = await engine.set_up()
    run = make_run(integration, started_at=engine.clock.now())
    engine.clock.advance(1)

    async def replace(unit: Unit) -> None:
        now = engine.clock.now()
        version = (await unit.integrations.get(integration)).version
        await unit.integrations.change(integration, version, now)
        await unit.integrations.put_credential(make_credential(integration, field="token", stored_at=now))

    stop = engine.runner._stop_integration(engine.actor.organisation_id, run, msg("The token has expired."))
    await one_after_the_other(engine.database, engine.actor, replace, stop)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE


async def test_renaming_does_not_resume_what_is_being_paused(engine: Engine) -> None:
    integration = await engine.set_up()
    version = (await engine.configuration.get(engine.actor, integration)).version

    async def pause(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.PAUSED)

    rename = engine.configuration.save(engine.actor, integration, version, "Renamed")
    await one_after_the_other(engine.database, engine.actor, pause, rename)
    renamed = await engine.configuration.get(engine.actor, integration)
    assert (renamed.name, renamed.state) == ("Renamed", IntegrationState.PAUSED)


async def test_a_set_up_that_is_being_saved_is_not_discarded(engine: Engine) -> None:
    integration = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.note(integration, state=IntegrationState.DRAFT)

    async def save(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.ACTIVE)

    with pytest.raises(Conflict):
        await one_after_the_other(
            engine.database, engine.actor, save, engine.configuration.discard(engine.actor, integration)
        )
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE


async def test_a_test_that_reaches_another_company_does_not_stop_what_is_being_paused(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.connect = lambda _: Connection("Another company")

    async def pause(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.PAUSED)

    report = await one_after_the_other(
        engine.database, engine.actor, pause, engine.credentials.test(engine.actor, integration)
    )
    assert not report.passed
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.PAUSED


@pytest.mark.parametrize("deed", ["test", "rotate"])
async def test_what_is_being_stopped_goes_on_where_a_test_has_passed(engine: Engine, deed: str) -> None:
    integration = await engine.set_up()
    version = (await engine.configuration.get(engine.actor, integration)).version

    async def stop(unit: Unit) -> None:
        await unit.integrations.note(integration, state=IntegrationState.STOPPED)

    passed = (
        engine.credentials.test(engine.actor, integration)
        if deed == "test"
        else engine.rotation.rotate(engine.actor, integration, version, {"token": "another-token"})
    )
    assert (await one_after_the_other(engine.database, engine.actor, stop, passed)).passed
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE


async def test_a_set_up_that_has_just_passed_its_test_is_not_saved_as_untested(engine: Engine) -> None:
    integration = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.note(integration, state=IntegrationState.DRAFT, tested_at=None)
    version = (await engine.configuration.get(engine.actor, integration)).version

    async def passes(unit: Unit) -> None:
        await unit.integrations.note(integration, tested_at=engine.clock.now())

    save = engine.configuration.save_untested(engine.actor, integration, version, "Ledger", "It is down.")
    with pytest.raises(Conflict):
        await one_after_the_other(engine.database, engine.actor, passes, save)


async def test_an_export_that_is_ending_is_not_noted_as_cancelled(engine: Engine) -> None:
    integration = await engine.set_up()
    run = await engine.runs.start(engine.actor, integration)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs.start(run.id, engine.clock.now())

    async def end(unit: Unit) -> None:
        await unit.runs.finish(run.id, RunState.SUCCEEDED, engine.clock.now())

    ended = await one_after_the_other(
        engine.database, engine.actor, end, engine.runs.cancel(engine.actor, run.id)
    )
    assert ended.state is RunState.SUCCEEDED
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert not await unit.runs.cancel_requested(run.id)
        assert await unit.audit.page(AuditFilter(actions=("run.cancel",)), None, 1) == []
