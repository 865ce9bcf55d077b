"""How far a run under way has come: records done, how many there are, how fast, and how long it will take.

All of it follows from the database, so every browser, tab and process is told the same, also after a restart.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.models import Run
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.exported_kinds import exported_kinds
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT

COUNTED_SECONDS: Final = 15.0
"""For how long what is left is not counted again; records that come in meanwhile join later."""
_COUNTED_TIMES: Final = 40
"""A slow count holds for so many times as long as it took: a fortieth of the time is spent on it at the most."""
_OPEN: Final = (DeliveryState.READY, DeliveryState.SENDING)
_LATELY: Final = 300
"""How many records a run that was interrupted is judged by."""
_STILL_SECONDS: Final = 60.0
"""Nothing sent for so long: what was sent before that tells nothing of the pace now."""
_FEWEST_SECONDS: Final = 2.0
_MINUTE: Final = 60.0
_MINUTES_IN_WORDS: Final = 90
"""Up to this many minutes the time left is told in minutes, above in hours."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; `done` are the records it has dealt with, whatever became of them.

    `at_most` says that some of `total` may stay where they are, because an expense category is left out.
    `per_minute` and `seconds_left` are None as long as nothing can be said.
    """

    done: int
    total: int
    at_most: bool = False
    per_minute: int | None = None
    seconds_left: float | None = None
    resumed: int = 0
    waits: bool = False
    """Whether the run has not begun yet."""

    @property
    def quarter(self) -> int:
        """How many quarters are done, from 0 to 4; those are what is read out."""
        return 4 * self.done // self.total if self.total else 0

    @property
    def counted(self) -> Message:
        """Say how many are done."""
        if self.waits:
            return msg("The export waits to begin.")
        if not self.total:
            return msg("Looking for what there is to export.")
        done, total = amount(str(self.done)), amount(str(self.total))
        if self.at_most:
            return msg("{done} of at most {total} records are dealt with.", done=done, total=total)
        return msg("{done} of {total} records are dealt with.", done=done, total=total)

    @property
    def pace(self) -> Message | None:
        """Say how fast it goes."""
        if self.per_minute is None:
            return None
        return msg("{rate} records a minute.", rate=amount(str(self.per_minute)))

    @property
    def left(self) -> Message | None:
        """Say how long it will take."""
        if self.seconds_left is None:
            return None
        minutes = round(self.seconds_left / _MINUTE)
        if self.seconds_left < _MINUTE:
            return msg("Less than a minute left.")
        if minutes == 1:
            return msg("About a minute left.")
        if minutes <= _MINUTES_IN_WORDS:
            return msg("About {count} minutes left.", count=minutes)
        return msg("About {count} hours left.", count=round(minutes / 60))

    @property
    def taken_up(self) -> Message | None:
        """Say that the program was restarted meanwhile, if it was."""
        return msg("Taken up again after a restart.") if self.resumed else None

    @property
    def sentences(self) -> tuple[Message, ...]:
        """All there is to say, in order."""
        return tuple(said for said in (self.counted, self.pace, self.left, self.taken_up) if said)


@dataclass(frozen=True, slots=True)
class _Counted:
    run_id: uuid.UUID
    total: int
    at_most: bool
    until: float


class ProgressReader:
    """Reads how far runs have come; what is left is counted now and then, not at every look."""

    def __init__(self, adapters: AdapterRegistry, clock: Clock) -> None:
        self._adapters = adapters
        self._clock = clock
        self._counted: dict[uuid.UUID, _Counted] = {}

    async def of(self, unit: Unit, run: Run) -> Progress | None:
        """Return how far a run has come; None for one that has ended."""
        if run.finished_at is not None:
            # An integration has one run under way at a time: what is kept never grows beyond them.
            self._counted.pop(run.integration_id, None)
            return None
        done = run.delivered + run.rejected + run.waiting + run.unknown
        known = self._counted.get(run.integration_id)
        fresh = known is not None and known.run_id == run.id and self._clock.monotonic() < known.until
        if known is None or not fresh or done > known.total:
            known = self._counted[run.integration_id] = await self._count(unit, run, done)
        per_second = await self._pace(unit, run, done)
        left = known.total - done
        return Progress(
            done=done,
            total=known.total,
            at_most=known.at_most,
            per_minute=round(per_second * _MINUTE) if per_second else None,
            seconds_left=left / per_second if per_second and left else None,
            resumed=run.resumed or 0,
            waits=run.state is RunState.QUEUED,
        )

    async def _count(self, unit: Unit, run: Run, done: int) -> _Counted:
        began = self._clock.monotonic()
        integration = await unit.integrations.get(run.integration_id)
        states = await unit.backlog.by_state(integration.id)
        pays = await unit.mappings.maps(integration.id, PAYMENT_ACCOUNT)
        able = self._adapters.get(integration.kind).capabilities_of(integration.settings)
        kinds = exported_kinds(able.kinds, maps_payments=pays)
        new = await unit.backlog.not_taken_up(integration.id, kinds, EXPORTED_STATUSES, sum(states.values()))
        left = new + sum(states.get(state, 0) for state in _OPEN)
        left += await unit.backlog.due(integration.id, self._clock.now())
        held = bool(excluded_categories(await unit.integrations.exclusions(integration.id)))
        ended = self._clock.monotonic()
        holds = max(COUNTED_SECONDS, (ended - began) * _COUNTED_TIMES)
        return _Counted(run.id, done + left, held, ended + holds)

    async def _pace(self, unit: Unit, run: Run, done: int) -> float | None:
        """Return the records a second: since the run began or, where it was interrupted, of what it sent since."""
        now = self._clock.now()
        if not run.resumed:
            seconds = (now - run.started_at).total_seconds() if run.started_at else 0.0
            return done / seconds if done and seconds >= _FEWEST_SECONDS else None
        return _lately(await unit.run_records.sent_lately(run.id, _LATELY), now)


def _lately(sent: Sequence[datetime], now: datetime) -> float | None:
    """Return the records a second of `sent`, the latest first, as far as there is no gap between them."""
    count, since = 0, now
    for at in sent:
        if (since - at).total_seconds() > _STILL_SECONDS:
            break
        count, since = count + 1, min(since, at)
    seconds = (now - since).total_seconds()
    return count / seconds if count and seconds >= _FEWEST_SECONDS else None
