"""The engine put together by hand around a fake accounting system, with an organisation and its claims."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.locks import FileLocks
from integration_admin.data.run_queue import LocalRunQueue, QueuedRun
from integration_admin.data.secrets import SecretStore
from integration_admin.data.vault import Vault
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.configuration import Configuration
from integration_admin.services.credential_rotation import CredentialRotation
from integration_admin.services.credentials import CredentialService
from integration_admin.services.decisions import Decisions
from integration_admin.services.delivery_rules import RetryTimes
from integration_admin.services.failures import Failures
from integration_admin.services.follow_up import FollowUp
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.history import History
from integration_admin.services.mappings import Mappings
from integration_admin.services.progress import ProgressReader
from integration_admin.services.records import RecordIntake
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.secret_expiry import SecretExpiry
from integration_admin.services.sync_runner import SyncRunner
from integration_admin.services.sync_scheduler import SyncScheduler
from integration_admin.services.timetable import read_timetable
from integration_admin.services.type_registry import TypeRegistry
from integration_admin.services.views import RunView
from tests import canary
from tests.builders import make_claim, save_organisation
from tests.fakes import FakeClock
from tests.services.fake_adapter import FakeAdapter

MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2910"),
}


@dataclass
class Engine:
    """Everything a test of the export needs, on one database."""

    database: Database
    adapter: FakeAdapter
    clock: FakeClock
    locks: FileLocks
    queue: LocalRunQueue
    actor: Actor
    types: TypeRegistry
    configuration: Configuration
    credentials: CredentialService
    rotation: CredentialRotation
    expiry: SecretExpiry
    mappings: Mappings
    schedules: Schedules
    records: RecordIntake
    runs: Runs
    runner: SyncRunner
    scheduler: SyncScheduler
    decisions: Decisions
    failures: Failures
    follow_up: FollowUp
    history: History
    health: HealthMonitor

    async def set_up(self, **schedule: str) -> uuid.UUID:
        """Walk the wizard's road and return the active integration."""
        integration_id = await self.configuration.begin(self.actor, "xledger")
        version = await self.credentials.store(
            self.actor, integration_id, 1, {"token": canary.secret("token")}
        )
        report = await self.credentials.test(self.actor, integration_id)
        assert report.passed
        await self.mappings.refresh(self.actor, integration_id)
        saved = await self.mappings.save(self.actor, integration_id, version, MAPPING, accept_warnings=True)
        assert saved.saved
        given = {"kind": "daily", "at": "02:00", "time_zone": "Europe/Oslo"} | schedule
        version = await self.schedules.save(
            self.actor, integration_id, saved.version, read_timetable(**given)
        )
        await self.configuration.save(self.actor, integration_id, version, "Regnskap")
        return integration_id

    async def receive(self, count: int, first: int = 1, **changes: Any) -> None:
        """Take in `count` approved claims."""
        claims = [make_claim(id=f"EC-{number}", **changes) for number in range(first, first + count)]
        await self.records.receive(self.actor, claims)

    async def sync(self, integration_id: uuid.UUID) -> RunView:
        """Run an export now and return how it went."""
        run = await self.runs.start(self.actor, integration_id)
        await self.runner.carry_out(self.actor.organisation_id, run.id)
        return await self.runs.get(self.actor, run.id)

    async def work_off(self) -> None:
        """Carry out everything that is queued in this process."""
        queued: list[QueuedRun] = []
        while not self.queue._queue.empty():
            queued.append(self.queue._queue.get_nowait())
        for run in queued:
            self.queue._pending.discard(run.run_id)
            await self.runner.carry_out(run.organisation_id, run.run_id)


@pytest.fixture
def new_engine(tmp_path: Path, clock: FakeClock) -> Callable[[Database, FakeAdapter, Actor], Engine]:
    """Put an engine together around a database and an adapter; two may share both, like two processes."""
    create_key(tmp_path / "keys", "test")
    vault = Vault(Keyring.load(tmp_path / "keys"), "test")

    def assemble(database: Database, adapter: FakeAdapter, actor: Actor) -> Engine:
        adapters = AdapterRegistry({"xledger": adapter})
        types = TypeRegistry(database, adapters)
        secrets = SecretStore(lambda: vault)
        credentials = CredentialService(database, adapters, secrets, clock)
        queue, locks = LocalRunQueue(), FileLocks(tmp_path / "locks")
        runs = Runs(database, queue, clock)
        schedules = Schedules(database, runs, clock)
        follow_up = FollowUp(database, adapters, credentials, clock)
        times, progress = RetryTimes(lambda: 0.5), ProgressReader(adapters, clock)
        return Engine(
            database=database,
            adapter=adapter,
            clock=clock,
            locks=locks,
            queue=queue,
            actor=actor,
            types=types,
            configuration=Configuration(database, adapters, types, clock),
            credentials=credentials,
            rotation=CredentialRotation(database, adapters, secrets, clock),
            expiry=SecretExpiry(database, clock),
            mappings=Mappings(database, adapters, credentials, clock),
            schedules=schedules,
            records=RecordIntake(database, clock),
            runs=runs,
            runner=SyncRunner(database, adapters, credentials, locks, clock, times, follow_up),
            scheduler=SyncScheduler(database, runs, queue, locks, clock),
            decisions=Decisions(database, clock),
            failures=Failures(database, runs, clock),
            follow_up=follow_up,
            history=History(database, progress),
            health=HealthMonitor(database, adapters, progress, clock),
        )

    return assemble


@pytest.fixture
async def engine(database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]) -> Engine:
    """An engine on SQLite, and once more on PostgreSQL."""
    organisation = await save_organisation(database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    return new_engine(database, FakeAdapter(), actor)
