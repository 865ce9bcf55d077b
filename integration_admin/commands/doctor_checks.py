"""What `doctor` looks at: each check says in one line that something is in order, or what to do."""

import asyncio
import shlex
import shutil
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from integration_admin.bootstrap import Application
from integration_admin.commands.running import exporter
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError
from integration_admin.core.statuses import IntegrationState
from integration_admin.data import migrations, startup
from integration_admin.data.database_clock import TOLERANCE, DatabaseClock
from integration_admin.data.failures import unreachable, unwritable
from integration_admin.data.private_files import open_to_others
from integration_admin.services.audit_chain_check import AuditChainCheck
from integration_admin.services.heartbeat import LATE, Heartbeat

_LOW_BYTES: Final = 500 * 1024**2
_SCANT_BYTES: Final = 2 * 1024**3
_SECONDS: Final = 5.0


class State(StrEnum):
    """How something is; only WRONG makes the command fail."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found, in words."""

    name: str
    state: State
    words: str


async def check_settings(application: Application) -> Finding:
    """Say where the settings lead; whatever is malformed has stopped the program already."""
    settings = application.settings
    if not settings.secure_cookies:
        words = f"{settings.public_url} is for this machine alone. Set PUBLIC_URL to what people open."
        return Finding("settings", State.NOTE, words)
    if not (settings.smtp_url and settings.mail_from):
        words = (
            "No e-mail can be sent. Set SMTP_URL and MAIL_FROM, so that people are told when an export fails."
        )
        return Finding("settings", State.NOTE, words)
    return Finding("settings", State.OK, settings.public_url)


async def check_disk(application: Application) -> Finding:
    """Look how much room is left where the database or at least the instance's folder is."""
    place = (
        Path(application.database.path).parent
        if application.database.is_sqlite
        else application.settings.instance_dir
    )
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    words = f"{free / 1024**3:.1f} GiB are free."
    if free < _LOW_BYTES:
        return Finding("disk", State.WRONG, f"{words} Make room: a full disk stops every export.")
    return Finding("disk", State.NOTE if free < _SCANT_BYTES else State.OK, words)


async def check_database(application: Application) -> Finding:
    """Look whether the database is there and answers; an SQLite file that is not there is not made.

    Raises DatabaseUnreachable.
    """
    database = application.database
    if database.is_sqlite and not await asyncio.to_thread(Path(database.path).is_file):
        return Finding("database", State.WRONG, "There is no database yet. Run: integration-admin migrate")
    try:
        async with database.engine.connect() as connection:
            version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    except DBAPIError as error:
        raise unwritable(error) or unreachable(error) from error
    return Finding(
        "database", State.OK, f"{'SQLite' if database.is_sqlite else 'PostgreSQL'} {version} answers."
    )


async def check_redis(application: Application) -> Finding:
    """Look whether Redis answers, if there is one. Raises RedisUnreachable."""
    if not application.page_state.is_shared:
        return Finding(
            "redis", State.OK, "None is set: one web process keeps the pages' state in its memory."
        )
    await application.page_state.reachable()
    return Finding("redis", State.OK, "Redis answers.")


async def check_files(application: Application) -> Finding:
    """Look whether other users of the machine can read the database's file."""
    if not application.database.is_sqlite:
        return Finding("files", State.OK, "PostgreSQL guards its own files.")
    file = Path(application.database.path)
    if await asyncio.to_thread(open_to_others, file):
        words = (
            f"Every user of this machine can read {file}, with names and bank accounts in it."
            f" Run: chmod o-rwx {shlex.quote(str(file))}*"
        )
        return Finding("files", State.WRONG, words)
    return Finding("files", State.OK, "The database's file is not open to other users of this machine.")


async def check_migrations(application: Application) -> Finding:
    """Look whether the database has this release's schema."""
    if not await asyncio.to_thread(migrations.is_current, application.settings.database):
        words = "The database does not have this release's schema. Make a backup and run: integration-admin migrate"
        return Finding("migrations", State.WRONG, words)
    return Finding("migrations", State.OK, "The schema is this release's.")


async def check_role(application: Application) -> Finding:
    """Look whether the database itself keeps organisations apart from each other. Raises ConfigurationError."""
    role = await startup.check_role(application.database)
    if not role:
        words = "SQLite has no roles; the program alone keeps organisations apart."
        return Finding("database role", State.OK, words)
    return Finding(
        "database role", State.OK, f"PostgreSQL keeps organisations apart from the role {role}, too."
    )


async def check_keys(application: Application) -> Finding:
    """Look whether the vault's keys are the ones the database was sealed with. Raises VaultError."""
    report = await application.keys.run()
    if report.missing_key_ids:
        words = (
            f"The keys {', '.join(report.missing_key_ids)} are missing. Put them back into"
            f" {application.settings.keys}, or enter the secrets sealed with them again."
        )
        return Finding("keys", State.WRONG, words)
    return Finding("keys", State.OK, f"The key {report.active_key_id} is in use.")


async def check_clock(application: Application) -> Finding:
    """Compare the machine's clock with the database's, or with what was written down before."""
    machine, clock = SystemClock(), application.clock
    if isinstance(clock, DatabaseClock):
        await clock.sync()
        off = abs(machine.now() - clock.now())
    else:
        last = await Heartbeat(application.database, clock).last_tick()
        off = max(timedelta(), last - machine.now()) if last else timedelta()
    if off > TOLERANCE:
        words = f"The machine's clock is {off.total_seconds():.0f} seconds off. Let it follow a time server."
        return Finding("clock", State.WRONG, words)
    return Finding("clock", State.OK, f"It is {machine.now():%Y-%m-%d %H:%M:%S} UTC.")


async def check_scheduler(application: Application) -> Finding:
    """Look whether anything exports: a process that does notes each of its ticks."""
    last = await Heartbeat(application.database, application.clock).last_tick()
    start = exporter(application)
    if last is not None and application.clock.now() - last <= LATE:
        return Finding("scheduler", State.OK, f"It ticked last at {last:%H:%M:%S} UTC.")
    said = "It has never ticked." if last is None else f"It ticked last at {last:%Y-%m-%d %H:%M} UTC."
    async with application.database.system() as system:
        needed = bool(await system.enabled_schedules())
    state = State.WRONG if needed else State.NOTE
    return Finding("scheduler", state, f"{said} Nothing is exported before you start: {start}")


async def check_audit(application: Application) -> Finding:
    """Read every organisation's audit log and look whether a line was changed, removed or inserted."""
    check = AuditChainCheck(application.database)
    wrong, lines = [], 0
    for organisation_id, name in await check.organisations():
        report = await check.check(organisation_id)
        lines += report.lines
        wrong += [f"{name}: {fault}" for fault in report.faults]
    if wrong:
        return Finding(
            "audit log", State.WRONG, " ".join([*wrong, "Compare with a backup and find out who did this."])
        )
    return Finding("audit log", State.OK, f"Lines that are as they were written: {lines}.")


async def check_outbound(application: Application) -> Finding:
    """Look whether every accounting system that is exported to can be reached from here, without signing in."""
    origins: set[str] = set()
    async with application.database.system() as system:
        organisations = [row.id for row in await system.organisations()]
    for organisation_id in organisations:
        async with application.database.read(organisation_id) as unit:
            origins |= {
                row.target_origin
                for row in await unit.integrations.everything()
                if row.state is IntegrationState.ACTIVE and row.target_origin
            }
    answers = await asyncio.gather(*(_reach(application, origin) for origin in sorted(origins)))
    unreached = [answer for answer in answers if answer]
    if unreached:
        return Finding("outbound", State.WRONG, " ".join(unreached))
    words = (
        f"All {len(origins)} accounting systems answer." if origins else "No accounting system is connected."
    )
    return Finding("outbound", State.OK, words)


async def _reach(application: Application, origin: str) -> str:
    """Ask an accounting system anything at all; return why there was no answer, or nothing."""
    try:
        await application.http.request("HEAD", f"{origin}/", deadline=_SECONDS)
    except AdapterError as error:
        return f"{origin}: {error.message}"
    return ""
