"""Carries comparisons out, page by page: any number of processes may, each comparison is one's at a time.

Nothing is changed in the accounting system, and the export's lock is never asked for: what is compared is what was
delivered at the moment a comparison begins, and it begins when no export is under way.
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from integration_admin.adapters.base import Capabilities, Credentials
from integration_admin.adapters.holding import Holding, ReadsHoldings
from integration_admin.core.actor import SCHEDULER
from integration_admin.core.clock import Clock
from integration_admin.core.errors import (
    AdapterError,
    DatabaseBusy,
    DatabaseUnreachable,
    Fault,
    IntegrationAdminError,
)
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, Finding
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.models_reconciliations import Reconciliation, ReconciliationLine
from integration_admin.data.repositories.reconciliations import Span, Voucher
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.credentials import CredentialService
from integration_admin.services.reconciliation_compare import Compared, Totals, compare
from integration_admin.services.reconciliation_end import finish
from integration_admin.services.reconciliation_file import packed
from integration_admin.services.reconciliation_periods import span_of
from integration_admin.services.reconciliation_report import About
from integration_admin.services.request_counts import counted, requests_this_month

_log = structlog.get_logger(__name__)

HOLD: Final = timedelta(minutes=5)
"""How long one that died keeps others from going on; each page begins it anew."""
LONGEST: Final = timedelta(hours=6)
SLICE: Final = 30.0
"""Seconds one comparison is gone on with before others have their turn."""
MOST_TRIES: Final = 6
MOST_LINES: Final = 2_000
"""Lines kept for people to look at; the file has all."""
_FIRST_WAIT: Final = 30.0
_SPARING: Final = 0.8
"""The part of a month's requests the nightly comparisons may bring it to; the rest is the exports'."""
_STATES: Final = (
    *(state for state in DeliveryState if state is not DeliveryState.DELIVERED),
    DeliveryState.DELIVERED,
)

TOO_LONG: Final = msg("It took longer than {hours} hours. Try again.", hours=LONGEST.seconds // 3600)
CANNOT_ASK: Final = msg("This accounting system cannot be asked what it holds.")
_TOO_DEAR: Final = msg(
    "It would take most of the requests that are left this month, and those are kept for the exports. Start it by"
    " hand if it matters more."
)
_NO_ANSWER: Final = msg("The accounting system did not answer in time.")
_FAULT: Final = msg("There is a fault in this program.")


class NotNow(Exception):
    """Somebody else has taken over, or an export is under way."""


class ReconciliationWork:
    """Goes on with one comparison at a time."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, credentials: CredentialService, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._clock = clock

    async def go_on(self, organisation_id: uuid.UUID, reconciliation_id: uuid.UUID) -> None:
        """Take one up where it stands, for some seconds or to its end; raises nothing but the end of the process."""
        holder, now, target = uuid.uuid4().hex, self._clock.now(), str(reconciliation_id)
        try:
            async with self._database.write(organisation_id) as unit:
                row = await unit.reconciliations.hold(reconciliation_id, holder, now, now + HOLD)
            if row is not None:
                await self._attempt(_Turn(self._database, self._clock, row, holder))
        except NotNow:
            return
        except (DatabaseBusy, DatabaseUnreachable) as error:
            _log.warning("reconciliation_put_off", reconciliation=target, reason=error.internal)
        except Exception as error:  # noqa: BLE001, one that broke must not keep others waiting
            _log.exception("reconciliation_broke", reconciliation=target, error=type(error).__name__)

    async def _attempt(self, turn: "_Turn") -> None:
        try:
            await self._go_on(turn)
        except (NotNow, DatabaseBusy, DatabaseUnreachable):
            raise
        except IntegrationAdminError as error:
            await self._cope(turn, error)
        except TimeoutError:
            await self._cope(turn, AdapterError(_NO_ANSWER, Fault.UPSTREAM, code="deadline"))
        except Exception:
            await finish(turn.database, turn.clock, turn.row, turn.holder, trouble=_FAULT)
            raise

    async def _cope(self, turn: "_Turn", error: IntegrationAdminError) -> None:
        """Try again later where that may help, else say why it could not be compared."""
        lasting = not isinstance(error, AdapterError) or error.fault is Fault.CONFIG
        tries = turn.row.tries + 1
        _log.info("reconciliation_not_answered", reconciliation=str(turn.row.id), reason=error.internal)
        if lasting or tries >= MOST_TRIES:
            await finish(turn.database, turn.clock, turn.row, turn.holder, trouble=error.message)
            return
        asked_for = error.retry_after if isinstance(error, AdapterError) else None
        await turn.put_off(max(asked_for or 0.0, _FIRST_WAIT * 2 ** (tries - 1)), tries=tries)

    async def _go_on(self, turn: "_Turn") -> None:
        organisation_id, integration_id = turn.row.organisation_id, turn.row.integration_id
        async with counted(self._database, self._clock, organisation_id, integration_id) as meter:
            async with self._database.read(organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                adapter = self._adapters.get(integration.kind)
                able = adapter.capabilities_of(integration.settings)
                trouble = await self._obstacle(unit, turn, integration, able)
                about = await _about(unit, integration, adapter.label)
                if trouble is None:
                    credentials = await self._credentials.open(unit, integration, meter)
            await turn.begin(about)
            if trouble is not None or not isinstance(adapter, ReadsHoldings):
                await finish(turn.database, turn.clock, turn.row, turn.holder, trouble=trouble or CANNOT_ASK)
                return
            await self._compare(turn, adapter, credentials, able.lookup_size)

    async def _obstacle(
        self, unit: Unit, turn: "_Turn", integration: Integration, able: Capabilities
    ) -> Message | None:
        """Return why it comes to nothing, if it does. Raises NotNow where it may not begin yet."""
        now, row = self._clock.now(), turn.row
        if now > (row.begun_at or row.requested_at) + LONGEST:
            return TOO_LONG
        if row.begun_at is not None:
            return None
        if await unit.runs.active(integration.id) is not None:
            await turn.put_off(0.0)
            raise NotNow
        if not able.lookup:
            return CANNOT_ASK
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        requests = requests_this_month(integration, able.requests_a_month, now, zone)
        if row.started_by != SCHEDULER or requests is None:
            return None
        questions = (
            await unit.reconciliations.count(integration.id, span_of(row.period, zone)) / able.lookup_size
        )
        return _TOO_DEAR if requests.sent + questions > requests.included * _SPARING else None

    async def _compare(
        self, turn: "_Turn", adapter: ReadsHoldings, credentials: Credentials, size: int
    ) -> None:
        until = self._clock.monotonic() + SLICE
        while self._clock.monotonic() < until:
            page = await turn.next_page(size)
            if page is None:
                await finish(turn.database, turn.clock, turn.row, turn.holder, totals=turn.totals)
                return
            async with asyncio.timeout(HOLD.total_seconds()):
                holdings = await adapter.holdings(credentials, [voucher.reference for voucher in page])
            await turn.write(page, holdings)
        await turn.put_off(0.0)


class _Turn:
    """One comparison while this process is at it: where it stands, and what has been found."""

    def __init__(self, database: Database, clock: Clock, row: Reconciliation, holder: str) -> None:
        self.database, self.clock, self.row, self.holder = database, clock, row, holder
        self.totals = Totals.from_json(row.totals)
        self._state = int(row.place.get("state", 0))
        self._after = int(row.place.get("after", 0))
        self._pages = int(row.place.get("pages", 0))

    async def begin(self, about: About) -> None:
        """Note what it is about, once; everything is compared as it was at this moment."""
        if self.row.begun_at is None:
            self.row.begun_at, self.row.about = self.clock.now(), about.to_json()
            await self._change(begun_at=self.row.begun_at, about=self.row.about)

    async def put_off(self, seconds: float, *, tries: int = 0) -> None:
        """Let somebody go on with it after so many seconds."""
        await self._change(held_until=self.clock.now() + timedelta(seconds=seconds), tries=tries)

    async def next_page(self, size: int) -> list[Voucher] | None:
        """Return the next vouchers to ask about, or None at the end."""
        zone = ZoneInfo(self.row.about["time_zone"])
        month, begun_at = span_of(self.row.period, zone), self.row.begun_at or self.clock.now()
        span = Span(month.since, min(month.until, begun_at))
        async with self.database.read(self.row.organisation_id) as unit:
            while self._state < len(_STATES):
                state = _STATES[self._state]
                page = await unit.reconciliations.vouchers(
                    self.row.integration_id, span, begun_at, state, self._after, size
                )
                if page:
                    return page
                self._state, self._after = self._state + 1, 0
        return None

    async def write(self, page: Sequence[Voucher], holdings: Sequence[Holding]) -> None:
        """Keep how a page compares, and how far that is. Raises NotNow where somebody else has taken over."""
        begun_at = self.row.begun_at or self.clock.now()
        self._after, self._pages = page[-1].id, self._pages + 1
        async with self.database.write(self.row.organisation_id) as unit:
            # What has been sent since it was read would only seem to differ.
            unchanged = await unit.reconciliations.unchanged([voucher.id for voucher in page], begun_at)
            compared = compare([voucher for voucher in page if voucher.id in unchanged], holdings)
            lines = self._count(page, compared)
            place = {"state": self._state, "after": self._after, "pages": self._pages}
            await self._change(unit, place=place, totals=self.totals.to_json(), tries=0)
            await unit.reconciliations.keep(self.row.id, self._pages, packed(compared), lines)
        self.row.tries = 0

    def _count(self, page: Sequence[Voucher], compared: Sequence[Compared]) -> list[ReconciliationLine]:
        """Count a page, and return the lines of it people are shown."""
        self.totals.asked += len(page)
        for one in compared:
            self.totals.add(one)
        room = MOST_LINES - self.totals.kept
        shown = [one for one in compared if one.finding is not Finding.AGREES][: max(room, 0)]
        self.totals.kept += len(shown)
        return [_line(self.row.id, one) for one in shown]

    async def _change(self, unit: Unit | None = None, **values: object) -> None:
        held = {"held_until": self.clock.now() + HOLD} | values
        if unit is None:
            async with self.database.write(self.row.organisation_id) as own:
                ours = await own.reconciliations.change(self.row.id, self.holder, **held)
        else:
            ours = await unit.reconciliations.change(self.row.id, self.holder, **held)
        if not ours:
            raise NotNow


def _line(reconciliation_id: uuid.UUID, one: Compared) -> ReconciliationLine:
    sums = one.holding.sums if one.holding else ()
    return ReconciliationLine(
        reconciliation_id=reconciliation_id,
        finding=one.finding,
        kind=one.voucher.kind,
        record=one.voucher.record,
        reference=one.voucher.reference,
        state_here=one.voucher.state,
        currency=one.voucher.currency,
        amount_minor=one.voucher.amount_minor,
        count_there=one.holding.count if one.holding else 0,
        sums_there=None if sums is None else {money.currency: money.minor for money in sums},
        external_id=(one.holding.external_id if one.holding else one.voucher.external_id)[:100],
    )


async def _about(unit: Unit, integration: Integration, system: Message) -> About:
    organisation = await unit.organisations.get()
    return About(
        organisation=organisation.name,
        organisation_number=organisation.organisation_number or "",
        time_zone=organisation.time_zone,
        integration=integration.name,
        system=system,
        entity=integration.tested_entity,
        entity_id=integration.tested_entity_id,
        address=integration.target_origin,
    )
