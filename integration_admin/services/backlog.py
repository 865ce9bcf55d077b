"""How much there is to export and has been exported, without counting a million rows at every look."""

import uuid
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace

from integration_admin.core.clock import Clock
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.export_claims import EXPORTED_STATUSES

SLOW_SECONDS = 0.05
"""A count that takes this long is worth remembering."""
REMEMBERED_TIMES = 20
"""For how many times as long as it took a slow count is told again, so that counting takes a twentieth of the time at most."""
EXPORTING_SECONDS = 2.0
"""For how long a count is told again while an export is under way: it changes at once anyway, and many may look."""
MOST_ANEW = 10_000
"""How many records in one state are counted anew at every look; where there are more, that count is remembered too."""
_MANY = (DeliveryState.READY, DeliveryState.DELIVERED)
_FEW = tuple(state for state in DeliveryState if state not in _MANY)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries by state, and how many records the next run will take up."""

    by_state: Mapping[DeliveryState, int]
    new: int


@dataclass(frozen=True, slots=True)
class _Known:
    many: Mapping[DeliveryState, int]
    new: int
    marker: Hashable
    until: float


class BacklogCounter:
    """Counts what needs somebody or something exactly, at every look, as long as it is not very much.

    What is ready, delivered or not taken up yet, or is very much, may be some seconds old.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[uuid.UUID, _Known] = {}

    async def count(
        self,
        unit: Unit,
        integration_id: uuid.UUID,
        kinds: Collection[str],
        marker: Hashable,
        *,
        exporting: bool = False,
    ) -> Backlog:
        """Return what there is; whatever `marker` says has changed, such as a run that ended, is counted anew.

        `exporting` says that a run is under way.
        """
        found = await unit.backlog.up_to(integration_id, _FEW, MOST_ANEW + 1)
        few = {state: count for state, count in found.items() if count <= MOST_ANEW}
        crowded = tuple(state for state in found if state not in few)
        decided = (
            marker,
            exporting,
            frozenset(kinds),
            few.get(DeliveryState.NEEDS_PERSON),
            few.get(DeliveryState.REJECTED),
            crowded,
        )
        known = self._known.get(integration_id)
        if known is None or known.marker != decided or self._clock.monotonic() >= known.until:
            counted = (*_MANY, *crowded)
            known = await self._count(unit, integration_id, kinds, counted, sum(few.values()), decided)
            if exporting:
                known = replace(known, until=max(known.until, self._clock.monotonic() + EXPORTING_SECONDS))
            self._known[integration_id] = known
        return Backlog({**few, **known.many}, known.new)

    async def _count(
        self,
        unit: Unit,
        integration_id: uuid.UUID,
        kinds: Collection[str],
        counted: Collection[DeliveryState],
        few: int,
        marker: Hashable,
    ) -> _Known:
        began = self._clock.monotonic()
        many = await unit.backlog.by_state(integration_id, counted)
        taken_up = few + sum(many.values())
        new = await unit.backlog.not_taken_up(integration_id, kinds, EXPORTED_STATUSES, taken_up)
        ended = self._clock.monotonic()
        took = ended - began
        remembered = took * REMEMBERED_TIMES if took >= SLOW_SECONDS else 0.0
        return _Known(many, new, marker, ended + remembered)
