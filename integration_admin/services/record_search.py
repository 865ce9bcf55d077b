"""Where is claim 1042: finding records by what people type, and listing them by where they are.

What happened to one record is told by record_story.py.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from integration_admin.core.actor import Actor
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.search import STATE, STATUS, After, Hit, Place
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.record_ways import RecordQuery, Way, read_cursor, ways_of, write_cursor
from integration_admin.services.voucher_links import VoucherLinks

__all__ = ["FoundPage", "FoundPlace", "FoundRecord", "RecordQuery", "RecordSearch"]

PAGE: Final = 25
MOST_LOOKED_AT: Final = 1_000
"""Rows one page looks at where it also filters; a page may so be short, and its cursor goes on."""
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """Where a found record is on its way to one accounting system."""

    integration_id: uuid.UUID
    integration_name: str
    state: DeliveryState
    reference: str
    external_id: str
    voucher_url: str = ""
    """Where a person looks at its voucher in the accounting system, if there is such a place."""


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record that was found; `claimant` is empty for whoever may not see people."""

    kind: str
    id: str
    status: str
    amount: Money | None
    claimant: str
    places: tuple[FoundPlace, ...]


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some records, and the cursor that continues after them; empty when there are no more."""

    records: tuple[FoundRecord, ...]
    next_cursor: str


class RecordSearch:
    """Finds records of the caller's organisation."""

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry | None = None,
        most_looked_at: int = MOST_LOOKED_AT,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._most_looked_at = most_looked_at

    async def find(self, actor: Actor, query: RecordQuery, cursor: str = "", limit: int = PAGE) -> FoundPage:
        """Return up to `limit` records after `cursor`; raises InvalidInput for a cursor that is damaged.

        Claimants are looked for, and shown, only for who may also export.
        """
        actor.require(Permission.VIEW)
        people = actor.may(Permission.RUN)
        async with self._database.read(actor.organisation_id) as unit:
            integrations = {row.id: row for row in await unit.integrations.everything()}
            walk = _Walk(unit, query, ways_of(query, people=people), limit, self._most_looked_at)
            await walk.go(cursor)
        ways = {name: _Target(row, VoucherLinks(self._adapters, row)) for name, row in integrations.items()}
        records = tuple(
            _found(
                hit,
                [ways[place.integration_id].of(place) for place in walk.places.get(hit.id, ())],
                people=people,
            )
            for _, hit in walk.found[:limit]
        )
        return FoundPage(records, walk.next_cursor())


class _Walk:
    """One page in the making: goes along each way in turn until the page is full or enough was looked at."""

    def __init__(
        self, unit: Unit, query: RecordQuery, ways: Sequence[Way], limit: int, most_looked_at: int
    ) -> None:
        self._most_looked_at = most_looked_at
        self._unit = unit
        self._query = query
        self.ways_of = ways
        self._limit = limit
        self._looked_at = 0
        self._last: After | None = None
        self._stopped = ""
        self.found: list[tuple[Way, Hit]] = []
        self.places: dict[int, list[Place]] = {}

    async def go(self, cursor: str) -> None:
        """Fill the page, and one record more to know whether there are more."""
        first, after = read_cursor(cursor, self.ways_of)
        for place in range(first, len(self.ways_of)):
            while await self._step(place, after):
                way, after = self.ways_of[place], self._last
                if len(self.found) > self._limit:
                    return
                if self._looked_at >= self._most_looked_at:
                    self._stopped = write_cursor(way, after)
                    return
            if len(self.found) > self._limit:
                return
            after = None

    def next_cursor(self) -> str:
        """Return where to go on, or nothing at the end."""
        if len(self.found) > self._limit:
            way, hit = self.found[self._limit - 1]
            return write_cursor(way, hit.after)
        return self._stopped

    async def _step(self, place: int, after: After | None) -> bool:
        """Look at some more rows of one way; tell whether there may be further ones."""
        way, filtered = self.ways_of[place], self._is_filtered(place)
        wanted = min(_AT_ONCE, self._most_looked_at) if filtered else self._limit + 1 - len(self.found)
        hits = await self._unit.search.along(way.by, way.value, after, wanted)
        self._looked_at += len(hits)
        for found in await self._unit.search.places([hit.id for hit in hits]):
            self.places.setdefault(found.record_id, []).append(found)
        self.found += [(way, hit) for hit in hits if self._fits(place, hit)]
        if hits:
            self._last = hits[-1].after
        return len(hits) == wanted

    def _is_filtered(self, place: int) -> bool:
        way = self.ways_of[place]
        by_status = bool(self._query.status) and way.by != STATUS
        return by_status or (self._query.state is not None and way.by != STATE) or way.amount is not None

    def _fits(self, place: int, hit: Hit) -> bool:
        """Tell whether a hit is what was meant, and no earlier way has found it already."""
        if self._query.status and hit.status != self._query.status:
            return False
        state = self._query.state
        if state is not None and all(found.state is not state for found in self.places.get(hit.id, ())):
            return False
        return self.ways_of[place].is_right(hit) and not any(way.finds(hit) for way in self.ways_of[:place])


class _Target(NamedTuple):
    """An accounting system that found records may have gone to."""

    integration: Integration
    links: VoucherLinks

    def of(self, place: Place) -> FoundPlace:
        """Return where a record is on its way there."""
        return FoundPlace(
            place.integration_id,
            self.integration.name,
            place.state,
            place.reference,
            place.external_id,
            self.links.of(place.state, place.external_id, place.reference, place.fate),
        )


def _found(hit: Hit, places: Sequence[FoundPlace], *, people: bool) -> FoundRecord:
    return FoundRecord(
        kind=hit.kind,
        id=hit.external_id,
        status=hit.status,
        amount=Money(hit.currency, hit.amount_minor) if hit.currency else None,
        claimant=(hit.name or "") if people else "",
        places=tuple(places),
    )
