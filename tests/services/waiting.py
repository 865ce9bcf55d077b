"""Records that wait for a person, stored as an export leaves them."""

import uuid
from typing import Any

from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FailureState, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure, RecordRow
from tests.builders import make_claim, make_run, save_records
from tests.fakes import START

CANNOT_BE_ASKED = msg(
    "The accounting system cannot be asked whether it has this record. Look there yourself."
)
DOUBLED = msg("The accounting system has this voucher {count} times. Remove the surplus there.", count=2)


async def save_undecided(
    database: Database,
    organisation_id: uuid.UUID,
    integration_id: uuid.UUID,
    *ids: str,
    fault: Fault = Fault.UNKNOWN_OUTCOME,
    message: Message = CANNOT_BE_ASKED,
    failure: FailureState = FailureState.PERSON,
    **changes: Any,
) -> list[RecordRow]:
    """Store claims whose deliveries need a person, with the failure that says why."""
    rows = await save_records(database, organisation_id, *(make_claim(id=record_id) for record_id in ids))
    run = make_run(
        integration_id, state=RunState.FAILED, unknown=len(rows), started_at=START, finished_at=START
    )
    async with database.write(organisation_id) as unit:
        await unit.runs.add(run)
        for row in rows:
            await unit.decisions._add(_delivery(integration_id, run.id, row, changes))
            await unit.runs.add_failures([_failure(integration_id, run.id, row, fault, message, failure)])
    return rows


def _delivery(
    integration_id: uuid.UUID, run_id: uuid.UUID, row: RecordRow, changes: dict[str, Any]
) -> Delivery:
    values: dict[str, Any] = {
        "integration_id": integration_id,
        "record_id": row.id,
        "state": DeliveryState.NEEDS_PERSON,
        "reference": f"IA{row.id:020}",
        "voucher_number": row.id,
        "revision": row.revision,
        "attempts": 1,
        "recoveries": 3,
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "run_id": run_id,
        "first_sent_at": START,
        "sent_at": START,
        "updated_at": START,
    }
    return Delivery(**(values | changes))


def _failure(
    integration_id: uuid.UUID,
    run_id: uuid.UUID,
    row: RecordRow,
    fault: Fault,
    message: Message,
    state: FailureState,
) -> Failure:
    return Failure(
        integration_id=integration_id,
        run_id=run_id,
        record_id=row.id,
        fault=str(fault),
        message=message.to_json(),
        state=state,
        currency=row.currency,
        amount_minor=row.amount_minor,
        created_at=START,
    )
