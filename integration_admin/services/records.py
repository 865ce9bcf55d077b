"""Receiving records from the expense system: each is checked by itself and stored once a revision.

Reading them from files lives in record_files.py, the sentences for refusals in record_reasons.py.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

from pydantic import ValidationError

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import DAY_FIELDS, Activity, ExpenseClaim, Reimbursement, parse_record
from integration_admin.core.search_words import folded_id, search_words
from integration_admin.core.statuses import Permission
from integration_admin.core.typed_text import seen
from integration_admin.data.database import Database
from integration_admin.data.models import RecordRow
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.record_reasons import Reason, reasons_of, unstorable_reasons
from integration_admin.services.retention import FEWEST_YEARS, oldest_kept, years_before

BATCH = 1_000
"""Records stored in one transaction at the most."""

_LATELY = timedelta(hours=1)
_MOST_COUNTED = 1_000
_LONGEST_ID = 64
_LARGEST_REVISION = 2**31 - 1
_CATEGORIES_AT_ONCE = 500

_Key = tuple[str, str]


class IntakeResult(StrEnum):
    """What became of a record that was handed over."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REJECTED = "rejected"


_STORED = frozenset({IntakeResult.CREATED, IntakeResult.UPDATED})


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one record; what could not be read of a refused one is empty."""

    kind: str
    id: str
    revision: int | None
    result: IntakeResult
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that is right in itself, as it would be stored; amounts are minor units.

    `content_hash` is the SHA-256 of its canonical JSON.
    """

    kind: str
    id: str
    revision: int
    status: str
    currency: str
    amount_minor: int
    payload: dict[str, Any]
    content_hash: str
    categories: tuple[str, ...]

    @property
    def key(self) -> _Key:
        """What the record is known by."""
        return self.kind, self.id

    def receipt(self, result: IntakeResult, *reasons: Reason) -> Receipt:
        """Answer this record."""
        return Receipt(self.kind, self.id, self.revision, result, reasons)


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """What records that are not stored yet are judged by."""

    oldest: date
    looks: dict[_Key, str]
    """Kind and id as people see it -> the id, of what is stored."""

    def refusal(self, item: Candidate) -> Reason | None:
        """Return why a new record is not taken in; one that is has its look from now on."""
        if (told := _too_old(item, self.oldest)) is not None:
            return told
        if self.looks.setdefault((item.kind, seen(item.id)), item.id) == item.id:
            return None
        # Somebody may have sent one claim with a space behind its id and without; both would be paid.
        alike = msg(
            "A record is stored whose id looks the same; only spaces or characters that nobody can see differ."
        )
        return Reason("id", alike)


class RecordIntake:
    """Stores what the expense system hands over; the same kind, id and revision is stored once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def receive(self, actor: Actor, raw: Iterable[Any]) -> list[Receipt]:
        """Store decoded JSON records and return one receipt for each, in order.

        A refused record never stops the others. Every thousand are one transaction. Raises NotPermitted.
        """
        actor.require(Permission.RUN)
        receipts: list[Receipt] = []
        rest = iter(raw)
        while batch := list(islice(rest, BATCH)):
            checked = await asyncio.to_thread(_check_all, batch)
            if all(isinstance(item, Receipt) for item in checked):
                receipts += [item for item in checked if isinstance(item, Receipt)]
                continue
            async with self._database.write(actor.organisation_id) as unit:
                receipts += await self.store(unit, checked)
        return receipts

    async def received_lately(self, actor: Actor) -> Message:
        """Say how many new records came in within the last hour; beyond a thousand nobody counts."""
        actor.require(Permission.VIEW)
        since = self._clock.now() - _LATELY
        async with self._database.read(actor.organisation_id) as unit:
            received = await unit.search.newest_received(_MOST_COUNTED + 1)
        count = sum(at >= since for at in received)
        if not count:
            return msg("No new record has come in within the last hour.")
        if count > _MOST_COUNTED:
            return msg("New records within the last hour: more than {count}.", count=_MOST_COUNTED)
        return msg("New records within the last hour: {count}.", count=count)

    async def store(self, unit: Unit, checked: Sequence[Candidate | Receipt]) -> list[Receipt]:
        """Store candidates in order inside an open unit; receipts of refused records pass through."""
        await unit.organisations.take_turns()
        known = await unit.records.known({item.key for item in checked if isinstance(item, Candidate)})
        new: list[RecordRow] = []
        categories: set[tuple[str, str]] = set()
        receipts: list[Receipt] = []
        now = self._clock.now()
        arrivals = [item for item in checked if isinstance(item, Candidate) and item.key not in known]
        judge = _Arrivals(await _oldest(unit, arrivals, now), await _looks(unit, arrivals))
        for item in checked:
            receipt = item if isinstance(item, Receipt) else _place(item, known, new, now, judge)
            receipts.append(receipt)
            if isinstance(item, Candidate) and receipt.result in _STORED:
                categories.update((item.kind, category) for category in item.categories)
        await unit.records.add_all(new)
        await _note(unit, sorted(categories), now)
        return receipts


def check(raw: Any) -> Candidate | Receipt:
    """Return what may be stored of one decoded JSON record, or the receipt that refuses it."""
    try:
        record = parse_record(raw)
    except ValidationError as error:
        return _refuse(raw, reasons_of(error, raw))
    payload = record.model_dump(mode="json")
    # Defaults stay out, so that a field added to records later does not make old ones look changed.
    said = record.model_dump(mode="json", exclude_defaults=True)
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        content_hash = hashlib.sha256(canonical.encode()).hexdigest()
    except UnicodeEncodeError:
        return _refuse(raw, tuple(unstorable_reasons(payload)))
    money = _money(record)
    return Candidate(
        kind=record.kind,
        id=record.id,
        revision=record.revision,
        status="paid" if isinstance(record, Reimbursement) else record.status,
        currency="" if money is None else money.currency,
        amount_minor=0 if money is None else money.minor,
        payload=payload,
        content_hash=content_hash,
        categories=_categories(record),
    )


def _check_all(batch: Sequence[Any]) -> list[Candidate | Receipt]:
    return [check(raw) for raw in batch]


def _place(
    item: Candidate, known: dict[_Key, RecordRow], new: list[RecordRow], now: datetime, judge: _Arrivals
) -> Receipt:
    """Decide about one candidate against what is stored, earlier ones of the same request included."""
    row = known.get(item.key)
    if row is None:
        if (told := judge.refusal(item)) is not None:
            return item.receipt(IntakeResult.REJECTED, told)
        row = RecordRow(kind=item.kind, external_id=item.id, received_at=now)
        _fill(row, item, now)
        known[item.key] = row
        new.append(row)
        return item.receipt(IntakeResult.CREATED)
    if item.revision < row.revision:
        newer = msg("A newer revision, {stored}, is already stored.", stored=row.revision)
        return item.receipt(IntakeResult.REJECTED, Reason("revision", newer))
    if item.revision > row.revision:
        _fill(row, item, now)
        return item.receipt(IntakeResult.UPDATED)
    if item.content_hash == row.content_hash:
        return item.receipt(IntakeResult.UNCHANGED)
    other = msg("Revision {stored} is already stored with other content.", stored=row.revision)
    return item.receipt(IntakeResult.REJECTED, Reason("revision", other))


async def _oldest(unit: Unit, arrivals: Sequence[Candidate], now: datetime) -> date:
    """Return the oldest day whose history is kept; it is asked for only where something new is old enough to matter."""
    kept_by_all = years_before(now, FEWEST_YEARS).date()
    if all(_too_old(item, kept_by_all) is None for item in arrivals):
        return kept_by_all
    return await oldest_kept(unit, now)


async def _looks(unit: Unit, arrivals: Sequence[Candidate]) -> dict[_Key, str]:
    """Return what looks like one of the arrivals among what is stored."""
    alike = await unit.records.found_as({folded_id(item.id) for item in arrivals})
    return {(kind, seen(record_id)): record_id for kind, record_id in alike}


def _too_old(item: Candidate, oldest: date) -> Reason | None:
    """Refuse what is older than the history that is kept: it may have been exported and deleted long ago."""
    field = DAY_FIELDS[item.kind]
    day = item.payload[field]
    if day is None or day >= oldest.isoformat():
        return None
    older = msg("This is from before {day}, the oldest day whose history is kept.", day=oldest.isoformat())
    return Reason(field, older)


def _fill(row: RecordRow, item: Candidate, now: datetime) -> None:
    row.revision = item.revision
    row.status = item.status
    row.currency = item.currency
    row.amount_minor = item.amount_minor
    row.payload = item.payload
    row.content_hash = item.content_hash
    row.updated_at = now
    for name, word in search_words(item.id, item.payload)._asdict().items():
        setattr(row, name, word)


def _money(record: ExpenseClaim | Reimbursement | Activity) -> Money | None:
    if isinstance(record, ExpenseClaim):
        return record.amount()
    return Money.parse(record.amount, record.currency) if isinstance(record, Reimbursement) else None


def _categories(record: ExpenseClaim | Reimbursement | Activity) -> tuple[str, ...]:
    if isinstance(record, ExpenseClaim):
        return tuple({line.category: None for line in record.lines})
    return (record.category,) if isinstance(record, Activity) else ()


async def _note(unit: Unit, categories: Sequence[tuple[str, str]], now: datetime) -> None:
    """Remember categories, some at a time: databases limit how many values one statement may hold."""
    for start in range(0, len(categories), _CATEGORIES_AT_ONCE):
        await unit.records.note_categories(categories[start : start + _CATEGORIES_AT_ONCE], now)


def _refuse(raw: Any, reasons: tuple[Reason, ...]) -> Receipt:
    """Answer a record that cannot be read in full with what identifies it."""
    said = raw if isinstance(raw, dict) else {}
    kind, record_id, revision = said.get("kind"), said.get("id"), said.get("revision")
    return Receipt(
        kind=kind if isinstance(kind, str) and kind in DAY_FIELDS else "",
        id=record_id if isinstance(record_id, str) and _can_be_shown(record_id) else "",
        revision=revision if type(revision) is int and 0 < revision <= _LARGEST_REVISION else None,
        result=IntakeResult.REJECTED,
        reasons=reasons,
    )


def _can_be_shown(record_id: str) -> bool:
    """Tell whether an id is short and whole text; half a surrogate pair could not even be written out."""
    return len(record_id) <= _LONGEST_ID and record_id.isprintable()
