"""Whatever one organisation does, another sees what it would see if the first had done nothing at all.

Hypothesis draws stories of what two organisations do in one installation. Each is played twice, the second time
without the neighbour's part, and after every step of ours all that we can see must be the same. The same stories are
drawn each time; for others raise EXAMPLES, or set DERANDOMIZED to False.
"""

import asyncio
import itertools
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Fault, IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from tests.builders import save_organisation
from tests.fakes import FakeClock
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

EXAMPLES = 3
DERANDOMIZED = True
STEPS = 10

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]
Step = tuple[str, str, int]
"""Who does what, and with which number."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class HonestLedger(FakeAdapter):
    """Names its bookings after their references, so that a number tells nothing of what others have booked."""

    def book(self, voucher: Voucher) -> Outcome:
        """Write a voucher into the ledger."""
        self.ledger.append(voucher)
        return Outcome(voucher.reference, Result.DELIVERED, external_id=f"F-{voucher.reference}")


@dataclass
class Stage:
    """One copy of the installation, and the two organisations in it."""

    clock: FakeClock
    parties: dict[str, "Party"]


@dataclass
class Party:
    """One organisation: the services as its administrator uses them, and the integration it exports to."""

    engine: Engine
    integration_id: uuid.UUID


async def receive(party: Party, number: int) -> None:
    """Hand over some claims; both organisations number theirs alike."""
    await party.engine.receive(number % 3 + 1, first=number)


async def revise(party: Party, number: int) -> None:
    """Hand over a claim once more, in a newer revision."""
    await party.engine.receive(1, first=number, revision=2)


async def export(party: Party, _number: int) -> None:
    """Export now."""
    await party.engine.sync(party.integration_id)


async def export_and_lose(party: Party, _number: int) -> None:
    """Export now, and hear nothing of what became of it."""
    await _behaving(party, _lose)


async def export_and_be_refused(party: Party, _number: int) -> None:
    """Export now, and have everything refused."""
    await _behaving(party, _refuse)


async def draft(party: Party, _number: int) -> None:
    """Begin to connect another system."""
    await party.engine.configuration.begin(party.engine.actor, "xledger")


async def pause(party: Party, number: int) -> None:
    """Pause the integration, or let it go on."""
    engine = party.engine
    await engine.configuration.set_paused(engine.actor, party.integration_id, paused=number % 2 == 0)


async def decide(party: Party, _number: int) -> None:
    """Send again what waits for a person."""
    engine, integration_id = party.engine, party.integration_id
    page = await engine.decisions.waiting(engine.actor, integration_id)
    keys = [(view.record_kind, view.record_id) for view in page.decisions]
    await engine.decisions.send_again(engine.actor, integration_id, keys)


async def remove_secrets(party: Party, _number: int) -> None:
    """Take the stored secrets away."""
    engine, integration_id = party.engine, party.integration_id
    view = await engine.configuration.get(engine.actor, integration_id)
    await engine.rotation.remove(engine.actor, integration_id, view.version)


DEEDS: dict[str, Callable[[Party, int], Awaitable[None]]] = {
    deed.__name__: deed
    for deed in (
        receive,
        revise,
        export,
        export_and_lose,
        export_and_be_refused,
        draft,
        pause,
        decide,
        remove_secrets,
    )
}
STORIES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["ours", "theirs", "theirs"]), st.sampled_from(sorted(DEEDS)), st.integers(0, 3)
        ),
        # The night belongs to everybody: planned exports, lookups, and what waited.
        st.tuples(st.just("night"), st.just("tick"), st.sampled_from([1, 6, 24])),
    ),
    min_size=4,
    max_size=STEPS,
)


async def set_up(new_engine: NewEngine, url: str) -> dict[str, tuple[Actor, uuid.UUID]]:
    """Make two organisations that export; return who administers each, and its integration."""
    database = Database(url)
    made = {}
    for whose, name in (("ours", "Alice"), ("theirs", "Charlie")):
        organisation = await save_organisation(database, name=whose, features=["xledger"])
        actor = Actor(organisation.id, name, Role.ADMINISTRATOR)
        made[whose] = (actor, await new_engine(database, HonestLedger(), actor).set_up())
    await database.close()
    return made


async def play(stage: Stage, story: Sequence[Step], *, with_theirs: bool) -> list[str]:
    """Play a story; return all that we saw after each step of ours and each night."""
    seen, ours = [], stage.parties["ours"].engine
    for who, what, number in story:
        if who == "night":
            stage.clock.advance(number * 3600.0)
            await ours.scheduler.tick()
            await ours.work_off()
        elif who == "theirs" and not with_theirs:
            continue
        else:
            now = stage.clock.now()
            refused = await _do(stage.parties[who], what, number)
            # What an adapter waits is nobody else's time.
            stage.clock.set(now)
            seen += [refused] if who == "ours" else []
        if who != "theirs":
            seen.append(await look(ours))
    return seen


async def _do(party: Party, what: str, number: int) -> str:
    """Do something; return why it was refused, or nothing."""
    try:
        await DEEDS[what](party, number)
    except IntegrationAdminError as error:
        return f"{type(error).__name__}: {error.message}"
    return ""


async def look(engine: Engine) -> str:
    """Return everything an administrator can see, with ids numbered as they appear."""
    actor = engine.actor
    views: list[Any] = [await engine.configuration.everything(actor)]
    for view in list(views[0]):
        views += [await engine.health.of(actor, view.id), await engine.history.page(actor, view.id)]
        views += [await engine.decisions.waiting(actor, view.id), await engine.schedules.get(actor, view.id)]
    async with engine.database.read(actor.organisation_id) as unit:
        records = await unit.records.page(None, 0, 100)
        views += [[(row.kind, row.external_id, row.revision, row.status, row.received_at) for row in records]]
        lines = await unit.audit.latest(200)
        views += [
            [(line.number, line.at, line.actor, line.action, line.target, line.detail) for line in lines]
        ]
    numbers = itertools.count(1)
    known: dict[str, str] = {}
    return _ID.sub(lambda found: known.setdefault(found.group(), f"<{next(numbers)}>"), repr(views))


async def _behaving(party: Party, behaviour: Any) -> None:
    adapter = party.engine.adapter
    usual, adapter.behaviour = adapter.behaviour, behaviour
    try:
        await export(party, 0)
    finally:
        adapter.behaviour = usual


def _lose(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)


def _refuse(_adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    why = msg("The account is closed.")
    return [Outcome(one.reference, Result.REJECTED, message=why, fault=Fault.CONFIG) for one in batch]


def test_what_one_organisation_does_makes_no_difference_to_another(
    new_engine: NewEngine,
    new_sqlite_url: Callable[[], str],
    copy_database: Callable[[str], str],
    clock: FakeClock,
) -> None:
    template, begun = new_sqlite_url(), clock.now()
    made = asyncio.run(set_up(new_engine, template))
    moved: list[bool] = []

    async def staged(story: Sequence[Step], *, with_theirs: bool) -> list[str]:
        clock.set(begun)
        database = Database(copy_database(template))
        services = new_engine(database, HonestLedger(), made["ours"][0])
        parties = {
            whose: Party(replace(services, actor=actor), integration_id)
            for whose, (actor, integration_id) in made.items()
        }
        try:
            return await play(Stage(clock, parties), story, with_theirs=with_theirs)
        finally:
            await database.close()

    @settings(
        max_examples=EXAMPLES,
        derandomize=DERANDOMIZED,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(story=STORIES)
    def same_with_and_without(story: list[Step]) -> None:
        alone = asyncio.run(staged(story, with_theirs=False))
        assert asyncio.run(staged(story, with_theirs=True)) == alone
        moved.append(len(set(alone)) > 2)

    same_with_and_without()
    assert any(moved)
