"""How many waiting records an excluded category keeps here, counted by reading their categories page by page."""

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT
from integration_admin.data.database import Database
from integration_admin.data.repositories.deliveries import Outgoing, Suspicion
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.held_claims import categories_of_undelivered

_PAGE = 500
_MOST_LOOKED_AT = 20_000
_LONGEST_WAIT = timedelta(days=30)
"""Longer than any record waits for its next try."""


class _Waiting(NamedTuple):
    """A record with its categories; a reimbursement has those of its claim, unless that is delivered."""

    kind: str
    categories: frozenset[str]


class _Page(NamedTuple):
    last: int
    records: list[_Waiting]


_Stage = Callable[[Unit, int], Awaitable[_Page | None]]


@dataclass(slots=True)
class StayingRecords:
    """How many waiting records a category keeps here, and what changed, by kind; only so many are looked at."""

    looked_at: int = 0
    after: int = 0
    held: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def add(self, kind: str, *, stayed: bool, stays: bool) -> None:
        """Count one record."""
        self.looked_at += 1
        self.after += stays
        self.held[kind] += stays and not stayed
        self.released[kind] += stayed and not stays

    def sentences(self) -> Iterator[Message]:
        """Say what the change does to them."""
        if count := self.held[EXPENSE_CLAIM]:
            yield msg(
                "Waiting claims that stay, because they have a line in a category that is left out: {count}.",
                count=count,
            )
        if count := self.held[REIMBURSEMENT]:
            yield msg(
                "Waiting reimbursements that stay, because their claim is left out: {count}.", count=count
            )
        if count := self.released[EXPENSE_CLAIM]:
            yield msg(
                "Waiting claims that were left out and now go with the next export: {count}.", count=count
            )
        if count := self.released[REIMBURSEMENT]:
            yield msg(
                "Waiting reimbursements that stayed with their claim and now go with the next export: {count}.",
                count=count,
            )
        if not self.complete:
            yield msg(
                "There are more: only the first {count} waiting records were counted.", count=self.looked_at
            )


@dataclass(frozen=True, slots=True)
class WaitingRecords:
    """What waits for one integration, of the kinds it exports."""

    database: Database
    organisation_id: uuid.UUID
    integration_id: uuid.UUID
    kinds: Collection[str]

    async def count_staying(
        self, before: frozenset[str], after: frozenset[str], now: datetime
    ) -> StayingRecords:
        """Count those that stay because of a category, as one set of categories replaces another."""
        counted = StayingRecords()
        if not before | after:
            return counted
        async for kind, categories in self._all(now):
            if counted.looked_at == _MOST_LOOKED_AT:
                counted.complete = False
                break
            counted.add(kind, stayed=bool(categories & before), stays=bool(categories & after))
        return counted

    async def _all(self, now: datetime) -> AsyncIterator[_Waiting]:
        """Yield each approved record that has not been sent."""

        async def ready(unit: Unit, after: int) -> _Page | None:
            rows = await unit.deliveries.ready(self.integration_id, Suspicion(), after, _PAGE)
            return await self._taken_up(unit, rows)

        async def tried(unit: Unit, after: int) -> _Page | None:
            until = now + _LONGEST_WAIT
            rows = await unit.deliveries.waited(self.integration_id, Suspicion(), until, after, _PAGE)
            return await self._taken_up(unit, rows)

        stages: tuple[_Stage, ...] = (ready, tried, self._new)
        for stage in stages:
            after = 0
            while True:
                async with self.database.read(self.organisation_id) as unit:
                    page = await stage(unit, after)
                if page is None:
                    break
                after = page.last
                for record in page.records:
                    yield record

    async def _new(self, unit: Unit, after: int) -> _Page | None:
        rows = await unit.records.without_delivery(
            self.integration_id, self.kinds, EXPORTED_STATUSES, after, _PAGE
        )
        if not rows:
            return None
        records = await unit.records.by_ids([row[0] for row in rows])
        return _Page(rows[-1][0], await self._read(unit, [records[row[0]].payload for row in rows]))

    async def _taken_up(self, unit: Unit, rows: Sequence[Outgoing]) -> _Page | None:
        if not rows:
            return None
        exported = [json.loads(row.payload) for row in rows if row.status in EXPORTED_STATUSES]
        return _Page(rows[-1].id, await self._read(unit, exported))

    async def _read(self, unit: Unit, records: Sequence[Mapping[str, Any]]) -> list[_Waiting]:
        paid = {record["claim_id"] for record in records if record["kind"] == REIMBURSEMENT}
        claims = await categories_of_undelivered(unit, self.integration_id, paid)
        return [_waiting(record, claims) for record in records]


def _waiting(record: Mapping[str, Any], claims: Mapping[str, Sequence[str]]) -> _Waiting:
    if record["kind"] == REIMBURSEMENT:
        return _Waiting(REIMBURSEMENT, frozenset(claims.get(record["claim_id"], ())))
    return _Waiting(record["kind"], frozenset(line["category"] for line in record["lines"]))
