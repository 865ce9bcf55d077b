"""The check each evening: what would fail at the night's run, found out while somebody can still mend it.

It asks the accounting system for its lists and sends nothing. Whom it is told, others decide; see `unnoticed`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from integration_admin.adapters.judging import JudgesVouchers, TellsRules
from integration_admin.core.actor import SCHEDULER, system_actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import (
    AdapterError,
    Conflict,
    DatabaseBusy,
    DatabaseUnreachable,
    Fault,
    IntegrationAdminError,
)
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Run, Schedule
from integration_admin.data.models_preflights import Preflight
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.credentials import CredentialService
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.mappings import Mappings
from integration_admin.services.preflight_report import Forecast, PreflightView, preflight_view
from integration_admin.services.recurring_failures import log_failure
from integration_admin.services.request_counts import counted
from integration_admin.services.slots import first_slot, next_slots
from integration_admin.services.timetable import timetable_of

_log = structlog.get_logger(__name__)

EVENING: Final = time(18)
"""From when on, by the organisation's clocks, the next run is checked."""
LEAD: Final = timedelta(hours=2)
"""How long before a run its check is made at the latest hour; less would leave nobody time to mend anything."""
MOST_LOOKED_AT: Final = 20_000
GIVEN_UP_AFTER: Final = timedelta(minutes=30)
"""A check that has had no result for so long died with its process."""


@dataclass(frozen=True, slots=True)
class PreflightNotice:
    """Somebody is to be told that records would fail at `due_at`, or that this could not be checked."""

    preflight_id: int
    organisation_id: uuid.UUID
    integration_id: uuid.UUID
    name: str
    due_at: datetime
    message: Message


@dataclass(frozen=True, slots=True)
class _Check:
    """One evening's check of one integration."""

    organisation_id: uuid.UUID
    integration_id: uuid.UUID
    evening: str
    due_at: datetime


class Preflights:
    """Makes the checks; any number of these may tick, each check is made by one of them.

    Once `most` records were tried, no further page of them is.
    """

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry,
        credentials: CredentialService,
        mappings: Mappings,
        dry_runs: DryRuns,
        clock: Clock,
        most: int = MOST_LOOKED_AT,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._mappings = mappings
        self._dry_runs = dry_runs
        self._clock = clock
        self._most = most
        self._seen: set[tuple[uuid.UUID, str]] = set()
        """What has its result by now, so that the database is not asked every minute of a long night."""

    async def tick(self) -> None:
        """Check every run that comes up this evening and was not checked; what fails for one stops no other."""
        now = self._clock.now()
        async with self._database.system() as system:
            schedules = await system.enabled_schedules()
            zones = {one.id: ZoneInfo(one.time_zone) for one in await system.organisations()}
        checks = [check for one in schedules if (check := _due(one, zones.get(one.organisation_id), now))]
        self._seen &= {(check.integration_id, check.evening) for check in checks}
        for check in checks:
            if (check.integration_id, check.evening) not in self._seen:
                try:
                    await self._make(check)
                except Exception as error:  # noqa: BLE001, the others' turn must come
                    log_failure(_log, "preflight_failed", error, integration=str(check.integration_id))

    async def unnoticed(self) -> list[PreflightNotice]:
        """Return what somebody has to be told before the runs it is about, and was not noted as told.

        Asking changes nothing; see `note_noticed`. What was mended since is left out.
        """
        now = self._clock.now()
        found: list[PreflightNotice] = []
        async with self._database.system() as system:
            for organisation in await system.organisations():
                unit, zone = system.inside(organisation.id), ZoneInfo(organisation.time_zone)
                for row in await unit.preflights.unnoticed(now):
                    integration = await unit.integrations.get(row.integration_id)
                    newest = await unit.preflights.newest(integration.id)
                    schedule = await unit.schedules.get(integration.id)
                    latest = await unit.runs.latest_finished(integration.id)
                    view = current_preflight(newest, integration, schedule, latest, now, zone)
                    if view is not None:
                        found.append(_notice(row, integration, view))
        return found

    async def note_noticed(self, notice: PreflightNotice) -> bool:
        """Note that somebody is about to be told; False where another process was first."""
        async with self._database.write(notice.organisation_id) as unit:
            return await unit.preflights.note_noticed(notice.preflight_id, self._clock.now())

    async def _make(self, check: _Check) -> None:
        begun_at = self._clock.now()
        if not await self._claim(check, begun_at):
            return
        found = await self._look(check)
        async with self._database.write(check.organisation_id) as unit:
            await unit.preflights.finish(check.integration_id, begun_at, self._clock.now(), **found)
        self._seen.add((check.integration_id, check.evening))

    async def _claim(self, check: _Check, now: datetime) -> bool:
        """Tell whether this check is ours to make."""
        async with self._database.read(check.organisation_id) as unit:
            integration = await unit.integrations.get(check.integration_id)
            newest = await unit.preflights.newest(check.integration_id)
            comes = await _comes(unit, check, now)
        if newest is not None and newest.evening == check.evening and newest.checked_at is not None:
            self._seen.add((check.integration_id, check.evening))
            return False
        if not comes or integration.state is not IntegrationState.ACTIVE:
            return False
        async with self._database.write(check.organisation_id) as unit:
            return await unit.preflights.claim(
                check.integration_id,
                check.evening,
                due_at=check.due_at,
                version=integration.version,
                now=now,
                given_up_before=now - GIVEN_UP_AFTER,
            )

    async def _look(self, check: _Check) -> dict[str, Any]:
        """Return what would happen, or why that cannot be told, as columns."""
        try:
            await self._mappings.read_lists(check.organisation_id, check.integration_id)
            return (await self._forecast(check)).columns()
        except IntegrationAdminError as error:
            _log.info("preflight_not_made", integration=str(check.integration_id), reason=error.internal)
            return {"trouble": error.message.to_json(), "needs_person": _needs_person(error)}
        except Exception as error:  # noqa: BLE001, whatever broke, the evening's check must have its end
            _log.exception(
                "preflight_broke", integration=str(check.integration_id), error=type(error).__name__
            )
            return {"trouble": msg("There is a fault in this program.").to_json()}

    async def _forecast(self, check: _Check) -> Forecast:
        actor = system_actor(check.organisation_id, SCHEDULER)
        rules, forecast = await self._rules(check), Forecast()
        async for page in self._dry_runs.pages(actor, check.integration_id, at=check.due_at, rules=rules):
            if forecast.looked_at >= self._most:
                forecast.complete = False
                break
            forecast.add(page)
        return forecast

    async def _rules(self, check: _Check) -> JudgesVouchers | None:
        """Return what the accounting system tells of its rules, such as closed periods, where it can be asked."""
        organisation_id, target = check.organisation_id, check.integration_id
        async with counted(self._database, self._clock, organisation_id, target) as meter:
            async with self._database.read(organisation_id) as unit:
                integration = await unit.integrations.get(target)
                adapter = self._adapters.get(integration.kind)
                if not isinstance(adapter, TellsRules):
                    return None
                credentials = await self._credentials.open(unit, integration, meter)
            return await adapter.rules(credentials)


def current_preflight(
    row: Preflight | None,
    integration: Integration,
    schedule: Schedule | None,
    latest: Run | None,
    now: datetime,
    zone: ZoneInfo,
) -> PreflightView | None:
    """Return what an integration's newest check, `row`, found, as long as it tells what will happen.

    It does not any more once the run's time has come, `latest` has ended since, or the settings were changed.
    """
    if row is None or row.checked_at is None or row.due_at <= now or row.version != integration.version:
        return None
    if integration.state is not IntegrationState.ACTIVE or schedule is None or not schedule.enabled:
        return None
    if latest is not None and _ended_after(latest.finished_at, latest.state, row.checked_at):
        return None
    return preflight_view(row, row.checked_at, zone)


def _ended_after(finished_at: datetime | None, state: RunState, checked_at: datetime) -> bool:
    """Tell whether a run that may have changed what waits ended after a check."""
    return finished_at is not None and finished_at >= checked_at and state is not RunState.CANCELLED


async def _comes(unit: Unit, check: _Check, now: datetime) -> bool:
    """Tell whether the run will take place: a date that has had its run has no second one."""
    schedule = await unit.schedules.get(check.integration_id)
    if schedule is None or not schedule.enabled:
        return False
    done = await unit.schedules.dates_done(schedule.id, (now - timedelta(days=2)).date().isoformat())
    slots = next_slots(timetable_of(schedule), now, 1, done)
    return bool(slots) and slots[0].due_at == check.due_at


def _due(schedule: Schedule, zone: ZoneInfo | None, now: datetime) -> _Check | None:
    """Return the check that is to be made by now, if any: from the evening before the next run on."""
    due_at = _next_run(schedule)
    if zone is None or due_at is None or due_at <= now:
        return None
    latest = (due_at - LEAD).astimezone(zone)
    day = latest.date() if latest.time() >= EVENING else latest.date() - timedelta(days=1)
    if now < datetime.combine(day, EVENING, zone):
        return None
    return _Check(schedule.organisation_id, schedule.integration_id, day.isoformat(), due_at)


def _next_run(schedule: Schedule) -> datetime | None:
    """Return when a schedule fires next; none for one that cannot be computed, which the scheduler reports."""
    try:
        timetable = timetable_of(schedule)
        slot = first_slot(timetable, schedule.checked_until) if timetable.zone is not None else None
    except Exception:  # noqa: BLE001, one broken schedule must not keep the others waiting
        return None
    return None if slot is None else slot.due_at


def _needs_person(error: IntegrationAdminError) -> bool:
    """Tell whether what kept a check from being made keeps the run from it too until somebody acts."""
    if isinstance(error, AdapterError):
        return error.fault is Fault.CONFIG
    return not isinstance(error, Conflict | DatabaseBusy | DatabaseUnreachable)


def _notice(row: Preflight, integration: Integration, view: PreflightView) -> PreflightNotice:
    return PreflightNotice(
        row.id, row.organisation_id, integration.id, integration.name, view.due_at, view.sentence
    )
