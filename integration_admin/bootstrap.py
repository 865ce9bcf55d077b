"""Who is connected to whom: the one file that knows every concrete class. Opens nothing by itself."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.catalog import adapters as all_adapters
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core import logs
from integration_admin.core.clock import Clock, SystemClock
from integration_admin.core.settings import Settings, load_settings
from integration_admin.data.database import Database
from integration_admin.data.database_clock import DatabaseClock
from integration_admin.data.job_queue import ProcrastinateRunQueue
from integration_admin.data.locks import FileLocks, Locks, PostgreSQLLocks
from integration_admin.data.run_queue import LocalRunQueue, WorkQueue
from integration_admin.data.secrets import SecretStore
from integration_admin.data.startup import KeyCheck, check_schema
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.api_description import ApiDescriptions
from integration_admin.services.configuration import Configuration
from integration_admin.services.container import Services
from integration_admin.services.credential_rotation import CredentialRotation
from integration_admin.services.credentials import CredentialService
from integration_admin.services.decisions import Decisions
from integration_admin.services.delivery_rules import RetryTimes
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.excluded_data import ExcludedData
from integration_admin.services.follow_up import FollowUp
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.history import History
from integration_admin.services.mapping_versions import MappingVersions
from integration_admin.services.mappings import Mappings
from integration_admin.services.organisations import Organisations
from integration_admin.services.passwords import Passwords
from integration_admin.services.preview import Previews
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.record_files import RecordFiles
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.records import RecordIntake
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.secret_expiry import SecretExpiry
from integration_admin.services.settings_files import SettingsFiles
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.sync_runner import SyncRunner
from integration_admin.services.sync_scheduler import SyncScheduler
from integration_admin.services.tokens import ApiTokens
from integration_admin.services.type_registry import TypeRegistry
from integration_admin.services.value_map_csv import ValueMapFiles
from integration_admin.services.worker import Worker


@dataclass(frozen=True, slots=True)
class Application:
    """The whole product, put together: what is opened is closed by `close`."""

    settings: Settings
    database: Database
    keys: KeyCheck
    http: OutboundClient
    queue: WorkQueue
    clock: Clock
    services: Services

    async def ready(self) -> None:
        """Raise unless the database answers with the newest schema and the keys are right."""
        await check_schema(self.settings.database)
        async with self.database.system() as system:
            await system.reachable()
        self.keys.vault()

    async def check_start(self) -> None:
        """Raise ConfigurationError when the schema is behind, VaultError for wrong keys."""
        await check_schema(self.settings.database)
        await self.keys.run()
        if isinstance(self.clock, DatabaseClock):
            await self.clock.sync()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Be ready for people and scripts until the block ends; exporting is the workers' part, if there are any.

        On SQLite there are none, so this process exports too. Raises what `check_start` raises.
        """
        if self.database.is_sqlite:
            async with self.working():
                yield
            return
        await self.check_start()
        try:
            yield
        finally:
            await self.close()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Tick the schedules and carry out runs until the block ends; raises what `check_start` raises."""
        await self.check_start()
        task = asyncio.create_task(self.services.worker.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.close()

    async def close(self) -> None:
        """Write down what is left to write, then give back connections."""
        await self.services.sign_in.close()
        await self.http.close()
        await self.queue.close()
        await self.database.close()


def assemble(
    settings: Settings, *, clock: Clock | None = None, adapters: dict[str, AccountingAdapter] | None = None
) -> Application:
    """Connect everything to everything; a test hands in its own clock or adapters."""
    database = Database(settings.database)
    clock = clock or (SystemClock() if database.is_sqlite else DatabaseClock(database))
    keys = KeyCheck(database, settings.keys, clock)
    http = OutboundClient(allow=settings.outbound_allow)
    registry = AdapterRegistry(adapters if adapters is not None else all_adapters(http, clock))
    queue = _queue(settings, database)
    services = _services(settings, database, keys, registry, queue, clock)
    return Application(settings, database, keys, http, queue, clock, services)


@cache
def bootstrap() -> Application:
    """Assemble the product from the environment and install its services, once a process."""
    settings = load_settings()
    logs.configure(settings)
    application = assemble(settings)
    container.install(application.services)
    return application


def _services(
    settings: Settings,
    database: Database,
    keys: KeyCheck,
    adapters: AdapterRegistry,
    queue: WorkQueue,
    clock: Clock,
) -> Services:
    passwords, limits = Passwords(), _sign_in_limits(settings)
    secrets = SecretStore(keys.vault)
    types = TypeRegistry(database, adapters)
    credentials = CredentialService(database, adapters, secrets, clock)
    mappings = Mappings(database, adapters, credentials, clock)
    locks = _locks(database)
    runs = Runs(database, queue, clock)
    schedules = Schedules(database, runs, clock)
    records = RecordIntake(database, clock)
    follow_up = FollowUp(database, adapters, credentials, clock)
    retry_times = RetryTimes(random.SystemRandom().random)
    runner = SyncRunner(database, adapters, credentials, locks, clock, retry_times, follow_up)
    time_source = clock if isinstance(clock, DatabaseClock) else None
    scheduler = SyncScheduler(database, runs, queue, locks, clock, time_source=time_source)
    return Services(
        organisations=Organisations(database, passwords, clock),
        sign_in=SignIn(database, passwords, clock, os.urandom, limits),
        reauthentication=Reauthentication(database, passwords, clock, limits),
        tokens=ApiTokens(database, clock, os.urandom),
        types=types,
        configuration=Configuration(database, adapters, types, clock),
        credentials=credentials,
        rotation=CredentialRotation(database, adapters, secrets, clock),
        expiry=SecretExpiry(database, clock),
        descriptions=ApiDescriptions(adapters),
        mappings=mappings,
        mapping_versions=MappingVersions(database, mappings),
        value_maps=ValueMapFiles(mappings),
        schedules=schedules,
        excluded_data=ExcludedData(database, adapters, clock),
        settings_files=SettingsFiles(database, adapters, secrets, runs, clock),
        records=records,
        record_files=RecordFiles(database, records),
        tracking=RecordTracking(database),
        runs=runs,
        decisions=Decisions(database, clock),
        dry_runs=DryRuns(database, adapters, clock),
        previews=Previews(database, adapters, clock),
        history=History(database),
        health=HealthMonitor(database, adapters, schedules, clock),
        runner=runner,
        scheduler=scheduler,
        worker=Worker(scheduler, runner, queue, follow_up=follow_up),
    )


def _queue(settings: Settings, database: Database) -> WorkQueue:
    return LocalRunQueue() if database.is_sqlite else ProcrastinateRunQueue(settings.database)


def _locks(database: Database) -> Locks:
    if database.is_sqlite:
        # Beside the database, so that all who share it share them, wherever they were started.
        return FileLocks(Path(database.path).resolve().parent / "locks")
    return PostgreSQLLocks(database)


def _sign_in_limits(settings: Settings) -> SignInLimits:
    """Count sign-in attempts together with the other web processes where there are any."""
    return SignInLimits(f"async+{settings.redis_url}") if settings.redis_url else SignInLimits()
