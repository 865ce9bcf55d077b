"""The audit log as administrators read it: filtered, page by page, in words, and as a file.

Writing lines is data/repositories/audit.py; whether all of them are there is audit_chain_check.py.
"""

import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor, actor_label
from integration_admin.core.day_range import check_order
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models_access import AuditEvent
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.audit_chain_check import AuditChainCheck, ChainReport
from integration_admin.services.audit_details import DetailWords
from integration_admin.services.audit_words import actions_of, sentence
from integration_admin.services.spreadsheet import csv_line, guarded

Format = Literal["csv", "json"]

_AT_ONCE: Final = 500
_COLUMNS: Final = (
    msg("Number"),
    msg("When"),
    msg("Who"),
    msg("What"),
    msg("Details"),
    msg("Action"),
    msg("Target"),
    msg("Hash"),
)
_NO_DAY: Final = msg("Write a date as year-month-day, such as 2026-11-21.")


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What somebody asks for, as it was typed; dates are local days, both of them included."""

    who: str = ""
    area: str = ""
    integration: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line in words; `details` are sentences."""

    number: int
    at: datetime
    actor: str
    sentence: Message
    details: tuple[Message, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some lines, newest first, and the number before which the next ones are; zero when there are no more."""

    lines: tuple[AuditLine, ...]
    before: int


@dataclass(frozen=True, slots=True)
class AuditChoices:
    """Who did something, and the integrations by id, to choose from."""

    people: tuple[str, ...]
    integrations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What integrations are called, and of which type they are, by id."""

    names: dict[str, str]
    kinds: dict[str, str]


class AuditLog:
    """Reads the audit log for administrators. Every method raises NotPermitted for anybody else."""

    def __init__(self, database: Database, check: AuditChainCheck, adapters: AdapterRegistry) -> None:
        self._database = database
        self._check = check
        self._details = DetailWords(adapters)

    async def page(self, actor: Actor, query: AuditQuery, before: int = 0, limit: int = 50) -> AuditPage:
        """Return the newest lines that are asked for, from those before number `before` where it is given.

        Raises InvalidInput where a date is none.
        """
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            wanted, known = await _filter(unit, query), await _known(unit)
            rows = await unit.audit.page(wanted, before or None, limit + 1)
        lines = tuple(self._line(row, known) for row in rows[:limit])
        return AuditPage(lines, lines[-1].number if len(rows) > limit else 0)

    async def choices(self, actor: Actor) -> AuditChoices:
        """Return what can be filtered by; people who are written with their e-mail address stand by their name."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            known = {row.email: row.name for row in await unit.organisations.members()}
            people = {known.get(name, name) for name in await unit.audit.actors()}
            integrations = await _known(unit)
        in_order = sorted(integrations.names.items(), key=lambda pair: pair[1].casefold())
        return AuditChoices(tuple(sorted(people, key=str.casefold)), tuple(in_order))

    async def verify(self, actor: Actor) -> ChainReport:
        """Read the whole log and tell whether a line was changed, removed or inserted."""
        actor.require(Permission.CONFIGURE)
        return await self._check.check(actor.organisation_id)

    async def export(
        self, actor: Actor, query: AuditQuery, form: Format, language: str
    ) -> AsyncIterator[bytes]:
        """Return the lines that are asked for as a file, newest first, piece by piece; JSON is as it is stored.

        Raises InvalidInput before the first piece.
        """
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            wanted, known = await _filter(unit, query), await _known(unit)
        batches = self._batches(actor.organisation_id, wanted)
        return self._as_csv(batches, known, language) if form == "csv" else _as_json(batches)

    async def _batches(
        self, organisation_id: uuid.UUID, wanted: AuditFilter
    ) -> AsyncIterator[Sequence[AuditEvent]]:
        """Read on in short transactions; whoever downloads slowly holds up nobody."""
        before: int | None = None
        while before != 0:
            async with self._database.read(organisation_id) as unit:
                rows = await unit.audit.page(wanted, before, _AT_ONCE)
            yield rows
            before = rows[-1].number if len(rows) == _AT_ONCE else 0

    async def _as_csv(
        self, batches: AsyncIterator[Sequence[AuditEvent]], known: _Known, language: str
    ) -> AsyncIterator[bytes]:
        """Write lines with semicolons, as spreadsheets of most of Europe expect, with the mark Excel needs."""
        yield _guarded_line([heading.translate(language) for heading in _COLUMNS]).encode("utf-8-sig")
        async for rows in batches:
            lines = [_cells(row, self._line(row, known), language) for row in rows]
            yield "".join(map(_guarded_line, lines)).encode()

    def _line(self, row: AuditEvent, known: _Known) -> AuditLine:
        said = sentence(row.action, row.target, row.detail, known.names)
        told = self._details.say(row.action, row.detail, known.kinds.get(row.target, ""))
        return AuditLine(row.number, row.at, row.actor, said, told, row.hash)


async def _filter(unit: Unit, query: AuditQuery) -> AuditFilter:
    """Read what was typed. Raises InvalidInput."""
    since, until = _day("since", query.since), _day("until", query.until)
    check_order(since, until, "until")
    zone = ZoneInfo((await unit.organisations.get()).time_zone)
    members = await unit.organisations.members()
    return AuditFilter(
        actors=[query.who, *(row.email for row in members if row.name == query.who)] if query.who else (),
        actions=actions_of(query.area),
        integration_id=_integration(query.integration),
        since=_midnight(since, zone) if since else None,
        until=_midnight(until + timedelta(days=1), zone) if until else None,
    )


async def _known(unit: Unit) -> _Known:
    rows = await unit.integrations.everything()
    return _Known(
        {str(row.id): row.name for row in rows if row.name}, {str(row.id): row.kind for row in rows}
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _day(name: str, typed: str) -> date | None:
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput(_NO_DAY, fields={name: _NO_DAY}) from None
    if not 2000 <= day.year <= 9000:
        raise InvalidInput(_NO_DAY, fields={name: _NO_DAY})
    return day


def _integration(typed: str) -> uuid.UUID | None:
    if not typed:
        return None
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise InvalidInput(msg("There is no such integration.")) from None


def _cells(row: AuditEvent, line: AuditLine, language: str) -> list[str]:
    who = actor_label(row.actor)
    return [
        str(line.number),
        line.at.isoformat(timespec="seconds"),
        who if isinstance(who, str) else who.translate(language),
        line.sentence.translate(language),
        "; ".join(detail.translate(language) for detail in line.details),
        row.action,
        row.target,
        row.hash,
    ]


def _guarded_line(cells: Sequence[str]) -> str:
    return csv_line(guarded(cell) for cell in cells)


async def _as_json(batches: AsyncIterator[Sequence[AuditEvent]]) -> AsyncIterator[bytes]:
    """Write lines with everything their hashes cover, one to a line, as one JSON array."""
    separator = "[\n"
    async for rows in batches:
        for row in rows:
            yield (separator + json.dumps(_stored(row), ensure_ascii=False)).encode()
            separator = ",\n"
    yield b"\n]\n" if separator == ",\n" else b"[]\n"


def _stored(row: AuditEvent) -> dict[str, Any]:
    return {
        "organisation": str(row.organisation_id),
        "number": row.number,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "detail": row.detail,
        "previous": row.previous_hash,
        "hash": row.hash,
    }
