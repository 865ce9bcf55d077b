"""Finds out what becomes of delivered records where the accounting system books later than it takes.

It only asks and writes down: nothing is ever sent again because of it. How often is in delivery_rules.py.
"""

import uuid
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import structlog

from integration_admin.adapters.base import AccountingAdapter, Credentials
from integration_admin.adapters.following import Fate, ReadsFates
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Fault, IntegrationAdminError
from integration_admin.core.messages import Message
from integration_admin.core.statuses import FailureState, FateState, IntegrationState
from integration_admin.data.database import Database
from integration_admin.data.models import Failure, Integration
from integration_admin.data.repositories.fates import Followed, Postponed, Seen
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.credentials import CredentialService
from integration_admin.services.delivery_rules import next_look
from integration_admin.services.request_counts import counted, requests_this_month

_log = structlog.get_logger(__name__)

_MOST_PAGES = 50
"""Questions in one go at the most; what is left is due at the next one."""


class FollowUp:
    """Reads the fates that are due; any number of these may, each delivery is looked at by one of them."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, credentials: CredentialService, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._clock = clock

    async def tick(self) -> None:
        """Follow up every integration that is due; what fails for one keeps no other waiting."""
        async with self._database.system() as system:
            due = await system.integrations_with_due_fates(self._clock.now())
        for integration in due:
            await self.follow(integration.organisation_id, integration.id)

    async def follow(self, organisation_id: uuid.UUID, integration_id: uuid.UUID) -> None:
        """Look what became of everything that is due now; raises nothing but the end of the process."""
        try:
            await self._follow(organisation_id, integration_id)
        except IntegrationAdminError as error:
            _log.warning("follow_up_put_off", integration=str(integration_id), reason=error.internal)
        except Exception as error:  # noqa: BLE001, an export must not fail because of what comes after it
            _log.exception("follow_up_failed", integration=str(integration_id), error=type(error).__name__)

    async def _follow(self, organisation_id: uuid.UUID, integration_id: uuid.UUID) -> None:
        async with counted(self._database, self._clock, organisation_id, integration_id) as meter:
            async with self._database.read(organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                adapter = self._adapters.get(integration.kind)
                if integration.state is not IntegrationState.ACTIVE or not adapter.capabilities.follows_up:
                    return
                credentials = await self._credentials.open(unit, integration, meter)
                sparing = await self._is_sparing(unit, integration, adapter)
            if not isinstance(adapter, ReadsFates):
                detail = f"{integration.kind} says that it follows up and cannot"
                raise TypeError(detail)
            for _ in range(_MOST_PAGES):
                limit = adapter.capabilities.lookup_size
                page = await self._claim(organisation_id, integration_id, limit, sparing=sparing)
                if not page:
                    return
                await self._look(organisation_id, integration_id, adapter, credentials, page)

    async def _is_sparing(self, unit: Unit, integration: Integration, adapter: AccountingAdapter) -> bool:
        """Tell whether what is left of the month's requests should be left to the export."""
        included = adapter.capabilities_of(integration.settings).requests_a_month
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        requests = requests_this_month(integration, included, self._clock.now(), zone)
        return requests is not None and requests.warning is not None

    async def _claim(
        self, organisation_id: uuid.UUID, integration_id: uuid.UUID, limit: int, *, sparing: bool
    ) -> list[Followed]:
        """Return some that are due, put off in the same commit: then nobody else asks, nor we too soon again.

        A question that fails is so asked again only when its time comes round, however often it fails.
        """
        now = self._clock.now()
        async with self._database.write(organisation_id) as unit:
            due = await unit.fates.due(integration_id, now, limit)
            put_off = [
                Postponed(row.id, row.due_at, next_look(row.sent_at, now, sparing=sparing)) for row in due
            ]
            ours = await unit.fates.postpone(put_off)
        return [row for row in due if row.id in ours]

    async def _look(
        self,
        organisation_id: uuid.UUID,
        integration_id: uuid.UUID,
        adapter: ReadsFates,
        credentials: Credentials,
        page: Sequence[Followed],
    ) -> None:
        told = await adapter.fates(credentials, [row.reference for row in page])
        fates = {fate.reference: fate for fate in told}
        async with self._database.write(organisation_id) as unit:
            await self._write(unit, integration_id, page, fates)

    async def _write(
        self, unit: Unit, integration_id: uuid.UUID, page: Sequence[Followed], fates: Mapping[str, Fate]
    ) -> None:
        """Write down what has changed, and why what was refused was; what is booked fails no more."""
        now = self._clock.now()
        seen = [(row, fates[row.reference]) for row in page if row.reference in fates]
        changed = [(row, fate) for row, fate in seen if fate.state is not row.fate]
        noted = await unit.fates.note(
            [Seen(row.id, fate.state, fate.external_id) for row, fate in changed], now
        )
        put_right = [
            row.record_id for row, _ in changed if row.id in noted and row.fate is FateState.REJECTED
        ]
        if put_right:
            await unit.runs.resolve_failures(integration_id, put_right, now, FailureState.DELIVERED)
        refused = [(row, fate.message) for row, fate in seen if fate.state is FateState.REJECTED]
        # Somebody may have said meanwhile that it is put right.
        now_known = await unit.fates.of_records(integration_id, [row.record_id for row, _ in refused])
        still = [item for item in refused if now_known.get(item[0].record_id) is FateState.REJECTED]
        if still:
            await self._write_reasons(unit, integration_id, still)

    async def _write_reasons(
        self, unit: Unit, integration_id: uuid.UUID, refused: Sequence[tuple[Followed, Message | None]]
    ) -> None:
        """Keep why records were refused, in the run that sent them, where that is not known yet."""
        now = self._clock.now()
        known = await unit.decisions.reasons(integration_id, [row.record_id for row, _ in refused])
        new = [
            Failure(
                integration_id=integration_id,
                run_id=row.run_id,
                record_id=row.record_id,
                fault=str(Fault.CONFIG),
                message=message.to_json(),
                created_at=now,
                state=FailureState.PERSON,
                currency=row.currency,
                amount_minor=row.amount_minor,
            )
            for row, message in refused
            if message is not None and row.run_id is not None and not _says(known.get(row.record_id), message)
        ]
        await unit.runs.resolve_failures(integration_id, [failure.record_id for failure in new], now)
        await unit.runs.add_failures(new)


def _says(failure: Failure | None, message: Message) -> bool:
    return failure is not None and failure.message == message.to_json()
