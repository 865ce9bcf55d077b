"""Reads failures by their cause, a page at a time. How a cause is told is in failure_causes.py."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.models import Failure
from integration_admin.data.repositories.failures import Extent
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.failure_causes import MOST_COUNTED, CauseKey, CauseView, cause_view

OPEN: Final = (FailureState.REFUSED, FailureState.WAITING)
"""What waits for its cause to be mended, or is tried again by itself."""
CAUSES: Final = 20


@dataclass(frozen=True, slots=True)
class CausePage:
    """Some causes, those of most records first, and the cursor that continues after them; empty at the end.

    `left_out` is how many of the page's causes were not asked for.
    """

    causes: tuple[CauseView, ...]
    next_cursor: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Cause:
    key: CauseKey
    extent: Extent
    latest: Failure
    now: DeliveryState | None


async def cause_page(
    unit: Unit,
    integration_id: uuid.UUID,
    states: Sequence[FailureState] = OPEN,
    after: CauseKey | None = None,
    limit: int = CAUSES,
    most: int = CAUSES,
) -> CausePage:
    """Return the `most` largest of up to `limit` causes of open failures in `states` that come after `after`."""
    keys = await _keys(unit, integration_id, states, after, limit + 1)
    extents = [(key, await _extent(unit, integration_id, key)) for key in keys[:limit]]
    large = sorted(((key, one) for key, one in extents if one), key=lambda found: -found[1].records)
    causes = [
        _Cause(key, extent, *latest)
        for key, extent in large[:most]
        if (latest := await unit.failures.latest(integration_id, key.state, key.cause)) is not None
    ]
    more = str(keys[limit - 1]) if len(keys) > limit else ""
    return CausePage(await _views(unit, integration_id, causes), more, len(large[most:]))


async def _keys(
    unit: Unit,
    integration_id: uuid.UUID,
    states: Sequence[FailureState],
    after: CauseKey | None,
    limit: int,
) -> list[CauseKey]:
    """Return up to `limit` causes, one state after the other."""
    keys: list[CauseKey] = []
    first = states.index(after.state) if after is not None and after.state in states else 0
    for place, state in enumerate(states[first:]):
        begin = after.cause if after is not None and place == 0 else ""
        found = await unit.failures.causes(integration_id, state, begin, limit - len(keys))
        keys += [CauseKey(state, cause) for cause in found]
        if len(keys) >= limit:
            break
    return keys


async def _extent(unit: Unit, integration_id: uuid.UUID, key: CauseKey) -> Extent | None:
    return await unit.failures.extent(integration_id, key.state, key.cause, MOST_COUNTED + 1)


async def _views(unit: Unit, integration_id: uuid.UUID, causes: Sequence[_Cause]) -> tuple[CauseView, ...]:
    """Return what is shown; the mapping is read only where one of its fields may be at fault."""
    in_mapping = any(cause.latest.field for cause in causes)
    mapping = await unit.mappings.get(integration_id) if in_mapping else {}
    categories = await unit.records.categories(EXPENSE_CLAIM) if in_mapping else []
    return tuple(
        cause_view(cause.key, cause.latest, cause.now, cause.extent, mapping, categories) for cause in causes
    )
