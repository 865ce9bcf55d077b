"""How many waiting claims an excluded category keeps here, counted by reading their categories page by page."""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.data.database import Database
from integration_admin.data.repositories.deliveries import Outgoing, Suspicion
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.export_claims import EXPORTED_STATUSES

_PAGE = 500
_MOST_LOOKED_AT = 20_000
_LONGEST_WAIT = timedelta(days=30)
"""Longer than any record waits for its next try."""


class _Page(NamedTuple):
    last: int
    categories: list[frozenset[str]]


_Stage = Callable[[Unit, int], Awaitable[_Page | None]]


@dataclass(slots=True)
class StayingClaims:
    """How many waiting claims a category keeps here, and what changed; only so many are looked at."""

    looked_at: int = 0
    after: int = 0
    held: int = 0
    released: int = 0
    complete: bool = True

    def add(self, *, stayed: bool, stays: bool) -> None:
        """Count one claim."""
        self.looked_at += 1
        self.after += stays
        self.held += stays and not stayed
        self.released += stayed and not stays

    def sentences(self) -> Iterator[Message]:
        """Say what the change does to them."""
        if self.held:
            yield msg(
                "Waiting claims that stay, because they have a line in a category that is left out: {count}.",
                count=self.held,
            )
        if self.released:
            yield msg(
                "Waiting claims that were left out and now go with the next export: {count}.",
                count=self.released,
            )
        if not self.complete:
            yield msg(
                "There are more: only the first {count} waiting claims were counted.", count=self.looked_at
            )


async def count_staying(
    database: Database,
    organisation_id: uuid.UUID,
    integration_id: uuid.UUID,
    before: frozenset[str],
    after: frozenset[str],
    now: datetime,
) -> StayingClaims:
    """Count the waiting claims that stay because of a category, as one set of categories replaces another."""
    counted = StayingClaims()
    if not before | after:
        return counted
    async for categories in _waiting(database, organisation_id, integration_id, now):
        if counted.looked_at == _MOST_LOOKED_AT:
            counted.complete = False
            break
        counted.add(stayed=bool(categories & before), stays=bool(categories & after))
    return counted


async def _waiting(
    database: Database, organisation_id: uuid.UUID, integration_id: uuid.UUID, now: datetime
) -> AsyncIterator[frozenset[str]]:
    """Yield the categories of each approved claim that has not been sent."""

    async def ready(unit: Unit, after: int) -> _Page | None:
        return _taken_up(await unit.deliveries.ready(integration_id, Suspicion(), after, _PAGE))

    async def tried(unit: Unit, after: int) -> _Page | None:
        until = now + _LONGEST_WAIT
        return _taken_up(await unit.deliveries.waited(integration_id, Suspicion(), until, after, _PAGE))

    async def new(unit: Unit, after: int) -> _Page | None:
        rows = await unit.records.without_delivery(
            integration_id, (EXPENSE_CLAIM,), EXPORTED_STATUSES, after, _PAGE
        )
        records = await unit.records.by_ids([row[0] for row in rows])
        return _Page(rows[-1][0], [_of(records[row[0]].payload) for row in rows]) if rows else None

    stages: tuple[_Stage, ...] = (ready, tried, new)
    for stage in stages:
        after = 0
        while True:
            async with database.read(organisation_id) as unit:
                page = await stage(unit, after)
            if page is None:
                break
            after = page.last
            for categories in page.categories:
                yield categories


def _taken_up(rows: Sequence[Outgoing]) -> _Page | None:
    claims = [row for row in rows if row.kind == EXPENSE_CLAIM and row.status in EXPORTED_STATUSES]
    return _Page(rows[-1].id, [_of(json.loads(row.payload)) for row in claims]) if rows else None


def _of(claim: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(line["category"] for line in claim["lines"])
