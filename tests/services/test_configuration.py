"""Saving and pausing integrations: two of them never book the same claims in the same ledger."""

import uuid

import pytest

from integration_admin.adapters.base import Connection
from integration_admin.core.errors import AdapterError, Conflict, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, ScheduleKind
from integration_admin.services.health_monitor import Status
from integration_admin.services.timetable import Timetable
from tests.services.conftest import MAPPING, Engine


async def test_a_second_integration_on_the_same_ledger_is_refused_and_the_first_is_named(
    engine: Engine,
) -> None:
    first = await engine.set_up()
    with pytest.raises(Conflict) as caught:
        await engine.set_up()
    assert str(caught.value.message) == (
        "“Regnskap” exports to Fake AS already, and two integrations would book every claim twice."
    )
    states = {view.id: view.state for view in await engine.configuration.everything(engine.actor)}
    assert states.pop(first) is IntegrationState.ACTIVE
    assert list(states.values()) == [IntegrationState.DRAFT]


async def test_a_second_integration_on_another_entity_of_the_same_system_is_saved(engine: Engine) -> None:
    await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Another AS")
    second = await engine.set_up()
    assert (await engine.configuration.get(engine.actor, second)).state is IntegrationState.ACTIVE


async def test_an_integration_is_renamed_although_it_shares_a_ledger_with_itself(engine: Engine) -> None:
    integration = await engine.set_up()
    view = await engine.configuration.get(engine.actor, integration)
    await engine.configuration.save(engine.actor, integration, view.version, "Xledger")
    assert (await engine.configuration.get(engine.actor, integration)).name == "Xledger"


async def test_a_name_of_signs_nobody_sees_is_no_name(engine: Engine) -> None:
    integration = await engine.set_up()
    view = await engine.configuration.get(engine.actor, integration)
    with pytest.raises(InvalidInput) as caught:
        await engine.configuration.save(engine.actor, integration, view.version, "\N{ZERO WIDTH SPACE} ")
    assert list(caught.value.fields) == ["name"]


async def test_a_paused_integration_goes_on_only_after_its_new_credentials_have_been_tested(
    engine: Engine,
) -> None:
    def down(_: object) -> Connection:
        raise AdapterError(msg("Down."), Fault.UPSTREAM)

    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    view = await engine.configuration.get(engine.actor, integration)
    await engine.credentials.store(engine.actor, integration, view.version, {"token": "a-new-token"})
    with pytest.raises(Conflict):
        await engine.configuration.set_paused(engine.actor, integration, paused=False)
    works, engine.adapter.connect = engine.adapter.connect, down
    assert not (await engine.credentials.test(engine.actor, integration)).passed
    with pytest.raises(Conflict):
        await engine.configuration.set_paused(engine.actor, integration, paused=False)
    engine.adapter.connect = works
    assert (await engine.credentials.test(engine.actor, integration)).passed
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE


async def prepare_untested(engine: Engine) -> uuid.UUID:
    """Set up all but a passed connection test."""

    def down(_: object) -> Connection:
        raise AdapterError(msg("Down."), Fault.UPSTREAM)

    engine.adapter.connect = down
    integration = await engine.configuration.begin(engine.actor, "xledger")
    version = await engine.credentials.store(engine.actor, integration, 1, {"token": "some-token-or-other"})
    assert not (await engine.credentials.test(engine.actor, integration)).passed
    saved = await engine.mappings.save(engine.actor, integration, version, MAPPING, accept_warnings=True)
    nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    await engine.schedules.save(engine.actor, integration, saved.version, nightly)
    return integration


async def test_saving_without_a_passed_test_takes_a_reason_and_leaves_the_integration_paused(
    engine: Engine,
) -> None:
    works = engine.adapter.connect
    integration = await prepare_untested(engine)
    view = await engine.configuration.get(engine.actor, integration)
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(InvalidInput) as refused:
            await engine.configuration.save_untested(
                engine.actor, integration, view.version, "Regnskap", reason
            )
        assert list(refused.value.fields) == ["reason"]
    with pytest.raises(InvalidInput):
        await engine.configuration.save(engine.actor, integration, view.version, "Regnskap")

    await engine.configuration.save_untested(
        engine.actor, integration, view.version, "Regnskap", " Xledger is \n down today. "
    )
    health = await engine.health.of(engine.actor, integration)
    assert health.status is Status.PAUSED
    assert "“Xledger is down today.”" in str(health.sentence)
    assert engine.actor.name in str(health.sentence)
    with pytest.raises(Conflict):
        await engine.runs.start(engine.actor, integration)
    with pytest.raises(Conflict):
        await engine.configuration.set_paused(engine.actor, integration, paused=False)

    engine.adapter.connect = works
    assert (await engine.credentials.test(engine.actor, integration)).passed
    told = (await engine.health.of(engine.actor, integration)).sentence
    assert str(told) == "Paused. Nothing is exported until you resume it."
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE


async def test_what_has_been_tested_or_saved_is_not_saved_as_untested(engine: Engine) -> None:
    integration = await engine.set_up()
    view = await engine.configuration.get(engine.actor, integration)
    with pytest.raises(Conflict):
        await engine.configuration.save_untested(
            engine.actor, integration, view.version, "Xledger", "Why not"
        )


@pytest.mark.parametrize("paused", [False, True])
async def test_what_came_out_of_a_backup_says_so_until_a_person_resumes_it(
    engine: Engine, *, paused: bool
) -> None:
    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=paused)
    draft = await engine.configuration.begin(engine.actor, "xledger")
    assert await engine.configuration.pause_restored(engine.actor) == 1
    assert (await engine.configuration.get(engine.actor, draft)).state is IntegrationState.DRAFT
    async with engine.database.read(engine.actor.organisation_id) as unit:
        marks = [row.restored_at for row in await unit.integrations.everything()]
    assert marks == [engine.clock.now()] * 2, "one that is half set up may have exported since, too"
    assert (await engine.credentials.test(engine.actor, integration)).passed
    health = await engine.health.of(engine.actor, integration)
    assert health.status is Status.PAUSED
    assert "restored from a backup" in str(health.sentence)
    assert "looked up in the accounting system before it goes out" in str(health.sentence)

    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    told = (await engine.health.of(engine.actor, integration)).sentence
    assert str(told) == "Paused. Nothing is exported until you resume it."
