"""Who is connected to whom: the one file that knows every concrete class. Opens nothing by itself."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from integration_admin.adapters.addresses import AddressPolicy
from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.catalog import adapters as all_adapters
from integration_admin.adapters.mail import MailServer
from integration_admin.adapters.openid import OpenIdIssuers
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.webhook import WebhookCaller
from integration_admin.core import logs
from integration_admin.core.clock import Clock, SystemClock
from integration_admin.core.settings import Settings, load_settings
from integration_admin.data.database import Database
from integration_admin.data.database_clock import DatabaseClock
from integration_admin.data.job_queue import ProcrastinateRunQueue
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.locks import FileLocks, Locks, PostgreSQLLocks
from integration_admin.data.page_state import PageState
from integration_admin.data.run_queue import LocalRunQueue, WorkQueue
from integration_admin.data.secrets import SecretStore
from integration_admin.data.signing import Signer
from integration_admin.data.startup import KeyCheck, check_role, check_schema
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.api_description import ApiDescriptions
from integration_admin.services.audit_chain_check import AuditChainCheck
from integration_admin.services.audit_log import AuditLog
from integration_admin.services.configuration import Configuration
from integration_admin.services.container import Factors, People, Services
from integration_admin.services.credential_rotation import CredentialRotation
from integration_admin.services.credentials import CredentialService
from integration_admin.services.decisions import Decisions
from integration_admin.services.delivery_rules import RetryTimes
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.excluded_data import ExcludedData
from integration_admin.services.factor_demands import FactorDemands
from integration_admin.services.failures import Failures
from integration_admin.services.follow_up import FollowUp
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.heartbeat import Heartbeat, NotedTicks
from integration_admin.services.history import History
from integration_admin.services.identity_providers import IdentityProviders
from integration_admin.services.known_devices import KnownDevices
from integration_admin.services.mapping_versions import MappingVersions
from integration_admin.services.mappings import Mappings
from integration_admin.services.members import Members
from integration_admin.services.metrics import InstallationMetrics
from integration_admin.services.missed_runs import MissedRuns
from integration_admin.services.notice_choices import NoticeChoices
from integration_admin.services.notice_courier import NoticeCourier
from integration_admin.services.notice_watch import NoticeWatch
from integration_admin.services.notices import Notices
from integration_admin.services.one_time_links import LinkPost, OneTimeLinks
from integration_admin.services.openid_flows import OpenIdFlows
from integration_admin.services.openid_sign_in import OpenIdSignIn
from integration_admin.services.organisations import Organisations
from integration_admin.services.own_password import OwnPassword
from integration_admin.services.passkeys import Passkeys
from integration_admin.services.passwords import Passwords
from integration_admin.services.preflight import Preflights
from integration_admin.services.preview import Previews
from integration_admin.services.progress import ProgressReader
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.reconciliation_night import ReconciliationNights
from integration_admin.services.reconciliation_work import ReconciliationWork
from integration_admin.services.record_files import RecordFiles
from integration_admin.services.record_search import RecordSearch
from integration_admin.services.record_story import RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.records import RecordIntake
from integration_admin.services.retention import Retention
from integration_admin.services.run_files import RunFiles
from integration_admin.services.run_records import RunRecords
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.second_factors import SecondFactors
from integration_admin.services.second_step import SecondStep
from integration_admin.services.secret_expiry import SecretExpiry
from integration_admin.services.sessions import Sessions
from integration_admin.services.settings_files import SettingsFiles
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.sync_runner import SyncRunner
from integration_admin.services.sync_scheduler import SyncScheduler
from integration_admin.services.tokens import ApiTokens
from integration_admin.services.type_registry import TypeRegistry
from integration_admin.services.value_map_csv import ValueMapFiles
from integration_admin.services.worker import (
    FOLLOW_UP_SECONDS,
    PREFLIGHT_SECONDS,
    RECONCILIATION_SECONDS,
    RETENTION_SECONDS,
    Recurring,
    Worker,
)


@dataclass(frozen=True, slots=True)
class Application:
    """The whole product, put together: what is opened is closed by `close`."""

    settings: Settings
    database: Database
    keys: KeyCheck
    http: OutboundClient
    queue: WorkQueue
    clock: Clock
    page_state: PageState
    services: Services

    async def ready(self) -> None:
        """Raise unless the database answers with the newest schema, the keys are right, and Redis answers if there is one."""
        await check_schema(self.settings.database)
        async with self.database.system() as system:
            await system.reachable()
        self.keys.vault()
        await self.page_state.reachable()

    async def check_start(self) -> None:
        """Raise ConfigurationError for a schema that is behind or a role that sees too much, VaultError for wrong keys."""
        await check_schema(self.settings.database)
        await check_role(self.database)
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
        async with self._doing(self.services.notices.run()):
            yield

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Tick the schedules and carry out runs until the block ends; raises what `check_start` raises."""
        await self.check_start()
        # Notices are a task of their own: they tell of a scheduler that has come to a stop.
        async with self._doing(self.services.worker.run(), self.services.notices.run()):
            yield

    @asynccontextmanager
    async def _doing(self, *work: Coroutine[None, None, None]) -> AsyncIterator[None]:
        """Let work that never ends go on until the block does, then close."""
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await self.close()

    async def close(self) -> None:
        """Write down what is left to write, then give back connections."""
        await self.services.sign_in.close()
        await self.services.people.links.close()
        await self.http.close()
        await self.queue.close()
        await self.database.close()


def assemble(
    settings: Settings, *, clock: Clock | None = None, adapters: dict[str, AccountingAdapter] | None = None
) -> Application:
    """Connect everything to everything; a test hands in its own clock or adapters."""
    database = Database(settings.database)
    clock = clock or (SystemClock() if database.is_sqlite else DatabaseClock(database))
    keys = KeyCheck(database, KeyDirectory(settings.keys), clock)
    http = OutboundClient(allow=settings.outbound_allow)
    registry = AdapterRegistry(adapters if adapters is not None else all_adapters(http, clock))
    queue = _queue(settings, database)
    services = _services(_Ground(settings, database, keys, registry, queue, clock, http))
    page_state = PageState(settings.redis_url)
    return Application(settings, database, keys, http, queue, clock, page_state, services)


@cache
def bootstrap() -> Application:
    """Assemble the product from the environment and install its services, once a process."""
    settings = load_settings()
    logs.configure(settings)
    application = assemble(settings)
    container.install(application.services)
    return application


class _Ground(NamedTuple):
    """What services stand on."""

    settings: Settings
    database: Database
    keys: KeyCheck
    adapters: AdapterRegistry
    queue: WorkQueue
    clock: Clock
    http: OutboundClient


def _services(ground: _Ground) -> Services:
    settings, database, keys, adapters, queue, clock, _ = ground
    passwords, limits, secrets = Passwords(), _sign_in_limits(settings), SecretStore(keys.vault)
    sign_in, reauthentication, factors = _entrance(ground, passwords, limits, secrets)
    credentials = CredentialService(database, adapters, secrets, clock)
    types, mappings = TypeRegistry(database, adapters), Mappings(database, adapters, credentials, clock)
    locks, runs = _locks(database), Runs(database, queue, clock)
    schedules, people = Schedules(database, runs, clock), _people(ground, passwords, limits, reauthentication)
    records, tracking = RecordIntake(database, clock), RecordTracking(database, adapters)
    run_records, retention = RunRecords(database, adapters), Retention(database, locks, clock)
    dry_runs, follow_up = DryRuns(database, adapters, clock), FollowUp(database, adapters, credentials, clock)
    runner, scheduler = _exporting(ground, credentials, locks, runs, follow_up)
    (history, health), expiry = _watching(database, adapters, clock), SecretExpiry(database, clock)
    preflights, reconciliations, nights = _nightly(ground, credentials, mappings, dry_runs)
    recurring = _recurring(follow_up, retention, preflights, people.sessions, nights)
    notices, notice_choices = _notices(ground, secrets, health, expiry, preflights)
    return Services(
        organisations=Organisations(database, passwords, clock),
        sign_in=sign_in,
        factors=factors,
        people=people,
        audit_log=AuditLog(database, AuditChainCheck(database), adapters),
        reauthentication=reauthentication,
        tokens=ApiTokens(database, clock, os.urandom),
        types=types,
        configuration=Configuration(database, adapters, types, clock),
        credentials=credentials,
        rotation=CredentialRotation(database, adapters, secrets, clock),
        expiry=expiry,
        descriptions=ApiDescriptions(adapters),
        mappings=mappings,
        mapping_versions=MappingVersions(database, mappings),
        value_maps=ValueMapFiles(mappings),
        schedules=schedules,
        excluded_data=ExcludedData(database, adapters, clock),
        settings_files=SettingsFiles(database, adapters, secrets, runs, clock),
        records=records,
        record_files=RecordFiles(database, records),
        tracking=tracking,
        search=RecordSearch(database, adapters),
        stories=RecordStories(database, tracking),
        retention=retention,
        run_records=run_records,
        run_files=RunFiles(runs, run_records),
        runs=runs,
        decisions=Decisions(database, clock),
        failures=Failures(database, runs, clock),
        dry_runs=dry_runs,
        preflights=preflights,
        reconciliations=reconciliations,
        previews=Previews(database, adapters, clock),
        history=history,
        health=health,
        notices=notices,
        notice_choices=notice_choices,
        runner=runner,
        scheduler=scheduler,
        metrics=InstallationMetrics(database, locks, adapters, clock),
        worker=Worker(NotedTicks(scheduler, Heartbeat(database, clock)), runner, queue, recurring=recurring),
    )


def _entrance(
    ground: _Ground, passwords: Passwords, limits: SignInLimits, secrets: SecretStore
) -> tuple[SignIn, Reauthentication, Factors]:
    settings, database, clock = ground.settings, ground.database, ground.clock
    devices = KnownDevices(database, Signer(ground.keys.vault), os.urandom)
    sign_in = SignIn(database, passwords, clock, os.urandom, limits, devices)
    own = SecondFactors(database, secrets, clock, os.urandom, limits)
    step = SecondStep(database, sign_in, own, clock, limits)
    passkeys = Passkeys(database, sign_in, own, clock, os.urandom, limits, settings.public_url)
    calls = OpenIdIssuers(ground.http, AddressPolicy(settings.outbound_allow).check_url)
    flows = OpenIdFlows(database, secrets, calls, clock, os.urandom, settings.public_url)
    provider = IdentityProviders(database, secrets, calls, flows, clock, os.urandom, settings.public_url)
    openid = OpenIdSignIn(database, flows, sign_in, clock, limits)
    factors = Factors(own, step, FactorDemands(database, clock), passkeys, provider, openid)
    return sign_in, Reauthentication(database, passwords, clock, own, limits), factors


def _people(
    ground: _Ground, passwords: Passwords, limits: SignInLimits, reauthentication: Reauthentication
) -> People:
    settings, database, clock = ground.settings, ground.database, ground.clock
    mail = MailServer(settings.smtp_url, settings.mail_from)
    post = LinkPost(mail, clock, os.urandom, settings.public_url, mail_is_set_up=mail.is_set_up)
    return People(
        Members(database, post, clock),
        OneTimeLinks(database, passwords, post, limits, clock),
        Sessions(database, clock),
        OwnPassword(database, passwords, reauthentication, clock),
    )


def _notices(
    ground: _Ground,
    secrets: SecretStore,
    health: HealthMonitor,
    expiry: SecretExpiry,
    preflights: Preflights,
) -> tuple[Notices, NoticeChoices]:
    settings, database, clock, http = ground.settings, ground.database, ground.clock, ground.http
    watch = NoticeWatch(database, health, expiry, MissedRuns(clock), clock, preflights=preflights)
    mail = MailServer(settings.smtp_url, settings.mail_from)
    webhooks = WebhookCaller(http, AddressPolicy(settings.outbound_allow).check_url)
    courier = NoticeCourier(database, mail, webhooks, secrets, settings.public_url, clock)
    choices = NoticeChoices(
        database, courier, webhooks, secrets, clock, os.urandom, mail_is_set_up=mail.is_set_up
    )
    return Notices(watch, courier), choices


def _exporting(
    ground: _Ground, credentials: CredentialService, locks: Locks, runs: Runs, follow_up: FollowUp
) -> tuple[SyncRunner, SyncScheduler]:
    database, clock = ground.database, ground.clock
    times = _retry_times()
    runner = SyncRunner(database, ground.adapters, credentials, locks, clock, times, follow_up)
    source = _time_source(clock)
    return runner, SyncScheduler(database, runs, ground.queue, locks, clock, time_source=source)


def _watching(database: Database, adapters: AdapterRegistry, clock: Clock) -> tuple[History, HealthMonitor]:
    progress = ProgressReader(adapters, clock)
    return History(database, progress), HealthMonitor(database, adapters, progress, clock)


def _nightly(
    ground: _Ground, credentials: CredentialService, mappings: Mappings, dry_runs: DryRuns
) -> tuple[Preflights, Reconciliations, ReconciliationNights]:
    database, adapters, clock = ground.database, ground.adapters, ground.clock
    work = ReconciliationWork(database, adapters, credentials, clock)
    return (
        Preflights(database, adapters, credentials, mappings, dry_runs, clock),
        Reconciliations(database, work, clock),
        ReconciliationNights(database, work, clock),
    )


def _recurring(
    follow_up: FollowUp,
    retention: Retention,
    preflights: Preflights,
    sessions: Sessions,
    nights: ReconciliationNights,
) -> tuple[Recurring, ...]:
    return (
        Recurring("follow_up", follow_up, FOLLOW_UP_SECONDS),
        Recurring("retention", retention, RETENTION_SECONDS),
        Recurring("preflight", preflights, PREFLIGHT_SECONDS),
        Recurring("sessions", sessions, RETENTION_SECONDS),
        Recurring("reconciliation", nights, RECONCILIATION_SECONDS),
    )


def _retry_times() -> RetryTimes:
    return RetryTimes(random.SystemRandom().random)


def _time_source(clock: Clock) -> DatabaseClock | None:
    return clock if isinstance(clock, DatabaseClock) else None


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
