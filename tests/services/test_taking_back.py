"""What was dismissed by one press is taken back by one."""

import pytest

from integration_admin.core.errors import Conflict
from tests.builders import make_claim
from tests.services.conftest import Engine
from tests.services.test_failures import CLAIM, GIFT, WHY, gifts, states, the_cause


async def test_what_was_dismissed_at_once_is_taken_back_at_once_and_nothing_else(engine: Engine) -> None:
    integration = await gifts(engine, 4)
    cause = await the_cause(engine, integration)
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-4")], WHY)
    engine.clock.advance(60)
    await engine.failures.dismiss_cause(engine.actor, integration, cause.key, WHY)
    together = (engine.actor, integration, (CLAIM, "EC-2"))
    assert await engine.failures.take_back_together(*together) == 3
    (still,) = [
        row for row in (await engine.failures.ended(engine.actor, integration)).records if row.may_take_back
    ]
    assert still.record_id == "EC-4"
    assert (await the_cause(engine, integration)).records == 3
    async with engine.database.read(engine.actor.organisation_id) as unit:
        (line, *_) = await unit.audit.latest()
    assert (line.action, line.target, line.detail["records"]) == (
        "failures.take_back",
        str(integration),
        3,
    )
    with pytest.raises(Conflict, match="not dismissed any more"):
        await engine.failures.take_back_together(*together)


async def test_a_record_dismissed_once_more_since_is_not_taken_back_with_what_was_dismissed_first(
    engine: Engine,
) -> None:
    integration = await gifts(engine, 2)
    await engine.failures.dismiss_cause(
        engine.actor, integration, (await the_cause(engine, integration)).key, WHY
    )
    await engine.records.receive(engine.actor, [make_claim(id="EC-1", revision=2, lines=GIFT)])
    await engine.sync(integration)
    engine.clock.advance(60)
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1")], "Twice.")
    assert await engine.failures.take_back_together(engine.actor, integration, (CLAIM, "EC-2")) == 1
    assert (await states(engine))["EC-1"] == "dismissed"
