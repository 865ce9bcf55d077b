"""An organisation in which every page has something to show, for tests that only look."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

from integration_admin.bootstrap import Application
from integration_admin.core.statuses import Role
from tests.e2e import world
from tests.e2e.world import Person
from tests.services.waiting import save_undecided

_SEEDS = count(900)


@dataclass(frozen=True, slots=True)
class Inhabited:
    """Who signs in, and what the addresses of `PAGES` are filled in with."""

    person: Person
    colleague: Person
    """Another administrator: the language is a member's own, so two walks need two members."""
    newcomer: Person
    ids: dict[str, str]


@asynccontextmanager
async def inhabited(office: Application) -> AsyncIterator[Inhabited]:
    """Make an organisation with an integration that exports, one stopped, two half set up, and an empty one."""
    async with AsyncExitStack() as stack:
        good, bad = [
            await stack.enter_async_context(world.running_xledger(seed=next(_SEEDS))) for _ in range(2)
        ]
        person = await world.new_administrator(office)
        await world.receive(office, person, world.claims_of("EC", 3))
        actor = await office.services.organisations.actor_of(person.organisation)
        active = await world.connect(office, person, good)
        stopped = await world.connect(office, person, bad, name="Gammelt regnskap")
        draft = await world.begin(office, person, good)
        rest = await office.services.configuration.begin(actor, "generic_rest")
        await good.change("accounts/7350", open=False)
        run = await world.export_once(office, person, active)
        await bad.change("tokens/full/expire")
        await world.export_once(office, person, stopped)
        await save_undecided(office.database, actor.organisation_id, uuid.UUID(active), "EC-901", "EC-902")
        # Twice, so that the month has another version to tell apart.
        period = [await world.compare_once(office, person, active) for _ in range(2)][-1]
        ids = {
            "period": period,
            "id": active,
            "stopped": stopped,
            "draft": draft,
            "rest": str(rest),
            "run": run,
        }
        colleague = await world.new_colleague(office, person, Role.ADMINISTRATOR)
        await office.services.people.members.invite(
            actor, "Ola Nordmann", "ola.nordmann@example.org", "viewer"
        )
        await office.services.tokens.create(actor, ["records:write"], "Refusjonssystemet")
        members = await office.services.organisations.members(actor)
        ids["member"] = str(next(one.id for one in members if one.email == colleague.email))
        yield Inhabited(person, colleague, await world.new_administrator(office), ids)
