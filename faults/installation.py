"""An installation to torment: its set-up, its records, how far it has come, and the person who decides."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import func, select

from benchmarks.instance import ORGANISATION
from faults.looking import looking
from faults.times import FastClock
from faults.waiting import until
from faults.worker_process import LOOPBACK, WorkerPlan
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import DeliveryState, ScheduleKind
from integration_admin.data import migrations
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.services.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Kept:
    """What our database says of one record."""

    record_id: str
    reference: str | None
    state: DeliveryState | None
    amount: int
    external_id: str
    attempts: int


@dataclass(slots=True)
class Progress:
    """How far an installation has come."""

    records: int
    states: Mapping[DeliveryState, int] = field(default_factory=dict)
    unfinished: uuid.UUID | None = None

    @property
    def delivered(self) -> int:
        """How many are delivered."""
        return self.states.get(DeliveryState.DELIVERED, 0)

    @property
    def left(self) -> int:
        """How many are not."""
        return self.records - self.delivered

    @property
    def sendable(self) -> int:
        """How many wait for nothing but a run."""
        return self.records - sum(self.states.values()) + self.states.get(DeliveryState.READY, 0)

    @property
    def at_rest(self) -> bool:
        """Whether everything there is has been delivered and no run is under way."""
        return self.left == 0 and self.unfinished is None

    @property
    def for_a_person(self) -> int:
        """How many go on only when somebody decides."""
        return sum(
            self.states.get(state, 0) for state in (DeliveryState.NEEDS_PERSON, DeliveryState.REJECTED)
        )


class Installation:
    """The driver's own view on the database the workers share; its own worker never runs."""

    def __init__(self, plan: WorkerPlan, application: Application, actor: Actor) -> None:
        self.plan = plan
        self.application = application
        self.actor = actor
        self.integration_id = uuid.UUID(int=0)

    @classmethod
    @asynccontextmanager
    async def opened(cls, plan: WorkerPlan, *, fresh: bool = False) -> AsyncIterator[Self]:
        """Open an installation, setting it up first where it is `fresh`."""
        client = OutboundClient(allow=LOOPBACK)
        adapter = plan.system.adapter(client)
        application = assemble(plan.settings, clock=FastClock(), adapters={adapter.kind: adapter})
        try:
            if fresh:
                await _found(application, plan.system.kind)
            await application.keys.run()
            actor = await application.services.organisations.actor_of(ORGANISATION)
            installation = cls(plan, application, actor)
            if fresh:
                await installation._connect()
            (integration,) = await application.services.configuration.everything(actor)
            installation.integration_id = integration.id
            yield installation
        finally:
            await application.close()
            await client.close()

    async def _connect(self) -> None:
        services, actor, system = self.application.services, self.actor, self.plan.system
        integration_id = await services.configuration.begin(actor, system.kind)
        version = await services.credentials.store(actor, integration_id, 1, dict(system.typed))
        await services.credentials.test(actor, integration_id)
        await services.mappings.refresh(actor, integration_id)
        saved = await services.mappings.save(
            actor, integration_id, version, system.mapping, accept_warnings=True
        )
        nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
        version = await services.schedules.save(actor, integration_id, saved.version, nightly)
        await services.configuration.save(actor, integration_id, version, "Laboratory")

    async def receive(self, records: Iterable[dict[str, Any]]) -> None:
        """Take in approved claims."""
        await self.application.services.records.receive(self.actor, records)

    async def press_synchronise(self) -> None:
        """Ask for a run, as a person would; one that is under way is as good."""
        try:
            await self.application.services.runs.start(self.actor, self.integration_id)
        except Conflict:
            return

    async def progress(self) -> Progress:
        """Look how far it has come."""
        async with self.application.database.read(self.actor.organisation_id) as unit:
            states = await unit.deliveries.counts(self.integration_id)
            active = await unit.runs.active(self.integration_id)
        async with looking(self.application.database) as connection:
            records = await connection.scalar(select(func.count()).select_from(RecordRow))
        return Progress(records or 0, states, active.id if active else None)

    async def until_at_rest(self, seconds: float = 180.0) -> None:
        """Press the button whenever something waits for it, until everything is delivered. Raises TimeoutError."""

        async def at_rest() -> bool:
            progress = await self.progress()
            if progress.unfinished is None and progress.sendable:
                await self.press_synchronise()
            return progress.at_rest

        await until(at_rest, seconds)

    async def until_delivered(self, more: int) -> None:
        """Wait until so many more are delivered than now, or all are. Raises TimeoutError."""
        before = (await self.progress()).delivered

        async def delivered() -> bool:
            progress = await self.progress()
            if progress.unfinished is None and progress.sendable:
                await self.press_synchronise()
            return progress.delivered >= before + more or progress.left == 0

        await until(delivered)

    async def until_in(self, states: Mapping[DeliveryState, int]) -> None:
        """Wait until exactly so many records are in these states and no run is under way. Raises TimeoutError."""

        async def there() -> bool:
            progress = await self.progress()
            return progress.states == states and progress.unfinished is None

        await until(there)

    async def kept(self) -> list[Kept]:
        """Return every record with its delivery."""
        statement = (
            select(
                RecordRow.external_id,
                Delivery.reference,
                Delivery.state,
                RecordRow.amount_minor,
                Delivery.external_id,
                Delivery.attempts,
            )
            .outerjoin(Delivery, Delivery.record_id == RecordRow.id)
            .order_by(RecordRow.id)
        )
        async with looking(self.application.database) as connection:
            return [Kept(*row) for row in await connection.execute(statement)]


async def _found(application: Application, kind: str) -> None:
    """Make the database, the vault's key, and an organisation that may use this type of integration."""
    migrations.upgrade(application.settings.database)
    await application.keys.init_key("laboratory")
    await application.keys.run()
    await application.services.organisations.create_administrator(
        ORGANISATION,
        "974761076",
        "kari@example.org",
        Secret(uuid.uuid4().hex),
        "Kari Nordmann",
        features=(kind,),
    )
