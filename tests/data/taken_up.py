"""An integration that has taken records up, and its deliveries put into any state a test begins with."""

import uuid
from datetime import timedelta

from sqlalchemy import update

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.deliveries import Intent, NewDelivery, Settlement
from integration_admin.data.repositories.unit import Unit
from tests.builders import make_claim, save_integration, save_organisation, save_records
from tests.fakes import START

LATER = START + timedelta(minutes=5)
RUN = uuid.uuid4()


def intent(row: Delivery, **changes: object) -> Intent:
    """Return the intent to send a delivery as it is."""
    return Intent(row.id, row.state, row.attempts, row.revision, "digest")._replace(**changes)


def outcome(row: Delivery, state: DeliveryState = DeliveryState.DELIVERED, **changes: object) -> Settlement:
    """Return what a delivery becomes, seen as it is."""
    return Settlement(row.id, row.state, row.attempts, state)._replace(**changes)


class Export:
    """An integration whose records are all taken up; `rows` are its deliveries by id."""

    def __init__(
        self,
        database: Database,
        organisation_id: uuid.UUID,
        integration_id: uuid.UUID,
        records: list[RecordRow],
    ) -> None:
        self.database = database
        self.organisation_id = organisation_id
        self.integration_id = integration_id
        self.records = records

    async def rows(self) -> list[Delivery]:
        async with self.database.read(self.organisation_id) as unit:
            return [row for record in self.records for row in await unit.deliveries.of_record(record.id)]

    async def put_in(self, *states: DeliveryState) -> None:
        """Put the deliveries, in their order, into `states`."""
        async with self.database.write(self.organisation_id) as unit:
            for row, state in zip(await self.rows(), states, strict=True):
                moved = update(Delivery).where(Delivery.id == row.id).values(state=state)
                await unit.deliveries._session.execute(moved)

    async def states(self) -> list[DeliveryState]:
        return [row.state for row in await self.rows()]

    async def begin(self, *intents: Intent, run_id: uuid.UUID | None = None) -> frozenset[int]:
        async with self.database.write(self.organisation_id) as unit:
            return await unit.deliveries.begin_sending(intents, run_id or RUN, LATER)

    async def settle(self, *settlements: Settlement) -> frozenset[int]:
        async with self.database.write(self.organisation_id) as unit:
            return await unit.deliveries.settle(settlements, LATER)

    async def suspect(self, row: Delivery, recoveries: int) -> None:
        async with self.database.write(self.organisation_id) as unit:
            moved = update(Delivery).where(Delivery.id == row.id).values(recoveries=recoveries)
            await unit.deliveries._session.execute(moved)


async def export(database: Database, count: int) -> Export:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    records = await save_records(database, organisation.id, *(make_claim() for _ in range(count)))
    async with database.write(organisation.id) as unit:
        await take_up(unit, integration.id, records)
    return Export(database, organisation.id, integration.id, records)


async def take_up(unit: Unit, integration_id: uuid.UUID, records: list[RecordRow]) -> None:
    first = await unit.integrations.take_voucher_numbers(integration_id, len(records))
    new = [NewDelivery(row.id, f"ref-{row.id}", first + n, row.revision) for n, row in enumerate(records)]
    await unit.deliveries.add(integration_id, new, START)


async def revise(setting: Export, which: int, revision: int) -> None:
    """Store a newer revision of one of the records."""
    key = setting.records[which].id
    async with setting.database.write(setting.organisation_id) as unit:
        (await unit.records.by_ids([key]))[key].revision = revision
