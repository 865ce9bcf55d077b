"""A record's story tells who decided what, what is held back, and what was left out of what was sent."""

import uuid

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.services.record_story import Chapter, RecordStories, RecordStory
from integration_admin.services.record_tracking import RecordTracking
from tests.builders import make_line
from tests.services.conftest import Engine
from tests.services.test_excluded_data import leave_out
from tests.services.test_held_claims import WHY_CLAIM, WHY_PAYMENT
from tests.services.test_held_claims import engine as engine  # noqa: PLC0414, a fixture of another file
from tests.services.test_held_claims import integration as integration  # noqa: PLC0414, a fixture of another file
from tests.services.waiting import save_undecided

CLAIM = "expense_claim"


async def told(engine: Engine, record: str, kind: str = CLAIM) -> RecordStory:
    return await RecordStories(engine.database, RecordTracking(engine.database)).tell(
        engine.actor, kind, record
    )


async def test_the_story_tells_who_decided_what_when_and_with_which_number(engine: Engine) -> None:
    integration = await engine.set_up()
    await save_undecided(engine.database, engine.actor.organisation_id, integration, "EC-1", "EC-2")
    engine.clock.advance(3600)
    bea = Actor(engine.actor.organisation_id, "Bea", Role.COORDINATOR)
    await engine.decisions.found(bea, integration, (CLAIM, "EC-1"), "B-77")
    await engine.decisions.send_again(engine.actor, integration, [(CLAIM, "EC-2")])
    there = (await told(engine, "EC-1")).events
    assert [event.chapter for event in there[-2:]] == [Chapter.DECIDED, Chapter.DELIVERED]
    assert str(there[-2].sentence) == "Bea decided: it is there, as B-77."
    assert there[-2].at == there[-1].at == engine.clock.now(), "it is there since Bea said so"
    again = [event for event in (await told(engine, "EC-2")).events if event.chapter is Chapter.DECIDED]
    assert [str(event.sentence) for event in again] == ["Alice decided: it is not there, send it again."]


async def test_the_story_tells_who_dismissed_it_and_why(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1, lines=[make_line(category="gifts")])
    await engine.sync(integration)
    engine.clock.advance(60)
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1")], "Paid in cash")
    last = (await told(engine, "EC-1")).events[-1]
    assert last.chapter is Chapter.DECIDED
    assert "Alice" in str(last.sentence)
    assert "Paid in cash" in str(last.sentence)
    engine.clock.advance(60)
    await engine.failures.take_back(engine.actor, integration, (CLAIM, "EC-1"))
    last = (await told(engine, "EC-1")).events[-1]
    assert str(last.sentence) == "Alice decided: it is not dismissed any more."


async def test_the_story_tells_what_was_left_out_of_what_was_sent(engine: Engine) -> None:
    integration = await engine.set_up()
    await leave_out(engine, integration, ["claimant.email", "claimant.bank_account", "draft_activities"])
    await engine.receive(1)
    await engine.sync(integration)
    (event,) = [one for one in (await told(engine, "EC-1")).events if one.chapter is Chapter.LEFT_OUT]
    assert str(event.sentence) == (
        "Left out of what was sent: Claimant’s bank account, Claimant’s e-mail address."
    )


async def test_the_story_tells_what_is_held_back_and_who_decided_that(
    engine: Engine, integration: uuid.UUID
) -> None:
    await leave_out(engine, integration, ["category:meals"])
    await engine.sync(integration)
    for kind, record, why in ((CLAIM, "EC-meal", WHY_CLAIM), ("reimbursement", "RB-meal", WHY_PAYMENT)):
        (held,) = [one for one in (await told(engine, record, kind)).events if one.chapter is Chapter.HELD]
        assert str(held.sentence) == "Held back from Regnskap: Alice left out the category “Meals”."
        assert str(held.reason) == why
    assert Chapter.HELD not in {one.chapter for one in (await told(engine, "EC-trip")).events}
