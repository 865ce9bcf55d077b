"""Where is claim 1042: finding records by what people type, and listing them by where they are.

What happened to one record is told by record_story.py.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.search_words import folded
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.search import (
    BEGINNINGS,
    EQUALS,
    NEWEST,
    STATE,
    STATUS,
    After,
    Hit,
    Place,
)
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.voucher_links import VoucherLinks

PAGE: Final = 25
MOST_LOOKED_AT: Final = 1_000
"""Rows one page looks at where it also filters; a page may so be short, and its cursor goes on."""
_AT_ONCE: Final = 200
_LONGEST_TEXT: Final = 100
_LONGEST_REFERENCE: Final = 25
_LONGEST_ROW: Final = 18
_LARGEST_NUMBER: Final = 2**31 - 1
_LARGEST_MINOR: Final = 2**63 - 1
_DECIMALS: Final = (2, 0, 3, 4)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """What is looked for: words, and where the record is; `status` is the expense system's."""

    text: str = ""
    status: str = ""
    state: DeliveryState | None = None


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


@dataclass(frozen=True, slots=True)
class _Way:
    """One thing the words may mean; `amount` is compared again, for minor units differ by currency."""

    name: str
    by: str
    value: Any
    amount: Decimal | None = None

    def finds(self, hit: Hit) -> bool:
        """Tell whether a record would be found this way too."""
        if self.by in BEGINNINGS:
            return bool(getattr(hit, self.by).startswith(self.value))
        return self.by in EQUALS and getattr(hit, self.by) == self.value and self.is_right(hit)

    def is_right(self, hit: Hit) -> bool:
        """Tell whether a record found this way has the amount that was meant."""
        if self.amount is None:
            return True
        return bool(hit.currency) and Decimal(Money(hit.currency, hit.amount_minor).decimal()) == self.amount


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
            walk = _Walk(unit, query, _ways(query, people=people), limit, self._most_looked_at)
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
        self, unit: Unit, query: RecordQuery, ways: Sequence[_Way], limit: int, most_looked_at: int
    ) -> None:
        self._most_looked_at = most_looked_at
        self._unit = unit
        self._query = query
        self._ways = ways
        self._limit = limit
        self._looked_at = 0
        self._last: After | None = None
        self._stopped = ""
        self.found: list[tuple[_Way, Hit]] = []
        self.places: dict[int, list[Place]] = {}

    async def go(self, cursor: str) -> None:
        """Fill the page, and one record more to know whether there are more."""
        first, after = _read_cursor(cursor, self._ways)
        for place in range(first, len(self._ways)):
            while await self._step(place, after):
                way, after = self._ways[place], self._last
                if len(self.found) > self._limit:
                    return
                if self._looked_at >= self._most_looked_at:
                    self._stopped = _write_cursor(way, after)
                    return
            if len(self.found) > self._limit:
                return
            after = None

    def next_cursor(self) -> str:
        """Return where to go on, or nothing at the end."""
        if len(self.found) > self._limit:
            way, hit = self.found[self._limit - 1]
            return _write_cursor(way, hit.after)
        return self._stopped

    async def _step(self, place: int, after: After | None) -> bool:
        """Look at some more rows of one way; tell whether there may be further ones."""
        way, filtered = self._ways[place], self._is_filtered(place)
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
        way = self._ways[place]
        by_status = bool(self._query.status) and way.by != STATUS
        return by_status or (self._query.state is not None and way.by != STATE) or way.amount is not None

    def _fits(self, place: int, hit: Hit) -> bool:
        """Tell whether a hit is what was meant, and no earlier way has found it already."""
        if self._query.status and hit.status != self._query.status:
            return False
        state = self._query.state
        if state is not None and all(found.state is not state for found in self.places.get(hit.id, ())):
            return False
        return self._ways[place].is_right(hit) and not any(way.finds(hit) for way in self._ways[:place])


def _ways(query: RecordQuery, *, people: bool) -> list[_Way]:
    """Return what the words may mean, the likeliest first."""
    text = "".join(letter for letter in query.text if letter.isprintable())[:_LONGEST_TEXT].strip()
    word = folded(text)
    if not word:
        return [_listing(query)]
    ways = [_Way("id", "folded_id", word)]
    if text.isascii() and text.isdigit() and text.lstrip("0"):
        ways.append(_Way("number", "id_number", text.lstrip("0")))
    if people and any(letter.isalpha() for letter in word):
        ways += [_Way("claimant", "claimant", word), _Way("turned", "claimant_turned", word)]
    ways += _amounts(text)
    if " " not in text and len(text) <= _LONGEST_REFERENCE:
        for spelled in dict.fromkeys((text, text.upper())):
            ways.append(_Way(f"reference{len(ways)}", "reference", spelled))
    for spelled in dict.fromkeys((text, text.upper(), text.lower())):
        ways.append(_Way(f"voucher{len(ways)}", "external_id", spelled))
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST_NUMBER:
        ways.append(_Way("ours", "voucher_number", int(text)))
    return ways


def _listing(query: RecordQuery) -> _Way:
    """Return how records are listed without words: by what there are fewest of."""
    if query.state is not None:
        return _Way(STATE, STATE, query.state)
    return _Way(STATUS, STATUS, query.status) if query.status else _Way(NEWEST, NEWEST, None)


def _amounts(text: str) -> list[_Way]:
    """Read the words as an amount, in minor units of currencies with any number of decimals."""
    amount = read_amount(text)
    if amount is None:
        return []
    minors = {places: amount.scaleb(places) for places in _DECIMALS}
    return [
        _Way(f"amount{places}", "amount_minor", int(minor), amount)
        for places, minor in minors.items()
        if minor == int(minor) and abs(minor) <= _LARGEST_MINOR
    ]


def read_amount(text: str) -> Decimal | None:
    """Read an amount as people write it (412, 412,00, 1 234,50, NOK 1.234,50), or none."""
    plain = re.sub(r"(?i)^(kr|[a-z]{3})\.?\s|\s(kr|[a-z]{3})\.?$|\s", "", text)
    decimal = max(plain.rfind(","), plain.rfind("."))
    if decimal >= 0:
        whole, fraction = re.sub("[.,]", "", plain[:decimal]), plain[decimal + 1 :]
        # Three digits after the only kind of mark are thousands, as in 1.234.
        thousands = len(fraction) == 3 and len(set(re.findall("[.,]", plain))) == 1
        plain = whole + fraction if thousands else f"{whole}.{fraction}"
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None


def _write_cursor(way: _Way, after: After | None) -> str:
    return f"{way.name}|{after.id}|{after.word}" if after else ""


def _read_cursor(cursor: str, ways: Sequence[_Way]) -> tuple[int, After | None]:
    """Return which way to go on along and after what; raises InvalidInput."""
    if not cursor:
        return 0, None
    name, _, rest = cursor.partition("|")
    row, _, word = rest.partition("|")
    known = {way.name: place for place, way in enumerate(ways)}
    whole = row.isascii() and row.isdigit() and len(row) <= _LONGEST_ROW and word.isprintable()
    if name not in known or not whole or not _continues(ways[known[name]], word):
        sentence = msg("This cursor is damaged. Start without one.")
        raise InvalidInput(sentence, fields={"cursor": sentence})
    return known[name], After(int(row), word)


def _continues(way: _Way, word: str) -> bool:
    """Tell whether a cursor's word is among those its way goes through."""
    return word.startswith(way.value) if way.by in BEGINNINGS else not word


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
