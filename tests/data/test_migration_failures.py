"""Failures from before they were told by cause have, after the upgrade, what new ones are given when they are written."""

from sqlalchemy import text

from integration_admin.core.failure_causes import cause_of
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.models import Failure
from tests.builders import save_run
from tests.data.moving import move_down_and_up
from tests.data.taken_up import export
from tests.data.worlds import make_failure, open_database
from tests.fakes import START

STATES = (
    DeliveryState.REJECTED,
    DeliveryState.RETRY_WAIT,
    DeliveryState.NEEDS_PERSON,
    DeliveryState.DELIVERED,
    DeliveryState.DELIVERED,
)


async def test_failures_from_before_are_told_like_new_ones(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        setting = await export(database, len(STATES))
        await setting.put_in(*STATES)
        run = await save_run(database, setting.organisation_id, setting.integration_id)
        failures = [make_failure(setting.integration_id, run.id, row.id) for row in setting.records]
        failures[4].resolved_at = START
        again = make_failure(setting.integration_id, run.id, setting.records[0].id, resolved_at=START)
        async with database.write(setting.organisation_id) as unit:
            await unit.runs.add_failures([again, *failures])
        cause = cause_of(failures[0].fault, failures[0].field, failures[0].message)
    move_down_and_up(migrated_url, "0011")
    async with open_database(migrated_url) as database, database.read(setting.organisation_id) as unit:
        rows = await unit.runs._all(unit.runs._select(Failure).order_by(Failure.id))
        assert await unit.failures.causes(setting.integration_id, FailureState.REFUSED, "", 9) == [cause]
        assert (await unit.runs._session.scalar(text("SELECT count(*) FROM failures"))) == 6
    assert [row.state.value for row in rows] == [
        "replaced",
        "refused",
        "waiting",
        "person",
        "person",
        "delivered",
    ]
    assert {(row.cause, row.currency, row.amount_minor, row.since) for row in rows} == {
        (cause, "NOK", 41_200, START)
    }
