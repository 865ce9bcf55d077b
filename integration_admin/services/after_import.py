"""What became of everything an integration has delivered, where the accounting system books later than it takes."""

import uuid
from dataclasses import dataclass

from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import FateState
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.backlog import REMEMBERED_TIMES, SLOW_SECONDS

_OPEN = (FateState.STAGED, FateState.REJECTED)


@dataclass(frozen=True, slots=True)
class AfterImport:
    """How many delivered records wait to be booked in `system`, are booked, or were refused after all.

    `reason` is why the latest of those was refused.
    """

    system: Message
    staged: int
    booked: int
    rejected: int
    reason: Message | None = None

    @property
    def sentences(self) -> tuple[Message, ...]:
        """Say it, one sentence for each that there is any of."""
        told = (
            (
                self.staged,
                msg("Taken in by {system}, not booked yet: {count}.", system=self.system, count=self.staged),
            ),
            (self.booked, msg("Booked in {system}: {count}.", system=self.system, count=self.booked)),
            (self.rejected, self._refused()),
        )
        return tuple(sentence for count, sentence in told if count)

    @property
    def needs_person(self) -> Message | None:
        """What a person must do about what was refused, if anything was."""
        if not self.rejected:
            return None
        return msg(
            "Records that {system} refused after taking them in: {count}. See why on the integration's page, then put"
            " them right in {system}.",
            system=self.system,
            count=self.rejected,
        )

    def _refused(self) -> Message:
        if self.reason is None:
            return msg("Refused by {system} after import: {count}.", system=self.system, count=self.rejected)
        return msg(
            "Refused by {system} after import: {count}. {reason}",
            system=self.system,
            count=self.rejected,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class FateCounts:
    """How many delivered records wait to be booked, are booked, or were refused after all."""

    staged: int
    booked: int
    rejected: int


@dataclass(frozen=True, slots=True)
class _Booked:
    count: int
    open: tuple[int, int]
    until: float


class FateCounter:
    """Counts what is open exactly, at every look; what is booked may be some seconds old where it is much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._booked: dict[uuid.UUID, _Booked] = {}

    async def count(self, unit: Unit, integration_id: uuid.UUID) -> FateCounts:
        """Return what there is."""
        few = await unit.backlog.by_fate(integration_id, _OPEN)
        staged, rejected = few.get(FateState.STAGED, 0), few.get(FateState.REJECTED, 0)
        known = self._booked.get(integration_id)
        if known is None or known.open != (staged, rejected) or self._clock.monotonic() >= known.until:
            known = self._booked[integration_id] = await self._count(unit, integration_id, (staged, rejected))
        return FateCounts(staged, known.count, rejected)

    async def _count(self, unit: Unit, integration_id: uuid.UUID, open_fates: tuple[int, int]) -> _Booked:
        began = self._clock.monotonic()
        booked = await unit.backlog.by_fate(integration_id, (FateState.BOOKED,))
        ended = self._clock.monotonic()
        remembered = (ended - began) * REMEMBERED_TIMES if ended - began >= SLOW_SECONDS else 0.0
        return _Booked(booked.get(FateState.BOOKED, 0), open_fates, ended + remembered)
