"""Puts notices into the outbox, inside the transaction of whoever tells: one row a recipient. Sends nothing."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from integration_admin.core.messages import Message
from integration_admin.core.statuses import NoticeChannel, NoticeKind, NoticeState, Role
from integration_admin.data.models import Integration
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings
from integration_admin.data.repositories.unit import Unit

KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
"""The kinds an organisation chooses among; all are told until somebody has chosen."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told of an integration: `cause` names what it came of, `counts` are all it says of records."""

    kind: NoticeKind
    cause: str
    sentence: Message
    counts: Mapping[str, int] = field(default_factory=dict)


def wanted(settings: NoticeSettings | None) -> frozenset[NoticeKind]:
    """Return the kinds somebody wants to hear of."""
    return frozenset(KINDS) if settings is None else frozenset(NoticeKind(kind) for kind in settings.kinds)


async def tell(unit: Unit, integration: Integration, told: Told, now: datetime) -> uuid.UUID:
    """Put one notice into the outbox for everybody who is to have it; return its id.

    Raises Conflict when the same was told of the same cause already.
    """
    settings = await unit.notices.settings()
    ways = await _ways(unit, settings) if told.kind in wanted(settings) else []
    return await put(unit, integration, told, ways, now)


async def put(
    unit: Unit, integration: Integration | None, told: Told, ways: list[NoticeDelivery], now: datetime
) -> uuid.UUID:
    """Put one notice into the outbox with these ways to its recipients, all due at once; return its id."""
    notice = Notice(
        id=uuid.uuid4(),
        integration_id=integration.id if integration else None,
        integration_name=integration.name if integration else "",
        kind=told.kind,
        cause=told.cause,
        sentence=told.sentence.to_json(),
        counts=dict(told.counts),
        created_at=now,
    )
    for way in ways:
        way.notice_id, way.due_at = notice.id, now
    await unit.notices.add(notice, ways)
    return notice.id


def way(channel: NoticeChannel, language: str, address: str = "") -> NoticeDelivery:
    """Return a delivery that waits for its first try."""
    return NoticeDelivery(
        channel=channel, address=address, language=language, state=NoticeState.WAITING, attempts=0
    )


async def recipients(unit: Unit, settings: NoticeSettings | None) -> dict[str, str]:
    """Return the addresses of every administrator and of the deputy, each with the language it is written to in."""
    language = (await unit.organisations.get()).language
    languages = {
        member.email: member.language or language
        for member in await unit.organisations.members()
        if member.role is Role.ADMINISTRATOR and member.disabled_at is None
    }
    if settings is not None and settings.deputy_email:
        languages.setdefault(settings.deputy_email, language)
    return languages


async def _ways(unit: Unit, settings: NoticeSettings | None) -> list[NoticeDelivery]:
    """Return the ways to everybody who is told, and to the webhook."""
    listed = await recipients(unit, settings)
    ways = [way(NoticeChannel.EMAIL, spoken, address) for address, spoken in listed.items()]
    if settings is not None and settings.webhook_url and settings.envelope:
        ways.append(way(NoticeChannel.WEBHOOK, (await unit.organisations.get()).language))
    return ways
