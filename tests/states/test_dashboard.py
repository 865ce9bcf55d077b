"""The dashboard: what a card tells, what can be done from it, and what it says when nothing can be read."""

import uuid
from types import SimpleNamespace
from typing import Any, cast

import pytest
from reflex.state import OnLoadInternalState
from sqlalchemy.event import listen

from integration_admin.core.actor import Actor
from integration_admin.core.errors import DatabaseUnreachable
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, Role
from integration_admin.services import container
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.dashboard import DashboardState
from integration_admin.states.schedule import ScheduleState
from integration_admin.states.wizard import WizardState
from tests.builders import make_claim, make_line
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {
    "settings/integrations": [DashboardState.load],
    "settings/integrations/new": [WizardState.load, ScheduleState.load_in_wizard],
}


class Unreachable:
    """A monitor whose database has gone away."""

    async def everything(self, _actor: object, failures: int) -> Any:
        del failures
        raise DatabaseUnreachable(msg("The database cannot be reached."))


@pytest.fixture
def engine(people: People, new_engine: Any) -> Engine:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(people.database, FakeAdapter(), actor)
    install(made, made.health)
    return made


def install(engine: Engine, health: HealthMonitor | Unreachable) -> None:
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        configuration=engine.configuration,
        credentials=engine.credentials,
        health=health,
        mappings=engine.mappings,
        runs=engine.runs,
        schedules=engine.schedules,
        types=engine.types,
    )
    container.install(cast("Any", services))


async def test_what_the_wizard_refused_is_not_told_on_the_dashboard(people: People, engine: Engine) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.alice), f"/settings/integrations/new?id={draft}&step=review"
        )
        await tab.send(WizardState.save, form={"name": "Regnskapet", "reason": "Later"})
        assert [error["field"] for error in tab[WizardState.errors]] == ["mapping", "schedule"]
        tab.address = "/settings/integrations"
        await tab.send(OnLoadInternalState.on_load_internal)
        assert tab[WizardState.errors] == []


async def test_how_things_stand_is_read_again_once_a_lost_connection_is_back(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        before = tab[DashboardState.cards][0]["sentence"]
        await engine.configuration.set_paused(engine.actor, integration, paused=True)
        await tab.reconnect()
        await tab.until(lambda: tab[DashboardState.cards][0]["sentence"] != before)


async def test_a_card_tells_the_newest_errors_and_starts_pauses_and_resumes(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    hotel = make_claim(id="EC-hotel", lines=[make_line(category="hotel")])
    await engine.records.receive(engine.actor, [make_claim(), hotel])
    await engine.sync(integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        (card,) = tab[DashboardState.cards]
        assert (card["delivered"], card["failed"], card["lifecycle"]) == ("1", "1", "active")
        (error,) = card["errors"]
        assert error["record"] == "EC-hotel"
        assert not any(theirs for _, theirs in error["reason"])

        await tab.send(DashboardState.set_paused, integration_id=str(integration), paused=True)
        assert tab[DashboardState.cards][0]["status"] == "paused"
        await tab.send(DashboardState.sync, integration_id=str(integration))
        assert "pause" in tab[DashboardState.refusal]
        await tab.send(DashboardState.set_paused, integration_id=str(integration), paused=False)
        await tab.send(DashboardState.sync, integration_id=str(integration))
        assert tab.redirects == [f"/settings/integrations/{integration}"]


async def test_a_second_press_on_a_card_goes_where_the_first_one_leads_and_one_that_is_paused_meanwhile_says_so(
    people: People, engine: Engine
) -> None:
    integration = str(await engine.set_up())
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        for presses in (1, 2):
            await tab.send(DashboardState.sync, integration_id=integration)
            assert tab.redirects == [f"/settings/integrations/{integration}"] * presses
            assert tab[DashboardState.refusal] == ""
        await engine.configuration.set_paused(engine.actor, uuid.UUID(integration), paused=True)
        await tab.send(DashboardState.sync, integration_id=integration)
        assert "pause" in tab[DashboardState.refusal]


async def test_a_look_is_three_readings_however_many_integrations_there_are(
    people: People, engine: Engine
) -> None:
    await engine.set_up()
    begun: list[object] = []
    listen(people.database.engine.sync_engine, "begin", begun.append)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        for _ in range(2):
            begun.clear()
            await tab.send(DashboardState.load)
            assert len(begun) == 3, "whose event it is, the integrations, the types"
            await engine.configuration.begin(engine.actor, "xledger")
    assert len(tab[DashboardState.cards]) == 2


async def test_set_ups_of_one_type_are_told_apart_by_name_and_a_discarded_one_leaves_the_other_its_own(
    people: People, engine: Engine
) -> None:
    for _ in range(2):
        await engine.configuration.begin(engine.actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        one, other = (card["name"] for card in tab[DashboardState.cards])
        assert (one[-4:], other[-4:]) == (" (1)", " (2)")
        await tab.send(DashboardState.discard, integration_id=tab[DashboardState.cards][0]["id"])
        assert one in tab[DashboardState.announcement]
        assert [card["name"] for card in tab[DashboardState.cards]] == [other[:-4]]


async def test_the_card_of_a_set_up_that_was_discarded_in_another_tab_goes_with_the_reason(
    people: People, engine: Engine
) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        await engine.configuration.discard(engine.actor, draft)
        await tab.send(DashboardState.discard, integration_id=str(draft))
        assert (tab[DashboardState.cards], tab[DashboardState.unread]) == ([], False)
        assert tab[DashboardState.refusal]


async def test_a_press_that_is_refused_twice_for_the_same_reason_is_told_twice(
    people: People, engine: Engine
) -> None:
    integration = str(await engine.set_up())
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        await tab.send(DashboardState.set_paused, integration_id=integration, paused=True)
        told = []
        for _ in range(2):
            await tab.send(DashboardState.sync, integration_id=integration)
            told.append((tab[DashboardState.refusal], tab[DashboardState.times_refused]))
    assert told[0][0] == told[1][0] != ""
    assert told[0][1] != told[1][1]


async def test_where_nothing_can_be_read_it_says_so_and_draws_no_empty_list(
    people: People, engine: Engine
) -> None:
    install(engine, Unreachable())
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        assert (tab[DashboardState.ready], tab[DashboardState.unread]) == (True, True)
        assert tab[DashboardState.refusal]
        install(engine, engine.health)
        await tab.send(DashboardState.load)
        assert (tab[DashboardState.unread], tab[DashboardState.refusal]) == (False, "")


async def test_the_wizard_saves_what_is_not_tested_only_with_a_reason(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    draft = await engine.configuration.begin(engine.actor, "xledger")
    async with people.database.write(engine.actor.organisation_id) as unit:
        await unit.mappings.replace(draft, await unit.mappings.get(integration))
    schedule = await engine.schedules.get(engine.actor, integration)
    await engine.schedules.save(engine.actor, draft, 1, schedule.timetable)
    address = f"/settings/integrations/new?id={draft}&step=review"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        assert not tab[WizardState.tested]
        await tab.send(WizardState.save, form={"name": "Nytt", "reason": ""})
        assert [error["field"] for error in tab[WizardState.errors]] == ["reason"]
        await tab.send(WizardState.save, form={"name": "Nytt", "reason": "Nøkkelen kommer i morgen"})
        assert tab.redirects == [f"/settings/integrations/{draft}"]
    view = await engine.configuration.get(engine.actor, draft)
    assert view.state is IntegrationState.PAUSED
    assert "Nøkkelen kommer i morgen" in str(view.stop_message)


@pytest.mark.usefixtures("engine")
async def test_the_wizard_offers_the_types_where_no_draft_is_known(people: People) -> None:
    unknown = f"/settings/integrations/new?id={uuid.uuid4()}&step=credentials"
    for address, refuses in (("/settings/integrations/new", False), (unknown, True)):
        async with open_tab(PAGES, AccessMiddleware()) as tab:
            await tab.connect(await people.session(people.alice), address)
            assert (tab[WizardState.step], tab[WizardState.number], tab[WizardState.ready]) == (
                "type",
                1,
                True,
            )
            assert "xledger" in [choice["kind"] for choice in tab[WizardState.types]]
            assert bool(tab[WizardState.refusal]) is refuses


async def test_pressing_twice_in_a_hurry_begins_one_draft(people: People, engine: Engine) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations")
        await tab.send(WizardState.choose_type, kind="xledger")
        await tab.send(WizardState.choose_type, kind="xledger")
        (draft,) = await engine.configuration.everything(engine.actor)
        assert tab.redirects == [f"/settings/integrations/new?id={draft.id}&step=credentials"] * 2

        await tab.connect(await people.session(people.alice), tab.redirects[0])
        await tab.send(WizardState.choose_type, kind="xledger")
        assert len(await engine.configuration.everything(engine.actor)) == 2


async def test_a_step_of_the_wizard_reads_only_what_it_needs(people: People, engine: Engine) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    for step in ("credentials", "schedule"):
        async with open_tab(PAGES, AccessMiddleware()) as tab:
            address = f"/settings/integrations/new?id={draft}&step={step}"
            await tab.connect(await people.session(people.alice), address)
            assert (tab[WizardState.step], tab[WizardState.types]) == (step, [])
            assert tab[ScheduleState.ready] is (step == "schedule")


async def test_a_schedule_that_cannot_be_read_is_not_called_one_that_never_runs(
    people: People, engine: Engine
) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        address = f"/settings/integrations/new?id={draft}&step=schedule"
        await tab.connect(await people.session(people.alice), address)
        assert (len(tab[ScheduleState.next_runs]), tab[ScheduleState.unreadable]) == (5, False)
        for name, typed, shown in (
            ("at", "25:99", (0, True)),
            ("at", "06:45", (5, False)),
            ("time_zone", "Europe/Osloo", (0, True)),
            ("time_zone", "Europe/Oslo", (5, False)),
            ("kind", "manual", (0, False)),
        ):
            await tab.send(ScheduleState.preview, name=name, value=typed)
            assert (len(tab[ScheduleState.next_runs]), tab[ScheduleState.unreadable]) == shown, typed
