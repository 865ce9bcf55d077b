"""Following a run in a tab: once at a time, and only for as long as somebody is signed in."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import delete

from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models import Run
from integration_admin.services import container
from integration_admin.services.tokens import fingerprint
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.health import HealthState
from tests.builders import make_reimbursement
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]": [HealthState.load]}


class Looks:
    """The health service and the history, keeping which task asked them, and how often for the whole page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tasks: list[asyncio.Task[Any] | None] = []
        self.whole = 0
        self._more = asyncio.Event()

    async def page(self, actor: Actor, integration_id: uuid.UUID, causes: int = 3) -> Any:
        self.whole += 1
        return await self._engine.health.page(actor, integration_id, causes)

    async def progress(self, actor: Actor, run_id: uuid.UUID) -> Any:
        self.tasks.append(asyncio.current_task())
        self._more.set()
        return await self._engine.history.progress(actor, run_id)

    async def followers(self, count: int) -> list[asyncio.Task[Any] | None]:
        """Wait until `count` tasks have looked three times each; return them, earliest first."""
        async with asyncio.timeout(20):
            while len(found := [task for task, looks in Counter(self.tasks).items() if looks >= 3]) < count:
                self._more.clear()
                await self._more.wait()
        return found


class Doorkeeper:
    """The sign-in, keeping how many looks there were when it last found nobody signed in."""

    def __init__(self, sign_in: Any, looks: Looks) -> None:
        self._sign_in, self._looks = sign_in, looks
        self.turned_away: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def resolve_fingerprint(self, token_hash: str) -> Any:
        principal = await self._sign_in.resolve_fingerprint(token_hash)
        if principal is None and not self.turned_away.done():
            self.turned_away.set_result(len(self._looks.tasks))
        return principal


@asynccontextmanager
async def following(engine: Engine, session: Secret) -> AsyncIterator[tuple[Tab, Looks, Doorkeeper]]:
    """Open the page of an integration whose run never ends, and wait until it is followed."""
    looks = Looks(engine)
    doorkeeper = Doorkeeper(container.current().sign_in, looks)
    services = SimpleNamespace(
        sign_in=doorkeeper,
        health=looks,
        history=looks,
        runs=engine.runs,
    )
    container.install(cast("Any", services))
    integration = await engine.set_up()
    await engine.runs.start(engine.actor, integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        opened = asyncio.create_task(tab.connect(session, f"/settings/integrations/{integration}"))
        await looks.followers(1)
        yield tab, looks, doorkeeper
        async with engine.database.system(writes=True) as system:
            await system.revoke_session(fingerprint(session), engine.clock.now())
        await asyncio.wait_for(opened, 10)


@pytest.fixture
def engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    return made


async def test_following_ends_when_the_session_has_ended(people: People, engine: Engine) -> None:
    session = await people.session(people.alice)
    async with following(engine, session) as (_, looks, doorkeeper):
        async with people.database.system(writes=True) as system:
            await system.revoke_session(fingerprint(session), people.clock.now())
        seen = await asyncio.wait_for(doorkeeper.turned_away, 10)
    assert len(looks.tasks) == seen


async def test_the_page_says_why_reimbursements_stay_where_they_are(people: People, engine: Engine) -> None:
    session = await people.session(people.alice)
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [make_reimbursement()])
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        health=engine.health,
    )
    container.install(cast("Any", services))
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, f"/settings/integrations/{integration}")
    expected = (await engine.health.of(engine.actor, integration)).left_out
    assert expected is not None
    assert tab[HealthState.left_out] == expected.translate("nn")


async def test_a_second_press_on_the_button_that_exports_is_no_error(people: People, engine: Engine) -> None:
    async with following(engine, await people.session(people.alice)) as (tab, _, _):
        await tab.send(HealthState.sync)
        assert (tab[HealthState.refusal], tab[HealthState.running]) == ("", True)


async def test_a_page_loaded_again_is_followed_once(people: People, engine: Engine) -> None:
    session = await people.session(people.alice)
    async with following(engine, session) as (tab, looks, _):
        again = asyncio.create_task(tab.send(HealthState.load))
        first, second = await looks.followers(2)
        after = looks.tasks[looks.tasks.index(second) + 1 :]
        assert after.count(first) <= 1
    await asyncio.wait_for(again, 10)


async def test_a_run_is_followed_on_when_the_connection_was_lost(people: People, engine: Engine) -> None:
    session = await people.session(people.alice)
    async with following(engine, session) as (tab, looks, _):
        again = asyncio.create_task(tab.reconnect())
        await looks.followers(2)
        assert looks.whole == 2, "how things stand is read again"
    await asyncio.wait_for(again, 10)


async def forget_the_run(engine: Engine) -> None:
    """Delete what somebody looks at."""
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs._session.execute(delete(Run))


@pytest.mark.parametrize("end", [Engine.work_off, forget_the_run])
async def test_while_a_run_goes_on_only_its_progress_is_read_and_the_rest_once_at_its_end(
    people: People, engine: Engine, end: Callable[[Engine], Awaitable[None]]
) -> None:
    session = await people.session(people.alice)
    async with following(engine, session) as (tab, looks, _):
        assert looks.whole == 1
        await end(engine)
        await tab.until(lambda: not tab[HealthState.running])
        assert looks.whole == 2
        assert (tab[HealthState.announcement] != "", tab[HealthState.refusal]) == (True, "")
